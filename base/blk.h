/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block queues: sDDF 0.7's, byte for byte.
 *
 * A client asks a server to read and write blocks.  The server may be the
 * virtualiser (virt/blk_virt.h), which is a client of a driver in its turn.  A
 * connection is two rings and a page in shared memory, and a data region that
 * neither ring is in:
 *
 *	            struct blk_request_queue
 *	  byte 0      4      8         9        12       13       16
 *	     +------+------+---------+--------+--------+--------+-----------+-
 *	     | head | tail | plugged |        | server | client | request 0 |
 *	     | (s)  | (c)  |   (c)   |        | awake  | awake  |    (c)    |
 *	     |      |      |         |        |  (s)   |  (c)   |           |
 *	     +------+------+---------+--------+--------+--------+-----------+-
 *
 *	            struct blk_response_queue
 *	  byte 0      4      8            20
 *	     +------+------+------------+------------+-
 *	     | head | tail | response 0 | response 1 |
 *	     | (c)  | (s)  |    (s)     |    (s)     |
 *	     +------+------+------------+------------+-
 *
 *	            struct blk_info, a page: written by (s)
 *
 *	(c)  written by the client only, read by the server
 *	(s)  written by the server only, read by the client
 *
 * Ownership.  As in base/queue.h: indices run freely, here through all 32-bit
 * values; the slot of an index is its value modulo the capacity, a power of two
 * that is agreed outside the shared memory and the same for both rings.  Slots
 * [head, tail) belong to the consumer, all others to the producer.  The part of
 * the data region that a request names is the server's from the publication of
 * the request to that of its response.
 *
 * A client has at most `capacity` requests whose responses it has not consumed.
 * So a response always finds a free slot.  What one asks for beyond that is
 * taken when it has consumed some and notifies.
 *
 * Units.  Blocks of BLK_SIZE bytes, whatever the disk's sectors are.
 *
 * Order.  Responses come in any order, and name their request by its id.  A
 * request after a BARRIER is begun when all before it have been answered.  A
 * FLUSH is begun when all writes before it have been answered; once it is
 * answered, they survive a loss of power.
 *
 * What may be relied on.  Nothing in the region is believed.  A side keeps its
 * own index in private memory (struct blk_ring_side) and only publishes it; the
 * other's is read once per visit and must lie within one capacity of ours, else
 * the call says BLK_FAULT and the caller takes the connection down.  An entry
 * is copied out by one volatile read per field.
 *
 * Signalling.  sDDF notifies after every batch, and knows no flag to save it.
 * Here the bytes @server_awake and @client_awake, padding in sDDF, say "I shall
 * look by myself before I sleep"; a peer that knows nothing of them leaves them
 * 0, and is always notified.  Who means to sleep stores 0 and *then* looks once
 * more (blk_say_asleep(), blk_ring_pending()); who has published looks at the
 * flag *after* the store of tail (blk_sleeps()).  A full fence stands between
 * the two on either side.  Only its owner writes a flag, so no notification is
 * lost; a sleeper may get more than one.  tests/model/signal.pml checks this.
 */
#ifndef WEIR_BASE_BLK_H
#define WEIR_BASE_BLK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/abi.h"

/* Bytes of a block, the unit of all transfers. */
#define BLK_SIZE 4096u
#define BLK_SHIFT 12u

/* Smallest and largest number of slots a ring may have. */
#define BLK_MIN_CAPACITY 2u
#define BLK_MAX_CAPACITY 32768u

/* The peer published an index that cannot be: take the connection down. */
#define BLK_FAULT (-1)

/* What a client asks for. */
enum blk_code {
	BLK_READ,
	BLK_WRITE,
	BLK_FLUSH,
	BLK_BARRIER,
	BLK_CODES,
};

/* What came of it. */
enum blk_status {
	BLK_OK,
	BLK_ERROR,	     /* of no kind below */
	BLK_ERROR_PARAMETER, /* the request makes no sense here */
	BLK_ERROR_IO,	     /* the device failed */
	BLK_ERROR_NO_DEVICE, /* the device is missing or has gone */
	BLK_STATUSES,
};

/**
 * struct blk_request - as sDDF's blk_req
 * @code:	  enum blk_code
 * @io_or_offset: where the data is: an offset into the data region, or the
 *		  address a device knows it by
 * @block:	  the first block on the disk
 * @count:	  blocks
 * @id:		  the client's name of the request, not in use by it
 * @pad, @pad2:	  not used; Weir writes 0
 *
 * FLUSH and BARRIER have @code and @id only.
 */
struct blk_request {
	uint32_t code;
	uint32_t pad;
	uint64_t io_or_offset;
	uint64_t block;
	uint16_t count;
	uint16_t pad2;
	uint32_t id;
};

ABI_SIZE(struct blk_request, 32);
ABI_AT(struct blk_request, code, 0);
ABI_AT(struct blk_request, pad, 4);
ABI_AT(struct blk_request, io_or_offset, 8);
ABI_AT(struct blk_request, block, 16);
ABI_AT(struct blk_request, count, 24);
ABI_AT(struct blk_request, pad2, 26);
ABI_AT(struct blk_request, id, 28);

/**
 * struct blk_response - as sDDF's blk_resp
 * @status:	   enum blk_status
 * @success_count: blocks that were transferred; all of them if @status is
 *		   BLK_OK
 * @pad:	   not used; Weir writes 0
 * @id:		   the request's
 */
struct blk_response {
	uint32_t status;
	uint16_t success_count;
	uint16_t pad;
	uint32_t id;
};

ABI_SIZE(struct blk_response, 12);
ABI_AT(struct blk_response, status, 0);
ABI_AT(struct blk_response, success_count, 4);
ABI_AT(struct blk_response, pad, 6);
ABI_AT(struct blk_response, id, 8);

/* What both rings begin with. */
struct blk_ring {
	_Atomic(uint32_t) head;
	_Atomic(uint32_t) tail;
};

ABI_SIZE(struct blk_ring, 8);
ABI_AT(struct blk_ring, head, 0);
ABI_AT(struct blk_ring, tail, 4);

/**
 * struct blk_request_queue
 * @ring:	  the client produces, the server consumes
 * @plugged:	  not 0: the server is to leave all requests where they are.  A
 *		  client that takes the plug out notifies
 * @pad, @pad2:	  not used
 * @server_awake: see Signalling, above
 * @client_awake: the same
 */
struct blk_request_queue {
	struct blk_ring ring;
	_Atomic(uint8_t) plugged;
	uint8_t pad[3];
	_Atomic(uint8_t) server_awake;
	_Atomic(uint8_t) client_awake;
	uint8_t pad2[2];
	struct blk_request entry[];
};

ABI_SIZE(struct blk_request_queue, 16);
ABI_AT(struct blk_request_queue, ring, 0);
ABI_AT(struct blk_request_queue, plugged, 8);
ABI_AT(struct blk_request_queue, pad, 9);
ABI_AT(struct blk_request_queue, server_awake, 12);
ABI_AT(struct blk_request_queue, client_awake, 13);
ABI_AT(struct blk_request_queue, pad2, 14);
ABI_AT(struct blk_request_queue, entry, 16);

struct blk_response_queue {
	struct blk_ring ring;
	struct blk_response entry[];
};

ABI_SIZE(struct blk_response_queue, 8);
ABI_AT(struct blk_response_queue, ring, 0);
ABI_AT(struct blk_response_queue, entry, 8);

/* Bytes of a serial number, its terminating 0 included. */
#define BLK_SERIAL_SIZE 64u
/* Bytes of the region that holds a struct blk_info. */
#define BLK_INFO_REGION_SIZE 0x1000u

/**
 * struct blk_info - what a server says of its disk, as sDDF's blk_storage_info
 * @serial:	 text
 * @read_only:	 1: writes are refused; else 0
 * @ready:	 1: all of this holds, and requests are served; else 0.  Written
 *		 last; the server notifies when it changes
 * @sector_size: of the disk, in bytes
 * @block_size:	 the best size of a transfer, in blocks
 * @queue_depth: how many requests at a time make sense, or 0
 * @cylinders, @heads, @blocks: of a disk that has such, or 0
 * @pad:	 not used
 * @capacity:	 of the disk, in blocks
 */
struct blk_info {
	char serial[BLK_SERIAL_SIZE];
	uint8_t read_only;
	_Atomic(uint8_t) ready;
	uint16_t sector_size;
	uint16_t block_size;
	uint16_t queue_depth;
	uint16_t cylinders;
	uint16_t heads;
	uint16_t blocks;
	uint16_t pad;
	uint64_t capacity;
};

ABI_SIZE(struct blk_info, 88);
ABI_AT(struct blk_info, serial, 0);
ABI_AT(struct blk_info, read_only, 64);
ABI_AT(struct blk_info, ready, 65);
ABI_AT(struct blk_info, sector_size, 66);
ABI_AT(struct blk_info, block_size, 68);
ABI_AT(struct blk_info, queue_depth, 70);
ABI_AT(struct blk_info, cylinders, 72);
ABI_AT(struct blk_info, heads, 74);
ABI_AT(struct blk_info, blocks, 76);
ABI_AT(struct blk_info, pad, 78);
ABI_AT(struct blk_info, capacity, 80);

_Static_assert(sizeof(_Atomic(uint8_t)) == 1, "ABI: atomics add no lock");
_Static_assert(sizeof(_Atomic(uint32_t)) == 4, "ABI: atomics add no lock");
_Static_assert(BLK_SIZE == 1u << BLK_SHIFT, "a shift and its size");

/* --- what a server says of its disk ------------------------------------- */

/**
 * blk_info_is_ready - whether the rest of the page holds
 */
static inline bool blk_info_is_ready(const struct blk_info *info)
{
	return atomic_load_explicit(&info->ready, memory_order_acquire) == 1;
}

/**
 * blk_info_set_ready - say so, when the rest has been written, or take it back
 */
static inline void blk_info_set_ready(struct blk_info *info, bool ready)
{
	atomic_store_explicit(&info->ready, ready, memory_order_release);
}

/**
 * struct blk_geometry - what is read of a struct blk_info
 * @read_only, @sector_size, @block_size, @queue_depth, @capacity: see there
 */
struct blk_geometry {
	uint64_t capacity;
	uint16_t sector_size;
	uint16_t block_size;
	uint16_t queue_depth;
	bool read_only;
};

/**
 * blk_info_read - copy out what an untrusted peer says, each field read once
 * @info: of a peer that is ready
 *
 * The copy is not checked.
 */
static inline struct blk_geometry blk_info_read(const struct blk_info *info)
{
	const volatile struct blk_info *i = info;

	return (struct blk_geometry){
		.capacity = i->capacity,
		.sector_size = i->sector_size,
		.block_size = i->block_size,
		.queue_depth = i->queue_depth,
		.read_only = i->read_only != 0,
	};
}

#endif
