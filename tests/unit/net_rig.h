/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network interfaces for tests: everything happens in namespaces of the test
 * program's own, and ends with it.
 */
#ifndef WEIR_TESTS_UNIT_NET_RIG_H
#define WEIR_TESTS_UNIT_NET_RIG_H

#include "tests/unit/port_rig.h"

#include <arpa/inet.h>
#include <cap-ng.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define NET_NO_TUN                                                             \
	"/dev/net/tun cannot be opened by this user; usual is `chmod 666"      \
	" /dev/net/tun`\n"

/* Why there is no private network; NULL if there is. */
static const char *net_missing;

static RIG_UNUSED void net_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, text, strlen(text));
	close(fd);
}

/* As root, or else as root of a user namespace of our own. */
static RIG_UNUSED bool net_unshare(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	char map[32];

	if (unshare(CLONE_NEWNET | CLONE_NEWNS) == 0)
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS) != 0)
		return false;
	net_write("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	net_write("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	net_write("/proc/self/gid_map", map);
	return true;
}

/*
 * A chroot or a container may lack the device TAP interfaces are made with; the
 * kernel may have it all the same.  Root can then make a node in a /dev that is
 * this program's alone.
 */
static RIG_UNUSED void net_make_tun(void)
{
	if (access("/dev/net/tun", F_OK) == 0 || mkdir("/run/dev", 0755) != 0 ||
	    mkdir("/run/work", 0755) != 0 ||
	    mount("weir-test-dev", "/dev", "overlay", 0,
		  "lowerdir=/dev,upperdir=/run/dev,workdir=/run/work") != 0)
		return;
	(void)!mkdir("/dev/net", 0755);
	(void)!mknod("/dev/net/tun", S_IFCHR | 0666, makedev(10, 200));
}

static RIG_UNUSED void rig_extend_path(void)
{
	const char *path = getenv("PATH");
	char longer[4096];

	snprintf(longer, sizeof(longer), "%s:/usr/sbin:/sbin",
		 path == NULL ? "/bin" : path);
	setenv("PATH", longer, 1);
}

/*
 * For the group's setup: a network of our own, a /run of our own for the names
 * of namespaces, and interfaces that say nothing unasked.
 */
static RIG_UNUSED int net_setup(void **state)
{
	(void)state;
	/* The place of tc, which an ordinary user's PATH lacks. */
	rig_extend_path();
	if (system("command -v ip >/dev/null") != 0)
		net_missing = "iproute2 is not installed";
	else if (!net_unshare())
		net_missing = "namespaces of one's own are not permitted here";
	else if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
		 mount("weir-test", "/run", "tmpfs", 0, NULL) != 0)
		net_missing = "mounts of one's own are not permitted here";
	else
		net_write("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1");
	if (net_missing == NULL)
		net_make_tun();
	return 0;
}

static RIG_UNUSED void net_need(void)
{
	if (net_missing == NULL)
		return;
	print_message("%s\n", net_missing);
	skip();
}

/* The same for tests that make TAP interfaces. */
static RIG_UNUSED void net_need_tun(void)
{
	net_need();
	if (access("/dev/net/tun", R_OK | W_OK) == 0)
		return;
	print_message(NET_NO_TUN);
	skip();
}

/* Wait until an interface can send: its carrier is noticed a little later.
 * @where is "" or "-n NAMESPACE". */
static RIG_UNUSED void net_await_carrier(const char *where, const char *ifname)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "ip %s -o link show %s | grep -q 'state UP'", where, ifname);
	for (int i = 0; i < RIG_PATIENCE && system(command) != 0; i++)
		poll(NULL, 0, 1);
	rig_shell("%s", command);
}

/* --- frames by way of an interface --------------------------------------------- */

/* A packet socket on an interface: what a station behind it says and hears. */
static RIG_UNUSED int net_station(const char *ifname)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(ifname),
	};
	int one = 1, size = 4 << 20;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_true(addr.sll_ifindex > 0);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING,
				    &one, sizeof(one)),
			 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one,
				    sizeof(one)),
			 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	return fd;
}

static RIG_UNUSED void net_say(int station, const void *frame, size_t len)
{
	assert_int_equal(write(station, frame, len), len);
}

/* A frame of our own kind, others are passed over; 0 if there is none. */
static RIG_UNUSED size_t net_hear(int station, uint8_t *frame, size_t size)
{
	ssize_t n;

	while ((n = read(station, frame, size)) > 0)
		if (n >= 14 && frame[12] == 0x88 && frame[13] == 0xb5)
			return (size_t)n;
	return 0;
}

/* Frames of @len octets, in order, turning the port while they are awaited. */
static RIG_UNUSED void net_hears(struct rig *rig, int station, size_t len,
				 unsigned int which)
{
	uint8_t frame[16384];
	size_t n;

	rig_until(rig, (n = net_hear(station, frame, sizeof(frame))) > 0);
	rig_assert_frame(frame, n, len, which);
}

/* The switch gets a frame; ours only, if the kernel has something to say too. */
static RIG_UNUSED size_t net_take(struct rig *rig, uint8_t *frame, size_t size)
{
	size_t n;

	while ((n = rig_take(rig, frame, size)) > 0)
		if (frame[12] == 0x88 && frame[13] == 0xb5)
			return n;
	return 0;
}

static RIG_UNUSED void net_taken(struct rig *rig, size_t len,
				 unsigned int which)
{
	uint8_t frame[16384];
	size_t n;

	rig_until(rig, (n = net_take(rig, frame, sizeof(frame))) > 0);
	rig_assert_frame(frame, n, len, which);
}

/* --- things that end a process --------------------------------------------------- */

/* Turn a port in a child until it ends itself; its exit status, 7 if it does
 * not. What it said is in the log. */
static RIG_UNUSED int net_ends(struct rig *rig)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		for (int i = 0; i < RIG_PATIENCE; i++) {
			pd_look(rig->pd, 0);
			if (rig->pd->n_due > 0)
				pd_work(rig->pd);
			poll(NULL, 0, 1);
		}
		_exit(7);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	rig_read_log(rig);
	return WEXITSTATUS(status);
}

/* Become somebody without privileges: nobody, or ourselves without any. */
static RIG_UNUSED void net_give_up(void)
{
	if (setresgid(65534, 65534, 65534) == 0 &&
	    setresuid(65534, 65534, 65534) == 0)
		return;
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_ALL) != 0)
		_exit(77);
}

/* open() as somebody without privileges; the message is in @err. */
static RIG_UNUSED void net_refused_as_nobody(const struct sys_component *cfg,
					     const char *words)
{
	int status, pipes[2];
	struct error err = { "" };
	pid_t pid;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		int fds[PD_MAX_FDS];

		net_give_up();
		if (component_kinds[cfg->kind]->open(cfg, fds, &err) >= 0)
			_exit(1);
		(void)!write(pipes[1], err.text, sizeof(err.text));
		_exit(0);
	}
	close(pipes[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(pipes[0], err.text, sizeof(err.text)),
			 sizeof(err.text));
	close(pipes[0]);
	if (strstr(err.text, words) == NULL)
		fail_msg("\"%s\" is not in: %s", words, err.text);
}

#endif
