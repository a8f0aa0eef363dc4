/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Forgotten braces.  Most statements can only stand outside of all blocks, and
 * `port` only in a switch.  Where one of them begins a line inside a block, the
 * "}" that must have been meant is reported as missing; otherwise the rest of
 * the file would be taken for the inside of that block.
 */
#include "config/lang/source.h"

#include <string.h>

#include "config/lang/file.h"
#include "config/lang/words.h"

#define MAX_DEPTH 16
#define MAX_FILES 256
/* Bytes of all files: a topology is compiled in memory, and in seconds. */
#define MAX_TEXT ((size_t)4 << 20)

/* Known by where it is: a file may be called that as well. */
static const char runtime_name[] = "(runtime)";

/* A file being read, and where the one before it goes on. */
struct level {
	struct level *outer;
	struct file file;
	struct token now;
	const struct token *raw;
};

struct macro {
	struct macro *next;
	const char *name;
	struct pos pos;
	struct token value;
};

/* --- files --------------------------------------------------------------- */

static void push(struct source *s, const struct file *file, struct pos at)
{
	struct level *level = arena_alloc(s->arena, sizeof(*level));

	level->file = *file;
	level->outer = s->level;
	level->now = s->now;
	level->raw = s->raw;
	s->level = level;
	s->n_levels++;
	s->n_files++;
	s->raw = scan_text(s->arena, at, file->text);
	s->now.kind = T_SEP;
	source_step(s);
}

void source_leave(struct source *s)
{
	s->now = s->level->now;
	s->raw = s->level->raw;
	s->level = s->level->outer;
	s->n_levels--;
}

/* Keeps the text of a file, and finds the next one of @base. */
static struct source_text *remember(struct source *s, const char *path)
{
	struct source_text **tail = &s->texts;
	const struct system *base = s->base;
	size_t n = 0;

	for (; *tail; tail = &(*tail)->next)
		n++;
	*tail = arena_alloc(s->arena, sizeof(**tail));
	(*tail)->path = path;
	/* The same texts ask for the same files. */
	if (base && n < base->n_sources) {
		(*tail)->text = base->source[n].text;
		(*tail)->size = base->source[n].size;
	}
	return *tail;
}

/* Takes a file from @base, or as file_read(). */
static bool get(struct source *s, const char *path, struct pos asked,
		struct pos begin, struct file *file)
{
	struct source_text *text = remember(s, path);

	if (!(text->text ? file_given(s->report, path, text->text, text->size,
				      begin, file)
			 : file_read(s->report, path, asked, begin, file)))
		return false;
	text->text = file->text;
	text->size = file->size;
	s->size += file->size;
	return s->size <= MAX_TEXT || wrong(s, asked,
					    "the files have more than %zu MiB "
					    "in all; does one include another "
					    "many times?",
					    MAX_TEXT >> 20);
}

bool source_open(struct source *s, const char *path)
{
	const char *shown = strcmp(path, "-") == 0 ? "stdin" : path;
	struct pos at = { .file = shown, .line = 1, .column = 1 };
	struct file file;

	if (!get(s, path, at, at, &file))
		return false;
	file.path = shown;
	push(s, &file, at);
	return true;
}

bool source_runtime(struct source *s, const char *text)
{
	struct pos begin = {
		.file = runtime_name, .line = 1, .column = 1, .seq = s->seq
	};
	struct file file;

	if (!file_given(s->report, runtime_name, text, strlen(text), begin,
			&file))
		return false;
	push(s, &file, begin);
	return true;
}

bool source_is_runtime(const struct pos *at)
{
	return at->file == runtime_name;
}

/* Reports a file that includes itself: "a.conf -> b.conf -> a.conf". */
static bool is_cycle(struct source *s, const struct file *file, struct pos at)
{
	const char *chain = NULL;
	const struct level *l;

	for (l = s->level; l; l = l->outer) {
		chain = arena_printf(s->arena, "%s -> %s", l->file.path,
				     chain ? chain : file->path);
		if (file_same(&l->file, file))
			break;
	}
	if (l)
		wrong(s, at,
		      "a file cannot include itself: %s; take one of these "
		      "includes out",
		      chain);
	return l;
}

bool source_include(struct source *s, const char *path, struct pos at)
{
	const char *found = file_beside(s->arena, s->level->file.path, path);
	struct pos begin = {
		.file = found, .line = 1, .column = 1, .seq = at.seq
	};
	struct file file;

	if (s->n_levels == MAX_DEPTH)
		wrong(s, at,
		      "more than %d files include each other in turn; take "
		      "this include out",
		      MAX_DEPTH);
	else if (s->n_files == MAX_FILES)
		wrong(s, at,
		      "there are more than %d files in all; put some of them "
		      "together",
		      MAX_FILES);
	else if (get(s, found, at, begin, &file) && !is_cycle(s, &file, at)) {
		push(s, &file, begin);
		return true;
	}
	return false;
}

/* --- macros -------------------------------------------------------------- */

static const struct macro *find(const struct source *s, const char *name)
{
	const struct macro *m = s->macros;

	while (m && strcmp(m->name, name) != 0)
		m = m->next;
	return m;
}

void source_define(struct source *s, const char *name, struct pos at,
		   const struct token *value)
{
	const struct macro *old = find(s, name);
	struct macro *m;

	if (old) {
		wrong(s, at,
		      "macro \"%s\" is defined already, in %s; give this one "
		      "another name",
		      name, place(s, at, old->pos));
		return;
	}
	m = arena_alloc(s->arena, sizeof(*m));
	*m = (struct macro){ s->macros, name, at, *value };
	s->macros = m;
}

static void report_unknown(struct source *s, const struct token *t)
{
	struct guess g = { .wanted = t->text };

	/* Among thousands, that takes long. */
	for (const struct macro *m = s->macros;
	     m && report_tells(s->report, t->pos); m = m->next)
		guess_offer(&g, m->name);
	if (!*t->text)
		wrong(s, t->pos, "\"$\" wants a macro's name right behind it");
	else if (g.best)
		wrong(s, t->pos, "unknown macro \"%s\"; did you mean \"%s\"?",
		      t->text, g.best);
	else if (source_is_runtime(&t->pos))
		wrong(s, t->pos,
		      "unknown macro \"%s\"; the topology has none of that "
		      "name",
		      t->text);
	else
		wrong(s, t->pos,
		      "unknown macro \"%s\"; define it above: %s = \"VALUE\"",
		      t->text, t->text);
}

static void expand(struct source *s, struct token *t)
{
	const struct macro *m = find(s, t->text);

	if (!m)
		report_unknown(s, t);
	t->kind = m ? m->value.kind : T_BROKEN;
	t->macro = t->text;
	t->text = m ? m->value.text : NULL;
}

/* --- tokens -------------------------------------------------------------- */

/* A string without an end, or an arrow that is none. */
static void report_broken(struct source *s, struct token *t)
{
	if (t->text[0] == '"') {
		s->brace_lost |= strchr(t->text, '}') != NULL;
		wrong(s, t->pos,
		      "the string that begins here does not end on this line; "
		      "close it with a \"");
	} else {
		wrong(s, t->pos,
		      "\"%s\" is no arrow; there are \"->\" and \"<->\"",
		      t->text);
	}
	t->text = NULL;
}

/* The rest of what wrong quotes begin with is not looked at. */
static void skip_quoted(struct source *s)
{
	const char *text = s->raw[-1].text;

	while (!visible_quote(text, true) && s->raw->kind != T_SEP)
		text = s->raw++->text;
}

/* A list goes on behind its comma, and a block may begin on the next line. */
static bool continues(const struct source *s)
{
	return s->raw->kind == T_SEP && s->raw->text[0] == '\n' &&
	       (s->prev.kind == T_COMMA || s->raw[1].kind == T_OPEN);
}

void source_step(struct source *s)
{
	struct token *t = &s->now;

	s->prev = *t;
	if (t->kind == T_OPEN && s->depth++ < SOURCE_OPEN)
		s->open[s->depth - 1] = t->pos;
	else if (t->kind == T_CLOSE && s->depth)
		s->depth--;
	while (continues(s))
		s->raw++;
	*t = *s->raw;
	t->pos.seq = ++s->seq;
	if (t->kind != T_END)
		s->raw++;
	if (visible_check(s))
		skip_quoted(s);
	if (t->kind == T_MACRO)
		expand(s, t);
	else if (t->kind == T_BROKEN && t->text)
		report_broken(s, t);
}

/* How many braces may be open where this token stands? */
static unsigned int depth_allowed(const struct source *s)
{
	const struct token *t = &s->now;

	if (t->kind == T_END)
		return 0;
	if (s->prev.kind != T_SEP || t->kind != T_HARD || t->macro)
		return s->depth;
	if (word_ends_blocks(t->text, s->raw[0].kind != T_SEP &&
					      s->raw[1].kind == T_OPEN))
		return 0;
	return strcmp(t->text, "port") == 0 && s->depth > 1 ? 1 : s->depth;
}

bool source_unclosed(struct source *s)
{
	const struct token *t = &s->now;
	unsigned int last = s->depth < SOURCE_OPEN ? s->depth : SOURCE_OPEN;
	bool told = s->closed == t->pos.seq || s->brace_lost;

	if (s->depth <= depth_allowed(s))
		return false;
	s->closed = t->pos.seq;
	s->brace_lost = false;
	if (told)
		return true;
	if (t->kind == T_END)
		wrong(s, t->pos,
		      "the %s ends inside a block; the \"{\" of line %u wants "
		      "its \"}\"",
		      source_is_runtime(&t->pos) ? "text" : "file",
		      s->open[last - 1].line);
	else
		wrong(s, t->pos,
		      "a \"}\" is missing before \"%s\"; the \"{\" of line %u "
		      "is still open",
		      t->text, s->open[last - 1].line);
	return true;
}
