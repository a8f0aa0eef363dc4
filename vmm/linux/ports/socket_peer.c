/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Peers of a socket port: see socket_peer.h.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/linux/ports/socket_peer.h"

/* Also for EPOLLRDHUP, which may matter before all is read. */
void peer_watch(struct component *c)
{
	struct sock *s = c->state;

	if (s->peer)
		pd_watch(c, s->peer_at,
			 s->watched | (s->leaving ? 0u : EPOLLRDHUP));
}

/* The peer has gone, or was disconnected. The caller logs why. */
void peer_end(struct component *c)
{
	struct sock *s = c->state;

	s->peer = s->leaving = false;
	s->in_first = s->in_end = s->skip = 0;
	s->rest_first = s->rest_end = 0;
	s->pump.readable = false;
	s->pump.writable = true;
	outside_set(c->outside, OUTSIDE_NO_PEER);
	pd_replace_fd(c, s->peer_at, -1);
	if (s->listening)
		pd_watch(c, LISTENER, EPOLLIN);
}

/* For the log: what happens without a peer. */
static const char *what_next(const struct sock *s)
{
	return s->listening ? "waiting for the next one"
			    : "trying to connect again";
}

/* read() or writev() ended the connection; @error is 0 at end of file. */
void peer_lost(struct component *c, int error)
{
	peer_end(c);
	pd_log(c, "the peer has closed the connection%s%s: %s",
	       error ? ": " : "", error ? strerror(error) : "",
	       what_next(c->state));
}

static int accept_peer(struct component *c)
{
	int fd = accept4(c->fd[LISTENER], NULL, NULL,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0 && errno != EAGAIN && errno != ECONNABORTED &&
	    errno != EINTR)
		pd_log(c, "cannot accept a connection: %s", strerror(errno));
	return fd;
}

static void new_peer(struct component *c)
{
	struct sock *s = c->state;
	int fd = accept_peer(c);

	if (fd < 0)
		return;
	pd_replace_fd(c, ACCEPTED, fd);
	s->peer = true;
	s->pump.readable = true;
	s->pump.writable = true;
	peer_watch(c);
	outside_set(c->outside, OUTSIDE_UP);
	pd_log(c, "a peer has connected");
}

static void turn_away(struct component *c)
{
	struct sock *s = c->state;
	int fd = accept_peer(c);

	if (fd < 0)
		return;
	close(fd);
	if (tally_add(&s->second, 1))
		pd_log(c,
		       "a second peer connected and was turned away (%llu so "
		       "far): a port has one peer at a time",
		       (unsigned long long)s->second.count);
}

/*
 * A connection is waiting.  Look first whether the peer has hung up: one that
 * leaves and comes back at once is not a second peer.
 */
void peer_answer(struct component *c)
{
	struct sock *s = c->state;

	s->knock = false;
	if (!s->peer)
		new_peer(c);
	else if (s->leaving)
		pd_watch(c, LISTENER, 0); /* until its last frame is read */
	else
		turn_away(c);
}

/*
 * A connection that this PD used before a crash is in the middle of some frame,
 * and useless.  The socket outlives the PD: its priority, which has no other
 * use here, is set as a mark at its first use.
 */
static int claim_connection(int fd)
{
	int used = 0;
	int mark = 1;
	socklen_t size = sizeof(used);

	if (getsockopt(fd, SOL_SOCKET, SO_PRIORITY, &used, &size) < 0)
		return -errno;
	if (used == mark)
		return -ENOTCONN;
	setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &mark, sizeof(mark));
	return 0;
}

int peer_listen(struct component *c)
{
	struct sock *s = c->state;

	s->peer_at = ACCEPTED;
	pd_replace_fd(c, ACCEPTED, -1);
	pd_watch(c, LISTENER, EPOLLIN);
	outside_set(c->outside, OUTSIDE_NO_PEER);
	return 0;
}

/* Without a connection, wait to be restarted with one. */
int peer_connected(struct component *c)
{
	struct sock *s = c->state;
	int e = c->n_fds == 0 ? -ENOTCONN : claim_connection(c->fd[0]);

	if (e != 0 && e != -ENOTCONN)
		return e;
	if (e == 0) {
		s->peer = true;
		if (outside_set(c->outside, OUTSIDE_UP))
			pd_log(c, "connected");
		return 0;
	}
	if (outside_set(c->outside, OUTSIDE_NO_PEER))
		pd_log(c, "%s: %s",
		       c->n_fds == 0 ? "nobody takes the connection"
				     : "the connection is of no use any more",
		       what_next(s));
	pd_replace_fd(c, 0, -1);
	return 0;
}
