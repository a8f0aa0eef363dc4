/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the grammar says of tokens that do not fit, and how a parse begins.
 */
#include "config/lang/parser.h"

#include <string.h>

#include "config/lang/file.h"
#include "config/lang/parser.tab.h"
#include "config/lang/value.h"

/* The files of a system, for reading them once more without the disk. */
static struct source_text *texts_of(struct arena *a, const struct system *base)
{
	struct source_text *texts = NULL;

	for (size_t i = base ? base->n_sources : 0; i-- > 0;) {
		struct source_text *text = arena_alloc(a, sizeof(*text));

		text->next = texts;
		text->path = base->source[i].path;
		text->text = base->source[i].text;
		text->size = base->source[i].size;
		texts = text;
	}
	return texts;
}

void parse_topology(struct topology *t, const char *path, const char *runtime)
{
	struct parser p = {
		.arena = t->arena,
		.report = t->report,
		.t = t,
		.source = source_open(t->arena, t->report, path,
				      texts_of(t->arena, t->base), runtime),
	};
	struct pos begin;

	if (!p.source) {
		t->broken = true;
		return;
	}
	begin = source_begin(p.source);
	/* Every error has been reported and gone on from. */
	(void)conf_parse(&p);
	t->texts = source_texts(p.source);
	if (t->switches || t->broken)
		return;
	report_error(t->report, begin,
		     "there is no switch in this topology; write one: switch "
		     "NAME { ... }");
	t->broken = true;
}

int conf_lex(CONF_STYPE *value, CONF_LTYPE *at, struct parser *p)
{
	value->token = source_next(p->source);
	*at = value->token.pos;
	return value->token.kind;
}

/* Called for what is no syntax error: the stack's limit. */
void conf_error(const CONF_LTYPE *at, struct parser *p, const char *text)
{
	report_error(p->report, *at,
		     "this is nested too deeply (%s); take braces out", text);
}

/* --- tokens that are names ----------------------------------------------- */

struct name *take(struct parser *p, const struct token *token)
{
	struct name *n = arena_alloc(p->arena, sizeof(*n));

	n->text = token->text;
	n->pos = token->pos;
	n->macro = token->macro;
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
	struct name *n = take(p, token);

	report_error(p->report, token->pos, "write it in quotes: \"%s\"",
		     token->text);
	/* What it says is not looked at: where in it would be a column off. */
	n->text = NULL;
	return n;
}

struct name take_file(struct parser *p, const struct name *path)
{
	struct name file = { .pos = path->pos };
	const char *found;

	if (!value_path(p->report, path, SYS_PATH - 1, "weir"))
		return file;
	found = file_absolute(p->arena, path->pos.file, path->text);
	if (!found)
		report_error(p->report, path->pos,
			     "the current folder cannot be told, to which "
			     "\"%s\" is relative; write the whole path",
			     path->text);
	else if (strlen(found) >= SYS_PATH)
		report_error(
			p->report, path->pos,
			"\"%s\" is relative to this file's folder, and has "
			"%zu characters with it; weir allows %d",
			path->text, strlen(found), SYS_PATH - 1);
	else
		file.text = found;
	return file;
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

/* --- tokens that do not fit ---------------------------------------------- */

void refuse_later(struct parser *p, const struct token *token)
{
	const struct word *word = word_find(token->text);

	report_error(p->report, token->pos,
		     "\"%s\" (%s) is not in this version of weir; take it out",
		     token->text, word->later);
}

/* What a text of changes can have is less than what files can. */
static enum place here(const struct token *token, enum place place)
{
	if (place == IN_TOPOLOGY && source_is_runtime(&token->pos))
		return IN_RUNTIME;
	return place;
}

void refuse_unknown(struct parser *p, const struct token *token,
		    enum place place)
{
	struct guess g = { .wanted = token->text };

	mark_broken(p, place);
	place = here(token, place);
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
	if (p->vm)
		p->vm->broken = true;
	if (p->group)
		p->group->broken = true;
	if (place == IN_PORT || place == IN_LINK || place == IN_VM ||
	    place == IN_SET)
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
	p->group = NULL;
	p->set = NULL;
	p->vm = NULL;
	p->t->broken = true;
}

/* --- syntax errors ------------------------------------------------------- */

static const char *end_of(const struct token *t)
{
	return source_is_runtime(&t->pos) ? "end of text" : "end of file";
}

static const char *found(struct parser *p, const struct token *t)
{
	if (t->kind == T_SEP && t->text[0] != ';')
		return *t->text ? "end of line" : end_of(t);
	if (t->kind == T_STRING)
		return arena_printf(p->arena, "string \"%s\"", t->text);
	return arena_printf(p->arena, "\"%s\"", t->text);
}

/* Tokens that are never what is right, or not in a file. */
static bool is_wrong(const char *name)
{
	return strcmp(name, "BROKEN") == 0 || strcmp(name, "LATER") == 0 ||
	       strcmp(name, "off") == 0;
}

/* Words and signs are exact; "a name or number" could be anything. */
static bool is_exact(const char *name)
{
	return !strchr(name, ' ') || strcmp(name, "end of line") == 0;
}

/* "; expected X, Y or Z", or nothing if that would not be all of it. */
static const char *alternatives(struct parser *p, const char *const *expected,
				int n)
{
	const char *text = "";
	const char *last = NULL;

	for (int i = 0; i < n; i++) {
		const char *quote = strchr(expected[i], ' ') ? "" : "\"";

		if (is_wrong(expected[i]))
			continue;
		if (!is_exact(expected[i]))
			return "";
		if (last)
			text = arena_printf(p->arena, "%s%s%s", text,
					    *text ? ", " : "", last);
		last = arena_printf(p->arena, "%s%s%s", quote, expected[i],
				    quote);
	}
	if (!last)
		return "";
	return arena_printf(p->arena, "; expected %s%s%s", text,
			    *text ? " or " : "", last);
}

static enum place place_now(const struct parser *p)
{
	if (p->port)
		return IN_PORT;
	if (p->sw)
		return IN_SWITCH;
	if (p->link)
		return IN_LINK;
	if (p->vm)
		return IN_VM;
	if (p->group)
		return IN_GROUP;
	if (p->set)
		return IN_SET;
	return p->domain ? IN_DOMAIN : IN_TOPOLOGY;
}

/* Something that looks like a macro, but cannot be one. */
static bool refuse_macro(struct parser *p, const struct place_in_source *at)
{
	const struct token *t = &at->last;
	const struct word *word = NULL;

	if (at->after == '=' && !at->statement)
		word = word_find(t->text);
	else if (t->kind == '=' && at->before == at->statement)
		word = word_of(at->statement);
	if (word)
		report_error(p->report, t->pos,
			     "\"%s\" is a word of the language and cannot name "
			     "a macro",
			     word->text);
	else if (at->before == '=' && !at->statement)
		report_error(p->report, t->pos,
			     "unexpected %s; a macro stands for one word, "
			     "number or string: NAME = VALUE",
			     found(p, t));
	else if (t->kind == '=' && place_now(p) != IN_TOPOLOGY)
		report_error(p->report, t->pos,
			     "a macro is defined outside of any { }");
	else
		return false;
	return true;
}

void refuse_misplaced(struct parser *p, const struct token *token)
{
	const struct word *word = word_find(token->text);

	mark_broken(p, place_now(p));
	if (word && word->places)
		report_error(p->report, token->pos, "\"%s\" belongs in %s",
			     token->text, word_where(word->places));
	else
		report_error(p->report, token->pos,
			     "unexpected %s; what can be here is %s",
			     found(p, token),
			     word_list(p->arena, here(token, place_now(p))));
}

/* A statement begins with something that begins none, or not here. */
static void refuse_beginning(struct parser *p, const struct token *t)
{
	const struct word *word = word_find(t->text);

	if (word && word->places)
		report_error(p->report, t->pos, "\"%s\" belongs in %s", t->text,
			     word_where(word->places));
	else if (t->kind == '}')
		report_error(p->report, t->pos,
			     "this \"}\" closes nothing; take it out");
	else
		report_error(p->report, t->pos,
			     "unexpected %s; what can be here is %s",
			     found(p, t),
			     word_list(p->arena, here(t, place_now(p))));
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
	struct place_in_source at = source_place(p->source);

	if (!at.last.text)
		return; /* reported where it came from */
	if (at.last.kind == T_LATER)
		refuse_later(p, &at.last);
	else if (refuse_macro(p, &at))
		return;
	else if (at.statement || n)
		refuse_inside(p, &at.last, word_of(at.statement), expected, n);
	else
		refuse_beginning(p, &at.last);
}
