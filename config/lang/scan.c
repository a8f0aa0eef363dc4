/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Anything printable that is no sign belongs to a word, so that a name with a
 * wrong character, a path without quotes or a MAC address reaches the checks
 * whole and can be quoted in a message.
 */
#include <string.h>

#include "config/lang/source.h"
#include "config/lang/words.h"

struct scan {
	struct arena *arena;
	struct token *v;
	size_t n;
	size_t room;
	struct pos at;
};

static void put(struct scan *s, enum token_kind kind, const char *text,
		size_t len)
{
	struct token *t;

	if (s->n == s->room) {
		struct token *old = s->v;

		s->room = s->room ? 2 * s->room : 256;
		s->v = arena_alloc(s->arena, s->room * sizeof(*old));
		if (old)
			memcpy(s->v, old, s->n * sizeof(*old));
	}
	t = &s->v[s->n++];
	t->kind = kind;
	t->text = arena_strndup(s->arena, text, len);
	t->pos = s->at;
	if (kind == T_WORD)
		t->kind = word_kind(t->text);
}

/* Dashes do not end a word, but are not its end: a->b is a, ->, b. */
static size_t word_len(const char *text)
{
	size_t n = 0;

	for (;;) {
		size_t dash = strspn(text + n, "-");
		size_t more = strcspn(text + n + dash, " \t\r\n{}=,;\"#<>$-");

		if (!more)
			return n;
		n += dash + more;
	}
}

static size_t put_sign(struct scan *s, const char *text)
{
	size_t len = strspn(text, "<>=-");

	put(s,
	    len == 1 && *text == '='		     ? T_EQUALS
	    : len == 2 && !strncmp(text, "->", len)  ? T_ARROW
	    : len == 3 && !strncmp(text, "<->", len) ? T_BIARROW
						     : T_BROKEN,
	    text, len);
	return len;
}

static size_t put_string(struct scan *s, const char *text)
{
	size_t len = strcspn(text + 1, "\"\n");

	if (text[1 + len] == '"') {
		put(s, T_STRING, text + 1, len);
		return len + 2;
	}
	put(s, T_BROKEN, text, len + 1);
	return len + 1;
}

/* Puts the token at the beginning of a text, if any; returns its bytes. */
static size_t put_token(struct scan *s, const char *text)
{
	static const char single[] = ";{},";
	static const enum token_kind kinds[] = { T_SEP, T_OPEN, T_CLOSE,
						 T_COMMA };
	const char *sign = strchr(single, *text);
	size_t len = word_len(text);

	if (sign)
		put(s, kinds[sign - single], text, 1);
	else if (*text == '"')
		return put_string(s, text);
	else if (*text == '#')
		return strcspn(text, "\n");
	else if (*text == '$')
		put(s, T_MACRO, text + 1, len = word_len(text + 1));
	else if (len)
		put(s, T_WORD, text, len);
	else if (strchr("<>=-", *text))
		return put_sign(s, text);
	/* Empty lines end nothing that has not ended. */
	else if (*text == '\n' && !(s->n && s->v[s->n - 1].kind == T_SEP &&
				    s->v[s->n - 1].text[0] == '\n'))
		put(s, T_SEP, text, 1);
	return len && *text != '$' ? len : len + 1;
}

const struct token *scan_text(struct arena *a, struct pos at, const char *text)
{
	struct scan s = { .arena = a, .at = at };

	while (*text) {
		const char *end = text + put_token(&s, text);

		for (; text < end; text++) {
			/* Not the rest of a UTF-8 character. */
			if (((unsigned char)*text & 0xc0) != 0x80)
				s.at.column++;
			if (*text == '\n') {
				s.at.line++;
				s.at.column = 1;
			}
		}
	}
	put(&s, T_SEP, "", 0);
	put(&s, T_END, "", 0);
	return s.v;
}
