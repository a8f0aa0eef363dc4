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

/* A place in a topology. */
struct pos {
	const char *file;    /* as the user knows it */
	unsigned int line;   /* from 1 */
	unsigned int column; /* from 1, in characters */
	unsigned int seq;    /* grows with every token read: orders messages */
};

/* Errors and warnings that are told, each; the others are counted. */
#define REPORT_MAX 50u
/* Bytes of one. */
#define REPORT_TEXT ((size_t)4096)

/* Those to be told, in the order of their places. */
struct messages {
	struct message *first;
	unsigned int kept;
};

/* Messages collected so far. */
struct report {
	struct arena *arena;
	struct messages error;
	struct messages warning;
	/* Warn only of a change's text; of files one has been warned before. */
	bool runtime;
	unsigned int errors; /* told or not */
	unsigned int warnings;
};

/* Says what is wrong, and what would be right; false, for who fails with it. */
bool report_error(struct report *r, struct pos at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Says what is probably not meant. */
void report_warning(struct report *r, struct pos at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Is an error there told, or only counted?  For those that take long. */
bool report_tells(const struct report *r, struct pos at);
/* Names a place seen from another: "line 7", "inc.conf:7". */
const char *report_place(struct report *r, struct pos here, struct pos there);
/* All messages, in order; to be released with config_report_free(). */
void report_finish(const struct report *r, struct config_report *out);

/* The same of what has a report: a topology, a parser, a source. */
#define wrong(x, at, ...) report_error((x)->report, at, __VA_ARGS__)
#define warn(x, at, ...) report_warning((x)->report, at, __VA_ARGS__)
#define place(x, here, there) report_place((x)->report, here, there)

/* Looks for the name the user may have meant; @wanted set, the rest zero. */
struct guess {
	const char *wanted;
	const char *best; /* the nearest so far, or NULL if none is near */
	unsigned int distance;
};

/* Is it this name that would have been right? */
void guess_offer(struct guess *g, const char *name);

#endif
