/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The command against instances: which one is meant, what is sent, what is
 * shown of the answer, and what happens when the answer is none.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/cli_rig.h"

#define PORT(name, no)                                                         \
	"{\"port\":\"" name "\",\"number\":" no ",\"kind\":\"tap\","           \
	"\"attached\":\"tap x\",\"state\":\"up\",\"in_frames\":1,"             \
	"\"in_bytes\":2,\"out_frames\":3,\"out_bytes\":4,\"drops\":5,"         \
	"\"faults\":6,\"restarts\":7,\"mirror_missed\":8}"

/* Facts of a decision: a frame of 60 bytes from alice, taken by @port. */
#define FACTS(port)                                                            \
	"\"port\":\"" port "\",\"length\":60,\"min\":14,\"max\":1518,"         \
	"\"frame\":{\"source\":\"02:00:00:00:00:0a\",\"destination\":"         \
	"\"02:00:00:00:00:0b\",\"tag\":null},\"settings\":{\"vlan\":"          \
	"\"transparent\",\"untagged\":0,\"mac_lock\":null,\"more_macs\":0,"    \
	"\"ip_lock\":false,\"limit_in\":0,\"mac_sticky\":0},\"vlan\":0,"       \
	"\"learned\":{\"outcome\":\"refreshed\",\"was\":\"?\"},"               \
	"\"resolution\":\"unicast\",\"storm\":0,\"offered\":1,"                \
	"\"snooping\":[],\"left_out\":[]"
/* The sentences they make, up to the destinations. */
#define TOLD(port, out)                                                        \
	"step\tlength\tpass\t60 bytes, within 14 to 1518\n"                    \
	"step\treserved\tpass\tdestination 02:00:00:00:00:0b is not an 802.1 " \
	"reserved address\n"                                                   \
	"step\tvlan\tpass\tuntagged\n"                                         \
	"step\tsource\tpass\t02:00:00:00:00:0a is an individual address\n"     \
	"step\tadmit\tpass\tthe port has no MAC lock\n"                        \
	"step\tlearn\trefreshed\t02:00:00:00:00:0a is known at " port "\n"     \
	"step\tresolve\tunicast\t02:00:00:00:00:0b is behind " out "\n"

#define OK(data) "{\"protocol\":2,\"ok\":true,\"data\":" data "}\n"

static const struct fake_answer home[] = {
	{ "\"ports\"", OK("[" PORT("sw0.alice", "0") "," PORT(
			       "sw0.bob", "1") "," PORT("lab.bob", "0") "]") },
	{ "\"fdb\"",
	  OK("[{\"switch\":\"sw0\",\"mac\":\"02:00:00:00:00:0a\",\"vlan\":0,"
	     "\"port\":\"sw0.alice\",\"age\":3,\"flags\":\"\"},"
	     "{\"switch\":\"sw0\",\"mac\":\"02:00:00:00:00:0a\",\"vlan\":9,"
	     "\"port\":\"sw0.alice\",\"age\":3,\"flags\":\"\"},"
	     "{\"switch\":\"sw0\",\"mac\":\"02:00:00:00:00:0b\",\"vlan\":7,"
	     "\"port\":\"sw0.bob\",\"age\":0,\"flags\":\"static\"},"
	     "{\"switch\":\"lab\",\"mac\":\"02:00:00:00:00:0c\",\"vlan\":0,"
	     "\"port\":\"lab.bob\",\"age\":0,\"flags\":\"\"},"
	     "{\"switch\":\"lab\",\"mac\":\"02:00:00:00:00:0d\",\"vlan\":0,"
	     "\"port\":\"lab.bob\",\"age\":0,\"flags\":\"\"}]") },
	{ "\"drops\"", OK("[]") },
	{ "\"vms\"",
	  OK("[{\"vm\":\"netvm\",\"port\":\"sw0.up\",\"state\":\"ready\","
	     "\"nic\":\"0000:00:03.0\",\"mac\":\"52:54:00:12:34:56\","
	     "\"carrier\":\"up\",\"mtu\":1500,\"restarts\":1,"
	     "\"ready_ms\":812,\"rx_frames\":2,\"tx_frames\":3,"
	     "\"rx_no_buffer\":4,\"wakeups\":5,\"syscalls\":6,"
	     "\"doorbells\":7,\"interrupts\":8,\"copied\":9,\"exits\":10,"
	     "\"rx_passed\":11,\"tx_passed\":12,\"refusals\":13,"
	     "\"refused\":[]}]") },
	{ "\"policy\"", "{\"ok\":false,\"error\":\"no\\u001b[2J; later\"}\n" },
	{ "\"system\"",
	  OK("{\"name\":\"home\",\"pid\":9,\"pds\":[{\"name\":\"sw0\","
	     "\"pid\":10,\"state\":\"running\",\"restarts\":0,\"poll_us\":20,"
	     "\"components\":[\"sw0\",\"sw0.up\"],\"maps\":[{\"region\":\"r1\","
	     "\"size\":4096,\"perms\":\"r\"},{\"region\":\"r2\",\"size\":8192,"
	     "\"perms\":\"rw\"}],\"channels\":[\"sw0.alice\"]}],"
	     "\"regions\":[],\"channels\":[]}") },
	{ "\"trace\"",
	  OK("{" FACTS(
		  "sw0.alice") ",\"out\":\"sw0.bob\","
			       "\"destinations\":[{\"port\":\"sw0.bob\",\"reason\":"
			       "\"not_allowed\",\"reply\":false,\"rules\":0}],"
			       "\"verdict\":\"drop\",\"reason\":\"not_allowed\","
			       "\"deliver\":[],\"hops\":[],\"arrives\":[]}") },
	{ "\"flows\"",
	  OK("[{\"switch\":\"sw0\",\"vlan\":7,\"from\":\"sw0.alice\","
	     "\"to\":\"sw0.bob\",\"protocol\":\"tcp\",\"source\":"
	     "\"10.0.0.1\",\"source_port\":1024,\"destination\":"
	     "\"10.0.0.2\",\"destination_port\":443,\"state\":\"answered\","
	     "\"left\":7439,\"rule\":{\"number\":3,\"file\":"
	     "\"home.conf\",\"line\":12}}]") },
	{ "\"groups\"",
	  OK("[{\"switch\":\"sw0\",\"vlan\":0,\"group\":\"239.1.2.3\","
	     "\"port\":\"sw0.bob\",\"kind\":\"member\",\"left\":260}]") },
	{ "when \\\"tcp port 1\\\"",
	  "{\"ok\":false,\"error\":\"errors\",\"count\":1,"
	  "\"report\":\"(runtime):1:7: unknown port\\u001b[2J\\n\"}\n" },
	{ "\"change\"", OK("{\"warnings\":\"(runtime):1:1: warning: odd\\n\","
			   "\"switches\":[\"sw0\"],\"changed\":1}") },
	{ "\"undo\"", OK("{\"warnings\":\"\",\"switches\":[],\"changed\":0,"
			 "\"number\":3,\"undone\":\"deny a\\u001b -> b\"}") },
	{ "\"reload\"", OK("{\"warnings\":\"\",\"switches\":[],"
			   "\"changed\":0}") },
	{ "\"stop\"", OK("{}") },
	{ NULL, NULL },
};

/* One that has rules. */
static const struct fake_answer ruled[] = {
	{ "\"policy\"",
	  OK("[{\"from\":\"sw0.a\",\"action\":\"mac-lock\",\"macs\":"
	     "[\"02:00:00:00:00:0a\"]},"
	     "{\"from\":\"sw0.a\",\"to\":\"sw0.b\",\"action\":\"allow\","
	     "\"filter\":\"tcp port 443\",\"reply\":true,\"hits\":12,"
	     "\"number\":0,\"file\":\"home.conf\",\"line\":7,\"snapshot\":96,\"change\":4},"
	     "{\"from\":\"sw0.b\",\"to\":\"sw0.a\",\"action\":\"deny\","
	     "\"filter\":\"\",\"reply\":false,\"hits\":null,"
	     "\"number\":1,\"file\":\"home.conf\",\"line\":8}]") },
	{ NULL, NULL },
};

static int setup(void **state)
{
	(void)state;
	fake_rundir();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_end();
	return 0;
}

/* The last run must have failed with exactly this, and printed nothing. */
static void expect_error(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

static void expect_error(const char *format, ...)
{
	char want[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(want, sizeof(want), format, args);
	va_end(args);
	assert_string_equal(cli_err, want);
	assert_string_equal(cli_out, "");
}

/* A socket whose owner was killed. */
static void leave_stale(const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s.sock", fake_dir(),
		 name);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
}

static void test_nothing_runs(void **state)
{
	(void)state;
	leave_stale("old");
	assert_int_equal(run_weir("show ports"), 1);
	expect_error("weir: nothing runs (no instance in %s); start one with "
		     "'weir run FILE'\n",
		     fake_dir());
	assert_int_equal(run_weir("show ports -n old"), 1);
	expect_error("weir: old does not run, nor does any other instance "
		     "(looked in %s)\n",
		     fake_dir());
}

static void test_the_one_that_runs(void **state)
{
	(void)state;
	leave_stale("old");
	fake_instance("home", home);
	assert_int_equal(run_weir("show ports"), 0);
	assert_string_equal(fake_requests(),
			    "{\"cmd\":\"show\",\"what\":\"ports\"}\n");
	assert_string_equal(cli_err, "");
}

static void test_several_run(void **state)
{
	(void)state;
	fake_instance("lab", home);
	fake_instance("home", home);
	assert_int_equal(run_weir("show ports"), 1);
	expect_error("weir: several instances run: home, lab; choose one with "
		     "-n\n");
	assert_int_equal(run_weir("show ports -n hoem"), 1);
	expect_error("weir: hoem does not run; did you mean home? (running: "
		     "home, lab)\n");
	assert_int_equal(run_weir("show ports -n office"), 1);
	expect_error("weir: office does not run; running: home, lab\n");
	assert_int_equal(run_weir("show -nlab ports"), 0);
}

static void test_rows_for_a_program(void **state)
{
	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("show ports"), 0);
	assert_ptr_equal(strstr(cli_out, "sw0.alice\t0\ttap\ttap x\tup\t1\t2\t3"
					 "\t4\t5\t6\t7\t8\nsw0.bob\t1\t"),
			 cli_out);
	assert_int_equal(run_weir("show fdb"), 0);
	assert_ptr_equal(strstr(cli_out, "sw0\t02:00:00:00:00:0a\t0\tsw0.alice"
					 "\t3\t-\n"),
			 cli_out);
	assert_int_equal(run_weir("show drops"), 0);
	assert_string_equal(cli_out, "");
	assert_int_equal(run_weir("show vms"), 0);
	assert_string_equal(cli_out,
			    "netvm\tsw0.up\tready\t0000:00:03.0\t"
			    "52:54:00:12:34:56\tup\t1500\t1\t812\t2\t3\t4\t5"
			    "\t6\t7\t8\t9\t10\t11\t12\t13\n");
	assert_int_equal(run_weir("show system"), 0);
	assert_string_equal(cli_out,
			    "pd\tsw0\t10\trunning\t0\t20\t1\t2\t12288\t"
			    "sw0,sw0.up\nmap\tsw0\tr1\tr\t4096\n"
			    "map\tsw0\tr2\trw\t8192\n");
}

static void test_json_is_the_replys_data(void **state)
{
	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("show -j drops"), 0);
	assert_string_equal(cli_out, "[]\n");
	assert_int_equal(run_weir("trace alice 02 --json"), 0);
	assert_non_null(strstr(cli_out, "\"verdict\": \"drop\""));
}

static void test_refusals_are_defused_and_fail(void **state)
{
	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("show policy"), 1);
	expect_error("weir: home: no\\x1b[2J; later\n");
}

static const struct fake_answer hostile[] = {
	{ "\"ports\"",
	  "{\"protocol\":2,\"ok\":true,\"data\":[{\"port\":\"a\\u001b[2J\\tb\","
	  "\"state\":\"\\u007f\\u009b\"}]}\n" },
	{ "\"fdb\"", "not json\n" },
	{ "\"drops\"", "{\"ok\":true}\n" },
	{ "\"policy\"", "" },
	{ "\"system\"", "{\"protocol\":2,\"ok\":true,\"data\":[1,2,\"x\"]}\n" },
	{ NULL, NULL },
};

/* A monitor of another version: its data may mean something else. */
static const struct fake_answer another[] = {
	{ "\"ports\"", "{\"protocol\":1,\"ok\":true,\"data\":[]}\n" },
	{ "\"fdb\"", "{\"ok\":true,\"data\":[]}\n" },
	{ "\"drops\"", "{\"protocol\":1,\"ok\":false,\"error\":\"no\"}\n" },
	{ "\"stop\"", "{\"protocol\":1,\"ok\":true,\"data\":{}}\n" },
	{ NULL, NULL },
};

static void test_another_version_is_told_and_can_be_stopped(void **state)
{
	(void)state;
	fake_instance("old", another);
	assert_int_equal(run_weir("show ports"), 1);
	assert_string_equal(cli_out, "");
	assert_non_null(strstr(cli_err, "old speaks version 1 of the control "
					"protocol"));
	assert_non_null(strstr(cli_err, "stop old and run it again"));
	assert_int_equal(run_weir("show -j fdb"), 1);
	assert_string_equal(cli_out, "");
	assert_non_null(strstr(cli_err, "old speaks version 0 of the control "
					"protocol"));
	assert_int_equal(run_weir("show drops"), 1);
	expect_error("weir: old: no\n");
	assert_int_equal(run_weir("stop"), 0);
}

static void test_hostile_replies(void **state)
{
	static const char *const nonsense[] = { "show fdb", "show drops" };

	(void)state;
	fake_instance("evil", hostile);
	assert_int_equal(run_weir("show ports"), 0);
	assert_null(strpbrk(cli_out, "\x1b\x7f\x9b"));
	assert_ptr_equal(strstr(cli_out, "a\\x1b[2J\\x09b\t-\t"), cli_out);
	assert_int_equal(run_weir("show -j ports"), 0);
	assert_null(strpbrk(cli_out, "\x1b\x7f\x9b\t"));
	assert_non_null(strstr(cli_out, "\\u001B[2J\\tb"));
	assert_non_null(strstr(cli_out, "\\u007f\\u009B"));
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(run_weir(nonsense[i]), 1);
		assert_non_null(strstr(cli_err, "cannot understand evil"));
	}
	assert_int_equal(run_weir("show policy"), 1);
	expect_error("weir: evil closed the connection without an answer; its "
		     "log says why\n");
	/* Not what was asked for, but nothing to fall over. */
	assert_int_equal(run_weir("show system"), 0);
}

static void test_silence_ends_at_the_timeout(void **state)
{
	static const struct fake_answer mute[] = { { NULL, NULL } };

	(void)state;
	fake_instance("mute", mute);
	assert_int_equal(run_weir("show ports -t 1"), 1);
	expect_error("weir: mute did not answer within 1 s; try again with a "
		     "longer -t\n");
}

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
		  OK("[" PORT("sw0.alice", "0") "," PORT("sw0.bob", "1") "]") },
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
	"\"links\":{\"sw0.t\":{\"port\":\"sw1.up\",\"tag\":\"" tag "\"}},"     \
	"\"verdict\":\"deliver\",\"reason\":\"none\""

/* The end of a frame's way is over all switches. */
static void test_hops_of_other_switches(void **state)
{
	static const struct fake_answer far[] = {
		{ "\"ports\"", OK("[" PORT("sw0.alice", "0") "]") },
		{ "\"sw1.up\"",
		  OK("{" FACTS(
			  "sw1.up") ",\"out\":\"sw1.far\","
				    "\"destinations\":[{\"port\":\"sw1.far\","
				    "\"reason\":\"no_rule\",\"reply\":false,\"rules\":2}],"
				    "\"deliver\":[],\"verdict\":\"drop\","
				    "\"reason\":\"no_rule\"}") },
		{ "\"trace\"",
		  OK("{" FACTS(
			  "sw0.alice") ",\"out\":\"sw0.t\","
				       "\"destinations\":[{\"port\":\"sw0.t\",\"reason\":"
				       "\"none\",\"reply\":false,\"rules\":1}],"
				       "\"deliver\":[\"sw0.t\"]," LINK(
					       "as-is") "}") },
		{ NULL, NULL },
	};

	(void)state;
	fake_instance("home", far);
	assert_int_equal(run_weir("trace alice 0200"), 0);
	assert_string_equal(
		cli_out,
		TOLD("sw0.alice",
		     "sw0.t") "step\tallow\tpass\tsw0.alice -> sw0.t is allowed\n"
			      "step\tpolicy\tpass\tsw0.alice -> sw0.t: no "
			      "further policy "
			      "refuses it\n"
			      "step\tdeliver\tpass\tto sw0.t\n"
			      "port\tsw0.t\tdeliver\t-\n"
			      "hop\tsw1.up\tfrom\tsw0.t\n" TOLD(
				      "sw1.up",
				      "sw1.far") "step\tallow\tdrop\tno rule of sw1.up -> sw1.far matches\n"
						 "port\tsw1.far\trefuse\tno_rule\n"
						 "verdict\tdrop\tno_rule\tdropped: "
						 "none of the rules between "
						 "the "
						 "two ports allows it\n");
}

/* The next switch is asked about the frame as it leaves by the link. */
static void test_a_tag_changes_at_a_link(void **state)
{
#define MACS "02000000000b02000000000a"
#define TAGGED(tag)                                                                            \
	{                                                                                      \
		"\"trace\"",                                                                   \
			OK("{\"port\":\"sw0.alice\",\"vlan\":7,\"deliver\":[\"sw0.t\"]," LINK( \
				tag) "}")                                                      \
	}
	static const struct {
		const struct fake_answer answer[3];
		const char *frame;
		const char *want;
	} table[] = {
		{ { { "\"ports\"", OK("[" PORT("sw0.alice", "0") "]") },
		    TAGGED("add") },
		  MACS "08004500",
		  MACS "8100000708004500" },
		{ { { "\"ports\"", OK("[" PORT("sw0.alice", "0") "]") },
		    TAGGED("strip") },
		  MACS "8100a00708004500",
		  MACS "08004500" },
		{ { { "\"ports\"", OK("[" PORT("sw0.alice", "0") "]") },
		    TAGGED("set") },
		  MACS "8100a00008004500",
		  MACS "8100a00708004500" },
		{ { { "\"ports\"", OK("[" PORT("sw0.alice", "0") "]") },
		    TAGGED("as-is") },
		  MACS "8100a00908004500",
		  MACS "8100a00908004500" },
		/* Too short for a tag. */
		{ { { "\"ports\"", OK("[" PORT("sw0.alice", "0") "]") },
		    TAGGED("strip") },
		  "0200",
		  "0200" },
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

static void test_decision_for_a_program(void **state)
{
	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("trace alice 02"), 0);
	assert_string_equal(
		cli_out,
		TOLD("sw0.alice",
		     "sw0.bob") "step\tallow\tdrop\tsw0.alice -> sw0.bob has no rule\n"
				"port\tsw0.bob\trefuse\tnot_allowed\n"
				"verdict\tdrop\tnot_allowed\tdropped: no rule "
				"lets the port send "
				"to the destination port\n");
}

/* A switch behind a link that says nothing ends the frame's way. */
static void test_a_switch_that_cannot_be_asked(void **state)
{
	static const struct fake_answer far[] = {
		{ "\"ports\"", OK("[" PORT("sw0.alice", "0") "]") },
		{ "\"sw1.up\"",
		  "{\"protocol\":2,\"ok\":false,\"error\":\"not_running\"}\n" },
		{ "\"trace\"",
		  OK("{" FACTS("sw0.alice") ",\"out\":\"sw0.t\","
					    "\"deliver\":[\"sw0.t\"]," LINK(
						    "as-is") "}") },
		{ NULL, NULL },
	};

	(void)state;
	fake_instance("home", far);
	assert_int_equal(run_weir("trace alice 02"), 0);
	assert_string_equal(
		cli_out,
		TOLD("sw0.alice",
		     "sw0.t") "port\tsw0.t\tdeliver\t-\n"
			      "hop\tsw1.up\tfrom\tsw0.t\n"
			      "verdict\tunknown\tno_answer\tsw1 is not "
			      "running\n");
}

static void test_policy_for_a_program(void **state)
{
	(void)state;
	fake_instance("home", ruled);
	assert_int_equal(run_weir("show policy"), 0);
	assert_string_equal(
		cli_out,
		"sw0.a\tmac-lock\t-\t02:00:00:00:00:0a\t-\t-\t-\t-\t-\t-\n"
		"sw0.a\tallow\tsw0.b\t-\ttcp port 443\tyes\t12\t"
		"home.conf:7\t96\t4\n"
		"sw0.b\tdeny\tsw0.a\t-\t-\tno\t-\thome.conf:8\t-\t-\n");
}

static void test_flows_and_groups_for_a_program(void **state)
{
	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("show flows"), 0);
	assert_string_equal(cli_out,
			    "sw0\t7\tsw0.alice\tsw0.bob\ttcp\t10.0.0.1\t1024\t"
			    "10.0.0.2\t443\tanswered\t7439\thome.conf:12\n");
	assert_int_equal(run_weir("show groups"), 0);
	assert_string_equal(cli_out,
			    "sw0\t0\t239.1.2.3\tsw0.bob\tmember\t260\n");
}

/* What is typed, and the statement that is sent. */
static void test_changes_are_statements(void **state)
{
	static const struct {
		const char *words;
		const char *text;
	} table[] = {
		{ "allow alice bob", "allow alice -> bob" },
		{ "allow alice -> bob", "allow alice -> bob" },
		{ "allow sw0.alice <-> kids", "allow sw0.alice <-> kids" },
		{ "allow -b alice bob", "allow alice <-> bob" },
		{ "allow alice bob --both", "allow alice <-> bob" },
		{ "allow alice bob reply", "allow alice -> bob reply" },
		{ "allow alice bob when tcp or arp reply",
		  "allow alice -> bob when \\\"tcp or arp\\\" reply" },
		{ "deny alice bob when port 22",
		  "deny alice -> bob when \\\"port 22\\\"" },
		{ "deny -> bob -b", NULL },
		{ "limit alice 10mbit", "set alice { limit 10mbit }" },
		{ "limit alice in 10mbit burst 64k",
		  "set alice { limit in 10mbit burst 64k }" },
		{ "limit alice out off", "set alice { limit out off }" },
		{ "storm alice broadcast 100/s burst 10",
		  "set alice { storm broadcast 100/s burst 10 }" },
		{ "storm alice unknown off",
		  "set alice { storm unknown off }" },
		{ "storm alice none", "set alice { storm none }" },
		{ "lock alice mac 02:00:00:00:00:01",
		  "set alice { mac lock 02:00:00:00:00:01 }" },
		{ "lock alice mac 02:00:00:00:00:01 02:00:00:00:00:02",
		  "set alice { mac lock 02:00:00:00:00:01, "
		  "02:00:00:00:00:02 }" },
		{ "lock alice mac off", "set alice { mac lock off }" },
		{ "lock alice ip 10.0.0.1,fe80::/64",
		  "set alice { ip lock 10.0.0.1, fe80::/64 }" },
		{ "lock alice ip 10.0.0.1 10.0.0.2, 10.1.0.0/16",
		  "set alice { ip lock 10.0.0.1, 10.0.0.2, 10.1.0.0/16 }" },
	};

	(void)state;
	fake_instance("home", home);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		char want[256];

		if (table[i].text == NULL) {
			assert_int_equal(run_weir(table[i].words), 2);
			continue;
		}
		assert_int_equal(run_weir(table[i].words), 0);
		snprintf(want, sizeof(want),
			 "{\"cmd\":\"change\",\"text\":\"%s\"}\n",
			 table[i].text);
		if (strstr(fake_requests(), want) == NULL)
			fail_msg("%s sent %s", table[i].words, fake_requests());
		/* Nothing is said but warnings. */
		assert_string_equal(cli_out, "");
		assert_string_equal(cli_err, "(runtime):1:1: warning: odd\n");
	}
	assert_int_equal(run_weir("allow alice bob -j"), 0);
	assert_non_null(strstr(cli_out, "\"changed\": 1"));
}

static void test_a_change_that_is_refused(void **state)
{
	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("allow alice bob when tcp port 1"), 1);
	expect_error("(runtime):1:7: unknown port\\x1b[2J\n"
		     "weir: home: 1 error; nothing was changed\n");
}

static void test_undo(void **state)
{
	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("undo"), 0);
	assert_string_equal(fake_requests(), "{\"cmd\":\"undo\"}\n");
	assert_string_equal(cli_out, "change 3 taken back: deny a\\x1b -> b\n");
	assert_string_equal(cli_err, "");
	assert_int_equal(run_weir("undo 3 -j"), 0);
	assert_non_null(
		strstr(fake_requests(), "{\"cmd\":\"undo\",\"number\":3}\n"));
	assert_non_null(strstr(cli_out, "\"number\": 3"));
	assert_null(strstr(cli_out, "taken back"));
}

static void test_reload_names_a_file_in_full(void **state)
{
	char *here = getcwd(NULL, 0);
	char want[1024];

	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("reload"), 0);
	assert_string_equal(fake_requests(), "{\"cmd\":\"reload\"}\n");
	assert_int_equal(run_weir("reload /etc/weir/home.conf"), 0);
	assert_non_null(strstr(fake_requests(), "{\"cmd\":\"reload\",\"file\":"
						"\"/etc/weir/home.conf\"}\n"));
	assert_int_equal(run_weir("reload new.conf"), 0);
	snprintf(want, sizeof(want),
		 "{\"cmd\":\"reload\",\"file\":\"%s/new.conf\"}\n", here);
	assert_non_null(strstr(fake_requests(), want));
	assert_string_equal(cli_out, "");
	assert_string_equal(cli_err, "");
	free(here);
}

static void test_stop(void **state)
{
	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("stop"), 0);
	assert_string_equal(fake_requests(), "{\"cmd\":\"stop\"}\n");
	assert_string_equal(cli_out, "");
	assert_int_equal(run_weir("stop home"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nothing_runs),
		TEST(test_the_one_that_runs),
		TEST(test_several_run),
		TEST(test_rows_for_a_program),
		TEST(test_json_is_the_replys_data),
		TEST(test_another_version_is_told_and_can_be_stopped),
		TEST(test_refusals_are_defused_and_fail),
		TEST(test_hostile_replies),
		TEST(test_silence_ends_at_the_timeout),
		TEST(test_ports_are_found_by_short_name),
		TEST(test_described_frames),
		TEST(test_frames_that_cannot_be_put_together),
		TEST(test_packets_are_filled_in),
		TEST(test_hops_of_other_switches),
		TEST(test_a_tag_changes_at_a_link),
		TEST(test_decision_for_a_program),
		TEST(test_a_switch_that_cannot_be_asked),
		TEST(test_policy_for_a_program),
		TEST(test_flows_and_groups_for_a_program),
		TEST(test_changes_are_statements),
		TEST(test_a_change_that_is_refused),
		TEST(test_undo),
		TEST(test_reload_names_a_file_in_full),
		TEST(test_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
