/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What keeps one system from becoming another while it runs.
 *
 * Things are compared by the names a user has for them, and all differences are
 * told, so that one stop is enough.  What follows from others, such as numbers
 * that a new port shifts, is none of its own.  Only if nothing has been found is
 * everything compared, octet by octet: whatever has no message must not be
 * overlooked.  Policies, and where things stand in files, do not take part.
 */
#include "config/config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/arena.h"
#include "config/report.h"

/* @a becomes @b, and @n differences have been found, of which @out has some. */
struct diff {
	const struct system *a;
	const struct system *b;
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

/* Whatever is there: all of it is plain data, and zero where it is not said. */
static bool same(const void *a, const void *b, size_t size)
{
	return size == 0 || memcmp(a, b, size) == 0;
}

static void text(struct diff *d, const char *noun, const char *name,
		 const char *what, const char *a, const char *b)
{
	if (strcmp(a, b) != 0)
		say(d, "%s %s: %s \"%s\" becomes \"%s\"", noun, name, what, a,
		    b);
}

static void number(struct diff *d, const char *noun, const char *name,
		   const char *what, uint64_t a, uint64_t b)
{
	if (a != b)
		say(d, "%s %s: %s %" PRIu64 " becomes %" PRIu64, noun, name,
		    what, a, b);
}

static void flag(struct diff *d, const char *noun, const char *name,
		 const char *what, bool a, bool b)
{
	if (a != b)
		say(d, "%s %s: \"%s\" is %s", noun, name, what,
		    b ? "new" : "gone");
}

/* The component of a name, and the PD it lives in. */
static const struct sys_component *
find_comp(const struct system *sys, const char *name, const struct sys_pd **in)
{
	for (size_t i = 0; i < sys->n_pds; i++) {
		const struct sys_pd *pd = &sys->pd[i];

		for (uint32_t k = 0; k < pd->n_comps; k++) {
			if (strcmp(pd->comp[k].name, name) != 0)
				continue;
			*in = pd;
			return &pd->comp[k];
		}
	}
	return NULL;
}

/* --- switches ------------------------------------------------------------ */

static const char *fdb_name(uint32_t kind)
{
	return kind == FDB_HASH ? "hash" : "linear";
}

static void tables(struct diff *d, const char *name,
		   const struct vswitch_tables *a,
		   const struct vswitch_tables *b)
{
	text(d, "switch", name, "fdb", fdb_name(a->fdb.kind),
	     fdb_name(b->fdb.kind));
	number(d, "switch", name, "entries of fdb", a->fdb.capacity,
	       b->fdb.capacity);
	number(d, "switch", name, "ageing", a->fdb.ageing, b->fdb.ageing);
	number(d, "switch", name, "flows", a->flows, b->flows);
	number(d, "switch", name, "groups", a->groups, b->groups);
}

static uint32_t n_ports(const struct sys_switch *sw)
{
	return sw->n_ports < VSWITCH_MAX_PORTS ? sw->n_ports
					       : VSWITCH_MAX_PORTS;
}

static const struct sys_switch_port *find_port(const struct sys_switch *sw,
					       const char *name)
{
	for (uint32_t i = 0; i < n_ports(sw); i++) {
		if (strcmp(sw->port[i].name, name) == 0)
			return &sw->port[i];
	}
	return NULL;
}

/* Ports of @has that @lacks does not have; those of links come with these. */
static void ports_of(struct diff *d, const char *name,
		     const struct sys_switch *has,
		     const struct sys_switch *lacks, const char *what)
{
	for (uint32_t i = 0; i < n_ports(has); i++) {
		if (has->port[i].kind != VSWITCH_PORT_LINK &&
		    !find_port(lacks, has->port[i].name))
			say(d, "port %s.%s is %s", name, has->port[i].name,
			    what);
	}
}

/* Is each port of @a's set, if it is still there, in @b's? */
static bool watches(const struct sys_switch *a, uint64_t of_a,
		    const struct sys_switch *b, uint64_t of_b)
{
	for (uint32_t i = 0; i < n_ports(a); i++) {
		const struct sys_switch_port *port =
			find_port(b, a->port[i].name);

		if (of_a >> i & 1 && port && !(of_b >> (port - b->port) & 1))
			return false;
	}
	return true;
}

static void ports(struct diff *d, const char *sw, const struct sys_switch *a,
		  const struct sys_switch *b)
{
	char name[SYS_NAME * 2];

	for (uint32_t i = 0; i < n_ports(a); i++) {
		const struct sys_switch_port *x = &a->port[i];
		const struct sys_switch_port *y = find_port(b, x->name);

		if (!y)
			continue;
		snprintf(name, sizeof(name), "%s.%s", sw, x->name);
		flag(d, "port", name, "reserved forward", x->forward_reserved,
		     y->forward_reserved);
		flag(d, "port", name, "drops", x->capture_drops,
		     y->capture_drops);
		if (!watches(a, x->capture_of, b, y->capture_of) ||
		    !watches(b, y->capture_of, a, x->capture_of))
			say(d, "port %s watches other ports", name);
	}
}

static void one_switch(struct diff *d, const char *name,
		       const struct sys_switch *a, const struct sys_switch *b)
{
	tables(d, name, &a->tables, &b->tables);
	ports_of(d, name, b, a, "new");
	ports_of(d, name, a, b, "gone");
	ports(d, name, a, b);
}

/* --- what is attached ------------------------------------------------------ */

static void program(struct diff *d, const char *name,
		    const struct sys_program *a, const struct sys_program *b)
{
	text(d, "port", name, "args", a->args, b->args);
	if (a->mac != b->mac)
		say(d, "port %s: its program gets another address", name);
}

static void capture(struct diff *d, const char *name,
		    const struct sys_capture *a, const struct sys_capture *b)
{
	if (a->rotate != b->rotate || a->files != b->files)
		say(d, "port %s: \"rotate\" changes", name);
	text(d, "port", name, "filter", a->filter_text, b->filter_text);
	flag(d, "port", name, "overwrite", a->overwrite, b->overwrite);
}

static void vm(struct diff *d, const char *name, const struct sys_vm *a,
	       const struct sys_vm *b)
{
	text(d, "vm", name, "kernel", a->kernel, b->kernel);
	text(d, "vm", name, "initrd", a->initrd, b->initrd);
	text(d, "vm", name, "append", a->append, b->append);
	text(d, "vm", name, "nic", a->nic, b->nic);
	number(d, "vm", name, "memory in MiB", a->memory >> 20,
	       b->memory >> 20);
	number(d, "vm", name, "watchdog in seconds", a->watchdog_s,
	       b->watchdog_s);
	flag(d, "vm", name, "uncached", a->uncached, b->uncached);
}

/* Settings of an attachment that its description does not show. */
static void others(struct diff *d, const char *name, const void *a,
		   const void *b, size_t size)
{
	if (!same(a, b, size))
		say(d, "port %s: settings of what is attached change", name);
}

static void told(struct diff *d, const struct sys_component *a,
		 const struct sys_component *b)
{
	if (a->kind == SYS_SWITCH)
		one_switch(d, a->name, &a->sw, &b->sw);
	else if (a->kind == SYS_PROGRAM)
		program(d, a->name, &a->program, &b->program);
	else if (a->kind == SYS_CAPTURE)
		capture(d, a->name, &a->capture, &b->capture);
	else if (a->kind == SYS_VM)
		vm(d, a->name, &a->vm, &b->vm);
}

/* --- connections --------------------------------------------------------- */

static const struct sys_conn *find_conn(const struct system *sys,
					const char *name)
{
	for (size_t i = 0; i < sys->n_conns; i++) {
		if (strcmp(sys->conn[i].name, name) == 0)
			return &sys->conn[i];
	}
	return NULL;
}

static const char *leader(const struct system *sys, const struct sys_conn *conn)
{
	return conn->follow < sys->n_conns ? sys->conn[conn->follow].name : "";
}

static const struct sys_component *attached(const struct system *sys,
					    const struct sys_conn *conn)
{
	if (conn->attachment != SYS_TO_PD || conn->pd[1] >= sys->n_pds ||
	    conn->comp[1] >= sys->pd[conn->pd[1]].n_comps)
		return NULL;
	return &sys->pd[conn->pd[1]].comp[conn->comp[1]];
}

static void attachment(struct diff *d, const struct sys_conn *a,
		       const struct sys_conn *b)
{
	const struct sys_component *x = attached(d->a, a);
	const struct sys_component *y = attached(d->b, b);

	if (strcmp(a->what, b->what) != 0) {
		say(d, "port %s: %s becomes %s", a->name, a->what, b->what);
		return;
	}
	others(d, a->name, &a->access, &b->access, sizeof(a->access));
	if (!x || !y || x->kind != y->kind)
		return;
	if (x->kind == SYS_TAP)
		others(d, a->name, &x->tap, &y->tap, sizeof(x->tap));
	else if (x->kind == SYS_NIC)
		others(d, a->name, &x->nic, &y->nic, sizeof(x->nic));
	else if (x->kind == SYS_SOCKET)
		others(d, a->name, &x->socket, &y->socket, sizeof(x->socket));
}

static void connection(struct diff *d, const struct sys_conn *a,
		       const struct sys_conn *b)
{
	const char *noun = a->attachment == SYS_TO_SWITCH ? "link" : "port";
	const struct sys_component *c = attached(d->a, a);

	/* What a driver VM's inner connection has is its port's. */
	if (a->attachment == SYS_TO_VM)
		return;
	attachment(d, a, b);
	/* A capture that says nothing has that of the largest port. */
	if (!c || c->kind != SYS_CAPTURE || !d->n)
		number(d, noun, a->name, "mtu", a->max_frame - FRAME_OVERHEAD,
		       b->max_frame - FRAME_OVERHEAD);
	number(d, noun, a->name, "buffers", a->capacity, b->capacity);
	text(d, noun, a->name, "follow", leader(d->a, a), leader(d->b, b));
}

/* --- who is there, and where ----------------------------------------------- */

static const char *noun(const struct sys_component *c)
{
	return c->kind == SYS_SWITCH ? "switch"
	       : c->kind == SYS_VM   ? "vm"
				     : "port";
}

/* Switches and VMs of @has that @lacks does not have. */
static void comps_of(struct diff *d, const struct system *has,
		     const struct system *lacks, const char *what)
{
	const struct sys_pd *pd;

	for (size_t i = 0; i < has->n_pds; i++) {
		for (uint32_t k = 0; k < has->pd[i].n_comps; k++) {
			const struct sys_component *c = &has->pd[i].comp[k];

			if ((c->kind == SYS_SWITCH || c->kind == SYS_VM) &&
			    !find_comp(lacks, c->name, &pd))
				say(d, "%s %s is %s", noun(c), c->name, what);
		}
	}
}

/* Links that one of two switches that stay does not have. */
static void links_of(struct diff *d, const struct system *has,
		     const struct system *lacks, const char *what)
{
	for (size_t i = 0; i < has->n_conns; i++) {
		const struct sys_conn *conn = &has->conn[i];

		if (conn->attachment == SYS_TO_SWITCH &&
		    !find_conn(lacks, conn->name))
			say(d, "link %s is %s", conn->name, what);
	}
}

static void place(struct diff *d, const struct sys_component *c,
		  const struct sys_pd *a, const struct sys_pd *b)
{
	const char *from = strcmp(a->name, c->name) == 0 ? "none" : a->name;
	const char *to = strcmp(b->name, c->name) == 0 ? "none" : b->name;

	/* Virtualisers are where their switch is. */
	if (c->kind != SYS_VIRT && strcmp(a->name, b->name) != 0)
		say(d, "%s %s: domain %s becomes %s", noun(c), c->name, from,
		    to);
}

static void domain(struct diff *d, const struct sys_pd *a)
{
	for (uint32_t k = 0; k < a->n_comps; k++) {
		const struct sys_pd *pd = NULL;
		const struct sys_component *c =
			find_comp(d->b, a->comp[k].name, &pd);

		if (!c)
			continue;
		place(d, c, a, pd);
		if (k == 0 && strcmp(a->name, pd->name) == 0)
			number(d, "domain", a->name, "poll in microseconds",
			       a->poll_us, pd->poll_us);
		if (c->kind == a->comp[k].kind)
			told(d, &a->comp[k], c);
	}
}

/* --- everything ---------------------------------------------------------- */

/* Tables have been compared, but for the seed: who runs a switch makes it up. */
static bool same_told(const struct sys_component *a,
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
	if (strcmp(a->name, b->name) != 0 || a->n_comps != b->n_comps ||
	    a->poll_us != b->poll_us || a->n_maps != b->n_maps ||
	    a->n_chans != b->n_chans ||
	    !same(a->map, b->map, a->n_maps * sizeof(*a->map)) ||
	    !same(a->chan, b->chan, a->n_chans * sizeof(*a->chan)))
		return false;
	for (uint32_t k = 0; k < a->n_comps; k++) {
		if (!same_told(&a->comp[k], &b->comp[k]))
			return false;
	}
	return true;
}

static bool same_pds(const struct system *a, const struct system *b)
{
	if (a->n_pds != b->n_pds)
		return false;
	for (size_t i = 0; i < a->n_pds; i++) {
		if (!same_pd(&a->pd[i], &b->pd[i]))
			return false;
	}
	return true;
}

static bool same_conns(const struct system *a, const struct system *b)
{
	if (a->n_conns != b->n_conns)
		return false;
	for (size_t i = 0; i < a->n_conns; i++) {
		struct sys_conn here = a->conn[i];

		/* Where a file says it is no part of it. */
		here.line = b->conn[i].line;
		if (!same(&here, &b->conn[i], sizeof(here)))
			return false;
	}
	return true;
}

/* Do the same things stand in the same order? */
static bool same_order(const struct system *a, const struct system *b)
{
	if (a->n_conns != b->n_conns || a->n_pds != b->n_pds)
		return false;
	for (size_t i = 0; i < a->n_conns; i++) {
		if (strcmp(a->conn[i].name, b->conn[i].name) != 0)
			return false;
	}
	for (size_t i = 0; i < a->n_pds; i++) {
		if (strcmp(a->pd[i].name, b->pd[i].name) != 0)
			return false;
	}
	return true;
}

static void everything(struct diff *d)
{
	const struct system *a = d->a, *b = d->b;

	if (!same_order(a, b))
		say(d, "switches, ports, links or domains stand in another "
		       "order");
	else if (!same_pds(a, b))
		say(d, "what switches or ports are told changes");
	else if (!same_conns(a, b) || a->n_regions != b->n_regions ||
		 a->n_channels != b->n_channels ||
		 a->n_policies != b->n_policies ||
		 !same(a->region, b->region,
		       a->n_regions * sizeof(*a->region)) ||
		 !same(a->channel, b->channel,
		       a->n_channels * sizeof(*a->channel)))
		say(d, "memory or channels change");
}

static void find_differences(struct diff *d)
{
	comps_of(d, d->b, d->a, "new");
	comps_of(d, d->a, d->b, "gone");
	links_of(d, d->b, d->a, "new");
	links_of(d, d->a, d->b, "gone");
	for (size_t i = 0; i < d->a->n_pds; i++)
		domain(d, &d->a->pd[i]);
	for (size_t i = 0; i < d->a->n_conns; i++) {
		const struct sys_conn *a = &d->a->conn[i];
		const struct sys_conn *b = find_conn(d->b, a->name);

		if (b)
			connection(d, a, b);
	}
	if (!d->n)
		everything(d);
}

unsigned int config_differs(const struct system *a, const struct system *b,
			    char **why)
{
	struct diff d = { .a = a, .b = b };
	size_t size;

	d.out = open_memstream(why, &size);
	if (!d.out)
		out_of_memory();
	find_differences(&d);
	if (d.n > REPORT_MAX)
		fprintf(d.out, "... and %u more\n", d.n - REPORT_MAX);
	if (fclose(d.out) != 0)
		out_of_memory();
	return d.n;
}
