/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of PD processes: start, sleep, notify one another, end.
 */
#include "tests/unit/pd_rig.h"

#include <sys/resource.h>
#include <sys/stat.h>

/* --- the component ------------------------------------------------------ */

/*
 * Counts its notifications in the first byte of its region, logs them if it is
 * called "loud", and passes each one on to the channel its ctl names.
 */
struct counter_state {
	volatile unsigned char *count;
};

static int counter_init(struct component *c)
{
	struct counter_state *s = c->state;

	s->count = pd_region(c, c->cfg->sw.stats, NULL);
	return 0;
}

static void counter_notified(struct component *c, uint32_t channel)
{
	struct counter_state *s = c->state;

	/* What everything says at the start, or the answer to ours. */
	if (channel != c->cfg->sw.port[0].wire.channel || s->count == NULL ||
	    (*s->count)++ == 0)
		return;
	if (strcmp(c->cfg->name, "loud") == 0)
		pd_log(c, "notified %d", *s->count - 1);
	pd_ring(c, c->cfg->sw.ctl_channel);
}

static bool counter_run(struct component *c, uint64_t now_ns)
{
	(void)c;
	(void)now_ns;
	return false;
}

static const struct component_ops counter_ops = {
	.kind = SYS_SWITCH,
	.name = "counter",
	.state_size = sizeof(struct counter_state),
	.init = counter_init,
	.notified = counter_notified,
	.run = counter_run,
};

const struct component_ops *const component_kinds[SYS_KINDS] = {
	[SYS_SWITCH] = &counter_ops,
};

/* --- systems ------------------------------------------------------------ */

/* A counter notified by channel @in, which passes it on to @out. */
static void counter(struct pds *r, uint32_t pd, const char *name, uint32_t slot,
		    uint32_t in, uint32_t out)
{
	struct sys_component *c = pds_comp(r, pd, SYS_SWITCH, name);

	c->sw.stats = slot;
	c->sw.ctl_channel = out;
	c->sw.n_ports = 1;
	c->sw.port[0].wire.channel = in;
}

/* One PD, one loud counter, one channel to the monitor. */
static void one_pd(struct pds *r)
{
	uint32_t ch, region;

	pds_init(r);
	region = pds_region(r, "count", 4096);
	ch = pds_channel(r, "monitor");
	pds_end(r, ch, 1, SYS_PD_MONITOR);
	counter(r, 0, "loud", pds_map(r, 0, region, SYS_RW),
		pds_end(r, ch, 0, 0), SYS_NONE);
}

/* monitor -> first -> second -> monitor */
static void two_pds(struct pds *r)
{
	uint32_t to_first, between, to_monitor, region[2], in, out;

	pds_init(r);
	region[0] = pds_region(r, "count.first", 4096);
	region[1] = pds_region(r, "count.second", 4096);
	to_first = pds_channel(r, "to.first");
	between = pds_channel(r, "between");
	to_monitor = pds_channel(r, "to.monitor");
	pds_end(r, to_first, 1, SYS_PD_MONITOR);
	pds_end(r, to_monitor, 1, SYS_PD_MONITOR);

	in = pds_end(r, to_first, 0, 0);
	out = pds_end(r, between, 0, 0);
	counter(r, 0, "loud", pds_map(r, 0, region[0], SYS_RW), in, out);
	in = pds_end(r, between, 1, 1);
	out = pds_end(r, to_monitor, 0, 1);
	counter(r, 1, "loud", pds_map(r, 1, region[1], SYS_RW), in, out);
}

/* The same in one PD: the channel between them is inside. */
static void two_components(struct pds *r)
{
	uint32_t to_first, between, to_monitor, region[2], in, out;

	pds_init(r);
	region[0] = pds_region(r, "count.first", 4096);
	region[1] = pds_region(r, "count.second", 4096);
	to_first = pds_channel(r, "to.first");
	between = pds_channel(r, "between");
	to_monitor = pds_channel(r, "to.monitor");
	pds_end(r, to_first, 1, SYS_PD_MONITOR);
	pds_end(r, to_monitor, 1, SYS_PD_MONITOR);

	in = pds_end(r, to_first, 0, 0);
	out = pds_end(r, between, 0, 0);
	counter(r, 0, "quiet", pds_map(r, 0, region[0], SYS_RW), in, out);
	in = pds_end(r, between, 1, 0);
	out = pds_end(r, to_monitor, 0, 0);
	counter(r, 0, "loud", pds_map(r, 0, region[1], SYS_RW), in, out);
}

/* --- waking and sleeping ------------------------------------------------ */

static void idle_pd_sleeps_without_a_timer(void **state)
{
	struct pds r;

	(void)state;
	one_pd(&r);
	pds_back(&r);
	pds_start(&r, 0);
	assert_int_equal(pds_sleeps(r.proc[0].pid), -1);
	pds_free(&r);
}

static void spinning_pd_goes_to_sleep(void **state)
{
	struct pds r;

	(void)state;
	one_pd(&r);
	r.pd[0].poll_us = 2000;
	pds_back(&r);
	pds_start(&r, 0);
	assert_int_equal(pds_sleeps(r.proc[0].pid), -1);
	ring_end(&r.b, 0, 0);
	assert_string_equal(pds_line(&r, 0), "notified 1");
	assert_int_equal(pds_sleeps(r.proc[0].pid), -1);
	pds_free(&r);
}

static void monitor_wakes_a_pd(void **state)
{
	char line[32];
	struct pds r;

	(void)state;
	one_pd(&r);
	pds_back(&r);
	pds_start(&r, 0);
	for (int i = 1; i <= 5; i++) {
		pds_sleeps(r.proc[0].pid);
		ring_end(&r.b, 0, 0);
		snprintf(line, sizeof(line), "notified %d", i);
		assert_string_equal(pds_line(&r, 0), line);
	}
	pds_free(&r);
}

static void pds_wake_one_another(void **state)
{
	uint64_t rung;
	struct pds r;

	(void)state;
	two_pds(&r);
	pds_back(&r);
	pds_start(&r, 0);
	pds_start(&r, 1);
	pds_sleeps(r.proc[0].pid);
	pds_sleeps(r.proc[1].pid);
	/* The monitor's end starts with what every eventfd starts with. */
	assert_int_equal(read(r.b.channel[2].wait[1], &rung, sizeof(rung)),
			 sizeof(rung));
	ring_end(&r.b, 0, 0);
	assert_string_equal(pds_line(&r, 0), "notified 1");
	assert_string_equal(pds_line(&r, 1), "notified 1");
	assert_true(pds_readable(r.b.channel[2].wait[1]));
	assert_int_equal(pds_check(&r, 0), 0);
	assert_int_equal(pds_check(&r, 1), 0);
	pds_free(&r);
}

static void components_of_one_pd_call_each_other(void **state)
{
	struct pds r;

	(void)state;
	two_components(&r);
	pds_back(&r);
	pds_start(&r, 0);
	pds_sleeps(r.proc[0].pid);
	ring_end(&r.b, 0, 0);
	assert_string_equal(pds_line(&r, 0), "loud: notified 1");
	/* The monitor still reaches the end inside (a link page changed). */
	pds_sleeps(r.proc[0].pid);
	ring_end(&r.b, 1, 1);
	assert_string_equal(pds_line(&r, 0), "loud: notified 2");
	pds_free(&r);
}

static void restarted_pd_takes_up_its_channels(void **state)
{
	struct pds r;

	(void)state;
	one_pd(&r);
	pds_back(&r);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(backing_zero(&r.b, 0), 0);
		pds_start(&r, 0);
		pds_sleeps(r.proc[0].pid);
		ring_end(&r.b, 0, 0);
		assert_string_equal(pds_line(&r, 0), "notified 1");
		kill(r.proc[0].pid, SIGKILL);
		pds_wait(&r, 0);
	}
	pds_free(&r);
}

/* --- size --------------------------------------------------------------- */

/* As many maps as a PD may have, and more than a soft limit allows. */
static void as_many_maps_as_there_may_be(void **state)
{
	struct rlimit limit, before;
	char name[32];
	struct pds r;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	if (before.rlim_max < 3ul * SYS_MAX_MAPS) {
		print_message("the hard limit of descriptors is too low\n");
		skip();
	}
	limit = before;
	limit.rlim_cur = 256;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	one_pd(&r);
	while (r.pd[0].n_maps < SYS_MAX_MAPS) {
		snprintf(name, sizeof(name), "r%u", r.pd[0].n_maps);
		pds_map(&r, 0, pds_region(&r, name, 4096),
			r.pd[0].n_maps % 2 ? SYS_R : SYS_RW);
	}
	while (r.pd[0].n_chans < SYS_MAX_CHANNELS) {
		uint32_t ch = pds_channel(&r, "more");

		pds_end(&r, ch, 0, 0);
		pds_end(&r, ch, 1, SYS_PD_MONITOR);
	}
	pds_back(&r);
	pds_start(&r, 0);
	assert_int_equal(pds_check(&r, 0), 0);
	pds_sleeps(r.proc[0].pid);
	ring_end(&r.b, 0, 0);
	assert_string_equal(pds_line(&r, 0), "notified 1");
	pds_free(&r);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

/* --- the end ------------------------------------------------------------ */

/* A Ctrl-C meant for the monitor, say. */
static void signals_are_for_the_monitor(void **state)
{
	static const int ignored[] = { SIGINT,	SIGTERM, SIGHUP,
				       SIGPIPE, SIGUSR1, SIGTSTP };
	struct pds r;
	int status;

	(void)state;
	one_pd(&r);
	pds_back(&r);
	pds_start(&r, 0);
	for (unsigned int i = 0; i < sizeof(ignored) / sizeof(int); i++)
		kill(r.proc[0].pid, ignored[i]);
	pds_sleeps(r.proc[0].pid);
	ring_end(&r.b, 0, 0);
	assert_string_equal(pds_line(&r, 0), "notified 1");
	assert_int_not_equal(getsid(r.proc[0].pid), getsid(0));
	kill(r.proc[0].pid, SIGKILL);
	status = pds_wait(&r, 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	pds_free(&r);
}

static void pd_ends_with_its_log(void **state)
{
	struct pds r;
	int status;

	(void)state;
	one_pd(&r);
	pds_back(&r);
	pds_start(&r, 0);
	close(r.proc[0].log_fd);
	r.proc[0].log_fd = open("/dev/null", O_RDONLY);
	status = pds_wait(&r, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	pds_free(&r);
}

/* A monitor of its own, which says what it started and waits to be killed. */
static _Noreturn void be_monitor(int report)
{
	struct pds r;

	two_pds(&r);
	r.pd[1].poll_us = 1000000;
	pds_back(&r);
	pds_start(&r, 0);
	pds_start(&r, 1);
	(void)!write(report, &r.proc[0].pid, sizeof(pid_t));
	(void)!write(report, &r.proc[1].pid, sizeof(pid_t));
	for (;;)
		pause();
}

/* One asleep, one spinning: both must go. */
static void pds_die_with_the_monitor(void **state)
{
	pid_t monitor, pd[2];
	int report[2], fd[2];

	(void)state;
	assert_int_equal(pipe2(report, O_CLOEXEC), 0);
	monitor = fork();
	if (monitor == 0)
		be_monitor(report[1]);
	for (int i = 0; i < 2; i++) {
		assert_true(pds_readable(report[0]));
		assert_int_equal(read(report[0], &pd[i], sizeof(pid_t)),
				 sizeof(pid_t));
		fd[i] = (int)syscall(SYS_pidfd_open, pd[i], 0);
		assert_true(fd[i] >= 0);
	}
	kill(monitor, SIGKILL);
	waitpid(monitor, NULL, 0);
	for (int i = 0; i < 2; i++) {
		assert_true(pds_readable(fd[i]));
		close(fd[i]);
	}
	close(report[0]);
	close(report[1]);
}

/* --- where it cannot work ----------------------------------------------- */

/*
 * In a child in a user namespace of its own, whose limits it may set; with
 * 255 for "cannot be tried here".
 */
static int no_user_namespaces(void)
{
	const char *limit = "/proc/sys/user/max_user_namespaces";
	struct error err = { "" };
	int fd;

	if (unshare(CLONE_NEWUSER) != 0)
		return 255;
	fd = open(limit, O_WRONLY);
	if (fd < 0 || write(fd, "0", 1) != 1)
		return 255;
	if (pd_spawn_check(&err) != -1)
		return 1;
	return strstr(err.text, "sysctl user.max_user_namespaces") != NULL ? 0
									   : 2;
}

static void machine_without_namespaces_is_an_error_that_helps(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0)
		_exit(no_user_namespaces());
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 255) {
		print_message("no user namespace to forbid others in\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void descriptors_are_not_lost(void **state)
{
	int before = open("/dev/null", O_RDONLY), after;
	struct pds r;

	(void)state;
	close(before);
	for (int i = 0; i < 3; i++) {
		struct error err = { "" };

		two_pds(&r);
		pds_back(&r);
		pds_start(&r, 0);
		pds_start(&r, 1);
		pds_free(&r);
		assert_int_equal(pd_spawn_check(&err), 0);
	}
	after = open("/dev/null", O_RDONLY);
	close(after);
	assert_int_equal(after, before);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_pd_sleeps_without_a_timer),
		cmocka_unit_test(spinning_pd_goes_to_sleep),
		cmocka_unit_test(monitor_wakes_a_pd),
		cmocka_unit_test(pds_wake_one_another),
		cmocka_unit_test(components_of_one_pd_call_each_other),
		cmocka_unit_test(restarted_pd_takes_up_its_channels),
		cmocka_unit_test(as_many_maps_as_there_may_be),
		cmocka_unit_test(signals_are_for_the_monitor),
		cmocka_unit_test(pd_ends_with_its_log),
		cmocka_unit_test(pds_die_with_the_monitor),
		cmocka_unit_test(
			machine_without_namespaces_is_an_error_that_helps),
		cmocka_unit_test(descriptors_are_not_lost),
	};

	return pds_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
