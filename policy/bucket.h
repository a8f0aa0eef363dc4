/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Token buckets; the caller gives the time.
 *
 * A bucket of R units a second and a burst of B holds B units at first, gains R
 * a second up to B, and loses what is taken.  So at most B + R * T units pass
 * in T seconds, and a sender that always has frames waiting gets all of that,
 * less what is too little for its next frame.
 *
 * Both bounds are exact, however long it runs: nothing is rounded.  A bucket
 * counts in 10^-9 units, of which it gains exactly R in a nanosecond.  (The
 * usual GCRA counts time, and would have to round the cost of a unit: 0.08 ns
 * at 100 Gbit/s.) A bucket stores how much of the burst is missing, and since
 * when.  So idle buckets need no work, after a large jump of the clock they are
 * full, and after a step back unchanged.
 *
 * bucket_has() decides and bucket_take() takes.  They are separate because a
 * frame that is refused elsewhere takes nothing.
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
 * @lacks: what was missing of the burst at @at_ns, in 10^-9 units
 * @at_ns: time
 * @full:  the burst, in 10^-9 units
 * @depth: ns until an empty bucket is full again
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
 * A bucket whose settings stay the same is not touched, so that a change of
 * policy elsewhere grants no new burst.  Otherwise the bucket is full.
 */
void bucket_set(struct bucket *b, const struct policy_rate *rate);

/**
 * bucket_limits - is there a limit at all?
 */
static inline bool bucket_limits(const struct bucket *b)
{
	return b->rate.rate != 0;
}

/* What is missing now. */
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
 * bucket_has - does the bucket have so many units?
 * @units: at most POLICY_MAX_BURST; it never has more than the burst
 */
static inline bool bucket_has(const struct bucket *b, uint64_t now_ns,
			      uint64_t units)
{
	if (!bucket_limits(b))
		return true;
	return bucket_lacks(b, now_ns) + units * BUCKET_UNIT <= b->full;
}

/**
 * bucket_take - take units
 * @units: at most POLICY_MAX_BURST; if there are fewer, takes all
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
