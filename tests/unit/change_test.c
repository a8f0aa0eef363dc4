/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes while it runs: everywhere or nowhere, one at a time, and whatever
 * becomes of compilers, switches and those who asked.
 */
#include "tests/unit/server_rig.h"

#include <limits.h>
#include <netdb.h>
#include <sys/stat.h>

#include "config/check/filter.h"

#include "vmm/linux/control/json.h"

FAKE_COMPONENTS;

static const char topology[] = "switch sw0 {\n"
			       "port a { attach \"@/a.sock\" }\n"
			       "port b { attach \"@/b.sock\" }\n"
			       "port c { attach \"@/c.sock\" }\n"
			       "}\n"
			       "switch sw1 {\n"
			       "port d { attach \"@/d.sock\" }\n"
			       "port e { attach \"@/e.sock\" }\n"
			       "}\n"
			       "allow a <-> b\n"
			       "allow a -> c\n"
			       "allow d <-> e\n";

/* --- asking ------------------------------------------------------------- */

/* Send a request, and do not wait. */
static int begin(const struct rig *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int begin(const struct rig *r, const char *format, ...)
{
	int fd = rig_connect(r, "test.sock", SOCK_STREAM);
	va_list args;
	char *line;
	int n;

	va_start(args, format);
	n = vasprintf(&line, format, args);
	va_end(args);
	assert_true(n > 0);
	assert_int_equal(write(fd, line, (size_t)n), n);
	free(line);
	return fd;
}

static json_t *reply_of(int fd)
{
	json_t *reply = rig_reply(fd);

	close(fd);
	return reply;
}

static int begin_change(const struct rig *r, const char *text)
{
	return begin(r, "{\"cmd\":\"change\",\"text\":\"%s\"}\n", text);
}

/* A file in the rig's directory; NULL: the one it was started from. */
static int begin_reload(const struct rig *r, const char *name)
{
	if (name == NULL)
		return begin(r, "{\"cmd\":\"reload\"}\n");
	return begin(r, "{\"cmd\":\"reload\",\"file\":\"%s\"}\n",
		     rig_path(r, name));
}

/* Make a change that succeeds; the switches it concerned, static. */
static const char *changed(json_t *reply)
{
	static char names[64];
	json_t *data = rig_data(reply), *name;
	size_t i;

	names[0] = '\0';
	json_array_foreach(json_object_get(data, "switches"), i, name) {
		strcat(names, i > 0 ? " " : "");
		strcat(names, json_string_value(name));
	}
	assert_int_equal(json_integer_value(json_object_get(data, "changed")),
			 json_array_size(json_object_get(data, "switches")));
	json_decref(data);
	return names;
}

/* The compiler's lines of a refusal; static. */
static const char *report(json_t *reply)
{
	static char text[4096];
	const char *value = json_string_value(json_object_get(reply, "report"));

	snprintf(text, sizeof(text), "%s", value != NULL ? value : "");
	assert_true(json_is_false(json_object_get(reply, "ok")));
	json_decref(reply);
	return text;
}

static void write_file(const struct rig *r, const char *name, const char *text)
{
	FILE *f = fopen(rig_path(r, name), "w");

	for (const char *p = text; *p != '\0'; p++)
		fprintf(f, *p == '@' ? "%s" : "%.1s", *p == '@' ? r->dir : p);
	fclose(f);
}

/* --- what switches have ------------------------------------------------- */

/* Policies the fake switch of a port has taken, and entries of the last one. */
static void expect_switch(const struct rig *r, const char *port,
			  const char *policies, const char *entries)
{
	assert_string_equal(rig_port(r, port, "in_bytes"), policies);
	assert_string_equal(rig_port(r, port, "out_bytes"), entries);
}

/* Have the fake switch of a port treat its next policies so. */
static void fate(struct rig *r, const char *socket, const char *letters)
{
	struct rig_client c;
	char order[32];

	rig_attach(r, &c, socket);
	snprintf(order, sizeof(order), "policy %s", letters);
	rig_order(&c, order);
	snprintf(order, sizeof(order), "policies from now on: %s", letters);
	rig_expect(r, order, rig_count(r, order) + 1);
	rig_detach(&c);
}

/* Wait until a switch has been started again, so often in all. */
static void wait_restart(const struct rig *r, const char *name,
			 const char *times)
{
	for (int i = 0; i < RIG_TIMEOUT_MS; i++) {
		if (strcmp(rig_pd(r, name, "restarts"), times) == 0 &&
		    strcmp(rig_pd(r, name, "state"), "running") == 0)
			return;
		poll(NULL, 0, 1);
	}
	fail_msg("%s is not started again", name);
}

/* --- changes ------------------------------------------------------------ */

static void test_a_change_takes_hold(void **state)
{
	struct rig *r = *state;

	rig_start(r, topology);
	/* What it was started with lay in its region by then. */
	assert_int_equal(rig_count(r, "no policy"), 0);
	expect_switch(r, "sw0.a", "1", "3");
	expect_switch(r, "sw1.d", "1", "2");
	assert_string_equal(changed(reply_of(begin_change(r, "allow b -> c"))),
			    "sw0");
	expect_switch(r, "sw0.a", "2", "4");
	/* The other was not asked. */
	expect_switch(r, "sw1.d", "1", "2");
	assert_string_equal(
		changed(reply_of(begin_change(
			r, "deny b -> c\\ndeny d -> e when \\\"arp\\\""))),
		"sw0 sw1");
	/* One took the place of an older one, one is new. */
	expect_switch(r, "sw0.a", "3", "4");
	expect_switch(r, "sw1.d", "2", "3");
	/* What is so already is no change. */
	assert_string_equal(changed(reply_of(begin_change(r, "deny b -> c"))),
			    "");
	expect_switch(r, "sw0.a", "3", "4");
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(
		rig_count(r, "policy changed (1 switch): allow b -> c"), 1);
}

static void test_a_restarted_switch_has_what_holds(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, topology);
	changed(reply_of(begin_change(r, "allow b <-> c")));
	expect_switch(r, "sw0.a", "2", "5");
	rig_attach(r, &c, "a.sock");
	rig_order(&c, "crash");
	rig_expect(r, "starting it again", 1);
	rig_ended(&c);
	rig_detach(&c);
	wait_restart(r, "sw0", "1");
	expect_switch(r, "sw0.a", "1", "5");
	/* And is told of what comes then. */
	assert_string_equal(changed(reply_of(begin_change(r, "deny c -> a"))),
			    "sw0");
	expect_switch(r, "sw0.a", "2", "6");
	assert_int_equal(rig_stop(r), 0);
}

static void test_a_wrong_change_changes_nothing(void **state)
{
	struct rig *r = *state;
	json_t *reply;

	rig_start(r, topology);
	reply = reply_of(begin_change(r, "allow a -> nobody"));
	assert_string_equal(rig_error(json_incref(reply)),
			    "1 error; nothing was changed");
	/*
	 * In the words that were sent, not by a line of what the monitor keeps.
	 */
	assert_int_equal(strncmp(report(reply),
				 "allow a -> nobody: unknown port \"nobody\"",
				 40),
			 0);
	assert_non_null(
		strstr(report(reply_of(begin_change(
			       r, "allow a -> c when \\\"prot 22\\\""))),
		       "allow a -> c when \"prot 22\": "));
	/* What cannot be read, as it was sent. */
	assert_string_equal(report(reply_of(begin_change(r, "port x"))),
			    "port x: \"port\" belongs in a switch\n");
	assert_string_equal(rig_error(reply_of(begin_change(r, ";"))),
			    "the change is empty; nothing was changed");
	assert_string_equal(
		rig_error(reply_of(begin_change(r, "allow a -> c\\u0007"))),
		"a change is printable ASCII, nothing else; nothing was "
		"changed");
	assert_string_equal(
		rig_error(
			reply_of(begin_change(r, "allow a -> c; deny a -> c"))),
		"the change contradicts itself about \"sw0.a -> sw0.c\"; "
		"nothing "
		"was changed");
	/* Half of it would be right. */
	report(reply_of(begin_change(r, "deny a -> b; deny a -> nobody")));
	expect_switch(r, "sw0.a", "1", "3");
	/* Nothing of it has been kept. */
	assert_string_equal(changed(reply_of(begin_change(r, "allow b -> c"))),
			    "sw0");
	expect_switch(r, "sw0.a", "2", "4");
	assert_int_equal(rig_stop(r), 0);
}

/* --- taking back -------------------------------------------------------- */

static int begin_undo(const struct rig *r, const char *number)
{
	return begin(r, "{\"cmd\":\"undo\"%s}\n", number);
}

/* Take a change back; what it was, static. */
static const char *undone(json_t *reply, unsigned int number)
{
	static char text[128];
	json_t *data = rig_data(reply);

	assert_int_equal(json_integer_value(json_object_get(data, "number")),
			 number);
	snprintf(text, sizeof(text), "%s",
		 json_string_value(json_object_get(data, "undone")));
	json_decref(data);
	return text;
}

static void test_a_change_is_taken_back_alone(void **state)
{
	struct rig *r = *state;

	rig_start(r, topology);
	changed(reply_of(begin_change(r, "deny a -> b when \\\"arp\\\"")));
	changed(reply_of(begin_change(r, "allow b <-> c")));
	changed(reply_of(begin_change(r, "deny d -> e when \\\"arp\\\"")));
	expect_switch(r, "sw0.a", "3", "6");
	expect_switch(r, "sw1.d", "2", "3");
	/*
	 * The one in the middle; nothing of the others, nor of the other
	 * switch.
	 */
	assert_string_equal(undone(reply_of(begin_undo(r, ",\"number\":2")), 2),
			    "allow b -> c; allow c -> b");
	expect_switch(r, "sw0.a", "4", "4");
	expect_switch(r, "sw1.d", "2", "3");
	/* The last one. */
	assert_string_equal(undone(reply_of(begin_undo(r, "")), 3),
			    "deny d -> e when \"arp\"");
	expect_switch(r, "sw1.d", "3", "2");
	assert_non_null(strstr(
		rig_error(reply_of(begin_undo(r, ",\"number\":2"))),
		"there is no change 2; 'weir show policy' shows the numbers"));
	assert_string_equal(undone(reply_of(begin_undo(r, "")), 1),
			    "deny a -> b when \"arp\"");
	expect_switch(r, "sw0.a", "5", "3");
	assert_non_null(strstr(rig_error(reply_of(begin_undo(r, ""))),
			       "there is nothing to take back"));
	assert_non_null(
		strstr(rig_error(reply_of(begin_undo(r, ",\"number\":\"x\""))),
		       "wants no"));
	/* No number is given twice. */
	changed(reply_of(begin_change(r, "deny a -> b")));
	assert_string_equal(undone(reply_of(begin_undo(r, ",\"number\":4")), 4),
			    "deny a -> b");
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "policy changed back (1 switch): allow "
				      "b -> c; allow c -> b"),
			 1);
}

/*
 * A rule behind another stays where it is seen; who gave it is told what to do.
 */
static void test_a_warning_is_one_a_command_can_follow(void **state)
{
	struct rig *r = *state;
	json_t *data, *row, *of[3] = { NULL };
	const char *warning;
	size_t i, n = 0;

	rig_start(r, topology);
	changed(reply_of(begin_change(r, "deny a -> b when \\\"arp\\\"")));
	data = rig_data(reply_of(begin_change(r, "allow a -> b")));
	warning = json_string_value(json_object_get(data, "warnings"));
	assert_non_null(strstr(
		warning, "change 1, deny a -> b when \"arp\": warning: "));
	assert_non_null(strstr(warning, "a newer one allows every frame"));
	assert_non_null(strstr(warning, "'weir undo'"));
	assert_null(strstr(warning, "put this one first"));
	assert_null(strstr(warning, "(runtime)"));
	json_decref(data);
	data = rig_data(rig_ask(r, "{\"cmd\":\"show\",\"what\":\"policy\"}"));
	/* a -> b: the new rule, the older one and the topology's. */
	json_array_foreach(data, i, row)
		if (json_object_get(row, "to") != NULL && n < 3 &&
		    strcmp(json_string_value(json_object_get(row, "to")),
			   "sw0.b") == 0)
			of[n++] = row;
	assert_int_equal(n, 3);
	assert_int_equal(json_integer_value(json_object_get(of[0], "change")),
			 2);
	assert_int_equal(json_integer_value(json_object_get(of[1], "change")),
			 1);
	assert_int_equal(json_integer_value(json_object_get(of[1], "hits")), 0);
	assert_true(json_is_integer(json_object_get(of[1], "hits")));
	assert_null(json_object_get(of[2], "change"));
	json_decref(data);
	assert_int_equal(rig_stop(r), 0);
}

/* --- loading again ------------------------------------------------------ */

static void test_a_reload_forgets_what_was_changed(void **state)
{
	struct rig *r = *state;

	rig_start(r, topology);
	changed(reply_of(
		begin_change(r, "deny c -> b; deny e -> d when \\\"arp\\\"")));
	expect_switch(r, "sw0.a", "2", "4");
	write_file(r, "test.conf", topology);
	assert_string_equal(changed(reply_of(begin_reload(r, NULL))),
			    "sw0 sw1");
	expect_switch(r, "sw0.a", "3", "3");
	expect_switch(r, "sw1.d", "3", "2");
	assert_string_equal(changed(reply_of(begin_reload(r, "test.conf"))),
			    "");
	/* A later change is one to what has been loaded. */
	write_file(r, "other.conf",
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

	rig_start(r, topology);
	write_file(r, "test.conf", topology);
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

	rig_start(r, topology);
	write_file(r, "bad.conf",
		   "switch sw0 {\nport a { tap }\n}\nallow a -> q\n");
	assert_non_null(strstr(report(reply_of(begin_reload(r, "bad.conf"))),
			       "bad.conf:4:12: "));
	assert_non_null(strstr(report(reply_of(begin_reload(r, "none.conf"))),
			       "No such file"));
	/* The one it was started from has gone. */
	assert_non_null(
		strstr(report(reply_of(begin_reload(r, NULL))), "test.conf"));
	/* What cannot change while it runs. */
	write_file(r, "more.conf",
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

/* --- all or nothing ----------------------------------------------------- */

static const char both[] = "deny b -> a when \\\"arp\\\"; "
			   "deny d -> e when \\\"arp\\\"";

static void test_one_refusal_undoes_it_all(void **state)
{
	struct rig *r = *state;

	rig_start(r, topology);
	fate(r, "d.sock", "r");
	assert_string_equal(rig_error(reply_of(begin_change(r, both))),
			    "switch sw1 says that the policy has an impossible "
			    "rule (at 7); nothing was changed");
	/* The first one took it, and took the old one back. */
	expect_switch(r, "sw0.a", "3", "3");
	expect_switch(r, "sw1.d", "1", "2");
	/* Nobody was started again for it. */
	assert_int_equal(rig_count(r, "starting it again"), 0);
	/* It is as if it had never been wanted. */
	assert_string_equal(changed(reply_of(begin_change(r, both))),
			    "sw0 sw1");
	expect_switch(r, "sw0.a", "4", "4");
	expect_switch(r, "sw1.d", "2", "3");
	assert_int_equal(rig_stop(r), 0);
}

static void test_one_silence_undoes_it_all(void **state)
{
	struct rig *r = *state;

	rig_start(r, topology);
	fate(r, "d.sock", "m");
	assert_string_equal(rig_error(reply_of(begin_change(r, both))),
			    "switch sw1 does not answer; nothing was changed");
	expect_switch(r, "sw0.a", "3", "3");
	/* What it judges frames by, nobody could say. */
	rig_expect(r, "sw1: it does not say whether it has taken a policy", 1);
	wait_restart(r, "sw1", "1");
	expect_switch(r, "sw1.d", "1", "2");
	assert_int_equal(rig_stop(r), 0);
}

static void test_one_death_undoes_it_all(void **state)
{
	struct rig *r = *state;

	rig_start(r, topology);
	fate(r, "d.sock", "d");
	assert_string_equal(
		rig_error(reply_of(begin_change(r, both))),
		"switch sw1 died when it loaded the new policy; nothing was "
		"changed");
	expect_switch(r, "sw0.a", "3", "3");
	wait_restart(r, "sw1", "1");
	expect_switch(r, "sw1.d", "1", "2");
	rig_expect(r, "sw1: killed by", 1);
	assert_int_equal(rig_stop(r), 0);
}

static void test_who_does_not_go_back_is_started_again(void **state)
{
	struct rig *r = *state;

	rig_start(r, topology);
	fate(r, "a.sock", "ar");
	fate(r, "d.sock", "r");
	assert_non_null(strstr(rig_error(reply_of(begin_change(r, both))),
			       "switch sw1 says"));
	rig_expect(r, "sw0: it does not take its old policy back", 1);
	wait_restart(r, "sw0", "1");
	expect_switch(r, "sw0.a", "1", "3");
	assert_int_equal(rig_stop(r), 0);
}

/* Who has agreed and dies must not start with what will not hold any more. */
static void test_a_death_after_it_has_agreed(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	int fd;

	rig_start(r, topology);
	fate(r, "d.sock", "s");
	rig_attach(r, &c, "a.sock");
	while (!link_is_up(link_epoch(c.link)))
		poll(NULL, 0, 1);
	fd = begin_change(r, both);
	rig_until(r, "sw0.a", "in_bytes", "2");
	rig_order(&c, "crash");
	rig_ended(&c);
	rig_detach(&c);
	assert_string_equal(changed(reply_of(fd)), "sw0 sw1");
	wait_restart(r, "sw0", "1");
	expect_switch(r, "sw0.a", "1", "4");
	expect_switch(r, "sw1.d", "2", "3");
	assert_int_equal(rig_stop(r), 0);
}

/*
 * Deaths at any moment: in the end a switch has what the monitor says it has.
 */
static void test_deaths_at_any_moment(void **state)
{
	struct rig *r = *state;
	unsigned int entries = 3;

	rig_start(r, topology);
	for (int i = 0; i < 4; i++) {
		struct rig_client c;
		char text[64];
		json_t *reply;
		int fd;

		rig_attach(r, &c, "a.sock");
		snprintf(text, sizeof(text), "deny a -> c when \\\"port %d\\\"",
			 i + 1);
		if (i % 2 == 0)
			rig_order(&c, "crash");
		fd = begin_change(r, text);
		if (i % 2 == 1)
			rig_order(&c, "crash");
		reply = reply_of(fd);
		entries += json_is_true(json_object_get(reply, "ok"));
		json_decref(reply);
		rig_ended(&c);
		rig_detach(&c);
		snprintf(text, sizeof(text), "%d", i + 1);
		wait_restart(r, "sw0", text);
		snprintf(text, sizeof(text), "%u", entries);
		assert_string_equal(rig_port(r, "sw0.a", "out_bytes"), text);
	}
	assert_int_equal(rig_stop(r), 0);
}

/* --- compilers ---------------------------------------------------------- */

/* The name server of "slow.example" answers when there is a writer here. */
static char name_server[128];

/*
 * Takes the place of the C library's, whose declaration has names that nobody
 * else may use.
 */
/* NOLINTNEXTLINE(readability-inconsistent-declaration-parameter-name) */
int getaddrinfo(const char *node, const char *service,
		const struct addrinfo *hints, struct addrinfo **res)
{
	FILE *f = NULL;

	(void)service;
	(void)hints;
	(void)res;
	if (node != NULL && strcmp(node, "slow.example") == 0)
		f = fopen(name_server, "re");
	if (f != NULL)
		fclose(f);
	return EAI_NONAME;
}

/* A topology that takes long to compile, and is not right in the end. */
static void make_slow(const struct rig *r)
{
	char text[sizeof(topology) + 64];

	filter_limit_ms = INT_MAX;
	snprintf(name_server, sizeof(name_server), "%s",
		 rig_path(r, "name-server"));
	assert_int_equal(mkfifo(name_server, 0600), 0);
	snprintf(text, sizeof(text), "%s%s", topology,
		 "allow b -> c when \"host slow.example\"\n");
	write_file(r, "slow.conf", text);
}

/* The compiler's process, if a monitor has one. */
static pid_t compiler_of(pid_t monitor)
{
	char path[64], line[256];
	pid_t found = 0;
	unsigned int pid;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)monitor,
		 (int)monitor);
	f = fopen(path, "r");
	while (f != NULL && fscanf(f, "%u", &pid) == 1) {
		FILE *comm;

		snprintf(path, sizeof(path), "/proc/%u/comm", pid);
		comm = fopen(path, "r");
		if (comm == NULL)
			continue;
		if (fgets(line, sizeof(line), comm) != NULL &&
		    strcmp(line, "weir-compile\n") == 0)
			found = (pid_t)pid;
		fclose(comm);
	}
	if (f != NULL)
		fclose(f);
	return found;
}

static pid_t wait_compiler(pid_t monitor)
{
	pid_t pid;

	for (int i = 0; i < RIG_TIMEOUT_MS; i++) {
		pid = compiler_of(monitor);
		if (pid != 0)
			return pid;
		poll(NULL, 0, 1);
	}
	fail_msg("nobody compiles");
	return 0;
}

static void hc14_a_compiler_that_crashes(void **state)
{
	struct rig *r = *state;
	int fd;

	make_slow(r);
	rig_start(r, topology);
	fd = begin_reload(r, "slow.conf");
	kill(wait_compiler(r->pid), SIGABRT);
	assert_string_equal(rig_error(reply_of(fd)),
			    "the compiler was killed by SIGABRT; nothing was "
			    "changed");
	expect_switch(r, "sw0.a", "1", "3");
	/* The next one does better. */
	changed(reply_of(begin_change(r, "allow b -> c")));
	expect_switch(r, "sw0.a", "2", "4");
	assert_int_equal(rig_stop(r), 0);
}

static void hc14_who_goes_away_takes_his_compiler_along(void **state)
{
	struct rig *r = *state;
	pid_t pid;
	int fd;

	make_slow(r);
	rig_start(r, topology);
	fd = begin_reload(r, "slow.conf");
	pid = wait_compiler(r->pid);
	close(fd);
	changed(reply_of(begin_change(r, "allow b -> c")));
	assert_int_equal(kill(pid, 0), -1);
	expect_switch(r, "sw0.a", "2", "4");
	assert_int_equal(rig_stop(r), 0);
}

static void test_changes_wait_for_each_other(void **state)
{
	struct rig *r = *state;
	int first, second, third;

	make_slow(r);
	rig_start(r, topology);
	first = begin_reload(r, "slow.conf");
	wait_compiler(r->pid);
	second = begin_change(r, "deny a -> b when \\\"udp\\\"");
	/* Everything else goes on meanwhile. */
	expect_switch(r, "sw0.a", "1", "3");
	third = begin_change(r, "allow a -> b when \\\"tcp\\\"");
	expect_switch(r, "sw0.a", "1", "3");
	write_file(r, "name-server", "");
	assert_non_null(strstr(report(reply_of(first)), "slow.example"));
	assert_string_equal(changed(reply_of(second)), "sw0");
	assert_string_equal(changed(reply_of(third)), "sw0");
	expect_switch(r, "sw0.a", "3", "5");
	assert_int_equal(rig_stop(r), 0);
}

static void test_its_end_does_not_wait_for_a_compiler(void **state)
{
	struct rig *r = *state;
	int fd;

	make_slow(r);
	rig_start(r, topology);
	fd = begin_reload(r, "slow.conf");
	wait_compiler(r->pid);
	/* Returns when the last process that holds its log has ended. */
	assert_int_equal(rig_stop(r), 0);
	close(fd);
	/* The same if it is killed. */
	rig_start(r, topology);
	fd = begin_reload(r, "slow.conf");
	wait_compiler(r->pid);
	kill(r->pid, SIGKILL);
	assert_true(WIFSIGNALED(rig_wait(r)));
	close(fd);
}

/* --- time, in this process ---------------------------------------------- */

static void hc14_a_compiler_that_hangs(void **state)
{
	const struct rig *r = *state;
	struct server s;
	int first, second;
	pid_t pid;

	make_slow(r);
	serve(&s, r);
	first = begin_reload(r, "slow.conf");
	serve_once(&s); /* the connection, and the request that is there */
	assert_int_equal(s.m.change.stage, CHANGE_COMPILING);
	pid = wait_compiler(getpid());
	second = begin_reload(r, "slow.conf");
	serve_once(&s);
	s.m.now_ns = s.m.change.caller->deadline_ns - 1;
	control_tick(&s.m);
	assert_int_equal(s.m.change.stage, CHANGE_COMPILING);
	s.m.now_ns++;
	control_tick(&s.m);
	assert_string_equal(rig_error(reply_of(first)),
			    "compiling takes too long; nothing was changed");
	/*
	 * Its end is awaited before the next one begins, who has had no turn.
	 */
	assert_int_equal(s.m.change.stage, CHANGE_ENDING);
	s.m.now_ns += CONTROL_TIMEOUT_NS;
	control_tick(&s.m);
	assert_non_null(strstr(rig_error(reply_of(second)),
			       "other changes are being made"));
	while (s.m.change.stage == CHANGE_ENDING)
		serve_once(&s);
	assert_int_equal(s.m.change.stage, CHANGE_IDLE);
	assert_int_equal(kill(pid, 0), -1);
	assert_true(control_deadline(&s.m) == UINT64_MAX);
	assert_true(change_deadline(&s.m) == UINT64_MAX);
	end(&s);
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

#define rig_test(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_a_change_takes_hold),
		rig_test(test_a_restarted_switch_has_what_holds),
		rig_test(test_a_wrong_change_changes_nothing),
		rig_test(test_a_change_is_taken_back_alone),
		rig_test(test_a_warning_is_one_a_command_can_follow),
		rig_test(test_a_reload_forgets_what_was_changed),
		rig_test(test_a_file_keeps_its_name),
		rig_test(test_a_wrong_file_changes_nothing),
		rig_test(test_one_refusal_undoes_it_all),
		rig_test(test_one_silence_undoes_it_all),
		rig_test(test_one_death_undoes_it_all),
		rig_test(test_who_does_not_go_back_is_started_again),
		rig_test(test_a_death_after_it_has_agreed),
		rig_test(test_deaths_at_any_moment),
		rig_test(hc14_a_compiler_that_crashes),
		rig_test(hc14_who_goes_away_takes_his_compiler_along),
		rig_test(test_changes_wait_for_each_other),
		rig_test(test_its_end_does_not_wait_for_a_compiler),
		rig_test(hc14_a_compiler_that_hangs),
		rig_test(test_standard_input_cannot_be_read_again),
	};

	return rig_main(argc, argv, "change", tests,
			sizeof(tests) / sizeof(tests[0]));
}
