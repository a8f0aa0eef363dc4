/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a PD can and cannot do, tried from inside one.
 *
 * The PD's one component does what its configuration names when it is notified:
 * mostly something that must be the end of it.
 */
#include "tests/unit/pd_rig.h"

#include <linux/futex.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#define RW_SIZE 8192u
#define RO_SIZE 4096u

/* --- the component ------------------------------------------------------ */

/* Slots and the channel, the same in every system of this file. */
enum { SLOT_RW, SLOT_RO };
enum { ID_MONITOR };

struct probe_state {
	void (*act)(struct component *c);
};

static volatile unsigned char *rw(struct component *c)
{
	return pd_region(c, SLOT_RW, NULL);
}

static volatile unsigned char *ro(struct component *c)
{
	return pd_region(c, SLOT_RO, NULL);
}

static void do_nothing(struct component *c)
{
	rw(c)[0] = ro(c)[0];
	pd_log(c, "still here");
}

static void do_write_ro(struct component *c)
{
	ro(c)[17] = 1;
}

static void do_run_off_the_end(struct component *c)
{
	rw(c)[RW_SIZE] = 1;
}

static void do_run_off_the_start(struct component *c)
{
	rw(c)[-1] = 1;
}

static void do_trap(struct component *c)
{
	(void)c;
	__builtin_trap();
}

#define CALL(name, ...)                                                        \
	static __attribute__((unused)) void do_##name(struct component *c)     \
	{                                                                      \
		syscall(__VA_ARGS__);                                          \
		pd_log(c, "returned from " #name);                             \
	}

CALL(execve, SYS_execve, "/bin/true", NULL, NULL)
CALL(execveat, SYS_execveat, 0, "", NULL, NULL, AT_EMPTY_PATH)
CALL(fork, SYS_clone3, NULL, 0)
CALL(unshare, SYS_unshare, CLONE_NEWUSER)
CALL(setns, SYS_setns, 0, 0)
CALL(mount, SYS_mount, "x", "/", "tmpfs", 0, NULL)
CALL(chroot, SYS_chroot, "/")
CALL(ptrace, SYS_ptrace, PTRACE_TRACEME, 0, 0, 0)
CALL(process_vm_writev, SYS_process_vm_writev, 1, NULL, 0, NULL, 0, 0)
CALL(kill, SYS_kill, 1, 0)
CALL(setuid, SYS_setuid, 0)
CALL(capset, SYS_capset, NULL, NULL)
CALL(fcntl, SYS_fcntl, BOOT_LOG_FD, F_SETFL, 0)
CALL(dup, SYS_dup, BOOT_LOG_FD)
CALL(sendmsg, SYS_sendmsg, BOOT_LOG_FD, NULL, 0)
CALL(memfd_create, SYS_memfd_create, "x", 0)
CALL(io_uring_setup, SYS_io_uring_setup, 1, NULL)
CALL(bpf, SYS_bpf, 0, NULL, 0)
CALL(keyctl, SYS_keyctl, 0, 0)
CALL(perf_event_open, SYS_perf_event_open, NULL, 0, 0, 0, 0)
CALL(userfaultfd, SYS_userfaultfd, 0)
CALL(nanosleep, SYS_nanosleep, NULL, NULL)
CALL(epoll_ctl, SYS_epoll_ctl, 0, 0, 0, NULL)
CALL(no_such_call, 4000)
/* What only a sanitizer's runtime may. */
CALL(mmap, SYS_mmap, NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
CALL(mprotect, SYS_mprotect, c->pd, 4096, PROT_READ | PROT_EXEC)
CALL(openat, SYS_openat, AT_FDCWD, "/", O_RDONLY)
CALL(socket, SYS_socket, AF_INET, SOCK_DGRAM, 0)
CALL(ioctl, SYS_ioctl, BOOT_LOG_FD, 0, 0)
CALL(read, SYS_read, BOOT_LOG_FD, NULL, 0)
CALL(close, SYS_close, BOOT_LOG_FD)
CALL(futex, SYS_futex, NULL, FUTEX_WAKE, 1)
CALL(rt_sigaction, SYS_rt_sigaction, SIGSEGV, NULL, NULL, 8)
#ifdef __x86_64__
/* The same numbers by other doors: x32, and the 32-bit gate. */
CALL(x32, 0x40000000 | SYS_write, 1, "", 0)
static void do_int80(struct component *c)
{
	long result = 20; /* getpid there, writev here */

	__asm__ volatile("int $0x80" : "+a"(result)::"memory");
	pd_log(c, "returned from int80");
}
#endif

static const struct action {
	const char *name;
	void (*act)(struct component *c);
	int signal;
} actions[] = {
	{ "nothing", do_nothing, 0 },
	{ "write to what is read-only", do_write_ro, SIGSEGV },
	{ "run off the end of a region", do_run_off_the_end, SIGSEGV },
	{ "run off the start of a region", do_run_off_the_start, SIGSEGV },
	{ "trap", do_trap, SIGILL },
#define SYS(call)                                                              \
	{                                                                      \
#call, do_##call, SIGSYS                                       \
	}
	SYS(execve),
	SYS(execveat),
	SYS(fork),
	SYS(unshare),
	SYS(setns),
	SYS(mount),
	SYS(chroot),
	SYS(ptrace),
	SYS(process_vm_writev),
	SYS(kill),
	SYS(setuid),
	SYS(capset),
	SYS(fcntl),
	SYS(dup),
	SYS(sendmsg),
	SYS(memfd_create),
	SYS(io_uring_setup),
	SYS(bpf),
	SYS(keyctl),
	SYS(perf_event_open),
	SYS(userfaultfd),
	SYS(nanosleep),
	SYS(epoll_ctl),
	SYS(no_such_call),
#if !SANDBOX_SANITIZED
	SYS(mmap),
	SYS(mprotect),
	SYS(openat),
	SYS(socket),
	SYS(ioctl),
	SYS(read),
	SYS(close),
	SYS(futex),
	SYS(rt_sigaction),
#endif
#ifdef __x86_64__
	SYS(x32),
	SYS(int80),
#endif
};
/* Of a component that maps memory of a peer's; the others are refused as well. */
#define FOREIGN (MAP_SHARED), 0, 0
CALL(map_to_execute, SYS_mmap, NULL, 4096, PROT_READ | PROT_EXEC, FOREIGN)
CALL(map_all, SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, FOREIGN)
CALL(map_here, SYS_mmap, 4096, 4096, PROT_READ | PROT_WRITE,
     MAP_SHARED | MAP_FIXED, 0, 0)
CALL(map_own, SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE,
     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
CALL(wait_for_message, SYS_recvmsg, 0, NULL, MSG_CMSG_CLOEXEC)

static void do_map_foreign(struct component *c)
{
	struct msghdr h = { 0 };

	/* Of /dev/null, which has neither; the filter does not know. */
	syscall(SYS_mmap, NULL, 4096, PROT_READ | PROT_WRITE, FOREIGN);
	syscall(SYS_munmap, NULL, 4096);
	syscall(SYS_recvmsg, 0, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	do_nothing(c);
}

static const struct action foreign_actions[] = {
	{ "map_foreign", do_map_foreign, 0 },
#if !SANDBOX_SANITIZED
	SYS(map_to_execute),
	SYS(map_all),
	SYS(map_here),
	SYS(map_own),
	SYS(mprotect),
#endif
	SYS(wait_for_message),
	SYS(sendmsg),
	SYS(memfd_create),
};
#define N_FOREIGN (sizeof(foreign_actions) / sizeof(foreign_actions[0]))

#define N_ACTIONS (sizeof(actions) / sizeof(actions[0]))

static int probe_init(struct component *c)
{
	struct probe_state *s = c->state;
	const char *name = c->cfg->tap.netns;

	for (unsigned int i = 0; i < N_ACTIONS; i++)
		if (strcmp(actions[i].name, name) == 0)
			s->act = actions[i].act;
	for (unsigned int i = 0; i < N_FOREIGN; i++)
		if (strcmp(foreign_actions[i].name, name) == 0)
			s->act = foreign_actions[i].act;
	return s->act != NULL ? 0 : -ENOTSUP;
}

static void probe_notified(struct component *c, uint32_t channel)
{
	const struct probe_state *s = c->state;

	(void)channel;
	/* The first is what every channel says at the start. */
	if (rw(c)[1]++ != 0)
		s->act(c);
	pd_ring(c, ID_MONITOR);
}

static bool probe_run(struct component *c, uint64_t now_ns)
{
	(void)c;
	(void)now_ns;
	return false;
}

static const struct component_ops probe_ops = {
	.kind = SYS_TAP,
	.name = "probe",
	.state_size = sizeof(struct probe_state),
	.init = probe_init,
	.notified = probe_notified,
	.run = probe_run,
};

static const struct component_ops foreign_ops = {
	.kind = SYS_VHOST_USER,
	.name = "foreign",
	.state_size = sizeof(struct probe_state),
	.foreign_memory = true,
	.init = probe_init,
	.notified = probe_notified,
	.run = probe_run,
};

/* The same, but its table asks for read(), and it has a descriptor. */
static const int reader_calls[] = { SYS_read, -1 };

static int reader_init(struct component *c)
{
	pd_watch(c, 0, EPOLLIN);
	return c->n_fds == 1 ? 0 : -EINVAL;
}

static void reader_ready(struct component *c, unsigned int fd_index,
			 uint32_t events)
{
	char bytes[64] = "";

	(void)events;
	if (read(c->fd[fd_index], bytes, sizeof(bytes) - 1) > 0)
		pd_log(c, "read %s", bytes);
	else
		pd_replace_fd(c, fd_index, -1);
}

static const struct component_ops reader_ops = {
	.kind = SYS_SOCKET,
	.name = "reader",
	.syscalls = reader_calls,
	.init = reader_init,
	.fd_ready = reader_ready,
	.run = probe_run,
};

const struct component_ops *const component_kinds[SYS_KINDS] = {
	[SYS_TAP] = &probe_ops,
	[SYS_SOCKET] = &reader_ops,
	[SYS_VHOST_USER] = &foreign_ops,
};

/* --- the system --------------------------------------------------------- */

/* What a probe is. */
static enum sys_kind probe_kind = SYS_TAP;

static void probe_system(struct pds *r, const char *action)
{
	uint32_t rw_region, ro_region, ch;
	struct sys_component *c;

	pds_init(r);
	rw_region = pds_region(r, "probe.rw", RW_SIZE);
	ro_region = pds_region(r, "probe.ro", RO_SIZE);
	pds_region(r, "somebody.else", 4096);
	pds_map(r, 0, rw_region, SYS_RW);
	pds_map(r, 0, ro_region, SYS_R);
	ch = pds_channel(r, "probe");
	pds_end(r, ch, 0, 0);
	pds_end(r, ch, 1, SYS_PD_MONITOR);
	c = pds_comp(r, 0, probe_kind, "probe");
	c->wire.channel = ID_MONITOR;
	snprintf(c->tap.netns, sizeof(c->tap.netns), "%s", action);
	pds_back(r);
}

/* Start it, let it act, and say how that ended. */
static int outcome(struct pds *r, const char *action)
{
	const char *line;
	int status;

	probe_system(r, action);
	pds_start(r, 0);
	pds_sleeps(r->proc[0].pid);
	ring_end(&r->b, 0, 0);
	line = pds_line(r, 0);
	if (strcmp(line, "still here") == 0)
		return 0;
	if (line[0] != '\0' && !SANDBOX_SANITIZED)
		fail_msg("%s", line);
	status = pds_wait(r, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
}

/* --- tests -------------------------------------------------------------- */

static void all_end_as_they_should(const struct action *a, size_t n)
{
	for (; n > 0; n--, a++) {
		struct pds r;
		int got = outcome(&r, a->name);

		if (got != a->signal)
			fail_msg("%s: signal %d, not %d", a->name, got,
				 a->signal);
		pds_free(&r);
	}
}

static void every_escape_ends_the_pd(void **state)
{
	(void)state;
	all_end_as_they_should(actions, N_ACTIONS);
}

static void memory_of_a_peer_is_mapped_in_one_form(void **state)
{
	(void)state;
	probe_kind = SYS_VHOST_USER;
	all_end_as_they_should(foreign_actions, N_FOREIGN);
	probe_kind = SYS_TAP;
}

static void proc_shows_a_pd_shut_in(void **state)
{
	struct pds r;

	(void)state;
	probe_system(&r, "nothing");
	pds_start(&r, 0);
	assert_int_equal(pds_check(&r, 0), 0);
	/* And the checker does see what should not be. */
	r.pd[0].map[0].perms = SYS_R;
	r.pd[0].map[1].perms = SYS_RW;
	assert_int_not_equal(pds_check(&r, 0), 0);
	pds_free(&r);
}

/* Three times /dev/null, epoll, the log, orders, the channel's two. */
static void pd_has_only_the_descriptors_it_needs(void **state)
{
	struct pds r;
	char path[64];

	(void)state;
	probe_system(&r, "nothing");
	pds_start(&r, 0);
	for (int fd = 0; fd < 200; fd++) {
		bool wanted = fd <= BOOT_CTL_FD + 2;

		snprintf(path, sizeof(path), "/proc/%d/fd/%d",
			 (int)r.proc[0].pid, fd);
		if ((faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) ==
		     0) != wanted)
			fail_msg("descriptor %d is %s", fd,
				 wanted ? "missing" : "there");
	}
	pds_free(&r);
}

static void memory_of_the_monitor_is_not_inherited(void **state)
{
	struct pds r;

	(void)state;
	setenv("WEIR_TEST_SECRET", "sesame", 1);
	probe_system(&r, "nothing");
	pds_start(&r, 0);
	assert_null(strstr(pds_proc(r.proc[0].pid, "environ"), "sesame"));
	assert_string_equal(pds_proc(r.proc[0].pid, "cmdline"), "weir: first");
	assert_string_equal(pds_proc(r.proc[0].pid, "comm"), "weir:first\n");
	pds_free(&r);
}

static void two_pds_share_what_they_may(void **state)
{
	unsigned char *p;
	struct pds r;

	(void)state;
	probe_system(&r, "nothing");
	p = backing_map(&r.b, 1, SYS_RW);
	p[0] = 42;
	pds_start(&r, 0);
	pds_sleeps(r.proc[0].pid);
	ring_end(&r.b, 0, 0);
	assert_string_equal(pds_line(&r, 0), "still here");
	munmap(p, RO_SIZE);
	p = backing_map(&r.b, 0, SYS_R);
	assert_int_equal(p[0], 42);
	munmap(p, RW_SIZE);
	pds_free(&r);
}

static void component_gets_the_calls_it_asks_for(void **state)
{
	struct pds r;
	int pair[2];

	(void)state;
	pds_init(&r);
	pds_comp(&r, 0, SYS_SOCKET, "reader");
	pds_back(&r);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	r.fds[0][0] = (struct pd_fds){ .n = 1, .fd = { pair[0] } };
	pds_start(&r, 0);
	close(pair[0]);
	assert_int_equal(write(pair[1], "hello", 5), 5);
	assert_string_equal(pds_line(&r, 0), "read hello");
	assert_int_equal(pds_check(&r, 0), 0);
	/* Its end is closed when the component gives it up. */
	shutdown(pair[1], SHUT_WR);
	assert_true(pds_readable(pair[1]));
	assert_int_equal(pds_sleeps(r.proc[0].pid), -1);
	close(pair[1]);
	pds_free(&r);
}

static void component_that_cannot_start_says_why(void **state)
{
	struct pds r;
	int status;

	(void)state;
	probe_system(&r, "no such action");
	pds_spawn(&r, 0);
	assert_string_equal(pds_line(&r, 0), "probe probe cannot start: "
					     "Operation not supported");
	status = pds_wait(&r, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	pds_free(&r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_escape_ends_the_pd),
		cmocka_unit_test(memory_of_a_peer_is_mapped_in_one_form),
		cmocka_unit_test(proc_shows_a_pd_shut_in),
		cmocka_unit_test(pd_has_only_the_descriptors_it_needs),
		cmocka_unit_test(memory_of_the_monitor_is_not_inherited),
		cmocka_unit_test(two_pds_share_what_they_may),
		cmocka_unit_test(component_gets_the_calls_it_asks_for),
		cmocka_unit_test(component_that_cannot_start_says_why),
	};

	return pds_main(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
