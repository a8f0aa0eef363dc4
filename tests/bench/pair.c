/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pair: generator on one attach port, sink on another, in one process.
 *
 *	pair SOCKET-A SOCKET-B LENGTH MILLISECONDS CPU OTHER-CPU
 *	pair SOCKET-A SOCKET-B LENGTH rtt=FRAMES CPU OTHER-CPU
 *
 * Sends frames of LENGTH bytes from A to B as fast as what is between them
 * takes them, from one pinned CPU; the switch (or tests/bench/relay.c, the bare
 * loop) runs on the other.  Or one frame after another, from A to B and back,
 * polling for it.  tests/bench/lib/measure.h says what is printed, and how far
 * to trust it.
 *
 * The generator writes the Ethernet header and a number into each frame and
 * leaves the rest as it is; the sink reads both.  The whole frame is copied by
 * what is being measured.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/weir.h"
#include "tests/bench/lib/measure.h"

/* Visits without a frame, after which one is lost. */
#define PATIENCE 20000000u

struct pair {
	struct measure m;
	struct weir_port *a;
	struct weir_port *b;
};

static struct pair *pair_of(struct measure *m)
{
	return (struct pair *)m;
}

static struct weir_port *attach(const char *path)
{
	char err[512];
	struct weir_port *p = weir_attach(path, err, sizeof(err));
	int tries = 200;

	if (p == NULL) {
		fprintf(stderr, "pair: %s\n", err);
		exit(1);
	}
	while (weir_is_up(p) == 0 && tries-- > 0)
		weir_wait(p, WEIR_WAIT_RX, 10);
	if (weir_is_up(p) != 1) {
		fprintf(stderr, "pair: %s: the link stays down\n", path);
		exit(1);
	}
	return p;
}

/* A frame from B, so that the switch knows where B's address is. */
static void introduce(struct weir_port *a, struct weir_port *b)
{
	unsigned char frame[64] = { 0 };
	struct weir_frame in[MEASURE_BURST];
	int tries = 200;

	measure_header(frame, measure_mac_a, measure_mac_b);
	while (tries-- > 0) {
		unsigned int n;

		/* Again from time to time, as a station would. */
		if (tries % 20 == 19)
			weir_send(b, frame, sizeof(frame));
		weir_flush(b);
		n = weir_rx_burst(a, in, MEASURE_BURST);
		weir_rx_release(a, in, n);
		weir_flush(a);
		if (n > 0)
			return;
		weir_wait(a, WEIR_WAIT_RX, 10);
	}
	fprintf(stderr, "pair: nothing from B reaches A: is B allowed to?\n");
	exit(1);
}

static unsigned int send_burst(struct measure *m, unsigned long long number)
{
	struct weir_port *a = pair_of(m)->a;
	struct weir_frame out[MEASURE_BURST];
	unsigned int n = weir_tx_alloc(a, out, MEASURE_BURST);

	for (unsigned int i = 0; i < n; i++) {
		measure_header(out[i].data, measure_mac_b, measure_mac_a);
		number++;
		memcpy(out[i].data + 16, &number, sizeof(number));
		out[i].len = (uint16_t)m->length;
	}
	weir_tx_burst(a, out, n);
	weir_flush(a);
	return n;
}

/* Frames for @mac at @port. */
static unsigned int receive(struct measure *m, struct weir_port *port,
			    const unsigned char *mac)
{
	struct weir_frame in[MEASURE_BURST];
	unsigned int n = weir_rx_burst(port, in, MEASURE_BURST);

	for (unsigned int i = 0; i < n; i++) {
		if (in[i].len != m->length || memcmp(in[i].data, mac, 6) != 0) {
			fprintf(stderr, "pair: a frame came out changed\n");
			exit(1);
		}
	}
	weir_rx_release(port, in, n);
	weir_flush(port);
	return n;
}

static unsigned int receive_burst(struct measure *m)
{
	return receive(m, pair_of(m)->b, measure_mac_b);
}

static bool one_way(struct measure *m, struct weir_port *from,
		    const unsigned char *src, struct weir_port *to,
		    const unsigned char *dst)
{
	struct weir_frame out;

	if (weir_tx_alloc(from, &out, 1) != 1)
		return false;
	measure_header(out.data, dst, src);
	out.len = (uint16_t)m->length;
	weir_tx_burst(from, &out, 1);
	weir_flush(from);
	for (unsigned int i = 0; i < PATIENCE; i++)
		if (receive(m, to, dst) > 0)
			return true;
	return false;
}

static bool there_and_back(struct measure *m)
{
	struct pair *p = pair_of(m);

	return one_way(m, p->a, measure_mac_a, p->b, measure_mac_b) &&
	       one_way(m, p->b, measure_mac_b, p->a, measure_mac_a);
}

int main(int argc, char **argv)
{
	struct pair p = { .m = { .send = send_burst,
				 .receive = receive_burst,
				 .one = there_and_back } };

	if (argc != 7) {
		fprintf(stderr, "usage: pair SOCKET-A SOCKET-B LENGTH "
				"MILLISECONDS|rtt=FRAMES CPU OTHER-CPU\n");
		return 2;
	}
	p.m.length = (unsigned int)strtoul(argv[3], NULL, 10);
	p.m.cpu = (int)strtol(argv[5], NULL, 10);
	p.m.other = (int)strtol(argv[6], NULL, 10);
	p.a = attach(argv[1]);
	p.b = attach(argv[2]);
	if (p.m.length < 24 || p.m.length > weir_max_frame(p.a)) {
		fprintf(stderr, "pair: LENGTH is 24 to %u\n",
			weir_max_frame(p.a));
		return 2;
	}
	measure_pin(p.m.cpu);
	introduce(p.a, p.b);
	if (strncmp(argv[4], "rtt=", 4) == 0)
		measure_round_trip(&p.m, (unsigned int)strtoul(argv[4] + 4,
							       NULL, 10));
	else
		measure_rate(&p.m, (unsigned int)strtoul(argv[4], NULL, 10));
	weir_detach(p.a);
	weir_detach(p.b);
	return 0;
}
