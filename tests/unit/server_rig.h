/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A monitor that has nothing but a control socket, in the test's own process:
 * time is what the test says it is.
 */
#ifndef WEIR_TESTS_UNIT_SERVER_RIG_H
#define WEIR_TESTS_UNIT_SERVER_RIG_H

#include "tests/unit/monitor_rig.h"
#include "vmm/linux/monitor/state.h"

/**
 * struct server - the monitor
 * @m:   itself
 * @err: its error
 * @sys: a system without anything in it
 */
struct server {
	struct monitor m;
	struct error err;
	struct system sys;
};

void serve(struct server *s, const struct rig *r);

/* Whatever happens next, and what the monitor does about it. */
void serve_once(struct server *s);

void end(struct server *s);

#endif
