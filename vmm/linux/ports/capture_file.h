/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a capture goes: a file, a ring of files, a FIFO, standard output.
 *
 * The monitor opens (capture_file_open), the PD writes (struct capture_file).
 * What is written is always a sequence of whole blocks: blocks wait in a
 * private buffer, what a descriptor did not take of it stays at the front and
 * goes first the next time, and a packet that finds no room is lost whole and
 * counted.
 *
 * Files.  Nothing that was on the disk is lost before the system runs: open()
 * truncates nothing.  A file's offset, which the monitor's and the PD's
 * descriptor share, is 0 until the PD has written; a PD that finds it 0 starts
 * the file anew, and one that finds it greater has been started again after a
 * crash and appends a new section.  Files are opened for appending, so the
 * offset is nothing but this mark.
 *
 * A ring (`rotate`) is NAME.0.pcapng, NAME.1.pcapng, ...: all are opened at the
 * start, because the PD can open nothing.  Each is complete in itself.  The
 * next one is begun, its old content dropped, when a packet would make the
 * current one longer than asked for.
 *
 * States:
 *  - writing
 *  - blocked: a FIFO or pipe is full; waits for EPOLLOUT
 *  - failing: the disk is full, or the like; tries again once a second
 *  - closed: the reader of a pipe has gone; everything is lost from then on
 */
#ifndef WEIR_VMM_LINUX_PORTS_CAPTURE_FILE_H
#define WEIR_VMM_LINUX_PORTS_CAPTURE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/linux/pd.h"
#include "vmm/linux/ports/pcapng.h"
#include "vmm/linux/ports/tally.h"

enum capture_file_state {
	CAPTURE_FILE_WRITING,
	CAPTURE_FILE_BLOCKED,
	CAPTURE_FILE_FAILING,
	CAPTURE_FILE_CLOSED,
};

/**
 * struct capture_file - the PD's side
 * @c:        component, whose descriptors are written
 * @header:   section header and interface descriptions, ready made
 * @pending:  blocks not yet written
 * @done:     octets at the front of @pending that are written
 * @state:    see above
 * @current:  index of the descriptor being written
 * @octets:   how long that file is, with what is pending
 * @retry_ns: CAPTURE_FILE_FAILING: when to try again
 * @lost:     packets for which there was no room
 */
struct capture_file {
	struct component *c;
	struct pcapng_buffer header;
	struct pcapng_buffer pending;
	size_t done;
	enum capture_file_state state;
	unsigned int current;
	uint64_t octets;
	uint64_t retry_ns;
	struct tally lost;
};

/**
 * capture_file_open - open what a capture is written to; in the monitor
 *
 * As struct component_ops' open().
 */
int capture_file_open(const struct sys_component *cfg, int *fds,
		      struct error *err);

/**
 * capture_file_name - name of one file of a ring
 * @path:  as in the topology
 * @index: which
 * @buf:   out: "home.0.pcapng" for "home.pcapng", "home.0" for "home"
 * @size:  octets at @buf
 *
 * Return: 0, or -1 if it does not fit.
 */
int capture_file_name(const char *path, unsigned int index, char *buf,
		      size_t size);

/**
 * capture_file_init - get ready to write; in the PD, before the filter
 *
 * Return: 0 or negative errno.
 */
int capture_file_init(struct capture_file *f, struct component *c);

/**
 * capture_file_packet - write a packet, at the latest with the next flush
 * @now_ns: monotonic
 */
void capture_file_packet(struct capture_file *f, const struct pcapng_packet *p,
			 uint64_t now_ns);

/**
 * capture_file_flush - write what is pending, as far as it goes without waiting
 * @now_ns: monotonic
 */
void capture_file_flush(struct capture_file *f, uint64_t now_ns);

/**
 * capture_file_room - the descriptor has room again (EPOLLOUT, EPOLLERR)
 */
void capture_file_room(struct capture_file *f);

#endif
