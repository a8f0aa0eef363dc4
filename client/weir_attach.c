/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libweir: attaching, with memory and notifications that come from an attach
 * socket (client/attach.h).
 *
 * The monitor is trusted as little as possible: a wrong path, another version
 * or another program behind the socket must cause an error and not a crash.
 * Each size is compared with its file's, and a file that could shrink under its
 * mapping (a SIGBUS, later) is refused.  net_client.c checks the queues'
 * contents.
 *
 * Once everything is mapped, three descriptors stay open: the connection, whose
 * end means that the port is gone; the socket to wait on; the eventfd that
 * wakes the switch.  A caller may poll an epoll set of the first two.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/lines.h"
#include "client/weir_port.h"
#include "base/frame.h"

/* A monitor answers in milliseconds, or a second if a switch restarts. */
#define HELLO_TIMEOUT_S 5
#define PAGE 4096u

/**
 * struct complaint - the caller's buffer for an error's text
 */
struct complaint {
	char *text;
	size_t size;
};

static int complain(const struct complaint *c, int error, const char *format,
		    ...) __attribute__((format(printf, 3, 4)));

static int complain(const struct complaint *c, int error, const char *format,
		    ...)
{
	va_list args;

	va_start(args, format);
	if (c->text != NULL && c->size > 0)
		vsnprintf(c->text, c->size, format, args);
	va_end(args);
	errno = error;
	return -1;
}

/* --- connecting -------------------------------------------------------- */

static int connect_failed(const struct complaint *c, const char *path,
			  int error)
{
	switch (error) {
	case ENOENT:
		return complain(c, error,
				"%s is not there; start weir with a topology "
				"that says attach \"%s\"",
				path, path);
	case ECONNREFUSED:
		return complain(c, error,
				"nothing listens on %s; weir has ended, start "
				"it again",
				path);
	case EACCES:
	case EPERM:
		return complain(c, error,
				"%s belongs to the user who runs weir; run "
				"this as that user",
				path);
	case EPROTOTYPE:
		return complain(c, error,
				"%s is not an attach socket; use the path "
				"in the topology",
				path);
	case EAGAIN:
		return complain(c, ETIMEDOUT,
				"%s does not answer; weir is stopped or too "
				"busy, try again",
				path);
	default:
		return complain(c, error, "cannot connect to %s: %s", path,
				strerror(error));
	}
}

static int connect_to(struct weir_port *p, const char *path,
		      const struct complaint *c)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const struct timeval timeout = { .tv_sec = HELLO_TIMEOUT_S };

	if (strlen(path) >= sizeof(address.sun_path))
		return complain(c, ENAMETOOLONG,
				"the path %s is too long for a socket; at most "
				"%zu characters fit",
				path, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	p->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (p->sock < 0)
		return complain(c, errno, "cannot make a socket: %s",
				strerror(errno));
	setsockopt(p->sock, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	setsockopt(p->sock, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	if (connect(p->sock, (const struct sockaddr *)&address,
		    sizeof(address)) != 0)
		return connect_failed(c, path, errno);
	return 0;
}

/* --- the hello --------------------------------------------------------- */

static void take_fds(struct weir_port *p, struct msghdr *msg)
{
	unsigned int n = 0;

	for (struct cmsghdr *h = CMSG_FIRSTHDR(msg); h != NULL;
	     h = CMSG_NXTHDR(msg, h)) {
		const unsigned char *data = CMSG_DATA(h);
		size_t count = (h->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, data + i * sizeof(fd), sizeof(fd));
			if (n < ATTACH_FDS)
				p->fd[n++] = fd;
			else
				close(fd);
		}
	}
}

/* Return: bytes received, or -1 with errno set. */
static ssize_t receive_hello(struct weir_port *p, bool *cut)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int) * ATTACH_FDS)];
	} control;
	struct iovec iov = { .iov_base = &p->hello,
			     .iov_len = sizeof(p->hello) };
	struct msghdr msg = { .msg_iov = &iov,
			      .msg_iovlen = 1,
			      .msg_control = &control,
			      .msg_controllen = sizeof(control.space) };
	ssize_t n = recvmsg(p->sock, &msg, MSG_CMSG_CLOEXEC);

	if (n < 0)
		return n;
	take_fds(p, &msg);
	*cut = (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0;
	return n;
}

static int refused(const struct complaint *c, const char *port, int error)
{
	if (error == EBUSY)
		return complain(c, error,
				"another process is attached to %s; end it "
				"first",
				port);
	if (error == EAGAIN)
		return complain(c, error,
				"%s is held off, because its clients broke the "
				"queue protocol; try again in a moment",
				port);
	if (error == ENETDOWN)
		return complain(
			c, error,
			"%s is down, because its switch fails again and "
			"again; weir's log says why, and when it is "
			"started again",
			port);
	return complain(c, error, "cannot attach to %s: %s", port,
			strerror(error));
}

static int say_hello(struct weir_port *p, const char *path,
		     const struct complaint *c)
{
	struct attach_hello *h = &p->hello;
	bool cut = false;
	ssize_t n = receive_hello(p, &cut);

	if (n < 0 && errno == EAGAIN)
		return connect_failed(c, path, EAGAIN);
	if (n < 0)
		return complain(c, errno, "%s: %s", path, strerror(errno));
	if (n == 0)
		return complain(c, ECONNRESET,
				"%s: weir closed the connection; it is "
				"stopping, or its log says why",
				path);
	if ((size_t)n != sizeof(*h) || h->magic != ATTACH_MAGIC)
		return complain(c, EPROTO,
				"%s is not an attach socket of weir; use the "
				"path in the topology",
				path);
	if (h->version != ATTACH_VERSION)
		return complain(c, EPROTO,
				"%s speaks version %u of the attach protocol, "
				"this program %u; build both from one release",
				path, h->version, ATTACH_VERSION);
	h->port[sizeof(h->port) - 1] = '\0';
	if (h->status != 0)
		return refused(c, h->port, h->status < 0 ? -h->status : EPROTO);
	for (unsigned int i = 0; i < ATTACH_FDS; i++)
		if (cut || p->fd[i] < 0)
			return complain(c, EPROTO,
					"%s did not send its %d descriptors; "
					"check this process's limit on open "
					"files",
					path, ATTACH_FDS);
	return 0;
}

/* --- mapping ----------------------------------------------------------- */

/* The sizes that follow from the hello. */
static void region_sizes(const struct attach_hello *h, uint64_t *size)
{
	uint64_t queue = queue_region_size(h->capacity);

	size[ATTACH_FD_TX_ACTIVE] = queue;
	size[ATTACH_FD_TX_FREE] = queue;
	size[ATTACH_FD_RX_ACTIVE] = queue;
	size[ATTACH_FD_RX_FREE] = queue;
	size[ATTACH_FD_TX_DATA] = h->tx_size;
	size[ATTACH_FD_RX_DATA] = h->rx_size;
	size[ATTACH_FD_LINK] = PAGE;
}

/* Has the file the right size, and is it sealed? */
static bool is_sound(int fd, uint64_t size)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	/*
	 * Seals first: only memory has them, and fstat() of another file may
	 * block.
	 */
	return seals >= 0 && (seals & F_SEAL_SHRINK) != 0 &&
	       fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && size > 0 &&
	       (uint64_t)st.st_size >= size;
}

static int map_region(struct weir_port *p, unsigned int i, uint64_t size)
{
	bool read_only = i == ATTACH_FD_RX_DATA || i == ATTACH_FD_LINK;
	void *at;

	if (!is_sound(p->fd[i], size)) {
		errno = EPROTO;
		return -1;
	}
	/* Now, or the first frames would take a page fault for each buffer. */
	at = mmap(NULL, size, read_only ? PROT_READ : PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_POPULATE, p->fd[i], 0);
	if (at == MAP_FAILED)
		return -1;
	p->map[i] = at;
	p->size[i] = size;
	close(p->fd[i]);
	p->fd[i] = -1;
	return 0;
}

static int bad_sizes(const struct attach_hello *h, const struct complaint *c)
{
	return complain(c, EPROTO,
			"%s: impossible sizes (%u slots, buffers of %u); is "
			"this the same release of weir?",
			h->port, h->capacity, h->buffer_size);
}

static int map_all(struct weir_port *p, const struct complaint *c)
{
	const struct attach_hello *h = &p->hello;
	uint64_t size[REGIONS];

	if (!queue_capacity_ok(h->capacity) || h->max_frame < FRAME_MIN ||
	    h->max_frame > h->buffer_size)
		return bad_sizes(h, c);
	region_sizes(h, size);
	for (unsigned int i = 0; i < REGIONS; i++)
		if (map_region(p, i, size[i]) != 0)
			return complain(c, errno,
					"%s: cannot map its memory region %u: "
					"%s",
					h->port, i,
					errno == EPROTO
						? "its size is not what it "
						  "should be"
						: strerror(errno));
	return 0;
}

/* Regions are whole pages, but there are only as many buffers as slots. */
static size_t used_bytes(const struct attach_hello *h, uint64_t region)
{
	uint64_t used = (uint64_t)h->capacity * h->buffer_size;

	return (size_t)(region < used ? region : used);
}

static int make_client(struct weir_port *p, const struct complaint *c)
{
	const struct attach_hello *h = &p->hello;
	const struct net_client_config config = {
		.tx_active = p->map[ATTACH_FD_TX_ACTIVE],
		.tx_free = p->map[ATTACH_FD_TX_FREE],
		.rx_active = p->map[ATTACH_FD_RX_ACTIVE],
		.rx_free = p->map[ATTACH_FD_RX_FREE],
		.tx_data = p->map[ATTACH_FD_TX_DATA],
		.rx_data = p->map[ATTACH_FD_RX_DATA],
		.tx_size = used_bytes(h, h->tx_size),
		.rx_size = used_bytes(h, h->rx_size),
		.capacity = h->capacity,
		.buffer_size = h->buffer_size,
		.max_frame = h->max_frame,
		.link = p->map[ATTACH_FD_LINK],
	};
	size_t size = net_client_size(&config);

	if (size == 0)
		return bad_sizes(h, c);
	size = in_lines(size);
	p->memory = aligned_alloc(64, size);
	if (p->memory == NULL)
		return complain(c, ENOMEM, "not enough memory");
	p->client = net_client_init(p->memory, size, &config);
	return p->client == NULL ? bad_sizes(h, c) : 0;
}

/* --- something to wait for --------------------------------------------- */

static int watch(const struct weir_port *p, int fd)
{
	struct epoll_event e = { .events = EPOLLIN | EPOLLRDHUP,
				 .data.fd = fd };

	return epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &e);
}

/*
 * Only anonymous inodes have no type, and among those only an eventfd can be
 * written.  No file system is asked, even by poll(): it might never answer.
 */
static bool is_eventfd(int fd)
{
	struct statx st;

	return statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE,
		     &st) == 0 &&
	       (st.stx_mode & S_IFMT) == 0;
}

static int check_doorbell(const struct weir_port *p, const struct complaint *c)
{
	int ring = p->fd[ATTACH_FD_RING];

	if (!is_eventfd(ring) || fcntl(ring, F_SETFL, O_NONBLOCK) != 0)
		return complain(c, EPROTO,
				"%s: the descriptor that wakes the switch is "
				"not an eventfd; is this the same release of "
				"weir?",
				p->hello.port);
	return 0;
}

static int make_waitable(struct weir_port *p, const struct complaint *c)
{
	int wait = p->fd[ATTACH_FD_WAIT], domain = -1;
	socklen_t size = sizeof(domain);

	if (getsockopt(wait, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 ||
	    domain != AF_UNIX)
		return complain(c, EPROTO,
				"%s: the descriptor to wait on is not a Unix "
				"socket; is this the same release of weir?",
				p->hello.port);
	p->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (p->epoll < 0 || watch(p, wait) != 0 || watch(p, p->sock) != 0)
		return complain(c, errno, "cannot wait for events: %s",
				strerror(errno));
	return 0;
}

/* --- attaching --------------------------------------------------------- */

static int attach(struct weir_port *p, const char *path,
		  const struct complaint *c)
{
	if (connect_to(p, path, c) != 0 || say_hello(p, path, c) != 0 ||
	    map_all(p, c) != 0 || make_client(p, c) != 0 ||
	    check_doorbell(p, c) != 0)
		return -1;
	return make_waitable(p, c);
}

struct weir_port *weir_attach(const char *path, char *err, size_t size)
{
	struct weir_port *p = calloc(1, sizeof(*p));
	struct complaint c;
	int error;

	c.text = err;
	c.size = size;
	if (p == NULL) {
		complain(&c, ENOMEM, "not enough memory");
		return NULL;
	}
	p->sock = -1;
	p->epoll = -1;
	for (unsigned int i = 0; i < ATTACH_FDS; i++)
		p->fd[i] = -1;
	if (attach(p, path, &c) == 0)
		return p;
	error = errno;
	weir_detach(p);
	errno = error;
	return NULL;
}

void weir_detach(struct weir_port *p)
{
	if (p == NULL)
		return;
	for (unsigned int i = 0; i < REGIONS; i++)
		if (p->map[i] != NULL)
			munmap(p->map[i], p->size[i]);
	for (unsigned int i = 0; i < ATTACH_FDS; i++)
		if (p->fd[i] >= 0)
			close(p->fd[i]);
	if (p->epoll >= 0)
		close(p->epoll);
	if (p->sock >= 0)
		close(p->sock);
	free(p->memory);
	free(p);
}
