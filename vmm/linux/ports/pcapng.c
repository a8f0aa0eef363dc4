/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing pcapng: see pcapng.h.
 *
 * A block's length stands at both of its ends and is known only when it is
 * complete.  So a block is begun, filled piece by piece and ended.  If a piece
 * does not fit, end() removes the whole block.
 */
#include <stdbool.h>
#include <string.h>

#include "vmm/linux/ports/pcapng.h"

enum {
	BLOCK_SECTION = PCAPNG_MAGIC,
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 6,
};

/* Options; a code means the same thing in one kind of block alone. */
enum {
	OPT_END = 0,
	OPT_COMMENT = 1, /* any block */
	SHB_USERAPPL = 4,
	IF_NAME = 2,
	IF_TSRESOL = 9,
	IF_FILTER = 11,
	EPB_FLAGS = 2,
};

/* Code and length. */
#define OPTION_HEADER 4u
#define BYTE_ORDER_MAGIC 0x1a2b3c4du
#define LINKTYPE_ETHERNET 1
/* if_tsresol: time stamps count units of 10^-9 seconds. */
#define TSRESOL_NANO 9
/* if_filter: what follows is an expression for libpcap. */
#define FILTER_LIBPCAP '\0'

/* A block being put together. */
struct block {
	struct pcapng_buffer *b; /* where */
	size_t start;		 /* where it begins */
	bool ok;		 /* all of it fitted so far */
};

static void put(struct block *k, const void *data, size_t len)
{
	k->ok = k->ok && len <= k->b->size - k->b->used;
	if (!k->ok || len == 0)
		return;
	memcpy(k->b->data + k->b->used, data, len);
	k->b->used += len;
}

static void put16(struct block *k, uint16_t value)
{
	put(k, &value, sizeof(value));
}

static void put32(struct block *k, uint32_t value)
{
	put(k, &value, sizeof(value));
}

static size_t padding(size_t len)
{
	return (4 - len % 4) % 4;
}

/* Zeroes up to the next multiple of four after @len bytes. */
static void pad(struct block *k, size_t len)
{
	put(k, "\0\0\0", padding(len));
}

static void option(struct block *k, uint16_t code, const void *value,
		   size_t len)
{
	put16(k, code);
	put16(k, (uint16_t)len);
	put(k, value, len);
	pad(k, len);
}

static void option_text(struct block *k, uint16_t code, const char *text)
{
	option(k, code, text, strlen(text));
}

static struct block begin(struct pcapng_buffer *b, uint32_t type)
{
	struct block k = { .b = b, .start = b->used, .ok = true };

	put32(&k, type);
	put32(&k, 0); /* length, filled in by end() */
	return k;
}

static size_t end(struct block *k)
{
	uint32_t length = (uint32_t)(k->b->used - k->start + sizeof(uint32_t));

	put32(k, length);
	if (!k->ok) {
		k->b->used = k->start;
		return 0;
	}
	memcpy(k->b->data + k->start + sizeof(uint32_t), &length,
	       sizeof(length));
	return length;
}

size_t pcapng_section(struct pcapng_buffer *b, const char *application)
{
	struct block k = begin(b, BLOCK_SECTION);
	const int64_t unknown_length = -1;

	put32(&k, BYTE_ORDER_MAGIC);
	put16(&k, 1); /* version 1.0 */
	put16(&k, 0);
	put(&k, &unknown_length, sizeof(unknown_length));
	option_text(&k, SHB_USERAPPL, application);
	option(&k, OPT_END, NULL, 0);
	return end(&k);
}

size_t pcapng_interface(struct pcapng_buffer *b, const char *name,
			const char *filter)
{
	struct block k = begin(b, BLOCK_INTERFACE);
	const uint8_t resolution = TSRESOL_NANO;
	size_t len = strlen(filter);

	put16(&k, LINKTYPE_ETHERNET);
	put16(&k, 0);
	put32(&k, 0); /* no limit on a frame's length */
	option_text(&k, IF_NAME, name);
	option(&k, IF_TSRESOL, &resolution, sizeof(resolution));
	if (len > 0) {
		put16(&k, IF_FILTER);
		put16(&k, (uint16_t)(len + 1));
		put(&k, &(const char){ FILTER_LIBPCAP }, 1);
		put(&k, filter, len);
		pad(&k, len + 1);
	}
	option(&k, OPT_END, NULL, 0);
	return end(&k);
}

size_t pcapng_packet(struct pcapng_buffer *b, const struct pcapng_packet *p)
{
	struct block k = begin(b, BLOCK_PACKET);

	put32(&k, p->interface);
	put32(&k, (uint32_t)(p->time_ns >> 32));
	put32(&k, (uint32_t)p->time_ns);
	put32(&k, p->len); /* captured */
	put32(&k, p->len); /* on the wire */
	put(&k, p->data, p->len);
	pad(&k, p->len);
	option(&k, EPB_FLAGS, &p->direction, sizeof(p->direction));
	if (p->comment != NULL)
		option_text(&k, OPT_COMMENT, p->comment);
	option(&k, OPT_END, NULL, 0);
	return end(&k);
}

size_t pcapng_packet_size(const struct pcapng_packet *p)
{
	const size_t fixed = 7 * sizeof(uint32_t);
	const size_t flags = OPTION_HEADER + sizeof(p->direction);
	size_t size = fixed + p->len + padding(p->len) + flags;

	if (p->comment != NULL) {
		size_t len = strlen(p->comment);

		size += OPTION_HEADER + len + padding(len);
	}
	return size + OPTION_HEADER + sizeof(uint32_t);
}

uint32_t pcapng_length(const uint8_t *block)
{
	uint32_t length;

	memcpy(&length, block + sizeof(uint32_t), sizeof(length));
	return length;
}

size_t pcapng_whole(const uint8_t *blocks, size_t len, uint64_t most)
{
	size_t n = 0;

	while (len - n >= PCAPNG_BLOCK_MIN) {
		uint32_t length = pcapng_length(blocks + n);

		if (length > len - n || length > most - n)
			break;
		n += length;
	}
	return n;
}
