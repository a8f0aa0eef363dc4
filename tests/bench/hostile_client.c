/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * hostile_client MODE SOCKET [UID]: attach to a port, over and over, each time
 * to do it some harm.  For tests/e2e/50_hostile_client.sh.
 *
 * 	fill	a full doorbell whose writers wait
 * 	brim	the same, fuller than a writer can fill it
 * 	inode	hold the inode's lock of the transmit region
 * 	reader	hold whatever a reader of notifications can hold
 * 	forge	an impossible index, and frames and a tail after being put out
 * 	linger	send a descriptor whose close() waits
 * 	folder	hold the lock of the folder SOCKET is in
 * 	flood	ring without end
 *
 * The page that never comes is of a file of a file system of its own (FUSE) if
 * NEVER=fuse.  Started by root it becomes UID once it has that page.  Exit
 * status 77: this machine has no such page.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "client/attach.h"
#include "tests/unit/never.h"
#include "base/queue.h"

/* Of a process that is stuck: it is left for the test to end. */
#define MOST_STUCK 8
#define PAUSE_MS 20

struct client {
	int sock;
	int fd[ATTACH_FDS];
	struct attach_hello hello;
};

static void *page;
static const char *path;

/* --- attaching ---------------------------------------------------------- */

static int connect_to(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const struct timeval timeout = { .tv_sec = 2 };
	int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (connect(sock, (struct sockaddr *)&a, sizeof(a)) == 0)
		return sock;
	close(sock);
	return -1;
}

static void detach(const struct client *c)
{
	for (int i = 0; i < ATTACH_FDS; i++)
		if (c->fd[i] >= 0)
			close(c->fd[i]);
	close(c->sock);
}

static bool attach(struct client *c)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(c->fd))];
	} control;
	struct iovec iov = { &c->hello, sizeof(c->hello) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control.space) };

	for (int i = 0; i < ATTACH_FDS; i++)
		c->fd[i] = -1;
	c->sock = connect_to();
	if (c->sock < 0)
		return false;
	if (recvmsg(c->sock, &msg, MSG_CMSG_CLOEXEC) == sizeof(c->hello) &&
	    c->hello.status == 0 && CMSG_FIRSTHDR(&msg) != NULL) {
		memcpy(c->fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(c->fd));
		return true;
	}
	detach(c);
	return false;
}

/* --- harm --------------------------------------------------------------- */

static void fill(const struct client *c)
{
	const uint64_t most = UINT64_MAX - 1;
	uint64_t count;

	(void)!read(c->fd[ATTACH_FD_RING], &count, sizeof(count));
	(void)!write(c->fd[ATTACH_FD_RING], &most, sizeof(most));
	fcntl(c->fd[ATTACH_FD_RING], F_SETFL, 0);
}

static void brim(const struct client *c)
{
	char byte = 0;
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct iocb cb = { .aio_lio_opcode = IOCB_CMD_PREAD,
			   .aio_fildes = (__u32)zero,
			   .aio_buf = (__u64)(uintptr_t)&byte,
			   .aio_nbytes = 1,
			   .aio_flags = IOCB_FLAG_RESFD,
			   .aio_resfd = (__u32)c->fd[ATTACH_FD_RING] };
	struct iocb *list[] = { &cb };
	aio_context_t ctx = 0;

	fill(c);
	syscall(SYS_io_setup, 1, &ctx);
	syscall(SYS_io_submit, ctx, 1, list);
	syscall(SYS_io_destroy, ctx);
	close(zero);
}

/* In a process of its own, because it does not come back. */
static void get_stuck(void (*act)(const struct client *c),
		      const struct client *c)
{
	static int stuck;
	int status;

	if (stuck == MOST_STUCK)
		return;
	stuck++;
	if (fork() == 0) {
		close(c->sock);
		act(c);
		_exit(0);
	}
	poll(NULL, 0, PAUSE_MS);
	while (waitpid(-1, &status, WNOHANG) > 0)
		stuck--;
}

static void write_region(const struct client *c)
{
	(void)!pwrite(c->fd[ATTACH_FD_TX_DATA], page, 64, 0);
}

static void read_ring(const struct client *c)
{
	fcntl(c->fd[ATTACH_FD_WAIT], F_SETFL, 0);
	(void)!read(c->fd[ATTACH_FD_WAIT], page, 8);
}

static void inode(const struct client *c)
{
	get_stuck(write_region, c);
}

static void reader(const struct client *c)
{
	get_stuck(read_ring, c);
}

static void ring(const struct client *c)
{
	const uint64_t one = 1;

	(void)!write(c->fd[ATTACH_FD_RING], &one, sizeof(one));
}

/* Put out for a tail that cannot be, and then one that can, with frames. */
static void forge(const struct client *c)
{
	struct net_queue *q = mmap(NULL, NEVER_SIZE, PROT_READ | PROT_WRITE,
				   MAP_SHARED, c->fd[ATTACH_FD_TX_ACTIVE], 0);
	char *data = mmap(NULL, NEVER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			  c->fd[ATTACH_FD_TX_DATA], 0);
	struct pollfd gone = { .fd = c->sock, .events = POLLIN };

	if (q == MAP_FAILED || data == MAP_FAILED)
		return;
	atomic_store(&q->tail, 40000);
	ring(c);
	poll(&gone, 1, 1000);
	memset(data, 0xff, NEVER_SIZE);
	for (int i = 0; i < 4; i++)
		q->desc[i] = (struct net_desc){ .len = 64 };
	atomic_store(&q->tail, 4);
	ring(c);
	munmap(q, NEVER_SIZE);
	munmap(data, NEVER_SIZE);
}

static void flood(const struct client *c)
{
	for (int i = 0; i < 10000; i++)
		ring(c);
}

static int lingering(void)
{
	const struct linger forever = { 1, 1000000 };
	struct sockaddr_in a = { .sin_family = AF_INET };
	static int listener;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	static const char bytes[65536];
	socklen_t size = sizeof(a);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (listener == 0) {
		listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		(void)!bind(listener, (struct sockaddr *)&a, sizeof(a));
		listen(listener, 1000);
	}
	getsockname(listener, (struct sockaddr *)&a, &size);
	(void)!connect(fd, (struct sockaddr *)&a, sizeof(a));
	/* Its peer is never accepted, and never reads. */
	while (send(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &forever, sizeof(forever));
	return fd;
}

static void linger(const struct client *c)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr msg = { .msg_control = &control,
			      .msg_controllen = sizeof(control) };
	struct cmsghdr *h = CMSG_FIRSTHDR(&msg);
	int fd = lingering();

	h->cmsg_level = SOL_SOCKET;
	h->cmsg_type = SCM_RIGHTS;
	h->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(h), &fd, sizeof(fd));
	/* If it is not taken, its close() waits here. */
	if (sendmsg(c->sock, &msg, MSG_NOSIGNAL) != 0)
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 },
			   sizeof(struct linger));
	close(fd);
}

static _Noreturn void folder(void)
{
	char dir[108];
	int fd;

	snprintf(dir, sizeof(dir), "%s", path);
	*strrchr(dir, '/') = '\0';
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	syscall(SYS_getdents64, fd, page, NEVER_SIZE);
	_exit(1);
}

static const struct mode {
	const char *name;
	void (*harm)(const struct client *c);
	bool needs_page;
} modes[] = {
	{ "fill", fill, false },   { "brim", brim, false },
	{ "inode", inode, true },  { "reader", reader, true },
	{ "forge", forge, false }, { "linger", linger, false },
	{ "folder", NULL, true },  { "flood", flood, false },
};

static int become(const char *uid)
{
	unsigned int id = (unsigned int)strtoul(uid, NULL, 10);

	return setgroups(0, NULL) != 0 || setresgid(id, id, id) != 0 ||
	       setresuid(id, id, id) != 0;
}

static _Noreturn void run(const struct mode *m)
{
	unsigned long done = 0;

	if (m->harm == NULL)
		folder();
	for (;;) {
		struct client c;

		if (!attach(&c)) {
			poll(NULL, 0, PAUSE_MS);
			continue;
		}
		m->harm(&c);
		detach(&c);
		if (done++ == 0) {
			printf("%s: once\n", m->name);
			fflush(stdout);
		}
	}
}

int main(int argc, char **argv)
{
	const struct mode *m = NULL;
	const char *never = getenv("NEVER");

	for (size_t i = 0; argc > 2 && i < sizeof(modes) / sizeof(*m); i++)
		if (strcmp(modes[i].name, argv[1]) == 0)
			m = &modes[i];
	if (m == NULL) {
		fprintf(stderr, "usage: hostile_client MODE SOCKET [UID]\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	setpgid(0, 0);
	path = argv[2];
	if (m->needs_page)
		page = never != NULL && strcmp(never, "fuse") == 0
			       ? never_page_of_fuse()
			       : never_page();
	if (m->needs_page && page == NULL)
		return 77;
	if (argc > 3 && become(argv[3]) != 0)
		return 2;
	run(m);
}
