/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A switch in plain memory, with a peer at each port that can be well-behaved
 * or not: the raw queues and regions are within reach.
 *
 * Each region is an allocation of its own of exactly its size, so that a
 * sanitiser sees any access beyond.  Receive buffers are poisoned before they
 * are lent.
 */
#ifndef WEIR_TESTS_RIG_H
#define WEIR_TESTS_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vswitch/vswitch.h"

#define RIG_POISON 0xa5u
#define RIG_NO_BUFFER UINT32_MAX

/* Locally administered stations: RIG_MAC(7) is 02:00:00:00:00:07. */
#define RIG_MAC(n) (0x020000000000ull | (uint64_t)(n))
#define RIG_BIT(port) (1ull << (port))

/**
 * struct rig_port - a port as its peer sees it
 * @config:    as given to the switch
 * @page:      its link page
 * @tx_active: frames to the switch
 * @tx_free:   buffers that come back
 * @rx_active: frames from the switch
 * @rx_free:   buffers lent to it
 * @buffers:   in each of the two regions
 * @tx:        transmit buffers in the peer's hands, @n_tx of them
 * @lent:      receive buffers in the switch's hands
 * @offload:   of the frame taken last
 * @exists:    was added
 */
struct rig_port {
	struct vswitch_port_config config;
	struct link_page page;
	struct queue_producer tx_active;
	struct queue_consumer tx_free;
	struct queue_consumer rx_active;
	struct queue_producer rx_free;
	uint32_t buffers;
	uint32_t *tx;
	uint32_t n_tx;
	uint32_t lent;
	struct offload offload;
	bool exists;
};

struct rig {
	struct vswitch *sw;
	void *memory;
	struct vswitch_stats *stats;
	uint64_t now;
	struct rig_port port[MAX_PORTS];
};

/**
 * struct rig_options - what a port is made from; zero means the usual
 * @kind:             VSWITCH_PORT_CLIENT
 * @fill:             VSWITCH_FILL_CLIENT; with another the test is the peer,
 *                    after rig_hand_over()
 * @buffers:          16
 * @buffer_size:      2048
 * @max_frame:        1518
 * @forward_reserved: see struct vswitch_port_config, like the others
 */
struct rig_options {
	enum vswitch_port_kind kind;
	enum vswitch_fill fill;
	uint32_t buffers;
	uint32_t buffer_size;
	uint32_t max_frame;
	uint32_t offload;
	uint32_t max_segment;
	bool forward_reserved;
	bool sticky;
	uint64_t capture_of;
	bool capture_drops;
};

/**
 * rig_new - a switch without ports
 * @fdb: or NULL for a hash of 1024 entries that age after 300 seconds
 */
struct rig *rig_new(const struct fdb_config *fdb);

/**
 * rig_new_with - the same, with these tables
 */
struct rig *rig_new_with(const struct vswitch_tables *tables);

/**
 * rig_clients - a switch whose ports 0 to @n - 1 are ordinary clients, each
 * allowed to send to each other
 */
struct rig *rig_clients(unsigned int n);
void rig_free(struct rig *r);

/**
 * rig_add - add a port, bring its link up, lend its receive buffers
 * @options: or NULL
 */
void rig_add(struct rig *r, unsigned int port,
	     const struct rig_options *options);

void rig_allow(struct rig *r, unsigned int from, unsigned int to);
void rig_deny(struct rig *r, unsigned int from, unsigned int to);

/**
 * rig_lock - lock a port to an address; 0: unlock it
 */
void rig_lock(struct rig *r, unsigned int port, uint64_t mac);

/**
 * rig_run - run until there is no more to do
 *
 * Fails the test if that takes unreasonably long.
 *
 * Return: ports to ring.
 */
uint64_t rig_run(struct rig *r, uint64_t ports);

/**
 * rig_down, rig_up - what the monitor does to a port's link; the switch notices
 * at its next visit to the port
 */
void rig_down(struct rig *r, unsigned int port);
void rig_up(struct rig *r, unsigned int port);

/**
 * rig_down_up - both, each noticed
 */
void rig_down_up(struct rig *r, unsigned int port);

/**
 * rig_hand_over - a new epoch with empty queues, for a peer other than the rig
 */
void rig_hand_over(struct rig *r, unsigned int port);

/**
 * rig_send - copy a frame into a transmit buffer and hand it to the switch,
 * which is not run
 *
 * Return: false if the peer has no buffer left.
 */
bool rig_send(struct rig *r, unsigned int port, const void *frame,
	      uint16_t len);

/**
 * rig_send_offload - the same, with offload data
 */
bool rig_send_offload(struct rig *r, unsigned int port, const void *frame,
		      uint16_t len, struct offload o);

/**
 * rig_send_raw - hand any descriptor to the switch
 */
void rig_send_raw(struct rig *r, unsigned int port, uint64_t offset,
		  uint16_t len);

/**
 * rig_reap - take back transmit buffers the switch has returned
 *
 * Fails the test if one is impossible or was not out.
 *
 * Return: how many.
 */
unsigned int rig_reap(struct rig *r, unsigned int port);

/**
 * rig_take - take a received frame and keep its buffer
 *
 * Fails the test if a port without offloads gets offload data.
 *
 * @len: out
 *
 * Return: the buffer, RIG_NO_BUFFER if nothing came.
 */
uint32_t rig_take(struct rig *r, unsigned int port, uint16_t *len);

/**
 * rig_buffer - the bytes of a receive buffer
 */
uint8_t *rig_buffer(struct rig *r, unsigned int port, uint32_t buffer);

/**
 * rig_lend - poison a receive buffer and lend it to the switch
 */
void rig_lend(struct rig *r, unsigned int port, uint32_t buffer);

/**
 * rig_receive - take a received frame, copy it out, lend the buffer again
 * @frame: room for the port's buffer size, or NULL
 *
 * Return: its bytes, -1 if nothing came.
 */
int rig_receive(struct rig *r, unsigned int port, void *frame);

/**
 * rig_drain - receive and forget everything
 *
 * Return: how many frames.
 */
unsigned int rig_drain(struct rig *r, unsigned int port);

/**
 * rig_frame - build an untagged frame
 * @frame: room for @len bytes
 * @len:   at least 14
 *
 * The payload is a pattern that depends on all arguments.
 *
 * Return: @len.
 */
uint16_t rig_frame(uint8_t *frame, uint64_t dst, uint64_t src, uint16_t len);

/**
 * rig_tag - put a VLAN tag into a frame that has room for four bytes more
 */
uint16_t rig_tag(uint8_t *frame, uint16_t len, uint16_t tpid, uint16_t tci);

/**
 * rig_teach - have a station's address learned at a port, by a broadcast
 * that every other port then drains
 */
void rig_teach(struct rig *r, unsigned int port, uint64_t mac);

/**
 * rig_drops - a port's drop counter
 */
uint64_t rig_drops(const struct rig *r, unsigned int port,
		   enum vswitch_reason reason);

/**
 * rig_all_drops - the sum over all ports and reasons
 */
uint64_t rig_all_drops(const struct rig *r);

#endif
