/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar's actions for topology, switch, link and domain; those for rules
 * are in config/actions_rules.c, those for ports in config/actions_port.c.
 */
#include "config/lang/parser.h"

#include <inttypes.h>

#include "config/lang/parser.tab.h"
#include "config/lang/value.h"

static const struct unit seconds[] = {
	{ "s", 1 }, { "m", 60 }, { "h", 3600 }, { NULL, 0 }
};
static const struct unit microseconds[] = { { "us", 1 },
					    { "ms", 1000 },
					    { NULL, 0 } };

/* IEEE 802.1Q table 8-6 allows an ageing time of up to a million seconds. */
#define MAX_AGEING 1000000u
/* Longer than the time slice of any scheduler: no latency is left to win. */
#define MAX_POLL 100000u
#define DEFAULT_ENTRIES 4096u
#define DEFAULT_AGEING 300u
#define DEFAULT_FLOWS 4096u

bool option_once(struct parser *p, struct option *o, struct pos at,
		 const char *what)
{
	if (o->set) {
		report_error(p->report, at,
			     "\"%s\" is here twice; the first is in %s: take "
			     "one of the two out",
			     what, report_place(p->report, at, o->pos));
		return false;
	}
	o->set = true;
	o->pos = at;
	return true;
}

/* --- topology ------------------------------------------------------------ */

void on_macro(struct parser *p, const struct token *name,
	      const struct token *value)
{
	struct name *n = take(p, name);

	if (!refuse_runtime(p, n->pos) &&
	    value_identifier(p->report, n, "macro"))
		source_define(p->source, n->text, n->pos, value);
}

void on_include(struct parser *p, const struct name *path)
{
	/* What cannot be read may be where the names are that will be missed. */
	if (refuse_runtime(p, path->pos) ||
	    !value_path(p->report, path, SYS_PATH - 1, "weir") ||
	    !source_include(p->source, path->text, path->pos))
		p->t->broken = true;
}

void on_switch(struct parser *p, const struct name *name)
{
	struct topo_switch *sw = arena_alloc(p->arena, sizeof(*sw));

	sw->name = *name;
	sw->fdb.value = DEFAULT_ENTRIES;
	sw->ageing.value = DEFAULT_AGEING;
	sw->flows.value = DEFAULT_FLOWS;
	if (!value_identifier(p->report, name, "switch")) {
		sw->name.text = NULL;
		p->t->broken = true;
	}
	if (!refuse_runtime(p, name->pos))
		topo_append(p->t->switches, sw);
	p->sw = sw;
}

void on_link(struct parser *p, struct pos at, struct name *a, struct name *b)
{
	struct topo_link *link = arena_alloc(p->arena, sizeof(*link));

	link->pos = at;
	link->end[0] = a;
	link->end[1] = b;
	p->link = link;
	if (!refuse_runtime(p, at))
		topo_append(p->t->links, link);
}

void on_domain(struct parser *p, const struct name *name)
{
	struct topo_domain *domain = arena_alloc(p->arena, sizeof(*domain));

	domain->name = *name;
	if (!value_identifier(p->report, name, "domain"))
		domain->name.text = NULL;
	domain->pd = SYS_NONE;
	if (!refuse_runtime(p, name->pos))
		topo_append(p->t->domains, domain);
	p->domain = domain;
}

/* --- switch -------------------------------------------------------------- */

void on_fdb(struct parser *p, struct pos at, const struct name *entries)
{
	if (option_once(p, &p->sw->fdb, at, "fdb") && entries)
		value_number(p->report, entries, "a table size", "entries", 1,
			     FDB_MAX_CAPACITY, &p->sw->fdb.value);
}

/* Once a word of the language. */
void on_linear(struct parser *p, struct pos at, const struct name *entries)
{
	(void)entries;
	report_error(p->report, at,
		     "the kind of table is chosen when weir is built (make "
		     "FDB=linear); write fdb ENTRIES");
}

void on_ageing(struct parser *p, struct pos at, const struct name *time)
{
	if (!option_once(p, &p->sw->ageing, at, "ageing"))
		return;
	value_with_unit(p->report, time, "an ageing time", seconds,
			"seconds, minutes or hours, from 1s to 1000000s: 300s, "
			"5m, 1h",
			1, MAX_AGEING, &p->sw->ageing.value);
}

void on_port(struct parser *p, const struct name *name)
{
	p->port = topo_add_port(p->t, p->sw, name);
	if (!value_identifier(p->report, name, "port")) {
		p->port->name.text = NULL;
		p->sw->broken = true;
	}
}

/* --- domain -------------------------------------------------------------- */

void on_member(struct parser *p, struct name *member)
{
	names_add(p->group ? &p->group->members : &p->domain->members, member);
}

void on_poll(struct parser *p, struct pos at, const struct name *time)
{
	if (!option_once(p, &p->domain->poll, at, "poll"))
		return;
	value_with_unit(p->report, time, "a polling time", microseconds,
			"microseconds or milliseconds, from 1us to 100ms: 20us",
			1, MAX_POLL, &p->domain->poll.value);
}
