/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes to a running monitor: asking for them, and what the fake switches
 * have of them.
 */
#ifndef WEIR_TESTS_UNIT_CHANGE_RIG_H
#define WEIR_TESTS_UNIT_CHANGE_RIG_H

#include "tests/unit/monitor_rig.h"

#define CHANGE_TOPOLOGY                                                        \
	"switch sw0 {\n"                                                       \
	"port a { attach \"@/a.sock\" }\n"                                     \
	"port b { attach \"@/b.sock\" }\n"                                     \
	"port c { attach \"@/c.sock\" }\n"                                     \
	"}\n"                                                                  \
	"switch sw1 {\n"                                                       \
	"port d { attach \"@/d.sock\" }\n"                                     \
	"port e { attach \"@/e.sock\" }\n"                                     \
	"}\n"                                                                  \
	"allow a <-> b\n"                                                      \
	"allow a -> c\n"                                                       \
	"allow d <-> e\n"

/* --- asking ------------------------------------------------------------- */

/* These send a request and do not wait: the connection, for reply_of(). */
int begin_change(const struct rig *r, const char *text);

/* A file in the rig's directory; NULL: the one it was started from. */
int begin_reload(const struct rig *r, const char *name);

/* "": the last change; ",\"number\":N": that one. */
int begin_undo(const struct rig *r, const char *number);

json_t *reply_of(int fd);

/* The switches that a successful change concerned; static. */
const char *changed(json_t *reply);

/* The compiler's lines of a refusal; static. */
const char *report(json_t *reply);

/* --- what switches have ------------------------------------------------- */

/* Policies the fake switch of a port has taken, and entries of the last one. */
void expect_switch(const struct rig *r, const char *port, const char *policies,
		   const char *entries);

#endif
