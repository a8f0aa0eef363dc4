/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing a capture to files of our own: see capture_file.h.
 *
 * The file's length is always known: nobody else writes it (flock), and a block
 * that a full disk took only in part is cut off at once.  So limits count what
 * is in the file, not what is pending, and a backlog is spread over the files
 * of a ring as usual.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/linux/ports/capture_file.h"

/* --- where to go on ------------------------------------------------------- */

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
		f->bytes = (uint64_t)st.st_size;
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
 * Where the last whole block of the current file ends: the last place with two
 * blocks in a row before it.  The file's size if there is none.
 */
static uint64_t whole_end(const struct capture_file *f)
{
	uint8_t *data = f->pending.data; /* not in use yet */
	uint64_t from = 0;
	ssize_t n;

	if (f->bytes > f->pending.size)
		from = (f->bytes - f->pending.size + 3) & ~(uint64_t)3;
	n = pread(f->c->fd[f->current], data, f->bytes - from, (off_t)from);
	for (size_t end = n < 0 ? 0 : (size_t)n & ~(size_t)3; end > 0;
	     end -= 4) {
		size_t start = block_before(data, end);

		if (start < end &&
		    (start == 0 ? from == 0
				: block_before(data, start) < start))
			return from + end;
	}
	return f->bytes;
}

static int empty(struct capture_file *f, unsigned int i)
{
	if (ftruncate(f->c->fd[i], 0) < 0)
		return errno;
	f->filled[i] = false;
	return 0;
}

/* Empty a file and begin it. */
static int begin(struct capture_file *f, unsigned int i)
{
	int e = empty(f, i);

	if (e != 0)
		return e;
	f->current = i;
	f->bytes = 0;
	f->begun = false;
	return 0;
}

static unsigned int next(const struct capture_file *f)
{
	return (f->current + 1) % f->c->n_fds;
}

/*
 * The PD's first start: begin the file, or go on behind the newest of a ring.
 */
static int first_life(struct capture_file *f)
{
	const struct sys_capture *cfg = &f->c->cfg->capture;
	int e = 0;

	if (cfg->rotate != 0 && !cfg->overwrite && find_newest(f, false))
		return whole_end(f) == f->bytes ? 0 : -begin(f, next(f));
	for (unsigned int i = 0; i < f->c->n_fds && e == 0; i++)
		e = empty(f, i);
	return -e;
}

int capture_disk_resume(struct capture_file *f)
{
	uint64_t end;

	if (!find_newest(f, true))
		return first_life(f);
	/* A PD that was killed while it wrote may have left half a block. */
	end = whole_end(f);
	if (end < f->bytes && ftruncate(f->c->fd[f->current], (off_t)end) < 0)
		return -errno;
	f->bytes = end;
	return 0;
}

/* --- writing -------------------------------------------------------------- */

/* Readers cannot pass half a block, so the capture ends here. */
static int cannot_cut(struct capture_file *f)
{
	int e = errno;

	f->state = CAPTURE_FILE_CLOSED;
	pd_log(f->c,
	       "cannot take half a block off \"%s\": %s: capturing no more; "
	       "start weir again to capture again",
	       f->c->cfg->capture.path, strerror(e));
	return e;
}

/*
 * Write blocks to the current file.  A block that was written in part is cut
 * off again.
 * @stays: out: bytes of whole blocks that got in
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
	if (in > *stays && ftruncate(fd, (off_t)(f->bytes + *stays)) < 0)
		e = cannot_cut(f);
	f->bytes += *stays;
	return e;
}

/* Bytes the current file may still take. */
static uint64_t file_room(const struct capture_file *f)
{
	uint64_t limit = f->c->cfg->capture.rotate;

	if (limit == 0)
		return UINT64_MAX;
	return limit > f->bytes ? limit - f->bytes : 0;
}

/* Bytes of the first pending block, 0 if there is none. */
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

	if (f->bytes > 0 && f->header.used + first_block(f) > file_room(f)) {
		e = begin(f, next(f));
		if (e != 0)
			return e;
	}
	e = put(f, f->header.data, f->header.used, &stays);
	if (e != 0) {
		/* All of it or nothing. */
		f->bytes -= stays;
		if (ftruncate(f->c->fd[f->current], (off_t)f->bytes) < 0)
			cannot_cut(f);
		return e;
	}
	f->start = f->bytes;
	f->begun = true;
	return 0;
}

/* One step of writing what is pending. */
static int step(struct capture_file *f)
{
	const struct pcapng_buffer *b = &f->pending;
	size_t n, stays;
	int e;

	if (!f->begun)
		return begin_section(f);
	n = pcapng_whole(b->data + f->done, b->used - f->done, file_room(f));
	if (n == 0 && f->bytes > f->start)
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
			       "the disk is full: \"%s\" has dropped the "
			       "oldest of its files (%llu so far)",
			       f->c->cfg->capture.path,
			       (unsigned long long)f->drops.count);
		return true;
	}
	return false;
}

void capture_disk_flush(struct capture_file *f, uint64_t now_ns)
{
	/* Drop one file at a time: somebody else may be filling the disk. */
	bool may_drop = true;

	while (!f->begun || f->done < f->pending.used) {
		uint64_t before = f->bytes;
		int e = step(f);

		if (e == 0)
			capture_file_wrote(f);
		may_drop |= f->bytes > before;
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
