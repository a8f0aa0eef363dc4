/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>

#include "vmm/linux/monitor/state.h"

/* Log the compiler's lines. */
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

static const char *text_of(const json_t *facts, const char *key)
{
	return json_string_value(json_object_get(facts, key));
}

static void say_refusal(struct monitor *m, const json_t *why)
{
	json_int_t n = json_integer_value(json_object_get(why, "count"));
	const char *code = text_of(why, "error");

	log_lines(m, LOG_ERR, text_of(why, "report"));
	if (n == 0 || code == NULL)
		monitor_log(LOG_ERR, m->sys.name,
			    "SIGHUP: nothing was changed (%s); 'weir reload' "
			    "says what to do",
			    code != NULL ? code : "no_memory");
	else
		monitor_log(LOG_ERR, m->sys.name,
			    "SIGHUP: %d %s%s; nothing was changed", (int)n,
			    strcmp(code, "differs") == 0 ? "difference"
							 : "error",
			    n == 1 ? "" : "s");
}

static void on_done(struct monitor *m, struct change_asker *a, bool made,
		    json_t *facts)
{
	struct reload *r = loop_owner(a, struct reload, asker);
	bool again = r->signals > 1;

	if (made)
		log_lines(m, LOG_WARNING, text_of(facts, "warnings"));
	else
		say_refusal(m, facts);
	json_decref(facts);
	r->signals = 0;
	if (again)
		reload_start(m);
}

void reload_start(struct monitor *m)
{
	struct reload *r = &m->reload;

	if (r->signals++ > 0)
		return;
	monitor_log(LOG_NOTICE, m->sys.name,
		    "SIGHUP: loading the topology again");
	r->asker = (struct change_asker){ .done = on_done };
	change_ask(m, &r->asker);
}

void reload_close(struct monitor *m)
{
	change_forget(m, &m->reload.asker);
}
