/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The echo program against a peer played by hand.
 *
 * lwIP keeps its state in globals and cannot be started twice, so the tests of
 * a group are one story, in order, with one program; and each group is a
 * process.
 */
#include "tests/echo/story.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define LEASE 3600u

void says(const char *words)
{
	const char *log = rig_log();

	if (strstr(log, words) == NULL)
		fail_msg("\"%s\" is not in: %s", words, log);
}

/* --- what both do --------------------------------------------------------- */

void assert_ping(uint32_t ip)
{
	struct peer_packet f;
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

void assert_udp_echo(uint32_t ip, uint16_t port, size_t len)
{
	uint8_t data[1472];
	struct peer_packet f;

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

void assert_tcp_echo(uint32_t ip, uint16_t their_port, uint16_t port,
		     uint32_t len)
{
	struct stream s;

	stream_open(&s, ip, their_port, port);
	stream_echo(&s, len);
	stream_close(&s);
}

/* --- before it runs ------------------------------------------------------- */

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

/* --- with DHCP ------------------------------------------------------------ */

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
	struct peer_packet f;
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
	struct peer_packet f;

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
	struct peer_packet f;

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
	struct peer_packet f;

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

unsigned int numbers(unsigned int got)
{
	struct peer_packet f;

	for (; peer_next(&f); got++)
		assert_memory_equal(UDP(&f)->data, &got, sizeof(got));
	return got;
}

static void without_transmit_buffers_it_waits(void **state)
{
	unsigned int got = 0;
	struct peer_packet f;

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

/* --- links that go and come ----------------------------------------------- */

/* The lease it holds is confirmed. */
static void confirm(void)
{
	const uint8_t *option;
	uint32_t address, xid;
	struct peer_packet f;
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
	/* So quickly that it has not seen it down. */
	rig_link_up();
	says("link down\nlink up\n");
	confirm();
	stream_echo(&s, 400000);
	stream_close(&s);
	assert_int_equal(rig_lent(), RIG_CAPACITY);
}

/* Pass the time until the program has something to say but ARP. */
static uint32_t seconds_until_dhcp(struct peer_packet *f)
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
	struct peer_packet f;
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

/* --- after bad frames ----------------------------------------------------- */

static void afterwards_it_serves(void **state)
{
	struct peer_packet f;

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

/* --- with a DHCP server gone mad ------------------------------------------ */

static void a_bad_dhcp_server_does_no_harm(void **state)
{
	(void)state;
	assert_int_equal(rig_init(""), 0);
	rig_carrier(true);
	rig_link_up();
	bad_dhcp_does_no_harm(state);
	/* It did listen to some of it. */
	says("DHCP request finished");
}

/* --- all of them ---------------------------------------------------------- */

static int dhcp_story(void)
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
		cmocka_unit_test(a_peer_that_has_vanished_is_forgotten),
		cmocka_unit_test(without_transmit_buffers_it_waits),
		cmocka_unit_test(tcp_goes_on_when_transmit_buffers_are_back),
		cmocka_unit_test(a_carrier_that_goes_and_comes),
		cmocka_unit_test(a_switch_that_goes_and_comes),
		cmocka_unit_test(a_lease_is_renewed),
		cmocka_unit_test(bad_frames_do_no_harm),
		cmocka_unit_test(afterwards_it_serves),
	};

	return cmocka_run_group_tests_name("with DHCP", tests, NULL, NULL);
}

static int fixed_story(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fixed_address_and_another_port),
		cmocka_unit_test(answers_wait_until_it_knows_whom_to),
		cmocka_unit_test(it_answers_there),
	};

	return cmocka_run_group_tests_name("fixed", tests, NULL, NULL);
}

static int bad_server_story(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_dhcp_server_does_no_harm),
	};

	return cmocka_run_group_tests_name("bad server", tests, NULL, NULL);
}

int main(void)
{
	int (*const story[])(void) = { dhcp_story, fixed_story,
				       bad_server_story };
	int status, failed = 0;

	for (size_t i = 0; i < sizeof(story) / sizeof(*story); i++) {
		pid_t pid;

		fflush(stdout);
		pid = fork();
		if (pid == 0)
			exit(story[i]());
		if (pid < 0 || waitpid(pid, &status, 0) != pid)
			return 1;
		failed |= status != 0;
	}
	return failed;
}
