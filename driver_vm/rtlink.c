/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's network interfaces: see rtlink.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "driver_vm/rtlink.h"
#include "driver_vm/say.h"

/* The kernel's messages of a dump are never longer. */
#define MESSAGE 32768

/* --- messages ------------------------------------------------------------ */

/**
 * struct news - content of one RTM_NEWLINK
 * @link:     of the interface; no socket
 * @ethernet: it is one, and not the loopback interface
 */
struct news {
	struct rtlink link;
	bool ethernet;
};

static void read_attribute(const struct rtattr *a, struct rtlink *link)
{
	size_t size = RTA_PAYLOAD(a);

	switch (a->rta_type) {
	case IFLA_IFNAME:
		snprintf(link->name, sizeof(link->name), "%.*s", (int)size,
			 (const char *)RTA_DATA(a));
		break;
	case IFLA_ADDRESS:
		if (size == sizeof(link->mac))
			memcpy(link->mac, RTA_DATA(a), size);
		break;
	case IFLA_MTU:
		if (size == sizeof(link->mtu))
			memcpy(&link->mtu, RTA_DATA(a), size);
		break;
	default:
		break;
	}
}

static bool read_news(const struct nlmsghdr *h, struct news *news)
{
	const struct ifinfomsg *info = NLMSG_DATA(h);
	int left = (int)IFLA_PAYLOAD(h);

	if (h->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return false;
	*news = (struct news){
		.link = { .index = info->ifi_index,
			  .carrier = (info->ifi_flags & IFF_UP) &&
				     (info->ifi_flags & IFF_LOWER_UP),
			  .gone = h->nlmsg_type == RTM_DELLINK },
		.ethernet = info->ifi_type == ARPHRD_ETHER &&
			    !(info->ifi_flags & IFF_LOOPBACK),
	};
	for (const struct rtattr *a = IFLA_RTA(info); RTA_OK(a, left);
	     a = RTA_NEXT(a, left))
		read_attribute(a, &news->link);
	return true;
}

/*
 * One read from the socket.  Return: bytes, 0 if there is nothing, negative
 * errno; -ENOBUFS: news were lost.
 */
static ssize_t receive(int fd, void *buf)
{
	ssize_t n = recv(fd, buf, MESSAGE, 0);

	if (n >= 0)
		return n;
	return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

/* Ask for all interfaces. */
static int ask(int fd)
{
	const struct {
		struct nlmsghdr h;
		struct ifinfomsg info;
	} request = {
		.h = { .nlmsg_len = sizeof(request),
		       .nlmsg_type = RTM_GETLINK,
		       .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.info = { .ifi_family = AF_UNSPEC },
	};

	return send(fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

/* --- finding ------------------------------------------------------------- */

/**
 * struct choice - the interface chosen so far
 * @name:   wanted, or NULL
 * @best:   interface; index 0: none
 * @others: Ethernet interfaces passed over
 * @done:   the dump is over
 */
struct choice {
	const char *name;
	struct rtlink best;
	unsigned int others;
	bool done;
};

static void consider(struct choice *choice, const struct news *news)
{
	const struct rtlink *link = &news->link;
	struct rtlink *best = &choice->best;

	if (!news->ethernet || link->gone || link->index == best->index)
		return;
	if (choice->name != NULL && strcmp(choice->name, link->name) != 0)
		return;
	choice->others += best->index != 0;
	if (best->index == 0 || link->index < best->index)
		*best = *link;
}

static void choose(struct choice *choice, void *buf, ssize_t n)
{
	struct news news;

	for (struct nlmsghdr *h = buf; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
		if (h->nlmsg_type == NLMSG_DONE || h->nlmsg_type == NLMSG_ERROR)
			choice->done = true;
		else if (h->nlmsg_type == RTM_NEWLINK && read_news(h, &news))
			consider(choice, &news);
	}
}

static int open_socket(void)
{
	const struct sockaddr_nl addr = {
		.nl_family = AF_NETLINK,
		.nl_groups = RTMGRP_LINK,
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	int e;

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	e = -errno;
	close(fd);
	return e;
}

/* Choose among the interfaces there are; else wait for the next one. */
static int wait_for_one(int fd, struct choice *choice)
{
	static _Alignas(struct nlmsghdr) char buf[MESSAGE];
	bool said = false;
	int e = ask(fd);

	while (e == 0 && (!choice->done || choice->best.index == 0)) {
		ssize_t n;

		if (choice->done && !said) {
			say("no Ethernet interface yet, waiting for one");
			said = true;
		}
		n = receive(fd, buf);
		if (n > 0)
			choose(choice, buf, n);
		else if (n == -ENOBUFS)
			e = ask(fd);
		else
			e = (int)n;
	}
	return e;
}

int rtlink_find(struct rtlink *link, const char *name)
{
	struct choice choice = { .name = name };
	int fd = open_socket();
	int e;

	if (fd < 0)
		return fd;
	e = wait_for_one(fd, &choice);
	if (e == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		e = -errno;
	if (e < 0) {
		close(fd);
		return e;
	}
	*link = choice.best;
	link->fd = fd;
	if (choice.others > 0)
		say("there are %u Ethernet interfaces, %s is taken: it has the lowest index",
		    choice.others + 1, link->name);
	return 0;
}

/* --- news ---------------------------------------------------------------- */

static void update(struct rtlink *link, void *buf, ssize_t n)
{
	struct news news;

	for (struct nlmsghdr *h = buf; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
		if ((h->nlmsg_type != RTM_NEWLINK &&
		     h->nlmsg_type != RTM_DELLINK) ||
		    !read_news(h, &news) || news.link.index != link->index)
			continue;
		link->carrier = news.link.carrier && !news.link.gone;
		link->gone = news.link.gone;
		if (news.link.mtu != 0)
			link->mtu = news.link.mtu;
	}
}

int rtlink_read(struct rtlink *link)
{
	static _Alignas(struct nlmsghdr) char buf[MESSAGE];
	ssize_t n = receive(link->fd, buf);

	if (n == -ENOBUFS)
		return ask(link->fd);
	if (n > 0)
		update(link, buf, n);
	return n < 0 ? (int)n : 0;
}
