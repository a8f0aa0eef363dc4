/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The echo program's story: its chapters, and what several of them ask.
 */
#ifndef WEIR_TESTS_ECHO_STORY_H
#define WEIR_TESTS_ECHO_STORY_H

#include "tests/echo/stream.h"

/**
 * assert_ping, assert_udp_echo, assert_tcp_echo - the program is there
 * @ip:         its address
 * @their_port: where it echoes
 * @port:       our port, not used before
 * @len:        octets sent and compared
 */
void assert_ping(uint32_t ip);
void assert_udp_echo(uint32_t ip, uint16_t their_port, size_t len);
void assert_tcp_echo(uint32_t ip, uint16_t their_port, uint16_t port,
		     uint32_t len);

/**
 * says - these words are in what the program has said since the last question
 */
void says(const char *words);

/**
 * numbers - how many of the datagrams numbered from @got have come back
 */
unsigned int numbers(unsigned int got);

/* story_tcp.c: connections */
void a_connection_echoes_and_closes(void **state);
void much_data_comes_back(void **state);
void many_connections_one_after_another(void **state);
void many_connections_at_once(void **state);
void a_peer_that_does_not_read(void **state);
void a_peer_that_does_not_read_and_sends_octets(void **state);
void the_last_word_is_echoed_too(void **state);
void a_reset_frees_the_connection(void **state);
void a_peer_that_has_vanished_is_forgotten(void **state);
void tcp_goes_on_when_transmit_buffers_are_back(void **state);

/* story_fixed.c: without DHCP */
void a_fixed_address_and_another_port(void **state);
void answers_wait_until_it_knows_whom_to(void **state);
void it_answers_there(void **state);

/* story_hostile.c: frames that no honest peer sends */
void bad_frames_do_no_harm(void **state);
void bad_dhcp_does_no_harm(void **state);

#endif
