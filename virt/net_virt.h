/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network virtualisers, between an Ethernet driver and a switch port.
 *
 *	  driver   --active-->  net_virt_rx  --active-->   switch
 *		   <---free---		     <---free---   (port's ingress)
 *
 *	  driver   <--active--  net_virt_tx  <--active--   switch
 *		   ---free--->		     ---free--->   (port's egress)
 *
 * They translate buffer addresses, maintain caches, and check descriptors.
 * They read no byte of a frame: only the switch decides which frames pass.  So
 * offload data (base/offload.h) goes with its frame as it came, and what a driver
 * says there the switch holds against the packet, as from any port.
 *
 * Both are struct net_virt, in opposite directions.  Empty buffers are lent to
 * a *source*, which returns them filled; a filled one is lent on to a *sink*,
 * which returns it empty.  The source of rx is the driver, that of tx the
 * switch.  Only which queue is `out`, whose addresses are translated, and the
 * cache operation depend on the direction.
 *
 *	  +--------+ <--- out (free) ---  +----+  --- out (active) --> +------+
 *	  | source |                      | we |                       | sink |
 *	  +--------+ --- in (active) -->  +----+  <--- in (free) ----- +------+
 *
 * While the sink is down, frames are counted and their buffers go straight back
 * to the source, so that it does not stall.
 *
 * One data region serves both sides, so nothing is copied: for rx the driver
 * (or its device) writes it and the switch reads it; for tx the switch writes
 * and the driver reads.  The virtualiser owns the buffers of the region and
 * records each one's holder in private memory.  A descriptor is a claim ("here
 * is your buffer back") and is checked against that record.
 *
 * What may be relied on, if either peer or both are hostile:
 *  - A buffer has one holder at a time: a descriptor of a buffer that was never
 *    lent, was returned already, or is the other side's is refused and counted.
 *  - No buffer is lost: one that comes back with an impossible length goes back
 *    into circulation, and a side whose link epoch changes gives back all it
 *    had.
 *  - Each call does a bounded amount of work, whatever the indices say.
 *  - A side that publishes an impossible index is ignored until its epoch
 *    changes; the other side goes on.
 *
 * A driver that speaks io addresses is trusted with DMA: the platform has to
 * stop the device before it lets a driver's epoch change, because the buffers
 * are lent anew at once.
 *
 * The platform's loop is the switch's (vswitch/vswitch.h): call run() until it
 * says there is no more, then arm(), and sleep if that reports nothing new;
 * notify whom run() says.  The first run() after init() fills the queues.
 */
#ifndef WEIR_VIRT_NET_VIRT_H
#define WEIR_VIRT_NET_VIRT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/abi.h"
#include "base/link.h"
#include "base/queue.h"

/* Descriptors taken from one queue in one call of run(). */
#define NET_VIRT_BUDGET 64u
/* Bytes of a buffer: powers of two within these. */
#define NET_VIRT_MIN_BUFFER 128u
#define NET_VIRT_MAX_BUFFER 65536u
#define NET_VIRT_STATS_MAGIC 0x5765697256697274ull /* "WeirVirt" */

enum net_virt_side { NET_VIRT_DRIVER, NET_VIRT_SWITCH, NET_VIRT_SIDES };

/* Bits of `ring`: whom to notify. */
#define NET_VIRT_RING_DRIVER (1u << NET_VIRT_DRIVER)
#define NET_VIRT_RING_SWITCH (1u << NET_VIRT_SWITCH)

/* How the driver addresses a buffer. */
enum net_virt_addresses {
	NET_VIRT_OFFSET, /* offset into the data region, as the switch does */
	NET_VIRT_IO,	 /* the address its device knows the buffer by */
};

/*
 * Why a descriptor was refused, or a frame went no further.
 *
 *	NET_VIRT_REASON(symbol, key, text for a person)
 *
 * PEER_DOWN and NO_ROOM are charged to the side that could not take the frame,
 * the others to the side that handed the descriptor in.
 */
#define NET_VIRT_REASONS(NET_VIRT_REASON)                                      \
	NET_VIRT_REASON(BAD_OFFSET, bad_offset,                                \
			"buffer outside the region or off a boundary")         \
	NET_VIRT_REASON(NEVER_LENT, never_lent,                                \
			"buffer was not lent since the link came up")          \
	NET_VIRT_REASON(RETURNED_TWICE, returned_twice,                        \
			"buffer was returned already")                         \
	NET_VIRT_REASON(WRONG_OWNER, wrong_owner,                              \
			"buffer is the other side's")                          \
	NET_VIRT_REASON(BAD_LENGTH, bad_length,                                \
			"frame is empty or longer than its buffer")            \
	NET_VIRT_REASON(PEER_DOWN, peer_down, "the side to take it is down")   \
	NET_VIRT_REASON(NO_ROOM, no_room, "the side to take it made no room")

#define NET_VIRT_REASON_ENUM(symbol, key, text) NET_VIRT_##symbol,
enum net_virt_reason {
	NET_VIRT_REASONS(NET_VIRT_REASON_ENUM) NET_VIRT_REASON_COUNT
};
#undef NET_VIRT_REASON_ENUM

enum net_virt_state {
	NET_VIRT_DOWN, /* link epoch is even */
	NET_VIRT_UP,
	NET_VIRT_FAULT, /* broke the queue protocol; waits for an epoch */
};

/**
 * struct net_virt_queues - the connection to one side
 * @active:   queue of frames
 * @free:     queue of empty buffers
 * @capacity: slots of both
 * @link:     link page, or NULL for a link that is always up
 */
struct net_virt_queues {
	struct net_queue *active;
	struct net_queue *free;
	uint32_t capacity;
	const struct link_page *link;
};

/**
 * struct net_virt_side_stats - a virtualiser's statistics of one side
 * @state:   enum net_virt_state
 * @epoch:   the link epoch last acted on; queues of earlier ones are no longer
 *           used
 * @faults:  how often the side went to NET_VIRT_FAULT
 * @refused: by enum net_virt_reason
 */
struct net_virt_side_stats {
	uint32_t state;
	uint32_t epoch;
	uint64_t faults;
	uint64_t refused[NET_VIRT_REASON_COUNT];
};

ABI_SIZE(struct net_virt_side_stats, 16 + 8 * NET_VIRT_REASON_COUNT);
ABI_AT(struct net_virt_side_stats, state, 0);
ABI_AT(struct net_virt_side_stats, epoch, 4);
ABI_AT(struct net_virt_side_stats, faults, 8);
ABI_AT(struct net_virt_side_stats, refused, 16);

/**
 * struct net_virt_stats - a virtualiser's statistics
 * @magic:  NET_VIRT_STATS_MAGIC once it is initialised
 * @frames: frames passed on
 * @bytes:  their bytes
 * @side:   by enum net_virt_side
 *
 * May be a region of its own: only the virtualiser writes it, each field is a
 * naturally aligned word, counters only grow.
 */
struct net_virt_stats {
	uint64_t magic;
	uint64_t frames;
	uint64_t bytes;
	struct net_virt_side_stats side[NET_VIRT_SIDES];
};

ABI_SIZE(struct net_virt_stats, 24 + 2 * sizeof(struct net_virt_side_stats));
ABI_AT(struct net_virt_stats, magic, 0);
ABI_AT(struct net_virt_stats, frames, 8);
ABI_AT(struct net_virt_stats, bytes, 16);
ABI_AT(struct net_virt_stats, side, 24);

/**
 * struct net_virt_config - what a virtualiser is made from
 * @source:      who fills buffers: NET_VIRT_DRIVER for rx, NET_VIRT_SWITCH for
 *               tx
 * @driver:      connection to the driver
 * @sw:          connection to the switch port: its ingress half for rx, its
 *               egress half for tx.  For rx the port is a VSWITCH_PORT_CLIENT:
 *               we own the buffers
 * @data:        the region in our address space, for cache maintenance; never
 *               read.  Aligned to a cache line
 * @data_size:   its bytes: a multiple of @buffer_size, at most as many
 *               buffers as either capacity
 * @buffer_size: bytes of a buffer; buffers start at multiples of it
 * @offload:     descriptors of frames carry offload data; else none is read, and
 *               0 written
 * @addresses:   how the driver names a buffer
 * @io:          NET_VIRT_IO: the device's address of the region
 * @stats:       region for statistics, or NULL for private ones only
 */
struct net_virt_config {
	enum net_virt_side source;
	struct net_virt_queues driver;
	struct net_virt_queues sw;
	uint8_t *data;
	size_t data_size;
	uint32_t buffer_size;
	bool offload;
	enum net_virt_addresses addresses;
	uint64_t io;
	struct net_virt_stats *stats;
};

struct net_virt;

/**
 * net_virt_size - bytes of private memory a virtualiser needs
 * @config: checked
 *
 * Return: 0 if something in @config is impossible.
 */
size_t net_virt_size(const struct net_virt_config *config);

/**
 * net_virt_init - make a virtualiser; touches no queue yet
 * @memory: private, aligned to 64
 * @size:   bytes at @memory
 * @config: copied
 *
 * Return: the virtualiser (inside @memory), or NULL if @config is impossible or
 * @size less than net_virt_size().
 */
struct net_virt *net_virt_init(void *memory, size_t size,
			       const struct net_virt_config *config);

/**
 * net_virt_run - look at both link pages, then do a bounded amount of work
 * @ring: in/out: NET_VIRT_RING_* bits are added for whom to notify
 *
 * Return: true if there is more to do.
 */
bool net_virt_run(struct net_virt *v, unsigned int *ring);

/**
 * net_virt_arm - ask to be notified; run() had nothing more to do
 *
 * Return: true if something came meanwhile; run() must be called again.
 */
bool net_virt_arm(struct net_virt *v);

/** net_virt_stats - the virtualiser's statistics, wherever they are */
const struct net_virt_stats *net_virt_stats(const struct net_virt *v);

/**
 * net_virt_reason_key - stable short name ("never_lent")
 * @reason: any value; out of range gives "unknown"
 */
const char *net_virt_reason_key(enum net_virt_reason reason);

/**
 * net_virt_reason_text - one line for a person
 * @reason: any value; out of range gives "unknown"
 */
const char *net_virt_reason_text(enum net_virt_reason reason);

#endif
