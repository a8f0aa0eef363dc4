/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Token buckets, on time that is given.
 *
 * A bucket of R units a second and a burst of B holds B units at first, gains
 * R a second up to B, and loses what is taken.  So no stretch of T seconds
 * sees more than B + R * T units pass, and a sender that always has more
 * waiting gets all of that, less what is too little for its next frame.
 *
 * Both hold to the unit, however long it runs: nothing is rounded.  A bucket
 * is counted in 10^-9 units, of which it gains exactly R in a nanosecond.
 * (The usual way, in time, the "theoretical arrival time" of the GCRA, would
 * have to round what a unit costs: at 100 Gbit/s, 0.08 ns.)  What is kept is
 * how much lacks of the burst, and since when; idle buckets need no work, and
 * a clock that jumps far ahead finds them full.  One that went back would find
 * them as they were.
 *
 * A frame is judged by bucket_has() and paid for with bucket_take(), apart from
 * each other because a frame that is refused elsewhere pays nothing.
 */
#ifndef WEIR_POLICY_BUCKET_H
#define WEIR_POLICY_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/image.h"

/* What a bucket is counted in. */
#define BUCKET_UNIT 1000000000ull

/* No sum below is more than this, and so none wraps. */
_Static_assert(2 * POLICY_MAX_BURST <= UINT64_MAX / BUCKET_UNIT, "overflow");

/**
 * struct bucket - one bucket; all zero: no limit
 * @lacks: what was lacking of the burst at @at_ns, in 10^-9 units
 * @at_ns: time
 * @full:  the burst, in 10^-9 units
 * @depth: ns in which an empty one is full again
 * @rate:  as given
 */
struct bucket {
	uint64_t lacks;
	uint64_t at_ns;
	uint64_t full;
	uint64_t depth;
	struct policy_rate rate;
};

/**
 * bucket_set - give a bucket its settings
 * @b:    bucket; a new one is all zero
 * @rate: at most POLICY_MAX_RATE and POLICY_MAX_BURST
 *
 * A bucket whose settings are the same is left as it is: a policy that changes
 * elsewhere gives nobody a fresh burst.  Otherwise it is full.
 */
void bucket_set(struct bucket *b, const struct policy_rate *rate);

/**
 * bucket_limits - is there a limit at all?
 * @b: bucket
 */
static inline bool bucket_limits(const struct bucket *b)
{
	return b->rate.rate != 0;
}

/* What is lacking now. */
static inline uint64_t bucket_lacks(const struct bucket *b, uint64_t now_ns)
{
	uint64_t elapsed, gained;

	if (now_ns <= b->at_ns)
		return b->lacks;
	elapsed = now_ns - b->at_ns;
	if (elapsed >= b->depth)
		return 0;
	gained = elapsed * b->rate.rate; /* less than @full */
	return b->lacks > gained ? b->lacks - gained : 0;
}

/**
 * bucket_has - are so many units there?
 * @b:      bucket
 * @now_ns: the time
 * @units:  at most POLICY_MAX_BURST; more than the burst are never there
 */
static inline bool bucket_has(const struct bucket *b, uint64_t now_ns,
			      uint64_t units)
{
	if (!bucket_limits(b))
		return true;
	return bucket_lacks(b, now_ns) + units * BUCKET_UNIT <= b->full;
}

/**
 * bucket_take - take units that are there
 * @b:      bucket
 * @now_ns: the time
 * @units:  at most POLICY_MAX_BURST; if not so many are there, all that are
 */
static inline void bucket_take(struct bucket *b, uint64_t now_ns,
			       uint64_t units)
{
	uint64_t lacks;

	if (!bucket_limits(b))
		return;
	lacks = bucket_lacks(b, now_ns) + units * BUCKET_UNIT;
	b->lacks = lacks < b->full ? lacks : b->full;
	if (now_ns > b->at_ns)
		b->at_ns = now_ns;
}

#endif
