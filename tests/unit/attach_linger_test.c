/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What can take the monitor's system calls as long as somebody else likes:
 * closing what a client has sent, removing what lies in a folder.
 */
#include "tests/unit/monitor_rig.h"

#include "tests/unit/never.h"

#include <netinet/in.h>

FAKE_COMPONENTS;

static const char topology[] = "switch sw0 {\n"
			       "port a { attach \"@/a.sock\"; buffers 64 }\n"
			       "port b { attach \"@/b.sock\" }\n"
			       "}\n"
			       "allow a <-> b\n";

/* A TCP connection whose close() waits for a peer that does not read. */
static int lingering(int *peer)
{
	const struct linger forever = { 1, 1000000 };
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(a);
	static const char bytes[65536];

	assert_int_equal(bind(listener, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(listener, 1), 0);
	getsockname(listener, (struct sockaddr *)&a, &size);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	*peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	close(listener);
	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &forever,
				    sizeof(forever)),
			 0);
	return fd;
}

/* Return: whether it was taken. */
static bool send_descriptor(int sock, int fd, size_t bytes)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct iovec iov = { "x", bytes };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	return sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT) ==
	       (ssize_t)bytes;
}

/*
 * Send a lingering descriptor along, from a process that may be the last to
 * close it, and then waits itself.  Its end of the connection stays open until
 * it is killed.
 */
static pid_t send_lingering(int sock, size_t bytes)
{
	int fd, peer, sent[2];
	pid_t pid;
	char byte;

	assert_int_equal(pipe(sent), 0);
	pid = fork();
	if (pid != 0) {
		close(sent[1]);
		assert_int_equal(read(sent[0], &byte, 1), 1);
		close(sent[0]);
		return pid;
	}
	fd = lingering(&peer);
	if (!send_descriptor(sock, fd, bytes))
		_exit(1);
	close(sock);
	(void)!write(sent[1], "x", 1);
	close(fd);
	for (;;)
		pause();
}

/*
 * The kernel closes what nobody takes out of a socket when that socket is
 * closed, in the process that closes it.  An empty message carries it as well.
 * Who leaves with the hello unread leaves an error at the monitor's end.
 */
static void hc41_a_lingering_descriptor_stops_nobody(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	pid_t sender[8];
	int sock[8];

	rig_start(r, topology);
	/* To the port, and to the port while somebody is there. */
	for (int i = 0; i < 8; i++) {
		struct pollfd p = { .events = POLLIN };

		sock[i] = rig_connect(r, "a.sock", SOCK_SEQPACKET);
		sender[i] = send_lingering(sock[i], i & 1);
		p.fd = sock[i];
		assert_int_equal(poll(&p, 1, RIG_TIMEOUT_MS), 1);
	}
	for (int i = 0; i < 8; i++)
		close(sock[i]);
	rig_attach(r, &c, "a.sock");
	rig_until(r, "sw0.a", "state", "up");
	rig_detach(&c);
	assert_int_equal(rig_stop(r), 0);
	for (int i = 0; i < 8; i++) {
		kill(sender[i], SIGKILL);
		waitpid(sender[i], NULL, 0);
	}
}

/* Some wait to be accepted when the monitor ends. */
static void hc41_nor_one_that_waits_at_the_end(void **state)
{
	struct rig *r = *state;
	struct rig_client c;
	int peer[2];

	rig_start(r, topology);
	rig_attach(r, &c, "b.sock");
	rig_until(r, "sw0.b", "state", "up");
	kill(r->pid, SIGSTOP);
	for (int i = 0; i < 2; i++) {
		int fd = lingering(&peer[i]);
		int sock = rig_connect(r, "a.sock", SOCK_SEQPACKET);

		assert_true(send_descriptor(sock, fd, i));
		close(fd);
		close(sock);
	}
	kill(r->pid, SIGTERM);
	kill(r->pid, SIGCONT);
	assert_int_equal(rig_wait(r), 0);
	rig_detach(&c);
	close(peer[0]);
	close(peer[1]);
}

/* --- hc42: a folder that is locked -------------------------------------- */

/* Wait for the monitor alone: its janitor may still be there. */
static bool ends(const struct rig *r)
{
	int fd = (int)syscall(SYS_pidfd_open, r->pid, 0);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	bool ended = poll(&p, 1, RIG_TIMEOUT_MS) == 1;

	close(fd);
	return ended;
}

/* List a folder into a page that never comes; its lock is held meanwhile. */
static pid_t lock_folder(const char *path)
{
	char where[64], call[32] = "";
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open(path, O_RDONLY | O_DIRECTORY);
		void *page;

		setpgid(0, 0);
		page = never_page();
		if (page != NULL)
			syscall(SYS_getdents64, fd, page, NEVER_SIZE);
		_exit(0);
	}
	snprintf(where, sizeof(where), "/proc/%d/syscall", (int)pid);
	for (int i = 0; i < RIG_TIMEOUT_MS; i++) {
		int fd = open(where, O_RDONLY | O_CLOEXEC);
		ssize_t n = read(fd, call, sizeof(call) - 1);

		close(fd);
		if (n > 0 && strtol(call, NULL, 10) == SYS_getdents64)
			return pid;
		if (waitpid(pid, NULL, WNOHANG) == pid)
			return 0;
		poll(NULL, 0, 1);
	}
	fail_msg("the folder is not being listed");
	return 0;
}

static void hc42_a_locked_folder_does_not_keep_the_monitor(void **state)
{
	struct rig *r = *state;
	bool ended;
	pid_t pid;

	rig_start(r, topology);
	pid = lock_folder(r->dir);
	if (pid == 0) {
		assert_int_equal(rig_stop(r), 0);
		print_message(NEVER_MISSING);
		skip();
	}
	kill(r->pid, SIGTERM);
	ended = ends(r);
	/* Freed in any case, or the janitor would not end, nor this test. */
	kill(-pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_true(ended);
	assert_int_equal(rig_wait(r), 0);
	assert_int_equal(rig_count(r, "holds their folder locked"), 1);
	/* What it could not do then it has done now. */
	assert_int_equal(rig_files(r), 0);
}

/* The janitor may be gone before. */
static void test_without_a_janitor_nothing_is_left_either(void **state)
{
	struct rig *r = *state;

	rig_start(r, topology);
	kill(rig_find(r, "weir-janitor"), SIGKILL);
	rig_expect(r, "the janitor (pid ", 1);
	assert_int_equal(rig_stop(r), 0);
	assert_int_equal(rig_files(r), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(hc41_a_lingering_descriptor_stops_nobody),
		rig_test(hc41_nor_one_that_waits_at_the_end),
		rig_test(hc42_a_locked_folder_does_not_keep_the_monitor),
		rig_test(test_without_a_janitor_nothing_is_left_either),
	};

	return rig_main(argc, argv, "attach_linger", tests,
			sizeof(tests) / sizeof(tests[0]));
}
