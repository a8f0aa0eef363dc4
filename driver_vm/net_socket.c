/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network card, one system call per frame: see net_socket.h.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "driver_vm/net_iface.h"
#include "driver_vm/net_socket.h"
#include "driver_vm/say.h"

/* Bytes the socket may hold; the kernel doubles it: hundreds of frames. */
#define RX_BUFFER (1 << 20)

/* --- receiving ----------------------------------------------------------- */

/* A frame's control messages: its tag, the count of dropped frames. */
static void read_control(struct net_socket *s, struct msghdr *msg,
			 struct nic_frame *f)
{
	struct tpacket_auxdata aux;
	uint32_t dropped;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL;
	     c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == SOL_SOCKET &&
		    c->cmsg_type == SO_RXQ_OVFL) {
			memcpy(&dropped, CMSG_DATA(c), sizeof(dropped));
			s->iface.card.lost += dropped - s->dropped;
			s->dropped = dropped;
		} else if (c->cmsg_level == SOL_PACKET &&
			   c->cmsg_type == PACKET_AUXDATA) {
			memcpy(&aux, CMSG_DATA(c), sizeof(aux));
			f->tagged = aux.tp_status & TP_STATUS_VLAN_VALID;
			f->tci = aux.tp_vlan_tci;
			f->tpid = ETH_P_8021Q;
			if (aux.tp_status & TP_STATUS_VLAN_TPID_VALID)
				f->tpid = aux.tp_vlan_tpid;
		}
	}
}

/* One frame, if there is one. */
static bool read_frame(struct net_socket *s)
{
	_Alignas(struct cmsghdr) char
		control[CMSG_SPACE(sizeof(struct tpacket_auxdata)) +
			CMSG_SPACE(sizeof(uint32_t))];
	struct nic_frame f = { .data = s->in + NET_SOCKET_HEAD };
	struct iovec iov[] = {
		{ &f.hdr, sizeof(f.hdr) },
		{ f.data, s->longest },
	};
	struct msghdr msg = {
		.msg_iov = iov,
		.msg_iovlen = 2,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(s->iface.rx.fd, &msg, 0);

	s->iface.loop->syscalls++;
	if (n < 0)
		return false;
	read_control(s, &msg, &f);
	s->frame = (struct net_frame){ 0 };
	if (n < (ssize_t)sizeof(f.hdr) || (msg.msg_flags & MSG_TRUNC))
		return true;
	f.len = (size_t)n - sizeof(f.hdr);
	if (net_iface_complete(&s->iface, &f, &s->frame.offload)) {
		s->frame.data = f.data;
		s->frame.len = (uint32_t)f.len;
	}
	return true;
}

static unsigned int socket_receive(struct net_card *card,
				   const struct net_frame **frame)
{
	struct net_socket *s = event_owner(card, struct net_socket, iface.card);

	if (!s->received && s->readable) {
		s->received = read_frame(s);
		s->readable = s->received;
	}
	*frame = &s->frame;
	return s->received;
}

static void socket_received(struct net_card *card, unsigned int count)
{
	struct net_socket *s = event_owner(card, struct net_socket, iface.card);

	if (count > 0)
		s->received = false;
}

/* --- sending ------------------------------------------------------------- */

static unsigned int socket_slots(struct net_card *card, uint8_t **slot,
				 unsigned int max)
{
	struct net_socket *s = event_owner(card, struct net_socket, iface.card);

	if (s->unsent > 0 || max == 0)
		return 0;
	slot[0] = s->out;
	return 1;
}

/* Send the frame; keep it if there is no room, drop it at an error. */
static void try_send(struct net_socket *s)
{
	ssize_t n = send(s->iface.tx.fd, s->out, s->unsent, 0);

	s->iface.loop->syscalls++;
	s->iface.card.writable = n >= 0 || errno != EAGAIN;
	if (!s->iface.card.writable)
		return;
	s->iface.card.failed += n < 0;
	s->unsent = 0;
}

static void socket_send(struct net_card *card, const uint16_t *len,
			unsigned int count)
{
	struct net_socket *s = event_owner(card, struct net_socket, iface.card);

	if (count == 0)
		return;
	s->unsent = len[0];
	try_send(s);
}

/* --- events -------------------------------------------------------------- */

static void rx_ready(struct event_source *source, uint32_t events)
{
	struct net_socket *s = event_owner(source, struct net_socket, iface.rx);

	net_iface_ready(&s->iface, source, events);
	s->readable = true;
}

static void tx_ready(struct event_source *source, uint32_t events)
{
	struct net_socket *s = event_owner(source, struct net_socket, iface.tx);

	net_iface_ready(&s->iface, source, events);
	if (s->unsent > 0)
		try_send(s);
}

/* --- opening ------------------------------------------------------------- */

static int start_receiving(struct net_socket *s, int index)
{
	const struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = index,
	};
	const int size = RX_BUFFER;
	const int one = 1;

	/* Beyond the system's limit if permitted; else up to it. */
	if (setsockopt(s->iface.rx.fd, SOL_SOCKET, SO_RCVBUFFORCE, &size,
		       sizeof(size)) < 0)
		(void)setsockopt(s->iface.rx.fd, SOL_SOCKET, SO_RCVBUF, &size,
				 sizeof(size));
	if (setsockopt(s->iface.rx.fd, SOL_SOCKET, SO_RXQ_OVFL, &one,
		       sizeof(one)) < 0 ||
	    nic_packet_set(s->iface.rx.fd, PACKET_AUXDATA, 1) < 0 ||
	    bind(s->iface.rx.fd, (const struct sockaddr *)&addr, sizeof(addr)) <
		    0)
		return -errno;
	return 0;
}

static const struct net_card_ops socket_ops = {
	.receive = socket_receive,
	.received = socket_received,
	.slots = socket_slots,
	.send = socket_send,
	.segment = net_iface_segment,
	.watch = net_iface_watch,
};

int net_socket_open(struct net_socket *s, struct event_loop *loop, int index,
		    const char *name, const struct net_config *c)
{
	int e = -EMSGSIZE;

	memset(s, 0, offsetof(struct net_socket, in));
	s->iface = (struct net_iface){ .card.ops = &socket_ops,
				       .rx.ready = rx_ready,
				       .tx.ready = tx_ready };
	s->longest = c->max_segment != 0 ? c->max_segment : c->max_frame;
	if (s->longest <= NET_SOCKET_FRAME)
		e = net_iface_open(&s->iface, loop, index, name, c);
	if (e == 0)
		e = start_receiving(s, index);
	if (e < 0)
		say("%s cannot be opened as a network card: %s", name,
		    strerror(-e));
	return e;
}
