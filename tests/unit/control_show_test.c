/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control server: what it shows.
 */
#include "cli/decision.h"
#include "tests/unit/control_rig.h"
#include "vmm/linux/control/json.h"

FAKE_COMPONENTS;

static void test_ports(void **state)
{
	struct rig *r = *state;
	char what[128];

	rig_start(r, control_topology);
	rig_until(r, "sw0.p", "state", "up");
	assert_string_equal(rig_port(r, "sw0.p", "kind"), "socket");
	assert_string_equal(rig_port(r, "sw0.a", "kind"), "attach");
	assert_string_equal(rig_port(r, "sw1.down", "kind"), "link");
	snprintf(what, sizeof(what), "attach %s/a.sock", r->dir);
	assert_string_equal(rig_port(r, "sw0.a", "attached"), what);
	assert_string_equal(rig_port(r, "sw0.b", "number"), "1");
	/* What the fake switch has put there. */
	assert_string_equal(rig_port(r, "sw0.b", "in_frames"), "101");
	assert_int_equal(rig_stop(r), 0);
}

static void test_system(void **state)
{
	struct rig *r = *state;
	json_t *data, *row;
	size_t i;
	int pid, writers = 0, readers = 0;
	const char *name;

	rig_start(r, control_topology);
	data = rig_data(rig_ask(r, "{\"cmd\":\"show\",\"what\":\"system\"}"));
	assert_int_equal(
		json_unpack(data, "{s:i, s:s}", "pid", &pid, "name", &name), 0);
	assert_int_equal(pid, r->pid);
	assert_string_equal(name, "test");
	assert_int_equal(json_array_size(json_object_get(data, "pds")), 3);
	/* Who maps a receive region: the switch to write, the port to read. */
	json_array_foreach(json_object_get(data, "pds"), i, row) {
		json_t *map;
		size_t k;

		json_array_foreach(json_object_get(row, "maps"), k, map) {
			const char *region, *perms;

			assert_int_equal(json_unpack(map, "{s:s, s:s}",
						     "region", &region, "perms",
						     &perms),
					 0);
			if (strcmp(region, "sw0.p.egress.data") != 0)
				continue;
			writers += strcmp(perms, "rw") == 0;
			readers += strcmp(perms, "r") == 0;
		}
	}
	assert_int_equal(writers, 1);
	assert_int_equal(readers, 1);
	json_decref(data);
	assert_string_equal(rig_pd(r, "sw0.p", "state"), "running");
	assert_int_equal(rig_stop(r), 0);
}

static void test_fdb_comes_page_by_page(void **state)
{
	struct rig *r = *state;
	json_t *data, *row;
	size_t i;

	rig_start(r, control_topology);
	data = rig_data(rig_ask(r, "{\"cmd\":\"show\",\"what\":\"fdb\"}"));
	assert_int_equal(json_array_size(data), 2 * FAKE_ADDRESSES);
	json_array_foreach(data, i, row) {
		char want[MAC_TEXT];

		mac_text(0x020000000000 + i % FAKE_ADDRESSES, want);
		assert_string_equal(
			json_string_value(json_object_get(row, "mac")), want);
		assert_string_equal(
			json_string_value(json_object_get(row, "port")),
			i < FAKE_ADDRESSES ? "sw0.a" : "sw1.a");
	}
	json_decref(data);
	assert_int_equal(rig_stop(r), 0);
}

static void test_a_switch_that_does_not_answer(void **state)
{
	static const char ask[] = "{\"cmd\":\"trace\",\"port\":\"sw0.a\","
				  "\"frame\":\"0200\"}";
	struct rig *r = *state;
	const struct control to = rig_control(r);
	struct rig_client c;
	json_t *facts, *data, *hop;

	rig_start(r, control_topology);
	rig_attach(r, &c, "a.sock");
	rig_order(&c, "deaf");
	rig_expect(r, "deaf from now on", 1);
	assert_non_null(strstr(rig_error(rig_ask(r, ask)),
			       "switch sw0 does not answer"));
	assert_string_equal(rig_port(r, "sw0.a", "state"), "up");
	/* The other one does, and so does the monitor. */
	facts = trace_follow(&to, &rig_options,
			     json_pack("{s:s, s:s, s:s}", "cmd", "trace",
				       "port", "sw1.a", "frame", "0200"));
	data = decision_shown(facts);
	json_decref(facts);
	/* What it says is not lost for the one behind it. */
	hop = json_array_get(json_object_get(data, "hops"), 0);
	assert_string_equal(json_string_value(json_object_get(hop, "verdict")),
			    "unknown");
	assert_string_equal(json_string_value(json_object_get(hop, "text")),
			    "sw0 does not answer");
	json_decref(data);
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_ports),
		rig_test(test_system),
		rig_test(test_fdb_comes_page_by_page),
		rig_test(test_a_switch_that_does_not_answer),
	};

	return rig_main(argc, argv, "control_show", tests,
			sizeof(tests) / sizeof(tests[0]));
}
