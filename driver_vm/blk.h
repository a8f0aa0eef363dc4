/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of a block connection, put to a disk.
 *
 *	the other side		     blk.c		 blk_uring.c
 *	  requests   --->   checks, order, pieces  --->   the disk
 *	  responses  <---   what became of them    <---
 *	  window     <----------------------------------> data
 *
 * We are the driver of virt/blk_virt.h with plain offsets into one window.  A
 * disk is a struct blk_disk; blk_uring.c implements one with io_uring.
 *
 *  - Requests go in batches.  All that there are, up to BLK_DEPTH, are given to
 *    the disk by one system call, and what the disk has done by then is
 *    published with at most one doorbell, none if the other side is awake.
 *  - Data goes straight between the disk and the window where its pages can be
 *    given to the kernel (@bounce is NULL).  Else each request has a
 *    buffer of BLK_BOUNCE bytes, and the program copies: once.
 *  - A write is answered when the disk has it, not when some cache of the guest
 *    does: the guest may be killed at any time.
 *  - A FLUSH is begun when the writes before it are answered.  What comes after
 *    it need not wait, but for a second one, or a BARRIER, which waits for all
 *    before it and holds up all behind it.
 *  - A disk that fails a request fails that request.
 *
 * Whatever is read from a queue is checked.  An impossible request is counted
 * and refused; an impossible index ends the use of the queues until the link
 * comes up again.  The program neither exits nor spins for it.
 *
 * The disk may write to the window as long as it has a request.  So when the
 * link goes down, what is at the disk is waited for and answered to nobody, and
 * a new epoch begins behind it.
 *
 * blk.c makes no system calls, so it can be tested anywhere.
 */
#ifndef WEIR_DRIVER_VM_BLK_H
#define WEIR_DRIVER_VM_BLK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "virt/driver_abi.h"
#include "driver_vm/copy.h"
#include "base/blk_ring.h"
#include "base/link.h"

/* Requests at the disk at a time. */
#define BLK_DEPTH 64u
/* Bytes given to the disk at a time for one request; the rest follows. */
#define BLK_PIECE (1u << 20)
/* The same, and size of its buffer, if the program copies. */
#define BLK_BOUNCE (64u << 10)

struct blk_disk;

/**
 * struct blk_disk_ops - what a disk can do
 * @begin:  a transfer, or with BLK_FLUSH whatever makes all writes that were
 *          done durable.  @tag, below BLK_DEPTH, is not in use.  It need not
 *          start before @submit()
 * @submit: start all that has begun, if there is any; called in each round
 * @done:   what has ended: its tag, and bytes or negative errno.  Return: false
 *          if there is nothing
 */
struct blk_disk_ops {
	void (*begin)(struct blk_disk *disk, unsigned int tag,
		      enum blk_code code, void *data, size_t len, uint64_t at);
	void (*submit)(struct blk_disk *disk);
	bool (*done)(struct blk_disk *disk, unsigned int *tag, int *result);
};

/* A disk; embedded in its owner, who sets all of it. */
struct blk_disk {
	const struct blk_disk_ops *ops;
	uint64_t size;	 /* bytes */
	uint32_t sector; /* bytes */
	bool read_only;
	char serial[BLK_SERIAL_SIZE]; /* text, or "" */
	uint64_t batches; /* calls of the system that gave it requests */
};

/* Its parts; for the shared memory see virt/driver_abi.h. */
struct blk_config {
	struct blk_request_queue *requests;
	struct blk_response_queue *responses;
	uint32_t capacity; /* slots of both */
	struct blk_info *info;
	uint8_t *window;
	size_t window_size;
	uint8_t *bounce; /* BLK_DEPTH * BLK_BOUNCE bytes, or NULL */
	const struct link_page *link;
	volatile struct driver_blk_status *status;
	volatile void *doorbells; /* may be rung at any time */
	const struct copy *copy;  /* for the window */
};

/* As in struct driver_blk_status. */
struct blk_counters {
	uint64_t requests[BLK_CODES];
	uint64_t read_bytes;
	uint64_t written_bytes;
	uint64_t errors;
	uint64_t bad_requests;
	uint64_t doorbells;
	uint64_t copied;
};

/* A request that was taken and not answered. */
struct blk_job {
	struct blk_request request;
	uint8_t *data; /* in the window */
	size_t done;   /* bytes */
	size_t piece;  /* bytes at the disk */
	bool used;
	bool waited_for; /* by @waiting of struct blk */
};

/* State, private to blk.c. */
struct blk {
	struct blk_config config;
	struct blk_disk *disk; /* NULL: not found yet */
	/* our halves of the queues */
	struct blk_ring_side requests, responses;
	uint32_t epoch; /* of the link, acted on */
	bool coming;	/* a new one begins when the disk has nothing */
	bool up;	/* the queues may be touched */
	bool asleep;	/* the other side was asked to notify */
	bool published; /* and the doorbell not rung yet */
	struct blk_job job[BLK_DEPTH];
	unsigned int jobs;	 /* in use */
	struct blk_job *waiting; /* FLUSH or BARRIER, or NULL */
	unsigned int older;	 /* jobs that it waits for */
	uint32_t beats;
	struct blk_counters count;
};

/**
 * blk_init - initialise; touches no shared memory
 *
 * Return: 0, or -EINVAL if the sizes are impossible.
 */
int blk_init(struct blk *b, const struct blk_config *config);

/** blk_ready - report that the disk is there; once */
void blk_ready(struct blk *b, struct blk_disk *disk);

/**
 * blk_run - answer what the disk has done, and give it what is asked for
 *
 * Return: whether there may be more.
 */
bool blk_run(struct blk *b);

/**
 * blk_arm - before the loop sleeps: ask to be notified
 *
 * Return: whether there is something to do after all.
 */
bool blk_arm(struct blk *b);

/**
 * blk_report - write the counters and the beat to the status page
 * @wakeups, @syscalls, @interrupts: of the loop
 */
void blk_report(struct blk *b, uint64_t wakeups, uint64_t syscalls,
		uint64_t interrupts);

#endif
