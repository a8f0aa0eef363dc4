/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/world.h"

struct world_frame *world_push(struct world_fifo *fifo, const uint8_t *bytes,
			       uint16_t len, bool has_buffer)
{
	size_t size = len < WORLD_FRAME ? len : WORLD_FRAME;
	struct world_frame *f = malloc(sizeof(*f) + size);

	assert_non_null(f);
	f->next = NULL;
	f->len = len;
	f->has_buffer = has_buffer;
	f->off = (struct oracle_offload){ .frames = 1, .longest = len };
	memcpy(f->bytes, bytes, size);
	if (fifo->first == NULL)
		fifo->last = &fifo->first;
	*fifo->last = f;
	fifo->last = &f->next;
	return f;
}

struct world_frame *world_pop(struct world_fifo *fifo)
{
	struct world_frame *f = fifo->first;

	if (f)
		fifo->first = f->next;
	return f;
}

void world_empty(struct world_fifo *fifo)
{
	struct world_frame *f;

	while ((f = world_pop(fifo)) != NULL)
		free(f);
}
