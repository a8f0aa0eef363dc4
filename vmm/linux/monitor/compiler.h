/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The topology compiler, in a child of the monitor's.
 *
 * Compiling takes as long as it takes, opens files that may be pipes or on a
 * server that is away, and passes filters to libpcap.  The monitor has links to
 * look after meanwhile and must survive all of it.  So a child compiles, leaves
 * the result in memory both share (compile_result.h), and ends.
 */
#ifndef WEIR_VMM_LINUX_MONITOR_COMPILER_H
#define WEIR_VMM_LINUX_MONITOR_COMPILER_H

#include "vmm/linux/monitor/child.h"
#include "vmm/linux/monitor/compile_result.h"

enum change_kind {
	CHANGE_RELOAD, /* load the topology again */
	CHANGE_ADD,    /* add statements */
	CHANGE_UNDO,   /* take the statements of a change back */
};

/* What is to be changed. */
struct change_order {
	enum change_kind kind;
	const char *text; /* ADD: the statements */
	/* RELOAD: from this file; NULL: the one it was started from */
	const char *file;
	unsigned int number; /* UNDO: of the change; 0: the last one */
	json_t *request;     /* what the texts are of, or NULL */
};

/* The compiler; all zero but @child: none. */
struct compiler {
	struct child child;
	void *shared; /* where the child leaves its result */
	size_t size;  /* bytes there */
};

/**
 * compiler_start - have the order in @m->change carried out
 * @m:     no compiler runs
 * @ended: called in the loop once the child may have ended: compiler_finish()
 *
 * Return: NULL, or why not: of facts_error().
 */
json_t *compiler_start(struct monitor *m,
		       void (*ended)(struct monitor *m, struct loop_source *s,
				     uint32_t events));

/**
 * compiler_finish - take the result of a child that has ended
 * @result: out; empty if there is none
 * @why:    out: NULL, or why there is none: of facts_error()
 *
 * Return: false if it still runs.
 */
bool compiler_finish(struct compiler *c, struct loop *loop,
		     struct compile_result *result, json_t **why);

/**
 * compiler_close - end the child and wait for it, for the end of the monitor
 */
void compiler_close(struct compiler *c, struct loop *loop);

#endif
