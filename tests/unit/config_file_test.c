/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Files: what can be read as a topology, what an instance is called, and texts
 * that no file of tests/topologies shows well.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/config_rig.h"

#define GOOD                                                                   \
	"switch s { port a { tap \"a\" }; port b { tap \"b\" } }\n"            \
	"allow a <-> b\n"

static void gives(const char *path, const char *message)
{
	struct config_report report;
	struct system *sys = config_compile(path, &report);

	assert_string_equal(report.text, message);
	assert_int_equal(report.errors, *message ? 1 : 0);
	assert_int_equal(sys == NULL, *message != '\0');
	system_free(sys);
	config_report_free(&report);
}

static void is_called(const char *path, const char *name)
{
	struct config_report report;
	struct system *sys;

	rig_put(path, GOOD);
	sys = config_compile(path, &report);
	assert_non_null(sys);
	assert_string_equal(sys->name, name);
	system_free(sys);
	config_report_free(&report);
	unlink(path);
}

static void an_instance_is_called_after_its_file(void **state)
{
	char path[128];

	(void)state;
	is_called("home.conf", "home");
	is_called("home", "home");
	is_called("home.v2.conf", "home.v2");
	is_called("12", "12");
	is_called("a234567890123456789012345678901.conf",
		  "a234567890123456789012345678901");
	snprintf(path, sizeof(path), "%s/x-y_z.weir", rig_folder);
	is_called(path, "x-y_z");
}

/* A file can be called as it likes, if the instance has a name of its own. */
static void a_file_no_instance_can_be_called_after(void **state)
{
	static const char *const files[] = {
		"my home.conf",
		"-x.conf",
		".hidden.conf",
		"a\xc3\xa9.conf",
		"a2345678901234567890123456789012.conf",
	};
	struct config_report report;
	struct system *sys;

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		is_called(files[i], "");
		rig_put(files[i], GOOD);
		sys = config_compile_as(files[i], "home", &report);
		assert_non_null(sys);
		assert_string_equal(sys->name, "home");
		assert_string_equal(report.text, "");
		system_free(sys);
		config_report_free(&report);
		unlink(files[i]);
	}
}

static void what_cannot_be_read(void **state)
{
	(void)state;
	gives("none.conf", "none.conf:1:1: cannot read \"none.conf\": "
			   "No such file or directory\n");
	assert_int_equal(mkdir("d.conf", 0700), 0);
	gives("d.conf",
	      "d.conf:1:1: \"d.conf\" is a directory, not a regular "
	      "file; name a file, or pipe it to 'weir check -' or 'weir "
	      "run -'\n");
	rmdir("d.conf");
}

/* Puts something that is no file at @path. */
static void put_fifo(const char *path)
{
	assert_int_equal(mkfifo(path, 0600), 0);
}

static void put_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(addr.sun_path, path);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (void *)&addr, sizeof(addr)), 0);
	close(fd);
}

static void put_device(const char *path)
{
	assert_int_equal(symlink("/dev/zero", path), 0);
}

static void put_folder(const char *path)
{
	assert_int_equal(mkdir(path, 0700), 0);
}

/* SIGALRM ends a compiler that waits for a writer, and the test fails. */
static void hc36_what_is_no_file_is_not_opened(void **state)
{
	static const struct {
		void (*put)(const char *path);
		const char *what;
	} cases[] = {
		{ put_fifo, "a FIFO or pipe" },
		{ put_socket, "a socket" },
		{ put_device, "a device" },
		{ put_folder, "a directory" },
	};
	char want[256];

	(void)state;
	alarm(60);
	rig_put("t.conf", "include \"x\"\n" GOOD);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cases[i].put("x");
		snprintf(want, sizeof(want),
			 "x:1:1: \"x\" is %s, not a regular file; name a file, "
			 "or pipe it to 'weir check -' or 'weir run -'\n",
			 cases[i].what);
		gives("x", want);
		snprintf(want, sizeof(want),
			 "t.conf:1:9: \"x\" is %s, not a regular file; "
			 "include a file\n",
			 cases[i].what);
		gives("t.conf", want);
		assert_int_equal(remove("x"), 0);
	}
	unlink("t.conf");
	alarm(0);
}

/* A name of a file is quoted in every message, and may hold anything. */
static void a_file_name_cannot_forge_a_line(void **state)
{
	struct config_report report;

	(void)state;
	assert_null(config_compile("x\n1:2: all is well\033[m", &report));
	assert_null(strchr(report.text, '\033'));
	for (const char *p = report.text; *p; p = strchr(p, '\n') + 1)
		assert_int_equal(strncmp(p, "x?1:2: all is well?", 19), 0);
	config_report_free(&report);
}

static void the_largest_file(void **state)
{
	const size_t size = 256 * 1024;
	char *text = malloc(size + 2);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', size + 1);
	text[size + 1] = '\0';
	memcpy(text, GOOD, sizeof(GOOD) - 1);
	rig_put_n("t.conf", text, size);
	gives("t.conf", "");
	rig_put_n("t.conf", text, size + 1);
	gives("t.conf", "t.conf:1:1: \"t.conf\" is larger than 256 KiB, which "
			"no topology is; is it the right file?\n");
	unlink("t.conf");
	free(text);
}

/* --- standard input ------------------------------------------------------ */

static void reads_standard_input(void **state)
{
	const char *wrong = "switch s { }\n";
	struct config_report report;
	struct system *sys;

	(void)state;
	rig_put("in", GOOD);
	assert_non_null(freopen("in", "re", stdin));
	sys = config_compile("-", &report);
	assert_non_null(sys);
	assert_string_equal(sys->name, "stdin");
	system_free(sys);
	config_report_free(&report);

	rig_put("in", wrong);
	assert_non_null(freopen("in", "re", stdin));
	gives("-", "stdin:1:8: switch s has no ports; write port NAME { ... } "
		   "in it\n");
	unlink("in");
}

static void includes_by_absolute_path(void **state)
{
	char text[256];

	(void)state;
	rig_put("part", GOOD);
	snprintf(text, sizeof(text), "include \"%s/part\"\n", rig_folder);
	rig_put("t.conf", text);
	gives("t.conf", "");
	unlink("part");
	unlink("t.conf");
}

/* Only the first file may be standard input: it can be read but once. */
static void does_not_include_standard_input(void **state)
{
	const char *text = "include \"-\"\n" GOOD;

	(void)state;
	rig_put("t.conf", text);
	gives("t.conf", "t.conf:1:9: cannot read \"./-\": "
			"No such file or directory\n");
	unlink("t.conf");
}

/* --- text ---------------------------------------------------------------- */

static void is_text(const char *comment, size_t size, bool yes)
{
	char text[256] = "# ";
	struct config_report report;
	struct system *sys;

	memcpy(text + 2, comment, size);
	memcpy(text + 2 + size, "\n" GOOD, sizeof("\n" GOOD) - 1);
	rig_put_n("t.conf", text, 2 + size + sizeof("\n" GOOD) - 1);
	sys = config_compile("t.conf", &report);
	if (yes != (sys != NULL))
		fail_msg("%s: %s", comment, report.text);
	assert_int_equal(report.errors, yes ? 0 : 1);
	if (!yes)
		assert_non_null(strstr(report.text, "t.conf:1:3: byte 0x"));
	system_free(sys);
	config_report_free(&report);
	unlink("t.conf");
}

static void a_topology_is_utf8_text(void **state)
{
	(void)state;
	is_text("\xc3\xa9", 2, true);	      /* e acute */
	is_text("\xe2\x82\xac", 3, true);     /* euro sign */
	is_text("\xf0\x9f\x90\x9f", 4, true); /* a fish */
	is_text("\xf4\x8f\xbf\xbf", 4, true); /* the last one */
	is_text("\t", 1, true);
	is_text("\xe9", 1, false);	       /* Latin-1 */
	is_text("\x80", 1, false);	       /* stray continuation */
	is_text("\xc0\x80", 2, false);	       /* overlong NUL */
	is_text("\xe0\x80\xaf", 3, false);     /* overlong slash */
	is_text("\xf0\x80\x80\xaf", 4, false); /* longer still */
	is_text("\xed\xa0\x80", 3, false);     /* surrogate */
	is_text("\xf4\x90\x80\x80", 4, false); /* beyond the last */
	is_text("\xc2\x9b", 2, false);	       /* C1: a terminal's CSI */
	is_text("\x1b[2J", 4, false);	       /* escape */
	is_text("\x7f", 1, false);	       /* delete */
	is_text("", 1, false);		       /* NUL */
}

/* Columns are characters, as an editor counts them. */
static void columns_are_characters(void **state)
{
	const char *text = GOOD "allow a -> b # \xe2\x82\xac\n"
				"domain \xc3\xa9\xc3\xa9 { q }\n";
	struct config_report report;

	(void)state;
	rig_put("t.conf", text);
	assert_null(config_compile("t.conf", &report));
	assert_non_null(strstr(report.text, "t.conf:4:13: unknown port "));
	config_report_free(&report);
	unlink("t.conf");
}

/* What is copied from elsewhere may bring invisible characters along. */
static void what_one_does_not_see_is_named(void **state)
{
	static const struct {
		const char *text;
		const char *said;
	} cases[] = {
		{ "\xef\xbb\xbf" GOOD, "" },
		{ "# \xc2\xa0 \xe2\x80\x8b\n" GOOD, "" },
		{ GOOD "\xef\xbb\xbf# joined files\n",
		  "t.conf:3:1: there is a byte order mark (U+FEFF) here, which "
		  "one does not see; take it out, or write a plain space\n" },
		{ GOOD "deny\xc2\xa0"
		       "a -> b\n",
		  "t.conf:3:5: there is a no-break space (U+00A0) here, which "
		  "one does not see; take it out, or write a plain space\n" },
		{ GOOD "deny a -> b\xe2\x80\x8b\n",
		  "t.conf:3:12: there is a zero-width space (U+200B) here, "
		  "which one does not see; take it out, or write a plain "
		  "space\n" },
		{ GOOD "deny 'a' -> b\n",
		  "t.conf:3:6: 'a' has quotes that are none here; a string "
		  "stands between two \"\", and a name between none\n" },
		{ GOOD "deny a -> b when 'tcp port 80'\n",
		  "t.conf:3:18: 'tcp has quotes that are none here; a string "
		  "stands between two \"\", and a name between none\n" },
		{ GOOD "deny a -> b when \xe2\x80\x9ctcp\xe2\x80\x9d\n",
		  "t.conf:3:18: \xe2\x80\x9ctcp\xe2\x80\x9d has quotes that "
		  "are none here; a string stands between two \"\", and a "
		  "name between none\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rig_put("t.conf", cases[i].text);
		gives("t.conf", cases[i].said);
	}
	unlink("t.conf");
}

static void a_string_may_mean_it(void **state)
{
	const char *text = "switch s { port a { tap \"x\xc2\xa0\" }; port b { "
			   "tap \"b\" } }\nallow a <-> b\n";
	struct config_report report;
	struct system *sys;

	(void)state;
	rig_put("t.conf", text);
	sys = config_compile("t.conf", &report);
	assert_non_null(sys);
	assert_string_equal(report.text, "t.conf:1:27: warning: there is a "
					 "no-break space (U+00A0) in this "
					 "string\n");
	system_free(sys);
	config_report_free(&report);
	unlink("t.conf");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_instance_is_called_after_its_file),
		cmocka_unit_test(a_file_no_instance_can_be_called_after),
		cmocka_unit_test(what_cannot_be_read),
		cmocka_unit_test(hc36_what_is_no_file_is_not_opened),
		cmocka_unit_test(a_file_name_cannot_forge_a_line),
		cmocka_unit_test(the_largest_file),
		cmocka_unit_test(reads_standard_input),
		cmocka_unit_test(includes_by_absolute_path),
		cmocka_unit_test(does_not_include_standard_input),
		cmocka_unit_test(a_topology_is_utf8_text),
		cmocka_unit_test(columns_are_characters),
		cmocka_unit_test(what_one_does_not_see_is_named),
		cmocka_unit_test(a_string_may_mean_it),
	};

	return cmocka_run_group_tests(tests, rig_begin, rig_end);
}
