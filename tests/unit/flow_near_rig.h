/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address resolution, for tests: hosts behind ports A, B and C by their
 * numbers, ARP for version 0, neighbour discovery for 1.  Host 0 has no
 * address.
 */
#ifndef WEIR_TESTS_FLOW_NEAR_RIG_H
#define WEIR_TESTS_FLOW_NEAR_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/flow_rig.h"

#define ASK 1u
#define SAY 2u
#define NS 135u
#define NA 136u

/* Another port that a may talk to. */
#define C 20u

#define DAY 86400u

extern const struct ip_addr all_nodes;
extern const struct flow_path to_c, from_c;
struct ip_addr host(unsigned int version, unsigned int n);

/* @from has it, and would like to know who has @to. */
void put_ask(struct pkt *k, unsigned int version, unsigned int from,
	     unsigned int to);

/* @from has it, which @to may like to know. */
void put_say(struct pkt *k, unsigned int version, unsigned int from,
	     unsigned int to);

void a_asks(struct flow_table *t, const struct flow_path *path,
	    unsigned int version, unsigned int from, unsigned int to,
	    uint32_t now);
bool may_ask(const struct flow_table *t, unsigned int version,
	     unsigned int from, unsigned int to, uint32_t now);
bool may_say(const struct flow_table *t, unsigned int version,
	     unsigned int from, unsigned int to, uint32_t now);

/*
 * In all forms: gratuitous ARP, question and answer; an advertisement to all.
 */
bool may_announce(const struct flow_table *t, unsigned int version,
		  unsigned int n, uint32_t now);

void goes_on(struct flow_table *t, struct pkt *k, const struct flow_path *path,
	     uint32_t now);
void b_says(struct flow_table *t, unsigned int version, unsigned int from,
	    unsigned int to, uint32_t now);

/* A UDP flow between host 1 and @to, and its answer. */
void a_talks(struct flow_table *t, const struct flow_path *path,
	     unsigned int version, unsigned int from, unsigned int to,
	     uint32_t now);

void is_answered(struct flow_table *t, const struct flow_path *path,
		 unsigned int version, unsigned int from, unsigned int to,
		 uint32_t now);

#endif
