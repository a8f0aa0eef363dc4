/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's network interfaces.
 *
 * Which interface is the card, whether it has a carrier, and when either
 * changes.  The card's driver may be slow, so the card's appearance is an event
 * like any other: a netlink socket subscribes first, then the interfaces are
 * looked at, so that no change is missed.
 */
#ifndef WEIR_DRIVER_VM_RTLINK_H
#define WEIR_DRIVER_VM_RTLINK_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

/* An interface. */
struct rtlink {
	int fd;	   /* subscribed socket */
	int index; /* of the interface; 0: none yet */
	char name[IF_NAMESIZE];
	uint8_t mac[6]; /* its address */
	bool carrier;	/* it is up and has a carrier */
	bool gone;	/* it was taken away */
};

/**
 * rtlink_find - find the card's interface, or wait until there is one
 * @link: out
 * @name: of the interface, or NULL: the Ethernet interface with the lowest
 *        index
 *
 * Return: 0 or negative errno.
 */
int rtlink_find(struct rtlink *link, const char *name);

/** rtlink_read - look again; the socket is readable */
void rtlink_read(struct rtlink *link);

#endif
