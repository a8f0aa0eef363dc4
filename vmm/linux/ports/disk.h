/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest's disk, whose rings this component serves by vhost-user (vhost.h).
 *
 *	disk.c		requests between the guest's rings and what stores the
 *			data
 *	disk_file.c	which is a file or a block device of the host,
 *	disk_queue.c	or a disk behind a driver VM (base/blk.h)
 *	disk_open.c	the file, opened by the monitor
 *
 * What is hard.  Requests end in any order, and long after they were taken, and
 * meanwhile the kernel reads and writes the guest's memory for them.  So
 * messages of the front-end wait until nothing is under way, as all that stop a
 * ring or take memory away must; no request is taken meanwhile, so that they
 * wait for a time that has an end.  If the front-end hangs up, what stores the
 * data has to let go of the memory first (abandon()).  If this process dies, the
 * next one takes what was under way again (vhost_inflight.c).
 *
 * What may be relied on.  What the guest was told is written is in the host's
 * file, if not on its disk; after a flush it is there as well.  A request that
 * fails is answered with an error, counted and logged, and the next one is
 * served.
 */
#ifndef WEIR_VMM_LINUX_PORTS_DISK_H
#define WEIR_VMM_LINUX_PORTS_DISK_H

#include <stdatomic.h>

#include "virtio/blk.h"
#include "vmm/linux/ports/vhost.h"

/* Rings of a disk: QEMU makes one for each processor of the guest. */
#define DISK_RINGS VHOST_RINGS

/* Requests under way at a time. */
#define DISK_JOBS 256u

/* Where descriptors are, behind those of the front-end. */
enum {
	DISK_FILE = PEER_FDS + DISK_RINGS * VHOST_RING_FDS,
	DISK_URING,
	DISK_FDS
};

_Static_assert((unsigned int)DISK_FDS <= PD_MAX_FDS, "they fit");

/* How requests get to what stores the data. */
enum disk_by { DISK_BY_URING, DISK_BY_CALLS, DISK_BY_QUEUE, DISK_BYS };

/**
 * struct disk_stats - written by the PD, read by the monitor
 * @by:     enum disk_by
 * @sectors: the disk's size; 0: not known yet
 * @done, @bytes: by enum vblk_what: what was done, since the PD runs
 * @failed: by enum vblk_error: requests that were not
 * @again:  requests that an earlier process had taken
 * @calls:  system calls that began requests or waited for their end
 * @copied: bytes copied between the guest's memory and other memory
 */
struct disk_stats {
	_Atomic(uint64_t) by;
	_Atomic(uint64_t) sectors;
	_Atomic(uint64_t) done[VBLK_WHATS];
	_Atomic(uint64_t) bytes[VBLK_WHATS];
	_Atomic(uint64_t) failed[VBLK_ERRORS];
	_Atomic(uint64_t) again;
	_Atomic(uint64_t) calls;
	_Atomic(uint64_t) copied;
};

ABI_SIZE(struct disk_stats,
	 sizeof(uint64_t) * (5 + 2 * VBLK_WHATS + VBLK_ERRORS));

/**
 * struct disk_job - a request that is under way; the store's, until disk_done()
 * @r:      it; the store may cut its pieces
 * @ring:   where it was taken
 * @range:  of the ranges, the next one to do
 * @number: its place among the jobs
 * @next:   in a list
 */
struct disk_job {
	struct vblk_request r;
	unsigned int ring;
	unsigned int range;
	unsigned int number;
	struct disk_job *next;
};

/**
 * struct disk_store - what stores the data
 * @init:    for init(): sets the disk's size and more of struct disk's @blk,
 *           and @state; 0 or negative errno.  What has no size yet gets one in
 *           @reap
 * @start:   begin with a request; false: there is no room now, ask again.  May
 *           call disk_done()
 * @submit:  after some were begun
 * @reap:    call disk_done() for those that have ended
 * @abandon: do not touch the guest's memory any more; forget what is under way
 * @arm:     about to sleep; true: something may have ended
 */
struct disk_store {
	int (*init)(struct component *c);
	bool (*start)(struct component *c, struct disk_job *job);
	void (*submit)(struct component *c);
	void (*reap)(struct component *c);
	void (*abandon)(struct component *c);
	bool (*arm)(struct component *c);
};

extern const struct disk_store disk_file, disk_queue;

/**
 * struct disk_ring - a ring, besides what the front-end says of it
 * @vq:     it
 * @again:  chains that an earlier process had taken, the first ones to take
 * @n_again, @next_again: how many, and which is next
 */
struct disk_ring {
	struct vq vq;
	unsigned int n_again;
	unsigned int next_again;
	uint16_t again[VQ_MAX_SIZE];
};

/**
 * struct disk - the component's state
 * @vhost: the front-end
 * @blk:   the guest's disk
 * @store: what stores its data
 * @state: of the store
 * @open:  the disk has a size, so guests are let in
 * @stats: for the monitor
 * @ring:  by number
 * @first: the ring that is served first next time
 * @job:   all of them
 * @free, @ended: those that wait for a request, and that wait to be published
 * @stuck: a request for which the store had no room
 * @under_way: how many were taken and not given back
 * @bytes: taken in this visit
 * @failures, @told: what was logged of failures
 */
struct disk {
	struct vhost vhost;
	struct virtio_blk blk;
	const struct disk_store *store;
	void *state;
	bool open;
	struct disk_stats *stats;
	struct disk_ring ring[DISK_RINGS];
	unsigned int first;
	struct disk_job *job;
	struct disk_job *free;
	struct disk_job *ended;
	struct disk_job *stuck;
	unsigned int under_way;
	uint64_t bytes;
	struct tally failures;
	struct tally told[VBLK_ERRORS];
	uint64_t counted[VBLK_ERRORS];
};

/**
 * disk_done - a request has ended
 */
void disk_done(struct component *c, struct disk_job *job,
	       enum vblk_status status);

/**
 * disk_failed - a request has failed: log it, and answer with an error
 * @error: errno
 */
void disk_failed(struct component *c, struct disk_job *job, int error);

/**
 * disk_count - add to a number of the statistics
 */
static inline void disk_count(_Atomic(uint64_t) *count, uint64_t n)
{
	n += atomic_load_explicit(count, memory_order_relaxed);
	atomic_store_explicit(count, n, memory_order_relaxed);
}

#endif
