/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/server_rig.h"

void serve(struct server *s, const struct rig *r)
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

void serve_once(struct server *s)
{
	loop_round(&s->m.loop, &s->m, RIG_TIMEOUT_MS);
	control_tick(&s->m);
}

void end(struct server *s)
{
	change_close(&s->m);
	control_close(&s->m);
	janitor_stop(&s->m.janitor);
	loop_close(&s->m.loop);
}
