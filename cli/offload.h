/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Offload data (base/offload.h) of frames that are traced.
 *
 * Two words give a frame some, however the frame itself is written:
 *
 *	segment 1448	it is cut into frames of 1448 bytes of payload
 *	partial		its checksum is not made yet
 */
#ifndef WEIR_CLI_OFFLOAD_H
#define WEIR_CLI_OFFLOAD_H

#include <jansson.h>

#include "cli/frame.h"

/**
 * offload_words - take the words about offload data out of others
 * @n, @words: in and out
 * @o:         out
 *
 * Return: 0, or -1 with @f->error set.
 */
int offload_words(struct frame_text *f, int *n, char **words,
		  struct frame_offload *o);

/**
 * offload_json - offload data as a request has them (docs/control.md)
 * @f: the frame, whose protocol says which type of segment it is
 *
 * Return: new JSON, or NULL if there are none.
 */
json_t *offload_json(const struct frame_text *f, const struct frame_offload *o);

/**
 * offload_first - the first of the frames that a frame is cut into
 * @hex:     the frame
 * @request: its offload data, as offload_json() makes them
 *
 * If it is not a segment: the frame, with its checksum made.
 *
 * Return: it, in hex, to free().
 */
char *offload_first(const char *hex, const json_t *request);

#endif
