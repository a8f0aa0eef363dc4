/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests: what is asked.  What takes a while becomes a job (control/job.c).
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "vmm/linux/control/json.h"

/* --- trace -------------------------------------------------------------- */

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
	control_refuse(
		m, c,
		short_hits == 0
			? "there is no port \"%.64s\"; 'weir show ports' "
			  "lists them"
			: "several switches have a port \"%.64s\"; say "
			  "which, as SWITCH.PORT",
		name);
	return -1;
}

static void start_trace(struct monitor *m, struct control_conn *c,
			const json_t *request)
{
	const char *port = json_string_value(json_object_get(request, "port"));
	const json_t *frame = json_object_get(request, "frame");
	const char *hex = json_string_value(frame);
	uint8_t octets[VSWITCH_MAX_BUFFER];
	long len;

	if (port == NULL || hex == NULL) {
		control_refuse(m, c,
			       "\"trace\" wants \"port\" and \"frame\", "
			       "both text");
		return;
	}
	c->job.task = TASK_TRACE;
	c->job.request = (struct vswitch_ctl_request){ .op = CTL_TRACE };
	len = hex_decode(hex, json_string_length(frame), octets,
			 sizeof(octets));
	if (len <= 0) {
		control_refuse(m, c,
			       "\"frame\" must be two hexadecimal digits per "
			       "octet, for 1 to %u octets",
			       VSWITCH_MAX_BUFFER);
		return;
	}
	if (find_port(m, c, port) != 0)
		return;
	c->job.request.len = (uint32_t)len;
	memcpy(c->job.request.header, octets,
	       len < (long)FRAME_SNAP_MAX ? (size_t)len : FRAME_SNAP_MAX);
	control_job_start(m, c);
}

/* --- changes ------------------------------------------------------------ */

/* Jansson keeps no NULs in a text. */
static bool take_text(char **to, const json_t *value)
{
	*to = strdup(json_string_value(value));
	return *to != NULL;
}

static void start_change(struct monitor *m, struct control_conn *c,
			 const json_t *request)
{
	const json_t *text = json_object_get(request, "text");

	if (!json_is_string(text)) {
		control_refuse(m, c,
			       "\"change\" wants \"text\": statements, as "
			       "in a topology");
		return;
	}
	c->job.task = TASK_CHANGE;
	c->change.order.kind = CHANGE_ADD;
	if (take_text(&c->change.order.text, text))
		control_job_start(m, c);
	else
		control_answer(m, c, NULL);
}

static void start_reload(struct monitor *m, struct control_conn *c,
			 const json_t *request)
{
	const json_t *file = json_object_get(request, "file");
	const char *path = json_string_value(file);

	if (file != NULL && (path == NULL || path[0] != '/')) {
		control_refuse(m, c,
			       "\"reload\" wants no \"file\", or its "
			       "absolute path");
		return;
	}
	c->job.task = TASK_CHANGE;
	if (path == NULL || take_text(&c->change.order.file, file))
		control_job_start(m, c);
	else
		control_answer(m, c, NULL);
}

static void start_undo(struct monitor *m, struct control_conn *c,
		       const json_t *request)
{
	const json_t *number = json_object_get(request, "number");
	json_int_t n = json_integer_value(number);

	if (number != NULL && (n < 1 || n > UINT_MAX)) {
		control_refuse(m, c,
			       "\"undo\" wants no \"number\", or one that "
			       "'weir show policy' shows");
		return;
	}
	c->job.task = TASK_CHANGE;
	c->change.order.kind = CHANGE_UNDO;
	c->change.order.number = (unsigned int)n;
	control_job_start(m, c);
}

/* --- what is asked ------------------------------------------------------ */

/* What has been shown is there even if a switch hangs. */
static void prod_switches(struct monitor *m)
{
	for (size_t i = 0; i < m->n_switches; i++)
		switch_prod(m, &m->sw[i]);
}

static void start_show(struct monitor *m, struct control_conn *c,
		       const json_t *request)
{
	static const struct {
		const char *what;
		json_t *(*data)(const struct monitor *m);
	} table[] = {
		{ "ports", show_ports },
		{ "drops", show_drops },
		{ "system", show_system },
		{ "vms", show_vms },
	};
	const char *what = json_string_value(json_object_get(request, "what"));
	const struct control_list *list;

	for (size_t i = 0; what != NULL && i < sizeof(table) / sizeof(*table);
	     i++)
		if (strcmp(what, table[i].what) == 0) {
			control_answer(m, c, table[i].data(m));
			prod_switches(m);
			return;
		}
	list = what != NULL ? control_list_find(what) : NULL;
	if (list != NULL) {
		control_list_start(m, c, list);
	} else if (what != NULL && strcmp(what, "policy") == 0) {
		c->job.task = TASK_POLICY;
		control_job_start(m, c);
	} else {
		control_refuse(m, c,
			       "\"show\" wants \"what\": one of ports, "
			       "fdb, policy, flows, groups, drops, system, "
			       "vms");
	}
}

static void start_stop(struct monitor *m, struct control_conn *c,
		       const json_t *request)
{
	(void)request;
	monitor_log(LOG_NOTICE, m->sys.name, "stopping: asked to");
	c->stays = true;
	control_answer(m, c, json_object());
	monitor_stop(m, 0);
}

static void obey(struct monitor *m, struct control_conn *c,
		 const json_t *request)
{
	static const struct {
		const char *cmd;
		void (*start)(struct monitor *m, struct control_conn *c,
			      const json_t *request);
	} table[] = {
		{ "show", start_show },	    { "trace", start_trace },
		{ "change", start_change }, { "undo", start_undo },
		{ "reload", start_reload }, { "stop", start_stop },
	};
	const char *cmd = json_string_value(json_object_get(request, "cmd"));

	for (size_t i = 0; cmd != NULL && i < sizeof(table) / sizeof(*table);
	     i++)
		if (strcmp(cmd, table[i].cmd) == 0) {
			table[i].start(m, c, request);
			return;
		}
	control_refuse(m, c,
		       "a request is an object with \"cmd\": one of "
		       "show, trace, change, undo, reload, stop");
}

void control_request(struct monitor *m, struct control_conn *c,
		     const char *line, size_t len)
{
	json_error_t error;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);

	if (request == NULL)
		control_refuse(m, c,
			       "the request is no JSON: %s (character "
			       "%d)",
			       error.text, error.position);
	else
		obey(m, c, request);
	json_decref(request);
}
