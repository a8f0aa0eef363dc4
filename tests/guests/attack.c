/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client VM that has been taken over: /init of a guest that drives its virtio
 * devices as no driver would.  Card, source of random bytes and console are
 * each attacked in every way (attack_strategies.c), once for each seed up to
 * `seeds` on the command line.  After each it is told whether the device can
 * still be used, and in the end how often it could:
 *
 *	attack: card survived indices, seed 0
 *	attack: card survived 28 of 28
 *
 * In the end the card is used as it should be: a frame is sent, and one that is
 * received is told.  Nothing here is random that a second run would not repeat.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "tests/guests/attack.h"
#include "vmm/kvm/layout.h"

#define N(array) (sizeof(array) / sizeof((array)[0]))

static struct target console = { .name = "console", .rings = 2, .send = 1 };
static struct target card = { .name = "card", .rings = 2, .send = 1 };
static struct target rng = { .name = "rng", .rings = 1, .send = RINGS };
static struct target *const targets[] = { &card, &rng, &console };

/* Of them, how many attacks they have survived, and of how many. */
static unsigned int survived[N(targets)], attacks;

static bool survives(struct target *t, const struct strategy *s, uint64_t seed)
{
	any_from(seed);
	if (device_start(t, ~0ull))
		s->act(t);
	return device_start(t, VQ_F_VERSION_1) && device_reset(t);
}

static void attack(uint64_t seed)
{
	for (size_t i = 0; i < n_strategies; i++, attacks++) {
		for (size_t k = 0; k < N(targets); k++) {
			bool well = survives(targets[k], &strategies[i], seed);

			survived[k] += well;
			say(&console, "attack: %s %s %s, seed %u",
			    targets[k]->name,
			    well ? "survived" : "is lost after",
			    strategies[i].name, (unsigned int)seed);
		}
	}
}

/* A broadcast of a kind that is for experiments, its header before it. */
static bool sends(void)
{
	static const uint8_t head[] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,
		0,    0,    0,	  0,	0x0e, 0x88, 0xb5
	};
	struct ring *r = &card.ring[1];

	memset(r->buffer[0], 0, 12 + 60);
	memcpy(r->buffer[0] + 12, head, sizeof(head));
	r->desc[0].len = 12 + 60;
	ring_offer(&card, 1, 0);
	return ring_waits(r);
}

static void behave(void)
{
	/* What was written before has used up this second's lines of the log. */
	sleep(2);
	for (size_t k = 0; k < N(targets); k++)
		say(&console, "attack: %s survived %u of %u", targets[k]->name,
		    survived[k], attacks);
	if (!device_start(&card, VQ_F_VERSION_1))
		say(&console, "attack: the card cannot be used");
	for (uint16_t i = 0; i < SLOTS; i++)
		ring_offer(&card, 0, i);
	if (!sends())
		say(&console, "attack: the card does not send");
	say(&console, "attack: over");
	while (atomic_load(&card.ring[0].used->idx) == 0)
		usleep(10000);
	say(&console, "attack: the card receives");
}

int main(void)
{
	const char *seeds = getenv("seeds");

	mount("dev", "/dev", "devtmpfs", 0, NULL);
	mount("proc", "/proc", "proc", 0, NULL);
	if (!device_find(&console, LAYOUT_CONSOLE))
		return EXIT_FAILURE;
	if (!device_find(&card, LAYOUT_VIRTIO) ||
	    !device_find(&rng, LAYOUT_VIRTIO + LAYOUT_VIRTIO_SIZE)) {
		say(&console, "attack: there are no devices");
		return EXIT_FAILURE;
	}
	say(&console, "attack: begins");
	for (int i = 0; i < (seeds != NULL ? atoi(seeds) : 1); i++)
		attack((uint64_t)i);
	behave();
	for (;;)
		pause();
}
