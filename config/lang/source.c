/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A stack of files, each with its tokens, and the stream that is made of them.
 *
 * Forgotten braces.  Most statements can only stand outside of all blocks, and
 * `port` only in a switch.  When one of them begins a line inside a block, the
 * "}" that must have been meant is handed out before it.  Without this the
 * parser would take the rest of the file for the inside of that block, and
 * report every line of it.  The same happens where a file ends, so an included
 * file cannot leave a block open in the one that includes it.
 *
 * `include` does not take part: it is more likely to stand in a block on
 * purpose, in the belief that it works there, and says so itself.  Nor does a
 * `vm` that makes none.
 */
#include "config/lang/source.h"

#include <string.h>

#include "config/lang/file.h"
#include "config/lang/macros.h"
#include "config/lang/parser.tab.h"
#include "config/lang/visible.h"
#include "config/lang/words.h"

#define MAX_DEPTH 16
#define MAX_FILES 256
/* Octets of all files: a topology is compiled in memory, and in seconds. */
#define MAX_TEXT ((size_t)4 << 20)
/* Open braces whose place is remembered. */
#define MAX_OPEN 16

/* Known by where it is: a file may be called that as well. */
static const char runtime_name[] = "(runtime)";

/* A file being read: its tokens, how far we are, and how it was reached. */
struct level {
	struct level *outer;
	struct file file;
	struct tokens tokens;
	size_t next;
};

/*
 * @size: octets of all files so far
 * @texts: files asked for so far
 * @replay: files are not read but taken from @given, the next one
 * @runtime: text that follows the files, NULL once it does
 * @depth: braces open
 * @open: where, for the outermost MAX_OPEN of them
 * @closing: braces are being put in, and that has been reported
 * @last: the token handed out last
 * @before_last: kind of the one before
 * @statement: token of the statement at hand, 0 if none is
 * @was_statement: the same, before @last
 * @brace_lost: a string without an end swallowed a "}"
 */
struct source {
	struct arena *arena;
	struct report *report;
	struct level *frame;
	unsigned int n_frames;
	unsigned int n_files;
	size_t size;
	struct source_text *texts;
	bool replay;
	const struct source_text *given;
	const char *runtime;
	struct macros macros;
	unsigned int depth;
	struct pos open[MAX_OPEN];
	bool closing;
	unsigned int seq;
	struct token last;
	int before_last;
	int statement;
	int was_statement;
	bool brace_lost;
};

static void push(struct source *s, const struct file *file, struct pos at)
{
	struct level *f = arena_alloc(s->arena, sizeof(*f));

	f->file = *file;
	scan_text(s->report, at, file->text, file->size, &f->tokens);
	f->outer = s->frame;
	s->frame = f;
	s->n_frames++;
	s->n_files++;
}

/* A file that has been read, or given. */
static void remember(struct source *s, const char *path,
		     const struct file *file)
{
	struct source_text *text = arena_alloc(s->arena, sizeof(*text));
	struct source_text **tail = &s->texts;

	text->path = path;
	text->text = file->text;
	text->size = file->size;
	while (*tail)
		tail = &(*tail)->next;
	*tail = text;
}

/* The next of the texts that were given instead of files. */
static bool get_given(struct source *s, const char *path, struct pos asked,
		      struct pos begin, struct file *file)
{
	const struct source_text *given = s->given;

	/* The same texts ask for the same files, so this does not happen. */
	if (!given) {
		report_error(s->report, asked, "\"%s\" has not been given",
			     path);
		return false;
	}
	s->given = given->next;
	return file_given(s->report, path, given->text, given->size, begin,
			  file);
}

/* As file_read(). */
static bool get(struct source *s, const char *path, struct pos asked,
		struct pos begin, struct file *file)
{
	if (!(s->replay ? get_given(s, path, asked, begin, file)
			: file_read(s->arena, s->report, path, asked, begin,
				    file)))
		return false;
	s->size += file->size;
	if (s->size > MAX_TEXT) {
		report_error(
			s->report, asked,
			"the files have more than %zu MiB in all; does one "
			"include another many times?",
			MAX_TEXT >> 20);
		return false;
	}
	remember(s, path, file);
	return true;
}

struct source *source_open(struct arena *a, struct report *r, const char *path,
			   const struct source_text *given, const char *runtime)
{
	struct source *s = arena_alloc(a, sizeof(*s));
	const char *shown = strcmp(path, "-") == 0 ? "stdin" : path;
	struct pos at = { .file = shown, .line = 1, .column = 1 };
	struct file file;

	s->arena = a;
	s->report = r;
	s->last.kind = T_SEP;
	s->given = given;
	s->replay = given != NULL;
	s->runtime = runtime;
	if (!get(s, path, at, at, &file))
		return NULL;
	file.path = shown;
	push(s, &file, at);
	return s;
}

struct source_text *source_texts(const struct source *s)
{
	return s->texts;
}

/* --- the text that follows ----------------------------------------------- */

bool source_is_runtime(const struct pos *at)
{
	return at->file == runtime_name;
}

static void begin_runtime(struct source *s)
{
	struct pos begin = {
		.file = runtime_name, .line = 1, .column = 1, .seq = s->seq
	};
	const char *text = s->runtime;
	struct file file;

	s->runtime = NULL;
	if (file_given(s->report, runtime_name, text, strlen(text), begin,
		       &file))
		push(s, &file, begin);
}

struct pos source_begin(const struct source *s)
{
	struct pos at = { .file = s->frame->file.path, .line = 1, .column = 1 };

	return at;
}

/* --- includes ------------------------------------------------------------ */

static const struct level *cycle(const struct source *s,
				 const struct file *file)
{
	for (const struct level *f = s->frame; f; f = f->outer) {
		if (file_same(&f->file, file))
			return f;
	}
	return NULL;
}

/* "a.conf -> b.conf -> a.conf" */
static const char *chain(const struct source *s, const struct level *from)
{
	const char *text = from->file.path;

	for (const struct level *f = s->frame; f != from; f = f->outer)
		text = arena_printf(s->arena, "%s -> %s", f->file.path, text);
	return arena_printf(s->arena, "%s -> %s", from->file.path, text);
}

bool source_include(struct source *s, const char *path, struct pos at)
{
	const char *found = file_beside(s->arena, s->frame->file.path, path);
	struct pos begin = {
		.file = found, .line = 1, .column = 1, .seq = at.seq
	};
	const struct level *same;
	struct file file;

	if (s->n_frames == MAX_DEPTH) {
		report_error(s->report, at,
			     "more than %d files include each other in turn; "
			     "take this include out",
			     MAX_DEPTH);
		return false;
	}
	if (s->n_files == MAX_FILES) {
		report_error(s->report, at,
			     "there are more than %d files in all; put some of "
			     "them together",
			     MAX_FILES);
		return false;
	}
	if (!get(s, found, at, begin, &file))
		return false;
	same = cycle(s, &file);
	if (same) {
		report_error(s->report, at,
			     "a file cannot include itself: %s; take one of "
			     "these includes out",
			     chain(s, same));
		return false;
	}
	push(s, &file, begin);
	return true;
}

void source_define(struct source *s, const char *name, struct pos at,
		   const struct token *value)
{
	macro_define(&s->macros, s->report, name, at, value);
}

/* --- handing out --------------------------------------------------------- */

/* A string without an end, or an arrow that is none. */
static void report_broken(struct source *s, struct token *t)
{
	if (t->text[0] == '"') {
		s->brace_lost |= strchr(t->text, '}') != NULL;
		report_error(s->report, t->pos,
			     "the string that begins here does not end on this "
			     "line; close it with a \"");
	} else {
		report_error(s->report, t->pos,
			     "\"%s\" is no arrow; there are \"->\" and \"<->\"",
			     t->text);
	}
	t->text = NULL;
}

/* The rest of what wrong quotes begin with @t is not looked at. */
static void skip_quoted(struct level *f, const struct token *t)
{
	const struct token *next = t;

	while (next->text && !visible_quote(next->text, true) &&
	       f->tokens.v[f->next].kind != T_SEP)
		next = &f->tokens.v[f->next++];
}

/*
 * "vm NAME {" and "group NAME {".  Without its block the one is a slip for
 * "driver-vm NAME", the other says who may connect to a port's path.
 */
static bool makes_block(const struct token *t)
{
	/* The last two tokens are SEP and the end. */
	return (t->kind == T_VM || t->kind == T_GROUP) && t[1].kind != T_SEP &&
	       t[2].kind == '{';
}

/* How many braces may be open where this token stands? */
static unsigned int depth_allowed(const struct source *s, const struct token *t,
				  bool makes_block)
{
	const struct word *word = word_of(t->kind);

	if (t->kind == 0)
		return 0;
	if (s->last.kind != T_SEP && !s->closing)
		return s->depth;
	if (word && word->places & IN_TOPOLOGY && t->kind != T_INCLUDE &&
	    ((t->kind != T_VM && t->kind != T_GROUP) || makes_block))
		return 0;
	return t->kind == T_PORT && s->depth > 1 ? 1 : s->depth;
}

static void report_unclosed(struct source *s, const struct token *t)
{
	unsigned int innermost = s->depth < MAX_OPEN ? s->depth : MAX_OPEN;
	struct pos open = s->open[innermost - 1];

	if (s->brace_lost)
		s->brace_lost = false;
	else if (t->kind == 0)
		report_error(s->report, t->pos,
			     "the %s ends inside a block; the \"{\" of line "
			     "%u wants its \"}\"",
			     source_is_runtime(&t->pos) ? "text" : "file",
			     open.line);
	else
		report_error(s->report, t->pos,
			     "a \"}\" is missing before \"%s\"; the \"{\" of "
			     "line %u is still open",
			     t->text, open.line);
}

/* Is something to be put in before @t, to close blocks? */
static bool close_blocks(struct source *s, const struct token *t,
			 bool makes_block, int *kind)
{
	if (s->depth > depth_allowed(s, t, makes_block)) {
		if (!s->closing)
			report_unclosed(s, t);
		s->closing = true;
		*kind = '}';
		return true;
	}
	*kind = T_SEP;
	return (s->closing || t->kind == 0) && s->last.kind != T_SEP;
}

/* "memory =": what looked like a statement is the name of a macro. */
static bool names_macro(const struct source *s, const struct token *t)
{
	const struct word *word = word_of(s->last.kind);

	return t->kind == '=' && word && word->soft;
}

static struct token hand_out(struct source *s, struct token t)
{
	const struct word *word = word_of(t.kind);

	s->was_statement = s->statement;
	s->before_last = s->last.kind;
	/* A list of ports is part of its rule; other braces hold statements. */
	if (word && word->places && !(word->soft && s->statement))
		s->statement = t.kind;
	else if (t.kind == T_SEP || names_macro(s, &t) || t.kind == '}' ||
		 (t.kind == '{' && s->statement != T_ALLOW &&
		  s->statement != T_DENY))
		s->statement = 0;

	if (t.kind == '{' && s->depth++ < MAX_OPEN)
		s->open[s->depth - 1] = t.pos;
	else if (t.kind == '}' && s->depth)
		s->depth--;
	s->last = t;
	return t;
}

/*
 * An end of line that ends nothing: a list goes on behind its comma, and a
 * block may begin on a line of its own.
 */
static bool continues(const struct source *s, const struct token *t)
{
	if (t->kind != T_SEP || t->text[0] != '\n')
		return false;
	return s->last.kind == ',' || t[1].kind == '{';
}

struct token source_next(struct source *s)
{
	for (;;) {
		struct level *f = s->frame;
		const struct token *raw = &f->tokens.v[f->next];
		struct token t = *raw;
		int kind;

		t.pos.seq = ++s->seq;
		if (close_blocks(s, &t, makes_block(raw), &kind)) {
			t.kind = kind;
			t.text = NULL;
			return hand_out(s, t);
		}
		s->closing = false;
		if (t.kind == 0 && f->outer) {
			s->frame = f->outer;
			s->n_frames--;
			continue;
		}
		if (t.kind == 0 && s->runtime) {
			begin_runtime(s);
			continue;
		}
		if (t.kind)
			f->next++;
		if (continues(s, raw))
			continue;
		if (visible_check(s->report, &t))
			skip_quoted(f, raw);
		if (t.kind == T_MACRO)
			macro_expand(&s->macros, s->report, &t);
		else if (t.kind == T_BROKEN && t.text)
			report_broken(s, &t);
		return hand_out(s, t);
	}
}

struct place_in_source source_place(const struct source *s)
{
	const struct level *f = s->frame;
	struct place_in_source place = {
		.last = s->last,
		.before = s->before_last,
		.after = f->tokens.v[f->next].kind,
		.statement = s->was_statement,
	};

	return place;
}
