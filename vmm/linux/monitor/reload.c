/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/reload.h"

#include <string.h>

#include "vmm/linux/monitor/state.h"

/* What the compiler says, line by line. */
static void log_lines(struct monitor *m, int level, const char *text)
{
	while (text != NULL && *text != '\0') {
		size_t len = strcspn(text, "\n");
		char shown[4 * LOG_LINE_MAX + 5];

		log_escape(shown, sizeof(shown), text, len);
		monitor_log(level, m->sys.name, "%s", shown);
		text += len + (text[len] == '\n');
	}
}

static void on_done(struct monitor *m, struct change_asker *a,
		    const struct change_outcome *o)
{
	struct reload *r = loop_owner(a, struct reload, asker);
	bool again = r->again;

	log_lines(m, o->refusal != NULL ? LOG_ERR : LOG_WARNING, o->report);
	if (o->refusal != NULL)
		monitor_log(LOG_ERR, m->sys.name, "SIGHUP: %s", o->refusal);
	*r = (struct reload){ 0 };
	if (again)
		reload_start(m);
}

void reload_start(struct monitor *m)
{
	struct reload *r = &m->reload;

	if (r->waits) {
		r->again = true;
		return;
	}
	monitor_log(LOG_NOTICE, m->sys.name,
		    "SIGHUP: loading the topology again");
	r->waits = true;
	r->asker = (struct change_asker){ .done = on_done };
	change_ask(m, &r->asker);
}

void reload_close(struct monitor *m)
{
	change_forget(m, &m->reload.asker);
	m->reload = (struct reload){ 0 };
}
