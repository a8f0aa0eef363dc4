/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libweir against servers that lie to it.
 */
#include "tests/unit/monitor_rig.h"

#include <sys/eventfd.h>

#include "client/weir.h"
#include "base/queue.h"

FAKE_COMPONENTS;

/**
 * struct liar - a server that says hello in its own way
 * @hello: what it says
 * @len:   bytes of it
 * @fd:    what it sends along
 * @n_fds: how many
 * @waker: the other end of ATTACH_FD_WAIT
 */
struct liar {
	struct attach_hello hello;
	size_t len;
	int fd[ATTACH_FDS + 4];
	unsigned int n_fds;
	int waker;
};

static int memory(size_t size, int seals)
{
	int fd = memfd_create("liar", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

/* Everything as it should be. */
static void honest(struct liar *l)
{
	int wait[2];

	*l = (struct liar){
		.hello = { .magic = ATTACH_MAGIC,
			   .version = ATTACH_VERSION,
			   .capacity = 64,
			   .buffer_size = 2048,
			   .max_frame = 1518,
			   .tx_size = 64 * 2048,
			   .rx_size = 64 * 2048,
			   .port = "sw0.a" },
		.len = sizeof(struct attach_hello),
		.n_fds = ATTACH_FDS,
	};
	for (int i = 0; i < ATTACH_FD_TX_DATA; i++)
		l->fd[i] = memory(queue_region_size(64), F_SEAL_SHRINK);
	l->fd[ATTACH_FD_TX_DATA] = memory(64 * 2048, F_SEAL_SHRINK);
	l->fd[ATTACH_FD_RX_DATA] = memory(64 * 2048, F_SEAL_SHRINK);
	l->fd[ATTACH_FD_LINK] = memory(4096, F_SEAL_SHRINK);
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, wait), 0);
	l->fd[ATTACH_FD_WAIT] = wait[0];
	l->waker = wait[1];
	l->fd[ATTACH_FD_RING] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

static void replace(struct liar *l, enum attach_fd which, int fd)
{
	close(l->fd[which]);
	l->fd[which] = fd;
}

/* One connection, one message, then wait for the other to go. */
static _Noreturn void lie(const struct liar *l, int listener)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(l->fd))];
	} control = { 0 };
	struct iovec iov = { (void *)(uintptr_t)&l->hello, l->len };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fd = accept(listener, NULL, NULL);
	char byte;

	if (l->n_fds > 0) {
		struct cmsghdr *h;

		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * l->n_fds);
		h = CMSG_FIRSTHDR(&msg);
		h->cmsg_level = SOL_SOCKET;
		h->cmsg_type = SCM_RIGHTS;
		h->cmsg_len = CMSG_LEN(sizeof(int) * l->n_fds);
		memcpy(CMSG_DATA(h), l->fd, sizeof(int) * l->n_fds);
	}
	if (l->len > 0)
		sendmsg(fd, &msg, MSG_NOSIGNAL);
	if (l->len > 0)
		(void)!read(fd, &byte, 1);
	_exit(0);
}

static int open_liar(const struct rig *r, struct sockaddr_un *a)
{
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(a->sun_path, sizeof(a->sun_path), "%s/liar.sock", r->dir);
	unlink(a->sun_path);
	assert_int_equal(bind(listener, (struct sockaddr *)a, sizeof(*a)), 0);
	assert_int_equal(listen(listener, 1), 0);
	return listener;
}

/* What libweir makes of a liar: "" or its complaint; static. */
static const char *meet(const struct rig *r, struct liar *l, int *error)
{
	static char err[256];
	struct sockaddr_un a;
	int listener = open_liar(r, &a);
	unsigned int before;
	struct weir_port *p;
	pid_t pid;

	pid = fork();
	if (pid == 0)
		lie(l, listener);
	close(listener);
	for (unsigned int i = 0; i < sizeof(l->fd) / sizeof(l->fd[0]); i++)
		if (l->fd[i] > 0)
			close(l->fd[i]);
	close(l->waker);
	before = rig_fds(getpid());
	err[0] = '\0';
	errno = 0;
	p = weir_attach(a.sun_path, err, sizeof(err));
	*error = errno;
	assert_int_equal(p == NULL, err[0] != '\0');
	weir_detach(p);
	/* Whatever it was sent, nothing of it stays. */
	assert_int_equal(rig_fds(getpid()), before);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	return err;
}

static void test_libweir_takes_an_honest_hello(void **state)
{
	struct liar l;
	int error;

	honest(&l);
	assert_string_equal(meet(*state, &l, &error), "");
	/* Sizes that are whole pages, though the buffers are fewer. */
	honest(&l);
	l.hello.capacity = 2;
	l.hello.buffer_size = 128;
	l.hello.max_frame = 128;
	l.hello.tx_size = l.hello.rx_size = 4096;
	assert_string_equal(meet(*state, &l, &error), "");
}

/* The test is the monitor here: it has the link page and rings. */
static struct weir_port *attach_here(const struct rig *r, struct liar *l,
				     pid_t *pid)
{
	struct sockaddr_un a;
	int listener = open_liar(r, &a);
	struct weir_port *p;

	*pid = fork();
	if (*pid == 0)
		lie(l, listener);
	close(listener);
	p = weir_attach(a.sun_path, NULL, 0);
	assert_non_null(p);
	return p;
}

static void end_here(struct weir_port *p, const struct liar *l, pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(weir_carrier(p), -1);
	weir_detach(p);
	for (unsigned int i = 0; i < ATTACH_FDS; i++)
		close(l->fd[i]);
	close(l->waker);
}

static void *map_page(const struct liar *l, enum attach_fd which)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
			l->fd[which], 0);

	assert_true(at != MAP_FAILED);
	return at;
}

static void test_libweir_sees_the_carrier(void **state)
{
	struct link_page *page;
	struct weir_port *p;
	struct liar l;
	pid_t pid;

	honest(&l);
	page = map_page(&l, ATTACH_FD_LINK);
	atomic_store(&page->epoch, 1);
	p = attach_here(*state, &l, &pid);
	assert_int_equal(weir_is_up(p), 1);
	while (weir_wait(p, WEIR_WAIT_RX, 0) == 1)
		;
	assert_int_equal(weir_carrier(p), 0);
	for (int i = 1; i < 4; i++) {
		atomic_store(&page->carrier, i & 1);
		assert_int_equal(write(l.waker, "", 1), 1);
		assert_int_equal(weir_wait(p, WEIR_WAIT_RX, RIG_TIMEOUT_MS), 1);
		assert_int_equal(weir_carrier(p), i & 1);
		assert_int_equal(weir_wait(p, WEIR_WAIT_RX, 0), 0);
	}
	atomic_store(&page->epoch, 2);
	assert_int_equal(weir_carrier(p), 0);
	munmap(page, 4096);
	end_here(p, &l, pid);
}

/* A server that has filled the doorbell, and has writes to it wait. */
static void hc30_libweir_does_not_wait_for_a_full_doorbell(void **state)
{
	const uint64_t full = UINT64_MAX - 1;
	struct net_queue *sent;
	struct link_page *page;
	struct weir_port *p;
	struct liar l;
	uint64_t rung;
	pid_t pid;

	honest(&l);
	page = map_page(&l, ATTACH_FD_LINK);
	sent = map_page(&l, ATTACH_FD_TX_ACTIVE);
	atomic_store(&page->epoch, 1);
	p = attach_here(*state, &l, &pid);
	while (weir_wait(p, WEIR_WAIT_RX, 0) == 1)
		;
	(void)!read(l.fd[ATTACH_FD_RING], &rung, 8);
	assert_int_equal(write(l.fd[ATTACH_FD_RING], &full, 8), 8);
	assert_int_equal(fcntl(l.fd[ATTACH_FD_RING], F_SETFL, 0), 0);
	for (int i = 0; i < 8; i++) {
		/* The switch sleeps, and wants to be woken. */
		atomic_store(&sent->consumer_signalled, 0);
		assert_int_equal(weir_send(p, "01234567890123", 14), 0);
		if (i % 2 == 0)
			weir_flush(p);
		assert_int_equal(weir_wait(p, WEIR_WAIT_RX, i), 0);
		assert_int_equal(atomic_load(&sent->consumer_signalled), 1);
	}
	/* Once it has been read it is rung again. */
	assert_int_equal(read(l.fd[ATTACH_FD_RING], &rung, 8), 8);
	assert_true(rung == full);
	atomic_store(&sent->consumer_signalled, 0);
	assert_int_equal(weir_send(p, "01234567890123", 14), 0);
	weir_flush(p);
	assert_int_equal(read(l.fd[ATTACH_FD_RING], &rung, 8), 8);
	assert_true(rung == 1);
	munmap(page, 4096);
	munmap(sent, 4096);
	end_here(p, &l, pid);
}

static int a_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int a_pipe(void)
{
	int fd[2];

	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	close(fd[0]);
	return fd[1];
}

static int some_memory(void)
{
	return memory(4096, F_SEAL_SHRINK);
}

static int a_device(void)
{
	return open("/dev/zero", O_RDWR | O_CLOEXEC);
}

/* Whose write() may wait, whatever poll() has said. */
static void hc30_libweir_refuses_a_doorbell_that_is_none(void **state)
{
	static int (*const other[])(void) = { a_socket, a_pipe, some_memory,
					      a_device };
	struct liar l;
	int error;

	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		honest(&l);
		replace(&l, ATTACH_FD_RING, other[i]());
		assert_non_null(
			strstr(meet(*state, &l, &error), "not an eventfd"));
		assert_int_equal(error, EPROTO);
	}
}

static void hc14_libweir_refuses_a_strange_hello(void **state)
{
	const struct rig *r = *state;
	struct liar l;
	int error;

	honest(&l);
	l.hello.magic++;
	assert_non_null(strstr(meet(r, &l, &error), "not an attach socket"));
	assert_int_equal(error, EPROTO);
	honest(&l);
	l.hello.version++;
	assert_non_null(strstr(meet(r, &l, &error), "version 3"));
	honest(&l);
	l.len--;
	assert_non_null(strstr(meet(r, &l, &error), "not an attach socket"));
	honest(&l);
	l.len = 0;
	assert_non_null(strstr(meet(r, &l, &error), "closed the connection"));
	assert_int_equal(error, ECONNRESET);
	honest(&l);
	l.hello.status = -EBUSY;
	l.n_fds = 0;
	assert_non_null(strstr(meet(r, &l, &error), "another process"));
	assert_int_equal(error, EBUSY);
	honest(&l);
	l.hello.status = -ENETDOWN;
	assert_non_null(strstr(meet(r, &l, &error), "fails again and again"));
	honest(&l);
	l.hello.status = 5;
	meet(r, &l, &error);
	assert_int_equal(error, EPROTO);
	/* No end of the name. */
	honest(&l);
	l.hello.status = -EBUSY;
	memset(l.hello.port, 'x', sizeof(l.hello.port));
	meet(r, &l, &error);
	assert_int_equal(error, EBUSY);
}

static void hc20_libweir_counts_its_descriptors(void **state)
{
	const struct rig *r = *state;
	struct liar l;
	int error;

	for (unsigned int n = 0; n < ATTACH_FDS; n++) {
		honest(&l);
		l.n_fds = n;
		assert_non_null(strstr(meet(r, &l, &error), "descriptors"));
	}
	honest(&l);
	for (l.n_fds = ATTACH_FDS; l.n_fds < ATTACH_FDS + 4; l.n_fds++)
		l.fd[l.n_fds] = memory(4096, F_SEAL_SHRINK);
	assert_non_null(strstr(meet(r, &l, &error), "descriptors"));
}

static void hc20_libweir_refuses_impossible_sizes(void **state)
{
	static const struct {
		uint32_t capacity;
		uint32_t buffer_size;
		uint32_t max_frame;
		uint64_t tx_size;
	} table[] = {
		{ 0, 2048, 1518, 131072 },
		{ 1, 2048, 1518, 131072 },
		{ 63, 2048, 1518, 131072 },
		{ 65536, 2048, 1518, 131072 },
		{ 64, 0, 0, 131072 },
		{ 64, 2047, 1518, 131072 },
		{ 64, 2048, 2049, 131072 },
		{ 64, 2048, 13, 131072 },
		{ 64, 2048, 1518, 0 },
		{ 64, 2048, 1518, 1024 },
		{ 64, 2048, 1518, 131073 },
		{ 64, 2048, 1518, UINT64_MAX },
		{ 128, 2048, 1518, 131072 * 2 },
	};
	struct liar l;
	int error;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		honest(&l);
		l.hello.capacity = table[i].capacity;
		l.hello.buffer_size = table[i].buffer_size;
		l.hello.max_frame = table[i].max_frame;
		l.hello.tx_size = table[i].tx_size;
		assert_string_not_equal(meet(*state, &l, &error), "");
		assert_int_equal(error, EPROTO);
	}
}

static void hc20_libweir_refuses_memory_that_could_shrink(void **state)
{
	const struct rig *r = *state;
	struct liar l;
	int error;

	for (unsigned int i = 0; i <= ATTACH_FD_LINK; i++) {
		/* Not sealed; too short; no memory at all. */
		honest(&l);
		replace(&l, i, memory(1 << 20, 0));
		assert_non_null(strstr(meet(r, &l, &error), "memory region"));
		honest(&l);
		replace(&l, i, memory(4095, F_SEAL_SHRINK));
		assert_non_null(strstr(meet(r, &l, &error), "memory region"));
		honest(&l);
		replace(&l, i, open("/dev/zero", O_RDWR));
		assert_non_null(strstr(meet(r, &l, &error), "memory region"));
	}
	honest(&l);
	replace(&l, ATTACH_FD_WAIT, open("/dev/zero", O_RDWR));
	assert_non_null(strstr(meet(r, &l, &error), "not a Unix socket"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_libweir_takes_an_honest_hello),
		rig_test(test_libweir_sees_the_carrier),
		rig_test(hc30_libweir_does_not_wait_for_a_full_doorbell),
		rig_test(hc30_libweir_refuses_a_doorbell_that_is_none),
		rig_test(hc14_libweir_refuses_a_strange_hello),
		rig_test(hc20_libweir_counts_its_descriptors),
		rig_test(hc20_libweir_refuses_impossible_sizes),
		rig_test(hc20_libweir_refuses_memory_that_could_shrink),
	};

	return rig_main(argc, argv, "libweir and liars", tests,
			sizeof(tests) / sizeof(tests[0]));
}
