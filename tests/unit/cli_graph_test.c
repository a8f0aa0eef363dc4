/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `weir graph` draws.
 */
#include "tests/unit/cli_rig.h"

#define PORT(name, kind, attached, state)                                      \
	"{\"port\":\"" name "\",\"kind\":\"" kind                              \
	"\",\"attached\":\"" attached "\",\"state\":\"" state "\"}"
#define RULE(from, to, action, filter, reply, hits)                            \
	"{\"from\":\"" from "\",\"to\":\"" to "\",\"action\":\"" action        \
	"\",\"filter\":\"" filter "\",\"reply\":" reply ",\"hits\":" hits      \
	",\"number\":0,\"file\":\"f\",\"line\":1}"
#define LINK "link sw0.up <-> sw1.down"

#define PORTS                                                                  \
	PORT("sw0.alice", "tap", "tap x", "up")                                \
	"," PORT("sw0.bob", "nic", "nic y", "no carrier") "," PORT(            \
		"sw0.up", "link", LINK, "up") "," PORT("sw1.down", "link",     \
						       LINK, "up")
/* Both ways alike; a rule before another; nothing that is allowed. */
#define RULES                                                                  \
	RULE("sw0.alice", "sw0.bob", "allow", "", "false", "3")                \
	"," RULE("sw0.bob", "sw0.alice", "allow", "", "false", "4") "," RULE(  \
		"sw0.alice", "sw0.up", "deny", "port 22", "false",             \
		"1") "," RULE("sw0.alice", "sw0.up", "allow",                  \
			      "host \\\"a\\\"", "true",                        \
			      "null") "," RULE("sw0.up", "sw0.bob", "deny",    \
					       "", "false", "9")

static const struct fake_answer home[] = {
	{ "\"ports\"", OK("[" PORTS "]") },
	{ "\"policy\"",
	  OK("[{\"from\":\"sw0.alice\",\"action\":\"mac-lock\",\"macs\":"
	     "[\"02:00:00:00:00:0a\"]}," RULES "]") },
	{ NULL, NULL },
};

static void test_graph(void **state)
{
	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("graph"), 0);
	assert_string_equal(
		cli_out,
		"digraph \"home\" {\n"
		"\trankdir=LR\n"
		"\tnode [shape=box]\n"
		"\tsubgraph \"cluster_sw0\" {\n"
		"\t\tlabel=\"sw0\"\n"
		"\t\t\"sw0.alice\" [label=\"alice\\ntap x\\nup\"]\n"
		"\t\t\"sw0.bob\" [label=\"bob\\nnic y\\nno carrier\", "
		"style=dashed]\n"
		"\t\t\"sw0.up\" [label=\"up\\nup\"]\n"
		"\t}\n"
		"\tsubgraph \"cluster_sw1\" {\n"
		"\t\tlabel=\"sw1\"\n"
		"\t\t\"sw1.down\" [label=\"down\\nup\"]\n"
		"\t}\n"
		"\t\"sw0.up\" -> \"sw1.down\" [dir=none, style=bold]\n"
		"\t\"sw0.alice\" -> \"sw0.bob\" [label=\"3 / 4\", dir=both]\n"
		"\t\"sw0.alice\" -> \"sw0.up\" [label=\"deny port 22\\n"
		"allow host \\\"a\\\", replies pass\\n1\"]\n"
		"}\n");
}

static void test_only_what_is_allowed(void **state)
{
	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("graph"), 0);
	assert_null(strstr(cli_out, "\"sw0.up\" -> \"sw0.bob\""));
	assert_null(strstr(cli_out, "\"sw0.bob\" -> \"sw0.alice\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cli_test(test_graph),
		cli_test(test_only_what_is_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
