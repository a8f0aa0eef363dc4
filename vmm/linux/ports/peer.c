/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Peers of ports that are sockets: see peer.h.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/linux/ports/peer.h"

/* Also for EPOLLRDHUP, which may matter before all is read. */
void peer_watch(struct component *c, struct peer *p)
{
	if (p->present)
		pd_watch(c, p->at, p->watched | (p->leaving ? 0u : EPOLLRDHUP));
}

/* The peer has gone, or was disconnected. The caller logs why. */
void peer_end(struct component *c, struct peer *p)
{
	p->present = p->leaving = false;
	outside_set(c->outside, OUTSIDE_NO_PEER);
	pd_replace_fd(c, p->at, -1);
	p->ended(c);
	if (p->listening)
		pd_watch(c, LISTENER, EPOLLIN);
}

/* For the log: what happens without a peer. */
static const char *what_next(const struct peer *p)
{
	static const char *const text[] = {
		[SYS_SOCKET_LISTEN] = "waiting for the next one",
		[SYS_SOCKET_CONNECT] = "trying to connect again",
		[SYS_SOCKET_GIVEN] = "waiting until the VM runs again",
	};

	return text[p->mode];
}

/* read() or writev() ended the connection; @error is 0 at end of file. */
void peer_lost(struct component *c, struct peer *p, int error)
{
	peer_end(c, p);
	pd_log(c, "the peer has closed the connection%s%s: %s",
	       error ? ": " : "", error ? strerror(error) : "", what_next(p));
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

static void new_peer(struct component *c, struct peer *p)
{
	int fd = accept_peer(c);

	if (fd < 0)
		return;
	pd_replace_fd(c, ACCEPTED, fd);
	p->present = true;
	p->begun(c);
	peer_watch(c, p);
	pd_log(c, "a peer has connected");
}

static void turn_away(struct component *c, struct peer *p)
{
	int fd = accept_peer(c);

	if (fd < 0)
		return;
	close(fd);
	if (tally_add(&p->second, 1))
		pd_log(c,
		       "a second peer connected and was turned away (%llu so "
		       "far): a port has one peer at a time",
		       (unsigned long long)p->second.count);
}

bool peer_ready(struct component *c, struct peer *p, unsigned int fd_index,
		uint32_t events)
{
	if (p->listening && fd_index == LISTENER) {
		p->knock = true;
		return false;
	}
	if (!p->present || fd_index != p->at)
		return false;
	if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
		p->leaving = true;
		peer_watch(c, p);
	}
	return true;
}

/*
 * A connection is waiting.  Look first whether the peer has hung up: one that
 * leaves and comes back at once is not a second peer.
 */
void peer_answer(struct component *c, struct peer *p)
{
	if (!p->knock)
		return;
	p->knock = false;
	if (!p->present)
		new_peer(c, p);
	else if (p->leaving)
		pd_watch(c, LISTENER, 0); /* until its last frame is read */
	else
		turn_away(c, p);
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

/* Without a connection, wait to be restarted with one. */
static int begin_connected(struct component *c, struct peer *p)
{
	int e = c->n_fds == 0 ? -ENOTCONN : claim_connection(c->fd[0]);

	if (e != 0 && e != -ENOTCONN)
		return e;
	if (e == 0) {
		bool again = !outside_is(c->outside, OUTSIDE_UP);

		p->present = true;
		p->begun(c);
		peer_watch(c, p);
		if (again)
			pd_log(c, "connected");
		return 0;
	}
	if (outside_set(c->outside, OUTSIDE_NO_PEER))
		pd_log(c, "%s: %s",
		       c->n_fds == 0 ? "nobody takes the connection"
				     : "the connection is of no use any more",
		       what_next(p));
	pd_replace_fd(c, 0, -1);
	return 0;
}

void peer_given(struct component *c, struct peer *p, int fd)
{
	if (p->present)
		peer_end(c, p);
	pd_replace_fd(c, p->at, fd);
	p->present = true;
	p->begun(c);
	peer_watch(c, p);
}

int peer_begin(struct component *c, struct peer *p, enum sys_socket_mode mode)
{
	p->mode = mode;
	p->listening = mode == SYS_SOCKET_LISTEN;
	if (mode == SYS_SOCKET_GIVEN) {
		outside_set(c->outside, OUTSIDE_NO_PEER);
		return 0;
	}
	if (!p->listening)
		return begin_connected(c, p);
	p->at = ACCEPTED;
	pd_replace_fd(c, ACCEPTED, -1);
	pd_watch(c, LISTENER, EPOLLIN);
	outside_set(c->outside, OUTSIDE_NO_PEER);
	return 0;
}
