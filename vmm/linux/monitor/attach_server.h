/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The attach server: one Unix socket per port that processes attach to.
 *
 * The protocol is in client/attach.h.  The client is hostile.  It gets one
 * message, which always fits into a fresh socket's buffer, and nothing it sends
 * is read: the first byte, or the end of the connection, ends the attachment.
 * So it cannot make the monitor wait, not even by descriptors it sends
 * (hang_up.c), and it uses at most one of the monitor's descriptors.  While a
 * client is attached, others are refused.  While the link is not ready, clients
 * wait in the socket's short backlog.
 *
 * A client is given: queue and data regions with the permissions the picture in
 * vswitch/vswitch.h shows, its end of a socket pair that notifies it, and the
 * eventfd that wakes the switch.  All but the link page are made for it and
 * never used again after it (monitor/link.c), because no descriptor and no
 * mapping can be revoked.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_ATTACH_SERVER_H
#define WEIR_VMM_LINUX_MONITOR_ATTACH_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "vmm/linux/monitor/log.h"
#include "vmm/linux/monitor/loop.h"

/* Connections that may wait while the link drains or the switch restarts. */
#define ATTACH_BACKLOG 4
/* If it will take longer than this, they are refused instead. */
#define ATTACH_PATIENCE_NS 1000000000ull

struct mon_link;

/* The attach server of one port. */
struct attach_server {
	struct mon_link *link;	     /* what is attached to */
	struct loop_source listener; /* its socket */
	/* the connection of whoever is attached */
	struct loop_source client;
	pid_t pid;		/* that process, as it was when it connected */
	struct log_limit limit; /* allowance of log lines */
};

/**
 * attach_open - claim the socket; nobody is served yet
 *
 * Return: 0, or -1 with the monitor's error set.
 */
int attach_open(struct monitor *m, struct attach_server *a,
		struct mon_link *link);

/**
 * attach_settle - start or stop accepting, by the link's state
 */
void attach_settle(struct monitor *m, struct attach_server *a);

/**
 * attach_disconnect - end the attachment, if there is one
 *
 * The caller takes the link down.
 */
void attach_disconnect(struct monitor *m, struct attach_server *a);

/**
 * attach_close - stop listening; the path is the janitor's to remove
 */
void attach_close(struct monitor *m, struct attach_server *a);

#endif
