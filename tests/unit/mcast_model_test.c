/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random messages against a model that does what vswitch/mcast.h says with
 * plain arrays and no regard to speed.  After each message both must agree on
 * where frames go, for every group and VLAN, and on what a walk shows.
 *
 * The model is told what a message means; that messages are read right is for
 * the other tests.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "mcast_rig.h"

#define PORTS 5u
#define ALL_PORTS ((1ull << PORTS) - 1)
#define GROUPS 4u
#define VLANS 2u
/* Fewer memberships than there could be, and enough for all. */
#define TIGHT 12u
#define ROOM 100u
#define ROUNDS 20000u

enum life { LEAVING, MEMBER, ROUTER };

static const uint32_t life_s[] = { MCAST_LEAVE_S, MCAST_MEMBER_S,
				   MCAST_QUERIER_S };

/**
 * struct place - a group of a VLAN
 * @group: 1 to GROUPS; 0: the routers of the family
 */
struct place {
	unsigned int vlan;
	bool v4;
	unsigned int group;
};

struct entry {
	struct place place;
	unsigned int port;
	enum life life;
	uint32_t until;
	uint64_t order;
};

/* What is known of the questions in a VLAN. */
struct question {
	uint64_t asked, asking;
	uint32_t settled, until;
	unsigned int asker;
	bool any;
};

struct model {
	struct entry entry[ROOM];
	unsigned int count, room;
	uint64_t order;
	struct question question[VLANS][2];
	uint32_t everything[PORTS];
	uint32_t now;
	unsigned int evictions, narrowed;
};

/* --- the model: memberships --------------------------------------------- */

static bool same(const struct place *a, const struct place *b)
{
	return a->vlan == b->vlan && a->v4 == b->v4 && a->group == b->group;
}

static bool alive(const struct model *m, const struct entry *e)
{
	return m->now < e->until;
}

static struct question *question_of(struct model *m, const struct place *p)
{
	return &m->question[p->vlan][p->v4];
}

/* With the last router, dead or alive, goes what was asked. */
static void model_drop(struct model *m, struct entry *e)
{
	struct place p = e->place;

	*e = m->entry[--m->count];
	if (p.group)
		return;
	for (unsigned int i = 0; i < m->count; i++)
		if (same(&m->entry[i].place, &p))
			return;
	question_of(m, &p)->any = false;
}

static bool goes_before(const struct entry *a, const struct entry *b)
{
	if (a->life != b->life)
		return a->life < b->life;
	return a->order < b->order;
}

/* One that has ended: of the lowest port, by life, by age. */
static struct entry *model_ended(struct model *m)
{
	struct entry *found = NULL;

	for (unsigned int i = 0; i < m->count; i++) {
		struct entry *e = &m->entry[i];

		if (alive(m, e))
			continue;
		if (found == NULL || e->port < found->port ||
		    (e->port == found->port && goes_before(e, found)))
			found = e;
	}
	return found;
}

static struct entry *model_victim(struct model *m)
{
	unsigned int held[PORTS] = { 0 }, most = 0;
	struct entry *found = NULL;

	for (unsigned int i = 0; i < m->count; i++)
		held[m->entry[i].port]++;
	for (unsigned int p = 1; p < PORTS; p++)
		if (held[p] > held[most])
			most = p;
	for (unsigned int i = 0; i < m->count; i++) {
		struct entry *e = &m->entry[i];

		if (e->port == most && (found == NULL || goes_before(e, found)))
			found = e;
	}
	m->everything[most] = m->now + MCAST_MEMBER_S;
	m->evictions++;
	return found;
}

static struct entry *model_find(struct model *m, const struct place *p,
				unsigned int port)
{
	for (unsigned int i = 0; i < m->count; i++)
		if (same(&m->entry[i].place, p) && m->entry[i].port == port)
			return &m->entry[i];
	return NULL;
}

static void model_enter(struct model *m, const struct place *p,
			unsigned int port, enum life life)
{
	struct entry *e = model_find(m, p, port);

	if (e == NULL && m->count == m->room) {
		struct entry *gone = model_ended(m);

		model_drop(m, gone ? gone : model_victim(m));
	}
	if (e == NULL)
		e = &m->entry[m->count++];
	*e = (struct entry){
		*p, port, life, m->now + life_s[life], ++m->order,
	};
}

/* --- the model: messages ------------------------------------------------ */

static void model_ask(struct model *m, const struct place *p, unsigned int port,
		      uint64_t reached, uint32_t seconds)
{
	struct question *q = question_of(m, p);

	if (!q->any || m->now >= q->until) {
		q->asked = 0;
		q->asking = reached;
		q->settled = m->now + seconds + 1;
	} else if (m->now >= q->settled) {
		q->asked = q->asking;
		q->asking = reached;
		q->settled = m->now + seconds + 1;
	} else {
		q->asking &= reached;
	}
	q->any = true;
	q->until = m->now + MCAST_QUERIER_S;
	q->asker = port;
}

static void model_cut(struct model *m, const struct place *p, uint64_t reached)
{
	/* In no order: they are of different ports. */
	for (unsigned int port = 0; port < PORTS; port++) {
		struct entry *e = model_find(m, p, port);

		if (e == NULL || !(reached >> port & 1) ||
		    e->until <= m->now + MCAST_LEAVE_S)
			continue;
		e->life = LEAVING;
		e->until = m->now + MCAST_LEAVE_S;
		e->order = ++m->order;
	}
}

static void model_flush(struct model *m, unsigned int port)
{
	for (unsigned int i = m->count; i-- > 0;)
		if (m->entry[i].port == port)
			model_drop(m, &m->entry[i]);
	for (unsigned int v = 0; v < VLANS * 2; v++) {
		struct question *q = &m->question[v / 2][v % 2];
		uint64_t left = q->asker == port ? 0 : ~PORT_BIT(port);

		q->asked &= left;
		q->asking &= left;
	}
	m->everything[port] = 0;
}

static uint64_t model_members(struct model *m, const struct place *p)
{
	uint64_t ports = 0;

	for (unsigned int port = 0; port < PORTS; port++) {
		struct entry *e = model_find(m, p, port);

		if (e != NULL && alive(m, e))
			ports |= PORT_BIT(port);
	}
	return ports;
}

static uint64_t model_ports(struct model *m, const struct place *p,
			    uint64_t ports)
{
	struct place routers = { p->vlan, p->v4, 0 };
	uint64_t members = model_members(m, p), asked = 0, want;
	struct question *q = question_of(m, p);

	if (q->any && m->now < q->until)
		asked = m->now < q->settled ? q->asked & q->asking : q->asking;
	if (members == 0)
		return ports;
	want = members | model_members(m, &routers) | ~asked;
	for (unsigned int port = 0; port < PORTS; port++)
		if (m->now < m->everything[port])
			want |= PORT_BIT(port);
	return ports & want;
}

/* --- both --------------------------------------------------------------- */

static uint32_t random_state;

static uint32_t below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)(random_state >> 4) * n >> 28);
}

static struct wire in_vlan(struct wire w, unsigned int vlan)
{
	w.tags = vlan != 0;
	w.tpid = FRAME_TPID_C;
	w.tci = (uint16_t)(vlan * 5);
	return w;
}

static void check_frames(struct snoop *s, struct model *m)
{
	for (unsigned int i = 0; i < VLANS * 2 * GROUPS; i++) {
		struct place p = { i / GROUPS / 2, i / GROUPS % 2,
				   i % GROUPS + 1 };
		unsigned int src = below(PORTS);
		uint64_t ports = ALL_PORTS & ~PORT_BIT(src);
		uint64_t want = model_ports(m, &p, ports);
		struct wire w = wire_data(p.v4, snoop_group(p.v4, p.group));

		w = in_vlan(w, p.vlan);
		assert_int_equal(snoop_ports_of(s, &w, src, ports), want);
		m->narrowed += want != ports;
	}
}

static void check_entry(struct model *m, const struct mcast_entry *e)
{
	struct place p = { e->vlan / 5, ip_is_v4(&e->group), 0 };
	struct entry *want;

	if (e->role == MCAST_MEMBER)
		p.group = e->group.lo & 0xffff;
	want = model_find(m, &p, e->port);
	assert_non_null(want);
	assert_true(alive(m, want));
	assert_int_equal(want->until - m->now, e->left);
}

static void check_walk(const struct snoop *s, struct model *m)
{
	unsigned int seen = 0, want = 0;
	struct mcast_entry e;
	uint32_t cursor = 0;

	while (mcast_iterate(s->m, &cursor, s->now, &e)) {
		seen++;
		if (e.role == MCAST_EVERYTHING)
			assert_int_equal(m->everything[e.port] - m->now,
					 e.left);
		else
			check_entry(m, &e);
	}
	for (unsigned int i = 0; i < m->count; i++)
		want += alive(m, &m->entry[i]);
	for (unsigned int port = 0; port < PORTS; port++)
		want += m->now < m->everything[port];
	assert_int_equal(seen, want);
}

static void some_report(struct snoop *s, struct model *m, const struct place *p,
			unsigned int port)
{
	struct ip_addr g = snoop_group(p->v4, p->group);
	struct wire w = in_vlan(wire_report(p->v4, 1 + below(3), g), p->vlan);

	snoop_hear(s, &w, port);
	model_enter(m, p, port, MEMBER);
}

static void some_query(struct snoop *s, struct model *m, const struct place *p,
		       unsigned int port)
{
	struct place routers = { p->vlan, p->v4, 0 };
	uint64_t reached = ALL_PORTS & ~PORT_BIT(port);
	uint32_t seconds = 1 + below(10);
	struct wire w = wire_query(p->v4, 3, seconds);

	if (below(4) == 0)
		reached &= below(1 << PORTS);
	w = in_vlan(w, p->vlan);
	snoop_hear_at(s, &w, port, reached);
	model_enter(m, &routers, port, ROUTER);
	model_ask(m, &routers, port, reached, seconds);
}

static void some_group_query(struct snoop *s, struct model *m,
			     const struct place *p, unsigned int port)
{
	struct place routers = { p->vlan, p->v4, 0 };
	uint64_t reached = below(1 << PORTS) & ~PORT_BIT(port);
	struct wire w =
		wire_query_group(p->v4, 3, snoop_group(p->v4, p->group));

	w = in_vlan(w, p->vlan);
	snoop_hear_at(s, &w, port, reached);
	model_enter(m, &routers, port, ROUTER);
	model_cut(m, p, reached);
}

static void some_hello(struct snoop *s, struct model *m, const struct place *p,
		       unsigned int port)
{
	struct place routers = { p->vlan, p->v4, 0 };
	struct wire w = in_vlan(wire_hello(p->v4), p->vlan);

	snoop_hear(s, &w, port);
	model_enter(m, &routers, port, ROUTER);
}

static void some_event(struct snoop *s, struct model *m)
{
	struct place p = { below(VLANS), below(2), 1 + below(GROUPS) };
	unsigned int port = below(PORTS), what = below(64);

	if (what < 32)
		some_report(s, m, &p, port);
	else if (what < 40)
		some_query(s, m, &p, below(2));
	else if (what < 44)
		some_group_query(s, m, &p, below(2));
	else if (what < 46)
		some_hello(s, m, &p, port);
	else if (what < 47) {
		mcast_flush_port(s->m, port);
		model_flush(m, port);
	} else
		s->now += what < 62 ? below(10) : below(200);
	m->now = s->now;
}

static void random_messages_agree_with_the_model(void **state)
{
	static struct model m;
	struct snoop s;

	(void)state;
	for (unsigned int seed = 1; seed <= 4; seed++) {
		memset(&m, 0, sizeof(m));
		m.room = seed % 2 ? TIGHT : ROOM;
		snoop_make(&s, m.room);
		m.now = s.now;
		random_state = seed;
		for (unsigned int round = 0; round < ROUNDS / 4; round++) {
			some_event(&s, &m);
			check_frames(&s, &m);
			check_walk(&s, &m);
		}
		/* It came to what it is about. */
		assert_true(m.room == ROOM || m.evictions > 1000);
		assert_true(m.narrowed > 2000);
		snoop_free(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_messages_agree_with_the_model),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
