/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network card by way of AF_PACKET: see net_packet.h.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driver_vm/features.h"
#include "driver_vm/net_packet.h"
#include "driver_vm/say.h"
#include "vmm/linux/ports/iface.h"
#include "vmm/linux/ports/offload.h"
#include "vswitch/frame.h"

#define VLAN_TAG 4u
/* Where a frame's type, or its tag, is: behind the addresses. */
#define TYPE_AT 12u
#define ETHERNET_HEADER 14u

/*
 * Octets in flight to the card; the kernel doubles it and counts 700 or more
 * for each frame, and so there are fewer than 128: half the slots of the ring,
 * so that a writable socket has a slot, and half of what common cards hold.
 */
#define TX_BUFFER (44 << 10)

_Static_assert(NIC_HEADROOM >= VLAN_TAG, "a tag goes in front of a frame");

/* --- receiving ----------------------------------------------------------- */

/* Ask how many frames were dropped; the kernel starts counting anew. */
static void count_lost(struct net_packet *p)
{
	struct tpacket_stats stats;
	socklen_t size = sizeof(stats);

	p->loop->syscalls++;
	if (getsockopt(p->rx.fd, SOL_PACKET, PACKET_STATISTICS, &stats,
		       &size) == 0)
		p->card.lost += stats.tp_drops;
}

/* Put the tag back: the addresses make room for it. */
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

/* Whether the frame is as it was on the wire now. */
static bool complete(struct nic_frame *f)
{
	if (f->len < FRAME_MIN || f->hdr.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		return false;
	if (f->tagged)
		insert_tag(f);
	return !(f->hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) ||
	       offload_checksum(f->data, f->len, f->hdr.csum_start,
				f->hdr.csum_offset);
}

static unsigned int packet_receive(struct net_card *card,
				   const struct net_frame **frame)
{
	struct net_packet *p = event_owner(card, struct net_packet, card);
	struct nic_frame f;
	enum nic_got got;
	unsigned int i;

	/* Those looked at before are complete: a tag goes in once. */
	for (i = p->n_frames; i < NET_BATCH; i++) {
		got = nic_packet_peek(&p->packet, i, &f);
		if (got == NIC_NOTHING)
			break;
		if (f.losing)
			count_lost(p);
		if (got == NIC_FRAME && complete(&f))
			p->frame[i] =
				(struct net_frame){ f.data, (uint32_t)f.len };
		else
			p->frame[i] = (struct net_frame){ 0 };
	}
	p->n_frames = i;
	*frame = p->frame;
	return i;
}

static void packet_received(struct net_card *card, unsigned int count)
{
	struct net_packet *p = event_owner(card, struct net_packet, card);

	for (unsigned int i = 0; i < count; i++)
		nic_packet_done(&p->packet);
	p->n_frames -= count;
	memmove(p->frame, p->frame + count, p->n_frames * sizeof(p->frame[0]));
}

/* --- sending ------------------------------------------------------------- */

static unsigned int packet_slots(struct net_card *card, uint8_t **slot,
				 unsigned int max)
{
	struct net_packet *p = event_owner(card, struct net_packet, card);
	unsigned int i;

	for (i = 0; i < max; i++) {
		slot[i] = nic_packet_slot(&p->packet, i);
		if (slot[i] == NULL)
			break;
	}
	return i;
}

static int set(int fd, int option, int value)
{
	return setsockopt(fd, SOL_PACKET, option, &value, sizeof(value));
}

/* Have the kernel take what is in the ring. */
static void kick(struct net_packet *p)
{
	int e;

	p->loop->syscalls++;
	e = nic_packet_kick(&p->packet);
	if (e == -ENOBUFS && p->bypass) {
		p->loop->syscalls += 2;
		p->bypass = false;
		if (set(p->tx.fd, PACKET_QDISC_BYPASS, 0) == 0)
			e = nic_packet_kick(&p->packet);
	}
	p->card.writable = e != -EAGAIN;
	if (e != 0 && e != -EAGAIN)
		p->card.failed += nic_packet_discard(&p->packet);
}

/*
 * The kernel passes over, without a word, what is longer than its interface
 * takes; a tag does not count.
 */
static bool too_long(struct net_packet *p, uint16_t len)
{
	if (len <= p->mtu + ETHERNET_HEADER)
		return false;
	return len > p->mtu + ETHERNET_HEADER + VLAN_TAG ||
	       frame_be16(nic_packet_slot(&p->packet, 0) + TYPE_AT) !=
		       FRAME_TPID_C;
}

static void packet_send(struct net_card *card, const uint16_t *len,
			unsigned int count)
{
	struct net_packet *p = event_owner(card, struct net_packet, card);

	for (unsigned int i = 0; i < count; i++) {
		p->card.failed += too_long(p, len[i]);
		nic_packet_commit(&p->packet, len[i]);
	}
	kick(p);
}

/* --- events -------------------------------------------------------------- */

static void packet_watch(struct net_card *card, bool in, bool out)
{
	struct net_packet *p = event_owner(card, struct net_packet, card);

	/* Neither descriptor can have gone. */
	(void)event_watch(p->loop, &p->rx, in ? EPOLLIN : 0u);
	(void)event_watch(p->loop, &p->tx, out ? EPOLLOUT : 0u);
}

/* An interface that went down: reading takes the error off the socket. */
static void clear_error(struct net_packet *p, int fd)
{
	int error;
	socklen_t size = sizeof(error);

	p->loop->syscalls++;
	(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
}

/* Frames are looked for whenever the loop has woken up. */
static void rx_ready(struct event_source *source, uint32_t events)
{
	struct net_packet *p = event_owner(source, struct net_packet, rx);

	if (events & (EPOLLERR | EPOLLHUP))
		clear_error(p, source->fd);
}

static void tx_ready(struct event_source *source, uint32_t events)
{
	struct net_packet *p = event_owner(source, struct net_packet, tx);

	if (events & (EPOLLERR | EPOLLHUP))
		clear_error(p, source->fd);
	kick(p);
}

/* --- opening ------------------------------------------------------------- */

static int packet_socket(int index)
{
	const struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_ifindex = index,
	};
	/* Protocol 0 receives nothing; nic_packet_init() changes that. */
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (set(fd, PACKET_VERSION, TPACKET_V2) == 0 &&
	    bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	index = -errno;
	close(fd);
	return index;
}

static int receiver(struct net_packet *p, int index)
{
	const struct packet_mreq promiscuous = {
		.mr_ifindex = index,
		.mr_type = PACKET_MR_PROMISC,
	};

	p->rx.fd = packet_socket(index);
	if (p->rx.fd < 0)
		return p->rx.fd;
	if (set(p->rx.fd, PACKET_VNET_HDR, 1) < 0 ||
	    set(p->rx.fd, PACKET_IGNORE_OUTGOING, 1) < 0 ||
	    setsockopt(p->rx.fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP,
		       &promiscuous, sizeof(promiscuous)) < 0)
		return -errno;
	return 0;
}

static int transmitter(struct net_packet *p, int index)
{
	const int size = TX_BUFFER;

	p->tx.fd = packet_socket(index);
	if (p->tx.fd < 0)
		return p->tx.fd;
	/* A frame the interface does not take is passed over, not in the way of
	 * those behind it. */
	if (set(p->tx.fd, PACKET_LOSS, 1) < 0 ||
	    setsockopt(p->tx.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) <
		    0)
		return -errno;
	p->bypass = set(p->tx.fd, PACKET_QDISC_BYPASS, 1) == 0;
	return 0;
}

/* The MTU and what else an interface is made to be before it is up. */
static int prepare(struct net_packet *p, const char *name, uint32_t max_frame)
{
	unsigned int mtu = max_frame - FRAME_OVERHEAD;
	int e = features_off(p->tx.fd, name);

	if (e < 0)
		say("%s: cannot keep received frames apart (GRO): %s; those put together will be dropped",
		    name, strerror(-e));
	e = iface_mtu(p->tx.fd, name);
	if (e >= 0 && (unsigned int)e != mtu &&
	    iface_set_mtu(p->tx.fd, name, mtu) < 0)
		say("%s: its mtu stays %d, the port's is %u: longer frames will be dropped",
		    name, e, mtu);
	e = iface_mtu(p->tx.fd, name);
	if (e < 0)
		return e;
	p->mtu = (uint32_t)e;
	return iface_up(p->tx.fd, name);
}

static const struct net_card_ops packet_ops = {
	.receive = packet_receive,
	.received = packet_received,
	.slots = packet_slots,
	.send = packet_send,
	.watch = packet_watch,
};

static int open_card(struct net_packet *p, int index, const char *name,
		     uint32_t max_frame)
{
	int e = receiver(p, index);

	if (e == 0)
		e = transmitter(p, index);
	if (e == 0)
		e = prepare(p, name, max_frame);
	if (e == 0)
		e = nic_packet_init(&p->packet, p->rx.fd, p->tx.fd, max_frame);
	if (e == 0)
		e = event_add(p->loop, &p->rx, EPOLLIN);
	if (e == 0)
		e = event_add(p->loop, &p->tx, 0);
	return e;
}

int net_packet_open(struct net_packet *p, struct event_loop *loop, int index,
		    const char *name, uint32_t max_frame)
{
	int e;

	*p = (struct net_packet){
		.card = { .ops = &packet_ops, .writable = true },
		.loop = loop,
		.rx = { .fd = -1, .ready = rx_ready },
		.tx = { .fd = -1, .ready = tx_ready },
	};
	e = open_card(p, index, name, max_frame);
	if (e < 0)
		say("%s cannot be opened as a network card: %s", name,
		    strerror(-e));
	return e;
}
