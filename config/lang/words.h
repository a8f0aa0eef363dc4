/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of the topology language: one table for the scanner (which token
 * is it), for messages (how is the statement written, where does it belong)
 * and for what is reserved for later versions.
 *
 * Words of the language cannot be names.  That costs the user little and
 * keeps a topology readable, and a name that is good today will not become a
 * keyword unless it is in the table already.  Words that came later without
 * having been reserved are *soft*: statements begin with them, and names are
 * made of them all the same.
 */
#ifndef WEIR_CONFIG_WORDS_H
#define WEIR_CONFIG_WORDS_H

#include <stdbool.h>

#include "config/lang/report.h"

/* Where a statement may stand; a set. */
enum place {
	IN_TOPOLOGY = 1,
	IN_SWITCH = 2,
	IN_PORT = 4,
	IN_LINK = 8,
	IN_DOMAIN = 16,
	IN_VM = 32,
	IN_GROUP = 64,
	IN_SET = 128,
	IN_RUNTIME = 256, /* the text of a change while it runs */
};

/**
 * struct word - one word of the language
 * @text:   the word
 * @token:  the parser's token
 * @places: statements: where it may stand; 0 for words inside statements
 * @usage:  statements: how it is written
 * @later:  what it will be in a later version, for token LATER
 * @soft:   it can be a name as well
 */
struct word {
	const char *text;
	int token;
	unsigned int places;
	const char *usage;
	const char *later;
	bool soft;
};

/**
 * word_find - look a word up
 *
 * Return: NULL if it is not a word of the language.
 */
const struct word *word_find(const char *text);

/**
 * word_of - the word of a token
 * @token: not LATER, which many words share
 *
 * Return: NULL if the token is no single word.
 */
const struct word *word_of(int token);

/**
 * word_where - "a port or a link"
 * @places: set of enum place, not empty
 */
const char *word_where(unsigned int places);

/**
 * word_list - the statements of a place: "mtu, buffers"
 */
const char *word_list(struct arena *a, enum place place);

/**
 * word_guess - offer the statements of a place to a guess
 */
void word_guess(struct guess *g, enum place place);

#endif
