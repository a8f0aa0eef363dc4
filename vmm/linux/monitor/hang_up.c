/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ending a connection whose other end is not to be trusted.
 *
 * A peer can make close() of a Unix socket take as long as it likes.  It sends
 * a descriptor whose close() blocks (a TCP connection with SO_LINGER whose peer
 * does not read) and closes its own copy.  The message is never received, so
 * the kernel closes the descriptor together with the socket, and whoever closes
 * the socket waits.
 *
 * A process that exits does not make others wait.  So if anything has been
 * sent, a forked process keeps a reference and exits after we have closed ours.
 * Well-behaved clients send nothing and cost nothing.
 */
#include "vmm/linux/monitor/hang_up.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vmm/linux/monitor/backing.h"
#include "vmm/linux/monitor/child.h"

/*
 * Whether messages are queued; none can come after shutdown().  A read of
 * length 0 may be an empty message, which has a sender, or the end.
 */
static bool holds_messages(int fd)
{
	const int on = 1;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = sizeof(byte) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	ssize_t n;

	if (shutdown(fd, SHUT_RD) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) != 0)
		return true;
	/*
	 * A peer that left with our hello unread has left an error behind,
	 * which comes before any message, once.
	 */
	n = recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT);
	if (n < 0 && errno != EAGAIN) {
		msg.msg_controllen = sizeof(control);
		n = recvmsg(fd, &msg, MSG_PEEK | MSG_DONTWAIT);
	}
	return n < 0 ? errno != EAGAIN : msg.msg_controllen > 0;
}

/* Keep the connection until our creator has closed its own. */
static int keep(void *until)
{
	char byte;

	return (int)read(*(const int *)until, &byte, 1);
}

/* What the keeper needs: the connection, and how it learns of our close(). */
struct kept {
	int fd;
	int until;
};

/*
 * Fork twice, so that nobody has to wait for the keeper; the process in between
 * exits at once.
 */
static int fork_keeper(void *arg)
{
	struct kept *k = arg;

	return child_fork("weir-hang-up", k->fd, k->until, keep, &k->until) < 0;
}

void hang_up(int fd)
{
	int pair[2] = { -1, -1 };

	/* Without a keeper, closing it ourselves is all that is left. */
	if (holds_messages(fd) && backing_pair(pair, SOCK_STREAM) == 0) {
		struct kept k = { fd, pair[1] };
		pid_t pid = child_fork("weir-hang-up", fd, pair[1], fork_keeper,
				       &k);

		while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
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
