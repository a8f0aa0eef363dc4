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
	const struct control_list *list = c->job.list;

	if (list == NULL || c->job.asked || change_is_under_way(m))
		return;
	if (list->data != NULL)
		control_answer(m, c, list->data(m));
	else if (c->job.sw < m->n_switches)
		ask(m, c);
	else
		control_answer(m, c, json_incref(c->job.rows));
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

/* --- replies of switches ------------------------------------------------- */

/* The rows of a reply; then its next page, or the next switch's first. */
static void take_page(struct monitor *m, struct control_conn *c,
		      const struct mon_switch *sw,
		      const struct vswitch_ctl_reply *reply)
{
	const struct control_list *list = c->job.list;
	uint32_t count = reply->count < list->page ? reply->count : list->page;

	for (uint32_t i = 0; i < count; i++)
		add_row(c->job.rows, list->row(m, sw, reply, i));
	c->job.asked = false;
	c->job.request.cursor = reply->cursor;
	if (reply->more != 0 && ++c->job.pages < list->pages)
		return;
	c->job.sw++;
	c->job.pages = 0;
	c->job.request.cursor = 0;
}

static void on_reply(struct monitor *m, struct switch_asker *a,
		     struct mon_switch *sw,
		     const struct vswitch_ctl_reply *reply)
{
	struct control_conn *c = loop_owner(a, struct control_conn, asker);
	bool trace = c->job.list == &control_trace;
	int32_t status = reply->status;

	if (status == -EINVAL && trace)
		control_refuse(m, c, facts_error("capture", "{}"));
	else if (status != 0)
		/* The switch may have sent anything. */
		control_refuse(m, c,
			       facts_error("refused", "{s:s, s:i}", "switch",
					   sw->comp->name, "errno",
					   status < 0 && status > -4096
						   ? -status
						   : EPROTO));
	else if (trace)
		control_answer(m, c,
			       show_verdict(sw, held_policy(m, sw),
					    &c->job.request, &reply->verdict));
	else
		take_page(m, c, sw, reply);
}

static void on_silence(struct monitor *m, struct switch_asker *a,
		       struct mon_switch *sw)
{
	struct control_conn *c = loop_owner(a, struct control_conn, asker);

	control_refuse(m, c,
		       facts_error("no_answer", "{s:s}", "switch",
				   sw->comp->name));
}

/* --- the beginning ------------------------------------------------------- */

void control_job_start(struct monitor *m, struct control_conn *c)
{
	control_enter(m, c, CONTROL_ASKING);
	if (c->job.list != NULL) {
		c->asker = (struct switch_asker){ on_reply, on_silence };
		c->job.request.op = c->job.list->op;
		control_job_step(m, c);
	} else {
		/* change.c has a deadline of its own. */
		c->deadline_ns = UINT64_MAX;
		c->change.done = on_change;
		change_ask(m, &c->change);
	}
}
