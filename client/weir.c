/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libweir on Linux: moving frames and waiting, on top of net_client.c.
 * Attaching is in weir_attach.c.
 *
 * A caller may poll one descriptor.  What is read there is discarded: it only
 * means that the queues or the connection have changed.
 */
#include "client/weir.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "client/weir_port.h"

/* Reads that empty a socket of the default size, and then some. */
#define SOCKET_READS 64

/* The caller's frames are handed to net_client.c as they are. */
_Static_assert(sizeof(struct weir_frame) == sizeof(struct net_buffer) &&
		       offsetof(struct weir_frame, data) ==
			       offsetof(struct net_buffer, data) &&
		       offsetof(struct weir_frame, len) ==
			       offsetof(struct net_buffer, len) &&
		       offsetof(struct weir_frame, index) ==
			       offsetof(struct net_buffer, index),
	       "struct weir_frame is struct net_buffer under another name");

/* --- waiting ----------------------------------------------------------- */

/* Empty the socket; bounded, as the switch may keep filling it. */
static void forget(int fd)
{
	char bytes[4096];

	for (int i = 0; i < SOCKET_READS; i++)
		if (recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) <
		    (ssize_t)sizeof(bytes))
			return;
}

/*
 * Wait for events: discard notifications, record the connection's end.
 *
 * @timeout_ms: as for epoll_wait()
 *
 * Return: events, 0 at the timeout, -1 with errno set.
 */
static int look(struct weir_port *p, int timeout_ms)
{
	struct epoll_event e[2];
	int n = epoll_wait(p->epoll, e, 2, timeout_ms);

	for (int i = 0; i < n; i++) {
		/* The monitor sends nothing more: any event is the end. */
		if (e[i].data.fd == p->sock)
			p->gone = true;
		else
			forget(e[i].data.fd);
	}
	return n;
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int weir_fd(const struct weir_port *p)
{
	return p->epoll;
}

/*
 * Whether the link has come up since the last call.  Then all buffers are free
 * without having come back over a queue, and a caller that waits for one must
 * be woken.
 */
static bool came_up(struct weir_port *p)
{
	uint64_t resets = net_client_counters(p->client).resets;
	bool news = resets != p->resets;

	p->resets = resets;
	return news;
}

int weir_arm(struct weir_port *p, unsigned int what)
{
	bool ready;

	if (look(p, 0) < 0)
		return -1;
	if (p->gone) {
		errno = ENOTCONN;
		return -1;
	}
	if (net_client_state(p->client) == NET_CLIENT_FAULT) {
		errno = EPROTO;
		return -1;
	}
	ready = net_client_arm(p->client, (what & WEIR_WAIT_RX) != 0,
			       (what & WEIR_WAIT_TX) != 0);
	/* Also after arming: a link that came up has free buffers. */
	weir_flush(p);
	return came_up(p) || ready;
}

int weir_wait(struct weir_port *p, unsigned int what, int timeout_ms)
{
	int64_t until = timeout_ms < 0 ? 0 : now_ms() + timeout_ms;
	int left = timeout_ms;

	for (;;) {
		int n;

		weir_flush(p);
		n = weir_arm(p, what);
		if (n != 0)
			return n;
		if (timeout_ms > 0)
			left = (int)(until - now_ms());
		if (timeout_ms >= 0 && left <= 0)
			return 0;
		n = look(p, left);
		if (n < 0)
			return -1;
	}
}

/* --- the port ---------------------------------------------------------- */

const char *weir_name(const struct weir_port *p)
{
	return p->hello.port;
}

unsigned int weir_max_frame(const struct weir_port *p)
{
	return p->hello.max_frame;
}

int weir_is_up(struct weir_port *p)
{
	if (!p->gone)
		look(p, 0);
	if (p->gone)
		return -1;
	switch (net_client_state(p->client)) {
	case NET_CLIENT_UP:
		return 1;
	case NET_CLIENT_DOWN:
		return 0;
	case NET_CLIENT_FAULT:
		break;
	}
	return -1;
}

int weir_carrier(struct weir_port *p)
{
	int up = weir_is_up(p);

	return up == 1 ? net_client_carrier(p->client) : up;
}

/* --- frames ------------------------------------------------------------ */

static struct net_buffer *buffers(struct weir_frame *frames)
{
	return (struct net_buffer *)(void *)frames;
}

static const struct net_buffer *const_buffers(const struct weir_frame *frames)
{
	return (const struct net_buffer *)(const void *)frames;
}

unsigned int weir_rx_burst(struct weir_port *p, struct weir_frame *frames,
			   unsigned int count)
{
	return net_rx_burst(p->client, buffers(frames), count);
}

void weir_rx_release(struct weir_port *p, const struct weir_frame *frames,
		     unsigned int count)
{
	net_rx_release(p->client, const_buffers(frames), count);
}

unsigned int weir_tx_alloc(struct weir_port *p, struct weir_frame *frames,
			   unsigned int count)
{
	return net_tx_alloc(p->client, buffers(frames), count);
}

void weir_tx_cancel(struct weir_port *p, const struct weir_frame *frames,
		    unsigned int count)
{
	net_tx_cancel(p->client, const_buffers(frames), count);
}

void weir_tx_burst(struct weir_port *p, const struct weir_frame *frames,
		   unsigned int count)
{
	net_tx_burst(p->client, const_buffers(frames), count);
}

int weir_send(struct weir_port *p, const void *frame, size_t len)
{
	struct weir_frame f;

	if (len == 0 || len > p->hello.max_frame) {
		errno = EMSGSIZE;
		return -1;
	}
	if (weir_tx_alloc(p, &f, 1) == 0) {
		errno = net_client_state(p->client) == NET_CLIENT_UP ? EAGAIN
								     : ENETDOWN;
		return -1;
	}
	memcpy(f.data, frame, len);
	f.len = (uint16_t)len;
	weir_tx_burst(p, &f, 1);
	return 0;
}

/*
 * A full counter means that the switch has been woken already.  It is polled
 * before the write, because another holder of the eventfd could fill it and
 * make the write block.  A fill between the two calls cannot be prevented:
 * eventfds have neither RWF_NOWAIT nor a second open file description.
 */
void weir_flush(struct weir_port *p)
{
	static const uint64_t one = 1;
	struct pollfd ring = { .fd = p->fd[ATTACH_FD_RING], .events = POLLOUT };

	if (net_client_must_notify(p->client) && poll(&ring, 1, 0) == 1 &&
	    (ring.revents & POLLOUT) != 0)
		(void)!write(ring.fd, &one, sizeof(one));
}
