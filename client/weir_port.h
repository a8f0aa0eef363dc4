/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An attachment: weir_attach.c makes and frees it, weir.c moves frames and
 * waits.
 */
#ifndef WEIR_CLIENT_WEIR_PORT_H
#define WEIR_CLIENT_WEIR_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/attach.h"
#include "virt/net_client.h"
#include "client/weir.h"

/* Regions come first among the descriptors. */
#define REGIONS (ATTACH_FD_LINK + 1)

/**
 * struct weir_port - an attachment
 * @client: the queues' other half, in @memory
 * @memory: to free
 * @sock:   connection to the monitor
 * @fd:     as they came; regions are closed (-1) once they are mapped
 * @epoll:  over @sock and the socket to wait on
 * @map:    regions
 * @size:   bytes of each
 * @hello:  what the monitor said, checked
 * @resets: epochs of the link the caller has been woken for
 * @gone:   the connection has ended
 */
struct weir_port {
	struct net_client *client;
	void *memory;
	int sock;
	int fd[ATTACH_FDS];
	int epoll;
	void *map[REGIONS];
	size_t size[REGIONS];
	struct attach_hello hello;
	uint64_t resets;
	bool gone;
};

#endif
