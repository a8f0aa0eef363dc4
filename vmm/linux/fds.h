/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrays of descriptors: sent over Unix sockets, received, closed.
 */
#ifndef WEIR_VMM_LINUX_FDS_H
#define WEIR_VMM_LINUX_FDS_H

#include <sys/types.h>

/* As many can come with one message. */
#define FDS_MAX 64u

/**
 * fds_send - send a message with descriptors, without waiting
 * @sock: SOCK_SEQPACKET
 * @fd:   @n descriptors, at most FDS_MAX; they stay the caller's
 *
 * Return: 0 if all of it was sent, or -1 with errno set.
 */
int fds_send(int sock, const void *data, size_t size, const int *fd,
	     unsigned int n);

/**
 * fds_receive - take a message and the descriptors that come with it
 * @fd:    out: the caller's from now on
 * @n:     in: room at @fd, at most FDS_MAX; out: how many have come
 * @flags: as for recvmsg()
 *
 * Return: as recvmsg().
 */
ssize_t fds_receive(int sock, void *data, size_t size, int *fd, unsigned int *n,
		    int flags);

/** fds_close - close descriptors; -1 stands for none */
void fds_close(const int *fd, unsigned int n);

#endif
