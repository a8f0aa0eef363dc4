/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The protocol of an attach socket, between the monitor and a process that
 * attaches to a port.
 *
 * The client connects to the port's Unix socket (SOCK_SEQPACKET) and sends
 * nothing.  The monitor answers with one struct attach_hello; if its status is
 * 0, ATTACH_FDS descriptors come with it (SCM_RIGHTS), in the order of enum
 * attach_fd.  The attachment lasts as long as the connection.  When either side
 * closes it, the port goes down and the descriptors are useless: each client
 * has memory and descriptors of its own, which nobody reads afterwards; only
 * the link page is the port's.  One client at a time: a second one gets -EBUSY,
 * and one that comes too soon after a client broke the queue protocol gets
 * -EAGAIN.
 *
 * Notifications: the client is notified by bytes on a stream socket
 * (ATTACH_FD_WAIT), which it must drain; it notifies the switch by writing
 * eight bytes, the number one, to an eventfd (ATTACH_FD_RING).  The switch
 * never reads that eventfd.  vmm/linux/monitor/backing.c explains why the two
 * differ.
 */
#ifndef WEIR_CLIENT_ATTACH_H
#define WEIR_CLIENT_ATTACH_H

#include <stdint.h>

#include "base/abi.h"

#define ATTACH_MAGIC 0x57656972u /* "Weir" */
#define ATTACH_VERSION 2u

enum attach_fd {
	ATTACH_FD_TX_ACTIVE, /* ingress active, rw */
	ATTACH_FD_TX_FREE,   /* ingress free, rw */
	ATTACH_FD_RX_ACTIVE, /* egress active, rw */
	ATTACH_FD_RX_FREE,   /* egress free, rw */
	ATTACH_FD_TX_DATA,   /* ingress data, rw */
	ATTACH_FD_RX_DATA,   /* egress data, read-only */
	ATTACH_FD_LINK,	     /* link page, read-only */
	ATTACH_FD_WAIT,	     /* stream socket */
	ATTACH_FD_RING,	     /* eventfd */
	ATTACH_FDS
};

/**
 * struct attach_hello - the monitor's one message, host byte order
 * @magic:       ATTACH_MAGIC
 * @version:     ATTACH_VERSION
 * @status:      0, or a negative errno (-EBUSY: someone is attached;
 *               -EAGAIN: the port is held off; -ENETDOWN: it is out of order)
 * @capacity:    slots of each queue
 * @buffer_size: bytes of a buffer
 * @max_frame:   bytes
 * @tx_size:     bytes of the transmit region
 * @rx_size:     bytes of the receive region
 * @port:        "switch.port", NUL-terminated
 */
struct attach_hello {
	uint32_t magic;
	uint32_t version;
	int32_t status;
	uint32_t capacity;
	uint32_t buffer_size;
	uint32_t max_frame;
	uint64_t tx_size;
	uint64_t rx_size;
	char port[72];
};

ABI_SIZE(struct attach_hello, 112);
ABI_AT(struct attach_hello, magic, 0);
ABI_AT(struct attach_hello, version, 4);
ABI_AT(struct attach_hello, status, 8);
ABI_AT(struct attach_hello, capacity, 12);
ABI_AT(struct attach_hello, buffer_size, 16);
ABI_AT(struct attach_hello, max_frame, 20);
ABI_AT(struct attach_hello, tx_size, 24);
ABI_AT(struct attach_hello, rx_size, 32);
ABI_AT(struct attach_hello, port, 40);

#endif
