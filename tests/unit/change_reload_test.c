/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Loading the topology again while it runs: the file replaces what commands
 * have changed.
 */
#include "tests/unit/change_rig.h"
#include "tests/unit/server_rig.h"

FAKE_COMPONENTS;

static void test_a_reload_forgets_what_was_changed(void **state)
{
	struct rig *r = *state;

	rig_start(r, CHANGE_TOPOLOGY);
	changed(reply_of(
		begin_change(r, "deny c -> b; deny e -> d when \\\"arp\\\"")));
	expect_switch(r, "sw0.a", "2", "4");
	rig_write(r, "test.conf", CHANGE_TOPOLOGY);
	assert_string_equal(changed(reply_of(begin_reload(r, NULL))),
			    "sw0 sw1");
	expect_switch(r, "sw0.a", "3", "3");
	expect_switch(r, "sw1.d", "3", "2");
	assert_string_equal(changed(reply_of(begin_reload(r, "test.conf"))),
			    "");
	/* A later change is one to what has been loaded. */
	rig_write(r, "other.conf",
		  "switch sw0 {\n"
		  "port a { attach \"@/a.sock\" }\n"
		  "port b { attach \"@/b.sock\"; limit out 10mbit }\n"
		  "port c { attach \"@/c.sock\" }\n"
		  "}\n"
		  "switch sw1 {\n"
		  "port d { attach \"@/d.sock\" }\n"
		  "port e { attach \"@/e.sock\" }\n"
		  "}\n"
		  "allow d <-> e\n"
		  "allow a -> { b, c }\n");
	assert_string_equal(changed(reply_of(begin_reload(r, "other.conf"))),
			    "sw0");
	expect_switch(r, "sw0.a", "4", "2");
	unlink(rig_path(r, "other.conf"));
	assert_string_equal(changed(reply_of(begin_change(r, "allow c -> a"))),
			    "sw0");
	expect_switch(r, "sw0.a", "5", "3");
	/* Without a name it is the file it was started from. */
	assert_string_equal(changed(reply_of(begin_reload(r, NULL))), "sw0");
	expect_switch(r, "sw0.a", "6", "3");
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "policy loaded again"), 4);
}

/* However its path is written, it is the same file, and called as it was. */
static void test_a_file_keeps_its_name(void **state)
{
	struct rig *r = *state;
	json_t *data;
	char *text;

	rig_start(r, CHANGE_TOPOLOGY);
	rig_write(r, "test.conf", CHANGE_TOPOLOGY);
	changed(reply_of(begin_change(r, "deny a -> c")));
	assert_string_equal(changed(reply_of(begin_reload(r, "./test.conf"))),
			    "sw0");
	data = rig_data(rig_ask(r, "{\"cmd\":\"show\",\"what\":\"policy\"}"));
	text = json_dumps(data, JSON_COMPACT);
	assert_non_null(strstr(text, "/test.conf\",\"line\":10"));
	assert_null(strstr(text, "/./test.conf"));
	free(text);
	json_decref(data);
	assert_int_equal(rig_stop(r), 0);
}

static void test_a_wrong_file_changes_nothing(void **state)
{
	struct rig *r = *state;

	rig_start(r, CHANGE_TOPOLOGY);
	rig_write(r, "bad.conf",
		  "switch sw0 {\nport a { tap }\n}\nallow a -> q\n");
	assert_non_null(strstr(report(reply_of(begin_reload(r, "bad.conf"))),
			       "bad.conf:4:12: "));
	assert_non_null(strstr(report(reply_of(begin_reload(r, "none.conf"))),
			       "No such file"));
	/* The one it was started from has gone. */
	assert_non_null(
		strstr(report(reply_of(begin_reload(r, NULL))), "test.conf"));
	/* What cannot change while it runs. */
	rig_write(r, "more.conf",
		  "switch sw0 {\n"
		  "port a { attach \"@/a.sock\" }\n"
		  "port b { attach \"@/b.sock\" }\n"
		  "}\n"
		  "allow a <-> b\n");
	assert_non_null(
		strstr(rig_error(reply_of(begin_reload(r, "more.conf"))),
		       "; nothing was changed"));
	expect_switch(r, "sw0.a", "1", "3");
	expect_switch(r, "sw1.d", "1", "2");
	assert_int_equal(rig_stop(r), 0);
}

static void test_standard_input_cannot_be_read_again(void **state)
{
	const struct rig *r = *state;
	char path[] = "-";
	struct sys_source source = { .path = path };
	struct server s;
	int fd;

	serve(&s, r);
	s.sys.source = &source;
	s.sys.n_sources = 1;
	fd = begin_reload(r, NULL);
	serve_once(&s);
	assert_non_null(strstr(rig_error(reply_of(fd)),
			       "was started from its standard input"));
	end(&s);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_a_reload_forgets_what_was_changed),
		rig_test(test_a_file_keeps_its_name),
		rig_test(test_a_wrong_file_changes_nothing),
		rig_test(test_standard_input_cannot_be_read_again),
	};

	return rig_main(argc, argv, "change_reload", tests,
			sizeof(tests) / sizeof(tests[0]));
}
