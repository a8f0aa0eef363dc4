/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests: what is asked.  What takes a while becomes a job (control/job.c).
 */
#include <limits.h>
#include <string.h>

#include "vmm/linux/control/json.h"

/* --- trace --------------------------------------------------------------- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

long hex_decode(const char *text, size_t len, uint8_t *out, size_t max)
{
	if (len % 2 != 0 || len / 2 > max)
		return -1;
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_digit(text[i]);
		int low = hex_digit(text[i + 1]);

		if (high < 0 || low < 0)
			return -1;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	return (long)(len / 2);
}

/*
 * A port by "sw0.alice", or "alice" if only one switch has one.
 *
 * Return: 0, or -1 after replying.
 */
static int find_port(struct monitor *m, struct control_conn *c,
		     const char *name)
{
	unsigned int short_hits = 0;

	for (size_t i = 0; i < m->n_switches; i++) {
		const struct sys_switch *cfg = &m->sw[i].comp->sw;

		for (uint32_t p = 0; p < cfg->n_ports; p++) {
			char buf[SYS_NAME];
			bool whole =
				strcmp(port_name(&m->sw[i], p, buf), name) == 0;

			if (!whole && strcmp(cfg->port[p].name, name) != 0)
				continue;
			c->job.sw = i;
			c->job.request.port = p;
			if (whole)
				return 0;
			short_hits++;
		}
	}
	if (short_hits == 1)
		return 0;
	control_refuse(m, c,
		       facts_error(short_hits == 0 ? "no_port"
						   : "ambiguous_port",
				   "{s:s}", "port", name));
	return -1;
}

static void start_trace(struct monitor *m, struct control_conn *c,
			json_t *request)
{
	uint8_t frame[VSWITCH_MAX_BUFFER];
	const char *port, *hex;
	size_t size;
	long len;

	if (json_unpack(request, "{s:s, s:s%}", "port", &port, "frame", &hex,
			&size) != 0) {
		control_refuse(m, c, facts_error("bad_trace", "{}"));
		return;
	}
	len = hex_decode(hex, size, frame, sizeof(frame));
	if (len <= 0) {
		control_refuse(m, c,
			       facts_error("bad_frame", "{s:i}", "max",
					   (int)sizeof(frame)));
		return;
	}
	c->job.task = TASK_TRACE;
	c->job.request = (struct vswitch_ctl_request){ .op = CTL_TRACE,
						       .len = (uint32_t)len };
	if (find_port(m, c, port) != 0)
		return;
	memcpy(c->job.request.header, frame,
	       len < (long)FRAME_SNAP_MAX ? (size_t)len : FRAME_SNAP_MAX);
	control_job_start(m, c);
}

/* --- changes ------------------------------------------------------------- */

/* Order a change; a copy of @text, unless that is NULL, is put at @to. */
static void order(struct monitor *m, struct control_conn *c,
		  enum change_kind kind, char **to, const char *text)
{
	c->job.task = TASK_CHANGE;
	c->change.order.kind = kind;
	if (text == NULL || (*to = strdup(text)) != NULL)
		control_job_start(m, c);
	else
		control_answer(m, c, NULL);
}

static void start_change(struct monitor *m, struct control_conn *c,
			 json_t *request)
{
	const char *text;

	if (json_unpack(request, "{s:s}", "text", &text) == 0)
		order(m, c, CHANGE_ADD, &c->change.order.text, text);
	else
		control_refuse(m, c, facts_error("bad_change", "{}"));
}

static void start_reload(struct monitor *m, struct control_conn *c,
			 json_t *request)
{
	const char *path = NULL;

	if (json_unpack(request, "{s?s}", "file", &path) == 0 &&
	    (path == NULL || path[0] == '/'))
		order(m, c, CHANGE_RELOAD, &c->change.order.file, path);
	else
		control_refuse(m, c, facts_error("bad_reload", "{}"));
}

static void start_undo(struct monitor *m, struct control_conn *c,
		       json_t *request)
{
	bool last = json_object_get(request, "number") == NULL;
	json_int_t n = 0;

	if (json_unpack(request, "{s?I}", "number", &n) != 0 ||
	    (!last && n < 1) || n > UINT_MAX) {
		control_refuse(m, c, facts_error("bad_undo", "{}"));
		return;
	}
	c->change.order.number = (unsigned int)n;
	order(m, c, CHANGE_UNDO, NULL, NULL);
}

/* --- what is asked ------------------------------------------------------- */

/* Statistics are shown even if a switch hangs: see whether it does. */
static void prod_switches(struct monitor *m)
{
	for (size_t i = 0; i < m->n_switches; i++)
		switch_prod(m, &m->sw[i]);
}

static void start_show(struct monitor *m, struct control_conn *c,
		       json_t *request)
{
	const struct control_list *list;
	const char *what = "";

	json_unpack(request, "{s:s}", "what", &what);
	list = control_list_find(what);
	if (list == NULL) {
		control_refuse(m, c, facts_error("bad_what", "{}"));
	} else if (list->row != NULL) {
		control_list_start(m, c, list);
	} else if (list->names_rules) {
		c->job.task = TASK_POLICY;
		control_job_start(m, c);
	} else {
		control_answer(m, c, list->data(m));
		prod_switches(m);
	}
}

static void start_stop(struct monitor *m, struct control_conn *c,
		       json_t *request)
{
	(void)request;
	monitor_log(LOG_NOTICE, m->sys.name, "stopping: asked to");
	c->stays = true;
	control_answer(m, c, json_object());
	monitor_stop(m, 0);
}

static void obey(struct monitor *m, struct control_conn *c, json_t *request)
{
	static const struct {
		const char *cmd;
		void (*start)(struct monitor *m, struct control_conn *c,
			      json_t *request);
	} table[] = {
		{ "show", start_show },	    { "trace", start_trace },
		{ "change", start_change }, { "undo", start_undo },
		{ "reload", start_reload }, { "stop", start_stop },
	};
	const char *cmd = "";

	json_unpack(request, "{s:s}", "cmd", &cmd);
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(cmd, table[i].cmd) == 0) {
			table[i].start(m, c, request);
			return;
		}
	control_refuse(m, c, facts_error("bad_cmd", "{}"));
}

void control_request(struct monitor *m, struct control_conn *c,
		     const char *line, size_t len)
{
	json_error_t error;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);

	if (request == NULL)
		control_refuse(m, c,
			       facts_error("not_json", "{s:o, s:i}", "detail",
					   json_safe(error.text), "position",
					   error.position));
	else
		obey(m, c, request);
	json_decref(request);
}
