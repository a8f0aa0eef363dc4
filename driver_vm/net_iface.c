/* SPDX-License-Identifier: BSD-2-Clause */
/* Cards by AF_PACKET: see net_iface.h. */
#include <errno.h>
#include <linux/if_packet.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driver_vm/features.h"
#include "driver_vm/net_iface.h"
#include "driver_vm/say.h"
#include "hostnet/iface.h"
#include "hostnet/offload.h"
#include "base/frame.h"

#define VLAN_TAG 4u
/* Where a frame's type, or its tag, is: behind the addresses. */
#define TYPE_AT 12u
/*
 * Bytes in flight to the card; the kernel doubles it and counts 700 or more
 * for each frame, and so there are fewer than 128: half the slots of a transmit
 * ring, so that a writable socket has a slot, and half of what common cards
 * hold.
 */
#define TX_BUFFER (44 << 10)

_Static_assert(NIC_HEADROOM >= VLAN_TAG, "a tag goes in front of a frame");

/* --- frames -------------------------------------------------------------- */

/* Put the tag back behind the addresses. */
static void insert_tag(struct nic_frame *f)
{
	uint8_t *to = f->data - VLAN_TAG;

	memmove(to, f->data, TYPE_AT);
	to[TYPE_AT] = (uint8_t)(f->tpid >> 8);
	to[TYPE_AT + 1] = (uint8_t)f->tpid;
	to[TYPE_AT + 2] = (uint8_t)(f->tci >> 8);
	to[TYPE_AT + 3] = (uint8_t)f->tci;
	f->data = to;
	f->len += VLAN_TAG;
	/* The kernel counts from a frame without it. */
	f->hdr.csum_start += VLAN_TAG;
}

bool net_iface_complete(struct nic_frame *f)
{
	if (f->len < FRAME_MIN || f->hdr.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return false;
	if (f->tagged)
		insert_tag(f);
	return !(f->hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) ||
	       offload_checksum(f->data, f->len, f->hdr.csum_start,
				f->hdr.csum_offset);
}

/* --- sockets ------------------------------------------------------------- */

int net_iface_set(int fd, int option, int value)
{
	return setsockopt(fd, SOL_PACKET, option, &value, sizeof(value));
}

void net_iface_clear(struct event_loop *loop, int fd)
{
	int error;
	socklen_t size = sizeof(error);

	loop->syscalls++;
	(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
}

static int open_socket(int index)
{
	const struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_ifindex = index,
	};
	/* Protocol 0 receives nothing. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	index = -errno;
	close(fd);
	return index;
}

static int receiver(int index, int *fd)
{
	const struct packet_mreq promiscuous = {
		.mr_ifindex = index,
		.mr_type = PACKET_MR_PROMISC,
	};

	*fd = open_socket(index);
	if (*fd < 0)
		return *fd;
	if (net_iface_set(*fd, PACKET_VNET_HDR, 1) < 0 ||
	    net_iface_set(*fd, PACKET_IGNORE_OUTGOING, 1) < 0 ||
	    setsockopt(*fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous,
		       sizeof(promiscuous)) < 0)
		return -errno;
	return 0;
}

static int transmitter(int index, int *fd)
{
	const int size = TX_BUFFER;

	*fd = open_socket(index);
	if (*fd < 0)
		return *fd;
	if (setsockopt(*fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) < 0)
		return -errno;
	return 0;
}

/* Set the MTU and the features, before the interface is up. */
static int prepare(int sock, const char *name, uint32_t max_frame)
{
	unsigned int mtu = max_frame - FRAME_OVERHEAD;
	int e = features_off(sock, name);

	if (e < 0)
		say("%s: cannot keep received frames apart (GRO): %s; those put together will be dropped",
		    name, strerror(-e));
	e = iface_mtu(sock, name);
	if (e >= 0 && (unsigned int)e != mtu &&
	    iface_set_mtu(sock, name, mtu) < 0)
		say("%s: its mtu stays %d, the port's is %u: longer frames will be dropped",
		    name, e, mtu);
	e = iface_up(sock, name);
	return e < 0 ? e : iface_mtu(sock, name);
}

int net_iface_open(int index, const char *name, uint32_t max_frame, int *rx,
		   int *tx)
{
	int e = receiver(index, rx);

	if (e == 0)
		e = transmitter(index, tx);
	return e < 0 ? e : prepare(*tx, name, max_frame);
}
