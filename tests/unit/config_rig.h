/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the topology compiler share: folders of topologies, texts,
 * and a file of one's own.
 */
#ifndef WEIR_TESTS_CONFIG_RIG_H
#define WEIR_TESTS_CONFIG_RIG_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

/**
 * struct rig_files - names in a folder, sorted
 */
struct rig_files {
	char **name;
	size_t n;
};

/**
 * rig_enter - make a folder of the project the current one
 * @folder: as seen from the project's root, where tests are started
 *
 * Fails the test if that is not there.
 */
void rig_enter(const char *folder);

/**
 * rig_leave - back to where the first rig_enter() began
 */
void rig_leave(void);

/**
 * rig_list - files of the current folder
 * @suffix: how their names end
 */
struct rig_files rig_list(const char *suffix);
void rig_list_free(struct rig_files *files);

/**
 * rig_read - a whole file, to be released with free(); NULL if there is none
 * @size: out: octets; may be NULL
 */
char *rig_read(const char *path, size_t *size);

/**
 * rig_same - compare texts; says where they differ
 * @what: for the message
 */
bool rig_same(const char *what, const char *got, const char *want);

/**
 * rig_dump - system_dump() as a text, to be released with free()
 */
char *rig_dump(const struct system *sys);

/**
 * rig_compile - compile a text
 * @report: out
 *
 * It becomes the file "t.conf" of a temporary folder.
 */
struct system *rig_compile(const char *text, struct config_report *report);

/**
 * rig_switch_port - port number @number of the only switch of a system
 */
const struct sys_switch_port *rig_switch_port(const struct system *sys,
					      unsigned int number);

#endif
