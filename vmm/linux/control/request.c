/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests: what is asked.  What takes a while becomes a job (control/job.c).
 */
#include <limits.h>
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
 * Note the port to ask about: by "sw0.alice", or "alice" if only one switch has
 * one.
 *
 * Return: whether there is one; otherwise it has been replied.
 */
static bool find_port(struct monitor *m, struct control_conn *c,
		      const char *name)
{
	unsigned int hits = 0;
	char buf[SYS_NAME];
	bool whole = false;

	for (size_t i = 0; i < m->n_switches && !whole; i++) {
		const struct sys_switch *cfg = &m->sw[i].comp->sw;

		for (uint32_t p = 0; p < cfg->n_ports && !whole; p++) {
			whole = strcmp(port_name(&m->sw[i], p, buf), name) == 0;
			if (!whole && strcmp(cfg->port[p].name, name) != 0)
				continue;
			c->job.sw = i;
			c->job.request.port = p;
			hits++;
		}
	}
	if (whole || hits == 1)
		return true;
	control_refuse(m, c,
		       facts_error(hits == 0 ? "no_port" : "ambiguous_port",
				   "{s:s}", "port", name));
	return false;
}

/* Offload data of a frame that is traced.  Return: whether they make sense. */
static bool offload_decode(json_t *text, struct offload *o)
{
	static const char *const name[] = { "checksum", "tcp4", "tcp6", "udp" };
	static const uint8_t type[] = { 0, OFFLOAD_TCP4, OFFLOAD_TCP6,
					OFFLOAD_UDP };
	const char *what;
	int segment = 0;
	size_t i = 0;

	if (text == NULL)
		return true;
	if (json_unpack(text, "{s:s, s?i}", "type", &what, "segment",
			&segment) != 0 ||
	    segment < 0 || segment > UINT16_MAX)
		return false;
	while (i < sizeof(type) && strcmp(name[i], what) != 0)
		i++;
	if (i == sizeof(type))
		return false;
	o->flags = OFFLOAD_CHECKSUM | type[i];
	o->segment = (uint16_t)segment;
	return true;
}

static const char *start_trace(struct monitor *m, struct control_conn *c,
			       json_t *request)
{
	uint8_t frame[VSWITCH_MAX_BUFFER];
	struct offload offload = { 0 };
	const char *port, *hex;
	size_t size;
	long len;

	if (json_unpack(request, "{s:s, s:s%}", "port", &port, "frame", &hex,
			&size) != 0 ||
	    !offload_decode(json_object_get(request, "offload"), &offload))
		return "bad_trace";
	len = hex_decode(hex, size, frame, sizeof(frame));
	if (len <= 0) {
		control_refuse(m, c,
			       facts_error("bad_frame", "{s:i}", "max",
					   (int)sizeof(frame)));
	} else if (find_port(m, c, port)) {
		c->job.list = &control_trace;
		c->job.request.len = (uint32_t)len;
		c->job.request.offload = offload;
		memcpy(c->job.request.header, frame,
		       len < (long)FRAME_SNAP_MAX ? (size_t)len
						  : FRAME_SNAP_MAX);
		control_job_start(m, c);
	}
	return NULL;
}

/* --- changes ------------------------------------------------------------ */

/* Order a change, whose texts are of @request. */
static const char *order(struct monitor *m, struct control_conn *c,
			 json_t *request, struct change_order order)
{
	order.request = json_incref(request);
	c->change.order = order;
	control_job_start(m, c);
	return NULL;
}

static const char *start_change(struct monitor *m, struct control_conn *c,
				json_t *request)
{
	struct change_order o = { .kind = CHANGE_ADD };

	if (json_unpack(request, "{s:s}", "text", &o.text) != 0)
		return "bad_change";
	return order(m, c, request, o);
}

static const char *start_reload(struct monitor *m, struct control_conn *c,
				json_t *request)
{
	struct change_order o = { .kind = CHANGE_RELOAD };

	if (json_unpack(request, "{s?s}", "file", &o.file) != 0 ||
	    (o.file != NULL && o.file[0] != '/'))
		return "bad_reload";
	return order(m, c, request, o);
}

static const char *start_undo(struct monitor *m, struct control_conn *c,
			      json_t *request)
{
	struct change_order o = { .kind = CHANGE_UNDO };
	json_int_t n = 1;

	if (json_unpack(request, "{s?I}", "number", &n) != 0 || n < 1 ||
	    n > UINT_MAX)
		return "bad_undo";
	if (json_object_get(request, "number") != NULL)
		o.number = (unsigned int)n;
	return order(m, c, request, o);
}

/* --- VMs ---------------------------------------------------------------- */

/*
 * The PD of the VM that a request is about, and what it is if it is a client
 * VM.
 *
 * Return: NULL if there is none; that has been replied.
 */
static struct mon_pd *find_vm(struct monitor *m, struct control_conn *c,
			      const char *name, const struct mon_guest **guest)
{
	*guest = NULL;
	for (size_t i = 0; i < m->n_guests && *guest == NULL; i++)
		if (strcmp(m->guest[i].comp->name, name) == 0)
			*guest = &m->guest[i];
	if (*guest != NULL)
		return &m->pd[(*guest)->pd];
	for (size_t i = 0; i < m->n_vms; i++)
		if (strcmp(m->vm[i].comp->name, name) == 0)
			return &m->pd[m->vm[i].pd];
	control_refuse(m, c, facts_error("no_vm", "{s:s}", "vm", name));
	return NULL;
}

static const char *start_vm(struct monitor *m, struct control_conn *c,
			    json_t *request)
{
	static const struct {
		const char *what;
		bool off, on;
		const char *text;
	} table[] = {
		{ "start", false, true, "turned on" },
		{ "stop", true, false, "turned off" },
		{ "restart", true, true, "turned off and on" },
	};
	const struct mon_guest *guest;
	const char *name, *what;
	struct mon_pd *pd;
	size_t i = 0;

	if (json_unpack(request, "{s:s, s:s}", "vm", &name, "do", &what) != 0)
		return "bad_vm";
	while (i < sizeof(table) / sizeof(*table) &&
	       strcmp(what, table[i].what) != 0)
		i++;
	if (i == sizeof(table) / sizeof(*table))
		return "bad_vm";
	pd = find_vm(m, c, name, &guest);
	if (pd == NULL)
		return NULL;
	if (table[i].off != table[i].on && pd->off == table[i].off) {
		control_refuse(m, c,
			       facts_error(pd->off ? "is_off" : "is_on",
					   "{s:s}", "vm", name));
		return NULL;
	}
	pd_turn(pd, table[i].off, table[i].on);
	monitor_log(LOG_NOTICE, m->sys.name, "%s: %s, as asked to", name,
		    table[i].text);
	control_answer(m, c, json_object());
	return NULL;
}

static const char *start_console(struct monitor *m, struct control_conn *c,
				 json_t *request)
{
	const struct mon_guest *guest;
	const struct mon_pd *pd;
	const char *name, *wrong;

	if (json_unpack(request, "{s:s}", "vm", &name) != 0)
		return "bad_console";
	pd = find_vm(m, c, name, &guest);
	if (pd == NULL)
		return NULL;
	wrong = guest == NULL		  ? "no_console"
		: pd->off		  ? "is_off"
		: pd->state != PD_RUNNING ? "not_yet"
					  : NULL;
	if (wrong != NULL) {
		control_refuse(m, c, facts_error(wrong, "{s:s}", "vm", name));
		return NULL;
	}
	c->console = guest;
	control_answer(m, c, json_object());
	return NULL;
}

/* --- what is asked ------------------------------------------------------ */

static const char *start_show(struct monitor *m, struct control_conn *c,
			      json_t *request)
{
	const struct control_list *list;
	const char *what = "";

	json_unpack(request, "{s:s}", "what", &what);
	list = control_list_find(what);
	if (list == NULL)
		return "bad_what";
	if (list->row != NULL || list->names_rules) {
		c->job.list = list;
		c->job.rows = json_array();
		control_job_start(m, c);
		return NULL;
	}
	control_answer(m, c, list->data(m));
	/* Statistics are shown even if a switch hangs: see whether it does. */
	for (size_t i = 0; i < m->n_switches; i++)
		switch_prod(m, &m->sw[i]);
	return NULL;
}

static const char *start_stop(struct monitor *m, struct control_conn *c,
			      json_t *request)
{
	(void)request;
	monitor_log(LOG_NOTICE, m->sys.name, "stopping: asked to");
	c->stays = true;
	control_answer(m, c, json_object());
	monitor_stop(m, 0);
	return NULL;
}

/* Return: NULL, or the code of what is wrong with the request as such. */
static const char *obey(struct monitor *m, struct control_conn *c,
			json_t *request)
{
	static const struct {
		const char *cmd;
		const char *(*start)(struct monitor *m, struct control_conn *c,
				     json_t *request);
	} table[] = {
		{ "show", start_show },	    { "trace", start_trace },
		{ "change", start_change }, { "undo", start_undo },
		{ "reload", start_reload }, { "stop", start_stop },
		{ "vm", start_vm },	    { "console", start_console },
	};
	const char *cmd = "";

	json_unpack(request, "{s:s}", "cmd", &cmd);
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
		if (strcmp(cmd, table[i].cmd) == 0)
			return table[i].start(m, c, request);
	return "bad_cmd";
}

void control_request(struct monitor *m, struct control_conn *c,
		     const char *line, size_t len)
{
	json_error_t error;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	const char *wrong = request != NULL ? obey(m, c, request) : NULL;

	if (request == NULL)
		control_refuse(m, c,
			       facts_error("not_json", "{s:o, s:i}", "detail",
					   json_safe(error.text), "position",
					   error.position));
	else if (wrong != NULL)
		control_refuse(m, c, facts_error(wrong, "{}"));
	json_decref(request);
}
