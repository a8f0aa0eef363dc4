/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is said of tokens that are out of place.
 */
#ifndef WEIR_CONFIG_REFUSE_H
#define WEIR_CONFIG_REFUSE_H

#include "config/lang/form.h"
#include "config/lang/parser.h"

/**
 * refuse - the token at hand is out of place
 * @statement: the word of the statement that it is in, or NULL
 * @e:         what could have been here; NULL: the beginning of any statement
 */
void refuse(struct parser *p, enum place place, const char *statement,
	    const struct expected *e);

/**
 * refuse_beginning - it begins no statement, or not here
 */
void refuse_beginning(struct parser *p, const struct token *t,
		      enum place place);

/**
 * refuse_unknown - likewise, and it is no word of the language
 */
void refuse_unknown(struct parser *p, const struct token *t, enum place place);

/**
 * refuse_later - it is a word of a later version
 */
void refuse_later(struct parser *p, const struct token *t);

#endif
