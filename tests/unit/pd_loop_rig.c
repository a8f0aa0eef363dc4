/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/pd_loop_rig.h"

struct script first, second;

struct pd *pd;

struct boot_record *loop_record;

uint64_t fake_now;

int log_pipe[2];

static struct script *script_of(const struct component *c)
{
	return c->index == 0 ? &first : &second;
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

const struct component_ops loop_tap_ops = {
	.kind = SYS_TAP,
	.name = "fake",
	.state_size = 100,
	.init = fake_init,
	.notified = fake_notified,
	.fd_ready = fake_ready,
	.run = fake_run,
	.arm = fake_arm,
};

const struct component_ops loop_switch_ops = {
	.kind = SYS_SWITCH,
	.name = "fake",
	.state_size = 1,
	.init = fake_init,
	.notified = fake_notified,
	.fd_ready = fake_ready,
	.run = fake_run,
	.arm = fake_arm,
};

static uint64_t fake_clock(void)
{
	return fake_now += TICK_NS;
}

/* --- setting up --------------------------------------------------------- */

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

int loop_setup(void **state)
{
	size_t size = boot_size(2, N_CHANS, 0);
	struct error err = { "" };

	(void)state;
	memset(&first, 0, sizeof(first));
	memset(&second, 0, sizeof(second));
	fake_now = 1000;
	loop_record = calloc(1, size);
	loop_record->magic = BOOT_MAGIC;
	loop_record->size = size;
	loop_record->n_comps = 2;
	loop_record->n_chans = N_CHANS;
	fill_comp(&boot_comps(loop_record)[0], "sw0", OUT_A, IN_A);
	fill_comp(&boot_comps(loop_record)[1], "sw0.b", OUT_B, IN_B);
	fill_chan(&boot_chans(loop_record)[OUT_A], SYS_NONE);
	fill_chan(&boot_chans(loop_record)[IN_A], IN_B);
	fill_chan(&boot_chans(loop_record)[OUT_B], SYS_NONE);
	fill_chan(&boot_chans(loop_record)[IN_B], IN_A);
	if (pipe2(log_pipe, O_NONBLOCK | O_CLOEXEC) != 0)
		return -1;
	pd = pd_new(loop_record, log_pipe[1], &err);
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

int loop_teardown(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < N_CHANS; i++) {
		close(boot_chans(loop_record)[i].wait);
		close_if(boot_chans(loop_record)[i].ring);
	}
	close_if(log_pipe[0]);
	close(log_pipe[1]);
	pd_free(pd);
	free(loop_record);
	return 0;
}

void settle(void)
{
	assert_true(pd_work(pd));
	memset(&first, 0, sizeof(first));
	memset(&second, 0, sizeof(second));
}

void write_event(int fd)
{
	const uint64_t one = 1;

	assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
}

void peer_rings(uint32_t channel)
{
	write_event(boot_chans(loop_record)[channel].wait);
}

uint64_t rings_out(uint32_t channel)
{
	uint64_t count = 0;

	if (read(boot_chans(loop_record)[channel].ring, &count, sizeof(count)) <
	    0)
		return 0;
	return count;
}

struct component *comp(unsigned int index)
{
	return &pd->comp[index].c;
}

void watch_new_fd(unsigned int index, int fd, uint32_t events)
{
	pd_replace_fd(comp(index), 0, fd);
	pd_watch(comp(index), 0, events);
}
