/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libweir: attach a process to a port of a running switch.
 *
 *	struct weir_port *p = weir_attach("/run/weir/sensor.sock", err,
 *					  sizeof(err));
 *	for (;;) {
 *		n = weir_rx_burst(p, frames, 32);
 *		... look at frames[i].data, frames[i].len ...
 *		weir_rx_release(p, frames, n);
 *
 *		n = weir_tx_alloc(p, frames, 32);
 *		... fill frames[i].data, set frames[i].len ...
 *		weir_tx_burst(p, frames, n);
 *
 *		weir_flush(p);	       // once per round: wake the switch
 *		if (nothing happened)
 *			weir_wait(p, WEIR_WAIT_RX, 1000);
 *	}
 *
 * No call takes longer than its timeout (weir_attach: some seconds), whatever
 * the switch does.  A malicious server in weir's place could make calls wait,
 * by filling the eventfd that wakes the switch just before it is written, or
 * with descriptors of files whose close() waits.  So attach only to paths where
 * only weir's user can put a socket.
 *
 * A frame starts with the destination address and has no FCS.  Calls on one
 * port must not be made from two threads at once.  client/examples/ has
 * complete programs.
 */
#ifndef WEIR_CLIENT_WEIR_H
#define WEIR_CLIENT_WEIR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct weir_port;

/**
 * struct weir_frame - one frame, or one empty buffer
 * @data:  first byte; inside the shared region, do not keep it
 * @len:   bytes
 * @index: the library's
 */
struct weir_frame {
	uint8_t *data;
	uint16_t len;
	uint16_t index;
};

#define WEIR_WAIT_RX 1u /* until a frame came */
#define WEIR_WAIT_TX 2u /* until a transmit buffer came back */

/**
 * weir_attach - attach to a port
 * @path: the port's Unix socket, as in the topology's `attach "path"`
 * @err:  out: what is wrong and what to do, on failure; may be NULL
 * @size: bytes at @err
 *
 * Return: the port, or NULL with errno set (ENOENT, ECONNREFUSED, EBUSY, EAGAIN
 * if the port is held off after protocol faults, ...).
 */
struct weir_port *weir_attach(const char *path, char *err, size_t size);

/**
 * weir_detach - leave the port; the switch takes its link down
 * @p: may be NULL
 */
void weir_detach(struct weir_port *p);

/**
 * weir_name - "switch.port"
 */
const char *weir_name(const struct weir_port *p);

/**
 * weir_max_frame - longest frame the port takes, bytes
 */
unsigned int weir_max_frame(const struct weir_port *p);

/**
 * weir_is_up - can frames flow now?
 *
 * Return: 1; 0 while the link is down; -1 for good: the switch is gone or broke
 * the protocol (detach, and attach again).
 */
int weir_is_up(struct weir_port *p);

/**
 * weir_carrier - does the port's uplink have a carrier?
 *
 * In a topology a port can `follow` another one.  Without a carrier that one is
 * down: this port works, but whatever needs the uplink, such as DHCP, should
 * wait.  weir_wait() returns when the carrier comes or goes.
 *
 * Return: 1; 0 while there is none or the link is down; -1 as weir_is_up().
 */
int weir_carrier(struct weir_port *p);

/**
 * weir_rx_burst - take frames that have arrived, without waiting
 *
 * Return: how many, at most @count.
 */
unsigned int weir_rx_burst(struct weir_port *p, struct weir_frame *frames,
			   unsigned int count);

/**
 * weir_rx_release - give frames' buffers back; soon, there are not many
 */
void weir_rx_release(struct weir_port *p, const struct weir_frame *frames,
		     unsigned int count);

/**
 * weir_tx_alloc - get empty buffers, each of weir_max_frame() bytes
 *
 * Return: how many, at most @count.
 */
unsigned int weir_tx_alloc(struct weir_port *p, struct weir_frame *frames,
			   unsigned int count);

/**
 * weir_tx_cancel - give buffers from weir_tx_alloc() back unsent
 */
void weir_tx_cancel(struct weir_port *p, const struct weir_frame *frames,
		    unsigned int count);

/**
 * weir_tx_burst - send buffers from weir_tx_alloc(), len set in each
 */
void weir_tx_burst(struct weir_port *p, const struct weir_frame *frames,
		   unsigned int count);

/**
 * weir_send - copy one frame and send it
 *
 * Return: 0, or -1 with errno: EAGAIN no buffer now, EMSGSIZE, ENETDOWN.
 */
int weir_send(struct weir_port *p, const void *frame, size_t len);

/**
 * weir_flush - wake the switch if it sleeps and has work
 */
void weir_flush(struct weir_port *p);

/**
 * weir_wait - sleep until something can be done
 * @what:       WEIR_WAIT_RX, WEIR_WAIT_TX or both
 * @timeout_ms: -1: for ever; 0: just look
 *
 * Flushes first.  Also returns when the link has come up (all transmit buffers
 * are then free), and when the carrier has come or gone.
 *
 * Return: 1 if there is something to do, 0 at the timeout, -1 with errno set
 * (ENOTCONN: the switch has gone; EPROTO: it broke the protocol; EINTR).
 */
int weir_wait(struct weir_port *p, unsigned int what, int timeout_ms);

/**
 * weir_fd - a descriptor to poll, for event loops of one's own
 *
 * Poll it for POLLIN after weir_arm() said 0; weir_arm() drains it.
 */
int weir_fd(const struct weir_port *p);

/**
 * weir_arm - ask for a wake-up on weir_fd()
 * @what: as in weir_wait()
 *
 * Return: 1 if there is something already (do not sleep), 0 if not, -1 with
 * errno set.
 */
int weir_arm(struct weir_port *p, unsigned int what);

#ifdef __cplusplus
}
#endif

#endif
