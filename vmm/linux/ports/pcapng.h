/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing pcapng, the capture file format (draft-ietf-opsawg-pcapng).
 *
 * A file is a sequence of blocks; a section header, one description per
 * interface, then packets that name their interface by its position:
 *
 *	+------+--------+-- - - - --+---------------------+--------+
 *	| type | length |   body    | options             | length |
 *	|  4   |   4    |  fixed    | code, length, value,| again  |
 *	|      |        |           | padded to 4 each    |   4    |
 *	+------+--------+-- - - - --+---------------------+--------+
 *
 * Everything is in the writer's byte order, which readers see from the section
 * header's magic.  Each call below appends one whole block to a buffer, or
 * nothing if there is no room for the whole of it, so that what is in the
 * buffer is always a sequence of blocks.  No system calls, no allocation.
 */
#ifndef WEIR_VMM_LINUX_PORTS_PCAPNG_H
#define WEIR_VMM_LINUX_PORTS_PCAPNG_H

#include <stddef.h>
#include <stdint.h>

/* What a file starts with, in any byte order. */
#define PCAPNG_MAGIC 0x0a0d0d0au

/* The shortest block. */
#define PCAPNG_BLOCK_MIN 12u

/* Where blocks go. */
struct pcapng_buffer {
	uint8_t *data;
	size_t size; /* bytes at @data */
	size_t used; /* bytes filled */
};

/* Of the epb_flags option: where the frame went, seen from the interface. */
enum pcapng_direction { PCAPNG_INBOUND = 1, PCAPNG_OUTBOUND = 2 };

/* One frame. */
struct pcapng_packet {
	/* position of its interface description in the section */
	uint32_t interface;
	uint32_t direction;  /* enum pcapng_direction */
	uint64_t time_ns;    /* nanoseconds since 1970, UTC */
	const uint8_t *data; /* first byte */
	uint32_t len;	     /* bytes, all of them are kept */
	const char *comment; /* text for a person, or NULL */
};

/**
 * pcapng_section - append a section header
 * @application: who writes (shb_userappl)
 *
 * Return: bytes appended, or 0 if there is no room.
 */
size_t pcapng_section(struct pcapng_buffer *b, const char *application);

/**
 * pcapng_interface - append the description of an Ethernet interface
 * @name:   if_name
 * @filter: libpcap expression the frames passed, or "" for none
 *
 * Time stamps are in nanoseconds; nothing is cut short.
 *
 * Return: bytes appended, or 0 if there is no room.
 */
size_t pcapng_interface(struct pcapng_buffer *b, const char *name,
			const char *filter);

/**
 * pcapng_packet - append a frame
 *
 * Return: bytes appended, or 0 if there is no room.
 */
size_t pcapng_packet(struct pcapng_buffer *b, const struct pcapng_packet *p);

/** pcapng_packet_size - bytes pcapng_packet() would append */
size_t pcapng_packet_size(const struct pcapng_packet *p);

/**
 * pcapng_length - bytes of a block
 * @block: made by the functions above
 */
uint32_t pcapng_length(const uint8_t *block);

/**
 * pcapng_whole - how many bytes of blocks are whole blocks
 * @blocks: made by the functions above; the last one may be cut
 * @len:    bytes
 * @most:   the blocks counted must not be longer than this
 */
size_t pcapng_whole(const uint8_t *blocks, size_t len, uint64_t most);

#endif
