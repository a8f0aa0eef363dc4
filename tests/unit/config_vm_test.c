/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Programs and driver VMs: addresses, files, and who maps what.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/config_promise.h"
#include "tests/unit/config_rig.h"

/* A system that must be there. */
static struct system *compile(const char *text)
{
	struct config_report report;
	struct system *sys = rig_compile(text, &report);

	if (!sys || *report.text)
		fail_msg("%s", report.text);
	config_report_free(&report);
	promise_check(sys);
	return sys;
}

static const struct sys_component *find(const struct system *sys,
					const char *name)
{
	for (size_t i = 0; i < sys->n_pds; i++) {
		for (uint32_t k = 0; k < sys->pd[i].n_comps; k++) {
			if (strcmp(sys->pd[i].comp[k].name, name) == 0)
				return &sys->pd[i].comp[k];
		}
	}
	fail_msg("there is no %s", name);
	return NULL;
}

/* --- addresses ----------------------------------------------------------- */

/* Of programs on ports @a and @b of a switch "s" in "t.conf". */
static void addresses(const char *a, const char *a_lock, const char *b,
		      const char *b_lock, uint64_t *a_mac, uint64_t *b_mac)
{
	char text[512], name[64];
	struct system *sys;

	snprintf(text, sizeof(text),
		 "switch s {\nport %s { program \"/p\"; %s }\n"
		 "port %s { program \"/p\"; %s }\n}\nallow %s <-> %s\n",
		 a, a_lock, b, b_lock, a, b);
	sys = compile(text);
	snprintf(name, sizeof(name), "s.%s", a);
	*a_mac = find(sys, name)->program.mac;
	snprintf(name, sizeof(name), "s.%s", b);
	*b_mac = find(sys, name)->program.mac;
	system_free(sys);
}

/* FNV-1a, 64 bits, of the full name, folded to 48 bits; local and unicast. */
static uint64_t by_hand(const char *name)
{
	uint64_t hash = 14695981039346656037ull;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 1099511628211ull;
	hash = (hash ^ hash >> 48) & 0xffffffffffff;
	return (hash & 0xfeffffffffff) | 0x020000000000;
}

static void a_program_has_an_address_of_its_name(void **state)
{
	uint64_t a, b, again;

	(void)state;
	addresses("web", "", "db", "", &a, &b);
	assert_int_equal(a, by_hand("t.s.web"));
	assert_int_equal(b, by_hand("t.s.db"));
	/* Whatever else there is. */
	addresses("other", "", "web", "", &b, &again);
	assert_int_equal(a, again);
}

static void a_lock_is_a_programs_address(void **state)
{
	uint64_t a, b;

	(void)state;
	addresses("a", "mac lock 00:11:22:33:44:55", "b", "", &a, &b);
	assert_int_equal(a, 0x001122334455);
	assert_int_equal(b, by_hand("t.s.b"));
}

static void no_two_addresses_are_one(void **state)
{
	uint64_t a, b, lock;
	char text[64];

	(void)state;
	/* Names found by search, whose hashes come to the same address. */
	assert_int_equal(by_hand("t.s.caxr3"), by_hand("t.s.rp9cm"));
	addresses("caxr3", "", "rp9cm", "", &a, &b);
	assert_int_equal(a, by_hand("t.s.caxr3"));
	assert_int_not_equal(a, b);
	/* A lock goes first, also one of a port further down. */
	lock = by_hand("t.s.a");
	snprintf(text, sizeof(text), "mac lock %02x:%02x:%02x:%02x:%02x:%02x",
		 (unsigned int)(lock >> 40), (unsigned int)(lock >> 32 & 255),
		 (unsigned int)(lock >> 24 & 255),
		 (unsigned int)(lock >> 16 & 255),
		 (unsigned int)(lock >> 8 & 255), (unsigned int)(lock & 255));
	addresses("a", "", "b", text, &a, &b);
	assert_int_equal(b, lock);
	assert_int_not_equal(a, lock);
}

/* --- files --------------------------------------------------------------- */

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* What a path in a topology becomes, which is written as @conf. */
static void becomes(const char *conf, const char *folder, const char *path,
		    const char *wanted)
{
	char text[512], full[SYS_PATH];
	struct config_report report;
	const struct sys_vm *vm;
	struct system *sys;

	snprintf(text, sizeof(text),
		 "file = \"%s\"\ninclude \"%s/part.inc\"\n"
		 "vm v { kernel \"%s\"; initrd $file; nic pci "
		 "\"0000:00:03.0\" }\nallow a <-> b\n",
		 path, folder, path);
	put("t.conf", text);
	sys = config_compile(conf, &report);
	if (!sys)
		fail_msg("%s", report.text);
	config_report_free(&report);
	vm = &find(sys, "v")->vm;
	assert_string_equal(vm->kernel, wanted);
	assert_string_equal(vm->initrd, wanted);
	/* A macro is read where it is used. */
	snprintf(full, sizeof(full), "%.*s/inc/%s",
		 (int)(strlen(wanted) - strlen(path) - 1), wanted, path);
	assert_string_equal(find(sys, "s.a")->program.path,
			    *path == '/' ? path : full);
	system_free(sys);
}

static void files_are_relative_to_the_topology(void **state)
{
	char folder[] = "/tmp/weir-config-XXXXXX";
	char wanted[64], conf[64];

	(void)state;
	assert_non_null(mkdtemp(folder));
	rig_enter(folder);
	assert_int_equal(mkdir("inc", 0700), 0);
	put("inc/part.inc", "switch s {\nport a { program $file }\n"
			    "port b { driver-vm v }\n}\n");
	snprintf(conf, sizeof(conf), "%s/t.conf", folder);
	snprintf(wanted, sizeof(wanted), "%s/Image", folder);
	becomes("t.conf", "inc", "Image", wanted);
	becomes(conf, "inc", "Image", wanted);
	becomes("t.conf", "inc", "/boot/Image", "/boot/Image");
	snprintf(wanted, sizeof(wanted), "%s/../x/Image", folder);
	becomes("t.conf", "inc", "../x/Image", wanted);
	snprintf(wanted, sizeof(wanted), "%s/./Image", folder);
	becomes("./t.conf", "inc", "Image", wanted);
	unlink("t.conf");
	unlink("inc/part.inc");
	rmdir("inc");
	rig_leave();
	assert_int_equal(rmdir(folder), 0);
}

/* What fits as it is written, and does not with the folder. */
static void a_file_may_be_too_far_down(void **state)
{
	char text[1024], path[251];
	struct config_report report;

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	snprintf(text, sizeof(text),
		 "switch s {\nport a { program \"%s\" }\n"
		 "port b { tap \"b\" }\n}\nallow a <-> b\n",
		 path);
	assert_null(rig_compile(text, &report));
	assert_int_equal(report.errors, 1);
	assert_non_null(strstr(report.text, "t.conf:2:18: "));
	assert_non_null(strstr(report.text, "relative to this file's folder, "
					    "and has 274 characters with it; "
					    "weir allows 255\n"));
	config_report_free(&report);
}

/* --- a driver VM --------------------------------------------------------- */

#define NETVM                                                                  \
	"vm v { kernel \"/k\"; initrd \"/i\"; nic pci \"0000:00:03.0\"; "      \
	"memory 64m }\n"

static uint32_t perms_of(const struct system *sys, const char *pd,
			 const char *region)
{
	for (size_t i = 0; i < sys->n_pds; i++) {
		if (strcmp(sys->pd[i].name, pd) != 0)
			continue;
		for (uint32_t m = 0; m < sys->pd[i].n_maps; m++) {
			const struct sys_map *map = &sys->pd[i].map[m];

			if (strcmp(sys->region[map->region].name, region) == 0)
				return map->perms;
		}
	}
	return 0;
}

static void each_sees_what_it_needs(void **state)
{
	static const struct {
		const char *region;
		uint32_t sw, virt, vm;
	} table[] = {
		{ "s.up.ingress.active", SYS_RW, SYS_RW, 0 },
		{ "s.up.egress.free", SYS_RW, SYS_RW, 0 },
		{ "s.up.link", SYS_R, SYS_R, 0 },
		{ "s.up.driver.ingress.active", 0, SYS_RW, SYS_RW },
		{ "s.up.driver.egress.free", 0, SYS_RW, SYS_RW },
		{ "s.up.driver.link", 0, SYS_R, SYS_R },
		{ "s.up.ingress.data", SYS_R, SYS_R, SYS_RW },
		{ "s.up.egress.data", SYS_RW, SYS_R, SYS_R },
		{ "s.up.stats.rx", 0, SYS_RW, 0 },
		{ "s.up.stats.tx", 0, SYS_RW, 0 },
		{ "v.ram", 0, 0, SYS_RW },
		{ "v.status", 0, 0, SYS_RW },
		{ "v.vmm", 0, 0, SYS_RW },
		{ "s.a.egress.data", SYS_RW, 0, 0 },
	};
	struct system *sys =
		compile("switch s {\nport up { driver-vm v }\n"
			"port a { tap \"a\"; follow up }\n}\n" NETVM
			"allow a <-> up\n");

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const char *region = table[i].region;

		assert_int_equal(perms_of(sys, "s", region), table[i].sw);
		assert_int_equal(perms_of(sys, "s.up", region), table[i].virt);
		assert_int_equal(perms_of(sys, "v", region), table[i].vm);
	}
	assert_int_equal(find(sys, "v")->vm.memory, 64 << 20);
	assert_false(find(sys, "v")->vm.uncached);
	assert_int_equal(sys->n_conns, 3);
	assert_int_equal(sys->conn[0].follow, SYS_NONE);
	assert_int_equal(sys->conn[2].follow, 0);
	system_free(sys);
}

/* Sixty-four of them on one switch, and a tap on another. */
static char *many(bool tap)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	fprintf(f, "switch s {\n");
	for (int i = 0; i < 64; i++)
		fprintf(f, "port p%d { driver-vm v%d }\n", i, i);
	fprintf(f, "}\nswitch t {\nport a { tap \"a\" }\n"
		   "port b { tap \"b\" }\n}\nallow t.a <-> t.b\n"
		   "allow p0 <-> {");
	for (int i = 1; i < 64; i++)
		fprintf(f, " p%d", i);
	fprintf(f, " }\ndomain d {");
	for (int i = 0; i < 64; i++)
		fprintf(f, " p%d", i);
	fprintf(f, "%s }\n", tap ? " t.a" : "");
	for (int i = 0; i < 64; i++)
		fprintf(f,
			"vm v%d { kernel \"k\"; initrd \"i\"; nic pci "
			"\"0000:%02x:00.0\" }\n",
			i, i);
	assert_int_equal(fclose(f), 0);
	return text;
}

static void virtualisers_count_in_a_domain(void **state)
{
	struct config_report report;
	struct system *sys;
	char *text = many(false);
	uint32_t d = 0;

	(void)state;
	sys = compile(text);
	free(text);
	while (strcmp(sys->pd[d].name, "d") != 0)
		d++;
	assert_int_equal(sys->pd[d].n_chans, 3 * 64);
	assert_int_equal(sys->pd[d].n_maps, 14 * 64);
	system_free(sys);
	text = many(true);
	assert_null(rig_compile(text, &report));
	assert_non_null(strstr(report.text, "domain d has 193 channels; one "
					    "process can have 192"));
	config_report_free(&report);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_has_an_address_of_its_name),
		cmocka_unit_test(a_lock_is_a_programs_address),
		cmocka_unit_test(no_two_addresses_are_one),
		cmocka_unit_test(files_are_relative_to_the_topology),
		cmocka_unit_test(a_file_may_be_too_far_down),
		cmocka_unit_test(each_sees_what_it_needs),
		cmocka_unit_test(virtualisers_count_in_a_domain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
