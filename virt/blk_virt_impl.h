/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inside of the block virtualiser, for its own files:
 *
 *	blk_virt.c	    making one; links; running
 *	blk_virt_disk.c	    is there a disk, and where are the clients' parts?
 *	blk_virt_slot.c	    requests that are at the driver, or are to go there
 *	blk_virt_request.c  clients' requests
 *	blk_virt_response.c the driver's responses
 */
#ifndef WEIR_VIRT_BLK_VIRT_IMPL_H
#define WEIR_VIRT_BLK_VIRT_IMPL_H

#include "base/blk_ring.h"
#include "base/hash.h"
#include "base/mem.h"
#include "virt/blk_virt.h"
#include "virt/cache.h"

/* No slot: slots are numbered below BLK_MAX_CAPACITY. */
#define BV_NO_SLOT UINT16_MAX

/* A client or the driver. */
struct bv_peer {
	struct blk_virt_queues q;
	struct blk_ring_side requests;
	struct blk_ring_side responses;
	/* as in its statistics */
	enum blk_virt_state state;
	uint32_t epoch;
	uint32_t outstanding;
	bool dirty;  /* we have put something on a ring */
	bool notify; /* something else has changed: whatever its flag says */
	struct blk_virt_side_stats *stats;
};

/* Blocks of the driver's disk. */
struct bv_part {
	enum blk_part_reason why;
	uint64_t first;
	uint64_t blocks;
	bool read_only;
};

struct bv_client {
	struct bv_peer peer;
	/* see struct blk_virt_client_config */
	uint8_t *data;
	uint64_t data_size;
	uint64_t window;
	bool read_only;
	const struct blk_table_want *want;
	struct bv_part part; /* as the disk is now */
	struct bv_part told; /* what it knows; .why is OK if it knows any */
	uint32_t writes;     /* of its slots: those that write */
	uint64_t blocks;     /* of its slots: their blocks */
	/* Writes that were answered, and those of them that were flushed. */
	uint64_t written;
	uint64_t flushed;
	bool lost; /* a driver went with writes that were not flushed */
};

enum bv_slot_state {
	BV_FREE,
	BV_QUEUED, /* to be put to the driver */
	BV_SENT,
};

/* A request of a client. */
struct bv_slot {
	uint64_t offset; /* in the client's region */
	uint64_t block;	 /* of its part; of a flush: its client's @written */
	uint32_t id;	 /* the client's */
	uint16_t count;
	uint16_t uses; /* how often it was sent: the upper half of its id */
	uint16_t next; /* in the hash's chain */
	uint8_t client;
	uint8_t code;
	uint8_t state; /* enum bv_slot_state */
};

/* A virtualiser. */
struct blk_virt {
	struct bv_peer driver;
	struct blk_geometry disk; /* the driver's, while it is up */
	bool retry;
	bool armed;
	bool unsynced; /* cache operations are under way */
	/* The partition table. */
	uint8_t *table_page;
	uint64_t table_window;
	bool reading;
	struct blk_table table;
	uint8_t copy[BLK_SIZE]; /* a page of it that nobody else can write */
	/* Clients. */
	uint32_t clients;
	uint32_t share; /* slots that each may have */
	uint32_t turn;	/* who is first next time */
	struct bv_client *client;
	struct blk_table_want *want; /* by client */
	/* Slots; one behind the others is for the partition table. */
	uint32_t slots;
	uint32_t free_slots; /* in @stack */
	uint32_t queued;     /* that are BV_QUEUED */
	struct bv_slot *slot;
	uint16_t *stack;
	uint16_t *bucket; /* by hash: the first slot, or BV_NO_SLOT */
	uint64_t key[2];  /* of the hash */
	struct blk_virt_stats *stats; /* @own, or the region */
	struct blk_virt_stats own;    /* statistics nobody else sees */
};

/* --- peers -------------------------------------------------------------- */

static inline bool bv_is_up(const struct bv_peer *p)
{
	return p->state == BLK_VIRT_UP;
}

/* May its rings be looked at, and filled? */
static inline bool bv_is_open(const struct bv_peer *p)
{
	return p->state == BLK_VIRT_UP || p->state == BLK_VIRT_WAITING ||
	       p->state == BLK_VIRT_REFUSED;
}

static inline void bv_set_state(struct bv_peer *p, enum blk_virt_state state)
{
	p->state = state;
	p->stats->state = state;
}

static inline void bv_set_outstanding(struct bv_peer *p, uint32_t n)
{
	p->outstanding = n;
	p->stats->outstanding = n;
}

static inline void bv_refuse(struct bv_peer *p, enum blk_virt_reason why)
{
	p->stats->refused[why]++;
}

/**
 * bv_fault - a peer broke the queue protocol
 */
void bv_fault(struct blk_virt *v, struct bv_peer *p);

/**
 * bv_checked - a ring's answer; 0 if its peer is now found at fault
 */
uint32_t bv_checked(struct blk_virt *v, struct bv_peer *p, int n);

/* --- the disk ----------------------------------------------------------- */

/**
 * bv_look_at_disk - follow the driver's page; begin to read its table
 */
void bv_look_at_disk(struct blk_virt *v);

/**
 * bv_table_answer - the table's block has been read, or could not be
 */
void bv_table_answer(struct blk_virt *v, bool ok);

/**
 * bv_suspend - the driver's disk is not there, or no longer
 */
void bv_suspend(struct blk_virt *v);

/**
 * bv_admit - a client's link is up: give it its part if the disk is there
 */
void bv_admit(struct blk_virt *v, struct bv_client *c);

/* --- slots -------------------------------------------------------------- */

/**
 * bv_slot_find - whether a client has a request with this id
 */
bool bv_slot_find(const struct blk_virt *v, const struct bv_client *c,
		  uint32_t id);

/**
 * bv_slot_take - make a slot of a request that was checked; there is one free
 */
struct bv_slot *bv_slot_take(struct blk_virt *v, struct bv_client *c,
			     const struct blk_request *r);

/**
 * bv_slot_send - put it to the driver, which has room for it
 */
void bv_slot_send(struct blk_virt *v, struct bv_slot *s);

/**
 * bv_slot_free - it is not needed any more
 */
void bv_slot_free(struct blk_virt *v, struct bv_slot *s);

/**
 * bv_slot_fail - answer its client that there is no device, and free it
 */
void bv_slot_fail(struct blk_virt *v, struct bv_slot *s);

/**
 * bv_table_slot - the one for the partition table
 */
static inline struct bv_slot *bv_table_slot(const struct blk_virt *v)
{
	return &v->slot[v->slots];
}

/* --- requests and responses --------------------------------------------- */

/**
 * bv_serve - take a turn of a client's requests
 *
 * Return: true if there is more to do for it now.
 */
bool bv_serve(struct blk_virt *v, struct bv_client *c);

/**
 * bv_could_serve - whether the next bv_serve() would do something
 */
bool bv_could_serve(struct blk_virt *v, struct bv_client *c);

/**
 * bv_answer - put a response; the client is open, and has room for it
 */
void bv_answer(struct bv_client *c, uint32_t id, enum blk_status status,
	       uint16_t count);

/**
 * bv_hear - take responses of the driver
 *
 * Return: true if there are more.
 */
bool bv_hear(struct blk_virt *v);

#endif
