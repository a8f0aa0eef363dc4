/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar's actions for rules and groups, for changes while it runs, and for
 * what a switch is told about policy.
 */
#include "config/lang/parser.h"

#include <inttypes.h>

#include "config/lang/value.h"
#include "policy/flow.h"

/* Fewer flows than this are forgotten before they are answered. */
#define MIN_FLOWS 16u

bool refuse_runtime(struct parser *p, struct pos at)
{
	if (!source_is_runtime(&at))
		return false;
	/* What would follow from it is of no interest. */
	p->t->broken = true;
	report_error(p->report, at,
		     "while it runs only allow, deny and set can be given; put "
		     "this into the file and start anew");
	return true;
}

/* --- rules --------------------------------------------------------------- */

static void want_names(struct parser *p, struct pos at,
		       const struct topo_side *side)
{
	if (side->list && !side->names.n)
		report_error(p->report, at,
			     "a list of this rule is empty; write the ports in "
			     "it: { PORT, PORT }");
}

struct topo_rule *on_rule(struct parser *p, struct pos at,
			  const struct topo_side *left, enum arrow arrow,
			  const struct topo_side *right)
{
	struct topo_rule *rule = arena_alloc(p->arena, sizeof(*rule));

	rule->pos = at;
	rule->side[0] = *left;
	rule->side[1] = *right;
	rule->both = arrow == BOTH_WAYS;
	rule->broken = arrow == NO_ARROW;
	rule->runtime = source_is_runtime(&at);
	want_names(p, at, left);
	want_names(p, at, right);
	topo_append(p->t->rules, rule);
	p->rule = rule;
	return rule;
}

void on_reply(struct parser *p, struct pos at)
{
	if (p->rule->deny)
		report_error(p->report, at,
			     "\"reply\" lets answers back, and a deny lets "
			     "nothing through that could be answered; take it "
			     "out");
	else
		option_once(p, &p->rule->reply, at, "reply");
}

void on_group(struct parser *p, const struct name *name)
{
	struct topo_group *group = arena_alloc(p->arena, sizeof(*group));

	group->name = *name;
	if (!value_identifier(p->report, name, "group")) {
		group->name.text = NULL;
		p->t->broken = true;
	}
	if (!refuse_runtime(p, name->pos))
		topo_append(p->t->groups, group);
	p->group = group;
}

void on_set(struct parser *p, struct pos at, const struct name *port)
{
	struct topo_set *set = arena_alloc(p->arena, sizeof(*set));

	set->port = *port;
	set->port.next = NULL;
	p->set = set;
	if (source_is_runtime(&at))
		topo_append(p->t->sets, set);
	else
		report_error(p->report, at,
			     "\"set\" is for changes while it runs; in a file "
			     "this is written in the port: port %s { ... }",
			     name_shown(port));
}

/* --- switch -------------------------------------------------------------- */

void on_flows(struct parser *p, struct pos at, const struct name *number)
{
	struct option *o = &p->sw->flows;
	uint64_t n;

	if (!option_once(p, o, at, "flows") ||
	    !value_number(p->report, number, "a number of flows", "flows", 0,
			  FLOW_MAX_CAPACITY, &n))
		return;
	o->value = n;
	if (n && n < MIN_FLOWS)
		report_error(p->report, number->pos,
			     "%s flows are too few to be of use; write 0 for "
			     "none, or %u to %u",
			     number->text, MIN_FLOWS, FLOW_MAX_CAPACITY);
}

void on_snoop(struct parser *p, struct pos at)
{
	option_once(p, &p->sw->snoop, at, "multicast");
}

void on_policy(struct parser *p, struct pos at, const struct names *words)
{
	struct topo_switch *sw = p->sw;
	const struct name *word;

	if (!option_once(p, &sw->policy, at, "policy"))
		return;
	for_each(word, words->first) {
		if (sw->n_words == POLICY_MAX_WORDS) {
			report_error(p->report, word->pos,
				     "a policy is handed %u words, and this is "
				     "one more: take it out",
				     POLICY_MAX_WORDS);
			return;
		}
		if (value_word(p->report, word, &sw->words[sw->n_words]))
			sw->n_words++;
	}
}
