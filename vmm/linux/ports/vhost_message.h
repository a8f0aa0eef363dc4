/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of a vhost-user front-end: a header (request, flags, size), as many
 * bytes, and maybe descriptors.  vhost_message.c receives them and sends the
 * answers, vhost_request.c does what they ask for.
 */
#ifndef WEIR_VMM_LINUX_PORTS_VHOST_MESSAGE_H
#define WEIR_VMM_LINUX_PORTS_VHOST_MESSAGE_H

#include "vmm/linux/ports/vhost.h"

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

/* What a driver reads of a device, or writes. */
#define VHOST_CONFIG 256u

struct vhost_config {
	uint32_t at;
	uint32_t size;
	uint32_t flags;
	uint8_t bytes[VHOST_CONFIG];
};

struct vhost_shared {
	uint64_t size;
	uint64_t at;
	uint16_t rings;
	uint16_t slots;
	uint32_t pad; /* some say it, some do not */
};

ABI_SIZE(struct vhost_header, VHOST_HEADER);
ABI_SIZE(struct vhost_state, 8);
ABI_SIZE(struct vhost_address, 40);
ABI_SIZE(struct vhost_table, 8 + 32 * VHOST_REGIONS);
ABI_SIZE(struct vhost_config, 12 + VHOST_CONFIG);
ABI_SIZE(struct vhost_shared, 24);
ABI_AT(struct vhost_shared, rings, 16);

/**
 * struct vhost_message - a whole message, and the answer
 * @h:     its header
 * @u64, @state, @address, @memory, @config, @shared: what it says; also the
 *      answer
 * @fd, @fds: descriptors; those that are kept become -1
 * @answer: bytes of the answer; 0: none
 * @send:   a descriptor that goes with it, and is closed; or -1
 * @failed: the confirmation, if one is asked for, is that it was not done
 */
struct vhost_message {
	struct vhost_header h;
	union {
		uint64_t u64;
		struct vhost_state state;
		struct vhost_address address;
		struct vhost_table memory;
		struct vhost_config config;
		struct vhost_shared shared;
		uint8_t bytes[VHOST_PAYLOAD];
	};
	int *fd;
	unsigned int fds;
	uint32_t answer;
	int send;
	bool failed;
};

/**
 * vhost_request - check a message and do what it asks for
 * @m: whole; @m->answer is set if there is one
 *
 * Return: NULL, or what is wrong; the front-end is to be disconnected then.
 */
const char *vhost_request(struct component *c, struct vhost *v,
			  struct vhost_message *m);

/* --- vhost_inflight.c --------------------------------------------------- */

/**
 * vhost_inflight_make - for GET_INFLIGHT_FD: make it, and answer with it
 *
 * Return: NULL, or what is wrong.
 */
const char *vhost_inflight_make(struct vhost *v, struct vhost_message *m);

/**
 * vhost_inflight_keep - for SET_INFLIGHT_FD: what an earlier process has made
 */
const char *vhost_inflight_keep(struct vhost *v, const struct vhost_message *m);

#endif
