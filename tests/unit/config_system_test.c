/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Systems: the promises that hold for every one of them, and what single
 * statements of a topology come to.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/config_promise.h"
#include "tests/unit/config_rig.h"

/* A system that must be there, with so many warnings. */
static struct system *compile_warning(const char *text, unsigned int warnings)
{
	struct config_report report;
	struct system *sys = rig_compile(text, &report);

	if (!sys || report.warnings != warnings)
		fail_msg("%s", report.text);
	assert_int_equal(report.errors, 0);
	config_report_free(&report);
	promise_check(sys);
	return sys;
}

static struct system *compile(const char *text)
{
	return compile_warning(text, 0);
}

/* --- every topology there is --------------------------------------------- */

static void check_folder(const char *folder)
{
	struct rig_files files;

	rig_enter(folder);
	files = rig_list(".conf");
	assert_true(files.n > 0);
	for (size_t i = 0; i < files.n; i++) {
		struct config_report report;
		struct system *sys = config_compile(files.name[i], &report);

		if (!sys)
			fail_msg("%s", report.text);
		promise_check(sys);
		system_free(sys);
		config_report_free(&report);
	}
	rig_list_free(&files);
	rig_leave();
}

static void good_topologies_keep_the_promises(void **state)
{
	(void)state;
	check_folder("tests/topologies/good");
}

static void examples_keep_the_promises(void **state)
{
	(void)state;
	check_folder("examples/home");
	check_folder("examples/egress");
	check_folder("examples/chain");
	check_folder("examples/capture");
	check_folder("examples/echo");
	check_folder("examples/tour");
}

/* --- what is said of one port -------------------------------------------- */

#define THREE                                                                  \
	"switch s {\n"                                                         \
	"port a { tap \"a\" }\nport b { tap \"b\" }\nport c { tap \"c\" }\n"   \
	"}\n"

/* Ports a port of the first switch may send to, by rules without filter. */
static uint64_t may_send(const struct system *sys, unsigned int from)
{
	const struct policy_image *image = &sys->policy[0].image;
	uint64_t set = 0;

	for (unsigned int d = 0; d < MAX_PORTS; d++) {
		const struct policy_pair *pair = &image->pair[from][d];

		if (pair->n && image->rule[image->entry[pair->first]].action ==
				       POLICY_ALLOW)
			set |= 1ull << d;
	}
	return set;
}

/* Bitmaps of three ports for allow rules, of which @mute have no answer. */
static void allows(const char *rules, uint64_t a, uint64_t b, uint64_t c,
		   unsigned int mute)
{
	char text[512];
	struct system *sys;

	snprintf(text, sizeof(text), THREE "%s", rules);
	sys = compile_warning(text, mute);
	assert_int_equal(may_send(sys, 0), a);
	assert_int_equal(may_send(sys, 1), b);
	assert_int_equal(may_send(sys, 2), c);
	system_free(sys);
}

static void allow_is_what_is_written_and_no_more(void **state)
{
	(void)state;
	allows("allow a -> b\nallow c -> b", 2, 0, 2, 2);
	allows("allow a <-> b\nallow c -> b", 2, 1, 2, 1);
	allows("allow b -> { a, c }", 0, 5, 0, 1);
	allows("allow { a, b } -> c", 4, 4, 0, 1);
	allows("allow { a, b } <-> c", 4, 4, 3, 0);
	allows("allow { a b c } <-> { a b c }", 6, 5, 3, 0);
	allows("allow { a b c } -> { a b }", 2, 1, 3, 1);
	allows("allow a -> b\nallow b -> a\nallow s.c -> s.a", 2, 1, 1, 1);
}

static void defaults(void **state)
{
	struct system *sys =
		compile("switch s { port a { tap \"a\" }; port b { attach "
			"\"/b\" }; port c { tap \"c\"; offload off } }\n"
			"allow a <-> b\nallow c <-> b\n");
	const struct sys_switch *sw = &sys->pd[0].comp[0].sw;

	(void)state;
	assert_string_equal(sys->name, "t");
	assert_int_equal(sw->tables.fdb.capacity, 4096);
	assert_int_equal(sw->tables.fdb.ageing, 300);
	assert_int_equal(sw->tables.flows, 4096);
	assert_int_equal(sw->tables.groups, 512);
	assert_int_equal(sys->n_pds, 3);
	assert_string_equal(sys->pd[0].name, "s");
	assert_string_equal(sys->pd[1].name, "s.a");
	assert_int_equal(sys->pd[0].poll_us, 0);
	assert_int_equal(sys->n_conns, 3);
	/* Segments, frames, and frames in bursts. */
	assert_int_equal(sys->conn[0].capacity, 512);
	assert_int_equal(sys->conn[0].buffer_size, 65536);
	assert_int_equal(sys->conn[0].max_frame, 1518);
	assert_int_equal(sys->conn[0].offload,
			 OFFLOAD_PORT | OFFLOAD_TAKES_ALL);
	assert_int_equal(sys->conn[0].max_segment, SYS_MAX_SEGMENT);
	assert_int_equal(sys->conn[1].capacity, 512);
	assert_int_equal(sys->conn[1].buffer_size, 2048);
	assert_int_equal(sys->conn[1].max_frame, 1518);
	assert_int_equal(sys->conn[1].offload, 0);
	assert_int_equal(sys->conn[2].capacity, 2048);
	assert_int_equal(sys->conn[2].buffer_size, 2048);
	assert_int_equal(sys->conn[2].offload, 0);
	assert_string_equal(sys->conn[1].what, "attach /b");
	assert_string_equal(sys->conn[1].path, "/b");
	assert_false(sys->policy[0].image.port[0].locked);
	assert_int_equal(sys->policy[0].image.port[0].moves.rate, 10);
	assert_int_equal(sys->policy[0].image.port[0].moves.burst, 20);
	assert_false(sys->policy[0].image.snooping);
	assert_false(rig_switch_port(sys, 0)->forward_reserved);
	system_free(sys);
}

static void a_filter_is_compiled(void **state)
{
	struct system *sys = compile(
		"switch s {\n port a { tap \"a\" }\n port b { tap \"b\" }\n"
		" port c { capture \"c\" of a; filter \"arp\" }\n}\n"
		"allow a <-> b\n");
	const struct sys_capture *c = &sys->pd[3].comp[0].capture;

	(void)state;
	/* ldh [12]; jeq 0x806, 0, 1; ret the whole frame; ret nothing */
	assert_string_equal(c->filter_text, "arp");
	assert_int_equal(c->n_filter, 4);
	assert_int_equal(c->filter[0].code, 0x28);
	assert_int_equal(c->filter[0].k, 12);
	assert_int_equal(c->filter[1].code, 0x15);
	assert_int_equal(c->filter[1].k, 0x806);
	assert_int_equal(c->filter[1].jt, 0);
	assert_int_equal(c->filter[1].jf, 1);
	assert_int_equal(c->filter[2].k, 65535);
	assert_int_equal(c->filter[3].k, 0);
	system_free(sys);
}

/* Queues, data and page of a link are the same memory, crosswise. */
static void a_link_is_crossed(void **state)
{
	struct system *sys = compile("switch s { port a { tap \"a\" } }\n"
				     "switch t { port b { tap \"b\" } }\n"
				     "link s.x <-> t.y\n"
				     "allow a <-> x\nallow y <-> b\n");
	const struct sys_pd *s = &sys->pd[0], *t = &sys->pd[1];
	const struct sys_wire *x = &s->comp[0].sw.port[1].wire;
	const struct sys_wire *y = &t->comp[0].sw.port[1].wire;

	(void)state;
	assert_int_equal(s->map[x->egress.data].region,
			 t->map[y->ingress.data].region);
	assert_int_equal(s->map[x->ingress.data].region,
			 t->map[y->egress.data].region);
	assert_int_equal(s->map[x->egress.active].region,
			 t->map[y->ingress.active].region);
	assert_int_equal(s->map[x->egress.free].region,
			 t->map[y->ingress.free].region);
	assert_int_equal(s->map[x->link].region, t->map[y->link].region);
	assert_int_equal(s->map[x->egress.data].perms, SYS_RW);
	assert_int_equal(t->map[y->ingress.data].perms, SYS_R);
	assert_int_equal(t->map[y->egress.data].perms, SYS_RW);
	assert_int_equal(s->map[x->ingress.data].perms, SYS_R);
	system_free(sys);
}

/* --- limits -------------------------------------------------------------- */

static char *text;
static size_t text_size;

/* @n_switches of @n_ports taps; @merged: the domain has the switches too. */
static void many(unsigned int n_switches, unsigned int n_ports, bool merged)
{
	FILE *f = open_memstream(&text, &text_size);

	assert_non_null(f);
	for (unsigned int s = 0; s < n_switches; s++) {
		fprintf(f, "switch s%u {\n", s);
		for (unsigned int p = 0; p < n_ports; p++)
			fprintf(f, "port p%u { tap \"t%u-%u\" }\n", p, s, p);
		fprintf(f, "}\nallow s%u.p0 <-> { ", s);
		for (unsigned int p = 1; p < n_ports; p++)
			fprintf(f, "s%u.p%u ", s, p);
		fprintf(f, "}\n");
	}
	fprintf(f, "domain d {\n");
	for (unsigned int s = 0; s < n_switches; s++) {
		for (unsigned int p = 0; p < n_ports; p++)
			fprintf(f, "s%u.p%u ", s, p);
		if (merged)
			fprintf(f, "s%u", s);
		fprintf(f, "\n");
	}
	fprintf(f, "}\n");
	assert_int_equal(fclose(f), 0);
}

static void must_fail(const char *message)
{
	struct config_report report;

	assert_null(rig_compile(text, &report));
	if (!strstr(report.text, message))
		fail_msg("\"%s\" is not in: %s", message, report.text);
	assert_int_equal(report.errors, 1);
	config_report_free(&report);
	free(text);
}

static struct system *must_compile(void)
{
	struct system *sys = compile(text);

	free(text);
	return sys;
}

static void sixty_four_ports_and_no_more(void **state)
{
	struct system *sys;

	(void)state;
	many(1, 64, true);
	sys = must_compile();
	assert_int_equal(sys->n_pds, 1);
	assert_int_equal(sys->pd[0].n_comps, 65);
	assert_int_equal(may_send(sys, 0), ~1ull);
	assert_int_equal(may_send(sys, 63), 1);
	system_free(sys);
	many(1, 65, true);
	must_fail("switch s0 has 65 ports; a switch can have 64");
}

static void a_domain_maps_1024_regions_and_no_more(void **state)
{
	(void)state;
	/* 7 a port: 1022 and 1029 */
	many(2, 49, false);
	system_free(must_compile());
	many(3, 49, false);
	must_fail("domain d maps 1029 regions; one process can map 1024");
}

static void a_domain_has_192_channels_and_no_more(void **state)
{
	struct system *sys;

	(void)state;
	/* 2 a port and 1 a switch: 190 and 194 */
	many(2, 47, true);
	sys = must_compile();
	assert_int_equal(sys->pd[0].n_chans, 190);
	system_free(sys);
	many(2, 48, true);
	must_fail("domain d has 194 channels; one process can have 192");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_topologies_keep_the_promises),
		cmocka_unit_test(examples_keep_the_promises),
		cmocka_unit_test(allow_is_what_is_written_and_no_more),
		cmocka_unit_test(defaults),
		cmocka_unit_test(a_filter_is_compiled),
		cmocka_unit_test(a_link_is_crossed),
		cmocka_unit_test(sixty_four_ports_and_no_more),
		cmocka_unit_test(a_domain_maps_1024_regions_and_no_more),
		cmocka_unit_test(a_domain_has_192_channels_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
