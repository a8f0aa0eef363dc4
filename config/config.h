/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The front door of the topology compiler.
 *
 *	file -> [parser] -> topology -> [checks] -> [builder] -> system
 *
 * All errors of a file are found in one go and handed over as text:
 *
 *	home.conf:7:12: unknown port "allice"; ports of switch sw0 are alice,
 *	bob, uplink
 */
#ifndef WEIR_CONFIG_CONFIG_H
#define WEIR_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdio.h>

#include "config/system.h"

/**
 * struct config_report - what the compiler has to say
 * @text: lines "file:line:column: message\n" (warnings say "warning: " after
 *        the column), in order of position; never NULL
 */
struct config_report {
	char *text;
	unsigned int errors;
	unsigned int warnings;
};

/**
 * config_compile_as - read a topology and make a system of it
 * @path:   file to read; "-" is standard input
 * @name:   of the instance; NULL: that of the file without folder and suffix,
 *          or "" if that can be none
 * @report: out: always filled in; free it with config_report_free()
 *
 * Return: the system, or NULL if there was any error.
 */
struct system *config_compile_as(const char *path, const char *name,
				 struct config_report *report);

/* Likewise, named after the file. */
struct system *config_compile(const char *path, struct config_report *report);

/*
 * Can an instance be called so?  Letters, digits, ".", "_" and "-", fewer than
 * SYS_SHORT of them, and neither "." nor "-" first.
 */
bool config_name_ok(const char *name);

/**
 * config_recompile - make a system of the same files and a text of changes
 * @base:    from config_compile() or this: its files are taken from there, not
 *           read again, and its filters, so that nothing is looked up again
 * @runtime: statements allow, deny and set, or NULL; rules in it are asked
 *           before those of the files, in the order in which they stand there,
 *           and settings replace those of the files
 * @report:  out: as for config_compile(); places in @runtime are in
 *           "(runtime)", and warnings are of what is there
 *
 * A filter in @runtime with a name in it takes as long as looking that up does,
 * some seconds at most (config/check/filter.h).
 *
 * Return: the system, or NULL if there was any error.
 */
struct system *config_recompile(const struct system *base, const char *runtime,
				struct config_report *report);

/* Statements one change may be made of, and bytes of each, NUL included. */
#define CONFIG_CHANGES_MAX 256u
#define CONFIG_CHANGE_TEXT 1024u

/**
 * struct config_change - a statement in its normal form
 * @text: as config_recompile() takes it, on one line
 * @key:  what it is about: a rule's ports, in full, and its filter; a port and
 *        its setting.  One with the same key takes its place
 */
struct config_change {
	char *text;
	char *key;
};

/**
 * config_normalise - the statements a change is made of
 * @base:   as for config_recompile()
 * @text:   printable ASCII
 * @n:      out: how many there are; 0 if there was any error
 * @report: out: as for config_compile()
 *
 *	allow a <-> b		becomes one statement for each direction
 *	set a { limit 1mbit }	becomes one for each setting: `limit in`,
 *				`limit out`
 *
 * Names and filters are not looked at; that is for config_recompile().
 *
 * Return: them, in the order in which they are written, to be released with
 * config_changes_free().
 */
struct config_change *config_normalise(const struct system *base,
				       const char *text, size_t *n,
				       struct config_report *report);

/* Releases them; @change may be NULL if @n is 0. */
void config_changes_free(struct config_change *change, size_t n);

/**
 * config_differs - could one system become another while it runs?
 * @a:   the one that runs
 * @b:   the other
 * @why: out: the differences, a line each: "port sw0.bob is new"; the first
 *       fifty, and how many more there are.  To be released with free()
 *
 * Policies can change while a system runs, and nothing else.  The names of the
 * instances are of no meaning here.
 *
 * Return: how many differences there are; 0 if it could.
 */
unsigned int config_differs(const struct system *a, const struct system *b,
			    char **why);
/* Releases its text. */
void config_report_free(struct config_report *report);

/*
 * Writes a system out as text, one thing a line.  Slots, ids and indices are
 * shown as the numbers they are.  The text follows from the topology alone, so
 * that two of them can be compared.
 */
void system_dump(const struct system *sys, FILE *out);

#endif
