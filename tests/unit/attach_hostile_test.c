/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Clients that try to stop the monitor, or to leave something behind for the
 * next one.
 *
 * What such a client does is done by a process of its own, so that a monitor
 * that waits for it can be seen to wait, and be freed by ending that process.
 */
#include "tests/unit/monitor_rig.h"
#include "tests/unit/never.h"

#include <grp.h>
#include <linux/aio_abi.h>
#include <sys/eventfd.h>

FAKE_COMPONENTS;

#define NOBODY 65534u
#define SUCCESSORS 1000u

static const char topology[] = "switch sw0 {\n"
			       "port a { attach \"@/a.sock\"; buffers 64 }\n"
			       "port b { attach \"@/b.sock\" }\n"
			       "}\n"
			       "allow a <-> b\n";

/* --- hostile processes -------------------------------------------------- */

/* The one of the running test, 0: none. */
static pid_t hostile;

static void end_hostile(void)
{
	if (hostile == 0)
		return;
	kill(-hostile, SIGKILL);
	waitpid(hostile, NULL, 0);
	hostile = 0;
}

static int teardown(void **state)
{
	/* First: a monitor that waits for it would not end. */
	end_hostile();
	return rig_teardown(state);
}

static void become_nobody(bool root)
{
	if (root && (setgroups(0, NULL) != 0 ||
		     setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
		     setresuid(NOBODY, NOBODY, NOBODY) != 0))
		_exit(2);
}

/* Nothing stays open that is not the client's own. */
static void keep_only(const struct rig_client *c, int ready)
{
	for (int fd = STDERR_FILENO + 1; fd < 1024; fd++) {
		bool its = fd == ready;

		for (unsigned int i = 0; i < ATTACH_FDS; i++)
			its = its || fd == c->fd[i];
		if (!its)
			close(fd);
	}
}

/* Have another process do something it will not come back from. */
static void start_hostile(void (*act)(const struct rig_client *c, void *page),
			  const struct rig_client *c, bool needs_page)
{
	bool root = geteuid() == 0;
	int ready[2];
	char byte;

	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	hostile = fork();
	if (hostile == 0) {
		void *page = NULL;

		setpgid(0, 0);
		keep_only(c, ready[1]);
		if (needs_page)
			page = never_page();
		if (page != NULL || !needs_page)
			(void)!write(ready[1], "", 1);
		close(ready[1]);
		become_nobody(root);
		act(c, page);
		_exit(0);
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1) {
		close(ready[0]);
		end_hostile();
		print_message(NEVER_MISSING);
		skip();
	}
	close(ready[0]);
}

/* Wait until it is in a system call, and stays there. */
static void until_stuck(long call)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)hostile);
	for (int i = 0; i < RIG_TIMEOUT_MS; i++) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

		close(fd);
		text[n < 0 ? 0 : n] = '\0';
		if (n > 0 && strtol(text, NULL, 10) == call &&
		    strncmp(text, "running", 7) != 0)
			return;
		poll(NULL, 0, 1);
	}
	fail_msg("the hostile process is not where it should be: %s", text);
}

/* --- what must be so in any case ---------------------------------------- */

/* The switch carries out an order: the doorbell works, memory is shared. */
static void exchanges(struct rig_client *c, unsigned int port)
{
	const struct order *rx = mmap(NULL, 4096, PROT_READ, MAP_SHARED,
				      c->fd[ATTACH_FD_RX_DATA], 0);
	char text[16];
	uint32_t before;

	assert_ptr_not_equal(rx, MAP_FAILED);
	before = rx->number;
	snprintf(text, sizeof(text), "kill %u", port);
	rig_order(c, text);
	for (int i = 0; rx->number == before; i++) {
		if (i == RIG_TIMEOUT_MS)
			fail_msg("the switch does not hear its doorbell");
		poll(NULL, 0, i < 100 ? 0 : 1);
	}
	munmap((void *)(uintptr_t)rx, 4096);
}

/* The monitor answers, serves the next client, and ends when it is told to. */
static void still_serves(struct rig *r)
{
	struct rig_client c;

	assert_string_equal(rig_port(r, "sw0.b", "state"), "down");
	rig_attach(r, &c, "a.sock");
	exchanges(&c, 0);
	rig_detach(&c);
	rig_attach(r, &c, "b.sock");
	exchanges(&c, 1);
	/* What a PD's end sets off works as well. */
	rig_order(&c, "crash");
	rig_ended(&c);
	rig_detach(&c);
	rig_attach(r, &c, "a.sock");
	exchanges(&c, 0);
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

/* --- hc30: a doorbell that is full -------------------------------------- */

/* Completions of asynchronous I/O add to an eventfd whatever it holds. */
static void signal_by_aio(int eventfd)
{
	char byte = 0;
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct iocb cb = { .aio_lio_opcode = IOCB_CMD_PREAD,
			   .aio_fildes = (__u32)zero,
			   .aio_buf = (__u64)(uintptr_t)&byte,
			   .aio_nbytes = 1,
			   .aio_flags = IOCB_FLAG_RESFD,
			   .aio_resfd = (__u32)eventfd };
	struct iocb *list[] = { &cb };
	aio_context_t ctx = 0;

	assert_int_equal(syscall(SYS_io_setup, 1, &ctx), 0);
	assert_int_equal(syscall(SYS_io_submit, ctx, 1, list), 1);
	syscall(SYS_io_destroy, ctx);
	close(zero);
}

static void fill_doorbell(int fd, bool to_the_brim)
{
	const uint64_t most = UINT64_MAX - 1;
	uint64_t count;

	while (read(fd, &count, sizeof(count)) > 0)
		;
	assert_int_equal(write(fd, &most, sizeof(most)), sizeof(most));
	if (to_the_brim)
		signal_by_aio(fd);
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
}

static void hc30_a_full_doorbell_stops_nobody(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, topology);
	for (int brim = 0; brim < 2; brim++) {
		rig_attach(r, &c, "a.sock");
		rig_until(r, "sw0.a", "state", "up");
		fill_doorbell(c.fd[ATTACH_FD_RING], brim != 0);
		rig_detach(&c);
		rig_until(r, "sw0.a", "state", "down");
	}
	/* One that stays: its port's switch dies while it is there. */
	rig_attach(r, &c, "a.sock");
	fill_doorbell(c.fd[ATTACH_FD_RING], true);
	close(c.sock);
	still_serves(r);
	c.sock = -1;
	rig_detach(&c);
}

/* --- hc31: an inode's lock ---------------------------------------------- */

static void write_from_nowhere(const struct rig_client *c, void *page)
{
	(void)!pwrite(c->fd[ATTACH_FD_TX_DATA], page, 64, 0);
}

static void hc31_a_locked_region_stops_nobody(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, topology);
	rig_attach(r, &c, "a.sock");
	rig_until(r, "sw0.a", "state", "up");
	start_hostile(write_from_nowhere, &c, true);
	until_stuck(SYS_pwrite64);
	rig_detach(&c);
	still_serves(r);
}

/* --- hc32: what a predecessor leaves ------------------------------------ */

/* Pretend to have sent, to have received, to have given back; on and on. */
static void scribble(const struct rig_client *c, void *page)
{
	char *at[ATTACH_FD_LINK];

	(void)page;
	for (unsigned int i = 0; i < ATTACH_FD_RX_DATA; i++)
		at[i] = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
			     c->fd[i], 0);
	for (unsigned char byte = 1;; byte++) {
		for (unsigned int i = 0; i < ATTACH_FD_RX_DATA; i++)
			memset(at[i] + 64, byte, 4096 - 64);
		poll(NULL, 0, 1);
	}
}

static void finds_zero(const struct rig_client *c)
{
	static const char zero[4096];

	for (unsigned int i = 0; i <= ATTACH_FD_RX_DATA; i++) {
		char *at = mmap(NULL, 4096, PROT_READ, MAP_SHARED, c->fd[i], 0);

		assert_memory_equal(at, zero, sizeof(zero));
		munmap(at, 4096);
	}
}

/* Mappings of regions a process has. */
static unsigned int count_regions(pid_t pid)
{
	char line[512];
	unsigned int n = 0;
	FILE *f;

	snprintf(line, sizeof(line), "/proc/%d/maps", (int)pid);
	f = fopen(line, "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, "memfd:weir:") != NULL;
	fclose(f);
	return n;
}

static void hc32_a_thousand_successors_inherit_nothing(void **state)
{
	struct rig *r = *state;
	unsigned int fds, sw_fds, regions, sw_regions;
	struct rig_client c, other;
	pid_t sw;

	rig_start(r, topology);
	rig_attach(r, &other, "b.sock");
	rig_until(r, "sw0.b", "state", "up");
	sw = rig_find(r, "weir:sw0");
	fds = rig_least_fds(r->pid);
	sw_fds = rig_least_fds(sw);
	regions = count_regions(r->pid);
	sw_regions = count_regions(sw);
	rig_attach(r, &c, "a.sock");
	rig_until(r, "sw0.a", "state", "up");
	fill_doorbell(c.fd[ATTACH_FD_RING], true);
	start_hostile(scribble, &c, false);
	rig_detach(&c);
	for (unsigned int i = 0; i < SUCCESSORS; i++) {
		rig_attach(r, &c, "a.sock");
		finds_zero(&c);
		exchanges(&c, 0);
		if (i % 100 == 0)
			exchanges(&other, 1);
		rig_detach(&c);
	}
	assert_string_equal(rig_port(r, "sw0.b", "state"), "up");
	rig_until(r, "sw0.a", "state", "down");
	assert_int_equal(rig_least_fds(r->pid), fds);
	assert_int_equal(rig_least_fds(sw), sw_fds);
	assert_int_equal(count_regions(r->pid), regions);
	assert_int_equal(count_regions(sw), sw_regions);
	/* It is the same process as at the start. */
	assert_int_equal(rig_find(r, "weir:sw0"), sw);
	rig_detach(&other);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

/* --- hc40: a reader that never finishes --------------------------------- */

static void read_into_nowhere(const struct rig_client *c, void *page)
{
	fcntl(c->fd[ATTACH_FD_WAIT], F_SETFL, 0);
	(void)!read(c->fd[ATTACH_FD_WAIT], page, 64);
}

static void hc40_a_stuck_reader_stops_nobody(void **state)
{
	struct rig *r = *state;
	struct rig_client c, other;

	rig_start(r, topology);
	rig_attach(r, &other, "b.sock");
	rig_attach(r, &c, "a.sock");
	rig_until(r, "sw0.a", "state", "up");
	start_hostile(read_into_nowhere, &c, true);
	until_stuck(SYS_read);
	/* Each makes the switch notify the one that is stuck. */
	for (int i = 0; i < 1000; i++)
		exchanges(&c, 0);
	exchanges(&other, 1);
	rig_detach(&other);
	rig_detach(&c);
	rig_until(r, "sw0.b", "state", "down");
	still_serves(r);
}

#define hostile_test(f) cmocka_unit_test_setup_teardown(f, rig_setup, teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		hostile_test(hc30_a_full_doorbell_stops_nobody),
		hostile_test(hc31_a_locked_region_stops_nobody),
		hostile_test(hc32_a_thousand_successors_inherit_nothing),
		hostile_test(hc40_a_stuck_reader_stops_nobody),
	};

	return rig_main(argc, argv, "attach_hostile", tests,
			sizeof(tests) / sizeof(tests[0]));
}
