/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random frames and verbs against the table of flows and a model of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/flow_model.h"
#include "tests/unit/flow_rig.h"

#define STEPS 60000u

static uint64_t rng = 88172645463325252ull;

static unsigned int dice(unsigned int n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned int)((rng >> 32) % n);
}

/* --- frames ------------------------------------------------------------- */

static struct ip_addr host(const struct said *s, unsigned int n)
{
	if (n == 0)
		return s->v6 ? (struct ip_addr){ 0 } : ip_from_v4(0);
	return s->v6 ? v6(n) : v4(n);
}

static const struct ip_addr all_nodes = { 0xff02ull << 48, 1 };

static void put_fragment_said(struct pkt *k, const struct said *s)
{
	unsigned int at = s->what == PART ? s->at : 0;

	if (s->v6) {
		put_start(k, 44, host(s, s->from), host(s, s->to));
		put_fragment(k, PACKET_UDP, at, true, s->id);
	} else {
		put_eth(k, 0x0800);
		put_v4(k, PACKET_UDP, host(s, s->from), host(s, s->to), 5,
		       0x2000 | at / 8, s->id);
	}
	if (s->what == FIRST)
		put_udp(k, s->fport, s->tport);
	put_zeros(k, s->what == FIRST ? s->len - 8 : s->len);
}

static void put_icmp_said(struct pkt *k, const struct said *s)
{
	bool reply = s->what == ECHO_REPLY;

	put_start(k, s->v6 ? PACKET_ICMPV6 : PACKET_ICMP,
		  s->what == ERROR ? host(s, 99) : host(s, s->from),
		  host(s, s->to));
	if (s->what == ERROR) {
		put_icmp(k, 3, 0, 0);
		put_ip(k, PACKET_UDP, host(s, s->to), host(s, s->from));
		put_udp(k, s->tport, s->fport);
	} else {
		put_icmp(k,
			 s->v6	 ? 128 + reply
			 : reply ? 0
				 : 8,
			 0, reply ? s->tport : s->fport);
	}
}

static void put_said(struct pkt *k, const struct said *s)
{
	struct ip_addr from = host(s, s->from), to = host(s, s->to);

	switch (s->what) {
	case TCP:
		put_start(k, PACKET_TCP, from, to);
		put_tcp(k, s->fport, s->tport, s->flags);
		break;
	case UDP:
		put_start(k, PACKET_UDP, from, to);
		put_udp(k, s->fport, s->tport);
		break;
	case GRE:
		put_start(k, 47, from, to);
		break;
	case ARP:
	case ARP_REPLY:
		put_arp(k, s->what == ARP ? 1 : 2, from, to);
		break;
	case ND:
		put_start(k, PACKET_ICMPV6, from, all_nodes);
		put_nd(k, 135, to);
		break;
	case TO_ALL:
		put_start(k, PACKET_ICMPV6, v6(0xfffe), all_nodes);
		put_nd(k, 136, from);
		break;
	case ADVERTISEMENT:
		put_start(k, PACKET_ICMPV6, v6(0xfffe), to);
		put_nd(k, 136, from);
		break;
	case PART:
	case FIRST:
		put_fragment_said(k, s);
		break;
	default:
		put_icmp_said(k, s);
		break;
	}
	finish(k);
}

/* Nothing that such a frame does not say. */
static void make_sense(struct said *s)
{
	enum what what = flow_of(s->what);

	if (what == ARP)
		s->v6 = false;
	if (what == ND)
		s->v6 = true;
	if (what != ARP && what != ND && s->from == 0)
		s->from = 1;
	if ((s->what == ND || what != ND) && what != ARP && s->to == 0)
		s->to = 1;
	if (s->what == ADVERTISEMENT && s->to == 0)
		s->what = TO_ALL;
	if (s->what == TO_ALL)
		s->to = 0;
	if (s->what == ECHO)
		s->tport = 0;
	if (s->what == ECHO_REPLY)
		s->fport = 0;
	if (what == ARP || what == ND || what == GRE || what == PART) {
		s->fport = 0;
		s->tport = 0;
	}
}

static struct said at_random(void)
{
	static const uint8_t flags[] = {
		PACKET_SYN, PACKET_SYN | PACKET_ACK, PACKET_ACK,
		PACKET_ACK, PACKET_FIN | PACKET_ACK, PACKET_FIN | PACKET_ACK,
		PACKET_RST, PACKET_SYN | PACKET_FIN
	};
	struct said s = {
		.what = (enum what)dice(dice(3) ? PART : WHATS),
		.v6 = dice(2),
		.from = dice(12) ? 1 + dice(3) : 0,
		.to = 1 + dice(3),
		.fport = 1 + dice(2),
		.tport = 1 + dice(2),
		.flags = flags[dice(8)],
		.id = 1 + dice(2),
		.at = 8 + 8 * dice(6),
		.len = 16 + 8 * dice(4),
		.path = { (uint16_t)!dice(9), (uint8_t)dice(MODEL_PORTS),
			  (uint8_t)dice(MODEL_PORTS) },
	};

	if (s.what == TCP && dice(8))
		s.from = 1;
	make_sense(&s);
	return s;
}

/* What would answer a flow, or nearly. */
static struct said answer_to(const struct model_flow *f)
{
	static const enum what by[] = {
		[TCP] = TCP,	     [UDP] = UDP,	[GRE] = GRE,
		[ECHO] = ECHO_REPLY, [ARP] = ARP_REPLY, [ND] = ADVERTISEMENT,
		[PART] = PART,
	};
	struct said s = at_random(), was = s;

	s.what = dice(3) ? by[f->what] : f->what;
	if (f->what == UDP && dice(2))
		s.what = dice(2) ? FIRST : ERROR;
	if (f->what == ND && dice(4) == 0)
		s.what = TO_ALL;
	s.v6 = f->v6;
	s.from = f->b;
	s.to = f->a;
	s.fport = f->bport;
	s.tport = f->aport;
	s.path = (struct flow_path){ f->path.vlan, f->path.dst, f->path.src };
	if (f->what == PART)
		s.id = f->aport;
	switch (dice(16)) {
	case 0:
		s.path = was.path;
		break;
	case 1:
		s.from = was.from;
		s.to = was.to;
		break;
	case 2:
		s.tport = was.tport;
		break;
	default:
		break;
	}
	make_sense(&s);
	return s;
}

/* --- both at once ------------------------------------------------------- */

static unsigned int protocol_of(const struct model_flow *f)
{
	static const uint8_t protocols[] = { 6, 17, 47, 1, 0, 58 };

	return f->what == ECHO && f->v6 ? 58 : protocols[f->what];
}

/* The one of the model's flows that a walk has met. */
static bool is_shown(const struct model_flow *f, const struct flow_entry *e,
		     uint32_t now)
{
	struct said s = { .v6 = f->v6 };
	struct ip_addr a = host(&s, f->a), b = host(&s, f->b);

	if (f->what == ARP || f->what == ND)
		a = f->what == ARP ? ip_from_v4(0) : (struct ip_addr){ 0 };
	return f->what != PART && ip_same(&e->from, &a) &&
	       ip_same(&e->to, &b) && e->protocol == protocol_of(f) &&
	       e->from_port == f->aport && e->to_port == f->bport &&
	       e->vlan == f->path.vlan && e->src == f->path.src &&
	       e->dst == f->path.dst && e->rule == f->rule &&
	       e->state == f->state && e->left == f->life - (now - f->seen);
}

static void compare_walk(const struct flow_table *t, struct model *m,
			 uint32_t now)
{
	unsigned int there_are = 0, met = 0;
	uint32_t cursor = 0;
	struct flow_entry e;

	model_expire(m, now);
	for (unsigned int i = 0; i < m->count; i++)
		there_are += m->flow[i].what != PART;
	while (flow_iterate(t, &cursor, now, &e)) {
		unsigned int same = 0;

		for (unsigned int i = 0; i < m->count; i++)
			same += is_shown(&m->flow[i], &e, now);
		assert_int_equal(same, 1);
		met++;
	}
	assert_int_equal(met, there_are);
}

static void opens(struct flow_table *t, struct model *m, uint32_t now)
{
	struct said s = at_random();
	uint32_t rule = dice(1000), generation = 1 + dice(1000);
	struct packet p;
	struct pkt k;

	put_said(&k, &s);
	p = parse(&k);
	assert_int_equal(p.flaw, PACKET_SOUND);
	flow_opened(t, &p, &s.path, rule, generation, now);
	model_expire(m, now);
	model_opened(m, &s, rule, generation, now);
}

/* Return: whether it was one. */
static bool maybe_answers(struct flow_table *t, struct model *m, uint32_t now)
{
	struct said s = m->count && dice(4)
				? answer_to(&m->flow[dice(m->count)])
				: at_random();
	uint32_t generation = 1 + dice(1000);
	struct model_flow *f;
	struct flow_hit hit;
	struct packet p;
	struct pkt k;
	bool yes;

	put_said(&k, &s);
	yes = answers_on(t, &k, &s.path, now, &hit);
	model_expire(m, now);
	p = parse(&k);
	if (flow_of(s.what) == ARP || flow_of(s.what) == ND) {
		assert_int_equal(yes, model_resolves(m, &s));
		if (!yes || dice(3) == 0)
			return yes;
		assert_true(hit.resolves);
		flow_answered(t, &p, &s.path, &hit, generation, now);
		model_resolved(m, &s, now);
		return true;
	}
	f = model_answers(m, &s);
	assert_int_equal(yes, f != NULL);
	if (f == NULL)
		return false;
	assert_false(hit.resolves);
	assert_int_equal(hit.rule, f->rule);
	assert_int_equal(hit.generation, f->generation);
	assert_int_equal(hit.related, s.what == PART || s.what == ERROR);
	if (dice(3) == 0)
		return true;
	flow_answered(t, &p, &s.path, &hit, generation, now);
	model_answered(m, &s, f, generation, now);
	return true;
}

static unsigned int flushes(struct flow_table *t, struct model *m)
{
	unsigned int port = dice(MODEL_PORTS), before = flow_count(t), removed;

	for (unsigned int i = m->count; i-- > 0;)
		if (m->flow[i].path.src == port)
			m->flow[i] = m->flow[--m->count];
	for (unsigned int i = m->ends; i-- > 0;)
		if (m->near[i].path.src == port)
			m->near[i] = m->near[--m->ends];
	removed = flow_flush_port(t, port);
	assert_int_equal(flow_count(t), before - removed);
	return removed;
}

static uint32_t later(uint32_t now)
{
	if (dice(8) == 0)
		now += dice(3);
	if (dice(60) == 0)
		now += dice(60);
	if (dice(1500) == 0)
		now += dice(9000);
	return now;
}

static void table_and_model_agree(void **state)
{
	struct flow_table *t = flows_new(MODEL_CAPACITY);
	struct model m = { .count = 0 };
	uint64_t flushed = 0, hits = 0;
	uint32_t now = NOW;

	(void)state;
	for (unsigned int i = 0; i < STEPS; i++) {
		struct flow_counts c;

		now = later(now);
		if (dice(500) == 0)
			flushed += flushes(t, &m);
		else if (dice(2))
			opens(t, &m, now);
		else
			hits += maybe_answers(t, &m, now);
		c = flow_counts(t);
		assert_int_equal(c.opened, m.opened);
		assert_int_equal(c.evicted, m.evicted);
		assert_int_equal(flow_count(t),
				 c.opened - c.evicted - c.expired - flushed);
		if (i % 8 == 0)
			compare_walk(t, &m, now);
	}
	/* It was worth while. */
	assert_true(hits > STEPS / 8);
	assert_true(m.evicted > STEPS / 20);
	assert_true(m.forgotten > 100);
	assert_true(flow_counts(t).expired > STEPS / 30);
	free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table_and_model_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
