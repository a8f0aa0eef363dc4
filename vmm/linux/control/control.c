/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/control/control.h"

#include <errno.h>
#include <stdarg.h>
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
	/* There is room for another one now. */
	if (m->control.listener.events == 0 && m->phase == MONITOR_RUNNING)
		loop_watch(&m->loop, &m->control.listener, EPOLLIN);
}

static void enter(struct monitor *m, struct control_conn *c,
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

/* --- writing ------------------------------------------------------------ */

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
	if (c->stays)
		enter(m, c, CONTROL_STAYING);
	else
		close_conn(m, c);
}

#define TEXT_OF(macro) TEXT_OF_TOKEN(macro)
#define TEXT_OF_TOKEN(token) #token

/* Send text, which is taken over; NULL: there was no memory for it. */
static void send_text(struct monitor *m, struct control_conn *c, char *text)
{
	static const char excuse[] = "{\"protocol\":" TEXT_OF(
		CONTROL_PROTOCOL) ",\"ok\":false,"
				  "\"error\":\"the monitor is out of memory; try again\"}";

	control_job_drop(m, c);
	if (text == NULL)
		text = strdup(excuse);
	if (text == NULL) {
		close_conn(m, c);
		return;
	}
	c->out = text;
	c->out_len = strlen(text);
	c->out_done = 0;
	/* The NUL's place is the newline's: the length says where it ends. */
	c->out[c->out_len++] = '\n';
	enter(m, c, CONTROL_WRITING);
	write_some(m, c);
}

void control_answer(struct monitor *m, struct control_conn *c, json_t *data)
{
	json_t *reply = NULL;
	char *text = NULL;

	if (data != NULL)
		reply = json_pack("{s:i, s:b, s:o}", "protocol",
				  CONTROL_PROTOCOL, "ok", 1, "data", data);
	if (reply != NULL)
		text = json_dumps(reply, JSON_COMPACT);
	json_decref(reply);
	send_text(m, c, text);
}

/* Takes over what else is to be in the reply; may be NULL. */
static void refuse(struct monitor *m, struct control_conn *c, json_t *more,
		   const char *format, va_list args)
{
	char text[ERROR_TEXT];
	json_t *reply;
	char *line = NULL;

	vsnprintf(text, sizeof(text), format, args);
	reply = json_pack("{s:i, s:b, s:s}", "protocol", CONTROL_PROTOCOL, "ok",
			  0, "error", text);
	if (reply != NULL && more != NULL)
		json_object_set(reply, "report", more);
	if (reply != NULL)
		line = json_dumps(reply, JSON_COMPACT);
	json_decref(more);
	json_decref(reply);
	send_text(m, c, line);
}

void control_refuse(struct monitor *m, struct control_conn *c,
		    const char *format, ...)
{
	va_list args;

	va_start(args, format);
	refuse(m, c, NULL, format, args);
	va_end(args);
}

void control_refuse_report(struct monitor *m, struct control_conn *c,
			   const char *report, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	refuse(m, c, json_safe(report), format, args);
	va_end(args);
}

/* --- reading ------------------------------------------------------------ */

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
		/* Somebody wanted to know whether we are there. */
		close_conn(m, c);
		return;
	}
	if (n == 0) {
		control_refuse(m, c,
			       "the request is cut short; it must be "
			       "one line, ended by a newline");
		return;
	}
	end = memchr(c->in + c->in_len, '\n', (size_t)n);
	c->in_len += (size_t)n;
	if (end != NULL)
		control_request(m, c, c->in, (size_t)(end - c->in));
	else if (c->in_len == sizeof(c->in))
		control_refuse(m, c,
			       "the request is too long; at most %u "
			       "octets are read",
			       CONTROL_REQUEST_MAX);
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

/* --- connections -------------------------------------------------------- */

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

/* It may have asked since the events of this round were fetched. */
static void make_room(struct monitor *m, struct control_conn *c)
{
	read_some(m, c);
	if (c->source.fd < 0 || c->state != CONTROL_READING)
		return;
	control_refuse(m, c,
		       "too many connections wait without a request; send "
		       "the request at once, or try again");
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
	c->number = ++m->control.accepted;
	c->job = (struct control_job){ 0 };
	c->asker = control_asker;
	c->change = control_change;
	if (loop_add(&m->loop, &c->source, fd, EPOLLIN, on_conn) != 0)
		return false;
	enter(m, c, CONTROL_READING);
	/* Who waited in the backlog has asked already. */
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
		/* All are busy: others wait in the backlog, for seconds. */
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
		control_refuse(m, c, "no request came within %llu s",
			       CONTROL_TIMEOUT_NS / (1000 * MS_NS));
		break;
	case CONTROL_ASKING:
		control_refuse(m, c,
			       "the switches answer too slowly; try again");
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
	/* First: there are jobs that wait for its end. */
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

/* --- the socket --------------------------------------------------------- */

static int already_running(struct monitor *m, pid_t holder)
{
	const char *name = m->sys.name;

	if (holder == RUNDIR_UNKNOWN)
		return error_set(m->err,
				 "%s is already running; stop it with 'weir "
				 "stop %s', or use -n to give this one another "
				 "name",
				 name, name);
	return error_set(m->err,
			 "%s is already running as pid %ld; stop it with "
			 "'weir stop %s', or use -n to give this one another "
			 "name",
			 name, (long)holder, name);
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
