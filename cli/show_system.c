/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir show system: a list of domains, then for each region who maps it.
 *
 * For a program both lists come in one stream of lines whose first column says
 * which: "pd", with what the domain is, and "map", with one region a domain
 * maps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/control.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/text.h"

/* Members that are text, with commas between. */
static char *join_texts(const json_t *array)
{
	char *all = xstrdup("");
	const json_t *e;
	size_t i;

	json_array_foreach(array, i, e) {
		const char *text = json_string_value(e);
		char *more = xasprintf("%s%s%s", all, *all ? "," : "",
				       text ? text : "");

		free(all);
		all = more;
	}
	return all;
}

/* A cell from a member of an object. */
static void cell_of(struct table *t, const json_t *object, const char *key,
		    bool tty)
{
	char *text = tty && strcmp(key, "state") == 0 ? json_state(object)
						      : json_text(object, key);

	table_cell(t, text);
	free(text);
}

static void cell_number(struct table *t, long long number)
{
	char *text = xasprintf("%lld", number);

	table_cell(t, text);
	free(text);
}

/* Octets a domain maps. */
static long long mapped(const json_t *pd)
{
	const json_t *map;
	long long sum = 0;
	size_t i;

	json_array_foreach(json_object_get(pd, "maps"), i, map)
		sum += json_integer_value(json_object_get(map, "size"));
	return sum;
}

/* All columns of a domain but the first of a program's line. */
static void pd_row(struct table *t, const json_t *pd, bool tty)
{
	static const char *const direct[] = { "name", "pid", "state",
					      "restarts", "poll_us" };
	char *comps = join_texts(json_object_get(pd, "components"));

	for (size_t i = 0; i < sizeof(direct) / sizeof(direct[0]); i++)
		cell_of(t, pd, direct[i], tty);
	cell_number(
		t, (long long)json_array_size(json_object_get(pd, "channels")));
	cell_number(t, (long long)json_array_size(json_object_get(pd, "maps")));
	cell_number(t, mapped(pd));
	table_cell(t, comps);
	free(comps);
}

/* The domains; for a program each line begins with "pd". */
static void print_pds(const json_t *pds, bool tty)
{
	struct table t = { 0 };
	const json_t *pd;
	size_t i;

	if (!tty)
		table_column(&t, "", false);
	table_column(&t, "DOMAIN", false);
	table_column(&t, "PID", true);
	table_column(&t, "STATE", false);
	table_column(&t, "RESTARTS", true);
	table_column(&t, "POLL/us", true);
	table_column(&t, "CHANNELS", true);
	table_column(&t, "REGIONS", true);
	table_column(&t, "OCTETS", true);
	table_column(&t, "COMPONENTS", false);
	json_array_foreach(pds, i, pd) {
		if (!tty)
			table_cell(&t, "pd");
		pd_row(&t, pd, tty);
	}
	table_print(&t, stdout, tty);
	table_free(&t);
}

/* For a program: one line per (domain, region). */
static void print_maps(const json_t *pds)
{
	static const char *const direct[] = { "region", "perms", "size" };
	struct table t = { 0 };
	const json_t *pd, *map;
	size_t i, j;

	for (i = 0; i < 5; i++)
		table_column(&t, "", false);
	json_array_foreach(pds, i, pd) {
		json_array_foreach(json_object_get(pd, "maps"), j, map) {
			table_cell(&t, "map");
			cell_of(&t, pd, "name", false);
			for (size_t k = 0; k < 3; k++)
				cell_of(&t, map, direct[k], false);
		}
	}
	table_print(&t, stdout, false);
	table_free(&t);
}

/* "sw0:r sw0.alice:rw" */
static char *mapped_by(const json_t *pds, const char *region)
{
	char *all = xstrdup("");
	const json_t *pd, *map;
	size_t i, j;

	json_array_foreach(pds, i, pd) {
		json_array_foreach(json_object_get(pd, "maps"), j, map) {
			char *more;

			if (strcmp(json_member(map, "region"), region))
				continue;
			more = xasprintf("%s%s%s:%s", all, *all ? " " : "",
					 json_member(pd, "name"),
					 json_member(map, "perms"));
			free(all);
			all = more;
		}
	}
	return all;
}

/* For a person: one line per region. */
static void print_regions(const json_t *data)
{
	const json_t *pds = json_object_get(data, "pds");
	struct table t = { 0 };
	const json_t *region;
	size_t i;

	table_column(&t, "REGION", false);
	table_column(&t, "OCTETS", true);
	table_column(&t, "MAPPED BY", false);
	json_array_foreach(json_object_get(data, "regions"), i, region) {
		char *by = mapped_by(pds, json_member(region, "name"));

		cell_of(&t, region, "name", false);
		cell_of(&t, region, "size", false);
		table_cell(&t, by);
		free(by);
	}
	table_print(&t, stdout, true);
	table_free(&t);
}

void print_system(const json_t *data, bool tty)
{
	const json_t *pds = json_object_get(data, "pds");
	char *pid = json_text(data, "pid");

	if (tty) {
		text_print(stdout, json_member(data, "name"), "");
		printf(", monitor %s\n\n", pid);
	}
	print_pds(pds, tty);
	if (tty) {
		putchar('\n');
		print_regions(data);
	} else {
		print_maps(pds);
	}
	free(pid);
}
