/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests: what is asked, and the jobs that need a switch's own word.
 *
 * A job never waits for a switch.  It puts its request into the mailbox when
 * that is free, and the loop brings back the reply, or the news that there is
 * none.  A forwarding database comes page by page, which lets other traffic of
 * the mailbox, and the switch's real work, in between.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vmm/linux/control_json.h"

/* Enough for a full table, whatever a switch says about there being more. */
#define FDB_PAGES (2 * FDB_MAX_CAPACITY / CTL_FDB_ENTRIES)

void control_job_drop(struct monitor *m, struct control_conn *c)
{
	for (size_t i = 0; i < m->n_switches; i++)
		if (m->sw[i].caller == c)
			m->sw[i].caller = NULL;
	json_decref(c->job.rows);
	c->job = (struct control_job){ 0 };
}

static void start_job(struct monitor *m, struct control_conn *c)
{
	c->state = CONTROL_ASKING;
	c->deadline_ns = m->now_ns + CONTROL_TIMEOUT_NS;
	loop_watch(&m->loop, &c->source, 0);
	control_job_step(m, c);
}

void control_job_step(struct monitor *m, struct control_conn *c)
{
	struct mon_switch *sw = &m->sw[c->job.sw];

	if (c->job.asked)
		return;
	if (m->pd[sw->pd].state != PD_RUNNING) {
		control_refuse(m, c, "switch %s is not running%s",
			       sw->comp->name,
			       m->pd[sw->pd].state == PD_FAILED
				       ? "; the log says why"
				       : " just now; try again");
		return;
	}
	if (sw->caller != NULL)
		return;
	c->job.asked = true;
	switch_ask(m, sw, &c->job.request, c);
}

/* --- show fdb ----------------------------------------------------------- */

static void ask_fdb(struct control_conn *c, size_t sw)
{
	c->job.sw = sw;
	c->job.asked = false;
	c->job.pages = FDB_PAGES;
	c->job.request = (struct vswitch_ctl_request){ .op = CTL_FDB };
}

static void start_fdb(struct monitor *m, struct control_conn *c)
{
	c->job.all = true;
	c->job.rows = json_array();
	ask_fdb(c, 0);
	if (m->n_switches > 0 && c->job.rows != NULL)
		start_job(m, c);
	else
		control_answer(m, c, json_incref(c->job.rows));
}

static void take_page(struct monitor *m, struct control_conn *c,
		      const struct vswitch_ctl_reply *reply)
{
	const struct mon_switch *sw = &m->sw[c->job.sw];
	uint32_t count = reply->count;

	if (count > CTL_FDB_ENTRIES)
		count = CTL_FDB_ENTRIES;
	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(c->job.rows,
				      show_address(sw, &reply->entry[i]));
	if (reply->more != 0 && --c->job.pages > 0) {
		c->job.request.cursor = reply->cursor;
		c->job.asked = false;
	} else if (c->job.sw + 1 < m->n_switches) {
		ask_fdb(c, c->job.sw + 1);
	} else {
		control_answer(m, c, json_incref(c->job.rows));
	}
}

/* --- replies ------------------------------------------------------------ */

void control_reply(struct monitor *m, struct control_conn *c,
		   const struct vswitch_ctl_reply *reply)
{
	const struct mon_switch *sw = &m->sw[c->job.sw];

	if (reply->status == -EINVAL && c->job.request.op == CTL_TRACE) {
		control_refuse(m, c,
			       "no frame can come from this port; it "
			       "is a capture");
		return;
	}
	if (reply->status != 0) {
		control_refuse(m, c, "switch %s refused the request: %s",
			       sw->comp->name, strerror(-reply->status));
		return;
	}
	if (c->job.all)
		take_page(m, c, reply);
	else
		control_answer(m, c,
			       show_verdict(sw, &c->job.request,
					    &reply->verdict));
}

void control_no_reply(struct monitor *m, struct control_conn *c,
		      const struct mon_switch *sw)
{
	control_refuse(m, c,
		       "switch %s does not answer; if that goes on, stop %s "
		       "and run it again",
		       sw->comp->name, m->sys.name);
}

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
	       len < (long)FRAME_SNAP ? (size_t)len : FRAME_SNAP);
	start_job(m, c);
}

/* --- what is asked ------------------------------------------------------ */

static void start_show(struct monitor *m, struct control_conn *c,
		       const json_t *request)
{
	static const struct {
		const char *what;
		json_t *(*data)(const struct monitor *m);
	} table[] = {
		{ "ports", show_ports }, { "policy", show_policy },
		{ "drops", show_drops }, { "system", show_system },
		{ "vms", show_vms },
	};
	const char *what = json_string_value(json_object_get(request, "what"));

	for (size_t i = 0; what != NULL && i < sizeof(table) / sizeof(*table);
	     i++)
		if (strcmp(what, table[i].what) == 0) {
			control_answer(m, c, table[i].data(m));
			return;
		}
	if (what != NULL && strcmp(what, "fdb") == 0)
		start_fdb(m, c);
	else
		control_refuse(m, c,
			       "\"show\" wants \"what\": one of ports, "
			       "fdb, policy, drops, system, vms");
}

static void start_stop(struct monitor *m, struct control_conn *c,
		       const json_t *request)
{
	(void)request;
	monitor_log(m->sys.name, "stopping: asked to");
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
		{ "show", start_show },
		{ "trace", start_trace },
		{ "stop", start_stop },
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
		       "show, trace, stop");
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
