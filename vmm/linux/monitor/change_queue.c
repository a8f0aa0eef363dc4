/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who has ordered changes, and for how long they wait.
 */
#include "vmm/linux/monitor/change.h"

#include "vmm/linux/monitor/state.h"

void change_ask(struct monitor *m, struct change_asker *a)
{
	struct change_asker **tail = &m->change.queue;

	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = a;
	a->next = NULL;
	a->deadline_ns = m->now_ns + CHANGE_TIMEOUT_NS;
}

/* Why somebody whose time is over has no change. */
static const char *late(const struct change *c, const struct change_asker *a)
{
	if (c->caller != a)
		return "other changes are being made; try again" CHANGED_NOTHING;
	if (c->stage == CHANGE_COMPILING)
		return "compiling takes too long" CHANGED_NOTHING;
	if (c->stage == CHANGE_WAITING)
		return "a switch is still being started; try again" CHANGED_NOTHING;
	return "the switches answer too slowly; 'weir show policy' says what "
	       "holds";
}

bool change_expire(struct monitor *m)
{
	struct change *c = &m->change;
	struct change_asker *a = c->caller;
	struct change_outcome o = { 0 };

	if (a == NULL || m->now_ns < a->deadline_ns)
		a = c->queue;
	while (a != NULL && m->now_ns < a->deadline_ns)
		a = a->next;
	if (a == NULL)
		return false;
	o.kind = c->caller == a ? c->order.kind : a->order.kind;
	o.refusal = late(c, a);
	change_forget(m, a);
	a->done(m, a, &o);
	return true;
}

uint64_t change_deadline(const struct monitor *m)
{
	const struct change_asker *a = m->change.caller;
	uint64_t first = a != NULL ? a->deadline_ns : UINT64_MAX;

	for (a = m->change.queue; a != NULL; a = a->next)
		if (a->deadline_ns < first)
			first = a->deadline_ns;
	return first;
}
