/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a capture goes: a file, a ring of files, a FIFO, standard output.
 *
 * The monitor opens (capture_file_open), the PD writes (struct capture_file),
 * always whole blocks.  They wait in a private buffer.  While that has no room,
 * the capture takes no more records from the switch (capture_file_room), which
 * counts those it cannot send: all missed frames are in one counter.
 *
 * A pipe may take part of a block; the rest goes first the next time.  If a
 * file takes part of a block, it is cut off at once (capture_disk.c) and
 * written again when there is room, so that the file can be read whenever this
 * process ends.
 *
 * Files.  A file that already holds a capture is kept: open() renames it
 * (home.1.pcapng) and makes a new one, unless the topology says `overwrite`.
 * Files are opened for appending, so the descriptor's offset, which monitor and
 * PD share, serves as a mark: it is 0 until the PD has written.  A PD that
 * finds another one has been restarted after a crash, and appends a section.
 *
 * A ring (`rotate`) is NAME.0.pcapng, NAME.1.pcapng, ...: all are opened at the
 * start, because the PD can open nothing.  Each is a complete capture.  When a
 * block would make the current file longer than its limit, the next one is
 * emptied and begun.  A new start goes on behind the newest.  When the disk is
 * full, a ring empties the oldest of its own files.
 */
#ifndef WEIR_VMM_LINUX_PORTS_CAPTURE_FILE_H
#define WEIR_VMM_LINUX_PORTS_CAPTURE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/linux/pd/pd.h"
#include "vmm/linux/ports/pcapng.h"
#include "vmm/linux/ports/tally.h"

enum capture_file_state {
	CAPTURE_FILE_WRITING,
	CAPTURE_FILE_BLOCKED, /* a pipe is full; waits for EPOLLOUT */
	CAPTURE_FILE_FAILING, /* the disk is full, say; tries once a second */
	CAPTURE_FILE_CLOSED,  /* a pipe's reader has gone; for good */
};

/* Bytes of the longest comment a packet may have. */
#define CAPTURE_COMMENT_MAX 320u

/* Limit of a file without `rotate`: the largest `rotate` there can be. */
#define CAPTURE_FILE_MAX (1024ull << 30)

/* What the PD writes to. */
struct capture_file {
	struct component *c; /* component, whose descriptors are written */
	/* section header and interface descriptions, ready made */
	struct pcapng_buffer header;
	struct pcapng_buffer pending; /* blocks not yet written */
	size_t done;	/* bytes at the front of @pending that are written */
	size_t largest; /* bytes the largest packet may take */
	enum capture_file_state state;
	bool regular;	    /* it is files, and they are ours */
	bool full;	    /* there was no room when last asked for */
	uint64_t retry_ns;  /* CAPTURE_FILE_FAILING: when to try again */
	struct tally fulls; /* how often there was no room */
	/* files of the ring that were dropped because the disk was full */
	struct tally drops;
	unsigned int current; /* files: index of the descriptor being written */
	uint64_t bytes;	      /* files: how long that file is */
	uint64_t start; /* files: where packets of its last section begin */
	bool begun;	/* files: it has a section of ours */
	bool filled[PD_MAX_FDS]; /* files: by index: it is not empty */
};

/**
 * capture_file_open - open what a capture is written to; in the monitor
 *
 * As struct component_ops' open().
 */
int capture_file_open(const struct sys_component *cfg, int *fds,
		      struct error *err);

/**
 * capture_file_size - the longest file a capture may write
 *
 * As struct component_ops' file_size().
 */
uint64_t capture_file_size(const struct sys_component *cfg);

/**
 * capture_file_name - name of one file of a ring, or of one that was kept
 * @path:  as in the topology, or where that is
 * @index: which
 * @buf:   out: "home.0.pcapng" for "home.pcapng", "home.0" for "home"
 * @size:  bytes at @buf
 *
 * Return: 0, or -1 if it does not fit.
 */
int capture_file_name(const char *path, unsigned int index, char *buf,
		      size_t size);

/** capture_file_init - get ready to write; in the PD, before the filter */
int capture_file_init(struct capture_file *f, struct component *c);

/**
 * capture_file_room - for how many packets of any size there is room
 * @now_ns: monotonic
 *
 * Writes what is pending if that makes room.  Packets are put into @f->pending,
 * to be written with the next flush.
 */
unsigned int capture_file_room(struct capture_file *f, uint64_t now_ns);

/**
 * capture_file_flush - write what is pending, without waiting
 * @now_ns: monotonic
 */
void capture_file_flush(struct capture_file *f, uint64_t now_ns);

/** capture_file_ready - the descriptor has room again (EPOLLOUT, EPOLLERR) */
void capture_file_ready(struct capture_file *f);

/* --- capture_file.c and capture_disk.c only ------------------------------- */

/**
 * capture_file_failed - a write failed
 * @error: errno
 */
void capture_file_failed(struct capture_file *f, int error, uint64_t now_ns);

/** capture_file_wrote - one succeeded */
void capture_file_wrote(struct capture_file *f);

/** capture_disk_resume - find where in the files to go on */
int capture_disk_resume(struct capture_file *f);

/** capture_disk_flush - capture_file_flush() for files */
void capture_disk_flush(struct capture_file *f, uint64_t now_ns);

#endif
