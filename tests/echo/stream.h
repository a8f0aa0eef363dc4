/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A TCP connection to the echo program from a peer that is as simple as can be:
 * in order, no options but a segment size, everything sent again from the first
 * octet that was not acknowledged when nothing happens any more.
 *
 * What it sends is a sequence of octets that follows from the position, so what
 * comes back is compared as it comes.
 */
#ifndef WEIR_TESTS_ECHO_STREAM_H
#define WEIR_TESTS_ECHO_STREAM_H

#include "tests/echo/peer.h"

/**
 * struct stream - our end
 * @ip:       of the program
 * @their_port, @port: its and ours
 * @start, @their_start: initial sequence numbers
 * @una:      octets acknowledged
 * @sent:     octets sent
 * @received: octets that came back
 * @window:   octets it may send now, as it said last
 * @offer:    octets we say we take; 0: we are not reading
 * @segment:  octets of our segments
 * @fin:      the program has ended its side
 * @reset:    it has reset the connection
 */
struct stream {
	uint32_t ip;
	uint16_t their_port;
	uint16_t port;
	uint32_t start;
	uint32_t their_start;
	uint32_t una;
	uint32_t sent;
	uint32_t received;
	uint32_t window;
	uint16_t offer;
	uint16_t segment;
	bool fin;
	bool reset;
};

/**
 * stream_octet - what is at a position
 */
uint8_t stream_octet(uint32_t at);

/**
 * stream_open - connect; fails the test if that is not answered
 */
void stream_open(struct stream *s, uint32_t ip, uint16_t their_port,
		 uint16_t port);

/**
 * stream_hear - take what the program has sent; acknowledge if it was data
 *
 * Return: whether there was anything.
 */
bool stream_hear(struct stream *s);

/**
 * stream_say - send new octets up to position @until, as far as windows allow
 *
 * Return: whether there was anything.
 */
bool stream_say(struct stream *s, uint32_t until);

/**
 * stream_step - both of these
 */
bool stream_step(struct stream *s, uint32_t until);

/**
 * stream_echo - send up to position @until and have all of it come back
 */
void stream_echo(struct stream *s, uint32_t until);

/**
 * stream_send - a segment of no data
 * @flags: TH_ACK...
 */
void stream_send(struct stream *s, uint8_t flags);

/**
 * stream_close - say that was all; the program must end its side as well
 */
void stream_close(struct stream *s);

#endif
