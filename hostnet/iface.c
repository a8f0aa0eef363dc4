/* SPDX-License-Identifier: BSD-2-Clause */
/* Queries and settings of a network interface: see iface.h. */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if_arp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hostnet/iface.h"

/* Wireless Extensions: "what protocol is this?", answered by Wi-Fi alone. */
#define SIOCGIWNAME 0x8b01

int iface_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

/* One request about @name; 0 or negative errno. */
static int ask(int sock, unsigned long request, const char *name,
	       struct ifreq *ifr)
{
	snprintf(ifr->ifr_name, sizeof(ifr->ifr_name), "%s", name);
	return ioctl(sock, request, ifr) < 0 ? -errno : 0;
}

int iface_index(int sock, const char *name)
{
	struct ifreq ifr = { 0 };
	int e = ask(sock, SIOCGIFINDEX, name, &ifr);

	return e < 0 ? e : ifr.ifr_ifindex;
}

int iface_name(int sock, int index, char name[IFNAMSIZ])
{
	struct ifreq ifr = { .ifr_ifindex = index };

	if (ioctl(sock, SIOCGIFNAME, &ifr) < 0)
		return -errno;
	memcpy(name, ifr.ifr_name, IFNAMSIZ);
	name[IFNAMSIZ - 1] = '\0';
	return 0;
}

#define LOAD(size, offset) BPF_STMT(BPF_LD | (size) | BPF_ABS, (offset))
#define UNLESS(value, skip)                                                    \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (skip))

/* A message names its interface before its attributes. */
#define INDEX_AT (NLMSG_HDRLEN + offsetof(struct ifinfomsg, ifi_index))

/* A BPF filter loads big endian, while netlink has the machine's byte order. */
static int only(int fd, int index)
{
	struct sock_filter code[] = {
		LOAD(BPF_W, INDEX_AT),
		UNLESS(htonl((uint32_t)index), 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = {
		.len = sizeof(code) / sizeof(code[0]),
		.filter = code,
	};
	int one = 1;

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		       sizeof(program)) < 0)
		return -1;
	return setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &one, sizeof(one));
}

int iface_changes(int index)
{
	const struct sockaddr_nl links = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC,
			NETLINK_ROUTE);
	int e;

	if (fd < 0)
		return -errno;
	/* The filter first: not even the first message is about another. */
	if ((index == 0 || only(fd, index) == 0) &&
	    bind(fd, (const struct sockaddr *)&links, sizeof(links)) == 0)
		return fd;
	e = -errno;
	close(fd);
	return e;
}

int iface_flags(int sock, const char *name)
{
	struct ifreq ifr = { 0 };
	int e = ask(sock, SIOCGIFFLAGS, name, &ifr);

	return e < 0 ? e : (unsigned short)ifr.ifr_flags;
}

bool iface_is_running(int sock, const char *name)
{
	int flags = iface_flags(sock, name);

	return flags >= 0 && (flags & IFF_UP) && (flags & IFF_RUNNING);
}

int iface_mac(int sock, const char *name, uint8_t *mac)
{
	struct ifreq ifr = { 0 };
	int e = ask(sock, SIOCGIFHWADDR, name, &ifr);

	memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
	return e;
}

int iface_hw_type(int sock, const char *name)
{
	struct ifreq ifr = { 0 };
	int e = ask(sock, SIOCGIFHWADDR, name, &ifr);

	return e < 0 ? e : ifr.ifr_hwaddr.sa_family;
}

bool iface_is_wireless(int sock, const char *name)
{
	struct ifreq ifr = { 0 };

	return ask(sock, SIOCGIWNAME, name, &ifr) == 0;
}

int iface_mtu(int sock, const char *name)
{
	struct ifreq ifr = { 0 };
	int e = ask(sock, SIOCGIFMTU, name, &ifr);

	return e < 0 ? e : ifr.ifr_mtu;
}

int iface_set_mtu(int sock, const char *name, unsigned int mtu)
{
	struct ifreq ifr = { .ifr_mtu = (int)mtu };

	return ask(sock, SIOCSIFMTU, name, &ifr);
}

int iface_set_mac(int sock, const char *name, uint64_t mac)
{
	struct ifreq ifr = { .ifr_hwaddr.sa_family = ARPHRD_ETHER };

	for (int i = 0; i < 6; i++)
		ifr.ifr_hwaddr.sa_data[i] = (char)(mac >> (40 - 8 * i));
	return ask(sock, SIOCSIFHWADDR, name, &ifr);
}

/* Append an attribute to a message; there must be room. */
static void put(struct nlmsghdr *message, unsigned short type, const void *data,
		size_t size)
{
	struct rtattr *a =
		(void *)((char *)message + NLMSG_ALIGN(message->nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(size);
	memcpy(RTA_DATA(a), data, size);
	message->nlmsg_len =
		(uint32_t)(NLMSG_ALIGN(message->nlmsg_len) + RTA_LENGTH(size));
}

/* The kernel's answer to a message: 0 or negative errno. */
static int request(const struct nlmsghdr *message)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr body;
		char quoted[256];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int e = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, message, message->nlmsg_len) < 0 ||
	    read(fd, &answer, sizeof(answer)) < 0)
		e = -errno;
	else
		e = answer.body.error;
	close(fd);
	return e;
}

int iface_add_address(int index, bool v6, const uint8_t *address, uint8_t bits)
{
	size_t size = v6 ? 16 : 4;
	struct {
		struct nlmsghdr header;
		struct ifaddrmsg body;
		char attributes[64];
	} m = {
		.header.nlmsg_len = NLMSG_LENGTH(sizeof(m.body)),
		.header.nlmsg_type = RTM_NEWADDR,
		.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE |
				      NLM_F_EXCL,
		.body.ifa_family = v6 ? AF_INET6 : AF_INET,
		.body.ifa_prefixlen = bits,
		.body.ifa_index = (unsigned int)index,
	};
	int e;

	put(&m.header, IFA_LOCAL, address, size);
	put(&m.header, IFA_ADDRESS, address, size);
	e = request(&m.header);
	return e == -EEXIST ? 0 : e;
}

/* The number of the interface's master, from the answer; 0: none. */
static int master_in(const struct nlmsghdr *answer, size_t size)
{
	const struct rtattr *a;
	size_t left;
	int master = 0;

	if (!NLMSG_OK(answer, size) || answer->nlmsg_type != RTM_NEWLINK)
		return 0;
	left = IFLA_PAYLOAD(answer);
	for (a = IFLA_RTA((const struct ifinfomsg *)NLMSG_DATA(answer));
	     RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == IFLA_MASTER &&
		    RTA_PAYLOAD(a) == sizeof(master))
			memcpy(&master, RTA_DATA(a), sizeof(master));
	return master;
}

int iface_master(int fd, int index)
{
	const struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} question = {
		.header.nlmsg_len = sizeof(question),
		.header.nlmsg_type = RTM_GETLINK,
		.header.nlmsg_flags = NLM_F_REQUEST,
		.link.ifi_index = index,
	};
	union {
		struct nlmsghdr header;
		char bytes[16384];
	} answer;
	ssize_t n;

	/* The kernel answers within the call. */
	if (write(fd, &question, sizeof(question)) < 0)
		return 0;
	n = read(fd, &answer, sizeof(answer));
	return n <= 0 ? 0 : master_in(&answer.header, (size_t)n);
}

/* One or two numbers of an interface; @second: 0 for none. */
static int set_numbers(int index, uint16_t first, uint32_t its, uint16_t second,
		       uint32_t other)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg body;
		char attributes[32];
	} m = {
		.header.nlmsg_len = NLMSG_LENGTH(sizeof(m.body)),
		.header.nlmsg_type = RTM_NEWLINK,
		.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
		.body.ifi_index = index,
	};

	put(&m.header, first, &its, sizeof(its));
	if (second != 0)
		put(&m.header, second, &other, sizeof(other));
	return request(&m.header);
}

int iface_set_gso(int index, uint32_t bytes, uint32_t frames)
{
	return set_numbers(index, IFLA_GSO_MAX_SIZE, bytes, IFLA_GSO_MAX_SEGS,
			   frames);
}

int iface_set_gro(int index, uint32_t bytes)
{
	return set_numbers(index, IFLA_GRO_MAX_SIZE, bytes, 0, 0);
}

int iface_up(int sock, const char *name)
{
	int flags = iface_flags(sock, name);
	struct ifreq ifr = { .ifr_flags = (short)(flags | IFF_UP) };

	if (flags < 0 || (flags & IFF_UP))
		return flags < 0 ? flags : 0;
	return ask(sock, SIOCSIFFLAGS, name, &ifr);
}

void iface_list(char *buf, size_t size)
{
	struct if_nameindex *all = if_nameindex();
	size_t used = 0;

	buf[0] = '\0';
	for (struct if_nameindex *i = all; i != NULL && i->if_index != 0; i++) {
		size_t need = strlen(i->if_name) + 2;

		if (strcmp(i->if_name, "lo") == 0)
			continue;
		/* Room is kept for ", ..." and the NUL. */
		if (used + need + 6 > size) {
			snprintf(buf + used, size - used, ", ...");
			used = size;
			break;
		}
		used += (size_t)snprintf(buf + used, size - used, "%s%s",
					 used ? ", " : "", i->if_name);
	}
	if (used == 0)
		snprintf(buf, size, "none");
	if (all != NULL)
		if_freenameindex(all);
}
