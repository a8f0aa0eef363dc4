/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/reason.h"
#include "cli/control.h"
#include "cli/facts.h"
#include "cli/text.h"

json_int_t json_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

const char *reason_text(const char *key)
{
	unsigned int r = 0;

	while (r < REASON_COUNT &&
	       strcmp(vswitch_reason_key((enum vswitch_reason)r), key) != 0)
		r++;
	return vswitch_reason_text((enum vswitch_reason)r);
}

/* A line of a file, or "(runtime)": lines of what was said by command count what
 * was said before, and tell nobody anything.  Without a rule: "". */
static char *where(const json_t *rule)
{
	const json_t *file = json_object_get(rule, "file");

	if (!json_object_get(rule, "number"))
		return xstrdup("");
	if (!json_is_string(file))
		return xstrdup("(runtime)");
	return xasprintf("%s:%lld", json_string_value(file),
			 (long long)json_number(rule, "line"));
}

json_t *rule_shown(const json_t *facts)
{
	json_t *snapshot = json_object_get(facts, "snapshot");
	char *text = where(facts);
	json_t *rule = json_pack("{s:s, s:s, s:b, s:s}", "action",
				 json_member(facts, "action"), "filter",
				 json_member(facts, "filter"), "reply",
				 json_is_true(json_object_get(facts, "reply")),
				 "where", text);

	if (snapshot)
		json_object_set(rule, "snapshot", snapshot);
	free(text);
	return rule;
}

/* --- show policy -------------------------------------------------------------- */

/* Members a row has in any case, in their order; then what it has besides. */
static void take(json_t *to, const json_t *from, const char *key)
{
	json_t *member = json_object_get(from, key);

	if (member)
		json_object_set(to, key, member);
}

static json_t *policy_row(const json_t *facts)
{
	json_t *row, *rule;

	if (!json_object_get(facts, "to"))
		return json_incref((json_t *)facts);
	row = json_object();
	rule = rule_shown(facts);
	take(row, facts, "from");
	take(row, facts, "to");
	json_object_update(row, rule);
	take(row, facts, "hits");
	take(row, facts, "change");
	json_decref(rule);
	return row;
}

/* --- all ------------------------------------------------------------------------ */

json_t *facts_shown(const char *what, json_t *data)
{
	static const struct {
		const char *what;
		json_t *(*row)(const json_t *facts);
	} table[] = {
		{ "policy", policy_row },
	};
	json_t *rows, *row;
	size_t i, t = 0;

	while (t < sizeof(table) / sizeof(table[0]) &&
	       strcmp(what, table[t].what) != 0)
		t++;
	if (t == sizeof(table) / sizeof(table[0]) || !json_is_array(data))
		return data;
	rows = json_array();
	json_array_foreach(data, i, row)
		json_array_append_new(rows, table[t].row(row));
	json_decref(data);
	return rows;
}
