/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir metrics: counters and states, for Prometheus and what reads its formats.
 *
 * Every value is one that `weir show -j` has, under the same label names, so
 * nothing is counted twice and nothing is rounded.  The table below lists all
 * metrics; weir(1) promises their names.
 *
 * There are two formats, which differ in two points: in that of OpenMetrics a
 * counter's family is called without the "_total" of its samples, and "# EOF"
 * ends the text.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/control.h"
#include "cli/facts.h"
#include "cli/text.h"

enum type { GAUGE, COUNTER };

/**
 * struct metric - samples, one for each row of something shown
 * @name:   of the family; a counter's samples have "_total" behind it
 * @type:   of the family
 * @help:   of the family; NULL: it is that of the line before
 * @what:   what is shown
 * @key:    member with the value; rows without it have no sample; NULL: 1
 * @is:     the value is 1 if @key is this text, and 0 if it is another
 * @labels: members that become labels, between blanks
 * @fixed:  one more label, or NULL
 */
struct metric {
	const char *name;
	enum type type;
	const char *help;
	const char *what;
	const char *key;
	const char *is;
	const char *labels;
	const char *fixed;
};

#define IN "direction=\"in\""
#define OUT "direction=\"out\""

static const struct metric metrics[] = {
	{ "weir_port_up", GAUGE, "Whether the port is up.", "ports", "state",
	  "up", "port kind", NULL },
	{ "weir_port_state", GAUGE, "1 for the state the port is in.", "ports",
	  NULL, NULL, "port kind state", NULL },
	{ "weir_port_frames", COUNTER,
	  "Frames the switch took from the port (in) and gave to it (out).",
	  "ports", "in_frames", NULL, "port", IN },
	{ "weir_port_frames", COUNTER, NULL, "ports", "out_frames", NULL,
	  "port", OUT },
	{ "weir_port_bytes", COUNTER, "Bytes of these frames.", "ports",
	  "in_bytes", NULL, "port", IN },
	{ "weir_port_bytes", COUNTER, NULL, "ports", "out_bytes", NULL, "port",
	  OUT },
	{ "weir_port_drops", COUNTER,
	  "Frames dropped that came from the port (in) or were meant for it "
	  "(out), by reason.",
	  "drops", "count", NULL, "port reason side", NULL },
	{ "weir_port_faults", COUNTER,
	  "How often the port's peer broke the queue protocol.", "ports",
	  "faults", NULL, "port", NULL },
	{ "weir_port_restarts", COUNTER,
	  "How often the port's process or VM was started again.", "ports",
	  "restarts", NULL, "port", NULL },
	{ "weir_port_missed", COUNTER,
	  "Frames a capture has missed because it was too slow.", "ports",
	  "mirror_missed", NULL, "port", NULL },
	{ "weir_rule_frames", COUNTER, "Frames the rule has decided.", "rules",
	  "hits", NULL, "from to number action filter where", NULL },
	{ "weir_domain_state", GAUGE, "1 for the state the domain is in.",
	  "domains", NULL, NULL, "domain state", NULL },
	{ "weir_domain_restarts", COUNTER,
	  "How often the domain was started again.", "domains", "restarts",
	  NULL, "domain", NULL },
	{ "weir_domain_mapped_bytes", GAUGE,
	  "Bytes of shared memory the domain maps.", "domains", "mapped", NULL,
	  "domain", NULL },
	{ "weir_vm_state", GAUGE, "1 for the state the VM is in.", "vms", NULL,
	  NULL, "vm kind state", NULL },
	{ "weir_vm_restarts", COUNTER,
	  "How often the VM was started again after a failure.", "vms",
	  "restarts", NULL, "vm", NULL },
	{ "weir_vm_reboots", COUNTER, "How often the guest rebooted itself.",
	  "vms", "reboots", NULL, "vm", NULL },
	{ "weir_vm_exits", COUNTER,
	  "Exits to user space since the VM was started.", "vms", "exits", NULL,
	  "vm", NULL },
	{ "weir_vm_memory_mebibytes", GAUGE, "Memory of the guest.", "vms",
	  "memory_mib", NULL, "vm", NULL },
	{ "weir_vm_frames", COUNTER,
	  "Frames a driver VM has received (in) and sent (out) by its card.",
	  "vms", "rx_frames", NULL, "vm", IN },
	{ "weir_vm_frames", COUNTER, NULL, "vms", "tx_frames", NULL, "vm",
	  OUT },
	{ "weir_vm_refusals", COUNTER,
	  "Frames and buffers of a driver VM that its virtualisers refused.",
	  "vms", "refusals", NULL, "vm", NULL },
};

#define N_METRICS (sizeof(metrics) / sizeof(metrics[0]))

/* --- what is shown ------------------------------------------------------ */

/* The rules of a reply to `show policy`, each with where it is written. */
static json_t *rules_of(json_t *policy)
{
	json_t *rules = json_array(), *row;
	size_t i;

	json_array_foreach(policy, i, row) {
		json_t *shown;

		if (!json_object_get(row, "to"))
			continue;
		shown = rule_shown(row);
		json_object_update(row, shown);
		json_decref(shown);
		json_array_append(rules, row);
	}
	json_decref(policy);
	return rules;
}

/* The domains of a reply to `show system`, each with its sum of memory. */
static json_t *domains_of(json_t *system)
{
	json_t *pds = json_incref(json_object_get(system, "pds")), *pd;
	size_t i, j;

	json_array_foreach(pds, i, pd) {
		json_int_t bytes = 0;
		const json_t *map;

		json_array_foreach(json_object_get(pd, "maps"), j, map)
			bytes += json_number(map, "size");
		json_object_set(pd, "domain", json_object_get(pd, "name"));
		json_object_set_new(pd, "mapped", json_integer(bytes));
	}
	json_decref(system);
	return pds;
}

/* Return: false after saying what is wrong. */
static bool add(json_t *all, const struct control *to,
		const struct cli_options *opt, const char *what,
		json_t *(*rows_of)(json_t *data), const char *as)
{
	json_t *data = control_ask(
		to, opt, json_pack("{s:s, s:s}", "cmd", "show", "what", what));

	if (!data)
		return false;
	json_object_set_new(all, as, rows_of ? rows_of(data) : data);
	return true;
}

/* Rows by what is shown; NULL after saying what is wrong. */
static json_t *ask_all(const struct control *to, const struct cli_options *opt)
{
	json_t *all = json_object();

	if (add(all, to, opt, "ports", NULL, "ports") &&
	    add(all, to, opt, "drops", NULL, "drops") &&
	    add(all, to, opt, "policy", rules_of, "rules") &&
	    add(all, to, opt, "system", domains_of, "domains") &&
	    add(all, to, opt, "vms", NULL, "vms"))
		return all;
	json_decref(all);
	return NULL;
}

/* --- printing ----------------------------------------------------------- */

static void print_label(const char *before, const char *key, const char *value)
{
	char *safe = text_safe(value, "");

	printf("%s%s=\"", before, key);
	for (const char *c = safe; *c; c++)
		printf(*c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
	putchar('"');
	free(safe);
}

static void print_sample(const struct metric *m, const char *instance,
			 const json_t *row, json_int_t value)
{
	const char *label = m->labels;

	printf("%s%s", m->name, m->type == COUNTER ? "_total" : "");
	print_label("{", "name", instance);
	while (*label) {
		size_t n = strcspn(label, " ");
		char *key = xasprintf("%.*s", (int)n, label);
		char *text = json_text(row, key);

		print_label(",", key, text);
		free(text);
		free(key);
		label += n + (label[n] == ' ');
	}
	if (m->fixed)
		printf(",%s", m->fixed);
	printf("} %lld\n", (long long)value);
}

static void print_rows(const struct metric *m, const char *instance,
		       const json_t *rows)
{
	const json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		if (!m->key)
			print_sample(m, instance, row, 1);
		else if (m->is)
			print_sample(m, instance, row,
				     !strcmp(json_member(row, m->key), m->is));
		else if (json_is_integer(json_object_get(row, m->key)))
			print_sample(m, instance, row,
				     json_number(row, m->key));
	}
}

static void print_family(const struct metric *m, bool openmetrics)
{
	const char *suffix = m->type == COUNTER && !openmetrics ? "_total" : "";

	printf("# HELP %s%s %s\n", m->name, suffix, m->help);
	printf("# TYPE %s%s %s\n", m->name, suffix,
	       m->type == COUNTER ? "counter" : "gauge");
}

enum cli_exit cli_metrics(const struct cli_options *opt, int argc, char **argv)
{
	struct control to;
	json_t *all;

	(void)argc;
	(void)argv;
	if (instance_find(opt->name, &to))
		return CLI_FAILED;
	all = ask_all(&to, opt);
	if (!all)
		return CLI_FAILED;
	for (const struct metric *m = metrics; m < metrics + N_METRICS; m++) {
		if (m->help)
			print_family(m, opt->openmetrics);
		print_rows(m, to.name, json_object_get(all, m->what));
	}
	if (opt->openmetrics)
		puts("# EOF");
	json_decref(all);
	return CLI_OK;
}
