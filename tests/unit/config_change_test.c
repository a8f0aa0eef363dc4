/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes while it runs: the same files and a text, and what one system must
 * have in common with another to become it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/config_lookup.h"
#include "tests/unit/config_promise.h"
#include "tests/unit/config_rig.h"

/* A change that must be possible; what is said of it is @said. */
static struct system *change_saying(const struct system *base, const char *text,
				    const char *said)
{
	struct config_report report;
	struct system *sys = config_recompile(base, text, &report);

	assert_string_equal(report.text, said);
	assert_non_null(sys);
	config_report_free(&report);
	promise_check(sys);
	return sys;
}

static struct system *change(const struct system *base, const char *text)
{
	return change_saying(base, text, "");
}

static void are_same(const struct system *a, const struct system *b)
{
	char *x = rig_dump(a), *y = rig_dump(b);

	assert_true(rig_same("dump", y, x));
	free(x);
	free(y);
}

/* --- the same files ------------------------------------------------------ */

static void nothing_changes_by_itself(void **state)
{
	struct rig_files files;

	(void)state;
	rig_enter("tests/topologies/good");
	files = rig_list(".conf");
	for (size_t i = 0; i < files.n; i++) {
		struct config_report report;
		struct system *sys = config_compile(files.name[i], &report);
		struct system *again, *third;
		char *why;

		assert_non_null(sys);
		config_report_free(&report);
		/* Warnings of the files have been given. */
		again = change(sys, NULL);
		third = change(again, "");
		are_same(sys, again);
		are_same(sys, third);
		assert_int_equal(config_differs(sys, third, &why), 0);
		free(why);
		system_free(sys);
		system_free(again);
		system_free(third);
	}
	rig_list_free(&files);
	rig_leave();
}

/* As they were when they were read, one of them twice. */
static void files_are_not_read_again(void **state)
{
	struct config_report report;
	struct system *sys, *again;

	assert_int_equal(rig_begin(state), 0);
	rig_put("t.conf", "include \"ports.inc\"\ninclude \"rule.inc\"\n"
			  "include \"rule.inc\"\n");
	rig_put("ports.inc", "switch s { port a { tap \"a\" }\n"
			     "port b { tap \"b\" } }\n");
	rig_put("rule.inc", "allow a -> b when \"arp\"\n");
	sys = config_compile("t.conf", &report);
	assert_non_null(sys);
	config_report_free(&report);
	assert_int_equal(sys->n_sources, 4);
	assert_string_equal(sys->source[0].path, "t.conf");
	assert_string_equal(sys->source[2].path, "rule.inc");
	assert_string_equal(sys->source[3].text, "allow a -> b when \"arp\"\n");
	unlink("t.conf");
	rig_put("ports.inc", "nonsense\n");
	unlink("rule.inc");
	again = change(sys, NULL);
	are_same(sys, again);
	system_free(sys);
	system_free(again);
	unlink("ports.inc");
	assert_int_equal(rig_end(state), 0);
}

/* A host means what it meant when its filter was compiled. */
static void hosts_are_not_looked_up_again(void **state)
{
	struct system *sys = rig_good(
		"switch s { port a { tap \"a\" }\nport b { tap \"b\" }\n"
		"port p { capture \"p\" of a; filter \"host "
		"known.example\" } }\n"
		"allow a -> b when \"host known.example\"\n"
		"allow b -> a when \"host known.example\" reply\n");
	unsigned int before = *lookups;
	struct system *again;

	(void)state;
	assert_int_not_equal(before, 0);
	again = change(sys, "deny a -> b when \"tcp\"\n"
			    "deny b -> a when \"host known.example\"\n");
	assert_int_equal(*lookups, before);
	system_free(sys);
	/* And that again from what was made of it. */
	sys = change(again, "allow a -> b when \"host known.example\" reply\n");
	assert_int_equal(*lookups, before);
	system_free(again);
	system_free(sys);
}

/* --- rules --------------------------------------------------------------- */

static const struct policy_image *image_of(const struct system *sys)
{
	return &sys->policy[0].image;
}

/* Texts of a pair's rules, in the order in which they are asked. */
static void is_asked(const struct system *sys, unsigned int src,
		     unsigned int dst, const char *texts)
{
	const struct policy_pair *pair = &image_of(sys)->pair[src][dst];
	char got[512] = "";

	for (unsigned int i = 0; i < pair->n; i++) {
		unsigned int rule = image_of(sys)->entry[pair->first + i];
		const struct sys_rule *about = &sys->policy[0].rule[rule];

		strcat(got, i ? ", " : "");
		strcat(got, about->action == POLICY_DENY ? "deny " : "allow ");
		strcat(got, about->text);
	}
	assert_string_equal(got, texts);
}

static void changes_come_first(void **state)
{
	struct system *sys = rig_good(RIG_HOME), *next;

	(void)state;
	next = change_saying(sys,
			     "deny a -> c when \"tcp\"\n"
			     "allow people <-> c when $web reply\n"
			     "deny x -> a\n",
			     "(runtime):2:1: warning: s.a <-> s.c (and 1 "
			     "more): s.a has no \"vlan\", and frames without a "
			     "tag are in no VLAN of s.c; give it one, \"vlan "
			     "access\", or \"vlan trunk\" if it tags its "
			     "frames\n");
	is_asked(next, 0, 2, "deny tcp, allow tcp port 443, allow arp");
	is_asked(next, 1, 2, "allow tcp port 443, allow arp");
	is_asked(next, 2, 0, "allow tcp port 443");
	is_asked(next, 3, 0, "deny ");
	is_asked(next, 0, 3, "allow ");
	assert_string_equal(next->policy[0].rule[0].file, "(runtime)");
	assert_int_equal(next->policy[0].rule[1].line, 2);
	/* Rules that stay are the same rules. */
	assert_int_equal(image_of(next)->rule[3].id, image_of(sys)->rule[0].id);
	system_free(next);
	/* And so it is without the change. */
	next = change(sys, "");
	are_same(sys, next);
	system_free(next);
	system_free(sys);
}

/* What a change hides in a file is meant; what it hides in itself is not. */
static void warnings_are_of_the_change(void **state)
{
	struct system *sys = rig_good(RIG_HOME "allow people -> c\n"
					       "allow a -> c\n"
					       "group nobody { a }\n");
	struct system *next;

	(void)state;
	next = change(sys, "deny people -> c\n");
	system_free(next);
	next = change_saying(sys, "deny people -> c\nallow a -> c\n",
			     "(runtime):2:12: warning: s.a -> s.c: this rule "
			     "decides on nothing, because a newer one denies "
			     "every frame; 'weir undo' takes changes back, "
			     "'weir show policy' shows their numbers\n");
	system_free(next);
	system_free(sys);
}

/* And they advise what a command can say. */
static void a_change_nothing_can_answer(void **state)
{
	struct system *sys = rig_good(RIG_HOME);
	struct system *next;

	(void)state;
	next = change_saying(sys, "allow a -> b\n",
			     "(runtime):1:1: warning: s.a -> s.b: nothing can "
			     "answer; give \"reply\" with it, or -b for both "
			     "directions\n");
	system_free(next);
	next = change(sys, "allow a -> b reply\n");
	system_free(next);
	next = change(sys, "allow a <-> b\n");
	system_free(next);
	system_free(sys);
}

/* --- settings ------------------------------------------------------------ */

static void settings_are_replaced(void **state)
{
	struct system *sys = rig_good(RIG_HOME), *next;
	const struct policy_port *was = image_of(sys)->port, *port;

	(void)state;
	next = change(sys, "set a { limit in 20mbit burst 1m\nstorm "
			   "broadcast 5/s; mac lock 02:00:00:00:00:02 }\n"
			   "set s.b { ip lock 10.0.0.0/24; mac sticky 9; mac "
			   "moves 1/s }\nset c { vlan access 7 }\n");
	port = image_of(next)->port;
	assert_int_equal(port[0].limit_in.rate, 2500000);
	assert_int_equal(port[0].limit_in.burst, 1 << 20);
	assert_int_equal(port[0].limit_out.rate, 1250000);
	assert_int_equal(port[0].storm[STORM_BROADCAST].rate, 5);
	assert_int_equal(port[0].locked_mac, 0x020000000002);
	assert_int_equal(port[1].sticky, 9);
	assert_int_equal(port[1].n_prefixes, 1);
	assert_int_equal(image_of(next)->prefix[port[1].first_prefix].bits,
			 96 + 24);
	assert_int_equal(port[1].moves.rate, 1);
	assert_int_equal(port[2].vlan_mode, POLICY_VLAN_ACCESS);
	assert_int_equal(port[2].vlan, 7);
	assert_int_equal(port[2].storm[STORM_UNKNOWN].rate, 9);
	assert_memory_equal(&port[3], &was[3], sizeof(*port));
	system_free(next);
	system_free(sys);
}

static void settings_are_taken_away(void **state)
{
	struct system *sys = rig_good(RIG_HOME), *plain, *next;

	(void)state;
	next = change(sys,
		      "set a { limit out off; mac lock off }\n"
		      "set b { mac sticky off; ip lock off }\n"
		      "set c { vlan off; storm unknown 1000/s burst 1000 }\n"
		      "set a { limit in off }\n");
	plain = rig_good("switch s { port a { tap \"a\" }\n"
			 "port b { tap \"b\" }\nport c { tap \"c\" }\n"
			 "port d { tap \"d\"; storm none } }\n"
			 "allow a -> b\n");
	assert_memory_equal(image_of(next)->port, image_of(plain)->port,
			    sizeof(image_of(plain)->port));
	assert_int_equal(image_of(next)->n_prefixes, 0);
	system_free(next);
	next = change(sys, "set a { mac lock 02:00:00:00:00:01, "
			   "02:00:00:00:00:11, 02:00:00:00:00:12; flood on }\n"
			   "set b { flood off }\n");
	assert_true(image_of(next)->port[0].locked_mac == 0x020000000001);
	assert_int_equal(image_of(next)->port[0].n_macs, 2);
	assert_true(image_of(next)->mac[1] == 0x020000000012);
	assert_int_equal(image_of(next)->port[0].known_only, 0);
	assert_int_equal(image_of(next)->port[1].known_only, 1);
	system_free(next);
	/* These are limited by themselves, and not limited only if told so. */
	next = change(sys, "set a { mac moves off; limit off; storm none }\n"
			   "set b { storm unknown off }\n");
	assert_int_equal(image_of(next)->port[0].moves.rate, 0);
	for (unsigned int i = 0; i < STORMS; i++)
		assert_int_equal(image_of(next)->port[0].storm[i].rate, 0);
	assert_int_equal(image_of(next)->port[1].storm[STORM_UNKNOWN].rate, 0);
	assert_int_equal(image_of(next)->port[1].storm[STORM_BROADCAST].rate,
			 1000);
	assert_int_equal(image_of(next)->port[0].limit_in.rate, 0);
	assert_int_equal(image_of(next)->port[0].limit_out.rate, 0);
	system_free(plain);
	system_free(next);
	system_free(sys);
}

/* The last one counts, and what is said in the file is not lost to it. */
static void changes_of_one_port_add_up(void **state)
{
	struct system *sys = rig_good(RIG_HOME), *next;
	const struct policy_port *port;

	(void)state;
	next = change(sys, "set a { limit 1mbit; mac lock off }\n"
			   "set a { limit out 2mbit; mac sticky 2 }\n"
			   "set x { limit in 3mbit; vlan trunk 1-3 }\n");
	port = image_of(next)->port;
	assert_int_equal(port[0].limit_in.rate, 125000);
	assert_int_equal(port[0].limit_out.rate, 250000);
	assert_false(port[0].locked);
	assert_int_equal(port[0].sticky, 2);
	assert_int_equal(port[3].limit_in.rate, 375000);
	assert_int_equal(port[3].vlan_mode, POLICY_VLAN_TRUNK);
	/* One end of a link is one port. */
	assert_int_equal(next->policy[1].image.port[1].limit_in.rate, 0);
	system_free(next);
	system_free(sys);
}

/* A program keeps the address it was given, whatever it is locked to. */
static void a_program_keeps_its_address(void **state)
{
	struct system *sys =
		rig_good("switch s { port a { program \"/p\"; mac lock "
			 "02:00:00:00:00:01 }\nport b { program \"/p\" } }\n"
			 "allow a -> b\n");
	struct config_report report;
	struct system *next =
		config_recompile(sys,
				 "set a { mac lock off }\n"
				 "set b { mac lock 02:00:00:00:00:07 }\n",
				 &report);
	char *why;

	(void)state;
	assert_non_null(next);
	assert_string_equal(report.text, "");
	assert_int_equal(config_differs(sys, next, &why), 0);
	free(why);
	assert_false(image_of(next)->port[0].locked);
	assert_int_equal(image_of(next)->port[1].locked_mac, 0x020000000007);
	config_report_free(&report);
	system_free(next);
	system_free(sys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_changes_by_itself),
		cmocka_unit_test(files_are_not_read_again),
		cmocka_unit_test(hosts_are_not_looked_up_again),
		cmocka_unit_test(changes_come_first),
		cmocka_unit_test(warnings_are_of_the_change),
		cmocka_unit_test(a_change_nothing_can_answer),
		cmocka_unit_test(settings_are_replaced),
		cmocka_unit_test(settings_are_taken_away),
		cmocka_unit_test(changes_of_one_port_add_up),
		cmocka_unit_test(a_program_keeps_its_address),
	};

	lookup_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
