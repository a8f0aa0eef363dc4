/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The order of the steps.  Indices are handed out in the order of the topology,
 * so the same topology always gives the same system, to the byte.
 */
#include "config/build/build.h"

#include <stdlib.h>
#include <string.h>

#include "config/lang/source.h"

void *build_grow(void *array, size_t n, size_t size)
{
	char *grown = realloc(array, (n + 1) * size);

	if (!grown)
		out_of_memory();
	memset(grown + n * size, 0, size);
	return grown;
}

uint64_t build_hash(uint64_t h, const void *data, size_t size)
{
	const unsigned char *byte = data;

	for (size_t i = 0; i < size; i++)
		h = (h ^ byte[i]) * 0x100000001b3ull;
	return h;
}

uint64_t build_fold(uint64_t h, unsigned int bits)
{
	return (h ^ h >> bits) & ((1ull << bits) - 1);
}

static void *copy(const void *from, size_t size)
{
	return memcpy(must_alloc(1, size + 1), from, size);
}

static void keep_sources(struct system *sys, const struct topology *t)
{
	const struct source_text *text;

	for_each(text, t->texts) {
		*build_new(sys->source, sys->n_sources) = (struct sys_source){
			.path = copy(text->path, strlen(text->path)),
			.text = copy(text->text, text->size),
			.size = text->size,
		};
	}
}

/* Whether one process can take what is merged is known when it is built. */
static void check_load(struct topology *t, const struct topo_domain *domain,
		       const struct sys_pd *pd)
{
	if (pd->n_chans > SYS_MAX_CHANNELS)
		wrong(t, domain->name.pos,
		      "domain %s has %u channels; one process can have %d: "
		      "take members out",
		      domain->name.text, pd->n_chans, SYS_MAX_CHANNELS);
	if (pd->n_maps > SYS_MAX_MAPS)
		wrong(t, domain->name.pos,
		      "domain %s maps %u regions; one process can map %d: take "
		      "members out",
		      domain->name.text, pd->n_maps, SYS_MAX_MAPS);
}

struct system *build_system(struct topology *t, const char *name)
{
	struct system *sys = must_alloc(1, sizeof(*sys));
	const struct topo_domain *domain;

	build_copy(sys->name, name);
	build_pds(sys, t);
	build_conns(sys, t);
	build_disks(sys, t);
	build_policies(sys, t);
	keep_sources(sys, t);
	for_each(domain, t->domains)
		check_load(t, domain, &sys->pd[domain->pd]);
	if (!t->report->errors)
		return sys;
	system_free(sys);
	return NULL;
}

void build_text(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text ? text : "");
}

struct sys_access build_access(const struct option *mode,
			       const struct option *owner,
			       const struct option *group)
{
	return (struct sys_access){
		.mode = (uint32_t)mode->value,
		.uid = (uint32_t)owner->value,
		.gid = (uint32_t)group->value,
		.owned = owner->set,
		.grouped = group->set,
	};
}
