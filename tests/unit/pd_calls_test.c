/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What components ask of the loop: rings, spinning, descriptors, log lines.
 */
#include "tests/unit/pd_loop_rig.h"

#include "vswitch/vswitch.h"

LOOP_COMPONENTS;

/* --- notifying ---------------------------------------------------------- */

static void ring_thrice(struct component *c)
{
	/* What the round before asked for has been written, and once. */
	assert_int_equal(rings_out(OUT_A), first.runs - 1);
	for (int i = 0; i < 3; i++)
		pd_ring(c, OUT_A);
	/* Not yet: the round is not over. */
	assert_int_equal(rings_out(OUT_A), 0);
}

static void rings_are_written_once_a_round(void **state)
{
	(void)state;
	settle();
	first.on_run = ring_thrice;
	first.more = 1;
	peer_rings(OUT_A);
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(first.runs, 2);
	assert_int_equal(rings_out(OUT_A), 1);
	assert_int_equal(rings_out(OUT_B), 0);
}

static void ring_inner_once(struct component *c)
{
	if (first.runs == 1)
		pd_ring(c, IN_A);
	/* Not from inside our own run(). */
	assert_int_equal(second.notified[IN_B], first.runs == 1 ? 0 : 1);
}

static void inner_rings_are_calls(void **state)
{
	(void)state;
	settle();
	first.on_run = ring_inner_once;
	peer_rings(OUT_A);
	assert_true(pd_look(pd, 0));
	assert_true(pd_work(pd));
	assert_int_equal(second.notified[IN_B], 1);
	assert_int_equal(first.notified[IN_A], 0);
	assert_int_equal(second.runs, 1);
	/* And no system call: nothing was written. */
	assert_true(pd_look(pd, 0));
	assert_int_equal(second.notified[IN_B], 1);
}

static void ring_that_nobody_hears_is_no_harm(void **state)
{
	const uint64_t most = UINT64_MAX - 1;
	struct boot_chan *chan = &boot_chans(loop_record)[OUT_A];

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
	struct boot_chan *chan = &boot_chans(loop_record)[OUT_A];
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

/* --- spinning ----------------------------------------------------------- */

static unsigned int idle_runs(uint64_t poll_ns)
{
	settle();
	pd->poll_ns = poll_ns;
	assert_true(pd_work(pd));
	return first.runs;
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
	assert_int_equal(first.arms, 1);
	assert_int_equal(second.runs, runs);
}

/* Work comes in the middle of the spin: it starts over from there. */
static void work_now_and_then(struct component *c)
{
	(void)c;
	if (first.runs == 300)
		first.more++;
}

static void spin_counts_from_the_last_work(void **state)
{
	unsigned int idle = idle_runs(1000 * TICK_NS);

	(void)state;
	memset(&first, 0, sizeof(first));
	first.on_run = work_now_and_then;
	assert_true(pd_work(pd));
	assert_in_range(first.runs, idle + 290, idle + 310);
	assert_int_equal(first.arms, 1);
}

static void ring_in_the_middle(struct component *c)
{
	if (first.runs == 300)
		pd_ring(c, OUT_A);
}

static void spin_takes_a_ring_for_work(void **state)
{
	unsigned int idle = idle_runs(1000 * TICK_NS);

	(void)state;
	memset(&first, 0, sizeof(first));
	first.on_run = ring_in_the_middle;
	assert_true(pd_work(pd));
	assert_in_range(first.runs, idle + 290, idle + 310);
	assert_int_equal(rings_out(OUT_A), 1);
}

static void ring_myself_in_spin(struct component *c)
{
	(void)c;
	if (first.runs == 50)
		peer_rings(OUT_B);
}

static void spin_hears_notifications(void **state)
{
	(void)state;
	idle_runs(0);
	pd->poll_ns = 1000 * TICK_NS;
	first.on_run = ring_myself_in_spin;
	assert_true(pd_work(pd));
	assert_int_equal(second.notified[OUT_B], 1);
}

static unsigned int system_calls;

/* The loop's only one while no channel is rung. */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int epoll_wait(int epoll, struct epoll_event *events, int n, int timeout)
{
	system_calls++;
	return epoll_pwait(epoll, events, n, timeout, NULL);
}

/* Frames come in 20,000 rounds, for 4 ms or so. */
static void spin_makes_no_system_call_for_frames(void **state)
{
	unsigned int before, idle;

	(void)state;
	before = system_calls;
	idle_runs(1000 * TICK_NS);
	idle = system_calls - before;
	memset(&first, 0, sizeof(first));
	first.more = 20000;
	before = system_calls;
	assert_true(pd_work(pd));
	assert_in_range(first.runs, 20400, 21100);
	assert_in_range(system_calls - before, idle, idle + 5);
}

/* --- descriptors -------------------------------------------------------- */

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
	assert_int_equal(second.ready, 0);
	pd_watch(comp(1), 3, EPOLLIN);
	for (unsigned int i = 1; i <= 3; i++) {
		/* ... then at every look, until it is read ... */
		assert_true(pd_look(pd, 0));
		assert_int_equal(second.ready, i);
		assert_int_equal(second.ready_fd, 3);
		assert_int_equal(second.ready_events, EPOLLIN);
	}
	pd_watch(comp(1), 3, EPOLLOUT);
	assert_true(pd_look(pd, 0));
	assert_int_equal(second.ready_events, EPOLLOUT);
	/* ... and not after. */
	pd_watch(comp(1), 3, 0);
	close(pair[1]);
	assert_true(pd_look(pd, 0));
	assert_int_equal(second.ready, 4);
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
	assert_int_equal(first.ready, 0);
	pd_replace_fd(comp(0), 0, -1);
}

/* --- the log, memory ---------------------------------------------------- */

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

/* A wire to a switch of the same PD, and what may come in two of its visits. */
static void frames_between_two_runs_are_bounded(void **state)
{
	struct sys_component port = { .kind = SYS_TAP };
	struct sys_component sw = *comp(0)->cfg;

	(void)state;
	comp(1)->cfg = &port;
	comp(0)->cfg = &sw;
	port.wire.channel = IN_B;
	sw.sw.n_ports = 3;
	assert_int_equal(pd_frames_between_runs(comp(1)),
			 2 * 2 * VSWITCH_BUDGET);
	/* One may send segments that this one takes only in pieces. */
	sw.sw.port[2].wire.max_segment = 60000;
	assert_int_equal(pd_frames_between_runs(comp(1)),
			 2 * 2 * (VSWITCH_BUDGET + OFFLOAD_MAX_FRAMES));
	port.wire.max_segment = 60000;
	assert_int_equal(pd_frames_between_runs(comp(1)),
			 2 * 2 * VSWITCH_BUDGET);
	/* One elsewhere runs when it likes. */
	port.wire.channel = OUT_B;
	assert_int_equal(pd_frames_between_runs(comp(1)), UINT32_MAX);
	port.wire.channel = SYS_NONE;
	assert_int_equal(pd_frames_between_runs(comp(1)), UINT32_MAX);
	port.wire.channel = IN_B;
	sw.kind = SYS_VIRT;
	assert_int_equal(pd_frames_between_runs(comp(1)), UINT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, loop_setup, loop_teardown)
		T(rings_are_written_once_a_round),
		T(inner_rings_are_calls),
		T(ring_that_nobody_hears_is_no_harm),
		T(ring_of_a_closed_pipe_is_no_harm),
		T(no_poll_no_spin),
		T(spin_ends_after_poll_time),
		T(spin_makes_no_system_call_for_frames),
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
		T(frames_between_two_runs_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
