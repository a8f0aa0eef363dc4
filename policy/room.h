/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How much a policy may hold, and making one.
 *
 * On a small system a policy with room for 64 ports and 32,768 instructions
 * would take more memory than all the rest of a switch.
 */
#ifndef WEIR_POLICY_ROOM_H
#define WEIR_POLICY_ROOM_H

#include <stddef.h>
#include <stdint.h>

#include "policy/image.h"

struct policy;

/**
 * struct policy_room - how much a policy may hold; all zero: any image
 * @ports:   ports from number 0 on
 * @trunks:  of these, how many may be trunks
 * @rules, @entries, @insns, @programs, @prefixes, @macs, @words: see struct
 *           policy_image
 * @asks:    1: pairs may have rules that are asked about frames
 */
struct policy_room {
	uint32_t ports;
	uint32_t trunks;
	uint32_t rules;
	uint32_t entries;
	uint32_t insns;
	uint32_t programs;
	uint32_t prefixes;
	uint32_t macs;
	uint32_t words;
	uint32_t asks;
};

/**
 * policy_room - a room with numbers for "any image"
 */
struct policy_room policy_room(const struct policy_room *room);

/**
 * policy_room_for - the room an image needs
 * @image: private; a sound one
 * @ports: 1 to MAX_PORTS; it says nothing of others
 */
struct policy_room policy_room_for(const struct policy_image *image,
				   unsigned int ports);

/**
 * policy_size - bytes of a policy with its arrays
 * @room: checked; 0 is returned if it is out of range
 */
size_t policy_size(const struct policy_room *room);

/**
 * policy_init - make a policy that refuses everything
 * @memory: policy_size() bytes, aligned to 64
 * @room:   in range
 */
struct policy *policy_init(void *memory, const struct policy_room *room);

#endif
