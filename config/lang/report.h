/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages to the user while a topology is compiled.
 *
 * Every stage adds its messages as it finds them; in the end they are put in
 * order of position, so that the user reads his file from top to bottom no
 * matter which stage spoke.
 *
 * What has been reported once must not be reported again in other words.  The
 * convention: a name whose text is NULL (struct name) and anything marked
 * `broken` have had their message; later stages pass over them in silence.
 */
#ifndef WEIR_CONFIG_REPORT_H
#define WEIR_CONFIG_REPORT_H

#include <stdbool.h>

#include "config/lang/arena.h"
#include "config/config.h"

/**
 * struct pos - a place in a topology
 * @file:   as the user knows it
 * @line:   from 1
 * @column: from 1, in characters
 * @seq:    grows with every token read, across included files: the order of
 *          messages
 */
struct pos {
	const char *file;
	unsigned int line;
	unsigned int column;
	unsigned int seq;
};

/* Errors and warnings that are told, each; the others are counted. */
#define REPORT_MAX 50u
/* Octets of one. */
#define REPORT_TEXT ((size_t)4096)

struct message;

/**
 * struct messages - those to be told, in the order of their places
 */
struct messages {
	struct message *first;
	unsigned int kept;
};

/**
 * struct report - messages collected so far
 * @runtime: warn only of what is in the text of a change: the rest has been
 *           warned of when the files were read
 * @errors, @warnings: how many there were, told or not
 */
struct report {
	struct arena *arena;
	struct messages error;
	struct messages warning;
	bool runtime;
	unsigned int errors;
	unsigned int warnings;
};

/**
 * report_error - say what is wrong, and what would be right
 *
 * Return: false, for whoever fails with it.
 */
bool report_error(struct report *r, struct pos at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * report_warning - say what is probably not meant
 */
void report_warning(struct report *r, struct pos at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * report_tells - is an error there told, or only counted?
 *
 * For those that take long to explain.
 */
bool report_tells(const struct report *r, struct pos at);

/**
 * report_place - name a place seen from another: "line 7", "inc.conf:7"
 * @here: where the message is
 */
const char *report_place(struct report *r, struct pos here, struct pos there);

/**
 * report_finish - put all messages in order
 * @out: filled in; to be released with config_report_free()
 */
void report_finish(const struct report *r, struct config_report *out);

/**
 * struct guess - looks for the name the user may have meant
 * @wanted: what the user wrote
 * @best:   nearest name offered so far, or NULL if none is near
 * @distance: how many slips of the pen lie between
 */
struct guess {
	const char *wanted;
	const char *best;
	unsigned int distance;
};

/**
 * guess_distance - slips of the pen between two words
 *
 * Return: UINT_MAX if one is too long for a guess.
 */
unsigned int guess_distance(const char *a, const char *b);

/**
 * guess_offer - is it this one?
 * @g:    @g->wanted set, the rest zero to begin with
 * @name: a name that would have been right
 */
void guess_offer(struct guess *g, const char *name);

#endif
