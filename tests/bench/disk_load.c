/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * disk_load SOCKET reads|writes BYTES random|ordered DEPTH MS|=REQUESTS: a guest
 * that loads a disk served by vhost-user.
 *
 * It is the front-end and the guest's driver at once: one split ring with event
 * indices, DEPTH requests of BYTES under way, and it sleeps until it is
 * interrupted, as guests do.  It prints "BYTES RATE SECONDS INTERRUPTS-PER-
 * REQUEST", the rate in requests a second.
 */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "virtio/blk.h"
#include "vmm/linux/ports/vhost_message.h"

#define SLOTS 256u
#define MOST_DEPTH (SLOTS / 4)
#define MOST_BYTES (1u << 20)
#define GUEST 0x100000ull

/* The guest's memory: the ring, then a buffer per request. */
#define AVAIL 0x2000u
#define USED 0x4000u
#define HEADERS 0x6000u
/* Where each side says at which index it wants to be told. */
#define CALL_EVENT (AVAIL + sizeof(struct vq_avail) + SLOTS * sizeof(uint16_t))
#define KICK_EVENT                                                             \
	(USED + sizeof(struct vq_used) + SLOTS * sizeof(struct vq_used_elem))
#define BUFFERS 0x10000u
#define MEMORY (BUFFERS + (size_t)MOST_DEPTH * MOST_BYTES)

/* Requests, by their numbers in the specification. */
enum {
	GET_FEATURES = 1,
	SET_FEATURES,
	SET_OWNER,
	SET_MEM_TABLE = 5,
	SET_VRING_NUM = 8,
	SET_VRING_ADDR,
	SET_VRING_BASE,
	SET_VRING_KICK = 12,
	SET_VRING_CALL,
	GET_PROTOCOL_FEATURES = 15,
	SET_PROTOCOL_FEATURES,
	SET_VRING_ENABLE = 18,
	GET_CONFIG = 24,
};

#define PROTOCOL (1ull << 30)

struct header {
	uint32_t kind;
	uint32_t reserved;
	uint64_t sector;
	uint8_t status;
	uint8_t pad[15];
};

struct load {
	int sock;
	int kick;
	int call;
	uint8_t *mem;
	uint64_t blocks; /* of the disk */
	uint64_t next;
	bool write;
	bool random;
	uint32_t bytes;
	uint64_t seed;
	uint16_t made;
	uint16_t seen;
	uint64_t interrupts;
};

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "disk_load: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* --- the front-end ------------------------------------------------------ */

static void say(const struct load *l, uint32_t request, const void *payload,
		uint32_t size, int fd)
{
	struct vhost_header h = { request, 1, size };
	struct iovec iov[] = { { &h, sizeof(h) },
			       { (void *)(uintptr_t)payload, size } };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .space = { 0 } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = size ? 2 : 1 };

	if (fd >= 0) {
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	}
	if (sendmsg(l->sock, &m, 0) < 0)
		die("cannot send a message");
}

static void say_u64(const struct load *l, uint32_t request, uint64_t value)
{
	say(l, request, &value, sizeof(value), -1);
}

static void hear(const struct load *l, void *payload, uint32_t size)
{
	struct vhost_header h;

	if (recv(l->sock, &h, sizeof(h), MSG_WAITALL) != sizeof(h) ||
	    h.size != size ||
	    recv(l->sock, payload, size, MSG_WAITALL) != (ssize_t)size)
		die("no answer, or not this one");
}

static uint64_t ask(const struct load *l, uint32_t request)
{
	uint64_t value;

	say(l, request, NULL, 0, -1);
	hear(l, &value, sizeof(value));
	return value;
}

static void connect_to(struct load *l, const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(to.sun_path))
		die("the path is too long");
	strcpy(to.sun_path, path);
	l->sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(l->sock, (struct sockaddr *)&to, sizeof(to)) < 0)
		die(path);
}

static void agree(struct load *l)
{
	const uint64_t wanted = VQ_F_VERSION_1 | VQ_F_EVENT | VBLK_F_FLUSH |
				PROTOCOL;
	struct vhost_config c = { .size = 60 };
	uint64_t offered = ask(l, GET_FEATURES);
	struct vblk_config config;

	if ((offered & wanted) != wanted)
		die("it lacks a feature");
	if (!(ask(l, GET_PROTOCOL_FEATURES) & VHOST_P_CONFIG))
		die("it does not tell its configuration");
	say_u64(l, SET_PROTOCOL_FEATURES, VHOST_P_CONFIG);
	say(l, SET_OWNER, NULL, 0, -1);
	say_u64(l, SET_FEATURES, wanted);
	say(l, GET_CONFIG, &c, 12 + 60, -1);
	hear(l, &c, 12 + 60);
	memcpy(&config, c.bytes, 60);
	l->blocks = config.capacity * VBLK_SECTOR / l->bytes;
	if (l->blocks == 0)
		die("the disk is too small");
}

static void give_memory(struct load *l)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);
	struct vhost_table t = { .n = 1 };

	if (fd < 0 || ftruncate(fd, MEMORY) < 0)
		die("no memory for a guest");
	l->mem = mmap(NULL, MEMORY, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_POPULATE, fd, 0);
	if (l->mem == MAP_FAILED)
		die("no memory for a guest");
	t.region[0].start = GUEST;
	t.region[0].size = MEMORY;
	t.region[0].user = (uintptr_t)l->mem;
	say(l, SET_MEM_TABLE, &t, 8 + 32, fd);
	close(fd);
}

static void start_ring(struct load *l)
{
	const struct vhost_state size = { 0, SLOTS }, base = { 0, 0 },
				 on = { 0, 1 };
	const uint64_t ring = 0, here = (uintptr_t)l->mem;
	const struct vhost_address a = {
		.desc = here,
		.driver = here + AVAIL,
		.device = here + USED,
	};

	l->kick = eventfd(0, EFD_CLOEXEC);
	l->call = eventfd(0, EFD_CLOEXEC);
	say(l, SET_VRING_NUM, &size, sizeof(size), -1);
	say(l, SET_VRING_BASE, &base, sizeof(base), -1);
	say(l, SET_VRING_ADDR, &a, sizeof(a), -1);
	say(l, SET_VRING_CALL, &ring, sizeof(ring), l->call);
	say(l, SET_VRING_KICK, &ring, sizeof(ring), l->kick);
	say(l, SET_VRING_ENABLE, &on, sizeof(on), -1);
}

/* --- the guest's driver ------------------------------------------------- */

static uint64_t place(struct load *l)
{
	if (!l->random)
		return l->next++ % l->blocks;
	l->seed = l->seed * 6364136223846793005ull + 1442695040888963407ull;
	return (l->seed >> 33) % l->blocks;
}

/* Request @slot: header, data, answer; it is made available. */
static void make(struct load *l, unsigned int slot)
{
	struct vq_desc *d = (struct vq_desc *)(void *)l->mem + slot * 3;
	struct vq_avail *avail = (struct vq_avail *)(void *)(l->mem + AVAIL);
	struct header *h = (struct header *)(void *)(l->mem + HEADERS) + slot;
	uint64_t header = GUEST + HEADERS + slot * sizeof(*h);
	uint16_t head = (uint16_t)(slot * 3);

	*h = (struct header){ .kind = l->write,
			      .sector = place(l) * (l->bytes / VBLK_SECTOR),
			      .status = 0xff };
	d[0] = (struct vq_desc){ header, 16, VQ_DESC_NEXT, head + 1 };
	d[1] = (struct vq_desc){
		GUEST + BUFFERS + (uint64_t)slot * l->bytes, l->bytes,
		(uint16_t)(VQ_DESC_NEXT | (l->write ? 0 : VQ_DESC_WRITE)),
		head + 2
	};
	d[2] = (struct vq_desc){ header + 16, 1, VQ_DESC_WRITE, 0 };
	avail->ring[l->made++ % SLOTS] = head;
}

static void publish(struct load *l, uint16_t old)
{
	struct vq_avail *avail = (struct vq_avail *)(void *)(l->mem + AVAIL);
	uint16_t event;

	atomic_store_explicit(&avail->idx, l->made, memory_order_release);
	atomic_thread_fence(memory_order_seq_cst);
	event = *(volatile uint16_t *)(void *)(l->mem + KICK_EVENT);
	if ((uint16_t)(l->made - event - 1) < (uint16_t)(l->made - old))
		eventfd_write(l->kick, 1);
}

/* Sleep until something has come back. */
static void sleep_until_used(struct load *l)
{
	struct vq_used *used = (struct vq_used *)(void *)(l->mem + USED);
	eventfd_t n;

	*(volatile uint16_t *)(void *)(l->mem + CALL_EVENT) = l->seen;
	atomic_thread_fence(memory_order_seq_cst);
	while (atomic_load(&used->idx) == l->seen) {
		struct pollfd p = { .fd = l->call, .events = POLLIN };

		/* The back-end may have made it one that does not wait. */
		if (eventfd_read(l->call, &n) == 0)
			l->interrupts += n;
		else if (errno != EAGAIN || poll(&p, 1, -1) < 0)
			die("interrupt");
	}
}

/* Collect, and ask for as much again. Return: requests that were done. */
static unsigned int turn(struct load *l, bool more)
{
	struct vq_used *used = (struct vq_used *)(void *)(l->mem + USED);
	uint16_t now = atomic_load_explicit(&used->idx, memory_order_acquire);
	uint16_t old = l->made;
	unsigned int done = 0;

	for (; l->seen != now; l->seen++, done++) {
		unsigned int slot = used->ring[l->seen % SLOTS].id / 3;
		const struct header *h =
			(struct header *)(void *)(l->mem + HEADERS) + slot;

		if (h->status != 0) {
			fprintf(stderr, "disk_load: status %u\n", h->status);
			exit(1);
		}
		if (more)
			make(l, slot);
	}
	if (l->made != old)
		publish(l, old);
	return done;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run(struct load *l, unsigned int depth, double most,
		uint64_t requests)
{
	double begun = seconds(), time;
	uint64_t done = 0;

	for (unsigned int i = 0; i < depth; i++)
		make(l, i);
	publish(l, 0);
	do {
		sleep_until_used(l);
		done += turn(l, true);
		time = seconds() - begun;
	} while (requests ? done + depth < requests : time < most);
	printf("%u %.0f %.3f %.3f\n", l->bytes, (double)done / time, time,
	       (double)l->interrupts / (double)done);
	while (l->seen != l->made) {
		sleep_until_used(l);
		turn(l, false);
	}
}

int main(int argc, char **argv)
{
	struct load l = { .seed = 1 };
	unsigned int depth;

	if (argc != 7) {
		fprintf(stderr, "usage: disk_load SOCKET reads|writes BYTES "
				"random|ordered DEPTH MS|=REQUESTS\n");
		return 2;
	}
	l.write = strcmp(argv[2], "writes") == 0;
	l.bytes = (uint32_t)strtoul(argv[3], NULL, 10);
	l.random = strcmp(argv[4], "random") == 0;
	depth = (unsigned int)strtoul(argv[5], NULL, 10);
	if (l.bytes < VBLK_SECTOR || l.bytes > MOST_BYTES || depth == 0 ||
	    depth > MOST_DEPTH) {
		fprintf(stderr, "disk_load: bytes or depth cannot be\n");
		return 2;
	}
	connect_to(&l, argv[1]);
	agree(&l);
	give_memory(&l);
	start_ring(&l);
	if (argv[6][0] == '=')
		run(&l, depth, 0, strtoull(argv[6] + 1, NULL, 10));
	else
		run(&l, depth, strtod(argv[6], NULL) / 1000, 0);
	return 0;
}
