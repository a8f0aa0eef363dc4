/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A packed result is the structures as they are in memory, one behind another:
 * each array behind the one that points to it.  Packing and unpacking are the
 * same walk; unpacking, it leads to where the arrays are now, and replaces
 * every pointer.
 */
#include "vmm/linux/monitor/compile_result.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define RESULT_MAGIC 0x57656972526573ull /* "WeirRes" */
/* Bytes of a text that are kept; whoever has made more mistakes sees these. */
#define TEXT_MAX ((size_t)256 << 10)
/* More than a topology has: 256 files, their paths, and 4 MiB in all. */
#define SOURCES_ROOM ((size_t)8 << 20)
/* What an array may take beyond its own bytes. */
#define PADDING 8

/* What a packed result begins with. */
struct head {
	uint64_t magic;
	uint64_t size; /* bytes of it all */
	struct compile_result result;
};

size_t compile_result_room(size_t n_policies)
{
	return sizeof(struct head) + 4096 + (size_t)3 * TEXT_MAX +
	       SOURCES_ROOM +
	       (size_t)STATEMENTS_MAX *
		       (sizeof(struct statement) +
			(size_t)2 * (STATEMENT_MAX + PADDING)) +
	       n_policies * (sizeof(struct sys_policy) + (size_t)3 * PADDING +
			     SYS_MAX_UNASKED * sizeof(struct sys_unasked) +
			     POLICY_MAX_RULES * sizeof(struct sys_rule));
}

/* What packs or unpacks a result. */
struct coder {
	uint8_t *at;  /* where the next array goes, or is */
	size_t left;  /* bytes there */
	bool reading; /* unpacks */
	bool bad;     /* there is no room or no sense; nothing more is done */
};

/*
 * The next array, @n elements of @size bytes.  At least one zero follows.
 *
 * Return: where to walk on: at the original, or at what was found.
 */
static void *code(struct coder *c, void *v, size_t n, size_t size)
{
	uint8_t *found = c->at;
	size_t bytes;

	c->bad = c->bad || n > c->left / size ||
		 c->left - n * size < PADDING - n * size % PADDING;
	if (c->bad)
		return c->reading ? NULL : v;
	bytes = n * size;
	/* An empty file's text may be nowhere. */
	if (!c->reading && n > 0)
		memcpy(found, v, bytes);
	found[bytes] = 0;
	bytes += PADDING - bytes % PADDING;
	c->at += bytes;
	c->left -= bytes;
	return c->reading ? found : v;
}

static char *code_text(struct coder *c, char *text)
{
	const char *from = c->reading ? (const char *)c->at : text;
	size_t max = c->reading && c->left < TEXT_MAX ? c->left : TEXT_MAX;

	return text != NULL ? code(c, text, strnlen(from, max), 1) : NULL;
}

static void code_policy(struct coder *c, struct sys_policy *p)
{
	p->rule = code(c, p->rule, p->image.n_rules, sizeof(*p->rule));
	p->unasked = code(c, p->unasked, p->n_unasked, sizeof(*p->unasked));
	for (size_t i = 0; c->reading && !c->bad && i < p->image.n_rules; i++) {
		p->rule[i].text[sizeof(p->rule[i].text) - 1] = '\0';
		p->rule[i].file[sizeof(p->rule[i].file) - 1] = '\0';
	}
}

static void code_source(struct coder *c, struct sys_source *s)
{
	s->path = code_text(c, s->path);
	s->text = code(c, s->text, s->size, 1);
	c->bad |= s->path == NULL;
}

/* A line that is a statement, or a key. */
static bool is_line(const char *line)
{
	return line != NULL && line[0] != '\0' &&
	       strlen(line) < STATEMENT_MAX && statements_are_plain(line) &&
	       strpbrk(line, "\t\r\n") == NULL;
}

static void code_statement(struct coder *c, struct statement *s)
{
	s->text = code_text(c, s->text);
	s->key = code_text(c, s->key);
	c->bad |= c->reading && !(is_line(s->text) && is_line(s->key));
}

static void code_result(struct coder *c, struct compile_result *r)
{
	struct statements *s = &r->statements;

	r->text = code_text(c, r->text);
	r->undone = code_text(c, r->undone);
	s->said = code_text(c, s->said);
	r->policy = code(c, r->policy, r->n_policies, sizeof(*r->policy));
	for (size_t i = 0; !c->bad && i < r->n_policies; i++)
		code_policy(c, &r->policy[i]);
	r->source = code(c, r->source, r->n_sources, sizeof(*r->source));
	for (size_t i = 0; !c->bad && i < r->n_sources; i++)
		code_source(c, &r->source[i]);
	s->v = code(c, s->v, s->n, sizeof(*s->v));
	for (size_t i = 0; !c->bad && i < s->n; i++)
		code_statement(c, &s->v[i]);
}

int compile_result_pack(const struct compile_result *r, void *to, size_t size)
{
	struct compile_result copy = *r;
	struct head head = { .magic = RESULT_MAGIC, .result = *r };
	struct coder c = { 0 };

	if (size < sizeof(head))
		return -1;
	c.at = (uint8_t *)to + sizeof(head);
	c.left = size - sizeof(head);
	code_result(&c, &copy);
	head.size = size - c.left;
	memcpy(to, &head, sizeof(head));
	return c.bad ? -1 : 0;
}

int compile_result_unpack(struct compile_result *r, const void *from,
			  size_t size)
{
	struct head head = { 0 };
	struct coder c = { .reading = true };

	*r = (struct compile_result){ 0 };
	if (size >= sizeof(head))
		memcpy(&head, from, sizeof(head));
	if (head.magic != RESULT_MAGIC || head.size < sizeof(head) ||
	    head.size > size || head.result.verdict >= COMPILE_VERDICTS)
		return -1;
	*r = head.result;
	r->block = malloc(head.size);
	if (r->block != NULL) {
		memcpy(r->block, from, head.size);
		c.at = (uint8_t *)r->block + sizeof(head);
		c.left = head.size - sizeof(head);
		code_result(&c, r);
	}
	if (r->block != NULL && !c.bad)
		return 0;
	compile_result_free(r);
	return -1;
}

void compile_result_free(struct compile_result *r)
{
	free(r->block);
	*r = (struct compile_result){ 0 };
}
