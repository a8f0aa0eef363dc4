/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/child.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: leave what is the monitor's. */
static void leave(const char *name, int keep, pid_t monitor)
{
	unsigned int first = STDERR_FILENO + 1;
	sigset_t none;

	prctl(PR_SET_NAME, name);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != monitor)
		_exit(1);
	if (keep >= 0) {
		if (keep != CHILD_FD && dup2(keep, CHILD_FD) < 0)
			_exit(1);
		first = CHILD_FD + 1;
	}
	close_range(first, ~0U, 0);
}

int child_start(struct child *c, struct loop *loop, const char *name, int keep,
		int (*run)(void *arg), void *arg,
		void (*ended)(struct monitor *m, struct loop_source *s,
			      uint32_t events))
{
	pid_t monitor = getpid(), pid = fork();
	int fd, error;

	if (pid < 0)
		return -1;
	if (pid == 0) {
		leave(name, keep, monitor);
		_exit(run(arg));
	}
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
