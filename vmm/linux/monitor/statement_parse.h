/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a change's text to statements; see statement.h.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_STATEMENT_PARSE_H
#define WEIR_VMM_LINUX_MONITOR_STATEMENT_PARSE_H

#include "vmm/linux/monitor/statement.h"

/**
 * statements_parse - the statements a change is made of
 * @fresh: out: in the order in which they are written; to be freed whatever is
 *         returned
 * @sys:   for the full names of ports
 *
 * Return: 0, or -1 with @err set.
 */
int statements_parse(struct statements *fresh, const struct system *sys,
		     const char *text, struct error *err);

/**
 * statements_append - put a statement at the end of a list
 * @change: the change it is of
 *
 * Return: 0, or -1 with @err set: memory.
 */
int statements_append(struct statements *s, const char *text, const char *key,
		      unsigned int change, struct error *err);

#endif
