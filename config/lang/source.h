/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From files to the tokens the parser sees.
 *
 * Each file is read and scanned as a whole.  This module then hands out the
 * tokens one by one and deals with everything that is no matter of grammar:
 *
 *   - `include` pushes another file's tokens; depth, number and size of files
 *     are bounded, and a file that includes itself is refused;
 *   - `$name` is replaced by the token its macro stands for, at the position
 *     of the use;
 *   - a text of changes follows the files, if there is one;
 *   - blocks that are still open where they cannot be (at the end of a file,
 *     or before a statement that only a topology has) are reported and closed,
 *     so that one forgotten brace is one message.
 */
#ifndef WEIR_CONFIG_SOURCE_H
#define WEIR_CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/lang/report.h"

/**
 * struct token - one token
 * @kind: the parser's number for it
 * @text: as written; strings without their quotes.  NULL: the user did not
 *        write this, and has been told why it is here
 * @pos:  where it begins
 * @macro: a macro stands there
 */
struct token {
	int kind;
	const char *text;
	struct pos pos;
	bool macro;
};

/**
 * struct tokens - all tokens of one file, the last is the end
 */
struct tokens {
	struct token *v;
	size_t n;
};

/**
 * scan_text - cut a text into tokens (config/lexer.l)
 * @at:   position of its first character
 * @text: UTF-8 without control characters
 * @size: octets
 * @out:  filled in
 *
 * What is no token is reported and takes the place of one (token BROKEN).
 */
void scan_text(struct report *r, struct pos at, const char *text, size_t size,
	       struct tokens *out);

struct source;

/**
 * struct source_text - a text of a topology
 * @path: as it is opened; "-" is standard input
 * @text: its content, @size octets
 */
struct source_text {
	struct source_text *next;
	const char *path;
	const char *text;
	size_t size;
};

/**
 * source_open - begin with a topology file
 * @path:    "-" is standard input
 * @given:   texts to take instead of reading files, in the order in which they
 *           will be asked for; NULL: read them
 * @runtime: a text that follows all files, or NULL
 *
 * Return: NULL if it cannot be read; that has been reported.
 */
struct source *source_open(struct arena *a, struct report *r, const char *path,
			   const struct source_text *given,
			   const char *runtime);

/**
 * source_texts - the files, in the order in which they were asked for
 */
struct source_text *source_texts(const struct source *s);

/**
 * source_is_runtime - is this a place in the text that follows all files?
 */
bool source_is_runtime(const struct pos *at);

/**
 * source_begin - position of a topology's first character
 */
struct pos source_begin(const struct source *s);

/**
 * source_next - the next token; the end of the topology again and again
 */
struct token source_next(struct source *s);

/**
 * source_include - go on with another file, then come back
 * @path: relative to the folder of the file that asks
 * @at:   where it asks
 *
 * Return: false if that cannot be; it has been reported.
 */
bool source_include(struct source *s, const char *path, struct pos at);

/**
 * source_define - make a macro
 * @name:  of the macro
 * @at:    where it is defined
 * @value: the token it stands for
 */
void source_define(struct source *s, const char *name, struct pos at,
		   const struct token *value);

/**
 * struct place_in_source - where the parser stands, for messages
 * @last:      the token handed out last
 * @before:    kind of the one before it
 * @after:     kind of the one that follows
 * @statement: token of the statement @last is part of, 0 if it begins one
 */
struct place_in_source {
	struct token last;
	int before;
	int after;
	int statement;
};

/**
 * source_place - where the parser stands
 */
struct place_in_source source_place(const struct source *s);

#endif
