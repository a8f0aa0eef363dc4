/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tap: a switch port that is a TAP interface of the host, or of a network
 * namespace.
 *
 * open() makes the interface, in the monitor: it exists as long as somebody
 * has its descriptor, so it goes away with the monitor however that ends.  An
 * interface that exists already is never taken over, not even a persistent TAP:
 * its addresses and routes were meant for something else.
 *
 * Frames are read straight into transmit buffers and written straight from
 * receive buffers, one system call each; TUN has no way to move several.
 *
 * Offloads.  We do not ask for IFF_VNET_HDR.  Then the driver offers the stack
 * neither checksum nor segmentation offload (those are features a TUN only has
 * after TUNSETOFFLOAD), and the stack completes checksums and cuts TCP into
 * segments before a frame reaches us.  What is read here is what would be on a
 * wire, VLAN tag included (tests/unit/tap_port_test.c looks at the checksums).
 * The price is one system call per segment.
 *
 * States:
 *  - up: frames flow
 *  - interface down (`ip link set down`): writes fail with EIO; frames for it
 *    are dropped, as a card without carrier does, until it is up again
 *  - interface deleted: EBADFD; the PD ends
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

#include "vmm/linux/error.h"
#include "vmm/linux/ports/iface.h"
#include "vmm/linux/ports/netns.h"
#include "vmm/linux/ports/pump.h"
#include "vmm/linux/ports/tally.h"
#include "vswitch/frame.h"

#define TUN_DEVICE "/dev/net/tun"

/**
 * struct tap - state of a tap component
 * @pump:      must be here to be found by the pump's calls
 * @max_frame: octets
 * @down:      frames dropped because the interface was down
 * @refused:   frames the kernel did not take for another reason
 * @oversize:  frames from the kernel longer than the port takes
 */
struct tap {
	struct pump pump;
	uint32_t max_frame;
	struct tally down;
	struct tally refused;
	struct tally oversize;
};

/* --- in the monitor ------------------------------------------------------ */

static int open_device(const struct sys_component *cfg, struct error *err)
{
	int fd = open(TUN_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == EACCES || errno == EPERM)
		return error_set(
			err,
			"%s: may not open " TUN_DEVICE
			": run weir as root, or get read and write permission on it",
			cfg->name);
	return error_set(
		err,
		"%s: cannot open " TUN_DEVICE
		": %s: load the driver with `modprobe tun` (in a container, pass the device in)",
		cfg->name, strerror(errno));
}

/* Make the interface; the new descriptor stands for it. */
static int make_interface(int fd, const struct sys_component *cfg,
			  struct error *err)
{
	const char *name = cfg->tap.ifname;
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_TUN_EXCL };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr) == 0)
		return 0;
	if (errno == EPERM)
		return error_set(
			err,
			"%s: may not make interface \"%s\" (CAP_NET_ADMIN is missing): run weir as root, or in namespaces of your own: `unshare -Urn weir run ...`",
			cfg->name, name);
	if (errno == EBUSY || errno == EEXIST)
		return error_set(
			err,
			"%s: an interface \"%s\" is already in use: choose another name, or remove it with `ip link del %s`",
			cfg->name, name, name);
	if (errno == EINVAL)
		return error_set(
			err,
			"%s: \"%s\" cannot be an interface's name: use up to 15 letters and digits",
			cfg->name, name);
	return error_set(err, "%s: cannot make TAP interface \"%s\": %s",
			 cfg->name, name, strerror(errno));
}

static int bring_up(const struct sys_component *cfg, struct error *err)
{
	const char *name = cfg->tap.ifname;
	unsigned int mtu = cfg->wire.max_frame - FRAME_OVERHEAD;
	int sock = iface_socket();
	int e = sock;

	if (sock >= 0) {
		e = iface_set_mtu(sock, name, mtu);
		if (e == 0)
			e = iface_up(sock, name);
		close(sock);
	}
	if (e < 0)
		return error_set(
			err,
			"%s: cannot bring up interface \"%s\" with an MTU of %u: %s",
			cfg->name, name, mtu, strerror(-e));
	return 0;
}

struct open_call {
	const struct sys_component *cfg;
	int fd;
};

/* Inside the namespace. */
static int open_here(void *arg, struct error *err)
{
	struct open_call *call = arg;

	call->fd = open_device(call->cfg, err);
	if (call->fd < 0)
		return -1;
	if (make_interface(call->fd, call->cfg, err) == 0 &&
	    bring_up(call->cfg, err) == 0)
		return 0;
	close(call->fd);
	call->fd = -1;
	return -1;
}

static int tap_open(const struct sys_component *cfg, int *fds,
		    struct error *err)
{
	struct open_call call = { .cfg = cfg, .fd = -1 };

	if (netns_call(cfg->tap.netns, open_here, &call, err) < 0) {
		if (call.fd >= 0)
			close(call.fd);
		return -1;
	}
	fds[0] = call.fd;
	return 1;
}

/* --- in the PD ----------------------------------------------------------- */

/* readv() or write() failed in a way that waiting does not mend. */
static void check_gone(struct component *c, int error)
{
	if (error == EBADFD)
		pump_give_up(
			c,
			"interface %s has been deleted: start weir again to have it back",
			c->cfg->tap.ifname);
}

static unsigned int tap_receive(struct component *c, struct net_buffer *buffers,
				unsigned int count)
{
	struct tap *t = c->state;
	unsigned int filled = 0;

	for (unsigned int looked = 0; looked < count; looked++) {
		struct net_buffer *b = &buffers[filled];
		uint8_t spare; /* too long must not look just right */
		struct iovec iov[2] = { { b->data, t->max_frame },
					{ &spare, 1 } };
		ssize_t n = readv(c->fd[0], iov, 2);

		if (n <= 0) {
			t->pump.readable = false;
			check_gone(c, n < 0 ? errno : 0);
			break;
		}
		if ((size_t)n > t->max_frame) {
			if (tally_add(&t->oversize, 1))
				pd_log(c,
				       "%s sent a frame longer than this port's %u octets (%llu so far): dropped; set a larger mtu for the port, or a smaller one for the interface",
				       c->cfg->tap.ifname, t->max_frame,
				       (unsigned long long)t->oversize.count);
			continue;
		}
		b->len = (uint16_t)n;
		filled++;
	}
	return filled;
}

/* The interface did not take a frame, and waiting is of no use. */
static void drop(struct component *c, int error)
{
	struct tap *t = c->state;

	check_gone(c, error);
	if (error == EIO) {
		if (tally_add(&t->down, 1))
			pd_log(c,
			       "interface %s is down (%llu frames dropped so far): `ip link set %s up`",
			       c->cfg->tap.ifname,
			       (unsigned long long)t->down.count,
			       c->cfg->tap.ifname);
	} else if (tally_add(&t->refused, 1)) {
		pd_log(c, "interface %s refused a frame (%llu so far): %s",
		       c->cfg->tap.ifname, (unsigned long long)t->refused.count,
		       strerror(error));
	}
}

static unsigned int tap_send(struct component *c,
			     const struct net_buffer *buffers,
			     unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		ssize_t n = write(c->fd[0], buffers[i].data, buffers[i].len);

		if (n >= 0)
			continue;
		if (errno == EAGAIN)
			return i;
		drop(c, errno);
	}
	return count;
}

static void tap_watch(struct component *c, bool in, bool out)
{
	pd_watch(c, 0, (in ? EPOLLIN : 0u) | (out ? EPOLLOUT : 0u));
}

static const struct pump_ops tap_pump = {
	.receive = tap_receive,
	.send = tap_send,
	.watch = tap_watch,
};

static int tap_init(struct component *c)
{
	struct tap *t = c->state;
	struct ifreq ifr;

	/* Started again after the interface was deleted? */
	if (ioctl(c->fd[0], TUNGETIFF, &ifr) < 0 && errno == EBADFD)
		return -ENODEV;
	t->max_frame = c->cfg->wire.max_frame;
	return pump_init(&t->pump, c, &tap_pump);
}

static void tap_fd_ready(struct component *c, unsigned int fd_index,
			 uint32_t events)
{
	struct tap *t = c->state;

	(void)fd_index;
	/* EPOLLERR: deleted; reading will say so. */
	if (events & (EPOLLIN | EPOLLERR | EPOLLHUP))
		t->pump.readable = true;
	if (events & (EPOLLOUT | EPOLLERR))
		t->pump.writable = true;
}

static void tap_notified(struct component *c, uint32_t channel)
{
	(void)c;
	(void)channel;
}

static bool tap_run(struct component *c, uint64_t now_ns)
{
	struct tap *t = c->state;

	(void)now_ns;
	return pump_run(&t->pump, c);
}

static bool tap_arm(struct component *c)
{
	struct tap *t = c->state;

	return pump_arm(&t->pump, c);
}

static const int tap_syscalls[] = { SYS_readv, SYS_write, -1 };

const struct component_ops tap_ops = {
	.kind = SYS_TAP,
	.name = "tap",
	.state_size = sizeof(struct tap),
	.syscalls = tap_syscalls,
	.open = tap_open,
	.init = tap_init,
	.notified = tap_notified,
	.fd_ready = tap_fd_ready,
	.run = tap_run,
	.arm = tap_arm,
};
