/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Characters one does not see, or takes for others: they come with text that
 * was copied from a web page or a word processor.
 */
#include "config/lang/source.h"

#include <stdint.h>
#include <string.h>

/* Ranges of characters, and what is said of all in it. */
static const struct {
	uint32_t first;
	uint32_t last;
	const char *what;
} invisible[] = {
	{ 0x00a0, 0x00a0, "a no-break space (U+00A0)" },
	{ 0x00ad, 0x00ad, "a soft hyphen (U+00AD)" },
	{ 0x034f, 0x034f, "a grapheme joiner (U+034F)" },
	{ 0x061c, 0x061c, "a mark of writing direction (U+061C)" },
	{ 0x1680, 0x1680, "a space that is none (U+1680)" },
	{ 0x2000, 0x200a, "a typographic space (U+2000 to U+200A)" },
	{ 0x200b, 0x200b, "a zero-width space (U+200B)" },
	{ 0x200c, 0x200d, "a zero-width joiner (U+200C or U+200D)" },
	{ 0x200e, 0x200f, "a mark of writing direction (U+200E or U+200F)" },
	{ 0x2028, 0x2029, "a line separator (U+2028 or U+2029)" },
	{ 0x202a, 0x202e, "a mark of writing direction (U+202A to U+202E)" },
	{ 0x202f, 0x202f, "a narrow no-break space (U+202F)" },
	{ 0x205f, 0x205f, "a mathematical space (U+205F)" },
	{ 0x2060, 0x2064, "a word joiner (U+2060 to U+2064)" },
	{ 0x2066, 0x2069, "a mark of writing direction (U+2066 to U+2069)" },
	{ 0x3000, 0x3000, "an ideographic space (U+3000)" },
	{ 0xfe00, 0xfe0f, "a variation selector (U+FE00 to U+FE0F)" },
	{ 0xfeff, 0xfeff, "a byte order mark (U+FEFF)" },
};

/* The character at @text, which is UTF-8, and its bytes. */
static uint32_t decode(const char *text, size_t *len)
{
	const unsigned char *p = (const unsigned char *)text;
	uint32_t c;

	*len = *p < 0x80 ? 1 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	c = *len == 1 ? *p : *p & (0x7fu >> *len);
	for (size_t i = 1; i < *len; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

static const char *name(uint32_t c)
{
	for (size_t i = 0; i < sizeof(invisible) / sizeof(invisible[0]); i++) {
		if (c >= invisible[i].first && c <= invisible[i].last)
			return invisible[i].what;
	}
	return NULL;
}

/* The first one of a text, and how many characters are before it. */
static const char *find(const char *text, unsigned int *at)
{
	const char *what = NULL;
	size_t len;

	for (*at = 0; *text; text += len, ++*at) {
		what = name(decode(text, &len));
		if (what)
			break;
	}
	return what;
}

/* Typewriter quotes and accents, and the quotes of books. */
static bool is_quote(uint32_t c)
{
	return c == '\'' || c == '`' || c == 0xb4 || c == 0xab || c == 0xbb ||
	       (c >= 0x2018 && c <= 0x201f) || c == 0x2039 || c == 0x203a;
}

bool visible_quote(const char *word, bool end)
{
	bool quote = false;
	size_t len;

	for (; *word; word += len) {
		quote = is_quote(decode(word, &len));
		if (!end)
			break;
	}
	return quote;
}

bool visible_check(struct source *s)
{
	struct token *t = &s->now;
	struct pos at = t->pos;
	const char *what;
	unsigned int n;

	if (t->kind == T_BROKEN || !t->text || !*t->text)
		return false;
	what = find(t->text, &n);
	at.column += n;
	if (t->kind == T_STRING) {
		at.column++;
		if (what)
			warn(s, at, "there is %s in this string", what);
		return false;
	}
	if (what)
		wrong(s, at,
		      "there is %s here, which one does not see; take it out, "
		      "or write a plain space",
		      what);
	else if (t->kind == T_WORD && (visible_quote(t->text, false) ||
				       visible_quote(t->text, true)))
		wrong(s, t->pos,
		      "%s has quotes that are none here; a string stands "
		      "between two \"\", and a name between none",
		      t->text);
	else
		return false;
	t->kind = T_BROKEN;
	t->text = NULL;
	return !what;
}
