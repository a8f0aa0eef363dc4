/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the monitor tells a PD while it runs, and what the PD answers.
 *
 * Each PD has a control socket (BOOT_CTL_FD), one end of a SOCK_SEQPACKET pair
 * whose other end the monitor holds.  The monitor neither waits to send nor to
 * read.  It needs no eventfd that a PD shares with somebody else, so nothing
 * done to one can block it.
 *
 *	LOOK	something changed: a request in a mailbox, a link page.  Every
 *		component looks at everything
 *	RENEW	the next client of an attach port gets fresh memory: map these
 *		regions in place of the old ones, wait on and ring these
 *		descriptors.  The PD answers once it has done so
 *	GIVE	a descriptor for one of its components, which gets it by given()
 *		of its operations: a client VM's device the connection to the
 *		VM, a client VM those to its devices, and consoles
 *
 * A PD that dies before it has answered needs no order: it is restarted with
 * the new regions and descriptors.
 */
#ifndef WEIR_VMM_LINUX_ORDER_H
#define WEIR_VMM_LINUX_ORDER_H

#include <stdint.h>

#include "base/abi.h"

enum pd_order_what { PD_ORDER_LOOK = 1, PD_ORDER_RENEW, PD_ORDER_GIVE };

/*
 * What a GIVE is for: by number the device of a client VM, which is 0 to the
 * device itself; or this, a stream socket with somebody at a terminal.
 */
#define PD_GIVEN_CONSOLE 0xffffffffu

/* Both queue pairs and both data regions. */
#define PD_RENEW_REGIONS 6u

/* What comes with a RENEW, in this order (SCM_RIGHTS). */
enum pd_renew_fd {
	PD_RENEW_WAIT,
	PD_RENEW_RING,
	PD_RENEW_REGION,
	PD_RENEW_FDS = PD_RENEW_REGION + PD_RENEW_REGIONS
};

/**
 * struct pd_order - one message from the monitor
 * @what:    enum pd_order_what
 * @serial:  RENEW: to be repeated in the answer; GIVE: what it is for
 * @channel: RENEW: id of the port's channel; GIVE: index of the component
 * @slot:    RENEW: slot of each region
 */
struct pd_order {
	uint32_t what;
	uint32_t serial;
	uint32_t channel;
	uint32_t slot[PD_RENEW_REGIONS];
};

ABI_SIZE(struct pd_order, 36);
ABI_AT(struct pd_order, what, 0);
ABI_AT(struct pd_order, serial, 4);
ABI_AT(struct pd_order, channel, 8);
ABI_AT(struct pd_order, slot, 12);

/**
 * struct pd_answer - one message from the PD
 * @serial:  of the order that has been carried out
 * @channel: likewise
 */
struct pd_answer {
	uint32_t serial;
	uint32_t channel;
};

ABI_SIZE(struct pd_answer, 8);
ABI_AT(struct pd_answer, serial, 0);
ABI_AT(struct pd_answer, channel, 4);

#endif
