/* SPDX-License-Identifier: BSD-2-Clause */
/* Frames between a virtual machine's rings and the switch: see vhost_user.h. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "vmm/linux/ports/open.h"
#include "vmm/linux/ports/vhost_user.h"

/* An eventfd that takes no "1" for so long ends this process. */
#define PATIENCE_S 5

/* --- rings that work, and rings that do not -------------------------------- */

/* For messages. */
static const char *ring_name(unsigned int ring)
{
	return ring == RING_RX ? "receive ring" : "transmit ring";
}

static const char *const setup_texts[] = {
	[VQ_BAD_SIZE] = "it has no size a ring can have",
	[VQ_BAD_ALIGNMENT] = "it is not aligned",
	[VQ_BAD_PLACE] = "it is not in the guest's memory",
	[VQ_BAD_START] = "it is to go on where it has no slot",
};

static int ring_fd(const struct component *c, unsigned int ring,
		   enum vhost_fd what)
{
	unsigned int at = vhost_fd_at(ring, what);

	return at < c->n_fds ? c->fd[at] : -1;
}

/*
 * Write to an eventfd of the front-end's.  It waits if the counter is full, and
 * nothing a process can set prevents that, because the front-end can set it
 * back.  The timer's signal is not handled.
 */
static void ring_bell(struct component *c, unsigned int ring,
		      enum vhost_fd what)
{
	static const struct itimerval bound = { .it_value.tv_sec = PATIENCE_S };
	static const struct itimerval off;
	static const uint64_t one = 1;
	int fd = ring_fd(c, ring, what);

	if (fd < 0)
		return;
	setitimer(ITIMER_REAL, &bound, NULL);
	(void)!write(fd, &one, sizeof(one));
	setitimer(ITIMER_REAL, &off, NULL);
}

/* Tell the guest what was done. */
static void publish(struct component *c)
{
	struct vhost *v = c->state;
	bool rx, tx;

	virtio_net_publish(&v->net, &rx, &tx);
	if (rx)
		ring_bell(c, RING_RX, VHOST_CALL);
	if (tx)
		ring_bell(c, RING_TX, VHOST_CALL);
}

void vhost_halt(struct component *c, unsigned int ring)
{
	struct vhost *v = c->state;
	struct vhost_ring *r = &v->ring[ring];

	if (!r->started)
		return;
	publish(c);
	vq_where(vhost_vq(v, ring), &r->config.next, &r->config.used);
	r->started = false;
}

static void start(struct component *c, unsigned int ring)
{
	struct vhost *v = c->state;
	struct vhost_ring *r = &v->ring[ring];
	enum vq_setup why = VQ_BAD_PLACE;

	r->config.features = v->features;
	if (vhost_guest_address(v, r->desc, &r->config.desc) &&
	    vhost_guest_address(v, r->driver, &r->config.driver) &&
	    vhost_guest_address(v, r->device, &r->config.device))
		why = vq_start(vhost_vq(v, ring), &v->memory, &r->config);
	r->started = why == VQ_STARTED;
	if (r->started)
		return;
	/* Until the front-end says something new of it. */
	r->placed = false;
	pd_log(c, "the guest's %s cannot be used: %s", ring_name(ring),
	       setup_texts[why]);
}

/* Return: whether the ring is served. */
static bool settle(struct component *c, unsigned int ring)
{
	struct vhost *v = c->state;
	struct vhost_ring *r = &v->ring[ring];
	unsigned int kick = vhost_fd_at(ring, VHOST_KICK);
	bool on;

	if (!r->started && v->agreed && r->placed && r->kick && v->regions > 0)
		start(c, ring);
	on = r->started && r->enabled;
	if (!pd_watch(c, kick, on ? EPOLLIN | EPOLLET : 0) && on &&
	    ring_fd(c, ring, VHOST_KICK) >= 0)
		vhost_refuse(c, "it gave no eventfd for the %s",
			     ring_name(ring));
	return on && r->started;
}

void vhost_refresh(struct component *c)
{
	struct vhost *v = c->state;

	v->net.rx_on = settle(c, RING_RX);
	v->net.tx_on = settle(c, RING_TX);
	/* Refused in between: there is nothing left to serve. */
	if (!v->peer.present)
		return;
	if (outside_set(c->outside,
			v->net.rx_on ? OUTSIDE_UP : OUTSIDE_NO_CARRIER))
		pd_log(c, v->net.rx_on ? "the guest's card is up"
				       : "the guest's card is down");
}

/* A ring breaks the rules: it rests until the front-end starts it again. */
static void broken(struct component *c, unsigned int ring)
{
	struct vhost *v = c->state;

	pd_log(c,
	       "the guest broke the rules of its %s (fault %u): the ring "
	       "rests until its driver starts it again",
	       ring_name(ring), vhost_vq(v, ring)->fault);
	vhost_halt(c, ring);
	ring_bell(c, ring, VHOST_ERR);
	v->ring[ring].kick = false;
	vhost_refresh(c);
}

/* --- the front-end --------------------------------------------------------- */

uint64_t vhost_offers(const struct component *c)
{
	return virtio_net_offers(c->cfg->wire.offload) | NET_F_MTU;
}

static void begun(struct component *c)
{
	struct vhost *v = c->state;

	v->talk = true;
	v->peer.watched = EPOLLIN;
	/* Not "no peer", for which the monitor would connect again. */
	outside_set(c->outside, OUTSIDE_NO_CARRIER);
}

static void ended(struct component *c)
{
	struct vhost *v = c->state;

	for (unsigned int i = 0; i < RINGS; i++) {
		v->ring[i] = (struct vhost_ring){ .started = false };
		for (unsigned int k = 0; k < VHOST_RING_FDS; k++)
			pd_replace_fd(c, vhost_fd_at(i, k), -1);
	}
	v->net.rx_on = v->net.tx_on = false;
	v->features = v->protocol = v->status = 0;
	v->agreed = v->talk = false;
	vhost_unmap(v);
	outside_shares(c->outside, 0);
	vhost_forget(v);
}

void vhost_refuse(struct component *c, const char *format, ...)
{
	struct vhost *v = c->state;
	char text[200];
	va_list args;

	if (!v->peer.present)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	peer_end(c, &v->peer);
	pd_log(c, "the front-end was disconnected: %s", text);
}

/* --- frames ---------------------------------------------------------------- */

static unsigned int vhost_receive(struct component *c,
				  struct net_buffer *buffers,
				  unsigned int count)
{
	struct vhost *v = c->state;
	unsigned int filled = 0;

	for (unsigned int i = 0; i < count; i++) {
		struct net_buffer *b = &buffers[filled];
		uint32_t len = 0;

		switch (virtio_net_take(&v->net, b->data, v->room, &len,
					&b->offload)) {
		case NET_FRAME:
			b->len = (uint16_t)len;
			filled++;
			break;
		case NET_DROPPED:
			break;
		case NET_BROKEN:
			broken(c, RING_TX);
			/* fall through */
		case NET_NONE:
			v->pump.readable = false;
			return filled;
		}
	}
	return filled;
}

static unsigned int vhost_send(struct component *c,
			       const struct net_buffer *buffers,
			       unsigned int count)
{
	struct vhost *v = c->state;

	for (unsigned int i = 0; i < count; i++) {
		const struct net_buffer *b = &buffers[i];
		enum net_result result = NET_NONE;

		if (v->net.rx_on)
			result = virtio_net_put(&v->net, b->data, b->len,
						b->offload);
		if (result == NET_BROKEN)
			broken(c, RING_RX);
		if (v->net.rx_on && result == NET_NONE)
			return i;
		if (!v->net.rx_on) {
			outside_dropped(c->outside, OUTSIDE_DROP_NOT_UP,
					count - i);
			return count;
		}
	}
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
	struct vhost *v = c->state;

	for (unsigned int i = 0; i < NET_COUNTS; i++) {
		uint64_t n = v->net.count[i] - v->told[i];

		v->told[i] += n;
		if (n > 0)
			pump_drop(c, reasons[i].why, n, "%s", reasons[i].text);
	}
}

/* --- the component's operations ------------------------------------------- */

static int vhost_init(struct component *c)
{
	struct vhost *v = c->state;
	const struct sys_wire *w = &c->cfg->wire;
	int e = pump_init(c, &vhost_pump);

	if (e != 0)
		return e;
	v->peer.begun = begun;
	v->peer.ended = ended;
	v->net.longest = w->max_frame;
	v->room = w->max_segment ? w->max_segment : w->max_frame;
	return peer_begin(c, &v->peer,
			  c->cfg->socket.mode == SYS_SOCKET_LISTEN);
}

static void vhost_given(struct component *c, uint32_t what, int fd)
{
	struct vhost *v = c->state;

	(void)what;
	peer_given(c, &v->peer, fd);
}

static void vhost_fd_ready(struct component *c, unsigned int fd_index,
			   uint32_t events)
{
	struct vhost *v = c->state;

	if (peer_ready(c, &v->peer, fd_index, events)) {
		v->talk = true;
	} else if (fd_index == vhost_fd_at(RING_TX, VHOST_KICK)) {
		vq_disarm(&v->net.tx);
	} else if (fd_index == vhost_fd_at(RING_RX, VHOST_KICK)) {
		vq_disarm(&v->net.rx);
	}
}

static bool vhost_run(struct component *c, uint64_t now_ns)
{
	struct vhost *v = c->state;
	bool more;

	if (v->talk)
		v->talk = vhost_listen(c);
	peer_answer(c, &v->peer);
	/* Looking costs little, and a domain that polls is not kicked. */
	v->pump.readable = v->net.tx_on;
	v->pump.writable = true;
	more = pump_run(c, now_ns);
	publish(c);
	tell_drops(c);
	return more || v->talk;
}

static bool vhost_arm(struct component *c)
{
	struct vhost *v = c->state;
	return pump_arm(c) ||
	       virtio_net_arm(&v->net, v->pump.watch_in, v->pump.watch_out);
}

static const int vhost_syscalls[] = { SYS_write, SYS_accept4, SYS_getsockopt,
				      SYS_setitimer, -1 };

const struct component_ops vhost_user_ops = {
	.kind = SYS_VHOST_USER,
	.name = "vhost-user",
	.state_size = sizeof(struct vhost),
	.syscalls = vhost_syscalls,
	.spare_fds = RINGS * VHOST_RING_FDS + 2 * VHOST_FDS,
	.foreign_memory = true,
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
