/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/cbpf_rig.h"

/* A frame being built. */
struct builder {
	struct cbpf_rig *rig;
	uint8_t *bytes;
	uint32_t at;
};

static void put(struct builder *b, uint32_t value, unsigned int bytes)
{
	while (bytes--)
		if (b->at < CBPF_RIG_FRAME)
			b->bytes[b->at++] = (uint8_t)(value >> 8 * bytes);
}

static uint32_t pick(struct builder *b, const uint32_t *from, uint32_t n)
{
	return cbpf_random(b->rig, 16) == 0 ? cbpf_random32(b->rig)
					    : from[cbpf_random(b->rig, n)];
}

#define PICK(b, ...)                                                           \
	pick(b, (const uint32_t[]){ __VA_ARGS__ },                             \
	     sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

static void put_mac(struct builder *b)
{
	static const uint8_t macs[][6] = {
		{ 2, 0, 0, 0, 0, 1 },
		{ 2, 0, 0, 0, 0, 2 },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		{ 1, 0, 0x5e, 0, 0, 1 },
		{ 0x33, 0x33, 0, 0, 0, 1 },
		{ 1, 0x80, 0xc2, 0, 0, 0 },
	};
	const uint8_t *mac = macs[cbpf_random(b->rig, 6)];

	for (unsigned int i = 0; i < 6; i++)
		put(b, mac[i], 1);
}

static void put_ip(struct builder *b)
{
	put(b,
	    PICK(b, 0x0a000001, 0x0a000002, 0x0a000101, 0xc0a80001, 0xe0000001),
	    4);
}

static void put_ip6(struct builder *b)
{
	put(b, PICK(b, 0xfd000000, 0xff020000, 0x20010db8), 4);
	put(b, 0, 4);
	put(b, 0, 4);
	put(b, PICK(b, 1, 2), 4);
}

static void put_port(struct builder *b)
{
	put(b, PICK(b, 80, 443, 53, 22, 1500, 8080, 50000), 2);
}

static void put_transport(struct builder *b, uint32_t proto)
{
	switch (proto) {
	case 6:
		put_port(b);
		put_port(b);
		put(b, cbpf_random32(b->rig), 4);
		put(b, cbpf_random32(b->rig), 4);
		put(b, PICK(b, 0x50, 0x60, 0xf0), 1);
		put(b, PICK(b, 2, 0x12, 4, 1, 0x10), 1);
		put(b, cbpf_random32(b->rig), 2);
		put(b, 0, 4);
		put(b, 0x47455420, 4);
		break;
	case 17:
	case 132:
		put_port(b);
		put_port(b);
		put(b, PICK(b, 8, 20, 40), 2);
		put(b, 0, 2);
		break;
	default:
		put(b, PICK(b, 8, 0, 3, 135), 1);
		put(b, 0, 3);
		break;
	}
}

static void put_ipv4(struct builder *b)
{
	uint32_t words = PICK(b, 5, 5, 5, 6, 15, 0, 4) & 15;
	uint32_t proto =
		PICK(b, 6, 6, 17, 17, 1, 2, 47, 50, 51, 103, 112, 132) & 0xff;

	put(b, 0x40 | words, 1);
	put(b, 0, 1);
	put(b, PICK(b, 20, 40, 46, 1536), 2);
	put(b, cbpf_random32(b->rig), 2);
	put(b, PICK(b, 0, 0, 0, 0x4000, 0x2000, 0x2005, 1), 2);
	put(b, PICK(b, 64, 1, 255, 0), 1);
	put(b, proto, 1);
	put(b, 0, 2);
	put_ip(b);
	put_ip(b);
	for (uint32_t i = 5; i < words; i++)
		put(b, cbpf_random32(b->rig), 4);
	put_transport(b, proto);
}

static void put_ipv6(struct builder *b)
{
	uint32_t next = PICK(b, 6, 17, 58, 0, 43, 44, 60, 132) & 0xff;
	uint32_t last = PICK(b, 6, 17, 58) & 0xff;
	bool extension = next == 0 || next == 43 || next == 44 || next == 60;

	put(b, 0x60000000, 4);
	put(b, 40, 2);
	put(b, next, 1);
	put(b, 64, 1);
	put_ip6(b);
	put_ip6(b);
	if (extension) {
		put(b, last, 1);
		put(b, 0, 1);
		put(b, cbpf_random32(b->rig), 2);
		put(b, cbpf_random32(b->rig), 4);
	}
	put_transport(b, extension ? last : next);
}

static void put_arp(struct builder *b)
{
	put(b, 0x00010800, 4);
	put(b, 0x0604, 2);
	put(b, PICK(b, 1, 2), 2);
	put_mac(b);
	put_ip(b);
	put_mac(b);
	put_ip(b);
}

static void put_payload(struct builder *b, uint32_t type)
{
	put(b, type, 2);
	switch (type & 0xffff) {
	case 0x0800:
		put_ipv4(b);
		break;
	case 0x86dd:
		put_ipv6(b);
		break;
	case 0x0806:
	case 0x8035:
		put_arp(b);
		break;
	default:
		put(b, PICK(b, 0x42420300, 0xaaaa0300, 0xe0e00300), 4);
		put(b, cbpf_random32(b->rig), 4);
		break;
	}
}

static void put_frame(struct builder *b)
{
	put_mac(b);
	put_mac(b);
	for (uint32_t tags = PICK(b, 0, 0, 1, 2) % 3; tags; tags--) {
		put(b, PICK(b, 0x8100, 0x88a8, 0x9100), 2);
		put(b, PICK(b, 5, 7, 0, 0xe005), 2);
	}
	put_payload(b, PICK(b, 0x0800, 0x0800, 0x0800, 0x0800, 0x86dd, 0x86dd,
			    0x0806, 0x8035, 38, 0x88cc, 0x8864, 0x8847));
}

uint32_t cbpf_frame(struct cbpf_rig *rig, uint8_t *bytes)
{
	struct builder b = { .rig = rig };
	uint32_t padding;

	b.bytes = bytes;
	if (cbpf_random(rig, 8) != 0)
		put_frame(&b);
	padding = cbpf_random(rig, CBPF_RIG_FRAME + 1 - b.at);
	if (cbpf_random(rig, 2) == 0 && b.at >= 14)
		padding = b.at < 60 ? 60 - b.at : 0;
	while (padding--)
		put(&b, cbpf_random32(rig), 1);
	while (b.at < 14)
		put(&b, cbpf_random32(rig), 1);
	return b.at;
}
