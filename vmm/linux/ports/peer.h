/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The peer of a port that is a socket: accepting, losing and refusing it.  What
 * is said over the connection is the port's (socket.c, vhost_user.c).
 *
 * A port has one peer at a time.  A second one that connects is closed at once,
 * unless the first has hung up and only its last words are still to be read.  A
 * port that connects cannot do so from inside its sandbox: it reports that it
 * has no peer, and the monitor restarts it with a new connection
 * (monitor/outside.c).
 */
#ifndef WEIR_VMM_LINUX_PORTS_PEER_H
#define WEIR_VMM_LINUX_PORTS_PEER_H

#include "vmm/linux/pd/pd.h"
#include "vmm/linux/ports/tally.h"

/* Places of descriptors; a connecting port has the peer at the first. */
#define LISTENER 0u
#define ACCEPTED 1u
/* The first place that is the port's own. */
#define PEER_FDS 2u

/**
 * struct peer - whether there is one, and where
 * @begun:     it is there; may be NULL
 * @ended:     it has gone
 * @mode:      of the socket
 * @listening: peers come and go at ACCEPTED
 * @present:   there is one
 * @leaving:   it has hung up
 * @knock:     a connection may be waiting; set by peer_ready()
 * @at:        its place among the descriptors
 * @watched:   events it is watched for; the port's, see peer_watch()
 * @second:    peers that were refused
 */
struct peer {
	void (*begun)(struct component *c);
	void (*ended)(struct component *c);
	enum sys_socket_mode mode;
	bool listening;
	bool present;
	bool leaving;
	bool knock;
	unsigned int at;
	uint32_t watched;
	struct tally second;
};

static inline int peer_fd(const struct component *c, const struct peer *p)
{
	return c->fd[p->at];
}

/**
 * peer_begin - listen, or begin with the connection the monitor has made
 * @p:         @begun and @ended are set
 * @mode:      of the configuration
 *
 * For init().
 *
 * Return: 0 or negative errno.
 */
int peer_begin(struct component *c, struct peer *p, enum sys_socket_mode mode);

/** peer_watch - after a change of @watched */
void peer_watch(struct component *c, struct peer *p);

/**
 * peer_ready - for fd_ready(): note that the peer knocks or leaves
 *
 * Return: the event is one of the connection, which goes on.
 */
bool peer_ready(struct component *c, struct peer *p, unsigned int fd_index,
		uint32_t events);

/** peer_end - the peer has gone, or is disconnected; the caller logs why */
void peer_end(struct component *c, struct peer *p);

/**
 * peer_lost - the connection has ended
 * @error: 0: by the peer's closing it
 */
void peer_lost(struct component *c, struct peer *p, int error);

/** peer_given - the monitor has made a connection, in place of any before it */
void peer_given(struct component *c, struct peer *p, int fd);

/** peer_answer - for run(): accept or refuse a waiting connection, if any */
void peer_answer(struct component *c, struct peer *p);

#endif
