/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Characters one does not see, or takes for others: they come with text that
 * was copied from a web page or a word processor.
 */
#ifndef WEIR_CONFIG_VISIBLE_H
#define WEIR_CONFIG_VISIBLE_H

#include "config/lang/source.h"

/* The mark some editors put before a text. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/**
 * visible_check - look for such characters in the token at hand
 *
 * What is no string becomes token BROKEN, reported; a string may mean it, and
 * is warned of.
 *
 * Return: true if what follows may be in the same wrong quotes.
 */
bool visible_check(struct source *s);

/* Does a word begin with quotes that are none here, or (@end) end with them? */
bool visible_quote(const char *word, bool end);

#endif
