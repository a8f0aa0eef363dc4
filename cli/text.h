/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text for people: errors, escaped control characters, "did you mean".
 */
#ifndef WEIR_CLI_TEXT_H
#define WEIR_CLI_TEXT_H

#include <stddef.h>
#include <stdio.h>

/**
 * cli_error - say what is wrong and what to do: "weir: ..." on standard error
 *
 * Control characters are escaped.
 */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * text_safe - a copy of a text that is safe on a terminal
 * @text: UTF-8 or not
 * @keep: control characters to leave alone, e.g. "\n"; may be ""
 *
 * Control characters (C0, DEL and, in UTF-8, C1) and bytes that are not UTF-8
 * become \xNN.  Everything else stays.
 *
 * Return: text to free().
 */
char *text_safe(const char *text, const char *keep);

/**
 * text_print - print a text, escaped as by text_safe()
 */
void text_print(FILE *out, const char *text, const char *keep);

/**
 * text_width - columns an escaped text takes on a terminal
 */
size_t text_width(const char *text);

/**
 * text_suggest - which of the known words was probably meant
 * @word:  what was typed
 * @known: words
 * @n:     how many
 *
 * Return: one of @known, or NULL if none is close.
 */
const char *text_suggest(const char *word, const char *const *known, size_t n);

/**
 * text_add - add a text to a list such as "a, b"
 * @list:    in and out: to free(); "" has no elements yet
 * @between: what stands between two elements
 */
void text_add(char **list, const char *between, const char *text);

/**
 * text_fill - fill in a sentence
 * @text:  with {KEY} for what is to be filled in
 * @value: what stands for a key; to free()
 * @arg:   handed to @value
 *
 * Return: text to free().
 */
char *text_fill(const char *text,
		char *(*value)(const void *arg, const char *key),
		const void *arg);

/**
 * xrealloc, xstrdup, xasprintf - those of the C library, without failing
 *
 * Without memory for a line of text the command says so and exits.
 */
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *text);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
