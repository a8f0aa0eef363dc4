/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Measuring what is between two ports, whatever it is: generator and sink in
 * one process on one CPU, the switch on another.
 *
 * What makes such figures hard to trust, and what is done about it:
 *  - the distance between two virtual CPUs changes under our feet, and every
 *    cross-CPU figure with it: one cache line is bounced between the CPUs
 *    before and after, and the caller compares only runs at like distances;
 *  - other work steals a CPU for a while: time is cut into short windows, one
 *    in which this loop stood still is not used, and the median is quoted.
 */
#ifndef WEIR_TESTS_BENCH_LIB_MEASURE_H
#define WEIR_TESTS_BENCH_LIB_MEASURE_H

#include <stdbool.h>

#define MEASURE_BURST 32u
#define MEASURE_FLIGHT 512u

/* Of the stations at A and at B. */
extern const unsigned char measure_mac[2][6];

/**
 * struct measure - two ports with something between them, A (0) and B (1)
 * @send:    from a port to the other, up to @count frames of @length bytes,
 *           numbered from @number on; returns how many
 * @receive: at a port, up to a burst; returns how many are the other's
 * @wait:    sleep until something comes to a port; false: it takes a second.
 *           May be NULL
 * @length:  bytes of a frame, without FCS
 * @cpu:     for this process
 * @other:   of what is measured
 */
struct measure {
	unsigned int (*send)(struct measure *m, unsigned int from,
			     unsigned int count, unsigned long long number);
	unsigned int (*receive)(struct measure *m, unsigned int at);
	bool (*wait)(struct measure *m, unsigned int at);
	unsigned int length;
	int cpu;
	int other;
};

/**
 * measure_header - Ethernet header of a frame, and its number
 */
void measure_header(unsigned char *frame, const unsigned char *dst,
		    const unsigned char *src);

/**
 * measure_now - nanoseconds of a clock that only runs forward
 */
unsigned long long measure_now(void);

/**
 * measure_pin - this process runs on @cpu alone, or ends
 */
void measure_pin(int cpu);

/**
 * measure_there_and_back - a frame to B and one to A, polling
 *
 * Return: false if one was lost.
 */
bool measure_there_and_back(struct measure *m);

/**
 * measure_run - measure, and print what was measured
 * @how: "[HOW=]NUMBER"
 *
 *	(none)	from A to B, for NUMBER milliseconds
 *	both	both ways at once
 *	flight	like (none), with at most MEASURE_FLIGHT frames under way: for
 *		what drops frames that come too fast
 *	rtt	NUMBER frames one after another, to B and back, polling
 *	sleep	likewise, sleeping until the frame comes
 *
 * prints, with the distance of the two CPUs before and after,
 *
 *	Mpps <median> windows <used>/<all> lost <share> ns <before> <after>
 *	us <median> p99 <99th percentile> lost <frames> ns <before> <after>
 */
void measure_run(struct measure *m, const char *how);

#endif
