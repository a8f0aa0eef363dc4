/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing a capture: see capture_file.h.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/linux/ports/capture_file.h"

/* Blocks that can wait: enough for a reader that is late by some bursts. */
#define PENDING_SIZE (1u << 20)
/* 64 interfaces with the longest names and filter take about half of it. */
#define HEADER_SIZE (64u << 10)
#define RETRY_NS 1000000000ull

#define APPLICATION "weir"

/* --- starting ------------------------------------------------------------ */

static int make_header(struct capture_file *f)
{
	const struct sys_capture *cap = &f->c->cfg->capture;

	if (pcapng_section(&f->header, APPLICATION) == 0)
		return -ENOBUFS;
	for (unsigned int p = 0; p < VSWITCH_MAX_PORTS; p++) {
		if (!(cap->of >> p & 1))
			continue;
		if (pcapng_interface(&f->header, cap->name[p],
				     cap->filter_text) == 0)
			return -ENOBUFS;
	}
	return 0;
}

/*
 * Which of the files was written last, if any: the newest of those that have
 * been begun in this run.
 */
static bool find_current(struct capture_file *f)
{
	struct timespec newest = { 0 };
	bool found = false;

	for (unsigned int i = 0; i < f->c->n_fds; i++) {
		struct stat st;

		if (lseek(f->c->fd[i], 0, SEEK_CUR) <= 0 ||
		    fstat(f->c->fd[i], &st) < 0)
			continue;
		if (found && (st.st_mtim.tv_sec < newest.tv_sec ||
			      (st.st_mtim.tv_sec == newest.tv_sec &&
			       st.st_mtim.tv_nsec < newest.tv_nsec)))
			continue;
		newest = st.st_mtim;
		f->current = i;
		f->octets = (uint64_t)st.st_size;
		found = true;
	}
	return found;
}

/* Put the header in front of what follows in the current file. */
static void begin_section(struct capture_file *f)
{
	memcpy(f->pending.data + f->pending.used, f->header.data,
	       f->header.used);
	f->pending.used += f->header.used;
	f->octets += f->header.used;
}

/* Whether the current descriptor is a file that we opened ourselves. */
static bool is_own_file(const struct capture_file *f)
{
	struct stat st;

	return strcmp(f->c->cfg->capture.path, "-") != 0 &&
	       fstat(f->c->fd[0], &st) == 0 && S_ISREG(st.st_mode);
}

int capture_file_init(struct capture_file *f, struct component *c)
{
	int e;

	f->c = c;
	f->header.size = HEADER_SIZE;
	f->header.data = malloc(HEADER_SIZE);
	f->pending.size = PENDING_SIZE;
	f->pending.data = malloc(PENDING_SIZE);
	if (f->header.data == NULL || f->pending.data == NULL)
		return -ENOMEM;
	e = make_header(f);
	if (e < 0)
		return e;
	/* A limit on file sizes is an error of write(), no reason to die; a
	 * PD ignores SIGPIPE anyway. */
	signal(SIGXFSZ, SIG_IGN);
	if (is_own_file(f) && !find_current(f) && ftruncate(c->fd[0], 0) < 0)
		return -errno;
	begin_section(f);
	return 0;
}

/* --- writing ------------------------------------------------------------- */

/* A write failed. */
static void write_failed(struct capture_file *f, int error, uint64_t now_ns)
{
	const char *path = f->c->cfg->capture.path;

	if (error == EAGAIN) {
		f->state = CAPTURE_FILE_BLOCKED;
		pd_watch(f->c, f->current, EPOLLOUT);
		return;
	}
	if (error == EPIPE) {
		f->state = CAPTURE_FILE_CLOSED;
		f->pending.used = f->done = 0;
		pd_log(f->c,
		       "the reader of \"%s\" has gone: capturing no more; start weir again to capture again",
		       path);
		return;
	}
	if (f->state != CAPTURE_FILE_FAILING)
		pd_log(f->c,
		       "cannot write \"%s\": %s: frames are not captured until there is room",
		       path, strerror(error));
	f->state = CAPTURE_FILE_FAILING;
	f->retry_ns = now_ns + RETRY_NS;
}

static void wrote(struct capture_file *f, size_t octets)
{
	f->done += octets;
	if (f->state == CAPTURE_FILE_FAILING)
		pd_log(f->c,
		       "writing \"%s\" again; %llu frames were not captured",
		       f->c->cfg->capture.path,
		       (unsigned long long)f->lost.count);
	f->state = CAPTURE_FILE_WRITING;
}

void capture_file_flush(struct capture_file *f, uint64_t now_ns)
{
	struct pcapng_buffer *b = &f->pending;

	if (f->state == CAPTURE_FILE_BLOCKED ||
	    f->state == CAPTURE_FILE_CLOSED ||
	    (f->state == CAPTURE_FILE_FAILING && now_ns < f->retry_ns))
		return;
	while (f->done < b->used) {
		ssize_t n = write(f->c->fd[f->current], b->data + f->done,
				  b->used - f->done);

		if (n <= 0) {
			write_failed(f, n < 0 ? errno : EIO, now_ns);
			return;
		}
		wrote(f, (size_t)n);
	}
	f->done = b->used = 0;
}

void capture_file_room(struct capture_file *f)
{
	if (f->state != CAPTURE_FILE_BLOCKED)
		return;
	f->state = CAPTURE_FILE_WRITING;
	pd_watch(f->c, f->current, 0);
}

/* --- packets ------------------------------------------------------------- */

/* Begin the next file of the ring, dropping what it had. */
static void rotate(struct capture_file *f, uint64_t now_ns)
{
	unsigned int next = (f->current + 1) % f->c->n_fds;

	capture_file_flush(f, now_ns);
	if (f->pending.used > 0)
		return; /* the old file has half a block now */
	if (ftruncate(f->c->fd[next], 0) < 0) {
		write_failed(f, errno, now_ns);
		return;
	}
	f->current = next;
	f->octets = 0;
	begin_section(f);
}

/* Move what is pending to the front of the buffer. */
static void compact(struct capture_file *f)
{
	struct pcapng_buffer *b = &f->pending;

	if (f->done == 0)
		return;
	memmove(b->data, b->data + f->done, b->used - f->done);
	b->used -= f->done;
	f->done = 0;
}

void capture_file_packet(struct capture_file *f, const struct pcapng_packet *p,
			 uint64_t now_ns)
{
	uint64_t limit = f->c->cfg->capture.rotate;
	size_t n;

	if (f->state == CAPTURE_FILE_CLOSED)
		return;
	if (limit != 0 && f->octets > f->header.used &&
	    f->octets + pcapng_packet_size(p) > limit)
		rotate(f, now_ns);
	n = pcapng_packet(&f->pending, p);
	if (n == 0) {
		capture_file_flush(f, now_ns);
		compact(f);
		n = pcapng_packet(&f->pending, p);
	}
	f->octets += n;
	if (n == 0 && tally_add(&f->lost, 1) &&
	    f->state == CAPTURE_FILE_BLOCKED)
		pd_log(f->c,
		       "nothing reads \"%s\", or not fast enough: %llu frames not captured so far",
		       f->c->cfg->capture.path,
		       (unsigned long long)f->lost.count);
}
