/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `weir trace`: the frame that is sent, and how the decision is told.
 */
#include "tests/unit/cli_rig.h"

#define PORT(name, no) "{\"port\":\"" name "\",\"number\":" #no "}"

/* Decides on a frame of 60 bytes from alice, taken by @port; @rest: JSON. */
#define DECISION(port, rest)                                                   \
	OK("{\"port\":\"" port "\",\"length\":60,\"min\":14,\"max\":1518,"     \
	   "\"frame\":{\"source\":\"02:00:00:00:00:0a\",\"destination\":"      \
	   "\"02:00:00:00:00:0b\",\"tag\":null},\"settings\":{\"vlan\":"       \
	   "\"transparent\",\"untagged\":0,\"mac_lock\":null,\"more_macs\":0," \
	   "\"ip_lock\":false,\"limit_in\":0,\"mac_sticky\":0},\"vlan\":0,"    \
	   "\"learned\":{\"outcome\":\"refreshed\",\"was\":\"?\"},"            \
	   "\"resolution\":\"unicast\",\"storm\":0,\"offered\":1,"             \
	   "\"snooping\":[],\"left_out\":[]," rest "}")
/* The sentences it makes; @rest: from the destinations on. */
#define TOLD(port, out, rest)                                                  \
	"step\tlength\tpass\t60 bytes, within 14 to 1518\n"                    \
	"step\treserved\tpass\tdestination 02:00:00:00:00:0b is not an 802.1 " \
	"reserved address\n"                                                   \
	"step\tvlan\tpass\tuntagged\n"                                         \
	"step\tsource\tpass\t02:00:00:00:00:0a is an individual address\n"     \
	"step\tadmit\tpass\tthe port has no MAC lock\n"                        \
	"step\tlearn\trefreshed\t02:00:00:00:00:0a is known at " port "\n"     \
	"step\tresolve\tunicast\t02:00:00:00:00:0b is behind " out "\n" rest

static const struct fake_answer home[] = {
	{ "\"ports\"", OK("[" PORT("sw0.alice", 0) "," PORT(
			       "sw0.bob", 1) "," PORT("lab.bob", 0) "]") },
	{ "\"fdb\"",
	  OK("[{\"switch\":\"sw0\",\"mac\":\"02:00:00:00:00:0a\",\"vlan\":0,"
	     "\"port\":\"sw0.alice\"},"
	     "{\"switch\":\"sw0\",\"mac\":\"02:00:00:00:00:0a\",\"vlan\":9,"
	     "\"port\":\"sw0.alice\"},"
	     "{\"switch\":\"sw0\",\"mac\":\"02:00:00:00:00:0b\",\"vlan\":7,"
	     "\"port\":\"sw0.bob\"},"
	     "{\"switch\":\"lab\",\"mac\":\"02:00:00:00:00:0c\",\"vlan\":0,"
	     "\"port\":\"lab.bob\"},"
	     "{\"switch\":\"lab\",\"mac\":\"02:00:00:00:00:0d\",\"vlan\":0,"
	     "\"port\":\"lab.bob\"}]") },
	{ "\"trace\"",
	  DECISION("sw0.alice",
		   "\"out\":\"sw0.bob\",\"destinations\":[{\"port\":"
		   "\"sw0.bob\",\"reason\":\"not_allowed\",\"reply\":"
		   "false,\"rules\":0}],\"verdict\":\"drop\",\"reason\":"
		   "\"not_allowed\",\"deliver\":[],\"hops\":[],"
		   "\"arrives\":[]") },
	{ NULL, NULL },
};

static void test_ports_are_found_by_short_name(void **state)
{
	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("trace alice 0200"), 0);
	assert_non_null(strstr(fake_requests(),
			       "{\"cmd\":\"trace\",\"port\":\"sw0.alice\","
			       "\"frame\":\"0200\"}\n"));
	assert_int_equal(run_weir("trace lab.bob 0200"), 0);
	assert_int_equal(run_weir("trace bob 0200"), 1);
	expect_error("weir: port bob could be sw0.bob or lab.bob; write it in "
		     "full\n");
	assert_int_equal(run_weir("trace alcie 0200"), 1);
	expect_error("weir: there is no port alcie; did you mean alice? "
		     "('weir show ports' lists them)\n");
	assert_int_equal(run_weir("trace sw1.bob 0200"), 1);
	expect_error("weir: there is no port sw1.bob; did you mean sw0.bob? "
		     "('weir show ports' lists them)\n");
	assert_int_equal(run_weir("trace uplink 0200"), 1);
	expect_error("weir: there is no port uplink; 'weir show ports' lists "
		     "those there are\n");
}

static void test_described_frames(void **state)
{
	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("trace alice dst=sw0.bob len=16 type=arp"),
			 0);
	assert_non_null(strstr(fake_requests(), "\"0200000000"
						"0b0200000000"
						"0a08060000\""));
	assert_int_equal(
		run_weir("trace alice dst=broadcast src=02:00:00:00:00:99 "
			 "vlan=5 len=18"),
		0);
	assert_non_null(strstr(fake_requests(), "\"ffffffffffff0200000000"
						"99810000050800\""));
}

static void test_frames_that_cannot_be_put_together(void **state)
{
	static const struct {
		const char *words;
		const char *error;
	} wrong[] = {
		{ "trace alice 0g", "a byte has two hex digits" },
		{ "trace alice @/nonexistent", "cannot read /nonexistent" },
		{ "trace alice :", "the frame is empty" },
		{ "trace alice src=bob", "the frame needs a destination" },
		{ "trace alice dst=02:00", "dst=02:00 is not an address" },
		{ "trace alice dst=lab.bob", "more than one address is" },
		{ "trace alice dst=carol", "there is no port carol" },
	};

	(void)state;
	fake_instance("home", home);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(run_weir(wrong[i].words), 1);
		assert_non_null(strstr(cli_err, wrong[i].error));
		assert_string_equal(cli_out, "");
	}
	assert_null(strstr(fake_requests(), "\"trace\""));
}

/* What was not said is filled in from what the instance knows. */
static void test_packets_are_filled_in(void **state)
{
	static const struct fake_answer known[] = {
		{ "\"ports\"",
		  OK("[" PORT("sw0.alice", 0) "," PORT("sw0.bob", 1) "]") },
		{ "\"fdb\"",
		  OK("[{\"mac\":\"02:00:00:00:00:0a\",\"vlan\":0,\"port\":"
		     "\"sw0.alice\"},{\"mac\":\"02:00:00:00:00:0b\","
		     "\"vlan\":0,\"port\":\"sw0.bob\"}]") },
		{ "\"policy\"",
		  OK("[{\"from\":\"sw0.alice\",\"action\":\"ip-lock\","
		     "\"prefixes\":[\"fe80::/64\",\"10.0.0.1\","
		     "\"10.1.0.0/16\"]}]") },
		{ "\"flows\"",
		  OK("[{\"from\":\"sw0.alice\",\"to\":\"sw0.bob\","
		     "\"source\":\"10.0.0.1\",\"destination\":\"10.0.0.9\","
		     "\"state\":\"opened\"},"
		     "{\"from\":\"sw0.alice\",\"to\":\"sw0.bob\","
		     "\"source\":\"10.0.0.1\",\"destination\":\"10.0.0.2\","
		     "\"state\":\"answered\"}]") },
		{ "\"trace\"", OK("{\"port\":\"sw0.alice\",\"deliver\":[],"
				  "\"verdict\":\"drop\",\"reason\":"
				  "\"no_rule\"}") },
		{ NULL, NULL },
	};

	(void)state;
	fake_instance("home", known);
	assert_int_equal(run_weir("trace alice ip 10.0.0.2 tcp dst port 443"),
			 0);
	assert_non_null(strstr(
		cli_out,
		"packet\tsw0.alice\tfrom\tIPv4 10.0.0.1 > 10.0.0.2, TCP 40000 "
		"> 443 syn; its destination is known behind sw0.bob\n"));
	assert_non_null(
		strstr(fake_requests(), "\"02000000000b02000000000a08004500"));
	/* A port's address is that with which it has answered. */
	assert_int_equal(run_weir("trace alice bob udp -j"), 0);
	assert_non_null(strstr(cli_out, "\"packet\": \"IPv4 10.0.0.1 > "
					"10.0.0.2, UDP 40000 > 9\""));
	/* Whose it is nobody knows: everybody is asked. */
	assert_int_equal(run_weir("trace alice tcp"), 0);
	assert_non_null(strstr(cli_out, "name one: dst=PORT"));
	assert_non_null(
		strstr(fake_requests(), "\"02776569720202000000000a0800"));
	assert_int_equal(run_weir("trace alice tpc"), 1);
	expect_error(
		"weir: \"tpc\" is neither a word of a packet's description "
		"nor a port; did you mean \"tcp\"?\n");
}

/* What comes of it: it goes to a link. */
#define LINK(tag)                                                              \
	"\"deliver\":[\"sw0.t\"],\"links\":{\"sw0.t\":"                        \
	"{\"port\":\"sw1.up\",\"tag\":\"" tag "\"}},"                          \
	"\"verdict\":\"deliver\",\"reason\":\"none\""

/* The end of a frame's way is over all switches. */
static void test_hops_of_other_switches(void **state)
{
	static const struct fake_answer far[] = {
		{ "\"ports\"", OK("[" PORT("sw0.alice", 0) "]") },
		{ "\"sw1.up\"",
		  DECISION("sw1.up",
			   "\"out\":\"sw1.far\",\"destinations\":[{\"port\":"
			   "\"sw1.far\",\"reason\":\"no_rule\",\"reply\":"
			   "false,\"rules\":2}],\"deliver\":[],\"verdict\":"
			   "\"drop\",\"reason\":\"no_rule\"") },
		{ "\"trace\"",
		  DECISION("sw0.alice",
			   "\"out\":\"sw0.t\",\"destinations\":[{\"port\":"
			   "\"sw0.t\",\"reason\":\"none\",\"reply\":false,"
			   "\"rules\":1}]," LINK("as-is")) },
		{ NULL, NULL },
	};

	(void)state;
	fake_instance("home", far);
	assert_int_equal(run_weir("trace alice 0200"), 0);
	assert_string_equal(
		cli_out,
		TOLD("sw0.alice", "sw0.t",
		     "step\tallow\tpass\tsw0.alice -> sw0.t is allowed\n"
		     "step\tpolicy\tpass\tsw0.alice -> sw0.t: no further "
		     "policy refuses it\n"
		     "step\tdeliver\tpass\tto sw0.t\n"
		     "port\tsw0.t\tdeliver\t-\n"
		     "hop\tsw1.up\tfrom\tsw0.t\n")
			TOLD("sw1.up", "sw1.far",
			     "step\tallow\tdrop\tno rule of sw1.up -> sw1.far "
			     "matches\n"
			     "port\tsw1.far\trefuse\tno_rule\n"
			     "verdict\tdrop\tno_rule\tdropped: none of the "
			     "rules between the two ports allows it\n"));
}

#define TO "02:00:00:00:00:0b"
#define FROM "02:00:00:00:00:0a"
#define MACS "02000000000b02000000000a"

/* The next switch is asked about the frame as it leaves by the link. */
static void test_a_tag_changes_at_a_link(void **state)
{
#define TAGGED(tag)                                                            \
	{                                                                      \
		{ "\"ports\"", OK("[" PORT("sw0.alice", 0) "]") },             \
		{                                                              \
			"\"trace\"",                                           \
				OK("{\"port\":\"sw0.alice\",\"vlan\":7," LINK( \
					tag) "}")                              \
		}                                                              \
	}
	static const struct {
		const struct fake_answer answer[3];
		const char *frame;
		const char *want;
	} table[] = {
		{ TAGGED("add"), MACS "08004500", MACS "8100000708004500" },
		{ TAGGED("strip"), MACS "8100a00708004500", MACS "08004500" },
		{ TAGGED("set"), MACS "8100a00008004500",
		  MACS "8100a00708004500" },
		{ TAGGED("as-is"), MACS "8100a00908004500",
		  MACS "8100a00908004500" },
		/* Too short for a tag. */
		{ TAGGED("strip"), "0200", "0200" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char name[8], text[256];

		snprintf(name, sizeof(name), "i%zu", i);
		fake_instance(name, table[i].answer);
		snprintf(text, sizeof(text), "trace -n %s alice %s", name,
			 table[i].frame);
		assert_int_equal(run_weir(text), 0);
		snprintf(text, sizeof(text),
			 "\"sw1.up\",\"via\":\"sw0.t\",\"frame\":\"%s\"",
			 table[i].want);
		if (strstr(fake_requests(), text) == NULL)
			fail_msg("%zu: %s", i, fake_requests());
	}
}

/* Of a segment's frame: the bytes from its IP header's total length on. */
#define IP4(length) MACS "08004500" length "000140004006"

static void test_segments(void **state)
{
	static const struct fake_answer far[] = {
		{ "\"ports\"", OK("[" PORT("sw0.alice", 0) "]") },
		{ "\"fdb\"", OK("[]") },
		{ "\"policy\"", OK("[]") },
		{ "\"flows\"", OK("[]") },
		{ "\"tcp4\",\"segment\":100",
		  OK("{\"port\":\"sw0.alice\",\"cut\":[\"sw0.t\"]," LINK(
			  "as-is") "}") },
		{ "\"trace\"",
		  OK("{\"port\":\"sw0.alice\",\"cut\":[]," LINK("as-is") "}") },
		{ NULL, NULL },
	};
	static const struct {
		const char *words;
		const char *want; /* request to the first switch */
		const char *next; /* to the one behind the link */
	} table[] = {
		/* Two frames unless something else is said. */
		{ "10.0.0.2 tcp segment 100 dst=" TO " src=" FROM, IP4("00f0"),
		  IP4("008c") },
		{ "10.0.0.2 tcp segment=100 len 354 dst=" TO " src=" FROM,
		  IP4("0154"), IP4("008c") },
		/* Whole over the link. */
		{ "10.0.0.2 tcp segment 200 dst=" TO " src=" FROM, IP4("01b8"),
		  "\"offload\":{\"type\":\"tcp4\",\"segment\":200}" },
		{ "10.0.0.2 udp segment 7 dst=" TO " src=" FROM,
		  "\"offload\":{\"type\":\"udp\",\"segment\":7}",
		  "\"offload\":{\"type\":\"udp\",\"segment\":7}" },
		{ "ip6 tcp segment 7 dst=" TO " src=" FROM,
		  "\"offload\":{\"type\":\"tcp6\",\"segment\":7}",
		  "\"offload\":{\"type\":\"tcp6\",\"segment\":7}" },
		{ "10.0.0.2 tcp partial dst=" TO " src=" FROM,
		  "\"offload\":{\"type\":\"checksum\",\"segment\":0}",
		  "\"offload\":{\"type\":\"checksum\",\"segment\":0}" },
		/* Bytes, and nonsense. */
		{ MACS "0806 segment 9",
		  "\"frame\":\"" MACS "0806\","
		  "\"offload\":{\"type\":\"udp\",\"segment\":9}",
		  "\"segment\":9" },
		{ "0200 partial", "\"frame\":\"0200\",\"offload\"", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char name[8], text[256];
		size_t before = strlen(fake_requests());
		const char *first, *next;

		snprintf(name, sizeof(name), "s%zu", i);
		fake_instance(name, far);
		snprintf(text, sizeof(text), "trace -n %s alice %s", name,
			 table[i].words);
		if (run_weir(text))
			fail_msg("%s: %s", text, cli_err);
		first = strstr(fake_requests() + before, "\"trace\"");
		next = first ? strchr(first, '\n') : NULL;
		if (!next ||
		    !memmem(first, (size_t)(next - first), table[i].want,
			    strlen(table[i].want)) ||
		    !strstr(next, table[i].next))
			fail_msg("%s: %s", text, first);
		/* The frames it was cut into have no offload data. */
		if (strstr(text, "100"))
			assert_null(strstr(next, "offload"));
	}
}

static void test_segments_that_cannot_be_put_together(void **state)
{
	static const struct {
		const char *words;
		const char *error;
	} wrong[] = {
		{ "trace alice tcp segment",
		  "after \"segment\" there must be" },
		{ "trace alice tcp segment 0", "after \"segment\" there must" },
		{ "trace alice tcp segment 65536", "there must be a number" },
		{ "trace alice tcp segment 12x", "there must be a number" },
		{ "trace alice segment 1448", "the frame needs a destination" },
		{ "trace alice 10.0.0.2 tcp segment 40000", "with len" },
	};

	(void)state;
	fake_instance("home", home);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(run_weir(wrong[i].words), 1);
		if (!strstr(cli_err, wrong[i].error))
			fail_msg("%s: %s", wrong[i].words, cli_err);
	}
	assert_null(strstr(fake_requests(), "\"trace\""));
}

static void test_decision_for_a_program(void **state)
{
	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("trace alice 02"), 0);
	assert_string_equal(
		cli_out,
		TOLD("sw0.alice", "sw0.bob",
		     "step\tallow\tdrop\tsw0.alice -> sw0.bob has no rule\n"
		     "port\tsw0.bob\trefuse\tnot_allowed\n"
		     "verdict\tdrop\tnot_allowed\tdropped: no rule lets the "
		     "port send to the destination port\n"));
}

/* A switch behind a link that says nothing ends the frame's way. */
static void test_a_switch_that_cannot_be_asked(void **state)
{
	static const struct fake_answer far[] = {
		{ "\"ports\"", OK("[" PORT("sw0.alice", 0) "]") },
		{ "\"sw1.up\"",
		  "{\"protocol\":2,\"ok\":false,\"error\":\"not_running\"}\n" },
		{ "\"trace\"",
		  DECISION("sw0.alice", "\"out\":\"sw0.t\"," LINK("as-is")) },
		{ NULL, NULL },
	};

	(void)state;
	fake_instance("home", far);
	assert_int_equal(run_weir("trace alice 02"), 0);
	assert_string_equal(
		cli_out,
		TOLD("sw0.alice", "sw0.t",
		     "port\tsw0.t\tdeliver\t-\n"
		     "hop\tsw1.up\tfrom\tsw0.t\n"
		     "verdict\tunknown\tno_answer\tsw1 is not running\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cli_test(test_ports_are_found_by_short_name),
		cli_test(test_described_frames),
		cli_test(test_frames_that_cannot_be_put_together),
		cli_test(test_packets_are_filled_in),
		cli_test(test_hops_of_other_switches),
		cli_test(test_a_tag_changes_at_a_link),
		cli_test(test_segments),
		cli_test(test_segments_that_cannot_be_put_together),
		cli_test(test_decision_for_a_program),
		cli_test(test_a_switch_that_cannot_be_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
