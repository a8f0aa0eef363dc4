/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hostile guest and memory: its own, that of others, and what is none.
 */
#include "driver_vm/say.h"
#include "tests/guests/hostile.h"

#define PAGE 4096u
#define MARK UINT64_C(0x5ca1ab1e0ddba115)

/* --- stores ------------------------------------------------------------- */

static void store(volatile uint8_t *at, unsigned int width, uint64_t value)
{
	switch (width) {
	case 1:
		*at = (uint8_t)value;
		return;
	case 2:
		*(volatile uint16_t *)at = (uint16_t)value;
		return;
	case 4:
		*(volatile uint32_t *)at = (uint32_t)value;
		return;
	default:
		*(volatile uint64_t *)at = value;
	}
}

static uint64_t load(const volatile uint8_t *at, unsigned int width)
{
	switch (width) {
	case 1:
		return *at;
	case 2:
		return *(const volatile uint16_t *)at;
	case 4:
		return *(const volatile uint32_t *)at;
	default:
		return *(const volatile uint64_t *)at;
	}
}

/* Anything, somewhere in a region, in any width. */
void store_anything(struct guest *g, struct region r)
{
	unsigned int width = 1u << (any(g) % 4);
	size_t at = any(g) % (r.size / width) * width;

	store(r.at + at, width, any(g));
}

/* Two registers at once: a hypervisor is not told what was stored. */
static void store_pair(const volatile uint8_t *at)
{
	__asm__ volatile("stp xzr, xzr, [%0]" : : "r"(at) : "memory");
}

/* --- memory ------------------------------------------------------------- */

void scribble(struct guest *g)
{
	for (uint64_t n = 0;; n++) {
		struct region r = { (volatile uint8_t *)g->queue[n % QUEUES],
				    g->queue_size };

		store_anything(g, r);
		store_anything(g, g->receive);
		r = (struct region){ (volatile uint8_t *)g->status, PAGE };
		store_anything(g, r);
		if (n % BATCH == 0)
			ring(g);
	}
}

/*
 * Is what was stored there afterwards? Its owner may store something else at
 * the same time, but not this.
 */
static void try_to_change(struct guest *g, struct region r, const char *what)
{
	unsigned int width = 1u << (any(g) % 4);
	volatile uint8_t *at = r.at + any(g) % (r.size / width) * width;

	store(at, width, MARK);
	if (width == 8 && load(at, width) == MARK)
		say("hostile: the %s has changed", what);
}

void readonly(struct guest *g)
{
	struct region page = { (volatile uint8_t *)g->link, PAGE };

	for (;;) {
		try_to_change(g, page, "link page");
		try_to_change(g, g->transmit, "transmit region");
	}
}

void pairs(struct guest *g)
{
	store_pair(g->life % 2 ? g->transmit.at : g->bells);
	say("hostile: a pair was stored");
	do_nothing();
}

/* --- doorbells ---------------------------------------------------------- */

void doorbells(struct guest *g)
{
	for (;;) {
		uio_ring(g->bells, DRIVER_DOORBELL_QUEUES);
		uio_ring(g->bells, DRIVER_DOORBELL_STATUS);
	}
}

/* Every offset of their page, in every width, to and fro. */
void wild(struct guest *g)
{
	for (;;)
		for (unsigned int width = 1; width <= 8; width *= 2)
			for (size_t at = 0; at < PAGE; at += width) {
				store(g->bells + at, width, any(g));
				if (load(g->bells + at, width) != 0)
					say("hostile: a doorbell was read");
			}
}
