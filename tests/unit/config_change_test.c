/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes while it runs: the same files and a text, and what one system must have
 * in common with another to become it.
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

static struct system *compile(const char *text)
{
	struct config_report report;
	struct system *sys = rig_compile(text, &report);

	if (!sys)
		fail_msg("%s", report.text);
	config_report_free(&report);
	return sys;
}

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

#define HOME                                                                   \
	"web = \"tcp port 443\"\n"                                             \
	"switch s {\n"                                                         \
	"port a { tap \"a\"; limit 10mbit; mac lock 02:00:00:00:00:01 }\n"     \
	"port b { tap \"b\"; mac sticky 3; ip lock 10.0.0.2, fe80::2 }\n"      \
	"port c { tap \"c\"; vlan trunk 1-9 native 5; storm unknown 9/s }\n"   \
	"}\n"                                                                  \
	"switch t { port d { tap \"d\" } }\n"                                  \
	"link s.x <-> t.y\n"                                                   \
	"group people { a, b }\n"                                              \
	"allow people -> c when \"arp\"\n"                                     \
	"allow t.d <-> y\nallow x <-> a\n"

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

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* As they were when they were read, one of them twice. */
static void files_are_not_read_again(void **state)
{
	char folder[] = "/tmp/weir-change-XXXXXX";
	struct config_report report;
	struct system *sys, *again;

	(void)state;
	assert_non_null(mkdtemp(folder));
	rig_enter(folder);
	put("t.conf", "include \"ports.inc\"\ninclude \"rule.inc\"\n"
		      "include \"rule.inc\"\n");
	put("ports.inc", "switch s { port a { tap \"a\" }\n"
			 "port b { tap \"b\" } }\n");
	put("rule.inc", "allow a -> b when \"arp\"\n");
	sys = config_compile("t.conf", &report);
	assert_non_null(sys);
	config_report_free(&report);
	assert_int_equal(sys->n_sources, 4);
	assert_string_equal(sys->source[0].path, "t.conf");
	assert_string_equal(sys->source[2].path, "rule.inc");
	assert_string_equal(sys->source[3].text, "allow a -> b when \"arp\"\n");
	unlink("t.conf");
	put("ports.inc", "nonsense\n");
	unlink("rule.inc");
	again = change(sys, NULL);
	are_same(sys, again);
	system_free(sys);
	system_free(again);
	unlink("ports.inc");
	rig_leave();
	assert_int_equal(rmdir(folder), 0);
}

/* A host means what it meant when its filter was compiled. */
static void hosts_are_not_looked_up_again(void **state)
{
	struct system *sys = compile(
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
	struct system *sys = compile(HOME), *next;

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
	struct system *sys = compile(HOME "allow people -> c\n"
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
	struct system *sys = compile(HOME);
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
	struct system *sys = compile(HOME), *next;
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
	struct system *sys = compile(HOME), *plain, *next;

	(void)state;
	next = change(sys,
		      "set a { limit out off; mac lock off }\n"
		      "set b { mac sticky off; ip lock off }\n"
		      "set c { vlan off; storm unknown 1000/s burst 1000 }\n"
		      "set a { limit in off }\n");
	plain = compile("switch s { port a { tap \"a\" }\n"
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
	struct system *sys = compile(HOME), *next;
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
		compile("switch s { port a { program \"/p\"; mac lock "
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

/* --- what is wrong ------------------------------------------------------- */

#define REFUSED                                                                \
	"while it runs only allow, deny and set can be given; put this into "  \
	"the file and start anew\n"

static const struct {
	const char *text;
	const char *said;
} wrong[] = {
	{ "allow a -> q\n", "(runtime):1:12: unknown port \"q\"; no switch has "
			    "one of that name\n" },
	{ "\nallow a <-> a", "(runtime):2:13: a port cannot be allowed to "
			     "itself; no frame is ever sent back to s.a\n" },
	{ "allow a",
	  "(runtime):1:8: unexpected end of text; expected \"->\" or "
	  "\"<->\"; write allow PORT <-> PORT, or allow PORT -> "
	  "PORT [when \"EXPRESSION\"] [reply]\n" },
	{ "allow a -> b when \"tcp prot 80\"",
	  "(runtime):1:19: libpcap does not accept \"tcp prot 80\": can't "
	  "parse filter expression: syntax error; pcap-filter(7) describes "
	  "the language\n" },
	{ "allow a -> b when \"host no.example\"",
	  "(runtime):1:19: libpcap does not accept \"host no.example\": "
	  "unknown host 'no.example'; write the address\n" },
	{ "switch u { port a { tap \"z\" } }", "(runtime):1:8: " REFUSED },
	{ "switch u { }\nlink s.z <-> t.z; vm v { }\ngroup g { }",
	  "(runtime):1:8: " REFUSED "(runtime):2:1: " REFUSED
	  "(runtime):2:22: " REFUSED "(runtime):3:7: " REFUSED },
	{ "include \"x\"\nx = 3; domain d { s }",
	  "(runtime):1:9: " REFUSED "(runtime):2:1: " REFUSED
	  "(runtime):2:15: " REFUSED },
	{ "limit a 10mbit", "(runtime):1:1: \"limit\" belongs in a port or a "
			    "link\n" },
	{ "foo", "(runtime):1:1: unknown word \"foo\"; what can be here is "
		 "allow, deny, set\n" },
	{ "set q { limit off }", "(runtime):1:5: unknown port \"q\"; no switch "
				 "has one of that name\n" },
	{ "set people { limit off }",
	  "(runtime):1:5: \"people\" is a group, which rules and other groups "
	  "can name; here a port is named\n" },
	{ "set a { mtu 9000 }", "(runtime):1:9: \"mtu\" belongs in a port or a "
				"link\n" },
	{ "set a { tap \"b\" }", "(runtime):1:9: \"tap\" belongs in a port\n" },
	{ "set a { speed 3 }", "(runtime):1:9: unknown word \"speed\"; what "
			       "can be here is mac, ip, vlan, limit, storm, "
			       "flood\n" },
	{ "set a { limit 1mbit; limit in off }",
	  "(runtime):1:22: \"limit in\" is here twice; the first is in line "
	  "1: take one of the two out\n" },
	{ "set a { limit in 1mbit burst 1000 }",
	  "(runtime):1:30: a burst of 1000 octets never lets a frame of full "
	  "length pass, which on port s.a has 1518; write at least that\n" },
	{ "set b { mac lock 02:00:00:00:00:01; mac sticky off }",
	  "(runtime):1:18: port s.a is locked to that address already, in "
	  "t.conf:3; a station is behind one port\n" },
	{ "set b { mac lock 02:00:00:00:00:03 }",
	  "(runtime):1:9: port s.b has a mac sticky, in t.conf:4; a lock says "
	  "all addresses of a port: take one of the two out\n" },
	{ "set a { mac lock off }\nset b { mac sticky off; mac lock "
	  "02:00:00:00:00:03 }\nset a { mac lock 02:00:00:00:00:03 }",
	  "(runtime):3:18: port s.b is locked to that address already, in line "
	  "2; a station is behind one port\n" },
	{ "set a { limit off", "(runtime):1:18: the text ends inside a block; "
			       "the \"{\" of line 1 wants its \"}\"\n" },
	{ "allow a -> b \xff", "(runtime):1:14: octet 0xff is not UTF-8 "
			       "text; save the file as UTF-8\n" },
	{ "allow a -> b\n\x1b[2J",
	  "(runtime):2:1: octet 0x1b is a control "
	  "character, which no topology has; take it out, or is this another file?\n" },
};

/* Everything is refused as a whole, and says so. */
static void what_is_wrong_with_a_change(void **state)
{
	char folder[] = "/tmp/weir-change-XXXXXX";
	struct config_report report;
	struct system *sys;

	(void)state;
	assert_non_null(mkdtemp(folder));
	rig_enter(folder);
	put("t.conf", HOME);
	sys = config_compile("t.conf", &report);
	assert_non_null(sys);
	config_report_free(&report);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_null(config_recompile(sys, wrong[i].text, &report));
		if (!rig_same(wrong[i].text, report.text, wrong[i].said))
			fail_msg("%s", report.text);
		assert_true(report.errors > 0);
		config_report_free(&report);
	}
	system_free(sys);
	unlink("t.conf");
	rig_leave();
	assert_int_equal(rmdir(folder), 0);
}

static void a_change_may_be_too_large(void **state)
{
	const size_t size = 256 * 1024 + 1;
	struct system *sys = compile(HOME);
	struct config_report report;
	char *text = malloc(size + 1);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', size);
	text[size] = '\0';
	assert_null(config_recompile(sys, text, &report));
	assert_string_equal(report.text, "(runtime):1:1: the text is larger "
					 "than 256 KiB\n");
	config_report_free(&report);
	free(text);
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
		cmocka_unit_test(what_is_wrong_with_a_change),
		cmocka_unit_test(a_change_may_be_too_large),
	};

	lookup_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
