/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The memory functions that compilers rely on, for a system without a C
 * library.  Frames are copied with memcpy(), so it moves 32 bytes a step, from
 * and to any address: the processor does unaligned accesses to normal memory.
 *
 * To be compiled with -fno-builtin and -fno-tree-loop-distribute-patterns, or
 * they would call themselves.
 */
#include <stddef.h>
#include <stdint.h>

typedef uint64_t __attribute__((aligned(1), may_alias)) word;

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);
int memcmp(const void *a, const void *b, size_t n);

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	for (; n >= 32; n -= 32, t += 32, f += 32) {
		const word *in = (const word *)f;
		word a = in[0], b = in[1], c = in[2], d = in[3];
		word *out = (word *)t;

		out[0] = a;
		out[1] = b;
		out[2] = c;
		out[3] = d;
	}
	for (; n >= 8; n -= 8, t += 8, f += 8)
		*(word *)t = *(const word *)f;
	while (n-- > 0)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	/* Forwards is right unless the beginning of @from would be lost. */
	if ((uintptr_t)t - (uintptr_t)f >= n)
		return memcpy(to, from, n);
	while (n-- > 0)
		t[n] = f[n];
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	uint64_t w = (uint8_t)byte * 0x0101010101010101ull;
	uint8_t *t = to;

	for (; n >= 8; n -= 8, t += 8)
		*(word *)t = w;
	while (n-- > 0)
		*t++ = (uint8_t)byte;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const uint8_t *x = a, *y = b;

	for (size_t i = 0; i < n; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}
