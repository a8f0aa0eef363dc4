/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Characters one does not see, or takes for others: they come with text that was
 * copied from a web page or a word processor.
 */
#ifndef WEIR_CONFIG_VISIBLE_H
#define WEIR_CONFIG_VISIBLE_H

#include <stdbool.h>
#include <stddef.h>

/* The mark some editors put before a text. */
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

/**
 * visible_find - find the first character of a text that is not to be seen
 * @text: UTF-8
 * @at:   out: characters before it
 *
 * Return: what it is: "a no-break space (U+00A0)"; NULL if there is none.
 */
const char *visible_find(const char *text, unsigned int *at);

/**
 * visible_quote - does a word begin with quotes that are none here?
 * @end: or end with them?
 */
bool visible_quote(const char *word, bool end);

#endif
