/* SPDX-License-Identifier: BSD-2-Clause */
/* The front-end of vhost-user: see vhost_front.h. */
#include "vmm/kvm/vhost_front.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

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
	GET_PROTOCOL = 15,
	SET_PROTOCOL = 16,
	GET_CONFIG = 24,
	GET_INFLIGHT = 31,
	SET_INFLIGHT = 32,
};

/* Features of the protocol. */
#define P_CONFIG (1ull << 9)
#define P_INFLIGHT (1ull << 12)

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

struct config {
	uint32_t at;
	uint32_t size;
	uint32_t flags;
	uint8_t bytes[FRONT_CONFIG];
};

#define CONFIG_HEADER (sizeof(struct config) - FRONT_CONFIG)

struct inflight {
	uint64_t size;
	uint64_t at;
	uint16_t queues;
	uint16_t slots;
	uint32_t pad;
};

/* --- messages ----------------------------------------------------------- */

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

/* Receive bytes, and a descriptor if @fd is not NULL: -1 if there is none. */
static bool receive(const struct vhost_front *f, void *to, size_t want, int *fd)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { to, want };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };
	const struct cmsghdr *c;

	if (fd != NULL) {
		*fd = -1;
		m.msg_control = &control;
		m.msg_controllen = sizeof(control);
	}
	if (recvmsg(f->fd, &m, MSG_DONTWAIT | MSG_CMSG_CLOEXEC) !=
	    (ssize_t)want)
		return false;
	c = CMSG_FIRSTHDR(&m);
	if (c != NULL && fd != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(c), sizeof(*fd));
	return true;
}

/* Receive the answer to a request. */
static bool answer(struct vhost_front *f, uint32_t request, void *body,
		   uint32_t size, int *fd)
{
	struct {
		struct header h;
		uint8_t body[sizeof(struct config)];
	} in;
	const struct timespec patience = { .tv_sec = f->answer_s };
	struct pollfd p = { .fd = f->fd, .events = POLLIN };

	if (f->fd < 0)
		return false;
	if (ppoll(&p, 1, &patience, NULL) == 1 &&
	    receive(f, &in, sizeof(in.h) + size, fd) &&
	    in.h.request == request && in.h.size == size &&
	    in.h.flags == (VERSION | REPLY)) {
		memcpy(body, in.body, size);
		return true;
	}
	hang_up(f);
	return false;
}

/* --- what the device is told -------------------------------------------- */

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

/*
 * Agree on the protocol's features, if any are needed.  The bit for these is
 * never agreed to: with it, queues would have to be enabled as well.
 */
static bool agree(struct vhost_front *f)
{
	const uint64_t needs = (f->config_size > 0 ? P_CONFIG : 0) |
			       (f->keeps ? P_INFLIGHT : 0);
	uint64_t has;

	if (needs == 0)
		return true;
	if (!(f->offers & FRONT_F_PROTOCOL))
		return false;
	ask(f, GET_PROTOCOL, NULL, 0, -1);
	if (!answer(f, GET_PROTOCOL, &has, sizeof(has), NULL) ||
	    (has & needs) != needs)
		return false;
	ask(f, SET_PROTOCOL, &needs, sizeof(needs), -1);
	return true;
}

static bool read_config(struct vhost_front *f)
{
	const uint32_t size = (uint32_t)CONFIG_HEADER + f->config_size;
	struct config c = { .size = f->config_size };

	if (f->config_size == 0)
		return true;
	ask(f, GET_CONFIG, &c, size, -1);
	if (!answer(f, GET_CONFIG, &c, size, NULL) || c.at != 0 ||
	    c.size != f->config_size)
		return false;
	memcpy(f->config, c.bytes, f->config_size);
	return true;
}

static void forget_inflight(struct vhost_front *f)
{
	if (f->inflight.fd >= 0)
		close(f->inflight.fd);
	f->inflight.fd = -1;
}

/* What the last device has begun is for this one, or it makes room for it. */
static bool share_inflight(struct vhost_front *f)
{
	struct inflight i = {
		.size = f->inflight.size,
		.at = f->inflight.at,
		.queues = (uint16_t)f->queues,
		.slots = VQ_MAX_SIZE,
	};

	if (!f->keeps)
		return true;
	if (f->inflight.fd < 0) {
		ask(f, GET_INFLIGHT, &i, sizeof(i), -1);
		if (!answer(f, GET_INFLIGHT, &i, sizeof(i), &f->inflight.fd) ||
		    f->inflight.fd < 0)
			return false;
		f->inflight.size = i.size;
		f->inflight.at = i.at;
	}
	ask(f, SET_INFLIGHT, &i, sizeof(i), f->inflight.fd);
	return true;
}

bool front_connect(struct vhost_front *f, int fd)
{
	hang_up(f);
	f->fd = fd;
	ask(f, GET_FEATURES, NULL, 0, -1);
	if (!answer(f, GET_FEATURES, &f->offers, sizeof(f->offers), NULL))
		return false;
	if (!agree(f)) {
		hang_up(f);
		return false;
	}
	ask(f, SET_OWNER, NULL, 0, -1);
	if (!read_config(f)) {
		hang_up(f);
		return false;
	}
	share_memory(f);
	if (!share_inflight(f))
		hang_up(f);
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
	/*
	 * If it does not answer it is gone, and its mappings with it.  What it
	 * had begun was of a queue that is no more.
	 */
	if (!answer(f, GET_VRING_BASE, &s, sizeof(s), NULL))
		forget_inflight(f);
}
