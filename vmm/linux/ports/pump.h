/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pump: frames between a switch port and a descriptor of the outside.
 *
 *	           net_rx_burst()             send()
 *	  switch  ---------------->  pump  ----------->  TAP, packet socket,
 *	          <----------------        <-----------  stream socket
 *	           net_tx_burst()           receive()
 *
 * What tap, nic and socket have in common: bursts both ways without an extra
 * copy, bounded work per run(), and what happens when one side is too slow.
 * Neither side ever waits for the other:
 *
 *  - The outside takes no frame now.  The pump stops taking frames from the
 *    switch and watches the descriptor.  Meanwhile the switch runs out of this
 *    port's receive buffers and counts its drops as `no_buffer`.
 *  - The switch returns no transmit buffer.  The pump stops looking at the
 *    descriptor and asks for a notification; the kernel's own queue overflows
 *    and counts.
 *  - The link is down.  Nothing is moved and nothing is watched; the monitor
 *    notifies when it goes up.
 *
 * Frames the outside did not take stay in their receive buffers.  A new epoch
 * of the link invalidates these, so it is checked first, and they are dropped.
 */
#ifndef WEIR_VMM_LINUX_PORTS_PUMP_H
#define WEIR_VMM_LINUX_PORTS_PUMP_H

#include <stdbool.h>
#include <stdint.h>

#include "virt/net_client.h"
#include "vmm/linux/pd/pd.h"

/* Frames moved each way per run(). */
#define PUMP_BURST 64u

/* Buffers taken for what comes, when there were no more lately. */
#define PUMP_FEW 4u

/**
 * struct pump_ops - access to the outside
 * @receive: fill at most @count buffers and set their len; clears
 *           pump->readable once the outside has nothing more.  Looks at no more
 *           than @count frames, refused ones included.  Returns how many
 *           buffers it filled; the rest are given back
 * @send:    send frames.  Returns how many were sent or dropped.  Fewer than
 *           @count means the outside has no room now, and @watch will be told
 *           to wait for it, as it is if @send clears pump->writable
 * @watch:   choose what is waited for while asleep; called when that changes
 */
struct pump_ops {
	unsigned int (*receive)(struct component *c, struct net_buffer *buffers,
				unsigned int count);
	unsigned int (*send)(struct component *c,
			     const struct net_buffer *buffers,
			     unsigned int count);
	void (*watch)(struct component *c, bool in, bool out);
};

/**
 * struct pump - state, the first member of the component's; the owner changes
 * @readable and @writable, no more
 * @ops:        of the owner
 * @client:     the switch side
 * @resets:     epochs seen; more of them make @held void
 * @readable:   the outside may have frames
 * @writable:   the outside may have room
 * @starved:    there is no transmit buffer
 * @expected:   how many to take, as the rest is given back
 * @watch_in, @watch_out: what @ops->watch() was told last
 * @held:       received from the switch, not sent yet
 * @held_first: first of them
 * @held_count: how many
 */
struct pump {
	const struct pump_ops *ops;
	struct net_client *client;
	uint64_t resets;
	bool readable;
	bool writable;
	bool starved;
	unsigned int expected;
	bool watch_in;
	bool watch_out;
	unsigned int held_first;
	unsigned int held_count;
	struct net_buffer held[PUMP_BURST];
};

/**
 * pump_init - start pumping for a component; for its init()
 *
 * Return: 0, -ENOMEM, or -EINVAL if the wire's sizes are impossible.
 */
int pump_init(struct component *c, const struct pump_ops *ops);

/** pump_run - a component's run(): move a burst each way */
bool pump_run(struct component *c, uint64_t now_ns);

/** pump_arm - a component's arm(): ask to be woken */
bool pump_arm(struct component *c);

/**
 * pump_drop - count frames that were dropped, and log why
 * @count:  how many
 * @format: of the line, to which "(7 so far)" is added
 *
 * Logs the first, tenth, hundredth time and so on.
 */
void pump_drop(struct component *c, enum outside_drop why, uint64_t count,
	       const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
