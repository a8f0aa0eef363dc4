/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The first of a pair's rules that matches.
 *
 * The cache (policy/cache.h) does not change verdicts, only their cost.
 *
 * A stateful rule (`reply`) also allows address resolution, without which hosts
 * could not talk at all.  This is code and not a filter, because a filter
 * cannot verify a checksum, and anything labelled ARP would bypass the rules.
 */
#include "policy/policy.h"

#include "base/bits.h"

#define TYPE_ARP 0x0806u
#define TYPE_IPV6 0x86ddu

/* Of an untagged frame with IPv6. */
#define AT_TYPE 12u
#define AT_NEXT_HEADER 20u
#define AT_ICMP_TYPE 54u

/* --- address resolution ------------------------------------------------ */

static void note_bytes(struct policy_seen *seen, unsigned int at,
		       unsigned int n)
{
	if (seen != NULL)
		seen->bytes |= ((1ull << n) - 1) << at;
}

/* One byte of the snapshot, recorded as read. */
static unsigned int byte(const struct frame *f, unsigned int at,
			 struct policy_seen *seen)
{
	if (at >= f->snap) {
		if (seen != NULL)
			seen->all = true;
		return 0;
	}
	note_bytes(seen, at, 1);
	return f->bytes[at];
}

/*
 * Is it labelled as ARP, or as a neighbour solicitation or advertisement?
 * Untagged only: for tagged frames, rules must allow these explicitly.
 */
static bool may_resolve(const struct frame *f, struct policy_seen *seen)
{
	unsigned int type;

	note_bytes(seen, AT_TYPE, 2);
	if (f->l3 != FRAME_MIN)
		return false;
	if (f->ethertype != TYPE_IPV6)
		return f->ethertype == TYPE_ARP;
	if (byte(f, AT_NEXT_HEADER, seen) != PACKET_ICMPV6)
		return false;
	type = byte(f, AT_ICMP_TYPE, seen);
	return type == PACKET_ND_SOLICITATION ||
	       type == PACKET_ND_ADVERTISEMENT;
}

/* Whether it is well formed depends on every byte of it. */
static __attribute__((noinline)) bool resolves(const struct frame *f,
					       struct policy_seen *seen)
{
	struct packet p;

	if (!may_resolve(f, seen))
		return false;
	if (seen != NULL)
		seen->all = true;
	packet_parse(f, &p);
	return packet_resolves(f, &p);
}

/* --- matching ---------------------------------------------------------- */

/* What is inlined here is compiled with a @seen, and with a constant NULL. */
#define EXPANDED inline __attribute__((always_inline))

static EXPANDED uint32_t run(const struct policy *policy, uint32_t first,
			     uint32_t n, const struct frame *f,
			     struct policy_seen *seen)
{
	const struct cbpf_insn *prog = policy->insn + first;

	return seen ? cbpf_run_seen(prog, n, f->bytes, f->snap, f->len, seen)
		    : cbpf_run(prog, n, f->bytes, f->snap, f->len);
}

/**
 * run_merged - ask the pair's merged program
 * @from: out: entries of the pair that do not match
 *
 * It knows nothing of address resolution, which `reply` allows.
 *
 * Return: whether the next entry matches.
 */
static EXPANDED bool run_merged(const struct policy *policy, unsigned int src,
				unsigned int dst, const struct frame *f,
				struct policy_seen *seen, uint32_t *from)
{
	const struct policy_pair *pair = &policy->pair[src][dst];
	const struct policy_program *p;
	uint32_t said;

	*from = 0;
	if (pair->program == 0 ||
	    (bit_in(policy->answers[dst], src) && may_resolve(f, seen)))
		return false;
	p = &policy->program[pair->program - 1];
	said = run(policy, p->first, p->n, f, seen);
	if ((said & ~POLICY_PROGRAM_MATCH) > pair->n)
		return false;
	*from = said & ~POLICY_PROGRAM_MATCH;
	return said & POLICY_PROGRAM_MATCH && *from < pair->n;
}

static EXPANDED uint16_t first_match(const struct policy *policy,
				     unsigned int src, unsigned int dst,
				     const struct frame *f,
				     struct policy_seen *seen)
{
	const struct policy_pair *pair = &policy->pair[src][dst];
	uint32_t from;

	if (run_merged(policy, src, dst, f, seen, &from))
		return (uint16_t)(pair->first + from);
	for (uint32_t e = pair->first + from;
	     e < (uint32_t)pair->first + pair->n; e++) {
		const struct policy_rule *r = &policy->rule[policy->entry[e]];

		if (r->n == 0 || run(policy, r->first, r->n, f, seen))
			return (uint16_t)e;
		if (r->reply && resolves(f, seen))
			return (uint16_t)e;
	}
	return POLICY_NO_ENTRY;
}

uint16_t policy_match_slowly(const struct policy *policy,
			     struct policy_cache *cache,
			     const struct frame *frame, unsigned int src,
			     unsigned int dst)
{
	struct policy_seen seen = { .bytes = 0 };
	uint16_t entry;

	if (likely(cache_find(cache, frame, src, dst, policy->generation,
			      &entry)))
		return entry;
	entry = first_match(policy, src, dst, frame, &seen);
	cache_put(cache, frame, src, dst, policy->generation, &seen, entry);
	cache->misses++;
	cache->steps += CACHE_MISS_STEPS + seen.steps;
	return entry;
}

uint16_t policy_match_plainly(const struct policy *policy,
			      const struct frame *frame, unsigned int src,
			      unsigned int dst)
{
	return first_match(policy, src, dst, frame, NULL);
}
