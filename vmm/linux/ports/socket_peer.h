/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Peers of a socket port: accepting, losing and refusing them.  The stream
 * itself is in socket.c.
 */
#ifndef WEIR_VMM_LINUX_PORTS_SOCKET_PEER_H
#define WEIR_VMM_LINUX_PORTS_SOCKET_PEER_H

#include "vmm/linux/ports/pump.h"
#include "vmm/linux/ports/tally.h"

/* Places among the component's descriptors; a connecting port has the peer at
 * the first. */
#define LISTENER 0u
#define ACCEPTED 1u

/**
 * struct sock - state of a socket component
 * @pump:      the switch side
 * @listening: peers come and go at ACCEPTED
 * @peer:      there is one
 * @leaving:   it has hung up
 * @knock:     a connection may be waiting
 * @peer_at:   its place among the descriptors
 * @watched:   events it is watched for
 * @max_frame: bytes
 * @in:        IN_SIZE bytes of stream: [@in_first, @in_end) is not parsed yet
 * @skip:      bytes of a refused frame still to come
 * @rest:      end of a frame of which the peer took the beginning
 * @rest_first, @rest_end: what of @rest is still to be sent
 * @second:    peers that were refused
 */
struct sock {
	struct pump pump;
	bool listening;
	bool peer;
	bool leaving;
	bool knock;
	unsigned int peer_at;
	uint32_t watched;
	uint32_t max_frame;
	uint8_t *in;
	size_t in_first;
	size_t in_end;
	size_t skip;
	uint8_t *rest;
	size_t rest_first;
	size_t rest_end;
	struct tally second;
};

static inline int peer_fd(const struct component *c)
{
	const struct sock *s = c->state;

	return c->fd[s->peer_at];
}

/**
 * peer_listen - begin without a peer, and wait for one
 *
 * Return: 0.
 */
int peer_listen(struct component *c);

/**
 * peer_connected - begin with the connection the monitor has made, if it has
 *
 * Return: 0 or negative errno.
 */
int peer_connected(struct component *c);

/**
 * peer_watch - update the events the peer, if any, is watched for
 */
void peer_watch(struct component *c);

/**
 * peer_end - the peer has gone, or is disconnected; the caller logs why
 */
void peer_end(struct component *c);

/**
 * peer_lost - the connection has ended
 * @error: 0: by the peer's closing it
 */
void peer_lost(struct component *c, int error);

/**
 * peer_answer - accept or refuse a waiting connection
 */
void peer_answer(struct component *c);

#endif
