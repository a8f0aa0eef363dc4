/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block virtualiser: several clients' disks on one driver's disk.
 *
 *	client --requests-->  +----+  --requests--> +--------+
 *	client --requests-->  | we |		    | driver |
 *	  ...  <-responses--  +----+  <-responses-- +--------+
 *
 * Each client has a part of the disk, and sees a disk of that size.  To the
 * driver the virtualiser is the only client (base/blk.h).  It translates block
 * numbers, places of data, and ids; it maintains caches; it checks requests and
 * responses.  It copies no data and reads none but the partition table.
 *
 * Data.  Every client has a data region of its own, and the driver all of them:
 * it sees one window, in which the regions have fixed places.  So data goes
 * from the disk to the client's region at once, and a driver need not know how
 * many clients there are.  One page of the window is ours: for the partition
 * table.
 *
 * Ids.  A request that goes to the driver gets a slot of a private table and an
 * id that is made of the slot's number and of a count of its uses.  A response
 * is only a claim, which is held against the slot.  So a client can answer or
 * name no request of another, and the driver can answer each request once.
 *
 * Order.  Requests of one client reach the driver in the order of its queue.  A
 * BARRIER never does: what is behind it waits until all before it has been
 * answered, then it is answered here.  A FLUSH waits until all writes before it
 * have been answered.  Other clients do not wait for either.
 *
 * Fairness.  Clients take turns; a turn has a budget of blocks, not of
 * requests.  A client has at most its share of the slots, and at most as many
 * blocks at the driver as its data region has, so that one with two requests
 * does not wait behind thousands of another's.
 *
 * A client that goes.  What it has at the driver stays in its slots: the driver
 * may still write to the old data region.  Until all is answered the client is
 * BLK_VIRT_DRAINING, and the new epoch is not acknowledged in the statistics;
 * so the monitor neither gives the region to anybody nor brings the link up.
 *
 * A driver that goes.  Its epoch changes, and what it had not answered is, by
 * configuration, asked again of the next one (retry) or answered with an error.
 *  - Retry: clients see a long pause.  The driver has to complete a write only
 *    when the device has it, because writes that were answered before are not
 *    asked again, and a flush that comes later has to cover them.
 *  - Error: clients see "not ready" meanwhile, and requests are answered with
 *    BLK_ERROR_NO_DEVICE.  A client that had writes answered and not yet
 *    flushed has its next FLUSH answered with BLK_ERROR_IO.
 * The new driver's disk is looked at anew.  A client whose part is not where it
 * was is cut off (BLK_VIRT_REFUSED) until its own epoch changes.
 *
 * What may be relied on, whatever clients and driver write:
 *  - A client's request touches nothing outside its part of the disk and its
 *    data region, if the driver does as it is asked.  A driver that does not
 *    can spoil the clients' data and regions, nothing else.
 *  - A request that came in is answered at most once, to the client it came
 *    from, and exactly once if the driver answers.
 *  - Two clients' parts overlap only if both can only read.
 *  - Each call does a bounded amount of work.
 *  - A side that publishes an impossible index is ignored until its epoch
 *    changes; the others go on.
 *
 * A driver that speaks io addresses is trusted with DMA: the platform has to
 * stop the device before it lets the driver's epoch change.
 *
 * The platform's loop is that of virt/net_virt.h: run() until it says there is
 * no more, then arm(), and sleep if that reports nothing new.
 */
#ifndef WEIR_VIRT_BLK_VIRT_H
#define WEIR_VIRT_BLK_VIRT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/abi.h"
#include "base/blk.h"
#include "base/link.h"
#include "virt/blk_table.h"

#define BLK_VIRT_MAX_CLIENTS 64u
/* Responses of the driver taken in one call of run(). */
#define BLK_VIRT_BUDGET 64u
/* Blocks a client may ask for in a turn, and requests. */
#define BLK_VIRT_TURN_BLOCKS 64u
#define BLK_VIRT_TURN_REQUESTS 16u
#define BLK_VIRT_STATS_MAGIC 0x57656972426c6b56ull /* "WeirBlkV" */

/*
 * Why a request was refused, or a response not believed.
 *
 *	BLK_VIRT_REASON(symbol, key, text for a person)
 *
 * The first ones are charged to a client, the others to the driver.
 */
#define BLK_VIRT_REASONS(BLK_VIRT_REASON)                                      \
	BLK_VIRT_REASON(BAD_CODE, bad_code, "there is no such request")        \
	BLK_VIRT_REASON(BAD_COUNT, bad_count, "request of no block")           \
	BLK_VIRT_REASON(OUTSIDE, outside, "blocks beyond the end of the disk") \
	BLK_VIRT_REASON(READ_ONLY, read_only, "write to a disk that is read")  \
	BLK_VIRT_REASON(BAD_BUFFER, bad_buffer,                                \
			"data outside the region or off a boundary")           \
	BLK_VIRT_REASON(ID_IN_USE, id_in_use,                                  \
			"another request of the client has this id")           \
	BLK_VIRT_REASON(NO_DISK, no_disk, "there is no disk now")              \
	BLK_VIRT_REASON(UNKNOWN_ID, unknown_id,                                \
			"response to a request that was never made")           \
	BLK_VIRT_REASON(ANSWERED_TWICE, answered_twice,                        \
			"response to a request that was answered")             \
	BLK_VIRT_REASON(BAD_STATUS, bad_status, "response of no known status") \
	BLK_VIRT_REASON(BAD_SUCCESS, bad_success,                              \
			"response of more blocks than asked for, or too few")

#define BLK_VIRT_REASON_ENUM(symbol, key, text) BLK_VIRT_##symbol,
enum blk_virt_reason {
	BLK_VIRT_REASONS(BLK_VIRT_REASON_ENUM) BLK_VIRT_REASON_COUNT
};
#undef BLK_VIRT_REASON_ENUM

/* Of a client, or of the driver. */
enum blk_virt_state {
	BLK_VIRT_DOWN,	  /* link epoch is even */
	BLK_VIRT_WAITING, /* link is up, the driver's disk is not */
	BLK_VIRT_UP,
	BLK_VIRT_FAULT,	   /* broke the queue protocol; waits for an epoch */
	BLK_VIRT_REFUSED,  /* @why says; waits for an epoch */
	BLK_VIRT_DRAINING, /* a client: gone, waits for the driver's responses */
};

/**
 * struct blk_virt_queues - the connection to a client or to the driver
 * @requests, @responses: the rings
 * @info:     the page: ours to write for a client, the driver's to write
 * @capacity: slots of both rings
 * @link:     link page, or NULL for a link that is always up
 */
struct blk_virt_queues {
	struct blk_request_queue *requests;
	struct blk_response_queue *responses;
	struct blk_info *info;
	uint32_t capacity;
	const struct link_page *link;
};

/**
 * struct blk_virt_client_config - a client
 * @queues:    its connection
 * @data:      its data region in our address space, for cache maintenance; may
 *	       be NULL where there is none to do (virt/cache.h)
 * @data_size: the region's bytes, a multiple of BLK_SIZE
 * @window:    where the region begins, as the driver calls it: an offset in its
 *	       window, or an io address
 * @part:      its part of the disk: of it @number and @name are used; without
 *	       either, @first and @size bytes, from there to the end if @size is 0
 * @read_only: it may not write
 */
struct blk_virt_client_config {
	struct blk_virt_queues queues;
	uint8_t *data;
	size_t data_size;
	uint64_t window;
	struct blk_table_want part;
	bool read_only;
};

/**
 * struct blk_virt_config - what a virtualiser is made from
 * @driver:  connection to the driver.  @capacity: at least one for each client
 * @client:  array of @clients, at most BLK_VIRT_MAX_CLIENTS; copied
 * @table:   a page of the driver's window in our address space, for the
 *	     partition table; may be NULL if no client has a number or a name
 * @table_window: where it begins, as the driver calls it
 * @retry:   what a driver that has gone had not answered is asked again
 * @seed:    random, for the hash of ids
 * @stats:   region for statistics, or NULL for private ones only
 */
struct blk_virt_config {
	struct blk_virt_queues driver;
	const struct blk_virt_client_config *client;
	uint32_t clients;
	uint8_t *table;
	uint64_t table_window;
	bool retry;
	uint64_t seed;
	struct blk_virt_stats *stats;
};

/**
 * struct blk_virt_side_stats - a client's or the driver's statistics
 * @state:    enum blk_virt_state
 * @epoch:    the link epoch last acted on; queues and data regions of earlier
 *	      ones are no longer used, by the driver neither
 * @why:      BLK_VIRT_REFUSED: enum blk_part_reason; BLK_PART_OUTSIDE of the
 *	      driver: what it says of its disk is impossible
 * @outstanding: a client's requests that are not answered; the driver's: all
 *	      of them
 * @first, @blocks: a client's part, once it is known; the driver's disk
 * @requests: by enum blk_code: of a client: those that were taken in and not
 *	      refused; of the driver: those that were put to it
 * @read_blocks, @written_blocks: as the responses say
 * @errors:   responses that were not BLK_OK, of those that were not refused
 * @faults:   how often the side went to BLK_VIRT_FAULT
 * @retried:  requests that were asked of the next driver
 * @refused:  by enum blk_virt_reason
 */
struct blk_virt_side_stats {
	uint32_t state;
	uint32_t epoch;
	uint32_t why;
	uint32_t outstanding;
	uint64_t first;
	uint64_t blocks;
	uint64_t requests[BLK_CODES];
	uint64_t read_blocks;
	uint64_t written_blocks;
	uint64_t errors;
	uint64_t faults;
	uint64_t retried;
	uint64_t refused[BLK_VIRT_REASON_COUNT];
};

ABI_SIZE(struct blk_virt_side_stats, 104 + 8 * BLK_VIRT_REASON_COUNT);
ABI_AT(struct blk_virt_side_stats, state, 0);
ABI_AT(struct blk_virt_side_stats, epoch, 4);
ABI_AT(struct blk_virt_side_stats, why, 8);
ABI_AT(struct blk_virt_side_stats, outstanding, 12);
ABI_AT(struct blk_virt_side_stats, first, 16);
ABI_AT(struct blk_virt_side_stats, blocks, 24);
ABI_AT(struct blk_virt_side_stats, requests, 32);
ABI_AT(struct blk_virt_side_stats, read_blocks, 64);
ABI_AT(struct blk_virt_side_stats, written_blocks, 72);
ABI_AT(struct blk_virt_side_stats, errors, 80);
ABI_AT(struct blk_virt_side_stats, faults, 88);
ABI_AT(struct blk_virt_side_stats, retried, 96);
ABI_AT(struct blk_virt_side_stats, refused, 104);

/**
 * struct blk_virt_stats - a virtualiser's statistics
 * @magic:   BLK_VIRT_STATS_MAGIC once it is initialised
 * @clients: how many there are
 * @pad:     0
 *
 * May be a region of its own: only the virtualiser writes it, each field is a
 * naturally aligned word, counters only grow.
 */
struct blk_virt_stats {
	uint64_t magic;
	uint32_t clients;
	uint32_t pad;
	struct blk_virt_side_stats driver;
	struct blk_virt_side_stats client[BLK_VIRT_MAX_CLIENTS];
};

ABI_SIZE(struct blk_virt_stats,
	 16 + (1 + BLK_VIRT_MAX_CLIENTS) * sizeof(struct blk_virt_side_stats));
ABI_AT(struct blk_virt_stats, magic, 0);
ABI_AT(struct blk_virt_stats, clients, 8);
ABI_AT(struct blk_virt_stats, pad, 12);
ABI_AT(struct blk_virt_stats, driver, 16);
ABI_AT(struct blk_virt_stats, client, 16 + sizeof(struct blk_virt_side_stats));

/**
 * struct blk_virt_ring - whom to notify
 * @driver:  the driver
 * @clients: bit i: client i
 */
struct blk_virt_ring {
	bool driver;
	uint64_t clients;
};

struct blk_virt;

/**
 * blk_virt_size - bytes of private memory a virtualiser needs
 *
 * Return: 0 if something in @config is impossible.
 */
size_t blk_virt_size(const struct blk_virt_config *config);

/**
 * blk_virt_init - make a virtualiser; touches no queue yet
 * @memory: private, aligned to 64
 * @size:   bytes at @memory
 * @config: copied
 *
 * Return: the virtualiser (inside @memory), or NULL if @config is impossible or
 * @size less than blk_virt_size().
 */
struct blk_virt *blk_virt_init(void *memory, size_t size,
			       const struct blk_virt_config *config);

/**
 * blk_virt_run - look at all link pages, then do a bounded amount of work
 * @ring: in/out: added to, for whom to notify
 *
 * Return: true if there is more to do.
 */
bool blk_virt_run(struct blk_virt *v, struct blk_virt_ring *ring);

/**
 * blk_virt_arm - ask to be notified; run() had nothing more to do
 *
 * Return: true if something came meanwhile; run() must be called again.
 */
bool blk_virt_arm(struct blk_virt *v);

/** blk_virt_stats - the virtualiser's statistics, wherever they are */
const struct blk_virt_stats *blk_virt_stats(const struct blk_virt *v);

/**
 * blk_virt_reason_key - stable short name ("outside")
 * @reason: any value; out of range gives "unknown"
 */
const char *blk_virt_reason_key(enum blk_virt_reason reason);

/**
 * blk_virt_reason_text - one line for a person
 * @reason: any value; out of range gives "unknown"
 */
const char *blk_virt_reason_text(enum blk_virt_reason reason);

#endif
