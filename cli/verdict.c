/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A decision as a whole: the steps, the verdict, the receivers, and the same
 * for the switches behind links.  See cli/decision.h.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/control.h"
#include "cli/decision.h"
#include "cli/facts.h"
#include "cli/text.h"

/* Why a switch on the way has not answered. */
static const char *silence_text(const char *why)
{
	if (!strcmp(why, "not_running"))
		return "is not running";
	return !strcmp(why, "refused") ? "refused to say what it would do"
				       : "does not answer";
}

/* The destinations it does not go to, with the rule that denies it. */
static json_t *refused(const json_t *facts)
{
	json_t *rows = json_array(), *row;
	const json_t *to, *rule;
	const char *why;
	size_t i;

	json_array_foreach(json_object_get(facts, "destinations"), i, to) {
		why = json_member(to, "reason");
		rule = json_object_get(to, "rule");
		if (!strcmp(why, "none"))
			continue;
		row = json_pack("{s:s, s:s}", "port", json_member(to, "port"),
				"reason", why);
		if (rule && !strcmp(why, "denied"))
			json_object_set_new(row, "rule", rule_shown(rule));
		json_array_append_new(rows, row);
	}
	return rows;
}

/* To free(). */
static char *verdict_text(const json_t *facts, const json_t *refused)
{
	const char *verdict = json_member(facts, "verdict");
	size_t n = json_array_size(json_object_get(facts, "deliver"));

	if (!strcmp(verdict, "unknown"))
		return xasprintf("%s %s", json_member(facts, "switch"),
				 silence_text(json_member(facts, "silence")));
	if (!strcmp(verdict, "drop"))
		return xasprintf("dropped: %s",
				 reason_text(json_member(facts, "reason")));
	return xasprintf("delivered to %zu of %zu ports", n,
			 n + json_array_size(refused));
}

/* A list of the facts, or an empty one. */
static json_t *list_of(const json_t *facts, const char *key)
{
	json_t *list = json_object_get(facts, key);

	return json_is_array(list) ? json_incref(list) : json_array();
}

/* What one switch says. */
static json_t *hop_shown(const json_t *facts)
{
	const char *verdict = json_member(facts, "verdict");
	json_t *rows = refused(facts), *shown;
	json_t *steps = strcmp(verdict, "unknown") != 0 ? decision_steps(facts)
							: json_array();
	char *text = verdict_text(facts, rows);

	shown = json_pack("{s:s, s:I, s:o, s:s, s:s, s:s, s:o, s:o, s:o}",
			  "port", json_member(facts, "port"), "length",
			  json_number(facts, "length"), "steps", steps,
			  "verdict", verdict, "reason",
			  json_member(facts, "reason"), "text", text, "deliver",
			  list_of(facts, "deliver"), "refused", rows,
			  "left_out", list_of(facts, "left_out"));
	free(text);
	return shown;
}

json_t *decision_shown(const json_t *facts)
{
	json_t *hops = json_array(), *shown = hop_shown(facts), *hop;
	const json_t *e;
	size_t i;

	json_array_foreach(json_object_get(facts, "hops"), i, e) {
		hop = hop_shown(e);
		json_object_set_new(hop, "via",
				    json_string(json_member(e, "via")));
		json_array_append_new(hops, hop);
	}
	json_object_set_new(shown, "hops", hops);
	json_object_set_new(shown, "arrives", list_of(facts, "arrives"));
	return shown;
}
