/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The instance a command is for: the one named, or the only one that runs.
 *
 * Instances are found by their control sockets.  A socket that no process
 * listens on was left behind, by a power failure for instance, and does not
 * count.  A socket that may not be opened does: an instance runs there.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/control.h"
#include "cli/text.h"
#include "config/config.h"
#include "vmm/linux/monitor/monitor.h"

#define SUFFIX ".sock"

/**
 * struct found - names of instances that run
 * @name: each to be freed
 * @n:    how many
 */
struct found {
	char **name;
	size_t n;
};

/* Fill in where an instance of this name would be found. */
static int locate(const char *dir, const char *name, struct control *to)
{
	int n = snprintf(to->path, sizeof(to->path), "%s/%s" SUFFIX, dir, name);

	snprintf(to->name, sizeof(to->name), "%.31s", name);
	return n < (int)sizeof(to->path) ? 0 : -1;
}

/* Take the suffix off a socket's file name.  Return: whether it had one. */
static bool take_suffix(char *file)
{
	size_t n = strlen(file), suffix = strlen(SUFFIX);

	if (n <= suffix || strcmp(file + n - suffix, SUFFIX) != 0)
		return false;
	file[n - suffix] = 0;
	return config_name_ok(file);
}

/**
 * find_all - instances that answer, by name
 *
 * An instance of another user counts.
 */
static struct found find_all(const char *dir)
{
	struct found f = { 0 };
	struct dirent **e = NULL;
	int n = scandir(dir, &e, NULL, alphasort);
	struct control to;

	f.name = xrealloc(NULL, (n > 0 ? (size_t)n : 1) * sizeof(*f.name));
	for (int i = 0; i < n; i++) {
		if (take_suffix(e[i]->d_name) &&
		    !locate(dir, e[i]->d_name, &to) &&
		    control_probe(to.path) != 0)
			f.name[f.n++] = xstrdup(e[i]->d_name);
		free(e[i]);
	}
	free(e);
	return f;
}

/* "home, lab, office" */
static char *join(const struct found *f)
{
	char *all = xstrdup("");

	for (size_t i = 0; i < f->n; i++)
		text_add(&all, ", ", f->name[i]);
	return all;
}

/* Without -n there must be exactly one. */
static int choose(const struct found *f, const char *dir, struct control *to)
{
	char *all;

	if (f->n == 1)
		return locate(dir, f->name[0], to);
	if (!f->n) {
		cli_error("nothing runs (no instance in %s); start one with "
			  "'weir run FILE'",
			  dir);
		return -1;
	}
	all = join(f);
	cli_error("several instances run: %s; choose one with -n", all);
	free(all);
	return -1;
}

/* -n */
static int named(const char *name, const struct found *f, const char *dir,
		 struct control *to)
{
	const char *meant;
	char *all;

	for (size_t i = 0; i < f->n; i++)
		if (!strcmp(f->name[i], name))
			return locate(dir, name, to);
	if (!f->n) {
		cli_error("%s does not run, nor does any other instance "
			  "(looked in %s)",
			  name, dir);
		return -1;
	}
	meant = text_suggest(name, (const char *const *)f->name, f->n);
	all = join(f);
	if (meant)
		cli_error("%s does not run; did you mean %s? (running: %s)",
			  name, meant, all);
	else
		cli_error("%s does not run; running: %s", name, all);
	free(all);
	return -1;
}

int instance_find(const char *name, struct control *to)
{
	char dir[sizeof(to->path)];
	struct found f;
	int result;

	if (monitor_rundir(dir, sizeof(dir))) {
		cli_error("the path of the folder for control sockets is too "
			  "long; set WEIR_RUNDIR to a shorter one");
		return -1;
	}
	f = find_all(dir);
	result = name ? named(name, &f, dir, to) : choose(&f, dir, to);
	for (size_t i = 0; i < f.n; i++)
		free(f.name[i]);
	free(f.name);
	return result;
}
