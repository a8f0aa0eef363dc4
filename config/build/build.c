/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of the steps.  Indices are handed out in the order of the topology,
 * so the same topology always gives the same system, to the octet.
 */
#include "config/build/build.h"

#include <stdio.h>
#include <string.h>

#include "config/lang/source.h"

static void *copy(const void *from, size_t size)
{
	char *to = must_alloc(1, size + 1);

	return memcpy(to, from, size);
}

static void keep_sources(struct system *sys, const struct topology *t)
{
	const struct source_text *text;
	size_t n = 0;

	for_each(text, t->texts)
		n++;
	sys->source = must_alloc(n, sizeof(*sys->source));
	for_each(text, t->texts) {
		struct sys_source *source = &sys->source[sys->n_sources++];

		source->path = copy(text->path, strlen(text->path));
		source->text = copy(text->text, text->size);
		source->size = text->size;
	}
}

struct system *build_system(struct topology *t, const char *name)
{
	struct system *sys = must_alloc(1, sizeof(*sys));

	build_copy(sys->name, name);
	build_macs(t, name);
	build_pds(sys, t);
	build_conns(sys, t);
	build_maps(sys, t);
	build_policies(sys, t);
	keep_sources(sys, t);
	return sys;
}

bool build_has_pd(const struct topo_port *port)
{
	return port->kind != TO_LINK && port->kind != TO_ATTACH;
}

struct sys_access build_access(const struct topo_port *port)
{
	return (struct sys_access){
		.mode = (uint32_t)port->mode.value,
		.uid = (uint32_t)port->owner.value,
		.gid = (uint32_t)port->group.value,
		.owned = port->owner.set,
		.grouped = port->group.set,
	};
}
