/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "base/reason.h"
#include "cli/control.h"
#include "cli/facts.h"
#include "cli/text.h"
#include "virt/blk_table.h"
#include "virt/net_virt.h"
#include "vmm/linux/outside.h"

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

/* A port's PD, outside the switch, has reasons of its own. */
static const char *drop_text(const char *key)
{
#define OUTSIDE_TEXT(symbol, name, side, text)                                 \
	if (!strcmp(key, #name))                                               \
		return text;
	OUTSIDE_DROPS(OUTSIDE_TEXT)
#undef OUTSIDE_TEXT
	return reason_text(key);
}

static const char *refusal_text(const char *key)
{
	unsigned int r = 0;

	while (r < NET_VIRT_REASON_COUNT &&
	       strcmp(net_virt_reason_key((enum net_virt_reason)r), key) != 0)
		r++;
	return net_virt_reason_text((enum net_virt_reason)r);
}

/* The line of a rule, "(runtime)" if made by command, "" without a rule. */
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

/* --- show policy -------------------------------------------------------- */

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

static char *member(const void *facts, const char *key)
{
	return json_text(facts, key);
}

/* What a port's setting is set to, written as in a topology; to free(). */
static char *setting_value(const json_t *facts)
{
	static const struct {
		const char *action;
		const char *value;
	} plain[] = {
		{ "blocked", "time {times}" },
		{ "mac-lock", "{macs}" },
		{ "ip-lock", "{prefixes}" },
		{ "mac-sticky", "{count}" },
	};
	const char *action = json_member(facts, "action");

	if (json_is_true(json_object_get(facts, "off")))
		return xstrdup("off");
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		if (!strcmp(action, plain[i].action))
			return text_fill(plain[i].value, member, facts);
	if (!strcmp(action, "vlan"))
		return vlan_value(facts);
	if (!strcmp(action, "flood"))
		return xstrdup(json_is_true(json_object_get(facts, "on"))
				       ? "on"
				       : "off");
	if (!strncmp(action, "limit-", strlen("limit-")))
		return limit_value(facts);
	return text_fill("{rate}/s burst {burst}", member, facts);
}

/* Copy members, between blanks in @keys, that are there. */
static void take(json_t *to, const json_t *from, const char *keys)
{
	while (*keys) {
		size_t n = strcspn(keys, " ");
		json_t *member = json_object_getn(from, keys, n);

		if (member)
			json_object_setn(to, keys, n, member);
		keys += n + (keys[n] == ' ');
	}
}

static json_t *policy_row(json_t *facts)
{
	json_t *row = json_object(), *more;
	char *value;

	take(row, facts, "from to action");
	if (json_object_get(facts, "to")) {
		more = rule_shown(facts);
		json_object_update(row, more);
		json_decref(more);
		take(row, facts, "hits change");
		return row;
	}
	value = setting_value(facts);
	json_object_set_new(row, "value", json_string(value));
	free(value);
	take(row, facts, "change");
	more = json_array_get(json_object_get(facts, "macs"), 0);
	if (more)
		json_object_set(row, "mac", more);
	take(row, facts, "rate burst");
	return row;
}

/* --- show flows, drops, vms, disks -------------------------------------- */

/* These are shown as they are, with words added. */

static json_t *flow_row(json_t *facts)
{
	char *text = where(json_object_get(facts, "rule"));

	json_object_del(facts, "rule");
	json_object_set_new(facts, "where", json_string(text));
	free(text);
	return json_incref(facts);
}

static json_t *drop_row(json_t *facts)
{
	const char *text = drop_text(json_member(facts, "reason"));

	json_object_set_new(facts, "text", json_string(text));
	return json_incref(facts);
}

static const char *path_text(const char *path)
{
	static const struct {
		const char *path, *text;
	} table[] = {
		{ "packet", ", by AF_PACKET" },
		{ "xdp", ", by AF_XDP" },
		{ "xdp_generic", ", by AF_XDP (generic)" },
		{ "xdp_zerocopy", ", by AF_XDP (zero-copy)" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(path, table[i].path) == 0)
			return table[i].text;
	return "";
}

/* An interface that has another name than when it was opened, and its path. */
static json_t *port_row(json_t *facts)
{
	const char *interface = json_member(facts, "interface");
	char *text = xasprintf("%s%s%s%s", json_member(facts, "attached"),
			       *interface ? ", now " : "", interface,
			       path_text(json_member(facts, "path")));

	json_object_set_new(facts, "attached", json_string(text));
	free(text);
	return json_incref(facts);
}

static json_t *vm_row(json_t *facts)
{
	json_t *refused;
	size_t i;

	json_array_foreach(json_object_get(facts, "refused"), i, refused)
		json_object_set_new(refused, "text",
				    json_string(refusal_text(
					    json_member(refused, "reason"))));
	return json_incref(facts);
}

static const char *failure_text(const char *reason)
{
	static const struct {
		const char *reason, *text;
	} table[] = {
		{ "bad_request", "parts of impossible lengths" },
		{ "bad_range", "beyond the end of the disk, or too much" },
		{ "read_only", "a write to a disk that is read-only" },
		{ "bad_kind", "a kind of request that was not offered" },
		{ "disk_error", "the file or the device failed" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(reason, table[i].reason) == 0)
			return table[i].text;
	return "";
}

/* "data.img partition 2", "store partition root" */
static char *disk_source(const json_t *facts)
{
	const json_t *part = json_object_get(facts, "partition");
	const char *file = json_member(facts, "file");
	const char *whole = *file ? file : json_member(facts, "store");

	if (json_is_integer(part))
		return xasprintf("%s partition %lld", whole,
				 (long long)json_integer_value(part));
	return xasprintf("%s%s%s", whole,
			 json_is_string(part) ? " partition " : "",
			 json_is_string(part) ? json_string_value(part) : "");
}

static const char *part_text(const char *key)
{
	unsigned int r = 0;

	while (r < BLK_PART_REASON_COUNT &&
	       strcmp(blk_part_reason_key((enum blk_part_reason)r), key) != 0)
		r++;
	return blk_part_reason_text((enum blk_part_reason)r);
}

/* Its process runs, but is there a disk? */
static char *disk_status(const json_t *facts)
{
	const json_t *part = json_object_get(facts, "part");

	if (strcmp(json_member(part, "state"), "refused") == 0)
		return xasprintf("no disk: its partition: %s",
				 part_text(json_member(part, "reason")));
	if (strcmp(json_member(part, "state"), "waiting") == 0)
		return xasprintf("waits for its driver VM");
	return xasprintf("%s", json_member(facts, "state"));
}

static json_t *disk_row(json_t *facts)
{
	char *status = disk_status(facts);
	const char *vm = json_member(facts, "vm");
	char *source = disk_source(facts);
	char *user =
		*vm ? xasprintf("vm %s", vm)
		    : xasprintf("vhost-user %s", json_member(facts, "socket"));
	json_t *failed;
	size_t i;

	json_object_set_new(facts, "source", json_string(source));
	json_object_set_new(facts, "user", json_string(user));
	json_object_set_new(facts, "status", json_string(status));
	free(source);
	free(user);
	free(status);
	json_array_foreach(json_object_get(facts, "failed"), i, failed)
		json_object_set_new(failed, "text",
				    json_string(failure_text(
					    json_member(failed, "reason"))));
	return json_incref(facts);
}

/* --- all ---------------------------------------------------------------- */

json_t *facts_shown(const char *what, json_t *data)
{
	static const struct {
		const char *what;
		json_t *(*row)(json_t *facts);
	} table[] = {
		{ "policy", policy_row }, { "ports", port_row },
		{ "flows", flow_row },	  { "drops", drop_row },
		{ "vms", vm_row },	  { "disks", disk_row },
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
