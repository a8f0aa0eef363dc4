/* SPDX-License-Identifier: BSD-2-Clause */
/* The layout, and what this platform cannot do: see compile.h and plan.h. */
#include "vmm/microkit/compile/plan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Above the program, which Microkit puts at 2 MiB. */
#define FIRST_VADDR 0x10000000ull

/* Priorities: see compile.h. */
#define PRIORITY_MONITOR 160u
#define PRIORITY_SWITCH 140u
#define PRIORITY_CAPTURE 100u
#define PRIORITY_CLIENT 120u

/* --- memory that grows -------------------------------------------------- */

/* Memory for one entry more; nothing can be compiled without. */
static void *grow(void *array, size_t n, size_t size)
{
	void *more = realloc(array, (n + 1) * size);

	if (more == NULL)
		abort();
	memset((char *)more + n * size, 0, size);
	return more;
}

void plan_add(struct plan_text *t, const char *format, ...)
{
	va_list args;
	char *more, *all;
	int n;

	va_start(args, format);
	n = vasprintf(&more, format, args);
	va_end(args);
	all = n < 0 ? NULL : realloc(t->text, t->n + (size_t)n + 1);
	if (all == NULL)
		abort();
	memcpy(all + t->n, more, (size_t)n + 1);
	free(more);
	t->text = all;
	t->n += (size_t)n;
}

/* --- parts of a plan ---------------------------------------------------- */

static uint64_t page_size(const struct plan_region *r)
{
	return r->size % PLAN_LARGE_PAGE == 0 ? PLAN_LARGE_PAGE : PLAN_PAGE;
}

size_t plan_new_region(struct plan *p, const char *name, uint64_t size)
{
	struct plan_region *r;

	p->region = grow(p->region, p->n_regions, sizeof(*r));
	r = &p->region[p->n_regions];
	snprintf(r->name, sizeof(r->name), "%s", name);
	r->size = (size + PLAN_PAGE - 1) & ~(PLAN_PAGE - 1);
	return p->n_regions++;
}

void plan_prefill(struct plan *p, size_t region, const void *data, size_t size)
{
	struct plan_region *r = &p->region[region];

	r->prefill = calloc(1, r->size);
	if (r->prefill == NULL || size > r->size)
		abort();
	memcpy(r->prefill, data, size);
	snprintf(r->file, sizeof(r->file), "%s", r->name);
}

/* Regions have a page between them, so that an overrun is a fault. */
uint64_t plan_map(struct plan *p, size_t pd, size_t region, uint32_t perms)
{
	struct plan_pd *d = &p->pd[pd];
	const struct plan_region *r = &p->region[region];
	const uint64_t page = page_size(r);
	struct plan_map *m;

	d->map = grow(d->map, d->n_maps, sizeof(*m));
	m = &d->map[d->n_maps++];
	m->region = region;
	m->perms = perms;
	m->vaddr = (d->next_vaddr + page - 1) & ~(page - 1);
	d->next_vaddr = m->vaddr + r->size + PLAN_PAGE;
	return m->vaddr;
}

struct mk_region plan_at(const struct plan *p, size_t pd, uint32_t slot)
{
	const struct plan_map *m;

	if (slot == SYS_NONE)
		return (struct mk_region){ 0, 0 };
	m = &p->pd[pd].map[slot];
	return (struct mk_region){ m->vaddr, p->region[m->region].size };
}

static void add_channel(struct plan *p, struct plan_end a, struct plan_end b)
{
	p->channel = grow(p->channel, p->n_channels, sizeof(*p->channel));
	p->channel[p->n_channels++] = (struct plan_channel){ { a, b } };
}

struct plan_channel plan_connect(struct plan *p, size_t a, size_t b)
{
	add_channel(p, (struct plan_end){ a, p->pd[a].channels++ },
		    (struct plan_end){ b, p->pd[b].channels++ });
	return p->channel[p->n_channels - 1];
}

void plan_configure(struct plan *p, size_t pd, enum mk_kind kind, void *blob,
		    size_t size)
{
	char name[SYS_NAME];
	size_t region;

	*(struct mk_head *)blob = (struct mk_head){
		.magic = MK_MAGIC,
		.version = MK_VERSION,
		.kind = kind,
		.size = (uint32_t)size,
	};
	snprintf(name, sizeof(name), "%s.config", p->pd[pd].name);
	region = plan_new_region(p, name, size);
	plan_prefill(p, region, blob, size);
	plan_map(p, pd, region, SYS_R);
	p->pd[pd].map[p->pd[pd].n_maps - 1].setvar = "weir_config";
}

/* --- what cannot be ----------------------------------------------------- */

/* By kind: why not; NULL: it can. */
static const char *const refused[SYS_KINDS] = {
	[SYS_TAP] = "Microkit has no TAP interfaces; write program \"NAME\", a "
		    "protection domain of yours",
	[SYS_NIC] = "Microkit has no Linux interfaces; a card needs a driver "
		    "in a protection domain, which this version cannot connect",
	[SYS_SOCKET] = "Microkit has no sockets",
	[SYS_VHOST_USER] = "Microkit has no vhost-user",
	[SYS_VIRT] = "driver VMs need libvmm, which this version cannot "
		     "connect",
	[SYS_CLIENT_VM] = "client VMs need libvmm, which this version cannot "
			  "connect",
	[SYS_DISK] = "there are no disks on Microkit in this version",
};

static void refuse_component(struct plan *p, const struct sys_component *c)
{
	if (refused[c->kind] != NULL)
		plan_add(&p->errors, "%s: %s\n", c->name, refused[c->kind]);
	if (c->kind == SYS_CAPTURE && c->capture.n_filter > 0)
		plan_add(&p->errors,
			 "%s: a capture on Microkit has no filter; take it "
			 "out\n",
			 c->name);
}

static void refuse_pd(struct plan *p, const struct sys_pd *pd)
{
	if (strlen(pd->name) >= MK_NAME)
		plan_add(&p->errors,
			 "%s: names have at most %u bytes on Microkit\n",
			 pd->name, MK_NAME - 1);
	if (pd->n_comps > 1)
		plan_add(&p->errors,
			 "domain %s: on Microkit each switch and port has a "
			 "protection domain of its own; take the domain out\n",
			 pd->name);
	if (pd->poll_us > 0 || pd->together > 0)
		plan_add(&p->errors,
			 "%s: there is no poll and no placement on Microkit\n",
			 pd->name);
	if (pd->n_chans >= MK_CHANNELS)
		plan_add(&p->errors,
			 "%s: a protection domain has at most %u channels, one "
			 "of them for the monitor; join two switches by a "
			 "link\n",
			 pd->name, MK_CHANNELS);
	for (uint32_t i = 0; i < pd->n_comps; i++)
		refuse_component(p, &pd->comp[i]);
}

static void refuse_all(struct plan *p, const struct system *sys)
{
	if (sys->n_pds + 1 > PLAN_PDS)
		plan_add(&p->errors,
			 "a Microkit system has at most %u protection domains, "
			 "and this one, with its monitor, %zu\n",
			 PLAN_PDS, sys->n_pds + 1);
	if (sys->n_policies > MK_SWITCHES)
		plan_add(&p->errors, "there can be %u switches, not %zu\n",
			 MK_SWITCHES, sys->n_policies);
	if (sys->n_conns > MK_LINKS)
		plan_add(&p->errors, "there can be %u ports, not %zu\n",
			 MK_LINKS, sys->n_conns);
	for (size_t i = 0; i < sys->n_pds; i++)
		refuse_pd(p, &sys->pd[i]);
	for (size_t i = 0; i < sys->n_conns; i++)
		if (sys->conn[i].attachment == SYS_TO_ATTACH)
			plan_add(&p->errors,
				 "%s: nothing can attach on Microkit; write "
				 "program \"NAME\"\n",
				 sys->conn[i].name);
}

/* --- the layout --------------------------------------------------------- */

static void add_regions(struct plan *p, const struct system *sys)
{
	for (size_t i = 0; i < sys->n_regions; i++)
		plan_new_region(p, sys->region[i].name, sys->region[i].size);
}

/* "/opt/generator" is generator.elf, wherever the build finds it. */
static void name_program(struct plan_pd *d, const struct sys_component *c)
{
	const char *path = c->program.path, *last = strrchr(path, '/');
	size_t n = strlen(path);
	bool has_suffix = n > 4 && strcmp(path + n - 4, ".elf") == 0;

	snprintf(d->program, sizeof(d->program), "%s%s",
		 last != NULL ? last + 1 : path, has_suffix ? "" : ".elf");
}

static void add_pd(struct plan *p, const struct sys_pd *sys)
{
	struct plan_pd *d = &p->pd[p->n_pds++];
	const struct sys_component *c = &sys->comp[0];

	/* Its length was checked. */
	snprintf(d->name, sizeof(d->name), "%.*s", (int)MK_NAME - 1, sys->name);
	d->sys = sys;
	d->next_vaddr = FIRST_VADDR;
	d->channels = sys->n_chans;
	d->priority = c->kind == SYS_SWITCH    ? PRIORITY_SWITCH
		      : c->kind == SYS_CAPTURE ? PRIORITY_CAPTURE
					       : PRIORITY_CLIENT;
	if (c->kind == SYS_PROGRAM)
		name_program(d, c);
	else
		snprintf(d->program, sizeof(d->program), "weir_%s.elf",
			 c->kind == SYS_SWITCH ? "switch" : "capture");
	for (uint32_t i = 0; i < sys->n_maps; i++)
		plan_map(p, p->n_pds - 1, sys->map[i].region,
			 sys->map[i].perms);
}

static void add_monitor(struct plan *p)
{
	struct plan_pd *d = &p->pd[p->n_pds++];

	snprintf(d->name, sizeof(d->name), "weir_monitor");
	snprintf(d->program, sizeof(d->program), "weir_monitor.elf");
	d->next_vaddr = FIRST_VADDR;
	d->priority = PRIORITY_MONITOR;
}

static struct plan_end end_of(struct plan *p, const struct sys_end *end)
{
	size_t monitor = plan_monitor(p);

	if (end->pd == SYS_PD_MONITOR)
		return (struct plan_end){ monitor, p->pd[monitor].channels++ };
	return (struct plan_end){ end->pd, end->id };
}

static void add_channels(struct plan *p, const struct system *sys)
{
	for (size_t i = 0; i < sys->n_channels; i++) {
		const struct sys_channel *c = &sys->channel[i];

		add_channel(p, end_of(p, &c->end[0]), end_of(p, &c->end[1]));
	}
}

void plan_make(struct plan *p, const struct system *sys)
{
	p->sys = sys;
	refuse_all(p, sys);
	if (p->errors.n > 0)
		return;
	add_regions(p, sys);
	for (size_t i = 0; i < sys->n_pds; i++)
		add_pd(p, &sys->pd[i]);
	add_monitor(p);
	add_channels(p, sys);
	plan_blobs(p);
	plan_blob_monitor(p);
	if (p->pd[plan_monitor(p)].channels > MK_CHANNELS)
		plan_add(&p->errors,
			 "the monitor needs %u channels, one for each switch "
			 "and client, and has at most %u\n",
			 p->pd[plan_monitor(p)].channels, MK_CHANNELS);
}

void plan_free(struct plan *p)
{
	for (size_t i = 0; i < p->n_regions; i++)
		free(p->region[i].prefill);
	for (size_t i = 0; i < p->n_pds; i++)
		free(p->pd[i].map);
	free(p->region);
	free(p->channel);
	free(p->errors.text);
}
