/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's network interfaces: see rtlink.h.
 */
#include <errno.h>
#include <net/if_arp.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "driver_vm/rtlink.h"
#include "driver_vm/say.h"
#include "hostnet/iface.h"

/* Messages read at a time; what is left keeps the socket readable. */
#define READS 16

/*
 * Choose the Ethernet interface of this name, or the one with the lowest index.
 * Return: how many there are.
 */
static unsigned int choose(struct rtlink *link, const char *name)
{
	struct if_nameindex *all = if_nameindex();
	unsigned int count = 0;

	for (struct if_nameindex *i = all; i != NULL && i->if_index != 0; i++) {
		if ((name != NULL && strcmp(i->if_name, name) != 0) ||
		    iface_hw_type(link->fd, i->if_name) != ARPHRD_ETHER)
			continue;
		if (count++ == 0 || (int)i->if_index < link->index)
			link->index = (int)i->if_index;
	}
	if (all != NULL)
		if_freenameindex(all);
	return count;
}

void rtlink_read(struct rtlink *link)
{
	char message[4096];

	/* That there are any is enough: what is true now is looked up. */
	for (int i = 0; i < READS; i++)
		if (read(link->fd, message, sizeof(message)) < 0)
			break;
	link->gone = iface_name(link->fd, link->index, link->name) < 0;
	link->carrier = !link->gone && iface_is_running(link->fd, link->name);
}

int rtlink_find(struct rtlink *link, const char *name)
{
	struct pollfd change = { .fd = iface_changes(0), .events = POLLIN };
	unsigned int count;

	if (change.fd < 0)
		return change.fd;
	*link = (struct rtlink){ .fd = change.fd };
	for (bool said = false; (count = choose(link, name)) == 0;
	     said = true) {
		if (!said)
			say("no Ethernet interface yet, waiting for one");
		poll(&change, 1, -1);
		rtlink_read(link);
	}
	rtlink_read(link);
	if (count > 1)
		say("there are %u Ethernet interfaces, %s is taken: it has the "
		    "lowest index",
		    count, link->name);
	return link->gone ? -ENODEV
			  : iface_mac(link->fd, link->name, link->mac);
}
