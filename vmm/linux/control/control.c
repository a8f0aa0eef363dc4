/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/control/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/linux/control/json.h"
#include "vmm/linux/monitor/rundir.h"
#include "vmm/linux/protocol.h"

static void close_conn(struct monitor *m, struct control_conn *c)
{
	control_job_drop(m, c);
	free(c->out);
	c->out = NULL;
	loop_del(&m->loop, &c->source);
	/* There is room for another connection now. */
	if (m->control.listener.events == 0 && m->phase == MONITOR_RUNNING)
		loop_watch(&m->loop, &m->control.listener, EPOLLIN);
}

void control_enter(struct monitor *m, struct control_conn *c,
		   enum control_state state)
{
	static const uint32_t watched[] = {
		[CONTROL_READING] = EPOLLIN,
		[CONTROL_ASKING] = 0,
		[CONTROL_WRITING] = EPOLLOUT,
		[CONTROL_STAYING] = 0,
	};

	c->state = state;
	c->deadline_ns = m->now_ns + CONTROL_TIMEOUT_NS;
	loop_watch(&m->loop, &c->source, watched[state]);
}

/* --- writing ------------------------------------------------------------- */

static void write_some(struct monitor *m, struct control_conn *c)
{
	ssize_t n = send(c->source.fd, c->out + c->out_done,
			 c->out_len - c->out_done, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		close_conn(m, c);
		return;
	}
	if (n > 0)
		c->out_done += (size_t)n;
	if (c->out_done < c->out_len)
		return;
	if (c->stays) {
		control_enter(m, c, CONTROL_STAYING);
		return;
	}
	/* If that fails, the client sees the end of the console. */
	if (c->console != NULL)
		(void)!guest_open_console(m, c->console, c->source.fd);
	close_conn(m, c);
}

/* Send text, which is taken over; NULL: there was no memory for it. */
static void send_text(struct monitor *m, struct control_conn *c, char *text)
{
	control_job_drop(m, c);
	if (text == NULL && asprintf(&text,
				     "{\"protocol\":%d,\"ok\":false,"
				     "\"error\":\"no_memory\"}",
				     CONTROL_PROTOCOL) < 0) {
		close_conn(m, c);
		return;
	}
	c->out = text;
	c->out_len = strlen(text);
	c->out_done = 0;
	/* The newline takes the place of the NUL. */
	c->out[c->out_len++] = '\n';
	control_enter(m, c, CONTROL_WRITING);
	write_some(m, c);
}

/* Send a reply; @members: what it has besides these two, taken over. */
static void reply(struct monitor *m, struct control_conn *c, bool ok,
		  json_t *members)
{
	char *text = NULL;

	if (json_object_set_new(members, "protocol",
				json_integer(CONTROL_PROTOCOL)) == 0 &&
	    json_object_set_new(members, "ok", json_boolean(ok)) == 0)
		text = json_dumps(members, JSON_COMPACT);
	json_decref(members);
	send_text(m, c, text);
}

void control_answer(struct monitor *m, struct control_conn *c, json_t *data)
{
	reply(m, c, true,
	      data != NULL ? json_pack("{s:o}", "data", data) : NULL);
}

void control_refuse(struct monitor *m, struct control_conn *c, json_t *why)
{
	reply(m, c, false, why);
}

/* --- reading ------------------------------------------------------------- */

static void read_some(struct monitor *m, struct control_conn *c)
{
	ssize_t n = recv(c->source.fd, c->in + c->in_len,
			 sizeof(c->in) - c->in_len, MSG_DONTWAIT);
	const char *end;

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			close_conn(m, c);
		return;
	}
	if (n == 0 && c->in_len == 0) {
		/* A probe: does anybody listen here? */
		close_conn(m, c);
		return;
	}
	if (n == 0) {
		control_refuse(m, c, facts_error("cut_short", "{}"));
		return;
	}
	end = memchr(c->in + c->in_len, '\n', (size_t)n);
	c->in_len += (size_t)n;
	if (end != NULL)
		control_request(m, c, c->in, (size_t)(end - c->in));
	else if (c->in_len == sizeof(c->in))
		control_refuse(m, c,
			       facts_error("too_long", "{s:i}", "max",
					   (int)CONTROL_REQUEST_MAX));
}

static void on_conn(struct monitor *m, struct loop_source *s, uint32_t events)
{
	struct control_conn *c = loop_owner(s, struct control_conn, source);

	switch (c->state) {
	case CONTROL_READING:
		read_some(m, c);
		break;
	case CONTROL_WRITING:
		write_some(m, c);
		break;
	case CONTROL_ASKING:
	case CONTROL_STAYING:
		if ((events & (EPOLLHUP | EPOLLERR)) != 0)
			close_conn(m, c);
		break;
	}
}

/* --- connections --------------------------------------------------------- */

static struct control_conn *free_conn(const struct monitor *m)
{
	for (unsigned int i = 0; i < CONTROL_CONNS; i++)
		if (m->control.conn[i].source.fd < 0)
			return &m->control.conn[i];
	return NULL;
}

/* The connection that has been without a complete request for longest. */
static struct control_conn *oldest_silent(const struct monitor *m)
{
	struct control_conn *oldest = NULL;

	for (unsigned int i = 0; i < CONTROL_CONNS; i++) {
		struct control_conn *c = &m->control.conn[i];

		if (c->source.fd >= 0 && c->state == CONTROL_READING &&
		    (oldest == NULL || c->number < oldest->number))
			oldest = c;
	}
	return oldest;
}

/* Its request may have come since the events of this round were fetched. */
static void make_room(struct monitor *m, struct control_conn *c)
{
	read_some(m, c);
	if (c->source.fd < 0 || c->state != CONTROL_READING)
		return;
	control_refuse(m, c, facts_error("crowded", "{}"));
	if (c->source.fd >= 0)
		close_conn(m, c);
}

static struct control_conn *place_for_one(struct monitor *m)
{
	struct control_conn *c, *silent;

	while ((c = free_conn(m)) == NULL &&
	       (silent = oldest_silent(m)) != NULL)
		make_room(m, silent);
	return c;
}

/* Serve a connection, whose descriptor is taken over. */
static bool serve(struct monitor *m, struct control_conn *c, int fd)
{
	c->in_len = 0;
	c->stays = false;
	c->console = NULL;
	c->number = ++m->control.accepted;
	c->job = (struct control_job){ 0 };
	c->asker = (struct switch_asker){ 0 };
	c->change = (struct change_asker){ 0 };
	if (loop_add(&m->loop, &c->source, fd, EPOLLIN, on_conn) != 0)
		return false;
	control_enter(m, c, CONTROL_READING);
	/* A request may have come while it waited in the backlog. */
	read_some(m, c);
	return true;
}

static void on_connection(struct monitor *m, struct loop_source *s,
			  uint32_t events)
{
	struct control_conn *c = place_for_one(m);
	int fd;

	(void)events;
	if (c == NULL) {
		/* All are busy, for seconds; others wait in the backlog. */
		loop_watch(&m->loop, s, 0);
		return;
	}
	fd = loop_accept(&m->loop, s);
	if (fd >= 0)
		serve(m, c, fd);
}

static void expire(struct monitor *m, struct control_conn *c)
{
	switch (c->state) {
	case CONTROL_READING:
		control_refuse(m, c,
			       facts_error("no_request", "{s:I}", "within_ms",
					   pause_ms(CONTROL_TIMEOUT_NS)));
		break;
	case CONTROL_ASKING:
		control_refuse(m, c, facts_error("too_slow", "{}"));
		break;
	case CONTROL_WRITING:
		close_conn(m, c);
		break;
	case CONTROL_STAYING:
		break;
	}
}

void control_tick(struct monitor *m)
{
	/* First, because jobs wait for the end of a change. */
	change_tick(m);
	for (unsigned int i = 0; i < CONTROL_CONNS; i++) {
		struct control_conn *c = &m->control.conn[i];

		if (c->source.fd < 0)
			continue;
		if (m->now_ns >= c->deadline_ns)
			expire(m, c);
		else if (c->state == CONTROL_ASKING)
			control_job_step(m, c);
	}
}

uint64_t control_deadline(const struct monitor *m)
{
	uint64_t first = UINT64_MAX;

	for (unsigned int i = 0; i < CONTROL_CONNS; i++) {
		const struct control_conn *c = &m->control.conn[i];

		if (c->source.fd >= 0 && c->state != CONTROL_STAYING &&
		    c->deadline_ns < first)
			first = c->deadline_ns;
	}
	return first;
}

/* --- the socket ---------------------------------------------------------- */

static int already_running(struct monitor *m, pid_t holder)
{
	char as[32] = "";

	if (holder != RUNDIR_UNKNOWN)
		snprintf(as, sizeof(as), " as pid %ld", (long)holder);
	return error_set(m->err,
			 "%s is already running%s; stop it with 'weir stop "
			 "%s', or use -n to give this one another name",
			 m->sys.name, as, m->sys.name);
}

int control_open(struct monitor *m, const char *path)
{
	pid_t holder;
	int fd;

	m->control.listener.fd = -1;
	m->control.conn = calloc(CONTROL_CONNS, sizeof(*m->control.conn));
	if (m->control.conn == NULL)
		return error_set(m->err, "not enough memory");
	for (unsigned int i = 0; i < CONTROL_CONNS; i++)
		m->control.conn[i].source.fd = -1;
	fd = rundir_listen(path, SOCK_STREAM, CONTROL_CONNS, NULL, &holder,
			   m->err);
	if (fd < 0 && holder != 0)
		return already_running(m, holder);
	if (fd < 0)
		return -1;
	janitor_socket(&m->janitor, path);
	if (loop_add(&m->loop, &m->control.listener, fd, 0, on_connection) != 0)
		return error_set(m->err, "cannot watch %s: %s", path,
				 strerror(errno));
	return 0;
}

void control_serve(struct monitor *m)
{
	loop_watch(&m->loop, &m->control.listener, EPOLLIN);
}

void control_close(struct monitor *m)
{
	if (m->control.conn == NULL)
		return;
	m->phase = MONITOR_STOPPING;
	for (unsigned int i = 0; i < CONTROL_CONNS; i++)
		if (m->control.conn[i].source.fd >= 0)
			close_conn(m, &m->control.conn[i]);
	loop_del(&m->loop, &m->control.listener);
	free(m->control.conn);
	m->control.conn = NULL;
}
