/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk in a file or a block device of the host: see disk.h.
 *
 * By io_uring: one system call begins the requests of a visit, and data goes
 * between the kernel's cache and the guest's memory without a copy of ours.
 * The ring is made before the system call filter, and can do nothing but read,
 * write, flush and punch holes in this one file (IORING_REGISTER_RESTRICTIONS).
 * Where it cannot be had (containers refuse it), each request is a system call
 * that is waited for.  So is what io_uring leaves half done, or gives back
 * because it got no thread.
 *
 * Writes are waited for as well, unless they are to be on the disk at their
 * end: they end in the host's cache, and most file systems make io_uring hand
 * them to a thread, which costs several times what the write does.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <linux/falloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>

#include "vmm/linux/ports/disk.h"

/* Pieces of requests that are begun together. */
#define PIECES 2048u

/* Zeroes that are written where none can be had otherwise. */
#define ZEROES 4096u

/**
 * struct file - the store's state
 * @fd:    the file
 * @first: where the disk begins in it
 * @uring: there is one
 * @begun: requests that were not yet submitted
 * @out:   requests that the kernel has
 * @used:  pieces of these, in @iov
 */
struct file {
	int fd;
	off_t first;
	bool uring;
	unsigned int begun;
	unsigned int out;
	unsigned int used;
	struct io_uring ring;
	struct iovec iov[PIECES];
};

static struct file *file_of(const struct component *c)
{
	return ((struct disk *)c->state)->state;
}

/* --- one request, waited for -------------------------------------------- */

/* The first @done bytes of the data are done. */
static void cut(struct vblk_request *r, size_t done)
{
	r->at += done;
	while (r->pieces > 0 && done >= r->piece->len) {
		done -= r->piece->len;
		r->piece++;
		r->pieces--;
	}
	if (r->pieces > 0) {
		r->piece->at += done;
		r->piece->len -= (uint32_t)done;
	}
}

static unsigned int spread(const struct vblk_request *r, struct iovec *iov)
{
	for (unsigned int i = 0; i < r->pieces; i++)
		iov[i] = (struct iovec){ r->piece[i].at, r->piece[i].len };
	return r->pieces;
}

/* Return: 0, errno, or -1: the file ends. */
static int transfer(const struct file *f, struct vblk_request *r)
{
	struct iovec iov[VQ_PIECES];

	while (r->pieces > 0) {
		int n = (int)spread(r, iov);
		off_t at = f->first + (off_t)r->at;
		ssize_t done = r->what == VBLK_READ
				       ? preadv2(f->fd, iov, n, at, 0)
				       : pwritev2(f->fd, iov, n, at,
						  r->durable ? RWF_DSYNC : 0);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done < 0 ? errno : -1;
		cut(r, (size_t)done);
	}
	return 0;
}

static int how(const struct component *c, const struct vblk_range *range)
{
	const struct disk *d = c->state;

	return FALLOC_FL_KEEP_SIZE |
	       (range->unmap && d->blk.discards ? FALLOC_FL_PUNCH_HOLE
						: FALLOC_FL_ZERO_RANGE);
}

static int write_zeroes(const struct file *f, const struct vblk_range *range)
{
	static uint8_t zeroes[ZEROES];
	uint64_t at = 0;

	while (at < range->bytes) {
		uint64_t left = range->bytes - at;
		struct iovec iov = { zeroes, left < ZEROES ? left : ZEROES };
		ssize_t done = pwritev2(f->fd, &iov, 1,
					f->first + (off_t)(range->at + at), 0);

		if (done < 0 && errno != EINTR)
			return errno;
		at += done > 0 ? (uint64_t)done : 0;
	}
	return 0;
}

/* What a file system cannot discard, it need not. */
static int clear(const struct component *c, const struct vblk_request *r,
		 const struct vblk_range *range)
{
	const struct file *f = file_of(c);

	if (fallocate(f->fd, how(c, range), f->first + (off_t)range->at,
		      (off_t)range->bytes) == 0)
		return 0;
	if (errno != EOPNOTSUPP && errno != ENOSYS)
		return errno;
	return r->what == VBLK_DISCARD ? 0 : write_zeroes(f, range);
}

static void by_hand(struct component *c, struct disk_job *job)
{
	const struct file *f = file_of(c);
	struct disk *d = c->state;
	int e = 0;

	disk_count(&d->stats->calls, 1);
	if (job->r.what == VBLK_FLUSH)
		e = fdatasync(f->fd) == 0 ? 0 : errno;
	else if (job->r.pieces > 0)
		e = transfer(f, &job->r);
	for (; e == 0 && job->range < job->r.ranges; job->range++)
		e = clear(c, &job->r, &job->r.range[job->range]);
	if (e == 0)
		disk_done(c, job, VBLK_OK);
	else
		disk_failed(c, job, e < 0 ? 0 : e);
}

/* --- io_uring ----------------------------------------------------------- */

static void enter(struct component *c, unsigned int wait)
{
	struct file *f = file_of(c);
	struct disk *d = c->state;

	disk_count(&d->stats->calls, 1);
	/* What is not taken now is taken at the next call. */
	io_uring_submit_and_wait(&f->ring, wait);
	f->out += f->begun;
	f->begun = 0;
	f->used = 0;
}

/* Room for a request, and for its pieces. */
static struct io_uring_sqe *room_for(struct component *c,
				     const struct vblk_request *r)
{
	struct file *f = file_of(c);
	struct io_uring_sqe *sqe;

	if (r->pieces > PIECES - f->used)
		enter(c, 0);
	sqe = io_uring_get_sqe(&f->ring);
	if (sqe == NULL) {
		enter(c, 0);
		sqe = io_uring_get_sqe(&f->ring);
	}
	return sqe;
}

static void prepare(struct component *c, struct io_uring_sqe *sqe,
		    const struct disk_job *job)
{
	struct file *f = file_of(c);
	const struct vblk_request *r = &job->r;
	const struct vblk_range *range = &r->range[job->range];
	const uint64_t at = (uint64_t)f->first + r->at;
	struct iovec *iov = &f->iov[f->used];

	if (r->what == VBLK_FLUSH) {
		io_uring_prep_fsync(sqe, 0, IORING_FSYNC_DATASYNC);
	} else if (r->pieces == 0) {
		io_uring_prep_fallocate(sqe, 0, how(c, range),
					f->first + (off_t)range->at,
					(off_t)range->bytes);
	} else if (r->pieces == 1 && r->what == VBLK_READ) {
		io_uring_prep_read(sqe, 0, r->piece->at, r->piece->len, at);
	} else if (r->pieces == 1) {
		io_uring_prep_write(sqe, 0, r->piece->at, r->piece->len, at);
	} else {
		f->used += spread(r, iov);
		if (r->what == VBLK_READ)
			io_uring_prep_readv(sqe, 0, iov, r->pieces, at);
		else
			io_uring_prep_writev(sqe, 0, iov, r->pieces, at);
	}
	if (r->durable)
		sqe->rw_flags = RWF_DSYNC;
	io_uring_sqe_set_flags(sqe, IOSQE_FIXED_FILE);
	io_uring_sqe_set_data64(sqe, job->number);
}

static bool file_start(struct component *c, struct disk_job *job)
{
	struct file *f = file_of(c);
	const bool at_once = job->r.what == VBLK_WRITE && !job->r.durable;
	struct io_uring_sqe *sqe = f->uring && !at_once ? room_for(c, &job->r)
							: NULL;

	if (sqe == NULL) {
		by_hand(c, job);
		return true;
	}
	prepare(c, sqe, job);
	f->begun++;
	return true;
}

static void file_submit(struct component *c)
{
	struct file *f = file_of(c);

	if (f->begun > 0 || (f->uring && io_uring_sq_ready(&f->ring) > 0))
		enter(c, 0);
}

/* A request has ended as the kernel says, or a part of it. */
static void finish(struct component *c, struct disk_job *job, int result)
{
	const bool data = job->r.pieces > 0;

	if (result == -EAGAIN || result == -ECANCELED || result == -EINTR ||
	    (result == -EOPNOTSUPP && !data)) {
		by_hand(c, job);
	} else if (result < 0) {
		disk_failed(c, job, -result);
	} else if (data && result == 0) {
		disk_failed(c, job, 0);
	} else if (data) {
		cut(&job->r, (size_t)result);
		if (job->r.pieces > 0)
			by_hand(c, job);
		else
			disk_done(c, job, VBLK_OK);
	} else if (++job->range < job->r.ranges) {
		file_start(c, job);
	} else {
		disk_done(c, job, VBLK_OK);
	}
}

static void file_reap(struct component *c)
{
	struct file *f = file_of(c);
	struct disk *d = c->state;
	struct io_uring_cqe *cqe;

	while (f->uring && io_uring_peek_cqe(&f->ring, &cqe) == 0) {
		uint64_t number = io_uring_cqe_get_data64(cqe);
		int result = cqe->res;

		io_uring_cqe_seen(&f->ring, cqe);
		f->out--;
		finish(c, &d->job[number], result);
	}
	file_submit(c);
}

/* The kernel has the guest's memory until it has ended all of them. */
static void file_abandon(struct component *c)
{
	struct file *f = file_of(c);
	struct io_uring_cqe *cqe;

	while (f->uring && f->out + f->begun > 0) {
		enter(c, 1);
		while (io_uring_peek_cqe(&f->ring, &cqe) == 0) {
			io_uring_cqe_seen(&f->ring, cqe);
			f->out--;
		}
	}
}

static bool file_arm(struct component *c)
{
	struct file *f = file_of(c);

	return f->uring && io_uring_cq_ready(&f->ring) > 0;
}

/* --- setting up --------------------------------------------------------- */

/* Nothing else can be done with the ring than this, and with no other file. */
static int restrict_ring(struct io_uring *ring)
{
	static const uint8_t ops[] = { IORING_OP_READ,	IORING_OP_READV,
				       IORING_OP_WRITE, IORING_OP_WRITEV,
				       IORING_OP_FSYNC, IORING_OP_FALLOCATE };
	struct io_uring_restriction r[sizeof(ops) + 2] = {
		{ .opcode = IORING_RESTRICTION_SQE_FLAGS_ALLOWED,
		  .sqe_flags = IOSQE_FIXED_FILE },
		{ .opcode = IORING_RESTRICTION_SQE_FLAGS_REQUIRED,
		  .sqe_flags = IOSQE_FIXED_FILE },
	};
	int e;

	for (unsigned int i = 0; i < sizeof(ops); i++) {
		r[i + 2].opcode = IORING_RESTRICTION_SQE_OP;
		r[i + 2].sqe_op = ops[i];
	}
	e = io_uring_register((unsigned int)ring->ring_fd,
			      IORING_REGISTER_RESTRICTIONS, r,
			      sizeof(r) / sizeof(r[0]));
	if (e < 0)
		return e;
	return io_uring_register((unsigned int)ring->ring_fd,
				 IORING_REGISTER_ENABLE_RINGS, NULL, 0);
}

static int make_ring(struct file *f)
{
	struct io_uring_params p = { .flags = IORING_SETUP_R_DISABLED };
	int e = io_uring_queue_init_params(DISK_JOBS, &f->ring, &p);

	if (e < 0)
		return e;
	e = io_uring_register_files(&f->ring, &f->fd, 1);
	if (e >= 0)
		e = restrict_ring(&f->ring);
	/* Pieces are read when a request is submitted, not later. */
	if (e >= 0 && !(p.features & IORING_FEAT_SUBMIT_STABLE))
		e = -ENOSYS;
	if (e < 0)
		io_uring_queue_exit(&f->ring);
	return e;
}

static int file_init(struct component *c)
{
	struct disk *d = c->state;
	struct file *f = calloc(1, sizeof(*f));
	int e;

	if (f == NULL)
		return -ENOMEM;
	d->state = f;
	d->blk.sectors = c->cfg->disk.size / VBLK_SECTOR;
	f->fd = c->fd[DISK_FILE];
	f->first = (off_t)c->cfg->disk.first;
	e = make_ring(f);
	f->uring = e >= 0;
	atomic_store(&d->stats->by, f->uring ? DISK_BY_URING : DISK_BY_CALLS);
	if (!f->uring) {
		pd_log(c,
		       "there is no io_uring here (%s): each request is a "
		       "system call",
		       strerror(-e));
		return 0;
	}
	pd_replace_fd(c, DISK_URING, f->ring.ring_fd);
	pd_watch(c, DISK_URING, EPOLLIN);
	return 0;
}

const struct disk_store disk_file = {
	.init = file_init,
	.start = file_start,
	.submit = file_submit,
	.reap = file_reap,
	.abandon = file_abandon,
	.arm = file_arm,
};
