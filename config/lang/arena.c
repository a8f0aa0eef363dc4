/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A chain of blocks, filled from the newest.  What does not fit begins a new
 * block; the rest of the old one is given up, which for texts and tokens of
 * some tens of bytes is little.
 */
#include "config/lang/arena.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 16384u
#define ALIGN _Alignof(max_align_t)

struct arena_block {
	struct arena_block *older;
	size_t used;
	size_t size;
	max_align_t data[];
};

void out_of_memory(void)
{
	fputs("weir: out of memory\n", stderr);
	abort();
}

void *must_alloc(size_t count, size_t size)
{
	/* One byte at least, so that NULL means failure and nothing else. */
	void *p = calloc(count ? count : 1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *must_realloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		out_of_memory();
	return p;
}

static struct arena_block *block_new(struct arena *a, size_t size)
{
	struct arena_block *b;

	if (size < BLOCK_SIZE)
		size = BLOCK_SIZE;
	b = must_alloc(1, sizeof(*b) + size);
	b->size = size;
	b->older = a->newest;
	a->newest = b;
	return b;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *b = a->newest;
	void *p;

	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (!b || b->size - b->used < size)
		b = block_new(a, size);
	p = (char *)b->data + b->used;
	b->used += size;
	return p;
}

char *arena_strndup(struct arena *a, const char *text, size_t len)
{
	char *copy = arena_alloc(a, len + 1);

	memcpy(copy, text, len);
	return copy;
}

char *arena_vprintf(struct arena *a, const char *format, va_list args)
{
	va_list again;
	char *text;
	int len;

	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (len < 0)
		return arena_strndup(a, format, strlen(format));
	text = arena_alloc(a, (size_t)len + 1);
	vsnprintf(text, (size_t)len + 1, format, args);
	return text;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = arena_vprintf(a, format, args);
	va_end(args);
	return text;
}

void arena_free(struct arena *a)
{
	while (a->newest) {
		struct arena_block *older = a->newest->older;

		free(a->newest);
		a->newest = older;
	}
}
