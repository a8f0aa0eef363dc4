/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket: a switch port for QEMU's `-netdev stream`, or anything that frames
 * like it: a length of four bytes, big endian, then the frame.
 *
 * One peer at a time (peer.h).
 *
 * Receiving.  The stream is read in big pieces into a private buffer, many
 * frames a system call, and each frame is copied once, into a transmit
 * buffer.  A length this port does not take, up to QEMU's own limit, is counted
 * and skipped.  Any other is no length: the start of the next frame is unknown,
 * so the peer is disconnected.
 *
 * Sending.  A burst is one writev(2), straight from the receive buffers.  If
 * the peer takes only part of it, the rest of the frame that was cut is copied
 * and sent first later, so that the stream stays in step whatever happens to
 * the link meanwhile.  Whole frames wait in the switch's queue (pump.h).  While
 * there is no peer, frames are dropped.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "vmm/linux/ports/open.h"
#include "vmm/linux/ports/peer.h"
#include "vmm/linux/ports/pump.h"
#include "base/frame.h"

#define LENGTH_SIZE 4u
/* Longest frame QEMU sends or takes. */
#define LENGTH_MAX (4096u + 65536u)
/* A burst of full-sized frames; more than one frame of any port. */
#define IN_SIZE (128u << 10)

/* State of a socket component. */
struct sock {
	struct pump pump; /* the switch side */
	struct peer peer;
	uint32_t max_frame;
	/* IN_SIZE bytes of stream: [@in_first, @in_end) is not parsed yet */
	uint8_t *in;
	size_t in_first;
	size_t in_end;
	size_t skip;   /* bytes of a refused frame still to come */
	uint8_t *rest; /* end of a frame of which the peer took the beginning */
	size_t rest_first, rest_end; /* what of @rest is still to be sent */
};

/* --- receiving ---------------------------------------------------------- */

enum step { STEP_FRAME, STEP_SKIPPED, STEP_MORE, STEP_GARBAGE };

static uint32_t load_length(const uint8_t *p)
{
	uint32_t be;

	memcpy(&be, p, sizeof(be));
	return ntohl(be);
}

/* Skip the rest of a refused frame. */
static void skip(struct sock *s)
{
	size_t have = s->in_end - s->in_first;
	size_t n = s->skip < have ? s->skip : have;

	s->in_first += n;
	s->skip -= n;
}

/* Look at what is in the buffer; a whole frame is copied to @b. */
static enum step next_frame(struct sock *s, struct net_buffer *b)
{
	const uint8_t *p;
	uint32_t len;

	skip(s);
	if (s->in_end - s->in_first < LENGTH_SIZE)
		return STEP_MORE;
	p = s->in + s->in_first;
	len = load_length(p);
	if (len == 0 || len > LENGTH_MAX)
		return STEP_GARBAGE;
	if (len < FRAME_MIN || len > s->max_frame) {
		s->in_first += LENGTH_SIZE;
		s->skip = len;
		return STEP_SKIPPED;
	}
	if (s->in_end - s->in_first < LENGTH_SIZE + len)
		return STEP_MORE;
	memcpy(b->data, p + LENGTH_SIZE, len);
	b->len = (uint16_t)len;
	s->in_first += LENGTH_SIZE + len;
	return STEP_FRAME;
}

/* Read a big piece behind what is there; false if there is nothing to read. */
static bool read_more(struct component *c)
{
	struct sock *s = c->state;
	ssize_t n;

	memmove(s->in, s->in + s->in_first, s->in_end - s->in_first);
	s->in_end -= s->in_first;
	s->in_first = 0;
	n = read(peer_fd(c, &s->peer), s->in + s->in_end, IN_SIZE - s->in_end);
	if (n > 0) {
		s->in_end += (size_t)n;
		return true;
	}
	s->pump.readable = false;
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		peer_lost(c, &s->peer, n == 0 ? 0 : errno);
	return false;
}

static void refuse(struct component *c)
{
	const struct sock *s = c->state;

	pump_drop(c, OUTSIDE_DROP_OVERSIZE, 1,
		  "the peer sent a frame of %zu bytes, this port takes %u to "
		  "%u: match the mtu of port and peer",
		  s->skip, FRAME_MIN, s->max_frame);
}

static void garbage(struct component *c)
{
	struct sock *s = c->state;
	uint32_t length = load_length(s->in + s->in_first);

	peer_end(c, &s->peer);
	pd_log(c,
	       "the peer sent garbage (a frame of %u bytes) and was "
	       "disconnected: it must speak as QEMU's `-netdev stream`",
	       length);
}

static unsigned int sock_receive(struct component *c,
				 struct net_buffer *buffers, unsigned int count)
{
	struct sock *s = c->state;
	unsigned int filled = 0;

	if (!s->peer.present)
		s->pump.readable = false;
	/* Each turn is a frame or a system call, so the work is bounded. */
	for (unsigned int i = 0; i < count && s->pump.readable; i++) {
		switch (next_frame(s, &buffers[filled])) {
		case STEP_FRAME:
			filled++;
			break;
		case STEP_SKIPPED:
			refuse(c);
			break;
		case STEP_MORE:
			read_more(c);
			break;
		case STEP_GARBAGE:
			garbage(c);
			break;
		}
	}
	return filled;
}

/* --- sending ------------------------------------------------------------ */

/* Send the rest of a frame that was cut; false if there is still some left. */
static bool send_rest(struct component *c)
{
	struct sock *s = c->state;

	while (s->rest_first < s->rest_end) {
		ssize_t n = write(peer_fd(c, &s->peer), s->rest + s->rest_first,
				  s->rest_end - s->rest_first);

		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0) {
			peer_lost(c, &s->peer, errno);
			return true;
		}
		s->rest_first += (size_t)n;
	}
	s->rest_first = s->rest_end = 0;
	return true;
}

/*
 * Keep the rest of a frame of which the peer took @taken bytes, the length
 * field included.
 */
static void keep_rest(struct sock *s, const struct net_buffer *b, size_t taken)
{
	uint32_t be = htonl(b->len);

	memcpy(s->rest, &be, LENGTH_SIZE);
	memcpy(s->rest + LENGTH_SIZE, b->data, b->len);
	s->rest_first = taken;
	s->rest_end = LENGTH_SIZE + b->len;
}

/* How many frames are done with after @bytes of them went out. */
static unsigned int account(struct sock *s, const struct net_buffer *buffers,
			    unsigned int count, size_t bytes)
{
	for (unsigned int i = 0; i < count; i++) {
		size_t size = LENGTH_SIZE + buffers[i].len;

		if (bytes >= size) {
			bytes -= size;
			continue;
		}
		s->pump.writable = false;
		if (bytes == 0)
			return i;
		keep_rest(s, &buffers[i], bytes);
		return i + 1;
	}
	return count;
}

static unsigned int sock_send(struct component *c,
			      const struct net_buffer *buffers,
			      unsigned int count)
{
	struct sock *s = c->state;
	uint32_t length[PUMP_BURST];
	struct iovec iov[2 * PUMP_BURST], *v = iov;
	ssize_t n;

	/* The rest of a frame goes first; that may lose the peer. */
	if (s->peer.present && !send_rest(c))
		return 0;
	if (!s->peer.present) {
		outside_dropped(c->outside, OUTSIDE_DROP_NOT_UP, count);
		return count;
	}
	for (unsigned int i = 0; i < count; i++) {
		length[i] = htonl(buffers[i].len);
		*v++ = (struct iovec){ &length[i], LENGTH_SIZE };
		*v++ = (struct iovec){ buffers[i].data, buffers[i].len };
	}
	n = writev(peer_fd(c, &s->peer), iov, (int)(2 * count));
	if (n >= 0)
		return account(s, buffers, count, (size_t)n);
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	peer_lost(c, &s->peer, errno);
	return count;
}

/* --- the component's operations ----------------------------------------- */

static void sock_watch(struct component *c, bool in, bool out)
{
	struct sock *s = c->state;

	s->peer.watched = (in ? EPOLLIN : 0u) | (out ? EPOLLOUT : 0u);
	peer_watch(c, &s->peer);
}

static void sock_begun(struct component *c)
{
	struct sock *s = c->state;

	s->pump.readable = true;
	s->pump.writable = true;
	outside_set(c->outside, OUTSIDE_UP);
}

static void sock_ended(struct component *c)
{
	struct sock *s = c->state;

	s->in_first = s->in_end = s->skip = 0;
	s->rest_first = s->rest_end = 0;
	s->pump.readable = false;
	s->pump.writable = true;
}

static const struct pump_ops sock_pump = {
	.receive = sock_receive,
	.send = sock_send,
	.watch = sock_watch,
};

static int sock_init(struct component *c)
{
	struct sock *s = c->state;
	int e;

	s->max_frame = c->cfg->wire.max_frame;
	s->peer.begun = sock_begun;
	s->peer.ended = sock_ended;
	s->in = malloc(IN_SIZE);
	s->rest = malloc(LENGTH_SIZE + s->max_frame);
	if (s->in == NULL || s->rest == NULL)
		return -ENOMEM;
	e = pump_init(c, &sock_pump);
	if (e != 0)
		return e;
	return peer_begin(c, &s->peer, c->cfg->socket.mode);
}

static void sock_fd_ready(struct component *c, unsigned int fd_index,
			  uint32_t events)
{
	struct sock *s = c->state;

	if (!peer_ready(c, &s->peer, fd_index, events))
		return;
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		s->pump.readable = true;
	if ((events & (EPOLLOUT | EPOLLERR)) && send_rest(c))
		s->pump.writable = true;
}

static bool sock_run(struct component *c, uint64_t now_ns)
{
	struct sock *s = c->state;

	peer_answer(c, &s->peer);
	return pump_run(c, now_ns);
}

/* A PD ignores SIGPIPE, so no flags, addresses or messages are needed. */
static const int sock_syscalls[] = { SYS_read, SYS_write, SYS_writev,
				     SYS_accept4, -1 };

const struct component_ops socket_ops = {
	.kind = SYS_SOCKET,
	.name = "socket",
	.state_size = sizeof(struct sock),
	.syscalls = sock_syscalls,
	.outside = true,
	.open = socket_open,
	.seek = socket_seek,
	.close = socket_close,
	.init = sock_init,
	.fd_ready = sock_fd_ready,
	.run = sock_run,
	.arm = pump_arm,
};
