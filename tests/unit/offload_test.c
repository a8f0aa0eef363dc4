/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checksums and segmentation in software, held against a naive idea of both:
 * the sum of a pseudo header and all bytes, two at a time, as RFC 1071 says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "hostnet/offload.h"

#define TCP 6u
#define UDP 17u
#define MAX 70000u

static uint8_t train[MAX];
static uint8_t segment[MAX];

/* --- the naive idea ----------------------------------------------------- */

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint32_t get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}

static void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static uint32_t sum(uint32_t s, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		s += i % 2 == 0 ? (uint32_t)p[i] << 8 : p[i];
		s = (s & 0xffff) + (s >> 16);
	}
	return s;
}

/**
 * struct shape - a frame to be made
 * @tags:    VLAN tags
 * @options: bytes of IPv4 options, or of an IPv6 extension header
 */
struct shape {
	bool ipv6;
	uint8_t protocol;
	unsigned int tags;
	size_t options;
	size_t tcp_options;
	size_t payload;
};

static size_t l3_of(const struct shape *s)
{
	return 14 + 4 * s->tags;
}

static size_t l4_of(const struct shape *s)
{
	return l3_of(s) + (s->ipv6 ? 40 : 20) + s->options;
}

static size_t check_of(const struct shape *s)
{
	return s->protocol == TCP ? 16 : 6;
}

static size_t headers_of(const struct shape *s)
{
	return l4_of(s) + (s->protocol == TCP ? 20 + s->tcp_options : 8);
}

/* Sum of the pseudo header of a packet whose transport part is so long. */
static uint32_t pseudo(const struct shape *s, const uint8_t *frame, size_t len)
{
	const uint8_t *ip = frame + l3_of(s);
	uint8_t rest[4] = { 0, s->protocol, (uint8_t)(len >> 8), (uint8_t)len };
	uint32_t t = s->ipv6 ? sum(0, ip + 8, 32) : sum(0, ip + 12, 8);

	return sum(t, rest, 4);
}

static void fill_ip(const struct shape *s, uint8_t *ip, size_t len)
{
	if (s->ipv6) {
		ip[0] = 0x60;
		put16(ip + 4, (uint32_t)(len - 40));
		ip[6] = s->options ? 0 : s->protocol;
		if (s->options) {
			memset(ip + 40, 0, s->options);
			ip[40] = s->protocol;
			ip[41] = (uint8_t)(s->options / 8 - 1);
		}
		return;
	}
	ip[0] = (uint8_t)(0x40 | (20 + s->options) / 4);
	put16(ip + 2, (uint32_t)len);
	put16(ip + 4, 0xfffe); /* wraps in a train of three */
	ip[9] = s->protocol;
	put16(ip + 10, 0);
	put16(ip + 10, 0xffff & ~sum(0, ip, 20 + s->options));
}

/* A frame as a sender leaves it that expects a card to finish it. */
static size_t make(const struct shape *s, uint8_t *f)
{
	size_t l3 = l3_of(s), l4 = l4_of(s);
	size_t len = headers_of(s) + s->payload;

	for (size_t i = 0; i < len; i++)
		f[i] = (uint8_t)(i * 7 + i / 256);
	for (unsigned int t = 0; t < s->tags; t++)
		put16(f + 12 + 4 * t, t == 0 && s->tags > 1 ? 0x88a8 : 0x8100);
	put16(f + l3 - 2, s->ipv6 ? 0x86dd : 0x0800);
	fill_ip(s, f + l3, len - l3);
	if (s->protocol == TCP) {
		put16(f + l4 + 4, 0xffff); /* wraps too */
		put16(f + l4 + 6, 0xff00);
		f[l4 + 12] = (uint8_t)((20 + s->tcp_options) / 4 << 4);
		f[l4 + 13] = 0x99; /* CWR, ACK, PSH, FIN */
	} else {
		put16(f + l4 + 4, (uint32_t)(len - l4));
	}
	put16(f + l4 + check_of(s), pseudo(s, f, len - l4));
	return len;
}

static struct virtio_net_hdr header(const struct shape *s, uint16_t mss)
{
	return (struct virtio_net_hdr){
		.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM,
		.gso_type = s->protocol == UDP ? VIRTIO_NET_HDR_GSO_UDP_L4
			    : s->ipv6	       ? VIRTIO_NET_HDR_GSO_TCPV6
					       : VIRTIO_NET_HDR_GSO_TCPV4,
		.gso_size = mss,
		.csum_start = (uint16_t)l4_of(s),
		.csum_offset = (uint16_t)check_of(s),
	};
}

/* What any receiver checks. */
static void assert_correct(const struct shape *s, const uint8_t *f, size_t len)
{
	const uint8_t *ip = f + l3_of(s);
	size_t l4 = l4_of(s);

	if (s->ipv6) {
		assert_int_equal(get16(ip + 4), len - l3_of(s) - 40);
	} else {
		assert_int_equal(get16(ip + 2), len - l3_of(s));
		assert_int_equal(sum(0, ip, 20 + s->options), 0xffff);
	}
	if (s->protocol == UDP)
		assert_int_equal(get16(f + l4 + 4), len - l4);
	assert_int_equal(sum(pseudo(s, f, len - l4), f + l4, len - l4), 0xffff);
	assert_int_not_equal(get16(f + l4 + check_of(s)), 0);
}

/* --- checksums ---------------------------------------------------------- */

static void checksum_of_every_length(void **state)
{
	(void)state;
	for (size_t payload = 0; payload < 1600; payload++) {
		struct shape s = { .protocol = payload % 2 ? TCP : UDP,
				   .ipv6 = payload % 3 == 0,
				   .tags = payload % 5 == 0,
				   .payload = payload };
		size_t len = make(&s, train);

		assert_true(
			offload_checksum(train, len, l4_of(&s), check_of(&s)));
		assert_correct(&s, train, len);
	}
}

/* A sum of zero is sent as 0xffff: zero means "none" to UDP. */
static void checksum_is_never_zero(void **state)
{
	struct shape s = { .protocol = UDP, .payload = 2 };
	size_t len = make(&s, train);
	uint32_t rest;

	(void)state;
	put16(train + len - 2, 0);
	rest = sum(pseudo(&s, train, 10), train + l4_of(&s), 6);
	put16(train + len - 2, 0xffff - rest);
	assert_true(offload_checksum(train, len, l4_of(&s), 6));
	assert_int_equal(get16(train + l4_of(&s) + 6), 0xffff);
	assert_correct(&s, train, len);
}

static void hc12_checksum_outside_the_frame(void **state)
{
	uint8_t *exact = malloc(60);
	uint8_t before[60];

	(void)state;
	memset(exact, 0x5a, 60);
	memcpy(before, exact, 60);
	assert_false(offload_checksum(exact, 60, 59, 0));
	assert_false(offload_checksum(exact, 60, 60, 0));
	assert_false(offload_checksum(exact, 60, 65535, 0));
	assert_false(offload_checksum(exact, 60, 34, 25));
	assert_false(offload_checksum(exact, 60, 34, 65535));
	assert_false(offload_checksum(exact, 60, 34, 8)); /* SCTP */
	assert_memory_equal(exact, before, 60);
	assert_true(offload_checksum(exact, 60, 34, 24));
	free(exact);
}

/* --- segmentation ------------------------------------------------------- */

/* Cut it, check each segment, put the payload together again. */
static void cut(const struct shape *s, uint16_t mss)
{
	static uint8_t payload[MAX];
	struct virtio_net_hdr h = header(s, mss);
	size_t len = make(s, train), done = 0, n;
	struct offload_train t;
	unsigned int index = 0;

	assert_true(offload_begin(&t, &h, train, len));
	while ((n = offload_next(&t, segment, MAX)) > 0) {
		const uint8_t *l4 = segment + l4_of(s);
		size_t piece = n - headers_of(s);
		bool last = done + piece == s->payload;

		assert_correct(s, segment, n);
		assert_true(piece == mss || (last && piece > 0 && piece < mss));
		memcpy(payload + done, segment + headers_of(s), piece);
		if (!s->ipv6)
			assert_int_equal(get16(segment + l3_of(s) + 4),
					 (0xfffe + index) & 0xffff);
		if (s->protocol == TCP) {
			assert_int_equal(get32(l4 + 4),
					 (uint32_t)(0xffffff00u + done));
			assert_int_equal(l4[13], 0x10 | (last ? 0x09 : 0) |
							 (index ? 0 : 0x80));
		}
		assert_memory_equal(segment, train, l3_of(s));
		done += piece;
		index++;
	}
	assert_int_equal(done, s->payload);
	assert_memory_equal(payload, train + headers_of(s), s->payload);
}

static void trains_of_every_shape(void **state)
{
	static const size_t payloads[] = { 1,	 2,    1459, 1460, 1461,
					   2920, 2921, 9999, 64000 };

	(void)state;
	for (unsigned int i = 0; i < 9; i++) {
		for (unsigned int bits = 0; bits < 32; bits++) {
			struct shape s = {
				.ipv6 = bits & 1,
				.protocol = bits & 2 ? TCP : UDP,
				.tags = bits & 4 ? 1 : 0,
				.options = bits & 8 ? 8 : 0,
				.tcp_options = bits & 16 ? 12 : 0,
				.payload = payloads[i],
			};

			cut(&s, 1460);
			cut(&s, 536);
		}
	}
}

static void two_tags(void **state)
{
	struct shape s = { .protocol = TCP, .tags = 2, .payload = 5000 };

	(void)state;
	cut(&s, 1400);
}

/* TCP header and payload of 65535 bytes, and one more. */
static void longest_train(void **state)
{
	struct shape s = { .protocol = TCP, .payload = 65535 - 20 };
	struct virtio_net_hdr h = header(&s, 1460);
	struct offload_train t;
	size_t len = make(&s, train);

	(void)state;
	assert_true(offload_begin(&t, &h, train, len));
	assert_false(offload_begin(&t, &h, train, len + 1));
}

static void segment_too_long_for_the_port(void **state)
{
	struct shape s = { .protocol = TCP, .payload = 4000 };
	struct virtio_net_hdr h = header(&s, 1460);
	size_t len = make(&s, train);
	struct offload_train t;

	(void)state;
	assert_true(offload_begin(&t, &h, train, len));
	memset(segment, 0xee, 2000);
	assert_int_equal(offload_next(&t, segment, headers_of(&s) + 1459), 0);
	assert_int_equal(segment[0], 0xee);
	assert_int_equal(offload_next(&t, segment, headers_of(&s) + 1460),
			 headers_of(&s) + 1460);
}

/* Whatever is not exactly what it says is refused. */
static void what_cannot_be_cut(void **state)
{
	struct shape s = { .protocol = TCP, .payload = 4000 };
	size_t len = make(&s, train);
	struct virtio_net_hdr good = header(&s, 1460), h;
	struct offload_train t;

	(void)state;
	assert_true(offload_begin(&t, &good, train, len));
#define refused(field, value)                                                  \
	h = good;                                                              \
	h.field = (value);                                                     \
	assert_false(offload_begin(&t, &h, train, len))
	refused(flags, 0);
	refused(gso_type, VIRTIO_NET_HDR_GSO_NONE);
	refused(gso_type, VIRTIO_NET_HDR_GSO_UDP);
	refused(gso_type, VIRTIO_NET_HDR_GSO_TCPV6);
	refused(gso_type, VIRTIO_NET_HDR_GSO_UDP_L4);
	refused(gso_type, 77);
	refused(gso_size, 0);
	refused(csum_start, 0);
	refused(csum_start, 33);
	refused(csum_start, 35);
	refused(csum_start, 65535);
	refused(csum_offset, 6);
#undef refused
	train[23] =
		UDP; /* a tunnel: the inner frame is what the kernel means */
	assert_false(offload_begin(&t, &good, train, len));
	make(&s, train);
	train[34 + 12] = 0x40; /* a TCP header of 16 bytes */
	assert_false(offload_begin(&t, &good, train, len));
	train[34 + 12] = 0x50;
	assert_false(offload_begin(&t, &good, train, 54)); /* no payload */
	good.gso_type |= VIRTIO_NET_HDR_GSO_ECN;
	assert_true(offload_begin(&t, &good, train, len));
}

/* Anything at all in header and frame: work is bounded, memory is kept to. */
static void hc12_random_headers(void **state)
{
	unsigned int cut_some = 0;
	uint32_t random = 1;

	(void)state;
	for (unsigned int i = 0; i < 300000; i++) {
		struct shape s = { .ipv6 = i & 1,
				   .protocol = i & 2 ? TCP : UDP,
				   .payload = i % 400 };
		size_t len = make(&s, train);
		struct virtio_net_hdr h = header(&s, (uint16_t)(1 + i % 97));
		uint8_t *exact, *raw = (uint8_t *)&h;
		struct offload_train t;
		unsigned int n = 0;

		for (unsigned int k = 0; k < 1 + i % 3; k++) {
			random = random * 1664525 + 1013904223;
			if (random & 1 << 30)
				raw[random >> 8 & 7] = (uint8_t)random;
			else
				train[(random >> 8) % 70] = (uint8_t)random;
		}
		if (i % 5 == 0)
			len = random % (len + 1);
		exact = malloc(len);
		memcpy(exact, train, len);
		if (offload_begin(&t, &h, exact, len)) {
			while (offload_next(&t, segment, 1518) > 0)
				n++;
			assert_true(n <= len);
			cut_some += n > 0;
		} else {
			offload_checksum(exact, len, h.csum_start,
					 h.csum_offset);
		}
		free(exact);
	}
	assert_true(cut_some > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksum_of_every_length),
		cmocka_unit_test(checksum_is_never_zero),
		cmocka_unit_test(hc12_checksum_outside_the_frame),
		cmocka_unit_test(trains_of_every_shape),
		cmocka_unit_test(two_tags),
		cmocka_unit_test(longest_train),
		cmocka_unit_test(segment_too_long_for_the_port),
		cmocka_unit_test(what_cannot_be_cut),
		cmocka_unit_test(hc12_random_headers),
	};

	return cmocka_run_group_tests_name("offload", tests, NULL, NULL);
}
