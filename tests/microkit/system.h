/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Making a kernel's system from a .system file, as the Microkit tool would.
 */
#ifndef WEIR_TESTS_MICROKIT_SYSTEM_H
#define WEIR_TESTS_MICROKIT_SYSTEM_H

#include "tests/microkit/kernel.h"

/**
 * system_load - regions, PDs, maps and channels of a file
 * @path:     of the .system file; prefilled regions' files lie beside it
 * @programs: folder of the programs
 *
 * What the format does not allow, or this does not know, ends the test with a
 * message.
 */
void system_load(struct kernel *k, const char *path, const char *programs);

#endif
