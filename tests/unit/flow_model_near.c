/* SPDX-License-Identifier: BSD-2-Clause */
/* The model's addresses: a plain array as well. */
#include "tests/unit/flow_model.h"

#include <stddef.h>

void model_expire_ends(struct model *m, uint32_t now)
{
	for (unsigned int i = m->ends; i-- > 0;)
		if (now - m->near[i].seen >= m->near[i].life)
			m->near[i] = m->near[--m->ends];
}

static unsigned int held(const struct model *m, unsigned int port)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < m->ends; i++)
		n += m->near[i].path.src == port;
	return n;
}

static bool goes_before(const struct model_end *e, const struct model_end *f)
{
	if (e->answered != f->answered)
		return f->answered;
	if (e->seen != f->seen)
		return e->seen < f->seen;
	if (e->life != f->life)
		return e->life < f->life;
	return e->order < f->order;
}

static void evict(struct model *m)
{
	struct model_end *victim = NULL;
	unsigned int most = 0;

	for (unsigned int port = 1; port < MODEL_PORTS; port++)
		if (held(m, port) > held(m, most))
			most = port;
	for (unsigned int i = 0; i < m->ends; i++)
		if (m->near[i].path.src == most &&
		    (victim == NULL || goes_before(&m->near[i], victim)))
			victim = &m->near[i];
	*victim = m->near[--m->ends];
	m->forgotten++;
}

static struct model_end *add(struct model *m, const struct model_end *e)
{
	if (m->ends == MODEL_ENDS)
		evict(m);
	m->near[m->ends] = *e;
	return &m->near[m->ends++];
}

static void seen(struct model *m, struct model_end *e, uint32_t life,
		 bool answered, uint32_t now)
{
	if (e->seen == now && e->life == life && e->answered == answered)
		return;
	e->seen = now;
	e->life = life;
	e->answered = answered;
	e->order = ++m->order;
}

static struct model_end *find_own(struct model *m, bool v6, unsigned int addr,
				  const struct flow_path *path)
{
	for (unsigned int i = 0; i < m->ends; i++) {
		struct model_end *e = &m->near[i];

		if (e->end == OWN && e->v6 == v6 && e->addr == addr &&
		    e->path.vlan == path->vlan && e->path.src == path->src &&
		    e->path.dst == path->dst)
			return e;
	}
	return NULL;
}

void model_own(struct model *m, const struct said *s, unsigned int addr,
	       const struct flow_path *path, uint32_t life, bool answered,
	       bool make, uint32_t now)
{
	struct model_end *e = find_own(m, s->v6, addr, path);
	struct model_end new = { OWN, .v6 = s->v6, .addr = addr,
				 .path = *path };

	if (e == NULL && (!make || addr == 0))
		return;
	if (e == NULL)
		e = add(m, &new);
	life = life < 60 ? 60 : life;
	if (answered || e->answered)
		life = 7440;
	else if (life < e->life)
		life = e->life;
	seen(m, e, life, answered || e->answered, now);
}

bool model_is_own(const struct model *m, const struct said *s,
		  unsigned int addr)
{
	const struct flow_path sent = { s->path.vlan, s->path.dst,
					s->path.src };

	return find_own((struct model *)m, s->v6, addr, &sent) != NULL;
}

struct model_end *model_near(struct model *m, bool v6, unsigned int addr,
			     unsigned int vlan, unsigned int initiator)
{
	for (unsigned int i = 0; i < m->ends; i++) {
		struct model_end *e = &m->near[i];

		if (e->end == NEAR && e->v6 == v6 && e->addr == addr &&
		    e->path.vlan == vlan && e->path.src == initiator)
			return e;
	}
	return NULL;
}

static struct model_end *make_near(struct model *m, const struct said *s,
				   unsigned int addr, unsigned int initiator,
				   unsigned int port)
{
	struct model_end *e =
		model_near(m, s->v6, addr, s->path.vlan, initiator);
	struct model_end new = { NEAR, .v6 = s->v6, .addr = addr, .port = port,
				 .path = { s->path.vlan, (uint8_t)initiator,
					   0 } };

	return e ? e : add(m, &new);
}

void model_found(struct model *m, const struct said *s, unsigned int addr,
		 bool move, uint32_t now)
{
	struct model_end *e = make_near(m, s, addr, s->path.dst, s->path.src);

	if (move)
		e->port = s->path.src;
	if (e->port == s->path.src)
		seen(m, e, 86400, true, now);
}

void model_missed(struct model *m, const struct said *s, uint32_t now)
{
	struct model_end *e = make_near(m, s, s->to, s->path.src, MODEL_PORTS);

	if (e->port == MODEL_PORTS)
		seen(m, e, 86400, false, now);
}
