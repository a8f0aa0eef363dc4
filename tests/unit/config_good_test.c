/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Right topologies and what becomes of them: tests/topologies/good.
 *
 * Each NAME.conf there must compile to the dump in NAME.dump, with the warnings
 * in NAME.err (none if there is no such file).  After a change, look at the
 * difference and take it over:
 *
 *	cd tests/topologies/good && weir check -v NAME.conf >NAME.dump
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/config_rig.h"

/* --- dumps --------------------------------------------------------------- */

static char *beside(const char *conf, const char *suffix)
{
	char path[512];

	snprintf(path, sizeof(path), "%.*s%s", (int)(strlen(conf) - 5), conf,
		 suffix);
	return rig_read(path, NULL);
}

static bool as_expected(const char *conf)
{
	struct config_report report;
	struct system *sys = config_compile(conf, &report);
	char *want = beside(conf, ".dump"), *said = beside(conf, ".err");
	char *got = sys ? rig_dump(sys) : NULL;
	bool ok = rig_same(conf, report.text, said ? said : "");

	if (!want)
		print_error("%s: there is no dump of it\n", conf);
	ok = got && want && rig_same(conf, got, want) && ok;
	free(got);
	free(want);
	free(said);
	system_free(sys);
	config_report_free(&report);
	return ok;
}

static void every_topology_has_its_dump(void **state)
{
	struct rig_files files;
	size_t wrong = 0;

	(void)state;
	rig_enter("tests/topologies/good");
	files = rig_list(".conf");
	for (size_t i = 0; i < files.n; i++)
		wrong += !as_expected(files.name[i]);
	assert_true(files.n >= 10);
	assert_int_equal(wrong, 0);
	rig_list_free(&files);
	rig_leave();
}

/* The same topology gives the same system, whatever was compiled before. */
static void compilations_are_independent(void **state)
{
	struct config_report report;
	char *dump[2];

	(void)state;
	rig_enter("tests/topologies/good");
	for (int i = 0; i < 2; i++) {
		struct system *sys = config_compile("domains.conf", &report);

		assert_non_null(sys);
		dump[i] = rig_dump(sys);
		system_free(sys);
		config_report_free(&report);
	}
	assert_string_equal(dump[0], dump[1]);
	free(dump[0]);
	free(dump[1]);
	rig_leave();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_topology_has_its_dump),
		cmocka_unit_test(compilations_are_independent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
