/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Work that may take for ever, or that meets what somebody else has written, in
 * processes of its own: they are killed when the time for all of it is up.
 */
#ifndef WEIR_CONFIG_HELPERS_H
#define WEIR_CONFIG_HELPERS_H

#include <stddef.h>

/* Memory of zeros that the processes leave their answers in. */
void *helpers_share(size_t size);
/* Releases it. */
void helpers_unshare(void *shared, size_t size);

/**
 * helpers_run - have some work done
 * @name:     of the processes
 * @n:        pieces of work
 * @work:     called in one of the processes for each piece, by its number
 * @limit_ms: for all of it
 *
 * When this returns no process is left.  What was not done was cut off: @work
 * says in shared memory what it has finished.
 */
void helpers_run(const char *name, unsigned int n,
		 void (*work)(void *ctx, unsigned int number), void *ctx,
		 int limit_ms);

#endif
