/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `show policy`, `show flows`, `show groups`: what is shown of what holds, and
 * what is not believed of what a switch says.
 */
#include "tests/unit/monitor_rig.h"

#include "cli/facts.h"
#include "vmm/linux/control/json.h"

FAKE_COMPONENTS;

/* --- a switch in this process ------------------------------------------- */

/**
 * struct fixture - a monitor that knows of one switch, with ports a, b and c
 */
struct fixture {
	struct monitor m;
	struct mon_switch sw;
	struct mon_link link;
	struct sys_conn conn;
	struct sys_component comp;
	struct sys_policy policy;
	struct sys_rule rule[3];
	struct vswitch_stats stats;
};

/* Two rules from a to b, one from b to a; c may send to a by the allow list. */
static void fill_policy(struct fixture *f)
{
	struct policy_image *image = &f->policy.image;

	image->n_rules = 3;
	image->n_entries = 3;
	image->entry[0] = 0;
	image->entry[1] = 2;
	image->entry[2] = 1;
	image->pair[0][1] = (struct policy_pair){ .first = 0, .n = 2 };
	image->pair[1][0] = (struct policy_pair){ .first = 2, .n = 1 };
	image->port[2].allow = 1;
	for (int p = 0; p < 3; p++)
		memcpy(image->port[p].storm, sys_usual_storm,
		       sizeof(sys_usual_storm));
	f->rule[0] = (struct sys_rule){ .text = "tcp port 443",
					.file = "home.conf",
					.line = 12,
					.need = 54,
					.action = POLICY_ALLOW,
					.reply = 1 };
	f->rule[1] = (struct sys_rule){ .file = "home.conf",
					.line = 13,
					.action = POLICY_DENY };
	f->rule[2] = (struct sys_rule){ .text = "udp[100] = 1",
					.file = "(runtime)",
					.line = 7,
					.need = 143,
					.action = POLICY_ALLOW };
	f->policy.rule = f->rule;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->comp = (struct sys_component){ .kind = SYS_SWITCH, .name = "sw0" };
	f->comp.sw.n_ports = 3;
	for (int p = 0; p < 3; p++) {
		f->comp.sw.port[p].name[0] = (char)('a' + p);
		f->sw.link[p] = &f->link;
		f->stats.hits[p] = 100 + (uint64_t)p;
	}
	f->link.conn = &f->conn;
	f->sw.comp = &f->comp;
	f->sw.stats = &f->stats;
	f->m.sw = &f->sw;
	f->m.n_switches = 1;
	f->m.held.policy = &f->policy;
	f->m.held.n_policies = 1;
	f->stats.policies = 5;
	fill_policy(f);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

/* Rows of `show policy` as the command shows them, each on a line. */
static void expect_rows(const struct fixture *f, const char *want)
{
	json_t *rows = facts_shown("policy", show_policy(&f->m));
	char *all = calloc(1, 65536);
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row) {
		char *line = json_dumps(row, JSON_COMPACT);

		strcat(strcat(all, line), "\n");
		free(line);
	}
	assert_string_equal(all, want);
	json_decref(rows);
	free(all);
}

#define A_TO_B_1(hits)                                                         \
	"{\"from\":\"sw0.a\",\"to\":\"sw0.b\",\"action\":\"allow\","           \
	"\"filter\":\"tcp port 443\",\"reply\":true,"                          \
	"\"where\":\"home.conf:12\",\"hits\":" hits "}\n"
#define A_TO_B_2(hits)                                                         \
	"{\"from\":\"sw0.a\",\"to\":\"sw0.b\",\"action\":\"allow\","           \
	"\"filter\":\"udp[100] = 1\",\"reply\":false,\"where\":\"(runtime)\"," \
	"\"snapshot\":143,\"hits\":" hits "}\n"
#define B_TO_A(hits)                                                           \
	"{\"from\":\"sw0.b\",\"to\":\"sw0.a\",\"action\":\"deny\","            \
	"\"filter\":\"\",\"reply\":false,\"where\":\"home.conf:13\","          \
	"\"hits\":" hits "}\n"
#define C_TO_A                                                                 \
	"{\"from\":\"sw0.c\",\"to\":\"sw0.a\",\"action\":\"allow\","           \
	"\"filter\":\"\",\"reply\":false,\"where\":\"\",\"hits\":null}\n"

static void test_rules_in_their_order(void **state)
{
	struct fixture *f = *state;

	expect_rows(f, A_TO_B_1("100") A_TO_B_2("101") B_TO_A("102") C_TO_A);
	f->stats.hits[1] = 0;
	expect_rows(f, A_TO_B_1("100") A_TO_B_2("0") B_TO_A("102") C_TO_A);
}

/* Counts are those of our policy, or none. */
static void test_counts_of_another_policy_are_none(void **state)
{
	struct fixture *f = *state;

	f->sw.generation = 5;
	expect_rows(f, A_TO_B_1("100") A_TO_B_2("101") B_TO_A("102") C_TO_A);
	f->sw.generation = 4;
	expect_rows(f, A_TO_B_1("null") A_TO_B_2("null") B_TO_A("null") C_TO_A);
}

static void test_counts_that_cannot_be(void **state)
{
	struct fixture *f = *state;

	f->stats.hits[0] = UINT64_MAX;
	expect_rows(f, A_TO_B_1("9223372036854775807") A_TO_B_2("101")
			       B_TO_A("102") C_TO_A);
}

/* By which it can be taken back; what was turned off is seen, too. */
static void test_what_was_made_by_command_has_its_number(void **state)
{
	static struct statement made[] = {
		{ (char *)"set a { limit in off }",
		  (char *)"set sw0.a limit in", 9 },
		{ (char *)"set b { limit in 1mbit }",
		  (char *)"set sw0.b limit in", 8 },
		{ (char *)"allow a -> b", (char *)"sw0.a -> sw0.b", 7 },
		{ (char *)"set b { limit in 2mbit }",
		  (char *)"set sw0.b limit in", 6 },
	};
	static const struct policy_rate rate = { 125000, 1500 };
	struct fixture *f = *state;

	f->m.held.statements = (struct statements){ .v = made, .n = 4 };
	f->rule[2].line = 3;
	f->policy.image.pair[1][0].n = 0;
	f->policy.image.port[2].allow = 0;
	f->policy.image.port[1].limit_in = rate;
	expect_rows(
		f,
		"{\"from\":\"sw0.a\",\"action\":\"limit-in\","
		"\"value\":\"off\",\"change\":9}\n" A_TO_B_1(
			"100") "{\"from\":\"sw0.a\",\"to\":\"sw0.b\","
			       "\"action\":\"allow\",\"filter\":\"udp[100] = "
			       "1\","
			       "\"reply\":false,\"where\":\"(runtime)\","
			       "\"snapshot\":143,\"hits\":101,\"change\":7}\n"
			       "{\"from\":\"sw0.b\",\"action\":\"limit-in\","
			       "\"value\":\"1mbit burst 1500\",\"change\":8,"
			       "\"rate\":1000000,\"burst\":1500}\n");
}

/* A rule that is never asked about a pair is one of its rules all the same. */
static void test_rules_never_asked_are_shown(void **state)
{
	static struct sys_unasked unasked[] = {
		{ .from = 1, .to = 0, .rule = 0 },
		{ .from = 1, .to = 0, .rule = 900 },
	};
	struct fixture *f = *state;

	f->policy.unasked = unasked;
	f->policy.n_unasked = 2;
	expect_rows(f,
		    A_TO_B_1("100") A_TO_B_2("101") B_TO_A(
			    "102") "{\"from\":\"sw0.b\",\"to\":\"sw0.a\","
				   "\"action\":\"allow\",\"filter\":\"tcp port "
				   "443\","
				   "\"reply\":true,"
				   "\"where\":\"home.conf:12\","
				   "\"hits\":0}\n" C_TO_A);
}

/* VLANs and locks of ports a and b. */
static void set_addresses(struct policy_image *image)
{
	struct policy_port *a = &image->port[0], *b = &image->port[1];

	a->vlan_mode = POLICY_VLAN_TRUNK;
	a->vlan = 9;
	image->trunk[0].member[0] = 0x3c02;		      /* 1, 10 to 13 */
	image->trunk[0].member[63] = 1ull << 62 | 1ull << 63; /* 4094, 4095 */
	b->vlan_mode = POLICY_VLAN_ACCESS;
	b->vlan = 42;
	a->locked = 1;
	a->locked_mac = 0x020000000007;
	a->known_only = 1;
	b->known_only = 1;
	a->first_mac = POLICY_MAX_MACS - 2;
	a->n_macs = 2;
	image->mac[POLICY_MAX_MACS - 2] = 0x00005e000107;
	image->mac[POLICY_MAX_MACS - 1] = 0x00005e000207;
	a->ip_locked = 1;
	a->first_prefix = 1;
	a->n_prefixes = 3;
	image->prefix[1] = (struct policy_prefix){
		.addr = { [10] = 0xff, [11] = 0xff, 10, 0, 0, 7 }, .bits = 128
	};
	image->prefix[2] = (struct policy_prefix){
		.addr = { [10] = 0xff, [11] = 0xff, 10, 1, 0, 0 }, .bits = 112
	};
	image->prefix[3] =
		(struct policy_prefix){ .addr = { 0xfe, 0x80 }, .bits = 64 };
}

/* What ports a, b and c may learn, send and flood. */
static void set_rates(struct policy_image *image)
{
	struct policy_port *a = &image->port[0], *b = &image->port[1];

	a->sticky = 3;
	a->moves = (struct policy_rate){ 10, 20 };
	a->limit_in = (struct policy_rate){ 1250000, 15000 };
	a->limit_out = (struct policy_rate){ 1251, 1600 };
	b->storm[STORM_BROADCAST] = (struct policy_rate){ 100, 100 };
	b->storm[STORM_MULTICAST] = (struct policy_rate){ 200, 1 };
	b->storm[STORM_UNKNOWN] = (struct policy_rate){ 300, 2 };
	image->port[2].storm[STORM_UNKNOWN] = (struct policy_rate){ 0 };
}

static void test_settings_of_a_port(void **state)
{
	struct fixture *f = *state;
	struct policy_image *image = &f->policy.image;

	memset(image->pair, 0, sizeof(image->pair));
	image->port[2].allow = 0;
	set_addresses(image);
	set_rates(image);
	f->stats.port[1].blocked = 1;
	f->stats.port[1].times_blocked = 3;
	expect_rows(
		f,
		"{\"from\":\"sw0.a\",\"action\":\"vlan\",\"value\":"
		"\"trunk 1, 10-13, 4094 native 9\"}\n"
		"{\"from\":\"sw0.a\",\"action\":\"mac-lock\",\"value\":"
		"\"02:00:00:00:00:07, 00:00:5e:00:01:07, 00:00:5e:00:02:07\","
		"\"mac\":\"02:00:00:00:00:07\"}\n"
		"{\"from\":\"sw0.a\",\"action\":\"mac-sticky\","
		"\"value\":\"3\"}\n"
		"{\"from\":\"sw0.a\",\"action\":\"mac-moves\",\"value\":"
		"\"10/s burst 20\",\"rate\":10,\"burst\":20}\n"
		"{\"from\":\"sw0.a\",\"action\":\"ip-lock\",\"value\":"
		"\"10.0.0.7, 10.1.0.0/16, fe80::/64\"}\n"
		"{\"from\":\"sw0.a\",\"action\":\"limit-in\",\"value\":"
		"\"10mbit burst 15000\",\"rate\":10000000,\"burst\":15000}\n"
		"{\"from\":\"sw0.a\",\"action\":\"limit-out\",\"value\":"
		"\"10008bit burst 1600\",\"rate\":10008,\"burst\":1600}\n"
		"{\"from\":\"sw0.b\",\"action\":\"blocked\",\"value\":"
		"\"time 3\"}\n"
		"{\"from\":\"sw0.b\",\"action\":\"vlan\",\"value\":"
		"\"access 42\"}\n"
		"{\"from\":\"sw0.b\",\"action\":\"flood\",\"value\":"
		"\"off\"}\n"
		"{\"from\":\"sw0.b\",\"action\":\"storm-broadcast\",\"value\":"
		"\"100/s burst 100\",\"rate\":100,\"burst\":100}\n"
		"{\"from\":\"sw0.b\",\"action\":\"storm-multicast\",\"value\":"
		"\"200/s burst 1\",\"rate\":200,\"burst\":1}\n"
		"{\"from\":\"sw0.b\",\"action\":\"storm-unknown\",\"value\":"
		"\"300/s burst 2\",\"rate\":300,\"burst\":2}\n"
		"{\"from\":\"sw0.c\",\"action\":\"storm-unknown\",\"value\":"
		"\"off\"}\n");
	/* A link has no storm limits unless it is given some. */
	f->conn.attachment = SYS_TO_SWITCH;
	memset(image->port, 0, sizeof(image->port));
	f->stats.port[1].blocked = 0;
	expect_rows(f, "");
}

/* An image that its own numbers contradict shows what there is, and no more. */
static void hc08_a_policy_full_of_wrong_numbers(void **state)
{
	struct fixture *f = *state;
	struct policy_image *image = &f->policy.image;

	image->entry[1] = 900;
	expect_rows(f, A_TO_B_1("100") B_TO_A("102") C_TO_A);
	image->pair[1][0] = (struct policy_pair){ .first = 2, .n = 60000 };
	expect_rows(f, A_TO_B_1("100") B_TO_A("102") C_TO_A);
	image->pair[1][0] = (struct policy_pair){ .first = 60000, .n = 1 };
	expect_rows(f, A_TO_B_1("100") C_TO_A);
	image->n_rules = UINT32_MAX;
	image->n_entries = UINT32_MAX;
	image->pair[0][1].n = 1;
	image->port[0].ip_locked = 1;
	image->port[0].first_prefix = 65535;
	image->port[0].n_prefixes = 65535;
	expect_rows(f, "{\"from\":\"sw0.a\",\"action\":\"ip-lock\","
		       "\"value\":\"\"}\n" A_TO_B_1("100") C_TO_A);
}

static void test_a_switch_without_a_policy(void **state)
{
	struct fixture *f = *state;

	f->comp.sw.number = 1;
	expect_rows(f, "");
}

/* --- lists, from a running monitor -------------------------------------- */

static const char topology[] = "switch sw0 {\n"
			       "port a { attach \"@/a.sock\" }\n"
			       "port b { attach \"@/b.sock\" }\n"
			       "}\n"
			       "allow a -> b when \"tcp port 443\" reply\n"
			       "deny b -> a\n";

static json_t *show(const struct rig *r, const char *what)
{
	char request[64];

	snprintf(request, sizeof(request), "{\"cmd\":\"show\",\"what\":\"%s\"}",
		 what);
	return facts_shown(what, rig_data(rig_ask(r, request)));
}

static const char *text_of(json_t *rows, size_t i, const char *key)
{
	return json_string_value(json_object_get(json_array_get(rows, i), key));
}

static void test_flows_come_page_by_page(void **state)
{
	struct rig *r = *state;
	json_t *rows;
	char *row;

	rig_start(r, topology);
	rows = show(r, "flows");
	/* The last one names a port that is not there. */
	assert_int_equal(json_array_size(rows), FAKE_FLOWS - 1);
	row = json_dumps(json_array_get(rows, 100), JSON_COMPACT);
	assert_string_equal(
		row, "{\"switch\":\"sw0\",\"vlan\":5,\"from\":\"sw0.a\",\"to\":"
		     "\"sw0.b\",\"protocol\":\"tcp\",\"source\":\"10.0.0.1\","
		     "\"source_port\":100,\"destination\":\"fe80::7\","
		     "\"destination_port\":443,\"state\":\"answered\","
		     "\"left\":200,\"where\":\"\"}");
	free(row);
	assert_string_equal(text_of(rows, 0, "protocol"), "arp");
	assert_string_equal(text_of(rows, 1, "protocol"), "47");
	assert_string_equal(text_of(rows, 2, "state"), "");
	json_decref(rows);
	assert_int_equal(rig_stop(r), 0);
}

static void test_groups_come_page_by_page(void **state)
{
	struct rig *r = *state;
	json_t *rows;
	char *row;

	rig_start(r, topology);
	rows = show(r, "groups");
	assert_int_equal(json_array_size(rows), FAKE_GROUPS - 1);
	row = json_dumps(json_array_get(rows, 65), JSON_COMPACT);
	assert_string_equal(row, "{\"switch\":\"sw0\",\"vlan\":5,\"group\":"
				 "\"239.0.0.65\",\"port\":\"sw0.b\",\"kind\":"
				 "\"member\",\"left\":200}");
	free(row);
	assert_string_equal(text_of(rows, 0, "kind"), "router");
	assert_string_equal(text_of(rows, 0, "group"), "");
	assert_string_equal(text_of(rows, 1, "kind"), "everything");
	/* Whatever else it may say it is. */
	assert_string_equal(text_of(rows, 2, "kind"), "everything");
	json_decref(rows);
	assert_int_equal(rig_stop(r), 0);
}

static void test_a_running_policy(void **state)
{
	struct rig *r = *state;
	char want[256];
	json_t *rows;

	rig_start(r, topology);
	rows = show(r, "policy");
	/* What is on by itself comes first; then the two rules. */
	while (json_object_get(json_array_get(rows, 0), "value") != NULL)
		json_array_remove(rows, 0);
	assert_string_equal(text_of(rows, 0, "filter"), "tcp port 443");
	snprintf(want, sizeof(want), "%s/test.conf:5", r->dir);
	assert_string_equal(text_of(rows, 0, "where"), want);
	assert_string_equal(text_of(rows, 0, "action"), "allow");
	assert_int_equal(json_integer_value(json_object_get(
				 json_array_get(rows, 0), "hits")),
			 1000);
	json_decref(rows);
	assert_int_equal(rig_stop(r), 0);
}

static void test_a_port_that_is_blocked(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, topology);
	rig_attach(r, &c, "a.sock");
	rig_order(&c, "block 0");
	rig_until(r, "sw0.a", "state", "blocked");
	assert_string_equal(rig_port(r, "sw0.b", "state"), "down");
	rig_detach(&c);
	/* Of one that is down it is no news. */
	rig_until(r, "sw0.a", "state", "down");
	assert_int_equal(rig_stop(r), 0);
}

/* A switch that says its counts are of another policy is not believed. */
static void test_a_lying_switch(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	json_t *rows;

	rig_start(r, topology);
	json_decref(rig_data(rig_ask(
		r, "{\"cmd\":\"change\",\"text\":\"deny b -> a when \\\"arp\\\""
		   "\"}")));
	rig_attach(r, &c, "a.sock");
	rig_order(&c, "lie");
	rig_expect(r, "lying from now on", 1);
	rows = show(r, "policy");
	assert_true(json_is_null(json_object_get(
		json_array_get(rows, json_array_size(rows) - 1), "hits")));
	json_decref(rows);
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
}

#define own_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		own_test(test_rules_in_their_order),
		own_test(test_counts_of_another_policy_are_none),
		own_test(test_counts_that_cannot_be),
		own_test(test_settings_of_a_port),
		own_test(test_what_was_made_by_command_has_its_number),
		own_test(test_rules_never_asked_are_shown),
		own_test(hc08_a_policy_full_of_wrong_numbers),
		own_test(test_a_switch_without_a_policy),
		rig_test(test_flows_come_page_by_page),
		rig_test(test_groups_come_page_by_page),
		rig_test(test_a_running_policy),
		rig_test(test_a_port_that_is_blocked),
		rig_test(test_a_lying_switch),
	};

	return rig_main(argc, argv, "show policy", tests,
			sizeof(tests) / sizeof(tests[0]));
}
