/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A nic port by AF_XDP: what differs from packet sockets (nic.h).
 *
 * Waiting for room.  The socket is ready to be written to when its ring has
 * room, also while the card has none, and waiting for that would spin.  So
 * frames that are left are tried again after a moment.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "vmm/linux/ports/nic.h"
#include "vmm/linux/ports/open.h"

/* The moment. */
#define AGAIN_NS 200000u

static enum outside_path path_of(const struct xdp_note *note)
{
	if (note->zerocopy)
		return OUTSIDE_XDP_ZEROCOPY;
	return note->generic ? OUTSIDE_XDP_GENERIC : OUTSIDE_XDP;
}

/* What the monitor has made for `xdp`; without that, packet sockets. */
int nic_by_xdp_init(struct component *c)
{
	struct nic *n = c->state;
	struct nic_xdp *x = pd_memory(sizeof(*x));
	int e;

	if (x == NULL)
		return -ENOMEM;
	memset(x, 0, sizeof(*x));
	e = nic_xdp_init(x, c->fd + NIC_XDP, c->n_fds - NIC_XDP);
	if (e == 0 && x->note.queues > 0) {
		n->xdp = x;
		outside_by(c->outside, path_of(&x->note));
		outside_shares(c->outside, x->mapped);
		return 0;
	}
	if (e == 0) {
		outside_by(c->outside, OUTSIDE_PACKET);
		pd_log(c, "by AF_PACKET, not by AF_XDP: %s", x->note.why);
	}
	free(x);
	return e;
}

bool nic_by_xdp_kick(struct component *c)
{
	struct nic *n = c->state;
	unsigned int lost;
	int e = nic_xdp_kick(n->xdp, &lost);

	if (lost > 0)
		nic_unsent(c, lost, EBUSY);
	n->unsent = e == -EAGAIN;
	if (n->unsent || n->xdp->n_free == 0)
		pd_wake_at(c, pd_now(c) + AGAIN_NS);
	if (e < 0 && !n->unsent)
		nic_unsent(c, 0, -e);
	return true;
}

void nic_by_xdp_watch(struct component *c, bool in)
{
	for (unsigned int i = NIC_XDP + XDP_QUEUE; i < c->n_fds; i++)
		pd_watch(c, i, in ? EPOLLIN : 0u);
}

static void say_strange_address(struct component *c)
{
	struct nic *n = c->state;

	if (!n->told)
		pd_log(c, "the kernel returns buffers that it does not have: "
			  "take `xdp` out");
	n->told = true;
}

void nic_by_xdp_run(struct component *c)
{
	struct nic *n = c->state;

	if (!n->gone && (n->unsent || !n->pump.writable))
		n->pump.writable = nic_by_xdp_kick(c);
	if (n->xdp->strange > 0)
		say_strange_address(c);
}
