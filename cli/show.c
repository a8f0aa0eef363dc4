/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir show: flat lists, described below, and the system, which is a tree
 * (show_system.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/control.h"
#include "cli/show.h"
#include "cli/table.h"
#include "cli/text.h"

static const struct list lists[] = {
	{ "ports",
	  "no ports",
	  { { "PORT", "port", BOTH, false },
	    { "NO", "number", PIPE, true },
	    { "KIND", "kind", PIPE, false },
	    { "ATTACHED", "attached", BOTH, false },
	    { "STATE", "state", BOTH, false },
	    { "IN", "in_frames", BOTH, true },
	    { "IN BYTES", "in_bytes", BOTH, true },
	    { "OUT", "out_frames", BOTH, true },
	    { "OUT BYTES", "out_bytes", BOTH, true },
	    { "DROPS", "drops", BOTH, true },
	    { "FAULTS", "faults", BOTH, true },
	    { "RESTARTS", "restarts", BOTH, true },
	    { "MISSED", "mirror_missed", BOTH, true } } },
	{ "fdb",
	  "no address learned yet",
	  { { "SWITCH", "switch", BOTH, false },
	    { "ADDRESS", "mac", BOTH, false },
	    { "VLAN", "vlan", BOTH, true },
	    { "PORT", "port", BOTH, false },
	    { "AGE/s", "age", BOTH, true },
	    { "FLAGS", "flags", BOTH, false } } },
	{ "policy",
	  "nothing is allowed",
	  { { "PORT", "from", PIPE, false },
	    { "ACTION", "action", PIPE, false },
	    { "TO PORT", "to", PIPE, false },
	    { "VALUE", "value", PIPE, false },
	    { "FILTER", "filter", PIPE, false },
	    { "REPLY", "reply", PIPE, false },
	    { "FRAMES", "hits", PIPE, true },
	    { "WRITTEN AT", "where", PIPE, false },
	    { "READS/bytes", "snapshot", PIPE, true },
	    { "CHANGE", "change", PIPE, true } } },
	{ "flows",
	  "no flow",
	  { { "SWITCH", "switch", BOTH, false },
	    { "VLAN", "vlan", BOTH, true },
	    { "BEGAN AT", "from", BOTH, false },
	    { "GOES TO", "to", BOTH, false },
	    { "PROTOCOL", "protocol", BOTH, false },
	    { "SOURCE", "source", BOTH, false },
	    { "SOURCE PORT", "source_port", BOTH, true },
	    { "DESTINATION", "destination", BOTH, false },
	    { "DEST. PORT", "destination_port", BOTH, true },
	    { "STATE", "state", BOTH, false },
	    { "ENDS IN/s", "left", BOTH, true },
	    { "ALLOWED BY", "where", BOTH, false } } },
	{ "groups",
	  "no port has joined a multicast group",
	  { { "SWITCH", "switch", BOTH, false },
	    { "VLAN", "vlan", BOTH, true },
	    { "GROUP", "group", BOTH, false },
	    { "PORT", "port", BOTH, false },
	    { "KIND", "kind", BOTH, false },
	    { "LEFT/s", "left", BOTH, true } } },
	{ "drops",
	  "no frame was dropped",
	  { { "PORT", "port", BOTH, false },
	    { "REASON", "reason", BOTH, false },
	    { "SIDE", "side", BOTH, false },
	    { "FRAMES", "count", BOTH, true },
	    { "MEANING", "text", BOTH, false } } },
	{ "vms",
	  "no VMs",
	  { { "VM", "vm", BOTH, false },
	    { "PORT", "ports", BOTH, false },
	    { "STATE", "state", BOTH, false },
	    { "CARD", "nic", PIPE, false },
	    { "ADDRESS", "mac", BOTH, false },
	    { "CARRIER", "carrier", BOTH, false },
	    { "MTU", "mtu", PIPE, true },
	    { "RESTARTS", "restarts", BOTH, true },
	    { "READY/ms", "ready_ms", BOTH, true },
	    { "RX", "rx_frames", BOTH, true },
	    { "TX", "tx_frames", BOTH, true },
	    { "NO BUFFER", "rx_no_buffer", BOTH, true },
	    { "WAKE-UPS", "wakeups", BOTH, true },
	    { "SYSCALLS", "syscalls", BOTH, true },
	    { "DOORBELLS", "doorbells", BOTH, true },
	    { "INTERRUPTS", "interrupts", BOTH, true },
	    { "COPIED", "copied", PIPE, true },
	    { "EXITS", "exits", BOTH, true },
	    { "RX PASSED", "rx_passed", PIPE, true },
	    { "TX PASSED", "tx_passed", PIPE, true },
	    { "REFUSED", "refusals", BOTH, true },
	    { "KIND", "kind", PIPE, false },
	    { "CPUS", "cpus", PIPE, true },
	    { "MEMORY/MiB", "memory_mib", PIPE, true },
	    { "REBOOTS", "reboots", PIPE, true },
	    { "UPTIME/s", "uptime_s", PIPE, true } } },
	{ "disks",
	  "no disks",
	  { { "DISK", "disk", BOTH, false },
	    { "OF", "source", BOTH, false },
	    { "FOR", "user", BOTH, false },
	    { "STATE", "status", BOTH, false },
	    { "BYTES", "size", BOTH, true },
	    { "READ-ONLY", "read_only", PIPE, false },
	    { "BY", "by", BOTH, false },
	    { "READS", "reads", BOTH, true },
	    { "READ BYTES", "read_bytes", BOTH, true },
	    { "WRITES", "writes", BOTH, true },
	    { "WRITTEN BYTES", "written_bytes", BOTH, true },
	    { "FLUSHES", "flushes", BOTH, true },
	    { "FAILED", "failures", BOTH, true },
	    { "RESTARTS", "restarts", BOTH, true } } },
};

#define N_LISTS (sizeof(lists) / sizeof(lists[0]))

/* For a person, `show policy` is two tables: the settings of ports, and the
 * rules, which have a second port. */
static const struct list settings = {
	"policy",
	NULL,
	{ { "PORT", "from", BOTH, false },
	  { "SETTING", "action", BOTH, false },
	  { "VALUE", "value", BOTH, false },
	  { "CHANGE", "change", BOTH, true } },
};
static const struct list rules = {
	"policy",
	"nothing is allowed",
	{ { "FROM PORT", "from", BOTH, false },
	  { "TO PORT", "to", BOTH, false },
	  { "ACTION", "action", BOTH, false },
	  { "FRAMES THAT MATCH", "filter", BOTH, false },
	  { "REPLIES PASS", "reply", BOTH, false },
	  { "DECIDED ON", "hits", BOTH, true },
	  { "WRITTEN AT", "where", BOTH, false },
	  { "CHANGE", "change", BOTH, true },
	  { "READS/bytes", "snapshot", BOTH, true } },
};

/* So are VMs: those that are clients of ports have little in common with those
 * that drive one. */
static const struct list clients = {
	"vms",
	NULL,
	{ { "VM", "vm", BOTH, false },
	  { "PORTS", "ports", BOTH, false },
	  { "STATE", "state", BOTH, false },
	  { "CPUS", "cpus", BOTH, true },
	  { "MEMORY/MiB", "memory_mib", BOTH, true },
	  { "UPTIME/s", "uptime_s", BOTH, true },
	  { "RESTARTS", "restarts", BOTH, true },
	  { "REBOOTS", "reboots", BOTH, true },
	  { "EXITS", "exits", BOTH, true } },
};

void print_list(const struct list *list, const json_t *data, bool table)
{
	const enum where here = table ? TERMINAL : PIPE;
	const struct column *c;
	struct table t = { 0 };
	const json_t *row;
	size_t i;

	for (c = list->column; c->key; c++)
		if (c->where & here)
			table_column(&t, c->heading, c->right);
	json_array_foreach(data, i, row) {
		for (c = list->column; c->key; c++) {
			char *text;

			if (!(c->where & here))
				continue;
			text = table && strcmp(c->key, "state") == 0
				       ? json_state(row)
				       : json_text(row, c->key);
			table_cell(&t, text);
			free(text);
		}
	}
	if (t.cells || !table)
		table_print(&t, stdout, table);
	else if (list->empty)
		puts(list->empty);
	table_free(&t);
}

static void show_policy(const json_t *data)
{
	json_t *alone = json_array(), *pairs = json_array();
	json_t *row;
	size_t i;

	json_array_foreach(data, i, row)
		json_array_append(json_object_get(row, "to") ? pairs : alone,
				  row);
	json_array_foreach(pairs, i, row)
		if (!*json_member(row, "filter"))
			json_object_set_new(row, "filter", json_string("all"));
	print_list(&settings, alone, true);
	if (json_array_size(alone))
		putchar('\n');
	print_list(&rules, pairs, true);
	json_decref(alone);
	json_decref(pairs);
}

static void show_vms(const struct list *drivers, const json_t *data)
{
	json_t *of_kind[] = { json_array(), json_array() };
	bool both;
	json_t *row;
	size_t i;

	json_array_foreach(data, i, row)
		json_array_append(
			of_kind[!strcmp(json_member(row, "kind"), "client")],
			row);
	both = json_array_size(of_kind[0]) && json_array_size(of_kind[1]);
	if (!json_array_size(of_kind[1]) || both)
		print_list(drivers, of_kind[0], true);
	if (both)
		putchar('\n');
	print_list(&clients, of_kind[1], true);
	json_decref(of_kind[0]);
	json_decref(of_kind[1]);
}

static const struct list *find_list(const char *what)
{
	for (size_t i = 0; i < N_LISTS; i++)
		if (!strcmp(lists[i].what, what))
			return &lists[i];
	return NULL;
}

/* There is no such thing to show: say what there is. */
static enum cli_exit unknown(const char *what)
{
	const char *known[N_LISTS + 1] = { "system" };
	const char *meant;

	for (size_t i = 0; i < N_LISTS; i++)
		known[i + 1] = lists[i].what;
	meant = text_suggest(what, known, N_LISTS + 1);
	if (meant)
		cli_error("there is no '%s' to show; did you mean '%s'? "
			  "(ports, fdb, policy, flows, groups, drops, system, "
			  "vms, disks)",
			  what, meant);
	else
		cli_error("there is no '%s' to show; there are ports, fdb, "
			  "policy, flows, groups, drops, system, vms and disks",
			  what);
	return CLI_USAGE;
}

enum cli_exit cli_show(const struct cli_options *opt, int argc, char **argv)
{
	const struct list *list = find_list(argv[0]);
	struct control to;
	json_t *data;

	(void)argc;
	if (!list && strcmp(argv[0], "system"))
		return unknown(argv[0]);
	if (instance_find(opt->name, &to))
		return CLI_FAILED;
	data = control_show(&to, opt, argv[0]);
	if (!data)
		return CLI_FAILED;
	if (opt->json)
		json_print(data);
	else if (opt->table && !strcmp(argv[0], "policy"))
		show_policy(data);
	else if (opt->table && !strcmp(argv[0], "vms"))
		show_vms(list, data);
	else if (list)
		print_list(list, data, opt->table);
	else
		print_system(data, opt->table);
	json_decref(data);
	return CLI_OK;
}
