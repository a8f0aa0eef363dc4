/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From files to the tokens the parser sees.
 *
 * A file is read and cut into tokens as a whole.  They are then looked at one
 * by one: macros are replaced, and a "}" that was forgotten is found here, so
 * that it costs the user one message.
 */
#ifndef WEIR_CONFIG_SOURCE_H
#define WEIR_CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/lang/report.h"
#include "config/system.h"

/* The signs come first, in the order of "expected ..." in messages. */
enum token_kind {
	T_END,
	T_SEP,
	T_ARROW,
	T_BIARROW,
	T_OPEN,
	T_CLOSE,
	T_COMMA,
	T_EQUALS,
	T_WORD,
	T_SOFT,	 /* a word of the language that can be a name as well */
	T_HARD,	 /* a word of the language */
	T_LATER, /* a word of a later version */
	T_STRING,
	T_BROKEN,
	T_MACRO,
};

/**
 * struct token - one token
 * @text:  as written; strings without their quotes.  NULL: BROKEN, and reported
 * @macro: what stands there is "$" and this, or NULL
 * @pos:   where it begins
 */
struct token {
	enum token_kind kind;
	const char *text;
	const char *macro;
	struct pos pos;
};

/**
 * scan_text - cut a text into tokens
 * @at:   position of its first character
 * @text: UTF-8 without control characters
 *
 * Return: the tokens; the last two are SEP and END.
 */
const struct token *scan_text(struct arena *a, struct pos at, const char *text);

/**
 * struct source_text - a text of a topology
 * @path: as it is opened; "-" is standard input
 */
struct source_text {
	struct source_text *next;
	const char *path;
	const char *text;
	size_t size;
};

/* Open braces whose place is remembered. */
#define SOURCE_OPEN 16

struct level;
struct macro;

/**
 * struct source - where the parser stands
 * @now, @prev: the token to be looked at, and the one before it
 * @raw:    what follows @now
 * @base:   files are taken from it rather than read, if it is not NULL
 * @texts:  the files so far, in the order in which they were asked for
 * @level:  the file being read
 * @depth, @open: braces open, and where the outermost of them are
 * @closed: @now has been reported for the "}" missing before it: its seq
 * @brace_lost: a string without an end swallowed a "}"
 */
struct source {
	struct arena *arena;
	struct report *report;
	struct token now;
	struct token prev;
	const struct token *raw;
	const struct system *base;
	struct source_text *texts;
	size_t size;
	struct level *level;
	unsigned int n_levels;
	unsigned int n_files;
	struct macro *macros;
	unsigned int seq;
	unsigned int depth;
	struct pos open[SOURCE_OPEN];
	unsigned int closed;
	bool brace_lost;
};

/**
 * source_open - begin with a topology's first file
 *
 * Return: false if it cannot be read; that has been reported.
 */
bool source_open(struct source *s, const char *path);

/**
 * source_include - go on with another file until END, then source_leave()
 * @path: relative to the folder of the file that asks
 * @at:   where it asks
 *
 * Return: false if that cannot be; it has been reported.
 */
bool source_include(struct source *s, const char *path, struct pos at);

/**
 * source_runtime - likewise, with the text of a change
 */
bool source_runtime(struct source *s, const char *text);

/**
 * source_leave - go on with the file before
 */
void source_leave(struct source *s);

/**
 * source_is_runtime - is this a place in the text of a change?
 */
bool source_is_runtime(const struct pos *at);

/**
 * source_step - go on to the next token; the last is END again and again
 */
void source_step(struct source *s);

/**
 * source_unclosed - must a block have ended before this token?
 *
 * That is so at the end of a file, and where a statement begins that stands
 * outside of the block.  It is reported.
 */
bool source_unclosed(struct source *s);

/**
 * source_define - make a macro
 */
void source_define(struct source *s, const char *name, struct pos at,
		   const struct token *value);

#endif
