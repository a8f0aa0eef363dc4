/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of hosts in filters: which words are looked up, how often and for how
 * long.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/check/filter.h"
#include "tests/unit/config_lookup.h"
#include "tests/unit/config_rig.h"

#define PORTS "switch s { port a { tap \"a\" }; port b { tap \"b\" } }\n"

static int setup(void **state)
{
	(void)state;
	*lookups = 0;
	filter_limit_ms = 60000;
	return 0;
}

static struct system *rule(const char *filter, struct config_report *report)
{
	char text[512];

	snprintf(text, sizeof(text), PORTS "allow a <-> b when \"%s\"\n",
		 filter);
	return rig_compile(text, report);
}

/* Two filters that compile to one program. */
static void are_one(const char *left, const char *right)
{
	struct config_report reports[2];
	struct system *sys[2] = { rule(left, &reports[0]),
				  rule(right, &reports[1]) };
	const struct policy_image *a, *b;

	if (!sys[0] || !sys[1])
		fail_msg("%s%s", reports[0].text, reports[1].text);
	a = &sys[0]->policy[0].image;
	b = &sys[1]->policy[0].image;
	assert_int_equal(a->rule[0].n, b->rule[0].n);
	assert_memory_equal(a->insn, b->insn,
			    a->rule[0].n * sizeof(a->insn[0]));
	for (int i = 0; i < 2; i++) {
		system_free(sys[i]);
		config_report_free(&reports[i]);
	}
}

static void a_name_is_its_addresses(void **state)
{
	(void)state;
	are_one("host known.example", "host 10.0.0.1");
	are_one("src host both.example and tcp port 80",
		"(src host 10.0.0.2 or src host fd00::2) and tcp port 80");
	are_one("dst known.example or both.example",
		"dst 10.0.0.1 or (dst 10.0.0.2 or dst fd00::2)");
	are_one("host not known.example", "not host 10.0.0.1");
	are_one("not (src known.example or port 7)",
		"not (src 10.0.0.1 or port 7)");
	are_one("ip6 host both.example", "ip6 host fd00::2");
	are_one("ip and host both.example",
		"ip and (host 10.0.0.2 or host fd00::2)");
	assert_int_equal(*lookups, 8);
}

/* What names something else is not asked for. */
static void other_names_are_no_hosts(void **state)
{
	(void)state;
	are_one("tcp port http or https", "tcp port 80 or 443");
	are_one("ip proto \\tcp", "ip proto 6");
	are_one("tcp[tcpflags] & tcp-syn != 0", "tcp[13] & 2 != 0");
	are_one("tcp[tcpflags] == tcp-syn|tcp-ack", "tcp[13] == 18");
	are_one("icmp[icmptype] != icmp-timxceed", "icmp[0] != 11");
	are_one("ether host 02:00:00:00:00:01", "ether host 02:00:00:00:00:01");
	are_one("icmp6[icmp6type] == 135 and ip6 net fd00::/8",
		"icmp6[0] == 135 and ip6 net fd00::/8");
	assert_int_equal(*lookups, 0);
}

static void says(const char *filter, const char *message)
{
	struct config_report report;

	assert_null(rule(filter, &report));
	if (!strstr(report.text, message))
		fail_msg("%s: %s", filter, report.text);
	assert_int_equal(report.errors, 1);
	config_report_free(&report);
}

static void what_cannot_be_looked_up(void **state)
{
	(void)state;
	says("tcp port 80 and host no.example",
	     ":2:20: libpcap does not accept \"tcp port 80 and host "
	     "no.example\": unknown host 'no.example'; write the address");
	says("ip6 host known.example",
	     "unknown host 'known.example' for specified address family");
	says("arp dst host both.example", "ip6 host; write the IPv4 address");
	says("host known.example and tcp prot 80", "syntax error");
	says("gateway known.example", "write \"ether host MAC and not host");
}

static void each_filter_is_asked_for_once(void **state)
{
	struct config_report report;
	struct system *sys = rig_compile(
		PORTS
		"switch r { port c { tap \"c\" }; port d { tap \"d\" }\n"
		"port p { capture \"p\" of c; filter \"host known.example\" }\n"
		"port q { capture \"q\" of d; filter \"host both.example\" }\n"
		"}\n"
		"allow c -> d when \"host known.example\"\n"
		"allow d -> c when \"host both.example\" reply\n"
		"allow a <-> b when \"host known.example\"\n",
		&report);

	(void)state;
	if (!sys)
		fail_msg("%s", report.text);
	assert_int_equal(*lookups, 2);
	system_free(sys);
	config_report_free(&report);
}

static char *many_rules(unsigned int n, const char *format)
{
	size_t size;
	char *text;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	fputs(PORTS, f);
	for (unsigned int i = 0; i < n; i++) {
		/* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral) */
		fprintf(f, format, i);
	}
	assert_int_equal(fclose(f), 0);
	return text;
}

static void hc36_many_unknown_names(void **state)
{
	char *text =
		many_rules(200, "allow a -> b when \"host n%u.example\"\n");
	struct config_report report;

	(void)state;
	assert_null(rig_compile(text, &report));
	assert_int_equal(*lookups, 200);
	assert_int_equal(report.errors, 200);
	assert_non_null(
		strstr(report.text,
		       ":51:19: libpcap does not accept \"host n49.example\""));
	assert_null(strstr(report.text, "n50.example"));
	assert_non_null(strstr(report.text, "\n... and 150 more errors\n"));
	config_report_free(&report);
	free(text);
}

/*
 * One that answers is told from those that do not, and a compiler that waits
 * for them is ended by SIGALRM.
 */
static void hc36_a_resolver_that_hangs(void **state)
{
	struct config_report report;
	char *text = many_rules(
		40, "allow a -> b when \"host hung.example and port %u\"\n");

	(void)state;
	alarm(60);
	filter_limit_ms = 300;
	assert_null(rig_compile(text, &report));
	assert_int_equal(report.errors, 40);
	assert_non_null(strstr(report.text,
			       ":3:19: cannot compile \"host hung.example and "
			       "port 1\": names were not looked up within 0.3 "
			       "s, the limit for all filters together; write "
			       "addresses\n"));
	config_report_free(&report);
	free(text);
	alarm(0);
	/* No process is left. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_name_is_its_addresses, setup),
		cmocka_unit_test_setup(other_names_are_no_hosts, setup),
		cmocka_unit_test_setup(what_cannot_be_looked_up, setup),
		cmocka_unit_test_setup(each_filter_is_asked_for_once, setup),
		cmocka_unit_test_setup(hc36_many_unknown_names, setup),
		cmocka_unit_test_setup(hc36_a_resolver_that_hangs, setup),
	};

	lookup_begin();
	return cmocka_run_group_tests_name("hosts", tests, NULL, NULL);
}
