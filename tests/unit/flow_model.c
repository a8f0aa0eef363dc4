/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/flow_model.h"

#include <stddef.h>

enum what flow_of(enum what what)
{
	static const enum what of[] = {
		[TCP] = TCP,   [UDP] = UDP,	     [GRE] = GRE,
		[ECHO] = ECHO, [ARP] = ARP,	     [ND] = ND,
		[PART] = PART, [ECHO_REPLY] = ECHO,  [ARP_REPLY] = ARP,
		[FIRST] = UDP, [ADVERTISEMENT] = ND, [ERROR] = UDP,
		[TO_ALL] = ND,
	};

	return of[what];
}

void model_expire(struct model *m, uint32_t now)
{
	for (unsigned int i = m->count; i-- > 0;)
		if (now - m->flow[i].seen >= m->flow[i].life)
			m->flow[i] = m->flow[--m->count];
	model_expire_ends(m, now);
}

/* Who asks for an address asks with all of his, if he has any. */
static bool same_asker(const struct model_flow *f, unsigned int a)
{
	if (f->what != ARP && f->what != ND)
		return f->a == a;
	return (f->a == 0) == (a == 0);
}

static struct model_flow *model_find(struct model *m, const struct said *s,
				     enum what what, bool answer)
{
	for (unsigned int i = 0; i < m->count; i++) {
		struct model_flow *f = &m->flow[i];

		if (f->what != what || f->v6 != s->v6 ||
		    f->path.vlan != s->path.vlan)
			continue;
		if (f->path.src == (answer ? s->path.dst : s->path.src) &&
		    f->path.dst == (answer ? s->path.src : s->path.dst) &&
		    same_asker(f, answer ? s->to : s->from) &&
		    f->b == (answer ? s->from : s->to) &&
		    f->aport == (answer ? s->tport : s->fport) &&
		    f->bport == (answer ? s->fport : s->tport))
			return f;
	}
	return NULL;
}

static struct model_flow *model_find_part(struct model *m, const struct said *s)
{
	struct said part = *s;

	part.fport = 0;
	part.tport = s->id;
	return model_find(m, &part, PART, true);
}

static unsigned int held(const struct model *m, unsigned int port)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < m->count; i++)
		n += m->flow[i].path.src == port;
	return n;
}

static bool is_used(const struct model_flow *f)
{
	return f->state == FLOW_ANSWERED && f->what != PART;
}

static bool goes_before(const struct model_flow *f, const struct model_flow *g)
{
	if (is_used(f) != is_used(g))
		return is_used(g);
	if (f->seen != g->seen)
		return f->seen < g->seen;
	if (f->life != g->life)
		return f->life < g->life;
	return f->order < g->order;
}

static void model_evict(struct model *m)
{
	struct model_flow *victim = NULL;
	unsigned int most = 0;

	for (unsigned int port = 1; port < MODEL_PORTS; port++)
		if (held(m, port) > held(m, most))
			most = port;
	for (unsigned int i = 0; i < m->count; i++)
		if (m->flow[i].path.src == most &&
		    (victim == NULL || goes_before(&m->flow[i], victim)))
			victim = &m->flow[i];
	*victim = m->flow[--m->count];
	m->evicted++;
}

static uint32_t life(enum what what, enum flow_state state)
{
	static const uint32_t lives[][3] = {
		[TCP] = { 60, 7440, 30 }, [UDP] = { 30, 180, 0 },
		[GRE] = { 600, 600, 0 },  [ECHO] = { 60, 60, 0 },
		[ARP] = { 60, 7440, 0 },  [ND] = { 60, 7440, 0 },
		[PART] = { 30, 30, 0 },
	};

	return lives[what][state];
}

/* Return: whether that is news. */
static bool model_seen(struct model *m, struct model_flow *f, uint32_t now)
{
	uint32_t lives = life(f->what, f->state);

	if (f->seen == now && f->life == lives && f->used == is_used(f))
		return false;
	f->seen = now;
	f->life = lives;
	f->used = is_used(f);
	f->order = ++m->order;
	return true;
}

static struct model_flow *model_add(struct model *m, const struct model_flow *f)
{
	if (m->count == MODEL_CAPACITY)
		model_evict(m);
	m->opened++;
	m->flow[m->count] = *f;
	return &m->flow[m->count++];
}

static void model_flags(struct model_flow *f, unsigned int flags, bool by_a)
{
	if (f->what != TCP)
		return;
	if (flags & PACKET_FIN && by_a)
		f->fin_a = true;
	if (flags & PACKET_FIN && !by_a)
		f->fin_b = true;
	if (flags & PACKET_RST || (f->fin_a && f->fin_b))
		f->state = FLOW_CLOSING;
}

static bool begins(const struct said *s)
{
	unsigned int handshake = s->flags & (PACKET_SYN | PACKET_ACK);

	if (s->what == TCP)
		return !(s->flags & PACKET_RST) &&
		       handshake != (PACKET_SYN | PACKET_ACK);
	if ((s->what == ARP || s->what == ND) && s->from == s->to)
		return false;
	return s->what == FIRST || s->what < PART;
}

void model_opened(struct model *m, const struct said *s, uint32_t rule,
		  uint32_t generation, uint32_t now)
{
	enum what what = flow_of(s->what);
	struct model_flow *f;

	if (s->what == PART || s->what == ERROR)
		return;
	f = model_find(m, s, what, false);
	if (f == NULL && !begins(s))
		return;
	if (f == NULL) {
		struct model_flow new = {
			.what = what,
			.v6 = s->v6,
			.a = s->from,
			.b = s->to,
			.aport = s->fport,
			.bport = s->tport,
			.path = s->path,
		};

		f = model_add(m, &new);
	}
	f->rule = rule;
	f->generation = generation;
	if (what == TCP &&
	    (s->flags & (PACKET_SYN | PACKET_ACK)) == PACKET_SYN) {
		f->state = FLOW_OPENED;
		f->fin_a = false;
		f->fin_b = false;
	}
	model_flags(f, s->flags, true);
	if (!model_seen(m, f, now))
		return;
	model_own(m, s, s->from, &s->path, f->life, f->used, true, now);
	if ((s->what == ARP || s->what == ND) && s->from != 0)
		model_missed(m, s, now);
}

/* --- address resolution ------------------------------------------------- */

static struct model_flow *asked(struct model *m, const struct said *s)
{
	struct said to_all = *s;
	struct model_flow *f = model_find(m, s, flow_of(s->what), true);

	to_all.to = 1;
	if (f || s->to)
		return f;
	return model_find(m, &to_all, flow_of(s->what), true);
}

bool model_resolves(struct model *m, const struct said *s)
{
	struct model_flow *f = asked(m, s);
	struct model_end *near =
		model_near(m, s->v6, s->from, s->path.vlan, s->path.dst);

	if (f && f->a == 0)
		return true;
	if (model_is_own(m, s, s->from))
		return false;
	if (f)
		return true;
	if (near)
		return near->port == s->path.src;
	return (s->what == ARP || s->what == ND) && model_is_own(m, s, s->to);
}

void model_resolved(struct model *m, const struct said *s, uint32_t now)
{
	struct model_flow *f = asked(m, s);

	if (!f)
		return;
	if (f->state == FLOW_OPENED)
		f->state = FLOW_ANSWERED;
	model_seen(m, f, now);
	if (f->a)
		model_found(m, s, s->from, true, now);
}

/* --- answers ------------------------------------------------------------ */

struct model_flow *model_answers(struct model *m, const struct said *s)
{
	struct model_flow *f;

	if (s->what == PART) {
		f = model_find_part(m, s);
		return f && s->at >= f->behind ? f : NULL;
	}
	if (s->what == ECHO)
		return NULL;
	if (s->what == TCP &&
	    (s->flags & (PACKET_SYN | PACKET_ACK)) == PACKET_SYN)
		return NULL;
	return model_find(m, s, flow_of(s->what), true);
}

static void model_part(struct model *m, const struct said *s, uint32_t rule,
		       uint32_t generation, uint32_t now)
{
	struct model_flow *f = model_find_part(m, s);

	if (f == NULL) {
		struct model_flow new = {
			.what = PART,
			.v6 = s->v6,
			.a = s->to,
			.b = s->from,
			.aport = s->id,
			.path = { s->path.vlan, s->path.dst, s->path.src },
		};

		f = model_add(m, &new);
	}
	if (s->len > f->behind)
		f->behind = s->len;
	f->rule = rule;
	f->generation = generation;
	model_seen(m, f, now);
}

void model_answered(struct model *m, const struct said *s, struct model_flow *f,
		    uint32_t generation, uint32_t now)
{
	uint32_t rule = f->rule;

	f->generation = generation;
	if (s->what == ERROR)
		return;
	if (f->state == FLOW_OPENED)
		f->state = FLOW_ANSWERED;
	model_flags(f, s->flags, false);
	if (model_seen(m, f, now) && s->what != PART) {
		const struct flow_path sent = { s->path.vlan, s->path.dst,
						s->path.src };

		model_own(m, s, s->to, &sent, f->life, f->used, false, now);
		model_found(m, s, s->from, false, now);
	}
	if (s->what == FIRST)
		model_part(m, s, rule, generation, now);
}
