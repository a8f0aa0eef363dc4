/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decision on a traced frame in words: from facts (docs/control.md) to
 * steps that a person can read.
 *
 * Nothing is decided here.  The switch ran the code that forwards, and its
 * verdict says where the frame stopped.  cli/decision.c is a table of lines
 * in the order of that code (vswitch/vswitch.h); a line appears where the facts
 * fit it, and the first that drops the frame is the last.  cli/verdict.c puts
 * the steps and the rest together, over all switches.
 */
#ifndef WEIR_CLI_DECISION_H
#define WEIR_CLI_DECISION_H

#include <jansson.h>

/**
 * decision_shown - what `weir trace` shows
 * @facts: data of the reply
 *
 * Return: new JSON.
 */
json_t *decision_shown(const json_t *facts);

/**
 * decision_steps - the steps of one switch's decision
 * @facts: what that switch said
 *
 * Return: new JSON, an array of steps.
 */
json_t *decision_steps(const json_t *facts);

#endif
