/* SPDX-License-Identifier: BSD-2-Clause */
/* See top.h. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/control.h"
#include "cli/facts.h"
#include "cli/text.h"
#include "cli/top.h"

/* --- finding a row of the look before ----------------------------------- */

/* Whether two rows agree in these members, between blanks. */
static bool same(const json_t *a, const json_t *b, const char *keys)
{
	while (*keys) {
		size_t n = strcspn(keys, " ");

		if (!json_equal(json_object_getn(a, keys, n),
				json_object_getn(b, keys, n)))
			return false;
		keys += n + (keys[n] == ' ');
	}
	return true;
}

/*
 * Rows hardly ever change their places, so looking at the same place first
 * makes this one step.
 */
static const json_t *find(const json_t *rows, size_t place, const json_t *like,
			  const char *keys)
{
	const json_t *row = json_array_get(rows, place);
	size_t i;

	if (row && same(row, like, keys))
		return row;
	json_array_foreach(rows, i, row)
		if (same(row, like, keys))
			return row;
	return NULL;
}

/* What a counter grew by.  One that is smaller than before started again. */
static json_int_t growth(const json_t *before, const json_t *now,
			 const char *key)
{
	json_int_t n = json_number(now, key), was = json_number(before, key);

	return n < was ? n : n - was;
}

static json_int_t a_second(json_int_t n, const struct top_look *before,
			   const struct top_look *now)
{
	int64_t ms = now->at_ms - before->at_ms;

	return (json_int_t)((double)n * 1000 / (double)(ms > 0 ? ms : 1) + 0.5);
}

/* --- ports -------------------------------------------------------------- */

/* The reason for most of a port's new drops, or "". */
static const char *main_reason(const struct top_look *before,
			       const struct top_look *now, const json_t *port)
{
	const char *reason = "";
	json_int_t most = 0;
	const json_t *drop;
	size_t i;

	json_array_foreach(now->drops, i, drop) {
		json_int_t n;

		if (!same(drop, port, "port"))
			continue;
		n = growth(find(before->drops, i, drop, "port reason side"),
			   drop, "count");
		if (n > most) {
			most = n;
			reason = json_member(drop, "reason");
		}
	}
	return reason;
}

json_t *top_ports(const struct top_look *before, const struct top_look *now)
{
	static const struct {
		const char *key;
		const char *counter;
		json_int_t times;
	} rates[] = {
		{ "in", "in_frames", 1 },   { "in_bits", "in_bytes", 8 },
		{ "out", "out_frames", 1 }, { "out_bits", "out_bytes", 8 },
		{ "drops", "drops", 1 },
	};
	json_t *rows = json_array();
	const json_t *port;
	size_t i;

	json_array_foreach(now->ports, i, port) {
		const json_t *was = find(before->ports, i, port, "port");
		char *state = json_state(port);
		json_t *row = json_pack("{s:O, s:s, s:s}", "port",
					json_object_get(port, "port"), "state",
					state, "why",
					main_reason(before, now, port));

		for (size_t k = 0; k < sizeof(rates) / sizeof(rates[0]); k++) {
			json_int_t n = growth(was ? was : port, port,
					      rates[k].counter);

			json_object_set_new(
				row, rates[k].key,
				json_integer(a_second(n * rates[k].times,
						      before, now)));
		}
		json_array_append_new(rows, row);
		free(state);
	}
	return rows;
}

/* --- rules -------------------------------------------------------------- */

json_t *top_rules(const struct top_look *before, const struct top_look *now)
{
	static const char same_rule[] = "from to action filter reply where";
	json_t *rows = json_array();
	const json_t *rule;
	size_t i;

	json_array_foreach(now->policy, i, rule) {
		const json_t *was;
		const char *filter = json_member(rule, "filter");
		json_int_t n;
		char *text;

		if (!json_is_integer(json_object_get(rule, "hits")))
			continue;
		was = find(before->policy, i, rule, same_rule);
		n = growth(was ? was : rule, rule, "hits");
		text = xasprintf("%s %s", json_member(rule, "action"),
				 *filter ? filter : "all");
		json_array_append_new(
			rows,
			json_pack("{s:O, s:O, s:s, s:O, s:I}", "from",
				  json_object_get(rule, "from"), "to",
				  json_object_get(rule, "to"), "rule", text,
				  "where", json_object_get(rule, "where"),
				  "frames", a_second(n, before, now)));
		free(text);
	}
	return rows;
}

/* --- order, numbers ----------------------------------------------------- */

/* A row and its place before. */
struct place {
	json_t *row;
	size_t place;
};

static int compare(const void *a, const void *b, void *key)
{
	const struct place *p = a, *q = b;
	json_int_t n = json_number(p->row, key), m = json_number(q->row, key);
	int by_text =
		strcmp(json_member(p->row, key), json_member(q->row, key));

	if (n != m)
		return n > m ? -1 : 1;
	if (by_text)
		return by_text;
	return p->place < q->place ? -1 : 1;
}

json_t *top_sort(const json_t *rows, const char *key)
{
	size_t n = json_array_size(rows);
	struct place *all = xrealloc(NULL, (n + 1) * sizeof(*all));
	char *by = xstrdup(key);
	json_t *sorted = json_array();

	for (size_t i = 0; i < n; i++)
		all[i] = (struct place){ json_array_get(rows, i), i };
	qsort_r(all, n, sizeof(*all), compare, by);
	for (size_t i = 0; i < n; i++)
		json_array_append(sorted, all[i].row);
	free(by);
	free(all);
	return sorted;
}

char *top_number(json_int_t n)
{
	static const char *const unit[] = { "", "k", "M", "G", "T", "P", "E" };
	unsigned int u = 0;
	long long tenths = 0;

	/* Rounded down, so that 999,999 does not become "1000k". */
	for (; n >= 1000; n /= 1000, u++)
		tenths = n % 1000 / 100;
	if (u > 0 && n < 10)
		return xasprintf("%lld.%lld%s", (long long)n, tenths, unit[u]);
	return xasprintf("%lld%s", (long long)n, unit[u]);
}
