/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A fuzzer's input as a script (libFuzzer): steps and their arguments, so that
 * every input is meaningful, and a small change of an input is a small change of
 * what happens.
 */
#ifndef WEIR_TESTS_FUZZ_SCRIPT_H
#define WEIR_TESTS_FUZZ_SCRIPT_H

#include "tests/unit/vq_rig.h"

struct script {
	const uint8_t *at;
	size_t left;
};

/* The next byte; behind the end all are 0. */
static inline unsigned int next(struct script *s)
{
	if (s->left == 0)
		return 0;
	s->left--;
	return *s->at++;
}

static inline uint32_t next_word(struct script *s)
{
	uint32_t low = next(s), high = next(s);

	return low | high << 8;
}

/* Words that are right in some place. */
static inline uint32_t word(struct script *s)
{
	switch (next(s) % 4) {
	case 0:
		return next(s);
	case 1:
		return (uint32_t)VR_BASE + next_word(s) * 4;
	case 2:
		return next_word(s) << 16;
	default:
		return next_word(s);
	}
}

/* A word over the first lines of a ring's part, or of a table. */
static inline void spoil(struct vq_rig *r, struct script *s)
{
	static const uint32_t part[] = { 0, VR_DRIVER, VR_DEVICE, VR_TABLES };
	uint32_t at = part[next(s) % 4] + next(s) * 2;
	uint32_t value = word(s);

	memcpy(r->mem + at, &value, sizeof(value));
}

/* A chain of pieces of the data, some to read, then some to write. */
static inline void add(struct vq_rig *r, struct script *s, bool indirect)
{
	struct vr_piece p[8];
	unsigned int n = 1 + next(s) % 8;
	unsigned int readable = next(s) % (n + 1);

	for (unsigned int i = 0; i < n; i++)
		p[i] = (struct vr_piece){ VR_BASE + VR_DATA + i * 256, next(s),
					  i >= readable };
	vr_add(r, p, n, indirect);
}

/* What must hold, whatever the script says. */
static inline void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
