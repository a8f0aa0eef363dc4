/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text for people: errors, defused control characters, "did you mean".
 */
#ifndef WEIR_CLI_TEXT_H
#define WEIR_CLI_TEXT_H

#include <stddef.h>
#include <stdio.h>

/**
 * cli_error - say what is wrong and what to do: "weir: ..." on standard error
 *
 * Control characters in what was formatted are defused.
 */
void cli_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * text_safe - a copy of a text that a terminal can be trusted with
 * @text: UTF-8 or not
 * @keep: control characters to leave alone, e.g. "\n"; may be ""
 *
 * Control characters (C0, DEL and, in UTF-8, C1) and octets that are no UTF-8
 * become \xNN.  Everything else stays.
 *
 * Return: text to free().
 */
char *text_safe(const char *text, const char *keep);

/**
 * text_print - print a text, defused as text_safe() does
 */
void text_print(FILE *out, const char *text, const char *keep);

/**
 * text_width - columns a defused text takes on a terminal
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
 * A command that has no memory for a line of text can only say so and end.
 */
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *text);
char *xasprintf(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
