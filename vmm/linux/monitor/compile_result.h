/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a compiler that ran in another process has to say.
 *
 * The child packs it into memory it shares with the monitor, and ends; then the
 * monitor copies that into a block of its own and finds everything in there.
 * The child is our own program, but it has read files and filters that somebody
 * gave it, with libpcap among others, and may have died anywhere.  So every
 * length is checked against what is there, every text is terminated, and
 * numbers inside a policy are checked where they are used (monitor/policy.c).
 */
#ifndef WEIR_VMM_LINUX_MONITOR_COMPILE_RESULT_H
#define WEIR_VMM_LINUX_MONITOR_COMPILE_RESULT_H

#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "vmm/linux/monitor/statement.h"

enum compile_verdict {
	COMPILE_DONE,	 /* @text: warnings, if there are any */
	COMPILE_ERRORS,	 /* @text: the compiler's lines */
	COMPILE_DIFFERS, /* not only policies would change; @text: what, a line
			    each */
	COMPILE_REFUSED, /* @text: of facts_error(), as JSON */
	COMPILE_VERDICTS
};

/* A compiler's result; also what is in force (struct monitor, held). */
struct compile_result {
	void *block;	  /* what the rest lies in; NULL: it is others' */
	uint32_t verdict; /* enum compile_verdict */
	uint32_t errors;  /* how many; DIFFERS: differences */
	char *text;
	struct sys_policy *policy; /* DONE: by number of the switch */
	size_t n_policies;
	struct sys_source *source; /* DONE: the files it was made from */
	size_t n_sources;
	/* DONE: what was changed since these were loaded */
	struct statements statements;
	/* of the change that was made or taken back */
	unsigned int number;
	char *undone; /* the statements that were taken back */
};

/**
 * compile_result_room - bytes that any result will fit into
 * @n_policies: of the system
 */
size_t compile_result_room(size_t n_policies);

/**
 * compile_result_pack - write a result
 * @r:  texts that are too long are cut
 * @to: @size bytes, all zero
 *
 * Return: 0, or -1 if it does not fit.
 */
int compile_result_pack(const struct compile_result *r, void *to, size_t size);

/**
 * compile_result_unpack - read a result
 * @r:    out; empty if that fails
 * @from: private or no longer written to; not trusted
 *
 * Return: 0, or -1 if it is none, or memory ran out.
 */
int compile_result_unpack(struct compile_result *r, const void *from,
			  size_t size);

/**
 * compile_result_free - release what a result holds
 */
void compile_result_free(struct compile_result *r);

#endif
