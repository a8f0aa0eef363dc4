/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames between a virtual machine's rings and the switch: see vhost_user.h. */
#include <sys/syscall.h>

#include "vmm/linux/ports/open.h"
#include "vmm/linux/ports/vhost_user.h"

/* --- the device --------------------------------------------------------- */

static const char *ring_name(unsigned int ring)
{
	return ring == RING_RX ? "receive ring" : "transmit ring";
}

static struct vq *ring_vq(struct component *c, unsigned int ring)
{
	struct vhost_card *v = c->state;

	return ring == RING_RX ? &v->net.rx : &v->net.tx;
}

static uint64_t offers(const struct component *c)
{
	return virtio_net_offers(c->cfg->wire.offload) | NET_F_MTU;
}

static bool agree(struct component *c, uint64_t features)
{
	struct vhost_card *v = c->state;

	return virtio_net_agree(&v->net, features);
}

/* Tell the guest what was done. */
static void publish(struct component *c)
{
	struct vhost_card *v = c->state;
	bool rx, tx;

	virtio_net_publish(&v->net, &rx, &tx);
	if (rx)
		vhost_bell(c, RING_RX, VHOST_CALL);
	if (tx)
		vhost_bell(c, RING_TX, VHOST_CALL);
}

static void settled(struct component *c)
{
	struct vhost_card *v = c->state;

	v->net.rx_on = v->vhost.ring[RING_RX].served;
	v->net.tx_on = v->vhost.ring[RING_TX].served;
	/* Refused in between: there is nothing left to serve. */
	if (!v->vhost.peer.present)
		return;
	if (outside_set(c->outside,
			v->net.rx_on ? OUTSIDE_UP : OUTSIDE_NO_CARRIER))
		pd_log(c, v->net.rx_on ? "the guest's card is up"
				       : "the guest's card is down");
}

static const struct vhost_device card = {
	.rings = RINGS,
	.queues = 1, /* pair of rings */
	.protocol = VHOST_P_RARP | VHOST_P_MTU,
	.offers = offers,
	.agree = agree,
	.vq = ring_vq,
	.ring = ring_name,
	.publish = publish,
	.settled = settled,
};

static void begun(struct component *c)
{
	struct vhost_card *v = c->state;

	vhost_begun(c, &v->vhost);
}

static void ended(struct component *c)
{
	struct vhost_card *v = c->state;

	v->net.rx_on = v->net.tx_on = false;
	vhost_ended(c, &v->vhost);
}

/* A ring breaks the rules. */
static void broken(struct component *c, unsigned int ring)
{
	struct vhost_card *v = c->state;

	vhost_broken(c, &v->vhost, ring);
}

/* --- frames ------------------------------------------------------------- */

static unsigned int vhost_receive(struct component *c,
				  struct net_buffer *buffers,
				  unsigned int count)
{
	struct vhost_card *v = c->state;
	enum net_result end;
	unsigned int filled =
		virtio_net_take(&v->net, buffers, count, v->room, &end);

	if (end == NET_BROKEN)
		broken(c, RING_TX);
	v->pump.readable = end == NET_FRAME;
	return filled;
}

static unsigned int vhost_send(struct component *c,
			       const struct net_buffer *buffers,
			       unsigned int count)
{
	struct vhost_card *v = c->state;
	enum net_result end;
	unsigned int done = virtio_net_put(&v->net, buffers, count, &end);

	if (end == NET_BROKEN)
		broken(c, RING_RX);
	if (v->net.rx_on)
		return done;
	outside_dropped(c->outside, OUTSIDE_DROP_NOT_UP, count - done);
	return count;
}

/* The rings are asked for notifications in vhost_arm(). */
static void vhost_watch(struct component *c, bool in, bool out)
{
	(void)c;
	(void)in;
	(void)out;
}

static const struct pump_ops vhost_pump = {
	.receive = vhost_receive,
	.send = vhost_send,
	.watch = vhost_watch,
};

/* What the card has dropped, by the reasons that ports have. */
static void tell_drops(struct component *c)
{
	static const struct {
		enum outside_drop why;
		const char *text;
	} reasons[NET_COUNTS] = {
		[NET_BAD_LENGTH] = { OUTSIDE_DROP_OVERSIZE,
				     "the guest sent a frame of a length that "
				     "this port does not take: match the mtu "
				     "of port and guest" },
		[NET_BAD_OFFLOAD] = { OUTSIDE_DROP_OFFLOAD,
				      "the guest sent a frame whose header the "
				      "packet does not bear out" },
		[NET_NO_BUFFER] = { OUTSIDE_DROP_REFUSED,
				    "the guest's receive buffers are too small "
				    "or too few for a frame" },
	};
	struct vhost_card *v = c->state;

	for (unsigned int i = 0; i < NET_COUNTS; i++) {
		uint64_t n = v->net.count[i] - v->told[i];

		v->told[i] += n;
		if (n > 0)
			pump_drop(c, reasons[i].why, n, "%s", reasons[i].text);
	}
}

/* --- the component's operations ----------------------------------------- */

static int vhost_init(struct component *c)
{
	struct vhost_card *v = c->state;
	const struct sys_wire *w = &c->cfg->wire;
	int e = pump_init(c, &vhost_pump);

	if (e != 0)
		return e;
	v->vhost.device = &card;
	v->vhost.peer.begun = begun;
	v->vhost.peer.ended = ended;
	v->net.longest = w->max_frame;
	v->room = w->max_segment ? w->max_segment : w->max_frame;
	return peer_begin(c, &v->vhost.peer, c->cfg->socket.mode);
}

static void vhost_given(struct component *c, uint32_t what, int fd)
{
	struct vhost_card *v = c->state;

	(void)what;
	peer_given(c, &v->vhost.peer, fd);
}

static void vhost_fd_ready(struct component *c, unsigned int fd_index,
			   uint32_t events)
{
	struct vhost_card *v = c->state;

	if (peer_ready(c, &v->vhost.peer, fd_index, events)) {
		v->vhost.talk = true;
	} else if (fd_index == vhost_fd_at(RING_TX, VHOST_KICK)) {
		vq_disarm(&v->net.tx);
	} else if (fd_index == vhost_fd_at(RING_RX, VHOST_KICK)) {
		vq_disarm(&v->net.rx);
	}
}

static bool vhost_run(struct component *c, uint64_t now_ns)
{
	struct vhost_card *v = c->state;
	bool more;

	if (v->vhost.talk)
		v->vhost.talk = vhost_listen(c, &v->vhost);
	peer_answer(c, &v->vhost.peer);
	/* Looking costs little, and a domain that polls is not kicked. */
	v->pump.readable = v->net.tx_on;
	v->pump.writable = true;
	more = pump_run(c, now_ns);
	publish(c);
	tell_drops(c);
	return more || v->vhost.talk;
}

static bool vhost_arm(struct component *c)
{
	struct vhost_card *v = c->state;
	return pump_arm(c) ||
	       virtio_net_arm(&v->net, v->pump.watch_in, v->pump.watch_out);
}

static const int vhost_syscalls[] = { SYS_write,     SYS_sendmsg,
				      SYS_accept4,   SYS_getsockopt,
				      SYS_setitimer, -1 };

const struct component_ops vhost_user_ops = {
	.kind = SYS_VHOST_USER,
	.name = "vhost-user",
	.state_size = sizeof(struct vhost_card),
	.syscalls = vhost_syscalls,
	.spare_fds = RINGS * VHOST_RING_FDS + 2 * VHOST_FDS,
	.foreign_memory = true,
	.patient = true,
	.outside = true,
	.open = socket_open,
	.seek = socket_seek,
	.close = socket_close,
	.init = vhost_init,
	.given = vhost_given,
	.fd_ready = vhost_fd_ready,
	.run = vhost_run,
	.arm = vhost_arm,
};
