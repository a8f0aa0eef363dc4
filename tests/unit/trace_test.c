/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trace asks the switches of a running monitor, along its links.
 */
#include "tests/unit/monitor_rig.h"

#include "vmm/linux/control/json.h"

FAKE_COMPONENTS;

static const char topology[] = "switch sw0 {\n"
			       "port a { attach \"@/a.sock\" }\n"
			       "port b { attach \"@/b.sock\" }\n"
			       "}\n"
			       "allow a <-> b\n";

static json_t *trace(const struct rig *r, const char *frame)
{
	const struct control to = rig_control(r);
	json_t *data = trace_follow(&to, &rig_options,
				    json_pack("{s:s, s:s, s:s}", "cmd", "trace",
					      "port", "sw0.a", "frame", frame));

	assert_non_null(data);
	return data;
}

static const char *member(json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void test_trace_tells_the_switch_s_verdict(void **state)
{
	struct rig *r = *state;
	json_t *data;

	rig_start(r, topology);
	data = trace(r, "02000000000b02000000000a0800");
	assert_string_equal(member(data, "verdict"), "deliver");
	assert_string_equal(member(data, "reason"), "none");
	assert_string_equal(json_string_value(json_array_get(
				    json_object_get(data, "deliver"), 0)),
			    "sw0.b");
	json_decref(data);
	data = trace(r, "02000000000b02000000000a0801");
	assert_string_equal(member(data, "verdict"), "drop");
	assert_string_equal(member(data, "reason"), "not_allowed");
	assert_int_equal(json_array_size(json_object_get(data, "deliver")), 0);
	json_decref(data);
	/* A verdict of nothing but ones is told as far as it makes sense. */
	data = trace(r, "02000000000b02000000000a0802");
	assert_string_equal(member(data, "verdict"), "drop");
	assert_string_equal(member(data, "reason"), "unknown");
	json_decref(data);
	assert_int_equal(rig_stop(r), 0);
}

static const char linked[] = "switch sw0 {\n"
			     "port a { attach \"@/a.sock\" }\n"
			     "}\n"
			     "switch sw1 {\n"
			     "port x { attach \"@/x.sock\" }\n"
			     "}\n"
			     "link sw0.b <-> sw1.y\n"
			     "allow a <-> b\n"
			     "allow x <-> y\n";

/* What goes to a link, the switch behind it is asked about. */
static void test_a_trace_follows_links(void **state)
{
	struct rig *r = *state;
	json_t *data, *hop;

	rig_start(r, linked);
	data = trace(r, "02000000000b02000000000a0800");
	assert_string_equal(member(data, "port"), "sw0.a");
	assert_int_equal(json_array_size(json_object_get(data, "hops")), 1);
	hop = json_array_get(json_object_get(data, "hops"), 0);
	assert_string_equal(member(hop, "port"), "sw1.y");
	assert_string_equal(member(hop, "via"), "sw0.b");
	assert_string_equal(member(hop, "verdict"), "deliver");
	/* To port 1, which is y itself: a link, and no end. */
	assert_int_equal(json_array_size(json_object_get(data, "arrives")), 0);
	json_decref(data);
	/* Nothing goes there. */
	data = trace(r, "02000000000b02000000000a0801");
	assert_int_equal(json_array_size(json_object_get(data, "hops")), 0);
	json_decref(data);
	assert_int_equal(rig_stop(r), 0);
}

/* Verdicts that send a frame in circles are followed once to each switch. */
static void hc08_a_trace_ends_whatever_switches_say(void **state)
{
	struct rig *r = *state;
	json_t *data;

	rig_start(r, linked);
	data = trace(r, "02000000000b02000000000a0802");
	assert_int_equal(json_array_size(json_object_get(data, "hops")), 1);
	json_decref(data);
	assert_int_equal(rig_stop(r), 0);
}

static void test_hex(void **state)
{
	uint8_t out[4] = { 0 };

	(void)state;
	assert_int_equal(hex_decode("00fFA5", 6, out, 4), 3);
	assert_memory_equal(out, "\x00\xff\xa5", 3);
	assert_int_equal(hex_decode("", 0, out, 4), 0);
	assert_int_equal(hex_decode("0", 1, out, 4), -1);
	assert_int_equal(hex_decode("0g", 2, out, 4), -1);
	assert_int_equal(hex_decode("0\0", 2, out, 4), -1);
	assert_int_equal(hex_decode("@`", 2, out, 4), -1);
	assert_int_equal(hex_decode("0000000000", 10, out, 4), -1);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_trace_tells_the_switch_s_verdict),
		rig_test(test_a_trace_follows_links),
		rig_test(hc08_a_trace_ends_whatever_switches_say),
		cmocka_unit_test(test_hex),
	};

	return rig_main(argc, argv, "trace", tests,
			sizeof(tests) / sizeof(tests[0]));
}
