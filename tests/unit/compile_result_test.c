/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A compiler's result: what is packed is unpacked, and whatever else lies in
 * that memory does no harm.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vmm/linux/monitor/compile_result.h"

static char text[] = "home.conf:1:1: warning: two\nhome.conf:2:1: lines\n";
static char path[] = "home.conf", content[] = "switch sw0 { }\n";
static struct sys_source source[] = {
	{ .path = path, .text = content, .size = sizeof(content) - 1 },
	{ .path = path, .text = NULL, .size = 0 },
};

static char added[] = "allow a -> b", about[] = "sw0.a -> sw0.b";
static char told[] = "change 7, allow a -> b: warning\n";
static struct statement made[] = { { added, about, 7 } };

/* Two policies, the second with two rules. */
static struct sys_policy *two_policies(void)
{
	struct sys_policy *p = calloc(2, sizeof(*p));

	p[0].rule = calloc(1, sizeof(*p[0].rule));
	p[1].rule = calloc(2, sizeof(*p[1].rule));
	for (int i = 0; i < 2; i++)
		p[i].image.magic = POLICY_MAGIC;
	p[1].image.n_rules = 2;
	p[1].image.port[3].allow = 5;
	strcpy(p[1].rule[1].text, "tcp port 443");
	strcpy(p[1].rule[1].file, "home.conf");
	p[1].rule[1].line = 12;
	p[1].n_unasked = 1;
	p[1].unasked = calloc(1, sizeof(*p[1].unasked));
	*p[1].unasked = (struct sys_unasked){ 3, 4, 1 };
	return p;
}

static void policies_free(struct sys_policy *policy)
{
	for (int i = 0; i < 2; i++) {
		free(policy[i].rule);
		free(policy[i].unasked);
	}
	free(policy);
}

static struct compile_result result_of(struct sys_policy *policy)
{
	return (struct compile_result){
		.verdict = COMPILE_DONE,
		.text = text,
		.policy = policy,
		.n_policies = 2,
		.source = source,
		.n_sources = 2,
		.statements = { made, 1, 8, told },
		.number = 8,
		.undone = added,
	};
}

/* Bytes it takes; to be freed. */
static uint8_t *packed(size_t *size)
{
	struct sys_policy *policy = two_policies();
	struct compile_result r = result_of(policy);
	uint8_t *at;

	/* Found by trying, so that not one byte too many is needed. */
	*size = 2 * sizeof(struct policy_image) + 2 * sizeof(struct sys_rule);
	do {
		++*size;
		at = calloc(1, *size);
		if (compile_result_pack(&r, at, *size) == 0)
			break;
		free(at);
	} while (*size < compile_result_room(2));
	policies_free(policy);
	return at;
}

static void test_it_comes_out_as_it_went_in(void **state)
{
	struct compile_result r;
	size_t size;
	uint8_t *at = packed(&size);

	(void)state;
	assert_int_equal(compile_result_unpack(&r, at, size), 0);
	free(at);
	assert_int_equal(r.verdict, COMPILE_DONE);
	assert_int_equal(r.errors, 0);
	assert_string_equal(r.text, text);
	assert_int_equal(r.n_policies, 2);
	assert_int_equal(r.policy[0].image.n_rules, 0);
	assert_int_equal(r.policy[1].image.n_rules, 2);
	assert_int_equal(r.policy[1].image.port[3].allow, 5);
	assert_int_equal(r.policy[0].n_unasked, 0);
	assert_int_equal(r.policy[1].n_unasked, 1);
	assert_int_equal(r.policy[1].unasked[0].to, 4);
	assert_string_equal(r.policy[1].rule[1].text, "tcp port 443");
	assert_int_equal(r.policy[1].rule[1].line, 12);
	assert_int_equal(r.n_sources, 2);
	assert_string_equal(r.source[0].path, path);
	assert_string_equal(r.source[0].text, content);
	assert_int_equal(r.source[0].size, strlen(content));
	assert_int_equal(r.source[1].size, 0);
	assert_int_equal(r.statements.n, 1);
	assert_int_equal(r.statements.last, 8);
	assert_string_equal(r.statements.said, told);
	assert_string_equal(r.statements.v[0].text, added);
	assert_string_equal(r.statements.v[0].key, about);
	assert_int_equal(r.statements.v[0].change, 7);
	assert_int_equal(r.number, 8);
	assert_string_equal(r.undone, added);
	compile_result_free(&r);
	assert_null(r.policy);
}

static void test_a_failure_is_text(void **state)
{
	struct compile_result r = { .verdict = COMPILE_ERRORS,
				    .errors = 3,
				    .text = text };
	uint8_t at[512] = { 0 };

	(void)state;
	assert_int_equal(compile_result_pack(&r, at, sizeof(at)), 0);
	assert_int_equal(compile_result_unpack(&r, at, sizeof(at)), 0);
	assert_int_equal(r.verdict, COMPILE_ERRORS);
	assert_int_equal(r.errors, 3);
	assert_string_equal(r.text, text);
	assert_int_equal(r.n_policies, 0);
	compile_result_free(&r);
}

static void test_a_flood_of_messages_is_cut(void **state)
{
	size_t size = compile_result_room(0);
	char *flood = malloc(1 << 20);
	struct compile_result r = { .verdict = COMPILE_ERRORS, .text = flood };
	uint8_t *at = calloc(1, size);

	(void)state;
	memset(flood, 'x', (1 << 20) - 1);
	flood[(1 << 20) - 1] = '\0';
	assert_int_equal(compile_result_pack(&r, at, size), 0);
	assert_int_equal(compile_result_unpack(&r, at, size), 0);
	assert_int_equal(strlen(r.text), 256 << 10);
	compile_result_free(&r);
	free(flood);
	free(at);
}

/* What a child that died before it wrote has left. */
static void test_nothing_is_no_result(void **state)
{
	struct compile_result r;
	uint8_t at[4096] = { 0 };

	(void)state;
	assert_int_equal(compile_result_unpack(&r, at, sizeof(at)), -1);
	compile_result_free(&r);
	assert_int_equal(compile_result_unpack(&r, at, 0), -1);
	compile_result_free(&r);
}

static void hc08_cut_short_anywhere(void **state)
{
	struct compile_result r;
	size_t size;
	uint8_t *at = packed(&size);

	(void)state;
	for (size_t n = 0; n < size; n += n < 512 || n > size - 512 ? 1 : 997) {
		/* Of its own size, so that a sanitizer sees what is beyond. */
		uint8_t *part = malloc(n + 1);

		memcpy(part, at, n);
		assert_int_equal(compile_result_unpack(&r, part, n), -1);
		compile_result_free(&r);
		free(part);
	}
	free(at);
}

/* One byte is another; what is then read is at least bounded. */
static void lie(uint8_t *at, size_t size, size_t n)
{
	static const uint8_t lies[] = { 0xff, 0x80, 0 };
	uint8_t was = at[n];

	for (size_t i = 0; i < sizeof(lies); i++) {
		struct compile_result r;

		at[n] = lies[i];
		if (compile_result_unpack(&r, at, size) == 0) {
			assert_true(r.n_policies <= 2 && r.n_sources <= 2 &&
				    r.statements.n <= 1);
			for (size_t p = 0; p < r.n_policies; p++)
				assert_true(r.policy[p].image.n_rules <= 2);
		}
		compile_result_free(&r);
	}
	at[n] = was;
}

/* Where the head, the first counts of each policy and the sources are. */
static void hc08_lengths_that_lie(void **state)
{
	size_t size;
	uint8_t *at = packed(&size);

	(void)state;
	for (size_t n = 0; n < 160; n++) {
		lie(at, size, n);
		lie(at, size, n + sizeof(struct policy_image));
		lie(at, size, size - 1 - n);
	}
	free(at);
}

/* The monitor puts statements on lines, in logs and in replies. */
static void hc08_statements_are_lines(void **state)
{
	static char line[] = "allow a\n", escape[] = "\033[2J", none[] = "",
		    utf8[] = "\xc3\xa9", long_one[1025];
	char *const bad[] = { line, escape, none, utf8, long_one };
	uint8_t at[4096];

	(void)state;
	memset(long_one, 'x', sizeof(long_one) - 1);
	for (size_t i = 0; i < 2 * sizeof(bad) / sizeof(*bad); i++) {
		struct statement v = { added, about, 1 };
		struct compile_result r = { .text = text,
					    .statements = { &v, 1, 1, NULL } };

		*(i % 2 ? &v.text : &v.key) = bad[i / 2];
		memset(at, 0, sizeof(at));
		assert_int_equal(compile_result_pack(&r, at, sizeof(at)), 0);
		assert_int_equal(compile_result_unpack(&r, at, sizeof(at)), -1);
		compile_result_free(&r);
	}
}

static void test_texts_of_rules_end(void **state)
{
	struct sys_policy *policy = two_policies();
	struct compile_result r = result_of(policy);
	size_t size = compile_result_room(2);
	uint8_t *at = calloc(1, size);

	(void)state;
	memset(policy[1].rule[0].text, 'x', sizeof(policy[1].rule[0].text));
	memset(policy[1].rule[0].file, 'y', sizeof(policy[1].rule[0].file));
	assert_int_equal(compile_result_pack(&r, at, size), 0);
	policies_free(policy);
	assert_int_equal(compile_result_unpack(&r, at, size), 0);
	assert_int_equal(strlen(r.policy[1].rule[0].text), SYS_PATH - 1);
	assert_int_equal(strlen(r.policy[1].rule[0].file), SYS_PATH - 1);
	compile_result_free(&r);
	free(at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_it_comes_out_as_it_went_in),
		cmocka_unit_test(test_a_failure_is_text),
		cmocka_unit_test(test_a_flood_of_messages_is_cut),
		cmocka_unit_test(test_nothing_is_no_result),
		cmocka_unit_test(hc08_cut_short_anywhere),
		cmocka_unit_test(hc08_lengths_that_lie),
		cmocka_unit_test(hc08_statements_are_lines),
		cmocka_unit_test(test_texts_of_rules_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
