/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A network card whose guest does what the fuzzer says (libFuzzer).
 *
 * The first bytes are the kind of rings and the features, then come steps.
 * Frames from the guest are IP packets with a header before them, of which the
 * script changes some bytes; frames to the guest are such as the switch gives.
 */
#include "tests/fuzz/script.h"
#include "tests/unit/segment_rig.h"

#include "base/vnet_header.h"
#include "virtio/net.h"

#define LONGEST 1514u
#define SLOTS 8u
/* Frames at a time. */
#define MANY 4u

struct card {
	struct vq_rig rx;
	struct vq_rig tx;
	struct virtio_net net;
};

static struct card card;
static uint8_t room[MANY][OFFLOAD_MAX_SEGMENT];

static uint64_t features(struct script *s)
{
	static const uint64_t bit[] = {
		NET_F_CSUM,	  NET_F_GUEST_CSUM, NET_F_GUEST_TSO4,
		NET_F_GUEST_TSO6, NET_F_GUEST_ECN,  NET_F_HOST_TSO4,
		NET_F_HOST_TSO6,  NET_F_HOST_ECN,   NET_F_MRG_RXBUF,
		NET_F_GUEST_USO4, NET_F_GUEST_USO6, NET_F_HOST_USO,
	};
	uint32_t which = next_word(s);
	uint64_t chosen = VQ_F_VERSION_1;

	for (unsigned int i = 0; i < sizeof(bit) / sizeof(*bit); i++)
		if (which >> i & 1)
			chosen |= bit[i];
	return chosen;
}

/* Something legal: a checksum to complete, or a segment. */
static void make(struct script *s, struct seg *seg)
{
	unsigned int how = next(s);
	uint64_t seed = next(s);
	uint32_t payload = 64 + next_word(s) % 3000;
	const struct shape shape = {
		.ipv6 = how & 1,
		.tcp = how & 2,
		.words = 5,
		.payload = payload,
		.piece = how & 4 ? 1 + payload / (2 + next(s) % 60) : 0,
	};

	seg_make(seg, &shape, &seed);
}

/* A frame of the guest's, not always as it should be, in up to 8 pieces. */
static void guest_sends(struct script *s)
{
	static struct seg seg;
	uint8_t *at = card.tx.mem + VR_DATA;
	struct vnet_header h;
	struct vr_piece p[8];
	unsigned int n, wrong;
	uint32_t left, from = 0;

	make(s, &seg);
	vnet_header_make(&h, seg.o, &seg.at);
	memset(at, 0, NET_HEADER);
	memcpy(at, &h, sizeof(h));
	memcpy(at + NET_HEADER, seg.b, seg.len);
	for (wrong = next(s) % 4; wrong > 0; wrong--) {
		unsigned int where = next(s) % 96;

		at[where] = (uint8_t)next(s);
	}
	left = NET_HEADER + seg.len - next(s) % 4;
	n = 1 + next(s) % 8;
	for (unsigned int i = 0; i < n; i++) {
		uint32_t here = i + 1 == n ? left : next(s) % left;

		p[i] = (struct vr_piece){ VR_BASE + VR_DATA + from, here,
					  false };
		from += here;
		left -= here;
		if (left == 0)
			n = i + 1;
	}
	vr_add(&card.tx, p, n, next(s) & 1);
}

/* Into the ends of buffers: the sanitiser sees what goes beyond the last. */
static void take(struct script *s)
{
	uint32_t size = 1 + next_word(s) % sizeof(room[0]);
	struct net_buffer p[MANY];
	struct offload_place at;
	enum net_result end;
	unsigned int n;

	for (unsigned int i = 0; i < MANY; i++)
		p[i].data = room[i] + sizeof(room[i]) - size;
	n = virtio_net_take(&card.net, p, 1 + next(s) % MANY, size, &end);
	must(n <= MANY && end != NET_DROPPED);
	for (unsigned int i = 0; i < n; i++) {
		uint32_t len = p[i].len;
		struct offload o = p[i].offload;

		must(len >= FRAME_MIN && len <= size);
		/* What the switch gets is legal. */
		must(!offload_any(o) ||
		     offload_locate(p[i].data, len, &o, &at));
		must(len <= LONGEST || (o.flags & OFFLOAD_TYPE));
	}
	must(end == NET_BROKEN || card.net.tx.out == 0);
}

static void put(struct script *s)
{
	static struct seg seg[MANY];
	unsigned int many = 1 + next(s) % MANY;
	struct net_buffer p[MANY];
	enum net_result end;

	for (unsigned int i = 0; i < many; i++) {
		make(s, &seg[i]);
		p[i] = (struct net_buffer){ seg[i].b, (uint16_t)seg[i].len, 0,
					    seg[i].o };
		if (next(s) & 1)
			p[i] = (struct net_buffer){
				.data = seg[i].b,
				.len = (uint16_t)(14 + next(s))
			};
	}
	must(virtio_net_put(&card.net, p, many, &end) <= many);
	/* All buffers are given back, or none was taken. */
	must(end == NET_BROKEN || card.net.rx.out == 0);
}

/* Buffers of the guest's, of any length. */
static void guest_receives(struct script *s)
{
	struct vr_piece p[2];
	unsigned int n = 1 + next(s) % 2;

	for (unsigned int i = 0; i < n; i++)
		p[i] = (struct vr_piece){ VR_BASE + VR_DATA + i * 4096,
					  next_word(s) % 4096, true };
	vr_add(&card.rx, p, n, next(s) & 1);
}

static void step(struct script *s)
{
	bool rx, tx;

	switch (next(s) % 10) {
	case 0:
		spoil(&card.rx, s);
		break;
	case 1:
		spoil(&card.tx, s);
		break;
	case 2:
	case 3:
		guest_sends(s);
		break;
	case 4:
		guest_receives(s);
		break;
	case 5:
		add(next(s) & 1 ? &card.rx : &card.tx, s, next(s) & 1);
		break;
	case 6:
		virtio_net_publish(&card.net, &rx, &tx);
		break;
	case 7:
		virtio_net_arm(&card.net, next(s) & 1, next(s) & 1);
		break;
	case 8:
		put(s);
		break;
	default:
		take(s);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script s = { data, size };
	unsigned int way = next(&s);
	uint64_t agreed = features(&s);

	vr_begin(&card.rx, way, SLOTS, VR_FEATURES);
	vr_begin(&card.tx, way, SLOTS, VR_FEATURES);
	memset(&card.net, 0, sizeof(card.net));
	card.net.longest = LONGEST;
	if (virtio_net_agree(&card.net, agreed)) {
		card.net.rx = card.rx.vq;
		card.net.tx = card.tx.vq;
		card.net.rx_on = card.net.tx_on = true;
		while (s.left > 0)
			step(&s);
	}
	vr_end(&card.rx);
	vr_end(&card.tx);
	return 0;
}
