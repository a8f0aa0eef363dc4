/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * generate: attach to a port and send numbered frames as fast as it takes them.
 *
 *	generate SOCKET DST SRC LENGTH COUNT
 *
 * sink, at another port, counts them.  The frames have the ethertype IEEE keeps
 * for local experiments, then their number, then zeros.
 *
 * It shows how to send in bursts: fill buffers, hand them over together, wake
 * the switch once per burst, and sleep only when there is no buffer left.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/weir.h"

#define BURST 32
#define MAC_BYTES 6
#define HEADER 14
#define NUMBER 8
/* A port has no more than this (a queue's largest capacity). */
#define MOST_BUFFERS 32768

static bool parse_mac(unsigned char *mac, const char *text)
{
	for (int i = 0; i < MAC_BYTES; i++) {
		char *end;
		unsigned long byte = strtoul(text, &end, 16);

		if (end == text || byte > 0xff ||
		    *end != (i + 1 < MAC_BYTES ? ':' : '\0'))
			return false;
		mac[i] = (unsigned char)byte;
		text = end + 1;
	}
	return true;
}

/* Return: how many of the next @count frames were sent, or -1. */
static int send_some(struct weir_port *port, const unsigned char *header,
		     unsigned int length, uint64_t first, uint64_t count)
{
	struct weir_frame out[BURST];
	unsigned int n = weir_tx_alloc(
		port, out, count < BURST ? (unsigned int)count : BURST);

	for (unsigned int i = 0; i < n; i++) {
		uint64_t number = first + i;

		memset(out[i].data, 0, length);
		memcpy(out[i].data, header, HEADER);
		memcpy(out[i].data + HEADER, &number, NUMBER);
		out[i].len = (uint16_t)length;
	}
	weir_tx_burst(port, out, n);
	weir_flush(port);
	/* The switch has all buffers: wait for the first to come back. */
	if (n == 0 && weir_wait(port, WEIR_WAIT_TX, -1) < 0)
		return -1;
	return (int)n;
}

static int generate(struct weir_port *port, const unsigned char *header,
		    unsigned int length, uint64_t count)
{
	if (length < HEADER + NUMBER || length > weir_max_frame(port)) {
		fprintf(stderr,
			"generate: %s takes frames of up to %u bytes; "
			"LENGTH must be at least %d\n",
			weir_name(port), weir_max_frame(port), HEADER + NUMBER);
		return 2;
	}
	for (uint64_t sent = 0; sent < count;) {
		int n = send_some(port, header, length, sent, count - sent);

		if (n < 0) {
			fprintf(stderr, "generate: %s: %s\n", weir_name(port),
				errno == ENOTCONN ? "weir has gone"
						  : strerror(errno));
			return 1;
		}
		sent += (unsigned int)n;
	}
	return 0;
}

/* Take all free buffers, besides those already held. */
static unsigned int take(struct weir_port *port, struct weir_frame *held,
			 unsigned int n)
{
	unsigned int more;

	do {
		more = weir_tx_alloc(port, held + n, MOST_BUFFERS - n);
		n += more;
	} while (more > 0);
	return n;
}

/*
 * Frames the switch has not taken yet are lost when we detach.  It has taken
 * all when every buffer is back.  @count 0: count the buffers there are; else
 * wait for that many.
 */
static unsigned int buffers(struct weir_port *port, unsigned int count)
{
	struct weir_frame *held = calloc(MOST_BUFFERS, sizeof(*held));
	unsigned int n = 0;

	if (held == NULL)
		return 0;
	do
		n = take(port, held, n);
	while (n < count && weir_wait(port, WEIR_WAIT_TX, -1) > 0);
	weir_tx_cancel(port, held, n);
	free(held);
	return n;
}

int main(int argc, char **argv)
{
	unsigned char header[HEADER] = { [12] = 0x88, [13] = 0xb5 };
	struct weir_port *port;
	char err[256];
	unsigned int total;
	int result;

	if (argc != 6 || !parse_mac(header, argv[2]) ||
	    !parse_mac(header + MAC_BYTES, argv[3])) {
		fprintf(stderr, "usage: generate SOCKET DST SRC LENGTH "
				"COUNT\n");
		return 2;
	}
	port = weir_attach(argv[1], err, sizeof(err));
	if (port == NULL) {
		fprintf(stderr, "generate: %s\n", err);
		return 1;
	}
	/* There are none before the link is up. */
	weir_wait(port, WEIR_WAIT_TX, -1);
	total = buffers(port, 0);
	result = generate(port, header,
			  (unsigned int)strtoul(argv[4], NULL, 10),
			  strtoull(argv[5], NULL, 10));
	if (result == 0)
		buffers(port, total);
	weir_detach(port);
	return result;
}
