/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/fds.h"

#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int) * FDS_MAX)];
};

int fds_send(int sock, const void *data, size_t size, const int *fd,
	     unsigned int n)
{
	union control control = { 0 };
	struct iovec iov = { .iov_base = (void *)(uintptr_t)data,
			     .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (n > 0) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(*fd) * n);
		memcpy(CMSG_DATA(&control.header), fd, sizeof(*fd) * n);
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(*fd) * n);
	}
	return sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size
		       ? 0
		       : -1;
}

ssize_t fds_receive(int sock, void *data, size_t size, int *fd, unsigned int *n,
		    int flags)
{
	union control control;
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = CMSG_SPACE(sizeof(*fd) * *n) };
	ssize_t got = recvmsg(sock, &msg, flags);
	const struct cmsghdr *c = got > 0 ? CMSG_FIRSTHDR(&msg) : NULL;

	*n = 0;
	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS) {
		*n = (unsigned int)((c->cmsg_len - CMSG_LEN(0)) / sizeof(*fd));
		memcpy(fd, CMSG_DATA(c), *n * sizeof(*fd));
	}
	return got;
}

void fds_close(const int *fd, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}
