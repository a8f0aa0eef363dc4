/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Regions and channels under the limit of open descriptors.
 */
#include "tests/unit/monitor_rig.h"

#include <sys/resource.h>

#include "vmm/linux/monitor/backing.h"

/* Enough channels to need some hundred descriptors. */
#define MANY 100u

static void many_system(struct system *many, struct sys_channel *channels)
{
	*many = (struct system){ .channel = channels, .n_channels = MANY };
	for (unsigned int i = 0; i < MANY; i++) {
		channels[i].end[0] = (struct sys_end){ 0, 0 };
		channels[i].end[1] = (struct sys_end){ 1, 0 };
		snprintf(channels[i].name, SYS_NAME, "channel%u", i);
	}
}

/* In a child, because a hard limit cannot be taken back. */
static int with_limit(rlim_t soft, rlim_t hard, int (*run)(void))
{
	struct rlimit limit = { soft, hard };
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(setrlimit(RLIMIT_NOFILE, &limit) != 0 ? 100 : run());
	waitpid(pid, &status, 0);
	return status;
}

static int create_many_works(void)
{
	struct sys_channel channels[MANY];
	struct error err = { "" };
	struct system many;
	struct backing lots;
	unsigned int before = rig_fds(getpid());

	many_system(&many, channels);
	if (backing_create(&lots, &many, &err) != 0)
		return 1;
	if (rig_fds(getpid()) != before + 2 * MANY)
		return 2;
	backing_destroy(&lots);
	return rig_fds(getpid()) == before ? 0 : 3;
}

static int create_many_says_why_not(void)
{
	struct sys_channel channels[MANY];
	struct error err = { "" };
	struct system many;
	struct backing lots;
	unsigned int before = rig_fds(getpid());

	many_system(&many, channels);
	if (backing_create(&lots, &many, &err) != -1)
		return 1;
	if (strstr(err.text, "more than the 64 descriptors") == NULL ||
	    strstr(err.text, "ulimit -Hn") == NULL)
		return 2;
	return rig_fds(getpid()) == before ? 0 : 3;
}

static int renew_within(void)
{
	struct sys_conn conn = { .ingress = { 0, 2, 3 },
				 .egress = { 4, 5, 6 },
				 .link = 1,
				 .channel = 1 };
	struct sys_region region[7] = { 0 };
	struct sys_channel channel[2] = {
		{ .end = { { 0, 0 }, { 1, 0 } } },
		{ .end = { { 0, 1 }, { SYS_PD_OUTSIDE, SYS_NONE } } }
	};
	const struct system sys = {
		.name = "test",
		.region = region,
		.n_regions = 7,
		.channel = channel,
		.n_channels = 2,
	};
	struct error err = { "" };
	struct backing few;
	int was[7], hog, last = -1;
	unsigned int full;

	for (unsigned int i = 0; i < 7; i++) {
		region[i].size = 8192;
		snprintf(region[i].name, SYS_NAME, "r%u", i);
	}
	if (backing_create(&few, &sys, &err) != 0)
		return 1;
	memcpy(was, few.region, sizeof(was));
	full = rig_fds(getpid());
	/* No descriptor is left, then one, then two ... */
	for (; (hog = dup(STDIN_FILENO)) >= 0; full++)
		last = hog;
	for (unsigned int left = 0; left < 20; left++) {
		if (backing_renew(&few, &conn) == 0)
			return left > 5 ? 0 : 4;
		if (memcmp(was, few.region, sizeof(was)) != 0)
			return 2;
		close(last--);
		if (rig_fds(getpid()) != full - left - 1)
			return 3;
	}
	return 5;
}

static void renewal_without_descriptors_changes_nothing(void **state)
{
	(void)state;
	assert_int_equal(with_limit(64, 64, renew_within), 0);
}

static void soft_limit_is_raised_when_needed(void **state)
{
	(void)state;
	assert_int_equal(with_limit(64, 1024, create_many_works), 0);
}

static void hard_limit_is_an_error_that_helps(void **state)
{
	(void)state;
	assert_int_equal(with_limit(64, 64, create_many_says_why_not), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renewal_without_descriptors_changes_nothing),
		cmocka_unit_test(soft_limit_is_raised_when_needed),
		cmocka_unit_test(hard_limit_is_an_error_that_helps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
