/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statements that a topology understands: two switches, alice and bob at sw0,
 * carol and bob at lab.
 */
#ifndef WEIR_TESTS_UNIT_STATEMENT_RIG_H
#define WEIR_TESTS_UNIT_STATEMENT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vmm/linux/error.h"
#include "vmm/linux/monitor/statement.h"

/* What the compiler said of the last change, if it could not read it. */
extern char compiler_said[4096];

/* Forget a list, which is then empty; its texts stay until the end. */
void statements_free(struct statements *s);

/* Make @to from @from and a change. */
int add_change(struct statements *to, const struct statements *from,
	       const char *text, struct error *err);

/* Make a change; what does not succeed changes nothing. */
int try_change(struct statements *s, const char *text, struct error *err);

/* Make a change that succeeds. */
void make_change(struct statements *s, const char *text);

void expect_text(struct statements *s, const char *want);

/*
 * Take change @change back, 0: the last one, which is number @want. Returns
 * what it was, or the error if @want is 0; static.
 */
const char *undone(struct statements *s, unsigned int change,
		   unsigned int want);

int statement_setup(void **state);
int statement_teardown(void **state);

#endif
