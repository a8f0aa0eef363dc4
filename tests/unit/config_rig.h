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
 * @size: out: bytes; may be NULL
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

/* A topology to be changed while it runs. */
#define RIG_HOME                                                               \
	"web = \"tcp port 443\"\n"                                             \
	"switch s {\n"                                                         \
	"port a { tap \"a\"; limit 10mbit; mac lock 02:00:00:00:00:01 }\n"     \
	"port b { tap \"b\"; mac sticky 3; ip lock 10.0.0.2, fe80::2 }\n"      \
	"port c { tap \"c\"; vlan trunk 1-9 native 5; storm unknown 9/s }\n"   \
	"}\n"                                                                  \
	"switch t { port d { tap \"d\" } }\n"                                  \
	"link s.x <-> t.y\n"                                                   \
	"group people { a, b }\n"                                              \
	"allow people -> c when \"arp\"\n"                                     \
	"allow t.d <-> y\nallow x <-> a\n"

/**
 * rig_begin - a folder of the test's own, which becomes the current one
 *
 * For setup; rig_end() removes it if it is empty.
 */
int rig_begin(void **state);
int rig_end(void **state);
extern char rig_folder[64];

/**
 * rig_put - write a file
 */
void rig_put(const char *path, const char *text);
void rig_put_n(const char *path, const char *text, size_t size);

/**
 * rig_lines - how many lines a text has
 */
unsigned int rig_lines(const char *text);

/**
 * rig_good - compile a text that is right
 */
struct system *rig_good(const char *text);

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
