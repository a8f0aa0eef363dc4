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
	T_SOFT, /* a word of the language that can be a name as well */
	T_HARD, /* a word of the language */
	T_STRING,
	T_BROKEN,
	T_MACRO,
};

struct token {
	enum token_kind kind;
	const char *text;  /* strings without quotes; NULL: BROKEN, reported */
	const char *macro; /* what stands there is "$" and this, or NULL */
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

/* A text of a topology; @path: as it is opened. */
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

/* Where the parser stands. */
struct source {
	struct arena *arena;
	struct report *report;
	struct token now; /* the token to be looked at */
	struct token prev;
	const struct token *raw; /* what follows */
	/* Files are taken from it rather than read, if it is not NULL. */
	const struct system *base;
	struct source_text *texts; /* in the order they were asked for */
	size_t size;		   /* of all of them */
	struct level *level;	   /* the file being read */
	unsigned int n_levels;
	unsigned int n_files;
	struct macro *macros;
	unsigned int seq;
	unsigned int depth; /* braces open; where the outermost of them are: */
	struct pos open[SOURCE_OPEN];
	unsigned int closed; /* the token a "}" was missing before: its seq */
	bool brace_lost;     /* a string without an end swallowed a "}" */
};

/* Begins with a topology's first file; false: it cannot be read, reported. */
bool source_open(struct source *s, const char *path);

/**
 * source_include - go on with another file until END, then source_leave()
 * @path: relative to the folder of the file that asks
 * @at:   where it asks
 *
 * Return: false if that cannot be; it has been reported.
 */
bool source_include(struct source *s, const char *path, struct pos at);
/* Likewise, with the text of a change. */
bool source_runtime(struct source *s, const char *text);
/* Goes on with the file before. */
void source_leave(struct source *s);

/* Is this a place in the text of a change? */
bool source_is_runtime(const struct pos *at);

/* Goes on to the next token; the last is END again and again. */
void source_step(struct source *s);
/*
 * Must a block have ended before this token?  So at the end of a file, and
 * where a statement begins that stands outside of the block; that is reported.
 */
bool source_unclosed(struct source *s);

/* Makes a macro. */
void source_define(struct source *s, const char *name, struct pos at,
		   const struct token *value);

/*
 * Looks in the token at hand for what one does not see.  What is no string
 * becomes token BROKEN, reported; a string may mean it, and is warned of.
 * Returns whether what follows may be in the same wrong quotes.
 */
bool visible_check(struct source *s);
/* Does a word begin with quotes that are none here, or (@end) end with them? */
bool visible_quote(const char *word, bool end);

#endif
