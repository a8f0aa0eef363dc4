/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Token buckets, on time that is given.
 *
 * A bucket of R units a second and a burst of B holds B units at first, gains R
 * a second up to B, and loses what is taken.  It is kept as one number, the time
 * at which it will be full again (the "theoretical arrival time" of the GCRA,
 * ITU-T I.371 annex A): to take n units is to move that time by n / R, and they
 * are there if it is then at most B / R ahead.  Idle buckets need no work, and a
 * clock that jumps far ahead does no harm.
 *
 * Times are in units of 2^-BUCKET_SHIFT ns where rates are high: at 100 Gbit/s an
 * octet takes 0.08 ns.
 */
#ifndef WEIR_POLICY_BUCKET_H
#define WEIR_POLICY_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/image.h"

#define BUCKET_SHIFT 20u

/**
 * struct bucket - one bucket; all zero: no limit
 * @full_at: time at which it will be full, ns
 * @part:    what @full_at lacks, in 2^-BUCKET_SHIFT ns
 * @cost:    of a unit, in 2^-BUCKET_SHIFT ns; 0: no limit
 * @depth:   of the whole burst, ns
 * @rate:    as given, to tell whether a new policy changes it
 */
struct bucket {
	uint64_t full_at;
	uint64_t part;
	uint64_t cost;
	uint64_t depth;
	struct policy_rate rate;
};

/**
 * bucket_set - give a bucket its settings
 *
 * A bucket whose settings are the same is left as it is: a policy that changes
 * elsewhere gives nobody a fresh burst.  Otherwise it is full.
 */
void bucket_set(struct bucket *b, const struct policy_rate *rate);

/**
 * bucket_has - are so many units there?
 * @now_ns: the time
 * @units:  at most POLICY_MAX_BURST
 */
bool bucket_has(const struct bucket *b, uint64_t now_ns, uint64_t units);

/**
 * bucket_take - take units that are there
 */
void bucket_take(struct bucket *b, uint64_t now_ns, uint64_t units);

#endif
