/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of a vhost-user front-end: a header (request, flags, size), as many
 * bytes, and maybe descriptors.  vhost_message.c receives them and sends the
 * answers, vhost_request.c does what they ask for.
 */
#ifndef WEIR_VMM_LINUX_PORTS_VHOST_MESSAGE_H
#define WEIR_VMM_LINUX_PORTS_VHOST_MESSAGE_H

#include "vmm/linux/ports/vhost_user.h"

/* The protocol's feature that the front-end may ask for a confirmation. */
#define VHOST_REPLY_ACK (1ull << 3)

struct vhost_header {
	uint32_t request;
	uint32_t flags;
	uint32_t size;
};

struct vhost_state {
	uint32_t ring;
	uint32_t value;
};

struct vhost_address {
	uint32_t ring;
	uint32_t flags;
	uint64_t desc;
	uint64_t device;
	uint64_t driver;
	uint64_t log;
};

struct vhost_table {
	uint32_t n;
	uint32_t pad;
	struct {
		uint64_t start;
		uint64_t size;
		uint64_t user;
		uint64_t offset;
	} region[VHOST_REGIONS];
};

ABI_SIZE(struct vhost_header, VHOST_HEADER);
ABI_SIZE(struct vhost_state, 8);
ABI_SIZE(struct vhost_address, 40);
ABI_SIZE(struct vhost_table, 8 + 32 * VHOST_REGIONS);

/**
 * struct vhost_message - a whole message, and the answer
 * @h:     its header
 * @u64, @state, @address, @memory: what it says; also the answer
 * @fd, @fds: descriptors; those that are kept become -1
 * @answer: bytes of the answer, at most those of @u64; 0: none
 */
struct vhost_message {
	struct vhost_header h;
	union {
		uint64_t u64;
		struct vhost_state state;
		struct vhost_address address;
		struct vhost_table memory;
		uint8_t bytes[VHOST_PAYLOAD];
	};
	int *fd;
	unsigned int fds;
	uint32_t answer;
};

/**
 * vhost_request - check a message and do what it asks for
 * @m: whole; @m->answer is set if there is one
 *
 * Return: NULL, or what is wrong; the front-end is to be disconnected then.
 */
const char *vhost_request(struct component *c, struct vhost_message *m);

#endif
