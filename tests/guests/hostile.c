/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver VM that has been taken over: /init of a guest that does its worst.
 *
 * What it does is the word after "hostile=" on the guest's command line, one of
 * the modes at the end of this file. It reports ready as a driver does, waits
 * until the connection is up and then begins, having said
 *
 *	hostile: MODE, life N
 *
 * N counts the connection's lives, from 0; where there are several ways to do
 * harm that end the guest, each life takes the next.
 *
 * Nothing here is random that a second run would not repeat.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "driver_vm/boot.h"
#include "driver_vm/say.h"
#include "tests/guests/hostile.h"

/* --- becoming a driver -------------------------------------------------- */

static void *map(struct uio_device *d, unsigned int index)
{
	return uio_map(d, index, 1, true);
}

static bool find_devices(struct guest *g)
{
	static const struct uio_where where = { "/sys", "/dev" };

	return uio_open(&g->queues, &where, DRIVER_UIO_QUEUES) == 0 &&
	       uio_open(&g->data, &where, DRIVER_UIO_DATA) == 0 &&
	       uio_open(&g->control, &where, DRIVER_UIO_CONTROL) == 0 &&
	       uio_open(&g->doorbell, &where, DRIVER_UIO_DOORBELL) == 0 &&
	       uio_property(&g->queues, DRIVER_PROP_CAPACITY, &g->capacity) ==
		       0 &&
	       uio_property(&g->queues, DRIVER_PROP_BUFFER_SIZE,
			    &g->buffer_size) == 0;
}

/* All of it writable, as far as this kernel is concerned. */
static bool map_devices(struct guest *g)
{
	bool ok = true;

	for (unsigned int i = 0; i < QUEUES; i++) {
		g->queue[i] = map(&g->queues, i);
		ok &= g->queue[i] != NULL;
	}
	g->queue_size = g->queues.map[0].size;
	g->receive = (struct region){ map(&g->data, 0), g->data.map[0].size };
	g->transmit = (struct region){ map(&g->data, 1), g->data.map[1].size };
	g->link = map(&g->control, 0);
	g->status = map(&g->control, 1);
	g->bells = map(&g->doorbell, 0);
	return ok && g->receive.at != NULL && g->transmit.at != NULL &&
	       g->link != NULL && g->status != NULL && g->bells != NULL;
}

static void claim_ready(struct guest *g)
{
	static const uint8_t mac[] = { 2, 0, 0, 0, 0x0b, 0xad };

	for (size_t i = 0; i < sizeof(mac); i++)
		g->status->mac[i] = mac[i];
	g->status->mtu = 1500;
	atomic_store(&g->status->carrier, 1);
	atomic_store(&g->status->state, DRIVER_READY);
	uio_ring(g->bells, DRIVER_DOORBELL_STATUS);
}

static uint32_t epoch(const struct guest *g)
{
	return atomic_load((_Atomic(uint32_t) *)&g->link->epoch);
}

static void wait_for_link(struct guest *g)
{
	while (!link_is_up(epoch(g)))
		usleep(1000);
	g->life = epoch(g) / 2;
}

/* --- the other ends ----------------------------------------------------- */

static void fall(struct guest *g)
{
	volatile uint8_t *volatile nowhere = NULL;

	(void)g;
	*nowhere = 0;
}

static void stand_still(struct guest *g)
{
	(void)g;
	do_nothing();
}

/* The first process ends, and its kernel with it. */
static void leave(struct guest *g)
{
	(void)g;
}

static const struct {
	const char *name;
	void (*act)(struct guest *g);
} modes[] = {
	{ "exit", leave },
	{ "panic", fall },
	{ "tail", indices },
	{ "scribble", scribble },
	{ "descriptors", descriptors },
	{ "offloads", offloads },
	{ "doorbells", doorbells },
	{ "readonly", readonly },
	{ "pairs", pairs },
	{ "wild", wild },
	{ "card", card },
	{ "lies", stand_still }, /* ready, and forwards nothing */
};

int main(void)
{
	static struct guest g = { .random = 0x9e3779b97f4a7c15 };
	const char *mode = boot() == 0 ? getenv("hostile") : NULL;

	if (mode == NULL || !find_devices(&g) || !map_devices(&g)) {
		say("hostile: there is nothing to do: mode %s",
		    mode != NULL ? mode : "is missing");
		return EXIT_FAILURE;
	}
	if (strcmp(mode, "never") == 0) {
		say("hostile: never");
		do_nothing();
	}
	claim_ready(&g);
	wait_for_link(&g);
	g.random += g.life;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(mode, modes[i].name) == 0) {
			say("hostile: %s, life %u", mode, g.life);
			modes[i].act(&g);
		}
	return EXIT_FAILURE;
}
