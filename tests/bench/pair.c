/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pair: generator on one attach port, sink on another, in one process.
 *
 *	pair SOCKET-A SOCKET-B LENGTH [HOW=]NUMBER CPU OTHER-CPU [SOCKET-C]
 *
 * Sends frames of LENGTH bytes from A to B as fast as what is between them
 * takes them, from one pinned CPU; the switch (or tests/bench/relay.c, the bare
 * loop) runs on the other.  tests/bench/lib/measure.h has what HOW can be, what
 * is printed, and how far to trust it.  One more HOW,
 *
 *	stall	NUMBER bursts to B, and as many to C, which takes none
 *
 * prints how many frames to B, who takes all at once, are lost.
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

/* Looks without a frame, after which one is lost. */
#define PATIENCE 20000000u
#define SECOND_MS 1000

struct pair {
	struct measure m;
	struct weir_port *port[2];
};

/* The station that takes nothing. */
static const unsigned char idle_mac[6] = { 2, 0, 0, 0, 0, 0xc };

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

/* A frame from a station, so that the switch knows where its address is. */
static void introduce(struct weir_port *a, struct weir_port *b,
		      const unsigned char *mac)
{
	unsigned char frame[64] = { 0 };
	struct weir_frame in[MEASURE_BURST];
	int tries = 200;

	measure_header(frame, measure_mac[0], mac);
	weir_send(b, frame, sizeof(frame));
	weir_flush(b);
	while (tries-- > 0) {
		unsigned int n = weir_rx_burst(a, in, MEASURE_BURST);

		weir_rx_release(a, in, n);
		weir_flush(a);
		if (n > 0)
			return;
		weir_wait(a, WEIR_WAIT_RX, 10);
	}
	fprintf(stderr, "pair: nothing from B reaches A: is B allowed to?\n");
	exit(1);
}

static unsigned int send_to(struct measure *m, unsigned int from,
			    const unsigned char *mac, unsigned int count,
			    unsigned long long number)
{
	struct weir_port *port = pair_of(m)->port[from];
	struct weir_frame out[MEASURE_BURST];
	unsigned int n = weir_tx_alloc(port, out, count);

	for (unsigned int i = 0; i < n; i++) {
		measure_header(out[i].data, mac, measure_mac[from]);
		number++;
		memcpy(out[i].data + 16, &number, sizeof(number));
		out[i].len = (uint16_t)m->length;
	}
	weir_tx_burst(port, out, n);
	weir_flush(port);
	return n;
}

static unsigned int send_frames(struct measure *m, unsigned int from,
				unsigned int count, unsigned long long number)
{
	return send_to(m, from, measure_mac[!from], count, number);
}

static unsigned int receive_frames(struct measure *m, unsigned int at)
{
	struct weir_port *port = pair_of(m)->port[at];
	struct weir_frame in[MEASURE_BURST];
	unsigned int n = weir_rx_burst(port, in, MEASURE_BURST);

	for (unsigned int i = 0; i < n; i++) {
		if (in[i].len != m->length ||
		    memcmp(in[i].data, measure_mac[at], 6) != 0) {
			fprintf(stderr, "pair: a frame came out changed\n");
			exit(1);
		}
	}
	weir_rx_release(port, in, n);
	/* Who goes on sending flushes then. */
	if (n == 0)
		weir_flush(port);
	return n;
}

static bool wait_for_frames(struct measure *m, unsigned int at)
{
	return weir_wait(pair_of(m)->port[at], WEIR_WAIT_RX, SECOND_MS) > 0;
}

/*
 * C's buffers are full after the first of these bursts.  B has always taken the
 * last one before it gets the next: what it misses is lost because of C.
 */
static void stall(struct pair *p, const char *bursts, const char *path)
{
	struct weir_port *c = attach(path);
	unsigned long long sent = 0, came = 0;

	introduce(p->port[0], c, idle_mac);
	for (unsigned long i = strtoul(bursts, NULL, 10); i > 0 && came == sent;
	     i--) {
		send_to(&p->m, 0, idle_mac, MEASURE_BURST, 0);
		sent += send_frames(&p->m, 0, MEASURE_BURST, sent);
		for (unsigned int n = 0; n < PATIENCE && came < sent; n++)
			came += receive_frames(&p->m, 1);
	}
	printf("lost %llu of %llu\n", sent - came, sent);
	weir_detach(c);
}

int main(int argc, char **argv)
{
	struct pair p = { .m = { .send = send_frames,
				 .receive = receive_frames,
				 .wait = wait_for_frames } };

	if (argc < 7 || (strncmp(argv[4], "stall=", 6) == 0) != (argc == 8)) {
		fprintf(stderr, "usage: pair SOCKET-A SOCKET-B LENGTH "
				"[both=|flight=|rtt=|sleep=|"
				"stall=]NUMBER CPU "
				"OTHER-CPU [SOCKET-C]\n");
		return 2;
	}
	p.m.length = (unsigned int)strtoul(argv[3], NULL, 10);
	p.m.cpu = (int)strtol(argv[5], NULL, 10);
	p.m.other = (int)strtol(argv[6], NULL, 10);
	p.port[0] = attach(argv[1]);
	p.port[1] = attach(argv[2]);
	if (p.m.length < 24 || p.m.length > weir_max_frame(p.port[0])) {
		fprintf(stderr, "pair: LENGTH is 24 to %u\n",
			weir_max_frame(p.port[0]));
		return 2;
	}
	measure_pin(p.m.cpu);
	introduce(p.port[0], p.port[1], measure_mac[1]);
	if (argc == 8)
		stall(&p, argv[4] + strlen("stall="), argv[7]);
	else
		measure_run(&p.m, argv[4]);
	weir_detach(p.port[0]);
	weir_detach(p.port[1]);
	return 0;
}
