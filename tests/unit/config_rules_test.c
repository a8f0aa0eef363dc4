/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules: what is decided about a frame is what the text says.
 *
 * The oracle reads nothing but the text: it goes through the statements from
 * top to bottom, each with its ports and an expression that libpcap runs by
 * itself, and takes the first that matches.  What the compiler makes of the
 * same text is loaded as the switch loads it and asked pair by pair.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/policy.h"
#include "tests/unit/image_rig.h"
#include "tests/unit/cbpf_rig.h"
#include "tests/unit/config_promise.h"
#include "tests/unit/config_rig.h"
#include "tests/unit/packet_oracle.h"
#include "tests/unit/packet_rig.h"

static struct system *compile(const char *text)
{
	struct config_report report;
	struct system *sys = rig_compile(text, &report);

	if (!sys)
		fail_msg("%s%s", text, report.text);
	config_report_free(&report);
	promise_check(sys);
	return sys;
}

/* --- asking what was compiled ------------------------------------------- */

static bool decide(const struct policy *policy, unsigned int src,
		   unsigned int dst, const uint8_t *bytes, uint32_t len)
{
	uint32_t head = len < FRAME_SNAP_MAX ? len : FRAME_SNAP_MAX;
	struct frame f = { .len = (uint16_t)len, .snap = (uint16_t)head };
	uint16_t entry;

	memcpy(f.bytes, bytes, head);
	frame_parse(&f);
	entry = policy_match(policy, NULL, &f, src, dst);
	return entry != POLICY_NO_ENTRY &&
	       policy->rule[policy->entry[entry]].action == POLICY_ALLOW;
}

static struct policy *load(const struct system *sys)
{
	struct policy *policy = policy_new();

	assert_int_equal(policy_load(policy, &sys->policy[0].image, NULL),
			 POLICY_FAULT_SOUND);
	return policy;
}

/* --- the oracle --------------------------------------------------------- */

#define PORTS 4u
#define STATEMENTS 12u

static const char *const port_names[PORTS] = { "a", "b", "c", "d" };

/* Groups of the texts, which name each other; as sets of ports. */
#define GROUPS                                                                 \
	"group ab { a, b }\n"                                                  \
	"group abc { ab, c }\n"                                                \
	"group cd { d, c }\n"

/*
 * One statement.
 *
 * @side: the ports of each, as a set; @list: written so, or as a group
 */
struct statement {
	uint8_t side[2];
	bool list[2];
	bool both;
	bool deny;
	bool reply;
	const struct cbpf_program *filter;
};

static bool covers(const struct statement *s, unsigned int src,
		   unsigned int dst)
{
	bool there = s->side[0] >> src & 1 && s->side[1] >> dst & 1;
	bool back = s->both && s->side[1] >> src & 1 && s->side[0] >> dst & 1;

	return src != dst && (there || back);
}

/* ARP, or a solicitation or advertisement of a neighbour, untagged. */
static bool resolves(const uint8_t *f, uint32_t len)
{
	unsigned int type = (unsigned int)f[12] << 8 | f[13];
	struct packet p;

	if (type != 0x0806 && type != 0x86dd)
		return false;
	p = oracle_parse(f, len, len);
	return oracle_resolves(f, len, &p);
}

static bool matches(const struct statement *s, const uint8_t *frame,
		    uint32_t len)
{
	if (!s->filter || (s->reply && resolves(frame, len)))
		return true;
	return bpf_filter(s->filter->pcap, frame, len, len) != 0;
}

static bool oracle(const struct statement *s, unsigned int n, unsigned int src,
		   unsigned int dst, const uint8_t *frame, uint32_t len)
{
	for (unsigned int i = 0; i < n; i++) {
		if (covers(&s[i], src, dst) && matches(&s[i], frame, len))
			return !s[i].deny;
	}
	return false;
}

/* --- texts -------------------------------------------------------------- */

/* Expressions that may stand in a rule, and what libpcap makes of them. */
static const char *expression[256];
static struct cbpf_program program[256];
static unsigned int n_expressions;

static bool may_stand(const char *e)
{
	char text[512];
	struct config_report report;
	struct system *sys;

	snprintf(text, sizeof(text),
		 "switch s { port a { tap \"a\" }; port b { tap \"b\" } }\n"
		 "allow a -> b when \"%s\" reply\n",
		 e);
	sys = rig_compile(text, &report);
	config_report_free(&report);
	system_free(sys);
	return sys;
}

static int setup(void **state)
{
	(void)state;
	for (int i = 0; cbpf_expressions[i] && n_expressions < 256; i++) {
		const char *e = cbpf_expressions[i];

		if (may_stand(e) &&
		    cbpf_compile(e, true, &program[n_expressions]))
			expression[n_expressions++] = e;
	}
	return n_expressions < 20;
}

static void write_side(FILE *out, struct cbpf_rig *rig, struct statement *s,
		       int side)
{
	static const struct {
		const char *text;
		uint8_t set;
		bool list;
	} sides[] = {
		{ "ab", 3, true },	 { "abc", 7, true },
		{ "cd", 12, true },	 { "{ a, cd }", 13, true },
		{ "{ b ab }", 3, true }, { "{ s.d }", 8, true },
	};
	uint32_t k = cbpf_random(rig, PORTS + 6);

	if (k < PORTS) {
		fprintf(out, " %s", port_names[k]);
		s->side[side] = (uint8_t)(1u << k);
		s->list[side] = false;
		return;
	}
	fprintf(out, " %s", sides[k - PORTS].text);
	s->side[side] = sides[k - PORTS].set;
	s->list[side] = sides[k - PORTS].list;
}

/* A port to itself is an error where it is no matter of lists. */
static bool can_stand(const struct statement *s)
{
	return (s->list[0] && s->list[1]) || !(s->side[0] & s->side[1]);
}

static void write_filter(FILE *out, struct cbpf_rig *rig, struct statement *s)
{
	uint32_t k = cbpf_random(rig, n_expressions + n_expressions / 8);

	s->filter = NULL;
	if (k < n_expressions) {
		fprintf(out, " when \"%s\"", expression[k]);
		s->filter = &program[k];
	}
	s->reply = !s->deny && cbpf_random(rig, 3) == 0;
	fprintf(out, "%s\n", s->reply ? " reply" : "");
}

static void write_statement(FILE *out, struct cbpf_rig *rig,
			    struct statement *s)
{
	char *line;
	size_t size;
	FILE *f;

	do {
		f = open_memstream(&line, &size);
		assert_non_null(f);
		s->deny = cbpf_random(rig, 3) == 0;
		s->both = cbpf_random(rig, 3) == 0;
		fputs(s->deny ? "deny" : "allow", f);
		write_side(f, rig, s, 0);
		fputs(s->both ? " <->" : " ->", f);
		write_side(f, rig, s, 1);
		write_filter(f, rig, s);
		assert_int_equal(fclose(f), 0);
		if (can_stand(s))
			fputs(line, out);
		free(line);
	} while (!can_stand(s));
}

/* Neighbours that look for each other, and some that do not quite. */
static uint32_t make_neighbour(struct cbpf_rig *rig, uint8_t *bytes)
{
	struct pkt k;

	if (cbpf_random(rig, 2)) {
		put_arp(&k, cbpf_random(rig, 4), v4(1), v4(2));
	} else {
		put_start(&k, PACKET_ICMPV6, v6(1), v6(2));
		put_nd(&k, 134 + cbpf_random(rig, 4), v6(2));
		put_nd_option(&k, 1, 0x020000000001);
	}
	finish(&k);
	if (cbpf_random(rig, 4) == 0)
		put_zeros(&k, cbpf_random(rig, 30));
	if (cbpf_random(rig, 4) == 0)
		k.b[14 + cbpf_random(rig, k.n - 14)]++;
	memcpy(bytes, k.b, k.n);
	return k.n;
}

static uint32_t make_frame(struct cbpf_rig *rig, uint8_t *bytes)
{
	if (cbpf_random(rig, 6) == 0)
		return make_neighbour(rig, bytes);
	return cbpf_frame(rig, bytes);
}

static void compare(struct cbpf_rig *rig, const struct policy *policy,
		    const struct statement *s, unsigned int n, const char *text)
{
	uint8_t frame[CBPF_RIG_FRAME];
	uint32_t len = make_frame(rig, frame);

	for (unsigned int src = 0; src < PORTS; src++) {
		for (unsigned int dst = 0; dst < PORTS; dst++) {
			if (decide(policy, src, dst, frame, len) !=
			    oracle(s, n, src, dst, frame, len))
				fail_msg("from %u to %u, ethertype %02x%02x: "
					 "%s",
					 src, dst, frame[12], frame[13], text);
		}
	}
}

static void one_text(struct cbpf_rig *rig, unsigned int frames)
{
	struct statement s[STATEMENTS];
	unsigned int n = 1 + cbpf_random(rig, STATEMENTS);
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct system *sys;
	struct policy *policy;

	assert_non_null(f);
	fputs("switch s {\n", f);
	for (unsigned int i = 0; i < PORTS; i++)
		fprintf(f, "port %s { tap \"%s\" }\n", port_names[i],
			port_names[i]);
	fputs("}\n" GROUPS, f);
	for (unsigned int i = 0; i < n; i++)
		write_statement(f, rig, &s[i]);
	assert_int_equal(fclose(f), 0);
	sys = compile(text);
	policy = load(sys);
	for (unsigned int i = 0; i < frames; i++)
		compare(rig, policy, s, n, text);
	free(policy);
	system_free(sys);
	free(text);
}

static void hc18_decisions_follow_the_text(void **state)
{
	struct cbpf_rig rig;

	(void)state;
	cbpf_rig_init(&rig, 0x5765697220727531ull);
	for (int i = 0; i < 300; i++)
		one_text(&rig, 200);
	cbpf_rig_exit(&rig);
}

/* --- single rules ------------------------------------------------------- */

#define TWO                                                                    \
	"switch s {\nport a { tap \"a\" }\nport b { tap \"b\" }\n"             \
	"port c { tap \"c\" }\n}\n"

static uint32_t id_of(const char *rules, uint32_t number)
{
	char text[1024];
	struct system *sys;
	uint32_t id;

	snprintf(text, sizeof(text), TWO "%s", rules);
	sys = compile(text);
	assert_true(number < sys->policy[0].image.n_rules);
	id = sys->policy[0].image.rule[number].id;
	system_free(sys);
	return id;
}

/* What it says makes a rule, not where it stands or for whom it is. */
static void a_rule_keeps_its_id(void **state)
{
	uint32_t id = id_of("allow a -> b when \"tcp port 80\"\n", 0);

	(void)state;
	assert_int_equal(
		id_of("deny a -> b when \"arp\"\n\n"
		      "x = \"tcp port 80\"\nallow { b, c } <-> a when $x\n",
		      1),
		id);
	assert_int_not_equal(id_of("deny a -> b when \"tcp port 80\"\n", 0),
			     id);
	assert_int_not_equal(id_of("allow a -> b when \"tcp port 81\"\n", 0),
			     id);
	assert_int_not_equal(
		id_of("allow a -> b when \"tcp port 80\" reply\n", 0), id);
	id = id_of("allow a -> b\n", 0);
	assert_int_not_equal(id_of("allow a -> b reply\n", 0), id);
	assert_int_not_equal(id_of("deny a -> b\n", 0), id);
}

static void a_filter_is_kept_once(void **state)
{
	struct system *sys =
		compile(TWO "allow a -> b when \"tcp port 80\"\n"
			    "deny b -> a when \"tcp port 80\"\n"
			    "allow a -> c when \"tcp  port  80\"\n"
			    "allow c -> a when \"tcp port 80\" reply\n");
	const struct policy_image *image = &sys->policy[0].image;

	(void)state;
	assert_int_equal(image->n_rules, 4);
	assert_int_equal(image->rule[0].first, 0);
	assert_int_equal(image->rule[1].first, 0);
	assert_int_equal(image->rule[2].first, 0);
	assert_int_equal(image->rule[3].first, 0);
	assert_int_equal(image->n_insns, image->rule[0].n);
	system_free(sys);
}

/* Where a rule is, for whoever is told about it. */
static void a_rule_is_where_it_is(void **state)
{
	struct system *sys =
		compile(TWO "\n  allow a -> b when \"ether[70] = 1\" reply\n"
			    "deny a -> b\n");
	const struct sys_rule *rule = sys->policy[0].rule;

	(void)state;
	assert_string_equal(rule[0].text, "ether[70] = 1");
	assert_non_null(strstr(rule[0].file, "/t.conf"));
	assert_int_equal(rule[0].line, 7);
	assert_int_equal(rule[0].column, 3);
	assert_int_equal(rule[0].need, 71);
	assert_int_equal(rule[0].reply, 1);
	assert_int_equal(rule[1].line, 8);
	assert_string_equal(rule[1].text, "");
	assert_int_equal(rule[1].need, 0);
	assert_int_equal(rule[1].action, POLICY_DENY);
	system_free(sys);
}

/* An expression with "vlan" in it does not move what stands before it. */
static void a_reply_with_vlan_resolves_untagged(void **state)
{
	static const uint8_t arp[60] = {
		[12] = 0x08, [13] = 0x06, [15] = 1, [16] = 8,
		[18] = 6,    [19] = 4,	  [21] = 1
	};
	static const uint8_t like_arp[60] = { [12] = 0x08, [13] = 0x06 };
	static const uint8_t tagged[64] = { [12] = 0x81, 0, 0, 5, 0x08 };
	struct system *sys = compile(TWO "allow a -> b when \"vlan 5 and ip\" "
					 "reply\nallow b -> c when \"vlan 5 "
					 "and ip\"\n");
	struct policy *policy = load(sys);

	(void)state;
	assert_true(decide(policy, 0, 1, arp, sizeof(arp)));
	assert_false(decide(policy, 0, 1, like_arp, sizeof(like_arp)));
	assert_true(decide(policy, 0, 1, tagged, sizeof(tagged)));
	assert_false(decide(policy, 1, 0, arp, sizeof(arp)));
	assert_false(decide(policy, 1, 2, arp, sizeof(arp)));
	assert_true(decide(policy, 1, 2, tagged, sizeof(tagged)));
	free(policy);
	system_free(sys);
}

/* The most pairs there can be, each with the most that is asked. */
static void everybody_with_everybody(void **state)
{
	char *text;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	struct system *sys;

	(void)state;
	assert_non_null(f);
	fputs("switch s {\n", f);
	for (int i = 0; i < 64; i++)
		fprintf(f, "port p%d { tap \"t%d\" }\n", i, i);
	fputs("}\ngroup every {\n", f);
	for (int i = 0; i < 64; i++)
		fprintf(f, "p%d\n", i);
	fputs("}\ndeny every <-> every when \"ip6\"\n"
	      "allow every <-> every\n",
	      f);
	assert_int_equal(fclose(f), 0);
	sys = compile(text);
	assert_int_equal(sys->policy[0].image.n_entries, 2 * 64 * 63);
	system_free(sys);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc18_decisions_follow_the_text),
		cmocka_unit_test(a_rule_keeps_its_id),
		cmocka_unit_test(a_filter_is_kept_once),
		cmocka_unit_test(a_rule_is_where_it_is),
		cmocka_unit_test(a_reply_with_vlan_resolves_untagged),
		cmocka_unit_test(everybody_with_everybody),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
