/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Orders to PDs, from the monitor's side (linux/order.h).
 *
 * Nothing here waits.  If a PD's socket is full, the orders in it suffice to
 * make it look at everything when it wakes up. monitor/link.c kills a PD that
 * does not answer in time.
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/linux/fds.h"
#include "vmm/linux/monitor/state.h"
#include "vmm/linux/order.h"

_Static_assert(PD_RENEW_REGIONS == BACKING_RENEWED, "all of them are sent");

void pd_wake(const struct mon_pd *pd)
{
	const struct pd_order o = { .what = PD_ORDER_LOOK };

	if (pd->ctl.fd >= 0)
		(void)!send(pd->ctl.fd, &o, sizeof(o),
			    MSG_DONTWAIT | MSG_NOSIGNAL);
}

int pd_give(const struct mon_pd *pd, uint32_t comp, uint32_t what, int fd)
{
	const struct pd_order o = {
		.what = PD_ORDER_GIVE,
		.serial = what,
		.channel = comp,
	};

	return pd->ctl.fd >= 0 ? fds_send(pd->ctl.fd, &o, sizeof(o), &fd, 1)
			       : -1;
}

/* --- renewal ------------------------------------------------------------- */

/* Where a PD maps a region, and how. */
static const struct sys_map *find_map(const struct sys_pd *pd, uint32_t region,
				      uint32_t *slot)
{
	for (*slot = 0; *slot < pd->n_maps; ++*slot)
		if (pd->map[*slot].region == region)
			return &pd->map[*slot];
	return NULL;
}

/* Descriptors of the regions, and where they go; 0 or -1 with none open. */
static int gather(const struct monitor *m, const struct mon_link *l,
		  struct pd_order *o, int *fd)
{
	const struct sys_pd *pd = &m->sys.pd[l->conn->pd[0]];
	uint32_t region[BACKING_RENEWED];

	backing_renewed(l->conn, region);
	for (unsigned int i = 0; i < BACKING_RENEWED; i++) {
		const struct sys_map *map =
			find_map(pd, region[i], &o->slot[i]);

		fd[i] = map == NULL ? -1
				    : backing_dup(&m->backing, region[i],
						  map->perms);
		if (fd[i] >= 0)
			continue;
		fds_close(fd, i);
		return -1;
	}
	return 0;
}

int pd_order_renewal(const struct monitor *m, const struct mon_link *l)
{
	const struct mon_pd *pd = &m->pd[l->conn->pd[0]];
	const struct sys_channel *sys = &m->sys.channel[l->conn->channel];
	const struct backing_channel *ch =
		&m->backing.channel[l->conn->channel];
	unsigned int outside = sys->end[0].pd == SYS_PD_OUTSIDE ? 0 : 1;
	struct pd_order o = {
		.what = PD_ORDER_RENEW,
		.serial = l->serial,
		.channel = sys->end[1 - outside].id,
	};
	int fd[PD_RENEW_FDS], result;

	if (pd->ctl.fd < 0 || gather(m, l, &o, fd + PD_RENEW_REGION) != 0)
		return -1;
	fd[PD_RENEW_WAIT] = ch->wait[1 - outside];
	fd[PD_RENEW_RING] = ch->ring[outside];
	result = fds_send(pd->ctl.fd, &o, sizeof(o), fd, PD_RENEW_FDS);
	fds_close(fd + PD_RENEW_REGION, PD_RENEW_REGIONS);
	return result;
}

/* --- answers ------------------------------------------------------------- */

/* The link a PD says it has renewed, if it was asked to. */
static struct mon_link *find_link(struct monitor *m, const struct mon_pd *pd,
				  const struct pd_answer *a)
{
	uint32_t index = (uint32_t)(pd - m->pd);

	for (size_t i = 0; i < m->sys.n_conns; i++) {
		struct mon_link *l = &m->link[i];
		const struct sys_end *end =
			m->sys.channel[l->conn->channel].end;

		if (l->state == MON_LINK_RENEWING && l->told && !l->renewed &&
		    l->conn->pd[0] == index && l->serial == a->serial &&
		    (end[0].pd == index ? end[0] : end[1]).id == a->channel)
			return l;
	}
	return NULL;
}

static void on_answer(struct monitor *m, struct loop_source *s, uint32_t events)
{
	struct mon_pd *pd = loop_owner(s, struct mon_pd, ctl);
	struct pd_answer a = { 0 };
	ssize_t n = recv(s->fd, &a, sizeof(a), MSG_DONTWAIT);
	struct mon_link *l = n == sizeof(a) ? find_link(m, pd, &a) : NULL;

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (l != NULL) {
		l->renewed = true;
		return;
	}
	/* The PD's end, or an answer out of turn: stop listening. */
	loop_del(&m->loop, s);
	if (n > 0)
		pd_kill(pd, false);
}

int pd_hear(struct monitor *m, struct mon_pd *pd, int fd)
{
	return loop_add(&m->loop, &pd->ctl, fd, EPOLLIN, on_answer);
}
