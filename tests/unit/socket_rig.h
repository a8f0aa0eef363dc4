/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A socket port by itself, and a peer for it.
 */
#ifndef WEIR_TESTS_UNIT_SOCKET_RIG_H
#define WEIR_TESTS_UNIT_SOCKET_RIG_H

#include "tests/unit/port_rig.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/un.h>

#define MAX_FRAME 1518u
/* Longest frame QEMU speaks of. */
#define QEMU_MAX 69632u

static char dir[64];
static struct sys_component *cfg;
static uint8_t frame[QEMU_MAX + 8];

static RIG_UNUSED int setup(void **state)
{
	static struct sys_component component;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	strcpy(dir, "/tmp/weir-socket-XXXXXX");
	if (mkdtemp(dir) == NULL)
		return -1;
	memset(&component, 0, sizeof(component));
	cfg = &component;
	cfg->kind = SYS_SOCKET;
	strcpy(cfg->name, "sw0.vm");
	cfg->wire.max_frame = MAX_FRAME;
	cfg->socket.mode = SYS_SOCKET_LISTEN;
	snprintf(cfg->socket.path, SYS_PATH, "%s/s", dir);
	return 0;
}

static RIG_UNUSED int teardown(void **state)
{
	(void)state;
	if (rig_now_running != NULL)
		rig_free(rig_now_running);
	rig_shell("rm -rf %s", dir);
	return 0;
}

static RIG_UNUSED struct rig *start(void)
{
	return rig_run(cfg);
}

/* --- the peer ------------------------------------------------------------------ */

static RIG_UNUSED int unix_socket(const char *path, bool listening)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	assert_true(strlen(path) < sizeof(addr.sun_path));
	strcpy(addr.sun_path, path);
	if (listening) {
		assert_int_equal(
			bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
		assert_int_equal(listen(fd, 1), 0);
	} else {
		assert_int_equal(
			connect(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	}
	return fd;
}

static RIG_UNUSED int join(struct rig *rig)
{
	int fd = unix_socket(cfg->socket.path, false);

	rig_turn(rig);
	return fd;
}

/* One frame, as it is on the stream. */
static RIG_UNUSED size_t framed(uint8_t *to, size_t len, unsigned int which)
{
	uint32_t be = htonl((uint32_t)len);

	memcpy(to, &be, 4);
	if (len >= 14)
		rig_frame(to + 4, len, which);
	else
		memset(to + 4, 0x55, len);
	return 4 + len;
}

static RIG_UNUSED void say(int fd, const void *data, size_t len)
{
	assert_int_equal(write(fd, data, len), len);
}

static RIG_UNUSED void say_frame(int fd, size_t len, unsigned int which)
{
	uint8_t out[QEMU_MAX + 4];

	say(fd, out, framed(out, len, which));
}

static RIG_UNUSED void switch_gets(struct rig *rig, size_t len,
				   unsigned int which)
{
	rig_assert_frame(frame, rig_take(rig, frame, sizeof(frame)), len,
			 which);
}

static RIG_UNUSED void switch_gets_nothing(struct rig *rig)
{
	rig_turn(rig);
	assert_int_equal(rig_take(rig, frame, sizeof(frame)), 0);
}

/* Whether the other side has hung up. */
static RIG_UNUSED bool hung_up(int fd)
{
	uint8_t octet;
	ssize_t n = read(fd, &octet, 1);

	return n == 0 || (n < 0 && errno == ECONNRESET);
}

/* Exactly @len octets, turning the port as needed. */
static RIG_UNUSED void hear(struct rig *rig, int fd, uint8_t *data, size_t len)
{
	for (size_t got = 0; got < len;) {
		ssize_t n = read(fd, data + got, len - got);

		if (n > 0)
			got += (size_t)n;
		else if (n == 0)
			fail_msg("the port hung up");
		rig_turn(rig);
	}
}

static RIG_UNUSED void hear_frame(struct rig *rig, int fd, size_t len,
				  unsigned int which)
{
	uint8_t got[MAX_FRAME + 4];
	uint32_t be;

	hear(rig, fd, got, 4 + len);
	memcpy(&be, got, 4);
	assert_int_equal(ntohl(be), len);
	rig_assert_frame(got + 4, len, len, which);
}

#define socket_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
