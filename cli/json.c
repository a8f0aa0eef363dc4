/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading replies, and printing them for programs.
 *
 * A reply may be anything: a member that is missing or of another type reads
 * as "".  Nothing here can fail.
 */
#include <stdio.h>

#include "cli/control.h"
#include "cli/text.h"

const char *json_member(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

char *json_join(const json_t *list, const char *between)
{
	char *all = xstrdup("");
	const json_t *e;
	size_t i;

	json_array_foreach(list, i, e)
		if (json_is_string(e))
			text_add(&all, between, json_string_value(e));
	return all;
}

char *json_text(const json_t *object, const char *key)
{
	const json_t *member = json_object_get(object, key);

	if (json_is_integer(member))
		return xasprintf("%lld", (long long)json_integer_value(member));
	if (json_is_boolean(member))
		return xstrdup(json_is_true(member) ? "yes" : "no");
	if (json_is_array(member))
		return json_join(member, ", ");
	return xstrdup(json_member(object, key));
}

char *json_state(const json_t *object)
{
	json_int_t ms = json_integer_value(json_object_get(object, "again_ms"));

	if (ms <= 0)
		return json_text(object, "state");
	return xasprintf("%s, %lld s", json_member(object, "state"),
			 (long long)(ms / 1000 + (ms % 1000 != 0)));
}

/* DEL is the one control character that jansson does not escape. */
static int print_some(const char *text, size_t n, void *arg)
{
	for (size_t i = 0; i < n; i++) {
		if (text[i] == 0x7f)
			fputs("\\u007f", arg);
		else
			fputc(text[i], arg);
	}
	return 0;
}

void json_print(const json_t *data)
{
	json_dump_callback(data, print_some, stdout,
			   JSON_INDENT(2) | JSON_ENSURE_ASCII);
	fputc('\n', stdout);
}
