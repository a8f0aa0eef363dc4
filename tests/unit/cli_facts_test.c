/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's facts in words: what a reason means; and facts that make no
 * sense.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/reason.h"
#include "cli/control.h"
#include "cli/decision.h"
#include "cli/facts.h"
#include "virt/net_virt.h"

/* The facts as the command shows them, on one line. */
static void expect_shown(const char *what, const char *facts, const char *want)
{
	json_t *shown = facts_shown(what, json_loads(facts, 0, NULL));
	char *text = json_dumps(shown, JSON_COMPACT | JSON_ENCODE_ANY);

	assert_string_equal(text, want);
	free(text);
	json_decref(shown);
}

static void test_each_reason_has_its_text(void **state)
{
	(void)state;
	for (unsigned int r = 0; r < REASON_COUNT; r++) {
		enum vswitch_reason why = (enum vswitch_reason)r;

		assert_string_equal(reason_text(vswitch_reason_key(why)),
				    vswitch_reason_text(why));
	}
	assert_string_equal(reason_text("unknown"), "unknown");
	assert_string_equal(reason_text(""), "unknown");
}

/* What the table has in its column STATE. */
static void expect_status(const char *part, const char *want)
{
	json_t *rows = facts_shown(
		"disks", json_pack("[{s:s, s:s, s:o}]", "disk", "bob.disk0",
				   "state", "running", "part",
				   json_loads(part, JSON_DECODE_ANY, NULL)));

	assert_string_equal(json_member(json_array_get(rows, 0), "status"),
			    want);
	json_decref(rows);
}

static void test_a_disk_says_whether_it_is_one(void **state)
{
	(void)state;
	expect_status("null", "running");
	expect_status("{\"state\":\"up\",\"reason\":\"\"}", "running");
	expect_status("{\"state\":\"waiting\",\"reason\":\"\"}",
		      "waits for its driver VM");
	expect_status("{\"state\":\"refused\",\"reason\":\"no_table\"}",
		      "no disk: its partition: "
		      "the disk has no partition table");
	expect_status("{\"state\":\"refused\",\"reason\":\"of tomorrow\"}",
		      "no disk: its partition: unknown");
	expect_status("7", "running");
}

static void test_drops_are_explained(void **state)
{
	(void)state;
	expect_shown("drops",
		     "[{\"reason\":\"denied\",\"count\":2},"
		     "{\"reason\":\"outside_refused\"},"
		     "{\"reason\":\"of tomorrow\"}]",
		     "[{\"reason\":\"denied\",\"count\":2,\"text\":"
		     "\"a deny rule refuses it\"},"
		     "{\"reason\":\"outside_refused\",\"text\":"
		     "\"the interface did not take it\"},"
		     "{\"reason\":\"of tomorrow\",\"text\":\"unknown\"}]");
}

static void test_a_renamed_interface_has_both_names(void **state)
{
	(void)state;
	expect_shown("ports",
		     "[{\"attached\":\"nic eth0\",\"interface\":\"lan0\"},"
		     "{\"attached\":\"nic eth1\",\"interface\":\"\"}]",
		     "[{\"attached\":\"nic eth0, now lan0\","
		     "\"interface\":\"lan0\"},"
		     "{\"attached\":\"nic eth1\",\"interface\":\"\"}]");
}

/* A sentence is filled in; what this command does not know stays as it is. */
static void test_errors_are_sentences(void **state)
{
	static const struct {
		const char *reply;
		const char *want;
	} table[] = {
		{ "{\"error\":\"errors\",\"count\":1}",
		  "1 error; nothing was changed" },
		{ "{\"error\":\"errors\",\"count\":2}",
		  "2 errors; nothing was changed" },
		{ "{\"error\":\"restarting\",\"switch\":\"sw0\","
		  "\"again_ms\":200}",
		  "200 ms" },
		{ "{\"error\":\"restarting\",\"again_ms\":12001}", "13 s" },
		{ "{\"error\":\"refused\",\"switch\":\"sw0\",\"errno\":22}",
		  "Invalid argument" },
		{ "{\"error\":\"no_file\"}", "home" },
		{ "{\"error\":\"of tomorrow\"}", "of tomorrow" },
		{ "{\"error\":\"no_port\"}", "\"\"" },
		{ "{\"error\":7}", "" },
		{ "[]", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		json_t *reply = json_loads(table[i].reply, 0, NULL);
		char *text = error_text(reply, "home");

		if (strstr(text, table[i].want) == NULL)
			fail_msg("%s: %s", table[i].reply, text);
		free(text);
		json_decref(reply);
	}
}

static void test_refusals_of_virtualisers_are_explained(void **state)
{
	json_t *rows, *refused;

	(void)state;
	rows = facts_shown("vms", json_pack("[{s:s, s:[{s:s}]}]", "vm", "netvm",
					    "refused", "reason", "never_lent"));
	refused = json_object_get(json_array_get(rows, 0), "refused");
	assert_string_equal(json_member(json_array_get(refused, 0), "text"),
			    net_virt_reason_text(NET_VIRT_NEVER_LENT));
	json_decref(rows);
}

static void test_flows_name_their_rule(void **state)
{
	(void)state;
	expect_shown("flows",
		     "[{\"left\":1,\"rule\":{\"number\":1,\"file\":\"a\","
		     "\"line\":2}},{\"left\":2,\"rule\":{\"number\":1}},"
		     "{\"left\":3}]",
		     "[{\"left\":1,\"where\":\"a:2\"},"
		     "{\"left\":2,\"where\":\"(runtime)\"},"
		     "{\"left\":3,\"where\":\"\"}]");
}

/* Facts come from a socket: what is missing or of another type is nothing. */
static void test_facts_that_make_no_sense(void **state)
{
	static const char *const what[] = { "policy", "flows", "drops", "vms",
					    "ports" };
	static const char *const facts[] = {
		"[1,\"x\",null,[],{}]",
		"[{\"to\":1,\"number\":{},\"file\":[],\"refused\":{}}]",
		"[{\"action\":\"vlan\",\"mode\":\"trunk\",\"vlans\":[1,[]]}]",
		"[{\"action\":\"ip-lock\",\"prefixes\":[1]}]",
		"[{\"action\":\"limit-in\"}]",
		"[{\"action\":\"mac-lock\",\"macs\":{}}]",
		"{\"a\":1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		for (size_t w = 0; w < sizeof(what) / sizeof(what[0]); w++) {
			json_t *shown = facts_shown(
				what[w], json_loads(facts[i], 0, NULL));

			assert_non_null(shown);
			json_decref(shown);
		}
	}
	expect_shown("drops", "{\"a\":1}", "{\"a\":1}");
}

static void test_decisions_that_make_no_sense(void **state)
{
	static const char *const facts[] = {
		"{}",
		"[]",
		"{\"verdict\":7,\"hops\":[1,{}],\"arrives\":\"x\"}",
		"{\"frame\":{\"source\":\"x\",\"tag\":\"y\"},\"settings\":[],"
		"\"learned\":1,\"snooping\":[{}],\"left_out\":[1,{}],"
		"\"destinations\":[null,{\"rule\":3},{\"rule\":[],"
		"\"reason\":\"denied\"}],\"deliver\":{}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
		json_t *data = json_loads(facts[i], 0, NULL);
		json_t *shown = decision_shown(data);

		assert_true(json_is_array(json_object_get(shown, "steps")));
		assert_true(json_is_array(json_object_get(shown, "refused")));
		assert_true(json_is_array(json_object_get(shown, "arrives")));
		json_decref(shown);
		json_decref(data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_reason_has_its_text),
		cmocka_unit_test(test_a_disk_says_whether_it_is_one),
		cmocka_unit_test(test_drops_are_explained),
		cmocka_unit_test(test_a_renamed_interface_has_both_names),
		cmocka_unit_test(test_errors_are_sentences),
		cmocka_unit_test(test_refusals_of_virtualisers_are_explained),
		cmocka_unit_test(test_flows_name_their_rule),
		cmocka_unit_test(test_facts_that_make_no_sense),
		cmocka_unit_test(test_decisions_that_make_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
