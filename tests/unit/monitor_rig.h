/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A running monitor for tests, over PDs that do as they are told
 * (fake_components.h). The monitor, the processes, the sandbox, the sockets are
 * the real ones.
 *
 * Every wait is bounded by RIG_TIMEOUT_MS, which nothing correct ever reaches.
 */
#ifndef WEIR_TESTS_UNIT_MONITOR_RIG_H
#define WEIR_TESTS_UNIT_MONITOR_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cli/control.h"
#include "cli/facts.h"
#include "client/attach.h"
#include "config/config.h"
#include "tests/unit/fake_components.h"
#include "vmm/linux/monitor/monitor.h"
#include "vmm/linux/monitor/spawn.h"
#include "vmm/linux/pd/main.h"

#define RIG_TIMEOUT_MS 30000

/* --- a monitor ---------------------------------------------------------- */

/**
 * struct rig - one test's monitor
 * @dir: run directory; everything lies here
 * @pid: of the monitor, 0: none
 * @log: its standard error
 * @text: the log so far
 */
struct rig {
	char dir[64];
	pid_t pid;
	int log;
	char *text;
	size_t len;
};

/* A path in the rig's directory. */
const char *rig_path(const struct rig *r, const char *name);

/* Write a file there; "@" stands for the directory. */
void rig_write(const struct rig *r, const char *name, const char *text);

void rig_launch(struct rig *r, const char *topology);

/* How often the log says something. */
unsigned int rig_count(const struct rig *r, const char *what);

/* Wait until the log has said something @times times. */
void rig_expect(struct rig *r, const char *what, unsigned int times);

void rig_start(struct rig *r, const char *topology);

/*
 * Wait for the end of the log, which all its processes hold, and the monitor.
 */
int rig_wait(struct rig *r);

int rig_stop(struct rig *r);

/* Names in the rig's directory. */
unsigned int rig_files(const struct rig *r);

int rig_setup(void **state);
int rig_teardown(void **state);

/* --- the control socket ------------------------------------------------- */

int rig_connect(const struct rig *r, const char *name, int type);

/* The reply that comes on a connection, whole, or NULL if none came. */
json_t *rig_reply(int fd);

json_t *rig_ask(const struct rig *r, const char *request);

/* What the command says of a refusal; static. */
const char *rig_error(json_t *reply);

/* How the command talks to the monitor. */
struct control rig_control(const struct rig *r);

extern __attribute__((unused)) const struct cli_options rig_options;

/* The data of a success; to json_decref(). */
json_t *rig_data(json_t *reply);

/* A member of the row of `show WHAT` whose @key is @name; static text. */
const char *rig_show(const struct rig *r, const char *what, const char *rows,
		     const char *key, const char *name, const char *member);

const char *rig_port(const struct rig *r, const char *name, const char *member);
const char *rig_pd(const struct rig *r, const char *name, const char *member);

/* Wait until a port's member has a value. */
void rig_until(const struct rig *r, const char *name, const char *member,
	       const char *value);

/* --- an attached client ------------------------------------------------- */

/**
 * struct rig_client - by hand, so that it can also do what libweir would not
 * @sock:  connection
 * @fd:    descriptors, -1 where none came
 * @order: the transmit region
 * @link:  the link page
 */
struct rig_client {
	int sock;
	int fd[ATTACH_FDS];
	struct attach_hello hello;
	struct order *order;
	const struct link_page *link;
};

void rig_hello(struct rig_client *c);
void rig_attach(const struct rig *r, struct rig_client *c, const char *name);

/* Have the fake switch do something. */
void rig_order(struct rig_client *c, const char *text);

/* Wait for the monitor to end the attachment. */
void rig_ended(const struct rig_client *c);

void rig_detach(struct rig_client *c);

/* Open descriptors of a process. */
unsigned int rig_fds(pid_t pid);

/*
 * The fewest seen for a while: it may be closing a connection, or logging a
 * line, which takes one for a moment.
 */
unsigned int rig_least_fds(pid_t pid);

/* --- processes ---------------------------------------------------------- */

/* A child of a monitor, "weir-janitor" or the like; 0: there is none. */
pid_t rig_seek(pid_t monitor, const char *comm);

/* A child that the rig's monitor must have. */
pid_t rig_find(const struct rig *r, const char *comm);

/* --- the program -------------------------------------------------------- */

#define rig_test(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int rig_main(int argc, char **argv, const char *name,
	     const struct CMUnitTest *tests, size_t n);

#endif
