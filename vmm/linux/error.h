/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors a user will read: one text that says what is wrong and what to do.
 */
#ifndef WEIR_VMM_LINUX_ERROR_H
#define WEIR_VMM_LINUX_ERROR_H

#include <stddef.h>

#define ERROR_TEXT 512

/**
 * struct error - the first thing that went wrong
 * @text: "" if nothing did
 */
struct error {
	char text[ERROR_TEXT];
};

/**
 * error_set - fill in an error, unless there is one already
 * @err: in/out
 *
 * Return: -1 always, so that a caller can `return error_set(...)`.
 */
int error_set(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * error_errno - the same, followed by what errno says
 */
int error_errno(struct error *err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
