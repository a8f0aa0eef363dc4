/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/seeker.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Where the child's end of the socket pair is. */
#define SOCK 3

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int) * PD_MAX_FDS)];
};

/*
 * --- in the child ----------------------------------------------------------
 */

static void give(const int *fds, unsigned int n)
{
	union control control = { 0 };
	char octet = 0;
	struct iovec iov = { .iov_base = &octet, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = CMSG_SPACE(sizeof(int) * n),
	};
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(&msg);

	cmsg->cmsg_level = SOL_SOCKET;
	cmsg->cmsg_type = SCM_RIGHTS;
	cmsg->cmsg_len = CMSG_LEN(sizeof(int) * n);
	memcpy(CMSG_DATA(cmsg), fds, sizeof(int) * n);
	(void)!sendmsg(SOCK, &msg, MSG_NOSIGNAL);
}

static _Noreturn void child(const struct sys_component *cfg,
			    unsigned int pause_ms, int sock, pid_t parent)
{
	const struct timespec pause = {
		.tv_sec = pause_ms / 1000,
		.tv_nsec = (long)(pause_ms % 1000) * 1000000,
	};
	int fds[PD_MAX_FDS];
	sigset_t none;
	int n;

	/* So that ps shows what it is. */
	prctl(PR_SET_NAME, "weir-seek");
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || (sock != SOCK && dup2(sock, SOCK) < 0))
		_exit(1);
	close_range(SOCK + 1, ~0U, 0);
	nanosleep(&pause, NULL);
	n = component_kinds[cfg->kind]->seek(cfg, fds);
	if (n > 0)
		give(fds, (unsigned int)n);
	_exit(0);
}

/*
 * --- in the monitor --------------------------------------------------------
 */

static void reap(struct seeker *s)
{
	if (s->pid <= 0)
		return;
	kill(s->pid, SIGKILL);
	while (waitpid(s->pid, NULL, 0) < 0 && errno == EINTR)
		;
	s->pid = 0;
}

int seeker_start(struct seeker *s, struct loop *loop,
		 const struct sys_component *cfg, unsigned int pause_ms,
		 void (*ready)(struct monitor *m, struct loop_source *source,
			       uint32_t events),
		 struct error *err)
{
	pid_t parent = getpid();
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		       0, pair) != 0)
		return error_set(err, "cannot make a socket pair: %s",
				 strerror(errno));
	s->pid = fork();
	if (s->pid == 0)
		child(cfg, pause_ms, pair[1], parent);
	close(pair[1]);
	if (s->pid < 0) {
		close(pair[0]);
		return error_set(err, "cannot start a process: %s",
				 strerror(errno));
	}
	if (loop_add(loop, &s->sock, pair[0], EPOLLIN, ready) == 0)
		return 0;
	error_set(err, "cannot watch a process: %s", strerror(errno));
	s->sock.fd = -1;
	reap(s);
	return -1;
}

static unsigned int receive(int sock, int *fds)
{
	union control control;
	char octet;
	struct iovec iov = { .iov_base = &octet, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	const struct cmsghdr *cmsg;
	size_t octets;

	if (recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) <= 0)
		return 0;
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg == NULL || cmsg->cmsg_type != SCM_RIGHTS)
		return 0;
	octets = cmsg->cmsg_len - CMSG_LEN(0);
	memcpy(fds, CMSG_DATA(cmsg), octets);
	return (unsigned int)(octets / sizeof(int));
}

unsigned int seeker_finish(struct seeker *s, struct loop *loop, int *fds)
{
	unsigned int n;

	if (!seeker_runs(s))
		return 0;
	n = receive(s->sock.fd, fds);
	loop_del(loop, &s->sock);
	reap(s);
	return n;
}
