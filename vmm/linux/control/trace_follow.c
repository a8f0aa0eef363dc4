/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `weir trace` over links: what a switch hands to a link, the switch at its other
 * end is asked about in turn.
 *
 * Links make no loops, the compiler sees to that; all the same a switch is asked
 * once, whatever verdicts say, so there are at most as many hops as switches.
 *
 * The frame leaves as the policy of the port has it, with its tag put in, taken out
 * or changed; the octets are those a switch looks at and no more.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/linux/control/json.h"
#include "vswitch/vlan.h"

/**
 * struct trace_hop - a switch that is to be asked
 * @sw:      its index
 * @via:     the port by which the frame comes to it
 * @request: what to ask
 */
struct trace_hop {
	size_t sw;
	char via[SYS_NAME];
	struct vswitch_ctl_request request;
};

/**
 * struct trace_path - a frame's way
 * @first:   what the switch it came to first says
 * @hops:    what others say
 * @arrives: ports it leaves the switches by
 * @asked:   hops that have been asked
 * @n:       hops there are, the first switch among them
 * @hop:     in the order in which they were found
 */
struct trace_path {
	json_t *first;
	json_t *hops;
	json_t *arrives;
	size_t asked;
	size_t n;
	struct trace_hop hop[];
};

void trace_path_free(struct trace_path *path)
{
	if (path == NULL)
		return;
	json_decref(path->first);
	json_decref(path->hops);
	json_decref(path->arrives);
	free(path);
}

static struct trace_path *path_new(const struct monitor *m,
				   const struct control_job *job)
{
	struct trace_path *path;

	path = calloc(1, sizeof(*path) + m->n_switches * sizeof(path->hop[0]));
	if (path == NULL)
		return NULL;
	path->hops = json_array();
	path->arrives = json_array();
	path->hop[0].sw = job->sw;
	path->n = 1;
	return path;
}

/* --- how it leaves ------------------------------------------------------- */

static enum vlan_tagging tagging_of(const struct sys_policy *policy,
				    uint32_t port, const struct frame *f)
{
	enum vlan_tagging tagging = VLAN_AS_IS;

	if (policy == NULL || f->snap < FRAME_MIN + VLAN_TAG_LEN ||
	    vlan_give(&policy->image.port[port], &policy->image.trunk[port], f,
		      &tagging) != REASON_NONE)
		return VLAN_AS_IS;
	return tagging;
}

/* The request about the frame as the next switch gets it. */
static void pass_on(struct vswitch_ctl_request *to,
		    const struct vswitch_ctl_request *from,
		    const struct sys_policy *policy, uint32_t port,
		    unsigned int vlan)
{
	uint8_t octets[FRAME_SNAP_MAX + VLAN_TAG_LEN] = { 0 };
	struct frame f = { 0 };
	enum vlan_tagging tagging;

	f.snap = (uint16_t)(from->len < FRAME_SNAP_MAX ? from->len
						       : FRAME_SNAP_MAX);
	/* There is no more of it here. */
	f.len = f.snap;
	memcpy(f.bytes, from->header, f.snap);
	if (f.snap >= FRAME_MIN)
		frame_parse(&f);
	f.vlan = (uint16_t)(vlan <= POLICY_MAX_VLAN ? vlan : 0);
	tagging = tagging_of(policy, port, &f);
	to->len = vlan_length(from->len, tagging);
	if (tagging == VLAN_AS_IS)
		memcpy(octets, f.bytes, f.snap);
	else
		vlan_copy(octets, &f, NULL, tagging);
	memcpy(to->header, octets, sizeof(to->header));
}

/* --- where it goes ------------------------------------------------------- */

static bool is_known(const struct trace_path *path, size_t sw)
{
	for (size_t i = 0; i < path->n; i++)
		if (path->hop[i].sw == sw)
			return true;
	return false;
}

/* A port it is delivered to: the end, or a link. */
static void go_on(const struct monitor *m, struct trace_path *path,
		  const struct mon_switch *sw, uint32_t port,
		  const struct vswitch_ctl_request *request, unsigned int vlan)
{
	const struct mon_link *l = sw->link[port];
	const struct sys_conn *conn = l->conn;
	struct trace_hop *hop = &path->hop[path->n];
	unsigned int far = l->sw[0] == sw && conn->port[0] == port;
	char name[SYS_NAME];
	size_t next;

	port_name(sw, port, name);
	if (conn->attachment != SYS_TO_SWITCH) {
		json_array_append_new(path->arrives, json_string(name));
		return;
	}
	next = (size_t)(l->sw[far] - m->sw);
	if (path->n == m->n_switches || is_known(path, next))
		return;
	*hop = (struct trace_hop){ .sw = next,
				   .request = { .op = CTL_TRACE,
						.port = conn->port[far] } };
	snprintf(hop->via, sizeof(hop->via), "%s", name);
	pass_on(&hop->request, request, held_policy(m, sw), port, vlan);
	path->n++;
}

static void take(struct trace_path *path, json_t *said)
{
	const char *via = path->hop[path->asked].via;

	if (path->first == NULL) {
		path->first = said;
		return;
	}
	json_object_set_new(said, "via", json_string(via));
	json_array_append_new(path->hops, said);
}

/* Ask the next, or answer. */
static void next_hop(struct monitor *m, struct control_conn *c)
{
	struct control_job *job = &c->job;
	struct trace_path *path = job->path;
	json_t *data;

	if (++path->asked < path->n) {
		job->sw = path->hop[path->asked].sw;
		job->request = path->hop[path->asked].request;
		job->asked = false;
		return;
	}
	data = json_incref(path->first);
	json_object_set(data, "hops", path->hops);
	json_object_set(data, "arrives", path->arrives);
	control_answer(m, c, data);
}

bool trace_lost(struct monitor *m, struct control_conn *c,
		const struct mon_switch *sw, const char *why)
{
	struct trace_path *path = c->job.path;
	char name[SYS_NAME];

	if (c->job.task != TASK_TRACE || path == NULL)
		return false;
	take(path, json_pack("{s:s, s:s, s:i, s:s, s:s, s:s}", "port",
			     port_name(sw, c->job.request.port, name), "switch",
			     sw->comp->name, "length", (int)c->job.request.len,
			     "verdict", "unknown", "reason", "no_answer",
			     "silence", why));
	next_hop(m, c);
	return true;
}

void trace_reply(struct monitor *m, struct control_conn *c,
		 struct mon_switch *sw, const struct vswitch_verdict *v)
{
	struct control_job *job = &c->job;
	struct trace_path *path = job->path;

	if (path == NULL)
		path = job->path = path_new(m, job);
	if (path == NULL) {
		control_answer(m, c, NULL);
		return;
	}
	take(path, show_verdict(sw, held_policy(m, sw), &job->request, v));
	for (uint32_t p = 0; p < sw->comp->sw.n_ports; p++)
		if ((v->deliver >> p & 1) != 0 && sw->link[p] != NULL)
			go_on(m, path, sw, p, &job->request, v->vlan);
	next_hop(m, c);
}
