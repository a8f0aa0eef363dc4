/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors a user will read.
 *
 * The first error wins: errors during the cleanup that follows would only hide
 * the cause.
 */
#include "vmm/linux/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int set(struct error *err, const char *format, va_list args,
	       const char *why)
{
	int n;

	if (err == NULL || err->text[0] != '\0')
		return -1;
	n = vsnprintf(err->text, sizeof(err->text), format, args);
	if (why != NULL && n >= 0 && (size_t)n < sizeof(err->text))
		snprintf(err->text + n, sizeof(err->text) - (size_t)n, ": %s",
			 why);
	return -1;
}

int error_set(struct error *err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set(err, format, args, NULL);
	va_end(args);
	return -1;
}

int error_errno(struct error *err, const char *format, ...)
{
	const char *why = strerror(errno);
	va_list args;

	va_start(args, format);
	set(err, format, args, why);
	va_end(args);
	return -1;
}
