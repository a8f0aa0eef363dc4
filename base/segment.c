/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Cutting segments, completing checksums.
 *
 * Sums are those of RFC 1071: 16-bit words in the order of the machine, in any
 * width that holds the carries, folded at the end.  A sum whose bytes begin at
 * an odd place counts with its two bytes swapped.
 */
#include "base/segment.h"

#include "base/mem.h"
#include "base/packet.h"

#define IPV4_LENGTH 2u
#define IPV4_ID 4u
#define IPV4_CHECKSUM 10u
#define IPV6_LEN 40u
#define IPV6_LENGTH 4u

#define TCP_LEN 20u
#define TCP_SEQ 4u
#define TCP_FLAGS 13u
#define TCP_PSH 0x08u
#define TCP_CWR 0x80u

#define UDP_LEN 8u
#define UDP_LENGTH 4u

/* --- sums ----------------------------------------------------------------- */

/* Memory that somebody else may be writing, at any place: read once. */
typedef uint64_t word __attribute__((aligned(1), may_alias));
typedef uint64_t pair __attribute__((vector_size(16), aligned(1), may_alias));

static uint64_t add(uint64_t sum, uint64_t n)
{
	sum += n;
	return sum + (sum < n);
}

static uint32_t fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)((sum & 0xffff) + (sum >> 16));
}

static uint16_t load(const uint8_t *at)
{
	uint16_t value;

	__builtin_memcpy(&value, at, sizeof(value));
	return value;
}

static void store(uint8_t *at, uint16_t value)
{
	__builtin_memcpy(at, &value, sizeof(value));
}

static void store_be16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void store_be32(uint8_t *at, uint32_t value)
{
	store_be16(at, value >> 16);
	store_be16(at + 2, value);
}

static uint32_t load_be32(const uint8_t *at)
{
	return (uint32_t)frame_be16(at) << 16 | frame_be16(at + 2);
}

/* A number of 16 bits as it counts in a sum. */
static uint16_t as_word(uint32_t value)
{
	uint8_t bytes[2];

	store_be16(bytes, value);
	return load(bytes);
}

/* Of private memory; a whole number of 16-bit words. */
static uint64_t sum_words(const uint8_t *at, uint32_t n)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < n; i += 2)
		sum += load(at + i);
	return sum;
}

/* Copy less than eight bytes; their sum. */
static uint64_t copy_tail(uint8_t *to, const volatile uint8_t *from, uint32_t n)
{
	uint8_t bytes[8] = { 0 };
	uint64_t w;

	for (uint32_t i = 0; i < n; i++)
		bytes[i] = to[i] = from[i];
	__builtin_memcpy(&w, bytes, sizeof(w));
	return w;
}

/*
 * Copy, and sum up what was copied.  Halves of words are added, and a frame is
 * short: no carry is lost.
 */
static uint64_t copy_summed(uint8_t *to, const uint8_t *from, size_t n)
{
	pair low = { 0, 0 }, high = { 0, 0 };
	uint64_t sum;
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		pair w = *(const volatile pair *)(from + i);

		*(pair *)(to + i) = w;
		low += w & 0xffffffff;
		high += w >> 32;
	}
	sum = low[0] + low[1] + high[0] + high[1];
	if (i + 8 <= n) {
		uint64_t w = *(const volatile word *)(from + i);

		*(word *)(to + i) = w;
		sum = add(sum, w);
		i += 8;
	}
	return add(sum, copy_tail(to + i, from + i, (uint32_t)(n - i)));
}

/* --- getting ready -------------------------------------------------------- */

/* What does not change from frame to frame, and where the rest begins. */
static void note_headers(struct segment *s)
{
	const uint8_t *l4 = s->header + s->l4;

	s->id = frame_be16(s->header + s->l3 + IPV4_ID);
	if (s->tcp) {
		s->seq = load_be32(l4 + TCP_SEQ);
		s->flags = l4[TCP_FLAGS];
	}
	/* The sender's sum has the length of the whole in it. */
	s->pseudo = load(s->header + s->field) +
		    (uint16_t)~as_word((uint32_t)s->head - s->l4 +
				       s->frame->len - s->from);
}

void segment_begin(struct segment *s, const struct frame *f,
		   const uint8_t *data, const struct offload *o,
		   const struct offload_place *at, const uint8_t *link,
		   uint32_t link_len)
{
	uint32_t shift = link_len - at->l3;

	s->frame = f;
	s->data = data;
	s->tcp = at->tcp;
	s->ipv6 = at->ipv6;
	s->frames = at->frames;
	s->from = at->payload;
	s->size = o->segment;
	if (s->frames == 1) {
		/* Options of TCP need not be in the snapshot. */
		s->from = at->l4 + (at->tcp ? TCP_LEN : UDP_LEN);
		s->size = f->len - s->from;
	}
	s->l3 = (uint16_t)link_len;
	s->l4 = (uint16_t)(at->l4 + shift);
	s->field = (uint16_t)(at->field + shift);
	s->head = (uint16_t)(s->from + shift);
	memcpy(s->header, link, link_len);
	memcpy(s->header + link_len, f->bytes + at->l3, s->from - at->l3);
	note_headers(s);
}

/* --- frames --------------------------------------------------------------- */

/* Bytes of payload in a frame. */
static uint32_t piece(const struct segment *s, uint32_t index)
{
	uint32_t left = s->frame->len - s->from - index * s->size;

	return left < s->size ? left : s->size;
}

uint32_t segment_length(const struct segment *s, uint32_t index)
{
	return s->head + piece(s, index);
}

/* The payload of a frame: judged bytes, then others; its sum. */
static uint64_t copy_payload(const struct segment *s, uint32_t at, uint32_t n,
			     uint8_t *to)
{
	const struct frame *f = s->frame;
	uint32_t judged = 0;
	uint64_t sum = 0, rest;

	if (at < f->snap) {
		judged = f->snap - at < n ? f->snap - at : n;
		sum = copy_summed(to, f->bytes + at, judged);
	}
	if (judged == n)
		return sum;
	rest = copy_summed(to + judged, s->data + at + judged, n - judged);
	if (judged & 1)
		rest = __builtin_bswap16((uint16_t)fold(rest));
	return add(sum, rest);
}

static void fix_ip(struct segment *s, uint32_t index, uint32_t len)
{
	uint8_t *ip = s->header + s->l3;

	if (s->ipv6) {
		store_be16(ip + IPV6_LENGTH, len - s->l3 - IPV6_LEN);
		return;
	}
	store_be16(ip + IPV4_LENGTH, len - s->l3);
	store_be16(ip + IPV4_ID, s->id + index);
	store_be16(ip + IPV4_CHECKSUM, 0);
	store(ip + IPV4_CHECKSUM,
	      (uint16_t)~fold(sum_words(ip, (uint32_t)s->l4 - s->l3)));
}

static void fix_l4(struct segment *s, uint32_t index, uint32_t len)
{
	uint8_t *l4 = s->header + s->l4;
	uint8_t flags = s->flags;

	if (!s->tcp) {
		store_be16(l4 + UDP_LENGTH, len - s->l4);
		return;
	}
	if (index > 0)
		flags &= (uint8_t)~TCP_CWR;
	if (index + 1 < s->frames)
		flags &= (uint8_t) ~(PACKET_FIN | TCP_PSH);
	store_be32(l4 + TCP_SEQ, s->seq + index * s->size);
	l4[TCP_FLAGS] = flags;
}

/* @payload: its sum */
static void fix_checksum(struct segment *s, uint32_t len, uint64_t payload)
{
	uint64_t sum = s->pseudo + as_word(len - s->l4);
	uint32_t folded;

	store(s->header + s->field, 0);
	sum += sum_words(s->header + s->l4, (uint32_t)s->head - s->l4);
	folded = fold(add(sum, payload));
	/* In UDP, 0 says that there is none. */
	if (!s->tcp && folded == 0xffff)
		folded = 0;
	store(s->header + s->field, (uint16_t)~folded);
}

void segment_write(struct segment *s, uint32_t index, uint8_t *to)
{
	uint32_t n = piece(s, index), len = s->head + n;
	uint64_t sum =
		copy_payload(s, s->from + index * s->size, n, to + s->head);

	if (s->frames > 1) {
		fix_ip(s, index, len);
		fix_l4(s, index, len);
	}
	fix_checksum(s, len, sum);
	memcpy(to, s->header, s->head);
}
