/* SPDX-License-Identifier: BSD-2-Clause */
/* Cards by AF_PACKET: see net_iface.h. */
#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "driver_vm/features.h"
#include "driver_vm/net_iface.h"
#include "driver_vm/say.h"
#include "hostnet/iface.h"
#include "hostnet/vnet.h"
#include "base/frame.h"

/*
 * Fewer than 128 frames: half the slots of a transmit ring, so that a writable
 * socket has a slot, and half of what common cards hold.
 */
#define TX_BUFFER (44 << 10)

/*
 * Of segments, which the kernel doubles: seven of the longest, which take not
 * more than the other half, so that none waits behind the card while a frame
 * from the ring passes it; and to be received, forty that it has joined.
 */
#define TX_SEGMENTS (256 << 10)
#define RX_SEGMENTS (2 << 20)

bool net_iface_complete(const struct net_iface *i, struct nic_frame *f,
			struct offload *o)
{
	*o = (struct offload){ 0 };
	if (f->len < FRAME_MIN)
		return false;
	nic_frame_tag(f);
	if (i->segments)
		return vnet_read(&f->hdr, f->data, f->len, o);
	return f->hdr.gso_type == VIRTIO_NET_HDR_GSO_NONE &&
	       nic_frame_checksum(f);
}

bool net_iface_segment(struct net_card *card, const uint8_t *data, size_t len,
		       struct offload o)
{
	struct net_iface *i = event_owner(card, struct net_iface, card);
	int e = vnet_write(i->rx.fd, data, len, o, card->mtu);

	i->loop->syscalls++;
	i->full = e == -EAGAIN;
	card->writable = !i->full;
	card->failed += e < 0 && !i->full;
	return !i->full;
}

void net_iface_ready(struct net_iface *i, const struct event_source *source,
		     uint32_t events)
{
	int error;
	socklen_t size = sizeof(error);

	if (source == &i->rx && (events & EPOLLOUT) && i->full) {
		i->full = false;
		i->card.writable = true;
	}
	if (!(events & (EPOLLERR | EPOLLHUP)))
		return;
	i->loop->syscalls++;
	(void)getsockopt(source->fd, SOL_SOCKET, SO_ERROR, &error, &size);
}

void net_iface_watch(struct net_card *card, bool in, bool out)
{
	struct net_iface *i = event_owner(card, struct net_iface, card);

	/* Cannot fail: both descriptors are open. */
	(void)event_watch(i->loop, &i->rx,
			  (in ? EPOLLIN : 0u) |
				  (out && i->full ? EPOLLOUT : 0u));
	(void)event_watch(i->loop, &i->tx, out && !i->full ? EPOLLOUT : 0u);
}

static int set_buffer(int fd, int force, int option, int size)
{
	return setsockopt(fd, SOL_SOCKET, force, &size, sizeof(size)) < 0
		       ? setsockopt(fd, SOL_SOCKET, option, &size, sizeof(size))
		       : 0;
}

/* Have segments received and sent whole, as long as they can be here. */
static int take_segments(struct net_iface *i, int index, const char *name,
			 uint32_t max_segment)
{
	int e = iface_set_gro(index, max_segment - FRAME_OVERHEAD);

	if (e < 0)
		say("%s: segments stay longer than %u bytes: %s; such will be "
		    "dropped",
		    name, max_segment, strerror(-e));
	(void)set_buffer(i->rx.fd, SO_RCVBUFFORCE, SO_RCVBUF, RX_SEGMENTS);
	(void)set_buffer(i->rx.fd, SO_SNDBUFFORCE, SO_SNDBUF, TX_SEGMENTS);
	i->segments = true;
	return nic_packet_set(i->rx.fd, PACKET_COPY_THRESH, 1);
}

/* Set the MTU and the features, before the interface is up. */
static int prepare(int sock, const char *name, const struct net_config *c)
{
	unsigned int mtu = c->max_frame - FRAME_OVERHEAD;
	int e = features_off(sock, name, c->max_segment != 0);

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
		   const char *name, const struct net_config *c)
{
	int e = 0;

	i->loop = loop;
	i->card.writable = true;
	i->tx.fd = -1;
	i->rx.fd = nic_packet_receiver(index);
	if (i->rx.fd >= 0)
		i->tx.fd = nic_packet_transmitter(index, TX_BUFFER);
	if (i->tx.fd < 0)
		return i->rx.fd < 0 ? i->rx.fd : i->tx.fd;
	if (c->max_segment != 0)
		e = take_segments(i, index, name, c->max_segment);
	if (e == 0)
		e = prepare(i->tx.fd, name, c);
	if (e < 0)
		return e;
	i->card.mtu = (uint32_t)e;
	e = event_add(loop, &i->rx, EPOLLIN);
	return e < 0 ? e : event_add(loop, &i->tx, 0);
}
