/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first of a pair's rules that matches.
 *
 * With a cache or without, the verdict is that of running the filters: what is
 * remembered is what they have read, by their own account (policy/cache.h).
 */
#include "policy/policy.h"

#include "vswitch/bits.h"

/* May be entered with @seen a constant NULL: the compiler makes two of it. */
static inline __attribute__((always_inline)) uint16_t
first_match(const struct policy *policy, const struct policy_pair *pair,
	    const struct frame *f, struct policy_seen *seen)
{
	for (uint32_t e = pair->first; e < (uint32_t)pair->first + pair->n;
	     e++) {
		const struct policy_rule *r = &policy->rule[policy->entry[e]];
		const struct cbpf_insn *prog = policy->insn + r->first;

		if (r->n == 0)
			return (uint16_t)e;
		if (seen ? cbpf_run_seen(prog, r->n, f->bytes, f->snap, f->len,
					 seen)
			 : cbpf_run(prog, r->n, f->bytes, f->snap, f->len))
			return (uint16_t)e;
	}
	return POLICY_NO_ENTRY;
}

static __attribute__((noinline)) uint16_t
match_plainly(const struct policy *policy, const struct frame *frame,
	      unsigned int src, unsigned int dst)
{
	return first_match(policy, &policy->pair[src][dst], frame, NULL);
}

static __attribute__((noinline)) uint16_t
match_and_put(const struct policy *policy, struct policy_cache *cache,
	      const struct frame *frame, unsigned int src, unsigned int dst)
{
	struct policy_seen seen = { .octets = 0 };
	uint16_t entry =
		first_match(policy, &policy->pair[src][dst], frame, &seen);

	cache_put(cache, frame, src, dst, policy->generation, &seen, entry);
	return entry;
}

static __attribute__((noinline)) uint16_t
match_by_hash(const struct policy *policy, struct policy_cache *cache,
	      const struct frame *frame, unsigned int src, unsigned int dst)
{
	uint16_t entry;

	if (likely(cache_find(cache, frame, src, dst, policy->generation,
			      &entry)))
		return entry;
	return match_and_put(policy, cache, frame, src, dst);
}

/* Short for a frame like the one before; the rest is out of its way. */
uint16_t policy_match(const struct policy *policy, struct policy_cache *cache,
		      const struct frame *frame, unsigned int src,
		      unsigned int dst)
{
	uint16_t entry;

	if (cache == NULL)
		return match_plainly(policy, frame, src, dst);
	if (likely(cache_latest(cache, frame, src, dst, policy->generation,
				&entry)))
		return entry;
	return match_by_hash(policy, cache, frame, src, dst);
}
