/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Regions and channels: what their descriptors allow, and to whom.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/monitor_rig.h"
#include "tests/unit/pd_rig.h"
#include "vmm/linux/monitor/backing.h"

#define SIZE 8192L

/* Channel 0 joins two PDs, channel 1 a PD and a process from outside. */
static struct sys_region region[] = {
	{ .name = "sw0.a.data", .size = SIZE },
	{ .name = "sw0.a.link", .size = 4096 },
	{ .name = "r2", .size = SIZE },
	{ .name = "r3", .size = SIZE },
	{ .name = "r4", .size = SIZE },
	{ .name = "r5", .size = SIZE },
	{ .name = "r6", .size = SIZE },
};
static struct sys_channel channel[] = {
	{ .name = "inside", .end = { { 0, 0 }, { 1, 0 } } },
	{ .name = "outside",
	  .end = { { 0, 1 }, { SYS_PD_OUTSIDE, SYS_NONE } } },
};
static const struct system sys = {
	.name = "test",
	.region = region,
	.n_regions = 7,
	.channel = channel,
	.n_channels = 2,
};

static struct backing b;

static int make(void **state)
{
	struct error err = { "" };

	(void)state;
	return backing_create(&b, &sys, &err);
}

static int unmake(void **state)
{
	(void)state;
	backing_destroy(&b);
	return 0;
}

static bool fd_is_in(int fd, const char *what)
{
	char path[32], target[128];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	target[n < 0 ? 0 : n] = '\0';
	return strstr(target, what) != NULL;
}

/* --- regions ------------------------------------------------------------ */

static void region_is_zero_and_shared(void **state)
{
	char *one = backing_map(&b, 0, SYS_RW);
	const char *two = backing_map(&b, 0, SYS_R);

	(void)state;
	assert_non_null(one);
	assert_non_null(two);
	for (unsigned int i = 0; i < SIZE; i++)
		assert_int_equal(one[i], 0);
	one[SIZE - 1] = 7;
	assert_int_equal(two[SIZE - 1], 7);
	munmap(one, SIZE);
	munmap((void *)two, SIZE);
}

static void region_bears_its_name(void **state)
{
	(void)state;
	assert_true(fd_is_in(b.region[0], "memfd:weir:sw0.a.data"));
	assert_true(fd_is_in(b.region[1], "memfd:weir:sw0.a.link"));
}

/* A peer that could shorten a region would kill whoever touches it. */
static void region_size_is_sealed(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(ftruncate(b.region[0], 4096), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(b.region[0], 2 * SIZE), -1);
	assert_int_equal(fstat(b.region[0], &st), 0);
	assert_int_equal(st.st_size, SIZE);
}

/* Or else a peer could forbid a restarted switch to map its own queues. */
static void region_seals_are_final(void **state)
{
	void *p;

	(void)state;
	assert_int_equal(fcntl(b.region[0], F_ADD_SEALS, F_SEAL_WRITE), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(fcntl(b.region[0], F_ADD_SEALS, F_SEAL_FUTURE_WRITE),
			 -1);
	p = backing_map(&b, 0, SYS_RW);
	assert_non_null(p);
	munmap(p, SIZE);
}

static void region_mapping_may_not_exceed_perms(void **state)
{
	char *p = backing_map(&b, 0, SYS_R);
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		*(volatile char *)p = 1;
		_exit(0);
	}
	waitpid(pid, &status, 0);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSEGV);
	munmap(p, SIZE);
}

static void region_zero_empties_every_mapping(void **state)
{
	char *one = backing_map(&b, 0, SYS_RW);
	char *two = backing_map(&b, 0, SYS_RW);

	(void)state;
	memset(one, 0xa5, SIZE);
	assert_int_equal(backing_zero(&b, 0), 0);
	for (unsigned int i = 0; i < SIZE; i++)
		assert_int_equal(two[i], 0);
	/* Still the same memory for both. */
	two[3] = 1;
	assert_int_equal(one[3], 1);
	munmap(one, SIZE);
	munmap(two, SIZE);
}

static void read_only_dup_stays_read_only(void **state)
{
	int fd = backing_dup(&b, 0, SYS_R);
	void *p;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_ptr_equal(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			      fd, 0),
			 MAP_FAILED);
	p = mmap(NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(p, MAP_FAILED);
	/* The kernel itself, not only a filter, keeps it that way. */
	assert_int_equal(mprotect(p, SIZE, PROT_READ | PROT_WRITE), -1);
	assert_int_equal(errno, EACCES);
	munmap(p, SIZE);
	close(fd);
}

static void writable_dup_writes(void **state)
{
	int fd = backing_dup(&b, 0, SYS_RW);
	char byte = 9, *p = backing_map(&b, 0, SYS_R);

	(void)state;
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(pwrite(fd, &byte, 1, 100), 1);
	assert_int_equal(p[100], 9);
	munmap(p, SIZE);
	close(fd);
}

/* What an attach client of another user could try with its descriptor. */
static void read_only_dup_is_not_reopened_by_others(void **state)
{
	int fd = backing_dup(&b, 0, SYS_R);
	char as_nobody[128], command[256];

	(void)state;
	/* An ordinary user has other users in a namespace only. */
	snprintf(as_nobody, sizeof(as_nobody),
		 "%s setpriv --reuid 65534 --regid 65534 --clear-groups",
		 geteuid() == 0 ? "" : "unshare -U -r --map-auto");
	snprintf(command, sizeof(command), "%s true 2>/dev/null", as_nobody);
	if (system(command) != 0) {
		close(fd);
		print_message(
			"no second user here (uidmap and /etc/subuid give "
			"some)\n");
		skip();
	}
	assert_int_equal(dup2(fd, 9), 9);
	snprintf(command, sizeof(command),
		 "%s sh -c 'true <&9 && ! true 9<>/proc/self/fd/9 &&"
		 " ! chmod 666 /proc/self/fd/9' 2>/dev/null",
		 as_nobody);
	assert_int_equal(system(command), 0);
	close(9);
	close(fd);
}

/* --- channels ----------------------------------------------------------- */

static int waiter(int fd)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLET };
	int epoll = epoll_create1(EPOLL_CLOEXEC);

	assert_int_equal(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e), 0);
	return epoll;
}

static int events(int epoll)
{
	struct epoll_event e;

	return epoll_wait(epoll, &e, 1, 0);
}

static void channel_kinds_are_as_promised(void **state)
{
	const struct backing_channel *in = &b.channel[0], *out = &b.channel[1];

	(void)state;
	for (int end = 0; end < 2; end++) {
		assert_true(fd_is_in(in->wait[end], "eventfd"));
		assert_int_equal(in->wait[end], in->ring[end]);
	}
	assert_int_not_equal(in->wait[0], in->wait[1]);
	assert_true(fd_is_in(out->wait[0], "eventfd"));
	assert_true(fd_is_in(out->wait[1], "socket"));
	assert_true(fd_is_in(out->ring[1], "socket"));
	assert_true(fcntl(out->ring[1], F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(in->ring[1], F_GETFL) & O_NONBLOCK);
}

/* The waiter does not read: each ring is an edge of its own. */
static void ring_wakes_that_end_each_time(void **state)
{
	int this = waiter(b.channel[0].wait[1]);
	int other = waiter(b.channel[0].wait[0]);

	(void)state;
	/* Once at the start, so that nothing from before is missed. */
	assert_int_equal(events(this), 1);
	assert_int_equal(events(other), 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(events(this), 0);
		ring_end(&b, 0, 1);
		assert_int_equal(events(this), 1);
	}
	assert_int_equal(events(other), 0);
	close(this);
	close(other);
}

static void ring_reaches_the_outside(void **state)
{
	char bytes[64];

	(void)state;
	assert_int_equal(read(b.channel[1].wait[1], bytes, sizeof(bytes)), -1);
	backing_ring_outside(&b, 1);
	assert_true(read(b.channel[1].wait[1], bytes, sizeof(bytes)) > 0);
}

/* A client that takes nothing gets no more, and costs nothing. */
static void ring_does_not_wait_for_the_outside(void **state)
{
	/* Flags of its end are flags of its end alone. */
	int its = b.channel[1].wait[1];

	(void)state;
	assert_int_equal(fcntl(its, F_SETFL, 0), 0);
	assert_true(fcntl(b.channel[1].ring[1], F_GETFL) & O_NONBLOCK);
	alarm(20);
	for (int i = 0; i < 20000; i++)
		backing_ring_outside(&b, 1);
	/* Nor for one that has gone, and no signal comes of it. */
	close(its);
	b.channel[1].wait[1] = -1;
	backing_ring_outside(&b, 1);
	alarm(0);
}

/* --- renewal ------------------------------------------------------------ */

static void *map(int fd)
{
	void *p = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	assert_ptr_not_equal(p, MAP_FAILED);
	return p;
}

/* What a client has been given stays its own, and is nobody else's. */
static void renewed_memory_is_other_memory(void **state)
{
	uint32_t renewed[BACKING_RENEWED];
	struct sys_conn conn = { .ingress = { 0, 2, 3 },
				 .egress = { 4, 5, 6 },
				 .link = 1,
				 .channel = 1 };
	unsigned int before = rig_fds(getpid());

	(void)state;
	backing_renewed(&conn, renewed);
	for (unsigned int i = 0; i < BACKING_RENEWED; i++) {
		char *old = map(b.region[renewed[i]]), *new;
		int link = b.region[1];

		memset(old, 0xa5, SIZE);
		assert_int_equal(backing_renew(&b, &conn), 0);
		new = map(b.region[renewed[i]]);
		for (unsigned int k = 0; k < SIZE; k++)
			assert_int_equal(new[k], 0);
		old[7] = 1;
		assert_int_equal(new[7], 0);
		assert_int_equal(ftruncate(b.region[renewed[i]], 0), -1);
		assert_int_equal(b.region[1], link);
		munmap(old, SIZE);
		munmap(new, SIZE);
	}
	assert_int_equal(rig_fds(getpid()), before);
}

/* Whatever a client did to its doorbell, the next one's is as new. */
static void hc30_a_renewed_doorbell_is_another(void **state)
{
	struct sys_conn conn = { .ingress = { 0, 2, 3 },
				 .egress = { 4, 5, 6 },
				 .link = 1,
				 .channel = 1 };
	uint64_t most = UINT64_MAX - 1, had;
	int old = dup(b.channel[1].ring[0]), epoll;

	(void)state;
	assert_int_equal(read(old, &had, sizeof(had)), sizeof(had));
	assert_int_equal(write(old, &most, sizeof(most)), sizeof(most));
	assert_int_equal(fcntl(old, F_SETFL, 0), 0);
	assert_int_equal(backing_renew(&b, &conn), 0);
	epoll = waiter(b.channel[1].wait[0]);
	assert_int_equal(events(epoll), 1);
	assert_int_equal(read(old, &had, sizeof(had)), sizeof(had));
	assert_int_equal(events(epoll), 0);
	ring_end(&b, 1, 0);
	assert_int_equal(events(epoll), 1);
	assert_true(fcntl(b.channel[1].ring[0], F_GETFL) & O_NONBLOCK);
	close(epoll);
	close(old);
}

static void first_error_is_kept(void **state)
{
	struct error err = { "" };

	(void)state;
	assert_int_equal(error_set(&err, "no %s", "first"), -1);
	assert_int_equal(error_set(&err, "no %s", "second"), -1);
	assert_string_equal(err.text, "no first");
	assert_int_equal(error_set(NULL, "nowhere"), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, make, unmake)
		T(region_is_zero_and_shared),
		T(region_bears_its_name),
		T(region_size_is_sealed),
		T(region_seals_are_final),
		T(region_mapping_may_not_exceed_perms),
		T(region_zero_empties_every_mapping),
		T(read_only_dup_stays_read_only),
		T(writable_dup_writes),
		T(read_only_dup_is_not_reopened_by_others),
		T(channel_kinds_are_as_promised),
		T(ring_wakes_that_end_each_time),
		T(ring_reaches_the_outside),
		T(ring_does_not_wait_for_the_outside),
		T(renewed_memory_is_other_memory),
		T(hc30_a_renewed_doorbell_is_another),
		cmocka_unit_test(first_error_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
