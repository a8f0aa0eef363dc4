/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap: a switch port that is a TAP interface of the host, or of a network
 * namespace.
 *
 * open() makes the interface, in the monitor.  It exists as long as somebody
 * has its descriptor, so it goes away with the monitor however that ends.  A
 * persistent TAP (`ip tuntap add`) that nobody uses is used as it is, with its
 * addresses, and stays.  Any other existing interface is refused: its addresses
 * and routes were meant for something else.
 *
 * Frames are read straight into transmit buffers and written straight from
 * receive buffers, one system call each; TUN cannot move several at once.  So
 * segments cross whole: with IFF_VNET_HDR the driver offers the stack offloads,
 * and says with each frame what is left to do (hostnet/vnet.h).  With `offload
 * off` the stack completes checksums and cuts segments before a frame reaches
 * us.
 *
 * While the interface is down, frames for it are dropped and counted.  When it
 * is deleted, the port waits until the monitor has made it again and starts the
 * PD with a new descriptor.  When it is moved to another namespace, frames
 * flow, but its state cannot be seen from here.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hostnet/iface.h"
#include "hostnet/vnet.h"
#include "vmm/linux/error.h"
#include "vmm/linux/ports/iface_watch.h"
#include "vmm/linux/ports/pump.h"
#include "vmm/linux/ports/open.h"
#include "base/frame.h"

/* State of a tap component. */
struct tap {
	struct pump pump; /* the switch side */
	bool vnet;	  /* a header precedes each frame */
	struct iface_watch watch;
	/* it is no more; the descriptors, if there are any, are dead */
	bool gone;
};

static void tap_gone(struct component *c)
{
	struct tap *t = c->state;

	if (t->gone)
		return;
	t->gone = true;
	t->pump.readable = false;
	t->pump.writable = true;
	for (unsigned int i = 0; i < c->n_fds; i++)
		pd_watch(c, i, 0);
	/* If we were given no descriptors, the monitor has logged why. */
	if (outside_set(c->outside, OUTSIDE_GONE) && c->n_fds > 0)
		pd_log(c, "interface %s is gone",
		       t->watch.name[0] != '\0' ? t->watch.name
						: c->cfg->tap.ifname);
}

/* readv() or write() failed: has the interface been deleted? */
static void check_gone(struct component *c, int error)
{
	if (error == EBADFD)
		tap_gone(c);
}

/*
 * Read a frame; the length, or 0 if there is none.  A buffer has room for one
 * byte more than may be, so that frames that are too long show.
 */
static size_t read_frame(struct component *c, struct net_buffer *b,
			 struct virtio_net_hdr *h)
{
	const struct sys_wire *w = &c->cfg->wire;
	const struct tap *t = c->state;
	const struct iovec iov[] = { { h, sizeof(*h) },
				     { b->data, w->max_segment + 1 } };
	ssize_t n;

	if (t->vnet)
		n = readv(c->fd[TAP_DEVICE], iov, 2) - (ssize_t)sizeof(*h);
	else
		n = read(c->fd[TAP_DEVICE], b->data, w->max_frame + 1);
	if (n > 0)
		return (size_t)n;
	check_gone(c, n < 0 ? errno : 0);
	return 0;
}

/* A frame of @n bytes was read: may the switch have it? */
static bool accept_frame(struct component *c, struct net_buffer *b,
			 const struct virtio_net_hdr *h, size_t n)
{
	const struct sys_wire *w = &c->cfg->wire;
	const struct tap *t = c->state;
	bool segment = h->gso_type != VIRTIO_NET_HDR_GSO_NONE;

	if (n > (segment ? w->max_segment : w->max_frame)) {
		pump_drop(c, OUTSIDE_DROP_OVERSIZE, 1,
			  "%s sent a frame longer than this port's %u "
			  "bytes: dropped; set a larger mtu for the "
			  "port, or a smaller one for the interface",
			  t->watch.name, w->max_frame);
		return false;
	}
	if (!vnet_read(h, b->data, n, &b->offload)) {
		pump_drop(c, OUTSIDE_DROP_OFFLOAD, 1,
			  "%s leaves work to the hardware that cannot be done "
			  "here (kind %u): `ethtool -K %s gso off tso off`",
			  t->watch.name, h->gso_type, t->watch.name);
		return false;
	}
	b->len = (uint16_t)n;
	return true;
}

static unsigned int tap_receive(struct component *c, struct net_buffer *buffers,
				unsigned int count)
{
	struct tap *t = c->state;
	unsigned int filled = 0;
	size_t n;

	if (t->gone)
		t->pump.readable = false;
	for (unsigned int looked = 0; looked < count && t->pump.readable;
	     looked++) {
		struct virtio_net_hdr h = { 0 };

		n = read_frame(c, &buffers[filled], &h);
		if (n == 0)
			t->pump.readable = false;
		else
			filled += accept_frame(c, &buffers[filled], &h, n);
	}
	return filled;
}

/* The interface refused a frame, and retrying is useless. */
static void drop(struct component *c, int error)
{
	struct tap *t = c->state;

	check_gone(c, error);
	if (error == EIO || error == EBADFD) {
		outside_dropped(c->outside, OUTSIDE_DROP_NOT_UP, 1);
		return;
	}
	pump_drop(c, OUTSIDE_DROP_REFUSED, 1,
		  "interface %s refused a frame: %s", t->watch.name,
		  strerror(error));
}

/* 0 or negative errno. */
static int write_frame(struct component *c, const struct net_buffer *b)
{
	const struct tap *t = c->state;

	if (t->vnet)
		return vnet_write(c->fd[TAP_DEVICE], b->data, b->len,
				  b->offload, 0);
	return write(c->fd[TAP_DEVICE], b->data, b->len) < 0 ? -errno : 0;
}

static unsigned int tap_send(struct component *c,
			     const struct net_buffer *buffers,
			     unsigned int count)
{
	const struct tap *t = c->state;

	for (unsigned int i = 0; i < count; i++) {
		int e;

		if (t->gone) {
			outside_dropped(c->outside, OUTSIDE_DROP_NOT_UP,
					count - i);
			return count;
		}
		e = write_frame(c, &buffers[i]);
		if (e == -EAGAIN)
			return i;
		if (e < 0)
			drop(c, -e);
	}
	return count;
}

static void tap_watch(struct component *c, bool in, bool out)
{
	const struct tap *t = c->state;

	if (!t->gone)
		pd_watch(c, TAP_DEVICE,
			 (in ? EPOLLIN : 0u) | (out ? EPOLLOUT : 0u));
}

static const struct pump_ops tap_pump = {
	.receive = tap_receive,
	.send = tap_send,
	.watch = tap_watch,
};

static void moved(struct component *c)
{
	outside_set(c->outside, OUTSIDE_UP);
	pd_log(c,
	       "interface %s was moved to another network namespace: frames "
	       "flow, but whether it is up is not seen from here",
	       c->cfg->tap.ifname);
}

static int tap_init(struct component *c)
{
	struct tap *t = c->state;
	struct ifreq ifr = { 0 };
	int index, e = pump_init(c, &tap_pump);

	if (e < 0)
		return e;
	t->vnet = c->cfg->wire.offload != 0;
	/* Started again after the interface was deleted? */
	if (c->n_fds != TAP_FDS ||
	    (ioctl(c->fd[TAP_DEVICE], TUNGETIFF, &ifr) < 0 &&
	     errno == EBADFD)) {
		tap_gone(c);
		return 0;
	}
	index = iface_index(c->fd[TAP_WATCH], ifr.ifr_name);
	if (index > 0)
		iface_watch_init(&t->watch, c, TAP_WATCH, index,
				 c->cfg->tap.ifname);
	else
		moved(c);
	return 0;
}

/* The number is gone: deleted, or moved? An empty write tells. */
static void lost(struct component *c)
{
	if (write(c->fd[TAP_DEVICE], NULL, 0) < 0 && errno == EBADFD)
		tap_gone(c);
	else
		moved(c);
}

static void tap_fd_ready(struct component *c, unsigned int fd_index,
			 uint32_t events)
{
	struct tap *t = c->state;

	if (fd_index == TAP_WATCH) {
		iface_watch_ready(&t->watch, c);
		if (t->watch.lost && !t->gone)
			lost(c);
		return;
	}
	/* EPOLLERR: deleted; reading reports it. */
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		t->pump.readable = true;
	if (events & (EPOLLOUT | EPOLLERR))
		t->pump.writable = true;
}

static const int tap_syscalls[] = { IFACE_WATCH_SYSCALLS, SYS_readv, SYS_write,
				    SYS_writev, -1 };
static const unsigned long tap_ioctls[] = { IFACE_WATCH_IOCTLS, 0 };

const struct component_ops tap_ops = {
	.kind = SYS_TAP,
	.name = "tap",
	.state_size = sizeof(struct tap),
	.syscalls = tap_syscalls,
	.ioctls = tap_ioctls,
	.outside = true,
	.open = tap_open,
	.seek = tap_seek,
	.init = tap_init,
	.fd_ready = tap_fd_ready,
	.run = pump_run,
	.arm = pump_arm,
};
