/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the command shows to a program: rows with tabs, and JSON.
 */
#include "tests/unit/cli_rig.h"

#define PORT(name, no)                                                         \
	"{\"port\":\"" name "\",\"number\":" no ",\"kind\":\"tap\","           \
	"\"attached\":\"tap x\",\"state\":\"up\",\"in_frames\":1,"             \
	"\"in_bytes\":2,\"out_frames\":3,\"out_bytes\":4,\"drops\":5,"         \
	"\"faults\":6,\"restarts\":7,\"mirror_missed\":8}"

static const struct fake_answer home[] = {
	{ "\"ports\"",
	  OK("[" PORT("sw0.alice", "0") "," PORT("sw0.bob", "1") "]") },
	{ "\"fdb\"",
	  OK("[{\"switch\":\"sw0\",\"mac\":\"02:00:00:00:00:0a\",\"vlan\":0,"
	     "\"port\":\"sw0.alice\",\"age\":3,\"flags\":\"\"},"
	     "{\"switch\":\"sw0\",\"mac\":\"02:00:00:00:00:0a\",\"vlan\":9,"
	     "\"port\":\"sw0.alice\",\"age\":3,\"flags\":\"\"}]") },
	{ "\"drops\"", OK("[]") },
	{ "\"vms\"",
	  OK("[{\"vm\":\"netvm\",\"kind\":\"driver\","
	     "\"ports\":[\"sw0.up\"],\"state\":\"ready\","
	     "\"nic\":\"0000:00:03.0\",\"mac\":\"52:54:00:12:34:56\","
	     "\"carrier\":\"up\",\"mtu\":1500,\"restarts\":1,"
	     "\"ready_ms\":812,\"rx_frames\":2,\"tx_frames\":3,"
	     "\"rx_no_buffer\":4,\"wakeups\":5,\"syscalls\":6,"
	     "\"doorbells\":7,\"interrupts\":8,\"copied\":9,\"exits\":10,"
	     "\"rx_passed\":11,\"tx_passed\":12,\"refusals\":13,"
	     "\"refused\":[]},{\"vm\":\"bob\",\"kind\":\"client\","
	     "\"ports\":[\"sw0.bob\",\"sw0.lan\"],\"state\":\"running\","
	     "\"cpus\":2,\"memory_mib\":128,\"restarts\":1,\"reboots\":3,"
	     "\"again_ms\":0,\"uptime_s\":4,\"exits\":5}]") },
	{ "\"system\"",
	  OK("{\"name\":\"home\",\"pid\":9,\"pds\":[{\"name\":\"sw0\","
	     "\"pid\":10,\"state\":\"running\",\"restarts\":0,\"poll_us\":20,"
	     "\"cpus\":\"2-3\","
	     "\"components\":[\"sw0\",\"sw0.up\"],\"maps\":[{\"region\":\"r1\","
	     "\"size\":4096,\"perms\":\"r\"},{\"region\":\"r2\",\"size\":8192,"
	     "\"perms\":\"rw\"}],\"channels\":[\"sw0.alice\"]}],"
	     "\"regions\":[],\"channels\":[]}") },
	{ "\"trace\"", OK("{\"port\":\"sw0.alice\",\"deliver\":[],"
			  "\"verdict\":\"drop\",\"reason\":\"no_rule\"}") },
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
	{ NULL, NULL },
};

/* One that has rules. */
static const struct fake_answer ruled[] = {
	{ "\"policy\"",
	  OK("[{\"from\":\"sw0.a\",\"action\":\"mac-lock\",\"macs\":"
	     "[\"02:00:00:00:00:0a\"]},"
	     "{\"from\":\"sw0.a\",\"to\":\"sw0.b\",\"action\":\"allow\","
	     "\"filter\":\"tcp port 443\",\"reply\":true,\"hits\":12,"
	     "\"number\":0,\"file\":\"home.conf\",\"line\":7,"
	     "\"snapshot\":96,\"change\":4},"
	     "{\"from\":\"sw0.b\",\"to\":\"sw0.a\",\"action\":\"deny\","
	     "\"filter\":\"\",\"reply\":false,\"hits\":null,"
	     "\"number\":1,\"file\":\"home.conf\",\"line\":8}]") },
	{ NULL, NULL },
};

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
			    "\t6\t7\t8\t9\t10\t11\t12\t13\tdriver\t-\t-\t-"
			    "\t-\n"
			    "bob\tsw0.bob, sw0.lan\trunning\t-\t-\t-\t-\t1\t-"
			    "\t-\t-\t-\t-\t-\t-\t-\t-\t5\t-\t-\t-\tclient"
			    "\t2\t128\t3\t4\n");
	assert_int_equal(run_weir("show system"), 0);
	assert_string_equal(cli_out,
			    "pd\tsw0\t10\trunning\t0\t20\t1\t2\t12288\t"
			    "sw0,sw0.up\t2-3\nmap\tsw0\tr1\tr\t4096\n"
			    "map\tsw0\tr2\trw\t8192\n");
}

/* Columns that only one kind of VM has are in one table. */
static void test_vms_for_a_person(void **state)
{
	const char *driver, *client;

	(void)state;
	fake_instance("home", home);
	assert_int_equal(run_weir("show --table vms"), 0);
	driver = strstr(cli_out, "\nnetvm ");
	client = strstr(cli_out, "\nbob ");
	assert_non_null(driver);
	assert_non_null(client);
	assert_true(driver < client);
	assert_non_null(strstr(driver, "\n\nVM "));
	assert_non_null(strstr(driver, "MEMORY/MiB"));
	assert_null(strstr(driver, "CARRIER"));
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cli_test(test_rows_for_a_program),
		cli_test(test_vms_for_a_person),
		cli_test(test_json_is_the_replys_data),
		cli_test(test_policy_for_a_program),
		cli_test(test_flows_and_groups_for_a_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
