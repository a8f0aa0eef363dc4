/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/policy.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/linux/monitor/state.h"

/* What the compiler calls statements that were made while it ran. */
#define RUNTIME_FILE "(runtime)"

/* --- what holds ---------------------------------------------------------- */

static int copy_policy(struct sys_policy *to, const struct sys_policy *from)
{
	size_t n = from->image.n_rules;

	to->image = from->image;
	to->rule = calloc(n + 1, sizeof(*to->rule));
	if (to->rule == NULL)
		return -1;
	memcpy(to->rule, from->rule, n * sizeof(*to->rule));
	to->unasked = calloc((size_t)from->n_unasked + 1, sizeof(*to->unasked));
	if (to->unasked == NULL)
		return -1;
	for (; to->n_unasked < from->n_unasked; to->n_unasked++)
		to->unasked[to->n_unasked] = from->unasked[to->n_unasked];
	return 0;
}

int held_begin(struct monitor *m)
{
	const struct system *sys = m->origin;
	struct held *h = &m->held;

	h->policy = calloc(sys->n_policies + 1, sizeof(*h->policy));
	if (h->policy == NULL)
		return error_set(m->err, "not enough memory");
	for (; h->n_policies < sys->n_policies; h->n_policies++)
		if (copy_policy(&h->policy[h->n_policies],
				&sys->policy[h->n_policies]) != 0)
			return error_set(m->err, "not enough memory");
	return 0;
}

void held_free(struct monitor *m)
{
	struct held *h = &m->held;

	policies_free(h->policy, h->n_policies);
	sources_free(h->source, h->n_sources);
	statements_free(&h->statements);
	*h = (struct held){ 0 };
}

void held_replace(struct monitor *m, struct compile_result *result)
{
	struct statements *next = &result->statements;
	struct held *h = &m->held;

	policies_free(h->policy, h->n_policies);
	h->policy = result->policy;
	h->n_policies = result->n_policies;
	result->policy = NULL;
	result->n_policies = 0;
	if (result->n_sources > 0) {
		sources_free(h->source, h->n_sources);
		h->source = result->source;
		h->n_sources = result->n_sources;
		result->source = NULL;
		result->n_sources = 0;
	}
	/* Numbers of changes are not used again. */
	if (next->last < h->statements.last)
		next->last = h->statements.last;
	statements_free(&h->statements);
	h->statements = *next;
	*next = (struct statements){ 0 };
}

struct system held_system(const struct monitor *m)
{
	struct system sys = *m->origin;

	sys.policy = m->held.policy;
	if (m->held.n_sources > 0) {
		sys.source = m->held.source;
		sys.n_sources = m->held.n_sources;
	}
	return sys;
}

/* --- a switch's ---------------------------------------------------------- */

const struct sys_policy *policy_of(const struct sys_policy *policy, size_t n,
				   const struct mon_switch *sw)
{
	uint32_t number = sw->comp->sw.number;

	return number < n ? &policy[number] : NULL;
}

const struct sys_policy *held_policy(const struct monitor *m,
				     const struct mon_switch *sw)
{
	return policy_of(m->held.policy, m->held.n_policies, sw);
}

void policy_write(struct mon_switch *sw, const struct sys_policy *policy)
{
	if (policy != NULL) {
		policy_image_copy(sw->policy, &policy->image);
		return;
	}
	memset(sw->policy, 0, sizeof(*sw->policy));
	sw->policy->magic = POLICY_MAGIC;
}

/* --- inside of one ------------------------------------------------------- */

static uint32_t at_most(uint32_t n, uint32_t max)
{
	return n < max ? n : max;
}

uint32_t policy_pair(const struct sys_policy *policy, uint32_t from,
		     uint32_t to, uint32_t *first)
{
	const struct policy_image *image = &policy->image;
	uint32_t entries = at_most(image->n_entries, POLICY_MAX_ENTRIES);
	const struct policy_pair *pair;

	*first = 0;
	if (from >= MAX_PORTS || to >= MAX_PORTS)
		return 0;
	pair = &image->pair[from][to];
	if (pair->first >= entries)
		return 0;
	*first = pair->first;
	return at_most(pair->n, entries - pair->first);
}

uint32_t policy_entry(const struct sys_policy *policy, uint32_t entry)
{
	const struct policy_image *image = &policy->image;
	uint32_t rule;

	if (entry >= at_most(image->n_entries, POLICY_MAX_ENTRIES))
		return SYS_NONE;
	rule = image->entry[entry];
	return rule < at_most(image->n_rules, POLICY_MAX_RULES) ? rule
								: SYS_NONE;
}

uint32_t policy_by_id(const struct sys_policy *policy, uint32_t id)
{
	const struct policy_image *image = &policy->image;
	uint32_t n = at_most(image->n_rules, POLICY_MAX_RULES);

	for (uint32_t i = 0; i < n; i++)
		if (image->rule[i].id == id)
			return i;
	return SYS_NONE;
}

bool rule_is_runtime(const struct sys_rule *rule)
{
	return strcmp(rule->file, RUNTIME_FILE) == 0;
}
