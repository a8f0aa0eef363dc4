/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests between a guest's rings and what stores the data: see disk.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "vmm/linux/ports/disk.h"
#include "vmm/linux/ports/open.h"

/*
 * Requests taken from a ring per visit, and about as many bytes from all: then
 * the guest is told, so that it asks for more while we go on.
 */
#define BUDGET 64u
#define BUDGET_BYTES (512u << 10)

/* A PD without statistics (a test) writes them here. */
static struct disk_stats nobodys;

/* --- jobs --------------------------------------------------------------- */

static int make_jobs(struct disk *d)
{
	d->job = calloc(DISK_JOBS, sizeof(*d->job));
	if (d->job == NULL)
		return -ENOMEM;
	for (unsigned int i = DISK_JOBS; i-- > 0;) {
		d->job[i].number = i;
		d->job[i].next = d->free;
		d->free = &d->job[i];
	}
	return 0;
}

static void release(struct disk *d, struct disk_job *job)
{
	job->next = d->free;
	d->free = job;
}

void disk_done(struct component *c, struct disk_job *job,
	       enum vblk_status status)
{
	struct disk *d = c->state;

	vhost_inflight_give(&d->vhost, job->ring, job->r.chain.id);
	virtio_blk_give(&d->blk, &d->ring[job->ring].vq, &job->r, status);
	job->next = d->ended;
	d->ended = job;
	d->under_way--;
}

void disk_failed(struct component *c, struct disk_job *job, int error)
{
	static const char *const text[VBLK_WHATS] = {
		[VBLK_READ] = "read",	      [VBLK_WRITE] = "write",
		[VBLK_FLUSH] = "flush",	      [VBLK_DISCARD] = "discard",
		[VBLK_ZERO] = "write zeroes",
	};
	struct disk *d = c->state;

	if (tally_add(&d->failures, 1))
		pd_log(c,
		       "cannot %s (%llu bytes at %llu of the disk): %s (%llu "
		       "so far)",
		       text[job->r.what], (unsigned long long)job->r.bytes,
		       (unsigned long long)job->r.at,
		       error ? strerror(error) : "the file has become shorter",
		       (unsigned long long)d->failures.count);
	disk_done(c, job, VBLK_ERROR);
}

/* --- the device --------------------------------------------------------- */

static uint64_t offers(const struct component *c)
{
	const struct disk *d = c->state;

	/* Packed rings do not outlive this process (vhost_inflight.c). */
	return virtio_blk_offers(&d->blk) & ~VQ_F_PACKED;
}

static bool agree(struct component *c, uint64_t features)
{
	struct disk *d = c->state;

	virtio_blk_agree(&d->blk, features);
	return true;
}

static struct vq *ring_vq(struct component *c, unsigned int ring)
{
	struct disk *d = c->state;

	return &d->ring[ring].vq;
}

static const char *ring_name(unsigned int ring)
{
	(void)ring;
	return "request ring";
}

/* Where the guest has got to is in its own used ring, which the base names. */
static void resume(struct component *c, unsigned int ring,
		   struct vq_config *config)
{
	struct disk *d = c->state;
	struct disk_ring *r = &d->ring[ring];

	r->next_again = 0;
	r->n_again =
		vhost_inflight_find(&d->vhost, ring, config->used, r->again);
	config->next = (uint16_t)(config->used + r->n_again);
	if (r->n_again == 0)
		return;
	disk_count(&d->stats->again, r->n_again);
	pd_log(c, "%u requests that were under way are taken again",
	       r->n_again);
}

static void publish(struct component *c)
{
	struct disk *d = c->state;
	uint32_t bells = 0;
	uint16_t next, used;

	for (const struct disk_job *j = d->ended; j != NULL; j = j->next)
		bells |= 1u << j->ring;
	for (unsigned int i = 0; i < DISK_RINGS; i++) {
		if (!(bells >> i & 1) || !d->vhost.ring[i].started)
			continue;
		vq_publish(&d->ring[i].vq);
		if (vq_must_notify(&d->ring[i].vq))
			vhost_bell(c, i, VHOST_CALL);
	}
	while (d->ended != NULL) {
		struct disk_job *job = d->ended;

		d->ended = job->next;
		vq_where(&d->ring[job->ring].vq, &next, &used);
		vhost_inflight_given(&d->vhost, job->ring, job->r.chain.id,
				     used);
		release(d, job);
	}
}

static bool busy(const struct component *c)
{
	const struct disk *d = c->state;

	return d->under_way > 0;
}

static void settled(struct component *c)
{
	struct disk *d = c->state;
	bool on = false;

	for (unsigned int i = 0; i < DISK_RINGS; i++)
		on = on || d->vhost.ring[i].served;
	/* Refused in between: there is nothing left to serve. */
	if (!d->vhost.peer.present)
		return;
	if (outside_set(c->outside, on ? OUTSIDE_UP : OUTSIDE_NO_CARRIER))
		pd_log(c, on ? "the guest uses its disk"
			     : "the guest does not use its disk");
}

static uint32_t config(struct component *c, uint8_t *to, uint32_t room)
{
	const struct disk *d = c->state;
	struct vblk_config all;

	virtio_blk_config(&d->blk, &all);
	if (room > sizeof(all))
		room = sizeof(all);
	memcpy(to, &all, room);
	return room;
}

static const struct vhost_device disk = {
	.rings = DISK_RINGS,
	.queues = DISK_RINGS,
	.protocol = VHOST_P_CONFIG | VHOST_P_INFLIGHT,
	.offers = offers,
	.agree = agree,
	.vq = ring_vq,
	.ring = ring_name,
	.resume = resume,
	.publish = publish,
	.busy = busy,
	.settled = settled,
	.config = config,
};

static void begun(struct component *c)
{
	struct disk *d = c->state;

	vhost_begun(c, &d->vhost);
}

static void ended(struct component *c)
{
	struct disk *d = c->state;

	d->store->abandon(c);
	d->free = d->ended = d->stuck = NULL;
	for (unsigned int i = DISK_JOBS; i-- > 0;)
		release(d, &d->job[i]);
	d->under_way = 0;
	vhost_ended(c, &d->vhost);
}

/* --- requests ----------------------------------------------------------- */

static int take_next(struct disk *d, struct disk_ring *r, struct disk_job *job)
{
	if (r->next_again < r->n_again)
		return virtio_blk_retake(&d->blk, &r->vq,
					 r->again[r->next_again++], &job->r);
	return virtio_blk_take(&d->blk, &r->vq, &job->r);
}

/* Return: false: no more of this ring now. */
static bool take(struct component *c, unsigned int ring)
{
	struct disk *d = c->state;
	struct disk_job *job = d->free;
	int taken = take_next(d, &d->ring[ring], job);

	if (taken < 0)
		vhost_broken(c, &d->vhost, ring);
	if (taken <= 0)
		return false;
	d->free = job->next;
	d->under_way++;
	job->ring = ring;
	job->range = 0;
	d->bytes += job->r.bytes;
	vhost_inflight_take(&d->vhost, ring, job->r.chain.id);
	if (job->r.what == VBLK_ANSWERED)
		disk_done(c, job, job->r.answer);
	else if (!d->store->start(c, job))
		d->stuck = job;
	return true;
}

/* Return: there may be more. */
static bool serve(struct component *c, unsigned int ring)
{
	struct disk *d = c->state;

	for (unsigned int i = 0; i < BUDGET && d->bytes < BUDGET_BYTES; i++) {
		if (!d->vhost.ring[ring].served || d->free == NULL ||
		    d->stuck != NULL || !take(c, ring))
			return false;
	}
	return true;
}

static bool serve_all(struct component *c)
{
	struct disk *d = c->state;
	bool more = false;

	d->bytes = 0;
	if (d->stuck != NULL && d->store->start(c, d->stuck))
		d->stuck = NULL;
	for (unsigned int i = 0; i < DISK_RINGS && !d->vhost.held; i++)
		more |= serve(c, (d->first + i) % DISK_RINGS);
	d->first++;
	return more;
}

/* --- what is told ------------------------------------------------------- */

static void tell(struct component *c)
{
	static const char *const text[VBLK_ERRORS] = {
		[VBLK_BAD_REQUEST] = "the guest made a request whose parts do "
				     "not fit",
		[VBLK_BAD_RANGE] = "the guest asked for what is not on the "
				   "disk",
		[VBLK_BAD_READ_ONLY] = "the guest writes to a disk that is "
				       "read-only",
		[VBLK_BAD_KIND] = "the guest asked for what was not offered",
	};
	struct disk *d = c->state;

	for (unsigned int i = 0; i < VBLK_BAD_DISK; i++) {
		uint64_t n = d->blk.failed[i] - d->counted[i];

		d->counted[i] += n;
		if (n > 0 && tally_add(&d->told[i], n))
			pd_log(c, "%s (%llu so far)", text[i],
			       (unsigned long long)d->told[i].count);
	}
}

static void set(_Atomic(uint64_t) *to, const uint64_t *from, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		atomic_store_explicit(&to[i], from[i], memory_order_relaxed);
}

static void count(struct disk *d)
{
	set(d->stats->done, d->blk.done, VBLK_WHATS);
	set(d->stats->bytes, d->blk.bytes, VBLK_WHATS);
	set(d->stats->failed, d->blk.failed, VBLK_ERRORS);
}

/* --- the component's operations ----------------------------------------- */

/* What was opened last is the file, which gets its place. */
static void place_file(struct component *c)
{
	int fd = c->cfg->disk.source == SYS_DISK_FILE && c->n_fds > 0
			 ? c->fd[--c->n_fds]
			 : -1;

	for (unsigned int i = c->n_fds; i < DISK_FDS; i++)
		c->fd[i] = -1;
	pd_replace_fd(c, DISK_FILE, fd);
}

/* The disk is there: serve a guest, or one that has been waiting. */
static int let_in(struct component *c)
{
	struct disk *d = c->state;
	int fd = c->cfg->disk.source == SYS_DISK_QUEUE ? c->fd[DISK_FILE] : -1;
	int e;

	d->open = true;
	atomic_store(&d->stats->sectors, d->blk.sectors);
	e = peer_begin(c, &d->vhost.peer, c->cfg->disk.socket.mode);
	if (e != 0 || fd < 0)
		return e;
	c->fd[DISK_FILE] = -1;
	peer_given(c, &d->vhost.peer, fd);
	return 0;
}

static int disk_init(struct component *c)
{
	const struct sys_disk *cfg = &c->cfg->disk;
	struct disk *d = c->state;
	int e = make_jobs(d);

	if (e != 0)
		return e;
	d->stats = pd_region(c, cfg->stats, NULL);
	if (d->stats == NULL)
		d->stats = &nobodys;
	d->vhost.device = &disk;
	d->vhost.peer.begun = begun;
	d->vhost.peer.ended = ended;
	d->blk.block = VBLK_SECTOR;
	d->blk.queues = DISK_RINGS;
	d->blk.read_only = cfg->read_only;
	d->blk.discards = cfg->sparse && !cfg->read_only;
	memcpy(d->blk.id, c->cfg->name, strnlen(c->cfg->name, VBLK_ID));
	place_file(c);
	d->store = cfg->source == SYS_DISK_QUEUE ? &disk_queue : &disk_file;
	e = d->store->init(c);
	return e != 0 || d->blk.sectors == 0 ? e : let_in(c);
}

static void disk_given(struct component *c, uint32_t what, int fd)
{
	struct disk *d = c->state;

	(void)what;
	if (d->open)
		peer_given(c, &d->vhost.peer, fd);
	else
		pd_replace_fd(c, DISK_FILE, fd);
}

static void disk_fd_ready(struct component *c, unsigned int fd_index,
			  uint32_t events)
{
	struct disk *d = c->state;
	unsigned int ring = (fd_index - PEER_FDS) / VHOST_RING_FDS;

	if (peer_ready(c, &d->vhost.peer, fd_index, events))
		d->vhost.talk = true;
	else if (fd_index >= PEER_FDS && ring < DISK_RINGS &&
		 d->vhost.ring[ring].served)
		vq_disarm(&d->ring[ring].vq);
}

static bool disk_run(struct component *c, uint64_t now_ns)
{
	struct disk *d = c->state;
	bool more;

	(void)now_ns;
	if (!d->open)
		d->store->reap(c);
	if (!d->open && (d->blk.sectors == 0 || let_in(c) != 0))
		return false;
	if (d->vhost.talk)
		d->vhost.talk = vhost_listen(c, &d->vhost);
	peer_answer(c, &d->vhost.peer);
	d->store->reap(c);
	more = serve_all(c);
	d->store->submit(c);
	/* What was in the host's memory already has ended. */
	d->store->reap(c);
	publish(c);
	if (d->vhost.held && d->under_way == 0)
		d->vhost.talk = true;
	tell(c);
	count(d);
	return more || d->vhost.talk;
}

static bool disk_arm(struct component *c)
{
	struct disk *d = c->state;
	bool more = d->store->arm(c);

	for (unsigned int i = 0; i < DISK_RINGS; i++) {
		if (d->vhost.ring[i].served && !d->vhost.held &&
		    d->free != NULL && d->stuck == NULL)
			more |= vq_arm(&d->ring[i].vq);
	}
	for (unsigned int i = 0; more && i < DISK_RINGS; i++) {
		if (d->vhost.ring[i].served)
			vq_disarm(&d->ring[i].vq);
	}
	return more;
}

static const int disk_syscalls[] = {
	SYS_write,     SYS_sendmsg,	   SYS_accept4,	     SYS_getsockopt,
	SYS_setitimer, SYS_io_uring_enter, SYS_preadv2,	     SYS_pwritev2,
	SYS_fdatasync, SYS_fallocate,	   SYS_memfd_create, -1
};

/* What is under way is kept in a file, too. */
#define LEAST_FILE (1u << 20)

static uint64_t file_size(const struct sys_component *cfg)
{
	uint64_t all = cfg->disk.first + cfg->disk.size;

	return all < LEAST_FILE ? LEAST_FILE : all;
}

const struct component_ops disk_ops = {
	.kind = SYS_DISK,
	.name = "disk",
	.state_size = sizeof(struct disk),
	.syscalls = disk_syscalls,
	.spare_fds = DISK_FDS + 2 * VHOST_FDS + 1,
	.workers = true,
	.locks_memory = true,
	.foreign_memory = true,
	.outside = true,
	.file_size = file_size,
	.open = disk_open,
	.close = disk_close,
	.init = disk_init,
	.given = disk_given,
	.fd_ready = disk_fd_ready,
	.run = disk_run,
	.arm = disk_arm,
};
