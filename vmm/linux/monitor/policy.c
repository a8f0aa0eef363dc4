/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/policy.h"

#include <string.h>

#include "vmm/linux/monitor/state.h"

/* What the compiler calls statements that were made while it ran. */
#define RUNTIME_FILE "(runtime)"

/* --- what holds ---------------------------------------------------------- */

void held_begin(struct monitor *m)
{
	const struct system *sys = m->origin;

	m->held = (struct compile_result){ .policy = sys->policy,
					   .n_policies = sys->n_policies,
					   .source = sys->source,
					   .n_sources = sys->n_sources };
}

void held_replace(struct monitor *m, struct compile_result *result)
{
	/* Numbers of changes are not used again. */
	if (result->statements.last < m->held.statements.last)
		result->statements.last = m->held.statements.last;
	compile_result_free(&m->held);
	m->held = *result;
	*result = (struct compile_result){ 0 };
}

struct system held_system(const struct monitor *m)
{
	struct system sys = *m->origin;

	/* The instance may have been given another name than its file's. */
	memcpy(sys.name, m->sys.name, sizeof(sys.name));
	sys.policy = m->held.policy;
	sys.source = m->held.source;
	sys.n_sources = m->held.n_sources;
	return sys;
}

/* --- a switch's ---------------------------------------------------------- */

const struct sys_policy *policy_of(const struct compile_result *result,
				   const struct mon_switch *sw)
{
	uint32_t number = sw->comp->sw.number;

	return number < result->n_policies ? &result->policy[number] : NULL;
}

const struct sys_policy *held_policy(const struct monitor *m,
				     const struct mon_switch *sw)
{
	return policy_of(&m->held, sw);
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
