/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The state of a nic port, and what AF_XDP changes about it.  Private to nic.c
 * and nic_by_xdp.c.
 */
#ifndef WEIR_VMM_LINUX_PORTS_NIC_H
#define WEIR_VMM_LINUX_PORTS_NIC_H

#include "hostnet/nic_packet.h"
#include "hostnet/offload.h"
#include "vmm/linux/ports/iface_watch.h"
#include "vmm/linux/ports/nic_xdp.h"
#include "vmm/linux/ports/pump.h"

/* State of a nic component. */
struct nic {
	struct pump pump; /* the switch side */
	struct nic_packet packet;
	struct nic_xdp *xdp; /* in the place of @packet, or NULL */
	bool unsent;	     /* frames wait in @xdp's ring */
	bool told;	     /* that the kernel is at fault */
	size_t max_frame;    /* bytes a frame of the port may have */
	struct iface_watch watch;
	/* it is no more; the descriptors, if there are any, are dead */
	bool gone;
	bool full;     /* it is the receiver that has no room, for a segment */
	uint8_t *copy; /* TRAIN_MAX bytes for a train */
	struct offload_train train; /* being cut, if @cutting */
	bool cutting;		    /* there is a train */
};

/**
 * nic_unsent - the kernel did not take @count frames
 * @error: an errno value; that the interface is gone is noted
 */
void nic_unsent(struct component *c, unsigned int count, int error);

/**
 * nic_by_xdp_init - use what the monitor has made for `xdp`
 *
 * If that is only a reason why not, it is logged, and the state's @xdp stays
 * NULL.
 *
 * Return: 0 or negative errno.
 */
int nic_by_xdp_init(struct component *c);

/** nic_by_xdp_kick - make the kernel send; true: there is no waiting for it */
bool nic_by_xdp_kick(struct component *c);

/** nic_by_xdp_watch - wait for frames, or not */
void nic_by_xdp_watch(struct component *c, bool in);

/** nic_by_xdp_run - try frames again that found no room, at each run() */
void nic_by_xdp_run(struct component *c);

#endif
