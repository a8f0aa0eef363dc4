/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rates, as `weir top` shows them.
 */
#include "cli/control.h"
#include "cli/facts.h"
#include "cli/top.h"
#include "tests/unit/cli_rig.h"

static json_t *json(const char *text)
{
	json_error_t e;
	json_t *value = json_loads(text, 0, &e);

	if (!value)
		fail_msg("%s: %s", e.text, text);
	return value;
}

static struct top_look look_at(int64_t ms, const char *ports, const char *drops,
			       const char *policy)
{
	return (struct top_look){ ms, json(ports), json(drops), json(policy) };
}

static void forget(struct top_look *l)
{
	json_decref(l->ports);
	json_decref(l->drops);
	json_decref(l->policy);
}

static json_int_t rate(const json_t *rows, size_t i, const char *key)
{
	return json_number(json_array_get(rows, i), key);
}

#define PORT(name, in, bytes, drops)                                           \
	"{\"port\":\"" name "\",\"state\":\"up\",\"again_ms\":0,"              \
	"\"in_frames\":" in ",\"in_bytes\":" bytes                             \
	",\"out_frames\":0,\"out_bytes\":0,\"drops\":" drops "}"
#define DROP(port, reason, count)                                              \
	"{\"port\":\"" port "\",\"reason\":\"" reason                          \
	"\",\"side\":\"in\",\"count\":" count "}"

static void test_rates_of_ports(void **state)
{
	struct top_look before =
		look_at(5000,
			"[" PORT("a", "100", "6400",
				 "3") "," PORT("b", "50", "0", "0") "]",
			"[" DROP("a", "vlan_in", "3") "]", "[]");
	struct top_look now = look_at(
		7000,
		"[" PORT("a", "300", "19200", "13") "," PORT(
			"new", "9", "0", "0") "," PORT("b", "20", "0", "0") "]",
		"[" DROP("a", "vlan_in", "6") "," DROP(
			"a", "no_rule", "7") "," DROP("b", "mac_lock", "9") "]",
		"[]");
	json_t *rows = top_ports(&before, &now);

	(void)state;
	assert_int_equal(json_array_size(rows), 3);
	assert_int_equal(rate(rows, 0, "in"), 100);
	assert_int_equal(rate(rows, 0, "in_bits"), 51200);
	assert_int_equal(rate(rows, 0, "drops"), 5);
	assert_string_equal(json_member(json_array_get(rows, 0), "why"),
			    "no_rule");
	/* What was not there before did nothing that is known. */
	assert_int_equal(rate(rows, 1, "in"), 0);
	assert_string_equal(json_member(json_array_get(rows, 1), "why"), "");
	/* Its switch was restarted: 20 frames since then. */
	assert_int_equal(rate(rows, 2, "in"), 10);
	json_decref(rows);
	forget(&before);
	forget(&now);
}

#define RULE(to, filter, hits)                                                 \
	"{\"from\":\"a\",\"to\":\"" to                                         \
	"\",\"action\":\"allow\",\"filter\":\"" filter                         \
	"\",\"reply\":false,\"where\":\"f:1\",\"hits\":" hits "}"

static void test_rates_of_rules(void **state)
{
	struct top_look before =
		look_at(0, "[]", "[]",
			"[" RULE("b", "", "10") "," RULE("c", "tcp", "1") "]");
	struct top_look now = look_at(
		500, "[]", "[]",
		"[{\"from\":\"a\",\"action\":\"mac-lock\"}," RULE(
			"b", "", "30") "," RULE("c", "udp",
						"null") "," RULE("c", "tcp",
								 "2") "]");
	json_t *rows = top_rules(&before, &now);

	(void)state;
	assert_int_equal(json_array_size(rows), 2);
	assert_string_equal(json_member(json_array_get(rows, 0), "rule"),
			    "allow all");
	assert_int_equal(rate(rows, 0, "frames"), 40);
	assert_string_equal(json_member(json_array_get(rows, 1), "rule"),
			    "allow tcp");
	assert_int_equal(rate(rows, 1, "frames"), 2);
	json_decref(rows);
	forget(&before);
	forget(&now);
}

static void expect_order(const json_t *rows, const char *key, const char *want)
{
	json_t *sorted = top_sort(rows, key);
	char got[16] = "";

	for (size_t i = 0; i < json_array_size(sorted); i++)
		strcat(got, json_member(json_array_get(sorted, i), "port"));
	assert_string_equal(got, want);
	json_decref(sorted);
}

static void test_order(void **state)
{
	json_t *rows = json("[{\"port\":\"c\",\"in\":7},{\"port\":\"a\","
			    "\"in\":7},{\"port\":\"b\",\"in\":9}]");

	(void)state;
	expect_order(rows, "in", "bca");
	expect_order(rows, "port", "abc");
	expect_order(rows, "", "cab");
	json_decref(rows);
}

static void test_numbers(void **state)
{
	static const struct {
		json_int_t n;
		const char *text;
	} numbers[] = {
		{ 0, "0" },
		{ 999, "999" },
		{ 1000, "1.0k" },
		{ 9999, "9.9k" },
		{ 10000, "10k" },
		{ 999999, "999k" },
		{ 1250000, "1.2M" },
		{ 41000000000, "41G" },
		{ INT64_MAX, "9.2E" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char *text = top_number(numbers[i].n);

		assert_string_equal(text, numbers[i].text);
		free(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates_of_ports),
		cmocka_unit_test(test_rates_of_rules),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
