/* SPDX-License-Identifier: BSD-2-Clause */
/* The log of the program in a driver VM: lines on the console. */
#ifndef WEIR_DRIVER_VM_SAY_H
#define WEIR_DRIVER_VM_SAY_H

/**
 * say - one line on standard error, in one write(2)
 * @format: without a newline
 *
 * Unbuffered, even by the console: once this returns, the line is out, even if
 * the machine stops right then.
 */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
