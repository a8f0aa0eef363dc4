/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is at the other end of a socket port: peers that come, go, and are turned
 * away.  The stream itself is in socket.c.
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
 * @knock:     somebody may want to be accepted
 * @peer_at:   its place among the descriptors
 * @watched:   what it was last to be watched for
 * @max_frame: octets
 * @in:        IN_SIZE octets of stream: [@in_first, @in_end) is to be looked at
 * @skip:      octets of a refused frame still to come
 * @rest:      end of a frame of which the peer took the beginning
 * @rest_first, @rest_end: what of @rest is still to be sent
 * @odd:       frames of a length this port does not take
 * @second:    peers that were turned away
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
	struct tally odd;
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
 * peer_watch - watch the peer, if there is one, for what it is to be watched for
 */
void peer_watch(struct component *c);

/**
 * peer_end - the peer has gone, or is put out; the caller says why
 */
void peer_end(struct component *c);

/**
 * peer_lost - the connection has ended
 * @error: 0: by the peer's closing it
 */
void peer_lost(struct component *c, int error);

/**
 * peer_answer - somebody wants to be accepted
 */
void peer_answer(struct component *c);

#endif
