/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/linux/monitor/compiler.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "config/config.h"

/* --- in the child -------------------------------------------------------- */

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

/* If only policies would change, they are the result. */
static void compare(const struct system *base, struct system *sys,
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
}

/* Put together the statements to compile.  Errors may be in the report, too. */
static json_t *merge(const struct compile_order *order,
		     struct compile_result *result,
		     struct config_report *report)
{
	const struct change_order *what = order->what;
	struct config_change *change;
	json_t *why;
	size_t n;

	*report = (struct config_report){ 0 };
	result->number = what->number;
	if (what->kind == CHANGE_UNDO)
		return statements_undo(&result->statements, order->held,
				       &result->number, &result->undone);
	if (!statements_are_plain(what->text))
		return facts_error("not_ascii", "{}");
	change = config_normalise(order->base, what->text, &n, report);
	if (report->errors > 0)
		return NULL;
	why = statements_add(&result->statements, order->held, change, n);
	result->number = result->statements.last;
	return why;
}

/* Lines of the monitor's own text mean nothing to users: name statements. */
static char *explained(const struct compile_order *order,
		       struct compile_result *result, const char *report)
{
	/* A change that could not be taken apart is quoted as it was sent. */
	return statements_explain(
		&result->statements, order->held,
		result->statements.n == 0 ? order->what->text : NULL, report);
}

static struct system *recompile(const struct compile_order *order,
				struct compile_result *result,
				struct config_report *report)
{
	json_t *why = merge(order, result, report);
	struct system *sys = NULL;

	if (why != NULL) {
		result->verdict = COMPILE_REFUSED;
		result->text = json_dumps(why, JSON_COMPACT);
		return NULL;
	}
	if (report->errors == 0)
		sys = config_recompile(order->base,
				       statements_text(&result->statements),
				       report);
	result->text = explained(order, result, report->text);
	return sys;
}

/* The result is made of what the process holds; nothing is ever freed. */
static void compile(const struct compile_order *order,
		    struct compile_result *result)
{
	const struct system *base = order->base;
	struct config_report report;
	struct system *sys;

	*result = (struct compile_result){ .verdict = COMPILE_ERRORS };
	if (order->what->kind != CHANGE_RELOAD) {
		sys = recompile(order, result, &report);
	} else {
		/* An instance is called what it was called when it began. */
		sys = config_compile_as(known_path(base, order->file),
					base->name, &report);
		result->text = report.text;
	}
	result->errors = report.errors;
	if (sys == NULL)
		return;
	compare(base, sys, result);
	if (result->verdict == COMPILE_DONE &&
	    order->what->kind == CHANGE_RELOAD) {
		result->source = sys->source;
		result->n_sources = sys->n_sources;
	}
}

/**
 * struct task - what the child is to do
 */
struct task {
	const struct compile_order *order;
	void *shared;
	size_t size;
};

static int compile_and_pack(void *arg)
{
	const struct task *task = arg;
	struct compile_result result;

	compile(task->order, &result);
	return -compile_result_pack(&result, task->shared, task->size);
}

/* --- in the monitor ------------------------------------------------------ */

static void unshare_all(struct compiler *c)
{
	if (c->shared != NULL)
		munmap(c->shared, c->size);
	c->shared = NULL;
}

json_t *compiler_start(struct compiler *c, struct loop *loop,
		       const struct compile_order *order,
		       void (*ended)(struct monitor *m, struct loop_source *s,
				     uint32_t events))
{
	struct task task = {
		.order = order,
		.size = compile_result_room(order->base->n_policies),
	};
	json_t *why;

	/* Mostly never touched. */
	task.shared = mmap(NULL, task.size, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (task.shared != MAP_FAILED) {
		c->shared = task.shared;
		c->size = task.size;
		if (child_start(&c->child, loop, "weir-compile", -1,
				compile_and_pack, &task, ended) == 0)
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
