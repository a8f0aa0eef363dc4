/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/socket_rig.h"

int socket_setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (comp_setup(SYS_SOCKET, "sw0.vm") != 0)
		return -1;
	cfg->socket.mode = SYS_SOCKET_LISTEN;
	snprintf(cfg->socket.path, SYS_PATH, "%s/s", dir);
	return 0;
}

/* --- the peer ----------------------------------------------------------- */

int unix_socket(const char *path, bool listening)
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

int join(struct comp *rig)
{
	int fd = unix_socket(cfg->socket.path, false);

	comp_turn(rig);
	return fd;
}

size_t framed(uint8_t *to, size_t len, unsigned int which)
{
	uint32_t be = htonl((uint32_t)len);

	memcpy(to, &be, 4);
	if (len >= 14)
		comp_frame(to + 4, len, which);
	else
		memset(to + 4, 0x55, len);
	return 4 + len;
}

void say(int fd, const void *data, size_t len)
{
	assert_int_equal(write(fd, data, len), len);
}

void say_frame(int fd, size_t len, unsigned int which)
{
	uint8_t out[QEMU_MAX + 4];

	say(fd, out, framed(out, len, which));
}

void switch_gets(struct comp *rig, size_t len, unsigned int which)
{
	uint8_t frame[MAX_FRAME];
	size_t n = comp_take(rig, frame, sizeof(frame));

	comp_assert_frame(frame, n, len, which);
}

void switch_gets_nothing(struct comp *rig)
{
	uint8_t frame[MAX_FRAME];

	comp_turn(rig);
	assert_int_equal(comp_take(rig, frame, sizeof(frame)), 0);
}

bool hung_up(int fd)
{
	uint8_t byte;
	ssize_t n = read(fd, &byte, 1);

	return n == 0 || (n < 0 && errno == ECONNRESET);
}

void hear(struct comp *rig, int fd, uint8_t *data, size_t len)
{
	for (size_t got = 0; got < len;) {
		ssize_t n = read(fd, data + got, len - got);

		if (n > 0)
			got += (size_t)n;
		else if (n == 0)
			fail_msg("the port hung up");
		comp_turn(rig);
	}
}

void hear_frame(struct comp *rig, int fd, size_t len, unsigned int which)
{
	uint8_t got[MAX_FRAME + 4];
	uint32_t be;

	hear(rig, fd, got, 4 + len);
	memcpy(&be, got, 4);
	assert_int_equal(ntohl(be), len);
	comp_assert_frame(got + 4, len, len, which);
}
