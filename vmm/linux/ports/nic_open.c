/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making the sockets of a nic port: see open.h.
 *
 * The queueing discipline is not bypassed: a burst waits there for a slower
 * card, and the user's `tc` rules apply.
 */
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if_arp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hostnet/iface.h"
#include "hostnet/nic_packet.h"
#include "vmm/linux/ports/open.h"

/* Frames too long for a ring's slot wait here; dozens of the longest. */
#define RX_BUFFER (8 << 20)
/*
 * Bytes in flight to the card, the kernel doubles it.  Small enough that a full
 * transmit ring means a full buffer, so that the socket is not writable before
 * both have room (256 slots, each counted as at least 700 bytes).
 */
#define TX_BUFFER 106496
/* The same for segments, which leave by the receiver: dozens of the longest. */
#define SEGMENTS_BUFFER (4 << 20)

static int no_interface(const struct sys_component *cfg, struct error *err)
{
	char there[160];

	iface_list(there, sizeof(there));
	return error_set(
		err, "there is no network interface \"%s\"%s%s; there are: %s",
		cfg->nic.ifname,
		cfg->nic.netns[0] ? " in network namespace " : "",
		cfg->nic.netns, there);
}

/* Is it an interface that can be a port? */
static int check_kind(const char *ifname, int sock, struct error *err)
{
	int type = iface_hw_type(sock, ifname);

	if (type == ARPHRD_LOOPBACK)
		return error_set(
			err,
			"interface \"%s\" is the loopback interface, which "
			"leads nowhere: give an Ethernet interface",
			ifname);
	if (type != ARPHRD_ETHER)
		return error_set(err,
				 "interface \"%s\" is not an Ethernet "
				 "interface (hardware type %d): a switch port "
				 "needs Ethernet frames",
				 ifname, type);
	if (iface_is_wireless(sock, ifname))
		return error_set(
			err,
			"interface \"%s\" is wireless: an access point takes "
			"frames from the station's own address only, so it "
			"cannot be a port; use a wired interface",
			ifname);
	return 0;
}

/* Find it, check it, bring it up; its number or -1. */
static int prepare(const struct sys_component *cfg, struct error *err)
{
	const char *ifname = cfg->nic.ifname;
	int sock = iface_socket();
	int index = sock < 0 ? sock : iface_index(sock, ifname);
	int e = 0;

	if (index == -ENODEV)
		no_interface(cfg, err);
	else if (index < 0)
		error_set(err, "cannot look at interface \"%s\": %s", ifname,
			  strerror(-index));
	else if (check_kind(ifname, sock, err) < 0)
		index = -1;
	else
		e = iface_up(sock, ifname);
	if (sock >= 0)
		close(sock);
	if (e < 0)
		return error_set(
			err,
			"interface \"%s\" is down and cannot be brought up: "
			"%s: do `ip link set %s up`, or run weir as root",
			ifname, strerror(-e), ifname);
	return index < 0 ? -1 : index;
}

static int cannot_open(const char *ifname, int error, struct error *err)
{
	if (error == EPERM || error == EACCES)
		return error_set(err,
				 "may not open a packet socket on \"%s\" "
				 "(CAP_NET_RAW is missing): run weir as root",
				 ifname);
	if (error == EAFNOSUPPORT)
		return error_set(err, "this kernel has no packet sockets: "
				      "`modprobe af_packet` (CONFIG_PACKET)");
	return error_set(err,
			 "cannot open a packet socket on \"%s\": %s (Linux "
			 "4.20 or later is needed)",
			 ifname, strerror(error));
}

/* As much room as allowed; with less, only segments are lost. */
static int receiver(int index)
{
	const int size = RX_BUFFER, segments = SEGMENTS_BUFFER;
	int fd = nic_packet_receiver(index);
	int e;

	if (fd < 0)
		return fd;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &segments,
		       sizeof(segments)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &segments,
			   sizeof(segments));
	e = nic_packet_set(fd, PACKET_COPY_THRESH, 1);
	if (e == 0)
		return fd;
	close(fd);
	return e;
}

static int already_used(const char *ifname, pid_t holder, struct error *err)
{
	if (holder == getpid())
		return error_set(err,
				 "interface \"%s\" is the interface of another "
				 "port of this topology, by this or another of "
				 "its names: take it out of one of them",
				 ifname);
	return error_set(
		err,
		"interface \"%s\" is a port of another instance of weir "
		"(started by process %d): take it out of one of them",
		ifname, (int)holder);
}

/* The process that holds the name, if it is root's or our user's. */
static pid_t holder_of(const struct sockaddr_un *claim, socklen_t len)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);

	if (fd < 0)
		return 0;
	if (connect(fd, (const struct sockaddr *)claim, len) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
	    (peer.uid != 0 && peer.uid != geteuid()))
		peer.pid = 0;
	close(fd);
	return peer.pid;
}

/*
 * Claim the interface by an abstract socket name with its number.  The name
 * belongs to the namespace, as the number does, and is freed when its holder
 * ends, so a second instance finds it in use.  This prevents mistakes, not
 * attacks: anybody may bind such a name, so one that neither root nor our user
 * holds is ignored.
 */
static int claim(const char *ifname, int index, struct error *err)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int n = snprintf(name.sun_path + 1, sizeof(name.sun_path) - 1,
			 "weir-nic-%d", index);
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				    (size_t)n);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	pid_t holder = 0;

	if (fd < 0)
		return error_errno(err, "cannot make a socket");
	if (bind(fd, (const struct sockaddr *)&name, len) == 0)
		listen(fd, SOMAXCONN);
	else
		holder = holder_of(&name, len);
	if (holder == 0)
		return fd;
	close(fd);
	return already_used(ifname, holder, err);
}

/* Inside the namespace. */
static int open_here(const struct sys_component *cfg, int *fds,
		     struct error *err)
{
	int index = prepare(cfg, err);

	if (index < 0)
		return -1;
	fds[NIC_CLAIM] = claim(cfg->nic.ifname, index, err);
	if (fds[NIC_CLAIM] < 0)
		return -1;
	fds[NIC_RX] = receiver(index);
	if (fds[NIC_RX] < 0)
		return cannot_open(cfg->nic.ifname, -fds[NIC_RX], err);
	fds[NIC_TX] = nic_packet_transmitter(index, TX_BUFFER);
	if (fds[NIC_TX] < 0)
		return cannot_open(cfg->nic.ifname, -fds[NIC_TX], err);
	fds[NIC_WATCH] = iface_changes(index);
	if (fds[NIC_WATCH] < 0)
		return cannot_open(cfg->nic.ifname, -fds[NIC_WATCH], err);
	return 0;
}

int nic_seek(const struct sys_component *cfg, int *fds)
{
	return iface_seek(cfg, cfg->nic.netns, nic_open, fds);
}

int nic_open(const struct sys_component *cfg, int *fds, struct error *err)
{
	return iface_open(cfg, cfg->nic.netns, open_here, fds, NIC_FDS, err);
}
