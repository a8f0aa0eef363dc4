/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is said of a change: to whoever asked for it, and in the log.
 */
#include "vmm/linux/monitor/change.h"

#include <stdlib.h>
#include <string.h>

#include "vmm/linux/monitor/state.h"

/* Who has given commands knows no lines of a text the monitor keeps. */
void change_explain(struct monitor *m)
{
	struct change *c = &m->change;
	struct compile_result *r = &c->result;
	/* A change that could not be taken apart is quoted as it was sent. */
	const char *sent = r->n_changes == 0 ? c->order.text : NULL;
	char *text = statements_explain(
		&c->statements, &m->held.statements,
		c->order.kind == CHANGE_ADD ? sent : NULL, r->text);

	if (text == NULL)
		return;
	free(r->text);
	r->text = text;
}

void change_log(const struct monitor *m)
{
	const struct change_order *o = &m->change.order;
	static const char *const done[] = {
		[CHANGE_RELOAD] = "loaded again",
		[CHANGE_ADD] = "changed",
		[CHANGE_UNDO] = "changed back",
	};
	const char *what = o->text != NULL ? o->text : o->file;
	size_t len = what != NULL ? strlen(what) : 0;
	char shown[LOG_LINE_MAX];
	size_t switches = 0;

	for (size_t i = 0; i < m->n_switches; i++)
		switches += m->sw[i].concerned;
	log_escape(shown, sizeof(shown), what != NULL ? what : "", len);
	monitor_log(LOG_NOTICE, m->sys.name, "policy %s (%zu switch%s)%s%s",
		    done[o->kind], switches, switches == 1 ? "" : "es",
		    what != NULL ? ": " : "", shown);
}
