/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames for the tests of vswitch/vlan.h, built from lists of tags.
 */
#ifndef WEIR_TESTS_UNIT_VLAN_RIG_H
#define WEIR_TESTS_UNIT_VLAN_RIG_H

#include "vswitch/vlan.h"

#define POISON 0xa5u
#define LONGEST 300u

struct tag {
	uint16_t tpid;
	uint16_t tci;
};

/**
 * struct sent - a frame as its sender made it
 * @byte: the frame
 * @len:   bytes of it
 */
struct sent {
	uint8_t byte[LONGEST];
	unsigned int len;
};

#define C FRAME_TPID_C
#define S FRAME_TPID_S

/* Each has PCP 5 and DEI set, to see that they stay. */
#define URGENT 0xb000u

/*
 * Addresses, tags, a type, and a payload in which no two places are alike.
 */
struct sent build(const struct tag *tag, unsigned int tags, unsigned int type,
		  unsigned int payload);

/* What the switch makes of it; whatever is behind the snapshot is nonsense. */
bool take(struct frame *f, const struct sent *s, unsigned int snap);

/*
 * The copy of a frame, in a buffer of exactly its length with poison on both
 * sides; @data is what the sender's region holds by now.
 */
void check_copy(const struct frame *f, const uint8_t *data,
		enum vlan_tagging tagging, const struct sent *want);

#endif
