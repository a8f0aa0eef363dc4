/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEIR_CLI_HINT_H
#define WEIR_CLI_HINT_H

#include <stdbool.h>

/**
 * hint_for - which command does what a word asks for that is no command?
 * @word:  as typed
 * @shown: out: it is something `weir show` shows
 *
 * Return: a sentence without its full stop, or NULL.
 */
const char *hint_for(const char *word, bool *shown);

#endif
