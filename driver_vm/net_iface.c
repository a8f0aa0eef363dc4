/* SPDX-License-Identifier: BSD-2-Clause */
/* Cards by AF_PACKET: see net_iface.h. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "driver_vm/features.h"
#include "driver_vm/net_iface.h"
#include "driver_vm/say.h"
#include "hostnet/iface.h"
#include "base/frame.h"

/*
 * Fewer than 128 frames: half the slots of a transmit ring, so that a writable
 * socket has a slot, and half of what common cards hold.
 */
#define TX_BUFFER (44 << 10)

bool net_iface_complete(struct nic_frame *f)
{
	if (f->len < FRAME_MIN || f->hdr.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return false;
	nic_frame_tag(f);
	return nic_frame_checksum(f);
}

void net_iface_clear(struct net_iface *i, int fd, uint32_t events)
{
	int error;
	socklen_t size = sizeof(error);

	if (!(events & (EPOLLERR | EPOLLHUP)))
		return;
	i->loop->syscalls++;
	(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
}

void net_iface_watch(struct net_card *card, bool in, bool out)
{
	struct net_iface *i = event_owner(card, struct net_iface, card);

	/* Cannot fail: both descriptors are open. */
	(void)event_watch(i->loop, &i->rx, in ? EPOLLIN : 0u);
	(void)event_watch(i->loop, &i->tx, out ? EPOLLOUT : 0u);
}

/* Set the MTU and the features, before the interface is up. */
static int prepare(int sock, const char *name, uint32_t max_frame)
{
	unsigned int mtu = max_frame - FRAME_OVERHEAD;
	int e = features_off(sock, name);

	if (e < 0)
		say("%s: cannot keep received frames apart (GRO): %s; those "
		    "put together will be dropped",
		    name, strerror(-e));
	e = iface_mtu(sock, name);
	if (e >= 0 && (unsigned int)e != mtu &&
	    iface_set_mtu(sock, name, mtu) < 0)
		say("%s: its mtu stays %d, the port's is %u: longer frames "
		    "will be dropped",
		    name, e, mtu);
	e = iface_up(sock, name);
	return e < 0 ? e : iface_mtu(sock, name);
}

int net_iface_open(struct net_iface *i, struct event_loop *loop, int index,
		   const char *name, uint32_t max_frame)
{
	int e;

	i->loop = loop;
	i->card.writable = true;
	i->tx.fd = -1;
	i->rx.fd = nic_packet_receiver(index);
	if (i->rx.fd >= 0)
		i->tx.fd = nic_packet_transmitter(index, TX_BUFFER);
	if (i->tx.fd < 0)
		return i->rx.fd < 0 ? i->rx.fd : i->tx.fd;
	e = prepare(i->tx.fd, name, max_frame);
	if (e < 0)
		return e;
	i->card.mtu = (uint32_t)e;
	e = event_add(loop, &i->rx, EPOLLIN);
	return e < 0 ? e : event_add(loop, &i->tx, 0);
}
