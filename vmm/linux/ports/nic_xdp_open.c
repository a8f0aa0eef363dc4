/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the monitor makes for a nic port with `xdp`: see nic_xdp.h.
 *
 * AF_PACKET is used instead, and the reason is told,
 *  - without the right to load a program, or in a kernel without AF_XDP;
 *  - if the interface has an XDP program already, or another AF_XDP socket;
 *  - if the host would lose traffic: it has an address on the interface, or a
 *    bridge has the interface;
 *  - if VLAN tags would be lost: the card takes them out of frames
 *    (rx-vlan-offload) and AF_XDP delivers the rest.  A veth peer may leave
 *    them to us in the same way; there the program puts them back, which takes
 *    Linux 6.8;
 *  - if the port's frames are too long for half a page, or a page;
 *  - if the interface is virtual, except veth: it hands on TCP segments of a
 *    local sender, which are longer than any frame.  veth stops its peer
 *    making them while the program is attached, and a card's are not made
 *    (GRO) while it is;
 *  - if the interface has more queues than we serve.
 *
 * The program is run by the driver if it can, else by the stack.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/sockios.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "hostnet/iface.h"
#include "vmm/linux/monitor/backing.h"
#include "vmm/linux/ports/netns.h"
#include "vmm/linux/ports/nic_program.h"
#include "vmm/linux/ports/nic_xdp.h"
#include "vmm/linux/ports/open.h"

/*
 * A queue of a PD that has just died is still bound for a moment: the kernel
 * lets go of it in the background.
 */
#define BIND_TRIES 40
#define BIND_PAUSE_NS 2500000

/* Scope of a link-local address, as the kernel prints it. */
#define IFA_LINK 0x20u

/* What is being made. */
struct making {
	const struct sys_component *cfg;
	int index; /* of the interface */
	char name[IFNAMSIZ];
	bool veth;
	struct xdp_note *note;
	int *fds; /* from XDP_MEMORY on */
	int map;  /* the program's, of sockets */
};

/* --- is this interface fit? --------------------------------------------- */

static int ethtool(int sock, const char *name, void *request)
{
	struct ifreq ifr = { .ifr_data = request };

	memcpy(ifr.ifr_name, name, sizeof(ifr.ifr_name));
	return ioctl(sock, SIOCETHTOOL, &ifr);
}

static bool has_v4(const char *name)
{
	struct ifreq ifr = { 0 };
	int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool has;

	memcpy(ifr.ifr_name, name, sizeof(ifr.ifr_name));
	has = sock >= 0 && ioctl(sock, SIOCGIFADDR, &ifr) == 0;
	if (sock >= 0)
		close(sock);
	return has;
}

/*
 * Besides the one that the kernel makes up (of scope "link").  A line has the
 * address in 32 digits, the interface's number, prefix and scope.
 */
static bool has_v6(int index)
{
	FILE *f = fopen("/proc/self/net/if_inet6", "re");
	char line[128], *at;
	bool has = false;

	while (f != NULL && !has && fgets(line, sizeof(line), f) != NULL) {
		if (strlen(line) < 32)
			break;
		if ((int)strtoul(line + 32, &at, 16) != index)
			continue;
		strtoul(at, &at, 16);
		has = strtoul(at, NULL, 16) != IFA_LINK;
	}
	if (f != NULL)
		fclose(f);
	return has;
}

static int check_addresses(const struct making *m, struct error *err)
{
	if (!has_v4(m->name) && !has_v6(m->index))
		return 0;
	return error_set(err,
			 "%s has an address of this host, which would receive "
			 "nothing there any more: `ip addr flush dev %s`",
			 m->name, m->name);
}

static int check_master(const struct making *m, int sock, struct error *err)
{
	int fd = iface_changes(m->index);
	int master = fd < 0 ? 0 : iface_master(fd, m->index);
	char name[IFNAMSIZ] = "";

	if (fd >= 0)
		close(fd);
	if (master == 0)
		return 0;
	iface_name(sock, master, name);
	return error_set(err,
			 "%s is a member of %s, which would receive nothing "
			 "there any more: `ip link set %s nomaster`",
			 m->name, name, m->name);
}

/* A virtual interface has no device behind it, and no bus. */
static int check_driver(struct making *m, int sock, struct error *err)
{
	struct ethtool_drvinfo driver = { .cmd = ETHTOOL_GDRVINFO };
	struct ethtool_value flags = { .cmd = ETHTOOL_GFLAGS };

	if (ethtool(sock, m->name, &driver) < 0)
		driver.driver[0] = driver.bus_info[0] = '\0';
	m->veth = strcmp(driver.driver, "veth") == 0;
	if (m->veth)
		return 0;
	if (driver.bus_info[0] == '\0')
		return error_set(err,
				 "%s is a virtual interface, which hands on "
				 "TCP segments longer than AF_XDP takes",
				 m->name);
	if (ethtool(sock, m->name, &flags) == 0 &&
	    (flags.data & ETH_FLAG_RXVLAN))
		return error_set(err,
				 "%s takes VLAN tags out of frames: `ethtool "
				 "-K %s rxvlan off`",
				 m->name, m->name);
	return 0;
}

static int choose_chunk(struct making *m, struct error *err)
{
	uint32_t need = m->cfg->wire.max_frame + XDP_HEADROOM;

	m->note->chunk = need <= XDP_CHUNK ? XDP_CHUNK : XDP_CHUNK_MAX;
	if (need <= XDP_CHUNK_MAX)
		return 0;
	return error_set(err,
			 "it takes frames of %u bytes, the port's mtu allows "
			 "%u: set a smaller mtu",
			 XDP_CHUNK_MAX - XDP_HEADROOM, m->cfg->wire.max_frame);
}

static int check(struct making *m, struct error *err)
{
	int sock = iface_socket();
	int e = sock < 0 ? sock : iface_name(sock, m->index, m->name);

	if (e < 0)
		error_set(err, "the interface is gone");
	else if (choose_chunk(m, err) < 0 || check_driver(m, sock, err) < 0 ||
		 check_addresses(m, err) < 0 || check_master(m, sock, err) < 0)
		e = -1;
	if (sock >= 0)
		close(sock);
	return e < 0 ? -1 : 0;
}

/* --- the program -------------------------------------------------------- */

static int cannot_attach(const struct making *m, int error, struct error *err)
{
	if (error == EBUSY || error == EEXIST)
		return error_set(err,
				 "%s has an XDP program already: `ip link set "
				 "%s xdp off` if nobody needs it",
				 m->name, m->name);
	if (error == ERANGE)
		return error_set(err,
				 "the driver of %s runs no XDP program with "
				 "an mtu as large as it or its peer has",
				 m->name);
	if (error == ENOSPC)
		return error_set(err,
				 "%s has fewer receive queues than its peer "
				 "has transmit queues: `ethtool -L`",
				 m->name);
	return error_set(err, "cannot attach a program to %s: %s", m->name,
			 strerror(error));
}

static int attach(struct making *m, int program, struct error *err)
{
	LIBBPF_OPTS(bpf_link_create_opts, by, .flags = XDP_FLAGS_DRV_MODE);
	int fd = bpf_link_create(program, m->index, BPF_XDP, &by);

	if (fd < 0 && !m->veth && errno != EBUSY && errno != EEXIST) {
		by.flags = XDP_FLAGS_SKB_MODE;
		m->note->generic = 1;
		fd = bpf_link_create(program, m->index, BPF_XDP, &by);
	}
	m->fds[XDP_LINK] = fd;
	return fd < 0 ? cannot_attach(m, errno, err) : 0;
}

static int run_program(struct making *m, struct error *err)
{
	int program;
	int e;

	m->map = bpf_map_create(BPF_MAP_TYPE_XSKMAP, "weir", sizeof(uint32_t),
				sizeof(uint32_t), XDP_QUEUES, NULL);
	if (m->map < 0 && (errno == EPERM || errno == EACCES))
		return error_set(err, "an XDP program needs CAP_BPF and "
				      "CAP_NET_ADMIN: run weir as root");
	if (m->map < 0)
		return error_set(err,
				 "this kernel has no AF_XDP: %s "
				 "(CONFIG_XDP_SOCKETS)",
				 strerror(errno));
	program = nic_program_load(m->map, m->veth ? m->index : 0, err);
	if (program < 0)
		return -1;
	e = attach(m, program, err);
	close(program);
	return e;
}

/* --- sockets ------------------------------------------------------------ */

/* Bind a queue's socket, to memory at @area; the socket or negative errno. */
static int bind_queue(struct making *m, uint32_t queue, void *area)
{
	const struct xsk_umem_config memory = {
		.fill_size = XDP_RX_FRAMES,
		.comp_size = XDP_TX_FRAMES,
		.frame_size = m->note->chunk,
	};
	const struct xsk_socket_config socket = {
		.rx_size = XDP_RX_FRAMES,
		.tx_size = XDP_TX_FRAMES,
		.libxdp_flags = XSK_LIBXDP_FLAGS__INHIBIT_PROG_LOAD,
		.bind_flags = (uint16_t)(XDP_USE_NEED_WAKEUP |
					 (m->note->generic ? XDP_COPY : 0)),
	};
	struct xsk_ring_prod fill, tx;
	struct xsk_ring_cons completed, rx;
	struct xsk_socket *made;
	struct xsk_umem *umem;
	int fd = -1;
	int e = xsk_umem__create(&umem, area,
				 xdp_umem_size(m->note->chunk, queue), &fill,
				 &completed, &memory);

	if (e < 0)
		return e;
	e = xsk_socket__create(&made, m->name, queue, umem, &rx,
			       queue == 0 ? &tx : NULL, &socket);
	/* What libxdp has mapped is the PD's to map; the socket stays. */
	if (e == 0) {
		fd = fcntl(xsk_socket__fd(made), F_DUPFD_CLOEXEC, 0);
		e = fd < 0 ? -errno : 0;
		xsk_socket__delete(made);
	}
	xsk_umem__delete(umem);
	return e < 0 ? e : fd;
}

/* The PD's calls must not wait, and take no flag that says so. */
static int make_queue(struct making *m, uint32_t queue)
{
	const struct timespec pause = { .tv_nsec = BIND_PAUSE_NS };
	size_t size = xdp_umem_size(m->note->chunk, queue);
	void *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			  m->fds[XDP_MEMORY],
			  (off_t)xdp_umem_at(m->note->chunk, queue));
	int fd = -EBUSY;

	if (area == MAP_FAILED)
		return -errno;
	for (int i = 0; i < BIND_TRIES && fd == -EBUSY; i++) {
		if (i > 0)
			nanosleep(&pause, NULL);
		fd = bind_queue(m, queue, area);
	}
	/* The kernel has the pages. */
	munmap(area, size);
	if (fd < 0)
		return fd;
	m->fds[XDP_QUEUE + queue] = fd;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0 ||
	    bpf_map_update_elem(m->map, &queue, &fd, BPF_ANY) < 0)
		return -errno;
	return 0;
}

static int cannot_bind(const struct making *m, int error, struct error *err)
{
	if (error == EBUSY)
		return error_set(err,
				 "another AF_XDP socket has a queue of %s: end "
				 "its program",
				 m->name);
	if (error == ENOBUFS)
		return error_set(err, "its frames may not be locked in memory: "
				      "raise `ulimit -l`, or run weir as root");
	return error_set(err, "cannot bind an AF_XDP socket to %s: %s", m->name,
			 strerror(error));
}

/* A queue that is not there cannot be bound, which tells how many there are. */
static int make_queues(struct making *m, struct error *err)
{
	struct xdp_options options = { 0 };
	socklen_t size = sizeof(options);
	uint32_t *n = &m->note->queues;
	int e = 0;

	while (e == 0 && *n < XDP_QUEUES) {
		e = make_queue(m, *n);
		if (e == 0)
			++*n;
	}
	if (*n == 0 || (e < 0 && e != -EINVAL))
		return cannot_bind(m, -e, err);
	if (e == 0)
		return error_set(err,
				 "%s may have more queues than the %u served: "
				 "`ethtool -L %s combined %u`",
				 m->name, XDP_QUEUES, m->name, XDP_QUEUES - 1);
	if (getsockopt(m->fds[XDP_QUEUE], SOL_XDP, XDP_OPTIONS, &options,
		       &size) == 0)
		m->note->zerocopy = options.flags & XDP_OPTIONS_ZEROCOPY;
	return 0;
}

/* --- all of it ---------------------------------------------------------- */

/* Inside the namespace. */
static int make_here(void *arg, struct error *err)
{
	struct making *m = arg;
	int e = -1;

	if (check(m, err) == 0 && run_program(m, err) == 0)
		e = make_queues(m, err);
	if (m->map >= 0)
		close(m->map);
	return e;
}

/* Close all but the memory, and say why in there. */
static void do_without(struct making *m, const struct error *why)
{
	for (unsigned int i = XDP_LINK; i < XDP_QUEUE + XDP_QUEUES; i++) {
		if (m->fds[i] >= 0)
			close(m->fds[i]);
	}
	m->note->queues = 0;
	snprintf(m->note->why, sizeof(m->note->why), "%s", why->text);
}

static struct xdp_note *make_memory(int *fd)
{
	struct xdp_note *note;

	*fd = backing_sealed("weir:xdp",
			     xdp_umem_at(XDP_CHUNK_MAX, XDP_QUEUES));
	if (*fd < 0)
		return NULL;
	note = mmap(NULL, sizeof(*note), PROT_READ | PROT_WRITE, MAP_SHARED,
		    *fd, 0);
	if (note != MAP_FAILED)
		return note;
	close(*fd);
	return NULL;
}

int nic_xdp_start(const struct sys_component *cfg, int *fds, unsigned int n,
		  struct error *err)
{
	struct making m = { .cfg = cfg, .fds = fds + NIC_XDP, .map = -1 };
	struct sockaddr_ll addr = { 0 };
	socklen_t size = sizeof(addr);
	struct error why = { "" };
	int made = XDP_LINK;

	if (!cfg->nic.xdp || n != NIC_FDS ||
	    getsockname(fds[NIC_TX], (struct sockaddr *)&addr, &size) < 0 ||
	    addr.sll_ifindex <= 0)
		return 0;
	m.index = addr.sll_ifindex;
	m.note = make_memory(&m.fds[XDP_MEMORY]);
	if (m.note == NULL)
		return error_errno(err, "cannot make memory for AF_XDP");
	for (unsigned int i = XDP_LINK; i < XDP_QUEUE + XDP_QUEUES; i++)
		m.fds[i] = -1;
	libbpf_set_print(NULL);
	if (netns_call(cfg->nic.netns, make_here, &m, &why) < 0)
		do_without(&m, &why);
	else
		made = (int)(XDP_QUEUE + m.note->queues);
	munmap(m.note, sizeof(*m.note));
	return made;
}
