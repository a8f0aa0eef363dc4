/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwIP's network interface on a switch port.
 */
#ifndef WEIR_EXAMPLES_ECHO_WIRE_H
#define WEIR_EXAMPLES_ECHO_WIRE_H

#include <lwip/netif.h>

#include "client/pd.h"

/* Frames moved at a time. */
#define WIRE_BURST 32

/**
 * struct wire - a switch port as lwIP's interface
 * @netif:   lwIP's side
 * @c:       the component
 * @client:  the switch's side
 * @resets:  epochs seen
 * @tx:      transmit buffers we hold: filled ones, then empty ones
 * @filled:  how many are filled
 * @have:    how many there are
 * @starved: lwIP had something to send and there was no buffer
 */
struct wire {
	struct netif netif;
	struct component *c;
	struct net_client *client;
	uint64_t resets;
	struct net_buffer tx[WIRE_BURST];
	unsigned int filled;
	unsigned int have;
	bool starved;
};

/**
 * wire_init - make the interface; its link is down until the first wire_run()
 * @w: zeroed
 *
 * Allocates.  After lwip_init().
 *
 * Return: 0 or negative errno.
 */
int wire_init(struct wire *w, struct component *c);

/**
 * wire_run - check the link, pass received frames to lwIP
 *
 * Return: true if there may be more.
 */
bool wire_run(struct wire *w);

/**
 * wire_flush - send lwIP's frames and notify the switch; once per run()
 */
void wire_flush(struct wire *w);

/**
 * wire_arm - ask for notifications; as component_ops.arm
 */
bool wire_arm(struct wire *w);

#endif
