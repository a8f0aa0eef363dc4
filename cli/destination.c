/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of a frame at each port: may it go there, which rule says so, is
 * there anything in its way; and why a flood is not offered to some at all.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/control.h"
#include "cli/decision.h"
#include "cli/facts.h"
#include "cli/text.h"

/* --- destinations -------------------------------------------------------- */

/* "sw0.a -> sw0.b: allow, rule home.conf:12 when "tcp port 443"" */
static void tell_rule(struct story *s, const char *result, const char *pair,
		      const json_t *facts)
{
	json_t *rule = rule_shown(facts), *step;
	const char *filter = json_member(rule, "filter");
	const char *action = json_member(rule, "action");
	const char *where = json_member(rule, "where");

	if (*filter)
		step = story_step(s, "allow", result,
				  "%s: %s, rule %s when \"%s\"", pair, action,
				  where, filter);
	else
		step = story_step(s, "allow", result, "%s: %s, rule %s", pair,
				  action, where);
	json_object_set_new(step, "rule", rule);
}

/* Why it may go there, if it may. */
static void tell_allowed(struct story *s, const json_t *to, const char *pair)
{
	const json_t *rule = json_object_get(to, "rule");

	if (json_is_true(json_object_get(to, "reply")))
		story_step(s, "allow", "pass",
			   "%s: it answers what was begun the other way", pair);
	else if (!rule)
		story_step(s, "allow", "pass", "%s is allowed", pair);
	else
		tell_rule(s, "pass", pair, rule);
}

static void tell_denied(struct story *s, const json_t *to, const char *pair)
{
	const json_t *rule = json_object_get(to, "rule");

	if (rule)
		tell_rule(s, "drop", pair, rule);
	else
		story_step(s, "allow", "drop", "%s: %s", pair,
			   reason_text("denied"));
}

/* Return: false if the frame stopped here. */
static bool tell_rules(struct story *s, const json_t *to, const char *why,
		       const char *pair)
{
	if (!strcmp(why, "not_allowed") ||
	    (!strcmp(why, "no_rule") && !json_number(to, "rules")))
		story_step(s, "allow", "drop", "%s has no rule", pair);
	else if (!strcmp(why, "no_rule"))
		story_step(s, "allow", "drop", "no rule of %s matches", pair);
	else if (!strcmp(why, "no_flow"))
		story_step(s, "allow", "drop",
			   "%s: only answers may pass, and this answers "
			   "nothing that was begun the other way",
			   pair);
	else if (!strcmp(why, "denied"))
		tell_denied(s, to, pair);
	else {
		tell_allowed(s, to, pair);
		return true;
	}
	return false;
}

static void tell_delivery(struct story *s, const json_t *to, const char *why,
			  const char *name)
{
	const json_t *limit = json_object_get(to, "limit_out");

	if (!strcmp(why, "rate_out") && limit)
		story_step(s, "deliver", "drop",
			   "to %s: %s; it may receive %lld octets a second",
			   name, reason_text(why),
			   (long long)json_integer_value(limit));
	else if (strcmp(why, "none") != 0)
		story_step(s, "deliver", "drop", "to %s: %s", name,
			   reason_text(why));
	else
		story_step(s, "deliver", "pass", "to %s", name);
}

/* What the port does with tags is told only where it does something. */
static bool tell_vlan_out(struct story *s, const json_t *to, const char *why,
			  const char *name)
{
	long long vlan = json_number(s->facts, "vlan");
	const char *mode = json_member(to, "vlan");

	if (!strcmp(why, "vlan_out")) {
		story_step(s, "vlan-out", "drop",
			   "%s is not in VLAN %lld, or would bring a second "
			   "tag to light",
			   name, vlan);
		return false;
	}
	if (*mode && strcmp(mode, "transparent") != 0)
		story_step(s, "vlan-out", "pass", "%s is in VLAN %lld", name,
			   vlan);
	return true;
}

void story_destination(struct story *s, const json_t *to)
{
	const char *why = json_member(to, "reason");
	const char *name = json_member(to, "port");
	char *pair = xasprintf("%s -> %s", json_member(s->facts, "port"), name);

	if (tell_vlan_out(s, to, why, name) && tell_rules(s, to, why, pair)) {
		if (!strcmp(why, "policy")) {
			story_step(s, "policy", "drop", "%s: %s", pair,
				   reason_text(why));
		} else {
			story_step(s, "policy", "pass",
				   "%s: no further policy refuses it", pair);
			tell_delivery(s, to, why, name);
		}
	}
	free(pair);
}

/* --- ports a flood is not offered to ------------------------------------- */

void story_left_out(struct story *s, const json_t *port)
{
	const char *why = json_member(port, "reason");
	const char *name = json_member(port, "port");
	long long vlan = json_number(s->facts, "vlan");
	char *text;

	if (!strcmp(why, "capture"))
		text = xasprintf("%s is a capture: it gets copies of what it "
				 "watches, and is sent nothing",
				 name);
	else if (!strcmp(why, "flood_off"))
		text = xasprintf("%s: floods of this kind do not go there",
				 name);
	else if (!strcmp(why, "not_allowed"))
		text = xasprintf("%s: no rule is about frames from %s to it",
				 name, json_member(s->facts, "port"));
	else if (!strcmp(why, "vlan_out") && !vlan)
		text = xasprintf("%s takes part in VLANs, and the frame is in "
				 "none",
				 name);
	else if (!strcmp(why, "vlan_out"))
		text = xasprintf("%s is not in VLAN %lld", name, vlan);
	else if (!strcmp(why, "port_down"))
		text = xasprintf("%s is down", name);
	else
		text = xasprintf("%s: %s", name, reason_text(why));
	story_step(s, "left-out", "skip", "%s", text);
	free(text);
}
