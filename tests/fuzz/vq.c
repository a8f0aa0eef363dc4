/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtqueue whose driver does what the fuzzer says (libFuzzer).
 *
 * The input is a script.  Its first byte is the kind of ring and its size, then
 * come steps: honest chains, words written over the rings and tables, and what
 * a device does.
 */
#include "tests/fuzz/script.h"

/* Use everything the device was given: the sanitiser sees what is not ours. */
static void use(struct vq_rig *r)
{
	struct vq_cursor reader = vq_reader(&r->chain);
	struct vq_cursor writer = vq_writer(&r->chain);
	uint8_t bytes[512];

	must(r->chain.pieces > 0 && r->chain.pieces <= VQ_PIECES &&
	     r->chain.readable <= r->chain.pieces);
	while (vq_read(&reader, bytes, sizeof(bytes)) == sizeof(bytes))
		;
	memset(bytes, 0x5a, sizeof(bytes));
	/* Not all of it, or the rings would be overwritten by ourselves. */
	vq_write(&writer, bytes, sizeof(bytes));
}

/* Chains that are out, by name and slots. */
struct held {
	unsigned int n;
	uint16_t id[VQ_MAX_SIZE];
	uint16_t slots[VQ_MAX_SIZE];
};

static void take(struct vq_rig *r, struct held *held)
{
	if (vq_take(&r->vq, &r->chain) != 1)
		return;
	must(held->n < r->size);
	held->id[held->n] = r->chain.id;
	held->slots[held->n] = r->chain.slots;
	held->n++;
	use(r);
}

static void give(struct vq_rig *r, struct script *s, struct held *held)
{
	unsigned int which;

	if (held->n == 0)
		return;
	which = next(s) % held->n;
	vq_give(&r->vq, held->id[which], held->slots[which], next(s));
	held->n--;
	held->id[which] = held->id[held->n];
	held->slots[which] = held->slots[held->n];
}

/* Some chains of one piece: some put back, the others given back. */
static void singles(struct vq_rig *r, struct script *s)
{
	struct vq_single single[VQ_MAX_SIZE];
	bool write = next(s) & 1;
	unsigned int n = vq_take_singles(&r->vq, single, next(s), write);
	unsigned int back = n > 0 ? next(s) % (n + 1) : 0;
	uint8_t bytes[64] = { 0x5a };

	must(n <= r->size);
	for (unsigned int i = 0; i < n; i++) {
		/* The sanitiser sees what is not ours. */
		memcpy(bytes, single[i].at + single[i].len - 1, 1);
		memcpy(bytes, single[i].at, 1);
	}
	vq_untake(&r->vq, back, back);
	vq_give_singles(&r->vq, single, n - back);
}

static void step(struct vq_rig *r, struct script *s, struct held *held)
{
	switch (next(s) % 9) {
	case 0:
		spoil(r, s);
		break;
	case 1:
		add(r, s, false);
		break;
	case 2:
		add(r, s, true);
		break;
	case 3:
		take(r, held);
		break;
	case 4:
		give(r, s, held);
		break;
	case 5:
		vq_publish(&r->vq);
		vq_must_notify(&r->vq);
		break;
	case 6:
		singles(r, s);
		break;
	case 7:
		if (vq_arm(&r->vq))
			vq_disarm(&r->vq);
		break;
	default:
		vq_where(&r->vq, &r->config.next, &r->config.used);
		must(vq_start(&r->vq, &r->memory, &r->config) == VQ_STARTED);
		held->n = 0;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script s = { data, size };
	unsigned int how = next(&s);
	unsigned int slots = 1u << (how >> 1 & 3);
	struct held held = { 0 };
	struct vq_rig r;

	vr_begin(&r, how & VR_PACKED, slots, how & 8 ? VR_FEATURES : 0);
	while (s.left > 0)
		step(&r, &s, &held);
	vr_end(&r);
	return 0;
}
