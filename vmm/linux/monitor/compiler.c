/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/compiler.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "config/config.h"
#include "vmm/linux/monitor/state.h"

/* The file to load: the one that was named, or that it was started from. */
static const char *file_of(const struct monitor *m)
{
	const struct system *sys = m->origin;

	if (m->change.order.file != NULL)
		return m->change.order.file;
	if (sys->n_sources > 0 && strcmp(sys->source[0].path, "-") != 0)
		return sys->source[0].path;
	return NULL;
}

/* --- in the child: what it makes is never freed -------------------------- */

/*
 * The path to open.  The file the topology was made from keeps its first name:
 * messages use it, and other paths are relative to it.
 */
static const char *known_path(const struct system *base, const char *file)
{
	struct stat a, b;

	if (base->n_sources > 0 && stat(file, &a) == 0 &&
	    stat(base->source[0].path, &b) == 0 && a.st_dev == b.st_dev &&
	    a.st_ino == b.st_ino)
		return base->source[0].path;
	return file;
}

/* Put together the statements to compile.  Errors may be in the report, too. */
static json_t *merge(const struct change_order *what,
		     const struct statements *held, const struct system *base,
		     struct compile_result *result,
		     struct config_report *report)
{
	struct config_change *change;
	json_t *why = NULL;
	size_t n;

	result->number = what->number;
	if (what->kind == CHANGE_UNDO)
		return statements_undo(&result->statements, held,
				       &result->number, &result->undone);
	if (!statements_are_plain(what->text))
		return facts_error("not_ascii", "{}");
	change = config_normalise(base, what->text, &n, report);
	if (report->errors == 0)
		why = statements_add(&result->statements, held, change, n);
	result->number = result->statements.last;
	return why;
}

/* Compile the same files with other statements. */
static json_t *recompile(const struct monitor *m, const struct system *base,
			 struct system **sys, struct compile_result *result,
			 struct config_report *report)
{
	const struct change_order *what = &m->change.order;
	const struct statements *held = &m->held.statements;
	struct statements *next = &result->statements;
	json_t *why = merge(what, held, base, result, report);

	if (why != NULL)
		return why;
	if (report->errors == 0)
		*sys = config_recompile(base, statements_text(next), report);
	/*
	 * Lines of the monitor's own text mean nothing to users: name
	 * statements.  A change that could not be taken apart is quoted as it
	 * was sent.
	 */
	report->text = statements_explain(
		next, held, next->n == 0 ? what->text : NULL, report->text);
	return NULL;
}

/* If only policies would change, they are the result. */
static void compare(const struct system *base, const struct system *sys,
		    struct compile_result *result)
{
	char *why;
	unsigned int n = config_differs(base, sys, &why);

	if (n > 0) {
		result->verdict = COMPILE_DIFFERS;
		result->errors = n;
		result->text = why;
		return;
	}
	result->verdict = COMPILE_DONE;
	result->policy = sys->policy;
	result->n_policies = sys->n_policies;
	result->source = sys->source;
	result->n_sources = sys->n_sources;
}

static int compile(void *arg)
{
	const struct monitor *m = arg;
	const struct compiler *c = &m->change.compiler;
	struct compile_result result = { .verdict = COMPILE_ERRORS };
	struct config_report report = { 0 };
	const struct system base = held_system(m);
	struct system *sys = NULL;
	json_t *why = NULL;

	if (m->change.order.kind != CHANGE_RELOAD)
		why = recompile(m, &base, &sys, &result, &report);
	else
		/* An instance is called what it was called when it began. */
		sys = config_compile_as(known_path(&base, file_of(m)),
					base.name, &report);
	result.errors = report.errors;
	result.text = report.text;
	if (why != NULL) {
		result.verdict = COMPILE_REFUSED;
		result.text = json_dumps(why, JSON_COMPACT);
	} else if (sys != NULL) {
		compare(&base, sys, &result);
	}
	return -compile_result_pack(&result, c->shared, c->size);
}

/* --- in the monitor ------------------------------------------------------ */

static void unshare_all(struct compiler *c)
{
	if (c->shared != NULL)
		munmap(c->shared, c->size);
	c->shared = NULL;
}

json_t *compiler_start(struct monitor *m,
		       void (*ended)(struct monitor *m, struct loop_source *s,
				     uint32_t events))
{
	struct compiler *c = &m->change.compiler;
	json_t *why;
	void *shared;

	if (m->change.order.kind == CHANGE_RELOAD && file_of(m) == NULL)
		return facts_error("no_file", "{}");
	c->size = compile_result_room(m->held.n_policies);
	/* Mostly never touched. */
	shared = mmap(NULL, c->size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (shared != MAP_FAILED) {
		c->shared = shared;
		if (child_start(&c->child, &m->loop, "weir-compile", -1,
				compile, m, ended) == 0)
			return NULL;
	}
	why = facts_error("compiler_start", "{s:i}", "errno", errno);
	unshare_all(c);
	return why;
}

static json_t *died(const siginfo_t *info)
{
	const char *name;

	if (info->si_code == CLD_EXITED)
		return facts_error("compiler_status", "{s:i}", "status",
				   info->si_status);
	name = sigabbrev_np(info->si_status);
	return facts_error("compiler_signal", "{s:s}", "signal",
			   name != NULL ? name : "?");
}

bool compiler_finish(struct compiler *c, struct loop *loop,
		     struct compile_result *result, json_t **why)
{
	siginfo_t info;

	*result = (struct compile_result){ 0 };
	*why = NULL;
	if (!child_finish(&c->child, loop, &info))
		return false;
	if (info.si_code != CLD_EXITED || info.si_status != 0)
		*why = died(&info);
	else if (compile_result_unpack(result, c->shared, c->size) != 0)
		*why = facts_error("compiler_result", "{}");
	unshare_all(c);
	return true;
}

void compiler_close(struct compiler *c, struct loop *loop)
{
	child_close(&c->child, loop);
	unshare_all(c);
}
