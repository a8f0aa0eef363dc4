/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Policies for tests, made by hand: rules with pcap-filter expressions, and the
 * pairs of ports they are for.
 */
#ifndef WEIR_TESTS_IMAGE_RIG_H
#define WEIR_TESTS_IMAGE_RIG_H

#include "policy/image.h"
#include "vswitch/vswitch.h"

/**
 * image_new - a policy that allows nothing; free() it
 */
struct policy_image *image_new(void);

/**
 * policy_new - a policy that refuses everything, with room for any image; free()
 * it
 */
struct policy *policy_new(void);

/**
 * image_rule - add a rule
 * @action: enum policy_action
 * @expr:   pcap-filter expression, or NULL for every frame
 *
 * Its id follows from what it says.  Return: its number.
 */
uint16_t image_rule(struct policy_image *image, uint8_t action, bool reply,
		    const char *expr);

/**
 * image_try_rule - the same, of an expression that libpcap may refuse
 * @number: out
 *
 * Return: whether it was added.
 */
bool image_try_rule(struct policy_image *image, uint8_t action, bool reply,
		    const char *expr, uint16_t *number);

/**
 * image_pair - say what is asked about frames of one pair; once a pair
 * @rules: numbers of rules, @n of them
 */
void image_pair(struct policy_image *image, unsigned int src, unsigned int dst,
		const uint16_t *rules, unsigned int n);

/**
 * image_allow - one rule for one pair
 */
void image_allow(struct policy_image *image, unsigned int src, unsigned int dst,
		 const char *expr);

/**
 * image_allow_reply - the same, and the answers
 */
void image_allow_reply(struct policy_image *image, unsigned int src,
		       unsigned int dst, const char *expr);

/**
 * image_set - give it to a switch, which must take it
 */
void image_set(struct vswitch *sw, const struct policy_image *image);

#endif
