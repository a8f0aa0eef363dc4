/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How an order lies in a data region: a number that changes, then text.
 */
#ifndef WEIR_TESTS_UNIT_FAKE_ORDER_H
#define WEIR_TESTS_UNIT_FAKE_ORDER_H

#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>

struct order {
	_Atomic(uint32_t) number;
	char text[60];
};

static inline void give_order(struct order *o, const char *text)
{
	snprintf(o->text, sizeof(o->text), "%s", text);
	atomic_fetch_add(&o->number, 1);
}

#endif
