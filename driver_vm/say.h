/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the program in a driver VM has to say: lines on the console.
 */
#ifndef WEIR_DRIVER_VM_SAY_H
#define WEIR_DRIVER_VM_SAY_H

/**
 * say - one line on standard error, in one write(2)
 * @format: without a newline
 *
 * Nothing is buffered, not even by the console: when this returns it was said,
 * also if the machine stops right then.
 */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
