/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The compiler as a whole: files -> topology -> checks -> system.
 *
 * Checks run on whatever could be parsed, so that one run finds everything; a
 * system is built only if nothing at all was wrong, so the builder never has to
 * ask.
 */
#include "config/config.h"

#include <string.h>

#include "config/build/build.h"
#include "config/check/check.h"
#include "config/lang/parser.h"
#include "config/lang/value.h"

/* The file's name without folder and suffix. */
static const char *instance_name(struct arena *a, const char *path)
{
	const char *base = strrchr(path, '/');
	const char *dot;

	if (strcmp(path, "-") == 0)
		return "stdin";
	base = base ? base + 1 : path;
	dot = strrchr(base, '.');
	return arena_strndup(a, base,
			     dot && dot != base ? (size_t)(dot - base)
						: strlen(base));
}

/* An instance has a control socket of that name, and is shown by it. */
bool config_name_ok(const char *name)
{
	return *name && *name != '.' && *name != '-' &&
	       strlen(name) < SYS_SHORT &&
	       !name[strspn(name, "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")];
}

/* With @base and @runtime as of struct topology and parse_topology(). */
static struct system *compile(const char *path, const char *name,
			      const struct system *base, const char *runtime,
			      struct config_report *report)
{
	struct arena arena = { 0 };
	struct report r = { .arena = &arena, .runtime = base != NULL };
	struct topology t = { .arena = &arena, .report = &r, .base = base };
	struct system *sys = NULL;

	if (!name)
		name = instance_name(&arena, path);
	if (!config_name_ok(name))
		name = "";
	parse_topology(&t, path, runtime);
	check_topology(&t);
	if (!r.errors)
		sys = build_system(&t, name);
	report_finish(&r, report);
	arena_free(&arena);
	return sys;
}

struct system *config_compile_as(const char *path, const char *name,
				 struct config_report *report)
{
	return compile(path, name, NULL, NULL, report);
}

struct system *config_compile(const char *path, struct config_report *report)
{
	return compile(path, NULL, NULL, NULL, report);
}

struct system *config_recompile(const struct system *base, const char *runtime,
				struct config_report *report)
{
	return compile(base->source[0].path, base->name, base, runtime, report);
}
