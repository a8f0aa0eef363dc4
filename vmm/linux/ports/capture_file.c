/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing a capture: see capture_file.h.  Files are capture_disk.c's.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmm/linux/ports/capture_file.h"

/* Pending blocks: room for a reader that is some bursts late. */
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
	for (unsigned int p = 0; p < MAX_PORTS; p++) {
		if (!(cap->of >> p & 1))
			continue;
		if (pcapng_interface(&f->header, cap->name[p],
				     cap->filter_text) == 0)
			return -ENOBUFS;
	}
	return 0;
}

/* A buffer of the wire full, with the longest comment. */
static size_t largest_packet(const struct component *c)
{
	static const char comment[CAPTURE_COMMENT_MAX + 1];
	const struct pcapng_packet p = {
		.len = c->cfg->wire.buffer_size,
		.comment = comment,
	};

	return pcapng_packet_size(&p) + CAPTURE_COMMENT_MAX;
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
	f->largest = largest_packet(c);
	f->header.size = HEADER_SIZE;
	f->header.data = malloc(HEADER_SIZE);
	f->pending.size = PENDING_SIZE;
	f->pending.data = malloc(PENDING_SIZE);
	if (f->header.data == NULL || f->pending.data == NULL)
		return -ENOMEM;
	e = make_header(f);
	if (e < 0)
		return e;
	/*
	 * A write() beyond a limit of file sizes fails instead of killing us; a
	 * PD ignores SIGPIPE anyway.
	 */
	signal(SIGXFSZ, SIG_IGN);
	f->regular = is_own_file(f);
	if (f->regular)
		return capture_disk_resume(f);
	memcpy(f->pending.data, f->header.data, f->header.used);
	f->pending.used = f->header.used;
	return 0;
}

uint64_t capture_file_size(const struct sys_component *cfg)
{
	return cfg->capture.rotate != 0 ? cfg->capture.rotate
					: CAPTURE_FILE_MAX;
}

/* --- writing ------------------------------------------------------------- */

void capture_file_failed(struct capture_file *f, int error, uint64_t now_ns)
{
	const char *path = f->c->cfg->capture.path;

	if (f->state == CAPTURE_FILE_CLOSED)
		return;
	if (error == EAGAIN && !f->regular) {
		f->state = CAPTURE_FILE_BLOCKED;
		pd_watch(f->c, 0, EPOLLOUT);
		return;
	}
	if (error == EPIPE) {
		f->state = CAPTURE_FILE_CLOSED;
		f->pending.used = f->done = 0;
		pd_log(f->c,
		       "the reader of \"%s\" has gone: capturing no more; "
		       "start weir again to capture again",
		       path);
		return;
	}
	if (f->state != CAPTURE_FILE_FAILING)
		pd_log(f->c,
		       "cannot write \"%s\": %s: trying again once a second; "
		       "`weir show ports` counts the frames it misses "
		       "meanwhile",
		       path, strerror(error));
	f->state = CAPTURE_FILE_FAILING;
	f->retry_ns = now_ns + RETRY_NS;
	pd_wake_at(f->c, f->retry_ns);
}

void capture_file_wrote(struct capture_file *f)
{
	if (f->state == CAPTURE_FILE_FAILING)
		pd_log(f->c,
		       "writing \"%s\" again; `weir show ports` says how many "
		       "frames it has missed",
		       f->c->cfg->capture.path);
	f->state = CAPTURE_FILE_WRITING;
}

static void flush_pipe(struct capture_file *f, uint64_t now_ns)
{
	struct pcapng_buffer *b = &f->pending;

	while (f->done < b->used) {
		ssize_t n = write(f->c->fd[0], b->data + f->done,
				  b->used - f->done);

		if (n <= 0) {
			capture_file_failed(f, n < 0 ? errno : EIO, now_ns);
			return;
		}
		f->done += (size_t)n;
		capture_file_wrote(f);
	}
	f->done = b->used = 0;
}

void capture_file_flush(struct capture_file *f, uint64_t now_ns)
{
	if (f->state == CAPTURE_FILE_BLOCKED || f->state == CAPTURE_FILE_CLOSED)
		return;
	if (f->state == CAPTURE_FILE_FAILING && now_ns < f->retry_ns) {
		/* The alarm is cleared by any wake-up: set it again. */
		pd_wake_at(f->c, f->retry_ns);
		return;
	}
	if (f->regular)
		capture_disk_flush(f, now_ns);
	else
		flush_pipe(f, now_ns);
}

void capture_file_ready(struct capture_file *f)
{
	if (f->state != CAPTURE_FILE_BLOCKED)
		return;
	f->state = CAPTURE_FILE_WRITING;
	pd_watch(f->c, 0, 0);
}

/* --- packets ------------------------------------------------------------- */

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

static unsigned int room(const struct capture_file *f)
{
	return (unsigned int)((f->pending.size - f->pending.used) / f->largest);
}

unsigned int capture_file_room(struct capture_file *f, uint64_t now_ns)
{
	if (f->state == CAPTURE_FILE_CLOSED)
		return 0;
	if (room(f) == 0) {
		capture_file_flush(f, now_ns);
		compact(f);
	}
	if (room(f) == 0 && !f->full && tally_add(&f->fulls, 1) &&
	    f->state == CAPTURE_FILE_BLOCKED)
		pd_log(f->c,
		       "nothing reads \"%s\", or not fast enough: it misses "
		       "frames, which `weir show ports` counts",
		       f->c->cfg->capture.path);
	f->full = room(f) == 0;
	return room(f);
}
