/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket port: peers that come and go, and what open() makes of addresses.
 */
#include "tests/unit/socket_rig.h"

static uint8_t frame[QEMU_MAX + 8];

#include <netinet/in.h>
#include <sys/stat.h>

/* --- peers that come and go --------------------------------------------- */

static void next_peer_starts_afresh(void **state)
{
	struct comp *rig = comp_run(cfg);
	int peer = join(rig);
	uint8_t out[256];

	(void)state;
	/* Leaves in the middle of a frame. */
	say(peer, out, framed(out, 100, 1) - 30);
	comp_turn(rig);
	close(peer);
	comp_turn(rig);
	assert_true(comp_logged(rig, "waiting for the next one"));
	assert_int_equal(comp_watched(rig, 0), EPOLLIN);
	peer = join(rig);
	say_frame(peer, 80, 2);
	comp_turn(rig);
	switch_gets(rig, 80, 2);
	switch_gets_nothing(rig);
	/* Leaves in the middle of a frame it passes over. */
	say(peer, out, framed(out, 5, 0) - 3);
	comp_turn(rig);
	close(peer);
	comp_turn(rig);
	peer = join(rig);
	say_frame(peer, 81, 3);
	comp_turn(rig);
	switch_gets(rig, 81, 3);
	close(peer);
}

static void second_peer_is_turned_away(void **state)
{
	struct comp *rig = comp_run(cfg);
	int first, second;

	(void)state;
	assert_true(comp_is(rig, OUTSIDE_NO_PEER));
	first = join(rig);
	assert_true(comp_is(rig, OUTSIDE_UP));
	for (unsigned int i = 0; i < 9; i++) {
		second = join(rig);
		comp_until(rig, hung_up(second));
		close(second);
	}
	assert_true(comp_logged(rig, "turned away (1 so far)"));
	assert_false(comp_logged(rig, "(2 so far)"));
	switch_gets_nothing(rig);
	/* The first has not noticed. */
	comp_frame(frame, 60, 9);
	assert_true(comp_send(rig, frame, 60));
	hear_frame(rig, first, 60, 9);
	say_frame(first, 61, 8);
	comp_turn(rig);
	switch_gets(rig, 61, 8);
	close(first);
	comp_until(rig, comp_is(rig, OUTSIDE_NO_PEER));
	assert_int_equal(comp_watched(rig, 0), EPOLLIN);
}

/* It hangs up and connects again before the port has looked; what it said first
 * is not lost, although the switch returns no buffer for a while. */
static void the_same_peer_comes_back_at_once(void **state)
{
	struct comp *rig = comp_run(cfg);
	int peer = join(rig);

	(void)state;
	rig->hoard = true;
	for (unsigned int i = 0; i < COMP_CAPACITY; i++)
		say_frame(peer, 60, i);
	comp_turn(rig);
	assert_int_equal(queue_pending(&rig->tx_active), COMP_CAPACITY);
	say_frame(peer, 61, 200);
	close(peer);
	peer = unix_socket(cfg->socket.path, false);
	say_frame(peer, 62, 201);
	comp_turn(rig);
	assert_false(comp_logged(rig, "turned away"));
	/* It waits, and nothing spins. */
	assert_int_equal(comp_watched(rig, 0), 0);
	assert_true(pd_look(rig->pd, 0));
	assert_int_equal(rig->pd->n_due, 0);
	for (unsigned int i = 0; i < COMP_CAPACITY; i++)
		switch_gets(rig, 60, i);
	rig->hoard = false;
	for (unsigned int i = 0; i < COMP_CAPACITY; i++) {
		queue_put(&rig->tx_free, i * rig->wire.buffer_size, 0);
		comp_publish(rig, &rig->tx_free);
	}
	comp_until(rig, queue_pending(&rig->tx_active) == 2);
	switch_gets(rig, 61, 200);
	switch_gets(rig, 62, 201);
	close(peer);
}

static void hc20_a_thousand_peers_leave_no_descriptor(void **state)
{
	struct comp *rig = comp_run(cfg);
	unsigned int before = comp_open_fds();

	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		int peer = join(rig);

		if (i % 2)
			say_frame(peer, 60, i);
		close(peer);
		comp_turn(rig);
		comp_turn(rig);
		while (comp_take(rig, frame, sizeof(frame)) > 0)
			;
		rig->log[0] = '\0';
	}
	assert_int_equal(comp_open_fds(), before);
}

/* Without a peer frames are dropped, and their buffers come back. */
static void no_peer_no_backlog(void **state)
{
	struct comp *rig = comp_run(cfg);
	int peer;

	(void)state;
	for (unsigned int i = 0; i < 3 * COMP_CAPACITY; i++) {
		comp_frame(frame, 60, i);
		assert_true(comp_send(rig, frame, 60));
		if (i % 50 == 49)
			comp_turn(rig);
	}
	comp_turn(rig);
	assert_int_equal(queue_pending(&rig->rx_free), COMP_CAPACITY);
	peer = join(rig);
	comp_frame(frame, 61, 1);
	assert_true(comp_send(rig, frame, 61));
	hear_frame(rig, peer, 61, 1);
	close(peer);
}

/* --- open() ------------------------------------------------------------- */

static void stale_path_is_taken_over(void **state)
{
	struct comp *rig;
	int peer;

	(void)state;
	close(unix_socket(cfg->socket.path, true));
	rig = comp_run(cfg);
	peer = join(rig);
	say_frame(peer, 60, 1);
	comp_turn(rig);
	switch_gets(rig, 60, 1);
	close(peer);
	socket_ops.close(cfg);
	assert_int_equal(access(cfg->socket.path, F_OK), -1);
}

static void path_in_use_is_not(void **state)
{
	int other = unix_socket(cfg->socket.path, true);
	struct stat st;

	(void)state;
	comp_refused(cfg, "another process listens", cfg->socket.path, NULL);
	close(unix_socket(cfg->socket.path, false)); /* it still answers */
	close(other);
	assert_int_equal(stat(cfg->socket.path, &st), 0);
}

static void who_may_connect(void **state)
{
	struct stat st;
	mode_t mask = umask(077);

	(void)state;
	cfg->socket.access = (struct sys_access){
		.mode = 0660,
		.uid = geteuid(),
		.gid = getegid(),
		.owned = 1,
		.grouped = 1,
	};
	if (geteuid() == 0) {
		cfg->socket.access.uid = 65534;
		cfg->socket.access.gid = 65533;
	}
	comp_run(cfg);
	umask(mask);
	assert_int_equal(stat(cfg->socket.path, &st), 0);
	assert_int_equal(st.st_mode, S_IFSOCK | 0660);
	assert_int_equal(st.st_uid, cfg->socket.access.uid);
	assert_int_equal(st.st_gid, cfg->socket.access.gid);
}

static void impossible_paths(void **state)
{
	(void)state;
	comp_shell("echo precious >%s/s", dir);
	comp_refused(cfg, "exists and is not a socket", NULL);
	comp_shell("grep -q precious %s/s", dir);
	snprintf(cfg->socket.path, SYS_PATH, "%s/no/s", dir);
	comp_refused(cfg, "folder does not exist", NULL);
	memset(cfg->socket.path, 'x', 150);
	comp_refused(cfg, "longer than 107", NULL);
}

/* No failure: the port waits for one. */
static void nobody_to_connect_to(void **state)
{
	int fds[PD_MAX_FDS];
	struct comp *rig;

	(void)state;
	cfg->socket.mode = SYS_SOCKET_CONNECT;
	assert_int_equal(comp_open(cfg, fds), 0);
	close(unix_socket(cfg->socket.path, true));
	rig = comp_run(cfg);
	assert_int_equal(rig->c->fd[0], -1);
	assert_true(comp_is(rig, OUTSIDE_NO_PEER));
	assert_true(comp_logged(rig, "trying to connect again"));
	for (unsigned int i = 0; i < 3 * COMP_CAPACITY; i++) {
		comp_frame(frame, 60, i);
		assert_true(comp_send(rig, frame, 60));
		comp_turn(rig);
	}
	assert_int_equal(
		atomic_load(&rig->c->outside->drops[OUTSIDE_DROP_NOT_UP]),
		3 * COMP_CAPACITY);
}

static void connecting(void **state)
{
	int listener = unix_socket(cfg->socket.path, true);
	int fds[PD_MAX_FDS];
	struct comp *rig;
	int peer;

	(void)state;
	cfg->socket.mode = SYS_SOCKET_CONNECT;
	rig = comp_run(cfg);
	peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	assert_true(peer >= 0);
	comp_turn(rig);
	say_frame(peer, 60, 1);
	comp_turn(rig);
	switch_gets(rig, 60, 1);
	comp_frame(frame, 60, 2);
	assert_true(comp_send(rig, frame, 60));
	hear_frame(rig, peer, 60, 2);

	/* A PD started again finds a stream in the middle of nowhere. */
	fds[0] = fcntl(rig->c->fd[0], F_DUPFD_CLOEXEC, 3);
	comp_free(rig);
	rig = comp_new(cfg);
	comp_start(rig, fds, 1);
	assert_true(comp_is(rig, OUTSIDE_NO_PEER));
	assert_true(hung_up(peer));
	close(peer);
	close(listener);
	/* The path is the listener's, not ours. */
	socket_ops.close(cfg);
	assert_int_equal(access(cfg->socket.path, F_OK), 0);
}

static void connected_peer_leaves(void **state)
{
	int listener = unix_socket(cfg->socket.path, true);
	struct comp *rig;
	int peer;

	(void)state;
	cfg->socket.mode = SYS_SOCKET_CONNECT;
	rig = comp_run(cfg);
	peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	comp_turn(rig);
	close(peer);
	comp_turn(rig);
	assert_true(comp_logged(rig, "trying to connect again"));
	assert_true(comp_is(rig, OUTSIDE_NO_PEER));
	/* Silent, but no backlog and nothing watched. */
	comp_frame(frame, 60, 2);
	assert_true(comp_send(rig, frame, 60));
	comp_turn(rig);
	assert_int_equal(queue_pending(&rig->rx_free), COMP_CAPACITY);
	assert_int_equal(comp_watched(rig, 0), 0);
	close(listener);
}

/* --- TCP ---------------------------------------------------------------- */

/* A port nobody uses, as far as one can tell. */
static uint16_t free_port(const char *address)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, address, &addr.sin_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &len), 0);
	close(fd);
	return ntohs(addr.sin_port);
}

static void tcp_config(void)
{
	cfg->socket.tcp = 1;
	cfg->socket.path[0] = '\0';
	strcpy(cfg->socket.address, "127.0.0.1");
	cfg->socket.port = free_port("127.0.0.1");
}

static void tcp_both_ways(void **state)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	struct comp *rig;
	int peer;

	(void)state;
	tcp_config();
	rig = comp_run(cfg);
	inet_pton(AF_INET, "127.0.0.1", &addr.sin_addr);
	addr.sin_port = htons(cfg->socket.port);
	peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(connect(peer, (struct sockaddr *)&addr, sizeof(addr)),
			 0);
	fcntl(peer, F_SETFL, O_NONBLOCK);
	say_frame(peer, 1500, 1);
	comp_until(rig, queue_pending(&rig->tx_active) == 1);
	switch_gets(rig, 1500, 1);
	comp_frame(frame, 60, 2);
	assert_true(comp_send(rig, frame, 60));
	hear_frame(rig, peer, 60, 2);
	comp_refused(cfg, "another process listens on 127.0.0.1:", NULL);
	close(peer);
}

static void only_loopback(void **state)
{
	static const char *const bad[] = { "0.0.0.0", "192.168.1.1", "::",
					   "fe80::1", "localhost",   "" };

	(void)state;
	tcp_config();
	for (unsigned int i = 0; i < 6; i++) {
		strcpy(cfg->socket.address, bad[i]);
		comp_refused(cfg, "is not a loopback address", "127.0.0.1",
			     NULL);
		cfg->socket.mode = SYS_SOCKET_CONNECT;
		comp_refused(cfg, "is not a loopback address", NULL);
		cfg->socket.mode = SYS_SOCKET_LISTEN;
	}
}

static void tcp_nobody_there(void **state)
{
	unsigned int before = comp_open_fds();
	int fds[PD_MAX_FDS];

	(void)state;
	tcp_config();
	cfg->socket.mode = SYS_SOCKET_CONNECT;
	assert_int_equal(comp_open(cfg, fds), 0);
	assert_int_equal(comp_open_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		socket_test(next_peer_starts_afresh),
		socket_test(second_peer_is_turned_away),
		socket_test(the_same_peer_comes_back_at_once),
		socket_test(hc20_a_thousand_peers_leave_no_descriptor),
		socket_test(no_peer_no_backlog),
		socket_test(stale_path_is_taken_over),
		socket_test(path_in_use_is_not),
		socket_test(who_may_connect),
		socket_test(impossible_paths),
		socket_test(nobody_to_connect_to),
		socket_test(connecting),
		socket_test(connected_peer_leaves),
		socket_test(tcp_both_ways),
		socket_test(only_loopback),
		socket_test(tcp_nobody_there),
	};

	return cmocka_run_group_tests_name("socket peers", tests, NULL, NULL);
}
