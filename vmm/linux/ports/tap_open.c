/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making the interface of a tap port: see open.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hostnet/iface.h"
#include "vmm/linux/ports/open.h"
#include "base/frame.h"

#define TUN_DEVICE "/dev/net/tun"

/* Segments of UDP, since Linux 6.2. */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

static int open_device(struct error *err)
{
	int fd = open(TUN_DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	if (errno == EACCES || errno == EPERM)
		return error_set(err, "may not open " TUN_DEVICE
				      ": run weir as root, or get read and "
				      "write permission on it");
	return error_set(err,
			 "cannot open " TUN_DEVICE
			 ": %s: load the driver with `modprobe tun` (in a "
			 "container, pass the device in)",
			 strerror(errno));
}

static int set_interface(int fd, const struct sys_component *cfg, int flags)
{
	struct ifreq ifr = { .ifr_flags =
				     (short)(IFF_TAP | IFF_NO_PI | flags) };

	if (cfg->wire.offload)
		ifr.ifr_flags |= IFF_VNET_HDR;
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", cfg->tap.ifname);
	return ioctl(fd, TUNSETIFF, &ifr);
}

/*
 * There is an interface of this name.  Use it if it is a persistent TAP that
 * nobody uses, with one queue of it if it was made for several.  (One that is
 * not persistent is in use.)
 */
static int adopt(int fd, const struct sys_component *cfg, struct error *err)
{
	const char *name = cfg->tap.ifname;

	if (set_interface(fd, cfg, 0) == 0 ||
	    (errno == EINVAL && set_interface(fd, cfg, IFF_MULTI_QUEUE) == 0))
		return 0;
	if (errno == EBUSY)
		return error_set(err,
				 "TAP interface \"%s\" is in use by another "
				 "process: end that (perhaps another weir, or "
				 "a virtual machine), or choose another name",
				 name);
	if (errno == EPERM)
		return error_set(err,
				 "interface \"%s\" exists and may not be used: "
				 "run weir as root, or make it for this user: "
				 "`ip tuntap add %s mode tap user USER`",
				 name, name);
	return error_set(err,
			 "interface \"%s\" exists and is not a TAP that weir "
			 "can use: if it is to be the port, write nic \"%s\" "
			 "instead of tap; if not, choose another name",
			 name, name);
}

/* Make the interface, or take an existing one. */
static int make_interface(int fd, const struct sys_component *cfg,
			  struct error *err)
{
	const char *name = cfg->tap.ifname;

	if (set_interface(fd, cfg, IFF_TUN_EXCL) == 0)
		return 0;
	if (errno == EBUSY || errno == EEXIST)
		return adopt(fd, cfg, err);
	if (errno == EPERM)
		return error_set(
			err,
			"may not make interface \"%s\" (CAP_NET_ADMIN is "
			"missing): run weir as root, or in namespaces of your "
			"own: `unshare -Urn weir run ...`",
			name);
	if (errno == EINVAL)
		return error_set(err,
				 "\"%s\" cannot be an interface's name: use up "
				 "to 15 letters and digits",
				 name);
	return error_errno(err, "cannot make TAP interface \"%s\"", name);
}

/*
 * What the stack may leave to us.  The previous user of a persistent TAP may
 * have left other offloads on, and a longer header.
 */
static int set_offloads(int fd, const struct sys_component *cfg,
			struct error *err)
{
	const unsigned long tcp = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 |
				  TUN_F_TSO_ECN;
	const unsigned long udp = TUN_F_USO4 | TUN_F_USO6;
	bool on = cfg->wire.offload;
	int header = sizeof(struct virtio_net_hdr);

	if (on && ioctl(fd, TUNSETVNETHDRSZ, &header) < 0)
		return error_errno(err,
				   "cannot set the header of interface \"%s\"",
				   cfg->tap.ifname);
	if ((on && ioctl(fd, TUNSETOFFLOAD, tcp | udp) == 0) ||
	    ioctl(fd, TUNSETOFFLOAD, on ? tcp : 0) == 0)
		return 0;
	return error_errno(err,
			   "cannot turn the offloads of interface \"%s\" "
			   "%s",
			   cfg->tap.ifname, on ? "on" : "off");
}

/*
 * What the topology gives it, and up; then a socket that follows it.
 *
 * Return: the socket, or -1 with @err set.
 */
static int set_up(const struct sys_component *cfg, int sock, struct error *err)
{
	const struct sys_tap *tap = &cfg->tap;
	unsigned int mtu = cfg->wire.max_frame - FRAME_OVERHEAD;
	int index = iface_index(sock, tap->ifname);
	int e = index < 0 ? index : 0;

	if (e == 0 && tap->mac != 0)
		e = iface_set_mac(sock, tap->ifname, tap->mac);
	for (uint32_t i = 0; e == 0 && i < tap->n_addresses; i++)
		e = iface_add_address(index, tap->address[i].v6,
				      tap->address[i].addr,
				      tap->address[i].bits);
	if (e < 0)
		return error_set(err,
				 "cannot give interface \"%s\" its addresses: "
				 "%s (is IPv6 turned off?)",
				 tap->ifname, strerror(-e));
	if (cfg->wire.offload)
		e = iface_set_gso(index, cfg->wire.max_segment,
				  OFFLOAD_MAX_FRAMES);
	if (e < 0)
		return error_set(err,
				 "cannot limit the segments of interface "
				 "\"%s\": %s",
				 tap->ifname, strerror(-e));
	e = iface_set_mtu(sock, tap->ifname, mtu);
	if (e == 0)
		e = iface_up(sock, tap->ifname);
	if (e < 0)
		return error_set(err,
				 "cannot bring up interface \"%s\" with an MTU "
				 "of %u: %s",
				 tap->ifname, mtu, strerror(-e));
	e = iface_changes(index);
	if (e < 0)
		error_set(err, "cannot follow interface \"%s\": %s",
			  tap->ifname, strerror(-e));
	return e;
}

/* Inside the namespace. */
static int open_here(const struct sys_component *cfg, int *fds,
		     struct error *err)
{
	int sock;

	fds[TAP_DEVICE] = open_device(err);
	if (fds[TAP_DEVICE] < 0 ||
	    make_interface(fds[TAP_DEVICE], cfg, err) < 0 ||
	    set_offloads(fds[TAP_DEVICE], cfg, err) < 0)
		return -1;
	sock = iface_socket();
	if (sock < 0)
		return error_set(err, "cannot make a socket: %s",
				 strerror(-sock));
	fds[TAP_WATCH] = set_up(cfg, sock, err);
	close(sock);
	return fds[TAP_WATCH];
}

int tap_seek(const struct sys_component *cfg, int *fds)
{
	return iface_seek(cfg, cfg->tap.netns, tap_open, fds);
}

int tap_open(const struct sys_component *cfg, int *fds, struct error *err)
{
	return iface_open(cfg, cfg->tap.netns, open_here, fds, TAP_FDS, err);
}
