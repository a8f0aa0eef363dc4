/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "driver_vm/say.h"

void say(const char *format, ...)
{
	char line[256] = "driver: ";
	size_t used = strlen(line);
	va_list args;

	va_start(args, format);
	/* Room for the newline is kept. */
	vsnprintf(line + used, sizeof(line) - used - 1, format, args);
	va_end(args);
	used = strlen(line);
	line[used++] = '\n';
	/* An error here cannot be reported anywhere. */
	(void)!write(STDERR_FILENO, line, used);
	(void)tcdrain(STDERR_FILENO);
}
