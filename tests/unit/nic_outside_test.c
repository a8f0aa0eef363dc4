/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The nic port: what becomes of its interface, and who else uses it.
 */
#include "tests/unit/nic_rig.h"

#include <sys/un.h>

#include "vmm/linux/ports/open.h"

static uint8_t frame[16384];

/* --- what becomes of the interface -------------------------------------- */

/* The other end of the cable is taken out and put back in. */
static void carrier_lost_and_found(void **state)
{
	struct comp *rig = nic_start();
	int far;

	(void)state;
	comp_until(rig, comp_is(rig, OUTSIDE_UP));
	comp_shell("ip link set far0 down");
	comp_until(rig, comp_is(rig, OUTSIDE_NO_CARRIER));
	assert_true(comp_logged(rig, "interface nic0 has no carrier"));
	comp_frame(frame, 60, 1);
	assert_true(comp_send(rig, frame, 60));
	comp_until(rig, comp_dropped(rig, OUTSIDE_DROP_NOT_UP) == 1);
	comp_shell("ip link set far0 up");
	comp_until(rig, comp_is(rig, OUTSIDE_UP));
	far = net_station("far0");
	comp_frame(frame, 60, 5);
	assert_true(comp_send(rig, frame, 60));
	net_hears(rig, far, 60, 5);
	close(far);
}

static void mtu_followed(void **state)
{
	struct comp *rig;
	int far;

	(void)state;
	cfg->wire.max_frame = 9018;
	rig = nic_start();
	comp_shell("ip link set far0 mtu 9000; ip link set nic0 mtu 9000");
	comp_until(rig, comp_logged(rig, "the mtu of nic0 is 9000 now, as this "
					 "port's"));
	far = net_station("far0");
	comp_frame(frame, 9014, 1);
	assert_true(comp_send(rig, frame, 9014));
	net_hears(rig, far, 9014, 1);
	comp_shell("ip link set nic0 mtu 1000");
	comp_until(rig, comp_logged(rig, "the mtu of nic0 is 1000 now, this "
					 "port's is 9000"));
	for (unsigned int i = 0; i < 30; i++) {
		comp_frame(frame, 1500, i);
		assert_true(comp_send(rig, frame, 1500));
	}
	comp_frame(frame, 1014, 5);
	assert_true(comp_send(rig, frame, 1014));
	net_hears(rig, far, 1014, 5);
	assert_int_equal(comp_dropped(rig, OUTSIDE_DROP_MTU), 30);
	close(far);
}

/* Another interface's changes are no news. */
static void others_are_not_followed(void **state)
{
	struct comp *rig = nic_start();

	(void)state;
	comp_until(rig, comp_is(rig, OUTSIDE_UP));
	rig->log[0] = '\0';
	comp_shell(
		"ip link add other0 type veth peer name other1 && ip link set "
		"other0 up"
		" && ip link del other0");
	comp_turn(rig);
	assert_int_equal(comp_watched(rig, NIC_WATCH), EPOLLIN);
	assert_string_equal(rig->log, "");
}

static void renamed(void **state)
{
	struct comp *rig = nic_start();
	int far = net_station("far0");
	int fds[NIC_FDS];

	(void)state;
	comp_shell("ip link set nic0 down; ip link set nic0 name lan0"
		   " && ip link set lan0 up");
	assert_string_equal(rig->c->outside->name, "nic0");
	comp_until(rig, comp_logged(rig, "interface nic0 is called lan0 now"));
	assert_string_equal(rig->c->outside->name, "lan0");
	/* The PD's next life has the number, not the name. */
	comp_dup_fds(rig, fds);
	nic_end(rig);
	rig = comp_new(cfg);
	comp_start(rig, fds, NIC_FDS);
	comp_until(rig, comp_is(rig, OUTSIDE_UP));
	comp_frame(frame, 60, 9);
	assert_true(comp_send(rig, frame, 60));
	net_hears(rig, far, 60, 9);
	close(far);
	comp_shell("ip link del lan0");
}

static void interface_deleted_while_down(void **state)
{
	struct comp *rig = nic_start();

	(void)state;
	comp_shell("ip link set nic0 down");
	comp_until(rig, comp_is(rig, OUTSIDE_DOWN));
	comp_shell("ip link del nic0");
	comp_until(rig, comp_is(rig, OUTSIDE_GONE));
}

static void started_again(void **state)
{
	struct comp *rig = nic_start();
	int far = net_station("far0");
	int fds[NIC_FDS];

	(void)state;
	for (unsigned int round = 0; round < 3; round++) {
		/* Leave the rings in the middle, with frames in them. */
		for (unsigned int i = 0; i < 37; i++) {
			comp_frame(frame, 60, i);
			assert_true(comp_send(rig, frame, 60));
			net_hears(rig, far, 60, i);
			net_say(far, frame, 60);
		}
		comp_dup_fds(rig, fds);
		nic_end(rig);
		rig = comp_new(cfg);
		comp_start(rig, fds, NIC_FDS);
		comp_frame(frame, 60, 99);
		assert_true(comp_send(rig, frame, 60));
		net_hears(rig, far, 60, 99);
		comp_frame(frame, 61, 98);
		net_say(far, frame, 61);
		net_taken(rig, 61, 98);
	}
	close(far);
}

/* --- who else uses it --------------------------------------------------- */

/* By whatever name, and whoever comes second. */
static void used_twice(void **state)
{
	struct comp *rig;
	int fds[PD_MAX_FDS];
	unsigned int before;
	int status;
	pid_t pid;

	(void)state;
	net_need();
	comp_shell("ip link property add dev nic0 altname uplink");
	rig = nic_start();
	before = comp_open_fds();
	comp_refused(cfg, "\"nic0\" is the interface of another port", NULL);
	strcpy(cfg->nic.ifname, "uplink");
	comp_refused(cfg, "\"uplink\" is the interface of another port", NULL);
	assert_int_equal(comp_open_fds(), before);
	/* Another process: another instance. */
	pid = fork();
	if (pid == 0) {
		struct error err = { "" };

		_exit(nic_ops.open(cfg, fds, &err) == -1 &&
				      strstr(err.text, "another instance") !=
					      NULL
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	/* It is free as soon as its holder is gone. */
	nic_end(rig);
	rig = nic_start();
	(void)rig;
}

/* What is not held by root or us does not keep us out. */
static void claim_of_a_stranger(void **state)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int n;

	(void)state;
	net_need();
	n = snprintf(name.sun_path + 1, 100, "weir-nic-%u",
		     if_nametoindex("nic0"));
	/* Bound, and nobody listens: no weir does that. */
	assert_int_equal(bind(fd, (struct sockaddr *)&name,
			      (socklen_t)(sizeof(sa_family_t) + 1 + n)),
			 0);
	nic_start();
	close(fd);
}

static void member_of_a_bridge(void **state)
{
	struct comp *rig;

	(void)state;
	net_need();
	if (system("ip link add br0 type bridge 2>/dev/null") != 0) {
		print_message("no bridges in this kernel\n");
		skip();
	}
	comp_shell("ip link set nic0 master br0");
	rig = nic_start();
	assert_true(comp_logged(rig, "nic0 is a member of br0"));
	nic_end(rig);
	comp_shell("ip link del br0");
	rig = nic_start();
	assert_false(comp_logged(rig, "is a member of"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		nic_test(carrier_lost_and_found),
		nic_test(mtu_followed),
		nic_test(others_are_not_followed),
		nic_test(renamed),
		nic_test(interface_deleted_while_down),
		nic_test(started_again),
		nic_test(used_twice),
		nic_test(claim_of_a_stranger),
		nic_test(member_of_a_bridge),
	};

	return cmocka_run_group_tests_name("nic outside", tests, net_setup_veth,
					   NULL);
}
