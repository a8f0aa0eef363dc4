/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the grammar says of tokens that do not fit, and how a parse begins.
 */
#include "config/parser.h"

#include <string.h>

#include "config/parser.tab.h"

void parse_topology(struct topology *t, const char *path)
{
	struct parser p = {
		.arena = t->arena,
		.report = t->report,
		.t = t,
		.source = source_open(t->arena, t->report, path),
	};
	struct pos begin;

	/* Every error has been reported and gone on from. */
	(void)conf_parse(&p);
	if (source_was_empty(p.source, &begin))
		report_error(t->report, begin,
			     "the topology is empty; it needs a switch at "
			     "least: switch NAME { ... }");
}

/* --- tokens that are names ------------------------------------------------ */

struct name *take(struct parser *p, const struct token *token)
{
	struct name *n = arena_alloc(p->arena, sizeof(*n));

	n->text = token->text;
	n->pos = token->pos;
	return n;
}

struct name *take_unquoted(struct parser *p, const struct token *token)
{
	report_error(p->report, token->pos,
		     "names and numbers are written without quotes: %s",
		     token->text);
	return take(p, token);
}

struct name *take_quoted(struct parser *p, const struct token *token)
{
	report_error(p->report, token->pos, "write it in quotes: \"%s\"",
		     token->text);
	return take(p, token);
}

struct name *take_keyword(struct parser *p, const struct token *token)
{
	struct name *n = take(p, token);

	report_error(p->report, token->pos,
		     "\"%s\" is a word of the language and cannot be a name; "
		     "\"%s0\" can",
		     token->text, token->text);
	n->text = NULL;
	return n;
}

/* --- tokens that do not fit ----------------------------------------------- */

void refuse_later(struct parser *p, const struct token *token)
{
	const struct word *word = word_find(token->text);

	report_error(p->report, token->pos,
		     "\"%s\" (%s) is not in this version of weir; take it out",
		     token->text, word->later);
}

void refuse_unknown(struct parser *p, const struct token *token,
		    enum place place)
{
	struct guess g = { .wanted = token->text };

	mark_broken(p, place);
	word_guess(&g, place);
	if (g.best)
		report_error(p->report, token->pos,
			     "unknown word \"%s\"; did you mean \"%s\"?",
			     token->text, g.best);
	else
		report_error(p->report, token->pos,
			     "unknown word \"%s\"; what can be here is %s",
			     token->text, word_list(p->arena, place));
}

void mark_broken(struct parser *p, enum place place)
{
	if (p->port)
		p->port->broken = true;
	if (p->domain)
		p->domain->broken = true;
	if (place == IN_PORT || place == IN_LINK)
		return;
	/* The block being read, if any, has been left. */
	p->port = NULL;
	p->link = NULL;
	if (p->sw)
		p->sw->broken = true;
	if (place != IN_TOPOLOGY)
		return;
	p->sw = NULL;
	p->domain = NULL;
	p->t->broken = true;
}

/* --- syntax errors ---------------------------------------------------------- */

static const char *found(struct parser *p, const struct token *t)
{
	if (t->kind == T_SEP && t->text[0] != ';')
		return *t->text ? "the end of the line" : "the end of the file";
	if (t->kind == 0)
		return "the end of the file";
	if (t->kind == T_STRING)
		return arena_printf(p->arena, "the string \"%s\"", t->text);
	return arena_printf(p->arena, "\"%s\"", t->text);
}

/* Names of tokens in messages: words and signs in quotes, sorts without. */
static const char *quoted(struct parser *p, const char *name)
{
	if (strchr(name, ' '))
		return name;
	return arena_printf(p->arena, "\"%s\"", name);
}

/* "; expected X, Y or Z", or nothing if there are too many to be of help. */
static const char *alternatives(struct parser *p, const char *const *expected,
				int n)
{
	const char *text = "";

	for (int i = 0; i < n; i++)
		text = arena_printf(p->arena, "%s%s%s", text,
				    i == 0     ? "; expected " :
				    i == n - 1 ? " or " :
						 ", ",
				    quoted(p, expected[i]));
	return text;
}

static enum place place_now(const struct parser *p)
{
	if (p->port)
		return IN_PORT;
	if (p->sw)
		return IN_SWITCH;
	if (p->link)
		return IN_LINK;
	return p->domain ? IN_DOMAIN : IN_TOPOLOGY;
}

/* A statement begins with something that begins none, or not here. */
static void refuse_beginning(struct parser *p, const struct token *t,
			     bool before_equals)
{
	const struct word *word = word_find(t->text);
	enum place place = place_now(p);

	if (word && before_equals)
		report_error(p->report, t->pos,
			     "\"%s\" is a word of the language and cannot name "
			     "a macro",
			     t->text);
	else if (word && word->places)
		report_error(p->report, t->pos, "\"%s\" belongs in %s",
			     t->text, word_where(word->places));
	else if (t->kind == '}')
		report_error(p->report, t->pos,
			     "this \"}\" closes nothing; take it out");
	else
		report_error(p->report, t->pos,
			     "unexpected %s; what can be here is %s",
			     found(p, t), word_list(p->arena, place));
}

/* Inside a statement: say what was expected and how all of it is written. */
static void refuse_inside(struct parser *p, const struct token *t,
			  const struct word *statement,
			  const char *const *expected, int n)
{
	struct guess g = { .wanted = t->text };
	const char *usage = "";

	for (int i = 0; i < n && t->kind == T_WORD; i++)
		guess_offer(&g, expected[i]);
	if (statement)
		usage = arena_printf(p->arena, "; write %s", statement->usage);
	if (g.best)
		report_error(p->report, t->pos,
			     "unexpected \"%s\"; did you mean \"%s\"?", t->text,
			     g.best);
	else
		report_error(p->report, t->pos, "unexpected %s%s%s",
			     found(p, t), alternatives(p, expected, n), usage);
}

void refuse_syntax(struct parser *p, const char *const *expected, int n)
{
	int statement;
	bool before_equals;
	struct token t = source_last(p->source, &statement, &before_equals);

	if (!t.text)
		return; /* reported by the scanner */
	if (t.kind == T_LATER)
		refuse_later(p, &t);
	else if (statement || n)
		refuse_inside(p, &t, word_of(statement), expected, n);
	else
		refuse_beginning(p, &t, before_equals);
}
