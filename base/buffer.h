/* SPDX-License-Identifier: BSD-2-Clause */
/* A packet buffer in somebody's hands. */
#ifndef WEIR_BASE_BUFFER_H
#define WEIR_BASE_BUFFER_H

#include "base/offload.h"

/**
 * struct net_buffer - a buffer and the frame in it
 * @data:    its first byte
 * @len:     bytes of the frame
 * @index:   which buffer of its region; its owner's, not to be changed
 * @offload: what its sender left to others
 */
struct net_buffer {
	uint8_t *data;
	uint16_t len;
	uint16_t index;
	struct offload offload;
};

#endif
