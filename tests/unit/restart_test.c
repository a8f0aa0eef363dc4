/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Restarts: what dies, breaks the protocol or does not answer comes back, what
 * does so too often waits longer and longer, and nobody else notices either.
 *
 * tests/run: takes long
 */
#include "tests/unit/monitor_rig.h"

#include "vmm/linux/monitor/state.h"

FAKE_COMPONENTS;

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

/* --- how often ---------------------------------------------------------- */

static void hc39_the_pause_doubles_up_to_a_bound(void **state)
{
	struct restart_history h = { 0 };
	uint64_t now = 1, want = 0;

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		assert_int_equal(restart_pause(&h, now), want);
		/* It runs for a while, which is not long enough. */
		now += want + i % 2 * (RESTART_GOOD_NS - 1);
		want = want == 0 ? RESTART_PAUSE_NS : 2 * want;
		if (want > RESTART_PAUSE_MAX_NS)
			want = RESTART_PAUSE_MAX_NS;
	}
	assert_int_equal(want, RESTART_PAUSE_MAX_NS);
}

static void hc39_who_ran_well_starts_over(void **state)
{
	struct restart_history h = { 0 };
	uint64_t now = 100 * SECOND;

	(void)state;
	/* Deaths that are far apart cost nothing, however many. */
	for (unsigned int i = 0; i < 100; i++, now += RESTART_GOOD_NS)
		assert_int_equal(restart_pause(&h, now), 0);
	for (unsigned int i = 0; i < 20; i++)
		now += restart_pause(&h, now);
	assert_int_equal(restart_pause(&h, now), RESTART_PAUSE_MAX_NS);
	/* The pause itself is no time it ran. */
	now += RESTART_PAUSE_MAX_NS + RESTART_GOOD_NS - 1;
	assert_int_equal(restart_pause(&h, now), RESTART_PAUSE_MAX_NS);
	now += RESTART_PAUSE_MAX_NS + RESTART_GOOD_NS;
	assert_int_equal(restart_pause(&h, now), 0);
	assert_int_equal(restart_pause(&h, now), RESTART_PAUSE_NS);
	/* What never gets ready has not run well. */
	assert_true(RESTART_GOOD_NS > PD_READY_NS);
	assert_true(RESTART_GOOD_NS > VM_READY_NS);
}

static void test_pauses_in_words(void **state)
{
	char text[RESTART_TEXT];

	(void)state;
	assert_string_equal(restart_text(1, text), "1 ms");
	assert_string_equal(restart_text(100 * MS_NS, text), "100 ms");
	assert_string_equal(restart_text(1600 * MS_NS, text), "2 s");
	assert_string_equal(restart_text(60 * SECOND, text), "60 s");
}

/* --- restart ------------------------------------------------------------ */

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

static void hc39_a_switch_that_hangs_is_found_by_looking(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, small);
	rig_attach(r, &c, "a.sock");
	rig_order(&c, "deaf");
	rig_expect(r, "deaf from now on", 1);
	/* No link changes; what it shows is there, and is answered with. */
	assert_string_equal(rig_port(r, "sw0.a", "state"), "up");
	rig_expect(r, "sw0 does not answer; stopping it", 1);
	rig_expect(r, "sw0: stopped; starting it again", 1);
	rig_ended(&c);
	rig_detach(&c);
	rig_until(r, "sw0.p", "state", "up");
	assert_string_equal(rig_pd(r, "sw0", "restarts"), "1");
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

/* So many failures, and the last pause is this. */
#define FAILURES 6
#define PAUSE "in 2 s; the lines above say why"

static void hc39_what_fails_often_waits_longer(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	char restarts[16];

	rig_start(r, small);
	rig_attach(r, &c, "a.sock");
	for (unsigned int i = 0; i < FAILURES; i++) {
		rig_until(r, "sw0.p", "state", "up");
		snprintf(restarts, sizeof(restarts), "%u", i);
		assert_string_equal(rig_port(r, "sw0.p", "restarts"), restarts);
		rig_order(&c, "kill 2");
		rig_expect(r, "starting it again", i + 1);
	}
	rig_expect(r, PAUSE, 1);
	assert_int_equal(rig_count(r, "starting it again\n"), 1);
	assert_int_equal(rig_count(r, "starting it again in 100 ms\n"), 1);
	assert_int_equal(rig_count(r, "starting it again in 800 ms\n"), 1);
	assert_string_equal(rig_port(r, "sw0.p", "state"), "restarting");
	assert_string_not_equal(rig_port(r, "sw0.p", "again_ms"), "0");
	assert_string_equal(rig_pd(r, "sw0.p", "state"), "restarting");
	assert_string_not_equal(rig_pd(r, "sw0.p", "again_ms"), "0");
	assert_string_equal(rig_pd(r, "sw0.p", "pid"), "0");
	/* The others go on. */
	assert_string_equal(rig_port(r, "sw0.a", "state"), "up");
	assert_string_equal(rig_port(r, "sw0.a", "again_ms"), "0");
	assert_string_equal(rig_pd(r, "sw0", "restarts"), "0");
	/* It is never given up. */
	rig_until(r, "sw0.p", "state", "up");
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
}

/* What a port's socket answers to whoever connects now. */
static int32_t knock(struct rig *r, const char *name)
{
	struct rig_client c = { 0 };

	c.sock = rig_connect(r, name, SOCK_SEQPACKET);
	rig_hello(&c);
	rig_detach(&c);
	return c.hello.status;
}

static void hc39_a_switch_that_waits_says_so_to_clients(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, small);
	for (unsigned int i = 0; i <= FAILURES; i++) {
		rig_until(r, "sw0.a", "again_ms", "0");
		rig_attach(r, &c, "a.sock");
		rig_order(&c, "crash");
		rig_ended(&c);
		rig_detach(&c);
	}
	rig_expect(r, "sw0: killed by SIGILL; starting it again in 4 s", 1);
	assert_int_equal(knock(r, "a.sock"), -ENETDOWN);
	assert_string_equal(rig_port(r, "sw0.a", "state"), "restarting");
	assert_non_null(strstr(
		rig_error(rig_ask(r, "{\"cmd\":\"show\",\"what\":\"fdb\"}")),
		"sw0 fails again and again, and is started again in"));
	/* And then it serves them again. */
	rig_until(r, "sw0.a", "again_ms", "0");
	rig_attach(r, &c, "a.sock");
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_files(r), 0);
}

/* --- faults ------------------------------------------------------------- */

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

static void hc35_a_port_whose_clients_break_the_protocol(void **state)
{
	struct rig *r = *state;
	struct rig_client a, b;
	unsigned int faults = 0, told = 0;

	rig_start(r, small);
	rig_attach(r, &b, "b.sock");
	/* No longer than that: each fault makes the pause that is awaited. */
	while (faults < 6 || told <= 100) {
		a.sock = rig_connect(r, "a.sock", SOCK_SEQPACKET);
		a.order = NULL;
		a.link = NULL;
		rig_hello(&a);
		if (a.hello.status == 0) {
			/* A fault of a port that is down is none. */
			rig_until(r, "sw0.a", "state", "up");
			rig_order(&b, "fault 0");
			rig_ended(&a);
			faults++;
		} else {
			assert_int_equal(a.hello.status, -EAGAIN);
			assert_int_equal(a.fd[0], -1);
			told++;
		}
		rig_detach(&a);
	}
	/* How many there were depends on the machine, but not much. */
	rig_expect(r, "it is detached and the port held off for 2 s", 1);
	assert_int_equal(rig_count(r, "it is detached\n"), 1);
	assert_in_range(rig_count(r, "broke the queue protocol"), 6, 12);
	assert_true(told > 100);
	assert_string_equal(rig_port(r, "sw0.a", "state"), "held off");
	/* The other port does not notice. */
	assert_string_equal(rig_port(r, "sw0.b", "state"), "up");
	assert_string_equal(rig_port(r, "sw0.b", "again_ms"), "0");
	/* It is held off, not closed. */
	rig_until(r, "sw0.a", "again_ms", "0");
	rig_attach(r, &a, "a.sock");
	rig_until(r, "sw0.a", "state", "up");
	rig_detach(&a);
	rig_detach(&b);
	assert_int_equal(rig_stop(r), 0);
}

static void hc35_a_faulty_link_is_held_off(void **state)
{
	struct rig *r = *state;
	struct rig_client a;
	unsigned int port;

	rig_start(r, joined);
	rig_attach(r, &a, "a.sock");
	port = (unsigned int)strtoul(rig_port(r, "sw0.up", "number"), NULL, 10);
	for (unsigned int i = 0; i < FAILURES; i++) {
		char order[16];

		snprintf(order, sizeof(order), "fault %u", port);
		rig_until(r, "sw0.up", "state", "up");
		rig_order(&a, order);
		rig_expect(r, "one of the switches broke", i + 1);
	}
	rig_expect(r, "taking the link down and up again in 2 s", 1);
	assert_string_equal(rig_port(r, "sw0.up", "state"), "held off");
	assert_string_equal(rig_port(r, "sw1.down", "state"), "held off");
	assert_string_equal(rig_pd(r, "sw0", "restarts"), "0");
	assert_string_equal(rig_port(r, "sw0.a", "state"), "up");
	rig_until(r, "sw0.up", "state", "up");
	rig_until(r, "sw1.down", "state", "up");
	rig_detach(&a);
	assert_int_equal(rig_stop(r), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc39_the_pause_doubles_up_to_a_bound),
		cmocka_unit_test(hc39_who_ran_well_starts_over),
		cmocka_unit_test(test_pauses_in_words),
		rig_test(test_a_port_pd_comes_back),
		rig_test(test_a_switch_comes_back_with_its_ports),
		rig_test(test_a_switch_comes_back_to_its_neighbour),
		rig_test(test_a_merged_domain_comes_back_whole),
		rig_test(test_a_deaf_switch_is_restarted),
		rig_test(hc39_a_switch_that_hangs_is_found_by_looking),
		rig_test(hc39_what_fails_often_waits_longer),
		rig_test(hc39_a_switch_that_waits_says_so_to_clients),
		rig_test(hc14_a_faulty_port_pd_is_restarted),
		rig_test(hc14_a_faulty_client_is_put_out),
		rig_test(hc35_a_port_whose_clients_break_the_protocol),
		rig_test(hc35_a_faulty_link_is_held_off),
	};

	return rig_main(argc, argv, "restart", tests,
			sizeof(tests) / sizeof(tests[0]));
}
