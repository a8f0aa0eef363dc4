/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Receiving and answering: see vhost_message.h.
 *
 * Some messages are answered with data; any other is confirmed with 0 if the
 * front-end asks for that.  What is refused ends the connection.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/linux/ports/vhost_message.h"

/* Flags of a header. */
#define VERSION 0x1u
#define VERSION_MASK 0x3u
#define REPLY 0x4u
#define NEED_REPLY 0x8u

/* Messages that are answered before the loop looks at something else. */
#define TURNS 16u

static bool answer(struct component *c, struct vhost *v,
		   struct vhost_message *m)
{
	struct iovec iov[] = { { &m->h, VHOST_HEADER },
			       { m->bytes, m->answer } };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { .space = { 0 } };
	struct msghdr h = { .msg_iov = iov, .msg_iovlen = 2 };

	m->h.flags = VERSION | REPLY;
	m->h.size = m->answer;
	if (m->send >= 0) {
		h.msg_control = &control;
		h.msg_controllen = sizeof(control);
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.align), &m->send, sizeof(int));
	}
	/* A front-end that does not read its answers has gone astray. */
	return sendmsg(peer_fd(c, &v->peer), &h, MSG_DONTWAIT) ==
	       VHOST_HEADER + (ssize_t)m->answer;
}

static void reply(struct component *c, struct vhost *v, struct vhost_message *m,
		  bool confirm)
{
	uint32_t request = m->h.request;

	if (m->answer == 0 && confirm) {
		m->u64 = m->failed;
		m->answer = sizeof(m->u64);
	}
	if (m->answer != 0 && !answer(c, v, m))
		vhost_refuse(c, v, "it does not take the answer to request %u",
			     request);
}

static void handle(struct component *c, struct vhost *v,
		   struct vhost_message *m)
{
	bool confirm = (m->h.flags & NEED_REPLY) &&
		       (v->protocol & VHOST_REPLY_ACK);
	const char *why = vhost_request(c, v, m);

	for (unsigned int i = 0; i < m->fds; i++) {
		if (m->fd[i] >= 0)
			close(m->fd[i]);
	}
	if (why != NULL)
		vhost_refuse(c, v, "its request %u: %s", m->h.request, why);
	else
		reply(c, v, m, confirm);
	if (m->send >= 0)
		close(m->send);
}

/* --- receiving ---------------------------------------------------------- */

void vhost_forget(struct vhost *v)
{
	while (v->in.fds > 0)
		close(v->in.fd[--v->in.fds]);
	v->in.have = 0;
	v->held = false;
}

/* Take descriptors. Return: false if there are more than any message has. */
static bool take_fds(struct vhost_in *in, struct msghdr *h)
{
	bool good = !(h->msg_flags & MSG_CTRUNC);

	for (struct cmsghdr *m = CMSG_FIRSTHDR(h); m != NULL;
	     m = CMSG_NXTHDR(h, m)) {
		size_t n = (m->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (m->cmsg_level != SOL_SOCKET || m->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(m) + i * sizeof(fd), sizeof(fd));
			if (in->fds < VHOST_FDS) {
				in->fd[in->fds++] = fd;
				continue;
			}
			close(fd);
			good = false;
		}
	}
	return good;
}

/*
 * Receive more of the message, up to @size bytes of it.
 *
 * Return: all are there.
 */
static bool receive(struct component *c, struct vhost *v, uint32_t size)
{
	struct vhost_in *in = &v->in;
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int) * VHOST_FDS)];
	} control;
	struct iovec iov = { in->bytes + in->have, size - in->have };
	struct msghdr h = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t n;

	if (in->have >= size)
		return true;
	n = recvmsg(peer_fd(c, &v->peer), &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (n <= 0) {
		peer_lost(c, &v->peer, n == 0 ? 0 : errno);
		return false;
	}
	in->have += (uint32_t)n;
	if (take_fds(in, &h))
		return in->have == size;
	vhost_refuse(c, v,
		     "a message comes with more than %u descriptors, or "
		     "than this process may hold",
		     VHOST_FDS);
	return false;
}

/* Return: whether a message was answered, and the connection goes on. */
static bool next_message(struct component *c, struct vhost *v)
{
	struct vhost_message m = { .answer = 0, .send = -1 };

	if (!receive(c, v, VHOST_HEADER))
		return false;
	memcpy(&m.h, v->in.bytes, sizeof(m.h));
	if ((m.h.flags & VERSION_MASK) != VERSION || (m.h.flags & REPLY) ||
	    m.h.size > VHOST_PAYLOAD) {
		vhost_refuse(c, v,
			     "it sent garbage (request %u of %u bytes): it "
			     "must speak vhost-user",
			     m.h.request, m.h.size);
		return false;
	}
	if (!receive(c, v, VHOST_HEADER + m.h.size))
		return false;
	v->held = v->device->busy != NULL && v->device->busy(c);
	if (v->held)
		return false;
	memcpy(m.bytes, v->in.bytes + VHOST_HEADER, m.h.size);
	m.fd = v->in.fd;
	m.fds = v->in.fds;
	v->in.have = v->in.fds = 0;
	handle(c, v, &m);
	return v->peer.present;
}

bool vhost_listen(struct component *c, struct vhost *v)
{
	for (unsigned int i = 0; i < TURNS; i++) {
		if (!next_message(c, v))
			return false;
	}
	return true;
}
