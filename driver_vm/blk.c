/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of a block connection, put to a disk: see blk.h.
 */
#include <errno.h>
#include <string.h>

#include "driver_vm/blk.h"
#include "driver_vm/uio.h"

int blk_init(struct blk *b, const struct blk_config *config)
{
	if (!blk_capacity_ok(config->capacity) ||
	    config->window_size < BLK_SIZE ||
	    config->window_size % BLK_SIZE != 0)
		return -EINVAL;
	*b = (struct blk){ .config = *config };
	return 0;
}

static uint64_t blocks_of(const struct blk *b)
{
	return b->disk->size >> BLK_SHIFT;
}

/* --- the link ----------------------------------------------------------- */

static void release(struct blk *b, struct blk_job *job)
{
	job->used = false;
	b->jobs--;
}

/* Queues are no longer touched; what is at the disk ends by itself. */
static void stop(struct blk *b)
{
	b->up = false;
	b->published = false;
	if (b->waiting != NULL)
		release(b, b->waiting);
	b->waiting = NULL;
}

/* The other side broke the protocol: do nothing until a new epoch. */
static void fault(struct blk *b)
{
	b->count.bad_requests++;
	stop(b);
}

/* Stores of whole fields: the page may be device memory. */
static void fill_info(struct blk *b)
{
	volatile struct blk_info *info = b->config.info;
	const struct blk_disk *d = b->disk;

	for (unsigned int i = 0; i < BLK_SERIAL_SIZE; i++)
		info->serial[i] = d->serial[i];
	info->read_only = d->read_only;
	info->sector_size = (uint16_t)d->sector;
	info->block_size = 1;
	info->queue_depth = BLK_DEPTH;
	info->capacity = blocks_of(b);
	blk_info_set_ready(b->config.info, true);
}

static void start(struct blk *b)
{
	const struct blk_config *c = &b->config;

	blk_ring_init(&b->requests, &c->requests->ring, c->capacity);
	blk_ring_init(&b->responses, &c->responses->ring, c->capacity);
	fill_info(b);
	b->up = true;
	b->coming = false;
	/* A page that is zero says so. */
	b->asleep = true;
	b->published = true;
}

static void look_at_link(struct blk *b)
{
	uint32_t epoch = link_epoch(b->config.link);

	if (epoch != b->epoch) {
		b->epoch = epoch;
		stop(b);
		b->coming = link_is_up(epoch);
	}
	if (b->coming && b->jobs == 0)
		start(b);
}

/* --- answers ------------------------------------------------------------ */

static void answer(struct blk *b, const struct blk_request *r,
		   enum blk_status status, uint16_t count)
{
	const struct blk_response response = {
		.status = status,
		.success_count = count,
		.id = r->id,
	};

	blk_response_put(&b->responses, &response);
	b->published = true;
}

static void refuse(struct blk *b, const struct blk_request *r)
{
	b->count.bad_requests++;
	answer(b, r, BLK_ERROR_PARAMETER, 0);
}

static enum blk_status status_of(int result)
{
	if (result >= 0)
		return BLK_OK;
	return result == -ENODEV || result == -ENXIO ? BLK_ERROR_NO_DEVICE
						     : BLK_ERROR_IO;
}

/* --- at the disk -------------------------------------------------------- */

static size_t bytes(const struct blk_request *r)
{
	return (size_t)r->count << BLK_SHIFT;
}

static void begin_flush(struct blk *b, struct blk_job *job)
{
	b->disk->ops->begin(b->disk, (unsigned int)(job - b->job), BLK_FLUSH,
			    NULL, 0, 0);
}

/* The next piece of a transfer. */
static void begin(struct blk *b, struct blk_job *job)
{
	const struct blk_request *r = &job->request;
	unsigned int tag = (unsigned int)(job - b->job);
	size_t most = b->config.bounce != NULL ? BLK_BOUNCE : BLK_PIECE;
	uint8_t *data = job->data + job->done;

	job->piece = bytes(r) - job->done;
	if (job->piece > most)
		job->piece = most;
	if (b->config.bounce != NULL) {
		uint8_t *own = b->config.bounce + (size_t)tag * BLK_BOUNCE;

		if (r->code == BLK_WRITE) {
			b->config.copy->out(own, data, job->piece);
			b->count.copied += job->piece;
		}
		data = own;
	}
	b->disk->ops->begin(b->disk, tag, r->code, data, job->piece,
			    (r->block << BLK_SHIFT) + job->done);
}

/* All that @waiting has waited for is done. */
static void go_on(struct blk *b)
{
	struct blk_job *job = b->waiting;

	b->waiting = NULL;
	if (job->request.code == BLK_FLUSH) {
		begin_flush(b, job);
		return;
	}
	answer(b, &job->request, BLK_OK, 0);
	release(b, job);
}

/* A request has ended. */
static void finish(struct blk *b, struct blk_job *job, int result)
{
	b->count.errors += result < 0;
	answer(b, &job->request, status_of(result),
	       (uint16_t)(job->done >> BLK_SHIFT));
	release(b, job);
	if (b->waiting != NULL && job->waited_for && --b->older == 0)
		go_on(b);
}

/* The disk has read or written @size bytes. */
static void advance(struct blk *b, struct blk_job *job, size_t size)
{
	if (job->request.code == BLK_WRITE) {
		b->count.written_bytes += size;
	} else {
		b->count.read_bytes += size;
		if (b->config.bounce != NULL) {
			size_t tag = (size_t)(job - b->job);

			b->config.copy->in(job->data + job->done,
					   b->config.bounce + tag * BLK_BOUNCE,
					   size);
			b->count.copied += size;
		}
	}
	job->done += size;
}

static void ended(struct blk *b, struct blk_job *job, int result)
{
	bool flush = job->request.code == BLK_FLUSH;

	/* Nobody waits for it any more. */
	if (!b->up) {
		release(b, job);
		return;
	}
	if (!flush && (result == 0 || result > (int)job->piece))
		result = -EIO;
	if (!flush && result > 0) {
		advance(b, job, (size_t)result);
		if (job->done < bytes(&job->request)) {
			begin(b, job);
			return;
		}
	}
	finish(b, job, result);
}

/* Return: whether there was anything. */
static bool collect(struct blk *b)
{
	unsigned int tag, count = 0;
	int result;

	while (count < BLK_DEPTH &&
	       b->disk->ops->done(b->disk, &tag, &result)) {
		count++;
		if (tag < BLK_DEPTH && b->job[tag].used)
			ended(b, &b->job[tag], result);
	}
	return count > 0;
}

/* --- requests ----------------------------------------------------------- */

static bool transfer_ok(const struct blk *b, const struct blk_request *r)
{
	uint64_t blocks = blocks_of(b);

	return r->count > 0 && r->block <= blocks &&
	       r->count <= blocks - r->block &&
	       r->io_or_offset % BLK_SIZE == 0 &&
	       r->io_or_offset <= b->config.window_size &&
	       bytes(r) <= b->config.window_size - r->io_or_offset &&
	       (r->code == BLK_READ || !b->disk->read_only);
}

static struct blk_job *take_job(struct blk *b, const struct blk_request *r)
{
	struct blk_job *job = b->job;

	while (job->used)
		job++;
	*job = (struct blk_job){ .request = *r, .used = true };
	b->jobs++;
	return job;
}

/* Mark what a FLUSH, or a BARRIER, has to wait for. */
static void wait_for_older(struct blk *b, struct blk_job *job)
{
	b->older = 0;
	for (struct blk_job *j = b->job; j < b->job + BLK_DEPTH; j++) {
		j->waited_for = j->used && j != job &&
				(job->request.code == BLK_BARRIER ||
				 j->request.code == BLK_WRITE);
		b->older += j->waited_for;
	}
	b->waiting = job;
	if (b->older == 0)
		go_on(b);
}

static bool is_transfer(uint32_t code)
{
	return code == BLK_READ || code == BLK_WRITE;
}

/* Must it stay where it is until @waiting has gone on? */
static bool must_wait(const struct blk *b, const struct blk_request *r)
{
	return b->waiting != NULL && (b->waiting->request.code == BLK_BARRIER ||
				      !is_transfer(r->code));
}

static void take(struct blk *b, const struct blk_request *r)
{
	struct blk_job *job;

	if (r->code >= BLK_CODES ||
	    (is_transfer(r->code) && !transfer_ok(b, r))) {
		refuse(b, r);
		return;
	}
	b->count.requests[r->code]++;
	job = take_job(b, r);
	if (!is_transfer(r->code)) {
		wait_for_older(b, job);
		return;
	}
	job->data = b->config.window + r->io_or_offset;
	begin(b, job);
}

/*
 * How many can be taken now: each will need a response, as those at the disk
 * do.  Or BLK_FAULT.
 */
static int takeable(const struct blk *b)
{
	int pending = blk_ring_pending(&b->requests);
	int room;

	if (pending <= 0)
		return pending;
	if (atomic_load_explicit(&b->config.requests->plugged,
				 memory_order_relaxed) != 0)
		return 0;
	room = blk_ring_room(&b->responses);
	if (room < 0)
		return BLK_FAULT;
	room -= (int)b->jobs;
	if (room > (int)(BLK_DEPTH - b->jobs))
		room = (int)(BLK_DEPTH - b->jobs);
	if (room <= 0)
		return 0;
	return pending < room ? pending : room;
}

/* Return: whether any was taken. */
static bool accept(struct blk *b)
{
	int count = takeable(b);
	uint32_t done = 0;

	if (count < 0)
		fault(b);
	for (; (int)done < count; done++) {
		struct blk_request r = blk_request_peek(&b->requests, done);

		if (must_wait(b, &r))
			break;
		take(b, &r);
	}
	if (done > 0)
		blk_ring_release(&b->requests, done);
	return done > 0;
}

/* --- running ------------------------------------------------------------ */

static void ring(struct blk *b)
{
	uio_ring(b->config.doorbells, DRIVER_DOORBELL_BLK);
	b->count.doorbells++;
}

/* One doorbell for all, and only for a side that sleeps. */
static void publish(struct blk *b)
{
	if (!b->published)
		return;
	b->published = false;
	blk_ring_publish(&b->responses);
	atomic_thread_fence(memory_order_seq_cst);
	if (blk_sleeps(&b->config.requests->client_awake))
		ring(b);
}

bool blk_run(struct blk *b)
{
	bool more;

	if (b->disk == NULL)
		return false;
	look_at_link(b);
	if (b->up && b->asleep) {
		blk_say_awake(&b->config.requests->server_awake);
		b->asleep = false;
	}
	more = collect(b);
	if (b->up)
		more |= accept(b);
	b->disk->ops->submit(b->disk);
	if (b->up)
		publish(b);
	return more;
}

bool blk_arm(struct blk *b)
{
	int pending;

	if (b->disk == NULL || !b->up)
		return false;
	if (!b->asleep) {
		blk_say_asleep(&b->config.requests->server_awake);
		atomic_thread_fence(memory_order_seq_cst);
		b->asleep = true;
	}
	/* One that waits for another is not there yet. */
	pending = takeable(b);
	if (pending > 0 && b->waiting != NULL) {
		struct blk_request r = blk_request_peek(&b->requests, 0);

		return !must_wait(b, &r);
	}
	return pending != 0;
}

/* --- the status page ---------------------------------------------------- */

static void beat(struct blk *b)
{
	volatile struct driver_blk_status *s = b->config.status;

	/* 0 means that nothing counts. */
	if (++b->beats == 0)
		b->beats = 1;
	atomic_store_explicit(&s->beat, b->beats, memory_order_relaxed);
}

void blk_ready(struct blk *b, struct blk_disk *disk)
{
	volatile struct driver_blk_status *s = b->config.status;

	b->disk = disk;
	fill_info(b);
	s->blocks = blocks_of(b);
	beat(b);
	atomic_store_explicit(&s->state, DRIVER_READY, memory_order_release);
	uio_ring(b->config.doorbells, DRIVER_DOORBELL_STATUS);
}

void blk_report(struct blk *b, uint64_t wakeups, uint64_t syscalls,
		uint64_t interrupts)
{
	volatile struct driver_blk_status *s = b->config.status;
	const struct blk_counters *c = &b->count;

	beat(b);
	for (unsigned int i = 0; i < BLK_CODES; i++)
		s->requests[i] = c->requests[i];
	s->read_bytes = c->read_bytes;
	s->written_bytes = c->written_bytes;
	s->errors = c->errors;
	s->bad_requests = c->bad_requests;
	s->wakeups = wakeups;
	s->syscalls = syscalls;
	s->doorbells = c->doorbells;
	s->interrupts = interrupts;
	s->copied = c->copied;
	s->batches = b->disk != NULL ? b->disk->batches : 0;
}
