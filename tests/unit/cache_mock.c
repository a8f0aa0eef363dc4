/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/cache_mock.h"

struct cache_op cache_ops[CACHE_MOCK_OPS];
unsigned int cache_n_ops;
unsigned int cache_most_ops = CACHE_MOCK_OPS;
size_t cache_mock_line = CACHE_MOCK_LINE;
uint32_t (*cache_published)(void);

static void record(char what, const void *start, size_t size)
{
	assert_in_range(cache_n_ops, 0, cache_most_ops - 1);
	cache_ops[cache_n_ops++] = (struct cache_op){
		.what = what,
		.start = start,
		.size = size,
		.published = cache_published ? cache_published() : 0,
	};
}

size_t cache_line(void)
{
	return cache_mock_line;
}

void cache_clean(const void *start, size_t size)
{
	record('c', start, size);
}

void cache_invalidate(const void *start, size_t size)
{
	record('i', start, size);
}

void cache_sync(void)
{
	record('s', NULL, 0);
}
