/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statements: what replaces what, in which order they stand, and what is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/facts.h"
#include "tests/unit/config_rig.h"
#include "vmm/linux/error.h"
#include "vmm/linux/monitor/statement.h"

/* Two switches: alice and bob at sw0, carol and bob at lab. */
static const char topology[] =
	"rate = 4mbit\n"
	"web = \"tcp port 443\"\n"
	"switch sw0 { port alice { tap \"a\" }\nport bob { tap \"b\" } }\n"
	"switch lab { port carol { tap \"c\" }\nport bob { tap \"d\" } }\n"
	"link sw0.up <-> lab.down\n";
static struct system *sys;

/* What the compiler said of a change it could not take apart; static. */
static char said[4096];

/* What the command says of a refusal, if it is one. */
static int told(struct error *err, json_t *why)
{
	char *text;

	if (why == NULL)
		return 0;
	text = error_text(why, "test");
	error_set(err, "%s", text);
	free(text);
	json_decref(why);
	return -1;
}

static int add(struct statements *to, const struct statements *from,
	       const char *text, struct error *err)
{
	struct config_report report;
	struct config_change *v;
	size_t n;
	int result = -1;

	said[0] = err->text[0] = '\0';
	if (!statements_are_plain(text))
		return error_set(err, "printable");
	v = config_normalise(sys, text, &n, &report);
	if (report.errors == 0)
		result = told(err, statements_add(to, from, v, n));
	else
		snprintf(said, sizeof(said), "%s", report.text);
	config_changes_free(v, n);
	config_report_free(&report);
	return result;
}

/* Make a change; what does not succeed changes nothing. */
static int change(struct statements *s, const char *text, struct error *err)
{
	struct statements next = { 0 };

	if (add(&next, s, text, err) != 0)
		return -1;
	statements_free(s);
	*s = next;
	return 0;
}

static void changed(struct statements *s, const char *text)
{
	struct error err;

	if (change(s, text, &err) != 0)
		fail_msg("%s: %s%s", text, err.text, said);
}

static void expect(struct statements *s, const char *want)
{
	char *text = statements_text(s);

	assert_string_equal(text, want);
	free(text);
}

/* Take a change back; what it was, static. */
static const char *undone(struct statements *s, unsigned int change,
			  unsigned int want)
{
	static char text[512];
	struct statements next = { 0 };
	struct error err = { "" };
	char *gone = NULL;

	assert_int_equal(told(&err,
			      statements_undo(&next, s, &change, &gone)) == 0,
			 want != 0);
	if (want != 0)
		assert_int_equal(change, want);
	snprintf(text, sizeof(text), "%s", want != 0 ? gone : err.text);
	free(gone);
	if (want == 0)
		return text;
	statements_free(s);
	*s = next;
	return text;
}

static void test_the_newest_comes_first(void **state)
{
	struct statements s = { 0 };

	(void)state;
	expect(&s, "");
	changed(&s, "allow alice -> bob when \"tcp\"");
	changed(&s, "deny   alice->bob");
	expect(&s, "deny alice -> bob\nallow alice -> bob when \"tcp\"\n");
	/* Within a change, what is written first. */
	changed(&s, "allow a -> b\nallow b -> c; allow c -> d");
	expect(&s, "allow a -> b\nallow b -> c\nallow c -> d\n"
		   "deny alice -> bob\nallow alice -> bob when \"tcp\"\n");
	statements_free(&s);
	expect(&s, "");
}

static void test_a_rule_replaces_one_of_the_same_frames(void **state)
{
	struct statements s = { 0 };

	(void)state;
	changed(&s, "allow alice -> carol when \"tcp\" reply");
	changed(&s, "allow carol -> alice");
	changed(&s, "deny alice -> carol when \"tcp\"");
	expect(&s, "deny alice -> carol when \"tcp\"\nallow carol -> alice\n");
	/* Another filter, another direction, no filter: they stay. */
	changed(&s, "deny alice -> carol when \"udp\"");
	changed(&s, "deny alice -> carol");
	expect(&s, "deny alice -> carol\n"
		   "deny alice -> carol when \"udp\"\n"
		   "deny alice -> carol when \"tcp\"\nallow carol -> alice\n");
	statements_free(&s);
}

static void test_ports_have_two_names(void **state)
{
	struct statements s = { 0 };

	(void)state;
	changed(&s, "allow alice -> sw0.bob");
	changed(&s, "deny sw0.alice -> sw0.bob");
	expect(&s, "deny sw0.alice -> sw0.bob\n");
	/* Two switches have a bob: that is nobody's full name. */
	changed(&s, "allow alice -> bob");
	expect(&s, "allow alice -> bob\ndeny sw0.alice -> sw0.bob\n");
	changed(&s, "set alice { limit in 1mbit }");
	changed(&s, "set sw0.alice { limit in 2mbit }");
	expect(&s, "set sw0.alice { limit in 2mbit }\nallow alice -> bob\n"
		   "deny sw0.alice -> sw0.bob\n");
	statements_free(&s);
}

static void test_both_ways_are_two(void **state)
{
	struct statements s = { 0 };

	(void)state;
	changed(&s, "allow alice <-> carol when \"arp\"");
	expect(&s, "allow alice -> carol when \"arp\"\n"
		   "allow carol -> alice when \"arp\"\n");
	changed(&s, "deny carol -> alice when \"arp\"");
	expect(&s, "deny carol -> alice when \"arp\"\n"
		   "allow alice -> carol when \"arp\"\n");
	changed(&s, "allow { alice, kids } <-> carol");
	expect(&s, "allow { alice , kids } -> carol\n"
		   "allow carol -> { alice , kids }\n"
		   "deny carol -> alice when \"arp\"\n"
		   "allow alice -> carol when \"arp\"\n");
	statements_free(&s);
}

static void test_each_setting_stands_alone(void **state)
{
	struct statements s = { 0 };

	(void)state;
	changed(&s, "set alice { limit 10mbit burst 64k; mac lock off }");
	expect(&s, "set alice { limit in 10mbit burst 64k }\n"
		   "set alice { limit out 10mbit burst 64k }\n"
		   "set alice { mac lock off }\n");
	changed(&s, "set alice { limit out off }");
	changed(&s, "set alice {\nmac lock 02:00:00:00:00:07\n"
		    "ip lock 10.0.0.7, fe80::/64\n}");
	expect(&s, "set alice { mac lock 02:00:00:00:00:07 }\n"
		   "set alice { ip lock 10.0.0.7 , fe80::/64 }\n"
		   "set alice { limit out off }\n"
		   "set alice { limit in 10mbit burst 64k }\n");
	changed(&s, "set alice { storm unknown 5/s }");
	changed(&s, "set alice { storm none }");
	expect(&s, "set alice { storm broadcast off }\n"
		   "set alice { storm multicast off }\n"
		   "set alice { storm unknown off }\n"
		   "set alice { mac lock 02:00:00:00:00:07 }\n"
		   "set alice { ip lock 10.0.0.7 , fe80::/64 }\n"
		   "set alice { limit out off }\n"
		   "set alice { limit in 10mbit burst 64k }\n");
	undone(&s, 0, 5);
	undone(&s, 0, 4);
	/* One word says which setting, or two do. */
	changed(&s, "set alice { vlan access 4 }");
	changed(&s, "set alice { vlan trunk 5 }");
	changed(&s, "set alice { mac sticky 4 }");
	expect(&s, "set alice { mac sticky 4 }\nset alice { vlan trunk 5 }\n"
		   "set alice { mac lock 02:00:00:00:00:07 }\n"
		   "set alice { ip lock 10.0.0.7 , fe80::/64 }\n"
		   "set alice { limit out off }\n"
		   "set alice { limit in 10mbit burst 64k }\n");
	statements_free(&s);
}

static void test_what_was_replaced_holds_again(void **state)
{
	struct statements s = { 0 };

	(void)state;
	changed(&s, "set alice { limit in 1mbit }");
	changed(&s, "allow alice -> carol");
	changed(&s, "set alice { limit 2mbit }");
	changed(&s, "deny alice -> carol");
	expect(&s, "deny alice -> carol\nset alice { limit in 2mbit }\n"
		   "set alice { limit out 2mbit }\n");
	assert_string_equal(undone(&s, 0, 4), "deny alice -> carol");
	assert_string_equal(undone(&s, 3, 3), "set alice { limit in 2mbit }; "
					      "set alice { limit out 2mbit }");
	expect(&s, "allow alice -> carol\nset alice { limit in 1mbit }\n");
	assert_non_null(strstr(undone(&s, 3, 0), "there is no change 3"));
	/* One that has been replaced can go as well; nothing else changes. */
	changed(&s, "deny alice -> carol");
	assert_string_equal(undone(&s, 2, 2), "allow alice -> carol");
	expect(&s, "deny alice -> carol\nset alice { limit in 1mbit }\n");
	assert_string_equal(undone(&s, 0, 5), "deny alice -> carol");
	assert_string_equal(undone(&s, 0, 1), "set alice { limit in 1mbit }");
	assert_non_null(strstr(undone(&s, 0, 0), "nothing to take back"));
	changed(&s, "allow a -> b");
	assert_int_equal(s.v[0].change, 6);
	statements_free(&s);
}

/* What is replaced is kept as long as there is room, the oldest goes first. */
static void test_replaced_ones_make_room(void **state)
{
	struct statements s = { 0 };
	char text[64];

	(void)state;
	for (unsigned int i = 1; i <= STATEMENTS_MAX + 3; i++) {
		snprintf(text, sizeof(text), "set alice { limit in %ukbit }",
			 i + 9);
		changed(&s, text);
	}
	assert_int_equal(s.n, STATEMENTS_MAX);
	assert_string_equal(s.v[s.n - 1].text, "set alice { limit in 13kbit }");
	expect(&s, "set alice { limit in 268kbit }\n");
	undone(&s, 0, 259);
	expect(&s, "set alice { limit in 267kbit }\n");
	statements_free(&s);
}

static void changed_into(struct statements *next, const struct statements *s,
			 const char *text)
{
	struct error err;

	if (add(next, s, text, &err) != 0)
		fail_msg("%s: %s", text, err.text);
}

static void test_reports_are_in_words_of_commands(void **state)
{
	struct statements s = { 0 }, next = { 0 };
	struct error err;
	char *text;

	(void)state;
	changed(&s, "set alice { limit in 1mbit }");
	changed(&s, "allow alice -> carol");
	assert_int_equal(add(&next, &s, "set alice { limit in 2mbit }", &err),
			 0);
	text = statements_explain(&next, &s, NULL,
				  "(runtime):1:7: one\n"
				  "(runtime):2:1: warning: two\n"
				  "(runtime):3:1: no such line\n"
				  "home.conf:1:1: (runtime):1:1: of a file\n"
				  "(runtime):x");
	assert_string_equal(text,
			    "set alice { limit in 2mbit }: one\n"
			    "change 2, allow alice -> carol: warning: two\n"
			    "(runtime):3:1: no such line\n"
			    "home.conf:1:1: (runtime):1:1: of a file\n"
			    "(runtime):x\n");
	free(text);
	/* It is said once of a change, and again if it is something else. */
	statements_free(&s);
	s = next;
	next = (struct statements){ 0 };
	changed_into(&next, &s, "deny alice -> carol when \"arp\"");
	text = statements_explain(&next, &s, NULL,
				  "(runtime):1:1: new\n"
				  "(runtime):2:7: one\n"
				  "(runtime):3:1: warning: three\n");
	assert_string_equal(text, "deny alice -> carol when \"arp\": new\n"
				  "change 2, allow alice -> carol: warning: "
				  "three\n");
	free(text);
	statements_free(&next);
	statements_free(&s);
}

static void test_what_cannot_be_read_is_quoted(void **state)
{
	struct statements s = { 0 }, kept = { 0 };
	char *text = statements_explain(&s, &kept, "deny a -> b\n  alow c",
					"(runtime):2:3: one\nothers\n");

	(void)state;
	assert_string_equal(text, "alow c: one\nothers\n");
	free(text);
	statements_free(&s);
}

/* A change is written in the language of the file, and means the same there. */
static void test_it_is_the_language_of_the_file(void **state)
{
	struct statements s = { 0 };

	(void)state;
	changed(&s, "allow alice -> carol when $web reply # why\n"
		    "set up { limit in $rate\nip lock 10.0.0.1,\n"
		    "10.0.0.2; vlan off; flood off; storm none }");
	expect(&s, "allow alice -> carol when $web reply\n"
		   "set up { limit in $rate }\n"
		   "set up { ip lock 10.0.0.1 , 10.0.0.2 }\n"
		   "set up { vlan off }\nset up { flood off }\n"
		   "set up { storm broadcast off }\n"
		   "set up { storm multicast off }\n"
		   "set up { storm unknown off }\n");
	/* A list needs no commas, and a macro is what it stands for. */
	changed(&s, "deny { alice, bob } -> carol; "
		    "deny alice -> carol when \"tcp port 443\"");
	changed(&s, "allow {\nsw0.alice bob } -> lab.carol");
	changed(&s, "set sw0.up { vlan access 3 }; set up { flood on }");
	expect(&s, "set sw0.up { vlan access 3 }\nset up { flood on }\n"
		   "allow { sw0.alice , bob } -> lab.carol\n"
		   "deny alice -> carol when \"tcp port 443\"\n"
		   "set up { limit in $rate }\n"
		   "set up { ip lock 10.0.0.1 , 10.0.0.2 }\n"
		   "set up { storm broadcast off }\n"
		   "set up { storm multicast off }\n"
		   "set up { storm unknown off }\n");
	statements_free(&s);
}

static void test_what_is_no_change(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} table[] = {
		{ "", "empty" },
		{ " \n;;\n", "empty" },
		{ "port x { }", "\"port\" belongs in a switch" },
		{ "include \"/etc/passwd\"", "only allow, deny and set" },
		{ "x = 1", "only allow, deny and set" },
		{ "allow", "unexpected end of text" },
		{ "allow alice bob", "expected \"->\" or \"<->\"" },
		{ "deny -> bob", "deny PORT <-> PORT" },
		{ "allow alice ->", "allow PORT <-> PORT" },
		{ "allow alice -> when \"tcp\"", "allow PORT <-> PORT" },
		{ "set", "set PORT {" },
		{ "set alice", "set PORT {" },
		{ "set alice limit 1mbit", "set PORT {" },
		{ "set { limit 1mbit }", "set PORT {" },
		{ "set alice { limit 1mbit", "wants its \"}\"" },
		{ "set alice {", "wants its \"}\"" },
		{ "set alice { }", "empty" },
		{ "set alice { limit 1mbit } allow a -> b", "unexpected" },
		{ "set alice { mac { lock } off }", "unexpected" },
		{ "set alice { limit 1mbit; limit in 2mbit }", "here twice" },
		{ "set alice { limit 1mbit }; set alice { limit in 2mbit }",
		  "contradicts itself about \"set sw0.alice limit in\"" },
		{ "allow a -> b; deny a -> b",
		  "contradicts itself about \"a -> b\"" },
		{ "# why", "empty" },
		{ "allow a -> b when \"tcp", "does not end on this line" },
		{ "allow a -> b when \"tcp\nport 1\"", "does not end" },
		{ "allow a < b", "\"<\" is no arrow" },
		{ "allow a -> b\x01", "printable" },
		{ "allow a -> b when \"\x1b[2J\"", "printable" },
		{ "allow a -> b\xc3\xa9", "printable" },
	};
	struct statements s = { 0 };

	(void)state;
	changed(&s, "allow alice -> carol");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct error err;

		if (change(&s, table[i].text, &err) == 0)
			fail_msg("\"%s\" was taken", table[i].text);
		if (strstr(err.text, table[i].error) == NULL &&
		    strstr(said, table[i].error) == NULL)
			fail_msg("\"%s\": \"%s%s\"", table[i].text, err.text,
				 said);
		expect(&s, "allow alice -> carol\n");
	}
	statements_free(&s);
}

static void test_there_are_not_too_many(void **state)
{
	struct statements s = { 0 };
	struct error err;
	char text[64];

	(void)state;
	for (unsigned int i = 0; i < STATEMENTS_MAX; i++) {
		snprintf(text, sizeof(text), "allow a%u -> b", i);
		changed(&s, text);
	}
	assert_int_equal(change(&s, "allow one -> more", &err), -1);
	assert_non_null(strstr(err.text, "256 statements"));
	/* What takes another's place needs none. */
	changed(&s, "deny a7 -> b");
	assert_int_equal(s.n, STATEMENTS_MAX);
	assert_string_equal(s.v[0].text, "deny a7 -> b");
	statements_free(&s);
}

static void test_they_are_not_too_long(void **state)
{
	struct statements s = { 0 };
	struct error err;
	char *text = calloc(1, 65536);

	(void)state;
	strcpy(text, "allow a -> b when \"");
	memset(text + strlen(text), 'x', STATEMENT_MAX - strlen(text) - 2);
	strcat(text, "\"");
	assert_int_equal(strlen(text), STATEMENT_MAX - 1);
	changed(&s, text);
	assert_string_equal(s.v[0].text, text);
	text[strlen(text) - 1] = '\0';
	strcat(text, "x\"");
	assert_int_equal(change(&s, text, &err), -1);
	assert_non_null(strstr(said, "at most 1023 bytes"));
	/* Nor made of too many words, nor too many themselves. */
	memset(text, 0, 65536);
	for (int i = 0; i < 30000; i++)
		text[2 * i] = 'x', text[2 * i + 1] = ' ';
	assert_int_equal(change(&s, text, &err), -1);
	for (int i = 0; i < 5000; i++)
		memcpy(text + 12 * i, "deny a -> b;", 13);
	assert_int_equal(change(&s, text, &err), -1);
	assert_non_null(strstr(said, "too long"));
	assert_int_equal(s.n, 1);
	statements_free(&s);
	free(text);
}

/* The same noise each time. */
static uint32_t noise(uint32_t *x)
{
	*x = *x * 1664525u + 1013904223u;
	return *x >> 8;
}

/* Two statements, with some of their pieces taken for others. */
static void mangle(char *text, uint32_t *x)
{
	static const char *const piece[] = {
		"allow ", "a ",	   "-> ",  "b ",    "when ", "\"x\" ",
		"reply ", "; ",	   "set ", "a ",    "{ ",    "limit ",
		"1mbit ", "; ",	   "mac ", "lock ", "off ",  "} ",
		"<-> ",	  "deny ", "\n",   ", ",    "in ",   "sw0.alice ",
		"\"",	  "<",	   "-",
	};

	text[0] = '\0';
	for (unsigned int i = 0; i < 18; i++)
		strcat(text, piece[noise(x) % 24 == 0 ? noise(x) % 27 : i]);
}

/* Whatever comes, what is kept is lines that are read as what they are. */
static void hc14_pieces_in_any_order(void **state)
{
	struct statements s = { 0 };
	unsigned int taken = 0, refused = 0;
	uint32_t x = 1;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		struct statements again = { 0 };
		struct error err;
		char text[256], *all;

		mangle(text, &x);
		if (change(&s, text, &err) != 0) {
			assert_true(err.text[0] != '\0' || said[0] != '\0');
			refused++;
			continue;
		}
		taken++;
		assert_true(s.n > 0 && s.n <= STATEMENTS_MAX);
		all = statements_text(&s);
		changed(&again, all);
		expect(&again, all);
		free(all);
		statements_free(&again);
		if (s.n > 20)
			statements_free(&s);
	}
	assert_true(taken > 1000 && refused > 1000);
	statements_free(&s);
}

static int setup(void **state)
{
	struct config_report report;

	(void)state;
	sys = rig_compile(topology, &report);
	config_report_free(&report);
	return sys != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	system_free(sys);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_newest_comes_first),
		cmocka_unit_test(test_a_rule_replaces_one_of_the_same_frames),
		cmocka_unit_test(test_ports_have_two_names),
		cmocka_unit_test(test_both_ways_are_two),
		cmocka_unit_test(test_each_setting_stands_alone),
		cmocka_unit_test(test_what_was_replaced_holds_again),
		cmocka_unit_test(test_replaced_ones_make_room),
		cmocka_unit_test(test_reports_are_in_words_of_commands),
		cmocka_unit_test(test_what_cannot_be_read_is_quoted),
		cmocka_unit_test(test_it_is_the_language_of_the_file),
		cmocka_unit_test(test_what_is_no_change),
		cmocka_unit_test(test_there_are_not_too_many),
		cmocka_unit_test(test_they_are_not_too_long),
		cmocka_unit_test(hc14_pieces_in_any_order),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
