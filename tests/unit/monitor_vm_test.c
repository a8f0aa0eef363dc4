/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor and driver VMs: who dies with whom, when a port is up, what those
 * who follow it are told, and what a guest can make of its status page.  Real
 * processes with components that do as they are told (fake_vm.h), but no KVM.
 */
#include "tests/unit/monitor_rig.h"
#include "tests/unit/pd_rig.h"

#include "vmm/linux/monitor/state.h"

FAKE_COMPONENTS;

/* Port 0 gives orders, port 1 is the VM's, port 2 follows it. */
#define TOPOLOGY(vm, more)                                                     \
	"switch sw0 {\n"                                                       \
	"port a { attach \"@/a.sock\" }\n"                                     \
	"port up { driver-vm " vm " }\n"                                       \
	"port b { attach \"@/b.sock\"; follow up }\n"                          \
	"}\n"                                                                  \
	"allow a <-> up\n"                                                     \
	"allow b <-> up\n"                                                     \
	"vm " vm " { kernel \"@/lives\"; initrd \"@/i\"; "                     \
	"nic pci \"0000:00:03.0\"; " more " }\n"

static const char quick[] = TOPOLOGY("netvm", "");
/* One that gets ready when it is told to. */
static const char slow[] = TOPOLOGY("slow", "");
/* One that may not be silent for long. */
static const char watched[] = TOPOLOGY("netvm", "watchdog 2s");

static const char *vm_shows(const struct rig *r, const char *vm,
			    const char *member)
{
	return rig_show(r, "vms", NULL, "vm", vm, member);
}

static pid_t pid_of(const struct rig *r, const char *pd)
{
	return (pid_t)strtol(rig_pd(r, pd, "pid"), NULL, 10);
}

/* Before that, a PD takes no orders. */
static void until_running(const struct rig *r, const char *pd)
{
	for (int i = 0; i < RIG_TIMEOUT_MS / 5; i++) {
		if (strcmp(rig_pd(r, pd, "state"), "running") == 0)
			return;
		poll(NULL, 0, 5);
	}
	fail_msg("%s is %s", pd, rig_pd(r, pd, "state"));
}

/* Up, with somebody attached who gives orders. */
static void begin(struct rig *r, struct rig_client *c, const char *topology)
{
	rig_start(r, topology);
	rig_attach(r, c, "a.sock");
}

static void finish(struct rig *r, struct rig_client *c)
{
	rig_detach(c);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

/* A VM publishes nothing; once it answers it has seen that its link is up. */
static void until_seen(struct rig *r, struct rig_client *c)
{
	rig_order(c, "tell 1 vm look");
	rig_expect(r, "obeyed: vm look", 1);
}

/* Wait for a link page to say something. */
static void until_carrier(const struct rig_client *c, bool carrier)
{
	for (int i = 0; i < RIG_TIMEOUT_MS; i++) {
		if (link_carrier(c->link) == carrier)
			return;
		poll(NULL, 0, 1);
	}
	fail_msg("the carrier is not %d", carrier);
}

/* --- a life ------------------------------------------------------------- */

static void test_a_guest_reports_ready(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	begin(r, &c, slow);
	assert_string_equal(rig_port(r, "sw0.up", "kind"), "driver-vm");
	rig_until(r, "sw0.up", "state", "starting");
	assert_string_equal(vm_shows(r, "slow", "state"), "starting");
	assert_string_equal(vm_shows(r, "slow", "mac"), "");
	assert_string_equal(vm_shows(r, "slow", "carrier"), "");
	rig_order(&c, "tell 1 vm ready");
	rig_expect(r,
		   "sw0.up: slow is ready, card 52:54:00:12:34:56, link up, ",
		   1);
	rig_expect(r, " s after its start\n", 1);
	rig_until(r, "sw0.up", "state", "up");
	assert_string_equal(vm_shows(r, "slow", "state"), "ready");
	assert_string_equal(vm_shows(r, "slow", "port"), "sw0.up");
	assert_string_equal(vm_shows(r, "slow", "mac"), "52:54:00:12:34:56");
	assert_string_equal(vm_shows(r, "slow", "carrier"), "up");
	assert_string_equal(vm_shows(r, "slow", "mtu"), "1500");
	assert_string_equal(vm_shows(r, "slow", "rx_frames"), "11");
	assert_string_equal(vm_shows(r, "slow", "exits"), "7");
	assert_string_equal(vm_shows(r, "slow", "rx_passed"), "10");
	assert_string_equal(vm_shows(r, "slow", "tx_passed"), "20");
	assert_string_equal(vm_shows(r, "slow", "refusals"), "7");
	assert_string_equal(vm_shows(r, "slow", "restarts"), "0");
	finish(r, &c);
}

static void test_refusals_have_reasons(void **state)
{
	struct rig *r = *state;
	json_t *data, *refused;

	rig_start(r, quick);
	data = rig_data(rig_ask(r, "{\"cmd\":\"show\",\"what\":\"vms\"}"));
	refused = json_object_get(json_array_get(data, 0), "refused");
	assert_int_equal(json_array_size(refused), 2);
#define REFUSED(i, key)                                                        \
	json_string_value(json_object_get(json_array_get(refused, i), key))
	assert_string_equal(REFUSED(0, "queue"), "rx");
	assert_string_equal(REFUSED(0, "side"), "driver");
	assert_string_equal(REFUSED(0, "reason"), "never_lent");
	assert_string_equal(REFUSED(1, "queue"), "tx");
	assert_string_equal(REFUSED(1, "side"), "switch");
	assert_string_equal(REFUSED(1, "reason"), "no_room");
#undef REFUSED
	json_decref(data);
	assert_int_equal(rig_stop(r), 0);
}

static off_t lives(const struct rig *r)
{
	struct stat st;

	return stat(rig_path(r, "lives"), &st) == 0 ? st.st_size : -1;
}

/* Whether the monitor has a descriptor of a file. */
static bool holds(const struct rig *r, const char *name)
{
	char path[64], target[256];
	bool found = false;
	const struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)r->pid);
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		ssize_t n = readlinkat(dirfd(d), e->d_name, target,
				       sizeof(target) - 1);

		target[n < 0 ? 0 : n] = '\0';
		found |= strcmp(target, rig_path(r, name)) == 0;
	}
	closedir(d);
	return found;
}

/* How many descriptors the monitor has. */
static unsigned int descriptors(const struct rig *r)
{
	unsigned int n = 0;
	char path[64];
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)r->pid);
	d = opendir(path);
	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* What start() gives is the VM's alone, once for each of its lives. */
static void test_what_a_life_takes_is_not_kept(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	unsigned int before;

	begin(r, &c, quick);
	rig_until(r, "sw0.up", "state", "up");
	before = descriptors(r);
	assert_int_equal(lives(r), 1);
	assert_false(holds(r, "lives"));
	for (unsigned int i = 1; i <= 3; i++) {
		char count[8];

		rig_order(&c, "tell 1 vm crash");
		snprintf(count, sizeof(count), "%u", i);
		rig_until(r, "sw0.up", "restarts", count);
		rig_until(r, "sw0.up", "state", "up");
		assert_int_equal(lives(r), i + 1);
	}
	assert_false(holds(r, "lives"));
	/* The last one who asked may not have been seen off yet. */
	for (int i = 0; i < RIG_TIMEOUT_MS && descriptors(r) > before; i++)
		poll(NULL, 0, 1);
	assert_true(descriptors(r) <= before);
	finish(r, &c);
}

static void test_a_life_that_is_refused_ends_it_all(void **state)
{
	struct rig *r = *state;

	rig_launch(r, "switch sw0 {\n"
		      "port a { attach \"@/a.sock\" }\n"
		      "port up { driver-vm netvm }\n"
		      "}\n"
		      "allow a <-> up\n"
		      "vm netvm { kernel \"@/refuse\"; initrd \"@/i\"; "
		      "nic pci \"0000:00:03.0\" }\n");
	assert_int_equal(WEXITSTATUS(rig_wait(r)), 1);
	assert_int_equal(rig_count(r, "error: netvm: fake start refuses"), 1);
	assert_int_equal(rig_files(r), 0);
}

static void test_what_a_life_needs_may_be_busy(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	begin(r, &c, quick);
	rig_until(r, "sw0.up", "state", "up");
	close(open(rig_path(r, "lives.busy"), O_CREAT | O_WRONLY, 0600));
	rig_order(&c, "tell 1 vm crash");
	rig_expect(r, "netvm: fake start: busy; starting it again", 1);
	unlink(rig_path(r, "lives.busy"));
	rig_until(r, "sw0.up", "state", "up");
	finish(r, &c);
}

/* --- who dies with whom ------------------------------------------------- */

static void test_a_vm_dies_alone(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	pid_t sw, virt;

	begin(r, &c, quick);
	rig_until(r, "sw0.up", "state", "up");
	sw = pid_of(r, "sw0");
	virt = pid_of(r, "sw0.up");
	rig_order(&c, "tell 1 vm smear");
	rig_expect(r, "obeyed: vm smear", 1);
	rig_order(&c, "tell 1 vm crash");
	rig_expect(r, "netvm: killed by SIG", 1);
	rig_expect(r, "netvm is ready", 2);
	rig_until(r, "sw0.up", "state", "up");
	assert_string_equal(rig_port(r, "sw0.up", "restarts"), "1");
	assert_int_equal(pid_of(r, "sw0"), sw);
	assert_int_equal(pid_of(r, "sw0.up"), virt);
	/* What the virtualisers have counted is kept. */
	assert_string_equal(vm_shows(r, "netvm", "rx_passed"), "10");
	finish(r, &c);
}

static void test_virtualisers_take_the_vm_along(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	pid_t sw;

	begin(r, &c, quick);
	rig_until(r, "sw0.up", "state", "up");
	sw = pid_of(r, "sw0");
	until_seen(r, &c);
	rig_order(&c, "tell 1 smear");
	rig_expect(r, "smeared", 1);
	rig_order(&c, "tell 1 crash");
	rig_expect(r, "netvm is ready", 2);
	rig_until(r, "sw0.up", "state", "up");
	assert_string_equal(rig_pd(r, "sw0.up", "restarts"), "1");
	assert_string_equal(rig_pd(r, "netvm", "restarts"), "1");
	assert_int_equal(pid_of(r, "sw0"), sw);
	/* Which is no failure of the VM's: all it has said is its answer. */
	assert_int_equal(rig_count(r, "test: netvm: "), 1);
	finish(r, &c);
}

static void test_virtualisers_outlive_their_switch(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	pid_t vm, virt;

	begin(r, &c, quick);
	rig_until(r, "sw0.up", "state", "up");
	vm = pid_of(r, "netvm");
	virt = pid_of(r, "sw0.up");
	rig_order(&c, "crash");
	rig_ended(&c);
	rig_detach(&c);
	rig_expect(r, "sw0: killed by SIG", 1);
	rig_until(r, "sw0.up", "state", "up");
	assert_string_equal(rig_pd(r, "sw0", "restarts"), "1");
	assert_int_equal(pid_of(r, "netvm"), vm);
	assert_int_equal(pid_of(r, "sw0.up"), virt);
	rig_attach(r, &c, "a.sock");
	finish(r, &c);
}

/* Switch and virtualisers are one process: they die together. */
static void test_a_domain_takes_the_vm_along(void **state)
{
	char topology[1024];
	struct rig *r = *state;
	struct rig_client c;

	snprintf(topology, sizeof(topology), "%sdomain fast { sw0 up }\n",
		 quick);
	begin(r, &c, topology);
	rig_until(r, "sw0.up", "state", "up");
	until_seen(r, &c);
	rig_order(&c, "tell 1 smear");
	rig_expect(r, "smeared", 1);
	rig_order(&c, "crash");
	rig_ended(&c);
	rig_detach(&c);
	rig_expect(r, "netvm is ready", 2);
	rig_until(r, "sw0.up", "state", "up");
	assert_string_equal(rig_pd(r, "fast", "restarts"), "1");
	assert_string_equal(rig_pd(r, "netvm", "restarts"), "1");
	/* And the VM alone. */
	rig_attach(r, &c, "a.sock");
	rig_order(&c, "tell 1 vm crash");
	rig_expect(r, "netvm is ready", 3);
	rig_until(r, "sw0.up", "state", "up");
	assert_string_equal(rig_pd(r, "fast", "restarts"), "1");
	finish(r, &c);
}

static void test_virtualisers_that_do_not_answer_are_stopped(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	pid_t sw;

	begin(r, &c, quick);
	rig_until(r, "sw0.up", "state", "up");
	sw = pid_of(r, "sw0");
	rig_order(&c, "tell 1 deaf");
	rig_expect(r, "deaf from now on", 1);
	rig_order(&c, "tell 1 vm crash");
	rig_expect(r, "sw0.up does not answer; stopping it", 1);
	rig_expect(r, "netvm is ready", 2);
	rig_until(r, "sw0.up", "state", "up");
	assert_string_equal(rig_pd(r, "sw0.up", "restarts"), "1");
	assert_int_equal(pid_of(r, "sw0"), sw);
	finish(r, &c);
}

/* --- faults ------------------------------------------------------------- */

static void hc24_a_guest_that_breaks_its_queues_is_restarted(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	pid_t virt;

	begin(r, &c, quick);
	rig_until(r, "sw0.up", "state", "up");
	virt = pid_of(r, "sw0.up");
	rig_order(&c, "tell 1 vm smear");
	rig_expect(r, "obeyed: vm smear", 1);
	rig_order(&c, "tell 1 fault driver");
	rig_expect(r, "sw0.up.driver: the guest broke the queue protocol", 1);
	rig_expect(r, "netvm: stopped; starting it again", 1);
	rig_expect(r, "netvm is ready", 2);
	rig_until(r, "sw0.up", "state", "up");
	assert_int_equal(pid_of(r, "sw0.up"), virt);
	assert_string_equal(vm_shows(r, "netvm", "refusals"), "7");
	finish(r, &c);
}

static void hc39_a_guest_that_does_so_always_waits_longer(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	begin(r, &c, quick);
	for (unsigned int i = 1; i <= 6; i++) {
		rig_expect(r, "netvm is ready", i);
		rig_until(r, "sw0.up", "state", "up");
		rig_order(&c, "tell 1 fault driver");
		rig_expect(r, "the guest broke the queue protocol", i);
	}
	rig_expect(r, "netvm: stopped; starting it again in 2 s", 1);
	assert_string_equal(rig_port(r, "sw0.up", "state"), "restarting");
	assert_string_equal(vm_shows(r, "netvm", "state"), "restarting");
	assert_string_not_equal(vm_shows(r, "netvm", "again_ms"), "0");
	/* Nobody else is worse off. */
	assert_string_equal(rig_port(r, "sw0.a", "state"), "up");
	/* And it is tried again. */
	rig_until(r, "sw0.up", "state", "up");
	assert_string_equal(vm_shows(r, "netvm", "again_ms"), "0");
	finish(r, &c);
}

static void hc39_a_guest_that_falls_silent_is_restarted(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	begin(r, &c, watched);
	rig_until(r, "sw0.up", "state", "up");
	/* It counts to one, and no further. */
	rig_order(&c, "tell 1 vm beat");
	rig_expect(r, "obeyed: vm beat", 1);
	rig_expect(r, "netvm: its guest has been silent for 2 s", 1);
	rig_expect(r, "netvm: stopped; starting it again", 1);
	rig_expect(r, "netvm is ready", 2);
	rig_until(r, "sw0.up", "state", "up");
	assert_string_equal(rig_port(r, "sw0.up", "restarts"), "1");
	assert_string_equal(rig_port(r, "sw0.a", "state"), "up");
	finish(r, &c);
}

static void test_a_switch_at_fault_keeps_its_other_ports(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	pid_t sw, vm;

	begin(r, &c, quick);
	rig_until(r, "sw0.up", "state", "up");
	sw = pid_of(r, "sw0");
	vm = pid_of(r, "netvm");
	rig_order(&c, "tell 1 fault switch");
	rig_expect(r,
		   "sw0.up: the switch broke the queue protocol; taking the "
		   "link down and up again",
		   1);
	rig_until(r, "sw0.up", "state", "up");
	assert_int_equal(pid_of(r, "sw0"), sw);
	assert_int_equal(pid_of(r, "netvm"), vm);
	assert_string_equal(rig_port(r, "sw0.a", "state"), "up");
	finish(r, &c);
}

static void test_virtualisers_at_fault_are_restarted(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	begin(r, &c, quick);
	rig_until(r, "sw0.up", "state", "up");
	rig_order(&c, "fault 1");
	rig_expect(r, "sw0.up: its virtualisers broke the queue protocol", 1);
	rig_expect(r, "sw0.up: stopped; starting it again", 1);
	rig_expect(r, "netvm is ready", 2);
	rig_until(r, "sw0.up", "state", "up");
	assert_string_equal(rig_pd(r, "sw0.up", "restarts"), "1");
	finish(r, &c);
}

/* --- carrier ------------------------------------------------------------ */

/* Whether the client has been notified since the last call. */
static bool was_rung(const struct rig_client *c)
{
	char bytes[512];

	return read(c->fd[ATTACH_FD_WAIT], bytes, sizeof(bytes)) > 0;
}

static void wait_ring(const struct rig_client *c)
{
	struct pollfd p = { .fd = c->fd[ATTACH_FD_WAIT], .events = POLLIN };

	assert_int_equal(poll(&p, 1, RIG_TIMEOUT_MS), 1);
}

static void test_a_follower_sees_its_uplink(void **state)
{
	struct rig *r = *state;
	struct rig_client c, b;
	uint32_t epoch;

	begin(r, &c, slow);
	/* Who follows nothing has a carrier from the start. */
	assert_true(link_carrier(c.link));
	rig_attach(r, &b, "b.sock");
	rig_until(r, "sw0.b", "state", "up");
	assert_false(link_carrier(b.link));
	epoch = link_epoch(b.link);
	while (was_rung(&b))
		;
	rig_order(&c, "tell 1 vm ready");
	wait_ring(&b);
	until_carrier(&b, true);

	/* The card's cable. */
	rig_order(&c, "tell 1 vm carrier 0");
	until_carrier(&b, false);
	rig_expect(r, "sw0.up: link down", 1);
	rig_until(r, "sw0.up", "state", "no carrier");
	assert_string_equal(vm_shows(r, "slow", "carrier"), "down");
	rig_order(&c, "tell 1 vm carrier 1");
	until_carrier(&b, true);
	rig_expect(r, "sw0.up: link up", 1);
	rig_until(r, "sw0.up", "state", "up");

	/* The VM. */
	rig_order(&c, "tell 1 vm crash");
	until_carrier(&b, false);
	rig_until(r, "sw0.up", "restarts", "1");
	until_running(r, "slow");
	assert_string_equal(rig_port(r, "sw0.up", "state"), "starting");
	assert_false(link_carrier(b.link));
	rig_order(&c, "tell 1 vm ready");
	until_carrier(&b, true);
	/* All that without a frame's being lost on the follower's own link. */
	assert_int_equal(link_epoch(b.link), epoch);
	assert_true(link_carrier(c.link));

	/* Who comes later sees what is. */
	rig_detach(&b);
	rig_until(r, "sw0.b", "state", "down");
	rig_attach(r, &b, "b.sock");
	assert_true(link_carrier(b.link));
	rig_detach(&b);
	finish(r, &c);
}

/* A port that follows a follower has a link while the whole chain has. */
static void test_a_chain_is_as_long_as_its_leaders(void **state)
{
	struct rig *r = *state;
	struct rig_client c, b, d;

	begin(r, &c,
	      "switch sw0 {\n"
	      "port a { attach \"@/a.sock\" }\n"
	      "port up { driver-vm netvm }\n"
	      "port b { attach \"@/b.sock\"; follow up }\n"
	      "port d { attach \"@/d.sock\"; follow b }\n"
	      "}\n"
	      "allow a <-> up\n"
	      "allow b <-> up\n"
	      "allow d <-> up\n"
	      "vm netvm { kernel \"@/lives\"; initrd \"@/i\"; "
	      "nic pci \"0000:00:03.0\" }\n");
	rig_until(r, "sw0.up", "state", "up");
	rig_attach(r, &d, "d.sock");
	rig_until(r, "sw0.d", "state", "up");
	assert_false(link_carrier(d.link));
	rig_attach(r, &b, "b.sock");
	until_carrier(&b, true);
	until_carrier(&d, true);
	rig_order(&c, "tell 1 vm carrier 0");
	until_carrier(&b, false);
	until_carrier(&d, false);
	rig_order(&c, "tell 1 vm carrier 1");
	until_carrier(&d, true);
	rig_detach(&b);
	until_carrier(&d, false);
	rig_detach(&d);
	finish(r, &c);
}

/* --- a status page that lies -------------------------------------------- */

static void test_a_forged_status_page_is_only_shown(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	begin(r, &c, slow);
	rig_order(&c, "tell 1 vm babble");
	rig_expect(r, "obeyed: vm babble", 1);
	rig_order(&c, "tell 1 vm carrier 1");
	rig_expect(r, "obeyed: vm carrier 1", 1);
	/* Not the one word that counts. */
	rig_until(r, "sw0.up", "state", "starting");
	assert_int_equal(rig_count(r, "slow is ready"), 0);
	rig_order(&c, "tell 1 vm forge");
	rig_expect(r, "slow is ready, card ff:ff:ff:ff:ff:ff, link up", 1);
	rig_until(r, "sw0.up", "state", "up");
	assert_string_equal(vm_shows(r, "slow", "rx_frames"),
			    "9223372036854775807");
	assert_string_equal(vm_shows(r, "slow", "mtu"), "4294967295");
	/* Once said, it stays said: what ends a life is its end. */
	rig_order(&c, "tell 1 vm babble");
	rig_expect(r, "obeyed: vm babble", 2);
	rig_until(r, "sw0.up", "state", "up");
	assert_string_equal(rig_port(r, "sw0.up", "restarts"), "0");
	finish(r, &c);
}

/* --- time, in this process ---------------------------------------------- */

/**
 * struct still - a monitor whose PDs only seem to run
 */
struct still {
	struct monitor m;
	struct error err;
	struct config_report report;
	struct system *sys;
	struct mon_vm *vm;
	struct driver_status *status;
	uint32_t channel;
};

static void still_begin(struct still *s, const struct rig *r)
{
	FILE *f = fopen(rig_path(r, "still.conf"), "w");

	memset(s, 0, sizeof(*s));
	for (const char *p = slow; *p != '\0'; p++)
		fprintf(f, *p == '@' ? "%s" : "%.1s", *p == '@' ? r->dir : p);
	fclose(f);
	s->sys = config_compile(rig_path(r, "still.conf"), &s->report);
	assert_non_null(s->sys);
	s->m.sys = *s->sys;
	s->m.err = &s->err;
	s->m.phase = MONITOR_RUNNING;
	s->m.now_ns = loop_now();
	s->m.pd = calloc(s->sys->n_pds, sizeof(*s->m.pd));
	s->m.link = calloc(s->sys->n_conns, sizeof(*s->m.link));
	for (size_t i = 0; i < s->sys->n_conns; i++)
		s->m.link[i].conn = &s->sys->conn[i];
	for (size_t i = 0; i < s->sys->n_pds; i++) {
		s->m.pd[i].sys = &s->sys->pd[i];
		s->m.pd[i].state = PD_RUNNING;
		s->m.pd[i].exit.fd = -1;
	}
	assert_int_equal(loop_open(&s->m.loop), 0);
	assert_int_equal(backing_create(&s->m.backing, s->sys, &s->err), 0);
	assert_int_equal(virts_open(&s->m), 0);
	assert_int_equal(vms_open(&s->m), 0);
	s->vm = &s->m.vm[0];
	assert_int_equal(vm_reset(&s->m, s->vm, &s->err), 0);
	s->status =
		backing_map(&s->m.backing, s->vm->link->conn->status, SYS_RW);
	s->channel = s->vm->link->conn->status_channel;
}

static void still_end(struct still *s)
{
	munmap(s->status, 4096);
	vms_close(&s->m);
	virts_close(&s->m);
	backing_destroy(&s->m.backing);
	loop_close(&s->m.loop);
	free(s->m.pd);
	free(s->m.link);
	system_free(s->sys);
	config_report_free(&s->report);
}

/* A round of the loop; only in it does time pass by itself. */
static void still_round(struct still *s)
{
	uint64_t now = s->m.now_ns;

	loop_round(&s->m.loop, &s->m, 0);
	s->m.now_ns = now;
}

static void test_a_guest_has_a_minute(void **state)
{
	struct still s;

	still_begin(&s, *state);
	assert_true(vm_deadline(&s.m, s.vm) == s.m.now_ns + VM_READY_NS);
	s.m.now_ns += VM_READY_NS - 1;
	vm_tick(&s.m, s.vm);
	assert_false(s.m.pd[s.vm->pd].killed);
	s.m.now_ns++;
	vm_tick(&s.m, s.vm);
	/* Its own failure, with all that follows. */
	assert_true(s.m.pd[s.vm->pd].killed);
	assert_false(s.m.pd[s.vm->pd].innocent);
	assert_true(vm_deadline(&s.m, s.vm) == UINT64_MAX);
	still_end(&s);
}

static void test_a_guest_that_is_ready_is_waited_for_no_more(void **state)
{
	struct still s;

	still_begin(&s, *state);
	atomic_store(&s.status->state, DRIVER_READY);
	ring_end(&s.m.backing, s.channel, 1);
	still_round(&s);
	assert_true(vm_is_ready(&s.m, s.vm));
	assert_true(vm_deadline(&s.m, s.vm) == s.vm->listen_ns);
	s.m.now_ns = s.vm->listen_ns;
	vm_tick(&s.m, s.vm);
	assert_true(vm_deadline(&s.m, s.vm) == UINT64_MAX);
	s.m.now_ns += VM_READY_NS;
	vm_tick(&s.m, s.vm);
	assert_false(s.m.pd[s.vm->pd].killed);
	still_end(&s);
}

/* Let a guest be ready that counts, or not. */
static void still_ready(struct still *s, const struct rig *r, uint32_t beat)
{
	still_begin(s, r);
	atomic_store(&s->status->beat, beat);
	atomic_store(&s->status->state, DRIVER_READY);
	still_round(s);
	assert_true(vm_is_ready(&s->m, s->vm));
	vm_tick(&s->m, s->vm);
	/* The doorbell is heard again; only the watchdog is left. */
	s->m.now_ns = s->vm->listen_ns;
	vm_tick(&s->m, s->vm);
}

/* Whatever is due next is done; whether the VM has been killed for it. */
static bool still_next(struct still *s)
{
	s->m.now_ns = vm_deadline(&s->m, s->vm);
	assert_true(s->m.now_ns != UINT64_MAX);
	vm_tick(&s->m, s->vm);
	return s->m.pd[s->vm->pd].killed;
}

#define WATCHDOG_NS (10 * 1000 * MS_NS)

static void hc39_silence_is_a_death(void **state)
{
	uint64_t silent;
	struct still s;

	still_ready(&s, *state, 7);
	/* A guest that lives, for an hour; counting may be slow, and wrap. */
	atomic_store(&s.status->beat, UINT32_MAX - 700);
	for (unsigned int i = 0; i < 1440; i++) {
		assert_false(still_next(&s));
		if (i % 2 == 0)
			atomic_fetch_add(&s.status->beat, 1);
		if (atomic_load(&s.status->beat) == 0)
			atomic_store(&s.status->beat, 1);
	}
	atomic_fetch_add(&s.status->beat, 1);
	assert_false(still_next(&s));
	silent = s.m.now_ns;
	while (!still_next(&s))
		assert_true(s.m.now_ns < silent + WATCHDOG_NS);
	assert_true(s.m.now_ns == silent + WATCHDOG_NS);
	/* Its own failure, with all that follows. */
	assert_false(s.m.pd[s.vm->pd].innocent);
	assert_true(vm_deadline(&s.m, s.vm) == UINT64_MAX);
	still_end(&s);
}

/* The whole machine stood still, or nobody let the monitor run. */
static void hc39_time_nobody_ran_is_no_silence(void **state)
{
	struct still s;

	still_ready(&s, *state, 7);
	for (unsigned int i = 0; i < 100; i++) {
		s.m.now_ns += 3600 * 1000 * MS_NS;
		vm_tick(&s.m, s.vm);
		assert_false(s.m.pd[s.vm->pd].killed);
		/* The guest gets its time to go on. */
		assert_false(still_next(&s));
		atomic_fetch_add(&s.status->beat, 1);
		assert_false(still_next(&s));
	}
	still_end(&s);
}

static void hc39_who_is_not_watched(void **state)
{
	struct still s;

	/* A program that never counted: older than that. */
	still_ready(&s, *state, 0);
	assert_true(vm_deadline(&s.m, s.vm) == UINT64_MAX);
	s.m.now_ns += 3600 * 1000 * MS_NS;
	vm_tick(&s.m, s.vm);
	assert_false(s.m.pd[s.vm->pd].killed);
	/* What the guest writes there can only keep it alive, or end it. */
	atomic_store(&s.status->beat, UINT32_MAX);
	for (unsigned int i = 1; i <= WATCHDOG_LOOKS; i++) {
		vm_tick(&s.m, s.vm);
		assert_int_equal(still_next(&s), i == WATCHDOG_LOOKS);
	}
	still_end(&s);
	/* And `watchdog off`. */
	still_ready(&s, *state, 0);
	for (size_t i = 0; i < s.sys->pd[s.vm->pd].n_comps; i++)
		s.sys->pd[s.vm->pd].comp[i].vm.watchdog_s = 0;
	atomic_store(&s.status->beat, 7);
	vm_tick(&s.m, s.vm);
	assert_true(vm_deadline(&s.m, s.vm) == UINT64_MAX);
	still_end(&s);
}

/* However often it rings, it is looked at once in VM_LISTEN_NS. */
static void hc15_a_doorbell_is_not_always_answered(void **state)
{
	struct still s;

	still_begin(&s, *state);
	atomic_store(&s.status->state, DRIVER_READY);
	/* A new channel is readable, so that its waiter looks once. */
	still_round(&s);
	assert_true(vm_is_ready(&s.m, s.vm));
	assert_true(s.vm->listen_ns >= s.m.now_ns + VM_LISTEN_NS);
	assert_false(s.vm->carrier);
	atomic_store(&s.status->carrier, 1);
	for (int i = 0; i < 1000; i++) {
		ring_end(&s.m.backing, s.channel, 1);
		still_round(&s);
		vm_tick(&s.m, s.vm);
	}
	assert_false(s.vm->carrier);
	assert_true(vm_deadline(&s.m, s.vm) == s.vm->listen_ns);
	s.m.now_ns = s.vm->listen_ns;
	vm_tick(&s.m, s.vm);
	still_round(&s);
	assert_true(s.vm->carrier);
	/* And then there is nothing to wake up for. */
	s.m.now_ns = s.vm->listen_ns;
	vm_tick(&s.m, s.vm);
	atomic_store(&s.status->carrier, 0);
	still_round(&s);
	assert_true(s.vm->carrier);
	assert_true(vm_deadline(&s.m, s.vm) == UINT64_MAX);
	still_end(&s);
}

/* Virtualisers are silent about what they have seen, however late that is. */
static void test_a_late_uplink_is_looked_for(void **state)
{
	struct link_page page = { 0 };
	const struct mon_link *b;
	struct mon_link *up;
	struct still s;

	still_begin(&s, *state);
	up = s.vm->port;
	b = &s.m.link[s.sys->n_conns - 1];
	assert_ptr_equal(&s.m.link[b->conn->follow], up);
	assert_true(carrier_deadline(&s.m, b) == UINT64_MAX);
	atomic_store(&page.epoch, 1);
	up->page = &page;
	up->state = MON_LINK_UP;
	up->deadline_ns = s.m.now_ns + SWITCH_ANSWER_NS;
	assert_true(carrier_deadline(&s.m, b) == s.m.now_ns + LINK_POLL_NS);
	s.m.now_ns = up->deadline_ns;
	assert_true(carrier_deadline(&s.m, b) == s.m.now_ns + SWITCH_ANSWER_NS);
	/* As if it had been seen. */
	atomic_store(&page.epoch, 0);
	assert_true(carrier_deadline(&s.m, b) == UINT64_MAX);
	still_end(&s);
}

#define rig_test(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_a_guest_reports_ready),
		rig_test(test_refusals_have_reasons),
		rig_test(test_what_a_life_takes_is_not_kept),
		rig_test(test_a_life_that_is_refused_ends_it_all),
		rig_test(test_what_a_life_needs_may_be_busy),
		rig_test(test_a_vm_dies_alone),
		rig_test(test_virtualisers_take_the_vm_along),
		rig_test(test_virtualisers_outlive_their_switch),
		rig_test(test_a_domain_takes_the_vm_along),
		rig_test(test_virtualisers_that_do_not_answer_are_stopped),
		rig_test(hc24_a_guest_that_breaks_its_queues_is_restarted),
		rig_test(hc39_a_guest_that_does_so_always_waits_longer),
		rig_test(hc39_a_guest_that_falls_silent_is_restarted),
		rig_test(test_a_switch_at_fault_keeps_its_other_ports),
		rig_test(test_virtualisers_at_fault_are_restarted),
		rig_test(test_a_follower_sees_its_uplink),
		rig_test(test_a_chain_is_as_long_as_its_leaders),
		rig_test(test_a_late_uplink_is_looked_for),
		rig_test(test_a_forged_status_page_is_only_shown),
		rig_test(test_a_guest_has_a_minute),
		rig_test(test_a_guest_that_is_ready_is_waited_for_no_more),
		rig_test(hc39_silence_is_a_death),
		rig_test(hc39_time_nobody_ran_is_no_silence),
		rig_test(hc39_who_is_not_watched),
		rig_test(hc15_a_doorbell_is_not_always_answered),
	};

	return rig_main(argc, argv, "monitor_vm", tests,
			sizeof(tests) / sizeof(tests[0]));
}
