/* SPDX-License-Identifier: BSD-2-Clause */
#include "policy/image.h"

#include "base/mem.h"

void policy_image_copy(struct policy_image *to, const struct policy_image *from)
{
	/* Counts and ports: everything before rule[] is always used. */
	memcpy(to, from, __builtin_offsetof(struct policy_image, rule));
	memcpy(to->rule, from->rule, from->n_rules * sizeof(to->rule[0]));
	memcpy(to->entry, from->entry, from->n_entries * sizeof(to->entry[0]));
	memcpy(to->prefix, from->prefix,
	       from->n_prefixes * sizeof(to->prefix[0]));
	for (unsigned int p = 0; p < MAX_PORTS; p++)
		if (from->port[p].vlan_mode == POLICY_VLAN_TRUNK)
			to->trunk[p] = from->trunk[p];
	memcpy(to->word, from->word, from->n_words * sizeof(to->word[0]));
	memcpy(to->mac, from->mac, from->n_macs * sizeof(to->mac[0]));
	memcpy(to->program, from->program,
	       from->n_programs * sizeof(to->program[0]));
	memcpy(to->insn, from->insn, from->n_insns * sizeof(to->insn[0]));
}
