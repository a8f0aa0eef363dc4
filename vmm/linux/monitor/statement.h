/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statements: what was changed by command since the topology was loaded.
 *
 * A change is text in the language of the topology, `allow`, `deny` and `set`
 * alone.  The compiler takes it apart into statements that say one thing each,
 * and gives each a key for what it is about (config_normalise()).  To the monitor
 * both are opaque: it keeps them and has the texts compiled together with the
 * topology each time something changes (vmm/linux/monitor/compiler.h).
 *
 * A statement that is about the same thing as an older one takes its place: a
 * rule, if ports and filter are the same; a setting, if port and setting are.
 * The newest comes first, because of rules the first that matches decides.
 *
 * Each change has a number, which no other gets as long as the monitor runs, and
 * can be taken back by it.  A statement that was replaced then holds again: it is
 * kept as long as there is room.
 *
 * Statements are lines of printable ASCII.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_STATEMENT_H
#define WEIR_VMM_LINUX_MONITOR_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "vmm/linux/monitor/facts.h"

/* Statements there may be, and octets each may have, its NUL included. */
#define STATEMENTS_MAX CONFIG_CHANGES_MAX
#define STATEMENT_MAX CONFIG_CHANGE_TEXT

/**
 * struct statement - one
 * @text:   for the compiler
 * @key:    what it is about; a newer one with the same key takes its place
 * @change: number of the change it was made by
 */
struct statement {
	char *text;
	char *key;
	unsigned int change;
};

/**
 * struct statements - a list; all zero: an empty one
 * @v:    newest first
 * @n:    how many
 * @last: number of the last change there was
 * @said: what the compiler has said of them, or NULL: it is said once
 */
struct statements {
	struct statement *v;
	size_t n;
	unsigned int last;
	char *said;
};

/**
 * statements_are_plain - is a text printable ASCII, tabs and ends of lines aside?
 */
bool statements_are_plain(const char *text);

/**
 * statements_add - what a list would be with a change put in front
 * @to:     out: a new list, nothing of it shared with @from; only if it succeeds
 * @from:   the present list
 * @change: @n statements it is made of
 *
 * Return: NULL, or why not: of facts_error().
 */
json_t *statements_add(struct statements *to, const struct statements *from,
		       const struct config_change *change, size_t n);

/**
 * statements_undo - what a list would be without a change
 * @to:     out: a new list, nothing of it shared with @from; only if it succeeds
 * @from:   the present list
 * @change: in/out: its number; 0: the last one
 * @undone: out: its statements, to free(); only if it succeeds
 *
 * Return: NULL, or why not: of facts_error().
 */
json_t *statements_undo(struct statements *to, const struct statements *from,
			unsigned int *change, char **undone);

/**
 * statements_text - all of a list that have not been replaced, for the compiler
 *
 * Return: text to free(), a line for each statement; NULL if memory ran out.
 */
char *statements_text(const struct statements *s);

/**
 * statements_line - which statement is a line of statements_text()?
 * @line: from 1 on
 *
 * Return: it, or NULL if there is no such line.
 */
const struct statement *statements_line(const struct statements *s,
					unsigned int line);

/**
 * statements_find - the one that holds of those about something
 * @key: see struct statement
 *
 * Return: it, or NULL.
 */
const struct statement *statements_find(const struct statements *s,
					const char *key);

/**
 * statements_explain - a compiler's lines, in words of who has given commands
 * @s:      what was compiled; its @said is set
 * @kept:   what has been kept already: a statement of one of its changes is called
 *          by the change's number, as `weir show policy` shows it
 * @sent:   a change that could not be taken apart, and what @report is of then;
 *          or NULL
 * @report: lines that begin with "(runtime):LINE:COLUMN: ", others stay as they are
 *
 * What has been said of @kept already is left out.
 *
 * Return: text to free(), NULL if memory ran out.
 */
char *statements_explain(struct statements *s, const struct statements *kept,
			 const char *sent, const char *report);

/**
 * statements_free - forget a list, which is then empty
 */
void statements_free(struct statements *s);

#endif
