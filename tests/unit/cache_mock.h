/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A cache implementation for virt/cache.h that writes down what is asked of it.
 */
#ifndef WEIR_TESTS_CACHE_MOCK_H
#define WEIR_TESTS_CACHE_MOCK_H

#include <stddef.h>
#include <stdint.h>

#define CACHE_MOCK_LINE 64u
#define CACHE_MOCK_OPS 64u

/**
 * struct cache_op - an operation that was asked for
 * @published: what cache_published() said at that time
 * @what:      c, i or s
 */
struct cache_op {
	const uint8_t *start;
	size_t size;
	uint32_t published;
	char what;
};

/* The log; set @cache_n_ops to 0 to begin anew. */
extern struct cache_op cache_ops[CACHE_MOCK_OPS];
extern unsigned int cache_n_ops;
/* More operations than that fail the test. */
extern unsigned int cache_most_ops;
/* What cache_line() says. */
extern size_t cache_mock_line;
/* How many entries the test's peer can see; may be NULL. */
extern uint32_t (*cache_published)(void);

size_t cache_line(void);
void cache_clean(const void *start, size_t size);
void cache_invalidate(const void *start, size_t size);
void cache_sync(void);

#endif
