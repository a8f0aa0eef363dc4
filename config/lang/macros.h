/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Macros: names for one token each.
 */
#ifndef WEIR_CONFIG_MACROS_H
#define WEIR_CONFIG_MACROS_H

#include "config/lang/source.h"

struct macro;

/**
 * struct macros - those there are; zero-initialised to begin with
 */
struct macros {
	struct macro *first;
};

/**
 * macro_define - make a macro; as source_define()
 */
void macro_define(struct macros *macros, struct report *r, const char *name,
		  struct pos at, const struct token *value);

/**
 * macro_expand - replace a token by what its macro stands for
 *
 * If there is none that is reported, and it becomes token BROKEN.
 */
void macro_expand(const struct macros *macros, struct report *r,
		  struct token *t);

#endif
