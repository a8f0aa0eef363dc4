/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/child.h"

#include <errno.h>
#include <limits.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void close_all(int first, int last)
{
	if (first <= last)
		close_range((unsigned int)first, (unsigned int)last, 0);
}

static int max(int a, int b)
{
	return a > b ? a : b;
}

pid_t child_fork(const char *name, int keep, int also, int (*run)(void *arg),
		 void *arg)
{
	int low = keep < also ? keep : also, high = max(keep, also);
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_NAME, name);
	close_all(STDERR_FILENO + 1, low - 1);
	close_all(max(low, STDERR_FILENO) + 1, high - 1);
	close_all(max(high, STDERR_FILENO) + 1, INT_MAX);
	_exit(run(arg));
}

/* What a child that dies with the monitor is to do. */
struct task {
	pid_t monitor;
	int (*run)(void *arg);
	void *arg;
};

static int run_tied(void *arg)
{
	const struct task *task = arg;
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return getppid() == task->monitor ? task->run(task->arg) : 1;
}

int child_start(struct child *c, struct loop *loop, const char *name, int keep,
		int (*run)(void *arg), void *arg,
		void (*ended)(struct monitor *m, struct loop_source *s,
			      uint32_t events))
{
	struct task task = { getpid(), run, arg };
	pid_t pid = child_fork(name, keep, -1, run_tied, &task);
	int fd, error;

	if (pid < 0)
		return -1;
	c->killed = false;
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd >= 0 && loop_add(loop, &c->exit, fd, EPOLLIN, ended) == 0)
		return 0;
	/* It could not be watched. */
	error = errno;
	c->exit.fd = -1;
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	errno = error;
	return -1;
}

bool child_finish(struct child *c, struct loop *loop, siginfo_t *info)
{
	*info = (siginfo_t){ 0 };
	if (waitid(P_PIDFD, (id_t)c->exit.fd, info, WEXITED | WNOHANG) != 0 ||
	    info->si_pid == 0)
		return false;
	loop_del(loop, &c->exit);
	return true;
}

void child_kill(struct child *c)
{
	if (!child_runs(c) || c->killed)
		return;
	c->killed = true;
	syscall(SYS_pidfd_send_signal, c->exit.fd, SIGKILL, NULL, 0);
}

void child_close(struct child *c, struct loop *loop)
{
	siginfo_t info;

	if (!child_runs(c))
		return;
	child_kill(c);
	while (waitid(P_PIDFD, (id_t)c->exit.fd, &info, WEXITED) != 0 &&
	       errno == EINTR)
		;
	loop_del(loop, &c->exit);
}
