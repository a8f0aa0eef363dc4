/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What stands between hostile text and a terminal; tables; suggestions.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/table.h"
#include "cli/text.h"

static void expect_safe(const char *text, const char *keep, const char *want)
{
	char *safe = text_safe(text, keep);

	assert_string_equal(safe, want);
	free(safe);
}

static void test_plain_text_is_left_alone(void **state)
{
	(void)state;
	expect_safe("sw0.alice ~!", "", "sw0.alice ~!");
	expect_safe("", "", "");
	expect_safe("Gr\xc3\xb6\xc3\x9f"
		    "e \xe2\x86\x94 \xf0\x9f\x90\x9f",
		    "",
		    "Gr\xc3\xb6\xc3\x9f"
		    "e \xe2\x86\x94 \xf0\x9f\x90\x9f");
}

static void test_control_characters_are_defused(void **state)
{
	(void)state;
	expect_safe("\x1b[2Jx\a\x7f", "", "\\x1b[2Jx\\x07\\x7f");
	expect_safe("a\tb\nc\r", "", "a\\x09b\\x0ac\\x0d");
	/* C1: CSI without an escape. */
	expect_safe("\xc2\x9b"
		    "2J",
		    "", "\\xc2\\x9b2J");
	expect_safe("\xc2\xa0", "", "\xc2\xa0"); /* the first after C1 */
}

static void test_what_is_kept_is_kept(void **state)
{
	(void)state;
	expect_safe("a\nb\x1b", "\n", "a\nb\\x1b");
}

static void test_broken_utf8_is_defused(void **state)
{
	(void)state;
	expect_safe("\xff", "", "\\xff");
	expect_safe("a\xc3", "", "a\\xc3");
	expect_safe("\xe2\x86z", "", "\\xe2\\x86z");
	expect_safe("\x9b", "", "\\x9b");
	/* Overlong ways to write ESC. */
	expect_safe("\xc0\x9b", "", "\\xc0\\x9b");
	expect_safe("\xe0\x80\x9b", "", "\\xe0\\x80\\x9b");
	expect_safe("\xf0\x80\x80\x9b", "", "\\xf0\\x80\\x80\\x9b");
}

static void test_width_counts_characters(void **state)
{
	(void)state;
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("Gr\xc3\xb6\xc3\x9f"
				    "e"),
			 5);
	assert_int_equal(text_width(""), 0);
}

static const char *const words[] = { "check", "run", "show", "trace", "stop" };

static const char *suggest(const char *word)
{
	return text_suggest(word, words, 5);
}

static void test_typos_are_recognised(void **state)
{
	(void)state;
	assert_string_equal(suggest("chekc"), "check"); /* swapped */
	assert_string_equal(suggest("shw"), "show");	/* left out */
	assert_string_equal(suggest("sttop"), "stop");	/* doubled */
	assert_string_equal(suggest("trase"), "trace"); /* wrong key */
	assert_string_equal(suggest("tr"), "trace");	/* unfinished */
}

static void test_strangers_are_not_guessed_at(void **state)
{
	char longer[200];

	(void)state;
	assert_null(suggest("frobnicate"));
	assert_null(suggest("xyz"));
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = 0;
	assert_null(suggest(longer));
	assert_null(text_suggest("x", NULL, 0));
}

/* The table, as text. */
static char *printed(struct table *t, bool tty)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	table_print(t, f, tty);
	fclose(f);
	return text;
}

static struct table small_table(void)
{
	struct table t = { 0 };

	table_column(&t, "PORT", false);
	table_column(&t, "IN", true);
	table_column(&t, "NOTE", false);
	table_cell(&t, "sw0.alice");
	table_cell(&t, "12");
	table_cell(&t, "x\ty");
	table_cell(&t, "b");
	table_cell(&t, "7000");
	table_cell(&t, "");
	return t;
}

static void test_table_for_a_person(void **state)
{
	struct table t = small_table();
	char *text = printed(&t, true);

	(void)state;
	assert_string_equal(text, "PORT         IN  NOTE\n"
				  "sw0.alice    12  x\\x09y\n"
				  "b          7000  -\n");
	free(text);
	table_free(&t);
}

static void test_table_for_a_program(void **state)
{
	struct table t = small_table();
	char *text = printed(&t, false);

	(void)state;
	/* No headings, a tab inside a cell cannot shift columns, and none is
	 * empty. */
	assert_string_equal(text, "sw0.alice\t12\tx\\x09y\nb\t7000\t-\n");
	free(text);
	table_free(&t);
}

static void test_empty_table_for_a_program(void **state)
{
	struct table t = { 0 };
	char *text;

	(void)state;
	table_column(&t, "PORT", false);
	text = printed(&t, false);
	assert_string_equal(text, "");
	free(text);
	table_free(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_text_is_left_alone),
		cmocka_unit_test(test_control_characters_are_defused),
		cmocka_unit_test(test_what_is_kept_is_kept),
		cmocka_unit_test(test_broken_utf8_is_defused),
		cmocka_unit_test(test_width_counts_characters),
		cmocka_unit_test(test_typos_are_recognised),
		cmocka_unit_test(test_strangers_are_not_guessed_at),
		cmocka_unit_test(test_table_for_a_person),
		cmocka_unit_test(test_table_for_a_program),
		cmocka_unit_test(test_empty_table_for_a_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
