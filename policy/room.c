/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How large a policy is, and making an empty one.
 *
 * The arrays lie behind struct policy in one piece of memory.  To place them
 * and to measure them is the same walk, so the two cannot differ.
 */
#include <stddef.h>

#include "base/bits.h"
#include "base/lines.h"
#include "base/mem.h"
#include "policy/policy.h"

static const struct policy_room any = {
	.ports = MAX_PORTS,
	.trunks = MAX_PORTS,
	.rules = POLICY_MAX_RULES,
	.entries = POLICY_MAX_ENTRIES,
	.insns = WITH_FILTERS ? POLICY_MAX_INSNS : 0,
	.programs = WITH_FILTERS ? POLICY_MAX_PROGRAMS : 0,
	.prefixes = POLICY_MAX_PREFIXES,
	.macs = POLICY_MAX_MACS,
	.words = POLICY_MAX_WORDS,
	.asks = WITH_FILTERS,
};

static bool in_range(const struct policy_room *r)
{
	return r->ports >= 1 && r->ports <= any.ports &&
	       r->trunks <= r->ports && r->rules <= any.rules &&
	       r->entries <= any.entries && r->insns <= any.insns &&
	       r->programs <= any.programs && r->prefixes <= any.prefixes &&
	       r->macs <= any.macs && r->words <= any.words &&
	       r->asks <= any.asks;
}

struct policy_room policy_room(const struct policy_room *room)
{
	return room->ports == 0 ? any : *room;
}

/* One array of @n elements, if there is a policy; then @at is behind it. */
#define PLACE(member, n)                                                       \
	do {                                                                   \
		if (p != NULL)                                                 \
			p->member = (void *)((uint8_t *)p + at);               \
		at += ((n) * sizeof(*p->member) + 7) & ~(size_t)7;             \
	} while (0)

/**
 * place - where the arrays lie
 * @p: the policy, or NULL to measure it
 *
 * Return: bytes of policy and arrays.
 */
static size_t place(struct policy *p, const struct policy_room *r)
{
	size_t at = in_lines(sizeof(*p) + r->ports * sizeof(p->port[0]));

	for (unsigned int i = 0; i < r->ports; i++)
		PLACE(pair[i], r->ports);
	PLACE(rule, r->rules);
	PLACE(entry, r->entries);
	PLACE(said, r->entries);
	PLACE(prefix, r->prefixes);
	PLACE(trunk, r->trunks);
	PLACE(word, r->words);
	PLACE(mac, r->macs);
	PLACE(program, r->programs);
	PLACE(insn, r->insns);
	return in_lines(at);
}

size_t policy_size(const struct policy_room *room)
{
	struct policy_room r = policy_room(room);

	return in_range(&r) ? place(NULL, &r) : 0;
}

struct policy *policy_init(void *memory, const struct policy_room *room)
{
	struct policy_room r = policy_room(room);
	struct policy *p = memory;

	memset(memory, 0, place(NULL, &r));
	p->room = r;
	place(p, &r);
	policy_settle(p);
	return p;
}

/* --- what an image needs ------------------------------------------------ */

/* The number of the last trunk, plus one. */
static uint32_t trunks_of(const struct policy_image *image, unsigned int ports)
{
	uint32_t n = 0;

	for (uint32_t p = 0; p < ports; p++)
		if (image->port[p].vlan_mode == POLICY_VLAN_TRUNK)
			n = p + 1;
	return n;
}

/* Whether a pair's first rule leaves anything to ask. */
static bool asks_for(const struct policy_image *image,
		     const struct policy_pair *pair)
{
	const struct policy_rule *r = &image->rule[image->entry[pair->first]];

	return pair->n > 0 &&
	       (r->n > 0 || r->reply || r->action != POLICY_ALLOW);
}

struct policy_room policy_room_for(const struct policy_image *image,
				   unsigned int ports)
{
	struct policy_room room = {
		.ports = ports,
		.trunks = trunks_of(image, ports),
		.rules = image->n_rules,
		.entries = image->n_entries,
		.insns = image->n_insns,
		.programs = image->n_programs,
		.prefixes = image->n_prefixes,
		.macs = image->n_macs,
		.words = image->n_words,
	};

	for (unsigned int s = 0; s < ports; s++)
		for (unsigned int d = 0; d < ports; d++)
			room.asks |= asks_for(image, &image->pair[s][d]);
	return room;
}
