/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ending a connection whose other end is not to be trusted.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_HANG_UP_H
#define WEIR_VMM_LINUX_MONITOR_HANG_UP_H

/**
 * hang_up - close an accepted SOCK_SEQPACKET connection, without waiting
 * @fd: nothing has ever been received from it
 */
void hang_up(int fd);

/**
 * hang_up_all - close a listening socket and every connection that waits there
 * @fd: a listening SOCK_SEQPACKET socket
 */
void hang_up_all(int fd);

#endif
