/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes while it runs that are refused, and what is said of them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/config_lookup.h"
#include "tests/unit/config_rig.h"

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
	  "(runtime):1:30: a burst of 1000 bytes never lets a frame of full "
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
	{ "allow a -> b \xff", "(runtime):1:14: byte 0xff is not UTF-8 "
			       "text; save the file as UTF-8\n" },
	{ "allow a -> b\n\x1b[2J",
	  "(runtime):2:1: byte 0x1b is a control "
	  "character, which no topology has; take it out, or is this another "
	  "file?\n" },
};

/* Everything is refused as a whole, and says so. */
static void what_is_wrong_with_a_change(void **state)
{
	struct config_report report;
	struct system *sys;

	assert_int_equal(rig_begin(state), 0);
	rig_put("t.conf", RIG_HOME);
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
	assert_int_equal(rig_end(state), 0);
}

static void a_change_may_be_too_large(void **state)
{
	const size_t size = 256 * 1024 + 1;
	struct system *sys = rig_good(RIG_HOME);
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
		cmocka_unit_test(what_is_wrong_with_a_change),
		cmocka_unit_test(a_change_may_be_too_large),
	};

	lookup_begin();
	return cmocka_run_group_tests_name("wrong", tests, NULL, NULL);
}
