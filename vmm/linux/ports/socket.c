/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * socket: a switch port for QEMU's `-netdev stream`, or anything that frames
 * like it.
 *
 *	+-----------------+---------------------+-----------------+-- - -
 *	| length, 4       | frame, length       | length, 4       | frame
 *	| (big endian)    | octets              |                 |
 *	+-----------------+---------------------+-----------------+-- - -
 *
 * One peer at a time.  A second one that connects waits in the listen queue
 * until the first has closed.  A port that connects does so once, when the
 * system starts; if that connection ends the port stays silent, because from
 * inside its sandbox nothing can be connected to.
 *
 * Receiving.  The stream is read in big pieces into a private buffer, many
 * frames a system call, and each frame is copied once, into a transmit buffer.
 * What a length can be:
 *  - 14 to the port's longest: a frame;
 *  - else, up to what QEMU itself would take: a runt, or a frame too long for
 *    this port; it is counted and passed over, the stream stays in step;
 *  - 0, or more than that: no length at all.  Where the next frame starts
 *    cannot be known: the peer is put out.
 *
 * Sending.  A burst is one writev(2), straight from the receive buffers.  If
 * the peer takes only part of it, the rest of the frame that was cut is copied
 * aside and goes first later, so that the stream stays in step whatever happens
 * to the link meanwhile; whole frames wait in the switch's queue (pump.h).
 * While there is no peer, frames are dropped, as on a cable that ends nowhere.
 *
 * States: no peer -> peer -> no peer (listening), or peer -> no peer for good.
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

#include "vmm/linux/ports/pump.h"
#include "vmm/linux/ports/socket_open.h"
#include "vmm/linux/ports/tally.h"
#include "vswitch/frame.h"

#define LENGTH_SIZE 4u
/* Longest frame QEMU sends or takes. */
#define LENGTH_MAX (4096u + 65536u)
/* A burst of full-sized frames; more than one frame of any port. */
#define IN_SIZE (128u << 10)

/* Places among the component's descriptors; a connecting port has the peer at
 * the first. */
#define LISTENER 0u
#define ACCEPTED 1u

/**
 * struct sock - state of a socket component
 * @pump:      the switch side
 * @listening: peers come and go at ACCEPTED
 * @peer:      there is one
 * @peer_at:   its place among the descriptors
 * @watched:   what it was last to be watched for
 * @max_frame: octets
 * @in:        IN_SIZE octets of stream: [@in_first, @in_end) is to be looked at
 * @skip:      octets of a refused frame still to come
 * @rest:      end of a frame of which the peer took the beginning
 * @rest_first, @rest_end: what of @rest is still to be sent
 * @odd:       frames of a length this port does not take
 */
struct sock {
	struct pump pump;
	bool listening;
	bool peer;
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
};

/* --- peers --------------------------------------------------------------- */

static int peer_fd(const struct component *c)
{
	const struct sock *s = c->state;

	return c->fd[s->peer_at];
}

static void watch_peer(struct component *c)
{
	struct sock *s = c->state;

	if (s->peer)
		pd_watch(c, s->peer_at, s->watched);
}

/* The peer has gone, or was put out.  The caller has said why. */
static void end_peer(struct component *c)
{
	struct sock *s = c->state;

	s->peer = false;
	s->in_first = s->in_end = s->skip = 0;
	s->rest_first = s->rest_end = 0;
	s->pump.readable = false;
	s->pump.writable = true;
	pd_replace_fd(c, s->peer_at, -1);
	if (s->listening)
		pd_watch(c, LISTENER, EPOLLIN);
}

/* read() or writev() ended the connection; @error is 0 at end of file. */
static void lost_peer(struct component *c, int error)
{
	const struct sock *s = c->state;

	pd_log(c, "the peer has closed the connection%s%s: %s",
	       error ? ": " : "", error ? strerror(error) : "",
	       s->listening ? "waiting for the next one"
			    : "start weir again to connect again");
	end_peer(c);
}

static void new_peer(struct component *c)
{
	struct sock *s = c->state;
	int fd = accept4(c->fd[LISTENER], NULL, NULL,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0) {
		if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
			pd_log(c, "cannot accept a connection: %s",
			       strerror(errno));
		return;
	}
	pd_watch(c, LISTENER, 0); /* the next one waits */
	pd_replace_fd(c, ACCEPTED, fd);
	s->peer = true;
	s->pump.readable = true;
	s->pump.writable = true;
	watch_peer(c);
	pd_log(c, "a peer has connected");
}

/* --- receiving ----------------------------------------------------------- */

enum step { STEP_FRAME, STEP_SKIPPED, STEP_MORE, STEP_GARBAGE };

static uint32_t load_length(const uint8_t *p)
{
	uint32_t be;

	memcpy(&be, p, sizeof(be));
	return ntohl(be);
}

/* Pass over what is left of a frame that was refused. */
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
	n = read(peer_fd(c), s->in + s->in_end, IN_SIZE - s->in_end);
	if (n > 0) {
		s->in_end += (size_t)n;
		return true;
	}
	s->pump.readable = false;
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		lost_peer(c, n == 0 ? 0 : errno);
	return false;
}

static void refuse(struct component *c)
{
	struct sock *s = c->state;

	if (tally_add(&s->odd, 1))
		pd_log(c,
		       "the peer sent a frame of %zu octets, this port takes %u to %u (%llu dropped so far): match the mtu of port and peer",
		       s->skip, FRAME_MIN, s->max_frame,
		       (unsigned long long)s->odd.count);
}

static void garbage(struct component *c)
{
	const struct sock *s = c->state;

	pd_log(c,
	       "the peer sent garbage (a frame of %u octets) and was disconnected: it must speak as QEMU's `-netdev stream`",
	       load_length(s->in + s->in_first));
	end_peer(c);
}

static unsigned int sock_receive(struct component *c,
				 struct net_buffer *buffers, unsigned int count)
{
	struct sock *s = c->state;
	unsigned int filled = 0;

	if (!s->peer)
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

/* --- sending ------------------------------------------------------------- */

/* Send the rest of a frame that was cut; false if there is still some left. */
static bool send_rest(struct component *c)
{
	struct sock *s = c->state;

	while (s->rest_first < s->rest_end) {
		ssize_t n = write(peer_fd(c), s->rest + s->rest_first,
				  s->rest_end - s->rest_first);

		if (n < 0 && errno == EAGAIN)
			return false;
		if (n < 0) {
			lost_peer(c, errno);
			return true;
		}
		s->rest_first += (size_t)n;
	}
	s->rest_first = s->rest_end = 0;
	return true;
}

/* Keep what the peer did not take of a frame, of which it took @taken octets
 * with the length in front. */
static void keep_rest(struct sock *s, const struct net_buffer *b, size_t taken)
{
	uint32_t be = htonl(b->len);

	memcpy(s->rest, &be, LENGTH_SIZE);
	memcpy(s->rest + LENGTH_SIZE, b->data, b->len);
	s->rest_first = taken;
	s->rest_end = LENGTH_SIZE + b->len;
}

/* How many frames are done with after @octets of them went out. */
static unsigned int account(struct sock *s, const struct net_buffer *buffers,
			    unsigned int count, size_t octets)
{
	for (unsigned int i = 0; i < count; i++) {
		size_t size = LENGTH_SIZE + buffers[i].len;

		if (octets >= size) {
			octets -= size;
			continue;
		}
		s->pump.writable = false;
		if (octets == 0)
			return i;
		keep_rest(s, &buffers[i], octets);
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

	if (!s->peer)
		return count;
	if (!send_rest(c))
		return 0;
	if (!s->peer) /* lost just now */
		return count;
	for (unsigned int i = 0; i < count; i++) {
		length[i] = htonl(buffers[i].len);
		*v++ = (struct iovec){ &length[i], LENGTH_SIZE };
		*v++ = (struct iovec){ buffers[i].data, buffers[i].len };
	}
	n = writev(peer_fd(c), iov, (int)(2 * count));
	if (n >= 0)
		return account(s, buffers, count, (size_t)n);
	if (errno == EAGAIN || errno == EINTR)
		return 0;
	lost_peer(c, errno);
	return count;
}

/* --- the component's operations ------------------------------------------ */

static void sock_watch(struct component *c, bool in, bool out)
{
	struct sock *s = c->state;

	s->watched = (in ? EPOLLIN : 0u) | (out ? EPOLLOUT : 0u);
	watch_peer(c);
}

static const struct pump_ops sock_pump = {
	.receive = sock_receive,
	.send = sock_send,
	.watch = sock_watch,
};

/*
 * A connection that was used by this PD before a crash is in the middle of some
 * frame and useless.  The socket itself outlives the PD and can tell: its
 * priority, of no meaning here, is set when it is first used.
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

static int sock_init(struct component *c)
{
	struct sock *s = c->state;

	s->max_frame = c->cfg->wire.max_frame;
	s->listening = c->cfg->socket.mode == SYS_SOCKET_LISTEN;
	s->in = malloc(IN_SIZE);
	s->rest = malloc(LENGTH_SIZE + s->max_frame);
	if (s->in == NULL || s->rest == NULL)
		return -ENOMEM;
	if (s->listening) {
		s->peer_at = ACCEPTED;
		pd_replace_fd(c, ACCEPTED, -1);
		pd_watch(c, LISTENER, EPOLLIN);
	} else {
		int e = claim_connection(c->fd[0]);

		if (e < 0)
			return e;
		s->peer = true;
	}
	return pump_init(&s->pump, c, &sock_pump);
}

static void sock_fd_ready(struct component *c, unsigned int fd_index,
			  uint32_t events)
{
	struct sock *s = c->state;

	if (s->listening && fd_index == LISTENER) {
		if (!s->peer)
			new_peer(c);
		return;
	}
	if (!s->peer)
		return;
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		s->pump.readable = true;
	if ((events & (EPOLLOUT | EPOLLERR)) && send_rest(c))
		s->pump.writable = true;
}

static void sock_notified(struct component *c, uint32_t channel)
{
	(void)c;
	(void)channel;
}

static bool sock_run(struct component *c, uint64_t now_ns)
{
	struct sock *s = c->state;

	(void)now_ns;
	return pump_run(&s->pump, c);
}

static bool sock_arm(struct component *c)
{
	struct sock *s = c->state;

	return pump_arm(&s->pump, c);
}

/* A PD ignores SIGPIPE, so no flags, addresses or messages are needed. */
static const int sock_syscalls[] = { SYS_read, SYS_write, SYS_writev,
				     SYS_accept4, -1 };

const struct component_ops socket_ops = {
	.kind = SYS_SOCKET,
	.name = "socket",
	.state_size = sizeof(struct sock),
	.syscalls = sock_syscalls,
	.open = socket_open,
	.close = socket_close,
	.init = sock_init,
	.notified = sock_notified,
	.fd_ready = sock_fd_ready,
	.run = sock_run,
	.arm = sock_arm,
};
