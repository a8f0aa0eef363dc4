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
#include "tests/unit/microkit_rig.h"
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

static char *got_error;

/* --- compiling ---------------------------------------------------------- */

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
	mk_read_system("out/t.system");
}

/* --- tests -------------------------------------------------------------- */

static void test_maps(void **state)
{
	(void)state;
	compile_good();
	assert_int_equal(mk_seen.pds, 7);
	for (size_t i = 0; i < mk_seen.pds; i++) {
		const struct mk_seen_pd *d = &mk_seen.pd[i];
		uint64_t free_from = 0x400000;

		for (size_t k = 0; k < d->maps; k++) {
			const struct mk_seen_region *r =
				mk_region_of(d->map[k].region);
			uint64_t page = r->page ? r->page : 4096;

			assert_int_equal(r->size % page, 0);
			assert_int_equal(d->map[k].vaddr % page, 0);
			/* At least a page lies between two. */
			assert_true(d->map[k].vaddr > free_from);
			free_from = d->map[k].vaddr + r->size;
		}
	}
	/* 64 KiB for each of 512 segments. */
	assert_int_equal(mk_region_of("sw0.t.ingress.data")->page, 2 << 20);
}

static void test_channels(void **state)
{
	bool used[16][MK_CHANNELS] = { { false } };

	(void)state;
	compile_good();
	for (size_t i = 0; i < mk_seen.channels; i++) {
		for (unsigned int k = 0; k < 2; k++) {
			size_t pd =
				(size_t)(mk_pd_of(mk_seen.channel[i].pd[k]) -
					 mk_seen.pd);
			int id = mk_seen.channel[i].id[k];

			assert_in_range(id, 0, MK_CHANNELS - 1);
			assert_false(used[pd][id]);
			used[pd][id] = true;
		}
		assert_string_not_equal(mk_seen.channel[i].pd[0],
					mk_seen.channel[i].pd[1]);
	}
}

static void test_domains(void **state)
{
	(void)state;
	compile_good();
	assert_string_equal(mk_seen.pd[0].name, "weir_monitor");
	for (size_t i = 1; i < mk_seen.pds; i++) {
		const struct mk_seen_pd *d = &mk_seen.pd[i];

		assert_int_equal(d->id, i - 1);
		assert_true(d->priority < mk_seen.pd[0].priority);
		assert_string_equal(d->map[d->maps - 1].setvar, "weir_config");
		assert_false(d->map[d->maps - 1].writable);
	}
	assert_string_equal(mk_pd_of("sw1")->program, "weir_switch.elf");
	assert_string_equal(mk_pd_of("sw0.a")->program, "gen.elf");
	assert_string_equal(mk_pd_of("sw0.b")->program, "check.elf");
	assert_string_equal(mk_pd_of("sw0.p")->program, "weir_capture.elf");
	assert_true(mk_pd_of("sw0")->priority > mk_pd_of("sw0.a")->priority);
	assert_true(mk_pd_of("sw0")->priority > mk_pd_of("sw0.p")->priority);
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
		mk_is_map("sw0", port->wire.ingress.active, text[0], true);
		mk_is_map("sw0", port->wire.ingress.data.addr, text[1], false);
		assert_int_equal(port->wire.ingress.data.size,
				 mk_region_of(text[1])->size);
	}
	mk_is_map("sw0", port->wire.egress.free, text[2], true);
	mk_is_map("sw0", port->wire.egress.data.addr, text[3], true);
	mk_is_map("sw0", port->wire.link, text[4], false);
	assert_string_equal(mk_far_end("sw0", port->wire.channel), peer);
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
	const struct mk_seen_region *memory;

	(void)state;
	compile_good();
	sw = mk_blob_of("sw0", MK_SWITCH);
	memory = mk_region_of("sw0.memory");
	assert_int_equal(sw->n_ports, 4);
	check_port(&sw->port[0], "sw0.a", "sw0.a");
	check_port(&sw->port[1], "sw0.b", "sw0.b");
	check_port(&sw->port[2], "sw0.p", "sw0.p");
	check_port(&sw->port[3], "sw0.t", "sw1");
	assert_int_equal(sw->port[1].wire.capacity, 64);
	assert_int_equal(sw->port[2].kind, VSWITCH_PORT_CAPTURE);
	assert_int_equal(sw->port[2].capture_of, 1);
	assert_int_equal(sw->port[2].capture_drops, 1);
	mk_is_map("sw0", sw->memory.addr, "sw0.memory", true);
	assert_int_equal(sw->memory.size, memory->size);
	check_size(sw);
	mk_is_map("sw0", sw->stats.addr, "sw0.stats", true);
	mk_is_map("sw0", sw->policy.addr, "sw0.policy", false);
	mk_is_map("sw0", sw->request, "sw0.ctl.request", false);
	mk_is_map("sw0", sw->reply, "sw0.ctl.reply", true);
	assert_string_equal(mk_far_end("sw0", sw->ctl_channel), "weir_monitor");
	free(sw);
}

static void test_clients(void **state)
{
	struct mk_client *c;
	struct mk_capture *p;

	(void)state;
	compile_good();
	c = mk_blob_of("sw0.a", MK_CLIENT);
	mk_is_map("sw0.a", c->wire.ingress.data.addr, "sw0.a.ingress.data",
		  true);
	mk_is_map("sw0.a", c->wire.egress.data.addr, "sw0.a.egress.data",
		  false);
	mk_is_map("sw0.a", c->wire.link, "sw0.a.link", false);
	mk_is_map("sw0.a", c->memory.addr, "sw0.a.memory", true);
	assert_string_equal(mk_far_end("sw0.a", c->wire.channel), "sw0");
	assert_true(c->mac == 0x020000000001);
	assert_string_equal(c->args, "10 20");
	assert_int_equal(c->port, 0);
	free(c);
	p = mk_blob_of("sw0.p", MK_CAPTURE);
	mk_is_map("sw0.p", p->ring.addr, "sw0.p.ring", true);
	assert_true(p->wire.ingress.active == 0);
	mk_is_map("sw0.p", p->wire.egress.data.addr, "sw0.p.egress.data",
		  false);
	free(p);
}

/* What a program of another port has must be out of reach. */
static void test_nobody_maps_more_than_it_needs(void **state)
{
	(void)state;
	compile_good();
	for (size_t i = 0; i < mk_seen.pds; i++) {
		const struct mk_seen_pd *d = &mk_seen.pd[i];
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
	mk_is_map("weir_monitor", l->page, text, true);
	for (unsigned int i = 0; i < MK_LINK_QUEUES; i++)
		n += l->queue[i].addr != 0;
	assert_int_equal(n, queues);
	assert_int_equal(l->side[0].kind, MK_SIDE_SWITCH);
	assert_string_equal(mk_far_end("weir_monitor", l->side[0].channel),
			    "sw0");
	assert_int_equal(l->side[1].kind, MK_SIDE_PEER);
	assert_string_equal(mk_seen.pd[1 + l->side[1].child].name, name);
	assert_string_equal(mk_far_end("weir_monitor", l->side[1].channel),
			    name);
	assert_int_equal(l->side[2].kind, MK_SIDE_NONE);
}

static void test_monitor(void **state)
{
	struct mk_monitor *m;

	(void)state;
	compile_good();
	m = mk_blob_of("weir_monitor", MK_MONITOR);
	assert_int_equal(m->n_children, 6);
	for (unsigned int i = 0; i < 6; i++)
		assert_string_equal(m->child[i].name,
				    mk_seen.pd[1 + m->child[i].id].name);
	assert_int_equal(m->n_switches, 2);
	mk_is_map("weir_monitor", m->sw[1].policy.addr, "sw1.policy", true);
	mk_is_map("weir_monitor", m->sw[1].kept.addr, "sw1.policy.kept", true);
	mk_is_map("weir_monitor", m->sw[1].stats.addr, "sw1.stats", false);
	mk_is_map("weir_monitor", m->sw[1].request, "sw1.ctl.request", true);
	mk_is_map("weir_monitor", m->sw[1].reply, "sw1.ctl.reply", false);
	assert_string_equal(mk_far_end("weir_monitor", m->sw[1].channel),
			    "sw1");
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
