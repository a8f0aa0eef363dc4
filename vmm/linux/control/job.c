/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Jobs: requests that a switch has to answer, or a change.
 *
 * A job never waits for a switch.  It puts its request into the mailbox when
 * that is free, and the loop brings the reply, or the news that there is none.
 * Lists come page by page, which leaves room for the switch's work and other
 * requests in between.
 *
 * While switches are asked to take another policy, it is not known which policy
 * a switch judges by, so requests whose replies name rules wait a moment.
 */
#include <errno.h>

#include "vmm/linux/control/json.h"

void control_job_drop(struct monitor *m, struct control_conn *c)
{
	switch_withdraw(m, &c->asker);
	change_forget(m, &c->change);
	json_decref(c->job.rows);
	c->job = (struct control_job){ 0 };
}

void control_job_start(struct monitor *m, struct control_conn *c)
{
	c->state = CONTROL_ASKING;
	c->deadline_ns = m->now_ns + CONTROL_TIMEOUT_NS;
	loop_watch(&m->loop, &c->source, 0);
	if (c->job.task == TASK_CHANGE) {
		/* change.c has a deadline of its own. */
		c->deadline_ns = UINT64_MAX;
		change_ask(m, &c->change);
	}
	control_job_step(m, c);
}

static void refuse_dead(struct monitor *m, struct control_conn *c,
			const struct mon_switch *sw)
{
	uint64_t pause = pd_pause(m, &m->pd[sw->pd]);

	control_refuse(m, c,
		       facts_error(pause == 0 ? "not_running" : "restarting",
				   "{s:s, s:I}", "switch", sw->comp->name,
				   "again_ms", pause_ms(pause)));
}

static void ask(struct monitor *m, struct control_conn *c)
{
	struct mon_switch *sw = &m->sw[c->job.sw];

	if (m->pd[sw->pd].state != PD_RUNNING) {
		refuse_dead(m, c, sw);
	} else if (sw->asker == NULL) {
		c->job.asked = true;
		switch_ask(m, sw, &c->job.request, &c->asker);
	}
}

void control_job_step(struct monitor *m, struct control_conn *c)
{
	if (c->job.task == TASK_CHANGE || c->job.asked ||
	    change_is_under_way(m))
		return;
	if (c->job.task == TASK_POLICY)
		control_answer(m, c, show_policy(m));
	else
		ask(m, c);
}

/* --- changes ------------------------------------------------------------- */

static void on_change(struct monitor *m, struct change_asker *a, bool made,
		      json_t *facts)
{
	struct control_conn *c = loop_owner(a, struct control_conn, change);

	if (made)
		control_answer(m, c, facts);
	else
		control_refuse(m, c, facts);
}

const struct change_asker control_change = { .done = on_change };

/* --- lists --------------------------------------------------------------- */

static void ask_list(struct control_conn *c, size_t sw)
{
	c->job.sw = sw;
	c->job.asked = false;
	c->job.pages = c->job.list->pages;
	c->job.request = (struct vswitch_ctl_request){ .op = c->job.list->op };
}

void control_list_start(struct monitor *m, struct control_conn *c,
			const struct control_list *list)
{
	c->job.task = TASK_LIST;
	c->job.list = list;
	c->job.rows = json_array();
	ask_list(c, 0);
	if (m->n_switches > 0 && c->job.rows != NULL)
		control_job_start(m, c);
	else
		control_answer(m, c, json_incref(c->job.rows));
}

static void take_page(struct monitor *m, struct control_conn *c,
		      const struct vswitch_ctl_reply *reply)
{
	const struct control_list *list = c->job.list;
	const struct mon_switch *sw = &m->sw[c->job.sw];
	uint32_t count = reply->count < list->page ? reply->count : list->page;

	for (uint32_t i = 0; i < count; i++)
		json_array_append_new(c->job.rows, list->row(m, sw, reply, i));
	if (reply->more != 0 && --c->job.pages > 0) {
		c->job.request.cursor = reply->cursor;
		c->job.asked = false;
	} else if (c->job.sw + 1 < m->n_switches) {
		ask_list(c, c->job.sw + 1);
	} else {
		control_answer(m, c, json_incref(c->job.rows));
	}
}

/* --- replies ------------------------------------------------------------- */

static void on_reply(struct monitor *m, struct switch_asker *a,
		     struct mon_switch *sw,
		     const struct vswitch_ctl_reply *reply)
{
	struct control_conn *c = loop_owner(a, struct control_conn, asker);
	int32_t status = reply->status;

	if (status == -EINVAL && c->job.task == TASK_TRACE)
		control_refuse(m, c, facts_error("capture", "{}"));
	else if (status != 0)
		/* The switch may have sent anything. */
		control_refuse(m, c,
			       facts_error("refused", "{s:s, s:i}", "switch",
					   sw->comp->name, "errno",
					   status < 0 && status > -4096
						   ? -status
						   : EPROTO));
	else if (c->job.task == TASK_LIST)
		take_page(m, c, reply);
	else
		control_answer(m, c,
			       show_verdict(sw, held_policy(m, sw),
					    &c->job.request, &reply->verdict));
}

static void on_silence(struct monitor *m, struct switch_asker *a,
		       struct mon_switch *sw)
{
	struct control_conn *c = loop_owner(a, struct control_conn, asker);

	control_refuse(m, c,
		       facts_error("no_answer", "{s:s}", "switch",
				   sw->comp->name));
}

const struct switch_asker control_asker = { on_reply, on_silence };
