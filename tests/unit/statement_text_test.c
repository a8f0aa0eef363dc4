/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Statements as texts: the language they are written in, what is refused, and
 * what reports say.
 */
#include "tests/unit/statement_rig.h"

static void changed_into(struct statements *next, const struct statements *s,
			 const char *text)
{
	struct error err;

	if (add_change(next, s, text, &err) != 0)
		fail_msg("%s: %s", text, err.text);
}

static void test_reports_are_in_words_of_commands(void **state)
{
	struct statements s = { 0 }, next = { 0 };
	struct error err;
	char *text;

	(void)state;
	make_change(&s, "set alice { limit in 1mbit }");
	make_change(&s, "allow alice -> carol");
	assert_int_equal(
		add_change(&next, &s, "set alice { limit in 2mbit }", &err), 0);
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

/* There is a limit to what is kept of what was said. */
static void test_what_was_said_may_have_been_cut(void **state)
{
	struct statements s = { 0 }, next = { 0 };
	char *text;

	(void)state;
	make_change(&s, "allow alice -> carol");
	s.said = strdup("change 1, allow alice -> ca");
	changed_into(&next, &s, "deny alice -> carol when \"arp\"");
	text = statements_explain(&next, &s, NULL, "(runtime):2:1: one\n");
	assert_string_equal(text, "change 1, allow alice -> carol: one\n");
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
	make_change(&s, "allow alice -> carol when $web reply # why\n"
			"set up { limit in $rate\nip lock 10.0.0.1,\n"
			"10.0.0.2; vlan off; flood off; storm none }");
	expect_text(&s, "allow alice -> carol when $web reply\n"
			"set up { limit in $rate }\n"
			"set up { ip lock 10.0.0.1 , 10.0.0.2 }\n"
			"set up { vlan off }\nset up { flood off }\n"
			"set up { storm broadcast off }\n"
			"set up { storm multicast off }\n"
			"set up { storm unknown off }\n");
	/* A list needs no commas, and a macro is what it stands for. */
	make_change(&s, "deny { alice, bob } -> carol; "
			"deny alice -> carol when \"tcp port 443\"");
	make_change(&s, "allow {\nsw0.alice bob } -> lab.carol");
	make_change(&s, "set sw0.up { vlan access 3 }; set up { flood on }");
	expect_text(&s, "set sw0.up { vlan access 3 }\nset up { flood on }\n"
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
	make_change(&s, "allow alice -> carol");
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct error err;

		if (try_change(&s, table[i].text, &err) == 0)
			fail_msg("\"%s\" was taken", table[i].text);
		if (strstr(err.text, table[i].error) == NULL &&
		    strstr(compiler_said, table[i].error) == NULL)
			fail_msg("\"%s\": \"%s%s\"", table[i].text, err.text,
				 compiler_said);
		expect_text(&s, "allow alice -> carol\n");
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
		make_change(&s, text);
	}
	assert_int_equal(try_change(&s, "allow one -> more", &err), -1);
	assert_non_null(strstr(err.text, "256 statements"));
	/* What takes another's place needs none. */
	make_change(&s, "deny a7 -> b");
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
	make_change(&s, text);
	assert_string_equal(s.v[0].text, text);
	text[strlen(text) - 1] = '\0';
	strcat(text, "x\"");
	assert_int_equal(try_change(&s, text, &err), -1);
	assert_non_null(strstr(compiler_said, "at most 1023 bytes"));
	/* Nor made of too many words, nor too many themselves. */
	memset(text, 0, 65536);
	for (int i = 0; i < 30000; i++)
		text[2 * i] = 'x', text[2 * i + 1] = ' ';
	assert_int_equal(try_change(&s, text, &err), -1);
	for (int i = 0; i < 5000; i++)
		memcpy(text + 12 * i, "deny a -> b;", 13);
	assert_int_equal(try_change(&s, text, &err), -1);
	assert_non_null(strstr(compiler_said, "too long"));
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
		if (try_change(&s, text, &err) != 0) {
			assert_true(err.text[0] != '\0' ||
				    compiler_said[0] != '\0');
			refused++;
			continue;
		}
		taken++;
		assert_true(s.n > 0 && s.n <= STATEMENTS_MAX);
		all = statements_text(&s);
		make_change(&again, all);
		expect_text(&again, all);
		free(all);
		statements_free(&again);
		if (s.n > 20)
			statements_free(&s);
	}
	assert_true(taken > 1000 && refused > 1000);
	statements_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reports_are_in_words_of_commands),
		cmocka_unit_test(test_what_was_said_may_have_been_cut),
		cmocka_unit_test(test_what_cannot_be_read_is_quoted),
		cmocka_unit_test(test_it_is_the_language_of_the_file),
		cmocka_unit_test(test_what_is_no_change),
		cmocka_unit_test(test_there_are_not_too_many),
		cmocka_unit_test(test_they_are_not_too_long),
		cmocka_unit_test(hc14_pieces_in_any_order),
	};

	return cmocka_run_group_tests(tests, statement_setup,
				      statement_teardown);
}
