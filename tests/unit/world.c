/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/hash.h"

#define SECOND 1000000000ull
/* More addresses than a world has frames. */
#define WORLD_ENTRIES 4096

uint32_t world_draw(struct world *w, uint32_t below)
{
	w->state = hash_next(w->state);
	return (uint32_t)((w->state >> 32) * below >> 32);
}

bool world_chance(struct world *w, uint32_t percent)
{
	return world_draw(w, 100) < percent;
}

unsigned int world_pick(struct world *w, uint64_t set)
{
	unsigned int skip = world_draw(w, (uint32_t)__builtin_popcountll(set));

	while (skip-- > 0)
		set &= set - 1;
	return (unsigned int)__builtin_ctzll(set);
}

bool world_refuse(const uint8_t *bytes, uint16_t len, unsigned int src,
		  unsigned int dst)
{
	return len >= 14 && bytes[11] % 16 == 3 && (src + dst) % 3 == 0;
}

uint32_t world_now(const struct world *w)
{
	return (uint32_t)(w->rig->now / SECOND);
}

/* --- ports -------------------------------------------------------------- */

static void copy_port(struct world *w, unsigned int port)
{
	const struct rig_port *p = &w->rig->port[port];
	const struct vswitch_port_config *c = &p->config;
	struct oracle_port *o = &w->oracle.port[port];

	o->exists = true;
	o->capture = c->kind == VSWITCH_PORT_CAPTURE;
	o->up = true;
	o->max_frame = c->max_frame;
	o->offload = c->offload;
	o->max_segment = c->max_segment;
	o->buffers = p->lent;
	o->forward_reserved = c->forward_reserved;
	o->sticky = c->sticky;
	o->capture_of = c->capture_of;
	o->capture_drops = c->capture_drops;
}

static void add_port(struct world *w, unsigned int port)
{
	static const uint32_t sizes[] = { 128, 256, 2048, 2048, 2048 };
	struct rig_options o = {
		.kind = world_chance(w, 15) ? VSWITCH_PORT_LINK
					    : VSWITCH_PORT_CLIENT,
		.buffers = 2 + world_draw(w, 30),
		.buffer_size = sizes[world_draw(w, 5)],
		.forward_reserved = world_chance(w, 10),
		.sticky = world_chance(w, 10),
	};

	o.max_frame = o.buffer_size - world_draw(w, o.buffer_size / 2);
	if (o.buffer_size == WORLD_FRAME && world_chance(w, 50)) {
		o.offload = OFFLOAD_PORT;
		if (world_chance(w, 70))
			o.offload |= OFFLOAD_TAKES_CHECKSUM |
				     world_draw(w, OFFLOAD_TAKES_ALL + 1);
		if (world_chance(w, 90))
			o.max_segment = o.buffer_size;
		else
			o.offload &= OFFLOAD_PORT | OFFLOAD_TAKES_CHECKSUM;
	}
	rig_add(w->rig, port, &o);
	copy_port(w, port);
	w->ports |= RIG_BIT(port);
}

static void add_capture(struct world *w, unsigned int port)
{
	struct rig_options o = {
		.kind = VSWITCH_PORT_CAPTURE,
		.buffers = 256,
		.buffer_size = 4096,
		.max_frame = 4096 - CAPTURE_HEADROOM,
		.capture_drops = world_chance(w, 50),
	};

	for (uint64_t set = w->ports; set; set &= set - 1)
		if (world_chance(w, 40))
			o.capture_of |= set & -set;
	rig_add(w->rig, port, &o);
	copy_port(w, port);
	w->captures |= RIG_BIT(port);
}

static void add_ports(struct world *w)
{
	unsigned int ports = world_chance(w, 20) ? 64 : 2 + world_draw(w, 15);
	unsigned int captures = world_draw(w, ports > 8 ? 4 : 2);

	for (unsigned int i = 0; i < ports - captures; i++) {
		unsigned int port = world_draw(w, 64);

		while (w->ports & RIG_BIT(port))
			port = (port + 1) % 64;
		add_port(w, port);
	}
	for (unsigned int i = 0; i < captures; i++)
		add_capture(w, world_pick(w, ~(w->ports | w->captures)));
}

/* --- policy and stations ------------------------------------------------ */

/* Where there are rules, the allow list is not asked. */
static void set_allow(struct world *w, unsigned int port, uint64_t allow)
{
	struct policy *policy = vswitch_policy(w->rig->sw);

	for (unsigned int d = 0; w->rules && d < MAX_PORTS; d++)
		if (w->rules->pair[port][d].n > 0)
			allow &= ~RIG_BIT(d);
	policy->port[port].allow = allow;
	policy_settle(policy);
	w->oracle.port[port].allow = allow;
}

static uint64_t station(struct world *w)
{
	return w->station[world_draw(w, WORLD_STATIONS)];
}

static void set_lock(struct world *w, unsigned int port, bool locked,
		     uint64_t mac)
{
	struct policy *policy = vswitch_policy(w->rig->sw);
	struct policy_port *p = &policy->port[port];
	struct oracle_port *o = &w->oracle.port[port];

	o->locked = locked;
	o->locked_mac = mac;
	o->other_mac = locked && world_chance(w, 50) ? station(w) : 0;
	o->known_only = world_chance(w, locked ? 80 : 20);
	p->first_mac = (uint16_t)port;
	p->n_macs = o->other_mac != 0;
	policy->mac[port] = o->other_mac;
	p->known_only = o->known_only;
	rig_lock(w->rig, port, locked ? mac : 0);
}

#define EXPRESSIONS 16u

/* One to four rules, allowing more often than not. */
static void make_pair(struct world *w, const uint16_t rule[2 * EXPRESSIONS],
		      unsigned int src, unsigned int dst)
{
	unsigned int n = 1 + world_draw(w, 4);
	uint16_t pair[4];

	for (unsigned int i = 0; i < n; i++)
		pair[i] = rule[world_draw(w, EXPRESSIONS) +
			       (world_chance(w, 65) ? EXPRESSIONS : 0)];
	image_pair(w->rules, src, dst, pair, n);
}

/* Frames here are mostly noise above Ethernet; so are the filters. */
static void make_rules(struct world *w)
{
	static const char *const expr[EXPRESSIONS] = {
		NULL,
		"ip",
		"not ip",
		"vlan",
		"vlan 2",
		"ether[14] & 1 = 1",
		"ether[20:2] > 30000",
		"ether[63] < 128",
		"ether[64] < 128",
		"ether[100] & 3 != 0",
		"ether[255] & 1 = 0",
		"greater 200",
		"less 64",
		"broadcast or multicast",
		"udp port 53 or tcp port 443 or arp",
		"ether src 02:00:00:00:00:01 or ether[6:4] & 8 = 0",
	};
	uint16_t rule[2 * EXPRESSIONS];
	uint32_t density = 5 + world_draw(w, 60);

	w->rules = image_new();
	for (unsigned int i = 0; i < EXPRESSIONS; i++) {
		rule[i] = image_rule(w->rules, POLICY_DENY, false, expr[i]);
		rule[EXPRESSIONS + i] =
			image_rule(w->rules, POLICY_ALLOW, false, expr[i]);
	}
	for (uint64_t from = w->ports; from; from &= from - 1)
		for (uint64_t to = w->ports; to; to &= to - 1)
			if (world_chance(w, density) &&
			    w->rules->n_entries + 4 <= POLICY_MAX_ENTRIES)
				make_pair(w, rule,
					  (unsigned int)__builtin_ctzll(from),
					  (unsigned int)__builtin_ctzll(to));
	image_set(w->rig->sw, w->rules);
	w->oracle.rules = w->rules;
}

/* A port's bit towards itself is set at times: it must mean nothing. */
static void make_policy(struct world *w)
{
	uint32_t density = 20 + world_draw(w, 81);

	if (world_chance(w, 60))
		make_rules(w);
	for (unsigned int p = 0; p < MAX_PORTS; p++)
		w->oracle.snap[p] = vswitch_policy(w->rig->sw)->snap[p];
	for (uint64_t from = w->ports; from; from &= from - 1) {
		uint64_t allow = 0;

		for (uint64_t to = w->ports; to; to &= to - 1)
			if (world_chance(w, density))
				allow |= to & -to;
		set_allow(w, (unsigned int)__builtin_ctzll(from), allow);
	}
}

static void make_stations(struct world *w)
{
	for (unsigned int i = 0; i < WORLD_STATIONS; i++)
		w->station[i] = RIG_MAC(world_draw(w, 1u << 24));
	for (unsigned int i = world_draw(w, 4); i > 0; i--)
		set_lock(w, world_pick(w, w->ports), true, station(w));
}

static void make_static(struct world *w)
{
	unsigned int port = world_pick(w, w->ports);
	uint16_t vlan = world_chance(w, 70) ? 0 : 2;
	uint64_t mac = station(w);
	struct oracle_entry *e =
		oracle_find(&w->oracle, mac, vlan, world_now(w));
	bool taken = e && e->is_static && e->port != port;
	bool full = e == NULL && w->oracle.entries == w->oracle.capacity;
	int status = fdb_add_static(vswitch_fdb(w->rig->sw), mac, vlan, port);

	assert_int_equal(status, full ? -ENOSPC : taken ? -EEXIST : 0);
	if (status == 0)
		oracle_add_static(&w->oracle, mac, vlan, port, world_now(w));
}

struct world *world_new(uint32_t seed)
{
	struct world *w = calloc(1, sizeof(*w));
	struct fdb_config fdb = { .seed = seed };
	unsigned int statics;

	assert_non_null(w);
	w->seed = seed;
	w->state = seed;
	fdb.capacity = world_chance(w, 40) ? WORLD_ENTRIES
					   : 4 + world_draw(w, 60);
	fdb.ageing = 1 + world_draw(w, 60);
	w->oracle.capacity = fdb.capacity;
	w->oracle.ageing = fdb.ageing;
	w->oracle.refuse = world_refuse;
	w->rig = rig_new(&fdb);
	add_ports(w);
	make_policy(w);
	make_stations(w);
	statics = world_chance(w, 10) ? 100 : world_draw(w, 4);
	for (unsigned int i = 0; i < statics; i++)
		make_static(w);
	return w;
}

void world_free(struct world *w)
{
	for (unsigned int i = 0; i < MAX_PORTS; i++) {
		world_empty(&w->sent[i]);
		world_empty(&w->owed[i]);
	}
	while (w->records) {
		struct world_record *r = w->records;

		w->records = r->next;
		free(r);
	}
	rig_free(w->rig);
	free(w->rules);
	free(w);
}

/* --- change ------------------------------------------------------------- */

static void flap(struct world *w, unsigned int port)
{
	struct oracle_port *o = &w->oracle.port[port];

	if (o->up) {
		rig_down(w->rig, port);
		o->buffers = 0;
		oracle_flush_port(&w->oracle, port);
	} else {
		rig_up(w->rig, port);
		o->buffers = w->rig->port[port].lent;
	}
	rig_run(w->rig, RIG_BIT(port));
	o->up = !o->up;
	world_empty(&w->owed[port]);
	world_empty(&w->sent[port]);
}

void world_shake(struct world *w)
{
	unsigned int port = world_pick(w, w->ports);
	struct oracle_port *o = &w->oracle.port[port];

	switch (world_draw(w, 8)) {
	case 0:
		w->rig->now += world_draw(w, 2 * w->oracle.ageing) * SECOND;
		break;
	case 1:
		set_allow(w, port, o->allow ^ RIG_BIT(world_pick(w, w->ports)));
		break;
	case 2:
		set_lock(w, port, !o->locked, station(w));
		break;
	case 3:
		fdb_flush_port(vswitch_fdb(w->rig->sw), port);
		oracle_flush_port(&w->oracle, port);
		break;
	case 4:
		/* Up again soon, or everything is down in the end. */
		if (o->up ? world_chance(w, 30) : true)
			flap(w, port);
		break;
	case 5:
		w->stalled ^= RIG_BIT(port);
		break;
	case 6:
		if (w->oracle.capacity == WORLD_ENTRIES && world_chance(w, 20))
			make_static(w);
		break;
	default:
		w->rig->now += world_draw(w, 1000000);
	}
}

/* --- frames ------------------------------------------------------------- */

/* Most stations live at one port; some of their frames come from elsewhere. */
static uint64_t random_source(struct world *w, unsigned int port)
{
	uint32_t what = world_draw(w, 100);
	unsigned int i = world_draw(w, WORLD_STATIONS / 4) * 4 + port % 4;

	if (what < 80)
		return w->station[i];
	if (what < 88)
		return w->oracle.port[port].locked_mac | 0x020000000000;
	if (what < 92)
		return station(w);
	if (what < 97)
		return RIG_MAC(world_draw(w, 1u << 16) | 0x10000000u);
	return what == 97 ? 0 : RIG_MAC(1) | MAC_GROUP_BIT;
}

static uint64_t random_destination(struct world *w)
{
	uint32_t what = world_draw(w, 100);

	if (what < 60)
		return station(w);
	if (what < 72)
		return MAC_BROADCAST;
	if (what < 80)
		return 0x333300000000ull | world_draw(w, 256);
	/* The sixteen reserved ones and their neighbours. */
	if (what < 86)
		return MAC_RESERVED_BASE + world_draw(w, 20) - 2;
	return RIG_MAC(world_draw(w, 1u << 16) | 0x20000000u);
}

static uint16_t random_length(struct world *w, unsigned int port)
{
	uint32_t max = w->oracle.port[port].max_frame;

	switch (world_draw(w, 20)) {
	case 0:
		return (uint16_t)world_draw(w, 20);
	case 1:
		return (uint16_t)(max - 1 + world_draw(w, 3));
	case 2:
		return (uint16_t)world_draw(w, 65536);
	case 3:
		return (uint16_t)(14 + world_draw(w, max - 13));
	default:
		return (uint16_t)(50 + world_draw(w, 30));
	}
}

static void random_tag(struct world *w, uint8_t *frame, uint16_t *len)
{
	static const uint16_t ids[] = { 0, 1, 2, 2, 7, 4094, 4095 };
	uint16_t tpid = world_chance(w, 75) ? FRAME_TPID_C : FRAME_TPID_S;
	uint16_t tci =
		(uint16_t)(ids[world_draw(w, 7)] | world_draw(w, 16) << 12);

	if (world_chance(w, 60))
		return;
	if (world_chance(w, 15)) {
		frame[12] = (uint8_t)(tpid >> 8);
		frame[13] = (uint8_t)tpid;
		*len = (uint16_t)(14 + world_draw(w, 4));
	} else if (*len >= 14 && *len < WORLD_FRAME - 4) {
		*len = rig_tag(frame, *len, tpid, tci);
	}
}

/* Off its boundary, or outside the region. */
static void send_nowhere(struct world *w, unsigned int port, uint16_t len)
{
	static const uint8_t nothing[WORLD_FRAME];
	const struct vswitch_half *h = &w->rig->port[port].config.ingress;
	uint64_t offset = world_draw(w, (uint32_t)h->data_size);

	if (offset % h->buffer_size == 0 || world_chance(w, 50))
		offset = h->data_size * (1 + (uint64_t)world_draw(w, 9));
	if (world_chance(w, 20))
		offset = 0 - (uint64_t)h->buffer_size;
	rig_send_raw(w->rig, port, offset, len);
	world_push(&w->sent[port], nothing, len, false);
}

bool world_send(struct world *w, unsigned int port)
{
	uint8_t frame[WORLD_FRAME + 8] = { 0 };
	uint64_t src = random_source(w, port);
	uint64_t dst = world_chance(w, 3) ? src : random_destination(w);
	uint16_t len = random_length(w, port);

	if (!w->oracle.port[port].up ||
	    queue_room(&w->rig->port[port].tx_active) == 0)
		return false;
	if (world_chance(w, 12))
		return world_send_segment(w, port, dst, src);
	rig_frame(frame, dst, src,
		  len < 14	      ? 14
		  : len > WORLD_FRAME ? WORLD_FRAME
				      : len);
	random_tag(w, frame, &len);
	if (world_chance(w, 1)) {
		send_nowhere(w, port, len);
		return true;
	}
	if (!rig_send(w->rig, port, frame, len))
		return false;
	world_push(&w->sent[port], frame, len, true);
	return true;
}
