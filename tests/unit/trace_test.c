/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trace: how a switch's verdict is told, a nonsensical one included.
 */
#include "tests/unit/monitor_rig.h"

#include "vmm/linux/control_json.h"

static const char topology[] = "switch sw0 {\n"
			       "port a { attach \"@/a.sock\" }\n"
			       "port b { attach \"@/b.sock\" }\n"
			       "}\n"
			       "allow a <-> b\n";

/* --- trace ------------------------------------------------------------------------ */

static json_t *trace(const struct rig *r, const char *frame)
{
	char request[256];

	snprintf(request, sizeof(request),
		 "{\"cmd\":\"trace\",\"port\":\"sw0.a\",\"frame\":\"%s\"}",
		 frame);
	return rig_data(rig_ask(r, request));
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

/* A switch to tell verdicts of, in this process. */
static void fake_switch(struct mon_switch *sw, struct sys_component *comp)
{
	*comp = (struct sys_component){ .kind = SYS_SWITCH, .name = "sw0" };
	comp->sw.n_ports = 3;
	strcpy(comp->sw.port[0].name, "a");
	strcpy(comp->sw.port[1].name, "b");
	strcpy(comp->sw.port[2].name, "c");
	comp->sw.port[0].wire.max_frame = 1518;
	*sw = (struct mon_switch){ .comp = comp };
}

/* The last step of an explanation, as "step result"; static. */
static const char *last_step(const struct vswitch_verdict *v, size_t *steps)
{
	static char text[64];
	struct vswitch_ctl_request request = { .len = 60 };
	struct sys_component comp;
	struct mon_switch sw;
	json_t *data, *list, *last;

	fake_switch(&sw, &comp);
	data = show_verdict(&sw, &request, v);
	list = json_object_get(data, "steps");
	*steps = json_array_size(list);
	last = json_array_get(list, *steps - 1);
	snprintf(text, sizeof(text), "%s %s", member(last, "step"),
		 member(last, "result"));
	json_decref(data);
	return text;
}

static void test_each_reason_has_its_step(void **state)
{
	static const struct {
		enum vswitch_reason reason;
		const char *last;
		size_t steps;
	} table[] = {
		{ REASON_RUNT, "length drop", 1 },
		{ REASON_OVERSIZE, "length drop", 1 },
		{ REASON_RESERVED, "reserved drop", 2 },
		{ REASON_VLAN, "vlan drop", 3 },
		{ REASON_BAD_SOURCE, "source drop", 4 },
		{ REASON_MAC_LOCK, "admit drop", 5 },
		{ REASON_STATION_PINNED, "learn pinned", 6 },
		{ REASON_SAME_PORT, "resolve drop", 7 },
		{ REASON_NO_DESTINATION, "resolve drop", 8 },
		{ REASON_NOT_ALLOWED, "allow drop", 8 },
		{ REASON_POLICY, "policy drop", 9 },
		{ REASON_PORT_DOWN, "deliver drop", 10 },
		{ REASON_TOO_BIG, "deliver drop", 10 },
		{ REASON_NO_BUFFER, "deliver drop", 10 },
		{ REASON_NONE, "deliver pass", 10 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct vswitch_verdict v = {
			.reason = table[i].reason,
			.resolution = RESOLVED_UNICAST,
			.looked_up = true,
			.learned = { .outcome = FDB_PINNED, .was = 2 },
			.out = 1,
			.candidates = 2,
			.refused = table[i].reason != REASON_NONE ? 2 : 0,
			.deliver = table[i].reason == REASON_NONE ? 2 : 0,
			.refusal = { [1] = (uint8_t)table[i].reason },
		};
		size_t steps;

		assert_string_equal(last_step(&v, &steps), table[i].last);
		assert_int_equal(steps, table[i].steps);
	}
}

static void test_a_flood_is_told_port_by_port(void **state)
{
	struct vswitch_verdict v = {
		.resolution = RESOLVED_BROADCAST,
		.looked_up = true,
		.learned = { .outcome = FDB_MOVED, .was = 1 },
		.candidates = 6,
		.deliver = 2,
		.refused = 4,
		.refusal = { [2] = REASON_PORT_DOWN },
	};
	size_t steps;

	(void)state;
	assert_string_equal(last_step(&v, &steps), "deliver drop");
	assert_int_equal(steps, 7 + 3 + 3);
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

#define rig_test(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_trace_tells_the_switch_s_verdict),
		cmocka_unit_test(test_each_reason_has_its_step),
		cmocka_unit_test(test_a_flood_is_told_port_by_port),
		cmocka_unit_test(test_hex),
	};

	return rig_main(argc, argv, "trace", tests,
			sizeof(tests) / sizeof(tests[0]));
}
