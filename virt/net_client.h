/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client's side of a switch port: two queue pairs.
 *
 * Freestanding, like the switch itself: port PDs, the attach library
 * (client/weir.h) and Microkit clients are built on it.
 *
 * The client owns both data regions' buffers.  Transmit buffers wait in private
 * memory (a stack of free ones) until they are filled and put on `ingress
 * active`; the switch returns them on `ingress free`.  Receive buffers are lent
 * to the switch on `egress free`; they come back filled on `egress active` and
 * are lent again once the frame has been used.
 *
 * The switch is not trusted either: indices and descriptors are checked as on
 * its side, and a buffer that is returned without having been lent, or twice,
 * is dropped and counted (private memory records where each buffer is).
 *
 * Link pages: every burst call looks at the epoch first.  While it is even,
 * both bursts move nothing; when it becomes odd, the client starts again with
 * all its buffers.  Frames in flight are lost.
 */
#ifndef WEIR_VIRT_NET_CLIENT_H
#define WEIR_VIRT_NET_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/link.h"
#include "base/queue.h"

/**
 * struct net_client_config - what a port is made of, seen from the client
 * @tx_active:   ingress active: we produce
 * @tx_free:     ingress free: we consume
 * @rx_active:   egress active: we consume
 * @rx_free:     egress free: we produce
 * @tx_data:     our transmit region
 * @rx_data:     our receive region; need not be writable
 * @tx_size:     bytes of @tx_data
 * @rx_size:     bytes of @rx_data
 * @capacity:    slots of each queue
 * @buffer_size: bytes of a buffer, a power of two
 * @max_frame:   longest frame, bytes
 * @offload:     OFFLOAD_PORT if descriptors carry offload data (base/offload.h)
 * @max_segment: longest segment, bytes, if it does; or 0
 * @link:        link page or NULL
 *
 * A capture client has no transmit half: @tx_active is NULL.
 */
struct net_client_config {
	struct net_queue *tx_active;
	struct net_queue *tx_free;
	struct net_queue *rx_active;
	struct net_queue *rx_free;
	uint8_t *tx_data;
	const uint8_t *rx_data;
	size_t tx_size;
	size_t rx_size;
	uint32_t capacity;
	uint32_t buffer_size;
	uint32_t max_frame;
	uint32_t offload;
	uint32_t max_segment;
	const struct link_page *link;
};

/* Why a client's port is not usable. */
enum net_client_state {
	NET_CLIENT_DOWN,  /* the link is down; nothing to do but wait */
	NET_CLIENT_UP,	  /* frames flow */
	NET_CLIENT_FAULT, /* the switch broke the protocol; awaits an epoch */
};

struct net_client;

/**
 * net_client_size - bytes of private memory a client needs
 * @config: checked
 *
 * Return: 0 if a size in @config is impossible.
 */
size_t net_client_size(const struct net_client_config *config);

/**
 * net_client_init - make a client; the link is looked at by the first burst
 * @memory: private, aligned to 64
 * @size:   bytes at @memory
 * @config: copied
 *
 * Return: the client (inside @memory), or NULL if a size is impossible.
 */
struct net_client *net_client_init(void *memory, size_t size,
				   const struct net_client_config *config);

/**
 * net_client_state - read the link page and return the state
 *
 * After NET_CLIENT_DOWN every buffer held from net_tx_alloc() or net_rx_burst()
 * is void.
 */
enum net_client_state net_client_state(struct net_client *c);

/**
 * net_client_carrier - does the port's uplink have a carrier?
 *
 * The link is up and has a carrier (base/link.h): the uplink the port follows,
 * if any, is up.  Without a carrier, frames still flow between this port and
 * the switch's other ports, but whatever needs the uplink, such as DHCP, should
 * wait.  A change of carrier touches no buffer.
 */
bool net_client_carrier(struct net_client *c);

/**
 * net_tx_alloc - take empty transmit buffers
 * @buffers: out: data and index, no offload data; room for a whole buffer at
 *           each, which is max_frame bytes or max_segment
 * @count:   how many are wanted
 *
 * Return: how many there are now.
 */
unsigned int net_tx_alloc(struct net_client *c, struct net_buffer *buffers,
			  unsigned int count);

/** net_tx_cancel - give back buffers from net_tx_alloc() unsent */
void net_tx_cancel(struct net_client *c, const struct net_buffer *buffers,
		   unsigned int count);

/**
 * net_tx_burst - send filled buffers
 * @buffers: from net_tx_alloc(), len set
 * @count:   all are taken: the queue holds every buffer there is.  One whose
 *           len is 0 or more than max_frame (of a segment: max_segment) is
 *           counted and goes back instead.  Offload data is not sent without
 *           OFFLOAD_PORT
 */
void net_tx_burst(struct net_client *c, const struct net_buffer *buffers,
		  unsigned int count);

/**
 * net_rx_burst - take received frames
 * @buffers: out
 * @count:   at most
 *
 * Frames stay in the receive region and may be read until net_rx_release().
 *
 * Return: how many.
 */
unsigned int net_rx_burst(struct net_client *c, struct net_buffer *buffers,
			  unsigned int count);

/**
 * net_rx_reserve - lend the switch fewer receive buffers than there are
 * @frames: that may come before net_rx_release() or net_rx_lend() is called
 *          again: as many empty ones it has, if there are so many
 *
 * Before the first burst.  The switch uses buffers in turn, so that all it has
 * go through the cache; those kept here are lent again while they are warm.
 * Frames that wait to be taken do not count: behind them the others are lent.
 */
void net_rx_reserve(struct net_client *c, uint32_t frames);

/** net_rx_lend - do so, if frames have come that were not taken */
void net_rx_lend(struct net_client *c);

/** net_rx_release - lend buffers back to the switch */
void net_rx_release(struct net_client *c, const struct net_buffer *buffers,
		    unsigned int count);

/**
 * net_client_must_notify - whether the switch must be notified
 *
 * Called once after a round of bursts: whether anything was published since the
 * last call for which the switch sleeps.
 */
bool net_client_must_notify(struct net_client *c);

/**
 * net_client_arm - ask to be notified
 * @want_rx: when frames come
 * @want_tx: when transmit buffers come back (having run out of them)
 *
 * Return: true if there is something already, a link or a carrier that came or
 * went included; the caller goes on instead of sleeping.
 */
bool net_client_arm(struct net_client *c, bool want_rx, bool want_tx);

/**
 * struct net_client_counters - protocol errors of the switch
 * @bad_rx:   received descriptors refused
 * @bad_free: returned transmit buffers refused
 * @unsent:   buffers given to net_tx_burst() with an impossible length
 * @resets:   epochs begun
 * @faults:   impossible indices
 */
struct net_client_counters {
	uint64_t bad_rx;
	uint64_t bad_free;
	uint64_t unsent;
	uint64_t resets;
	uint64_t faults;
};

/** net_client_counters - a copy of the counters */
struct net_client_counters net_client_counters(const struct net_client *c);

#endif
