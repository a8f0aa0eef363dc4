/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What keeps one system from becoming another while it runs.
 *
 * Each system is written out as facts: what a user has a name for, a property of
 * it, and its value.  Two lists of facts are then compared line by line.  What
 * only follows from another difference, such as numbers that a new port shifts,
 * is not among the facts.  If they are all the same, the systems are compared
 * byte by byte, so that nothing without a fact is overlooked.  Policies, and
 * positions in files, may differ.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config/lang/arena.h"
#include "config/build/dump.h"
#include "config/lang/report.h"

/**
 * struct fact - one property of a thing
 * @thing: "port sw0.alice"
 * @what:  "mtu"; "": the thing itself
 * @value: as text; "": @what is there, and would not be otherwise
 */
struct fact {
	const char *thing;
	const char *what;
	const char *value;
};

/**
 * struct facts - those of one system
 * @v:      in the order in which they are told
 * @sorted: likewise, by @thing and @what
 */
struct facts {
	struct arena *arena;
	const struct system *sys;
	struct fact *v;
	struct fact *sorted;
	size_t n;
	size_t room;
};

static void add(struct facts *f, const char *thing, const char *what,
		const char *value)
{
	struct fact *old = f->v;

	if (f->n == f->room) {
		f->room = f->room ? 2 * f->room : 256;
		f->v = arena_alloc(f->arena, f->room * sizeof(*f->v));
		if (old)
			memcpy(f->v, old, f->n * sizeof(*f->v));
	}
	f->v[f->n++] = (struct fact){ thing, what, value };
}

static void add_text(struct facts *f, const char *thing, const char *what,
		     const char *value)
{
	add(f, thing, what, arena_printf(f->arena, "\"%s\"", value));
}

static void add_number(struct facts *f, const char *thing, const char *what,
		       uint64_t value)
{
	add(f, thing, what, arena_printf(f->arena, "%" PRIu64, value));
}

static void add_flag(struct facts *f, const char *thing, const char *what,
		     bool set)
{
	if (set)
		add(f, thing, arena_printf(f->arena, "\"%s\"", what), "");
}

/* --- switches and their ports ---------------------------------------------- */

static const struct sys_component *attached(const struct system *sys,
					    const struct sys_conn *conn)
{
	if (conn->attachment != SYS_TO_PD || conn->pd[1] >= sys->n_pds ||
	    conn->comp[1] >= sys->pd[conn->pd[1]].n_comps)
		return NULL;
	return &sys->pd[conn->pd[1]].comp[conn->comp[1]];
}

/* How a port says what is attached to it. */
static const char *attachment(struct facts *f, const struct sys_conn *conn)
{
	const struct sys_component *c = attached(f->sys, conn);
	const char *text;
	size_t size;
	char *buffer;
	FILE *out;

	out = open_memstream(&buffer, &size);
	if (!out)
		out_of_memory();
	if (c)
		dump_settings(c, "", out);
	else
		fputs(conn->what, out);
	if (conn->attachment == SYS_TO_ATTACH)
		dump_access(&conn->access, out);
	if (fclose(out) != 0)
		out_of_memory();
	text = arena_printf(f->arena, "%s", buffer);
	free(buffer);
	return text;
}

static const char *port_name(struct facts *f, const struct sys_component *c,
			     uint32_t port)
{
	return arena_printf(f->arena, "port %s.%s", c->name,
			    c->sw.port[port].name);
}

static void add_watched(struct facts *f, const struct sys_component *c,
			uint32_t port)
{
	for (uint32_t i = 0; i < MAX_PORTS; i++) {
		if (c->sw.port[port].capture_of >> i & 1)
			add(f, port_name(f, c, port), port_name(f, c, i), "of");
	}
}

static void add_switch(struct facts *f, const struct sys_component *c)
{
	const struct vswitch_tables *t = &c->sw.tables;
	const char *sw = arena_printf(f->arena, "switch %s", c->name);

	add(f, sw, "", "");
	add_number(f, sw, "entries of fdb", t->fdb.capacity);
	add_number(f, sw, "ageing", t->fdb.ageing);
	add_number(f, sw, "flows", t->flows);
	add_number(f, sw, "groups", t->groups);
	for (uint32_t i = 0; i < c->sw.n_ports && i < MAX_PORTS; i++) {
		if (c->sw.port[i].kind == VSWITCH_PORT_LINK)
			add(f, port_name(f, c, i), "", "link");
		add_flag(f, port_name(f, c, i), "reserved forward",
			 c->sw.port[i].forward_reserved);
		add_watched(f, c, i);
	}
}

/* --- VMs ------------------------------------------------------------------ */

static void add_vm(struct facts *f, const struct sys_component *c)
{
	const char *vm = arena_printf(f->arena, "vm %s", c->name);

	add(f, vm, "", "");
	add_text(f, vm, "kernel", c->vm.kernel);
	add_text(f, vm, "initrd", c->vm.initrd);
	add_text(f, vm, "append", c->vm.append);
	add_text(f, vm, "nic", c->vm.nic);
	add_number(f, vm, "memory in MiB", c->vm.memory >> 20);
	add_number(f, vm, "watchdog in seconds", c->vm.watchdog_s);
	add_flag(f, vm, "uncached", c->vm.uncached);
}

/* --- domains --------------------------------------------------------------- */

static void add_domain(struct facts *f, const struct sys_pd *pd)
{
	static const char *const nouns[SYS_KINDS] = {
		[SYS_SWITCH] = "switch", [SYS_VM] = "vm"
	};

	for (uint32_t k = 0; k < pd->n_comps; k++) {
		const struct sys_component *c = &pd->comp[k];
		const char *noun = nouns[c->kind] ? nouns[c->kind] : "port";
		bool alone = strcmp(pd->name, c->name) == 0;

		if (c->kind == SYS_SWITCH)
			add_switch(f, c);
		else if (c->kind == SYS_VM)
			add_vm(f, c);
		/* Virtualisers are where their switch is. */
		if (c->kind != SYS_VIRT)
			add(f, arena_printf(f->arena, "%s %s", noun, c->name),
			    "domain", alone ? "none" : pd->name);
	}
	add_number(f, arena_printf(f->arena, "domain %s", pd->name),
		   "poll in microseconds", pd->poll_us);
}

/* --- connections --------------------------------------------------------- */

static void add_conn(struct facts *f, const struct sys_conn *conn)
{
	const struct system *sys = f->sys;
	const struct sys_component *c = attached(sys, conn);
	bool link = conn->attachment == SYS_TO_SWITCH;
	const char *name = arena_printf(f->arena, link ? "link %s" : "port %s",
					conn->name);

	/* What a driver VM's inner connection has is its port's. */
	if (conn->attachment == SYS_TO_VM)
		return;
	add(f, name, "", link ? "" : attachment(f, conn));
	/* A capture that says nothing has that of the largest port. */
	add_number(f, name,
		   c && c->kind == SYS_CAPTURE ? "capture's mtu" : "mtu",
		   conn->max_frame - FRAME_OVERHEAD);
	add_number(f, name, "buffers", conn->capacity);
	add_text(f, name, "follow",
		 conn->follow < sys->n_conns ? sys->conn[conn->follow].name
					     : "");
}

static int by_name(const void *a, const void *b)
{
	const struct fact *x = a, *y = b;
	int order = strcmp(x->thing, y->thing);

	return order ? order : strcmp(x->what, y->what);
}

static void gather(struct facts *f)
{
	for (size_t i = 0; i < f->sys->n_pds; i++)
		add_domain(f, &f->sys->pd[i]);
	for (size_t i = 0; i < f->sys->n_conns; i++)
		add_conn(f, &f->sys->conn[i]);
	f->sorted = arena_alloc(f->arena, f->n * sizeof(*f->v) + 1);
	for (size_t i = 0; i < f->n; i++)
		f->sorted[i] = f->v[i];
	qsort(f->sorted, f->n, sizeof(*f->v), by_name);
}

/* --- telling ------------------------------------------------------------- */

/* @a becomes @b, and @n differences have been found, of which @out has some. */
struct diff {
	struct facts a;
	struct facts b;
	FILE *out;
	unsigned int n;
};

__attribute__((format(printf, 2, 3))) static void say(struct diff *d,
						      const char *format, ...)
{
	va_list args;

	if (d->n++ >= REPORT_MAX)
		return;
	va_start(args, format);
	vfprintf(d->out, format, args);
	va_end(args);
	fputc('\n', d->out);
}

static const struct fact *find(const struct facts *f, const char *thing,
			       const char *what)
{
	struct fact key = { .thing = thing, .what = what };

	return bsearch(&key, f->sorted, f->n, sizeof(key), by_name);
}

static bool in_both(const struct diff *d, const char *thing)
{
	return find(&d->a, thing, "") && find(&d->b, thing, "");
}

/* Ports come and go with their switch or link, which is told. */
static bool comes_with_another(struct diff *d, const struct fact *port)
{
	const char *name = port->thing + strlen("port ");
	const char *sw;

	if (strncmp(port->thing, "port ", strlen("port ")) != 0)
		return false;
	sw = arena_printf(d->a.arena, "switch %.*s", (int)strcspn(name, "."),
			  name);
	return strcmp(port->value, "link") == 0 || !in_both(d, sw);
}

/* A fact of one list that the other does not have. */
static void tell_missing(struct diff *d, const struct fact *fact,
			 const char *which)
{
	if (!*fact->what) {
		if (!comes_with_another(d, fact))
			say(d, "%s is %s", fact->thing, which);
	} else if (!in_both(d, fact->thing)) {
		return;
	} else if (!*fact->value) {
		say(d, "%s: %s is %s", fact->thing, fact->what, which);
	} else if (strcmp(fact->value, "of") == 0 && in_both(d, fact->what)) {
		say(d, "%s: \"of %s\" is %s", fact->thing,
		    fact->what + strlen("port "), which);
	}
}

static void tell_changed(struct diff *d, const struct fact *a,
			 const struct fact *b)
{
	/* It may follow from another mtu. */
	if (strcmp(a->value, b->value) == 0 ||
	    (d->n && strcmp(a->what, "capture's mtu") == 0))
		return;
	say(d, "%s:%s%s %s becomes %s", a->thing, *a->what ? " " : "", a->what,
	    a->value, b->value);
}

static void tell_facts(struct diff *d)
{
	for (size_t i = 0; i < d->b.n; i++) {
		const struct fact *b = &d->b.v[i];

		if (!find(&d->a, b->thing, b->what))
			tell_missing(d, b, "new");
	}
	for (size_t i = 0; i < d->a.n; i++) {
		const struct fact *a = &d->a.v[i];
		const struct fact *b = find(&d->b, a->thing, a->what);

		if (b)
			tell_changed(d, a, b);
		else
			tell_missing(d, a, "gone");
	}
}

/* --- everything ---------------------------------------------------------- */

/* Plain data, and zero where nothing is said. */
static bool same(const void *a, const void *b, size_t size)
{
	return size == 0 || memcmp(a, b, size) == 0;
}

/* The tables of a switch are facts, but for the seed: its back-end makes it up. */
static bool same_component(const struct sys_component *a,
			   const struct sys_component *b)
{
	const size_t from = offsetof(struct sys_switch, number);

	if (a->kind != SYS_SWITCH || b->kind != SYS_SWITCH)
		return same(a, b, sizeof(*a));
	return strcmp(a->name, b->name) == 0 &&
	       same((const char *)&a->sw + from, (const char *)&b->sw + from,
		    sizeof(a->sw) - from);
}

static bool same_pd(const struct sys_pd *a, const struct sys_pd *b)
{
	if (a->n_comps != b->n_comps || a->poll_us != b->poll_us ||
	    a->n_maps != b->n_maps || a->n_chans != b->n_chans ||
	    !same(a->map, b->map, a->n_maps * sizeof(*a->map)) ||
	    !same(a->chan, b->chan, a->n_chans * sizeof(*a->chan)))
		return false;
	for (uint32_t k = 0; k < a->n_comps; k++) {
		if (!same_component(&a->comp[k], &b->comp[k]))
			return false;
	}
	return true;
}

static bool same_conn(const struct sys_conn *a, const struct sys_conn *b)
{
	struct sys_conn here = *a;

	here.line = b->line;
	return same(&here, b, sizeof(here));
}

static bool same_memory(const struct system *a, const struct system *b)
{
	return a->n_regions == b->n_regions && a->n_channels == b->n_channels &&
	       a->n_policies == b->n_policies &&
	       same(a->region, b->region, a->n_regions * sizeof(*a->region)) &&
	       same(a->channel, b->channel,
		    a->n_channels * sizeof(*a->channel));
}

/* NULL: the systems are the same. */
static const char *unnamed_difference(const struct system *a,
				      const struct system *b)
{
	static const char order[] = "switches, ports, links or domains stand "
				    "in another order";
	static const char other[] = "what is shared between switches and "
				    "ports changes";

	if (a->n_conns != b->n_conns || a->n_pds != b->n_pds)
		return order;
	for (size_t i = 0; i < a->n_conns; i++) {
		if (strcmp(a->conn[i].name, b->conn[i].name) != 0)
			return order;
	}
	for (size_t i = 0; i < a->n_pds; i++) {
		if (strcmp(a->pd[i].name, b->pd[i].name) != 0)
			return order;
	}
	for (size_t i = 0; i < a->n_conns; i++) {
		if (!same_conn(&a->conn[i], &b->conn[i]))
			return other;
	}
	for (size_t i = 0; i < a->n_pds; i++) {
		if (!same_pd(&a->pd[i], &b->pd[i]))
			return other;
	}
	return same_memory(a, b) ? NULL : other;
}

unsigned int config_differs(const struct system *a, const struct system *b,
			    char **why)
{
	struct arena arena = { 0 };
	struct diff d = {
		.a = { .arena = &arena, .sys = a },
		.b = { .arena = &arena, .sys = b },
	};
	const char *unnamed;
	size_t size;

	d.out = open_memstream(why, &size);
	if (!d.out)
		out_of_memory();
	gather(&d.a);
	gather(&d.b);
	tell_facts(&d);
	unnamed = d.n ? NULL : unnamed_difference(a, b);
	if (unnamed)
		say(&d, "%s", unnamed);
	if (d.n > REPORT_MAX)
		fprintf(d.out, "... and %u more\n", d.n - REPORT_MAX);
	if (fclose(d.out) != 0)
		out_of_memory();
	arena_free(&arena);
	return d.n;
}
