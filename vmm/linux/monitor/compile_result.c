/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One function describes the layout of each part; packing and unpacking are the
 * same walk.  Arrays and texts are a count and their elements.
 */
#include "vmm/linux/monitor/compile_result.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define RESULT_MAGIC 0x57656972526573ull /* "WeirRes" */
/* Bytes of a text that are kept; whoever has made more mistakes sees these. */
#define TEXT_MAX ((size_t)256 << 10)
/* More than a topology has: 256 files, their paths, and 4 MiB in all. */
#define SOURCES_MAX 1024u
#define SOURCES_ROOM ((size_t)8 << 20)

size_t compile_result_room(size_t n_policies)
{
	return 4096 + 3 * TEXT_MAX + SOURCES_ROOM +
	       (size_t)STATEMENTS_MAX * 2 * (sizeof(uint64_t) + STATEMENT_MAX) +
	       n_policies * (sizeof(struct policy_image) + 64 +
			     SYS_MAX_UNASKED * sizeof(struct sys_unasked) +
			     POLICY_MAX_RULES * sizeof(struct sys_rule));
}

/* What packs or unpacks a result. */
struct coder {
	uint8_t *at;  /* where */
	size_t left;  /* bytes there */
	bool reading; /* unpacks */
	/* there is no room, no memory or no sense; nothing more is done */
	bool bad;
};

static void code(struct coder *c, void *data, size_t n)
{
	if (c->bad || n > c->left) {
		c->bad = true;
		return;
	}
	/* An empty file's text may be nowhere. */
	if (n == 0)
		return;
	if (c->reading)
		memcpy(data, c->at, n);
	else
		memcpy(c->at, data, n);
	c->at += n;
	c->left -= n;
}

/*
 * An array; @one: codes an element, NULL: its bytes are all.  Reading makes
 * another, with a zero behind it.
 *
 * Return: the array.
 */
static void *code_array(struct coder *c, void *v, size_t *n, size_t size,
			size_t max, void (*one)(struct coder *c, void *element))
{
	uint64_t count = *n;

	code(c, &count, sizeof(count));
	if (c->reading) {
		*n = 0;
		c->bad |= count > max ||
			  (one == NULL && count > c->left / size);
		v = c->bad ? NULL : calloc(count + 1, size);
		c->bad |= v == NULL;
	}
	if (c->bad)
		return v;
	*n = count;
	if (one == NULL)
		code(c, v, count * size);
	for (size_t i = 0; one != NULL && i < count && !c->bad; i++)
		one(c, (char *)v + i * size);
	return v;
}

static char *code_text(struct coder *c, char *text)
{
	size_t n = text != NULL ? strnlen(text, TEXT_MAX) : 0;

	return code_array(c, text, &n, 1, TEXT_MAX, NULL);
}

static void code_policy(struct coder *c, void *element)
{
	struct sys_policy *p = element;
	size_t n = p->image.n_rules, n_unasked = p->n_unasked;

	code(c, &p->image, sizeof(p->image));
	p->rule = code_array(c, p->rule, &n, sizeof(*p->rule), POLICY_MAX_RULES,
			     NULL);
	c->bad |= n != p->image.n_rules;
	for (size_t i = 0; c->reading && i < n; i++) {
		p->rule[i].text[sizeof(p->rule[i].text) - 1] = '\0';
		p->rule[i].file[sizeof(p->rule[i].file) - 1] = '\0';
	}
	p->unasked = code_array(c, p->unasked, &n_unasked, sizeof(*p->unasked),
				SYS_MAX_UNASKED, NULL);
	p->n_unasked = (uint32_t)n_unasked;
}

static void code_source(struct coder *c, void *element)
{
	struct sys_source *s = element;

	s->path = code_text(c, s->path);
	s->text = code_array(c, s->text, &s->size, 1, SOURCES_ROOM, NULL);
}

/* A line that is a statement, or a key. */
static bool is_line(const char *line)
{
	return line[0] != '\0' && strlen(line) < STATEMENT_MAX &&
	       statements_are_plain(line) && strpbrk(line, "\t\r\n") == NULL;
}

static void code_statement(struct coder *c, void *element)
{
	struct statement *s = element;

	s->text = code_text(c, s->text);
	s->key = code_text(c, s->key);
	code(c, &s->change, sizeof(s->change));
	c->bad = c->bad ||
		 (c->reading && !(is_line(s->text) && is_line(s->key)));
}

static int code_result(struct coder *c, struct compile_result *r)
{
	struct statements *s = &r->statements;
	uint64_t magic = RESULT_MAGIC;

	code(c, &magic, sizeof(magic));
	code(c, &r->verdict, sizeof(r->verdict));
	code(c, &r->errors, sizeof(r->errors));
	code(c, &r->number, sizeof(r->number));
	code(c, &s->last, sizeof(s->last));
	c->bad |= magic != RESULT_MAGIC || r->verdict >= COMPILE_VERDICTS;
	r->text = code_text(c, r->text);
	r->undone = code_text(c, r->undone);
	s->said = code_text(c, s->said);
	r->policy = code_array(c, r->policy, &r->n_policies, sizeof(*r->policy),
			       c->left / sizeof(struct policy_image),
			       code_policy);
	r->source = code_array(c, r->source, &r->n_sources, sizeof(*r->source),
			       SOURCES_MAX, code_source);
	s->v = code_array(c, s->v, &s->n, sizeof(*s->v), STATEMENTS_MAX,
			  code_statement);
	return c->bad ? -1 : 0;
}

int compile_result_pack(const struct compile_result *r, void *to, size_t size)
{
	struct coder c = { .at = to, .left = size };
	struct compile_result copy = *r;

	return code_result(&c, &copy);
}

int compile_result_unpack(struct compile_result *r, const void *from,
			  size_t size)
{
	struct coder c = { .at = (void *)(uintptr_t)from,
			   .left = size,
			   .reading = true };

	*r = (struct compile_result){ 0 };
	return code_result(&c, r);
}

/* --- releasing ----------------------------------------------------------- */

void policies_free(struct sys_policy *policy, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(policy[i].rule);
		free(policy[i].unasked);
	}
	free(policy);
}

void sources_free(struct sys_source *source, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(source[i].path);
		free(source[i].text);
	}
	free(source);
}

void compile_result_free(struct compile_result *r)
{
	free(r->text);
	free(r->undone);
	policies_free(r->policy, r->n_policies);
	sources_free(r->source, r->n_sources);
	statements_free(&r->statements);
	*r = (struct compile_result){ 0 };
}
