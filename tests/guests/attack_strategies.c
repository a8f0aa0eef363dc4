/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the hostile client VM does: everything that a driver can do wrong.
 */
#include <string.h>
#include <unistd.h>

#include "tests/guests/attack.h"
#include "vmm/kvm/layout.h"

/* Acts of one kind before the next. */
#define ACTS 24u
/* How long a device may look at one, in microseconds; it need not. */
#define LOOK_US 1000u

/* As the topology says. */
#define RAM LAYOUT_RAM
#define RAM_END (RAM + (64ull << 20))

static uint64_t state;

void any_from(uint64_t seed)
{
	state = 0x9e3779b97f4a7c15 * (seed + 1);
}

uint64_t any(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* A ring of the device, and a chance to look at it. */
static unsigned int some_ring(const struct target *t)
{
	return (unsigned int)(any() % t->rings);
}

static void offer(struct target *t, unsigned int ring, uint16_t head)
{
	ring_offer(t, ring, head);
	usleep(LOOK_US);
}

/* It has stopped at the last one: once more from the start. */
static void afresh(struct target *t)
{
	device_start(t, any() & 1 ? ~(VQ_F_PACKED | 0ull) : VQ_F_VERSION_1);
}

/* --- rings -------------------------------------------------------------- */

static void indices(struct target *t)
{
	for (unsigned int i = 0; i < ACTS; i++) {
		unsigned int ring = some_ring(t);
		struct ring *r = &t->ring[ring];

		r->avail->ring[any() % SLOTS] = (uint16_t)any();
		r->made = (uint16_t)any();
		offer(t, ring, (uint16_t)(any() % SLOTS));
		afresh(t);
	}
}

static void heads(struct target *t)
{
	for (unsigned int i = 0; i < ACTS; i++) {
		offer(t, some_ring(t), (uint16_t)any());
		afresh(t);
	}
}

/* Chains that end in themselves, or go through all slots again and again. */
static void loops(struct target *t)
{
	for (unsigned int i = 0; i < ACTS; i++) {
		unsigned int ring = some_ring(t);
		struct ring *r = &t->ring[ring];
		unsigned int n = (unsigned int)(any() % SLOTS) + 1;

		for (unsigned int k = 0; k < n; k++) {
			r->desc[k].flags |= VQ_DESC_NEXT;
			r->desc[k].next = (uint16_t)((k + 1) % n);
		}
		offer(t, ring, (uint16_t)(any() % n));
		afresh(t);
	}
}

/*
 * Outside the memory, over rings and registers, around zero.  What the device
 * may write there does not end this guest: it is ours, or it is not memory.
 */
static uint64_t some_address(const struct target *t)
{
	const struct ring *r = &t->ring[some_ring(t)];
	const uint64_t places[] = {
		0,	    LAYOUT_CONSOLE, LAYOUT_DOORBELL, LAYOUT_VIRTIO,
		RAM - 8,    RAM_END,	    1ull << 40,	     0 - 16ull,
		r->page[0], r->page[1],	    r->page[2],	     r->at[0],
		any(),
	};

	return places[any() % (sizeof(places) / sizeof(places[0]))];
}

static void addresses(struct target *t)
{
	for (unsigned int i = 0; i < ACTS; i++) {
		unsigned int ring = some_ring(t);

		t->ring[ring].desc[0].addr = any() % 8 ? some_address(t)
						       : RAM_END - 8;
		offer(t, ring, 0);
		afresh(t);
	}
}

static void lengths(struct target *t)
{
	/* Within the buffer, or beyond the end of memory. */
	static const uint32_t some[] = {
		0, 1, 11, 12, BUFFER, 1u << 30, 1u << 31, UINT32_MAX
	};

	for (unsigned int i = 0; i < ACTS; i++) {
		unsigned int ring = some_ring(t);
		struct ring *r = &t->ring[ring];
		unsigned int n = (unsigned int)(any() % 8);

		for (unsigned int k = 0; k <= n; k++) {
			r->desc[k].len = some[any() % 8];
			r->desc[k].flags |= k < n ? VQ_DESC_NEXT : 0;
			r->desc[k].next = (uint16_t)(k + 1);
		}
		offer(t, ring, 0);
		afresh(t);
	}
}

static void descriptors(struct target *t)
{
	for (unsigned int i = 0; i < ACTS; i++) {
		unsigned int ring = some_ring(t);
		struct ring *r = &t->ring[ring];

		for (unsigned int k = 0; k < SLOTS; k++)
			r->desc[k] = (struct vq_desc){
				.addr = any() & 1 ? some_address(t) : r->at[k],
				.len = (uint32_t)(any() % BUFFER),
				.flags = (uint16_t)(any() % 8),
				.next = (uint16_t)(any() % (SLOTS + 8)),
			};
		offer(t, ring, (uint16_t)(any() % SLOTS));
		afresh(t);
	}
}

/* Tables of a length that cannot be, in each other, and without memory. */
static void indirect(struct target *t)
{
	for (unsigned int i = 0; i < ACTS; i++) {
		unsigned int ring = some_ring(t);
		struct ring *r = &t->ring[ring];
		struct vq_desc *table = (void *)r->buffer[2];

		for (unsigned int k = 0; k < BUFFER / sizeof(*table); k++)
			table[k] = (struct vq_desc){
				.addr = any() & 1 ? r->at[4] : some_address(t),
				.len = (uint32_t)(any() % BUFFER),
				.flags = (uint16_t)(any() % 8),
				.next = (uint16_t)(any() % 130),
			};
		r->desc[0].addr = any() % 4 ? r->at[2] : some_address(t);
		r->desc[0].len =
			(uint32_t)(any() % 4 ? any() % 129 * 16 : any());
		r->desc[0].flags = (uint16_t)(VQ_DESC_INDIRECT | any() % 4);
		offer(t, ring, 0);
		afresh(t);
	}
}

/* Good chains with any bytes in them, changed while they are read. */
static void contents(struct target *t)
{
	struct ring *r = &t->ring[t->send % RINGS];

	for (unsigned int i = 0; i < ACTS && t->send < t->rings; i++) {
		unsigned int slot = i % SLOTS;

		for (unsigned int k = 0; k < 128; k++)
			r->buffer[slot][k] = (uint8_t)any();
		/* Half of them have a header that may be right. */
		if (any() & 1)
			memset(r->buffer[slot], 0, 12);
		r->desc[slot].len = (uint32_t)(any() % BUFFER);
		ring_offer(t, t->send, (uint16_t)slot);
		for (unsigned int k = 0; k < 200; k++) {
			r->buffer[slot][any() % 64] = (uint8_t)any();
			r->desc[slot].len = (uint32_t)any();
			r->desc[slot].addr = any() & 1 ? r->at[slot]
						       : some_address(t);
		}
		r->desc[slot].addr = r->at[slot];
	}
	usleep(LOOK_US);
}

/* --- where rings are ---------------------------------------------------- */

static void places(struct target *t)
{
	for (unsigned int i = 0; i < ACTS; i++) {
		unsigned int ring = some_ring(t);
		const struct ring *r = &t->ring[ring];
		uint64_t where[3] = { r->page[0], r->page[1], r->page[2] };
		static const uint32_t size[] = {
			0, 1, 7, 64, 1024, 32768, 65536, UINT32_MAX
		};

		device_reset(t);
		device_write(t, MMIO_STATUS,
			     MMIO_ACKNOWLEDGE | MMIO_HAS_DRIVER);
		device_write(t, MMIO_ACCEPTS_SEL, 1);
		device_write(t, MMIO_ACCEPTS, 1);
		device_write(t, MMIO_STATUS,
			     MMIO_ACKNOWLEDGE | MMIO_HAS_DRIVER |
				     MMIO_FEATURES_OK);
		where[any() % 3] = some_address(t);
		/* One part over another. */
		if (any() & 1)
			where[any() % 3] = where[any() % 3];
		device_place(t, ring, size[any() % 8], where);
		device_write(t, MMIO_STATUS, 0xf);
		offer(t, ring, 0);
	}
	afresh(t);
}

/* --- registers ---------------------------------------------------------- */

static void store(struct target *t, uint32_t offset, uint64_t value)
{
	volatile uint8_t *at = t->reg + offset;

	switch (any() % 4) {
	case 0:
		*at = (uint8_t)value;
		return;
	case 1:
		*(volatile uint16_t *)(t->reg + (offset & ~1u)) =
			(uint16_t)value;
		return;
	case 2:
		*(volatile uint64_t *)(t->reg + (offset & ~7u)) = value;
		return;
	default:
		device_write(t, offset & ~3u, (uint32_t)value);
	}
}

/* Any, but most often those that do something. */
static void registers(struct target *t)
{
	for (unsigned int i = 0; i < 4 * ACTS; i++) {
		uint64_t value = any() % 4 ? any() % 16 : any();
		uint32_t offset =
			(uint32_t)(any() % 4 ? any() % 0x110 : any() % PAGE);

		store(t, offset, value);
		(void)*(volatile uint8_t *)(t->reg + any() % PAGE);
	}
}

static void configuration(struct target *t)
{
	for (unsigned int i = 0; i < 2 * ACTS; i++)
		store(t, (uint32_t)(MMIO_CONFIG + any() % 64), any());
}

static void statuses(struct target *t)
{
	for (unsigned int i = 0; i < 2 * ACTS; i++)
		device_write(t, MMIO_STATUS, (uint32_t)(any() % 256));
}

/* With buffers on their way. */
static void resets(struct target *t)
{
	for (unsigned int i = 0; i < ACTS; i++) {
		for (unsigned int k = 0; k < any() % 32; k++)
			ring_offer(t, some_ring(t), (uint16_t)(k % SLOTS));
		afresh(t);
	}
}

static void notifications(struct target *t)
{
	for (unsigned int i = 0; i < 25 * ACTS; i++)
		device_write(t, any() & 1 ? MMIO_NOTIFY : MMIO_INTERRUPT_ACK,
			     (uint32_t)(any() % 4 ? any() % 3 : any()));
}

const struct strategy strategies[] = {
	{ "indices", indices },
	{ "heads", heads },
	{ "loops", loops },
	{ "addresses", addresses },
	{ "lengths", lengths },
	{ "descriptors", descriptors },
	{ "indirect", indirect },
	{ "contents", contents },
	{ "places", places },
	{ "registers", registers },
	{ "configuration", configuration },
	{ "statuses", statuses },
	{ "resets", resets },
	{ "notifications", notifications },
};

const size_t n_strategies = sizeof(strategies) / sizeof(strategies[0]);
