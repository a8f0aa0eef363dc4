/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text on its way to a person.
 *
 * A reply or a topology may contain escape sequences that retitle the terminal
 * or repaint its lines.  So it passes through text_safe().  Each such sequence
 * begins with a control character: C0, DEL, or C1, the latter in UTF-8 or as a
 * single byte.  The rest stays as it is, so that names keep their umlauts.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/text.h"
#include "config/lang/report.h"

static _Noreturn void no_memory(void)
{
	fputs("weir: out of memory\n", stderr);
	exit(CLI_FAILED);
}

void *xrealloc(void *p, size_t size)
{
	void *q = realloc(p, size ? size : 1);

	if (!q)
		no_memory();
	return q;
}

char *xstrdup(const char *text)
{
	size_t size = strlen(text) + 1;

	return memcpy(xrealloc(NULL, size), text, size);
}

/* asprintf() for the two that print. */
static char *xvasprintf(const char *format, va_list args)
{
	char *text;

	if (vasprintf(&text, format, args) < 0)
		no_memory();
	return text;
}

char *xasprintf(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	return text;
}

void cli_error(const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = xvasprintf(format, args);
	va_end(args);
	fputs("weir: ", stderr);
	text_print(stderr, text, "\n");
	fputc('\n', stderr);
	free(text);
}

void text_add(char **list, const char *between, const char *text)
{
	char *more = xasprintf("%s%s%s", *list, **list ? between : "", text);

	free(*list);
	*list = more;
}

char *text_fill(const char *text,
		char *(*value)(const void *arg, const char *key),
		const void *arg)
{
	char *all = xstrdup("");

	while (*text) {
		size_t n = strcspn(text, "{");
		size_t end = n + strcspn(text + n, "}");
		char *key = xasprintf("%.*s", (int)(end - n), text + n);
		char *found = *key ? value(arg, key + 1) : xstrdup("");
		char *more = xasprintf("%s%.*s%s", all, (int)n, text, found);

		text += end + (text[end] == '}');
		free(all);
		free(key);
		free(found);
		all = more;
	}
	return all;
}

/**
 * utf8_decode - the character at @s
 * @code: out: its code point
 *
 * Return: bytes it takes, 1 to 4; 0 if this is not UTF-8.  Overlong forms,
 * which could spell a control character, are not.
 */
static size_t utf8_decode(const unsigned char *s, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = *s < 0x80		 ? 1
		   : (*s & 0xe0) == 0xc0 ? 2
		   : (*s & 0xf0) == 0xe0 ? 3
		   : (*s & 0xf8) == 0xf0 ? 4
					 : 0;

	*code = n > 1 ? *s & (0x7fu >> n) : *s;
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3f);
	}
	return *code >= least[n] ? n : 0;
}

/* C0, DEL and C1. */
static bool is_control(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0);
}

char *text_safe(const char *text, const char *keep)
{
	const unsigned char *s = (const unsigned char *)text;
	char *out = xrealloc(NULL, strlen(text) * 4 + 1);
	char *to = out;

	while (*s) {
		uint32_t code;
		size_t n = utf8_decode(s, &code);

		if (n && (!is_control(code) || strchr(keep, (int)code))) {
			memcpy(to, s, n);
			to += n;
			s += n;
			continue;
		}
		to += sprintf(to, "\\x%02x", *s++);
	}
	*to = 0;
	return out;
}

void text_print(FILE *out, const char *text, const char *keep)
{
	char *safe = text_safe(text, keep);

	fputs(safe, out);
	free(safe);
}

size_t text_width(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

const char *text_suggest(const char *word, const char *const *known, size_t n)
{
	struct guess g = { .wanted = word };

	for (size_t i = 0; i < n; i++)
		guess_offer(&g, known[i]);
	return g.best;
}
