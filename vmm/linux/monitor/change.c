/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stages of change.h, in their order.  change_tick() takes the steps, once
 * per round of the loop; events only note what has happened.
 */
#include "vmm/linux/monitor/change.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/linux/monitor/state.h"

/* --- the end ------------------------------------------------------------- */

static void order_free(struct change_order *o)
{
	json_decref(o->request);
	*o = (struct change_order){ 0 };
}

static void finish(struct change *c)
{
	compile_result_free(&c->result);
	order_free(&c->order);
	json_decref(c->why);
	c->why = NULL;
	c->caller = NULL;
	c->stage = CHANGE_IDLE;
}

/* Tell the caller, if there still is one; @facts is taken over. */
static void tell(struct monitor *m, bool made, json_t *facts)
{
	struct change_asker *caller = m->change.caller;

	m->change.caller = NULL;
	if (caller != NULL)
		caller->done(m, caller, made, facts);
	else
		json_decref(facts);
}

static void refuse(struct monitor *m, json_t *why)
{
	tell(m, false, why);
	finish(&m->change);
}

/* --- which switches ------------------------------------------------------ */

/* Note which switches' images change; none has been touched yet. */
static void find_concerned(struct monitor *m)
{
	for (size_t i = 0; i < m->n_switches; i++) {
		struct mon_switch *sw = &m->sw[i];
		const struct sys_policy *held = held_policy(m, sw);
		const struct sys_policy *next =
			policy_of(&m->change.result, sw);

		sw->touched = false;
		sw->concerned = held != NULL && next != NULL &&
				memcmp(&held->image, &next->image,
				       sizeof(held->image)) != 0;
	}
}

/* A PD that was sent SIGKILL does not answer any more. */
static bool is_there(const struct monitor *m, const struct mon_switch *sw)
{
	const struct mon_pd *pd = &m->pd[sw->pd];

	return pd->state == PD_RUNNING && !pd->killed;
}

bool change_is_under_way(const struct monitor *m)
{
	return m->change.stage == CHANGE_ASKING ||
	       m->change.stage == CHANGE_UNDOING;
}

bool change_holds_back(const struct monitor *m, uint32_t pd)
{
	for (size_t i = 0; change_is_under_way(m) && i < m->n_switches; i++)
		if (m->sw[i].pd == pd && m->sw[i].concerned)
			return true;
	return false;
}

static bool is_being_started(const struct monitor *m)
{
	for (size_t i = 0; i < m->n_switches; i++)
		if (m->sw[i].concerned &&
		    m->pd[m->sw[i].pd].state == PD_STARTING)
			return true;
	return false;
}

/* --- compiling ----------------------------------------------------------- */

static json_t *refusal_of(const struct compile_result *r)
{
	json_t *why;

	if (r->verdict != COMPILE_REFUSED)
		return facts_error(r->verdict == COMPILE_DIFFERS ? "differs"
								 : "errors",
				   "{s:i, s:o}", "count", (int)r->errors,
				   "report", json_safe(r->text));
	why = json_loads(r->text, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_string(json_object_get(why, "error")))
		return why;
	json_decref(why);
	return facts_error("compiler_result", "{}");
}

static void compiled(struct monitor *m)
{
	struct change *c = &m->change;
	const struct compile_result *r = &c->result;

	if (r->verdict != COMPILE_DONE) {
		refuse(m, refusal_of(r));
	} else if (r->n_policies != m->held.n_policies) {
		refuse(m, facts_error("compiler_result", "{}"));
	} else {
		find_concerned(m);
		c->stage = CHANGE_WAITING;
	}
}

static void on_compiler(struct monitor *m, struct loop_source *s,
			uint32_t events)
{
	struct change *c = &m->change;
	json_t *why = NULL;

	(void)s;
	(void)events;
	if (!compiler_finish(&c->compiler, &m->loop, &c->result, &why))
		return;
	if (why != NULL || c->stage != CHANGE_COMPILING)
		/* Nobody is told if the order has been given up. */
		refuse(m, why);
	else
		compiled(m);
}

static bool begin(struct monitor *m)
{
	struct change *c = &m->change;
	json_t *why;

	if (c->queue == NULL || child_runs(&c->compiler.child))
		return false;
	c->caller = c->queue;
	c->queue = c->caller->next;
	c->order = c->caller->order;
	c->caller->order = (struct change_order){ 0 };
	c->stage = CHANGE_COMPILING;
	why = compiler_start(m, on_compiler);
	if (why != NULL)
		refuse(m, why);
	return true;
}

/* --- asking -------------------------------------------------------------- */

/* From the first switch on, ask each to take one policy or the other. */
static void begin_walk(struct change *c, enum change_stage stage)
{
	c->stage = stage;
	c->at = 0;
	c->asked = false;
}

static void begin_asking(struct monitor *m)
{
	begin_walk(&m->change, CHANGE_ASKING);
	m->change.caller->deadline_ns = m->now_ns + CHANGE_TIMEOUT_NS;
}

static void begin_undoing(struct monitor *m, json_t *why)
{
	m->change.why = why;
	begin_walk(&m->change, CHANGE_UNDOING);
}

/* Log that it is made. */
static void say_made(const struct monitor *m, size_t switches)
{
	const struct change_order *o = &m->change.order;
	static const char *const done[] = {
		[CHANGE_RELOAD] = "loaded again",
		[CHANGE_ADD] = "changed",
		[CHANGE_UNDO] = "changed back",
	};
	/* There is one of these at most. */
	const char *what = o->file != NULL   ? o->file
			   : o->text != NULL ? o->text
					     : m->change.result.undone;
	char shown[LOG_LINE_MAX] = "";

	if (what != NULL)
		log_escape(shown, sizeof(shown), what, strlen(what));
	monitor_log(LOG_NOTICE, m->sys.name, "policy %s (%zu switch%s)%s%s",
		    done[o->kind], switches, switches == 1 ? "" : "es",
		    shown[0] != '\0' ? ": " : "", shown);
}

/* All have agreed. */
static void commit(struct monitor *m)
{
	struct change *c = &m->change;
	json_t *names = json_array(), *facts;

	for (size_t i = 0; i < m->n_switches; i++)
		if (m->sw[i].concerned)
			json_array_append_new(names,
					      json_string(m->sw[i].comp->name));
	say_made(m, json_array_size(names));
	facts = json_pack("{s:o, s:i, s:o, s:s*}", "warnings",
			  json_safe(c->result.text), "changed",
			  (int)json_array_size(names), "switches", names,
			  "undone", c->result.undone);
	if (c->order.kind != CHANGE_RELOAD)
		json_object_set_new(facts, "number",
				    json_integer(c->result.number));
	held_replace(m, &c->result);
	tell(m, true, facts);
	finish(c);
}

/* It is not known what it judges frames by: it starts again. */
static void distrust(struct monitor *m, const struct mon_switch *sw,
		     const char *what)
{
	monitor_log(LOG_ERR, m->sys.name, "%s: %s; starting it again",
		    sw->comp->name, what);
	pd_kill(&m->pd[sw->pd], false);
}

static void ask_switch(struct monitor *m, struct mon_switch *sw,
		       const struct sys_policy *policy)
{
	const struct vswitch_ctl_request request = { .op = CTL_POLICY };

	/* The number it gave to the policy it was started with. */
	if (sw->generation == 0)
		sw->generation = switch_load64(&sw->stats->policies);
	policy_write(sw, policy);
	m->change.asked = true;
	switch_ask(m, sw, &request, &m->change.asker);
}

/* Return: whether the next switch can be looked at. */
static bool see_to(struct monitor *m, struct mon_switch *sw)
{
	struct change *c = &m->change;
	bool undoing = c->stage == CHANGE_UNDOING;
	bool there = is_there(m, sw);

	if (c->asked && there)
		return false;
	if (c->asked) {
		/* It has died meanwhile. */
		switch_withdraw(m, &c->asker);
		c->asked = false;
		if (!undoing)
			begin_undoing(m, facts_error("policy_fatal", "{s:s}",
						     "switch", sw->comp->name));
		return undoing;
	}
	if (!there || !(undoing ? sw->touched : sw->concerned))
		return true;
	if (sw->asker == NULL)
		ask_switch(m, sw,
			   undoing ? held_policy(m, sw)
				   : policy_of(&c->result, sw));
	return false;
}

/* Return: whether something has happened. */
static bool go_on(struct monitor *m)
{
	struct change *c = &m->change;
	enum change_stage stage = c->stage;

	for (; c->at < m->n_switches; c->at++)
		if (!see_to(m, &m->sw[c->at]))
			return c->stage != stage;
	if (stage == CHANGE_UNDOING)
		refuse(m, json_incref(c->why));
	else
		commit(m);
	return true;
}

static void on_reply(struct monitor *m, struct switch_asker *a,
		     struct mon_switch *sw,
		     const struct vswitch_ctl_reply *reply)
{
	struct change *c = loop_owner(a, struct change, asker);
	uint32_t fault = reply->fault;
	bool undoing = c->stage == CHANGE_UNDOING;

	c->asked = false;
	if (reply->status == 0) {
		sw->generation = reply->value;
		sw->touched = !undoing;
		c->at++;
	} else if (undoing) {
		distrust(m, sw, "it does not take its old policy back");
	} else {
		if (fault >= POLICY_FAULT_COUNT)
			fault = POLICY_FAULT_NO_IMAGE;
		policy_write(sw, held_policy(m, sw));
		begin_undoing(
			m,
			facts_error("policy_refused", "{s:s, s:s, s:I}",
				    "switch", sw->comp->name, "fault",
				    policy_fault_text((enum policy_fault)fault),
				    "at", (json_int_t)reply->value));
	}
}

static void on_silence(struct monitor *m, struct switch_asker *a,
		       struct mon_switch *sw)
{
	struct change *c = loop_owner(a, struct change, asker);

	c->asked = false;
	distrust(m, sw, "it does not say whether it has taken a policy");
	if (c->stage != CHANGE_UNDOING)
		begin_undoing(m, facts_error("policy_no_answer", "{s:s}",
					     "switch", sw->comp->name));
}

/* --- time ---------------------------------------------------------------- */

/* The one whose time is over first, or NULL. */
static struct change_asker *most_urgent(const struct change *c)
{
	struct change_asker *first = c->caller;

	for (struct change_asker *a = c->queue; a != NULL; a = a->next)
		if (first == NULL || a->deadline_ns < first->deadline_ns)
			first = a;
	return first;
}

/* Tell one whose time is over.  Return: whether there was one. */
static bool expire(struct monitor *m)
{
	static const char *const late[] = {
		[CHANGE_COMPILING] = "slow_compiler",
		[CHANGE_WAITING] = "slow_start",
		[CHANGE_ASKING] = "slow_switches",
		[CHANGE_UNDOING] = "slow_switches",
	};
	struct change *c = &m->change;
	struct change_asker *a = most_urgent(c);
	const char *why = a == c->caller ? late[c->stage] : "busy";

	if (a == NULL || m->now_ns < a->deadline_ns)
		return false;
	change_forget(m, a);
	a->done(m, a, false, facts_error(why, "{}"));
	return true;
}

uint64_t change_deadline(const struct monitor *m)
{
	const struct change_asker *a = most_urgent(&m->change);

	return a != NULL ? a->deadline_ns : UINT64_MAX;
}

/* --- from outside -------------------------------------------------------- */

void change_init(struct change *c)
{
	*c = (struct change){ .asker = { on_reply, on_silence },
			      .compiler.child.exit.fd = -1 };
}

/* Return: whether something has happened. */
static bool step(struct monitor *m)
{
	switch (m->change.stage) {
	case CHANGE_IDLE:
		return begin(m);
	case CHANGE_WAITING:
		if (is_being_started(m))
			return false;
		begin_asking(m);
		return true;
	case CHANGE_ASKING:
	case CHANGE_UNDOING:
		return go_on(m);
	case CHANGE_COMPILING:
		break;
	}
	return false;
}

void change_tick(struct monitor *m)
{
	/* It ends: callers are few, and each other step leads to a wait. */
	while (step(m) || expire(m))
		;
}

void change_ask(struct monitor *m, struct change_asker *a)
{
	struct change_asker **tail = &m->change.queue;

	while (*tail != NULL)
		tail = &(*tail)->next;
	*tail = a;
	a->next = NULL;
	a->deadline_ns = m->now_ns + CHANGE_TIMEOUT_NS;
}

void change_forget(struct monitor *m, struct change_asker *a)
{
	struct change *c = &m->change;
	struct change_asker **at = &c->queue;

	while (*at != NULL && *at != a)
		at = &(*at)->next;
	if (*at != NULL)
		*at = a->next;
	order_free(&a->order);
	if (c->caller != a)
		return;
	c->caller = NULL;
	if (c->stage == CHANGE_COMPILING)
		child_kill(&c->compiler.child);
	if (c->stage == CHANGE_COMPILING || c->stage == CHANGE_WAITING)
		finish(c);
}

void change_close(struct monitor *m)
{
	compiler_close(&m->change.compiler, &m->loop);
	finish(&m->change);
}
