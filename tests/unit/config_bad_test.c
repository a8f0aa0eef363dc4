/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Wrong topologies and their exact messages: tests/topologies/bad.
 *
 * Each NAME.conf there must be refused, with the text of NAME.err to the last
 * byte.  After a change of a message, look at the difference and take it over:
 *
 *	cd tests/topologies/bad && weir check NAME.conf 2>&1 | head -n -1
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/config_lookup.h"
#include "tests/unit/config_rig.h"

#define AT_LEAST 190

/* What the file should give, or NULL with a message if nobody has said. */
static char *expected(const char *conf)
{
	char path[512];
	char *text;

	snprintf(path, sizeof(path), "%.*s.err", (int)(strlen(conf) - 5), conf);
	text = rig_read(path, NULL);
	if (!text)
		print_error("%s is missing\n", path);
	return text;
}

static bool refused(const char *conf)
{
	struct config_report report;
	struct system *sys = config_compile(conf, &report);
	char *want = expected(conf);
	bool ok = want && rig_same(conf, report.text, want);

	if (sys || !report.errors) {
		print_error("%s: is accepted\n", conf);
		ok = false;
	}
	free(want);
	system_free(sys);
	config_report_free(&report);
	return ok;
}

static void every_wrong_topology_has_its_message(void **state)
{
	struct rig_files files;
	size_t wrong = 0;

	(void)state;
	rig_enter("tests/topologies/bad");
	files = rig_list(".conf");
	for (size_t i = 0; i < files.n; i++)
		wrong += !refused(files.name[i]);
	print_message("%zu wrong topologies\n", files.n);
	assert_true(files.n >= AT_LEAST);
	assert_int_equal(wrong, 0);
	/* Some of them name hosts, and none of these is asked for twice. */
	assert_in_range(*lookups, 1, files.n);
	rig_list_free(&files);
	rig_leave();
}

/* A message nobody checks any more would be forgotten. */
static void every_message_has_its_topology(void **state)
{
	struct rig_files conf, err;

	(void)state;
	rig_enter("tests/topologies/bad");
	conf = rig_list(".conf");
	err = rig_list(".err");
	assert_int_equal(conf.n, err.n);
	rig_list_free(&conf);
	rig_list_free(&err);
	rig_leave();
}

/* What was reported for one compilation is not there in the next. */
static void compilations_are_independent(void **state)
{
	struct config_report first, second;

	(void)state;
	rig_enter("tests/topologies/bad");
	assert_null(config_compile("syntax_many.conf", &first));
	assert_null(config_compile("syntax_many.conf", &second));
	assert_string_equal(first.text, second.text);
	assert_int_equal(first.errors, second.errors);
	config_report_free(&first);
	config_report_free(&second);
	rig_leave();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_wrong_topology_has_its_message),
		cmocka_unit_test(every_message_has_its_topology),
		cmocka_unit_test(compilations_are_independent),
	};

	lookup_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
