/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames as people write them, for `weir trace`.
 *
 *	0200 0000 0002 0200:0000:0001 0806	bytes in hex
 *	-		the same, from standard input
 *	@frame.bin	a file with the bytes themselves
 *	dst=bob src=02:00:00:00:00:01 type=arp	a description of its header
 *
 * Packets are described in words, see cli/packet.h.
 */
#ifndef WEIR_CLI_FRAME_H
#define WEIR_CLI_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a length of 16 bits can say; one control request has room for it. */
#define FRAME_MAX 65535u

/**
 * struct frame_text - a frame being put together
 * @bytes: FRAME_MAX of them, not owned
 * @len:   bytes so far
 * @error: what is wrong, once something is
 */
struct frame_text {
	uint8_t *bytes;
	size_t len;
	char error[256];
};

/**
 * struct frame_offload - offload data of a frame (cli/offload.h)
 * @some:    there are some: its checksum is not made yet
 * @segment: bytes of payload in each frame it is cut into; 0: not a segment
 */
struct frame_offload {
	bool some;
	unsigned int segment;
};

/**
 * struct frame_words - what a description says
 * @dst:  as written: an address or a port; NULL if not given
 * @src:  likewise
 * @vlan: 0 to 4095, or -1 for no tag
 * @type: EtherType, if @has_type; else that of IPv4
 * @len:  bytes of the frame; 0: 60, with offload data what is needed
 * @offload: its offload data
 *
 * The caller finds the address that a port stands for.
 */
struct frame_words {
	const char *dst;
	const char *src;
	int vlan;
	bool has_type;
	unsigned int type;
	unsigned int len;
	struct frame_offload offload;
};

/**
 * frame_fail - set @f->error
 *
 * Return: -1, to be returned.
 */
int frame_fail(struct frame_text *f, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * frame_put - append bytes
 *
 * Return: 0, or -1 with @f->error set: it is too long.
 */
int frame_put(struct frame_text *f, const void *bytes, size_t n);

/**
 * frame_number - append a number of @n bytes in network byte order
 *
 * For headers, which always fit.
 */
void frame_number(struct frame_text *f, unsigned int n, unsigned long value);

/**
 * frame_hex - append bytes written in hex
 * @text: two digits each; blanks, ':', '-' and '.' may stand between bytes
 *
 * Return: 0, or -1 with @f->error set.
 */
int frame_hex(struct frame_text *f, const char *text);

/**
 * frame_to_hex - the bytes as hex; to free()
 */
char *frame_to_hex(const struct frame_text *f);

/**
 * frame_read - append a file's bytes
 * @path: "-" is standard input
 * @hex:  the file is text, to be read as frame_hex() does
 *
 * Return: 0, or -1 with @f->error set.
 */
int frame_read(struct frame_text *f, const char *path, bool hex);

/**
 * frame_key - understand a part of a description
 * @word: "key=value"
 * @w:    in and out
 *
 * Return: 0, or -1 with @f->error set.
 */
int frame_key(struct frame_text *f, const char *word, struct frame_words *w);

/**
 * frame_header - append an Ethernet header, with a tag if one was described
 */
void frame_header(struct frame_text *f, const struct frame_words *w,
		  unsigned int type, const uint8_t dst[6],
		  const uint8_t src[6]);

/**
 * frame_pad - append zeros
 * @len: bytes the frame is to have; 0: 60 at least
 *
 * Return: 0, or -1 with @f->error set: it has more already.
 */
int frame_pad(struct frame_text *f, unsigned int len);

/**
 * frame_build - make the frame a description asks for, with a payload of zeros
 *
 * Return: 0, or -1 with @f->error set.
 */
int frame_build(struct frame_text *f, const struct frame_words *w,
		const uint8_t dst[6], const uint8_t src[6]);

/**
 * frame_mac - read an address
 * @text: six bytes in hex, or "broadcast"
 *
 * Return: 0, or -1 if it is not one.
 */
int frame_mac(const char *text, uint8_t mac[6]);

#endif
