/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The echo program against a peer played by hand.
 *
 * lwIP keeps its state in globals and cannot be started twice, so the tests of a
 * group are one story, in order, with one program; and the two groups, with and
 * without DHCP, are two processes.
 */
#include "tests/echo/stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "client/echo/lwipopts.h"

#define LEASE 3600u

static void says(const char *words)
{
	const char *log = rig_log();

	if (strstr(log, words) == NULL)
		fail_msg("\"%s\" is not in: %s", words, log);
}

/* --- what both do ---------------------------------------------------------------- */

static void assert_ping(uint32_t ip)
{
	struct packet f;
	uint8_t *icmp = f.data + L4_AT;

	for (unsigned int i = 0; i < 64; i++)
		icmp[i] = i < 8 ? 0 : (uint8_t)(i * 5);
	icmp[0] = ICMP_ECHO;
	icmp[5] = 77;
	peer_ip(&f, IPPROTO_ICMP, PEER_IP, ip, 64, 0);
	memcpy(icmp + 2, &(uint16_t){ peer_sum(&f) }, 2);
	peer_send(&f);
	peer_wants(&f, IPPROTO_ICMP);
	assert_int_equal(icmp[0], ICMP_ECHOREPLY);
	assert_int_equal(icmp[5], 77);
	for (unsigned int i = 8; i < 64; i++)
		assert_int_equal(icmp[i], (uint8_t)(i * 5));
	peer_silent();
}

static void assert_udp_echo(uint32_t ip, uint16_t port, size_t len)
{
	uint8_t data[1472];
	struct packet f;

	for (size_t i = 0; i < len; i++)
		data[i] = (uint8_t)(i * 3 + len);
	peer_udp(&f, PEER_IP, 4000, ip, port, data, len);
	peer_send(&f);
	peer_wants(&f, IPPROTO_UDP);
	assert_int_equal(ntohs(UDP(&f)->from), port);
	assert_int_equal(ntohs(UDP(&f)->to), 4000);
	assert_int_equal(ntohs(UDP(&f)->len), 8 + len);
	assert_memory_equal(UDP(&f)->data, data, len);
	peer_silent();
}

static void assert_tcp_echo(uint32_t ip, uint16_t their_port, uint16_t port,
			    uint32_t len)
{
	struct stream s;

	stream_open(&s, ip, their_port, port);
	stream_echo(&s, len);
	stream_close(&s);
}

/* --- before it runs --------------------------------------------------------------- */

static void assert_refused(const char *args, const char *words)
{
	assert_int_equal(rig_init(args), -EINVAL);
	says(words);
}

static void wrong_arguments_are_refused(void **state)
{
	(void)state;
	assert_refused("prot 7", "argument \"prot\" is not known: there are "
				 "port N, address A/M and gateway G");
	assert_refused("port", "argument \"port\" needs a number from 1");
	assert_refused("port 0", "argument \"port\" needs");
	assert_refused("port 65536", "argument \"port\" needs");
	assert_refused("port 7x", "argument \"port\" needs");
	assert_refused("port -7", "argument \"port\" needs");
	assert_refused("address 10.0.0.2", "argument \"address\" needs");
	assert_refused("address 10.0.0/24", "argument \"address\" needs");
	assert_refused("address 10.0.0.2/0", "argument \"address\" needs");
	assert_refused("address 10.0.0.2/33", "argument \"address\" needs");
	assert_refused("address 10.0.0.2/24 gateway x", "\"gateway\" needs");
	assert_refused("gateway 10.0.0.1", "add address A/M");
}

/* --- with DHCP --------------------------------------------------------------------- */

static void without_carrier_it_asks_for_nothing(void **state)
{
	(void)state;
	assert_int_equal(rig_init(""), 0);
	rig_turn();
	rig_link_up();
	rig_pass(100 * (uint64_t)RIG_SECOND);
	peer_silent();
	assert_string_equal(rig_log(), "");
}

static void assert_leased(void)
{
	says("DHCP request finished, IP address for netif sw0.web is: "
	     "10.0.2.15\n");
}

static void with_a_carrier_it_gets_a_lease(void **state)
{
	const uint8_t *name;
	struct packet f;
	uint32_t xid;
	uint8_t len;

	(void)state;
	rig_carrier(true);
	says("link up\n");
	xid = peer_dhcp_wants(&f, DISCOVER);
	peer_dhcp(&f, OFFER, xid, LEASE);
	peer_send(&f);
	xid = peer_dhcp_wants(&f, REQUEST);
	name = peer_dhcp_option(&f, 12, &len);
	assert_non_null(name);
	assert_memory_equal(name, "web", 3);
	peer_dhcp(&f, ACK, xid, LEASE);
	peer_send(&f);
	/* Nobody says that this address is taken. */
	rig_pass(5 * (uint64_t)RIG_SECOND);
	assert_leased();
	while (peer_next(&f))
		assert_int_equal(f.data[13], ETHERTYPE_ARP & 0xff);
}

static void arp_is_answered(void **state)
{
	struct packet f;

	(void)state;
	peer_arp(&f, 1, OUR_IP);
	peer_send(&f);
	assert_true(peer_next(&f));
	assert_int_equal(f.data[ETH_LEN + 7], 2);
	peer_arp(&f, 1, OUR_IP + 1);
	peer_send(&f);
	peer_silent();
}

static void ping_is_answered(void **state)
{
	(void)state;
	assert_ping(OUR_IP);
}

static void datagrams_come_back(void **state)
{
	(void)state;
	assert_udp_echo(OUR_IP, 7, 0);
	assert_udp_echo(OUR_IP, 7, 1);
	assert_udp_echo(OUR_IP, 7, 1472);
}

static void a_datagram_in_fragments_comes_back(void **state)
{
	static uint8_t whole[3008], back[3008];
	size_t got = 0;
	struct packet f;

	(void)state;
	for (size_t i = 8; i < sizeof(whole); i++)
		whole[i] = (uint8_t)(i * 11 + (i >> 8));
	/* Ports, length, and no checksum. */
	memcpy(whole, (uint8_t[]){ 16, 0, 0, 7, 3008 >> 8, 3008 & 0xff, 0, 0 },
	       8);
	for (size_t at = 0; at < sizeof(whole); at += 1504 / 2) {
		uint16_t more = at + 752 < sizeof(whole) ? 0x2000 : 0;

		memcpy(f.data + L4_AT, whole + at, 752);
		peer_ip(&f, IPPROTO_UDP, PEER_IP, OUR_IP, 752,
			(uint16_t)(more | at / 8));
		peer_send(&f);
	}
	while (peer_next(&f)) {
		size_t len = ntohs(IP(&f)->len) - 20u;
		size_t at = (ntohs(IP(&f)->off) & 0x1fffu) * 8u;

		assert_true(at + len <= sizeof(back));
		memcpy(back + at, f.data + L4_AT, len);
		got += len;
	}
	assert_int_equal(got, sizeof(whole));
	assert_memory_equal(back + 8, whole + 8, sizeof(whole) - 8);
}

static void other_echo_servers_and_broadcasts_are_not_answered(void **state)
{
	struct packet f;

	(void)state;
	peer_udp(&f, PEER_IP, 7, OUR_IP, 7, "loop", 4);
	peer_send(&f);
	peer_silent();
	peer_udp(&f, PEER_IP, 4000, OUR_IP | 0xff, 7, "all", 3);
	peer_send(&f);
	peer_silent();
	peer_udp(&f, PEER_IP, 4000, TO_ALL, 7, "all", 3);
	peer_send(&f);
	peer_silent();
}

static void a_connection_echoes_and_closes(void **state)
{
	(void)state;
	assert_tcp_echo(OUR_IP, 7, 5000, 1);
	assert_tcp_echo(OUR_IP, 7, 5001, 4000);
	/* Nothing to echo at all. */
	assert_tcp_echo(OUR_IP, 7, 5002, 0);
}

/* More than there are buffers: none may be lost on the way. */
static void much_data_comes_back(void **state)
{
	(void)state;
	assert_tcp_echo(OUR_IP, 7, 5010, 8u << 20);
}

static void many_connections_one_after_another(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 1000; i++)
		assert_tcp_echo(OUR_IP, 7, (uint16_t)(6000 + i), 100);
}

static void many_connections_at_once(void **state)
{
	static struct stream s[ECHO_CONNECTIONS];
	struct stream more;
	struct packet f;

	(void)state;
	for (unsigned int i = 0; i < ECHO_CONNECTIONS; i++)
		stream_open(&s[i], OUR_IP, 7, (uint16_t)(8000 + i));
	for (unsigned int i = 0; i < ECHO_CONNECTIONS; i++)
		stream_echo(&s[i], 50000);
	/* One more is not served; those that are do not suffer. */
	more = s[0];
	more.port = 9000;
	more.sent = 0;
	stream_send(&more, TH_SYN);
	peer_silent();
	for (unsigned int i = 0; i < ECHO_CONNECTIONS; i++)
		stream_echo(&s[i], 60000);
	for (unsigned int i = 0; i < ECHO_CONNECTIONS; i++)
		stream_close(&s[i]);
	rig_pass(10 * (uint64_t)RIG_SECOND);
	while (peer_next(&f))
		;
	assert_tcp_echo(OUR_IP, 7, 9001, 100);
}

/* The windows of both sides fill up, then all of it comes back. */
static void who_does_not_read_stops_himself(uint16_t port, uint16_t piece)
{
	struct stream s;
	uint32_t stuck;

	stream_open(&s, OUR_IP, 7, port);
	s.offer = 0;
	s.segment = piece;
	stream_send(&s, TH_ACK);
	while (stream_say(&s, UINT32_MAX) | stream_hear(&s))
		assert_true(s.sent < 1u << 20);
	assert_int_equal(s.received, 0);
	stuck = s.una;
	assert_true(stuck > 0);
	/* Others are served meanwhile. */
	assert_tcp_echo(OUR_IP, 7, (uint16_t)(port + 1), 100000);
	assert_udp_echo(OUR_IP, 7, 1000);
	s.offer = 20000;
	s.sent = s.una;
	stream_send(&s, TH_ACK);
	stream_echo(&s, stuck + 100000);
	stream_close(&s);
}

static void a_peer_that_does_not_read(void **state)
{
	(void)state;
	who_does_not_read_stops_himself(9100, 1460);
}

static void a_peer_that_does_not_read_and_sends_octets(void **state)
{
	(void)state;
	who_does_not_read_stops_himself(9110, 1);
}

static void the_last_word_is_echoed_too(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, OUR_IP, 7, 9200);
	s.offer = 0;
	stream_send(&s, TH_ACK);
	while (stream_say(&s, 60000) | stream_hear(&s))
		;
	rig_pass(RIG_SECOND);
	stream_hear(&s);
	assert_int_equal(s.una, 60000);
	/* It says it is done before it has read anything. */
	stream_send(&s, TH_ACK | TH_FIN);
	s.sent++;
	s.offer = 10000;
	stream_send(&s, TH_ACK);
	for (int i = 0; i < 100 && !s.fin; i++)
		if (!stream_hear(&s))
			rig_pass(RIG_SECOND);
	assert_int_equal(s.received, 60000);
	assert_true(s.fin);
}

static void a_reset_frees_the_connection(void **state)
{
	struct stream s;

	(void)state;
	for (uint16_t i = 0; i < 3 * ECHO_CONNECTIONS; i++) {
		stream_open(&s, OUR_IP, 7, (uint16_t)(9300 + i));
		s.offer = 0;
		while (stream_say(&s, 40000) | stream_hear(&s))
			;
		stream_send(&s, TH_RST);
	}
	assert_tcp_echo(OUR_IP, 7, 9299, 100);
}

/* How many of the datagrams numbered from @got have come back. */
static unsigned int numbers(unsigned int got)
{
	struct packet f;

	for (; peer_next(&f); got++)
		assert_memory_equal(UDP(&f)->data, &got, sizeof(got));
	return got;
}

static void without_transmit_buffers_it_waits(void **state)
{
	unsigned int got = 0;
	struct packet f;

	(void)state;
	rig_hoard = true;
	for (unsigned int i = 0; i < 200; i++) {
		peer_udp(&f, PEER_IP, 4000, OUR_IP, 7, &i, sizeof(i));
		peer_send(&f);
		got = numbers(got);
	}
	assert_int_equal(got, RIG_CAPACITY);
	rig_hoard = false;
	rig_return();
	assert_int_equal(numbers(got), 200);
	assert_int_equal(rig_lent(), RIG_CAPACITY);
}

static void tcp_goes_on_when_transmit_buffers_are_back(void **state)
{
	struct stream s;
	struct packet f;

	(void)state;
	stream_open(&s, OUR_IP, 7, 9500);
	rig_hoard = true;
	for (unsigned int i = 0; i < 10; i++)
		while (stream_say(&s, 400000) | stream_hear(&s))
			;
	rig_hoard = false;
	rig_return();
	stream_echo(&s, 400000);
	stream_close(&s);
	while (peer_next(&f))
		;
}

/* --- links that go and come -------------------------------------------------------- */

/* The lease it holds is confirmed. */
static void confirm(void)
{
	const uint8_t *option;
	uint32_t address, xid;
	struct packet f;
	uint8_t len;

	xid = peer_dhcp_wants(&f, REQUEST);
	option = peer_dhcp_option(&f, 50, &len);
	assert_non_null(option);
	memcpy(&address, option, 4);
	assert_int_equal(ntohl(address), OUR_IP);
	/* It goes on with it without waiting for that. */
	while (peer_next(&f))
		;
	assert_ping(OUR_IP);
	peer_dhcp(&f, ACK, xid, LEASE);
	peer_send(&f);
	rig_pass(2 * (uint64_t)RIG_SECOND);
	assert_leased();
	while (peer_next(&f))
		;
}

static void a_carrier_that_goes_and_comes(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, OUR_IP, 7, 9600);
	stream_echo(&s, 100);
	rig_log();
	rig_carrier(false);
	says("link down\n");
	rig_pass(30 * (uint64_t)RIG_SECOND);
	peer_silent();
	rig_carrier(true);
	says("link up\n");
	confirm();
	stream_echo(&s, 5000);
	stream_close(&s);
}

static void a_switch_that_goes_and_comes(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, OUR_IP, 7, 9700);
	stream_echo(&s, 100);
	rig_log();
	rig_link_down();
	says("link down\n");
	rig_pass(3 * (uint64_t)RIG_SECOND);
	rig_link_up();
	says("link up\n");
	confirm();
	stream_echo(&s, 200000);
	stream_close(&s);
	assert_int_equal(rig_lent(), RIG_CAPACITY);
}

/* Pass the time until the program has something to say but ARP. */
static uint32_t seconds_until_dhcp(struct packet *f)
{
	for (uint32_t s = 0; s < 2 * LEASE; s++) {
		rig_pass(RIG_SECOND);
		while (peer_next(f))
			if (f->data[13] == 0)
				return s;
	}
	fail_msg("it has forgotten its lease");
	return 0;
}

static void a_lease_is_renewed(void **state)
{
	struct packet f;
	uint32_t xid;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_in_range(seconds_until_dhcp(&f), LEASE / 2 - 300,
				LEASE / 2 + 300);
		/* To the server, who knows us; not to everybody. */
		assert_int_equal(ntohl(IP(&f)->to), PEER_IP);
		memcpy(&xid, UDP(&f)->data + 4, 4);
		peer_dhcp(&f, ACK, xid, LEASE);
		peer_send(&f);
	}
	assert_ping(OUR_IP);
}

/* --- bad frames ---------------------------------------------------------------------- */

static uint32_t dice(uint32_t sides)
{
	static uint64_t x = 88172645463325252u;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 32) % sides;
}

static void any_tcp(struct packet *f)
{
	*TCP(f) = (struct tcphdr_view){
		.from = htons((uint16_t)(20000 + dice(8))),
		.to = htons(7),
		.seq = dice(UINT32_MAX),
		.ack = dice(UINT32_MAX),
		.offset = (uint8_t)((5 + dice(3)) << 4),
		.flags = (uint8_t)dice(64),
		.window = (uint16_t)dice(UINT16_MAX),
	};
	peer_ip(f, IPPROTO_TCP, PEER_IP, OUR_IP, 20 + dice(100), 0);
	TCP(f)->sum = peer_sum(f);
}

/* A fragment of something that will never be complete, or overlaps. */
static void any_fragment(struct packet *f)
{
	peer_ip(f, IPPROTO_UDP, PEER_IP, OUR_IP, 8 * (1 + dice(100)),
		(uint16_t)(dice(2) << 13 | dice(400)));
	IP(f)->id = (uint16_t)dice(3);
	IP(f)->sum = 0;
	peer_ip(f, IPPROTO_UDP, PEER_IP, OUR_IP, f->len - L4_AT,
		ntohs(IP(f)->off));
}

static void any_frame(struct packet *f)
{
	for (size_t i = 0; i < sizeof(f->data); i++)
		f->data[i] = (uint8_t)dice(256);
	switch (dice(6)) {
	case 0:
		peer_dhcp(f, (uint8_t)dice(9), dice(UINT32_MAX), dice(100));
		break;
	case 1:
		any_tcp(f);
		break;
	case 2:
		any_fragment(f);
		break;
	case 3:
		peer_arp(f, (uint16_t)dice(4), OUR_IP);
		break;
	case 4:
		peer_ip(f, IPPROTO_ICMP, PEER_IP, OUR_IP, 1 + dice(200), 0);
		f->data[L4_AT] = ICMP_ECHO;
		memset(f->data + L4_AT + 2, 0, 2);
		memcpy(f->data + L4_AT + 2, &(uint16_t){ peer_sum(f) }, 2);
		break;
	default:
		f->len = 1 + dice(RIG_MAX_FRAME);
	}
}

/* The checksums made good again, so that what was spoilt gets far. */
static void make_good(struct packet *f)
{
	size_t room = f->len > L4_AT ? f->len - L4_AT : 0;
	uint8_t protocol = IP(f)->protocol;

	if (room < 20 || f->data[12] != 8 || f->data[13] != 0)
		return;
	peer_ip(f, protocol, PEER_IP, OUR_IP, room, 0);
	if (protocol == IPPROTO_TCP) {
		TCP(f)->sum = 0;
		TCP(f)->sum = peer_sum(f);
	} else if (protocol == IPPROTO_UDP) {
		UDP(f)->sum = 0;
	}
}

static void spoil(struct packet *f)
{
	if (dice(4) == 0)
		f->len = 1 + dice((uint32_t)f->len);
	for (uint32_t n = dice(4); n > 0; n--)
		f->data[dice((uint32_t)f->len)] = (uint8_t)dice(256);
	if (dice(2) == 0)
		make_good(f);
}

static void bad_frames_do_no_harm(void **state)
{
	struct packet f;

	(void)state;
	for (unsigned int i = 0; i < 100000; i++) {
		any_frame(&f);
		spoil(&f);
		assert_true(rig_send(f.data, f.len));
		rig_turn();
		while (rig_take(f.data) > 0)
			;
		if (dice(100) == 0)
			rig_pass(dice(RIG_SECOND));
		while (rig_take(f.data) > 0)
			;
	}
	assert_int_equal(rig_lent(), RIG_CAPACITY);
}

static void afterwards_it_serves(void **state)
{
	struct packet f;

	(void)state;
	rig_pass(600 * (uint64_t)RIG_SECOND);
	while (rig_take(f.data) > 0)
		;
	peer_arp(&f, 2, OUR_IP);
	peer_send(&f);
	peer_silent();
	assert_ping(OUR_IP);
	assert_tcp_echo(OUR_IP, 7, 9900, 100000);
}

/* --- with a fixed address -------------------------------------------------------------- */

static void a_fixed_address_and_another_port(void **state)
{
	struct packet f;

	(void)state;
	assert_int_equal(rig_init("port 7000  address 10.0.2.20/24 gateway "
				  "10.0.2.2"),
			 0);
	says("IP address for netif sw0.web is: 10.0.2.20\n");
	rig_carrier(true);
	rig_link_up();
	rig_pass(10 * (uint64_t)RIG_SECOND);
	/* It says whose address that is, and asks nobody. */
	while (peer_next(&f))
		assert_int_equal(f.data[13], ETHERTYPE_ARP & 0xff);
	assert_ping(OUR_IP + 5);
	assert_udp_echo(OUR_IP + 5, 7000, 100);
	assert_tcp_echo(OUR_IP + 5, 7000, 5000, 3000);
}

static int fixed(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fixed_address_and_another_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_arguments_are_refused),
		cmocka_unit_test(without_carrier_it_asks_for_nothing),
		cmocka_unit_test(with_a_carrier_it_gets_a_lease),
		cmocka_unit_test(arp_is_answered),
		cmocka_unit_test(ping_is_answered),
		cmocka_unit_test(datagrams_come_back),
		cmocka_unit_test(a_datagram_in_fragments_comes_back),
		cmocka_unit_test(
			other_echo_servers_and_broadcasts_are_not_answered),
		cmocka_unit_test(a_connection_echoes_and_closes),
		cmocka_unit_test(much_data_comes_back),
		cmocka_unit_test(many_connections_one_after_another),
		cmocka_unit_test(many_connections_at_once),
		cmocka_unit_test(a_peer_that_does_not_read),
		cmocka_unit_test(a_peer_that_does_not_read_and_sends_octets),
		cmocka_unit_test(the_last_word_is_echoed_too),
		cmocka_unit_test(a_reset_frees_the_connection),
		cmocka_unit_test(without_transmit_buffers_it_waits),
		cmocka_unit_test(tcp_goes_on_when_transmit_buffers_are_back),
		cmocka_unit_test(a_carrier_that_goes_and_comes),
		cmocka_unit_test(a_switch_that_goes_and_comes),
		cmocka_unit_test(a_lease_is_renewed),
		cmocka_unit_test(bad_frames_do_no_harm),
		cmocka_unit_test(afterwards_it_serves),
	};
	int status;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0)
		exit(fixed());
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL) + (status != 0);
}
