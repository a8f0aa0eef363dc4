/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A monitor that has nothing but a control socket, in the test's own process: time
 * is what the test says it is.
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

static RIG_UNUSED void serve(struct server *s, const struct rig *r)
{
	*s = (struct server){ .sys = { .name = "test" } };
	s->m.sys = s->sys;
	s->m.origin = &s->sys;
	s->m.err = &s->err;
	s->m.phase = MONITOR_RUNNING;
	change_init(&s->m.change);
	assert_int_equal(janitor_start(&s->m.janitor, &s->sys, &s->err), 0);
	assert_int_equal(loop_open(&s->m.loop), 0);
	assert_int_equal(control_open(&s->m, rig_path(r, "test.sock")), 0);
	control_serve(&s->m);
}

/* Whatever happens next, and what the monitor does about it. */
static RIG_UNUSED void serve_once(struct server *s)
{
	loop_round(&s->m.loop, &s->m, RIG_TIMEOUT_MS);
	control_tick(&s->m);
}

static RIG_UNUSED void end(struct server *s)
{
	change_close(&s->m);
	control_close(&s->m);
	janitor_stop(&s->m.janitor);
	loop_close(&s->m.loop);
}

#endif
