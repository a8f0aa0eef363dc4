/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/lock_rig.h"

static const struct policy_prefix lock_prefix[LOCK_PREFIXES] = {
	{ { [10] = 255, 255, 10, 0, 0, 1 }, 128, { 0 } },
	{ { [10] = 255, 255, 10, 0, 1, 0 }, 120, { 0 } },
	{ { 0x20, 1, 0xd, 0xb8, [15] = 1 }, 128, { 0 } },
	{ { 0x20, 1, 0xd, 0xb8, 0, 0, 0, 1 }, 64, { 0 } },
	{ { 0xfe, 0x80, [15] = 1 }, 128, { 0 } },
};

const struct addr lock_v4[LOCK_V4] = {
	{ { 0, 0xffff0a000001 }, true },  /* 10.0.0.1 */
	{ { 0, 0xffff0a000100 }, true },  /* 10.0.1.0 */
	{ { 0, 0xffff0a0001ff }, true },  /* 10.0.1.255 */
	{ { 0, 0xffff0a000000 }, false }, /* 10.0.0.0 */
	{ { 0, 0xffff0a000002 }, false }, /* 10.0.0.2 */
	{ { 0, 0xffff0a000200 }, false }, /* 10.0.2.0 */
	{ { 0, 0xffff0b000001 }, false }, /* 11.0.0.1 */
	{ { 0, 0xffffffffffff }, false }, /* 255.255.255.255 */
	{ { 0, 0xffff7f000001 }, false }, /* 127.0.0.1 */
};

const struct addr lock_v6[LOCK_V6] = {
	{ { 0x20010db800000000, 1 }, true }, /* 2001:db8::1 */
	{ { 0x20010db800000001, 0 }, true }, /* 2001:db8:0:1:: */
	{ { 0x20010db800000001, ~0ull }, true },
	{ { 0xfe80000000000000, 1 }, true },  /* fe80::1 */
	{ { 0x20010db800000000, 2 }, false }, /* 2001:db8::2 */
	{ { 0x20010db800000002, 1 }, false }, /* 2001:db8:0:2::1 */
	{ { 0x20010db900000000, 1 }, false }, /* 2001:db9::1 */
	{ { 0xfe80000000000000, 2 }, false }, /* fe80::2 */
	{ { 0, 1 }, false },		      /* ::1 */
	{ { 0, 0x0a000001 }, false },	      /* ::10.0.0.1 */
	{ { 0, 0xffff0a000001 - (1ull << 32) }, false },
};

bool allows_part(const struct pkt *k, unsigned int len, unsigned int snap)
{
	struct frame *f = frame_new(k, len, snap);
	bool allowed = lock_allows(lock_prefix, LOCK_PREFIXES, f);

	/* Whoever has no address may send nothing, but what needs none. */
	if (!allowed)
		assert_false(lock_allows(NULL, 0, f));
	free(f);
	return allowed;
}

bool allows_raw(const struct pkt *k)
{
	return allows_part(k, k->n, k->n < PACKET_SNAP ? k->n : PACKET_SNAP);
}

bool allows(struct pkt *k)
{
	finish(k);
	return allows_raw(k);
}

void insert_tags(struct pkt *k, unsigned int tags)
{
	memmove(k->b + 12 + tags * 4, k->b + 12, k->n - 12);
	for (unsigned int i = 0; i < tags; i++) {
		set16(k->b + 12 + i * 4, i + 1 < tags ? 0x88a8 : 0x8100);
		set16(k->b + 14 + i * 4, 5 + i);
	}
	k->n += tags * 4;
	k->udp += k->udp ? tags * 4 : 0;
	k->icmp += k->icmp ? tags * 4 : 0;
	for (unsigned int i = 0; i < k->ips; i++)
		k->ip[i] += tags * 4;
}
