/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Orders of the monitor, carried out by the PD.
 *
 * New memory is mapped at the addresses of the old, because components keep
 * pointers into their regions.  That is safe: the port is down, so its
 * component does not use its queues, and the loop is between two rounds, so
 * nothing is being read.  Guard pages stay where they are.
 *
 * The filter allows mmap() in this one form only (sandbox.c).
 */
#include <errno.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/linux/fds.h"
#include "vmm/linux/pd/loop.h"
#include "vmm/linux/order.h"

/* Smallest distance of two bytes that are certainly on different pages. */
#define PAGE_STEP 4096u

int pd_listen(struct pd *pd, int ctl)
{
	struct epoll_event e = { .events = EPOLLIN,
				 .data.u64 = event_data(EVENT_ORDER, 0, 0) };

	pd->ctl = ctl;
	return epoll_ctl(pd->epoll, EPOLL_CTL_ADD, ctl, &e);
}

/* As if each channel had been notified. */
static void look_around(struct pd *pd)
{
	static const uint64_t one = 1;

	for (uint32_t i = 0; i < pd->boot->n_chans; i++) {
		/* Bound to a guest, which does not need the loop. */
		if (pd->chan[i].bound)
			(void)!write(pd->chan[i].wait, &one, sizeof(one));
		else
			pd_notify(pd, i);
	}
}

static bool sound(const struct pd *pd, const struct pd_order *o,
		  unsigned int n_fds)
{
	bool ok = n_fds == PD_RENEW_FDS && o->channel < pd->boot->n_chans;

	for (unsigned int i = 0; i < PD_RENEW_REGIONS; i++)
		ok = ok && o->slot[i] < pd->boot->n_maps;
	return ok;
}

/* A PD that polls for latency should not take page faults either. */
static void touch(const struct sandbox_map *map)
{
	const volatile char *byte = map->base;

	for (size_t at = 0; at < map->size; at += PAGE_STEP)
		(void)byte[at];
}

static int map_over(struct pd *pd, uint32_t slot, int fd)
{
	struct sandbox_map *map = &pd->map[slot];
	int prot = boot_maps(pd->boot)[slot].perms == SYS_R
			   ? PROT_READ
			   : PROT_READ | PROT_WRITE;

	if (mmap(map->base, map->size, prot, MAP_SHARED | MAP_FIXED, fd, 0) ==
	    MAP_FAILED)
		return -1;
	if (pd->poll_ns != 0)
		touch(map);
	return 0;
}

/*
 * The old ones leave the epoll set before they are closed: the former client
 * shares the open file and would keep it there.
 */
static int rewire(struct pd *pd, uint32_t channel, int wait, int ring)
{
	struct pd_chan *chan = &pd->chan[channel];
	struct epoll_event e = {
		.events = EPOLLIN | EPOLLET,
		.data.u64 = event_data(EVENT_CHANNEL, channel, 0),
	};

	(void)epoll_ctl(pd->epoll, EPOLL_CTL_DEL, chan->wait, NULL);
	close(chan->wait);
	close(chan->ring);
	chan->wait = wait;
	chan->ring = ring;
	return epoll_ctl(pd->epoll, EPOLL_CTL_ADD, wait, &e);
}

static void renew(struct pd *pd, const struct pd_order *o, const int *fd)
{
	const struct pd_answer done = { .serial = o->serial,
					.channel = o->channel };
	int result = 0;

	for (unsigned int i = 0; i < PD_RENEW_REGIONS && result == 0; i++)
		result = map_over(pd, o->slot[i], fd[PD_RENEW_REGION + i]);
	fds_close(fd + PD_RENEW_REGION, PD_RENEW_REGIONS);
	result |= rewire(pd, o->channel, fd[PD_RENEW_WAIT], fd[PD_RENEW_RING]);
	/* If no answer comes, the monitor kills and restarts us. */
	if (result == 0)
		(void)!write(pd->ctl, &done, sizeof(done));
}

static void give(struct pd *pd, const struct pd_order *o, int fd)
{
	struct pd_comp *to = &pd->comp[o->channel];

	to->c.ops->given(&to->c, o->serial, fd);
	pd_due(pd, o->channel);
}

static bool takes(const struct pd *pd, const struct pd_order *o,
		  unsigned int n_fds)
{
	return n_fds == 1 && o->channel < pd->boot->n_comps &&
	       pd->comp[o->channel].c.ops->given != NULL;
}

bool pd_obey(struct pd *pd)
{
	struct pd_order o = { 0 };
	int fd[PD_RENEW_FDS] = { 0 };
	unsigned int n_fds = PD_RENEW_FDS;
	ssize_t n =
		fds_receive(pd->ctl, &o, sizeof(o), fd, &n_fds, PD_ORDER_FLAGS);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	if (o.what == PD_ORDER_RENEW && sound(pd, &o, n_fds)) {
		renew(pd, &o, fd);
		return true;
	}
	if (o.what == PD_ORDER_GIVE && takes(pd, &o, n_fds)) {
		give(pd, &o, fd[0]);
		return true;
	}
	fds_close(fd, n_fds);
	if (o.what == PD_ORDER_LOOK)
		look_around(pd);
	return true;
}
