/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/attach_server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client/attach.h"
#include "vmm/linux/fds.h"
#include "vmm/linux/monitor/hang_up.h"
#include "vmm/linux/monitor/state.h"
#include "vmm/linux/monitor/rundir.h"

/* Which end of the connection's channel the client is. */
static unsigned int client_end(const struct monitor *m,
			       const struct mon_link *l)
{
	const struct sys_channel *ch = &m->sys.channel[l->conn->channel];

	return ch->end[0].pd == SYS_PD_OUTSIDE ? 0 : 1;
}

static const struct backing_channel *channel(const struct monitor *m,
					     const struct mon_link *l)
{
	return &m->backing.channel[l->conn->channel];
}

static void say(struct monitor *m, struct attach_server *a, int level,
		const char *text, long number)
{
	const char *port = a->link->conn->name;

	if (monitor_log_may(m->sys.name, port, &a->limit, m->now_ns))
		monitor_log(level, m->sys.name, "%s: %s %ld", port, text,
			    number);
}

/* --- the one message ----------------------------------------------------- */

/* Return: 0 with every descriptor filled in, or -1 with none. */
static int gather(const struct monitor *m, const struct mon_link *l, int *fd)
{
	const struct sys_conn *c = l->conn;
	const struct {
		uint32_t region;
		uint32_t perms;
	} region[] = {
		[ATTACH_FD_TX_ACTIVE] = { c->ingress.active, SYS_RW },
		[ATTACH_FD_TX_FREE] = { c->ingress.free, SYS_RW },
		[ATTACH_FD_RX_ACTIVE] = { c->egress.active, SYS_RW },
		[ATTACH_FD_RX_FREE] = { c->egress.free, SYS_RW },
		[ATTACH_FD_TX_DATA] = { c->ingress.data, SYS_RW },
		[ATTACH_FD_RX_DATA] = { c->egress.data, SYS_R },
		[ATTACH_FD_LINK] = { c->link, SYS_R },
	};
	unsigned int end = client_end(m, l);
	bool complete = true;

	for (unsigned int i = 0; i < sizeof(region) / sizeof(region[0]); i++)
		fd[i] = backing_dup(&m->backing, region[i].region,
				    region[i].perms);
	fd[ATTACH_FD_WAIT] =
		fcntl(channel(m, l)->wait[end], F_DUPFD_CLOEXEC, 0);
	fd[ATTACH_FD_RING] =
		fcntl(channel(m, l)->ring[1 - end], F_DUPFD_CLOEXEC, 0);
	for (unsigned int i = 0; i < ATTACH_FDS; i++)
		complete = complete && fd[i] >= 0;
	if (complete)
		return 0;
	fds_close(fd, ATTACH_FDS);
	return -1;
}

static void fill_hello(const struct monitor *m, const struct mon_link *l,
		       struct attach_hello *hello)
{
	const struct sys_conn *c = l->conn;

	hello->capacity = c->capacity;
	hello->buffer_size = c->buffer_size;
	hello->max_frame = c->max_frame;
	hello->tx_size = m->sys.region[c->ingress.data].size;
	hello->rx_size = m->sys.region[c->egress.data].size;
}

/*
 * Send the hello message, with descriptors if the status is 0.  It is sent
 * whole or not at all: it is the first on a fresh SOCK_SEQPACKET connection.
 */
static int send_hello(struct monitor *m, const struct mon_link *l, int sock,
		      int32_t status)
{
	struct attach_hello hello = { .magic = ATTACH_MAGIC,
				      .version = ATTACH_VERSION,
				      .status = status };
	unsigned int n = 0;
	int fd[ATTACH_FDS], result;

	snprintf(hello.port, sizeof(hello.port), "%.*s",
		 (int)sizeof(hello.port) - 1, l->conn->name);
	if (status == 0) {
		if (gather(m, l, fd) != 0)
			return -1;
		n = ATTACH_FDS;
		fill_hello(m, l, &hello);
	}
	result = fds_send(sock, &hello, sizeof(hello), fd, n);
	fds_close(fd, n);
	return result;
}

/* --- attach and detach --------------------------------------------------- */

static void on_client(struct monitor *m, struct loop_source *s, uint32_t events)
{
	struct attach_server *a = loop_owner(s, struct attach_server, client);

	(void)events;
	link_down(m, a->link);
}

static void attach_client(struct monitor *m, struct attach_server *a, int fd)
{
	struct ucred peer = { 0 };
	socklen_t size = sizeof(peer);

	if (send_hello(m, a->link, fd, 0) != 0) {
		say(m, a, LOG_WARNING, "cannot serve a client: errno", errno);
		send_hello(m, a->link, fd, -EIO);
		hang_up(fd);
		return;
	}
	if (loop_add(&m->loop, &a->client, fd, EPOLLIN | EPOLLRDHUP,
		     on_client) != 0) {
		link_spoil(m, a->link);
		return;
	}
	getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size);
	a->pid = peer.pid;
	if (peer.uid != geteuid())
		say(m, a, LOG_NOTICE, "being attached by a process of user",
		    (long)peer.uid);
	say(m, a, LOG_INFO, "attached by process", (long)peer.pid);
	link_up(m, a->link);
}

/*
 * Why a client is refused instead of left waiting in the backlog: 0 (it is
 * not), or a negative errno.
 */
static int32_t excuse(const struct monitor *m, const struct mon_link *l)
{
	if (l->failed ||
	    pd_pause(m, &m->pd[l->conn->pd[0]]) > ATTACH_PATIENCE_NS)
		return -ENETDOWN;
	return link_hold(m, l) > ATTACH_PATIENCE_NS ? -EAGAIN : 0;
}

/* Whether the client has closed its end, or broken the protocol. */
static bool has_left(const struct attach_server *a)
{
	struct pollfd p = { .fd = a->client.fd, .events = POLLIN | POLLRDHUP };

	return a->client.fd >= 0 && poll(&p, 1, 0) > 0;
}

static void on_connection(struct monitor *m, struct loop_source *s,
			  uint32_t events)
{
	struct attach_server *a = loop_owner(s, struct attach_server, listener);
	int32_t status;
	int fd;

	(void)events;
	/*
	 * A client that leaves and comes back at once must not be told that the
	 * port is busy: the event of its leaving may follow that of its coming.
	 */
	if (has_left(a))
		link_down(m, a->link);
	/* It may have changed since the event was fetched. */
	attach_settle(m, a);
	if (s->events == 0)
		return;
	fd = loop_accept(&m->loop, s);
	if (fd < 0)
		return;
	status = excuse(m, a->link);
	if (a->link->state == MON_LINK_CLEAN && status == 0) {
		attach_client(m, a, fd);
		return;
	}
	send_hello(m, a->link, fd, status != 0 ? status : -EBUSY);
	hang_up(fd);
}

void attach_settle(struct monitor *m, struct attach_server *a)
{
	const struct mon_link *l = a->link;
	bool serve = excuse(m, l) != 0 || l->state == MON_LINK_UP ||
		     (l->state == MON_LINK_CLEAN && link_can_serve(m, l));

	if (!serve)
		loop_watch(&m->loop, &a->listener, 0);
	else if (a->listener.events == 0)
		loop_watch(&m->loop, &a->listener, EPOLLIN);
}

void attach_disconnect(struct monitor *m, struct attach_server *a)
{
	int fd = loop_take(&m->loop, &a->client);

	if (fd < 0)
		return;
	hang_up(fd);
	say(m, a, LOG_INFO, "detached from process", (long)a->pid);
}

/* --- the socket ---------------------------------------------------------- */

int attach_open(struct monitor *m, struct attach_server *a,
		struct mon_link *link)
{
	const char *path = link->conn->path;
	pid_t holder;
	int fd;

	*a = (struct attach_server){ .link = link };
	a->listener.fd = -1;
	a->client.fd = -1;
	fd = rundir_listen(path, SOCK_SEQPACKET, ATTACH_BACKLOG,
			   &link->conn->access, &holder, m->err);
	if (fd < 0 && holder != 0)
		return error_set(m->err,
				 "%s: another process listens on %s already; "
				 "give the port another path",
				 link->conn->name, path);
	if (fd < 0)
		return -1;
	janitor_socket(&m->janitor, path);
	if (loop_add(&m->loop, &a->listener, fd, 0, on_connection) != 0)
		return error_set(m->err, "cannot watch %s: %s", path,
				 strerror(errno));
	return 0;
}

void attach_close(struct monitor *m, struct attach_server *a)
{
	int fd;

	if (a->link == NULL)
		return;
	fd = loop_take(&m->loop, &a->client);
	if (fd >= 0)
		hang_up(fd);
	fd = loop_take(&m->loop, &a->listener);
	if (fd >= 0)
		hang_up_all(fd);
}
