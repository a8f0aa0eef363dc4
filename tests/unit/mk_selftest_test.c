/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * examples/selftest as it runs on seL4: its topology is compiled for Microkit,
 * and the system that comes of it runs on the host's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/microkit/system.h"
#include "tests/unit/mk_rig.h"

#define CONF "examples/selftest/selftest.conf"

/* The topology, with one text in it replaced by another. */
static void write_conf(const char *path, const char *from, const char *to)
{
	char text[4096];
	FILE *f = fopen(CONF, "r");
	const char *at;
	size_t n;

	assert_non_null(f);
	n = fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	text[n] = '\0';
	at = strstr(text, from);
	assert_non_null(at);
	f = fopen(path, "w");
	assert_non_null(f);
	fprintf(f, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	assert_int_equal(fclose(f), 0);
}

/* Compile it and run what comes of it until all wait. */
static struct kernel *run(const char *from, const char *to, char *folder)
{
	struct kernel *k = kernel_new();
	char command[1024], path[512];

	strcpy(folder, "/tmp/weir-selftest-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/selftest.conf", folder);
	write_conf(path, from, to);
	snprintf(command, sizeof(command),
		 "%s compile --microkit %s -o %s 2>/dev/null",
		 mk_rig_path("../weir"), path, folder);
	assert_int_equal(system(command), 0);
	snprintf(path, sizeof(path), "%s/selftest.system", folder);
	system_load(k, path, mk_rig_path("."));
	kernel_start(k);
	assert_true(kernel_run(k));
	return k;
}

static void stop(struct kernel *k, const char *folder)
{
	char command[128];

	kernel_free(k);
	snprintf(command, sizeof(command), "rm -r %s", folder);
	assert_int_equal(system(command), 0);
}

static void says(struct kernel *k, const char *what)
{
	if (strstr(kernel_console(k), what) == NULL)
		fail_msg("does not say '%s' but:\n%s", what, kernel_console(k));
}

static void the_selftest_passes(void **state)
{
	char folder[64];
	struct kernel *k = run("", "", folder);

	(void)state;
	says(k, "selftest: PASS");
	says(k, "one: 5000 of 5000 came, 0 once more");
	says(k, "two: 5000 of 5000 came, 0 once more");
	says(k, "rogue: broke the queue protocol");
	says(k, "rogue: 5000 of 5000 came");
	says(k, "crasher crashed");
	says(k, "crasher: 5000 of 5000 came");
	assert_null(strstr(kernel_console(k), "FAIL"));
	stop(k, folder);
}

/* What the self-test is to find: it fails, or has no verdict. */
static void a_wrong_switch_fails(void **state)
{
	static const char *const wrong[][2] = {
		{ "udp dst port 7", "udp" },
		{ "reply\n", "reply\nallow senders -> shut\n" },
		{ "limit in 1mbit burst 10000", "" },
		{ "allow checker -> senders when",
		  "allow checker -> senders #" },
		{ "two     { program \"sender\" args \"alone\"; vlan access 10",
		  "two     { program \"sender\" args \"alone\"; vlan access 20" },
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char folder[64];
		struct kernel *k = run(wrong[i][0], wrong[i][1], folder);

		if (strstr(kernel_console(k), "PASS") != NULL &&
		    strstr(kernel_console(k), "FAIL") == NULL)
			fail_msg("passes with '%s'", wrong[i][1]);
		stop(k, folder);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_selftest_passes),
		cmocka_unit_test(a_wrong_switch_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
