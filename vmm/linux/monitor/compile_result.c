/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/compile_result.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/linux/monitor/statement.h"

#define RESULT_MAGIC 0x57656972526573ull /* "WeirRes" */
/* Octets of text that are kept; whoever has made more mistakes sees these. */
#define TEXT_MAX ((size_t)256 << 10)
/* More than a topology has: 256 files, their paths, and 4 MiB in all. */
#define SOURCES_MAX 1024u
#define SOURCES_ROOM ((size_t)8 << 20)
#define CHANGES_ROOM                                                           \
	((size_t)STATEMENTS_MAX * 2 * (sizeof(uint64_t) + STATEMENT_MAX))

struct head {
	uint64_t magic;
	uint32_t verdict;
	uint32_t errors;
	uint32_t warnings;
	uint32_t n_policies;
	uint32_t n_sources;
	uint32_t n_changes;
	uint32_t text;
};

size_t compile_result_room(size_t n_policies)
{
	return sizeof(struct head) + TEXT_MAX + SOURCES_ROOM + CHANGES_ROOM +
	       n_policies * (sizeof(struct policy_image) + sizeof(uint32_t) +
			     SYS_MAX_UNASKED * sizeof(struct sys_unasked) +
			     POLICY_MAX_RULES * sizeof(struct sys_rule));
}

/* --- packing ---------------------------------------------------------------- */

struct packer {
	uint8_t *at;
	size_t left;
	bool full;
};

static void pack(struct packer *p, const void *data, size_t n)
{
	if (p->full || n > p->left) {
		p->full = true;
		return;
	}
	/* An empty file's text may be nowhere. */
	if (n > 0)
		memcpy(p->at, data, n);
	p->at += n;
	p->left -= n;
}

static void pack_text(struct packer *p, const char *text, size_t n)
{
	uint64_t size = n;

	pack(p, &size, sizeof(size));
	pack(p, text, n);
}

int compile_result_pack(const struct compile_result *r, void *to, size_t size)
{
	struct packer p = { to, size, false };
	size_t text = strlen(r->text);
	struct head h = {
		.magic = RESULT_MAGIC,
		.verdict = r->verdict,
		.errors = r->errors,
		.warnings = r->warnings,
		.n_policies = (uint32_t)r->n_policies,
		.n_sources = (uint32_t)r->n_sources,
		.n_changes = (uint32_t)r->n_changes,
		.text = (uint32_t)(text < TEXT_MAX ? text : TEXT_MAX),
	};

	pack(&p, &h, sizeof(h));
	pack(&p, r->text, h.text);
	for (size_t i = 0; i < r->n_policies; i++) {
		const struct sys_policy *policy = &r->policy[i];

		pack(&p, &policy->image, sizeof(policy->image));
		pack(&p, policy->rule,
		     policy->image.n_rules * sizeof(*policy->rule));
		pack(&p, &policy->n_unasked, sizeof(policy->n_unasked));
		pack(&p, policy->unasked,
		     policy->n_unasked * sizeof(*policy->unasked));
	}
	for (size_t i = 0; i < r->n_sources; i++) {
		const struct sys_source *s = &r->source[i];

		pack_text(&p, s->path, strlen(s->path));
		pack_text(&p, s->text, s->size);
	}
	for (size_t i = 0; i < r->n_changes; i++) {
		const struct config_change *c = &r->change[i];

		pack_text(&p, c->text, strlen(c->text));
		pack_text(&p, c->key, strlen(c->key));
	}
	return p.full ? -1 : 0;
}

/* --- unpacking -------------------------------------------------------------- */

struct unpacker {
	const uint8_t *at;
	size_t left;
};

static int unpack(struct unpacker *u, void *to, size_t n)
{
	if (n > u->left)
		return -1;
	if (n > 0)
		memcpy(to, u->at, n);
	u->at += n;
	u->left -= n;
	return 0;
}

/* A text with a NUL behind it, or NULL. */
static char *unpack_octets(struct unpacker *u, size_t n)
{
	char *text;

	if (n > u->left)
		return NULL;
	text = calloc(1, n + 1);
	if (text != NULL)
		unpack(u, text, n);
	return text;
}

static char *unpack_text(struct unpacker *u, size_t *n)
{
	uint64_t size;

	if (unpack(u, &size, sizeof(size)) != 0 || size > u->left)
		return NULL;
	*n = size;
	return unpack_octets(u, size);
}

static int unpack_unasked(struct unpacker *u, struct sys_policy *p)
{
	uint32_t n;

	if (unpack(u, &n, sizeof(n)) != 0 || n > SYS_MAX_UNASKED)
		return -1;
	p->unasked = calloc(n + 1, sizeof(*p->unasked));
	if (p->unasked == NULL ||
	    unpack(u, p->unasked, n * sizeof(*p->unasked)) != 0)
		return -1;
	p->n_unasked = n;
	return 0;
}

static int unpack_policy(struct unpacker *u, struct sys_policy *p)
{
	uint32_t n;

	if (unpack(u, &p->image, sizeof(p->image)) != 0)
		return -1;
	n = p->image.n_rules;
	if (n > POLICY_MAX_RULES)
		return -1;
	p->rule = calloc(n + 1, sizeof(*p->rule));
	if (p->rule == NULL || unpack(u, p->rule, n * sizeof(*p->rule)) != 0)
		return -1;
	for (uint32_t i = 0; i < n; i++) {
		p->rule[i].text[sizeof(p->rule[i].text) - 1] = '\0';
		p->rule[i].file[sizeof(p->rule[i].file) - 1] = '\0';
	}
	return unpack_unasked(u, p);
}

static int unpack_policies(struct unpacker *u, struct compile_result *r,
			   size_t n)
{
	if (n > u->left / sizeof(struct policy_image))
		return -1;
	r->policy = calloc(n + 1, sizeof(*r->policy));
	if (r->policy == NULL)
		return -1;
	/* One that is begun counts: there may be something to free in it. */
	while (r->n_policies < n)
		if (unpack_policy(u, &r->policy[r->n_policies++]) != 0)
			return -1;
	return 0;
}

static int unpack_sources(struct unpacker *u, struct compile_result *r,
			  size_t n)
{
	if (n > SOURCES_MAX)
		return -1;
	r->source = calloc(n + 1, sizeof(*r->source));
	if (r->source == NULL)
		return -1;
	while (r->n_sources < n) {
		struct sys_source *s = &r->source[r->n_sources++];
		size_t length;

		s->path = unpack_text(u, &length);
		if (s->path == NULL)
			return -1;
		s->text = unpack_text(u, &s->size);
		if (s->text == NULL)
			return -1;
	}
	return 0;
}

/* One line, as long as a statement can be; NULL if it is none. */
static char *unpack_line(struct unpacker *u)
{
	size_t n;
	char *line = unpack_text(u, &n);

	if (line != NULL && n > 0 && n < STATEMENT_MAX && strlen(line) == n &&
	    statements_are_plain(line) && strpbrk(line, "\t\r\n") == NULL)
		return line;
	free(line);
	return NULL;
}

static int unpack_changes(struct unpacker *u, struct compile_result *r,
			  size_t n)
{
	if (n > STATEMENTS_MAX)
		return -1;
	r->change = calloc(n + 1, sizeof(*r->change));
	if (r->change == NULL)
		return -1;
	while (r->n_changes < n) {
		struct config_change *c = &r->change[r->n_changes++];

		c->text = unpack_line(u);
		c->key = unpack_line(u);
		if (c->text == NULL || c->key == NULL)
			return -1;
	}
	return 0;
}

int compile_result_unpack(struct compile_result *r, const void *from,
			  size_t size)
{
	struct unpacker u = { from, size };
	struct head h;

	*r = (struct compile_result){ 0 };
	if (unpack(&u, &h, sizeof(h)) != 0 || h.magic != RESULT_MAGIC ||
	    h.verdict >= COMPILE_VERDICTS)
		return -1;
	r->verdict = h.verdict;
	r->errors = h.errors;
	r->warnings = h.warnings;
	r->text = unpack_octets(&u, h.text);
	if (r->text == NULL || unpack_policies(&u, r, h.n_policies) != 0 ||
	    unpack_sources(&u, r, h.n_sources) != 0)
		return -1;
	return unpack_changes(&u, r, h.n_changes);
}

/* --- releasing -------------------------------------------------------------- */

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
	policies_free(r->policy, r->n_policies);
	sources_free(r->source, r->n_sources);
	config_changes_free(r->change, r->n_changes);
	*r = (struct compile_result){ 0 };
}
