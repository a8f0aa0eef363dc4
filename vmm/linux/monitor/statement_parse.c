/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A change is cut into tokens (cut()), and these into statements (take_rule(),
 * take_set()).  A token points into the change's text.
 */
#include "vmm/linux/monitor/statement_parse.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Tokens one change may have. */
#define TOKENS_MAX 512u

enum token_kind { WORD, STRING, MARK, ARROW, BIARROW, OPEN, CLOSE, SEP };

struct token {
	enum token_kind kind;
	const char *text;
	size_t len;
};

/* Tokens from @at up to @end, that one not included. */
struct span {
	size_t at;
	size_t end;
};

/**
 * struct parse - a change on its way
 * @v, @n: its tokens, the last of them a SEP
 * @at:    the one looked at
 * @sys:   for names of ports
 * @fresh: statements found so far, in the order in which they were written
 * @err:   out
 */
struct parse {
	struct token v[TOKENS_MAX];
	size_t n;
	size_t at;
	const struct system *sys;
	struct statements fresh;
	struct error *err;
};

/* Text that is put together, or has become too long. */
struct text {
	char s[STATEMENT_MAX];
	size_t n;
	bool cut;
};

/* --- tokens --------------------------------------------------------------- */

static bool starts(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* Octets of a word: up to a blank, punctuation, or an arrow. */
static size_t word_length(const char *text)
{
	size_t n = 0;

	while (text[n] != '\0' && strchr(" \t\r\n{},;\"#<>", text[n]) == NULL &&
	       !starts(text + n, "->"))
		n++;
	return n;
}

static struct token string_token(const char *text)
{
	size_t n = strcspn(text + 1, "\"\n");

	/* Without its end it is no token, which a length of 0 says. */
	return (struct token){ STRING, text, text[n + 1] == '"' ? n + 2 : 0 };
}

/* The token at the beginning of a text; its length is 0 if that is none. */
static struct token token_at(const char *text)
{
	switch (*text) {
	case '\n':
	case ';':
		return (struct token){ SEP, text, 1 };
	case ',':
		return (struct token){ MARK, text, 1 };
	case '{':
		return (struct token){ OPEN, text, 1 };
	case '}':
		return (struct token){ CLOSE, text, 1 };
	case '"':
		return string_token(text);
	default:
		break;
	}
	if (starts(text, "->"))
		return (struct token){ ARROW, text, 2 };
	if (starts(text, "<->"))
		return (struct token){ BIARROW, text, 3 };
	return (struct token){ WORD, text, word_length(text) };
}

static bool is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if (((unsigned char)*text < ' ' &&
		     strchr("\t\r\n", *text) == NULL) ||
		    (unsigned char)*text > '~')
			return false;
	return true;
}

static int cut(struct parse *p, const char *text)
{
	if (!is_plain(text))
		return error_set(p->err,
				 "a change is printable ASCII, nothing else");
	for (;;) {
		struct token t;

		text += strspn(text, " \t\r");
		if (*text == '\0')
			break;
		t = token_at(text);
		if (t.len == 0)
			return error_set(
				p->err,
				"cannot read the change from \"%.40s\" on: "
				"strings end on their line, and comments, "
				"\"<\" and \">\" have no place in it",
				text);
		/* One is kept for the end. */
		if (p->n == TOKENS_MAX - 1)
			return error_set(p->err,
					 "the change is too long; make several "
					 "of it");
		p->v[p->n++] = t;
		text += t.len;
	}
	p->v[p->n++] = (struct token){ SEP, text, 0 };
	return 0;
}

static bool is_word(const struct token *t, const char *word)
{
	return t->kind == WORD && t->len == strlen(word) &&
	       memcmp(t->text, word, t->len) == 0;
}

/* --- putting texts together ------------------------------------------------ */

static void put(struct text *t, const char *s, size_t len)
{
	if (t->n + 1 + len >= sizeof(t->s)) {
		t->cut = true;
		return;
	}
	if (t->n > 0)
		t->s[t->n++] = ' ';
	memcpy(t->s + t->n, s, len);
	t->n += len;
	t->s[t->n] = '\0';
}

static void put_word(struct text *t, const char *word)
{
	put(t, word, strlen(word));
}

static void put_span(const struct parse *p, struct text *t, struct span s)
{
	for (size_t i = s.at; i < s.end; i++)
		put(t, p->v[i].text, p->v[i].len);
}

/* The switch that has a port of this name, if exactly one has. */
static const struct sys_component *only_switch(const struct system *sys,
					       const struct token *name)
{
	const struct sys_component *found = NULL;

	for (size_t i = 0; i < sys->n_pds; i++) {
		for (uint32_t c = 0; c < sys->pd[i].n_comps; c++) {
			const struct sys_component *comp = &sys->pd[i].comp[c];

			if (comp->kind != SYS_SWITCH)
				continue;
			for (uint32_t n = 0; n < comp->sw.n_ports; n++) {
				const char *port = comp->sw.port[n].name;

				if (strlen(port) != name->len ||
				    memcmp(port, name->text, name->len) != 0)
					continue;
				if (found != NULL)
					return NULL;
				found = comp;
			}
		}
	}
	return found;
}

/* What a key calls one end of a rule, or a port: in full, if that is known. */
static void put_name(const struct parse *p, struct text *t, struct span s)
{
	const struct token *name = &p->v[s.at];
	const struct sys_component *sw = NULL;
	char full[SYS_NAME + SYS_SHORT];

	if (s.end - s.at == 1)
		sw = only_switch(p->sys, name);
	if (sw == NULL) {
		put_span(p, t, s);
		return;
	}
	snprintf(full, sizeof(full), "%s.%.*s", sw->name, (int)name->len,
		 name->text);
	put_word(t, full);
}

/* A statement of this change is complete. */
static int complete(struct parse *p, const struct text *text,
		    const struct text *key)
{
	if (text->cut || key->cut)
		return error_set(p->err,
				 "a statement has at most %u octets; \"%.40s "
				 "...\" has more",
				 STATEMENT_MAX - 1, text->s);
	if (statements_find(&p->fresh, key->s) != NULL)
		return error_set(p->err,
				 "the change says two things of \"%.200s\"",
				 key->s);
	return statements_append(&p->fresh, text->s, key->s, 0, p->err);
}

/* --- rules ----------------------------------------------------------------- */

/* Tokens up to one that ends this part of a rule. */
static struct span side(struct parse *p)
{
	struct span s = { p->at, p->at };

	for (; p->v[s.end].kind != SEP; s.end++)
		if (p->v[s.end].kind == ARROW || p->v[s.end].kind == BIARROW ||
		    is_word(&p->v[s.end], "when") ||
		    is_word(&p->v[s.end], "reply"))
			break;
	p->at = s.end;
	return s;
}

static struct span rest(struct parse *p)
{
	struct span s = { p->at, p->at };

	while (p->v[s.end].kind != SEP)
		s.end++;
	p->at = s.end;
	return s;
}

static int add_rule(struct parse *p, const struct token *verb, struct span from,
		    struct span to, struct span tail)
{
	struct text text = { .n = 0 }, key = { .n = 0 };

	put(&text, verb->text, verb->len);
	put_span(p, &text, from);
	put_word(&text, "->");
	put_span(p, &text, to);
	put_span(p, &text, tail);
	put_name(p, &key, from);
	put_word(&key, "->");
	put_name(p, &key, to);
	/* With or without `reply`, it is about the same frames. */
	if (tail.end > tail.at && is_word(&p->v[tail.end - 1], "reply"))
		tail.end--;
	put_span(p, &key, tail);
	return complete(p, &text, &key);
}

static int take_rule(struct parse *p)
{
	const struct token *verb = &p->v[p->at++];
	struct span from = side(p), to, tail;
	enum token_kind arrow = p->v[p->at].kind;

	if ((arrow != ARROW && arrow != BIARROW) || from.at == from.end)
		return error_set(p->err,
				 "a rule is \"%.*s PORT -> PORT\", or with "
				 "\"<->\" for both ways",
				 (int)verb->len, verb->text);
	p->at++;
	to = side(p);
	tail = rest(p);
	if (to.at == to.end)
		return error_set(p->err,
				 "behind the arrow of a rule there must be a "
				 "port");
	if (add_rule(p, verb, from, to, tail) != 0)
		return -1;
	return arrow == BIARROW ? add_rule(p, verb, to, from, tail) : 0;
}

/* --- settings -------------------------------------------------------------- */

/* Is a setting's name two words? */
static bool has_two_words(const struct token *first)
{
	return is_word(first, "mac") || is_word(first, "ip") ||
	       is_word(first, "limit") || is_word(first, "storm");
}

/**
 * add_setting - one setting of one port
 * @port:    that port
 * @setting: what it is set to
 * @way:     a word to put behind the first one, or NULL
 */
static int add_setting(struct parse *p, struct span port, struct span setting,
		       const char *way)
{
	struct text text = { .n = 0 }, key = { .n = 0 };
	struct span first = { setting.at, setting.at + 1 };
	struct span second = { first.end, first.end };

	if (way == NULL && has_two_words(&p->v[first.at]) &&
	    second.end < setting.end)
		second.end++;
	put_word(&text, "set");
	put_span(p, &text, port);
	put_word(&text, "{");
	put_span(p, &text, first);
	if (way != NULL)
		put_word(&text, way);
	put_span(p, &text, (struct span){ first.end, setting.end });
	put_word(&text, "}");
	put_word(&key, "set");
	put_name(p, &key, port);
	put_span(p, &key, first);
	if (way != NULL)
		put_word(&key, way);
	put_span(p, &key, second);
	return complete(p, &text, &key);
}

/* "storm none" turns three settings off. */
static int add_storms(struct parse *p, struct span port)
{
	static const char *const kind[] = { "broadcast", "multicast",
					    "unknown" };

	for (size_t i = 0; i < sizeof(kind) / sizeof(kind[0]); i++) {
		struct text text = { .n = 0 }, key = { .n = 0 };

		put_word(&text, "set");
		put_span(p, &text, port);
		put_word(&text, "{ storm");
		put_word(&text, kind[i]);
		put_word(&text, "off }");
		put_word(&key, "set");
		put_name(p, &key, port);
		put_word(&key, "storm");
		put_word(&key, kind[i]);
		if (complete(p, &text, &key) != 0)
			return -1;
	}
	return 0;
}

static int take_setting(struct parse *p, struct span port)
{
	struct span s = { p->at, p->at };
	const struct token *second;

	while (p->v[s.end].kind != SEP && p->v[s.end].kind != CLOSE)
		s.end++;
	p->at = s.end;
	second = &p->v[s.at + 1];
	if (s.end - s.at == 2 && is_word(&p->v[s.at], "storm") &&
	    is_word(second, "none"))
		return add_storms(p, port);
	if (s.end - s.at < 2 || !is_word(&p->v[s.at], "limit") ||
	    is_word(second, "in") || is_word(second, "out"))
		return add_setting(p, port, s, NULL);
	if (add_setting(p, port, s, "in") != 0)
		return -1;
	return add_setting(p, port, s, "out");
}

static int take_set(struct parse *p)
{
	struct span port = { p->at + 1, p->at + 2 };

	p->at += 2;
	if (p->v[port.at].kind != WORD || p->v[p->at].kind != OPEN)
		return error_set(p->err,
				 "a port is changed with \"set PORT { SETTING "
				 "}\"");
	for (p->at++; p->at < p->n && p->v[p->at].kind != CLOSE;) {
		if (p->v[p->at].kind == SEP)
			p->at++;
		else if (take_setting(p, port) != 0)
			return -1;
	}
	if (p->at == p->n)
		return error_set(p->err, "the \"}\" of a \"set\" is missing");
	p->at++;
	return 0;
}

/* --- a change ---------------------------------------------------------------- */

static int take_statement(struct parse *p)
{
	const struct token *t = &p->v[p->at];

	if (is_word(t, "allow") || is_word(t, "deny"))
		return take_rule(p);
	if (is_word(t, "set"))
		return take_set(p);
	return error_set(p->err,
			 "a change is made of allow, deny and set; \"%.*s\" is "
			 "none of them",
			 (int)(t->len < 40 ? t->len : 40), t->text);
}

static int take_all(struct parse *p)
{
	while (p->at < p->n) {
		if (p->v[p->at].kind == SEP)
			p->at++;
		else if (take_statement(p) != 0)
			return -1;
		else if (p->at < p->n && p->v[p->at].kind != SEP)
			return error_set(p->err,
					 "a statement ends at the end of its "
					 "line or at \";\"");
	}
	if (p->fresh.n == 0)
		return error_set(p->err, "the change is empty");
	return 0;
}

int statements_parse(struct statements *fresh, const struct system *sys,
		     const char *text, struct error *err)
{
	struct parse *p = calloc(1, sizeof(*p));
	int result = -1;

	if (p == NULL)
		return error_set(err, "the monitor is out of memory");
	p->sys = sys;
	p->err = err;
	if (cut(p, text) == 0)
		result = take_all(p);
	*fresh = p->fresh;
	free(p);
	return result;
}
