/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Many mistakes, and large files: what is told of them, and that it ends.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/config_rig.h"

#define GOOD                                                                   \
	"switch s { port a { tap \"a\" }; port b { tap \"b\" } }\n"            \
	"allow a <-> b\n"

/* @n times a statement, and a good topology. */
static char *repeat(const char *statement, size_t n)
{
	char *text = malloc(n * strlen(statement) + sizeof(GOOD));
	char *end = text;

	assert_non_null(text);
	for (size_t i = 0; i < n; i++)
		end = stpcpy(end, statement);
	strcpy(end, GOOD);
	return text;
}

static void hc36_a_file_full_of_mistakes(void **state)
{
	static const char *const wrong[] = {
		"x\n",
		"allow a -> c\n",
		"allow a -> b when \"tcp prot 80\"\n",
		"m = 1\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		size_t n = 250000 / strlen(wrong[i]);
		char *text = repeat(wrong[i], n);
		struct config_report report;
		char rest[64];

		assert_null(rig_compile(text, &report));
		assert_in_range(report.errors, n - 1, n + 2);
		assert_int_equal(rig_lines(report.text), 51);
		snprintf(rest, sizeof(rest), "\n... and %u more errors\n",
			 report.errors - 50);
		assert_non_null(strstr(report.text, rest));
		assert_non_null(strstr(report.text, "t.conf:50:"));
		assert_null(strstr(report.text, "t.conf:52:"));
		config_report_free(&report);
		free(text);
	}
}

/* A mistake found late stands before those that were found early. */
static void the_first_messages_are_those_that_stand_first(void **state)
{
	char *many = repeat("m = 1\n", 200);
	char *text = malloc(strlen(many) + 64);
	struct config_report report;

	(void)state;
	assert_non_null(text);
	strcpy(stpcpy(text, "allow a -> q\n"), many);
	assert_null(rig_compile(text, &report));
	assert_int_equal(report.errors, 200);
	assert_non_null(strstr(report.text, "t.conf:1:12: "));
	assert_non_null(strstr(report.text, "t.conf:51:1: "));
	assert_null(strstr(report.text, "t.conf:52:"));
	config_report_free(&report);
	free(text);
	free(many);
}

/* Warnings do not take the place of errors. */
static void warnings_are_bounded_as_well(void **state)
{
	char *many = repeat("allow a <-> b\n", 60);
	char *text = malloc(strlen(many) + 64);
	struct config_report report;
	struct system *sys = rig_compile(many, &report);

	(void)state;
	assert_non_null(sys);
	system_free(sys);
	assert_int_equal(report.warnings, 60);
	assert_int_equal(rig_lines(report.text), 51);
	assert_non_null(strstr(report.text, "\n... and 10 more warnings\n"));
	config_report_free(&report);

	assert_non_null(text);
	strcpy(stpcpy(text, many), "x\n");
	assert_null(rig_compile(text, &report));
	assert_int_equal(report.errors, 1);
	assert_non_null(strstr(report.text, "unknown word \"x\""));
	config_report_free(&report);
	free(text);
	free(many);
}

/* A file that is read many times is as large as all of them. */
static void hc36_files_are_bounded_together(void **state)
{
	char *part =
		repeat("# as large as one may be, but not that often\n", 5000);
	char *text = repeat("include \"part\"\n", 30);
	struct config_report report;

	(void)state;
	rig_put_n("part", part, strlen(part) - strlen(GOOD));
	rig_put("t.conf", text);
	assert_null(config_compile("t.conf", &report));
	assert_non_null(strstr(report.text, "t.conf:19:9: the files have more "
					    "than 4 MiB in all"));
	config_report_free(&report);
	unlink("part");
	unlink("t.conf");
	free(part);
	free(text);
}

/* Thousands of ports on one switch, and as many loops. */
static void hc36_links_without_end(void **state)
{
	size_t size;
	char *text;
	FILE *f = open_memstream(&text, &size);
	struct config_report report;

	(void)state;
	assert_non_null(f);
	fputs("switch s { }\nswitch r { }\n", f);
	for (int i = 0; i < 9000; i++)
		fprintf(f, "link s.p%d <-> r.p%d\n", i, i);
	assert_int_equal(fclose(f), 0);
	assert_null(rig_compile(text, &report));
	assert_int_equal(rig_lines(report.text), 51);
	config_report_free(&report);
	free(text);
}

/* Nor is one message as long as what it quotes. */
static void hc36_a_message_is_bounded(void **state)
{
	const size_t size = 200000;
	char *text = malloc(size + 64), *end;
	struct config_report report;

	(void)state;
	assert_non_null(text);
	end = stpcpy(text, "allow \"");
	for (size_t i = 0; i < size / 2; i++)
		end = stpcpy(end, "\xc3\xa9");
	strcpy(end, "\" -> b\n");
	assert_null(rig_compile(text, &report));
	assert_true(report.errors >= 1);
	assert_in_range(strlen(report.text), 1, report.errors * 4097);
	/* And ends in a whole character. */
	assert_non_null(strstr(report.text, "\xc3\xa9...\n"));
	config_report_free(&report);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc36_a_file_full_of_mistakes),
		cmocka_unit_test(the_first_messages_are_those_that_stand_first),
		cmocka_unit_test(warnings_are_bounded_as_well),
		cmocka_unit_test(hc36_a_message_is_bounded),
		cmocka_unit_test(hc36_files_are_bounded_together),
		cmocka_unit_test(hc36_links_without_end),
	};

	return cmocka_run_group_tests(tests, rig_begin, rig_end);
}
