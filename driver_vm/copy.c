/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Copying to and from a data region: see copy.h.
 */
#include <stdint.h>
#include <string.h>

#include "driver_vm/copy.h"

/* A compiler may neither merge nor split volatile accesses of a word. */
static void *to_device(void *restrict to, const void *restrict from, size_t n)
{
	volatile uint64_t *words = to;
	volatile uint8_t *bytes;
	const uint8_t *p = from;
	uint64_t word;

	for (; n >= sizeof(word); n -= sizeof(word), p += sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		*words++ = word;
	}
	bytes = (volatile uint8_t *)words;
	while (n-- > 0)
		*bytes++ = *p++;
	return to;
}

static void *from_device(void *restrict to, const void *restrict from, size_t n)
{
	const volatile uint64_t *words = from;
	uint8_t *p = to;
	uint64_t word;

	for (; n >= sizeof(word); n -= sizeof(word), p += sizeof(word)) {
		word = *words++;
		memcpy(p, &word, sizeof(word));
	}
	if (n > 0) {
		word = *words;
		memcpy(p, &word, n);
	}
	return to;
}

const struct copy *copy_for(bool uncached)
{
	static const struct copy cached = { memcpy, memcpy };
	static const struct copy device = { to_device, from_device };

	return uncached ? &device : &cached;
}
