/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that lives as long as one compilation.
 *
 * Tokens, the topology and the texts of messages all end together, when the
 * system is made or given up.  They are never released one by one, so the
 * parser needs no destructors and an error in the middle of a statement leaks
 * nothing.
 */
#ifndef WEIR_CONFIG_ARENA_H
#define WEIR_CONFIG_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_block;

/**
 * struct arena - all memory of one compilation; zero-initialised to begin with
 * @newest: the block being filled
 */
struct arena {
	struct arena_block *newest;
};

/**
 * arena_alloc - zeroed memory, aligned for anything
 * @size: bytes
 *
 * Never fails: a compiler without memory for a topology of some kilobytes has
 * nothing left to do, and says so and aborts.
 */
void *arena_alloc(struct arena *a, size_t size);

/**
 * arena_strndup - copy @len bytes of a text and end it with NUL
 */
char *arena_strndup(struct arena *a, const char *text, size_t len);

/**
 * arena_printf - a formatted text
 */
char *arena_printf(struct arena *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * arena_vprintf - likewise
 */
char *arena_vprintf(struct arena *a, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

/**
 * arena_free - release everything
 */
void arena_free(struct arena *a);

/**
 * must_alloc - zeroed memory outside any arena, to be released with free()
 * @count: elements
 * @size:  bytes of one
 *
 * Like arena_alloc() it never fails.  For what outlives the compilation.
 */
void *must_alloc(size_t count, size_t size);

/**
 * must_realloc - likewise, another size for what it gave; what is new is not
 *                zeroed
 */
void *must_realloc(void *p, size_t size);

/**
 * out_of_memory - say so, and abort
 */
_Noreturn void out_of_memory(void);

#endif
