/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/net_rig.h"

const char *net_missing;

static void net_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)!write(fd, text, strlen(text));
	close(fd);
}

/* As root, or else as root of a user namespace of our own. */
static bool net_unshare(void)
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
static void net_make_tun(void)
{
	if (access("/dev/net/tun", F_OK) == 0 || mkdir("/run/dev", 0755) != 0 ||
	    mkdir("/run/work", 0755) != 0 ||
	    mount("weir-test-dev", "/dev", "overlay", 0,
		  "lowerdir=/dev,upperdir=/run/dev,workdir=/run/work") != 0)
		return;
	(void)!mkdir("/dev/net", 0755);
	(void)!mknod("/dev/net/tun", S_IFCHR | 0666, makedev(10, 200));
}

/* By the place of tc, which an ordinary user's PATH lacks. */
static void extend_path(void)
{
	const char *path = getenv("PATH");
	char longer[4096];

	snprintf(longer, sizeof(longer), "%s:/usr/sbin:/sbin",
		 path == NULL ? "/bin" : path);
	setenv("PATH", longer, 1);
}

int net_setup(void **state)
{
	(void)state;
	extend_path();
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

int net_setup_veth(void **state)
{
	net_setup(state);
	if (net_missing == NULL &&
	    system("ip link add nic0 type veth peer name far0"
		   " && ip link del nic0") != 0)
		net_missing = "no veth interfaces in this kernel";
	return 0;
}

void net_add_veth(void)
{
	if (net_missing == NULL)
		comp_shell("ip link add nic0 type veth peer name far0"
			   " && ip link set far0 up");
}

void net_del_veth(void)
{
	(void)!system("ip link del nic0 2>/dev/null");
}

void net_need(void)
{
	if (net_missing == NULL)
		return;
	print_message("%s\n", net_missing);
	skip();
}

void net_need_tun(void)
{
	net_need();
	if (access("/dev/net/tun", R_OK | W_OK) == 0)
		return;
	print_message("/dev/net/tun cannot be opened by this user; usual is "
		      "`chmod 666 /dev/net/tun`\n");
	skip();
}

void net_await_carrier(const char *where, const char *ifname)
{
	char command[128];

	snprintf(command, sizeof(command),
		 "ip %s -o link show %s | grep -q 'state UP'", where, ifname);
	for (int i = 0; i < COMP_PATIENCE && system(command) != 0; i++)
		poll(NULL, 0, 1);
	comp_shell("%s", command);
}

/* --- frames by way of an interface -------------------------------------- */

int net_station(const char *ifname)
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

void net_say(int station, const void *frame, size_t len)
{
	assert_int_equal(write(station, frame, len), len);
}

size_t net_hear(int station, uint8_t *frame, size_t size)
{
	ssize_t n;

	while ((n = read(station, frame, size)) > 0)
		if (n >= 14 && frame[12] == 0x88 && frame[13] == 0xb5)
			return (size_t)n;
	return 0;
}

void net_hears(struct comp *rig, int station, size_t len, unsigned int which)
{
	uint8_t frame[16384];
	size_t n;

	comp_until(rig, (n = net_hear(station, frame, sizeof(frame))) > 0);
	comp_assert_frame(frame, n, len, which);
}

size_t net_take(struct comp *rig, uint8_t *frame, size_t size)
{
	size_t n;

	while ((n = comp_take(rig, frame, size)) > 0)
		if (frame[12] == 0x88 && frame[13] == 0xb5)
			return n;
	return 0;
}

void net_taken(struct comp *rig, size_t len, unsigned int which)
{
	uint8_t frame[16384];
	size_t n;

	comp_until(rig, (n = net_take(rig, frame, sizeof(frame))) > 0);
	comp_assert_frame(frame, n, len, which);
}

void net_tagged(uint8_t *frame, const char *tags, size_t n, size_t len)
{
	comp_frame(frame, len, 9);
	memmove(frame + 12 + n, frame + 12, len - 12 - n);
	memcpy(frame + 12, tags, n);
}

/* --- things that end a process ------------------------------------------ */

void net_give_up(void)
{
	if (setresgid(65534, 65534, 65534) == 0 &&
	    setresuid(65534, 65534, 65534) == 0)
		return;
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_ALL) != 0)
		_exit(77);
}

void net_refused_as_nobody(const struct sys_component *config,
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
		if (component_kinds[config->kind]->open(config, fds, &err) >= 0)
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
