/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statements: what was changed by command since the topology was loaded.
 *
 * A change is text in the language of the topology: `allow`, `deny`, `set`.
 * The compiler splits it into statements that say one thing each, and gives
 * each a key for what it is about (config_normalise()).  The monitor keeps
 * both, and has the texts compiled with the topology each time something
 * changes.
 *
 * A statement replaces an older one with the same key: a rule between the same
 * ports with the same filter, the same setting of the same port.  The newest
 * comes first, because of rules the first that matches decides.
 *
 * Each change has a number, which is not used again, and can be taken back by
 * it.  A statement that was replaced then holds again, if there was room to
 * keep it.
 *
 * Lists are made in the compiler's process, which ends soon after and frees
 * nothing; the monitor has them as part of a result (compile_result.h).
 */
#ifndef WEIR_VMM_LINUX_MONITOR_STATEMENT_H
#define WEIR_VMM_LINUX_MONITOR_STATEMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "vmm/linux/monitor/facts.h"

/* Statements there may be, and bytes each may have, its NUL included. */
#define STATEMENTS_MAX CONFIG_CHANGES_MAX
#define STATEMENT_MAX CONFIG_CHANGE_TEXT

/* A statement. */
struct statement {
	char *text; /* for the compiler */
	/* what it is about; a newer one with the same key takes its place */
	char *key;
	unsigned int change; /* number of the change it was made by */
};

/* A list of statements; all zero: an empty one. */
struct statements {
	struct statement *v; /* newest first */
	size_t n;	     /* how many */
	unsigned int last;   /* number of the last change there was */
	/* what the compiler has said of them, or NULL: it is said once */
	char *said;
};

/**
 * statements_are_plain - is a text printable ASCII, tabs and newlines?
 */
bool statements_are_plain(const char *text);

/**
 * statements_add - what a list would be with a change put in front
 * @to:     out, if it succeeds: a new list of the same texts
 * @change: @n statements it is made of
 *
 * Return: NULL, or why not: of facts_error().
 */
json_t *statements_add(struct statements *to, const struct statements *from,
		       const struct config_change *change, size_t n);

/**
 * statements_undo - what a list would be without a change
 * @to:     out, if it succeeds: a new list of the same texts
 * @change: in/out: its number; 0: the last one
 * @undone: out, if it succeeds: its statements, to free()
 *
 * Return: NULL, or why not: of facts_error().
 */
json_t *statements_undo(struct statements *to, const struct statements *from,
			unsigned int *change, char **undone);

/**
 * statements_text - those that have not been replaced, for the compiler
 *
 * Return: a line for each, to free(); NULL if memory ran out.
 */
char *statements_text(const struct statements *s);

/**
 * statements_line - which statement is a line of statements_text()?
 * @line: from 1 on
 *
 * Return: NULL if there is no such line.
 */
const struct statement *statements_line(const struct statements *s,
					unsigned int line);

/**
 * statements_find - the newest with a key, or NULL
 */
const struct statement *statements_find(const struct statements *s,
					const char *key);

/**
 * statements_explain - name the statements that a compiler's lines are about
 * @s:      what was compiled; its @said is set
 * @kept:   what was in force; a statement of one of its changes is named by the
 *          change's number, as `weir show policy` shows it, and what has been
 *          said of it already is left out
 * @sent:   a change that could not be split, which @report is about; or NULL
 * @report: lines that begin with "(runtime):LINE:COLUMN: "; others stay
 *
 * Return: text to free(), NULL if memory ran out.
 */
char *statements_explain(struct statements *s, const struct statements *kept,
			 const char *sent, const char *report);

#endif
