/* SPDX-License-Identifier: BSD-2-Clause */
/* The front-end of vhost-user: see vhost_front.h. */
#include "vmm/kvm/vhost_front.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The device must answer within so long. */
#define ANSWER_S 1

#define VERSION 0x1u
#define REPLY 0x4u

/* Requests that are used here.  Without the protocol's features, queues work
 * as soon as they are started. */
enum {
	GET_FEATURES = 1,
	SET_FEATURES = 2,
	SET_OWNER = 3,
	SET_MEM_TABLE = 5,
	SET_VRING_NUM = 8,
	SET_VRING_ADDR = 9,
	SET_VRING_BASE = 10,
	GET_VRING_BASE = 11,
	SET_VRING_KICK = 12,
	SET_VRING_CALL = 13,
};

struct header {
	uint32_t request;
	uint32_t flags;
	uint32_t size;
};

struct state {
	uint32_t queue;
	uint32_t value;
};

struct address {
	uint32_t queue;
	uint32_t flags;
	uint64_t desc;
	uint64_t device;
	uint64_t driver;
	uint64_t log;
};

struct memory {
	uint32_t n;
	uint32_t pad;
	uint64_t start;
	uint64_t size;
	uint64_t user;
	uint64_t offset;
};

/* --- messages -------------------------------------------------------------- */

static void hang_up(struct vhost_front *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
}

/* Send a request, with a descriptor unless @fd is -1. */
static void ask(struct vhost_front *f, uint32_t request, const void *body,
		uint32_t size, int fd)
{
	struct header h = { request, VERSION, size };
	struct iovec iov[] = { { &h, sizeof(h) },
			       { (void *)(uintptr_t)body, size } };
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .head = { .cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = 2 };

	if (f->fd < 0)
		return;
	if (fd >= 0) {
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
	}
	/* A device that does not take its messages has gone astray. */
	if (sendmsg(f->fd, &m, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)(sizeof(h) + size))
		hang_up(f);
}

/* Receive the answer to a request. */
static bool answer(struct vhost_front *f, uint32_t request, void *body,
		   uint32_t size)
{
	struct {
		struct header h;
		uint8_t body[16];
	} in;
	const size_t want = sizeof(in.h) + size;
	const struct timespec patience = { .tv_sec = ANSWER_S };
	struct pollfd p = { .fd = f->fd, .events = POLLIN };

	if (f->fd < 0)
		return false;
	if (ppoll(&p, 1, &patience, NULL) == 1 &&
	    recv(f->fd, &in, want, MSG_DONTWAIT) == (ssize_t)want &&
	    in.h.request == request && in.h.size == size &&
	    in.h.flags == (VERSION | REPLY)) {
		memcpy(body, in.body, size);
		return true;
	}
	hang_up(f);
	return false;
}

/* --- what the device is told ----------------------------------------------- */

static void share_memory(struct vhost_front *f)
{
	const struct memory m = {
		.n = 1,
		.start = f->ram.start,
		.size = f->ram.size,
		.user = f->ram.start,
	};

	ask(f, SET_MEM_TABLE, &m, sizeof(m), f->ram_fd);
}

bool front_connect(struct vhost_front *f, int fd)
{
	hang_up(f);
	f->fd = fd;
	ask(f, GET_FEATURES, NULL, 0, -1);
	if (!answer(f, GET_FEATURES, &f->offers, sizeof(f->offers)))
		return false;
	ask(f, SET_OWNER, NULL, 0, -1);
	share_memory(f);
	return f->fd >= 0;
}

static void say(struct vhost_front *f, uint32_t request, unsigned int queue,
		uint32_t value)
{
	const struct state s = { queue, value };

	ask(f, request, &s, sizeof(s), -1);
}

static void hand_over(struct vhost_front *f, uint32_t request,
		      unsigned int queue, int fd)
{
	const uint64_t number = queue;

	ask(f, request, &number, sizeof(number), fd);
}

/* How many chains a device has given back: the guest sees no more. */
static uint16_t position(const struct vhost_front *f,
			 const struct vq_config *config)
{
	const struct guest_memory memory = { .n = 1, .region = { f->ram } };
	const struct vq_used *used = (const void *)guest_memory_at(
		&memory, config->device, sizeof(*used), false);

	return used ? used->idx : 0;
}

void front_start(struct vhost_front *f, unsigned int queue,
		 const struct vq_config *config, uint64_t features)
{
	const struct address a = {
		.queue = queue,
		.desc = config->desc,
		.device = config->device,
		.driver = config->driver,
	};

	ask(f, SET_FEATURES, &features, sizeof(features), -1);
	say(f, SET_VRING_NUM, queue, config->size);
	say(f, SET_VRING_BASE, queue, position(f, config));
	ask(f, SET_VRING_ADDR, &a, sizeof(a), -1);
	hand_over(f, SET_VRING_CALL, queue, f->call);
	hand_over(f, SET_VRING_KICK, queue, f->kick[queue]);
}

void front_stop(struct vhost_front *f, unsigned int queue)
{
	struct state s;

	say(f, GET_VRING_BASE, queue, 0);
	/* If it does not answer it is gone, and its mappings with it. */
	answer(f, GET_VRING_BASE, &s, sizeof(s));
}
