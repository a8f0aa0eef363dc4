/* SPDX-License-Identifier: BSD-2-Clause */
/* A network card by AF_PACKET, with rings: see net_packet.h. */
#include <errno.h>
#include <linux/if_packet.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "driver_vm/net_iface.h"
#include "driver_vm/net_packet.h"
#include "driver_vm/say.h"

/* --- receiving ----------------------------------------------------------- */

/* Read how many frames were dropped; that resets the kernel's count. */
static void count_lost(struct net_packet *p)
{
	struct tpacket_stats stats;
	socklen_t size = sizeof(stats);

	p->iface.loop->syscalls++;
	if (getsockopt(p->iface.rx.fd, SOL_PACKET, PACKET_STATISTICS, &stats,
		       &size) == 0)
		p->iface.card.lost += stats.tp_drops;
}

static unsigned int packet_receive(struct net_card *card,
				   const struct net_frame **frame)
{
	struct net_packet *p = event_owner(card, struct net_packet, iface.card);
	struct nic_frame f;
	enum nic_got got;
	unsigned int i;

	/* Frames seen before are complete already: a tag goes in once. */
	for (i = p->n_frames; i < NET_BATCH; i++) {
		struct net_frame *frame_i = &p->frame[i];

		got = nic_packet_peek(&p->packet, i, &f);
		if (got == NIC_NOTHING)
			break;
		if (f.losing)
			count_lost(p);
		*frame_i = (struct net_frame){ 0 };
		if (got == NIC_CUT ||
		    (f.data != NULL &&
		     !net_iface_complete(&p->iface, &f, &frame_i->offload)))
			continue;
		frame_i->data = f.data;
		frame_i->len = (uint32_t)f.len;
	}
	p->n_frames = i;
	*frame = p->frame;
	return i;
}

static bool packet_read(struct net_card *card, unsigned int index, uint8_t *to,
			struct net_frame *frame)
{
	struct net_packet *p = event_owner(card, struct net_packet, iface.card);
	size_t room = to != NULL ? p->max_segment : 0;
	struct nic_frame f;

	p->iface.loop->syscalls++;
	if (nic_packet_peek(&p->packet, index, &f) != NIC_FRAME ||
	    !nic_packet_read(&p->packet, &f, to != NULL ? to : p->packet.big,
			     room) ||
	    !net_iface_complete(&p->iface, &f, &frame->offload))
		return false;
	frame->data = f.data;
	frame->len = (uint32_t)f.len;
	return true;
}

static void packet_received(struct net_card *card, unsigned int count)
{
	struct net_packet *p = event_owner(card, struct net_packet, iface.card);

	for (unsigned int i = 0; i < count; i++)
		nic_packet_done(&p->packet);
	p->n_frames -= count;
	memmove(p->frame, p->frame + count, p->n_frames * sizeof(p->frame[0]));
}

/* --- sending ------------------------------------------------------------- */

static unsigned int packet_slots(struct net_card *card, uint8_t **slot,
				 unsigned int max)
{
	struct net_packet *p = event_owner(card, struct net_packet, iface.card);
	unsigned int i;

	for (i = 0; i < max; i++) {
		slot[i] = nic_packet_slot(&p->packet, i);
		if (slot[i] == NULL)
			break;
	}
	return i;
}

/* Make the kernel send what is in the ring. */
static void kick(struct net_packet *p)
{
	int e;

	p->iface.loop->syscalls++;
	e = nic_packet_kick(&p->packet);
	if (e == -ENOBUFS && p->bypass) {
		p->iface.loop->syscalls += 2;
		p->bypass = false;
		if (nic_packet_set(p->iface.tx.fd, PACKET_QDISC_BYPASS, 0) == 0)
			e = nic_packet_kick(&p->packet);
	}
	p->iface.card.writable = e != -EAGAIN;
	if (e != 0 && e != -EAGAIN)
		p->iface.card.failed += nic_packet_discard(&p->packet);
}

static void packet_send(struct net_card *card, const uint16_t *len,
			unsigned int count)
{
	struct net_packet *p = event_owner(card, struct net_packet, iface.card);

	for (unsigned int i = 0; i < count; i++) {
		/* The kernel silently skips those that are too long. */
		p->iface.card.failed +=
			!nic_frame_fits(nic_packet_slot(&p->packet, 0), len[i],
					p->iface.card.mtu);
		nic_packet_commit(&p->packet, len[i]);
	}
	kick(p);
}

/* --- events -------------------------------------------------------------- */

/* Frames are looked for whenever the loop has woken up. */
static void rx_ready(struct event_source *source, uint32_t events)
{
	struct net_packet *p = event_owner(source, struct net_packet, iface.rx);

	net_iface_ready(&p->iface, source, events);
}

static void tx_ready(struct event_source *source, uint32_t events)
{
	struct net_packet *p = event_owner(source, struct net_packet, iface.tx);

	net_iface_ready(&p->iface, source, events);
	kick(p);
}

/* --- opening ------------------------------------------------------------- */

static const struct net_card_ops packet_ops = {
	.receive = packet_receive,
	.read = packet_read,
	.received = packet_received,
	.slots = packet_slots,
	.send = packet_send,
	.segment = net_iface_segment,
	.watch = net_iface_watch,
};

static int open_card(struct net_packet *p, struct event_loop *loop, int index,
		     const char *name, const struct net_config *c)
{
	int e = net_iface_open(&p->iface, loop, index, name, c);
	int tx = p->iface.tx.fd;

	if (e < 0)
		return e;
	p->bypass = nic_packet_set(tx, PACKET_QDISC_BYPASS, 1) == 0;
	p->max_segment = c->max_segment;
	return nic_packet_init(&p->packet, p->iface.rx.fd, tx, c->max_frame);
}

int net_packet_open(struct net_packet *p, struct event_loop *loop, int index,
		    const char *name, const struct net_config *c)
{
	int e;

	*p = (struct net_packet){
		.iface = { .card.ops = &packet_ops,
			   .rx.ready = rx_ready,
			   .tx.ready = tx_ready },
	};
	e = open_card(p, loop, index, name, c);
	if (e < 0)
		say("%s cannot be opened as a network card: %s%s", name,
		    strerror(-e),
		    e == -ENOMEM ? "; weir_card=socket takes less memory" : "");
	return e;
}
