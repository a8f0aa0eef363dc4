/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stages of change.h, in their order.  Steps are taken in change_tick(), once
 * per round of the loop; events only note what has happened.
 */
#include "vmm/linux/monitor/change.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/linux/monitor/state.h"

/* --- its end ----------------------------------------------------------------- */

static void order_free(struct change_order *o)
{
	free(o->text);
	free(o->file);
	*o = (struct change_order){ 0 };
}

static void finish(struct change *c)
{
	statements_free(&c->statements);
	compile_result_free(&c->result);
	order_free(&c->order);
	c->caller = NULL;
	c->stage = compiler_runs(&c->compiler) ? CHANGE_ENDING : CHANGE_IDLE;
}

/* Tell whoever waits for its end; nobody does any more. */
static void tell(struct monitor *m, const struct change_outcome *o)
{
	struct change_asker *caller = m->change.caller;

	m->change.caller = NULL;
	if (caller != NULL)
		caller->done(m, caller, o);
}

/* It is not made, and who wanted it hears why. */
static void refuse(struct monitor *m, const char *report, const char *format,
		   ...) __attribute__((format(printf, 3, 4)));

static void refuse(struct monitor *m, const char *report, const char *format,
		   ...)
{
	char why[ERROR_TEXT];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	tell(m, &(struct change_outcome){ .refusal = why,
					  .report = report,
					  .kind = m->change.order.kind });
	finish(&m->change);
}

/* --- which switches ---------------------------------------------------------- */

static const struct sys_policy *new_policy(const struct monitor *m,
					   const struct mon_switch *sw)
{
	const struct compile_result *r = &m->change.result;

	return policy_of(r->policy, r->n_policies, sw);
}

/* Note which switches' images change. */
static void find_concerned(struct monitor *m)
{
	for (size_t i = 0; i < m->n_switches; i++) {
		struct mon_switch *sw = &m->sw[i];
		const struct sys_policy *held = held_policy(m, sw);
		const struct sys_policy *next = new_policy(m, sw);

		sw->concerned = held != NULL && next != NULL &&
				memcmp(&held->image, &next->image,
				       sizeof(held->image)) != 0;
	}
}

/* A PD that was sent SIGKILL will not answer any more. */
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

/* --- compiling ---------------------------------------------------------------- */

/* What the statements will be with the change that has been compiled. */
static int take_statements(struct monitor *m, struct error *err)
{
	struct change *c = &m->change;
	const struct compile_result *r = &c->result;

	/* Without statements, errors are of the change itself. */
	if (c->order.kind != CHANGE_ADD || (r->n_changes == 0 && r->errors > 0))
		return 0;
	if (statements_add(&c->statements, &m->held.statements, r->change,
			   r->n_changes, err) != 0)
		return -1;
	c->order.number = c->statements.last;
	return 0;
}

static void compiled(struct monitor *m)
{
	struct change *c = &m->change;
	const struct compile_result *r = &c->result;
	struct error err = { "" };

	if (take_statements(m, &err) != 0) {
		refuse(m, NULL, "%s" CHANGED_NOTHING, err.text);
		return;
	}
	if (c->order.kind != CHANGE_RELOAD)
		change_explain(m);
	if (r->verdict == COMPILE_DIFFERS) {
		refuse(m, r->text,
		       "%u difference%s" CHANGED_NOTHING
		       ", because only rules, groups "
		       "and what ports may do change while it runs: 'weir "
		       "stop', then 'weir run' the file",
		       r->errors, r->errors == 1 ? "" : "s");
	} else if (r->verdict == COMPILE_ERRORS) {
		refuse(m, r->text, "%u error%s" CHANGED_NOTHING, r->errors,
		       r->errors == 1 ? "" : "s");
	} else if (r->n_policies != m->held.n_policies) {
		refuse(m, NULL,
		       "the compiler's result makes no sense" CHANGED_NOTHING);
	} else {
		find_concerned(m);
		c->stage = CHANGE_WAITING;
	}
}

static void on_compiler(struct monitor *m, struct loop_source *s,
			uint32_t events)
{
	struct change *c = &m->change;
	struct error err = { "" };
	int status;

	(void)s;
	(void)events;
	status = compiler_finish(&c->compiler, &m->loop, &c->result, &err);
	if (status > 0)
		return;
	if (c->stage == CHANGE_ENDING)
		finish(c);
	else if (status < 0)
		refuse(m, NULL, "%s" CHANGED_NOTHING, err.text);
	else
		compiled(m);
}

/* The file to load: what somebody says, or what it was started from. */
static const char *file_of(const struct monitor *m,
			   const struct change_order *order, struct error *err)
{
	const struct system *sys = m->origin;

	if (order->file != NULL)
		return order->file;
	if (sys->n_sources > 0 && strcmp(sys->source[0].path, "-") != 0)
		return sys->source[0].path;
	error_set(err,
		  "%s was started from its standard input; say which file is "
		  "to be loaded",
		  m->sys.name);
	return NULL;
}

/* Fill in what to compile for a change by command. */
static int order_statements(struct monitor *m, struct compile_order *order,
			    struct error *err)
{
	struct change *c = &m->change;
	struct change_order *o = &c->order;

	order->statements = &m->held.statements;
	order->change = o->text;
	if (o->kind == CHANGE_ADD)
		return statements_are_plain(o->text)
			       ? 0
			       : error_set(err, "a change is printable ASCII, "
						"nothing else");
	o->number = statements_undo(&c->statements, order->statements,
				    o->number, &o->text, err);
	order->statements = &c->statements;
	return o->number != 0 ? 0 : -1;
}

static int compile_change(struct monitor *m, struct error *err)
{
	struct change *c = &m->change;
	struct system base = held_system(m);
	struct compile_order order = { .base = &base };

	/* It may have been given another name than its file's. */
	memcpy(base.name, m->sys.name, sizeof(base.name));
	if (c->order.kind == CHANGE_RELOAD) {
		order.file = file_of(m, &c->order, err);
		if (order.file == NULL)
			return -1;
	} else if (order_statements(m, &order, err) != 0) {
		return -1;
	}
	return compiler_start(&c->compiler, &m->loop, &order, on_compiler, err);
}

static bool begin(struct monitor *m)
{
	struct change *c = &m->change;
	struct change_asker *caller = c->queue;
	struct error err = { "" };

	if (caller == NULL)
		return false;
	c->queue = caller->next;
	c->caller = caller;
	c->order = caller->order;
	caller->order = (struct change_order){ 0 };
	c->why = err;
	c->stage = CHANGE_COMPILING;
	if (compile_change(m, &err) != 0)
		refuse(m, NULL, "%s" CHANGED_NOTHING, err.text);
	return true;
}

/* --- asking --------------------------------------------------------------------- */

static void give(struct monitor *m, struct mon_switch *sw,
		 const struct sys_policy *policy)
{
	const struct vswitch_ctl_request request = { .op = CTL_POLICY };

	policy_write(sw, policy);
	m->change.asked = true;
	switch_ask(m, sw, &request, &m->change.asker);
}

static void begin_asking(struct monitor *m)
{
	struct change *c = &m->change;

	c->stage = CHANGE_ASKING;
	c->at = 0;
	c->asked = false;
	c->caller->deadline_ns = m->now_ns + CHANGE_TIMEOUT_NS;
}

static void begin_undoing(struct monitor *m)
{
	m->change.stage = CHANGE_UNDOING;
	m->change.at = 0;
	m->change.asked = false;
}

/* All have agreed. */
static void commit(struct monitor *m)
{
	struct change *c = &m->change;

	for (size_t i = 0; i < m->n_switches; i++)
		m->sw[i].touched = false;
	change_log(m);
	held_replace(m, &c->result, &c->statements);
	tell(m, &(struct change_outcome){ .report = c->result.text,
					  .kind = c->order.kind,
					  .number = c->order.number,
					  .undone = c->order.text });
	finish(c);
}

/* Nobody can say what it judges frames by: it starts again with what holds. */
static void distrust(struct monitor *m, const struct mon_switch *sw,
		     const char *what)
{
	monitor_log(LOG_ERR, m->sys.name, "%s: %s; starting it again",
		    sw->comp->name, what);
	pd_kill(&m->pd[sw->pd], false);
}

/* Return: whether the next switch can be looked at. */
static bool ask_switch(struct monitor *m, struct mon_switch *sw)
{
	struct change *c = &m->change;

	if (c->asked && is_there(m, sw))
		return false;
	if (c->asked) {
		switch_withdraw(m, &c->asker);
		error_set(&c->why, "switch %s died over the new policy",
			  sw->comp->name);
		begin_undoing(m);
		return false;
	}
	if (!sw->concerned || !is_there(m, sw))
		return true;
	if (sw->asker != NULL)
		return false;
	/* What it has called the one it was started with. */
	if (sw->generation == 0)
		sw->generation = switch_load64(&sw->stats->policies);
	give(m, sw, new_policy(m, sw));
	return false;
}

/* Return: whether the next switch can be looked at. */
static bool undo_switch(struct monitor *m, struct mon_switch *sw)
{
	if (sw->touched && is_there(m, sw)) {
		if (!m->change.asked && sw->asker == NULL)
			give(m, sw, held_policy(m, sw));
		return false;
	}
	if (m->change.asked)
		switch_withdraw(m, &m->change.asker);
	m->change.asked = false;
	sw->touched = false;
	return true;
}

/* Return: whether something has happened. */
static bool go_on(struct monitor *m)
{
	struct change *c = &m->change;
	bool undoing = c->stage == CHANGE_UNDOING;

	while (c->at < m->n_switches) {
		struct mon_switch *sw = &m->sw[c->at];

		if (!(undoing ? undo_switch(m, sw) : ask_switch(m, sw)))
			return !undoing && c->stage == CHANGE_UNDOING;
		c->at++;
	}
	if (undoing)
		refuse(m, NULL, "%s" CHANGED_NOTHING, c->why.text);
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
		error_set(&c->why, "switch %s says that the policy %s (at %u)",
			  sw->comp->name,
			  policy_fault_text((enum policy_fault)fault),
			  reply->value);
		policy_write(sw, held_policy(m, sw));
		begin_undoing(m);
	}
}

static void on_silence(struct monitor *m, struct switch_asker *a,
		       struct mon_switch *sw)
{
	struct change *c = loop_owner(a, struct change, asker);

	c->asked = false;
	distrust(m, sw, "it does not say whether it has taken a policy");
	if (c->stage == CHANGE_UNDOING)
		return;
	error_set(&c->why, "switch %s does not answer", sw->comp->name);
	begin_undoing(m);
}

/* --- from outside ----------------------------------------------------------------- */

void change_init(struct change *c)
{
	*c = (struct change){ .asker = { on_reply, on_silence },
			      .compiler.exit.fd = -1 };
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
	case CHANGE_ENDING:
		break;
	}
	return false;
}

void change_tick(struct monitor *m)
{
	/* It ends: callers are few, and each other step leads to a wait. */
	while (step(m) || change_expire(m))
		;
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
	if (c->stage == CHANGE_COMPILING) {
		compiler_kill(&c->compiler);
		c->stage = CHANGE_ENDING;
	} else if (c->stage == CHANGE_WAITING) {
		finish(c);
	}
}

void change_close(struct monitor *m)
{
	compiler_close(&m->change.compiler, &m->loop);
	finish(&m->change);
}
