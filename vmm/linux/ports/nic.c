/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * nic: a port that is an existing interface of the host or a network namespace.
 *
 * The interface remains the host's: weir makes it promiscuous and receives
 * everything, but so does the host's own stack.  An interface that is a
 * switch's port should have no addresses and be no member of a bridge.  With
 * `xdp` frames go by AF_XDP (nic_xdp.h), and past the stack.
 *
 *	kernel, card  ->  receive ring  ->  offload.c  ->  transmit buffer
 *	kernel, card  <-  transmit ring  <---------------  receive buffer
 *
 * Received frames are completed: a VLAN tag that the kernel has stripped is put
 * back, a checksum left to the hardware is computed, and a train of segments
 * (GSO, GRO) is cut into frames, a burst at a time if transmit buffers are
 * short.  But the switch gets a train as it is, a segment, unless there is
 * `offload off` or it cannot be described (base/offload.h); a long one is read
 * straight into the transmit buffer.  Segments from the switch leave one by one,
 * with a header that says what is left to do; other frames leave complete.
 *
 * While the interface is down or has no carrier, frames for it are dropped and
 * counted.  When it is deleted, unplugged or moved to another namespace, the PD
 * keeps running without it until the monitor has found it again and restarts
 * the PD with new sockets.  It is known by its number, so it may be renamed.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/linux/ports/nic.h"
#include "vmm/linux/ports/open.h"
#include "hostnet/offload.h"
#include "hostnet/vnet.h"
#include "base/frame.h"

/* --- what goes wrong ---------------------------------------------------- */

static void say_oversize(struct component *c, size_t len)
{
	const struct nic *n = c->state;

	pump_drop(
		c, OUTSIDE_DROP_OVERSIZE, 1,
		"%s received a frame of %zu bytes, this port takes %zu: match "
		"the mtu of port and interface",
		n->watch.name, len, n->max_frame);
}

static void say_cut(struct component *c)
{
	const struct nic *n = c->state;

	pump_drop(c, OUTSIDE_DROP_CUT, 1,
		  "%s: no room for frames that a sender has not segmented: if "
		  "this goes on, `ethtool -K SENDER tso off gso off`",
		  n->watch.name);
}

static void say_strange(struct component *c, const struct virtio_net_hdr *hdr)
{
	const struct nic *n = c->state;

	pump_drop(
		c, OUTSIDE_DROP_OFFLOAD, 1,
		"%s: a sender leaves work to the hardware that cannot be done "
		"here (kind %u): `ethtool -K SENDER tx off gso off`",
		n->watch.name, hdr->gso_type);
}

static void say_too_long(struct component *c, size_t len)
{
	const struct nic *n = c->state;

	pump_drop(c, OUTSIDE_DROP_MTU, 1,
		  "a frame of %zu bytes does not fit the mtu of %s, %u: match "
		  "the mtu of port and interface",
		  len, n->watch.name, n->watch.mtu);
}

static void nic_gone(struct component *c)
{
	struct nic *n = c->state;

	if (n->gone)
		return;
	n->gone = true;
	n->cutting = false;
	n->pump.readable = false;
	n->pump.writable = true;
	for (unsigned int i = 0; i < c->n_fds; i++)
		pd_watch(c, i, 0);
	/* If we were given no descriptors, the monitor has logged why. */
	if (outside_set(c->outside, OUTSIDE_GONE) && c->n_fds > 0)
		pd_log(c,
		       "interface %s is gone; the port waits for one called %s",
		       n->watch.name[0] != '\0' ? n->watch.name
						: c->cfg->nic.ifname,
		       c->cfg->nic.ifname);
}

void nic_unsent(struct component *c, unsigned int count, int error)
{
	const struct nic *n = c->state;

	if (error == ENXIO || error == ENODEV)
		nic_gone(c);
	if (count == 0)
		return;
	if (error == ENXIO || error == ENODEV || error == ENETDOWN) {
		outside_dropped(c->outside, OUTSIDE_DROP_NOT_UP, count);
		return;
	}
	pump_drop(c, OUTSIDE_DROP_REFUSED, count,
		  "interface %s did not take a frame: %s", n->watch.name,
		  strerror(error));
}

/* --- receiving ---------------------------------------------------------- */

/* May the switch have it as it is? It must be of a length it takes. */
static bool is_whole(struct component *c, struct nic_frame *f,
		     struct offload *o)
{
	const struct sys_wire *w = &c->cfg->wire;
	bool train = f->hdr.gso_type != VIRTIO_NET_HDR_GSO_NONE;

	if (!w->offload)
		return !train && nic_frame_checksum(f);
	return f->len <= (train ? w->max_segment : w->max_frame) &&
	       vnet_read(&f->hdr, f->data, f->len, o);
}

/* A train that does not go whole: copied, to be cut by the turns that follow */
static void take_train(struct component *c, struct nic_frame *f)
{
	struct nic *n = c->state;

	if (f->len <= NIC_BIG) {
		memcpy(n->copy, f->data, f->len);
		n->cutting = offload_begin(&n->train, &f->hdr, n->copy, f->len);
	}
	if (!n->cutting)
		say_strange(c, &f->hdr);
}

/* True if @b has the frame now. */
static bool take_frame(struct component *c, struct nic_frame *f,
		       struct net_buffer *b)
{
	const struct nic *n = c->state;
	bool train = f->hdr.gso_type != VIRTIO_NET_HDR_GSO_NONE;

	nic_frame_tag(f);
	if (!train && f->len > n->max_frame) {
		say_oversize(c, f->len);
	} else if (is_whole(c, f, &b->offload)) {
		if (f->data != b->data)
			memcpy(b->data, f->data, f->len);
		b->len = (uint16_t)f->len;
		return true;
	} else if (train) {
		take_train(c, f);
	} else {
		say_strange(c, &f->hdr);
	}
	return false;
}

/* The next segment of the train; true if @b has it. */
static bool cut_segment(struct component *c, struct net_buffer *b)
{
	struct nic *n = c->state;
	size_t len = offload_next(&n->train, b->data, n->max_frame);

	b->offload = (struct offload){ 0 };
	if (len > 0) {
		b->len = (uint16_t)len;
		return true;
	}
	n->cutting = false;
	if (n->train.headers + n->train.done < n->train.len)
		say_oversize(c, n->train.headers + n->train.mss);
	return false;
}

/* A long one that fits goes straight into the transmit buffer. */
static enum nic_got peek(struct component *c, struct nic_frame *f, uint8_t *to)
{
	struct nic *n = c->state;
	size_t room = c->cfg->wire.max_segment;
	enum nic_got got;

	if (n->xdp != NULL)
		return nic_xdp_peek(n->xdp, f) ? NIC_FRAME : NIC_NOTHING;
	got = nic_packet_peek(&n->packet, 0, f);
	if (got != NIC_FRAME || f->data != NULL)
		return got;
	if (f->len + FRAME_TAG > room) {
		to = n->packet.big;
		room = NIC_BIG;
	}
	return nic_packet_read(&n->packet, f, to, room) ? NIC_FRAME : NIC_CUT;
}

/* The oldest frame of the ring; true if @b has one now. */
static bool take_next(struct component *c, struct net_buffer *b)
{
	struct nic *n = c->state;
	struct nic_frame f;
	enum nic_got got;
	bool filled = false;

	got = peek(c, &f, b->data);
	if (got == NIC_NOTHING) {
		n->pump.readable = false;
		return false;
	}
	if (got == NIC_CUT || f.len < FRAME_MIN)
		say_cut(c);
	else
		filled = take_frame(c, &f, b);
	if (n->xdp != NULL)
		nic_xdp_done(n->xdp);
	else
		nic_packet_done(&n->packet);
	return filled;
}

static unsigned int nic_receive(struct component *c, struct net_buffer *buffers,
				unsigned int count)
{
	struct nic *n = c->state;
	unsigned int filled = 0;

	/* Each turn looks at one frame or cuts one segment. */
	for (unsigned int i = 0; i < count && n->pump.readable; i++) {
		struct net_buffer *b = &buffers[filled];

		if (n->cutting ? cut_segment(c, b) : take_next(c, b))
			filled++;
	}
	return filled;
}

/* --- sending ------------------------------------------------------------ */

/* Make the kernel send what is in the ring; false if only later. */
static bool kick(struct component *c)
{
	struct nic *n = c->state;
	int e;

	if (n->xdp != NULL)
		return nic_by_xdp_kick(c);
	e = nic_packet_kick(&n->packet);
	if (e == -EAGAIN)
		return false;
	if (e < 0)
		nic_unsent(c, nic_packet_discard(&n->packet), -e);
	return true;
}

static bool put(struct nic *n, const struct net_buffer *b)
{
	return n->xdp != NULL ? nic_xdp_put(n->xdp, b->data, b->len)
			      : nic_packet_put(&n->packet, b->data, b->len);
}

/* A frame whose checksum is left to us: into a slot, and there completed. */
static bool put_complete(struct component *c, const struct net_buffer *b)
{
	struct nic *n = c->state;
	struct offload_place at;
	struct offload o = b->offload;
	uint8_t *slot = nic_packet_slot(&n->packet, 0);

	if (slot == NULL)
		return false;
	memcpy(slot, b->data, b->len);
	if (offload_locate(slot, b->len, &o, &at) &&
	    offload_checksum(slot, b->len, at.l4, at.field - at.l4))
		nic_packet_commit(&n->packet, b->len);
	else
		nic_unsent(c, 1, EINVAL);
	return true;
}

/* A segment does not fit into a slot.  What is in the ring goes before it. */
static bool send_segment(struct component *c, const struct net_buffer *b)
{
	struct nic *n = c->state;
	int e;

	if (!kick(c))
		return false;
	e = vnet_write(c->fd[NIC_RX], b->data, b->len, b->offload,
		       n->watch.mtu);
	n->full = e == -EAGAIN;
	if (e == -EMSGSIZE)
		say_too_long(c, b->len);
	else if (e < 0 && !n->full)
		nic_unsent(c, 1, -e);
	return !n->full;
}

/* False if there is no room now. */
static bool send_frame(struct component *c, const struct net_buffer *b)
{
	struct nic *n = c->state;

	if (b->offload.segment != 0)
		return send_segment(c, b);
	if (!nic_frame_fits(b->data, b->len, n->watch.mtu)) {
		say_too_long(c, b->len);
		return true;
	}
	if (offload_any(b->offload))
		return put_complete(c, b);
	return put(n, b);
}

static unsigned int nic_send(struct component *c,
			     const struct net_buffer *buffers,
			     unsigned int count)
{
	struct nic *n = c->state;
	unsigned int i;

	/* Without a carrier the kernel would drop them without counting. */
	if (!outside_is(c->outside, OUTSIDE_UP)) {
		outside_dropped(c->outside, OUTSIDE_DROP_NOT_UP, count);
		return count;
	}
	n->full = false;
	for (i = 0; i < count && send_frame(c, &buffers[i]); i++)
		;
	n->pump.writable = kick(c) && !n->full;
	return i;
}

/* --- the component's operations ----------------------------------------- */

static void nic_watch(struct component *c, bool in, bool out)
{
	const struct nic *n = c->state;

	if (n->gone)
		return;
	if (n->xdp != NULL) {
		nic_by_xdp_watch(c, in);
		return;
	}
	pd_watch(c, NIC_RX,
		 (in ? EPOLLIN : 0u) | (out && n->full ? EPOLLOUT : 0u));
	pd_watch(c, NIC_TX, out && !n->full ? EPOLLOUT : 0u);
}

static const struct pump_ops nic_pump = {
	.receive = nic_receive,
	.send = nic_send,
	.watch = nic_watch,
};

/* Number of the interface, 0 if there is none (any more). */
static int interface_of(const struct component *c)
{
	struct sockaddr_ll addr = { 0 };
	socklen_t size = sizeof(addr);

	if (c->n_fds < NIC_FDS ||
	    getsockname(c->fd[NIC_TX], (struct sockaddr *)&addr, &size) < 0 ||
	    addr.sll_ifindex <= 0)
		return 0;
	return addr.sll_ifindex;
}

static void check_master(struct component *c)
{
	const struct nic *n = c->state;
	char master[IFNAMSIZ];

	if (iface_watch_master(&n->watch, c, master))
		pd_log(c,
		       "warning: interface %s is a member of %s, which takes "
		       "and sends frames there as well: `ip link set %s "
		       "nomaster`",
		       n->watch.name, master, n->watch.name);
}

static int init_rings(struct component *c)
{
	struct nic *n = c->state;
	int e = 0;

	if (c->n_fds > NIC_XDP)
		e = nic_by_xdp_init(c);
	if (e < 0 || n->xdp != NULL)
		return e;
	e = nic_packet_init(&n->packet, c->fd[NIC_RX], c->fd[NIC_TX],
			    n->max_frame);
	outside_shares(c->outside, nic_packet_size(&n->packet));
	return e;
}

static int nic_init(struct component *c)
{
	struct nic *n = c->state;
	int index = interface_of(c);
	int e = pump_init(c, &nic_pump);

	if (e < 0)
		return e;
	n->max_frame = c->cfg->wire.max_frame;
	n->copy = malloc(NIC_BIG);
	if (n->copy == NULL)
		return -ENOMEM;
	if (index != 0)
		iface_watch_init(&n->watch, c, NIC_WATCH, index,
				 c->cfg->nic.ifname);
	if (index == 0 || n->watch.lost) {
		nic_gone(c);
		return 0;
	}
	check_master(c);
	e = init_rings(c);
	/* It may have gone just now. */
	if (e == -ENODEV || e == -ENXIO)
		nic_gone(c);
	return n->gone ? 0 : e;
}

/*
 * EPOLLERR: the interface went down, or is gone.  Reading clears the socket's
 * error; an empty transmission tells which it is.
 */
static void interface_lost(struct component *c, unsigned int fd_index)
{
	struct nic *n = c->state;
	uint8_t byte;

	if (read(c->fd[fd_index], &byte, sizeof(byte)) < 0)
		n->pump.writable = kick(c);
}

static void nic_fd_ready(struct component *c, unsigned int fd_index,
			 uint32_t events)
{
	struct nic *n = c->state;

	if (fd_index == NIC_WATCH) {
		iface_watch_ready(&n->watch, c);
		if (n->watch.lost)
			nic_gone(c);
		return;
	}
	if (events & (EPOLLERR | EPOLLHUP))
		interface_lost(c, fd_index);
	if (n->gone)
		return;
	if ((fd_index == NIC_RX && (events & EPOLLIN)) || fd_index >= NIC_XDP)
		n->pump.readable = true;
	if (events & EPOLLOUT)
		n->pump.writable = kick(c);
}

static bool nic_run(struct component *c, uint64_t now_ns)
{
	const struct nic *n = c->state;

	if (n->xdp != NULL)
		nic_by_xdp_run(c);
	return pump_run(c, now_ns);
}

/* write() of nothing kicks the ring; read() takes frames longer than a slot. */
static const int nic_syscalls[] = { IFACE_WATCH_SYSCALLS, SYS_write, SYS_readv,
				    SYS_writev, -1 };
static const unsigned long nic_ioctls[] = { IFACE_WATCH_IOCTLS, 0 };

const struct component_ops nic_ops = {
	.kind = SYS_NIC,
	.name = "nic",
	.state_size = sizeof(struct nic),
	.syscalls = nic_syscalls,
	.ioctls = nic_ioctls,
	.outside = true,
	.open = nic_open,
	.seek = nic_seek,
	.start = nic_xdp_start,
	.init = nic_init,
	.fd_ready = nic_fd_ready,
	.run = nic_run,
	.arm = pump_arm,
};
