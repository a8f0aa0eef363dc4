/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir show system: the domains, then who maps which region.
 *
 * For a program both lists come in one stream of lines whose first column says
 * which: "pd", with what the domain is, and "map", with one region that a
 * domain maps.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/control.h"
#include "cli/facts.h"
#include "cli/show.h"
#include "cli/text.h"

static const struct list domains = {
	"pd",
	NULL,
	{ { "", "line", PIPE, false },
	  { "DOMAIN", "name", BOTH, false },
	  { "PID", "pid", BOTH, true },
	  { "STATE", "state", BOTH, false },
	  { "RESTARTS", "restarts", BOTH, true },
	  { "POLL/us", "poll_us", BOTH, true },
	  { "CHANNELS", "n_channels", BOTH, true },
	  { "REGIONS", "n_maps", BOTH, true },
	  { "BYTES", "mapped", BOTH, true },
	  { "COMPONENTS", "parts", BOTH, false },
	  { "CPUS", "cpus", BOTH, false } },
};
static const struct list maps = {
	"map",
	NULL,
	{ { "", "line", PIPE, false },
	  { "", "domain", PIPE, false },
	  { "", "region", PIPE, false },
	  { "", "perms", PIPE, false },
	  { "", "size", PIPE, true } },
};
static const struct list regions = {
	"region",
	NULL,
	{ { "REGION", "name", TERMINAL, false },
	  { "BYTES", "size", TERMINAL, true },
	  { "MAPPED BY", "by", TERMINAL, false } },
};

static void set_text(json_t *row, const char *key, char *text)
{
	json_object_set_new(row, key, json_string(text));
	free(text);
}

static void set_size(json_t *row, const char *key, const json_t *list)
{
	json_object_set_new(row, key,
			    json_integer((json_int_t)json_array_size(list)));
}

/* Add to a domain what its line says and the reply does not. */
static void sum_up(json_t *pd)
{
	const json_t *mapped = json_object_get(pd, "maps"), *map;
	json_int_t bytes = 0;
	size_t i;

	json_array_foreach(mapped, i, map)
		bytes += json_number(map, "size");
	json_object_set_new(pd, "line", json_string("pd"));
	set_size(pd, "n_channels", json_object_get(pd, "channels"));
	set_size(pd, "n_maps", mapped);
	json_object_set_new(pd, "mapped", json_integer(bytes));
	set_text(pd, "parts",
		 json_join(json_object_get(pd, "components"), ","));
}

/* A line for each region that a domain maps. */
static json_t *all_maps(const json_t *pds)
{
	json_t *rows = json_array(), *map;
	const json_t *pd;
	size_t i, j;

	json_array_foreach(pds, i, pd) {
		json_array_foreach(json_object_get(pd, "maps"), j, map) {
			json_object_set_new(map, "line", json_string("map"));
			json_object_set(map, "domain",
					json_object_get(pd, "name"));
			json_array_append(rows, map);
		}
	}
	return rows;
}

/* "sw0:r sw0.alice:rw" */
static char *mapped_by(const json_t *mapped, const char *region)
{
	char *all = xstrdup("");
	const json_t *map;
	size_t i;

	json_array_foreach(mapped, i, map) {
		char *one;

		if (strcmp(json_member(map, "region"), region))
			continue;
		one = xasprintf("%s:%s", json_member(map, "domain"),
				json_member(map, "perms"));
		text_add(&all, " ", one);
		free(one);
	}
	return all;
}

void print_system(const json_t *data, bool table)
{
	const json_t *pds = json_object_get(data, "pds");
	json_t *mapped = all_maps(pds), *row;
	size_t i;

	json_array_foreach(pds, i, row)
		sum_up(row);
	if (table) {
		text_print(stdout, json_member(data, "name"), "");
		printf(", monitor %lld\n\n",
		       (long long)json_number(data, "pid"));
	}
	print_list(&domains, pds, table);
	if (!table)
		print_list(&maps, mapped, false);
	else
		putchar('\n');
	json_array_foreach(json_object_get(data, "regions"), i, row)
		set_text(row, "by",
			 mapped_by(mapped, json_member(row, "name")));
	if (table)
		print_list(&regions, json_object_get(data, "regions"), true);
	json_decref(mapped);
}
