/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The configurations of switches, clients and captures, and the memory these
 * have for themselves.  How much that is, the components' own functions say:
 * the sizes of all types are the same on both machines (64 bits,
 * little-endian).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/system.h"
#include "vmm/microkit/compile/plan.h"
#include "vmm/microkit/wire.h"

/* Bytes of a capture's ring, without its first page. */
#define RING_SIZE (1u << 20)

/* Private memory of a PD. */
static struct mk_region memory(struct plan *p, size_t pd, uint64_t size)
{
	char name[SYS_NAME];
	size_t region;

	snprintf(name, sizeof(name), "%s.memory", p->pd[pd].name);
	region = plan_new_region(p, name, size);
	return (struct mk_region){ plan_map(p, pd, region, SYS_RW),
				   p->region[region].size };
}

static struct mk_half half(const struct plan *p, size_t pd,
			   const struct sys_half *h)
{
	return (struct mk_half){
		.active = plan_at(p, pd, h->active).addr,
		.free = plan_at(p, pd, h->free).addr,
		.data = plan_at(p, pd, h->data),
	};
}

static struct mk_wire wire(const struct plan *p, size_t pd,
			   const struct sys_wire *w)
{
	return (struct mk_wire){
		.ingress = half(p, pd, &w->ingress),
		.egress = half(p, pd, &w->egress),
		.link = plan_at(p, pd, w->link).addr,
		.channel = w->channel,
		.capacity = w->capacity,
		.buffer_size = w->buffer_size,
		.max_frame = w->max_frame,
		.offload = w->offload,
		.max_segment = w->max_segment,
	};
}

/* --- switches ----------------------------------------------------------- */

/* Known to whoever has the image; the switch mixes in the time of its start. */
static uint64_t seed_of(const char *name)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (; *name != '\0'; name++)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3ull;
	return hash;
}

static void blob_switch(struct plan *p, size_t pd,
			const struct sys_component *c)
{
	const struct sys_switch *sw = &c->sw;
	const struct vswitch_tables tables = plan_tables(p, sw);
	struct mk_switch *blob = calloc(1, sizeof(*blob));
	size_t policy = p->pd[pd].map[sw->policy].region;

	if (blob == NULL)
		abort();
	plan_prefill(p, policy, &p->sys->policy[sw->number].image,
		     sizeof(p->sys->policy[sw->number].image));
	blob->memory = memory(p, pd, vswitch_size(&tables));
	blob->stats = plan_at(p, pd, sw->stats);
	blob->policy = plan_at(p, pd, sw->policy);
	blob->request = plan_at(p, pd, sw->ctl_request).addr;
	blob->reply = plan_at(p, pd, sw->ctl_reply).addr;
	blob->seed = seed_of(c->name);
	blob->fdb_capacity = tables.fdb.capacity;
	blob->fdb_ageing = tables.fdb.ageing;
	blob->flows = tables.flows;
	blob->groups = tables.groups;
	memcpy(blob->room, &tables.room, sizeof(blob->room));
	blob->ctl_channel = sw->ctl_channel;
	blob->timer_channel = MK_NONE;
	blob->n_ports = sw->n_ports;
	for (uint32_t i = 0; i < sw->n_ports; i++)
		blob->port[i] = (struct mk_port){
			.wire = wire(p, pd, &sw->port[i].wire),
			.capture_of = sw->port[i].capture_of,
			.kind = sw->port[i].kind,
			.fill = VSWITCH_FILL_CLIENT,
			.egress_channel = MK_NONE,
			.forward_reserved = sw->port[i].forward_reserved,
			.capture_drops = sw->port[i].capture_drops,
			.present = 1,
		};
	plan_configure(p, pd, MK_SWITCH, blob, sizeof(*blob));
	free(blob);
}

/* --- clients, captures -------------------------------------------------- */

static struct mk_region client_memory(struct plan *p, size_t pd,
				      const struct mk_wire *w)
{
	const struct net_client_config config = mk_client_config(w);

	return memory(p, pd, net_client_size(&config));
}

/* The number of the port it is attached to. */
static uint32_t port_of(const struct plan *p, size_t pd)
{
	for (size_t i = 0; i < p->sys->n_conns; i++)
		if (p->sys->conn[i].pd[1] == pd)
			return p->sys->conn[i].port[0];
	return MK_NONE;
}

static void blob_client(struct plan *p, size_t pd,
			const struct sys_component *c)
{
	struct mk_client blob = {
		.wire = wire(p, pd, &c->wire),
		.mac = c->program.mac,
		.monitor_channel = MK_NONE,
		.port = port_of(p, pd),
	};

	blob.memory = client_memory(p, pd, &blob.wire);
	snprintf(blob.args, sizeof(blob.args), "%s", c->program.args);
	plan_configure(p, pd, MK_CLIENT, &blob, sizeof(blob));
}

static void blob_capture(struct plan *p, size_t pd,
			 const struct sys_component *c)
{
	struct mk_capture blob = {
		.wire = wire(p, pd, &c->wire),
		.reader_channel = MK_NONE,
	};
	char name[SYS_NAME];
	size_t ring;

	blob.memory = client_memory(p, pd, &blob.wire);
	snprintf(name, sizeof(name), "%s.ring", p->pd[pd].name);
	ring = plan_new_region(p, name, PLAN_PAGE + RING_SIZE);
	blob.ring = (struct mk_region){ plan_map(p, pd, ring, SYS_RW),
					PLAN_PAGE + RING_SIZE };
	plan_configure(p, pd, MK_CAPTURE, &blob, sizeof(blob));
}

void plan_blobs(struct plan *p)
{
	for (size_t i = 0; i < plan_monitor(p); i++) {
		const struct sys_component *c = &p->pd[i].sys->comp[0];

		if (c->kind == SYS_SWITCH)
			blob_switch(p, i, c);
		else if (c->kind == SYS_CAPTURE)
			blob_capture(p, i, c);
		else
			blob_client(p, i, c);
	}
}
