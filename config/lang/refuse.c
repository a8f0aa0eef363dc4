/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is said of tokens that are out of place.
 */
#include "config/lang/form.h"

#include <string.h>

#include "config/lang/parser.h"

/* What a text of changes can have is less than what files can. */
static enum place here(const struct token *t, enum place place)
{
	if (place == IN_TOPOLOGY && source_is_runtime(&t->pos))
		return IN_RUNTIME;
	return place;
}

static const char *found(struct parser *p, const struct token *t)
{
	if (t->kind == T_SEP && t->text[0] != ';')
		return *t->text			    ? "end of line"
		       : source_is_runtime(&t->pos) ? "end of text"
						    : "end of file";
	return arena_printf(p->arena, "%s\"%s\"",
			    t->kind == T_STRING ? "string " : "", t->text);
}

void refuse_unknown(struct parser *p, const struct token *t, enum place place)
{
	struct guess g = { .wanted = t->text };
	const char *list = word_list(p->arena, here(t, place), &g);

	if (g.best)
		wrong(p, t->pos, "unknown word \"%s\"; did you mean \"%s\"?",
		      t->text, g.best);
	else
		wrong(p, t->pos, "unknown word \"%s\"; what can be here is %s",
		      t->text, list);
}

/* A statement begins with something that begins none, or not here. */
void refuse_beginning(struct parser *p, const struct token *t, enum place place)
{
	unsigned int places = word_places(t->text);
	struct guess g = { .wanted = "" };

	if (places)
		wrong(p, t->pos, "\"%s\" belongs in %s", t->text,
		      word_where(places));
	else if (t->kind == T_CLOSE)
		wrong(p, t->pos, "this \"}\" closes nothing; take it out");
	else
		wrong(p, t->pos, "unexpected %s; what can be here is %s",
		      found(p, t), word_list(p->arena, here(t, place), &g));
}

/* "; expected X, Y or Z", or nothing if that would not be all of it. */
static const char *alternatives(struct parser *p, const struct expected *e,
				struct guess *g)
{
	static const char *const sign[] = {
		[T_SEP] = "end of line", [T_ARROW] = "\"->\"",
		[T_BIARROW] = "\"<->\"", [T_OPEN] = "\"{\"",
		[T_CLOSE] = "\"}\"",	 [T_COMMA] = "\",\"",
		[T_EQUALS] = NULL,
	};
	const char *one[T_EQUALS + MAX_FORMS];
	const char *text = "";
	unsigned int n = 0;

	for (unsigned int i = T_SEP; !e->open && i < T_EQUALS; i++) {
		if (e->signs & 1u << i)
			one[n++] = sign[i];
	}
	for (unsigned int i = 0; i < e->n; i++) {
		guess_offer(g, e->word[i]);
		/* That is for changes while it runs. */
		if (!e->open && strcmp(e->word[i], "off") != 0)
			one[n++] = arena_printf(p->arena, "\"%s\"", e->word[i]);
	}
	for (unsigned int i = 0; i < n; i++)
		text = arena_printf(p->arena, "%s%s%s", text,
				    i == 0	 ? "; expected "
				    : i == n - 1 ? " or "
						 : ", ",
				    one[i]);
	return text;
}

/* Inside a statement: what was expected, and how all of it is written. */
static void refuse_inside(struct parser *p, const struct expected *e,
			  const char *usage)
{
	const struct token *t = &p->src.now;
	struct guess g = { .wanted = t->kind == T_WORD ? t->text : "" };
	const char *expected = alternatives(p, e, &g);

	if (g.best)
		wrong(p, t->pos, "unexpected \"%s\"; did you mean \"%s\"?",
		      t->text, g.best);
	else
		wrong(p, t->pos, "unexpected %s%s%s%s", found(p, t), expected,
		      usage ? "; write " : "", usage ? usage : "");
}

/* Something that looks like a macro, but cannot be one. */
static bool refuse_macro(struct parser *p, enum place place,
			 const char *statement)
{
	const struct token *t = &p->src.now, *prev = &p->src.prev;
	const char *word = NULL;

	if (p->src.raw->kind == T_EQUALS && !statement &&
	    (t->kind == T_SOFT || t->kind == T_HARD))
		word = t->text;
	else if (t->kind == T_EQUALS && statement && prev->text &&
		 strcmp(prev->text, statement) == 0)
		word = statement;
	if (word)
		wrong(p, t->pos,
		      "\"%s\" is a word of the language and cannot name a "
		      "macro",
		      word);
	else if (prev->kind == T_EQUALS && !statement)
		wrong(p, t->pos,
		      "unexpected %s; a macro stands for one word, number or "
		      "string: NAME = VALUE",
		      found(p, t));
	else if (t->kind == T_EQUALS && place != IN_TOPOLOGY)
		wrong(p, t->pos, "a macro is defined outside of any { }");
	else
		return false;
	return true;
}

void refuse(struct parser *p, enum place place, const char *statement,
	    const struct expected *e)
{
	static const struct expected nothing = { .open = true };

	/* Some have been reported where they came from. */
	if (!p->src.now.text || p->src.closed == p->src.now.pos.seq)
		return;
	if (refuse_macro(p, place, statement))
		return;
	else if (statement || e)
		refuse_inside(p, e ? e : &nothing,
			      statement ? word_usage(p->arena, statement)
					: NULL);
	else
		refuse_beginning(p, &p->src.now, place);
}
