/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/config_rig.h"
#include "tests/unit/image_rig.h"

int scenario_find_port(const struct run *run, const char *name)
{
	for (unsigned int p = 0; p < run->n_ports; p++)
		if (strcmp(run->port[p].name, name) == 0)
			return (int)p;
	return -1;
}

unsigned int scenario_port(const struct run *run, struct words *w)
{
	const char *name = words_next(w);
	int port = scenario_find_port(run, name);

	if (port < 0)
		scenario_fail("there is no port \"%s\"", name);
	return (unsigned int)port;
}

static void copy(char *to, size_t room, const char *from)
{
	if (strlen(from) >= room)
		scenario_fail("too long");
	strcpy(to, from);
}

/* "port a b c" or "port a { options }": new ones, or other options. */
static void declare_ports(struct run *run, const char *line)
{
	char names[SCENARIO_LINE], options[SCENARIO_LINE] = "", *brace;
	struct words w;

	copy(names, sizeof(names), line);
	brace = strchr(names, '{');
	if (brace != NULL) {
		*brace = '\0';
		copy(options, sizeof(options), brace + 1);
		assert_non_null(strrchr(options, '}'));
		*strrchr(options, '}') = '\0';
	}
	words_split(&w, names);
	for (words_next(&w); words_left(&w);) {
		const char *name = words_next(&w);
		int p = scenario_find_port(run, name);

		if (p < 0)
			p = (int)run->n_ports++;
		copy(run->port[p].name, SCENARIO_NAME, name);
		copy(run->port[p].options, SCENARIO_LINE, options);
	}
}

static void declare_rule(struct run *run, const char *line)
{
	size_t n;

	if (run->stepped)
		run->rules[0] = '\0';
	run->stepped = false;
	n = strlen(run->rules);
	snprintf(run->rules + n, sizeof(run->rules) - n, "%s\n", line);
}

bool scenario_declare(struct run *run, const char *line)
{
	if (strncmp(line, "port ", 5) == 0)
		declare_ports(run, line);
	else if (strncmp(line, "allow ", 6) == 0 ||
		 strncmp(line, "deny ", 5) == 0)
		declare_rule(run, line);
	else if (strncmp(line, "switch ", 7) == 0)
		copy(run->settings, SCENARIO_LINE, line + 7);
	else
		return false;
	run->stale = true;
	return true;
}

static void write_topology(const struct run *run, FILE *f)
{
	fprintf(f, "switch sw {\n%s\n", run->settings);
	for (unsigned int p = 0; p < run->n_ports; p++)
		fprintf(f, "port %s { attach \"%s\"; buffers 16; %s }\n",
			run->port[p].name, run->port[p].name,
			run->port[p].options);
	fputs("}\ngroup every {", f);
	for (unsigned int p = 0; p < run->n_ports; p++)
		fprintf(f, " %s", run->port[p].name);
	fprintf(f, " }\n%s", run->rules);
}

static struct system *compile(const struct run *run)
{
	struct config_report report;
	struct system *sys;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	write_topology(run, f);
	fclose(f);
	sys = rig_compile(text, &report);
	if (sys == NULL)
		scenario_fail("%s", report.text);
	config_report_free(&report);
	free(text);
	return sys;
}

static void make_switch(struct run *run, const struct system *sys)
{
	const struct sys_switch *sw = &sys->pd[0].comp[0].sw;

	run->rig = rig_new(&sw->tables.fdb);
	for (unsigned int p = 0; p < sw->n_ports; p++) {
		const struct sys_switch_port *port = rig_switch_port(sys, p);
		const struct rig_options options = {
			.buffers = port->wire.capacity,
			.buffer_size = port->wire.buffer_size,
			.max_frame = port->wire.max_frame,
			.forward_reserved = port->forward_reserved,
		};

		assert_string_equal(port->name, run->port[p].name);
		rig_add(run->rig, p, &options);
	}
}

void scenario_settle(struct run *run)
{
	struct system *sys;

	if (!run->stale)
		return;
	sys = compile(run);
	if (run->rig == NULL)
		make_switch(run, sys);
	image_set(run->rig->sw, &sys->policy[0].image);
	system_free(sys);
	run->stale = false;
}
