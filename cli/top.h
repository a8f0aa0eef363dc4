/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir top, without the screen: rates between two looks at an instance.
 */
#ifndef WEIR_CLI_TOP_H
#define WEIR_CLI_TOP_H

#include <jansson.h>
#include <stdint.h>

/**
 * struct top_look - what an instance said at some time
 * @at_ms:  when, CLOCK_MONOTONIC
 * @ports, @drops, @policy: data of `show`; NULL: nothing
 */
struct top_look {
	int64_t at_ms;
	json_t *ports;
	json_t *drops;
	json_t *policy;
};

/**
 * top_ports - what ports did between two looks
 *
 * Return: new array of objects with "port", "state", and in a second "in" and
 * "out" (frames), "in_bits", "out_bits", "drops"; "why" is the reason of most
 * of these.  A counter that started again counts from 0.
 */
json_t *top_ports(const struct top_look *before, const struct top_look *now);

/**
 * top_rules - what rules did between two looks
 *
 * Return: new array of objects with "from", "to", "rule", "where" and "frames",
 * which it decided in a second.
 */
json_t *top_rules(const struct top_look *before, const struct top_look *now);

/**
 * top_sort - rows in order: numbers from the largest down, texts from "a" on
 * @key: a member
 *
 * Rows with equal values stay in their order.
 *
 * Return: new array of the same rows.
 */
json_t *top_sort(const json_t *rows, const char *key);

/**
 * top_number - a number in at most four characters: "999", "1.2k", "12M"
 *
 * Return: text to free().
 */
char *top_number(json_int_t n);

#endif
