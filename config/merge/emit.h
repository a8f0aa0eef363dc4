/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * From a tree to classic BPF.
 */
#ifndef WEIR_CONFIG_MERGE_EMIT_H
#define WEIR_CONFIG_MERGE_EMIT_H

#include "config/merge/graph.h"
#include "policy/cbpf.h"

/**
 * emit_program - write the program of a tree
 * @root: a node of @g
 * @room: instructions there is room for at @to
 *
 * Return: instructions written, or 0 if there is no room for them.
 */
uint32_t emit_program(const struct graph *g, uint32_t root,
		      struct cbpf_insn *to, uint32_t room);

#endif
