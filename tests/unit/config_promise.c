/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/config_promise.h"
#include "vswitch/ctl.h"

/* --- names and numbers -------------------------------------------------- */

static void names_are_unique(const char *first, size_t stride, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert_true(strlen(first + i * stride) > 0);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(first + i * stride,
						first + j * stride);
	}
}

static void check_names(const struct system *sys)
{
	names_are_unique(sys->region[0].name, sizeof(*sys->region),
			 sys->n_regions);
	if (sys->n_channels > 0)
		names_are_unique(sys->channel[0].name, sizeof(*sys->channel),
				 sys->n_channels);
	names_are_unique(sys->pd[0].name, sizeof(*sys->pd), sys->n_pds);
	if (sys->n_conns > 0)
		names_are_unique(sys->conn[0].name, sizeof(*sys->conn),
				 sys->n_conns);
	for (size_t i = 0; i < sys->n_regions; i++) {
		assert_true(sys->region[i].size > 0);
		assert_int_equal(sys->region[i].size % 4096, 0);
	}
}

static void check_ends(const struct system *sys)
{
	size_t ends = 0, joined = 0;

	for (size_t i = 0; i < sys->n_pds; i++)
		joined += sys->pd[i].n_chans;
	for (size_t i = 0; i < sys->n_channels; i++) {
		for (uint32_t e = 0; e < 2; e++) {
			struct sys_end end = sys->channel[i].end[e];

			if (end.pd == SYS_PD_MONITOR ||
			    end.pd == SYS_PD_OUTSIDE) {
				assert_int_equal(e, 1);
				assert_int_equal(end.id, SYS_NONE);
				continue;
			}
			ends++;
			assert_true(end.pd < sys->n_pds);
			assert_true(end.id < sys->pd[end.pd].n_chans);
			assert_int_equal(sys->pd[end.pd].chan[end.id].channel,
					 i);
			assert_int_equal(sys->pd[end.pd].chan[end.id].end, e);
		}
	}
	assert_int_equal(ends, joined);
}

static void check_limits(const struct system *sys)
{
	for (size_t i = 0; i < sys->n_pds; i++) {
		const struct sys_pd *pd = &sys->pd[i];

		assert_true(pd->n_comps > 0);
		assert_true(pd->n_maps <= SYS_MAX_MAPS);
		assert_true(pd->n_chans <= SYS_MAX_CHANNELS);
		for (uint32_t m = 0; m < pd->n_maps; m++) {
			assert_true(pd->map[m].region < sys->n_regions);
			for (uint32_t k = 0; k < m; k++)
				assert_int_not_equal(pd->map[m].region,
						     pd->map[k].region);
		}
	}
}

bool promise_is_blk(const struct sys_conn *c)
{
	return c->attachment == SYS_TO_DISK || c->attachment == SYS_TO_BLK_VM;
}

/* --- connections -------------------------------------------------------- */

void promise_region(const struct system *sys, uint32_t region,
		    const char *owner, const char *what, uint64_t size)
{
	char name[2 * SYS_NAME];

	snprintf(name, sizeof(name), "%s.%s", owner, what);
	assert_true(region < sys->n_regions);
	assert_string_equal(sys->region[region].name, name);
	assert_int_equal(sys->region[region].size, (size + 4095) / 4096 * 4096);
}

const struct sys_switch_port *promise_port(const struct system *sys,
					   const struct sys_conn *c, int end)
{
	const struct sys_component *comp =
		&sys->pd[c->pd[end]].comp[c->comp[end]];

	assert_int_equal(comp->kind, SYS_SWITCH);
	assert_true(c->port[end] < comp->sw.n_ports);
	return &comp->sw.port[c->port[end]];
}

static void check_regions(const struct system *sys, const struct sys_conn *c)
{
	const char *sw = sys->pd[c->pd[0]].comp[c->comp[0]].name;
	uint64_t queue = queue_region_size(c->capacity);
	uint64_t data = (uint64_t)c->capacity * c->buffer_size;
	char port[2 * SYS_NAME];

	snprintf(port, sizeof(port), "%s.%s", sw,
		 promise_port(sys, c, 0)->name);
	if (promise_port(sys, c, 0)->kind != VSWITCH_PORT_CAPTURE) {
		promise_region(sys, c->ingress.active, port, "ingress.active",
			       queue);
		promise_region(sys, c->ingress.free, port, "ingress.free",
			       queue);
		promise_region(sys, c->ingress.data, port, "ingress.data",
			       data);
	} else {
		assert_int_equal(c->ingress.active, SYS_NONE);
		assert_int_equal(c->ingress.free, SYS_NONE);
		assert_int_equal(c->ingress.data, SYS_NONE);
	}
	promise_region(sys, c->egress.active, port, "egress.active", queue);
	promise_region(sys, c->egress.free, port, "egress.free", queue);
	promise_region(sys, c->egress.data, port, "egress.data", data);
	promise_region(sys, c->link, port, "link", 4096);
}

static void check_sizes(const struct sys_conn *c, bool capture)
{
	uint32_t longest = c->max_frame + (capture ? CAPTURE_HEADROOM : 1);

	assert_true(queue_capacity_ok(c->capacity));
	assert_true(c->buffer_size >= 2048);
	assert_true(c->buffer_size <= VSWITCH_MAX_BUFFER);
	assert_int_equal(c->buffer_size & (c->buffer_size - 1), 0);
	assert_true(offload_port_ok(c->offload, c->max_frame, c->max_segment));
	if (c->max_segment >= longest)
		longest = c->max_segment + 1;
	assert_true(longest <= c->buffer_size);
	/* The smallest that fits. */
	assert_true(c->buffer_size == 2048 || longest > c->buffer_size / 2);
}

void promise_slot(const struct system *sys, uint32_t pd, uint32_t slot,
		  uint32_t region)
{
	if (region == SYS_NONE) {
		assert_int_equal(slot, SYS_NONE);
		return;
	}
	assert_true(slot < sys->pd[pd].n_maps);
	assert_int_equal(sys->pd[pd].map[slot].region, region);
}

/* A wire must name the connection's regions, its sizes and the right end. */
void promise_wire(const struct system *sys, const struct sys_conn *c,
		  const struct sys_wire *w, uint32_t end, bool mirrored)
{
	const struct sys_half *in = mirrored ? &c->egress : &c->ingress;
	const struct sys_half *out = mirrored ? &c->ingress : &c->egress;
	uint32_t pd = c->pd[end];

	promise_slot(sys, pd, w->ingress.active, in->active);
	promise_slot(sys, pd, w->ingress.free, in->free);
	promise_slot(sys, pd, w->ingress.data, in->data);
	promise_slot(sys, pd, w->egress.active, out->active);
	promise_slot(sys, pd, w->egress.free, out->free);
	promise_slot(sys, pd, w->egress.data, out->data);
	promise_slot(sys, pd, w->link, c->link);
	assert_int_equal(w->capacity, c->capacity);
	assert_int_equal(w->buffer_size, c->buffer_size);
	assert_int_equal(w->max_frame, c->max_frame);
	assert_true(w->channel < sys->pd[pd].n_chans);
	assert_int_equal(sys->pd[pd].chan[w->channel].channel, c->channel);
	assert_int_equal(sys->pd[pd].chan[w->channel].end, end);
}

static void check_far_end(const struct system *sys, const struct sys_conn *c)
{
	const struct sys_end *end = &sys->channel[c->channel].end[1];
	const struct sys_component *comp;

	assert_int_equal(c->pd[1], end->pd);
	if (c->attachment == SYS_TO_ATTACH) {
		assert_int_equal(c->pd[1], SYS_PD_OUTSIDE);
		assert_int_equal(c->comp[1], SYS_NONE);
		assert_true(strlen(c->path) > 0);
		return;
	}
	comp = &sys->pd[c->pd[1]].comp[c->comp[1]];
	if (c->attachment == SYS_TO_SWITCH) {
		assert_int_equal(promise_port(sys, c, 0)->kind,
				 VSWITCH_PORT_LINK);
		assert_int_equal(promise_port(sys, c, 1)->kind,
				 VSWITCH_PORT_LINK);
		promise_wire(sys, c, &promise_port(sys, c, 1)->wire, 1, true);
		return;
	}
	assert_int_equal(c->attachment == SYS_TO_VIRT, comp->kind == SYS_VIRT);
	assert_int_not_equal(comp->kind, SYS_SWITCH);
	assert_int_not_equal(comp->kind, SYS_VM);
	assert_string_equal(comp->name, c->name);
	promise_wire(sys, c, &comp->wire, 1, false);
}

static void check_conns(const struct system *sys)
{
	for (size_t i = 0; i < sys->n_conns; i++) {
		const struct sys_conn *c = &sys->conn[i];
		const struct sys_switch_port *p;

		assert_true(c->line > 0);
		assert_true(strlen(c->what) > 0);
		assert_string_equal(sys->channel[c->channel].name, c->name);
		assert_int_equal(sys->channel[c->channel].end[0].pd, c->pd[0]);
		if (c->attachment == SYS_TO_VM || promise_is_blk(c))
			continue; /* promise_vms(), promise_disks() */
		p = promise_port(sys, c, 0);
		check_sizes(c, p->kind == VSWITCH_PORT_CAPTURE);
		check_regions(sys, c);
		promise_wire(sys, c, &p->wire, 0, false);
		check_far_end(sys, c);
	}
}

/* --- least permissions -------------------------------------------------- */

/* What each PD should map, worked out once more: perms by [pd][region]. */
struct wanted {
	const struct system *sys;
	uint8_t *perms;
};

static void want(const struct wanted *w, uint32_t pd, uint32_t region,
		 uint32_t perms)
{
	if (pd < w->sys->n_pds && region != SYS_NONE)
		w->perms[pd * w->sys->n_regions + region] |= perms;
}

/* A disk's side asks, and says where data is; the other answers. */
static void want_blk(const struct wanted *w, const struct sys_conn *c)
{
	bool client = c->attachment == SYS_TO_DISK;

	for (int end = 0; end < 2; end++) {
		want(w, c->pd[end], c->blk.request, SYS_RW);
		want(w, c->pd[end], c->blk.response, SYS_RW);
		want(w, c->pd[end], c->link, SYS_R);
	}
	want(w, c->pd[0], c->blk.info, client ? SYS_RW : SYS_R);
	want(w, c->pd[1], c->blk.info, client ? SYS_R : SYS_RW);
	want(w, c->pd[1], c->blk.data, SYS_RW);
	if (client)
		want(w, w->sys->conn[c->driver].pd[1], c->blk.data, SYS_RW);
}

static void want_conn(const struct wanted *w, const struct sys_conn *c)
{
	/* Virtualisers pass frames on without looking at them. */
	bool near = c->attachment != SYS_TO_VM;
	bool far = c->attachment != SYS_TO_VIRT;

	for (int end = 0; end < 2; end++) {
		want(w, c->pd[end], c->ingress.active, SYS_RW);
		want(w, c->pd[end], c->ingress.free, SYS_RW);
		want(w, c->pd[end], c->egress.active, SYS_RW);
		want(w, c->pd[end], c->egress.free, SYS_RW);
		want(w, c->pd[end], c->link, SYS_R);
	}
	want(w, c->pd[0], c->ingress.data, SYS_R);
	want(w, c->pd[1], c->ingress.data, far ? SYS_RW : SYS_R);
	want(w, c->pd[0], c->egress.data, near ? SYS_RW : SYS_R);
	want(w, c->pd[1], c->egress.data, SYS_R);
}

/* What a component has of its own beside its connections. */
static const struct own {
	uint32_t kind;
	const char *region;
	uint32_t perms;
} own[] = {
	{ SYS_SWITCH, ".stats", SYS_RW },
	{ SYS_SWITCH, ".ctl.request", SYS_R },
	{ SYS_SWITCH, ".ctl.reply", SYS_RW },
	{ SYS_SWITCH, ".policy", SYS_R },
	{ SYS_VIRT, ".stats.rx", SYS_RW },
	{ SYS_VIRT, ".stats.tx", SYS_RW },
	{ SYS_VM, ".ram", SYS_RW },
	{ SYS_VM, ".status", SYS_RW },
	{ SYS_VM, ".vmm", SYS_RW },
	{ SYS_CLIENT_VM, ".ram", SYS_RW },
	{ SYS_CLIENT_VM, ".vmm", SYS_RW },
	{ SYS_DISK, ".stats", SYS_RW },
	{ SYS_BLK_VIRT, ".stats", SYS_RW },
	{ SYS_BLK_VIRT, ".table", SYS_RW },
};

/* Found by name. */
static void want_own(const struct wanted *w, uint32_t pd,
		     const struct sys_component *c)
{
	size_t n = strlen(c->name);

	for (uint32_t r = 0; r < w->sys->n_regions; r++) {
		const char *region = w->sys->region[r].name;

		if (strncmp(region, c->name, n) != 0)
			continue;
		for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
			if (own[i].kind == c->kind &&
			    strcmp(region + n, own[i].region) == 0)
				want(w, pd, r, own[i].perms);
		}
	}
	for (uint32_t i = 0; c->kind == SYS_CLIENT_VM && i < c->vm.n_ports; i++)
		want(w, pd, w->sys->conn[c->vm.port[i].conn].link, SYS_R);
	if (c->kind == SYS_VM && c->vm.n_blk_data > 0)
		want(w, pd, w->sys->pd[pd].map[c->vm.blk_data[0]].region,
		     SYS_RW);
}

static struct wanted want_all(const struct system *sys)
{
	struct wanted w = { sys, calloc(sys->n_pds * sys->n_regions + 1, 1) };

	assert_non_null(w.perms);
	for (size_t i = 0; i < sys->n_conns; i++) {
		if (promise_is_blk(&sys->conn[i]))
			want_blk(&w, &sys->conn[i]);
		else
			want_conn(&w, &sys->conn[i]);
	}
	for (uint32_t i = 0; i < sys->n_pds; i++) {
		for (uint32_t k = 0; k < sys->pd[i].n_comps; k++)
			want_own(&w, i, &sys->pd[i].comp[k]);
	}
	return w;
}

static void check_perms(const struct system *sys)
{
	struct wanted wanted = want_all(sys);

	for (size_t i = 0; i < sys->n_pds; i++) {
		for (uint32_t m = 0; m < sys->pd[i].n_maps; m++) {
			const struct sys_map *map = &sys->pd[i].map[m];
			uint8_t *w =
				&wanted.perms[i * sys->n_regions + map->region];

			if (*w != map->perms)
				fail_msg("%s maps %s with %u, not %u",
					 sys->pd[i].name,
					 sys->region[map->region].name,
					 map->perms, *w);
			*w = 0;
		}
	}
	/* And nothing that should be mapped is not. */
	for (size_t i = 0; i < sys->n_pds * sys->n_regions; i++)
		assert_int_equal(wanted.perms[i], 0);
	free(wanted.perms);
}

/* --- switches ----------------------------------------------------------- */

static void check_port(const struct sys_switch *sw, unsigned int i)
{
	const struct sys_switch_port *p = &sw->port[i];
	uint64_t exist = sw->n_ports == 64 ? ~0ull : (1ull << sw->n_ports) - 1;

	assert_true(strlen(p->name) > 0);
	assert_int_equal(p->capture_of & ~exist, 0);
	if (p->kind != VSWITCH_PORT_CAPTURE) {
		assert_int_equal(p->capture_of, 0);
		assert_int_equal(p->capture_drops, 0);
		return;
	}
	assert_int_not_equal(p->capture_of, 0);
	for (unsigned int k = 0; k < sw->n_ports; k++) {
		if (sw->port[k].kind == VSWITCH_PORT_CAPTURE)
			assert_int_equal(p->capture_of & 1ull << k, 0);
	}
}

static void check_switch(const struct system *sys, uint32_t pd,
			 const struct sys_component *comp)
{
	const struct sys_switch *sw = &comp->sw;
	const struct sys_map *map = sys->pd[pd].map;
	const struct sys_end *far;

	assert_in_range(sw->n_ports, 1, MAX_PORTS);
	assert_true(fdb_size(&sw->tables.fdb) > 0);
	assert_int_equal(sw->tables.fdb.seed, 0);
	assert_true(sw->tables.flows <= FLOW_MAX_CAPACITY);
	assert_true(sw->number < sys->n_policies);
	promise_region(sys, map[sw->stats].region, comp->name, "stats",
		       sizeof(struct vswitch_stats));
	promise_region(sys, map[sw->ctl_request].region, comp->name,
		       "ctl.request", sizeof(struct vswitch_ctl_request));
	promise_region(sys, map[sw->ctl_reply].region, comp->name, "ctl.reply",
		       sizeof(struct vswitch_ctl_reply));
	promise_region(sys, map[sw->policy].region, comp->name, "policy",
		       sizeof(struct policy_image));
	far = &sys->channel[sys->pd[pd].chan[sw->ctl_channel].channel].end[1];
	assert_int_equal(far->pd, SYS_PD_MONITOR);
	for (unsigned int i = 0; i < sw->n_ports; i++)
		check_port(sw, i);
	promise_policy(sw, &sys->policy[sw->number]);
}

/* Each policy is that of one switch. */
static void check_policies(const struct system *sys)
{
	size_t n = 0;

	for (size_t i = 0; i < sys->n_pds; i++) {
		for (uint32_t k = 0; k < sys->pd[i].n_comps; k++)
			n += sys->pd[i].comp[k].kind == SYS_SWITCH;
	}
	assert_int_equal(sys->n_policies, n);
	assert_true(sys->n_sources > 0);
}

/* The capture PD must be told what the switch is told, and all names. */
static void check_capture(const struct system *sys, const struct sys_conn *c)
{
	const struct sys_component *sw = &sys->pd[c->pd[0]].comp[c->comp[0]];
	const struct sys_switch_port *p;
	const struct sys_component *comp;

	if (c->attachment == SYS_TO_VM || promise_is_blk(c))
		return;
	p = promise_port(sys, c, 0);
	if (p->kind != VSWITCH_PORT_CAPTURE)
		return;
	comp = &sys->pd[c->pd[1]].comp[c->comp[1]];
	assert_int_equal(comp->kind, SYS_CAPTURE);
	assert_int_equal(comp->capture.of, p->capture_of);
	assert_int_equal(comp->capture.drops, p->capture_drops);
	for (unsigned int i = 0; i < MAX_PORTS; i++) {
		char name[2 * SYS_NAME] = "";

		if (i < sw->sw.n_ports)
			snprintf(name, sizeof(name), "%s.%s", sw->name,
				 sw->sw.port[i].name);
		assert_string_equal(comp->capture.name[i], name);
	}
}

void promise_check(const struct system *sys)
{
	check_names(sys);
	check_ends(sys);
	check_limits(sys);
	check_conns(sys);
	check_perms(sys);
	check_policies(sys);
	for (uint32_t i = 0; i < sys->n_pds; i++) {
		for (uint32_t k = 0; k < sys->pd[i].n_comps; k++) {
			if (sys->pd[i].comp[k].kind == SYS_SWITCH)
				check_switch(sys, i, &sys->pd[i].comp[k]);
		}
	}
	for (size_t i = 0; i < sys->n_conns; i++)
		check_capture(sys, &sys->conn[i]);
	promise_programs(sys);
	promise_vms(sys);
	promise_disks(sys);
	promise_follows(sys);
}
