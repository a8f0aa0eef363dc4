/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What takes a restart: said for what users have words for, and overlooked for
 * nothing.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/config_rig.h"

#define VM "vm v { kernel \"/k\"; initrd \"/i\"; nic pci \"0000:00:03.0\" }\n"
#define REST                                                                   \
	"link s.x <-> t.y\nallow a <-> up\nallow t.d <-> y\n"                  \
	"domain d { s a }\n"
#define BODY                                                                   \
	"port a { tap \"a\" }\nport b { program \"/p\" args \"q\" }\n"         \
	"port up { driver-vm v }\n"                                            \
	"port p { capture \"p\" of a; filter \"arp\" }\n}\n"
#define OTHER "switch t { port d { tap \"d\" } }\n"
#define BASE "switch s {\n" BODY OTHER VM REST

/* --- what may change ------------------------------------------------------ */

static const char *const allowed[] = {
	"# moved down\n\n\n" BASE,
	BASE "deny a -> b when \"arp\"\nallow a -> b when \"tcp\" reply\n",
	BASE "group g { a, b }\nallow g <-> g\n",
	"switch s {\nmulticast snoop; policy 1 2 3\n" BODY OTHER VM REST,
	"switch s {\nport a { tap \"a\"; limit 1mbit; vlan access 3; ip lock "
	"10.0.0.1\nmac sticky 3; storm unknown 3/s; mac moves off }\n"
	"port b { program \"/p\" args \"q\" }\nport up { driver-vm v; mac lock "
	"02:00:00:00:00:09 }\n"
	"port p { capture \"p\" of a; filter \"arp\" }\n}\n" OTHER VM REST,
	"switch s {\n" BODY OTHER VM "allow t.d -> y\nlink s.x <-> t.y { limit "
	"1mbit }\ndomain d { s a }\n",
};

static void are_one(const struct system *a, const struct system *b,
		    const char *text)
{
	char *why;

	if (config_differs(a, b, &why) != 0)
		fail_msg("%s%s", text, why);
	assert_string_equal(why, "");
	free(why);
}

static void policies_may_change(void **state)
{
	struct system *base = rig_good(BASE);

	(void)state;
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		struct system *next = rig_good(allowed[i]);

		are_one(base, next, allowed[i]);
		are_one(next, base, allowed[i]);
		system_free(next);
	}
	system_free(base);
}

/* Who runs a switch gives it a secret. */
static void a_seed_is_no_difference(void **state)
{
	struct system *base = rig_good(BASE), *next = rig_good(BASE);

	(void)state;
	base->pd[0].comp[0].sw.tables.fdb.seed = 0x123456789abcdefull;
	are_one(base, next, "a seed");
	system_free(base);
	system_free(next);
}

/* --- what may not --------------------------------------------------------- */

static const struct {
	const char *text;
	const char *why;
} refused[] = {
	{ "switch s {\nport z { tap \"z\" }\n" BODY OTHER VM REST,
	  "port s.z is new" },
	{ "switch s {\nport a { tap \"a\" }\nport up { driver-vm v }\n"
	  "port p { capture \"p\" of a; filter \"arp\" }\n}\n" OTHER VM REST,
	  "port s.b is gone" },
	{ BASE "switch u { port e { tap \"e\" } }\n", "switch u is new" },
	{ "switch s {\nport a { tap \"a\" }\nport b { program \"/p\" args "
	  "\"q\" }\nport up { nic \"n\" }\nport p { capture \"p\" of a; filter "
	  "\"arp\" }\n}\n" OTHER REST,
	  "vm v is gone" },
	{ "switch s {\nflows 100\n" BODY OTHER VM REST,
	  "switch s: flows 4096 becomes 100" },
	{ "switch s {\nfdb hash 99\n" BODY OTHER VM REST,
	  "switch s: entries of fdb 4096 becomes 99" },
	{ "switch s {\nfdb 64\n" BODY OTHER VM REST,
	  "switch s: entries of fdb 4096 becomes 64" },
	{ "switch s {\nageing 5s\n" BODY OTHER VM REST,
	  "switch s: ageing 300 becomes 5" },
	{ OTHER "switch s {\n" BODY VM REST,
	  "switches, ports, links or domains stand in another order" },
	{ "switch s {\nport b { program \"/p\" args \"q\" }\nport a { tap "
	  "\"a\" }\nport up { driver-vm v }\nport p { capture \"p\" of a; "
	  "filter \"arp\" }\n}\n" OTHER VM REST,
	  "switches, ports, links or domains stand in another order" },
	{ "switch s {\nport a { tap \"a\"; mtu 9000 }\n"
	  "port b { program \"/p\" args \"q\" }\nport up { driver-vm v }\n"
	  "port p { capture \"p\" of a; filter \"arp\"; mtu 1500 }\n}\n" OTHER
		  VM REST,
	  "port s.a: mtu 1500 becomes 9000" },
	{ "switch s {\nport a { tap \"a\"; buffers 64 }\n"
	  "port b { program \"/p\" args \"q\" }\nport up { driver-vm v }\n"
	  "port p { capture \"p\" of a; filter \"arp\" }\n}\n" OTHER VM REST,
	  "port s.a: buffers 512 becomes 64" },
	{ "switch s {\nport a { tap \"a\"; offload off; buffers 512 }\n"
	  "port b { program \"/p\" args \"q\" }\nport up { driver-vm v }\n"
	  "port p { capture \"p\" of a; filter \"arp\" }\n}\n" OTHER VM REST,
	  "port s.a: \"offload off\" is new" },
	{ "switch s {\nport a { nic \"a\" }\n"
	  "port b { program \"/p\" args \"q\" }\nport up { driver-vm v }\n"
	  "port p { capture \"p\" of a; filter \"arp\" }\n}\n" OTHER VM REST,
	  "port s.a: tap \"a\" becomes nic \"a\"" },
	{ "switch s {\nport a { tap \"a\"; follow up; reserved forward }\n"
	  "port b { program \"/p\" args \"q\" }\nport up { driver-vm v }\n"
	  "port p { capture \"p\" of a; filter \"arp\" }\n}\n" OTHER VM REST,
	  "port s.a: \"reserved forward\" is new\n"
	  "port s.a: follow \"\" becomes \"s.up\"" },
	{ "switch s {\nport a { tap \"a\"; follow up }\n"
	  "port b { program \"/p\" args \"q\" }\nport up { driver-vm v }\n"
	  "port p { capture \"p\" of a; filter \"arp\" }\n}\n" OTHER VM REST,
	  "port s.a: follow \"\" becomes \"s.up\"" },
	{ "switch s {\nport a { tap \"a\" }\n"
	  "port b { program \"/p\" args \"r\" }\nport up { driver-vm v }\n"
	  "port p { capture \"p\" of a; filter \"arp\" }\n}\n" OTHER VM REST,
	  "port s.b: program \"/p\" args \"q\" mac f270bf826827 becomes "
	  "program \"/p\" args \"r\" mac f270bf826827" },
	{ "switch s {\nport a { tap \"a\" }\n"
	  "port b { program \"/p\" args \"q\"; mac lock 02:00:00:00:00:07 }\n"
	  "port up { driver-vm v }\n"
	  "port p { capture \"p\" of a; filter \"arp\" }\n}\n" OTHER VM REST,
	  "port s.b: program \"/p\" args \"q\" mac f270bf826827 becomes "
	  "program \"/p\" args \"q\" mac 020000000007" },
	{ "switch s {\nport a { tap \"a\" }\n"
	  "port b { program \"/p\" args \"q\" }\nport up { driver-vm v }\n"
	  "port p { capture \"p\" of a; filter \"ip\" }\n}\n" OTHER VM REST,
	  "port s.p: capture \"p\" filter \"arp\" becomes "
	  "capture \"p\" filter \"ip\"" },
	{ "switch s {\nport a { tap \"a\" }\n"
	  "port b { program \"/p\" args \"q\" }\nport up { driver-vm v }\n"
	  "port p { capture \"p\" of b; filter \"arp\" }\n}\n" OTHER VM REST,
	  "port s.p: \"of s.b\" is new\nport s.p: \"of s.a\" is gone" },
	{ "switch s {\nport a { tap \"a\" }\n"
	  "port b { program \"/p\" args \"q\" }\nport up { driver-vm v }\n"
	  "port p { capture \"p\" of a; filter \"arp\"; drops }\n}\n" OTHER VM
		  REST,
	  "port s.p: capture \"p\" filter \"arp\" becomes "
	  "capture \"p\" filter \"arp\" drops" },
	{ "switch s {\nport a { tap \"a\" }\n"
	  "port b { program \"/p\" args \"q\" }\nport up { driver-vm v }\n"
	  "port p { capture \"p\" of a; filter \"arp\"; overwrite }\n}\n" OTHER
		  VM REST,
	  "port s.p: capture \"p\" filter \"arp\" becomes "
	  "capture \"p\" filter \"arp\" overwrite" },
	{ "switch s {\n" BODY OTHER
	  "vm v { kernel \"/k\"; initrd \"/i\"; memory 64m; nic pci "
	  "\"0000:00:03.0\" }\n" REST,
	  "vm v: memory in MiB 32 becomes 64" },
	{ "switch s {\n" BODY OTHER
	  "vm v { kernel \"/k\"; initrd \"/i\"; nic pci "
	  "\"0000:00:04.0\" }\n" REST,
	  "vm v: nic \"0000:00:03.0\" becomes \"0000:00:04.0\"" },
	{ "switch s {\n" BODY OTHER
	  "vm v { kernel \"/k\"; initrd \"/i\"; nic pci \"0000:00:03.0\"; "
	  "append \"x\" }\n" REST,
	  "vm v: append \"\" becomes \"x\"" },
	{ "switch s {\n" BODY OTHER VM
	  "link s.x <-> t.y { mtu 9000 }\nallow a <-> up\nallow t.d <-> y\n"
	  "domain d { s a }\n",
	  "link s.x<->t.y: mtu 1500 becomes 9000" },
	{ "switch s {\n" BODY OTHER VM
	  "link s.x <-> t.y\nallow a <-> up\nallow t.d <-> y\n"
	  "domain d { s a; poll 20us }\n",
	  "domain d: poll in microseconds 0 becomes 20" },
	{ "switch s {\n" BODY OTHER VM
	  "link s.x <-> t.y\nallow a <-> up\nallow t.d <-> y\n"
	  "domain d { s up }\n",
	  "port s.a: domain d becomes none" },
	{ "switch s {\n" BODY OTHER VM
	  "link s.x <-> t.y\nallow a <-> up\nallow t.d <-> y\n",
	  "switch s: domain d becomes none\nport s.a: domain d becomes none" },
};

static void what_takes_a_restart_is_said(void **state)
{
	struct system *base = rig_good(BASE);

	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct system *next = rig_good(refused[i].text);
		char want[512];
		char *why;
		unsigned int n = config_differs(base, next, &why);

		snprintf(want, sizeof(want), "%s\n", refused[i].why);
		if (strncmp(why, want, strlen(want)) != 0)
			fail_msg("%s\ngives: %s", refused[i].text, why);
		assert_int_equal(rig_lines(why), n);
		free(why);
		assert_int_not_equal(config_differs(next, base, &why), 0);
		free(why);
		system_free(next);
	}
	system_free(base);
}

/* And all of it: whoever stops it for one thing wants to know of the others. */
static void every_difference_is_said(void **state)
{
	struct system *base = rig_good(BASE);
	struct system *next = rig_good(
		"switch s {\nageing 5s; flows 100\n"
		"port new { tap \"n\" }\n"
		"port a { tap \"aa\"; mtu 9000 }\n"
		"port up { nic \"n0\" }\n"
		"port p { capture \"p\" of a, up; filter \"ip\"; drops } }\n"
		"switch t { port d { tap \"d\"; buffers 64 } }\n"
		"switch u { port e { tap \"e\" } }\n"
		"link s.x <-> u.z\n"
		"allow a <-> up\nallow e <-> z\n");
	char *why;

	(void)state;
	assert_int_equal(config_differs(base, next, &why), 16);
	assert_string_equal(why,
			    "port s.p: \"of s.up\" is new\n"
			    "switch u is new\n"
			    "port s.new is new\n"
			    "link s.x<->u.z is new\n"
			    "switch s: ageing 300 becomes 5\n"
			    "switch s: flows 4096 becomes 100\n"
			    "switch s: domain d becomes none\n"
			    "port s.a: domain d becomes none\n"
			    "vm v is gone\n"
			    "port s.a: tap \"a\" becomes tap \"aa\"\n"
			    "port s.a: mtu 1500 becomes 9000\n"
			    "port s.b is gone\n"
			    "port s.up: driver-vm v becomes nic \"n0\"\n"
			    "port s.p: capture \"p\" filter \"arp\" becomes "
			    "capture \"p\" filter \"ip\" drops\n"
			    "link s.x<->t.y is gone\n"
			    "port t.d: buffers 512 becomes 64\n");
	free(why);
	system_free(base);
	system_free(next);
}

/* --- client VMs ----------------------------------------------------------- */

#define CLIENT(port, vm)                                                       \
	"switch s {\nport a { tap \"a\" }\nport b { vm v" port " }\n}\n"       \
	"vm v { kernel \"/k\"; initrd \"/i\"" vm " }\nallow a <-> b\n"

static void client_vms_differ(void **state)
{
	static const struct {
		const char *text;
		const char *why;
	} changed[] = {
		{ CLIENT("", "; cpus 2"), "vm v: cpus 1 becomes 2\n" },
		{ CLIENT("", "; memory 64m"),
		  "vm v: memory in MiB 128 becomes 64\n" },
		{ CLIENT("; mac 02:00:00:00:00:07", ""),
		  "vm v: s.b mac 020000000001 becomes mac 020000000007\n" },
		{ CLIENT("; mtu 9000", ""),
		  "port s.b: mtu 1500 becomes 9000\n" },
		{ CLIENT(" }\nport c { vm v; mac 02:00:00:00:00:03", ""),
		  "port s.c is new\n" },
	};
	struct system *base =
		rig_good(CLIENT("; mac lock 02:00:00:00:00:01", ""));
	struct system *same = rig_good(
		CLIENT("; limit 1mbit; mac lock 02:00:00:00:00:01", ""));

	(void)state;
	are_one(base, same, "a limit is policy");
	for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
		struct system *next = rig_good(changed[i].text);
		char *why;

		assert_int_not_equal(config_differs(base, next, &why), 0);
		if (!strstr(why, changed[i].why))
			fail_msg("%s\ngives: %s", changed[i].text, why);
		free(why);
		system_free(next);
	}
	system_free(base);
	system_free(same);
}

/* As many as anybody reads. */
static void differences_without_end(void **state)
{
	struct system *base = rig_good(BASE), *next;
	size_t size;
	char *text, *why;
	FILE *f = open_memstream(&text, &size);

	(void)state;
	assert_non_null(f);
	fputs("switch s {\n", f);
	for (int i = 0; i < 58; i++)
		fprintf(f, "port x%d { attach \"/x%d\" }\n", i, i);
	fputs(BODY OTHER VM "link s.x <-> t.y\nallow a <-> up\n"
			    "allow t.d <-> y\n",
	      f);
	assert_int_equal(fclose(f), 0);
	next = rig_good(text);
	assert_int_equal(config_differs(base, next, &why), 60);
	assert_int_equal(rig_lines(why), 51);
	assert_non_null(strstr(why, "\n... and 10 more\n"));
	free(why);
	free(text);
	system_free(base);
	system_free(next);
}

/* --- nothing is overlooked ------------------------------------------------ */

/* Changes a byte and sees that this is noticed; then changes it back. */
static void is_noticed(const struct system *base, const struct system *sys,
		       void *byte, const char *what, size_t at)
{
	uint8_t *p = byte;
	char *why;

	*p ^= 1;
	if (config_differs(base, sys, &why) == 0 || !*why)
		fail_msg("byte %zu of %s is overlooked", at, what);
	free(why);
	*p ^= 1;
}

static void each_byte(const struct system *base, const struct system *sys,
		      void *what, size_t size, size_t step, const char *name)
{
	for (size_t i = 0; i < size; i += step)
		is_noticed(base, sys, (uint8_t *)what + i, name, i);
}

static void every_pd(const struct system *base, struct system *sys)
{
	for (size_t i = 0; i < sys->n_pds; i++) {
		struct sys_pd *pd = &sys->pd[i];

		each_byte(base, sys, pd->map, pd->n_maps * sizeof(*pd->map), 1,
			  "maps");
		each_byte(base, sys, pd->chan, pd->n_chans * sizeof(*pd->chan),
			  1, "channels");
		is_noticed(base, sys, &pd->poll_us, "poll", 0);
		is_noticed(base, sys, &pd->together, "together", 0);
		each_byte(base, sys, &pd->cpus, sizeof(pd->cpus), 1, "cpus");
		for (uint32_t k = 0; k < pd->n_comps; k++) {
			struct sys_component *c = &pd->comp[k];
			bool sw = c->kind == SYS_SWITCH;

			is_noticed(base, sys, &c->kind, "kind", k);
			is_noticed(base, sys, c->name, "name", k);
			/* A prime, so that all fields are met. */
			each_byte(base, sys,
				  sw ? (void *)&c->sw.number : (void *)&c->vm,
				  sw ? sizeof(c->sw) -
						  offsetof(struct sys_switch,
							   number)
				     : sizeof(c->capture),
				  13, c->name);
		}
	}
}

static void nothing_is_overlooked(void **state)
{
	struct system *base = rig_good(BASE), *sys = rig_good(BASE);

	(void)state;
	every_pd(base, sys);
	for (size_t i = 0; i < sys->n_conns; i++)
		each_byte(base, sys, &sys->conn[i],
			  offsetof(struct sys_conn, line), 1, "connection");
	each_byte(base, sys, sys->region, sys->n_regions * sizeof(*sys->region),
		  1, "regions");
	each_byte(base, sys, sys->channel,
		  sys->n_channels * sizeof(*sys->channel), 1, "channels");
	system_free(base);
	system_free(sys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_may_change),
		cmocka_unit_test(a_seed_is_no_difference),
		cmocka_unit_test(what_takes_a_restart_is_said),
		cmocka_unit_test(every_difference_is_said),
		cmocka_unit_test(client_vms_differ),
		cmocka_unit_test(differences_without_end),
		cmocka_unit_test(nothing_is_overlooked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
