/* SPDX-License-Identifier: BSD-2-Clause */
#include "config/merge/merge.h"

#include <stdlib.h>
#include <string.h>

#include "config/lang/arena.h"
#include "config/merge/emit.h"
#include "config/merge/search.h"
#include "config/merge/walk.h"

/* Instructions executed symbolically, for one list and for all. */
#define STEPS_ONE 100000u
#define STEPS_ALL 1000000u

/**
 * struct merge - an image at work
 * @lists:   lists of rules that were met
 * @program: by list: its program's number plus one; 0: none
 * @steps:   that are left
 */
struct merge {
	struct policy_image *image;
	struct intern lists;
	uint16_t *program;
	uint32_t steps;
};

/* An attempt's program, written behind the image's instructions. */
static uint32_t write(struct merge *m, const uint16_t *rules, uint32_t n,
		      struct walk_limits *limits, bool *complete)
{
	struct policy_image *image = m->image;
	uint32_t room = POLICY_MAX_INSNS - image->n_insns, root, length;
	struct graph g;

	graph_init(&g);
	*complete = walk_rules(&g, image, rules, n, limits, &root);
	root = search_balance(&g, root);
	length = emit_program(&g, root, image->insn + image->n_insns,
			      room < CBPF_MAX ? room : CBPF_MAX);
	graph_free(&g);
	return length;
}

/*
 * The fewer states with different facts, the smaller the tree, and the more
 * often a question is asked again.  If there is no room for all rules, the
 * first ones are merged.
 */
static uint32_t write_in_limits(struct merge *m, const uint16_t *rules,
				uint32_t n)
{
	static const uint32_t widths[] = { 256, 16, 2 };
	uint32_t length = 0;

	for (; length == 0 && n > 1; n = n * 3 / 4) {
		bool complete = false;

		for (unsigned int i = 0; i < 3 && !complete; i++) {
			struct walk_limits limits = { widths[i], STEPS_ONE };

			if (m->steps < STEPS_ONE)
				return length;
			length = write(m, rules, n, &limits, &complete);
			m->steps -= STEPS_ONE - limits.steps;
		}
	}
	return length;
}

/* Return: the program's number plus one, or 0. */
static uint16_t add_program(struct merge *m, const uint16_t *rules, uint32_t n)
{
	struct policy_image *image = m->image;
	struct policy_program *p = &image->program[image->n_programs];
	uint32_t length, filters = 0;

	for (uint32_t i = 0; i < n; i++)
		filters += image->rule[rules[i]].n > 0;
	if (filters < 2 || image->n_programs == POLICY_MAX_PROGRAMS)
		return 0;
	length = write_in_limits(m, rules, n);
	if (!length)
		return 0;
	p->first = image->n_insns;
	p->n = length;
	image->n_insns += length;
	return (uint16_t)++image->n_programs;
}

static void merge_pair(struct merge *m, struct policy_pair *pair)
{
	const uint16_t *rules = &m->image->entry[pair->first];
	uint32_t before = m->lists.n, list;
	uint32_t *words;

	if (pair->n < 2)
		return;
	words = must_alloc(pair->n, sizeof(*words));
	for (uint32_t i = 0; i < pair->n; i++)
		words[i] = rules[i];
	list = intern(&m->lists, words, pair->n);
	free(words);
	if (list == before)
		m->program[list] = add_program(m, rules, pair->n);
	pair->program = m->program[list];
}

void merge_pairs(struct policy_image *image)
{
	struct merge m = { .image = image, .steps = STEPS_ALL };
	struct policy_pair *pair = &image->pair[0][0];

	m.program =
		must_alloc((size_t)MAX_PORTS * MAX_PORTS, sizeof(*m.program));
	for (uint32_t i = 0; i < MAX_PORTS * MAX_PORTS; i++)
		merge_pair(&m, &pair[i]);
	intern_free(&m.lists);
	free(m.program);
}
