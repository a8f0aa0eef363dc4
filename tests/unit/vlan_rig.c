/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/vlan_rig.h"

static void put16(struct sent *s, unsigned int value)
{
	s->byte[s->len++] = (uint8_t)(value >> 8);
	s->byte[s->len++] = (uint8_t)value;
}

struct sent build(const struct tag *tag, unsigned int tags, unsigned int type,
		  unsigned int payload)
{
	struct sent s = { .len = 12 };

	for (unsigned int i = 0; i < s.len; i++)
		s.byte[i] = (uint8_t)(2 + i * 16);
	for (unsigned int i = 0; i < tags; i++) {
		put16(&s, tag[i].tpid);
		put16(&s, tag[i].tci);
	}
	put16(&s, type);
	for (unsigned int i = 0; i < payload; i++)
		s.byte[s.len++] = (uint8_t)(i * 7 + 1);
	return s;
}

bool take(struct frame *f, const struct sent *s, unsigned int snap)
{
	memset(f, 0, sizeof(*f));
	f->len = (uint16_t)s->len;
	f->snap = (uint16_t)(s->len < snap ? s->len : snap);
	memcpy(f->bytes, s->byte, f->snap);
	if (f->snap >= FRAME_SNAP)
		memset(f->bytes + f->snap, POISON, sizeof(f->bytes) - f->snap);
	return frame_parse(f);
}

void check_copy(const struct frame *f, const uint8_t *data,
		enum vlan_tagging tagging, const struct sent *want)
{
	unsigned int len = vlan_length(f->len, tagging);
	uint8_t *room = malloc(len + 64);

	assert_non_null(room);
	assert_int_equal(len, want->len);
	memset(room, POISON, len + 64);
	vlan_copy(room + 32, f, data, tagging);
	assert_memory_equal(room + 32, want->byte, len);
	for (unsigned int i = 0; i < 32; i++) {
		assert_int_equal(room[i], POISON);
		assert_int_equal(room[32 + len + i], POISON);
	}
	free(room);
}
