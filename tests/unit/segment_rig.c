/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/packet.h"
#include "tests/unit/segment_rig.h"

uint32_t seg_random(uint64_t *seed, uint32_t n)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)((*seed >> 33) % n);
}

static void set16(uint8_t *b, uint32_t value)
{
	b[0] = (uint8_t)(value >> 8);
	b[1] = (uint8_t)value;
}

static uint32_t get32(const uint8_t *b)
{
	return (uint32_t)frame_be16(b) << 16 | frame_be16(b + 2);
}

/* RFC 1071, byte by byte. */
static uint32_t sum(uint32_t s, const uint8_t *b, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		s += i % 2 ? b[i] : (uint32_t)b[i] << 8;
		s = (s & 0xffff) + (s >> 16);
	}
	return s;
}

static uint32_t pseudo(const uint8_t *ip, bool ipv6, bool tcp, uint32_t len)
{
	uint32_t s = (tcp ? PACKET_TCP : PACKET_UDP) + len;

	return ipv6 ? sum(s, ip + 8, 32) : sum(s, ip + 12, 8);
}

/* --- making ------------------------------------------------------------- */

struct shape seg_shape(uint64_t *seed)
{
	struct shape s = {
		.ipv6 = seg_random(seed, 2),
		.tcp = seg_random(seed, 3) > 0,
		.tags = seg_random(seed, 3),
		.words = 5,
		.options = seg_random(seed, 11),
		.flags = (uint8_t)(seg_random(seed, 256) &
				   ~(PACKET_SYN | PACKET_RST)),
	};
	uint32_t most = seg_random(seed, 50) == 0 ? 65000 : 4000;
	uint32_t least;

	if (seg_random(seed, 2))
		s.words += seg_random(seed, s.ipv6 ? 4 : 11);
	s.payload = seg_random(seed, most);
	if (seg_random(seed, 4) == 0 || s.payload < 2)
		return s;
	least = (s.payload + OFFLOAD_MAX_FRAMES - 1) / OFFLOAD_MAX_FRAMES;
	s.piece = least + seg_random(seed, seg_random(seed, 2) ? 1500 : 100);
	if (s.piece >= s.payload)
		s.piece = s.payload - 1;
	return s;
}

/* Return: where what it carries begins. */
static uint32_t put_ip(struct seg *s, const struct shape *shape, uint32_t l3)
{
	static const uint8_t chain[] = { 0, 43, 60 };
	uint8_t protocol = shape->tcp ? PACKET_TCP : PACKET_UDP;
	uint8_t *ip = s->b + l3, *next = ip + 6;
	uint32_t at = l3 + 40, extra = shape->words - 5;

	if (!shape->ipv6) {
		ip[0] = (uint8_t)(0x40 | shape->words);
		ip[6] = 0x40; /* not a fragment */
		ip[7] = 0;
		ip[9] = protocol;
		return l3 + 4 * shape->words;
	}
	ip[0] = 0x60 | (ip[0] & 0xf);
	ip[8] = ip[24] = 0x20; /* neither is IPv4-mapped */
	for (uint32_t i = 3 - extra; i < 3; i++) {
		*next = chain[i];
		next = s->b + at;
		s->b[at + 1] = (uint8_t)(i % 2);
		at += 8 + 8 * (i % 2);
	}
	*next = protocol;
	return at;
}

static void fill_lengths(struct seg *s, const struct shape *shape, uint32_t l3,
			 uint32_t l4)
{
	uint8_t *ip = s->b + l3, *l4_at = s->b + l4;

	if (shape->ipv6) {
		set16(ip + 4, s->len - l3 - 40);
	} else {
		set16(ip + 2, s->len - l3);
		set16(ip + 10, 0);
		set16(ip + 10, 0xffff & ~sum(0, ip, l4 - l3));
	}
	if (!shape->tcp)
		set16(l4_at + 4, s->len - l4);
	set16(l4_at + (shape->tcp ? 16 : 6),
	      pseudo(ip, shape->ipv6, shape->tcp, s->len - l4));
}

bool seg_look(struct seg *s)
{
	struct frame *f = &s->frame;
	struct packet p;

	memset(f, 0, sizeof(*f));
	f->len = (uint16_t)s->len;
	f->snap = (uint16_t)(s->len < FRAME_SNAP_MAX ? s->len : FRAME_SNAP_MAX);
	memcpy(f->bytes, s->b, f->snap);
	if (!frame_parse(f))
		return false;
	packet_parse(f, &p);
	return offload_check(f, &p, &s->o, &s->at);
}

void seg_make(struct seg *s, const struct shape *shape, uint64_t *seed)
{
	uint32_t l3 = 14 + 4 * shape->tags, l4, head;
	unsigned int type = shape->ipv6 ? OFFLOAD_TCP6 : OFFLOAD_TCP4;

	for (uint32_t i = 0; i < l3 + 200 + shape->payload && i < SEG_MAX; i++)
		s->b[i] = (uint8_t)seg_random(seed, 256);
	s->b[0] = s->b[6] = 0x02;
	for (unsigned int i = 0; i < shape->tags; i++) {
		set16(s->b + 12 + 4 * i, FRAME_TPID_C);
		set16(s->b + 14 + 4 * i, 1 + seg_random(seed, 4000));
	}
	set16(s->b + l3 - 2, shape->ipv6 ? 0x86dd : 0x0800);
	l4 = put_ip(s, shape, l3);
	head = l4 + (shape->tcp ? 20 + 4 * shape->options : 8);
	s->len = head + shape->payload;
	if (shape->tcp) {
		s->b[l4 + 12] = (uint8_t)((5 + shape->options) << 4);
		s->b[l4 + 13] = shape->flags;
	}
	fill_lengths(s, shape, l3, l4);
	s->o = (struct offload){ .flags = OFFLOAD_CHECKSUM,
				 .segment = (uint16_t)shape->piece };
	if (shape->piece)
		s->o.flags |= (uint8_t)(shape->tcp ? type : OFFLOAD_UDP);
	assert_true(seg_look(s));
	assert_int_equal(s->at.l4, l4);
	assert_int_equal(s->at.payload, head);
}

void seg_begin(struct segment *cut, const struct seg *s)
{
	segment_begin(cut, &s->frame, s->b, &s->o, &s->at, s->frame.bytes,
		      s->at.l3);
}

/* --- the second opinion ------------------------------------------------- */

static void set_sum(const struct seg *s, uint8_t *out, uint32_t len)
{
	uint32_t n = len - s->at.l4, t;

	set16(out + s->at.field, 0);
	t = sum(pseudo(out + s->at.l3, s->at.ipv6, s->at.tcp, n),
		out + s->at.l4, n);
	t = 0xffff & ~t;
	set16(out + s->at.field, t == 0 && !s->at.tcp ? 0xffff : t);
}

static void renumber(const struct seg *s, uint32_t index, uint8_t *out,
		     uint32_t len)
{
	uint8_t *ip = out + s->at.l3, *l4 = out + s->at.l4;
	uint32_t seq = get32(l4 + 4) + index * s->o.segment;

	if (s->at.ipv6) {
		set16(ip + 4, len - s->at.l3 - 40);
	} else {
		set16(ip + 2, len - s->at.l3);
		set16(ip + 4, frame_be16(ip + 4) + index);
		set16(ip + 10, 0);
		set16(ip + 10, 0xffff & ~sum(0, ip, 4u * (ip[0] & 15)));
	}
	if (!s->at.tcp) {
		set16(l4 + 4, len - s->at.l4);
		return;
	}
	set16(l4 + 4, seq >> 16);
	set16(l4 + 6, seq);
	if (index > 0)
		l4[13] &= 0x7f;
	if (index + 1 < s->at.frames)
		l4[13] &= 0xf6;
}

uint32_t seg_expect(const struct seg *s, uint32_t index, uint8_t *out)
{
	uint32_t head = s->at.payload, n = s->len - head, from = head;

	if (s->at.frames > 1) {
		from += index * s->o.segment;
		n = s->len - from;
		if (n > s->o.segment)
			n = s->o.segment;
	}
	memcpy(out, s->b, head);
	memcpy(out + head, s->b + from, n);
	if (s->at.frames > 1)
		renumber(s, index, out, head + n);
	set_sum(s, out, head + n);
	return head + n;
}

bool seg_sums_up(const struct seg *s, const uint8_t *frame, uint32_t len)
{
	uint32_t n = len - s->at.l4;
	const uint8_t *ip = frame + s->at.l3;

	if (!s->at.ipv6 && sum(0, ip, 4u * (ip[0] & 15)) != 0xffff)
		return false;
	return sum(pseudo(ip, s->at.ipv6, s->at.tcp, n), frame + s->at.l4, n) ==
	       0xffff;
}
