/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/reload.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vmm/linux/control/json.h"

/* More than a compiler's messages have. */
#define REPLY_MAX (1u << 20)
#define REPLY_PIECE 4096u

/* What the compiler says, line by line. */
static void log_lines(struct monitor *m, int level, const char *text)
{
	while (text != NULL && *text != '\0') {
		size_t len = strcspn(text, "\n");
		char shown[4 * LOG_LINE_MAX + 5];

		log_escape(shown, sizeof(shown), text, len);
		monitor_log(level, m->sys.name, "%s", shown);
		text += len + (text[len] == '\n');
	}
}

static const char *text_of(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static void tell(struct monitor *m, const json_t *reply)
{
	const char *error = text_of(reply, "error");

	if (json_is_true(json_object_get(reply, "ok"))) {
		log_lines(m, LOG_WARNING,
			  text_of(json_object_get(reply, "data"), "warnings"));
		return;
	}
	log_lines(m, LOG_ERR, text_of(reply, "report"));
	monitor_log(LOG_ERR, m->sys.name, "SIGHUP: %s",
		    error != NULL ? error : "there was no answer; try again");
}

static void finish(struct monitor *m)
{
	struct reload *r = &m->reload;
	json_t *reply =
		json_loadb(r->text != NULL ? r->text : "", r->len, 0, NULL);
	bool again = r->again;

	tell(m, reply);
	json_decref(reply);
	reload_close(m);
	if (again)
		reload_start(m);
}

/* Return: whether there is more to come. */
static bool read_some(struct reload *r)
{
	char *text = realloc(r->text, r->len + REPLY_PIECE);
	ssize_t n;

	if (text == NULL)
		return false;
	r->text = text;
	n = recv(r->source.fd, text + r->len, REPLY_PIECE, MSG_DONTWAIT);
	if (n > 0)
		r->len += (size_t)n;
	return (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR))) &&
	       r->len < REPLY_MAX;
}

static void on_reply(struct monitor *m, struct loop_source *s, uint32_t events)
{
	(void)s;
	(void)events;
	if (!read_some(&m->reload))
		finish(m);
}

/* Open a connection to ourselves and send the request. */
static bool connect_self(struct monitor *m)
{
	static const char request[] = "{\"cmd\":\"reload\"}\n";
	const int type = SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK;
	int pair[2];

	if (socketpair(AF_UNIX, type, 0, pair) != 0)
		return false;
	if (loop_add(&m->loop, &m->reload.source, pair[0], EPOLLIN, on_reply) !=
	    0) {
		close(pair[1]);
		return false;
	}
	return send(m->reload.source.fd, request, strlen(request),
		    MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)strlen(request) &&
	       control_adopt(m, pair[1]);
}

void reload_start(struct monitor *m)
{
	if (m->reload.source.fd >= 0) {
		m->reload.again = true;
		return;
	}
	monitor_log(LOG_NOTICE, m->sys.name,
		    "SIGHUP: loading the topology again");
	if (connect_self(m))
		return;
	reload_close(m);
	monitor_log(LOG_ERR, m->sys.name,
		    "SIGHUP: too much is being asked for just now; send it "
		    "again; nothing was changed");
}

void reload_close(struct monitor *m)
{
	loop_del(&m->loop, &m->reload.source);
	free(m->reload.text);
	m->reload = (struct reload){ .source.fd = -1 };
}
