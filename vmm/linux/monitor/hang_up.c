/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ending a connection whose other end is not to be trusted.
 *
 * close() of a Unix socket can take as long as its peer likes.  The peer sends a
 * descriptor of something that takes its time to close (a TCP connection with
 * SO_LINGER and a peer that does not read) and closes its own copy.  Nobody
 * receives it, so the kernel closes it together with the socket, and the process
 * that closes the socket is the one that waits.
 *
 * A process that ends waits for none of this.  So where anything has been sent,
 * another process is given a reference, and ends after we have closed ours.
 * Nobody who keeps to the protocol sends anything, so this costs nothing
 * otherwise.
 */
#include "vmm/linux/monitor/hang_up.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/linux/monitor/backing.h"

/*
 * Whether messages wait; none can come after shutdown().  A message may be
 * empty, as the end of the queue is, but it has a sender.
 */
static bool holds_messages(int fd)
{
	const int on = 1;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	char octet;
	struct iovec iov = { .iov_base = &octet, .iov_len = sizeof(octet) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };

	if (shutdown(fd, SHUT_RD) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) != 0)
		return true;
	if (recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT) < 0)
		return false;
	return msg.msg_controllen > 0;
}

/* Grandchild: keep @fd until our creator has closed its own. */
static _Noreturn void keep(int fd, int until)
{
	char octet;

	dup2(fd, STDIN_FILENO);
	dup2(until, STDOUT_FILENO);
	close_range(STDERR_FILENO + 1, ~0U, 0);
	(void)!read(STDOUT_FILENO, &octet, 1);
	_exit(0);
}

/*
 * Twice, so that nobody has to wait for the one that keeps it.  The one between
 * does nothing but this.
 */
static bool fork_keeper(int fd, int pair[2])
{
	pid_t pid = fork();
	int status = 1;

	if (pid == 0) {
		pid = fork();
		if (pid == 0) {
			close(pair[0]);
			keep(fd, pair[1]);
		}
		_exit(pid < 0);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && status == 0;
}

void hang_up(int fd)
{
	int pair[2] = { -1, -1 };

	/* Without a keeper there is nothing better than to close it. */
	if (holds_messages(fd) && backing_pair(pair, SOCK_STREAM) == 0)
		(void)!fork_keeper(fd, pair);
	close(fd);
	if (pair[0] < 0)
		return;
	close(pair[0]);
	close(pair[1]);
}

void hang_up_all(int fd)
{
	int waiting;

	/* Nobody can connect any more; those who have can still be accepted. */
	shutdown(fd, SHUT_RD);
	while ((waiting = accept4(fd, NULL, NULL,
				  SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
		hang_up(waiting);
	close(fd);
}
