/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Topologies nobody wrote: mutations of all the good and bad ones.
 *
 * Whatever comes in, a compilation ends, leaks nothing (the sanitizers say),
 * has a system exactly if it has no error, and every line it says is one
 * message with a position, in order.  A system that comes out keeps all
 * promises.
 *
 * The sequence is fixed, so a failure comes back.  The text that failed is left
 * in the file named in the message.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/config_lookup.h"
#include "tests/unit/config_promise.h"
#include "tests/unit/config_rig.h"

#define ROUNDS 8000
#define CHANGES 1500
/* Seconds; a hundred times what it takes. */
#define PATIENCE 250
/* Longer seeds are about numbers, and take their time. */
#define LONGEST 3000

static char **seed;
static size_t n_seeds;
static char *whole[3];
static uint64_t random_state = 0x5765697220766d31ull;

/* xorshift64* */
static uint32_t any(uint32_t below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1dull) >> 33) % below;
}

/* --- mutations ----------------------------------------------------------- */

static const char *const words[] = {
	"switch ",
	"port ",
	"link ",
	"allow ",
	"domain ",
	"include ",
	"tap ",
	"nic ",
	"socket ",
	"listen ",
	"connect ",
	"tcp ",
	"attach ",
	"capture ",
	"of ",
	"all ",
	"filter ",
	"drops ",
	"overwrite ",
	"rotate ",
	"files ",
	"mac ",
	"lock ",
	"mtu ",
	"buffers ",
	"reserved ",
	"forward ",
	"poll ",
	"fdb ",
	"hash ",
	"linear ",
	"ageing ",
	"netns ",
	"program ",
	"args ",
	"follow ",
	"driver-vm ",
	"vm ",
	"vm a { kernel \"k\"; initrd \"i\"; nic pci \"0000:00:01.0\" }\n",
	"driver-vm a",
	"kernel ",
	"initrd ",
	"memory 32m",
	"pci ",
	"\"0000:00:03.0\"",
	"shared ",
	"uncached ",
	"append ",
	"vlan ",
	"access ",
	"trunk ",
	"native ",
	"vlan trunk 1-4094",
	"group ",
	"group a { b, a }\n",
	"sticky ",
	"mac sticky 3",
	"moves ",
	"mac moves 3/s",
	"burst ",
	"off ",
	"in ",
	"out ",
	"limit ",
	"limit 10mbit",
	"storm ",
	"storm broadcast 3/s",
	"multicast ",
	"unknown ",
	"ip ",
	"ip lock 10.0.0.1",
	"fe80::/10, ",
	"flows ",
	"flows 0\n",
	"snoop ",
	"policy ",
	"0x7 ",
	"when ",
	"when \"tcp port 80\"",
	"when \"host a\" reply",
	"\"vlan and (ip or ",
	"reply ",
	"deny ",
	"deny a -> b\n",
	"set ",
	"set a { ",
	"{",
	"}",
	"{\n",
	"\n}\n",
	";",
	",",
	"\n",
	" -> ",
	" <-> ",
	"=",
	"\"",
	"\"\"",
	"\"x\"",
	"$",
	"$x",
	"x = 1\n",
	"sw0",
	"a",
	"b",
	"sw0.a",
	".",
	"-",
	"0",
	"1",
	"65536",
	"99999999999999999999",
	"20us",
	"300s",
	"10m",
	"02:00:00:00:00:01",
	"127.0.0.1:1",
	"[::1]:1",
	"\"127.0.0.1:1\"",
	"#",
	"\xc3\xa9",
	"\xff",
	"\x01",
	"include \"t.conf\"",
	"include \"inc/site.inc\"\n",
	"switch a { port b { tap \"c\" } }\n"
};

/* Replaces @cut bytes at @at by @n bytes of @with. */
static void splice(char **text, size_t *size, size_t at, size_t cut,
		   const char *with, size_t n)
{
	char *out = malloc(*size - cut + n + 1);

	assert_non_null(out);
	memcpy(out, *text, at);
	memcpy(out + at, with, n);
	memcpy(out + at + n, *text + at + cut, *size - at - cut);
	*size = *size - cut + n;
	out[*size] = '\0';
	free(*text);
	*text = out;
}

static void mutate(char **text, size_t *size)
{
	size_t at = any((uint32_t)*size + 1);
	size_t rest = *size - at;
	size_t some = rest ? any(rest < 40 ? (uint32_t)rest : 40) : 0;
	const char *word = words[any(sizeof(words) / sizeof(words[0]))];
	char byte = (char)any(256);
	const char *other;
	size_t from;

	switch (any(7)) {
	case 0: /* lose some */
		splice(text, size, at, some, "", 0);
		break;
	case 1: /* a word too many */
		splice(text, size, at, 0, word, strlen(word));
		break;
	case 2: /* a word in place of something */
		splice(text, size, at, some, word, strlen(word));
		break;
	case 3: /* one byte changed */
		splice(text, size, at, rest ? 1 : 0, &byte, 1);
		break;
	case 4: /* some of it elsewhere once more */
		from = any((uint32_t)*size + 1);
		some = any(200);
		if (some > *size - from)
			some = *size - from;
		other = strndup(*text + from, some);
		assert_non_null(other);
		splice(text, size, at, 0, other, strlen(other));
		free((char *)other);
		break;
	case 5: /* cut off */
		splice(text, size, at, rest, "", 0);
		break;
	default: /* a line of another topology */
		other = seed[any((uint32_t)n_seeds)];
		other += any((uint32_t)strlen(other) + 1);
		splice(text, size, at, 0, other, strcspn(other, "\n"));
		break;
	}
}

/* --- what must hold ------------------------------------------------------ */

struct line {
	unsigned int line;
	unsigned int column;
};

/* Reads "FILE:LINE:COLUMN: TEXT\n"; returns the next line, or NULL. */
static const char *read_line(const char *p, bool *main_file, bool *warning,
			     struct line *at)
{
	const char *end = strchr(p, '\n');
	const char *colon = strchr(p, ':');
	int n = 0;

	if (!end || !colon || colon > end || colon == p)
		return NULL;
	*main_file = strncmp(p, "t.conf:", 7) == 0;
	if (sscanf(colon, ":%u:%u: %n", &at->line, &at->column, &n) != 2 || !n)
		return NULL;
	if (!at->line || !at->column || colon + n >= end)
		return NULL;
	*warning = strncmp(colon + n, "warning: ", 9) == 0;
	for (const char *c = p; c < end; c++) {
		if ((unsigned char)*c < ' ')
			return NULL;
	}
	return end + 1;
}

/* "... and 7 more errors": those that are not told. */
static bool read_count(const char **p, unsigned int *errors,
		       unsigned int *warnings)
{
	unsigned int n;
	char what;

	/* NOLINTNEXTLINE(cert-err34-c): we have written that. */
	if (sscanf(*p, "... and %u more %c", &n, &what) != 2)
		return false;
	*(what == 'e' ? errors : warnings) += n;
	*p = strchr(*p, '\n') + 1;
	return true;
}

static bool report_is_well_formed(const struct config_report *report)
{
	unsigned int errors = 0, warnings = 0;
	struct line last = { 0, 0 }, at;
	bool main_file, warning;

	for (const char *p = report->text; *p;) {
		if (read_count(&p, &errors, &warnings))
			continue;
		p = read_line(p, &main_file, &warning, &at);
		if (!p)
			return false;
		errors += !warning;
		warnings += warning;
		if (!main_file)
			continue;
		if (at.line < last.line ||
		    (at.line == last.line && at.column < last.column))
			return false;
		last = at;
	}
	return errors == report->errors && warnings == report->warnings;
}

static void must_hold(const struct system *sys,
		      const struct config_report *report)
{
	if (!report_is_well_formed(report) || strstr(report->text, "(null)") ||
	    (sys != NULL) != !report->errors)
		fail_msg("see %s/t.conf, which gives:\n%s", rig_folder,
			 report->text);
	if (sys)
		promise_check(sys);
}

static void compile(const char *text, size_t size)
{
	struct config_report report;
	struct system *sys;

	rig_put_n("t.conf", text, size);
	sys = config_compile("t.conf", &report);
	must_hold(sys, &report);
	system_free(sys);
	config_report_free(&report);
}

/* A text of changes is the file "t.conf" as well, for when it fails. */
static void recompile(const struct system *base, const char *text, size_t size)
{
	struct config_report report;
	struct system *sys;

	rig_put_n("t.conf", text, size);
	sys = config_recompile(base, text, &report);
	must_hold(sys, &report);
	system_free(sys);
	config_report_free(&report);
}

/* --- seeds --------------------------------------------------------------- */

static void plant(const char *from)
{
	struct rig_files files;

	rig_enter(from);
	files = rig_list(".conf");
	for (size_t i = 0; i < files.n; i++) {
		size_t size;
		char *text = rig_read(files.name[i], &size);

		assert_non_null(text);
		if (size > LONGEST) {
			free(text);
			continue;
		}
		seed = realloc(seed, (n_seeds + 1) * sizeof(*seed));
		assert_non_null(seed);
		seed[n_seeds++] = text;
	}
	rig_list_free(&files);
}

static int setup(void **state)
{
	char inc[4096];

	(void)state;
	plant("tests/topologies/bad");
	plant("tests/topologies/good");
	whole[0] = rig_read("domains.conf", NULL);
	whole[1] = rig_read("driver_vm.conf", NULL);
	whole[2] = rig_read("soft_policy.conf", NULL);
	if (!whole[0] || !whole[1] || !whole[2] || !realpath("inc", inc))
		return -1;
	if (rig_begin(state) != 0)
		return -1;
	return symlink(inc, "inc");
}

static int teardown(void **state)
{
	(void)state;
	unlink("t.conf");
	unlink("inc");
	for (size_t i = 0; i < n_seeds; i++)
		free(seed[i]);
	free(seed);
	free(whole[0]);
	free(whole[1]);
	free(whole[2]);
	return rig_end(state);
}

static void mutations(void **state)
{
	(void)state;
	assert_true(n_seeds > 100);
	alarm(PATIENCE);
	for (int i = 0; i < ROUNDS; i++) {
		char *text = strdup(seed[any((uint32_t)n_seeds)]);
		size_t size;

		assert_non_null(text);
		size = strlen(text);
		for (uint32_t n = 1 + any(6); n; n--)
			mutate(&text, &size);
		compile(text, size);
		free(text);
	}
	alarm(0);
}

/* What may come to a running system by its control socket. */
static void changes(void **state)
{
	static const char good[] =
		"allow a -> b when \"tcp port 80 or arp\" reply\n"
		"deny { a, b } <-> c\n"
		"set a {\n"
		"limit in 10mbit burst 64k; mac lock 02:00:00:00:00:01\n"
		"ip lock 10.0.0.0/8, fe80::1; vlan trunk 1-20 native 3\n"
		"}\n"
		"set b { storm unknown 3/s; limit off; mac moves off }\n"
		"allow people -> c; deny c -> people when $web\n";
	struct config_report report;
	struct system *base =
		rig_compile("web = \"tcp port 443\"\n"
			    "switch s { port a { tap \"a\" }\n"
			    "port b { tap \"b\" }; port c { tap \"c\" } }\n"
			    "group people { a, b }\n"
			    "allow people <-> c when \"arp\" reply\n",
			    &report);

	(void)state;
	assert_non_null(base);
	config_report_free(&report);
	recompile(base, good, strlen(good));
	for (int i = 0; i < CHANGES; i++) {
		char *text = strdup(good);
		size_t size = strlen(good);

		assert_non_null(text);
		for (uint32_t n = 1 + any(4); n; n--)
			mutate(&text, &size);
		recompile(base, text, size);
		free(text);
	}
	system_free(base);
}

/* Every prefix of a topology: an editor's save at the wrong moment. */
static void prefixes(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		for (size_t n = 0; n <= strlen(whole[i]); n++)
			compile(whole[i], n);
	}
}

static void nested(void **state)
{
	static char text[60000];

	(void)state;
	memset(text, '{', sizeof(text) - 1);
	compile(text, sizeof(text) - 1);
	memset(text, '}', sizeof(text) - 1);
	compile(text, sizeof(text) - 1);
	memset(text, '=', sizeof(text) - 1);
	compile(text, sizeof(text) - 1);
	memset(text, '"', sizeof(text) - 1);
	compile(text, sizeof(text) - 1);
	memset(text, ';', sizeof(text) - 1);
	compile(text, sizeof(text) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutations),
		cmocka_unit_test(changes),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(nested),
	};

	lookup_begin();
	return cmocka_run_group_tests(tests, setup, teardown);
}
