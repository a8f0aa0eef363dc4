/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's protected procedure: questions of other PDs (ask.h).
 *
 * A caller can put anything into label, length and words.  Each word is read
 * once, as 64 bits, and compared before it is made a number of anything; a
 * question has exactly the words it takes, or is wrong.
 */
#include "vmm/microkit/ask.h"
#include "vmm/microkit/monitor.h"

#define MAX_ARGS 4u

/**
 * struct question - one call
 * @who:   in the configuration's asker[]
 * @asker: that entry
 * @arg:   its words; the first is a valid number if the question says so
 * @word:  out: the answer's
 * @n:     out: how many
 */
struct question {
	struct monitor *m;
	uint32_t who;
	const struct mk_asker *asker;
	uint64_t arg[MAX_ARGS];
	uint64_t word[MK_WORDS];
	unsigned int n;
};

static uint64_t load(const uint64_t *shared)
{
	return *(const volatile uint64_t *)shared;
}

static void say(struct question *q, uint64_t word)
{
	q->word[q->n++] = word;
}

static const struct vswitch_stats *stats(const struct question *q)
{
	return mk_at(q->m->cfg->sw[q->arg[0]].stats.addr);
}

static struct policy_image *policy(const struct question *q)
{
	return mk_at(q->m->cfg->sw[q->arg[0]].policy.addr);
}

static bool is_port(const struct question *q, uint64_t port)
{
	return port < q->m->cfg->sw[q->arg[0]].n_ports && port < MAX_PORTS;
}

/* --- answered at once --------------------------------------------------- */

static enum mk_answer ask_system(struct question *q)
{
	say(q, q->m->cfg->n_switches);
	say(q, q->m->cfg->n_links);
	say(q, q->m->cfg->n_children);
	return MK_OK;
}

static enum mk_answer ask_switch(struct question *q)
{
	say(q, q->m->cfg->sw[q->arg[0]].n_ports);
	say(q, load(&stats(q)->learned));
	say(q, load(&stats(q)->flooded));
	say(q, load(&stats(q)->policies));
	return MK_OK;
}

static enum mk_answer ask_port(struct question *q)
{
	const struct vswitch_port_stats *p;
	uint64_t drops = 0;

	if (!is_port(q, q->arg[1]))
		return MK_WRONG;
	p = &stats(q)->port[q->arg[1]];
	for (unsigned int i = 0; i < REASON_COUNT; i++)
		drops += load(&p->drops[i]);
	say(q, *(const volatile uint32_t *)&p->state);
	say(q, *(const volatile uint32_t *)&p->epoch);
	say(q, load(&p->faults));
	say(q, load(&p->in_frames));
	say(q, load(&p->in_bytes));
	say(q, load(&p->out_frames));
	say(q, load(&p->out_bytes));
	say(q, drops);
	return MK_OK;
}

static enum mk_answer ask_drops(struct question *q)
{
	if (!is_port(q, q->arg[1]) || q->arg[2] >= REASON_COUNT)
		return MK_WRONG;
	say(q, load(&stats(q)->port[q->arg[1]].drops[q->arg[2]]));
	return MK_OK;
}

static enum mk_answer ask_link(struct question *q)
{
	const struct monitor *m = q->m;
	uint64_t link = q->arg[0];

	if (link >= m->cfg->n_links)
		return MK_WRONG;
	say(q, link_epoch(mon_page(m, (unsigned int)link)));
	say(q, m->link[link].renewals);
	say(q, m->link[link].state == MON_CLEAN);
	return MK_OK;
}

static enum mk_answer ask_child(struct question *q)
{
	if (q->arg[0] >= q->m->cfg->n_children)
		return MK_WRONG;
	say(q, q->m->child[q->arg[0]].restarts);
	return MK_OK;
}

static enum mk_answer ask_policy(struct question *q)
{
	const struct policy_image *image = policy(q);
	uint64_t ruled = 0, src = q->arg[1];

	if (!is_port(q, src))
		return MK_WRONG;
	for (unsigned int d = 0; d < MAX_PORTS; d++)
		if (image->pair[src][d].n > 0)
			ruled |= 1ull << d;
	say(q, image->port[src].allow | ruled);
	say(q, ruled);
	return MK_OK;
}

/* --- ordered from the switch -------------------------------------------- */

static enum mk_answer make_order(const struct question *q,
				 enum vswitch_ctl_op op, uint32_t port,
				 uint32_t cursor)
{
	order(q->m, (unsigned int)q->arg[0], q->who, op, port, cursor);
	return MK_PENDING;
}

static enum mk_answer ask_addresses(struct question *q)
{
	if (q->arg[1] > UINT32_MAX)
		return MK_WRONG;
	return make_order(q, CTL_FDB, 0, (uint32_t)q->arg[1]);
}

static enum mk_answer ask_flush(struct question *q)
{
	if (!is_port(q, q->arg[1]))
		return MK_WRONG;
	return make_order(q, CTL_FDB_FLUSH, (uint32_t)q->arg[1], 0);
}

static enum mk_answer ask_allow(struct question *q)
{
	struct policy_image *image = policy(q);
	uint64_t from = q->arg[1], to = q->arg[2];

	if (!is_port(q, from) || !is_port(q, to) || from == to || q->arg[3] > 1)
		return MK_WRONG;
	order_keep(q->m, (unsigned int)q->arg[0]);
	image->pair[from][to] = (struct policy_pair){ 0 };
	image->port[from].allow &= ~(1ull << to);
	image->port[from].allow |= q->arg[3] << to;
	return make_order(q, CTL_POLICY, 0, 0);
}

/*
 * The asker may go on writing while this copies: then a mixture is proposed,
 * and the switch judges that.
 */
static enum mk_answer ask_propose(struct question *q)
{
	const volatile uint64_t *from = mk_at(q->asker->proposal.addr);
	uint64_t size = q->m->cfg->sw[q->arg[0]].policy.size;
	uint64_t *to = (void *)policy(q);

	if (from == NULL || q->asker->proposal.size < size)
		return MK_REFUSED;
	order_keep(q->m, (unsigned int)q->arg[0]);
	for (size_t i = 0; i < size / sizeof(*to); i++)
		to[i] = from[i];
	return make_order(q, CTL_POLICY, 0, 0);
}

/* The switch is believed no further than the length of its answer. */
static void say_addresses(struct question *q,
			  const volatile struct vswitch_ctl_reply *reply)
{
	uint32_t count = reply->count;

	if (count > MK_ADDRESSES)
		count = MK_ADDRESSES;
	for (uint32_t i = 0; i < count; i++) {
		say(q, reply->entry[i].mac);
		say(q, reply->entry[i].vlan |
			       (uint64_t)reply->entry[i].port << 16 |
			       (uint64_t)reply->entry[i].age << 32);
	}
}

static enum mk_answer ask_result(struct question *q)
{
	const struct mon_switch *s = &q->m->sw[q->arg[0]];
	const volatile struct vswitch_ctl_reply *reply =
		mk_at(q->m->cfg->sw[q->arg[0]].reply);

	if (s->asker != q->who)
		return MK_NOTHING;
	if (s->pending)
		return MK_PENDING;
	say(q, (uint64_t)(int64_t)reply->status);
	say(q, reply->value);
	say(q, reply->cursor);
	say(q, reply->more);
	if (s->op == CTL_FDB)
		say_addresses(q, reply);
	return MK_OK;
}

static enum mk_answer ask_let_go(struct question *q)
{
	struct monitor *m = q->m;
	unsigned int link = q->asker->link;
	enum mk_answer answer = MK_REFUSED;

	if (q->arg[0] != link || link >= m->cfg->n_links)
		return MK_REFUSED;
	for (unsigned int i = 0; i < MK_SIDES; i++) {
		const struct mk_side *s = &m->cfg->link[link].side[i];

		if (s->kind != MK_SIDE_PEER || s->child != MK_NONE)
			continue;
		link_down(m, link);
		m->link[link].let_go[i] = true;
		answer = MK_OK;
	}
	return answer;
}

/* --- the call ----------------------------------------------------------- */

/**
 * struct form - what a question looks like
 * @words:  of its arguments
 * @right:  MK_MAY_*; 0: the function looks
 * @sw:     the first word is a switch
 * @orders: that switch has to be free
 */
static const struct form {
	enum mk_answer (*answer)(struct question *q);
	uint8_t words;
	uint8_t right;
	bool sw;
	bool orders;
} form[MK_ASKS] = {
	[MK_ASK_SYSTEM] = { ask_system, 0, MK_MAY_LOOK, false, false },
	[MK_ASK_SWITCH] = { ask_switch, 1, MK_MAY_LOOK, true, false },
	[MK_ASK_PORT] = { ask_port, 2, MK_MAY_LOOK, true, false },
	[MK_ASK_DROPS] = { ask_drops, 3, MK_MAY_LOOK, true, false },
	[MK_ASK_LINK] = { ask_link, 1, MK_MAY_LOOK, false, false },
	[MK_ASK_CHILD] = { ask_child, 1, MK_MAY_LOOK, false, false },
	[MK_ASK_POLICY] = { ask_policy, 2, MK_MAY_LOOK, true, false },
	[MK_ASK_ADDRESSES] = { ask_addresses, 2, MK_MAY_LOOK, true, true },
	[MK_ASK_FLUSH] = { ask_flush, 2, MK_MAY_ALLOW, true, true },
	[MK_ASK_ALLOW] = { ask_allow, 4, MK_MAY_ALLOW, true, true },
	[MK_ASK_PROPOSE] = { ask_propose, 1, MK_MAY_PROPOSE, true, true },
	[MK_ASK_RESULT] = { ask_result, 1, 0, true, false },
	[MK_ASK_LET_GO] = { ask_let_go, 1, 0, false, false },
};

static enum mk_answer answer(struct question *q, uint64_t label, uint64_t words)
{
	const struct form *f;

	if (label >= MK_ASKS || form[label].answer == NULL)
		return MK_WRONG;
	f = &form[label];
	if ((q->asker->rights & f->right) != f->right)
		return MK_REFUSED;
	if (words != f->words)
		return MK_WRONG;
	for (unsigned int i = 0; i < words; i++)
		q->arg[i] = microkit_mr_get((uint8_t)i);
	if (f->sw && q->arg[0] >= q->m->cfg->n_switches)
		return MK_WRONG;
	if (f->sw && !(q->asker->switches >> q->arg[0] & 1))
		return MK_REFUSED;
	if (f->orders && !order_free(q->m, (unsigned int)q->arg[0]))
		return MK_BUSY;
	return f->answer(q);
}

microkit_msginfo monitor_ask(struct monitor *m, microkit_channel ch,
			     microkit_msginfo msg)
{
	struct question q = { .m = m };
	enum mk_answer result = MK_REFUSED;

	for (q.who = 0; q.who < m->cfg->n_askers; q.who++) {
		if (m->cfg->asker[q.who].channel != ch)
			continue;
		q.asker = &m->cfg->asker[q.who];
		result = answer(&q, microkit_msginfo_get_label(msg),
				microkit_msginfo_get_count(msg));
		break;
	}
	/* A call is an event like any other; it may use the message words. */
	monitor_step(m);
	for (unsigned int i = 0; i < q.n; i++)
		microkit_mr_set((uint8_t)i, q.word[i]);
	return microkit_msginfo_new(result, (uint16_t)q.n);
}
