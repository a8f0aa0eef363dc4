/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errors a user will read.
 *
 * The first error wins: errors during the cleanup that follows would only hide
 * the cause.
 */
#include "vmm/linux/error.h"

#include <stdarg.h>
#include <stdio.h>

int error_set(struct error *err, const char *format, ...)
{
	va_list args;

	if (err == NULL || err->text[0] != '\0')
		return -1;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return -1;
}
