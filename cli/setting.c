/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Settings of a port, written as in a topology.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/control.h"
#include "cli/facts.h"
#include "cli/text.h"

/* "10, 20-29, 40"; to free(). */
static char *ranges(const json_t *list)
{
	char *all = xstrdup("");
	const json_t *e;
	size_t i;

	json_array_foreach(list, i, e) {
		long long first = json_integer_value(json_array_get(e, 0));
		long long last = json_integer_value(json_array_get(e, 1));
		char *one = xasprintf(last > first ? "%lld-%lld" : "%lld",
				      first, last);

		text_add(&all, ", ", one);
		free(one);
	}
	return all;
}

static char *vlan_value(const json_t *facts)
{
	long long vlan = json_number(facts, "untagged");
	char *list, *text;

	if (strcmp(json_member(facts, "mode"), "trunk") != 0)
		return xasprintf("access %lld", vlan);
	list = ranges(json_object_get(facts, "vlans"));
	text = vlan ? xasprintf("trunk %s native %lld", list, vlan)
		    : xasprintf("trunk %s", list);
	free(list);
	return text;
}

/* In the largest unit that gives a whole number. */
static char *limit_value(const json_t *facts)
{
	static const char *const unit[] = { "bit", "kbit", "mbit", "gbit" };
	long long rate = json_number(facts, "rate");
	unsigned int u = 0;

	for (; u < 3 && rate && rate % 1000 == 0; u++)
		rate /= 1000;
	return xasprintf("%lld%s burst %lld", rate, unit[u],
			 (long long)json_number(facts, "burst"));
}

char *setting_value(const json_t *facts)
{
	const char *action = json_member(facts, "action");

	if (json_is_true(json_object_get(facts, "off")))
		return xstrdup("off");
	if (!strcmp(action, "blocked"))
		return xasprintf("time %lld",
				 (long long)json_number(facts, "times"));
	if (!strcmp(action, "vlan"))
		return vlan_value(facts);
	if (!strcmp(action, "mac-lock"))
		return json_join(json_object_get(facts, "macs"), ", ");
	if (!strcmp(action, "ip-lock"))
		return json_join(json_object_get(facts, "prefixes"), ", ");
	if (!strcmp(action, "flood"))
		return xstrdup(json_is_true(json_object_get(facts, "on"))
				       ? "on"
				       : "off");
	if (!strcmp(action, "mac-sticky"))
		return json_text(facts, "count");
	if (!strncmp(action, "limit-", strlen("limit-")))
		return limit_value(facts);
	return xasprintf("%lld/s burst %lld",
			 (long long)json_number(facts, "rate"),
			 (long long)json_number(facts, "burst"));
}
