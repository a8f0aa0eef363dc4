/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of the reasons.  Everything is made from the one list in reason.h, so
 * a new reason cannot be forgotten here.
 */
#include "base/reason.h"

#include <stdint.h>

struct reason_info {
	const char *key;
	const char *text;
};

#define REASON_INFO(symbol, name, side, words)                                 \
	[REASON_##symbol] = { .key = #name, .text = (words) },

static const struct reason_info reason_info[REASON_COUNT] = { WEIR_REASONS(
	REASON_INFO) };

/* A bit set, so that a switch that shows no texts does not contain them. */
#define SIDE_IN 0ull
#define SIDE_OUT 1ull
#define REASON_SIDE(symbol, name, side, words) | SIDE_##side << REASON_##symbol

static const uint64_t charged_out = 0 WEIR_REASONS(REASON_SIDE);

_Static_assert(REASON_COUNT <= 64, "a bit each");

/* The number may come from a peer's or an older statistics region. */
static bool known(enum vswitch_reason reason)
{
	return (unsigned int)reason < REASON_COUNT;
}

const char *vswitch_reason_key(enum vswitch_reason reason)
{
	return known(reason) ? reason_info[reason].key : "unknown";
}

const char *vswitch_reason_text(enum vswitch_reason reason)
{
	return known(reason) ? reason_info[reason].text : "unknown";
}

bool vswitch_reason_is_out(enum vswitch_reason reason)
{
	return known(reason) && charged_out >> reason & 1;
}
