/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event loop, without a process around it: two components whose behaviour
 * each test scripts, real descriptors, and a clock that moves only when asked.
 *
 * Component 0 has channel ids 0 and 1, component 1 has 2 and 3.  Channels 0 and
 * 2 lead out of the PD; 1 and 3 are the two ends of one channel inside it.
 */
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

#include "client/net_client.h"
#include "vmm/linux/pd_loop.h"

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
static void settle(void)
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
static void peer_rings(uint32_t channel)
{
	write_event(boot_chans(record)[channel].wait);
}

/* How often the other end has been notified since the last call. */
static uint64_t rings_out(uint32_t channel)
{
	uint64_t count = 0;

	if (read(boot_chans(record)[channel].ring, &count, sizeof(count)) < 0)
		return 0;
	return count;
}

static struct component *comp(unsigned int index)
{
	return &pd->comp[index].c;
}

static void watch_new_fd(unsigned int index, int fd, uint32_t events)
{
	pd_replace_fd(comp(index), 0, fd);
	pd_watch(comp(index), 0, events);
}

/* --- waking --------------------------------------------------------------- */

/* Queues may hold something from before a restart that rang nobody. */
static void everyone_runs_once_at_the_start(void **state)
{
	(void)state;
	assert_true(pd_work(pd));
	assert_int_equal(a.runs, 1);
	assert_int_equal(b.runs, 1);
	assert_int_equal(a.arms, 1);
	assert_int_equal(b.arms, 1);
}

static void notification_reaches_its_component_alone(void **state)
{
	(void)state;
	settle();
	peer_rings(OUT_B);
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(b.notified[OUT_B], 1);
	assert_int_equal(b.runs, 1);
	assert_int_equal(a.runs, 0);
	assert_int_equal(a.notified[OUT_A], 0);
}

/* The eventfd is never read, and each write is still an event. */
static void every_notification_is_an_event(void **state)
{
	uint64_t count;

	(void)state;
	settle();
	for (unsigned int i = 1; i <= 5; i++) {
		peer_rings(OUT_A);
		assert_true(pd_look(pd, 0));
		assert_int_equal(a.notified[OUT_A], i);
		assert_true(pd_look(pd, 0));
		assert_int_equal(a.notified[OUT_A], i);
	}
	assert_int_equal(read(boot_chans(record)[OUT_A].wait, &count,
			      sizeof(count)),
			 sizeof(count));
	assert_int_equal(count, 5);
}

static void nothing_to_do_calls_nobody(void **state)
{
	(void)state;
	settle();
	assert_true(pd_look(pd, 0));
	assert_int_equal(pd->n_due, 0);
	assert_int_equal(a.runs + b.runs, 0);
}

/* The monitor notifies an end of an inner channel by its descriptor. */
static void monitor_reaches_an_inner_channel(void **state)
{
	(void)state;
	settle();
	peer_rings(IN_B);
	assert_true(pd_look(pd, 0));
	assert_int_equal(b.notified[IN_B], 1);
	assert_int_equal(a.notified[IN_A], 0);
}

static void end_of_the_monitor_is_noticed(void **state)
{
	(void)state;
	settle();
	assert_true(pd_look(pd, 0));
	close(log_pipe[0]);
	log_pipe[0] = -1;
	assert_false(pd_look(pd, 0));
}

static void end_of_the_monitor_is_noticed_when_busy(void **state)
{
	(void)state;
	settle();
	close(log_pipe[0]);
	log_pipe[0] = -1;
	a.more = 1u << 30;
	peer_rings(OUT_A);
	pd->comp[0].due = true;
	pd->n_due = 1;
	assert_false(pd_work(pd));
}

/* --- working -------------------------------------------------------------- */

static void run_is_called_until_there_is_no_more(void **state)
{
	(void)state;
	settle();
	a.more = 7;
	peer_rings(OUT_A);
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(a.runs, 8);
	assert_int_equal(b.runs, 0);
	assert_int_equal(a.arms, 1);
}

static void arm_that_finds_work_leads_to_work(void **state)
{
	(void)state;
	settle();
	a.arm_more = 2;
	assert_true(pd_work(pd));
	assert_int_equal(a.runs, 2);
	assert_int_equal(a.arms, 3);
	/* All arm again before it sleeps, since all may have run. */
	assert_int_equal(b.arms, 3);
}

/* b's channel is rung while a has work without end. */
static void stop_when_b_was_heard(struct component *c)
{
	(void)c;
	if (a.runs == 1)
		peer_rings(OUT_B);
	if (b.notified[OUT_B] != 0)
		a.more = 0;
}

static void hc15_busy_component_does_not_hide_a_notification(void **state)
{
	(void)state;
	settle();
	a.more = 1000000;
	a.on_run = stop_when_b_was_heard;
	peer_rings(OUT_A);
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(b.notified[OUT_B], 1);
	assert_int_equal(b.runs, 1);
	assert_true(a.runs <= 20);
}

static int far_end;

static void stop_when_b_was_ready(struct component *c)
{
	(void)c;
	if (a.runs == 10)
		assert_int_equal(write(far_end, "x", 1), 1);
	if (b.ready != 0)
		a.more = 0;
}

static void stop_watching(struct component *c)
{
	if (b.ready != 0)
		pd_watch(c, 0, 0);
}

/* With an interface or socket about, after each round. */
static void hc15_busy_component_does_not_hide_a_descriptor(void **state)
{
	int pair[2];

	(void)state;
	settle();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	far_end = pair[1];
	watch_new_fd(1, pair[0], EPOLLIN);
	a.more = 1000000;
	a.on_run = stop_when_b_was_ready;
	b.on_run = stop_watching;
	peer_rings(OUT_A);
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(b.ready, 1);
	assert_true(a.runs <= 12);
	pd_replace_fd(comp(1), 0, -1);
	close(pair[1]);
}

static bool arm_gives_up(struct component *c)
{
	pd_watch(c, 0, 0);
	return false;
}

/* Nowhere to put a frame: the component says so when it arms. */
static void descriptor_left_ready_does_not_keep_from_arming(void **state)
{
	static struct component_ops patient;
	int pair[2];

	(void)state;
	settle();
	patient = *comp(1)->ops;
	patient.arm = arm_gives_up;
	comp(1)->ops = &patient;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(write(pair[1], "x", 1), 1);
	watch_new_fd(1, pair[0], EPOLLIN);
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(b.ready, 1);
	assert_int_equal(b.runs, 1);
	assert_true(pd_look(pd, 0));
	assert_int_equal(b.ready, 1);
	pd_replace_fd(comp(1), 0, -1);
	close(pair[1]);
}

/* Another port's notifications, however many, are one event a look. */
static void hc15_flood_of_notifications_is_one_event(void **state)
{
	(void)state;
	settle();
	for (int i = 0; i < 100000; i++)
		peer_rings(OUT_A);
	peer_rings(OUT_B);
	assert_true(pd_look(pd, 0));
	assert_int_equal(a.notified[OUT_A], 1);
	assert_int_equal(b.notified[OUT_B], 1);
	assert_true(pd_work(pd));
	assert_int_equal(a.runs, 1);
	assert_int_equal(b.runs, 1);
}

/* --- notifying ------------------------------------------------------------ */

static void ring_thrice(struct component *c)
{
	/* What the round before asked for has been written, and once. */
	assert_int_equal(rings_out(OUT_A), a.runs - 1);
	for (int i = 0; i < 3; i++)
		pd_ring(c, OUT_A);
	/* Not yet: the round is not over. */
	assert_int_equal(rings_out(OUT_A), 0);
}

static void rings_are_written_once_a_round(void **state)
{
	(void)state;
	settle();
	a.on_run = ring_thrice;
	a.more = 1;
	peer_rings(OUT_A);
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(a.runs, 2);
	assert_int_equal(rings_out(OUT_A), 1);
	assert_int_equal(rings_out(OUT_B), 0);
}

static void ring_inner_once(struct component *c)
{
	if (a.runs == 1)
		pd_ring(c, IN_A);
	/* Not from inside our own run(). */
	assert_int_equal(b.notified[IN_B], a.runs == 1 ? 0 : 1);
}

static void inner_rings_are_calls(void **state)
{
	(void)state;
	settle();
	a.on_run = ring_inner_once;
	peer_rings(OUT_A);
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(b.notified[IN_B], 1);
	assert_int_equal(a.notified[IN_A], 0);
	assert_int_equal(b.runs, 1);
	/* And no system call: nothing was written. */
	assert_true(pd_look(pd, 0));
	assert_int_equal(b.notified[IN_B], 1);
}

static void ring_that_nobody_hears_is_no_harm(void **state)
{
	const uint64_t most = UINT64_MAX - 1;
	struct boot_chan *chan = &boot_chans(record)[OUT_A];

	(void)state;
	settle();
	/* A full counter ... */
	assert_int_equal(write(chan->ring, &most, sizeof(most)), sizeof(most));
	pd_ring(comp(0), OUT_A);
	assert_true(pd_work(pd));
	/* ... and no such channel. */
	pd_ring(comp(0), N_CHANS);
	pd_ring(comp(0), SYS_NONE);
	assert_true(pd_work(pd));
	assert_int_equal(pd->n_rung, 0);
}

/* A process from outside is notified by a pipe, and may have closed it. */
static void ring_of_a_closed_pipe_is_no_harm(void **state)
{
	struct boot_chan *chan = &boot_chans(record)[OUT_A];
	int fd[2];

	(void)state;
	settle();
	assert_int_equal(pipe2(fd, O_NONBLOCK), 0);
	close(fd[0]);
	close(chan->ring);
	chan->ring = pd->chan[OUT_A].ring = fd[1];
	signal(SIGPIPE, SIG_IGN);
	pd_ring(comp(0), OUT_A);
	assert_true(pd_work(pd));
	signal(SIGPIPE, SIG_DFL);
}

/* --- spinning ------------------------------------------------------------- */

static unsigned int idle_runs(uint64_t poll_ns)
{
	settle();
	pd->poll_ns = poll_ns;
	assert_true(pd_work(pd));
	return a.runs;
}

static void no_poll_no_spin(void **state)
{
	(void)state;
	assert_int_equal(idle_runs(0), 0);
}

static void spin_ends_after_poll_time(void **state)
{
	unsigned int runs = idle_runs(1000 * TICK_NS);

	(void)state;
	/* One or two looks at the clock a round. */
	assert_in_range(runs, 400, 1001);
	assert_int_equal(a.arms, 1);
	assert_int_equal(b.runs, runs);
}

/* Work comes in the middle of the spin: it starts over from there. */
static void work_now_and_then(struct component *c)
{
	(void)c;
	if (a.runs == 300)
		a.more++;
}

static void spin_counts_from_the_last_work(void **state)
{
	unsigned int idle = idle_runs(1000 * TICK_NS);

	(void)state;
	memset(&a, 0, sizeof(a));
	a.on_run = work_now_and_then;
	assert_true(pd_work(pd));
	assert_in_range(a.runs, idle + 290, idle + 310);
	assert_int_equal(a.arms, 1);
}

static void ring_in_the_middle(struct component *c)
{
	if (a.runs == 300)
		pd_ring(c, OUT_A);
}

static void spin_takes_a_ring_for_work(void **state)
{
	unsigned int idle = idle_runs(1000 * TICK_NS);

	(void)state;
	memset(&a, 0, sizeof(a));
	a.on_run = ring_in_the_middle;
	assert_true(pd_work(pd));
	assert_in_range(a.runs, idle + 290, idle + 310);
	assert_int_equal(rings_out(OUT_A), 1);
}

static void ring_myself_in_spin(struct component *c)
{
	(void)c;
	if (a.runs == 50)
		peer_rings(OUT_B);
}

static void spin_hears_notifications(void **state)
{
	(void)state;
	idle_runs(0);
	pd->poll_ns = 1000 * TICK_NS;
	a.on_run = ring_myself_in_spin;
	assert_true(pd_work(pd));
	assert_int_equal(b.notified[OUT_B], 1);
}

/* --- descriptors ---------------------------------------------------------- */

static void descriptor_is_watched_for_what_was_asked(void **state)
{
	int pair[2];

	(void)state;
	settle();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pd_replace_fd(comp(1), 3, pair[0]);
	assert_int_equal(comp(1)->n_fds, 4);
	assert_int_equal(comp(1)->fd[0], -1);
	assert_int_equal(write(pair[1], "x", 1), 1);
	/* Not before it is asked for ... */
	assert_true(pd_look(pd, 0));
	assert_int_equal(b.ready, 0);
	pd_watch(comp(1), 3, EPOLLIN);
	for (unsigned int i = 1; i <= 3; i++) {
		/* ... then at every look, until it is read ... */
		assert_true(pd_look(pd, 0));
		assert_int_equal(b.ready, i);
		assert_int_equal(b.ready_fd, 3);
		assert_int_equal(b.ready_events, EPOLLIN);
	}
	pd_watch(comp(1), 3, EPOLLOUT);
	assert_true(pd_look(pd, 0));
	assert_int_equal(b.ready_events, EPOLLOUT);
	/* ... and not after. */
	pd_watch(comp(1), 3, 0);
	close(pair[1]);
	assert_true(pd_look(pd, 0));
	assert_int_equal(b.ready, 4);
	assert_int_equal(pd->n_watched, 0);
	pd_replace_fd(comp(1), 3, -1);
}

static void replaced_descriptor_is_closed(void **state)
{
	int fd = eventfd(0, EFD_CLOEXEC);

	(void)state;
	settle();
	watch_new_fd(0, fd, EPOLLIN);
	assert_int_equal(pd->n_watched, 1);
	pd_replace_fd(comp(0), 0, -1);
	assert_int_equal(fcntl(fd, F_GETFD), -1);
	assert_int_equal(comp(0)->fd[0], -1);
	assert_int_equal(pd->n_watched, 0);
	/* Nothing there, or no such place: no harm. */
	pd_watch(comp(0), 0, EPOLLIN);
	pd_watch(comp(0), 1, EPOLLIN);
	pd_watch(comp(0), PD_MAX_FDS, EPOLLIN);
	pd_replace_fd(comp(0), PD_MAX_FDS, -1);
	assert_int_equal(pd->n_watched, 0);
}

/* A file is always ready, and epoll does not take it: no event, no harm. */
static void file_cannot_be_watched(void **state)
{
	char name[] = "/tmp/weir-test-XXXXXX";
	int fd = mkstemp(name);

	(void)state;
	settle();
	unlink(name);
	watch_new_fd(0, fd, EPOLLIN);
	assert_int_equal(pd->n_watched, 0);
	assert_true(pd_look(pd, 0));
	assert_int_equal(a.ready, 0);
	pd_replace_fd(comp(0), 0, -1);
}

/* --- the log, memory ------------------------------------------------------ */

static const char *log_line(void)
{
	static char line[1024];
	ssize_t n = read(log_pipe[0], line, sizeof(line) - 1);

	line[n < 0 ? 0 : n] = '\0';
	return line;
}

/* What a peer sent may end up in a line; a terminal must not obey it. */
static void log_escapes_control_characters(void **state)
{
	(void)state;
	pd_log(comp(1), "peer says %s", "a\nready\x1b[2J\x7f\xc2\x9b");
	assert_string_equal(log_line(), "sw0.b: peer says a\\x0aready\\x1b[2J"
					"\\x7f\\xc2\\x9b\n");
}

static void log_cuts_long_lines(void **state)
{
	char text[600];
	const char *line;

	(void)state;
	memset(text, 'y', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	pd_log(comp(0), "%s", text);
	line = log_line();
	assert_in_range(strlen(line), 200, 256);
	assert_int_equal(line[strlen(line) - 1], '\n');
	memset(text, '\x01', sizeof(text) - 1);
	pd_log(comp(0), "%s", text);
	line = log_line();
	assert_in_range(strlen(line), 200, 256);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
}

static void log_never_blocks(void **state)
{
	(void)state;
	alarm(20);
	for (int i = 0; i < 10000; i++)
		pd_log(comp(0), "line %d", i);
	alarm(0);
}

static void slots_outside_the_maps_are_nothing(void **state)
{
	size_t size = 1;

	(void)state;
	assert_null(pd_region(comp(0), 0, &size));
	assert_int_equal(size, 0);
	assert_null(pd_region(comp(0), SYS_NONE, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(everyone_runs_once_at_the_start),
		T(notification_reaches_its_component_alone),
		T(every_notification_is_an_event),
		T(nothing_to_do_calls_nobody),
		T(monitor_reaches_an_inner_channel),
		T(end_of_the_monitor_is_noticed),
		T(end_of_the_monitor_is_noticed_when_busy),
		T(run_is_called_until_there_is_no_more),
		T(arm_that_finds_work_leads_to_work),
		T(hc15_busy_component_does_not_hide_a_notification),
		T(hc15_busy_component_does_not_hide_a_descriptor),
		T(descriptor_left_ready_does_not_keep_from_arming),
		T(hc15_flood_of_notifications_is_one_event),
		T(rings_are_written_once_a_round),
		T(inner_rings_are_calls),
		T(ring_that_nobody_hears_is_no_harm),
		T(ring_of_a_closed_pipe_is_no_harm),
		T(no_poll_no_spin),
		T(spin_ends_after_poll_time),
		T(spin_counts_from_the_last_work),
		T(spin_takes_a_ring_for_work),
		T(spin_hears_notifications),
		T(descriptor_is_watched_for_what_was_asked),
		T(replaced_descriptor_is_closed),
		T(file_cannot_be_watched),
		T(log_escapes_control_characters),
		T(log_cuts_long_lines),
		T(log_never_blocks),
		T(slots_outside_the_maps_are_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
