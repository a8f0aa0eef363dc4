/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finding checksums that a sender has left to hardware.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* After those, in this order. */
#include <cmocka.h>

#include <netinet/in.h>

#include "hostnet/offload.h"
#include "vmm/linux/ports/partial.h"

/* A packet being made. */
static struct {
	uint8_t b[256];
	size_t len, ip, l4, field;
} p;

static unsigned int number(void)
{
	static uint32_t state = 1;

	state = state * 1664525 + 1013904223;
	return state >> 8;
}

static void put16(size_t at, uint32_t v)
{
	p.b[at] = (uint8_t)(v >> 8);
	p.b[at + 1] = (uint8_t)v;
}

static uint32_t sum16(size_t from, size_t to)
{
	uint32_t sum = 0;

	for (size_t i = from; i < to; i += 2)
		sum += (uint32_t)p.b[i] << 8 | p.b[i + 1];
	return sum;
}

static uint16_t folded(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

struct kind {
	bool v6;
	unsigned int tags;
	unsigned int options; /* of 8 bytes: of IPv4 one, extension headers */
	uint8_t protocol;
};

/* With the pseudo header's sum in the checksum's place. */
static void make(const struct kind *k, size_t payload)
{
	static const uint8_t types[] = { 0x81, 0x00, 0x88, 0xa8 };
	size_t header = k->protocol == IPPROTO_TCP ? 20 : 8;
	uint32_t sum;

	for (size_t i = 0; i < 256; i++)
		p.b[i] = (uint8_t)number();
	for (unsigned int i = 0; i < k->tags; i++)
		memcpy(p.b + 12 + 4 * i, types + 2 * (i % 2), 2);
	p.ip = 14 + 4 * k->tags;
	put16(p.ip - 2, k->v6 ? 0x86dd : 0x0800);
	p.l4 = p.ip + (k->v6 ? 40u : 20u) + 8 * k->options;
	p.len = p.l4 + header + payload;
	if (k->v6) {
		p.b[p.ip] = 0x60;
		put16(p.ip + 4, (uint32_t)(p.len - p.ip - 40));
		p.b[p.ip + 6] = k->options ? IPPROTO_HOPOPTS : k->protocol;
		for (unsigned int i = 0; i < k->options; i++) {
			p.b[p.ip + 40 + 8 * i] = i + 1 < k->options
							 ? IPPROTO_DSTOPTS
							 : k->protocol;
			p.b[p.ip + 41 + 8 * i] = 0;
		}
		sum = sum16(p.ip + 8, p.ip + 40);
	} else {
		p.b[p.ip] = (uint8_t)(0x45 + 2 * k->options);
		put16(p.ip + 2, (uint32_t)(p.len - p.ip));
		put16(p.ip + 6, 0x4000);
		p.b[p.ip + 9] = k->protocol;
		sum = sum16(p.ip + 12, p.ip + 20);
	}
	p.field = k->protocol == IPPROTO_TCP ? 16 : 6;
	sum += k->protocol + (uint32_t)(p.len - p.l4);
	put16(p.l4 + p.field, folded(sum));
}

static bool found(struct virtio_net_hdr *hdr)
{
	/* A copy of its own, so that reading beyond it is found. */
	uint8_t *copy = malloc(p.len);

	memcpy(copy, p.b, p.len);
	memset(hdr, 0, sizeof(*hdr));
	partial_find(copy, p.len, hdr);
	free(copy);
	return hdr->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM;
}

static void each_kind(void (*test)(const struct kind *k, size_t payload))
{
	for (unsigned int bits = 0; bits < 4; bits++)
		for (unsigned int tags = 0; tags <= 2; tags++)
			for (unsigned int options = 0; options <= 3; options++)
				for (size_t payload = 0; payload < 40;
				     payload += 3) {
					struct kind k = {
						.v6 = bits & 1,
						.tags = tags,
						.options = options,
						.protocol =
							bits & 2 ? IPPROTO_TCP
								 : IPPROTO_UDP,
					};

					make(&k, payload);
					test(&k, payload);
				}
}

static void one_found(const struct kind *k, size_t payload)
{
	struct virtio_net_hdr hdr;

	(void)k;
	(void)payload;
	assert_true(found(&hdr));
	assert_int_equal(hdr.csum_start, p.l4);
	assert_int_equal(hdr.csum_offset, p.field);
	assert_int_equal(hdr.gso_type, VIRTIO_NET_HDR_GSO_NONE);
}

static void all_kinds_are_found(void **state)
{
	(void)state;
	each_kind(one_found);
}

/* What is complete is left alone, unless that changes nothing. */
static void one_complete(const struct kind *k, size_t payload)
{
	struct virtio_net_hdr hdr;
	uint8_t before[2];

	(void)k;
	(void)payload;
	assert_true(offload_checksum(p.b, p.len, p.l4, p.field));
	if (!found(&hdr))
		return;
	memcpy(before, p.b + p.l4 + p.field, 2);
	assert_true(offload_checksum(p.b, p.len, p.l4, p.field));
	assert_memory_equal(before, p.b + p.l4 + p.field, 2);
}

static void complete_ones_stay(void **state)
{
	(void)state;
	each_kind(one_complete);
}

static void one_other(const struct kind *k, size_t payload)
{
	struct virtio_net_hdr hdr;
	size_t len = p.len;

	/* cut short anywhere; padded; one bit wrong; no such protocol */
	for (p.len = 0; p.len < len; p.len++)
		assert_false(found(&hdr));
	p.len = len + 1;
	assert_false(found(&hdr));
	p.len = len;
	p.b[p.l4 + p.field] ^= 1;
	assert_false(found(&hdr));
	make(&(struct kind){ k->v6, k->tags, k->options, IPPROTO_SCTP },
	     payload);
	assert_false(found(&hdr));
}

static void others_are_not_found(void **state)
{
	(void)state;
	each_kind(one_other);
}

static void fragments_are_not_found(void **state)
{
	const struct kind v4 = { .protocol = IPPROTO_UDP };
	static const uint16_t fragments[] = { 0x2000, 0x0001, 0x2001, 0x1fff };
	struct virtio_net_hdr hdr;

	(void)state;
	for (unsigned int i = 0; i < 4; i++) {
		make(&v4, 100);
		put16(p.ip + 6, fragments[i]);
		assert_false(found(&hdr));
	}
}

/* Anything at all: nothing is read beyond the frame (see found()). */
static void hostile_frames(void **state)
{
	struct virtio_net_hdr hdr;

	(void)state;
	for (unsigned int i = 0; i < 50000; i++) {
		struct kind k = { number() & 1, number() % 3, number() % 4,
				  number() & 1 ? IPPROTO_TCP : IPPROTO_UDP };

		make(&k, number() % 60);
		for (unsigned int n = number() % 4 + 1; n > 0; n--)
			p.b[12 + number() % 60] = (uint8_t)number();
		p.len = number() % (p.len + 1);
		if (found(&hdr))
			assert_true(hdr.csum_start + hdr.csum_offset + 2u <=
				    p.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds_are_found),
		cmocka_unit_test(complete_ones_stay),
		cmocka_unit_test(others_are_not_found),
		cmocka_unit_test(fragments_are_not_found),
		cmocka_unit_test(hostile_frames),
	};

	return cmocka_run_group_tests_name("partial checksums", tests, NULL,
					   NULL);
}
