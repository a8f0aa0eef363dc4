/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * relay: the bare loop a switch is held against.
 *
 * 	relay SOCKET-A SOCKET-B CAPACITY
 *
 * Serves two attach sockets as the monitor does (client/attach.h) and then does
 * the least that something between two ports can do: take a frame from A's
 * transmit region, copy it into a buffer B gave, hand it over, give the buffer
 * back.  Same queues, same copy, same batches, same client; no checks, no
 * header, no learning, no policy, no counters.  What the switch costs is the
 * difference. It always spins.  (Frames from B go to A the same way.)
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/attach.h"
#include "base/link.h"
#include "base/queue.h"

#define BUFFER 2048u
#define BATCH 32

struct port {
	int fd[ATTACH_FDS];
	int ring;
	int peer; /* the client's connection */
	struct queue_consumer in_active, out_free;
	struct queue_producer in_free, out_active;
	const unsigned char *in_data;
	unsigned char *out_data;
};

static void die(const char *what)
{
	fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void *region(size_t size, int *fd)
{
	void *p;

	*fd = memfd_create("relay", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (*fd < 0 || ftruncate(*fd, (off_t)size) != 0 ||
	    fcntl(*fd, F_ADD_SEALS, F_SEAL_SHRINK) != 0)
		die("memfd");
	p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		 *fd, 0);
	if (p == MAP_FAILED)
		die("mmap");
	return p;
}

static void make_port(struct port *p, unsigned int capacity)
{
	size_t queue = queue_region_size(capacity);
	size_t data = (size_t)capacity * BUFFER;
	struct link_page *link;
	int wait[2];

	queue_consumer_init(&p->in_active,
			    region(queue, &p->fd[ATTACH_FD_TX_ACTIVE]),
			    capacity);
	queue_producer_init(&p->in_free,
			    region(queue, &p->fd[ATTACH_FD_TX_FREE]), capacity);
	queue_producer_init(&p->out_active,
			    region(queue, &p->fd[ATTACH_FD_RX_ACTIVE]),
			    capacity);
	queue_consumer_init(&p->out_free,
			    region(queue, &p->fd[ATTACH_FD_RX_FREE]), capacity);
	p->in_data = region(data, &p->fd[ATTACH_FD_TX_DATA]);
	p->out_data = region(data, &p->fd[ATTACH_FD_RX_DATA]);
	link = region(4096, &p->fd[ATTACH_FD_LINK]);
	atomic_store(&link->epoch, LINK_EPOCH_ALWAYS);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
		       wait) != 0)
		die("socketpair");
	p->fd[ATTACH_FD_WAIT] = wait[0];
	p->ring = wait[1];
	p->fd[ATTACH_FD_RING] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	queue_disarm(&p->in_active);
	queue_disarm(&p->out_free);
}

static void greet(struct port *p, unsigned int capacity)
{
	struct attach_hello hello = {
		.magic = ATTACH_MAGIC,
		.version = ATTACH_VERSION,
		.capacity = capacity,
		.buffer_size = BUFFER,
		.max_frame = 1518,
		.tx_size = (uint64_t)capacity * BUFFER,
		.rx_size = (uint64_t)capacity * BUFFER,
		.port = "bare.port",
	};
	struct iovec iov = { &hello, sizeof(hello) };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(p->fd))];
	} control = { 0 };
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(p->fd));
	memcpy(CMSG_DATA(c), p->fd, sizeof(p->fd));
	if (sendmsg(p->peer, &msg, 0) != (ssize_t)sizeof(hello))
		die("sendmsg");
}

static int serve(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(a.sun_path)) {
		errno = ENAMETOOLONG;
		die(path);
	}
	strcpy(a.sun_path, path);
	unlink(path);
	if (s < 0 || bind(s, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    listen(s, 1) != 0)
		die(path);
	return s;
}

static void ring(struct port *p, bool wanted)
{
	unsigned long long one = 1;

	/* A full pipe means the client has a wake-up waiting already. */
	if (wanted && write(p->ring, &one, sizeof(one)) < 0 && errno != EAGAIN)
		die("ring");
}

/* Move up to one batch from one port to another. */
static int move(struct port *from, struct port *to)
{
	int n = queue_pending(&from->in_active);
	int room = queue_pending(&to->out_free);

	if (n > room)
		n = room;
	if (n > BATCH)
		n = BATCH;
	if (n <= 0)
		return 0;
	for (int i = 0; i < n; i++) {
		struct net_desc f =
			queue_peek(&from->in_active, (unsigned int)i);

		__builtin_prefetch(from->in_data + f.io_or_offset);
	}
	for (int i = 0; i < n; i++) {
		struct net_desc f =
			queue_peek(&from->in_active, (unsigned int)i);
		struct net_desc t = queue_peek(&to->out_free, (unsigned int)i);

		memcpy(to->out_data + t.io_or_offset,
		       from->in_data + f.io_or_offset, f.len);
		queue_put(&to->out_active, t.io_or_offset, f.len);
		queue_put(&from->in_free, f.io_or_offset, 0);
	}
	queue_publish(&to->out_active);
	queue_release(&to->out_free, (unsigned int)n);
	queue_release(&from->in_active, (unsigned int)n);
	queue_publish(&from->in_free);
	ring(to, queue_must_notify(&to->out_active));
	ring(from, queue_must_notify(&from->in_free));
	return n;
}

static bool gone(const struct port *p)
{
	struct pollfd f = { .fd = p->peer, .events = POLLIN };

	return poll(&f, 1, 0) != 0;
}

int main(int argc, char **argv)
{
	static struct port a, b;
	unsigned int capacity, idle = 0;
	int sa, sb;

	if (argc != 4 ||
	    !queue_capacity_ok(capacity = (unsigned int)atoi(argv[3]))) {
		fprintf(stderr, "usage: relay SOCKET-A SOCKET-B CAPACITY\n");
		return 2;
	}
	make_port(&a, capacity);
	make_port(&b, capacity);
	sa = serve(argv[1]);
	sb = serve(argv[2]);
	puts("ready");
	fflush(stdout);
	a.peer = accept(sa, NULL, NULL);
	greet(&a, capacity);
	b.peer = accept(sb, NULL, NULL);
	greet(&b, capacity);
	for (;;) {
		if (move(&a, &b) + move(&b, &a) > 0)
			idle = 0;
		else if (++idle % 65536 == 0 && (gone(&a) || gone(&b)))
			break;
	}
	unlink(argv[1]);
	unlink(argv[2]);
	return 0;
}
