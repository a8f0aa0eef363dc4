/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Peers of a socket port: accepting, losing and refusing them.  The stream
 * itself is in socket.c.
 */
#ifndef WEIR_VMM_LINUX_PORTS_SOCKET_PEER_H
#define WEIR_VMM_LINUX_PORTS_SOCKET_PEER_H

#include "vmm/linux/ports/pump.h"
#include "vmm/linux/ports/tally.h"

/* Places of descriptors; a connecting port has the peer at the first. */
#define LISTENER 0u
#define ACCEPTED 1u

/* State of a socket component. */
struct sock {
	struct pump pump;     /* the switch side */
	bool listening;	      /* peers come and go at ACCEPTED */
	bool peer;	      /* there is one */
	bool leaving;	      /* it has hung up */
	bool knock;	      /* a connection may be waiting */
	unsigned int peer_at; /* its place among the descriptors */
	uint32_t watched;     /* events it is watched for */
	uint32_t max_frame;
	/* IN_SIZE bytes of stream: [@in_first, @in_end) is not parsed yet */
	uint8_t *in;
	size_t in_first;
	size_t in_end;
	size_t skip;   /* bytes of a refused frame still to come */
	uint8_t *rest; /* end of a frame of which the peer took the beginning */
	size_t rest_first, rest_end; /* what of @rest is still to be sent */
	struct tally second;	     /* peers that were refused */
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

/** peer_watch - update the events the peer, if any, is watched for */
void peer_watch(struct component *c);

/** peer_end - the peer has gone, or is disconnected; the caller logs why */
void peer_end(struct component *c);

/**
 * peer_lost - the connection has ended
 * @error: 0: by the peer's closing it
 */
void peer_lost(struct component *c, int error);

/** peer_answer - accept or refuse a waiting connection */
void peer_answer(struct component *c);

#endif
