/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libweir, with a monitor.  weir_liar_test.c has it meet other servers.
 */
#include "tests/unit/monitor_rig.h"

#include "client/weir.h"

FAKE_COMPONENTS;

static const char topology[] = "switch sw0 {\n"
			       "port a { attach \"@/a.sock\"; buffers 64 }\n"
			       "port b { attach \"@/b.sock\" }\n"
			       "}\n"
			       "allow a <-> b\n";

static void test_libweir_attaches(void **state)
{
	struct rig *r = *state;
	char err[256];
	struct weir_port *p, *second;
	struct weir_frame f[128];
	struct rig_client c;

	rig_start(r, topology);
	p = weir_attach(rig_path(r, "a.sock"), err, sizeof(err));
	assert_non_null(p);
	assert_string_equal(weir_name(p), "sw0.a");
	assert_int_equal(weir_max_frame(p), 1518);
	/* Waiting for a buffer ends when the link comes up. */
	assert_int_equal(weir_wait(p, WEIR_WAIT_TX, RIG_TIMEOUT_MS), 1);
	assert_int_equal(weir_is_up(p), 1);
	assert_int_equal(weir_tx_alloc(p, f, 128), 64);
	assert_int_equal(weir_send(p, "x", 1), -1);
	assert_int_equal(errno, EAGAIN);
	weir_tx_cancel(p, f, 64);
	assert_int_equal(weir_send(p, "x", 1519), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(weir_wait(p, WEIR_WAIT_RX, 0), 0);
	/* The port is taken. */
	second = weir_attach(rig_path(r, "a.sock"), err, sizeof(err));
	assert_null(second);
	assert_int_equal(errno, EBUSY);
	assert_non_null(strstr(err, "another process is attached to sw0.a"));
	/* The switch dies: whoever waits is told. */
	rig_attach(r, &c, "b.sock");
	rig_order(&c, "crash");
	assert_int_equal(weir_wait(p, WEIR_WAIT_RX, RIG_TIMEOUT_MS), -1);
	assert_int_equal(errno, ENOTCONN);
	assert_int_equal(weir_is_up(p), -1);
	assert_int_equal(weir_send(p, "x", 1), -1);
	assert_int_equal(errno, ENETDOWN);
	weir_detach(p);
	rig_detach(&c);
	/* And may come back. */
	p = weir_attach(rig_path(r, "a.sock"), err, sizeof(err));
	assert_non_null(p);
	weir_detach(p);
	assert_int_equal(rig_stop(r), 0);
	assert_null(weir_attach(rig_path(r, "a.sock"), err, sizeof(err)));
	assert_int_equal(errno, ENOENT);
	assert_non_null(strstr(err, "is not there; start weir"));
}

static void test_libweir_knows_wrong_paths(void **state)
{
	const struct rig *r = *state;
	char err[256], path[200];
	int fd;

	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_null(weir_attach(path, err, sizeof(err)));
	assert_int_equal(errno, ENAMETOOLONG);
	/* Nobody wants to know why. */
	assert_null(weir_attach(path, NULL, 0));
	/* Left behind by somebody who was killed with his janitor. */
	fd = open(rig_path(r, "file"), O_CREAT | O_WRONLY, 0600);
	close(fd);
	assert_null(weir_attach(rig_path(r, "file"), err, sizeof(err)));
	assert_int_equal(errno, ECONNREFUSED);
	assert_non_null(strstr(err, "nothing listens"));
	weir_detach(NULL);
}

/*
 * After clients that broke the protocol it says so, and that it will pass.  Who
 * comes shortly before the end of a pause is let wait for it, and each pause is
 * twice as long as the one before.
 */
static void hc35_libweir_says_that_a_port_is_held_off(void **state)
{
	struct rig *r = *state;
	struct rig_client b;
	struct weir_port *p;
	char err[256];

	rig_start(r, topology);
	rig_attach(r, &b, "b.sock");
	for (int i = 0; i < 12; i++) {
		p = weir_attach(rig_path(r, "a.sock"), err, sizeof(err));
		if (p == NULL)
			break;
		/* A fault of a port that is down is none. */
		while (weir_is_up(p) == 0)
			weir_wait(p, WEIR_WAIT_RX, RIG_TIMEOUT_MS);
		rig_order(&b, "fault 0");
		while (weir_wait(p, WEIR_WAIT_RX, RIG_TIMEOUT_MS) > 0)
			;
		assert_int_equal(weir_is_up(p), -1);
		weir_detach(p);
	}
	assert_null(p);
	assert_int_equal(errno, EAGAIN);
	assert_non_null(strstr(err,
			       "sw0.a is held off, because its clients broke "
			       "the queue protocol; try again"));
	rig_until(r, "sw0.a", "again_ms", "0");
	p = weir_attach(rig_path(r, "a.sock"), err, sizeof(err));
	assert_non_null(p);
	weir_detach(p);
	rig_detach(&b);
	assert_int_equal(rig_stop(r), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_libweir_attaches),
		rig_test(hc35_libweir_says_that_a_port_is_held_off),
		rig_test(test_libweir_knows_wrong_paths),
	};

	return rig_main(argc, argv, "weir", tests,
			sizeof(tests) / sizeof(tests[0]));
}
