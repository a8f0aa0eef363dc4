/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing a capture to files of our own: see capture_file.h.
 *
 * A file's length is known without asking: nobody else writes it (flock), and
 * what a full disk has taken of a block is cut off again at once.  So a limit
 * holds for what is in the file, not for what waits, and a backlog is spread
 * over the files of a ring like anything else.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/linux/ports/capture_file.h"

/* --- where to go on --------------------------------------------------------- */

/* Whether this file was written since the monitor opened it. */
static bool is_marked(const struct capture_file *f, unsigned int i)
{
	return lseek(f->c->fd[i], 0, SEEK_CUR) > 0;
}

static bool older(const struct stat *a, const struct stat *b)
{
	return a->st_mtim.tv_sec < b->st_mtim.tv_sec ||
	       (a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
		a->st_mtim.tv_nsec < b->st_mtim.tv_nsec);
}

/* The newest of the files that are not empty, or that are marked. */
static bool find_newest(struct capture_file *f, bool marked)
{
	struct stat newest = { 0 };
	bool found = false;

	for (unsigned int i = 0; i < f->c->n_fds; i++) {
		struct stat st;

		if (fstat(f->c->fd[i], &st) < 0 || st.st_size == 0)
			continue;
		f->filled[i] = true;
		if ((marked && !is_marked(f, i)) ||
		    (found && older(&st, &newest)))
			continue;
		newest = st;
		f->current = i;
		f->octets = (uint64_t)st.st_size;
		found = true;
	}
	return found;
}

/* Does a block end at @end?  Where it begins; else @end. */
static size_t block_before(const uint8_t *data, size_t end)
{
	uint32_t length;

	if (end < PCAPNG_BLOCK_MIN)
		return end;
	memcpy(&length, data + end - sizeof(length), sizeof(length));
	if (length < PCAPNG_BLOCK_MIN || length % 4 != 0 || length > end ||
	    pcapng_length(data + end - length) != length)
		return end;
	return end - length;
}

/*
 * Where the last whole block of the current file ends, by what its end looks
 * like: two blocks in a row are no chance.  Its size, if there are none such.
 */
static uint64_t whole_end(const struct capture_file *f)
{
	uint8_t *data = f->pending.data; /* not in use yet */
	uint64_t from = 0;
	ssize_t n;

	if (f->octets > f->pending.size)
		from = (f->octets - f->pending.size + 3) & ~(uint64_t)3;
	n = pread(f->c->fd[f->current], data, f->octets - from, (off_t)from);
	for (size_t end = n < 0 ? 0 : (size_t)n & ~(size_t)3; end > 0;
	     end -= 4) {
		size_t start = block_before(data, end);

		if (start < end &&
		    (start == 0 ? from == 0
				: block_before(data, start) < start))
			return from + end;
	}
	return f->octets;
}

static int empty(struct capture_file *f, unsigned int i)
{
	if (ftruncate(f->c->fd[i], 0) < 0)
		return errno;
	f->filled[i] = false;
	return 0;
}

/* Drop what the current file or the next one has, and begin it. */
static int begin(struct capture_file *f, unsigned int i)
{
	int e = empty(f, i);

	if (e != 0)
		return e;
	f->current = i;
	f->octets = 0;
	f->begun = false;
	return 0;
}

static unsigned int next(const struct capture_file *f)
{
	return (f->current + 1) % f->c->n_fds;
}

/* A first life begins anew, or goes on behind what a ring has. */
static int first_life(struct capture_file *f)
{
	const struct sys_capture *cfg = &f->c->cfg->capture;
	int e = 0;

	if (cfg->rotate != 0 && !cfg->overwrite && find_newest(f, false))
		return whole_end(f) == f->octets ? 0 : -begin(f, next(f));
	for (unsigned int i = 0; i < f->c->n_fds && e == 0; i++)
		e = empty(f, i);
	return -e;
}

int capture_disk_resume(struct capture_file *f)
{
	uint64_t end;

	if (!find_newest(f, true))
		return first_life(f);
	/* A life that was killed while it wrote may have left half a block. */
	end = whole_end(f);
	if (end < f->octets && ftruncate(f->c->fd[f->current], (off_t)end) < 0)
		return -errno;
	f->octets = end;
	return 0;
}

/* --- writing ------------------------------------------------------------------ */

/* What follows half a block cannot be read: that is the end. */
static int cannot_cut(struct capture_file *f)
{
	int e = errno;

	f->state = CAPTURE_FILE_CLOSED;
	pd_log(f->c,
	       "cannot take half a block off \"%s\": %s: capturing no more; start weir again to capture again",
	       f->c->cfg->capture.path, strerror(e));
	return e;
}

/*
 * Write blocks to the current file.  What is in it of a block that was cut is
 * taken off again.
 * @stays: out: octets of whole blocks that got in
 *
 * Return: 0 or errno.
 */
static int put(struct capture_file *f, const uint8_t *data, size_t len,
	       size_t *stays)
{
	int fd = f->c->fd[f->current];
	size_t in = 0;
	int e = 0;

	while (in < len && e == 0) {
		ssize_t n = write(fd, data + in, len - in);

		if (n <= 0)
			e = n < 0 ? errno : EIO;
		else
			in += (size_t)n;
	}
	*stays = pcapng_whole(data, in, in);
	f->filled[f->current] |= in > 0;
	if (in > *stays && ftruncate(fd, (off_t)(f->octets + *stays)) < 0)
		e = cannot_cut(f);
	f->octets += *stays;
	return e;
}

/* What the current file may still get. */
static uint64_t file_room(const struct capture_file *f)
{
	uint64_t limit = f->c->cfg->capture.rotate;

	if (limit == 0)
		return UINT64_MAX;
	return limit > f->octets ? limit - f->octets : 0;
}

/* The first block that waits, 0 if none does. */
static size_t first_block(const struct capture_file *f)
{
	const struct pcapng_buffer *b = &f->pending;

	return f->done < b->used ? pcapng_length(b->data + f->done) : 0;
}

/* Put a section into the current file, with room for a packet behind it. */
static int begin_section(struct capture_file *f)
{
	size_t stays;
	int e;

	if (f->octets > 0 && f->header.used + first_block(f) > file_room(f)) {
		e = begin(f, next(f));
		if (e != 0)
			return e;
	}
	e = put(f, f->header.data, f->header.used, &stays);
	if (e != 0) {
		/* All of it or nothing. */
		f->octets -= stays;
		if (ftruncate(f->c->fd[f->current], (off_t)f->octets) < 0)
			cannot_cut(f);
		return e;
	}
	f->start = f->octets;
	f->begun = true;
	return 0;
}

/* One step of writing what waits. */
static int step(struct capture_file *f)
{
	const struct pcapng_buffer *b = &f->pending;
	size_t n, stays;
	int e;

	if (!f->begun)
		return begin_section(f);
	n = pcapng_whole(b->data + f->done, b->used - f->done, file_room(f));
	if (n == 0 && f->octets > f->start)
		return begin(f, next(f));
	if (n == 0)
		n = first_block(f); /* a section has one at least */
	e = put(f, b->data + f->done, n, &stays);
	f->done += stays;
	return e;
}

/* Drop the oldest file of the ring but the current one, if there is any. */
static bool drop_oldest(struct capture_file *f)
{
	for (unsigned int k = 1; k < f->c->n_fds; k++) {
		unsigned int i = (f->current + k) % f->c->n_fds;

		if (!f->filled[i] || empty(f, i) != 0)
			continue;
		if (tally_add(&f->drops, 1))
			pd_log(f->c,
			       "the disk is full: \"%s\" has dropped the oldest of its files (%llu so far)",
			       f->c->cfg->capture.path,
			       (unsigned long long)f->drops.count);
		return true;
	}
	return false;
}

void capture_disk_flush(struct capture_file *f, uint64_t now_ns)
{
	/* Whoever else fills the disk does not get the whole ring at once. */
	bool may_drop = true;

	while (!f->begun || f->done < f->pending.used) {
		uint64_t before = f->octets;
		int e = step(f);

		if (e == 0)
			capture_file_wrote(f);
		may_drop |= f->octets > before;
		if (e == 0)
			continue;
		if ((e == ENOSPC || e == EDQUOT) && may_drop &&
		    drop_oldest(f)) {
			may_drop = false;
			continue;
		}
		capture_file_failed(f, e, now_ns);
		return;
	}
	f->done = f->pending.used = 0;
}
