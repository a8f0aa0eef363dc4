/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policies and frames at random, for the tests of policy_match().
 *
 * Expressions are those of the tests of policy/cbpf.h and others made up from
 * what frames may have, joined by and, or and not.  Frames come in families:
 * most are like one that came before, with an byte changed, cut short or made
 * longer.
 */
#ifndef WEIR_TESTS_UNIT_MATCH_RIG_H
#define WEIR_TESTS_UNIT_MATCH_RIG_H

#include "policy/policy.h"
#include "tests/unit/cbpf_rig.h"

/* Expressions in the pool, and ports that have rules. */
#define MATCH_POOL 512u
#define MATCH_PORTS 3u
/* Frames a family descends from, and bytes of the longest one. */
#define MATCH_ANCESTORS 10u
#define MATCH_FRAME 300u

/**
 * struct match_bytes - a frame as it came
 */
struct match_bytes {
	uint32_t len;
	uint8_t bytes[MATCH_FRAME];
};

/**
 * struct match_rig - see above
 * @random: the numbers
 * @pool:   programs; all may be run, and none looks at more than is ever judged
 * @deep:   by program: it looks at more than is usually judged
 * @length: by program: it asks for the frame's length
 * @image, @policy: the policy there is
 * @cache:  what was remembered, of all policies there were
 * @ancestor: see above
 */
struct match_rig {
	struct cbpf_rig random;
	uint32_t n_pool;
	struct cbpf_program pool[MATCH_POOL];
	bool deep[MATCH_POOL];
	bool length[MATCH_POOL];
	struct policy_image *image;
	struct policy *policy;
	struct policy_cache *cache;
	struct cache_port *places;
	struct match_bytes ancestor[MATCH_ANCESTORS];
};

/**
 * match_rig_new - begin with this seed, and with no policy
 */
struct match_rig *match_rig_new(uint64_t seed);

/**
 * match_rig_free - the counterpart
 */
void match_rig_free(struct match_rig *r);

/**
 * match_policy - another policy, of 1 to 20 rules a pair
 *
 * Few ask for the length, or there would be little to remember.
 * @deep: also of filters that look at more than is usually judged
 */
void match_policy(struct match_rig *r, bool deep);

/**
 * match_take - make the image the policy, of a new generation
 */
void match_take(struct match_rig *r);

/**
 * match_family - another family of frames
 */
void match_family(struct match_rig *r);

/**
 * match_member - a frame of the family
 */
void match_member(struct match_rig *r, struct match_bytes *out);

/**
 * match_snapshot - a frame as the switch judges it
 * @snap: bytes that are judged, if the frame has as many
 */
void match_snapshot(struct frame *f, const struct match_bytes *bytes,
		    unsigned int snap);

/**
 * match_naive - what a pair's rules say, by libpcap's own interpreter
 */
uint16_t match_naive(const struct match_rig *r, const struct frame *f,
		     unsigned int src, unsigned int dst);

#endif
