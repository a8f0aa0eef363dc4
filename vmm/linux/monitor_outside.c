/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outside of ports: what their PDs say of it (outside.h).
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmm/linux/monitor_state.h"

/* The component at the other end of a connection, if it has an outside. */
static struct pd_fds *outside_of(struct monitor *m, const struct mon_link *l)
{
	const struct sys_conn *c = l->conn;
	const struct sys_component *comp;

	if (c->attachment != SYS_TO_PD)
		return NULL;
	comp = &m->sys.pd[c->pd[1]].comp[c->comp[1]];
	return component_kinds[comp->kind]->outside
		       ? &m->pd[c->pd[1]].fds[c->comp[1]]
		       : NULL;
}

static int page_new(struct mon_link *l, struct pd_fds *fds)
{
	char name[SYS_NAME + sizeof("weir:.outside")];

	snprintf(name, sizeof(name), "weir:%s.outside", l->conn->name);
	fds->page = backing_sealed(name, OUTSIDE_SIZE);
	if (fds->page < 0)
		return -1;
	fds->paged = true;
	l->outside =
		mmap(NULL, OUTSIDE_SIZE, PROT_READ, MAP_SHARED, fds->page, 0);
	if (l->outside != MAP_FAILED)
		return 0;
	l->outside = NULL;
	close(fds->page);
	fds->paged = false;
	return -1;
}

int outsides_open(struct monitor *m)
{
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		struct pd_fds *fds = outside_of(m, &m->link[i]);

		if (fds != NULL && page_new(&m->link[i], fds) != 0)
			return backing_fd_error(m->err, "status page of",
						m->link[i].conn->name);
	}
	return 0;
}

void outsides_close(struct monitor *m)
{
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		struct mon_link *l = &m->link[i];
		struct pd_fds *fds;

		if (l->outside == NULL)
			continue;
		fds = outside_of(m, l);
		munmap(l->outside, OUTSIDE_SIZE);
		l->outside = NULL;
		close(fds->page);
	}
}

enum outside_state outside_state(const struct mon_link *l)
{
	uint32_t state;

	if (l->outside == NULL)
		return OUTSIDE_UP;
	state = atomic_load(&l->outside->state);
	return state < OUTSIDE_STATES ? (enum outside_state)state
				      : OUTSIDE_DOWN;
}

uint64_t outside_drops(const struct mon_link *l, enum outside_drop why)
{
	return l->outside == NULL
		       ? 0
		       : atomic_load_explicit(&l->outside->drops[why],
					      memory_order_relaxed);
}
