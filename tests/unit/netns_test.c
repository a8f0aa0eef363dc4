/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Stepping into a network namespace, and always out again.
 */
#include "tests/unit/net_rig.h"

#include "vmm/linux/ports/netns.h"

static ino_t here(void)
{
	struct stat st;

	assert_int_equal(stat("/proc/self/ns/net", &st), 0);
	return st.st_ino;
}

static ino_t there(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

struct call {
	unsigned int calls;
	ino_t where;
	int result;
};

static int note(void *arg, struct error *err)
{
	struct call *c = arg;

	c->calls++;
	c->where = here();
	return c->result < 0 ? error_set(err, "what went wrong inside")
			     : c->result;
}

static int setup(void **state)
{
	(void)state;
	if (net_missing == NULL)
		comp_shell("ip netns add box");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (net_missing == NULL)
		comp_shell("ip netns del box");
	return 0;
}

static void none_is_here(void **state)
{
	struct call c = { .result = 5 };
	struct error err = { "" };

	(void)state;
	assert_int_equal(netns_call("", note, &c, &err), 5);
	assert_int_equal(c.calls, 1);
	assert_int_equal(c.where, here());
}

static void named_and_by_path(void **state)
{
	static const char *const names[] = { "box", "/run/netns/box" };
	struct error err = { "" };

	(void)state;
	net_need();
	for (unsigned int i = 0; i < 2; i++) {
		unsigned int before = comp_open_fds();
		struct call c = { .result = 3 };
		ino_t home = here();

		assert_int_equal(netns_call(names[i], note, &c, &err), 3);
		assert_int_equal(c.where, there("/run/netns/box"));
		assert_int_not_equal(c.where, home);
		assert_int_equal(here(), home);
		assert_int_equal(comp_open_fds(), before);
	}
	assert_string_equal(err.text, "");
}

static void back_after_an_error(void **state)
{
	struct call c = { .result = -1 };
	struct error err = { "" };
	ino_t home = here();

	(void)state;
	net_need();
	assert_int_equal(netns_call("box", note, &c, &err), -1);
	assert_int_equal(c.calls, 1);
	assert_int_equal(here(), home);
	assert_string_equal(err.text, "what went wrong inside");
}

static void refused(const char *netns, const char *words)
{
	unsigned int before = comp_open_fds();
	struct call c = { .result = 0 };
	struct error err = { "" };
	ino_t home = here();

	assert_int_equal(netns_call(netns, note, &c, &err), -1);
	assert_int_equal(c.calls, 0);
	assert_int_equal(here(), home);
	assert_int_equal(comp_open_fds(), before);
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" is not in: %s", words, err.text);
}

static void what_is_no_namespace(void **state)
{
	(void)state;
	net_need();
	refused("nowhere", "make it with `ip netns add nowhere`");
	refused("/run/netns/nowhere", "No such file");
	refused("/", "is not a network namespace");
	comp_shell("touch /run/netns/stale");
	refused("stale", "ip netns del stale; ip netns add stale");
	refused("/proc/self/ns/mnt", "is not a network namespace");
}

static void not_permitted(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	net_need();
	pid = fork();
	if (pid == 0) {
		struct call c = { .result = 0 };
		struct error err = { "" };

		net_give_up();
		_exit(netns_call("box", note, &c, &err) != -1 || c.calls != 0 ||
		      strstr(err.text, "run weir as root") == NULL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

#define test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(none_is_here),	   test(named_and_by_path),
		test(back_after_an_error), test(what_is_no_namespace),
		test(not_permitted),
	};

	return cmocka_run_group_tests_name("netns", tests, net_setup, NULL);
}
