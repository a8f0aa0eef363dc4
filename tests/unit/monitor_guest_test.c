/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor and client VMs: a VM and its devices are connected again whoever
 * of them dies; a guest reboots and turns itself off; consoles.
 */
#include "tests/unit/monitor_vm_rig.h"

FAKE_COMPONENTS;

/*
 * Port 0 gives orders; bob has two devices, the first follows port 0; alice has
 * a card and a disk.
 */
static const char two[] =
	"switch sw0 {\n"
	"port a { attach \"@/a.sock\" }\n"
	"port bob { vm bob; follow a }\n"
	"port alice { vm alice }\n"
	"port lan { vm bob }\n"
	"}\n"
	"allow { a, alice } <-> { bob, lan }\n"
	"vm bob { kernel \"@/k\"; initrd \"@/i\"; cpus 2; "
	"memory 64m }\n"
	"disk data { file \"@/data.img\"; size 1m }\n"
	"vm alice { kernel \"@/k\"; initrd \"@/i\"; disk data }\n";

/* Wait until a member of a VM's row has a value. */
static void until(const struct rig *r, const char *vm, const char *member,
		  const char *value)
{
	for (int i = 0; i < RIG_TIMEOUT_MS / 5; i++) {
		if (strcmp(vm_shows(r, vm, member), value) == 0)
			return;
		poll(NULL, 0, 5);
	}
	fail_msg("%s of %s is %s", member, vm, vm_shows(r, vm, member));
}

/* Each has been told the other's name so often. */
static void expect_connected(struct rig *r, unsigned int bob,
			     unsigned int alice)
{
	rig_expect(r, "bob: device 0: sw0.bob\n", bob);
	rig_expect(r, "bob: device 1: sw0.lan\n", bob);
	rig_expect(r, "sw0.bob: vm: bob\n", bob);
	rig_expect(r, "sw0.lan: vm: bob\n", bob);
	rig_expect(r, "alice: device 0: sw0.alice\n", alice);
	rig_expect(r, "sw0.alice: vm: alice\n", alice);
}

static void turn(const struct rig *r, const char *what, const char *vm)
{
	char request[128];

	snprintf(request, sizeof(request),
		 "{\"cmd\":\"vm\",\"do\":\"%s\",\"vm\":\"%s\"}", what, vm);
	json_decref(rig_data(rig_ask(r, request)));
}

/* --- consoles ----------------------------------------------------------- */

/* Read until some text has come. */
static void hear(int fd, const char *what)
{
	char text[256] = "";
	size_t n = 0;

	while (strstr(text, what) == NULL && n < sizeof(text) - 1) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t got;

		assert_int_equal(poll(&p, 1, RIG_TIMEOUT_MS), 1);
		got = read(fd, text + n, sizeof(text) - 1 - n);
		assert_true(got > 0);
		n += (size_t)got;
	}
}

static int console(const struct rig *r, const char *vm)
{
	struct control to = rig_control(r);
	json_t *reply;
	int fd;

	reply = control_console(&to, &rig_options, vm, &fd);
	assert_non_null(reply);
	json_decref(reply);
	if (fd >= 0)
		hear(fd, "login: ");
	return fd;
}

static void say(int fd, const char *text)
{
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void type(const struct rig *r, const char *vm, const char *text)
{
	int fd = console(r, vm);

	assert_true(fd >= 0);
	say(fd, text);
	close(fd);
}

/* --- tests -------------------------------------------------------------- */

static void finish(struct rig *r)
{
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_count(r, "dirty"), 0);
}

static void test_devices_are_connected(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	begin(r, &c, two);
	expect_connected(r, 1, 1);
	assert_string_equal(rig_port(r, "sw0.lan", "kind"), "vm");
	assert_string_equal(rig_port(r, "sw0.lan", "attached"), "vm bob");
	assert_string_equal(vm_shows(r, "bob", "kind"), "client");
	assert_string_equal(vm_shows(r, "bob", "state"), "running");
	assert_string_equal(vm_shows(r, "bob", "cpus"), "2");
	assert_string_equal(vm_shows(r, "bob", "memory_mib"), "64");
	assert_string_equal(vm_shows(r, "alice", "memory_mib"), "128");
	assert_string_equal(vm_shows(r, "bob", "exits"), "3");
	rig_detach(&c);
	finish(r);
}

/* A device may share its process with the switch and other devices. */
static void test_devices_in_a_domain(void **state)
{
	struct rig *r = *state;
	char text[2048];

	snprintf(text, sizeof(text), "%sdomain fast { sw0 bob lan }\n", two);
	rig_start(r, text);
	rig_expect(r, "bob: device 0: sw0.bob\n", 1);
	rig_expect(r, "bob: device 1: sw0.lan\n", 1);
	rig_expect(r, "fast: sw0.bob: vm: bob\n", 1);
	rig_expect(r, "fast: sw0.lan: vm: bob\n", 1);
	finish(r);
}

static void test_the_vm_sees_the_carrier(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	rig_start(r, two);
	rig_expect(r, "bob: device 0: carrier down\n", 1);
	rig_expect(r, "bob: device 1: carrier up\n", 1);
	rig_attach(r, &c, "a.sock");
	rig_expect(r, "bob: device 0: carrier up\n", 1);
	rig_detach(&c);
	rig_expect(r, "bob: device 0: carrier down\n", 2);
	finish(r);
}

static void test_a_device_comes_back_to_its_guest(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	begin(r, &c, two);
	expect_connected(r, 1, 1);
	for (unsigned int i = 1; i <= 3; i++) {
		kill(pid_of(r, "sw0.lan"), SIGKILL);
		rig_expect(r, "bob: device 1: gone\n", i);
		rig_expect(r, "sw0.lan: vm: bob\n", 1 + i);
		rig_expect(r, "bob: device 1: sw0.lan\n", 1 + i);
	}
	assert_int_equal(rig_count(r, "bob: device 0: gone"), 0);
	assert_string_equal(rig_pd(r, "bob", "restarts"), "0");
	assert_string_equal(rig_pd(r, "sw0.lan", "restarts"), "3");
	rig_detach(&c);
	finish(r);
}

static void test_a_disk_comes_back_to_its_guest(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	begin(r, &c, two);
	rig_expect(r, "alice: device 1: alice.disk0\n", 1);
	rig_expect(r, "alice.disk0: vm: alice\n", 1);
	for (unsigned int i = 1; i <= 3; i++) {
		kill(pid_of(r, "alice.disk0"), SIGKILL);
		rig_expect(r, "alice: device 1: gone\n", i);
		rig_expect(r, "alice.disk0: vm: alice\n", 1 + i);
		rig_expect(r, "alice: device 1: alice.disk0\n", 1 + i);
	}
	type(r, "alice", "crash\n");
	rig_expect(r, "alice.disk0: vm: gone\n", 1);
	rig_expect(r, "alice: device 1: alice.disk0\n", 5);
	assert_string_equal(rig_pd(r, "alice", "restarts"), "1");
	assert_string_equal(rig_pd(r, "alice.disk0", "restarts"), "3");
	assert_int_equal(rig_count(r, "bob: device 0: gone"), 0);
	rig_detach(&c);
	finish(r);
}

static void test_a_vm_that_crashes_is_started_again(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	begin(r, &c, two);
	expect_connected(r, 1, 1);
	type(r, "bob", "crash\n");
	rig_expect(r, "bob: killed by SIG", 1);
	rig_expect(r, "sw0.bob: vm: gone\n", 1);
	expect_connected(r, 2, 1);
	assert_string_equal(vm_shows(r, "bob", "restarts"), "1");
	assert_string_equal(vm_shows(r, "bob", "reboots"), "0");
	assert_string_equal(rig_pd(r, "sw0.bob", "restarts"), "0");
	rig_detach(&c);
	finish(r);
}

static void test_a_switch_takes_its_devices_along_not_the_vm(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	begin(r, &c, two);
	expect_connected(r, 1, 1);
	kill(pid_of(r, "sw0"), SIGKILL);
	expect_connected(r, 2, 2);
	assert_string_equal(rig_pd(r, "bob", "restarts"), "0");
	rig_detach(&c);
	finish(r);
}

static void test_a_guest_reboots(void **state)
{
	struct rig *r = *state;

	rig_start(r, two);
	expect_connected(r, 1, 1);
	for (unsigned int i = 1; i <= 3; i++) {
		type(r, "bob", "reboot\n");
		rig_expect(r, "bob: the guest reboots\n", i);
		expect_connected(r, 1 + i, 1);
	}
	assert_string_equal(vm_shows(r, "bob", "reboots"), "3");
	assert_string_equal(vm_shows(r, "bob", "restarts"), "0");
	assert_int_equal(rig_count(r, "starting it again"), 0);
	finish(r);
}

static void test_a_guest_turns_itself_off(void **state)
{
	struct rig *r = *state;

	rig_start(r, two);
	expect_connected(r, 1, 1);
	type(r, "bob", "off\n");
	rig_expect(r, "bob: the guest has turned itself off", 1);
	until(r, "bob", "state", "off");
	assert_string_equal(rig_pd(r, "bob", "state"), "off");
	assert_string_equal(rig_pd(r, "bob", "pid"), "0");
	assert_string_equal(vm_shows(r, "bob", "uptime_s"), "0");
	assert_int_equal(console(r, "bob"), -1);
	turn(r, "start", "bob");
	expect_connected(r, 2, 1);
	until(r, "bob", "state", "running");
	finish(r);
}

static void test_vms_are_turned_off_and_on(void **state)
{
	struct rig *r = *state;

	rig_start(r, two);
	expect_connected(r, 1, 1);
	turn(r, "stop", "bob");
	until(r, "bob", "state", "off");
	rig_expect(r, "sw0.bob: vm: gone\n", 1);
	rig_expect(r, "sw0.lan: vm: gone\n", 1);
	turn(r, "start", "bob");
	expect_connected(r, 2, 1);
	turn(r, "restart", "bob");
	expect_connected(r, 3, 1);
	turn(r, "stop", "bob");
	turn(r, "restart", "bob");
	expect_connected(r, 4, 1);
	assert_int_equal(rig_count(r, "starting it again"), 0);
	assert_string_equal(vm_shows(r, "bob", "restarts"), "0");
	type(r, "bob", "crash\n");
	expect_connected(r, 5, 1);
	assert_string_equal(vm_shows(r, "bob", "restarts"), "1");
	assert_int_equal(rig_count(r, "alice: device 0: gone"), 0);
	finish(r);
}

static void test_a_driver_vm_is_turned_off_and_on(void **state)
{
	struct rig *r = *state;
	struct rig_client c;

	begin_up(r, &c);
	turn(r, "stop", "netvm");
	until(r, "netvm", "state", "off");
	turn(r, "start", "netvm");
	rig_expect(r, "netvm is ready", 2);
	rig_until(r, "sw0.up", "state", "up");
	finish_vm(r, &c);
}

static void test_what_is_refused(void **state)
{
	static const struct {
		const char *request;
		const char *says;
	} bad[] = {
		{ "{\"cmd\":\"vm\"}", "\"vm\" wants" },
		{ "{\"cmd\":\"vm\",\"vm\":\"bob\",\"do\":\"dance\"}",
		  "\"vm\" wants" },
		{ "{\"cmd\":\"vm\",\"vm\":7,\"do\":\"stop\"}", "\"vm\" wants" },
		{ "{\"cmd\":\"vm\",\"vm\":\"eve\",\"do\":\"stop\"}",
		  "there is no vm \"eve\"" },
		{ "{\"cmd\":\"vm\",\"vm\":\"sw0\",\"do\":\"stop\"}",
		  "there is no vm \"sw0\"" },
		{ "{\"cmd\":\"vm\",\"vm\":\"bob\",\"do\":\"start\"}",
		  "vm bob is on already" },
		{ "{\"cmd\":\"console\"}", "\"console\" wants" },
		{ "{\"cmd\":\"console\",\"vm\":\"eve\"}",
		  "there is no vm \"eve\"" },
	};
	struct rig *r = *state;

	rig_start(r, two);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_non_null(strstr(rig_error(rig_ask(r, bad[i].request)),
				       bad[i].says));
	turn(r, "stop", "bob");
	assert_non_null(
		strstr(rig_error(rig_ask(r, "{\"cmd\":\"vm\",\"vm\":\"bob\","
					    "\"do\":\"stop\"}")),
		       "vm bob is off"));
	finish(r);
}

static void test_several_at_one_console(void **state)
{
	struct rig *r = *state;
	struct pollfd end = { .events = POLLIN };
	unsigned int before, fds;
	int one, other;

	rig_start(r, two);
	expect_connected(r, 1, 1);
	before = rig_least_fds(r->pid);
	one = console(r, "bob");
	other = console(r, "bob");
	say(one, "whoami\n");
	hear(one, "whoami\n");
	say(other, "uptime\n");
	hear(other, "uptime\n");
	/* It is the VM's alone. */
	fds = rig_least_fds(r->pid);
	assert_int_equal(fds, before);
	/* A console ends with the VM, a reboot included. */
	say(one, "reboot\n");
	end.fd = other;
	assert_int_equal(poll(&end, 1, RIG_TIMEOUT_MS), 1);
	assert_int_equal(read(other, &fds, 1), 0);
	close(one);
	close(other);
	expect_connected(r, 2, 1);
	finish(r);
}

/* Nothing is kept of lives that have ended. */
static void test_nothing_is_leaked(void **state)
{
	struct rig *r = *state;
	unsigned int before;

	rig_start(r, two);
	expect_connected(r, 1, 1);
	before = rig_least_fds(r->pid);
	for (unsigned int i = 2; i <= 4; i++) {
		turn(r, "restart", "bob");
		expect_connected(r, i, 1);
	}
	assert_int_equal(rig_least_fds(r->pid), before);
	finish(r);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_devices_are_connected),
		rig_test(test_devices_in_a_domain),
		rig_test(test_the_vm_sees_the_carrier),
		rig_test(test_a_device_comes_back_to_its_guest),
		rig_test(test_a_disk_comes_back_to_its_guest),
		rig_test(test_a_vm_that_crashes_is_started_again),
		rig_test(test_a_switch_takes_its_devices_along_not_the_vm),
		rig_test(test_a_guest_reboots),
		rig_test(test_a_guest_turns_itself_off),
		rig_test(test_vms_are_turned_off_and_on),
		rig_test(test_a_driver_vm_is_turned_off_and_on),
		rig_test(test_what_is_refused),
		rig_test(test_several_at_one_console),
		rig_test(test_nothing_is_leaked),
	};

	return rig_main(argc, argv, "monitor_guest", tests,
			sizeof(tests) / sizeof(tests[0]));
}
