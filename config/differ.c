/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What keeps one system from becoming another while it runs.
 *
 * First the things a user has names for are compared, so that the answer is one
 * he can do something with; then, octet by octet, everything there is: whatever
 * has no message of its own must not be overlooked.  Policies, and where things
 * stand in files, do not take part.
 */
#include "config/config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* @a becomes @b, and @why tells what is in the way. */
struct diff {
	const struct system *a;
	const struct system *b;
	char *why;
	size_t size;
};

__attribute__((format(printf, 2, 3))) static int say(const struct diff *d,
						     const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(d->why, d->size, format, args);
	va_end(args);
	return -1;
}

/* Whatever is there: all of it is plain data, and zero where it is not said. */
static bool same(const void *a, const void *b, size_t size)
{
	return size == 0 || memcmp(a, b, size) == 0;
}

static const struct sys_component *find_comp(const struct system *sys,
					     const char *name)
{
	for (size_t i = 0; i < sys->n_pds; i++) {
		const struct sys_pd *pd = &sys->pd[i];

		for (uint32_t k = 0; k < pd->n_comps; k++) {
			if (strcmp(pd->comp[k].name, name) == 0)
				return &pd->comp[k];
		}
	}
	return NULL;
}

/* --- switches ------------------------------------------------------------ */

static int numbers(const struct diff *d, const char *sw, const char *what,
		   uint32_t a, uint32_t b)
{
	if (a == b)
		return 0;
	return say(d, "switch %s: %s %" PRIu32 " becomes %" PRIu32, sw, what, a,
		   b);
}

static int tables(const struct diff *d, const char *name,
		  const struct vswitch_tables *a,
		  const struct vswitch_tables *b)
{
	if (a->fdb.kind != b->fdb.kind)
		return say(d, "switch %s: another fdb", name);
	if (numbers(d, name, "fdb", a->fdb.capacity, b->fdb.capacity) ||
	    numbers(d, name, "ageing", a->fdb.ageing, b->fdb.ageing) ||
	    numbers(d, name, "flows", a->flows, b->flows) ||
	    numbers(d, name, "groups", a->groups, b->groups))
		return -1;
	return 0;
}

static const struct sys_switch_port *find_port(const struct sys_switch *sw,
					       const char *name)
{
	for (uint32_t i = 0; i < sw->n_ports; i++) {
		if (strcmp(sw->port[i].name, name) == 0)
			return &sw->port[i];
	}
	return NULL;
}

/* Ports of @has that @lacks does not have. */
static int ports_of(const struct diff *d, const char *name,
		    const struct sys_switch *has,
		    const struct sys_switch *lacks, const char *what)
{
	for (uint32_t i = 0; i < has->n_ports; i++) {
		if (!find_port(lacks, has->port[i].name))
			return say(d, "port %s.%s is %s", name,
				   has->port[i].name, what);
	}
	return 0;
}

static int port(const struct diff *d, const char *name,
		const struct sys_switch_port *a,
		const struct sys_switch_port *b)
{
	if (strcmp(a->name, b->name) != 0)
		return say(d, "ports of switch %s are in another order", name);
	if (a->forward_reserved != b->forward_reserved)
		return say(d, "port %s.%s: reserved forward", name, a->name);
	if (a->capture_of != b->capture_of)
		return say(d, "port %s.%s watches other ports", name, a->name);
	if (a->capture_drops != b->capture_drops)
		return say(d, "port %s.%s: drops", name, a->name);
	return 0;
}

static int one_switch(const struct diff *d, const struct sys_component *a,
		      const struct sys_component *b)
{
	const struct sys_switch *x = &a->sw, *y = &b->sw;

	if (tables(d, a->name, &x->tables, &y->tables) ||
	    ports_of(d, a->name, y, x, "new") ||
	    ports_of(d, a->name, x, y, "gone"))
		return -1;
	for (uint32_t i = 0; i < x->n_ports; i++) {
		if (port(d, a->name, &x->port[i], &y->port[i]))
			return -1;
	}
	return 0;
}

/* --- what there is of each ------------------------------------------------- */

static const char *noun(const struct sys_component *c)
{
	return c->kind == SYS_SWITCH ? "switch"
	       : c->kind == SYS_VM   ? "vm"
				     : "port";
}

/* Switches and VMs of @has that @lacks does not have. */
static int comps_of(const struct diff *d, const struct system *has,
		    const struct system *lacks, const char *what)
{
	for (size_t i = 0; i < has->n_pds; i++) {
		for (uint32_t k = 0; k < has->pd[i].n_comps; k++) {
			const struct sys_component *c = &has->pd[i].comp[k];

			if ((c->kind == SYS_SWITCH || c->kind == SYS_VM) &&
			    !find_comp(lacks, c->name))
				return say(d, "%s %s is %s", noun(c), c->name,
					   what);
		}
	}
	return 0;
}

static int switches(const struct diff *d)
{
	if (comps_of(d, d->b, d->a, "new") || comps_of(d, d->a, d->b, "gone"))
		return -1;
	for (size_t i = 0; i < d->a->n_pds; i++) {
		for (uint32_t k = 0; k < d->a->pd[i].n_comps; k++) {
			const struct sys_component *a = &d->a->pd[i].comp[k];
			const struct sys_component *b =
				find_comp(d->b, a->name);

			if (a->kind == SYS_SWITCH && one_switch(d, a, b))
				return -1;
		}
	}
	return 0;
}

/* --- connections --------------------------------------------------------- */

/* A driver VM's inner connection has its port's numbers. */
static int connection(const struct diff *d, const struct sys_conn *a,
		      const struct sys_conn *b)
{
	const char *what = a->attachment == SYS_TO_SWITCH ? "link" : "port";

	if (strcmp(a->what, b->what) != 0)
		return say(d, "%s %s: %s becomes %s", what, a->name, a->what,
			   b->what);
	if (a->max_frame != b->max_frame)
		return say(d, "%s %s: mtu %" PRIu32 " becomes %" PRIu32, what,
			   a->name, a->max_frame - FRAME_OVERHEAD,
			   b->max_frame - FRAME_OVERHEAD);
	if (a->capacity != b->capacity)
		return say(d, "%s %s: buffers %" PRIu32 " becomes %" PRIu32,
			   what, a->name, a->capacity, b->capacity);
	if (a->follow != b->follow)
		return say(d, "%s %s follows another port", what, a->name);
	return 0;
}

static int connections(const struct diff *d)
{
	for (size_t i = 0; i < d->a->n_conns && i < d->b->n_conns; i++) {
		const struct sys_conn *a = &d->a->conn[i], *b = &d->b->conn[i];

		if (strcmp(a->name, b->name) != 0)
			return say(d, "%s becomes %s: %s becomes %s", a->name,
				   b->name, a->what, b->what);
		if (connection(d, a, b))
			return -1;
	}
	return 0;
}

/* --- components ---------------------------------------------------------- */

static int program(const struct diff *d, const char *name,
		   const struct sys_program *a, const struct sys_program *b)
{
	if (strcmp(a->path, b->path) != 0)
		return say(d, "port %s: another program", name);
	if (strcmp(a->args, b->args) != 0)
		return say(d, "port %s: other args", name);
	if (a->mac != b->mac)
		return say(d, "port %s: its program would have another address",
			   name);
	return 0;
}

static int capture(const struct diff *d, const char *name,
		   const struct sys_capture *a, const struct sys_capture *b)
{
	if (a->rotate != b->rotate || a->files != b->files)
		return say(d, "port %s: rotate", name);
	if (a->overwrite != b->overwrite)
		return say(d, "port %s: overwrite", name);
	if (strcmp(a->filter_text, b->filter_text) != 0)
		return say(d, "port %s: another filter", name);
	return 0;
}

static int vm(const struct diff *d, const char *name, const struct sys_vm *a,
	      const struct sys_vm *b)
{
	if (a->memory != b->memory)
		return say(d, "vm %s: memory %" PRIu64 "m becomes %" PRIu64 "m",
			   name, a->memory >> 20, b->memory >> 20);
	if (strcmp(a->kernel, b->kernel) != 0)
		return say(d, "vm %s: another kernel", name);
	if (strcmp(a->initrd, b->initrd) != 0)
		return say(d, "vm %s: another initrd", name);
	if (strcmp(a->nic, b->nic) != 0)
		return say(d, "vm %s: another card", name);
	if (a->watchdog_s != b->watchdog_s)
		return say(d, "vm %s: another watchdog", name);
	return 0;
}

/* Tables have been compared, but for the seed: who runs a switch makes it up. */
static bool same_switch(const struct sys_component *a,
			const struct sys_component *b)
{
	const size_t from = offsetof(struct sys_switch, number);

	return same((const char *)&a->sw + from, (const char *)&b->sw + from,
		    sizeof(a->sw) - from);
}

static int component(const struct diff *d, const struct sys_component *a,
		     const struct sys_component *b)
{
	int differ = 0;

	if (a->kind != b->kind || strcmp(a->name, b->name) != 0)
		return say(d, "%s %s is elsewhere", noun(a), a->name);
	if (a->kind == SYS_PROGRAM)
		differ = program(d, a->name, &a->program, &b->program);
	else if (a->kind == SYS_CAPTURE)
		differ = capture(d, a->name, &a->capture, &b->capture);
	else if (a->kind == SYS_VM)
		differ = vm(d, a->name, &a->vm, &b->vm);
	if (!differ && !(a->kind == SYS_SWITCH ? same_switch(a, b)
					       : same(a, b, sizeof(*a))))
		return say(d, "%s %s: what it is told changes", noun(a),
			   a->name);
	return differ;
}

static int domain(const struct diff *d, const struct sys_pd *a,
		  const struct sys_pd *b)
{
	if (strcmp(a->name, b->name) != 0 || a->n_comps != b->n_comps)
		return say(d, "domains have other members: %s", a->name);
	if (a->poll_us != b->poll_us)
		return say(d, "domain %s: poll", a->name);
	for (uint32_t k = 0; k < a->n_comps; k++) {
		if (component(d, &a->comp[k], &b->comp[k]))
			return -1;
	}
	if (a->n_maps != b->n_maps || a->n_chans != b->n_chans ||
	    !same(a->map, b->map, a->n_maps * sizeof(*a->map)) ||
	    !same(a->chan, b->chan, a->n_chans * sizeof(*a->chan)))
		return say(d, "%s has other neighbours", a->name);
	return 0;
}

static int domains(const struct diff *d)
{
	if (d->a->n_pds != d->b->n_pds)
		return say(d, "domains have other members");
	for (size_t i = 0; i < d->a->n_pds; i++) {
		if (domain(d, &d->a->pd[i], &d->b->pd[i]))
			return -1;
	}
	return 0;
}

/* --- everything ---------------------------------------------------------- */

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

static int everything(const struct diff *d)
{
	const struct system *a = d->a, *b = d->b;

	if (!same_conns(a, b) || a->n_regions != b->n_regions ||
	    a->n_channels != b->n_channels || a->n_policies != b->n_policies ||
	    !same(a->region, b->region, a->n_regions * sizeof(*a->region)) ||
	    !same(a->channel, b->channel, a->n_channels * sizeof(*a->channel)))
		return say(d, "memory or channels change");
	return 0;
}

int config_differs(const struct system *a, const struct system *b, char *why,
		   size_t size)
{
	struct diff d = { .a = a, .b = b, .size = size };

	d.why = why;
	if (switches(&d) || connections(&d) || domains(&d) || everything(&d))
		return -1;
	return 0;
}
