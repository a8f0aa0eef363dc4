/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Memory that lives as long as one compilation.
 *
 * Tokens, the topology and the texts of messages all end together, when the
 * system is made or given up.  They are never released one by one, so the
 * parser needs no destructors and an error in the middle of a statement leaks
 * nothing.
 *
 * No allocation here fails: a compiler without memory for a topology of some
 * kilobytes has nothing left to do, and says so and aborts.
 */
#ifndef WEIR_CONFIG_ARENA_H
#define WEIR_CONFIG_ARENA_H

#include <stdarg.h>
#include <stddef.h>

/* All memory of one compilation; zero-initialised to begin with. */
struct arena {
	struct arena_block *newest; /* the one being filled */
};

/* Zeroed memory, aligned for anything. */
void *arena_alloc(struct arena *a, size_t size);
/* The first @len bytes of a text, and NUL. */
char *arena_strndup(struct arena *a, const char *text, size_t len);
char *arena_printf(struct arena *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));
/* Releases everything. */
void arena_free(struct arena *a);

/* For what outlives the compilation: zeroed; another size, not zeroed. */
void *must_alloc(size_t count, size_t size);
void *must_realloc(void *p, size_t size);
_Noreturn void out_of_memory(void);

#endif
