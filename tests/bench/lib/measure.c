/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/bench/lib/measure.h"

#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WINDOW_NS 4000000ull
#define MAX_WINDOWS 4096u
/*
 * A loop that did not come round for this long lost its CPU meanwhile: this,
 * and so many times the fastest, for a burst through the kernel takes as long.
 */
#define STOLEN_NS 150000ull
#define STOLEN_LOOPS 8u
#define BOUNCES 20000u
/* Looks without a frame, after which one is lost. */
#define PATIENCE 20000000u

const unsigned char measure_mac[2][6] = { { 2, 0, 0, 0, 0, 0xa },
					  { 2, 0, 0, 0, 0, 0xb } };

/**
 * struct tally - a rate being measured
 * @rate: frames a second, of windows that are used
 * @lost: given up
 * @most: sent, and neither received nor given up
 */
struct tally {
	double rate[MAX_WINDOWS];
	unsigned int used;
	unsigned int windows;
	unsigned long long sent;
	unsigned long long received;
	unsigned long long lost;
	unsigned long long most;
};

unsigned long long measure_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long long)t.tv_sec * 1000000000ull +
	       (unsigned long long)t.tv_nsec;
}

void measure_pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) != 0) {
		fprintf(stderr, "CPU %d: %s\n", cpu, strerror(errno));
		exit(1);
	}
}

void measure_header(unsigned char *frame, const unsigned char *dst,
		    const unsigned char *src)
{
	memcpy(frame, dst, 6);
	memcpy(frame + 6, src, 6);
	frame[12] = 0x88;
	frame[13] = 0xb5; /* IEEE 802: local experimental */
}

static _Noreturn void bounce(_Atomic(unsigned int) *line, int cpu)
{
	measure_pin(cpu);
	for (unsigned int i = 0; i < BOUNCES; i++) {
		while (atomic_load(line) != 2 * i + 1)
			;
		atomic_store(line, 2 * i + 2);
	}
	_exit(0);
}

/*
 * One-way time of a cache line between the two CPUs, nanoseconds: a child on
 * the other CPU answers every odd number with the next even one.
 */
static double distance(const struct measure *m)
{
	_Atomic(unsigned int) *line = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	unsigned long long start = 0;
	double ns;
	pid_t child;

	if (line == MAP_FAILED)
		return -1;
	child = fork();
	if (child == 0)
		bounce(line, m->other);
	if (child < 0)
		return -1;
	measure_pin(m->cpu);
	for (unsigned int i = 0; i < BOUNCES; i++) {
		if (i == BOUNCES / 4) /* the child has surely started */
			start = measure_now();
		atomic_store(line, 2 * i + 1);
		while (atomic_load(line) != 2 * i + 2)
			;
	}
	ns = (double)(measure_now() - start) / (BOUNCES - BOUNCES / 4) / 2;
	waitpid(child, NULL, 0);
	munmap(line, 4096);
	return ns;
}

static int by_value(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

/* --- rate ----------------------------------------------------------------- */

static void move(struct measure *m, bool both, struct tally *t)
{
	for (unsigned int from = 0; from <= both; from++) {
		if (t->sent - t->received - t->lost < t->most)
			t->sent += m->send(m, from, MEASURE_BURST, t->sent);
		t->received += m->receive(m, !from);
	}
}

/* What has not come for a whole window does not come. */
static void give_up(struct tally *t, unsigned long long at)
{
	if (t->received == at)
		t->lost = t->sent - t->received;
}

static void count(struct measure *m, unsigned int ms, bool both,
		  struct tally *t)
{
	unsigned long long last = measure_now(), begin = last, at = 0;
	unsigned long long end = begin + ms * 1000000ull, fastest = STOLEN_NS;
	bool stolen = true; /* the first window warms up */

	while (last < end) {
		unsigned long long now, sent = t->sent;

		move(m, both, t);
		now = measure_now();
		if (t->sent - sent >= MEASURE_BURST && now - last < fastest)
			fastest = now - last;
		if (now - last > STOLEN_NS + STOLEN_LOOPS * fastest)
			stolen = true;
		last = now;
		if (now - begin < WINDOW_NS)
			continue;
		if (!stolen && t->used < MAX_WINDOWS)
			t->rate[t->used++] = (double)(t->received - at) * 1e9 /
					     (double)(now - begin);
		t->windows++;
		give_up(t, at);
		stolen = false;
		begin = now;
		at = t->received;
	}
}

/* What is still on its way. */
static void drain(struct measure *m, struct tally *t)
{
	for (int idle = 0; idle < 1000 && t->received < t->sent; idle++) {
		unsigned int n = m->receive(m, 1) + m->receive(m, 0);

		t->received += n;
		if (n > 0)
			idle = 0;
		else
			sched_yield();
	}
}

static void rate(struct measure *m, unsigned int ms, bool both,
		 unsigned long long most)
{
	static struct tally t;
	double before = distance(m), after;

	t.most = most;
	count(m, ms, both, &t);
	drain(m, &t);
	after = distance(m);
	qsort(t.rate, t.used, sizeof(t.rate[0]), by_value);
	printf("Mpps %.3f windows %u/%u lost %.4f ns %.0f %.0f\n",
	       t.used ? t.rate[t.used / 2] / 1e6 : 0.0, t.used, t.windows,
	       t.sent ? 1.0 - (double)t.received / (double)t.sent : 0.0, before,
	       after);
}

/* --- round trip ----------------------------------------------------------- */

static bool one_way(struct measure *m, unsigned int from, bool sleep)
{
	if (m->send(m, from, 1, 0) != 1)
		return false;
	for (unsigned int i = 0; i < PATIENCE; i++) {
		if (m->receive(m, !from) > 0)
			return true;
		if (sleep && !m->wait(m, !from))
			return false;
	}
	return false;
}

bool measure_there_and_back(struct measure *m)
{
	return one_way(m, 0, false) && one_way(m, 1, false);
}

static void round_trip(struct measure *m, unsigned int n, bool sleep)
{
	double *us = calloc(n, sizeof(*us)), before = distance(m), after;
	unsigned int came = 0, lost = 0;

	for (unsigned int i = 0; us && i < n; i++) {
		unsigned long long start = measure_now();

		if (one_way(m, 0, sleep) && one_way(m, 1, sleep))
			us[came++] = (double)(measure_now() - start) / 1e3;
		else
			lost++;
	}
	after = distance(m);
	if (came == 0) {
		fprintf(stderr, "no frame came back\n");
		exit(1);
	}
	qsort(us, came, sizeof(*us), by_value);
	printf("us %.3f p99 %.3f lost %u ns %.0f %.0f\n", us[came / 2],
	       us[came - 1 - came / 100], lost, before, after);
	free(us);
}

/* --- what is wanted ------------------------------------------------------- */

void measure_run(struct measure *m, const char *how)
{
	const char *number = strchr(how, '=');
	unsigned int n =
		(unsigned int)strtoul(number ? number + 1 : how, NULL, 10);
	bool sleep = m->wait != NULL && strncmp(how, "sleep=", 6) == 0;

	if (sleep || strncmp(how, "rtt=", 4) == 0)
		round_trip(m, n, sleep);
	else if (strncmp(how, "flight=", 7) == 0)
		rate(m, n, false, MEASURE_FLIGHT);
	else
		rate(m, n, strncmp(how, "both=", 5) == 0, ULLONG_MAX);
}
