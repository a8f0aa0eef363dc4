/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a PD may do that its components' tables ask for: threads, ioctl()
 * requests, locked memory, more descriptors; and what they may not even so.
 *
 * One component has a thread, another has none.  Each does what its
 * configuration names when it is notified.
 */
#include "tests/unit/pd_rig.h"

#include <linux/futex.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/resource.h>

#define SPARE 40u

/* --- the components ----------------------------------------------------- */

/*
 * The thread waits until @order changes, does what is asked, and says so in
 * @done.  It lives in a process of its own for each PD.
 */
static _Atomic(uint32_t) order, done;
static void (*errand)(void);

static void sleep_while(_Atomic(uint32_t) *word, uint32_t value)
{
	while (atomic_load(word) == value)
		syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void set_word(_Atomic(uint32_t) *word, uint32_t value)
{
	atomic_store(word, value);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static void *thread_main(void *arg)
{
	set_word(&done, 1);
	sleep_while(&order, 0);
	errand();
	set_word(&done, 2);
	for (;;)
		sleep_while(&order, 1);
	return arg;
}

/* In the thread. */
static void run_nothing(void)
{
}

static void run_getppid(void)
{
	syscall(SYS_getppid);
}

static void run_ioctl(void)
{
	int n;

	ioctl(BOOT_LOG_FD, TIOCOUTQ, &n);
}

/* In the loop. */
static void wait_for_the_thread(struct component *c)
{
	set_word(&order, 1);
	sleep_while(&done, 1);
	pd_log(c, "done");
}

static __attribute__((unused)) void do_another_thread(struct component *c)
{
	pthread_t t;

	pthread_create(&t, NULL, thread_main, NULL);
	pd_log(c, "done");
}

static void do_listed(struct component *c)
{
	int n = -1;

	if (ioctl(BOOT_LOG_FD, FIONREAD, &n) == 0 && n == 0)
		pd_log(c, "done");
}

/* The kernel takes the lower half alone, and so must the filter. */
static void do_listed_with_more(struct component *c)
{
	int n = -1;

	if (syscall(SYS_ioctl, BOOT_LOG_FD, FIONREAD | 1ull << 40, &n) == 0)
		pd_log(c, "done");
}

static void do_unlisted(struct component *c)
{
	int n;

	ioctl(BOOT_LOG_FD, TIOCOUTQ, &n);
	pd_log(c, "done");
}

static void do_zero(struct component *c)
{
	ioctl(BOOT_LOG_FD, 0, 0);
	pd_log(c, "done");
}

static const struct action {
	const char *name;
	void (*act)(struct component *c);
	void (*errand)(void);
	int signal;
} actions[] = {
	{ "nothing", wait_for_the_thread, run_nothing, 0 },
	{ "getppid", wait_for_the_thread, run_getppid, SIGSYS },
	{ "ioctl in the thread", wait_for_the_thread, run_ioctl, SIGSYS },
	{ "listed ioctl", do_listed, NULL, 0 },
	{ "listed ioctl, upper half set", do_listed_with_more, NULL, 0 },
	{ "unlisted ioctl", do_unlisted, NULL, SIGSYS },
	{ "ioctl 0", do_zero, NULL, SIGSYS },
/* The runtime finds out that there are no more. */
#if !SANDBOX_SANITIZED
	{ "another thread", do_another_thread, NULL, SIGSYS },
#endif
};
#define N_ACTIONS (sizeof(actions) / sizeof(actions[0]))

struct user_state {
	const struct action *action;
	bool started;
};

static int plain_init(struct component *c)
{
	struct user_state *s = c->state;

	for (unsigned int i = 0; i < N_ACTIONS; i++)
		if (strcmp(actions[i].name, c->cfg->tap.netns) == 0)
			s->action = &actions[i];
	return s->action != NULL ? 0 : -ENOTSUP;
}

/* Takes all the descriptors it may and tells how many those are. */
static int greedy_init(struct component *c)
{
	unsigned int n = 0;

	while (dup(BOOT_LOG_FD) >= 0)
		n++;
	pd_log(c, "%u more", n);
	return n >= SPARE ? 0 : -EMFILE;
}

static int threaded_init(struct component *c)
{
	struct user_state *s = c->state;
	pthread_t t;
	int result;

	if (strcmp(c->cfg->tap.netns, "greedy") == 0)
		return greedy_init(c);
	result = -plain_init(c);
	errand = result == 0 ? s->action->errand : NULL;
	if (result == 0)
		result = pthread_create(&t, NULL, thread_main, NULL);
	if (result == 0)
		sleep_while(&done, 0);
	return -result;
}

static void user_notified(struct component *c, uint32_t channel)
{
	struct user_state *s = c->state;

	(void)channel;
	/* The first is what every channel says at the start. */
	if (s->started)
		s->action->act(c);
	s->started = true;
}

static bool user_run(struct component *c, uint64_t now_ns)
{
	(void)c;
	(void)now_ns;
	return false;
}

static const unsigned long requests[] = { FIONREAD, FIONBIO, 0 };

static const struct component_ops threaded_ops = {
	.kind = SYS_VM,
	.name = "threaded",
	.state_size = sizeof(struct user_state),
	.ioctls = requests,
	.spare_fds = SPARE,
	.threads = true,
	.locks_memory = true,
	.init = threaded_init,
	.notified = user_notified,
	.run = user_run,
};

static const struct component_ops plain_ops = {
	.kind = SYS_TAP,
	.name = "plain",
	.state_size = sizeof(struct user_state),
	.init = plain_init,
	.notified = user_notified,
	.run = user_run,
};

const struct component_ops *const component_kinds[SYS_KINDS] = {
	[SYS_VM] = &threaded_ops,
	[SYS_TAP] = &plain_ops,
};

/* --- the system --------------------------------------------------------- */

static void user_system(struct pds *r, enum sys_kind kind, const char *action)
{
	struct sys_component *c;
	uint32_t ch;

	pds_init(r);
	ch = pds_channel(r, "user");
	pds_end(r, ch, 1, SYS_PD_MONITOR);
	c = pds_comp(r, 0, kind, "user");
	c->wire.channel = pds_end(r, ch, 0, 0);
	c->vm.status_channel = SYS_NONE;
	snprintf(c->tap.netns, sizeof(c->tap.netns), "%s", action);
	pds_back(r);
}

/* Start it, let it act, and say how that ended. */
static int outcome(struct pds *r, enum sys_kind kind, const char *action)
{
	int status;

	user_system(r, kind, action);
	pds_start(r, 0);
	pds_sleeps(r->proc[0].pid);
	ring_end(&r->b, 0, 0);
	if (strcmp(pds_line(r, 0), "done") == 0)
		return 0;
	status = pds_wait(r, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

static const char *limit_of(struct pds *r, const char *name)
{
	static char line[128];
	const char *at = strstr(pds_proc(r->proc[0].pid, "limits"), name);

	assert_non_null(at);
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
	return line + strlen(name);
}

/* --- tests -------------------------------------------------------------- */

static void threads_and_requests_are_held(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < N_ACTIONS; i++) {
		struct pds r;
		int got = outcome(&r, SYS_VM, actions[i].name);

		if (got != actions[i].signal)
			fail_msg("%s: signal %d, not %d", actions[i].name, got,
				 actions[i].signal);
		pds_free(&r);
	}
}

/* The same calls, where no table asks for them. */
static void who_did_not_ask_has_none(void **state)
{
	static const char *const action[] = { "listed ioctl",
					      "unlisted ioctl" };

	(void)state;
	for (unsigned int i = 0; !SANDBOX_SANITIZED && i < 2; i++) {
		struct pds r;

		assert_int_equal(outcome(&r, SYS_TAP, action[i]), SIGSYS);
		pds_free(&r);
	}
}

static void threads_are_limited_once_they_are_there(void **state)
{
	unsigned long long soft, hard;
	struct pds r;

	(void)state;
	user_system(&r, SYS_VM, "nothing");
	pds_start(&r, 0);
	assert_non_null(
		strstr(pds_proc(r.proc[0].pid, "status"), "\nThreads:\t2\n"));
	assert_int_equal(sscanf(limit_of(&r, "Max processes"), "%llu %llu",
				&soft, &hard),
			 2);
	assert_int_equal(soft, 0);
	assert_int_equal(hard, 0);
	pds_free(&r);
}

static void locked_memory_is_limited_unless_asked_for(void **state)
{
	struct rlimit mine;
	unsigned long long soft;
	struct pds r;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_MEMLOCK, &mine), 0);
	user_system(&r, SYS_TAP, "nothing");
	pds_start(&r, 0);
	assert_int_equal(
		sscanf(limit_of(&r, "Max locked memory"), "%llu", &soft), 1);
	assert_int_equal(soft, 0);
	pds_free(&r);

	user_system(&r, SYS_VM, "nothing");
	pds_start(&r, 0);
	if (mine.rlim_cur == RLIM_INFINITY) {
		assert_non_null(
			strstr(limit_of(&r, "Max locked memory"), "unlimited"));
	} else {
		assert_int_equal(sscanf(limit_of(&r, "Max locked memory"),
					"%llu", &soft),
				 1);
		assert_int_equal(soft, mine.rlim_cur);
	}
	pds_free(&r);
}

static void descriptors_are_as_many_as_asked_for(void **state)
{
	unsigned int n;
	struct pds r;

	(void)state;
	user_system(&r, SYS_VM, "greedy");
	pds_spawn(&r, 0);
	assert_int_equal(sscanf(pds_line(&r, 0), "%u more", &n), 1);
	assert_in_range(n, SPARE, SPARE + 15);
	pds_free(&r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_and_requests_are_held),
		cmocka_unit_test(who_did_not_ask_has_none),
		cmocka_unit_test(threads_are_limited_once_they_are_there),
		cmocka_unit_test(locked_memory_is_limited_unless_asked_for),
		cmocka_unit_test(descriptors_are_as_many_as_asked_for),
	};

	return pds_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
