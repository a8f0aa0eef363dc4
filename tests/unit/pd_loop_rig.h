/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event loop without a process around it, for the tests of pd/loop.c and
 * pd.c: two components whose behaviour each test scripts, real descriptors, and
 * a clock that moves only when it is read.
 *
 * Component 0 has channel ids 0 and 1, component 1 has 2 and 3.  Channels 0 and
 * 2 lead out of the PD; 1 and 3 are the two ends of one channel inside it.
 *
 * A header, because it brings a table of components.
 */
#ifndef WEIR_TESTS_UNIT_PD_LOOP_RIG_H
#define WEIR_TESTS_UNIT_PD_LOOP_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "virt/net_client.h"
#include "vmm/linux/pd/loop.h"

#define RIG_UNUSED __attribute__((unused))

#define OUT_A 0u
#define IN_A 1u
#define OUT_B 2u
#define IN_B 3u
#define N_CHANS 4u

/* Each look at the clock takes this long. */
#define TICK_NS 100ull

/**
 * struct script - what a component does, and what was done to it
 * @more:      run() says "more" so many times
 * @on_run:    called by run(); may be NULL
 * @arm_more:  arm() says "more" so many times
 * @ready_fd, @ready_events: the last fd_ready()
 */
struct script {
	unsigned int more;
	void (*on_run)(struct component *c);
	unsigned int arm_more;
	unsigned int runs;
	unsigned int arms;
	unsigned int notified[N_CHANS];
	unsigned int ready;
	unsigned int ready_fd;
	uint32_t ready_events;
};

static struct script a, b;
static struct pd *pd;
static struct boot_record *record;
static uint64_t fake_now;
static int log_pipe[2];

static struct script *script_of(const struct component *c)
{
	return c->index == 0 ? &a : &b;
}

static int fake_init(struct component *c)
{
	return c->state != NULL && (uintptr_t)c->state % 64 == 0 ? 0 : -22;
}

static void fake_notified(struct component *c, uint32_t channel)
{
	script_of(c)->notified[channel]++;
}

static void fake_ready(struct component *c, unsigned int fd, uint32_t events)
{
	struct script *s = script_of(c);

	s->ready++;
	s->ready_fd = fd;
	s->ready_events = events;
}

static bool fake_run(struct component *c, uint64_t now_ns)
{
	struct script *s = script_of(c);

	assert_int_equal(now_ns, pd_now(c));
	s->runs++;
	if (s->on_run != NULL)
		s->on_run(c);
	if (s->more == 0)
		return false;
	s->more--;
	return true;
}

static bool fake_arm(struct component *c)
{
	struct script *s = script_of(c);

	s->arms++;
	if (s->arm_more == 0)
		return false;
	s->arm_more--;
	return true;
}

static const struct component_ops fake_ops = {
	.kind = SYS_TAP,
	.name = "fake",
	.state_size = 100,
	.init = fake_init,
	.notified = fake_notified,
	.fd_ready = fake_ready,
	.run = fake_run,
	.arm = fake_arm,
};
/* One that owns more than a channel, as a switch does. */
static const struct component_ops fake_switch_ops = {
	.kind = SYS_SWITCH,
	.name = "fake",
	.state_size = 1,
	.init = fake_init,
	.notified = fake_notified,
	.fd_ready = fake_ready,
	.run = fake_run,
	.arm = fake_arm,
};

const struct component_ops *const component_kinds[SYS_KINDS] = {
	[SYS_SWITCH] = &fake_switch_ops,
	[SYS_TAP] = &fake_ops,
};

static uint64_t fake_clock(void)
{
	return fake_now += TICK_NS;
}

/* --- setting up ----------------------------------------------------------- */

static void fill_comp(struct boot_comp *c, const char *name, uint32_t port,
		      uint32_t ctl)
{
	c->cfg.kind = SYS_SWITCH;
	snprintf(c->cfg.name, sizeof(c->cfg.name), "%s", name);
	c->cfg.sw.ctl_channel = ctl;
	c->cfg.sw.n_ports = 1;
	c->cfg.sw.port[0].wire.channel = port;
}

static void fill_chan(struct boot_chan *c, uint32_t peer)
{
	c->wait = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	c->ring = -1;
	c->peer = peer;
	if (peer == SYS_NONE)
		c->ring = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

static int set_up(void **state)
{
	size_t size = boot_size(2, N_CHANS, 0);
	struct error err = { "" };

	(void)state;
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	fake_now = 1000;
	record = calloc(1, size);
	record->magic = BOOT_MAGIC;
	record->size = size;
	record->n_comps = 2;
	record->n_chans = N_CHANS;
	fill_comp(&boot_comps(record)[0], "sw0", OUT_A, IN_A);
	fill_comp(&boot_comps(record)[1], "sw0.b", OUT_B, IN_B);
	fill_chan(&boot_chans(record)[OUT_A], SYS_NONE);
	fill_chan(&boot_chans(record)[IN_A], IN_B);
	fill_chan(&boot_chans(record)[OUT_B], SYS_NONE);
	fill_chan(&boot_chans(record)[IN_B], IN_A);
	if (pipe2(log_pipe, O_NONBLOCK | O_CLOEXEC) != 0)
		return -1;
	pd = pd_new(record, log_pipe[1], &err);
	if (pd == NULL)
		return -1;
	pd->clock = fake_clock;
	return pd_init(pd, &err);
}

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

static int tear_down(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < N_CHANS; i++) {
		close(boot_chans(record)[i].wait);
		close_if(boot_chans(record)[i].ring);
	}
	close_if(log_pipe[0]);
	close(log_pipe[1]);
	pd_free(pd);
	free(record);
	return 0;
}

/* Past what a PD does when it starts; counters at zero. */
static RIG_UNUSED void settle(void)
{
	assert_true(pd_work(pd));
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
}

static void write_event(int fd)
{
	const uint64_t one = 1;

	assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
}

/* A peer notifies this end. */
static RIG_UNUSED void peer_rings(uint32_t channel)
{
	write_event(boot_chans(record)[channel].wait);
}

/* How often the other end has been notified since the last call. */
static RIG_UNUSED uint64_t rings_out(uint32_t channel)
{
	uint64_t count = 0;

	if (read(boot_chans(record)[channel].ring, &count, sizeof(count)) < 0)
		return 0;
	return count;
}

static RIG_UNUSED struct component *comp(unsigned int index)
{
	return &pd->comp[index].c;
}

static RIG_UNUSED void watch_new_fd(unsigned int index, int fd, uint32_t events)
{
	pd_replace_fd(comp(index), 0, fd);
	pd_watch(comp(index), 0, events);
}

#endif
