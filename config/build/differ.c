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

#include "config/build/build.h"

/* One property of a thing. */
struct fact {
	const char *thing; /* "port sw0.alice" */
	const char *what;  /* "mtu"; "": the thing itself */
	const char *value; /* "": @what is there, and would not be otherwise */
};

/* Those of one system, in the order in which they are told. */
struct facts {
	struct arena *arena;
	const struct system *sys;
	struct fact *v;
	struct fact *sorted; /* by @thing and @what */
	size_t n;
};

__attribute__((format(printf, 4, 5))) static void fact(struct facts *f,
						       const char *thing,
						       const char *what,
						       const char *value, ...)
{
	va_list args;

	/* Its size is doubled whenever it is a power of two. */
	if ((f->n & (f->n - 1)) == 0) {
		f->v = realloc(f->v, (2 * f->n + 1) * sizeof(*f->v));
		if (!f->v)
			out_of_memory();
	}
	va_start(args, value);
	f->v[f->n++] = (struct fact){ thing, what,
				      arena_vprintf(f->arena, value, args) };
	va_end(args);
}

/* --- switches and their ports -------------------------------------------- */

static const char *port_name(struct facts *f, const struct sys_component *c,
			     uint32_t port)
{
	return arena_printf(f->arena, "port %s.%s", c->name,
			    c->sw.port[port].name);
}

static void add_switch(struct facts *f, const struct sys_component *c,
		       const char *sw)
{
	const struct vswitch_tables *t = &c->sw.tables;

	fact(f, sw, "", "%s", "");
	fact(f, sw, "entries of fdb", "%" PRIu32, t->fdb.capacity);
	fact(f, sw, "ageing", "%" PRIu32, t->fdb.ageing);
	fact(f, sw, "flows", "%" PRIu32, t->flows);
	fact(f, sw, "groups", "%" PRIu32, t->groups);
	for (uint32_t i = 0; i < c->sw.n_ports && i < MAX_PORTS; i++) {
		const struct sys_switch_port *port = &c->sw.port[i];
		const char *name = port_name(f, c, i);

		if (port->kind == VSWITCH_PORT_LINK)
			fact(f, name, "", "link");
		if (port->forward_reserved)
			fact(f, name, "\"reserved forward\"", "%s", "");
		for (uint32_t k = 0; k < MAX_PORTS; k++) {
			if (port->capture_of >> k & 1)
				fact(f, name, port_name(f, c, k), "of");
		}
	}
}

static void add_vm(struct facts *f, const struct sys_vm *v, const char *vm)
{
	fact(f, vm, "", "%s", "");
	fact(f, vm, "kernel", "\"%s\"", v->kernel);
	fact(f, vm, "initrd", "\"%s\"", v->initrd);
	fact(f, vm, "append", "\"%s\"", v->append);
	fact(f, vm, "nic", "\"%s\"", v->nic);
	fact(f, vm, "memory in MiB", "%" PRIu64, v->memory >> 20);
	fact(f, vm, "watchdog in seconds", "%" PRIu32, v->watchdog_s);
	if (v->uncached)
		fact(f, vm, "\"uncached\"", "%s", "");
}

static void add_pd(struct facts *f, const struct sys_pd *pd)
{
	static const char *const nouns[SYS_KINDS] = {
		[SYS_SWITCH] = "switch", [SYS_VM] = "vm"
	};

	for (uint32_t k = 0; k < pd->n_comps; k++) {
		const struct sys_component *c = &pd->comp[k];
		const char *noun = nouns[c->kind] ? nouns[c->kind] : "port";
		const char *name =
			arena_printf(f->arena, "%s %s", noun, c->name);

		if (c->kind == SYS_SWITCH)
			add_switch(f, c, name);
		else if (c->kind == SYS_VM)
			add_vm(f, &c->vm, name);
		/* Virtualisers are where their switch is. */
		if (c->kind != SYS_VIRT)
			fact(f, name, "domain", "%s",
			     strcmp(pd->name, c->name) == 0 ? "none"
							    : pd->name);
	}
	fact(f, arena_printf(f->arena, "domain %s", pd->name),
	     "poll in microseconds", "%" PRIu32, pd->poll_us);
}

/* --- connections --------------------------------------------------------- */

static const struct sys_component *attached(const struct system *sys,
					    const struct sys_conn *conn)
{
	if (conn->attachment != SYS_TO_PD || conn->pd[1] >= sys->n_pds ||
	    conn->comp[1] >= sys->pd[conn->pd[1]].n_comps)
		return NULL;
	return &sys->pd[conn->pd[1]].comp[conn->comp[1]];
}

/* How a port says what is attached to it. */
static void add_attachment(struct facts *f, const struct sys_conn *conn,
			   const char *name)
{
	const struct sys_component *c = attached(f->sys, conn);
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		out_of_memory();
	if (c)
		dump_settings(c, "", out);
	else
		fputs(conn->what, out);
	dump_access(&conn->access, out);
	if (fclose(out) != 0)
		out_of_memory();
	fact(f, name, "", "%s", text);
	free(text);
}

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
	if (link)
		fact(f, name, "", "%s", "");
	else
		add_attachment(f, conn, name);
	/* A capture that says nothing has that of the largest port. */
	fact(f, name, c && c->kind == SYS_CAPTURE ? "capture's mtu" : "mtu",
	     "%" PRIu32, conn->max_frame - FRAME_OVERHEAD);
	fact(f, name, "buffers", "%" PRIu32, conn->capacity);
	fact(f, name, "follow", "\"%s\"",
	     conn->follow < sys->n_conns ? sys->conn[conn->follow].name : "");
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
		add_pd(f, &f->sys->pd[i]);
	for (size_t i = 0; i < f->sys->n_conns; i++)
		add_conn(f, &f->sys->conn[i]);
	f->sorted = must_alloc(f->n, sizeof(*f->v));
	memcpy(f->sorted, f->v, f->n * sizeof(*f->v));
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
	int sw = 0;

	/* NOLINTNEXTLINE(cert-err34-c): no number is read. */
	sscanf(port->thing, "port %*[^.]%n", &sw);
	return sw && (strcmp(port->value, "link") == 0 ||
		      !in_both(d, arena_printf(d->a.arena, "switch%.*s", sw - 4,
					       port->thing + 4)));
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

static void write_names(const struct system *sys, FILE *out)
{
	for (size_t i = 0; i < sys->n_conns; i++)
		fprintf(out, "%s\n", sys->conn[i].name);
	for (size_t i = 0; i < sys->n_pds; i++)
		fprintf(out, "%s\n", sys->pd[i].name);
}

/* A switch's tables are facts, but for the seed: its back-end makes it up. */
static void write_component(const struct sys_component *c, FILE *out)
{
	const size_t config = offsetof(struct sys_component, sw);
	const size_t rest = c->kind == SYS_SWITCH
				    ? offsetof(struct sys_component, sw.number)
				    : config;

	fwrite(c, config, 1, out);
	fwrite((const char *)c + rest, sizeof(*c) - rest, 1, out);
}

/* Plain data, and zero where nothing is said. */
static void write_data(const struct system *sys, FILE *out)
{
	for (size_t i = 0; i < sys->n_pds; i++) {
		const struct sys_pd *pd = &sys->pd[i];

		fprintf(out, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n",
			pd->poll_us, pd->n_maps, pd->n_chans);
		fwrite(pd->map, sizeof(*pd->map), pd->n_maps, out);
		fwrite(pd->chan, sizeof(*pd->chan), pd->n_chans, out);
		for (uint32_t k = 0; k < pd->n_comps; k++)
			write_component(&pd->comp[k], out);
	}
	for (size_t i = 0; i < sys->n_conns; i++)
		fwrite(&sys->conn[i], offsetof(struct sys_conn, line), 1, out);
	fwrite(sys->region, sizeof(*sys->region), sys->n_regions, out);
	fwrite(sys->channel, sizeof(*sys->channel), sys->n_channels, out);
}

static bool same(const struct system *a, const struct system *b,
		 void (*write)(const struct system *sys, FILE *out))
{
	char *text[2];
	size_t size[2];
	bool same;

	for (int i = 0; i < 2; i++) {
		FILE *out = open_memstream(&text[i], &size[i]);

		if (!out)
			out_of_memory();
		write(i ? b : a, out);
		if (fclose(out) != 0)
			out_of_memory();
	}
	same = size[0] == size[1] && memcmp(text[0], text[1], size[0]) == 0;
	free(text[0]);
	free(text[1]);
	return same;
}

unsigned int config_differs(const struct system *a, const struct system *b,
			    char **why)
{
	struct arena arena = { 0 };
	struct diff d = {
		.a = { .arena = &arena, .sys = a },
		.b = { .arena = &arena, .sys = b },
	};
	size_t size;

	d.out = open_memstream(why, &size);
	if (!d.out)
		out_of_memory();
	gather(&d.a);
	gather(&d.b);
	tell_facts(&d);
	if (d.n == 0 && !same(a, b, write_names))
		say(&d, "switches, ports, links or domains stand in another "
			"order");
	else if (d.n == 0 && !same(a, b, write_data))
		say(&d, "what is shared between switches and ports changes");
	if (d.n > REPORT_MAX)
		fprintf(d.out, "... and %u more\n", d.n - REPORT_MAX);
	if (fclose(d.out) != 0)
		out_of_memory();
	free(d.a.v);
	free(d.a.sorted);
	free(d.b.v);
	free(d.b.sorted);
	arena_free(&arena);
	return d.n;
}
