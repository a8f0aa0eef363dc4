/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connections to the echo program: data, windows, ends.
 */
#include "tests/echo/story.h"

#include "examples/echo/lwipopts.h"

void a_connection_echoes_and_closes(void **state)
{
	(void)state;
	assert_tcp_echo(OUR_IP, 7, 5000, 1);
	assert_tcp_echo(OUR_IP, 7, 5001, 4000);
	/* Nothing to echo at all. */
	assert_tcp_echo(OUR_IP, 7, 5002, 0);
}

/* More than there are buffers: none may be lost on the way. */
void much_data_comes_back(void **state)
{
	(void)state;
	assert_tcp_echo(OUR_IP, 7, 5010, 8u << 20);
}

void many_connections_one_after_another(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 1000; i++)
		assert_tcp_echo(OUR_IP, 7, (uint16_t)(6000 + i), 100);
}

void many_connections_at_once(void **state)
{
	static struct stream s[ECHO_CONNECTIONS];
	struct stream more;
	struct peer_packet f;

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
	while (stream_step(&s, UINT32_MAX))
		assert_true(s.sent < 1u << 20);
	assert_int_equal(s.received, 0);
	stuck = s.una;
	assert_true(stuck > 0);
	/* Others are served meanwhile. */
	assert_tcp_echo(OUR_IP, 7, (uint16_t)(port + 1), 100000);
	assert_udp_echo(OUR_IP, 7, 1000);
	s.offer = 20000;
	stream_send(&s, TH_ACK);
	s.sent = s.una;
	stream_echo(&s, stuck + 100000);
	stream_close(&s);
}

void a_peer_that_does_not_read(void **state)
{
	(void)state;
	who_does_not_read_stops_himself(9100, 1460);
	who_does_not_read_stops_himself(9120, 1001);
}

void a_peer_that_does_not_read_and_sends_octets(void **state)
{
	(void)state;
	who_does_not_read_stops_himself(9110, 1);
}

void the_last_word_is_echoed_too(void **state)
{
	struct stream s;

	(void)state;
	stream_open(&s, OUR_IP, 7, 9200);
	s.offer = 0;
	stream_send(&s, TH_ACK);
	while (stream_step(&s, 60000))
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

/* With all it holds, more often than there are buffers for. */
void a_reset_frees_the_connection(void **state)
{
	struct stream s;

	(void)state;
	for (uint16_t i = 0; i < 200; i++) {
		stream_open(&s, OUR_IP, 7, (uint16_t)(9300 + i));
		s.offer = 0;
		while (stream_step(&s, 90000))
			;
		assert_true(s.una > TCP_SND_BUF);
		stream_send(&s, TH_RST);
	}
	assert_tcp_echo(OUR_IP, 7, 9299, 100);
}

void a_peer_that_has_vanished_is_forgotten(void **state)
{
	struct stream s;
	struct peer_packet f;

	(void)state;
	for (unsigned int i = 0; i < ECHO_CONNECTIONS; i++)
		stream_open(&s, OUR_IP, 7, (uint16_t)(9800 + i));
	rig_pass(180 * (uint64_t)RIG_SECOND);
	/* They were asked and did not answer. */
	while (peer_next(&f))
		;
	assert_tcp_echo(OUR_IP, 7, 9899, 100);
}

void tcp_goes_on_when_transmit_buffers_are_back(void **state)
{
	struct stream s;
	struct peer_packet f;

	(void)state;
	stream_open(&s, OUR_IP, 7, 9500);
	rig_hoard = true;
	for (unsigned int i = 0; i < 10; i++)
		while (stream_step(&s, 400000))
			;
	rig_hoard = false;
	rig_return();
	stream_echo(&s, 400000);
	stream_close(&s);
	while (peer_next(&f))
		;
}
