/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parser: statements are read by the table of words.
 *
 * Statements end at the end of a line or at ";", which are one token, SEP, and
 * at the "}" of their block.  After a mistake the parser goes on there, so that
 * every statement with a mistake gets its own message; blocks that are not
 * understood are skipped as a whole.
 *
 * At each token the forms are kept that it fits.  Those that remain agree on
 * what has been read, so nothing is ever read twice.
 */
#include "config/lang/parser.h"

#include <string.h>

#include "config/lang/actions.h"
#include "config/lang/form.h"
#include "config/lang/value.h"

/* --- tokens that are names ---------------------------------------------- */

static struct name *take(struct parser *p, bool string)
{
	const struct token *t = &p->src.now;
	struct name *n = arena_alloc(p->arena, sizeof(*n));

	*n = (struct name){ .text = t->text, .pos = t->pos, .macro = t->macro };
	if (string && t->kind == T_WORD) {
		wrong(p, t->pos, "write it in quotes: \"%s\"", t->text);
		/* Where in it something is would be a column off. */
		n->text = NULL;
	} else if (!string && t->kind == T_STRING) {
		wrong(p, t->pos,
		      "names and numbers are written without quotes: %s",
		      t->text);
	} else if (t->kind == T_HARD) {
		wrong(p, t->pos,
		      "\"%s\" is a word of the language and cannot be a name; "
		      "\"%s0\" can",
		      t->text, t->text);
		n->text = NULL;
	}
	return n;
}

static bool is_ref(const struct token *t)
{
	return element_fits(A_REF, t);
}

/* "{ a, b }", with or without commas; false: at what has no place there. */
static bool take_list(struct parser *p, struct names *names)
{
	source_step(&p->src);
	while (!source_unclosed(&p->src)) {
		enum token_kind kind = p->src.now.kind;

		if (is_ref(&p->src.now))
			names_add(names, take(p, false));
		else if (kind != T_COMMA && kind != T_SEP)
			return kind == T_CLOSE;
		source_step(&p->src);
	}
	p->src.depth--;
	return true;
}

static bool take_side(struct parser *p, struct args *a)
{
	struct topo_side *side = &a->side[a->n_sides];

	side->list = p->src.now.kind == T_OPEN;
	if (!side->list)
		names_add(&side->names, take(p, false));
	else if (!take_list(p, &side->names))
		return false;
	a->n_sides++;
	return true;
}

static struct name *take_value(struct parser *p, bool string, struct args *a)
{
	struct name *n = take(p, string);

	a->lost |= !n->text;
	return n;
}

/* Takes the token at hand for what an element wants. */
static bool take_element(struct parser *p, const char *at, struct args *a)
{
	enum element e = element_of(at);
	enum token_kind kind = p->src.now.kind;

	if (e == A_WORD)
		a->last = p->src.now;
	else if (e == AN_ARROW)
		a->arrow = kind == T_ARROW     ? ONE_WAY
			   : kind == T_BIARROW ? BOTH_WAYS
					       : NO_ARROW;
	else if (e == A_SIDE)
		return take_side(p, a);
	else if (e != A_SIGN && element_is_list(at))
		names_add(&a->list, take_value(p, false, a));
	else if (e != A_SIGN)
		a->v[a->n++] = take_value(p, e == A_TEXT || e == A_STRING, a);
	return true;
}

/* --- the ends of statements --------------------------------------------- */

/* Does a statement end before the token at hand? */
static bool ends(struct parser *p, enum place place)
{
	const struct source *s = &p->src;

	return source_unclosed(&p->src) || s->closed == s->now.pos.seq ||
	       s->now.kind == T_SEP || s->now.kind == T_END ||
	       (s->now.kind == T_CLOSE && place != IN_TOPOLOGY);
}

/* Whatever is in it: no recursion, for there may be many. */
static void skip_block(struct parser *p)
{
	unsigned int outside = p->src.depth;

	do {
		source_step(&p->src);
		while (p->src.depth > outside && source_unclosed(&p->src))
			p->src.depth--;
	} while (p->src.depth > outside);
}

/* Reads past what is not looked at; false: at what cannot even be that. */
bool parse_junk(struct parser *p, enum place place)
{
	while (!ends(p, place)) {
		if (p->src.now.kind == T_EQUALS || p->src.now.kind == T_CLOSE)
			return false;
		if (p->src.now.kind == T_OPEN)
			skip_block(p);
		else
			source_step(&p->src);
	}
	return true;
}

/* Reads past the rest of a statement that is not understood. */
static void recover(struct parser *p, enum place place)
{
	struct expected e = { .n = 0 };

	expect_end(&e, place, false);
	for (;;) {
		while (!ends(p, place) && p->src.now.kind != T_OPEN)
			source_step(&p->src);
		if (ends(p, place))
			return;
		skip_block(p);
		if (ends(p, place))
			return;
		refuse(p, place, NULL, &e);
		*p->in.broken = true;
	}
}

static void fail(struct parser *p, enum place place, const char *statement,
		 const struct expected *e)
{
	refuse(p, place, statement, e);
	*p->in.broken = true;
	recover(p, place);
}

/* The statement must end here. */
static void finish(struct parser *p, enum place place, const char *statement,
		   bool block)
{
	struct expected e = { .n = 0 };

	expect_end(&e, place, block);
	if (!ends(p, place))
		fail(p, place, statement, &e);
}

/* --- statements --------------------------------------------------------- */

/* NOLINTBEGIN(misc-no-recursion): the table's blocks are three deep at most. */

static void act(struct parser *p, const struct form *f, struct args *a)
{
	a->form = f;
	if (f->words) {
		a->o = form_option(f, p->in.self, p->in.settings);
		a->name = form_name(p->arena, f);
		if (f->act != on_off && !option_once(p, a->o, a->at, a->name))
			return;
		if (p->in.set)
			a->o->arg.text = a->written;
	}
	/* What cannot be read has been reported. */
	if (a->lost && !f->block && f->act != on_rule)
		*p->in.broken = true;
	else if (f->act)
		f->act(p, a);
}

/* Keeps the forms the token at hand fits. */
static unsigned int keep(struct match *m, unsigned int n, const struct token *t)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct match next = m[i];

		if (match_follow(&next, t))
			m[kept++] = next;
	}
	return kept;
}

/* Takes the token at hand for what the forms have there. */
static bool take_token(struct parser *p, struct match *m, unsigned int n,
		       struct args *a)
{
	const struct token *t = &p->src.now;
	bool comma = m->more && t->kind == T_COMMA;

	if (p->in.set && a->tokens++ >= m->form->words &&
	    strlen(a->written) < CONFIG_CHANGE_TEXT)
		a->written = arena_printf(p->arena, "%s%s%s%s", a->written,
					  *a->written ? " " : "",
					  t->macro ? "$" : "",
					  t->macro  ? t->macro
					  : t->text ? t->text
						    : "");
	if (!comma && !take_element(p, m->at, a))
		return false;
	for (unsigned int i = 0; i < n; i++)
		match_pass(&m[i], comma);
	/* The "}" of a list may be missing. */
	if (p->src.closed != p->src.now.pos.seq)
		source_step(&p->src);
	return true;
}

/* A statement whose form has been found. */
static void perform(struct parser *p, enum place place, const char *word,
		    const struct form *f, struct args *a)
{
	static const struct expected brace = { .signs = 1u << T_OPEN };
	struct blocks outer = p->in;
	bool block = f->block && p->src.now.kind == T_OPEN;

	act(p, f, a);
	if (f->block && !block && strchr(f->text, '{')) {
		*p->in.broken = true;
		p->in = outer;
		fail(p, place, word, &brace);
		return;
	}
	if (block) {
		source_step(&p->src);
		parse_items(p, f->block);
		if (p->src.now.kind == T_CLOSE)
			source_step(&p->src);
	}
	p->in = outer;
	finish(p, place, block ? NULL : word, f->block && !block);
}

/* The forms that begin with the token at hand in a place. */
static unsigned int begin(struct match *m, const struct token *t,
			  enum place place)
{
	unsigned int places = place, n = 0;

	if (place == IN_TOPOLOGY)
		places |= IN_RUNTIME;
	for (size_t i = 0; i < n_forms; i++) {
		if ((t->kind == T_HARD || t->kind == T_SOFT) &&
		    forms[i].places & places && form_begins(&forms[i], t->text))
			m[n++] = (struct match){ &forms[i], forms[i].text,
						 false };
	}
	return n;
}

/* The statement at hand, if one begins there. */
static bool statement(struct parser *p, enum place place)
{
	struct match m[MAX_FORMS];
	struct args a = { .at = p->src.now.pos, .written = "" };
	struct expected e = { .n = 0 };
	const char *word = p->src.now.text;
	unsigned int n = begin(m, &p->src.now, place);
	unsigned int left;

	if (!n)
		return false;
	while (n > 1 || !match_whole(m)) {
		left = keep(m, n, &p->src.now);
		n = left ? left : n;
		if (!left || !take_token(p, m, n, &a))
			break;
	}
	for (unsigned int i = 0; i < n; i++) {
		if (match_whole(&m[i]) ||
		    (match_can_end(&m[i]) && ends(p, place))) {
			perform(p, place, word, m[i].form, &a);
			return true;
		}
		match_expect(&m[i], place, p->arena, &e);
	}
	/* No name is lost with a rule, unlike with what may be a switch. */
	if (m->form->act == on_rule) {
		a.failed = true;
		if (a.n_sides == 2)
			act(p, m->form, &a);
		refuse(p, place, word, &e);
		recover(p, place);
	} else {
		fail(p, place, word, &e);
	}
	return true;
}

/* --- other lines -------------------------------------------------------- */

/* NAME = VALUE */
static void macro(struct parser *p)
{
	struct name *name = take(p, false);
	struct token value;

	source_step(&p->src);
	source_step(&p->src);
	value = p->src.now;
	if (value.kind < T_WORD) {
		fail(p, IN_TOPOLOGY, NULL, NULL);
		return;
	}
	source_step(&p->src);
	if (!refuse_runtime(p, name->pos) &&
	    value_identifier(p->t, name, "macro"))
		source_define(&p->src, name->text, name->pos, &value);
	finish(p, IN_TOPOLOGY, NULL, false);
}

/* With or without commas. */
static void members(struct parser *p, enum place place)
{
	for (; is_ref(&p->src.now) || p->src.now.kind == T_COMMA;
	     source_step(&p->src)) {
		if (p->src.now.kind != T_COMMA)
			names_add(p->in.members, take(p, false));
	}
	if (!ends(p, place))
		fail(p, place, NULL, NULL);
}

static void not_understood(struct parser *p, enum place place)
{
	struct token t = p->src.now;

	source_step(&p->src);
	if (!parse_junk(p, place)) {
		bool word = t.text && word_places(t.text);

		fail(p, place,
		     word && p->src.now.kind == T_EQUALS ? t.text : NULL, NULL);
		return;
	}
	*p->in.broken = true;
	if (t.kind == T_WORD)
		refuse_unknown(p, &t, place);
	else if (t.kind == T_SOFT)
		refuse_beginning(p, &t, place);
}

static void item(struct parser *p, enum place place)
{
	const struct token *t = &p->src.now;
	bool name = t->kind == T_WORD || t->kind == T_SOFT;
	bool list = place & (IN_GROUP | IN_DOMAIN | IN_PLACEMENT);

	if (place == IN_TOPOLOGY && name && p->src.raw->kind == T_EQUALS)
		macro(p);
	else if (statement(p, place))
		return;
	else if (list && (is_ref(t) || t->kind == T_COMMA))
		members(p, place);
	else if (!list && (t->kind == T_WORD || t->kind == T_BROKEN ||
			   (t->kind == T_SOFT && place == IN_TOPOLOGY)))
		not_understood(p, place);
	else
		fail(p, place, NULL, NULL);
}

void parse_items(struct parser *p, enum place place)
{
	struct source *s = &p->src;

	for (;;) {
		if (source_unclosed(s)) {
			s->depth--;
			if (place != IN_TOPOLOGY)
				return;
			*p->in.broken = true;
		} else if (s->now.kind == T_END ||
			   (s->now.kind == T_CLOSE && place != IN_TOPOLOGY)) {
			return;
		} else if (s->now.kind == T_SEP) {
			source_step(s);
		} else {
			s->closed = 0;
			item(p, place);
		}
	}
}

/* NOLINTEND(misc-no-recursion) */

void parse_topology(struct topology *t, const char *path, const char *runtime)
{
	struct parser p = {
		.arena = t->arena,
		.report = t->report,
		.t = t,
		.src = { .arena = t->arena,
			 .report = t->report,
			 .base = t->base },
		.in.broken = &t->broken,
	};
	struct pos begin = { .file = strcmp(path, "-") == 0 ? "stdin" : path,
			     .line = 1,
			     .column = 1 };

	if (!source_open(&p.src, path)) {
		t->broken = true;
		return;
	}
	parse_items(&p, IN_TOPOLOGY);
	if (runtime && source_runtime(&p.src, runtime))
		parse_items(&p, IN_TOPOLOGY);
	t->texts = p.src.texts;
	if (t->switches || t->disks || t->broken)
		return;
	wrong(t, begin,
	      "there is no switch in this topology; write one: switch NAME { "
	      "... }");
	t->broken = true;
}
