/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event loop of a PD.  pd.h says what a component may expect of it.
 *
 * Sleeping.  The only place to sleep is an epoll_wait(), reached when every
 * component has armed its queues and found nothing.  It has a timeout only
 * while a component has asked for one, so a PD without traffic makes no system
 * call.
 *
 * Notifications in.  Channels are watched edge-triggered and their eventfds
 * never read: each write by a peer is an edge, which epoll keeps until the next
 * look.
 *
 * Notifications out.  pd_ring() marks a channel; after each round, each marked
 * channel is written once.  That is soon enough for the peer to work alongside
 * a long burst, and wakes it once per burst.  A write that fails does no harm:
 * the counter or socket is full because a notification is pending already.
 *
 * Fairness.  A peer can keep a component busy for ever.  So the loop looks at
 * its descriptors every few rounds, or after each if there are interfaces or
 * sockets among them (whose components are not patient): a flood delays another
 * port by a bounded amount of work.
 *
 * Spinning.  With `poll` the loop goes on calling run() of all components for
 * that long after the last work.  Queues stay unarmed, so peers need not
 * notify, and no wake-up is needed, which costs tens of microseconds.  As long
 * as there is work, all components run in each round anyway, and only the
 * monitor's orders have to be looked for: once a millisecond, so that frames
 * cost no system call.
 */
#include "vmm/linux/pd/loop.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Rounds between two looks at the channels while there is work. */
#define ROUNDS_PER_LOOK 16u
/* Events taken by one look. */
#define EVENTS_PER_LOOK 64
#define NS_PER_MS 1000000u
/* Time between two looks while spinning, if there is work. */
#define LOOK_NS 1000000u

static void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
#endif
}

void pd_due(struct pd *pd, uint32_t comp)
{
	pd->n_due += !pd->comp[comp].due;
	pd->comp[comp].due = true;
}

static void make_all_due(struct pd *pd)
{
	for (uint32_t i = 0; i < pd->boot->n_comps; i++)
		pd_due(pd, i);
}

int pd_init(struct pd *pd, struct error *err)
{
	pd->now = pd->clock();
	for (uint32_t i = 0; i < pd->boot->n_comps; i++) {
		struct component *c = &pd->comp[i].c;
		int result = c->ops->init(c);

		if (result != 0)
			return error_set(err, "%s %s cannot start: %s",
					 c->ops->name, c->cfg->name,
					 strerror(-result));
	}
	/* Work that was there before we started has notified nobody. */
	make_all_due(pd);
	return 0;
}

/* --- times -------------------------------------------------------------- */

static void find_earliest(struct pd *pd)
{
	pd->wake_at = UINT64_MAX;
	for (uint32_t i = 0; i < pd->boot->n_comps; i++)
		if (pd->comp[i].wake_at < pd->wake_at)
			pd->wake_at = pd->comp[i].wake_at;
}

void pd_wake_at(struct component *c, uint64_t at_ns)
{
	struct pd *pd = c->pd;
	uint64_t before = pd->comp[c->index].wake_at;

	pd->comp[c->index].wake_at = at_ns;
	if (at_ns < pd->wake_at)
		pd->wake_at = at_ns;
	else if (before == pd->wake_at)
		find_earliest(pd);
}

/* Read the clock; components whose time has come are due. */
static void tell_time(struct pd *pd)
{
	pd->now = pd->clock();
	if (pd->now < pd->wake_at)
		return;
	for (uint32_t i = 0; i < pd->boot->n_comps; i++) {
		if (pd->comp[i].wake_at > pd->now)
			continue;
		pd->comp[i].wake_at = UINT64_MAX;
		pd_due(pd, i);
	}
	find_earliest(pd);
}

int pd_timeout(const struct pd *pd)
{
	uint64_t now, ms;

	if (pd->wake_at == UINT64_MAX)
		return -1;
	now = pd->clock();
	if (now >= pd->wake_at)
		return 0;
	/* Rounded up: waking too early would cost a round for nothing. */
	ms = (pd->wake_at - now - 1) / NS_PER_MS + 1;
	return ms < INT_MAX ? (int)ms : INT_MAX;
}

/* --- descriptors from outside ------------------------------------------- */

bool pd_watch(struct component *c, unsigned int fd_index, uint32_t events)
{
	struct pd *pd = c->pd;
	uint32_t *watched;
	struct epoll_event e = {
		.events = events,
		.data.u64 = event_data(EVENT_FD, c->index, fd_index),
	};
	int op = EPOLL_CTL_MOD;

	if (fd_index >= c->n_fds || c->fd[fd_index] < 0)
		return false;
	watched = &pd->comp[c->index].watched[fd_index];
	if (*watched == events)
		return true;
	if (*watched == 0)
		op = EPOLL_CTL_ADD;
	else if (events == 0)
		op = EPOLL_CTL_DEL;
	if (epoll_ctl(pd->epoll, op, c->fd[fd_index], &e) != 0)
		return false;
	if (!c->ops->patient)
		pd->n_watched += (events != 0) - (*watched != 0);
	*watched = events;
	return true;
}

void pd_replace_fd(struct component *c, unsigned int fd_index, int fd)
{
	if (fd_index >= PD_MAX_FDS)
		return;
	while (c->n_fds <= fd_index)
		c->fd[c->n_fds++] = -1;
	pd_watch(c, fd_index, 0);
	if (c->fd[fd_index] >= 0)
		close(c->fd[fd_index]);
	c->fd[fd_index] = fd;
}

/* --- notifications ------------------------------------------------------ */

void pd_notify(struct pd *pd, uint32_t channel)
{
	uint32_t owner = pd->chan[channel].owner;
	struct component *c;

	if (owner == SYS_NONE)
		return;
	c = &pd->comp[owner].c;
	if (c->ops->notified != NULL)
		c->ops->notified(c, channel);
	pd_due(pd, owner);
}

static void fd_event(struct pd *pd, uint32_t index, uint32_t fd,
		     uint32_t events)
{
	struct pd_comp *pc = &pd->comp[index];

	/* A handler called in this look has stopped watching it. */
	if (pc->watched[fd] == 0)
		return;
	if (pc->c.ops->fd_ready != NULL)
		pc->c.ops->fd_ready(&pc->c, fd, events);
	pd_due(pd, index);
}

bool pd_look(struct pd *pd, int timeout)
{
	struct epoll_event event[EVENTS_PER_LOOK];
	int n;

	if (timeout < 0)
		timeout = pd_timeout(pd);
	n = epoll_wait(pd->epoll, event, EVENTS_PER_LOOK, timeout);
	tell_time(pd);
	for (int i = 0; i < n; i++) {
		uint64_t data = event[i].data.u64;
		uint32_t index = (uint32_t)(data >> 16);

		switch (data >> 56) {
		case EVENT_CHANNEL:
			pd_notify(pd, index);
			break;
		case EVENT_FD:
			fd_event(pd, index, data & 0xffff, event[i].events);
			break;
		case EVENT_ORDER:
			if (!pd_obey(pd))
				return false;
			break;
		default:
			return false;
		}
	}
	return true;
}

void pd_ring(struct component *c, uint32_t channel)
{
	struct pd *pd = c->pd;

	if (channel >= pd->boot->n_chans || pd->chan[channel].rung)
		return;
	pd->chan[channel].rung = true;
	pd->rung[pd->n_rung++] = channel;
}

int pd_channel_fds(struct component *c, uint32_t channel, int *wait, int *ring)
{
	struct pd *pd = c->pd;
	struct pd_chan *chan;

	if (channel >= pd->boot->n_chans)
		return -EINVAL;
	chan = &pd->chan[channel];
	if (chan->owner != c->index || chan->peer != SYS_NONE)
		return -EINVAL;
	/* Fails harmlessly if it is called again. */
	(void)epoll_ctl(pd->epoll, EPOLL_CTL_DEL, chan->wait, NULL);
	chan->bound = true;
	*wait = chan->wait;
	*ring = chan->ring;
	return 0;
}

/* Ring the marked channels; one inside the PD makes its owner due. */
static void ring(struct pd *pd)
{
	static const uint64_t one = 1;
	uint32_t n = pd->n_rung;

	for (uint32_t i = 0; i < n; i++) {
		struct pd_chan *chan = &pd->chan[pd->rung[i]];

		chan->rung = false;
		if (chan->peer != SYS_NONE)
			pd_notify(pd, chan->peer);
		else
			(void)!write(chan->ring, &one, sizeof(one));
	}
	/* notified() may have marked more: those are for the next round. */
	pd->n_rung -= n;
	memmove(pd->rung, pd->rung + n, pd->n_rung * sizeof(*pd->rung));
}

/* --- working ------------------------------------------------------------ */

/* Run each component that is due once; true if there was work. */
static bool round_once(struct pd *pd)
{
	bool useful = false;

	tell_time(pd);
	pd->n_due = 0;
	for (uint32_t i = 0; i < pd->boot->n_comps; i++) {
		struct pd_comp *pc = &pd->comp[i];

		if (!pc->due)
			continue;
		pc->due = false;
		if (!pc->c.ops->run(&pc->c, pd->now))
			continue;
		pd_due(pd, i);
		useful = true;
	}
	useful = useful || pd->n_rung != 0;
	ring(pd);
	return useful;
}

static uint32_t rounds_per_look(const struct pd *pd)
{
	return pd->n_watched != 0 ? 1 : ROUNDS_PER_LOOK;
}

/*
 * Work until no component is due.  That is tested before the look: a descriptor
 * that stays ready, because its component cannot serve it now, must not keep
 * the loop from arm(), where the component stops watching it.
 */
static bool drain(struct pd *pd)
{
	for (uint32_t n = 1; pd->n_due != 0; n++) {
		round_once(pd);
		if (pd->n_due != 0 && n % rounds_per_look(pd) == 0 &&
		    !pd_look(pd, 0))
			return false;
	}
	return true;
}

/* Run all components until there has been no work for poll_ns. */
static bool spin(struct pd *pd)
{
	uint64_t until = pd->now + pd->poll_ns, looked = pd->now;

	for (uint32_t n = 1; pd->now < until; n++) {
		bool look = pd->n_watched != 0 || pd->now - looked >= LOOK_NS;

		make_all_due(pd);
		if (round_once(pd)) {
			until = pd->now + pd->poll_ns;
		} else {
			look = true;
			cpu_relax();
		}
		if (!look || n % rounds_per_look(pd) != 0)
			continue;
		looked = pd->now;
		if (!pd_look(pd, 0))
			return false;
	}
	return true;
}

static void arm(struct pd *pd)
{
	for (uint32_t i = 0; i < pd->boot->n_comps; i++) {
		struct component *c = &pd->comp[i].c;

		if (c->ops->arm != NULL && c->ops->arm(c))
			pd_due(pd, i);
	}
	/* Arming may have returned buffers that a peer waits for. */
	ring(pd);
}

bool pd_work(struct pd *pd)
{
	do {
		if ((pd->poll_ns != 0 && !spin(pd)) || !drain(pd))
			return false;
		arm(pd);
	} while (pd->n_due != 0 || pd->n_rung != 0);
	return true;
}
