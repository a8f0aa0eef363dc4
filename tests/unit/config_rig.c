/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/config_rig.h"

static char *start;

void rig_enter(const char *folder)
{
	if (!start)
		start = getcwd(NULL, 0);
	assert_non_null(start);
	assert_int_equal(chdir(start), 0);
	if (chdir(folder))
		fail_msg("%s: not here; start tests in the project's folder",
			 folder);
}

void rig_leave(void)
{
	if (start)
		assert_int_equal(chdir(start), 0);
	free(start);
	start = NULL;
}

/* --- files --------------------------------------------------------------- */

static bool ends_in(const char *name, const char *suffix)
{
	size_t n = strlen(name), m = strlen(suffix);

	return n > m && strcmp(name + n - m, suffix) == 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

struct rig_files rig_list(const char *suffix)
{
	struct rig_files files = { NULL, 0 };
	const struct dirent *e;
	DIR *d = opendir(".");

	assert_non_null(d);
	while ((e = readdir(d))) {
		if (!ends_in(e->d_name, suffix))
			continue;
		files.name =
			realloc(files.name, (files.n + 1) * sizeof(char *));
		assert_non_null(files.name);
		files.name[files.n++] = strdup(e->d_name);
	}
	closedir(d);
	if (files.n)
		qsort(files.name, files.n, sizeof(char *), by_name);
	return files;
}

void rig_list_free(struct rig_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		free(files->name[i]);
	free(files->name);
}

char *rig_read(const char *path, size_t *size)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t n = 0, room = 0, got;

	if (!f)
		return NULL;
	do {
		room += 65536;
		text = realloc(text, room + 1);
		assert_non_null(text);
		got = fread(text + n, 1, room - n, f);
		n += got;
	} while (got);
	fclose(f);
	text[n] = '\0';
	if (size)
		*size = n;
	return text;
}

/* --- texts --------------------------------------------------------------- */

static size_t line_length(const char *text)
{
	return strcspn(text, "\n");
}

bool rig_same(const char *what, const char *got, const char *want)
{
	int line = 1;

	while (*got && *got == *want) {
		size_t n = line_length(got);

		if (n != line_length(want) || strncmp(got, want, n) != 0)
			break;
		got += n + (got[n] == '\n');
		want += n + (want[n] == '\n');
		line++;
	}
	if (strcmp(got, want) == 0)
		return true;
	print_error("%s: differs from line %d on\n  got:  %.*s\n  want: %.*s\n",
		    what, line, (int)line_length(got), got,
		    (int)line_length(want), want);
	return false;
}

char *rig_dump(const struct system *sys)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	assert_non_null(f);
	system_dump(sys, f);
	assert_int_equal(fclose(f), 0);
	return text;
}

unsigned int rig_lines(const char *text)
{
	unsigned int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

/* --- a topology of one's own --------------------------------------------- */

char rig_folder[64];

int rig_begin(void **state)
{
	(void)state;
	snprintf(rig_folder, sizeof(rig_folder), "/tmp/weir-config-XXXXXX");
	if (!mkdtemp(rig_folder))
		return -1;
	rig_enter(rig_folder);
	return 0;
}

int rig_end(void **state)
{
	(void)state;
	rig_leave();
	return rmdir(rig_folder);
}

void rig_put_n(const char *path, const char *text, size_t size)
{
	FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

void rig_put(const char *path, const char *text)
{
	rig_put_n(path, text, strlen(text));
}

struct system *rig_good(const char *text)
{
	struct config_report report;
	struct system *sys = rig_compile(text, &report);

	if (!sys)
		fail_msg("%s%s", text, report.text);
	config_report_free(&report);
	return sys;
}

struct system *rig_compile(const char *text, struct config_report *report)
{
	char folder[] = "/tmp/weir-config-XXXXXX";
	char path[sizeof(folder) + sizeof("/t.conf")];
	struct system *sys;

	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/t.conf", folder);
	rig_put(path, text);
	sys = config_compile(path, report);
	unlink(path);
	rmdir(folder);
	return sys;
}

const struct sys_switch_port *rig_switch_port(const struct system *sys,
					      unsigned int number)
{
	assert_int_equal(sys->pd[0].comp[0].kind, SYS_SWITCH);
	assert_true(number < sys->pd[0].comp[0].sw.n_ports);
	return &sys->pd[0].comp[0].sw.port[number];
}
