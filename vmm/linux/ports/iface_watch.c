/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Following an interface: see iface_watch.h.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hostnet/iface.h"
#include "vmm/linux/ports/iface_watch.h"
#include "base/frame.h"

/* Messages read at a time; what is left keeps the descriptor ready. */
#define READS 16

_Static_assert(IFNAMSIZ == OUTSIDE_NAME, "the monitor is told its name");

/* Look up its current name and state. */
static bool look(const struct component *c, const struct iface_watch *w,
		 struct iface_watch *now, int *flags)
{
	int fd = c->fd[w->place];
	int mtu;

	*now = *w;
	if (iface_name(fd, w->index, now->name) < 0)
		return false;
	mtu = iface_mtu(fd, now->name);
	*flags = iface_flags(fd, now->name);
	now->mtu = (unsigned int)mtu;
	return mtu >= 0 && *flags >= 0;
}

static void say_state(struct component *c, const char *name, int flags)
{
	if (!(flags & IFF_UP)) {
		if (outside_set(c->outside, OUTSIDE_DOWN))
			pd_log(c, "interface %s is down: `ip link set %s up`",
			       name, name);
	} else if (!(flags & IFF_RUNNING)) {
		if (outside_set(c->outside, OUTSIDE_NO_CARRIER))
			pd_log(c, "interface %s has no carrier", name);
	} else if (outside_set(c->outside, OUTSIDE_UP)) {
		pd_log(c, "interface %s is up", name);
	}
}

static void say_mtu(struct component *c, const struct iface_watch *w)
{
	unsigned int port = c->cfg->wire.max_frame - FRAME_OVERHEAD;

	if (w->mtu < port)
		pd_log(c,
		       "the mtu of %s is %u now, this port's is %u: longer "
		       "frames for it are dropped",
		       w->name, w->mtu, port);
	else if (w->mtu > port)
		pd_log(c,
		       "the mtu of %s is %u now, this port's is %u: longer "
		       "frames from it are dropped",
		       w->name, w->mtu, port);
	else
		pd_log(c, "the mtu of %s is %u now, as this port's", w->name,
		       w->mtu);
}

/* @deleted: if it is not there, it has been deleted. */
static void update(struct iface_watch *w, struct component *c, bool deleted)
{
	struct iface_watch now;
	int flags = 0;

	if (w->lost)
		return;
	if (!look(c, w, &now, &flags)) {
		w->lost = deleted;
		return;
	}
	if (strcmp(now.name, w->name) != 0)
		pd_log(c, "interface %s is called %s now", w->name, now.name);
	if (w->mtu != 0 && now.mtu != w->mtu)
		say_mtu(c, &now);
	*w = now;
	memcpy(c->outside->name, w->name, sizeof(w->name));
	say_state(c, w->name, flags);
}

void iface_watch_init(struct iface_watch *w, struct component *c,
		      unsigned int place, int index, const char *name)
{
	w->place = place;
	w->index = index;
	strncpy(w->name, name, sizeof(w->name) - 1);
	update(w, c, true);
	pd_watch(c, place, w->lost ? 0u : EPOLLIN);
}

/*
 * Read all messages.  Return: whether the interface's deletion is, or may be,
 * among them.  Before that message it is unlisted, but not yet gone.
 */
static bool read_news(int fd)
{
	union {
		struct nlmsghdr header;
		char bytes[4096];
	} message;
	bool deleted = false;

	for (int i = 0; i < READS; i++) {
		ssize_t n = read(fd, &message, sizeof(message));

		if (n < 0 && errno != ENOBUFS)
			break;
		if (n < (ssize_t)NLMSG_HDRLEN ||
		    message.header.nlmsg_type == RTM_DELLINK)
			deleted = true;
	}
	return deleted;
}

void iface_watch_ready(struct iface_watch *w, struct component *c)
{
	update(w, c, read_news(c->fd[w->place]));
	if (w->lost)
		pd_watch(c, w->place, 0);
}

bool iface_watch_master(const struct iface_watch *w, struct component *c,
			char name[IFNAMSIZ])
{
	int fd = c->fd[w->place];

	return iface_name(fd, iface_master(fd, w->index), name) == 0;
}
