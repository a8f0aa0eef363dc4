/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `weir compile --microkit`: the files are read back, and what the
 * configurations say is held against the system description.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/config_rig.h"
#include "virt/net_client.h"
#include "vmm/microkit/compile/compile.h"
#include "vmm/microkit/config.h"

#define TWO_SWITCHES                                                           \
	"switch sw0 {\n"                                                       \
	"port a { program \"gen\" args \"10 20\"; mac lock "                   \
	"02:00:00:00:00:01 }\n"                                                \
	"port b { program \"check.elf\"; buffers 64 }\n"                       \
	"port p { capture \"p\" of a; drops }\n"                               \
	"}\n"                                                                  \
	"switch sw1 { port c { program \"gen\" } }\n"                          \
	"link sw0.t <-> sw1.u\n"                                               \
	"allow sw0.a -> sw0.b when \"udp\"\n"                                  \
	"allow sw0.a <-> sw0.t\n"                                              \
	"allow sw1.c <-> sw1.u\n"

/* --- the system description, read back ------------------------------------------ */

struct map {
	char region[64];
	uint64_t vaddr;
	bool writable;
	char setvar[32];
};

struct pd {
	char name[64];
	char program[64];
	int id;
	int priority;
	struct map map[128];
	size_t maps;
};

struct region {
	char name[64];
	char prefill[64];
	uint64_t size;
	uint64_t page;
};

static struct {
	struct region region[128];
	size_t regions;
	struct pd pd[16];
	size_t pds;
	struct {
		char pd[2][64];
		int id[2];
	} channel[64];
	size_t channels;
} seen;

static char *got_error;

/* An attribute of a line; "" if it has none. */
static void attribute(const char *line, const char *key, char *value,
		      size_t size)
{
	char start[40];
	const char *at;
	size_t n;

	snprintf(start, sizeof(start), " %s=\"", key);
	at = strstr(line, start);
	value[0] = '\0';
	if (at == NULL)
		return;
	at += strlen(start);
	n = strcspn(at, "\"");
	assert_true(n < size);
	memcpy(value, at, n);
	value[n] = '\0';
}

static uint64_t number(const char *line, const char *key)
{
	char text[32];

	attribute(line, key, text, sizeof(text));
	return strtoull(text, NULL, 0);
}

static void read_map(const char *line, struct pd *pd)
{
	struct map *m = &pd->map[pd->maps++];
	char perms[8];

	attribute(line, "mr", m->region, sizeof(m->region));
	attribute(line, "perms", perms, sizeof(perms));
	attribute(line, "setvar_vaddr", m->setvar, sizeof(m->setvar));
	m->vaddr = number(line, "vaddr");
	m->writable = strcmp(perms, "rw") == 0;
	assert_true(m->writable || strcmp(perms, "r") == 0);
}

/* Lines of a PD that is in another come after those of that one. */
static void read_line(const char *line)
{
	static unsigned int ends;
	struct pd *pd = &seen.pd[seen.pds > 0 ? seen.pds - 1 : 0];

	if (strstr(line, "<memory_region")) {
		struct region *r = &seen.region[seen.regions++];

		attribute(line, "name", r->name, sizeof(r->name));
		attribute(line, "prefill_path", r->prefill, sizeof(r->prefill));
		r->size = number(line, "size");
		r->page = number(line, "page_size");
	} else if (strstr(line, "<protection_domain")) {
		pd = &seen.pd[seen.pds++];
		attribute(line, "name", pd->name, sizeof(pd->name));
		pd->id = (int)number(line, "id");
		pd->priority = (int)number(line, "priority");
	} else if (strstr(line, "<program_image")) {
		attribute(line, "path", pd->program, sizeof(pd->program));
	} else if (strstr(line, "<map")) {
		read_map(line, pd);
	} else if (strstr(line, "<channel>")) {
		ends = 0;
		seen.channels++;
	} else if (strstr(line, "<end")) {
		attribute(line, "pd", seen.channel[seen.channels - 1].pd[ends],
			  64);
		seen.channel[seen.channels - 1].id[ends++] =
			(int)number(line, "id");
	}
}

static void read_system(const char *path)
{
	char *text = rig_read(path, NULL), *next;

	assert_non_null(text);
	memset(&seen, 0, sizeof(seen));
	for (char *line = strtok_r(text, "\n", &next); line != NULL;
	     line = strtok_r(NULL, "\n", &next))
		read_line(line);
	free(text);
}

static struct pd *pd_of(const char *name)
{
	for (size_t i = 0; i < seen.pds; i++)
		if (strcmp(seen.pd[i].name, name) == 0)
			return &seen.pd[i];
	fail_msg("no PD %s", name);
	return NULL;
}

static const struct region *region_of(const char *name)
{
	for (size_t i = 0; i < seen.regions; i++)
		if (strcmp(seen.region[i].name, name) == 0)
			return &seen.region[i];
	fail_msg("no region %s", name);
	return NULL;
}

/* A configuration, to be released with free(). */
static void *blob_of(const char *name, enum mk_kind kind)
{
	char path[80];
	struct mk_head *head;
	size_t size;

	snprintf(path, sizeof(path), "out/%s.config", name);
	head = (void *)rig_read(path, &size);
	assert_non_null(head);
	assert_true(head->magic == MK_MAGIC);
	assert_int_equal(head->version, MK_VERSION);
	assert_int_equal(head->kind, kind);
	assert_true(head->size <= size);
	assert_int_equal(size % 4096, 0);
	return head;
}

/* @addr is where a PD has a region, and how it may use it. */
static void is_map(const char *pd, uint64_t addr, const char *region,
		   bool writable)
{
	const struct pd *d = pd_of(pd);

	for (size_t i = 0; i < d->maps; i++) {
		if (d->map[i].vaddr != addr)
			continue;
		assert_string_equal(d->map[i].region, region);
		assert_int_equal(d->map[i].writable, writable);
		return;
	}
	fail_msg("%s has nothing at %#llx, where %s should be", pd,
		 (unsigned long long)addr, region);
}

/* The PD at the other end of a channel. */
static const char *far_end(const char *pd, uint32_t id)
{
	for (size_t i = 0; i < seen.channels; i++)
		for (unsigned int k = 0; k < 2; k++)
			if (strcmp(seen.channel[i].pd[k], pd) == 0 &&
			    seen.channel[i].id[k] == (int)id)
				return seen.channel[i].pd[!k];
	fail_msg("%s has no channel %u", pd, id);
	return NULL;
}

/* --- compiling ------------------------------------------------------------------- */

static int compile(const char *topology, const char *dir)
{
	struct system *sys = rig_good(topology);
	int result = microkit_compile(sys, dir, &got_error);

	system_free(sys);
	return result;
}

static int begin(void **state)
{
	got_error = NULL;
	return rig_begin(state);
}

static int end(void **state)
{
	free(got_error);
	if (system("rm -rf out file") != 0)
		return -1;
	return rig_end(state);
}

static void compile_good(void)
{
	assert_int_equal(compile(TWO_SWITCHES, "out"), 0);
	assert_null(got_error);
	read_system("out/t.system");
}

/* --- tests ----------------------------------------------------------------------- */

static void test_maps(void **state)
{
	(void)state;
	compile_good();
	assert_int_equal(seen.pds, 7);
	for (size_t i = 0; i < seen.pds; i++) {
		const struct pd *d = &seen.pd[i];
		uint64_t free_from = 0x400000;

		for (size_t k = 0; k < d->maps; k++) {
			const struct region *r = region_of(d->map[k].region);
			uint64_t page = r->page ? r->page : 4096;

			assert_int_equal(r->size % page, 0);
			assert_int_equal(d->map[k].vaddr % page, 0);
			/* At least a page lies between two. */
			assert_true(d->map[k].vaddr > free_from);
			free_from = d->map[k].vaddr + r->size;
		}
	}
	/* 64 KiB for each of 512 segments. */
	assert_int_equal(region_of("sw0.t.ingress.data")->page, 2 << 20);
}

static void test_channels(void **state)
{
	bool used[16][MK_CHANNELS] = { { false } };

	(void)state;
	compile_good();
	for (size_t i = 0; i < seen.channels; i++) {
		for (unsigned int k = 0; k < 2; k++) {
			size_t pd = (size_t)(pd_of(seen.channel[i].pd[k]) -
					     seen.pd);
			int id = seen.channel[i].id[k];

			assert_in_range(id, 0, MK_CHANNELS - 1);
			assert_false(used[pd][id]);
			used[pd][id] = true;
		}
		assert_string_not_equal(seen.channel[i].pd[0],
					seen.channel[i].pd[1]);
	}
}

static void test_domains(void **state)
{
	(void)state;
	compile_good();
	assert_string_equal(seen.pd[0].name, "weir_monitor");
	for (size_t i = 1; i < seen.pds; i++) {
		const struct pd *d = &seen.pd[i];

		assert_int_equal(d->id, i - 1);
		assert_true(d->priority < seen.pd[0].priority);
		assert_string_equal(d->map[d->maps - 1].setvar, "weir_config");
		assert_false(d->map[d->maps - 1].writable);
	}
	assert_string_equal(pd_of("sw1")->program, "weir_switch.elf");
	assert_string_equal(pd_of("sw0.a")->program, "gen.elf");
	assert_string_equal(pd_of("sw0.b")->program, "check.elf");
	assert_string_equal(pd_of("sw0.p")->program, "weir_capture.elf");
	assert_true(pd_of("sw0")->priority > pd_of("sw0.a")->priority);
	assert_true(pd_of("sw0")->priority > pd_of("sw0.p")->priority);
}

/* Of both ends of a port. */
static void check_port(const struct mk_port *port, const char *name,
		       const char *peer)
{
	char text[5][64];

	snprintf(text[0], 64, "%s.ingress.active", name);
	snprintf(text[1], 64, "%s.ingress.data", name);
	snprintf(text[2], 64, "%s.egress.free", name);
	snprintf(text[3], 64, "%s.egress.data", name);
	snprintf(text[4], 64, "%s.link", name);
	if (port->wire.ingress.active != 0) {
		is_map("sw0", port->wire.ingress.active, text[0], true);
		is_map("sw0", port->wire.ingress.data.addr, text[1], false);
		assert_int_equal(port->wire.ingress.data.size,
				 region_of(text[1])->size);
	}
	is_map("sw0", port->wire.egress.free, text[2], true);
	is_map("sw0", port->wire.egress.data.addr, text[3], true);
	is_map("sw0", port->wire.link, text[4], false);
	assert_string_equal(far_end("sw0", port->wire.channel), peer);
	assert_int_equal(port->present, 1);
}

/* As large as the topology, and no larger than to the next page. */
static void check_size(const struct mk_switch *sw)
{
	struct vswitch_tables t = {
		.fdb = { .capacity = sw->fdb_capacity,
			 .ageing = sw->fdb_ageing },
		.flows = sw->flows,
		.groups = sw->groups,
	};
	size_t size;

	memcpy(&t.room, sw->room, sizeof(t.room));
	size = vswitch_size(&t);
	assert_in_range(sw->memory.size, size, size + 4096);
	assert_int_equal(t.room.ports, sw->n_ports);
	assert_in_range(t.room.rules, 1, 64);
	assert_int_equal(t.groups, 0);
}

/* What no switch uses is left out, by name. */
static void test_what_is_left_out(void **state)
{
	char line[256] = "";
	FILE *f;

	(void)state;
	compile_good();
	f = fopen("out/t.mk", "r");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL &&
	       strncmp(line, "MICROKIT_WITHOUT", 16) != 0)
		;
	fclose(f);
	assert_non_null(strstr(line, " groups"));
	assert_non_null(strstr(line, " vlans"));
	assert_null(strstr(line, " captures"));
}

static void test_switch(void **state)
{
	struct mk_switch *sw;
	const struct region *memory;

	(void)state;
	compile_good();
	sw = blob_of("sw0", MK_SWITCH);
	memory = region_of("sw0.memory");
	assert_int_equal(sw->n_ports, 4);
	check_port(&sw->port[0], "sw0.a", "sw0.a");
	check_port(&sw->port[1], "sw0.b", "sw0.b");
	check_port(&sw->port[2], "sw0.p", "sw0.p");
	check_port(&sw->port[3], "sw0.t", "sw1");
	assert_int_equal(sw->port[1].wire.capacity, 64);
	assert_int_equal(sw->port[2].kind, VSWITCH_PORT_CAPTURE);
	assert_int_equal(sw->port[2].capture_of, 1);
	assert_int_equal(sw->port[2].capture_drops, 1);
	is_map("sw0", sw->memory.addr, "sw0.memory", true);
	assert_int_equal(sw->memory.size, memory->size);
	check_size(sw);
	is_map("sw0", sw->stats.addr, "sw0.stats", true);
	is_map("sw0", sw->policy.addr, "sw0.policy", false);
	is_map("sw0", sw->request, "sw0.ctl.request", false);
	is_map("sw0", sw->reply, "sw0.ctl.reply", true);
	assert_string_equal(far_end("sw0", sw->ctl_channel), "weir_monitor");
	free(sw);
}

static void test_clients(void **state)
{
	struct mk_client *c;
	struct mk_capture *p;

	(void)state;
	compile_good();
	c = blob_of("sw0.a", MK_CLIENT);
	is_map("sw0.a", c->wire.ingress.data.addr, "sw0.a.ingress.data", true);
	is_map("sw0.a", c->wire.egress.data.addr, "sw0.a.egress.data", false);
	is_map("sw0.a", c->wire.link, "sw0.a.link", false);
	is_map("sw0.a", c->memory.addr, "sw0.a.memory", true);
	assert_string_equal(far_end("sw0.a", c->wire.channel), "sw0");
	assert_true(c->mac == 0x020000000001);
	assert_string_equal(c->args, "10 20");
	assert_int_equal(c->port, 0);
	free(c);
	p = blob_of("sw0.p", MK_CAPTURE);
	is_map("sw0.p", p->ring.addr, "sw0.p.ring", true);
	assert_true(p->wire.ingress.active == 0);
	is_map("sw0.p", p->wire.egress.data.addr, "sw0.p.egress.data", false);
	free(p);
}

/* What a program of another port has must be out of reach. */
static void test_nobody_maps_more_than_it_needs(void **state)
{
	(void)state;
	compile_good();
	for (size_t i = 0; i < seen.pds; i++) {
		const struct pd *d = &seen.pd[i];
		size_t n = strlen(d->name);

		for (size_t k = 0; k < d->maps; k++) {
			const char *region = d->map[k].region;

			if (strcmp(d->name, "weir_monitor") == 0)
				assert_null(strstr(region, ".data"));
			else if (strcmp(d->name, "sw1") != 0)
				assert_memory_equal(region, d->name, n);
		}
	}
}

static void check_link(const struct mk_link *l, const char *name,
		       unsigned int queues)
{
	char text[64];
	unsigned int n = 0;

	assert_string_equal(l->name, name);
	snprintf(text, sizeof(text), "%s.link", name);
	is_map("weir_monitor", l->page, text, true);
	for (unsigned int i = 0; i < MK_LINK_QUEUES; i++)
		n += l->queue[i].addr != 0;
	assert_int_equal(n, queues);
	assert_int_equal(l->side[0].kind, MK_SIDE_SWITCH);
	assert_string_equal(far_end("weir_monitor", l->side[0].channel), "sw0");
	assert_int_equal(l->side[1].kind, MK_SIDE_PEER);
	assert_string_equal(seen.pd[1 + l->side[1].child].name, name);
	assert_string_equal(far_end("weir_monitor", l->side[1].channel), name);
	assert_int_equal(l->side[2].kind, MK_SIDE_NONE);
}

static void test_monitor(void **state)
{
	struct mk_monitor *m;

	(void)state;
	compile_good();
	m = blob_of("weir_monitor", MK_MONITOR);
	assert_int_equal(m->n_children, 6);
	for (unsigned int i = 0; i < 6; i++)
		assert_string_equal(m->child[i].name,
				    seen.pd[1 + m->child[i].id].name);
	assert_int_equal(m->n_switches, 2);
	is_map("weir_monitor", m->sw[1].policy.addr, "sw1.policy", true);
	is_map("weir_monitor", m->sw[1].kept.addr, "sw1.policy.kept", true);
	is_map("weir_monitor", m->sw[1].stats.addr, "sw1.stats", false);
	is_map("weir_monitor", m->sw[1].request, "sw1.ctl.request", true);
	is_map("weir_monitor", m->sw[1].reply, "sw1.ctl.reply", false);
	assert_string_equal(far_end("weir_monitor", m->sw[1].channel), "sw1");
	assert_int_equal(m->n_links, 5);
	check_link(&m->link[0], "sw0.a", 4);
	check_link(&m->link[1], "sw0.b", 4);
	check_link(&m->link[2], "sw0.p", 2);
	assert_string_equal(m->link[3].name, "sw0.t<->sw1.u");
	assert_int_equal(m->link[3].side[1].kind, MK_SIDE_SWITCH);
	assert_int_equal(m->link[3].side[1].number, 1);
	assert_int_equal(m->link[3].side[1].port, 1);
	/* Nobody was given a right to ask. */
	assert_int_equal(m->n_askers, 0);
	free(m);
}

static void test_policy_and_list(void **state)
{
	struct system *sys = rig_good(TWO_SWITCHES);
	char *text;
	size_t size;

	(void)state;
	assert_int_equal(microkit_compile(sys, "out", &got_error), 0);
	text = rig_read("out/sw0.policy", &size);
	assert_true(size >= sizeof(struct policy_image));
	assert_memory_equal(text, &sys->policy[0].image,
			    sizeof(struct policy_image));
	free(text);
	system_free(sys);
	text = rig_read("out/t.mk", NULL);
	assert_non_null(strstr(text, "MICROKIT_SYSTEM := t.system\n"));
	assert_non_null(strstr(text, "MICROKIT_PROGRAMS := weir_switch.elf "
				     "gen.elf check.elf weir_capture.elf "
				     "weir_monitor.elf\n"));
	assert_non_null(strstr(text, " sw0.policy sw1.policy sw0.config"));
	free(text);
}

static void test_what_cannot_be(void **state)
{
	(void)state;
	assert_int_equal(
		compile("switch sw0 {\n"
			"port a { tap \"a\" }\n"
			"port b { nic \"b\" }\n"
			"port c { socket listen \"/c\" }\n"
			"port d { vhost-user \"/d\" }\n"
			"port e { attach \"/e\" }\n"
			"port f { program \"f\" }\n"
			"port g { program \"g\" }\n"
			"port h { capture \"h\" of f; filter \"arp\" }\n"
			"}\n"
			"domain fast { sw0 h; poll 20us }\n"
			"allow { a, b, c, d, e } <-> f\nallow f <-> g\n",
			"out"),
		-1);
	assert_string_equal(
		got_error,
		"domain fast: on Microkit each switch and port has a "
		"protection domain of its own; take the domain out\n"
		"fast: there is no poll and no placement on Microkit\n"
		"sw0.h: a capture on Microkit has no filter; take it out\n"
		"sw0.a: Microkit has no TAP interfaces; write program "
		"\"NAME\", a protection domain of yours\n"
		"sw0.b: Microkit has no Linux interfaces; a card needs a "
		"driver in a protection domain, which this version cannot "
		"connect\n"
		"sw0.c: Microkit has no sockets\n"
		"sw0.d: Microkit has no vhost-user\n"
		"sw0.e: nothing can attach on Microkit; write program "
		"\"NAME\"\n");
	/* And nothing was written. */
	assert_int_equal(access("out", F_OK), -1);
}

static void test_too_many(void **state)
{
	char text[8192] = "switch sw0 {\n";

	(void)state;
	for (unsigned int i = 0; i < 62; i++)
		sprintf(text + strlen(text), "port p%u { program \"p\" }\n", i);
	strcat(text, "}\nallow { p0, p1, p2 } <-> p3\n");
	for (unsigned int i = 4; i < 62; i++)
		sprintf(text + strlen(text), "allow p0 <-> p%u\n", i);
	assert_int_equal(compile(text, "out"), -1);
	assert_string_equal(
		got_error,
		"a Microkit system has at most 63 protection domains, and this "
		"one, with its monitor, 64\n"
		"sw0: a protection domain has at most 62 channels, one of them "
		"for the monitor; join two switches by a link\n");
}

static void test_files_that_cannot_be_written(void **state)
{
	(void)state;
	assert_int_equal(compile(TWO_SWITCHES, "no/such/folder"), -1);
	assert_string_equal(got_error, "cannot make no/such/folder: No such "
				       "file or directory\n");
	free(got_error);
	rig_put("file", "");
	assert_int_equal(compile(TWO_SWITCHES, "file"), -1);
	assert_string_equal(got_error, "cannot write file/sw0.policy: Not a "
				       "directory\n");
}

int main(void)
{
#define mk_test(f) cmocka_unit_test_setup_teardown(f, begin, end)
	const struct CMUnitTest tests[] = {
		mk_test(test_maps),
		mk_test(test_channels),
		mk_test(test_domains),
		mk_test(test_switch),
		mk_test(test_what_is_left_out),
		mk_test(test_clients),
		mk_test(test_nobody_maps_more_than_it_needs),
		mk_test(test_monitor),
		mk_test(test_policy_and_list),
		mk_test(test_what_cannot_be),
		mk_test(test_too_many),
		mk_test(test_files_that_cannot_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
