/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of the reasons.  Everything is made from the one list in reason.h, so
 * a new reason cannot be forgotten here.
 */
#include "base/reason.h"

struct reason_info {
	const char *key;
	const char *text;
	bool out;
};

#define SIDE_IN false
#define SIDE_OUT true
#define REASON_INFO(symbol, name, side, words)                                 \
	[REASON_##symbol] = { .key = #name,                                    \
			      .text = (words),                                 \
			      .out = SIDE_##side },

static const struct reason_info reason_info[REASON_COUNT] = { WEIR_REASONS(
	REASON_INFO) };

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
	return known(reason) && reason_info[reason].out;
}
