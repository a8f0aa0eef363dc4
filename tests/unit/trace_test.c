/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Trace: how a switch's verdict is told, a nonsensical one included.
 */
#include "tests/unit/monitor_rig.h"

#include "cli/decision.h"
#include "vmm/linux/control/json.h"

FAKE_COMPONENTS;

static const char topology[] = "switch sw0 {\n"
			       "port a { attach \"@/a.sock\" }\n"
			       "port b { attach \"@/b.sock\" }\n"
			       "}\n"
			       "allow a <-> b\n";

/* --- trace -------------------------------------------------------------- */

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

/* What the command shows of what the monitor says. */
static json_t *shown(const struct mon_switch *sw,
		     const struct sys_policy *policy,
		     const struct vswitch_ctl_request *request,
		     const struct vswitch_verdict *v)
{
	json_t *facts = show_verdict(sw, policy, request, v);
	json_t *data = decision_shown(facts);

	json_decref(facts);
	return data;
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
	data = shown(&sw, NULL, &request, v);
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
		{ REASON_VLAN_IN, "vlan drop", 3 },
		{ REASON_BAD_SOURCE, "source drop", 4 },
		{ REASON_BLOCKED, "admit drop", 5 },
		{ REASON_MAC_LOCK, "admit drop", 5 },
		{ REASON_IP_LOCK, "admit drop", 6 },
		{ REASON_RATE_IN, "admit drop", 6 },
		{ REASON_STICKY, "learn drop", 6 },
		{ REASON_MOVES, "learn drop", 6 },
		{ REASON_STATION_PINNED, "learn pinned", 6 },
		{ REASON_SAME_PORT, "resolve drop", 7 },
		{ REASON_STORM, "storm drop", 8 },
		{ REASON_NO_DESTINATION, "resolve drop", 8 },
		{ REASON_VLAN_OUT, "vlan-out drop", 8 },
		{ REASON_NOT_ALLOWED, "allow drop", 8 },
		{ REASON_NO_RULE, "allow drop", 8 },
		{ REASON_DENIED, "allow drop", 8 },
		{ REASON_POLICY, "policy drop", 9 },
		{ REASON_PORT_DOWN, "deliver drop", 10 },
		{ REASON_BLOCKED_OUT, "deliver drop", 10 },
		{ REASON_RATE_OUT, "deliver drop", 10 },
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

/* --- with a policy ------------------------------------------------------ */

/**
 * struct told - a switch with a policy, what it was asked, and what it says
 */
struct told {
	struct sys_component comp;
	struct mon_switch sw;
	struct sys_policy policy;
	struct sys_rule rule[2];
	struct vswitch_ctl_request request;
	struct vswitch_verdict v;
};

/* From a to b: allow what is HTTPS (entry 4), deny the rest (entry 5). */
static int told_setup(void **state)
{
	struct told *t = calloc(1, sizeof(*t));
	struct policy_image *image = &t->policy.image;

	fake_switch(&t->sw, &t->comp);
	image->n_rules = 2;
	image->n_entries = 6;
	image->entry[4] = 1;
	image->entry[5] = 0;
	image->pair[0][1] = (struct policy_pair){ .first = 4, .n = 2 };
	t->policy.rule = t->rule;
	t->rule[0] = (struct sys_rule){ .file = "home.conf",
					.line = 9,
					.action = POLICY_DENY };
	t->rule[1] = (struct sys_rule){ .text = "tcp port 443",
					.file = "home.conf",
					.line = 12,
					.reply = 1,
					.need = 100,
					.action = POLICY_ALLOW };
	t->request = (struct vswitch_ctl_request){
		.len = 60,
		.header = { 2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0xa, 8, 0 }
	};
	t->v = (struct vswitch_verdict){
		.resolution = RESOLVED_UNICAST,
		.looked_up = true,
		.learned = { .outcome = FDB_REFRESHED, .was = FDB_NO_PORT },
		.out = 1,
		.candidates = 2,
		.deliver = 2,
		.entry = { [1] = 4 },
	};
	*state = t;
	return 0;
}

static int told_teardown(void **state)
{
	free(*state);
	return 0;
}

/* It is not delivered, because of its one destination. */
static void refuse(struct told *t, enum vswitch_reason why)
{
	t->v.reason = why;
	t->v.deliver = 0;
	t->v.refused = 2;
	t->v.refusal[1] = (uint8_t)why;
}

/* It is dropped before its destination is known. */
static void stop(struct told *t, enum vswitch_reason why)
{
	t->v = (struct vswitch_verdict){ .reason = why, .out = FDB_NO_PORT };
}

/* Steps of this name, "result: text" each on a line. */
static void expect_steps(const struct told *t, const char *name,
			 const char *want)
{
	json_t *data = shown(&t->sw, &t->policy, &t->request, &t->v);
	char got[2048] = "";
	json_t *step;
	size_t i;

	json_array_foreach(json_object_get(data, "steps"), i, step)
		if (strcmp(member(step, "step"), name) == 0)
			sprintf(got + strlen(got), "%s: %s\n",
				member(step, "result"), member(step, "text"));
	assert_string_equal(got, want);
	json_decref(data);
}

/* Of a flood, each port that gets no frame is named with the reason. */
static void test_ports_left_out_are_named(void **state)
{
	struct told *t = *state;
	json_t *data, *rows;
	char *text;

	t->comp.sw.n_ports = 6;
	strcpy(t->comp.sw.port[3].name, "d");
	strcpy(t->comp.sw.port[4].name, "e");
	strcpy(t->comp.sw.port[5].name, "cap");
	t->comp.sw.port[5].kind = VSWITCH_PORT_CAPTURE;
	t->v = (struct vswitch_verdict){
		.resolution = RESOLVED_BROADCAST,
		.reason = REASON_NO_DESTINATION,
		.looked_up = true,
		.vlan = 20,
		.left = 0x1e,
		.refusal = { [1] = REASON_VLAN_OUT,
			     [2] = REASON_PORT_DOWN,
			     [3] = REASON_NOT_ALLOWED,
			     [4] = REASON_BLOCKED_OUT },
	};
	expect_steps(t, "left-out",
		     "skip: sw0.b is not in VLAN 20\n"
		     "skip: sw0.c is down\n"
		     "skip: sw0.d: no rule is about frames from sw0.a to it\n"
		     "skip: sw0.e: destination port is blocked (a loop?)\n"
		     "skip: sw0.cap is a capture: it gets copies of what it "
		     "watches, and is sent nothing\n");
	data = shown(&t->sw, &t->policy, &t->request, &t->v);
	rows = json_object_get(data, "left_out");
	text = json_dumps(rows, JSON_COMPACT);
	assert_string_equal(text,
			    "[{\"port\":\"sw0.b\",\"reason\":\"vlan_out\"},"
			    "{\"port\":\"sw0.c\",\"reason\":\"port_down\"},"
			    "{\"port\":\"sw0.d\",\"reason\":\"not_allowed\"},"
			    "{\"port\":\"sw0.e\",\"reason\":"
			    "\"blocked_out\"},"
			    "{\"port\":\"sw0.cap\",\"reason\":\"capture\"}]");
	free(text);
	json_decref(data);
	/* Of a frame with one destination nothing is left out. */
	t->v.resolution = RESOLVED_UNICAST;
	expect_steps(t, "left-out", "");
}

/* The rule the step `allow` names, and the one of the refusal, as JSON. */
static void expect_rule(const struct told *t, const char *in_step,
			const char *in_refusal)
{
	json_t *data = shown(&t->sw, &t->policy, &t->request, &t->v);
	json_t *step, *rule = NULL;
	char *text;
	size_t i;

	json_array_foreach(json_object_get(data, "steps"), i, step)
		if (strcmp(member(step, "step"), "allow") == 0)
			rule = json_object_get(step, "rule");
	text = json_dumps(rule, JSON_COMPACT);
	assert_string_equal(text != NULL ? text : "", in_step);
	free(text);
	rule = json_object_get(
		json_array_get(json_object_get(data, "refused"), 0), "rule");
	text = json_dumps(rule, JSON_COMPACT);
	assert_string_equal(text != NULL ? text : "", in_refusal);
	free(text);
	json_decref(data);
}

static void test_the_rule_that_decides_is_named(void **state)
{
	struct told *t = *state;

	expect_steps(t, "allow",
		     "pass: sw0.a -> sw0.b: allow, rule home.conf:12 when "
		     "\"tcp port 443\"\n");
	expect_rule(t,
		    "{\"action\":\"allow\",\"filter\":\"tcp port 443\","
		    "\"reply\":true,\"where\":\"home.conf:12\","
		    "\"snapshot\":100}",
		    "");
	t->v.entry[1] = 5;
	refuse(t, REASON_DENIED);
	expect_steps(t, "allow",
		     "drop: sw0.a -> sw0.b: deny, rule home.conf:9\n");
	expect_rule(t,
		    "{\"action\":\"deny\",\"filter\":\"\",\"reply\":false,"
		    "\"where\":\"home.conf:9\"}",
		    "{\"action\":\"deny\",\"filter\":\"\",\"reply\":false,"
		    "\"where\":\"home.conf:9\"}");
	/* What stops it later does not hide what let it go so far. */
	t->v.entry[1] = 4;
	refuse(t, REASON_PORT_DOWN);
	expect_steps(t, "allow",
		     "pass: sw0.a -> sw0.b: allow, rule home.conf:12 when "
		     "\"tcp port 443\"\n");
	expect_steps(t, "deliver",
		     "drop: to sw0.b: destination port is down\n");
}

static void test_no_rule_is_told_as_that(void **state)
{
	struct told *t = *state;

	t->v.entry[1] = POLICY_NO_ENTRY;
	refuse(t, REASON_NO_RULE);
	expect_steps(t, "allow", "drop: no rule of sw0.a -> sw0.b matches\n");
	expect_rule(t, "", "");
	t->policy.image.pair[0][1].n = 0;
	expect_steps(t, "allow", "drop: sw0.a -> sw0.b has no rule\n");
	refuse(t, REASON_NOT_ALLOWED);
	expect_steps(t, "allow", "drop: sw0.a -> sw0.b has no rule\n");
}

static void test_an_answer_needs_no_rule(void **state)
{
	struct told *t = *state;

	t->v.entry[1] = POLICY_NO_ENTRY;
	t->v.replies = 2;
	expect_steps(
		t, "allow",
		"pass: sw0.a -> sw0.b: it answers what was begun the other "
		"way\n");
	expect_rule(t, "", "");
}

/* A rule of another pair, or of none, is not shown as the one that decided. */
static void hc25_entries_that_are_not_the_pair_s(void **state)
{
	static const uint16_t wild[] = { 0, 3, 6, 100, 8192, 0xffff };
	struct told *t = *state;

	for (size_t i = 0; i < sizeof(wild) / sizeof(wild[0]); i++) {
		t->v.entry[1] = wild[i];
		expect_steps(t, "allow", "pass: sw0.a -> sw0.b is allowed\n");
		expect_rule(t, "", "");
	}
	t->v.entry[1] = 4;
	t->policy.image.entry[4] = 2; /* a rule there is not */
	expect_rule(t, "", "");
}

static void test_vlans_are_told(void **state)
{
	struct told *t = *state;
	struct policy_port *a = &t->policy.image.port[0];

	expect_steps(t, "vlan", "pass: untagged\n");
	expect_steps(t, "vlan-out", "");
	a->vlan_mode = POLICY_VLAN_ACCESS;
	a->vlan = 7;
	t->policy.image.port[1] = *a;
	t->v.vlan = 7;
	expect_steps(t, "vlan", "pass: untagged: VLAN 7\n");
	expect_steps(t, "vlan-out", "pass: sw0.b is in VLAN 7\n");
	refuse(t, REASON_VLAN_OUT);
	expect_steps(
		t, "vlan-out",
		"drop: sw0.b is not in VLAN 7, or would bring a second tag "
		"to light\n");
	expect_steps(t, "allow", "");
	memcpy(t->request.header + 12, "\x81\x00\x00\x09", 4);
	stop(t, REASON_VLAN_IN);
	expect_steps(t, "vlan",
		     "drop: VLAN 9; the port takes untagged frames, into VLAN "
		     "7\n");
	a->vlan_mode = POLICY_VLAN_TRUNK;
	expect_steps(t, "vlan",
		     "drop: VLAN 9; the port takes its VLANs' tags; untagged, "
		     "into VLAN 7\n");
	a->vlan = 0;
	expect_steps(t, "vlan",
		     "drop: VLAN 9; the port takes its VLANs' tags alone\n");
}

static void test_locks_and_rates_are_told(void **state)
{
	struct told *t = *state;
	struct policy_port *a = &t->policy.image.port[0];

	expect_steps(t, "admit", "pass: the port has no MAC lock\n");
	a->locked = 1;
	a->locked_mac = 0x02000000000a;
	a->ip_locked = 1;
	a->limit_in.rate = 1000;
	t->policy.image.port[1].limit_out.rate = 500;
	expect_steps(t, "admit",
		     "pass: the port is locked to 02:00:00:00:00:0a\n"
		     "pass: its addresses are among those the port may use\n"
		     "pass: within the port's 1000 bytes a second\n");
	refuse(t, REASON_RATE_OUT);
	expect_steps(t, "deliver",
		     "drop: to sw0.b: faster than the destination port may "
		     "receive; it may receive 500 bytes a second\n");
	stop(t, REASON_RATE_IN);
	expect_steps(t, "admit",
		     "pass: the port is locked to 02:00:00:00:00:0a\n"
		     "pass: its addresses are among those the port may use\n"
		     "drop: faster than the port may send: it has used up its "
		     "1000 bytes a second\n");
	stop(t, REASON_IP_LOCK);
	expect_steps(
		t, "admit",
		"pass: the port is locked to 02:00:00:00:00:0a\n"
		"drop: IP, ARP or ND address is not one the port may use\n");
	stop(t, REASON_BLOCKED);
	expect_steps(
		t, "admit",
		"drop: the port is blocked: addresses keep moving to it (a "
		"loop?)\n");
}

static void test_addresses_kept_out_are_told(void **state)
{
	struct told *t = *state;

	t->policy.image.port[0].sticky = 3;
	stop(t, REASON_STICKY);
	t->v.looked_up = true;
	expect_steps(t, "learn",
		     "drop: 02:00:00:00:00:0a would be one more than the 3 "
		     "addresses the port may have\n");
	stop(t, REASON_MOVES);
	t->v.looked_up = true;
	t->v.learned = (struct fdb_effect){ .outcome = FDB_MOVED, .was = 2 };
	expect_steps(t, "learn",
		     "drop: 02:00:00:00:00:0a moves too often; it stays at "
		     "sw0.c\n");
	/* The one it was at may be a lie. */
	t->v.learned.was = 64;
	expect_steps(t, "learn",
		     "drop: 02:00:00:00:00:0a moves too often; it stays at "
		     "?\n");
}

static void test_storms_and_snooping_are_told(void **state)
{
	struct told *t = *state;

	memcpy(t->request.header, "\x01\x00\x5e\x01\x02\x03", 6);
	t->v.resolution = RESOLVED_MULTICAST;
	t->v.out = FDB_NO_PORT;
	expect_steps(t, "storm", "");
	expect_steps(t, "snooping", "");
	t->policy.image.port[0].storm[STORM_MULTICAST].rate = 50;
	t->v.gone = 4;
	expect_steps(t, "storm",
		     "pass: within the port's 50 of this kind a second\n");
	expect_steps(
		t, "snooping",
		"narrowed: 1 port would be allowed but did not ask for the "
		"group\n");
	t->v.candidates = 0;
	t->v.deliver = 0;
	t->v.reason = REASON_NO_DESTINATION;
	expect_steps(t, "resolve",
		     "multicast: 01:00:5e:01:02:03 is a group: offered to 0 "
		     "ports\n"
		     "drop: no port that sw0.a may send to has asked for it\n");
	t->v.gone = 0;
	t->v.reason = REASON_STORM;
	expect_steps(t, "resolve",
		     "flood: 01:00:5e:01:02:03 is to be flooded\n");
	expect_steps(t, "storm",
		     "drop: more broadcast, multicast or unknown unicast than "
		     "the port may flood: it has used up its 50 of this kind a "
		     "second\n");
	expect_steps(t, "deliver", "");
}

/* The same noise each time. */
static uint32_t noise(uint32_t *x)
{
	*x = *x * 1664525u + 1013904223u;
	return *x >> 8;
}

static void hc14_verdicts_of_noise(void **state)
{
	struct told *t = *state;
	uint32_t x = 14;

	for (int i = 0; i < 3000; i++) {
		uint8_t *byte = (uint8_t *)&t->v;
		json_t *data;

		for (size_t n = 0; n < sizeof(t->v); n++)
			byte[n] = (uint8_t)noise(&x);
		/* Most of them are dropped early; not all shall be. */
		if (i % 2 == 0)
			t->v.reason = (enum vswitch_reason)(noise(&x) % 30);
		data = shown(&t->sw, &t->policy, &t->request, &t->v);
		assert_non_null(json_object_get(data, "verdict"));
		json_decref(data);
	}
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

#define told_test(f)                                                           \
	cmocka_unit_test_setup_teardown(f, told_setup, told_teardown)
#define rig_test(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_trace_tells_the_switch_s_verdict),
		rig_test(test_a_trace_follows_links),
		rig_test(hc08_a_trace_ends_whatever_switches_say),
		cmocka_unit_test(test_each_reason_has_its_step),
		cmocka_unit_test(test_a_flood_is_told_port_by_port),
		told_test(test_the_rule_that_decides_is_named),
		told_test(test_no_rule_is_told_as_that),
		told_test(test_an_answer_needs_no_rule),
		told_test(hc25_entries_that_are_not_the_pair_s),
		told_test(test_vlans_are_told),
		told_test(test_locks_and_rates_are_told),
		told_test(test_addresses_kept_out_are_told),
		told_test(test_storms_and_snooping_are_told),
		told_test(test_ports_left_out_are_named),
		told_test(hc14_verdicts_of_noise),
		cmocka_unit_test(test_hex),
	};

	return rig_main(argc, argv, "trace", tests,
			sizeof(tests) / sizeof(tests[0]));
}
