/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Restarts: what dies, breaks the protocol or does not answer comes back, what
 * does so too often is given up, and nobody else notices either.
 */
#include "tests/unit/monitor_rig.h"

#include "vmm/linux/restart.h"

#define SECOND 1000000000ull

/* Two attach ports and a port PD. */
static const char small[] = "switch sw0 {\n"
			    "port a { attach \"@/a.sock\" }\n"
			    "port b { attach \"@/b.sock\" }\n"
			    "port p { socket listen \"@/p.made\" }\n"
			    "}\n"
			    "allow a <-> b\n"
			    "allow a <-> p\n";

/* Two switches, joined; the second has a port PD and a client of its own. */
static const char joined[] = "switch sw0 {\n"
			     "port a { attach \"@/a.sock\" }\n"
			     "}\n"
			     "switch sw1 {\n"
			     "port b { attach \"@/b.sock\" }\n"
			     "port q { socket listen \"@/q.made\" }\n"
			     "}\n"
			     "link sw0.up <-> sw1.down\n"
			     "allow sw0.a <-> sw0.up\n"
			     "allow sw1.b <-> sw1.down\n"
			     "allow sw1.q <-> sw1.down\n";

/* --- how often ---------------------------------------------------------------- */

static void test_restarts_are_counted_in_a_window(void **state)
{
	struct restart_history h = { 0 };
	uint64_t now = 100 * SECOND;

	(void)state;
	for (unsigned int i = 0; i < RESTART_MAX; i++)
		assert_true(restart_allowed(&h, now + i * SECOND));
	/* The sixth within ten seconds is one too many, ... */
	assert_false(restart_allowed(&h, now + RESTART_MAX * SECOND));
	/* ... and slow failures may go on for ever. */
	h = (struct restart_history){ 0 };
	for (unsigned int i = 0; i < 100; i++, now += 2 * SECOND)
		assert_true(restart_allowed(&h, now));
	/* A burst exactly as long as the window is not within it. */
	h = (struct restart_history){ 0 };
	for (unsigned int i = 0; i < RESTART_MAX; i++)
		assert_true(restart_allowed(&h, now));
	assert_true(restart_allowed(&h, now + RESTART_WINDOW_NS));
}

/* --- restart ----------------------------------------------------------------------- */

static void test_a_port_pd_comes_back(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	uint32_t epoch;

	rig_start(r, small);
	rig_attach(r, &c, "a.sock");
	rig_until(r, "sw0.p", "state", "up");
	epoch = link_epoch(c.link);
	rig_order(&c, "kill 2");
	rig_expect(r, "sw0.p: killed by SIG", 1);
	rig_until(r, "sw0.p", "restarts", "1");
	rig_until(r, "sw0.p", "state", "up");
	/* Nobody else noticed. */
	assert_int_equal(link_epoch(c.link), epoch);
	assert_string_equal(rig_pd(r, "sw0", "restarts"), "0");
	assert_string_equal(rig_port(r, "sw0.a", "state"), "up");
	assert_int_equal(rig_count(r, "dirty"), 0);
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

static void test_a_switch_comes_back_with_its_ports(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, small);
	rig_until(r, "sw0.p", "state", "up");
	rig_attach(r, &c, "a.sock");
	rig_order(&c, "crash");
	rig_ended(&c);
	rig_detach(&c);
	rig_expect(r, "sw0: killed by SIG", 1);
	rig_until(r, "sw0.p", "restarts", "1");
	rig_until(r, "sw0.p", "state", "up");
	assert_string_equal(rig_pd(r, "sw0", "restarts"), "1");
	/* Clients are served again. */
	rig_attach(r, &c, "a.sock");
	rig_until(r, "sw0.a", "state", "up");
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

static void test_a_switch_comes_back_to_its_neighbour(void **state)
{
	struct rig *r = *state;
	struct rig_client a, b;

	rig_start(r, joined);
	rig_until(r, "sw1.down", "state", "up");
	rig_attach(r, &a, "a.sock");
	rig_attach(r, &b, "b.sock");
	rig_order(&a, "crash");
	rig_ended(&a);
	rig_expect(r, "sw0: killed by SIG", 1);
	rig_until(r, "sw0.up", "state", "up");
	rig_until(r, "sw1.down", "state", "up");
	/* The neighbour, its client and its port PD live on. */
	assert_string_equal(rig_pd(r, "sw0", "restarts"), "1");
	assert_string_equal(rig_pd(r, "sw1", "restarts"), "0");
	assert_string_equal(rig_port(r, "sw1.q", "restarts"), "0");
	assert_string_equal(rig_port(r, "sw1.b", "state"), "up");
	rig_detach(&a);
	rig_detach(&b);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

static void test_a_merged_domain_comes_back_whole(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, "switch sw0 {\n"
		     "port a { attach \"@/a.sock\" }\n"
		     "port p { socket listen \"@/p.made\" }\n"
		     "}\n"
		     "allow a <-> p\n"
		     "domain fast { sw0 p }\n");
	rig_until(r, "sw0.p", "state", "up");
	rig_attach(r, &c, "a.sock");
	rig_order(&c, "crash");
	rig_ended(&c);
	rig_detach(&c);
	rig_expect(r, "fast: killed by SIG", 1);
	rig_until(r, "sw0.p", "state", "up");
	assert_string_equal(rig_pd(r, "fast", "restarts"), "1");
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

static void test_a_deaf_switch_is_restarted(void **state)
{
	struct rig *r = *state;
	struct rig_client a, b;

	rig_start(r, joined);
	rig_attach(r, &a, "a.sock");
	rig_attach(r, &b, "b.sock");
	rig_order(&a, "deaf");
	rig_expect(r, "deaf from now on", 1);
	/* It notices nothing any more, the end of its client included. */
	rig_detach(&a);
	rig_expect(r, "sw0 does not answer", 1);
	rig_expect(r, "sw0: stopped; starting it again", 1);
	rig_until(r, "sw0.up", "state", "up");
	rig_attach(r, &a, "a.sock");
	assert_string_equal(rig_pd(r, "sw1", "restarts"), "0");
	assert_string_equal(rig_port(r, "sw1.b", "state"), "up");
	rig_detach(&a);
	rig_detach(&b);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

static void test_what_fails_too_often_is_given_up(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	char restarts[16];

	rig_start(r, small);
	rig_attach(r, &c, "a.sock");
	for (unsigned int i = 0; i <= RESTART_MAX; i++) {
		rig_until(r, "sw0.p", "state", "up");
		rig_order(&c, "kill 2");
		snprintf(restarts, sizeof(restarts), "%u", i + 1);
		if (i < RESTART_MAX)
			rig_until(r, "sw0.p", "restarts", restarts);
	}
	rig_expect(r, "given up", 1);
	assert_int_equal(rig_count(r, "stop test and run it again"), 1);
	rig_until(r, "sw0.p", "state", "failed");
	assert_string_equal(rig_pd(r, "sw0.p", "state"), "failed");
	assert_string_equal(rig_pd(r, "sw0.p", "pid"), "0");
	/* The others go on. */
	assert_string_equal(rig_port(r, "sw0.a", "state"), "up");
	assert_string_equal(rig_pd(r, "sw0", "restarts"), "0");
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
}

static void test_a_failed_switch_says_so_to_clients(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, small);
	for (unsigned int i = 0; i <= RESTART_MAX; i++) {
		rig_attach(r, &c, "a.sock");
		rig_order(&c, "crash");
		rig_ended(&c);
		rig_detach(&c);
	}
	rig_expect(r, "given up", 1);
	c.sock = rig_connect(r, "a.sock", SOCK_SEQPACKET);
	rig_hello(&c);
	assert_int_equal(c.hello.status, -ENETDOWN);
	assert_int_equal(c.fd[0], -1);
	close(c.sock);
	assert_string_equal(rig_port(r, "sw0.a", "state"), "failed");
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_files(r), 0);
}

/* --- faults -------------------------------------------------------------------------- */

static void hc14_a_faulty_port_pd_is_restarted(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, small);
	rig_until(r, "sw0.p", "state", "up");
	rig_attach(r, &c, "a.sock");
	rig_order(&c, "fault 2");
	rig_expect(r, "sw0.p: it broke the queue protocol", 1);
	rig_until(r, "sw0.p", "restarts", "1");
	rig_until(r, "sw0.p", "state", "up");
	assert_string_equal(rig_port(r, "sw0.p", "faults"), "1");
	assert_string_equal(rig_port(r, "sw0.a", "state"), "up");
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

static void hc14_a_faulty_client_is_put_out(void **state)
{
	struct rig *r = *state;
	struct rig_client a, b;

	rig_start(r, small);
	rig_attach(r, &a, "a.sock");
	rig_attach(r, &b, "b.sock");
	rig_order(&b, "fault 0");
	rig_ended(&a);
	rig_detach(&a);
	rig_expect(r, "sw0.a: the attached process broke the queue protocol",
		   1);
	assert_string_equal(rig_port(r, "sw0.b", "state"), "up");
	/* The port is there for the next one. */
	rig_attach(r, &a, "a.sock");
	rig_until(r, "sw0.a", "state", "up");
	rig_detach(&a);
	rig_detach(&b);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

static void hc14_a_faulty_link_is_given_up(void **state)
{
	struct rig *r = *state;
	struct rig_client a;
	unsigned int port;

	rig_start(r, joined);
	rig_attach(r, &a, "a.sock");
	port = (unsigned int)strtoul(rig_port(r, "sw0.up", "number"), NULL, 10);
	for (unsigned int i = 0; i <= RESTART_MAX; i++) {
		char order[16];

		snprintf(order, sizeof(order), "fault %u", port);
		rig_until(r, "sw0.up", "state", "up");
		rig_order(&a, order);
		rig_expect(r, "one of the switches broke", i + 1);
	}
	rig_expect(r, "this link stays down", 1);
	assert_string_equal(rig_port(r, "sw0.up", "state"), "failed");
	assert_string_equal(rig_port(r, "sw1.down", "state"), "failed");
	assert_string_equal(rig_pd(r, "sw0", "restarts"), "0");
	assert_string_equal(rig_port(r, "sw0.a", "state"), "up");
	rig_detach(&a);
	assert_int_equal(rig_stop(r), 0);
}

#define rig_test(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_restarts_are_counted_in_a_window),
		rig_test(test_a_port_pd_comes_back),
		rig_test(test_a_switch_comes_back_with_its_ports),
		rig_test(test_a_switch_comes_back_to_its_neighbour),
		rig_test(test_a_merged_domain_comes_back_whole),
		rig_test(test_a_deaf_switch_is_restarted),
		rig_test(test_what_fails_too_often_is_given_up),
		rig_test(test_a_failed_switch_says_so_to_clients),
		rig_test(hc14_a_faulty_port_pd_is_restarted),
		rig_test(hc14_a_faulty_client_is_put_out),
		rig_test(hc14_a_faulty_link_is_given_up),
	};

	return rig_main(argc, argv, "restart", tests,
			sizeof(tests) / sizeof(tests[0]));
}
