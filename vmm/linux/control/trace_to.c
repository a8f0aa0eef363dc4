/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of a frame at each destination: may it go there, which rule says
 * so, and is there anything in its way.
 */
#include <stdio.h>

#include "vmm/linux/control/story.h"

uint32_t story_rule(const struct story *s, uint32_t to)
{
	uint32_t first, n, entry = s->v->entry[to];

	if (s->policy == NULL)
		return SYS_NONE;
	/* An entry of another pair would be a lie. */
	n = policy_pair(s->policy, s->port, to, &first);
	if (entry < first || entry - first >= n)
		return SYS_NONE;
	return policy_entry(s->policy, entry);
}

static bool is_reply(const struct story *s, uint32_t to)
{
	return (s->v->replies >> to & 1) != 0;
}

/* Does the pair have rules at all? */
static bool has_rules(const struct story *s, uint32_t to)
{
	uint32_t first;

	return s->policy != NULL &&
	       policy_pair(s->policy, s->port, to, &first) > 0;
}

/* "rule home.conf:12 when "tcp port 443"" */
static void rule_text(const struct story *s, uint32_t rule, char *buf,
		      size_t size)
{
	const struct sys_rule *r = &s->policy->rule[rule];
	char where[WHERE_TEXT];

	rule_where(r, where);
	snprintf(buf, size,
		 r->text[0] != '\0' ? "rule %s when \"%s\"" : "rule %s", where,
		 r->text);
}

/* Why it may go there, if it may. */
static void tell_allowed(struct story *s, uint32_t to, const char *pair)
{
	uint32_t rule = story_rule(s, to);
	char text[WHERE_TEXT + SYS_PATH];
	json_t *step;

	if (is_reply(s, to)) {
		story_step(s, "allow", "pass",
			   "%s: it answers what was begun the other way", pair);
		return;
	}
	if (rule == SYS_NONE) {
		story_step(s, "allow", "pass", "%s is allowed", pair);
		return;
	}
	rule_text(s, rule, text, sizeof(text));
	step = story_step(s, "allow", "pass", "%s: allow, %s", pair, text);
	json_object_set_new(step, "rule", show_rule(s->policy, rule));
}

static void tell_denied(struct story *s, uint32_t to, const char *pair)
{
	uint32_t rule = story_rule(s, to);
	char text[WHERE_TEXT + SYS_PATH];
	json_t *step;

	if (rule == SYS_NONE) {
		story_step(s, "allow", "drop", "%s: %s", pair,
			   vswitch_reason_text(REASON_DENIED));
		return;
	}
	rule_text(s, rule, text, sizeof(text));
	step = story_step(s, "allow", "drop", "%s: deny, %s", pair, text);
	json_object_set_new(step, "rule", show_rule(s->policy, rule));
}

/* Return: false if the frame stopped here. */
static bool tell_rules(struct story *s, uint32_t to, enum vswitch_reason why,
		       const char *pair)
{
	switch ((int)why) {
	case REASON_NOT_ALLOWED:
		story_step(s, "allow", "drop", "%s has no rule", pair);
		return false;
	case REASON_NO_RULE:
		story_step(s, "allow", "drop",
			   has_rules(s, to) ? "no rule of %s matches"
					    : "%s has no rule",
			   pair);
		return false;
	case REASON_NO_FLOW:
		story_step(s, "allow", "drop",
			   "%s: only answers may pass, and this answers "
			   "nothing that was begun the other way",
			   pair);
		return false;
	case REASON_DENIED:
		tell_denied(s, to, pair);
		return false;
	default:
		tell_allowed(s, to, pair);
		return true;
	}
}

static void tell_delivery(struct story *s, uint32_t to, enum vswitch_reason why,
			  const char *name)
{
	const struct policy_port *p =
		s->policy != NULL ? &s->policy->image.port[to] : NULL;

	if (why == REASON_RATE_OUT && p != NULL)
		story_step(s, "deliver", "drop",
			   "to %s: %s; it may receive %llu octets a second",
			   name, vswitch_reason_text(why),
			   (unsigned long long)p->limit_out.rate);
	else if (why != REASON_NONE)
		story_step(s, "deliver", "drop", "to %s: %s", name,
			   vswitch_reason_text(why));
	else
		story_step(s, "deliver", "pass", "to %s", name);
}

/* What the port does with tags is told only where it does something. */
static bool tell_vlan_out(struct story *s, uint32_t to, enum vswitch_reason why,
			  const char *name)
{
	uint8_t mode = s->policy != NULL ? s->policy->image.port[to].vlan_mode
					 : POLICY_VLAN_TRANSPARENT;

	if (why == REASON_VLAN_OUT) {
		story_step(s, "vlan-out", "drop",
			   "%s is not in VLAN %u, or would bring a second tag "
			   "to light",
			   name, s->v->vlan);
		return false;
	}
	if (mode != POLICY_VLAN_TRANSPARENT)
		story_step(s, "vlan-out", "pass", "%s is in VLAN %u", name,
			   s->v->vlan);
	return true;
}

void story_destination(struct story *s, uint32_t to)
{
	enum vswitch_reason why =
		(s->v->refused >> to & 1) != 0
			? (enum vswitch_reason)s->v->refusal[to]
			: REASON_NONE;
	char from[SYS_NAME], name[SYS_NAME], pair[2 * SYS_NAME + 4];

	story_name(s, s->port, from);
	story_name(s, to, name);
	snprintf(pair, sizeof(pair), "%s -> %s", from, name);
	if (!tell_vlan_out(s, to, why, name) || !tell_rules(s, to, why, pair))
		return;
	if (why == REASON_POLICY) {
		story_step(s, "policy", "drop", "%s: %s", pair,
			   vswitch_reason_text(why));
		return;
	}
	story_step(s, "policy", "pass", "%s: no further policy refuses it",
		   pair);
	tell_delivery(s, to, why, name);
}
