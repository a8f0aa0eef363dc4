/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process of a vhost-user port is killed a hundred times under traffic: two
 * front-ends, their ports and the switch, each in a process of its own, under a
 * real monitor.  Each time the traffic goes on with the next process, nobody
 * else notices, and nothing piles up.
 *
 * The pause between restarts grows, so the monitor's clock is this file's: it
 * jumps to where a failure is forgotten.
 */
#include <dlfcn.h>

#include "tests/unit/monitor_rig.h"
#include "tests/unit/vhost_rig.h"
#include "vmm/linux/monitor/restart.h"

#define KILLS 100u
/* By then all that is kept for good is there. */
#define SETTLED 10u

static const char topology[] = "switch sw0 {\n"
			       "port a { vhost-user \"@/a.vhost\" }\n"
			       "port b { vhost-user \"@/b.vhost\" }\n"
			       "}\n"
			       "allow a <-> b\n";

/* Seconds that the monitor is ahead; a PD, executed anew, has none. */
static _Atomic(time_t) *ahead;

int clock_gettime(clockid_t clock_id, struct timespec *tp)
{
	static int (*real)(clockid_t, struct timespec *);

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
	if (real(clock_id, tp) != 0)
		return -1;
	if (ahead != NULL)
		tp->tv_sec += *ahead;
	return 0;
}

/**
 * struct size - of a process
 * @fds:   descriptors, as far as we may look
 * @pages: of its address space
 */
struct size {
	unsigned int fds;
	unsigned long pages;
};

static struct size size_of(pid_t pid)
{
	struct size s = { .fds = rig_least_fds(pid) };
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	f = fopen(path, "re");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%lu", &s.pages), 1);
	fclose(f);
	return s;
}

static void assert_same_size(struct size a, struct size b)
{
	assert_int_equal(a.fds, b.fds);
#ifndef __SANITIZE_ADDRESS__ /* which keeps what is freed for a while */
	assert_int_equal(a.pages, b.pages);
#endif
}

static pid_t pid_of(const struct rig *r, const char *pd)
{
	return (pid_t)strtol(rig_pd(r, pd, "pid"), NULL, 10);
}

static void join(struct front *f, const struct rig *r, const char *name)
{
	front_join_far(f, rig_path(r, name));
	front_begin(f, FE_PLAIN, FRONT_STEPS);
	/* Answered once all before it is done. */
	front_asks(f, GET_FEATURES);
}

/* A frame from one of the stations 1 and 2 to the other. */
static void make(uint8_t *frame, size_t len, unsigned int which,
		 uint8_t station)
{
	comp_frame(frame, len, which);
	frame[5] = 3 - station;
	frame[11] = station;
}

/* It comes at once, perhaps behind others that are late; or not. */
static bool comes(struct front *to, const uint8_t *frame, size_t len)
{
	uint8_t got[2048];

	while (front_waits(to, RING_RX, 10)) {
		if (front_gets(to, got) == len && memcmp(got, frame, len) == 0)
			return true;
		front_lends(to);
	}
	return false;
}

/* One goes again and again until it arrives. */
static void traffic(struct front *from, struct front *to, uint8_t station)
{
	static unsigned int which;
	uint8_t frame[2048];
	size_t len = 60 + which % 1000;
	unsigned int tries = 0;

	make(frame, len, which++, station);
	front_lends(to);
	do {
		assert_true(tries++ < FRONT_TIMEOUT_MS / 10);
		front_sends(from, NULL, frame, len);
	} while (!comes(to, frame, len));
}

/* Its process is killed while frames are on their way to it. */
static void kill_port(const struct rig *r, struct front *from, struct front *to)
{
	uint8_t frame[60], bytes[64];

	for (unsigned int i = 0; i < 8; i++) {
		front_lends(to);
		make(frame, sizeof(frame), i, 1);
		front_sends(from, NULL, frame, sizeof(frame));
	}
	*ahead += RESTART_GOOD_NS / 1000000000 + 1;
	assert_int_equal(kill(pid_of(r, "sw0.b"), SIGKILL), 0);
	assert_int_equal(read(to->sock, bytes, sizeof(bytes)), 0);
	front_leave(to);
}

static void hc11_a_port_is_killed_a_hundred_times(void **state)
{
	struct rig *r = *state;
	struct size monitor = { 0 }, port = { 0 };
	struct front a, b;
	char times[8];

	rig_start(r, topology);
	join(&a, r, "a.vhost");
	join(&b, r, "b.vhost");
	for (unsigned int i = 0; i < KILLS; i++) {
		traffic(&a, &b, 1);
		traffic(&b, &a, 2);
		if (i == SETTLED) {
			monitor = size_of(r->pid);
			port = size_of(pid_of(r, "sw0.b"));
		}
		kill_port(r, &a, &b);
		join(&b, r, "b.vhost");
	}
	traffic(&a, &b, 1);
	traffic(&b, &a, 2);
	assert_same_size(size_of(r->pid), monitor);
	assert_same_size(size_of(pid_of(r, "sw0.b")), port);
	snprintf(times, sizeof(times), "%u", KILLS);
	assert_string_equal(rig_pd(r, "sw0.b", "restarts"), times);
	assert_string_equal(rig_pd(r, "sw0.a", "restarts"), "0");
	assert_string_equal(rig_pd(r, "sw0", "restarts"), "0");
	assert_string_equal(rig_port(r, "sw0.b", "faults"), "0");
	front_leave(&a);
	front_leave(&b);
	assert_int_equal(rig_stop(r), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(hc11_a_port_is_killed_a_hundred_times),
	};

	if (argc == 1)
		ahead = mmap(NULL, sizeof(*ahead), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return rig_main(argc, argv, "vhost_killed", tests,
			sizeof(tests) / sizeof(tests[0]));
}
