/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `weir metrics` prints: the text formats of Prometheus and OpenMetrics.
 */
#include <stdbool.h>

#include "tests/unit/cli_rig.h"

static const struct fake_answer busy[] = {
	{ "\"ports\"",
	  OK("[{\"port\":\"sw0.alice\",\"number\":0,\"kind\":\"tap\","
	     "\"attached\":\"tap x\",\"state\":\"up\",\"in_frames\":1,"
	     "\"in_bytes\":2,\"out_frames\":3,\"out_bytes\":4,\"drops\":5,"
	     "\"faults\":6,\"restarts\":7,\"mirror_missed\":8},"
	     "{\"port\":\"sw0.bob\",\"number\":1,\"kind\":\"nic\","
	     "\"attached\":\"nic y\",\"state\":\"no carrier\","
	     "\"in_frames\":9223372036854775807,\"in_bytes\":0,"
	     "\"out_frames\":0,\"out_bytes\":0,\"drops\":0,\"faults\":0,"
	     "\"restarts\":0,\"mirror_missed\":0}]") },
	{ "\"drops\"", OK("[{\"port\":\"sw0.alice\",\"reason\":\"no_rule\","
			  "\"side\":\"out\",\"count\":5}]") },
	{ "\"policy\"",
	  OK("[{\"from\":\"sw0.a\",\"action\":\"mac-lock\",\"macs\":"
	     "[\"02:00:00:00:00:0a\"]},"
	     "{\"from\":\"sw0.a\",\"to\":\"sw0.b\",\"action\":\"allow\","
	     "\"filter\":\"host \\\"x\\\\\\n\",\"reply\":true,\"hits\":12,"
	     "\"number\":0,\"file\":\"home.conf\",\"line\":7},"
	     "{\"from\":\"sw0.b\",\"to\":\"sw0.a\",\"action\":\"deny\","
	     "\"filter\":\"\",\"reply\":false,\"hits\":null,"
	     "\"number\":1,\"file\":\"home.conf\",\"line\":8}]") },
	{ "\"system\"",
	  OK("{\"name\":\"home\",\"pid\":9,\"pds\":[{\"name\":\"sw0\","
	     "\"pid\":10,\"state\":\"running\",\"restarts\":2,"
	     "\"maps\":[{\"region\":\"r1\",\"size\":4096,\"perms\":\"r\"},"
	     "{\"region\":\"r2\",\"size\":8192,\"perms\":\"rw\"}]}]}") },
	{ "\"vms\"",
	  OK("[{\"vm\":\"netvm\",\"kind\":\"driver\",\"state\":\"ready\","
	     "\"restarts\":1,\"rx_frames\":2,\"tx_frames\":3,\"exits\":10,"
	     "\"refusals\":13},{\"vm\":\"bob\",\"kind\":\"client\","
	     "\"state\":\"running\",\"restarts\":4,\"reboots\":3,"
	     "\"memory_mib\":128,\"exits\":5}]") },
	{ NULL, NULL },
};

static void prints(const char *line)
{
	const char *found = strstr(cli_out, line);

	if (!found || (found != cli_out && found[-1] != '\n') ||
	    found[strlen(line)] != '\n')
		fail_msg("no line '%s' in:\n%s", line, cli_out);
}

static void test_values(void **state)
{
	(void)state;
	fake_instance("home", busy);
	assert_int_equal(run_weir("metrics"), 0);
	prints("weir_port_up{name=\"home\",port=\"sw0.alice\",kind=\"tap\"} 1");
	prints("weir_port_up{name=\"home\",port=\"sw0.bob\",kind=\"nic\"} 0");
	prints("weir_port_state{name=\"home\",port=\"sw0.bob\",kind=\"nic\","
	       "state=\"no carrier\"} 1");
	prints("weir_port_frames_total{name=\"home\",port=\"sw0.alice\","
	       "direction=\"in\"} 1");
	prints("weir_port_frames_total{name=\"home\",port=\"sw0.bob\","
	       "direction=\"in\"} 9223372036854775807");
	prints("weir_port_bytes_total{name=\"home\",port=\"sw0.alice\","
	       "direction=\"out\"} 4");
	prints("weir_port_drops_total{name=\"home\",port=\"sw0.alice\","
	       "reason=\"no_rule\",side=\"out\"} 5");
	prints("weir_port_missed_total{name=\"home\",port=\"sw0.alice\"} 8");
	prints("weir_domain_restarts_total{name=\"home\",domain=\"sw0\"} 2");
	prints("weir_domain_mapped_bytes{name=\"home\",domain=\"sw0\"} 12288");
	prints("weir_vm_frames_total{name=\"home\",vm=\"netvm\","
	       "direction=\"out\"} 3");
	prints("weir_vm_reboots_total{name=\"home\",vm=\"bob\"} 3");
}

/* A rule's count that is not known has no sample, rather than 0. */
static void test_rules(void **state)
{
	(void)state;
	fake_instance("home", busy);
	assert_int_equal(run_weir("metrics"), 0);
	prints("weir_rule_frames_total{name=\"home\",from=\"sw0.a\","
	       "to=\"sw0.b\",number=\"0\",action=\"allow\","
	       "filter=\"host \\\"x\\\\\\\\x0a\",where=\"home.conf:7\"} 12");
	assert_null(strstr(cli_out, "home.conf:8"));
	assert_null(strstr(cli_out, "mac-lock"));
}

/* Words of a line, as pointers into it, which is cut. */
static void family_and_sample(char *line, char **name, bool *comment)
{
	*comment = strncmp(line, "# TYPE ", 7) == 0;
	*name = *comment ? line + 7 : line;
	(*name)[strcspn(*name, " {")] = 0;
}

/* Each family comes once, its lines together, its TYPE first. */
static void check_families(const char *sample_suffix)
{
	char family[64] = "", seen[2048] = "";

	for (char *next, *line = strtok_r(cli_out, "\n", &next); line;
	     line = strtok_r(NULL, "\n", &next)) {
		char *name, mark[80], expected[80];
		bool comment;

		if (!strncmp(line, "# HELP ", 7) || !strcmp(line, "# EOF"))
			continue;
		family_and_sample(line, &name, &comment);
		if (comment) {
			snprintf(mark, sizeof(mark), " %s ", name);
			assert_null(strstr(seen, mark));
			strcat(seen, mark);
			snprintf(family, sizeof(family), "%s", name);
			continue;
		}
		snprintf(expected, sizeof(expected), "%s%s", family,
			 sample_suffix);
		if (strcmp(name, family) != 0)
			assert_string_equal(name, expected);
	}
}

static void test_formats(void **state)
{
	(void)state;
	fake_instance("home", busy);
	assert_int_equal(run_weir("metrics"), 0);
	prints("# TYPE weir_port_frames_total counter");
	assert_null(strstr(cli_out, "# EOF"));
	check_families("");
	assert_int_equal(run_weir("metrics -O"), 0);
	prints("# TYPE weir_port_frames counter");
	assert_string_equal(cli_out + strlen(cli_out) - 6, "# EOF\n");
	check_families("_total");
}

/* Half of the values would look like counters that were reset. */
static void test_all_or_nothing(void **state)
{
	static const struct fake_answer broken[] = {
		{ "\"ports\"", OK("[{\"port\":\"sw0.a\"}]") },
		{ "\"drops\"", "{\"protocol\":2,\"ok\":false,\"error\":"
			       "\"no_memory\"}\n" },
		{ NULL, NULL },
	};

	(void)state;
	fake_instance("home", broken);
	assert_int_equal(run_weir("metrics"), 1);
	assert_string_equal(cli_out, "");
	assert_non_null(strstr(cli_err, "out of memory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cli_test(test_values),
		cli_test(test_rules),
		cli_test(test_formats),
		cli_test(test_all_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
