/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event loop of a PD.  pd.h says what a component may expect of it.
 *
 * Sleeping.  There is one place to sleep, an epoll_wait() without a timeout,
 * reached only when every component has armed its queues and found nothing: a
 * PD without traffic has no timer and makes no system call at all.
 *
 * Notifications in.  Channels are watched edge triggered and their eventfds
 * never read: each write by a peer is an edge, and the sum is of no interest.
 * An edge between two looks stays with epoll, so none is lost.
 *
 * Notifications out.  pd_ring() makes a note; the notes are written after each
 * round, once per channel however many frames went over it.  That is soon
 * enough to keep the peer working alongside a long burst and late enough to
 * wake it once per burst.  The queues ask for a ring only while the peer sleeps.
 * A write that fails is of no concern: a full counter or pipe means that a
 * notification waits already.
 *
 * Fairness.  A peer can keep a component busy for ever.  The loop looks at its
 * descriptors every few rounds nevertheless (after each, if there are
 * interfaces or sockets among them), so that a flooding port delays another
 * one's notification by a bounded amount of work and cannot hide it.
 *
 * Spinning.  With `poll` the loop goes on asking all components for that long
 * after the last work.  Peers see it awake (queues are not armed) and save
 * their notification, and the PD saves being woken, which costs tens of
 * microseconds.  Whatever run() answers `true` to, or rings a channel for,
 * counts as work.
 */
#include "vmm/linux/pd_loop.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

/* Rounds between two looks at the channels while there is work. */
#define ROUNDS_PER_LOOK 16u
/* Events taken by one look. */
#define EVENTS_PER_LOOK 64

/* What an event's data says: what it is, and which. */
#define EVENT_CHANNEL 0u
#define EVENT_FD 1u
#define EVENT_MONITOR 2u

static uint64_t event_data(uint32_t what, uint32_t index, uint32_t fd)
{
	return (uint64_t)what << 56 | (uint64_t)index << 16 | fd;
}

static uint64_t read_clock(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("isb" ::: "memory");
#endif
}

/* --- making it ------------------------------------------------------------ */

static void own(struct pd *pd, uint32_t channel, uint32_t comp)
{
	if (channel < pd->boot->n_chans)
		pd->chan[channel].owner = comp;
}

/* Which component a channel belongs to follows from the configurations. */
static void set_owners(struct pd *pd)
{
	for (uint32_t i = 0; i < pd->boot->n_comps; i++) {
		const struct sys_component *cfg = pd->comp[i].c.cfg;

		if (cfg->kind != SYS_SWITCH) {
			own(pd, cfg->wire.channel, i);
			continue;
		}
		own(pd, cfg->sw.ctl_channel, i);
		for (uint32_t p = 0; p < cfg->sw.n_ports; p++)
			own(pd, cfg->sw.port[p].wire.channel, i);
	}
}

static int add_to_epoll(struct pd *pd, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event e = { .events = events, .data.u64 = data };

	return epoll_ctl(pd->epoll, EPOLL_CTL_ADD, fd, &e);
}

static int watch_channels(struct pd *pd)
{
	const struct boot_chan *bc = boot_chans(pd->boot);

	for (uint32_t i = 0; i < pd->boot->n_chans; i++) {
		pd->chan[i] = (struct pd_chan){
			.owner = SYS_NONE,
			.wait = bc[i].wait,
			.ring = bc[i].ring,
			.peer = bc[i].peer,
		};
		if (add_to_epoll(pd, bc[i].wait, EPOLLIN | EPOLLET,
				 event_data(EVENT_CHANNEL, i, 0)) != 0)
			return -1;
	}
	/* Says EPOLLERR, unasked, when nobody can read the log any more. */
	return add_to_epoll(pd, pd->log, 0, event_data(EVENT_MONITOR, 0, 0));
}

static int make_component(struct pd *pd, uint32_t index)
{
	const struct boot_comp *bc = &boot_comps(pd->boot)[index];
	struct component *c = &pd->comp[index].c;
	size_t size;

	c->ops = component_kinds[bc->cfg.kind];
	c->cfg = &bc->cfg;
	c->pd = pd;
	c->index = index;
	c->n_fds = bc->n_fds;
	memcpy(c->fd, bc->fd, sizeof(c->fd));
	size = (c->ops->state_size + 63) & ~(size_t)63;
	c->state = aligned_alloc(64, size != 0 ? size : 64);
	if (c->state == NULL)
		return -1;
	memset(c->state, 0, size);
	return 0;
}

static int make_tables(struct pd *pd)
{
	const struct boot_record *r = pd->boot;

	/* One more than needed: calloc(0) may say NULL. */
	pd->map = calloc(r->n_maps + 1, sizeof(*pd->map));
	pd->chan = calloc(r->n_chans + 1, sizeof(*pd->chan));
	pd->rung = calloc(r->n_chans + 1, sizeof(*pd->rung));
	pd->comp = calloc(r->n_comps + 1, sizeof(*pd->comp));
	if (pd->map == NULL || pd->chan == NULL || pd->rung == NULL ||
	    pd->comp == NULL)
		return -1;
	for (uint32_t i = 0; i < r->n_comps; i++)
		if (make_component(pd, i) != 0)
			return -1;
	return 0;
}

struct pd *pd_new(const struct boot_record *r, int log, struct error *err)
{
	struct pd *pd = calloc(1, sizeof(*pd));

	if (pd == NULL) {
		error_set(err, "not enough memory");
		return NULL;
	}
	pd->boot = r;
	pd->log = log;
	pd->clock = read_clock;
	pd->poll_ns = (uint64_t)r->poll_us * 1000;
	pd->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (make_tables(pd) != 0) {
		error_set(err, "not enough memory");
	} else if (pd->epoll < 0 || watch_channels(pd) != 0) {
		error_set(err, "cannot watch its channels: %s",
			  strerror(errno));
	} else {
		set_owners(pd);
		return pd;
	}
	pd_free(pd);
	return NULL;
}

void pd_free(struct pd *pd)
{
	for (uint32_t i = 0; pd->comp != NULL && i < pd->boot->n_comps; i++)
		free(pd->comp[i].c.state);
	if (pd->epoll >= 0)
		close(pd->epoll);
	free(pd->map);
	free(pd->chan);
	free(pd->rung);
	free(pd->comp);
	free(pd);
}

static void make_due(struct pd *pd, uint32_t comp)
{
	pd->n_due += !pd->comp[comp].due;
	pd->comp[comp].due = true;
}

static void make_all_due(struct pd *pd)
{
	for (uint32_t i = 0; i < pd->boot->n_comps; i++)
		make_due(pd, i);
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
	/* What was there before us has rung nobody. */
	make_all_due(pd);
	return 0;
}

/* --- descriptors from outside --------------------------------------------- */

void pd_watch(struct component *c, unsigned int fd_index, uint32_t events)
{
	struct pd *pd = c->pd;
	uint32_t *watched;
	struct epoll_event e = {
		.events = events,
		.data.u64 = event_data(EVENT_FD, c->index, fd_index),
	};
	int op = EPOLL_CTL_MOD;

	if (fd_index >= c->n_fds || c->fd[fd_index] < 0)
		return;
	watched = &pd->comp[c->index].watched[fd_index];
	if (*watched == events)
		return;
	if (*watched == 0)
		op = EPOLL_CTL_ADD;
	else if (events == 0)
		op = EPOLL_CTL_DEL;
	if (epoll_ctl(pd->epoll, op, c->fd[fd_index], &e) != 0)
		return;
	pd->n_watched += (events != 0) - (*watched != 0);
	*watched = events;
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

/* --- notifications -------------------------------------------------------- */

static void notify(struct pd *pd, uint32_t channel)
{
	uint32_t owner = pd->chan[channel].owner;
	struct component *c;

	if (owner == SYS_NONE)
		return;
	c = &pd->comp[owner].c;
	if (c->ops->notified != NULL)
		c->ops->notified(c, channel);
	make_due(pd, owner);
}

static void fd_event(struct pd *pd, uint32_t index, uint32_t fd,
		     uint32_t events)
{
	struct pd_comp *pc = &pd->comp[index];

	/* Given up by a handler of this very look. */
	if (pc->watched[fd] == 0)
		return;
	if (pc->c.ops->fd_ready != NULL)
		pc->c.ops->fd_ready(&pc->c, fd, events);
	make_due(pd, index);
}

bool pd_look(struct pd *pd, int timeout)
{
	struct epoll_event event[EVENTS_PER_LOOK];
	int n = epoll_wait(pd->epoll, event, EVENTS_PER_LOOK, timeout);

	pd->now = pd->clock();
	for (int i = 0; i < n; i++) {
		uint64_t data = event[i].data.u64;
		uint32_t index = (uint32_t)(data >> 16);

		switch (data >> 56) {
		case EVENT_CHANNEL:
			notify(pd, index);
			break;
		case EVENT_FD:
			fd_event(pd, index, data & 0xffff, event[i].events);
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

/* Ring what was noted; what stays inside the PD makes its owner due. */
static void ring(struct pd *pd)
{
	static const uint64_t one = 1;
	uint32_t n = pd->n_rung;

	for (uint32_t i = 0; i < n; i++) {
		struct pd_chan *chan = &pd->chan[pd->rung[i]];

		chan->rung = false;
		if (chan->peer != SYS_NONE)
			notify(pd, chan->peer);
		else
			(void)!write(chan->ring, &one, sizeof(one));
	}
	/* notified() may have rung again: that is for the next round. */
	pd->n_rung -= n;
	memmove(pd->rung, pd->rung + n, pd->n_rung * sizeof(*pd->rung));
}

/* --- working -------------------------------------------------------------- */

/* One turn for everybody who is due; true if that brought anything. */
static bool round_once(struct pd *pd)
{
	bool useful = false;

	pd->now = pd->clock();
	pd->n_due = 0;
	for (uint32_t i = 0; i < pd->boot->n_comps; i++) {
		struct pd_comp *pc = &pd->comp[i];

		if (!pc->due)
			continue;
		pc->due = false;
		if (!pc->c.ops->run(&pc->c, pd->now))
			continue;
		make_due(pd, i);
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
 * Until nobody has more to do.  That is asked before the look: a descriptor that
 * stays ready because its component cannot serve it now must not keep the
 * loop from arm(), where the component stops watching it.
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

/* Go on asking everybody until that has brought nothing for poll_ns. */
static bool spin(struct pd *pd)
{
	uint64_t until = pd->now + pd->poll_ns;

	for (uint32_t n = 1; pd->now < until; n++) {
		make_all_due(pd);
		if (round_once(pd))
			until = pd->now + pd->poll_ns;
		else
			cpu_relax();
		if (n % rounds_per_look(pd) == 0 && !pd_look(pd, 0))
			return false;
	}
	return true;
}

static void arm(struct pd *pd)
{
	for (uint32_t i = 0; i < pd->boot->n_comps; i++) {
		struct component *c = &pd->comp[i].c;

		if (c->ops->arm != NULL && c->ops->arm(c))
			make_due(pd, i);
	}
	/* Arming may have given buffers back that somebody waits for. */
	ring(pd);
}

bool pd_work(struct pd *pd)
{
	do {
		if (!drain(pd) || (pd->poll_ns != 0 && !spin(pd)) || !drain(pd))
			return false;
		arm(pd);
	} while (pd->n_due != 0 || pd->n_rung != 0);
	return true;
}
