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

extern const unsigned char measure_mac_a[6], measure_mac_b[6];

/**
 * struct measure - two ports with something between them
 * @send:    from A to B, up to MEASURE_BURST frames of @length bytes, numbered
 *           from @number on; returns how many
 * @receive: at B, up to a burst; returns how many.  Ends the program if a frame
 *           is none of A's
 * @one:     one frame there, and one back; false: one was lost.  May be NULL
 * @length:  bytes of a frame, without FCS
 * @cpu:     for this process
 * @other:   of what is measured
 */
struct measure {
	unsigned int (*send)(struct measure *m, unsigned long long number);
	unsigned int (*receive)(struct measure *m);
	bool (*one)(struct measure *m);
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
 * measure_pin - this process runs on @cpu alone, or ends
 */
void measure_pin(int cpu);

/**
 * measure_rate - frames a second, one way, for @ms milliseconds
 *
 * Prints
 *
 *	Mpps <median> windows <used>/<all> lost <share> ns <before> <after>
 *
 * with the distance of the two CPUs before and after.
 */
void measure_rate(struct measure *m, unsigned int ms);

/**
 * measure_round_trip - the time of @n frames, there and back
 *
 * Prints
 *
 *	us <median> p99 <99th percentile> lost <frames> ns <before> <after>
 */
void measure_round_trip(struct measure *m, unsigned int n);

#endif
