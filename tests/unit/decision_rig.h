/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests of how a switch's verdict is told: what the command shows of what
 * the monitor says of it. The switch sw0 has the ports a, b and c.
 */
#ifndef WEIR_TESTS_UNIT_DECISION_RIG_H
#define WEIR_TESTS_UNIT_DECISION_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <jansson.h>

#include "vmm/linux/control/json.h"

/**
 * struct told - a switch with a policy, what it was asked, and what it says
 *
 * The policy allows HTTPS from a to b (entry 4) and denies the rest (entry 5).
 * The request is a frame from a; the verdict sends it to b because of entry 4.
 */
struct told {
	struct sys_component comp;
	struct mon_switch sw;
	struct sys_policy policy;
	struct sys_rule rule[2];
	struct vswitch_ctl_request request;
	struct vswitch_verdict v;
};

int told_setup(void **state);
int told_teardown(void **state);

/* What the command shows of the verdict by @policy; to json_decref(). */
json_t *told_shown(const struct told *t, const struct sys_policy *policy);

/* A member that is a string. */
const char *told_text(json_t *object, const char *key);

/* The frame is refused because of its one destination. */
void told_refuse(struct told *t, enum vswitch_reason why);

/* The frame is dropped before its destination is known. */
void told_stop(struct told *t, enum vswitch_reason why);

/* The steps of this name must be these, each a line "result: text". */
void expect_steps(const struct told *t, const char *name, const char *want);

#endif
