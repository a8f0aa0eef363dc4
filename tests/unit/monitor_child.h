/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The monitor's processes, found by their names.
 */
#ifndef WEIR_TESTS_UNIT_MONITOR_CHILD_H
#define WEIR_TESTS_UNIT_MONITOR_CHILD_H

#include "tests/unit/monitor_rig.h"

/* A child of the monitor: "weir:sw0", "weir-janitor". */
static RIG_UNUSED pid_t rig_find(const struct rig *r, const char *comm)
{
	char path[64], text[64];
	long pid = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)r->pid,
		 (int)r->pid);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fscanf(f, "%ld", &pid) == 1) {
		int fd;
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%ld/comm", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		n = read(fd, text, sizeof(text) - 1);
		close(fd);
		text[n < 1 ? 0 : n - 1] = '\0';
		if (strcmp(text, comm) == 0)
			break;
		pid = 0;
	}
	fclose(f);
	assert_int_not_equal(pid, 0);
	return (pid_t)pid;
}

#endif
