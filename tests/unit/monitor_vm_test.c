/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor and driver VMs: a VM's life, and who dies with whom.
 */
#include "tests/unit/monitor_vm_rig.h"

FAKE_COMPONENTS;

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
	finish_vm(r, &c);
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

/* What start() gives is the VM's alone, once for each of its lives. */
static void test_what_a_life_takes_is_not_kept(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	unsigned int before;

	begin_up(r, &c);
	before = rig_fds(r->pid);
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
	for (int i = 0; i < RIG_TIMEOUT_MS && rig_fds(r->pid) > before; i++)
		poll(NULL, 0, 1);
	assert_true(rig_fds(r->pid) <= before);
	finish_vm(r, &c);
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

	begin_up(r, &c);
	close(open(rig_path(r, "lives.busy"), O_CREAT | O_WRONLY, 0600));
	rig_order(&c, "tell 1 vm crash");
	rig_expect(r, "netvm: fake start: busy; starting it again", 1);
	unlink(rig_path(r, "lives.busy"));
	rig_until(r, "sw0.up", "state", "up");
	finish_vm(r, &c);
}

/* --- who dies with whom ------------------------------------------------- */

static void test_a_vm_dies_alone(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	pid_t sw, virt;

	begin_up(r, &c);
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
	finish_vm(r, &c);
}

static void test_virtualisers_take_the_vm_along(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	pid_t sw;

	begin_up(r, &c);
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
	finish_vm(r, &c);
}

static void test_virtualisers_outlive_their_switch(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	pid_t vm, virt;

	begin_up(r, &c);
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
	finish_vm(r, &c);
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
	finish_vm(r, &c);
}

static void test_virtualisers_that_do_not_answer_are_stopped(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	pid_t sw;

	begin_up(r, &c);
	sw = pid_of(r, "sw0");
	rig_order(&c, "tell 1 deaf");
	rig_expect(r, "deaf from now on", 1);
	rig_order(&c, "tell 1 vm crash");
	rig_expect(r, "sw0.up does not answer; stopping it", 1);
	rig_expect(r, "netvm is ready", 2);
	rig_until(r, "sw0.up", "state", "up");
	assert_string_equal(rig_pd(r, "sw0.up", "restarts"), "1");
	assert_int_equal(pid_of(r, "sw0"), sw);
	finish_vm(r, &c);
}

/* --- faults ------------------------------------------------------------- */

static void hc24_a_guest_that_breaks_its_queues_is_restarted(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	pid_t virt;

	begin_up(r, &c);
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
	finish_vm(r, &c);
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
	finish_vm(r, &c);
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
	finish_vm(r, &c);
}

static void test_a_switch_at_fault_keeps_its_other_ports(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	pid_t sw, vm;

	begin_up(r, &c);
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
	finish_vm(r, &c);
}

static void test_virtualisers_at_fault_are_restarted(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	begin_up(r, &c);
	rig_order(&c, "fault 1");
	rig_expect(r, "sw0.up: its virtualisers broke the queue protocol", 1);
	rig_expect(r, "sw0.up: stopped; starting it again", 1);
	rig_expect(r, "netvm is ready", 2);
	rig_until(r, "sw0.up", "state", "up");
	assert_string_equal(rig_pd(r, "sw0.up", "restarts"), "1");
	finish_vm(r, &c);
}

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
	};

	return rig_main(argc, argv, "monitor_vm", tests,
			sizeof(tests) / sizeof(tests[0]));
}
