/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The front door of the topology compiler.
 *
 *	file -> [lexer, parser] -> topology -> [checks] -> [builder] -> system
 *
 * All errors of a file are found in one go and handed over as text:
 *
 *	home.conf:7:12: unknown port "allice"; ports of switch sw0 are alice,
 *	bob, uplink
 */
#ifndef WEIR_CONFIG_CONFIG_H
#define WEIR_CONFIG_CONFIG_H

#include <stdio.h>

#include "config/system.h"

/**
 * struct config_report - what the compiler has to say
 * @text:     lines "file:line:column: message\n" (warnings say "warning: "
 *            after the column), in order of position; never NULL
 * @errors:   how many errors
 * @warnings: how many warnings
 */
struct config_report {
	char *text;
	unsigned int errors;
	unsigned int warnings;
};

/**
 * config_compile - read a topology and make a system of it
 * @path:   file to read; "-" is standard input
 * @report: out: always filled in; free it with config_report_free()
 *
 * Return: the system, or NULL if there was any error.
 */
struct system *config_compile(const char *path, struct config_report *report);

/**
 * config_report_free - release a report's text
 */
void config_report_free(struct config_report *report);

/**
 * system_dump - write a system out as text, one thing a line
 * @sys: from config_compile()
 * @out: open for writing
 *
 * Slots, ids and indices are shown as the numbers they are.  The text follows
 * from the topology alone, so that two of them can be compared.
 */
void system_dump(const struct system *sys, FILE *out);

#endif
