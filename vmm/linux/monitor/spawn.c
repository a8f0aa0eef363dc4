/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Starting a PD: the part that still runs in the monitor's program.
 *
 * The sandbox is set up in stages; each removes what the one before it needed:
 *
 *  1.  (here) new user, mount, network, pid, IPC, UTS and cgroup namespaces, an
 *                unprivileged user outside, a session of its own, no
 *                environment, no descriptor but those of its boot record; then
 *                exec of the binary (or of a client PD's program), so that
 *                nothing of the monitor's memory (secrets, other PDs' mappings)
 *                is in the PD
 *  2. (sandbox)  regions are mapped, their descriptors closed
 *  3. (sandbox)  the file system is replaced by an empty, read-only one
 *  4. (sandbox)  capabilities, limits, traceability are given up
 *     (pd_main)  components are initialised
 *  5. (sandbox)  the system call filter
 *
 * The PD's user outside.  A monitor that is root maps the PD's user 0 to uid
 * 65534 (nobody) and changes to it, so that whatever a PD might still reach, it
 * reaches as nobody.  An ordinary user can only map itself.  Inside, the PD is
 * user 0 until stage 4, because execve() removes the capabilities of other
 * users, and stages 2 to 4 need those over its own namespaces.
 *
 * Life and death.  The PD is process 1 of its pid namespace, which ignores
 * signals without a handler, except SIGKILL from outside and faults (SIGSEGV,
 * the filter's SIGSYS): those end it, and the monitor sees the status.  Its
 * parent-death signal kills it when the monitor's thread dies.  It also exits
 * when the monitor's ends of its sockets close, which covers the moment before
 * that signal is set.
 *
 * Programs.  A client PD's program goes through the same stages: libpd.a, which
 * it is linked with, has the later ones.  The monitor can only force stage 1 on
 * it, so a program is trusted to enter the sandbox before it reads what peers
 * send.  From there on it is confined as every PD is.
 *
 * Between clone and exec the child has a copy of the monitor's memory and
 * nothing but async-signal-safe calls are made there.
 */
#include "vmm/linux/monitor/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/linux/fds.h"
#include "vmm/linux/monitor/boot_build.h"
#include "vmm/linux/monitor/placement.h"
#include "vmm/linux/pd/sandbox.h"

#define PD_NAMESPACES                                                          \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID |           \
	 CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

/* "nobody": a PD's user outside, if the monitor may choose it. */
#define PD_OUTSIDE_ID 65534u

/* How long a trial PD may take to say "ready"; it takes milliseconds. */
#define CHECK_TIMEOUT_MS 20000

/* What the child needs to become a PD. */
struct launch {
	const char *name;    /* the PD's */
	struct boot_fds fds; /* what it starts with */
	/* the file it executes, NULL for our own binary */
	const char *program;
	const struct sys_cpus *cpus; /* where it runs */
	int exe;		     /* that, opened */
	/* readable once the id maps are written; ends if the monitor dies */
	int go[2];
};

/* --- in the child -------------------------------------------------------- */

static const char *binary(const struct launch *l)
{
	return l->program != NULL ? l->program : "the weir binary";
}

static _Noreturn void child_fail(const struct launch *l, const char *what)
{
	const char *why = strerrordesc_np(errno);

	dprintf(l->fds.from[BOOT_LOG_FD], "cannot %s: %s\n", what,
		why != NULL ? why : "unknown error");
	_exit(1);
}

/* Become user 0 of the id maps, which is an ordinary user outside. */
static void become_mapped(const struct launch *l)
{
	char byte;

	close(l->go[1]);
	if (read(l->go[0], &byte, 1) != 1)
		_exit(1);
	/* Fails if the monitor is an ordinary user, which keeps its groups. */
	(void)!setgroups(0, NULL);
	if (setresgid(0, 0, 0) != 0 || setresuid(0, 0, 0) != 0)
		child_fail(l, "change user");
}

/* What it starts, a VM's vCPUs for one, stays there with it. */
static void go_to_cpus(const struct launch *l)
{
	cpu_set_t set;

	if (placement_set(l->cpus, &set) &&
	    sched_setaffinity(0, sizeof(set), &set) != 0)
		child_fail(l, "run on the processors of its placement");
}

/* Bring every descriptor to its number, and close all others. */
static void place_fds(struct launch *l)
{
	struct boot_fds *fds = &l->fds;
	int exe = (int)fds->n, free = exe + 1;

	/* First above all target numbers ... */
	for (uint32_t i = 0; i < fds->n; i++) {
		int fd = fds->from[i];

		if (fd < free)
			fd = fcntl(fd, F_DUPFD_CLOEXEC, free);
		if (fd < 0)
			child_fail(l, "arrange descriptors");
		fds->from[i] = fd;
	}
	l->exe = fcntl(l->exe, F_DUPFD_CLOEXEC, free);
	/* ... then to the target numbers, open across exec. */
	for (uint32_t i = 0; i < fds->n; i++)
		if (dup2(fds->from[i], (int)i) < 0)
			child_fail(l, "arrange descriptors");
	if (dup3(l->exe, exe, O_CLOEXEC) < 0)
		child_fail(l, "arrange descriptors");
	l->exe = exe;
	fds->from[BOOT_LOG_FD] = BOOT_LOG_FD;
	if (close_range((unsigned int)free, ~0u, 0) != 0)
		child_fail(l, "close descriptors");
}

static _Noreturn void exec_failed(const struct launch *l)
{
	const char *why = strerrordesc_np(errno);

	switch (errno) {
	case EACCES:
		dprintf(BOOT_LOG_FD,
			"cannot execute %s as an unprivileged user; make it "
			"executable by all (chmod a+rx) and keep it where "
			"programs may be executed (no noexec mount)\n",
			binary(l));
		break;
	case ENOENT:
		dprintf(BOOT_LOG_FD,
			"cannot execute %s: the loader it was linked for is "
			"not on this machine; link it here, or statically\n",
			binary(l));
		break;
	default:
		dprintf(BOOT_LOG_FD, "cannot execute %s: %s\n", binary(l),
			why != NULL ? why : "unknown error");
	}
	_exit(1);
}

static _Noreturn void child(struct launch *l)
{
	char title[SYS_NAME + sizeof("weir: ")];
	char *argv[] = { title, "--pd", NULL };
	char **envp = sandbox_environment();
	struct rlimit limit;
	sigset_t none;

	become_mapped(l);
	go_to_cpus(l);
	setsid();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The numbers below may be higher than any the monitor uses. */
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	place_fds(l);
	snprintf(title, sizeof(title), "weir: %s", l->name);
	/* For messages of a program's loader or C library. */
	if (l->program != NULL)
		dup2(BOOT_LOG_FD, STDERR_FILENO);
	execveat(l->exe, "", argv, envp, AT_EMPTY_PATH);
	exec_failed(l);
}

/* --- in the monitor ------------------------------------------------------ */

static int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n;
	int error;

	if (fd < 0)
		return -1;
	n = write(fd, text, strlen(text));
	error = errno;
	close(fd);
	errno = error;
	return n < 0 ? -1 : 0;
}

static int write_map(pid_t pid, const char *file, unsigned int outside)
{
	char path[64], text[32];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	snprintf(text, sizeof(text), "0 %u 1\n", outside);
	return write_file(path, text);
}

/*
 * Map the child's user and group 0.  If the kernel refuses nobody, the monitor
 * is not root, and maps its own ids.  It may map a group only after denying
 * setgroups(), with which one could leave a group that denies access.
 */
static int write_id_maps(pid_t pid)
{
	char path[64];

	if (write_map(pid, "uid_map", PD_OUTSIDE_ID) != 0 &&
	    write_map(pid, "uid_map", geteuid()) != 0)
		return -1;
	if (write_map(pid, "gid_map", PD_OUTSIDE_ID) == 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)pid);
	if (write_file(path, "deny") != 0)
		return -1;
	return write_map(pid, "gid_map", getegid());
}

/* A sysctl's number, -1 if there is none. */
static long long sysctl_value(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[32], *end;
	long long value;
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n < 0 ? 0 : n] = '\0';
	value = strtoll(text, &end, 10);
	return end == text ? -1 : value;
}

/* Find the setting that forbids namespaces. */
static int explain_namespaces(struct error *err, int error)
{
	const char *hint = "";

	if (geteuid() != 0 &&
	    sysctl_value("/proc/sys/kernel/unprivileged_userns_clone") == 0)
		hint = "; allow them with: "
		       "sysctl kernel.unprivileged_userns_clone=1";
	else if (sysctl_value("/proc/sys/user/max_user_namespaces") == 0)
		hint = "; allow them with: "
		       "sysctl user.max_user_namespaces=10000";
	else if (error == ENOSPC || error == EUSERS)
		hint = "; there are too many already: raise the sysctls "
		       "user.max_*_namespaces";
	else if (sysctl_value("/proc/sys/kernel/"
			      "apparmor_restrict_unprivileged_userns") == 1)
		hint = "; AppArmor restricts them: sysctl "
		       "kernel.apparmor_restrict_unprivileged_userns=0, or a "
		       "profile that allows userns";
	else if (error == EPERM)
		hint = "; a container or a chroot may be forbidding them: "
		       "run weir outside of it";
	else if (error == EINVAL || error == ENOSYS)
		hint = "; weir needs Linux 5.9 with user, pid, network, mount, "
		       "IPC, UTS and cgroup namespaces";
	return error_set(err,
			 "cannot make the namespaces a protection domain lives "
			 "in: %s%s",
			 strerror(error), hint);
}

static pid_t clone_child(struct launch *l, struct pd_process *proc)
{
	struct clone_args args = {
		.flags = PD_NAMESPACES | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uintptr_t)&proc->pidfd,
		.exit_signal = SIGCHLD,
	};
	sigset_t all, before;
	pid_t pid;

	/* No handler of the monitor's may run in the child. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &before);
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		child(l);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static void kill_and_reap(const struct pd_process *proc)
{
	syscall(SYS_pidfd_send_signal, proc->pidfd, SIGKILL, NULL, 0);
	while (waitpid(proc->pid, NULL, 0) < 0 && errno == EINTR)
		;
	close(proc->pidfd);
}

/* Clone the child, write its id maps, let it continue. */
static int start(struct launch *l, struct pd_process *proc, struct error *err)
{
	proc->pid = clone_child(l, proc);
	if (proc->pid < 0)
		return explain_namespaces(err, errno);
	if (write_id_maps(proc->pid) == 0 && write(l->go[1], "", 1) == 1)
		return 0;
	explain_namespaces(err, errno);
	kill_and_reap(proc);
	return -1;
}

/*
 * Sockets, not pipes: a reader or writer holds the pipe's lock, the other end
 * waits for it, and a PD could hold it for ever.
 */
static int pair_new(int fd[2], int type, struct error *err, const char *name)
{
	if (backing_pair(fd, type) == 0)
		return 0;
	return backing_fd_error(err, "sockets of", name);
}

/* The file of a program among the components, or NULL. */
static const char *find_program(const struct sys_pd *pd)
{
	for (uint32_t i = 0; i < pd->n_comps; i++)
		if (pd->comp[i].kind == SYS_PROGRAM)
			return pd->comp[i].program.path;
	return NULL;
}

/*
 * /proc/self/exe is the file that runs, even if it has been replaced or deleted
 * meanwhile.  A program may be replaced; its next start uses the new one.
 */
static int open_binary(struct launch *l, struct error *err)
{
	const char *path = l->program != NULL ? l->program : "/proc/self/exe";

	l->exe = open(path, O_PATH | O_CLOEXEC);
	if (l->exe < 0 && backing_more_fds(errno))
		l->exe = open(path, O_PATH | O_CLOEXEC);
	if (l->exe < 0)
		return backing_fd_error(err, "cannot open", path);
	return 0;
}

/* All sockets are there: make the boot record and start. */
static int launch(const struct backing *b, uint32_t pd,
		  const struct pd_fds *fds, struct launch *l, int log, int ctl,
		  struct pd_process *proc, struct error *err)
{
	int result;

	if (open_binary(l, err) != 0)
		return -1;
	result = boot_build(b, pd, fds, log, ctl, &l->fds, err);
	if (result == 0)
		result = start(l, proc, err);
	boot_release(&l->fds);
	close(l->exe);
	return result;
}

int pd_spawn(const struct backing *b, uint32_t pd, const struct pd_fds *fds,
	     struct pd_process *proc, struct error *err)
{
	struct launch l = {
		.name = b->sys->pd[pd].name,
		.program = find_program(&b->sys->pd[pd]),
		.cpus = &b->sys->pd[pd].cpus,
		.go = { -1, -1 },
	};
	int log[2] = { -1, -1 }, ctl[2] = { -1, -1 };
	int result = -1;

	if (pair_new(log, SOCK_STREAM | SOCK_NONBLOCK, err, l.name) == 0 &&
	    pair_new(ctl, SOCK_SEQPACKET | SOCK_NONBLOCK, err, l.name) == 0 &&
	    pair_new(l.go, SOCK_STREAM, err, l.name) == 0)
		result = launch(b, pd, fds, &l, log[1], ctl[1], proc, err);
	fds_close(l.go, 2);
	if (result != 0) {
		fds_close(log, 2);
		fds_close(ctl, 2);
		return -1;
	}
	close(log[1]);
	close(ctl[1]);
	proc->log_fd = log[0];
	proc->ctl_fd = ctl[0];
	return 0;
}

int pd_spawn_check(struct error *err)
{
	struct sys_pd pd = { .name = "trial" };
	struct system sys = { .name = "trial", .pd = &pd, .n_pds = 1 };
	struct backing b = { .sys = &sys };
	char text[ERROR_TEXT] = "";
	struct pd_process proc;
	struct pollfd wait;
	ssize_t n = 0;

	if (pd_spawn(&b, 0, NULL, &proc, err) != 0)
		return -1;
	wait = (struct pollfd){ .fd = proc.log_fd, .events = POLLIN };
	if (poll(&wait, 1, CHECK_TIMEOUT_MS) == 1)
		n = recv(proc.log_fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	kill_and_reap(&proc);
	close(proc.log_fd);
	close(proc.ctl_fd);
	if (n > 0 && strcmp(text, "ready\n") == 0)
		return 0;
	text[strcspn(text, "\n")] = '\0';
	return error_set(err, "a protection domain cannot be started: %s",
			 text[0] != '\0' ? text : "it ended without a word");
}
