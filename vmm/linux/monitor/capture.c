/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures: other ports wait until they can record.
 *
 * A capture that starts after the first frames misses them.  So the other ports
 * of its switch go up only when it has lent buffers: the monitor maps its free
 * queue read-only and reads one word of it.  A capture is not trusted and may
 * be slow, so the others wait for a second at most.
 */
#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "vmm/linux/monitor/state.h"

/* Only captures have an egress and no ingress. */
static bool is_capture(const struct mon_link *l)
{
	return l != NULL && l->conn->ingress.active == SYS_NONE &&
	       l->conn->egress.active != SYS_NONE;
}

int captures_map(struct monitor *m)
{
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		struct mon_link *l = &m->link[i];

		if (!is_capture(l))
			continue;
		l->lent = backing_map(&m->backing, l->conn->egress.free, SYS_R);
		if (l->lent == NULL)
			return error_set(m->err, "cannot map a queue of %s: %s",
					 l->conn->name, strerror(errno));
	}
	return 0;
}

void captures_unmap(struct monitor *m)
{
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		struct mon_link *l = &m->link[i];

		backing_unmap(&m->backing, l->conn->egress.free, l->lent);
		l->lent = NULL;
	}
}

/* The switch has seen it come up, and has buffers of it. */
static bool listens(const struct mon_link *l)
{
	return link_is_carried(l) &&
	       atomic_load_explicit(&l->lent->tail, memory_order_relaxed) != 0;
}

/* Whether it is starting, and will take records soon. */
static bool is_awaited(const struct monitor *m, const struct mon_link *l)
{
	const struct mon_pd *pd = &m->pd[l->conn->pd[1]];

	if (l->failed || !pd_alive(pd) || pd->killed)
		return false;
	switch (l->state) {
	case MON_LINK_UP:
		return m->now_ns < l->deadline_ns && !listens(l);
	case MON_LINK_CLEAN:
		return pd->state == PD_RUNNING ||
		       m->now_ns + PD_READY_NS <
			       pd->deadline_ns + SWITCH_ANSWER_NS;
	case MON_LINK_DRAINING:
	case MON_LINK_RENEWING:
		break;
	}
	return false;
}

bool captures_hold(const struct monitor *m, const struct mon_link *l)
{
	for (int side = 0; side < 2 && !is_capture(l); side++) {
		const struct mon_switch *sw = l->sw[side];

		for (uint32_t p = 0; sw != NULL && p < MAX_PORTS; p++)
			if (is_capture(sw->link[p]) &&
			    is_awaited(m, sw->link[p]))
				return true;
	}
	return false;
}

uint64_t captures_deadline(const struct monitor *m)
{
	for (size_t i = 0; i < m->sys.n_conns; i++)
		if (is_capture(&m->link[i]) && is_awaited(m, &m->link[i]))
			return m->now_ns + LINK_POLL_NS;
	return UINT64_MAX;
}
