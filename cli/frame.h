/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames as people write them, for `weir trace`.
 *
 *	0200 0000 0002 0200:0000:0001 0806	octets in hex
 *	-		the same, from standard input
 *	@frame.bin	a file with the octets themselves
 *	dst=bob src=02:00:00:00:00:01 type=arp	a description of its header
 *
 * Packets are described in words, see cli/packet.h.
 */
#ifndef WEIR_CLI_FRAME_H
#define WEIR_CLI_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longer than any port takes, and short enough for one control request. */
#define FRAME_MAX 16384u

/**
 * struct frame_text - a frame being put together
 * @octets: FRAME_MAX of them, not owned
 * @len:    octets so far
 * @error:  what is wrong, once something is
 */
struct frame_text {
	uint8_t *octets;
	size_t len;
	char error[256];
};

/**
 * struct frame_words - what a description says
 * @dst:  as written: an address or a port; NULL if not given
 * @src:  likewise
 * @vlan: 0 to 4095, or -1 for no tag
 * @type: EtherType, if @has_type; else that of IPv4
 * @len:  octets of the frame; 0: 60
 *
 * Which address a port stands for is the caller's business.
 */
struct frame_words {
	const char *dst;
	const char *src;
	int vlan;
	bool has_type;
	unsigned int type;
	unsigned int len;
};

/**
 * frame_hex - append octets written in hex
 * @text: two digits each; blanks, ':', '-' and '.' may stand between octets
 *
 * Return: 0, or -1 with @f->error set.
 */
int frame_hex(struct frame_text *f, const char *text);

/**
 * frame_read - append a file's octets
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
 * frame_build - make the frame a description asks for
 * @dst, @src: addresses
 *
 * The payload is zero.
 *
 * Return: 0, or -1 with @f->error set: it does not fit its own length.
 */
int frame_build(struct frame_text *f, const struct frame_words *w,
		const uint8_t dst[6], const uint8_t src[6]);

/**
 * frame_mac - read an address
 * @text: six octets in hex, or "broadcast"
 *
 * Return: 0, or -1 if it is no address.
 */
int frame_mac(const char *text, uint8_t mac[6]);

#endif
