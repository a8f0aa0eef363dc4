/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pair: generator on one attach port, sink on another, in one process.
 *
 *	pair SOCKET-A SOCKET-B LENGTH MILLISECONDS CPU OTHER-CPU
 *
 * Sends frames of LENGTH octets from A to B as fast as what is between them
 * takes them, from one pinned CPU; the switch (or tests/bench/relay.c, the bare
 * loop) runs on the other.  Prints one line:
 *
 *	Mpps <median> windows <used>/<all> lost <share> ns <before> <after>
 *
 * What makes such figures hard to trust, and what is done about it:
 *  - the distance between two virtual CPUs changes under our feet, and every
 *    cross-CPU figure with it: one cache line is bounced between the CPUs before
 *    and after, and the caller compares only runs at like distances;
 *  - other work steals a CPU for a while: time is cut into short windows, one in
 *    which this loop stood still is not used, and the median is quoted.
 *
 * The generator writes the Ethernet header and a number into each frame and
 * leaves the rest as it is; the sink reads both.  The whole frame is copied by
 * what is being measured.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "client/weir.h"

#define BURST 32u
#define WINDOW_NS 4000000ull
#define MAX_WINDOWS 4096u
/* A loop that did not come round for this long lost its CPU meanwhile. */
#define STOLEN_NS 150000ull
#define BOUNCES 20000u

static const unsigned char mac_a[6] = { 2, 0, 0, 0, 0, 0xa };
static const unsigned char mac_b[6] = { 2, 0, 0, 0, 0, 0xb };

struct tally {
	double rate[MAX_WINDOWS]; /* frames a second, windows used */
	unsigned int used;
	unsigned int windows;
	unsigned long long sent;
	unsigned long long received;
};

static unsigned long long now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long long)t.tv_sec * 1000000000ull +
	       (unsigned long long)t.tv_nsec;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0) {
		fprintf(stderr, "pair: CPU %d: %s\n", cpu, strerror(errno));
		exit(1);
	}
}

/*
 * One-way time of a cache line between the two CPUs, nanoseconds: a child on
 * the other CPU answers every odd number with the next even one.
 */
static double distance(int cpu, int other)
{
	_Atomic(unsigned int) *line = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned long long start;
	unsigned int i;
	double ns;
	pid_t child;

	if (line == MAP_FAILED)
		return -1;
	child = fork();
	if (child == 0) {
		pin(other);
		for (i = 0; i < BOUNCES; i++) {
			while (atomic_load(line) != 2 * i + 1)
				;
			atomic_store(line, 2 * i + 2);
		}
		_exit(0);
	}
	if (child < 0)
		return -1;
	pin(cpu);
	for (i = 0, start = 0; i < BOUNCES; i++) {
		if (i == BOUNCES / 4) /* the child has surely started */
			start = now_ns();
		atomic_store(line, 2 * i + 1);
		while (atomic_load(line) != 2 * i + 2)
			;
	}
	ns = (double)(now_ns() - start) / (BOUNCES - BOUNCES / 4) / 2;
	waitpid(child, NULL, 0);
	munmap(line, 4096);
	return ns;
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

static void header(unsigned char *frame, const unsigned char *dst,
		   const unsigned char *src)
{
	memcpy(frame, dst, 6);
	memcpy(frame + 6, src, 6);
	frame[12] = 0x88;
	frame[13] = 0xb5; /* IEEE 802: local experimental */
}

/* A frame from B, so that the switch knows where B's address is. */
static void introduce(struct weir_port *a, struct weir_port *b)
{
	unsigned char frame[64] = { 0 };
	struct weir_frame in[BURST];
	int tries = 200;

	header(frame, mac_a, mac_b);
	weir_send(b, frame, sizeof(frame));
	weir_flush(b);
	while (tries-- > 0) {
		unsigned int n = weir_rx_burst(a, in, BURST);

		weir_rx_release(a, in, n);
		weir_flush(a);
		if (n > 0)
			return;
		weir_wait(a, WEIR_WAIT_RX, 10);
	}
	fprintf(stderr, "pair: nothing from B reaches A: is B allowed to?\n");
	exit(1);
}

static unsigned int send_burst(struct weir_port *a, unsigned int length,
			       unsigned long long number)
{
	struct weir_frame out[BURST];
	unsigned int n = weir_tx_alloc(a, out, BURST);

	for (unsigned int i = 0; i < n; i++) {
		header(out[i].data, mac_b, mac_a);
		number++;
		memcpy(out[i].data + 16, &number, sizeof(number));
		out[i].len = (uint16_t)length;
	}
	weir_tx_burst(a, out, n);
	weir_flush(a);
	return n;
}

static unsigned int receive_burst(struct weir_port *b, unsigned int length)
{
	struct weir_frame in[BURST];
	unsigned int n = weir_rx_burst(b, in, BURST);

	for (unsigned int i = 0; i < n; i++) {
		if (in[i].len != length || memcmp(in[i].data, mac_b, 6) != 0) {
			fprintf(stderr, "pair: a frame came out changed\n");
			exit(1);
		}
	}
	weir_rx_release(b, in, n);
	weir_flush(b);
	return n;
}

static void measure(struct weir_port *a, struct weir_port *b,
		    unsigned int length, unsigned int ms, struct tally *t)
{
	unsigned long long last = now_ns(), begin = last, at = 0;
	unsigned long long end = begin + ms * 1000000ull;
	int stolen = 1; /* the first window warms up */

	while (last < end) {
		unsigned long long now;

		t->sent += send_burst(a, length, t->sent);
		t->received += receive_burst(b, length);
		now = now_ns();
		if (now - last > STOLEN_NS)
			stolen = 1;
		last = now;
		if (now - begin < WINDOW_NS)
			continue;
		if (!stolen && t->used < MAX_WINDOWS)
			t->rate[t->used++] = (double)(t->received - at) * 1e9 /
					     (double)(now - begin);
		t->windows++;
		stolen = 0;
		begin = now;
		at = t->received;
	}
	for (int idle = 0; idle < 1000 && t->received < t->sent; idle++) {
		unsigned int n = receive_burst(b, length);

		t->received += n;
		if (n > 0)
			idle = 0;
		else
			sched_yield();
	}
}

static int by_value(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

int main(int argc, char **argv)
{
	static struct tally t;
	struct weir_port *a, *b;
	double before, after;
	unsigned int length;
	int cpu, other;

	if (argc != 7) {
		fprintf(stderr, "usage: pair SOCKET-A SOCKET-B LENGTH "
				"MILLISECONDS CPU OTHER-CPU\n");
		return 2;
	}
	length = (unsigned int)strtoul(argv[3], NULL, 10);
	cpu = (int)strtol(argv[5], NULL, 10);
	other = (int)strtol(argv[6], NULL, 10);
	a = attach(argv[1]);
	b = attach(argv[2]);
	if (length < 24 || length > weir_max_frame(a)) {
		fprintf(stderr, "pair: LENGTH is 24 to %u\n",
			weir_max_frame(a));
		return 2;
	}
	before = distance(cpu, other);
	pin(cpu);
	introduce(a, b);
	measure(a, b, length, (unsigned int)strtoul(argv[4], NULL, 10), &t);
	after = distance(cpu, other);
	qsort(t.rate, t.used, sizeof(t.rate[0]), by_value);
	printf("Mpps %.3f windows %u/%u lost %.4f ns %.0f %.0f\n",
	       t.used ? t.rate[t.used / 2] / 1e6 : 0.0, t.used, t.windows,
	       t.sent ? 1.0 - (double)t.received / (double)t.sent : 0.0, before,
	       after);
	weir_detach(a);
	weir_detach(b);
	return 0;
}
