/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a compiler that ran in another process has to say.
 *
 * The child packs it into memory it shares with the monitor and ends; the monitor
 * then unpacks it.  The child is our own program, but it has read files and
 * filters somebody gave it, with libpcap among others, and may have died at any
 * place: so every length is held against what is there, every text is given its
 * end, and numbers inside a policy are looked at where they are used
 * (monitor/policy.c).
 *
 *	head | text | n_policies x (image, rules) | n_sources x (path, text)
 *		| n_changes x (text, key)
 */
#ifndef WEIR_VMM_LINUX_MONITOR_COMPILE_RESULT_H
#define WEIR_VMM_LINUX_MONITOR_COMPILE_RESULT_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

enum compile_verdict {
	COMPILE_DONE,	/* policies, and warnings if there are any */
	COMPILE_ERRORS, /* the text says which */
	COMPILE_DIFFERS, /* more than policies would change: the text says what, a line each */
	COMPILE_VERDICTS
};

/**
 * struct compile_result - as above
 * @verdict:    enum compile_verdict
 * @errors, @warnings: how many
 * @text:       the compiler's lines, or COMPILE_DIFFERS: the differences
 * @policy:     COMPILE_DONE: by number of the switch
 * @n_policies: how many
 * @source:     COMPILE_DONE: the files it was made from
 * @n_sources:  how many; 0 if those that were known have been used
 * @change:     the statements of a change, if it could be taken apart
 * @n_changes:  how many
 */
struct compile_result {
	uint32_t verdict;
	uint32_t errors;
	uint32_t warnings;
	char *text;
	struct sys_policy *policy;
	size_t n_policies;
	struct sys_source *source;
	size_t n_sources;
	struct config_change *change;
	size_t n_changes;
};

/**
 * compile_result_room - octets that any result will fit into
 * @n_policies: of the system
 */
size_t compile_result_room(size_t n_policies);

/**
 * compile_result_pack - write a result
 * @r:  a text that is too long is cut
 * @to: @size octets, all zero
 *
 * Return: 0, or -1 if it does not fit.
 */
int compile_result_pack(const struct compile_result *r, void *to, size_t size);

/**
 * compile_result_unpack - read a result
 * @r:    out, to be freed whatever is returned
 * @from: private or no longer written to; its content is not believed
 *
 * Return: 0, or -1 if it is none, or memory ran out.
 */
int compile_result_unpack(struct compile_result *r, const void *from,
			  size_t size);

/**
 * compile_result_free - release what a result holds
 */
void compile_result_free(struct compile_result *r);

/**
 * policies_free, sources_free - release arrays as those of a system
 */
void policies_free(struct sys_policy *policy, size_t n);
void sources_free(struct sys_source *source, size_t n);

#endif
