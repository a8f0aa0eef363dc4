/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decision on a traced frame in words: from facts (docs/control.md)
 * to steps that a person can read.
 *
 * Nothing is decided here.  The switch ran the code that forwards, and its
 * verdict says where the frame stopped; these files walk the same path, name
 * what each step looked at, and stop where the verdict stopped.  The steps, in
 * the order of vswitch/vswitch.h:
 *
 *	length reserved vlan source admit learn resolve storm snooping
 *	left-out				cli/decision.c
 *	and for each destination: vlan-out allow policy deliver
 *						cli/destination.c
 *
 * cli/verdict.c puts the steps and the rest together, over all switches.
 */
#ifndef WEIR_CLI_DECISION_H
#define WEIR_CLI_DECISION_H

#include <jansson.h>
#include <stdbool.h>

/**
 * decision_shown - what `weir trace` shows
 * @facts: data of the reply
 *
 * Return: new JSON.
 */
json_t *decision_shown(const json_t *facts);

/* --- what the files share ------------------------------------------------ */

/**
 * struct story - the explanation while it is written
 * @facts: what one switch has said
 * @steps: what has been told
 */
struct story {
	const json_t *facts;
	json_t *steps;
};

/**
 * story_step - tell one step
 *
 * Return: it, not the caller's, so that more can be said.
 */
json_t *story_step(struct story *s, const char *name, const char *result,
		   const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/**
 * story_tell - tell all steps of a switch's decision
 */
void story_tell(struct story *s);

/**
 * story_destination - tell what becomes of the frame at one of its destinations
 * @to: element of "destinations"
 */
void story_destination(struct story *s, const json_t *to);

/**
 * story_left_out - tell of a port a flood is not offered to
 * @port: element of "left_out"
 */
void story_left_out(struct story *s, const json_t *port);

#endif
