/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Talking to a running instance: docs/control.md from the client's side.
 */
#ifndef WEIR_CLI_CONTROL_H
#define WEIR_CLI_CONTROL_H

#include <jansson.h>
#include <stddef.h>

#include "cli/cli.h"

/**
 * struct control - an instance to talk to
 * @path: its control socket
 * @name: the instance
 */
struct control {
	char path[128];
	char name[64];
};

/**
 * instance_find - find the instance that is meant
 * @name: from -n, or NULL: the one that runs
 * @to:   out
 *
 * Says what is wrong if there is none, or more than one to choose from.
 *
 * Return: 0 or -1.
 */
int instance_find(const char *name, struct control *to);

/**
 * control_probe - does a process listen on a control socket?
 *
 * Return: 1, 0 if it was left behind, -1 with errno set.
 */
int control_probe(const char *path);

/**
 * control_ask - send a request, return the `data` of the reply
 * @to:      instance
 * @opt:     for the timeout, which covers everything
 * @request: released, also on failure
 *
 * Says what is wrong, also what the reply says.
 *
 * Return: to be released with json_decref(), or NULL.
 */
json_t *control_ask(const struct control *to, const struct cli_options *opt,
		    json_t *request);

/**
 * control_reply - the same, and return the reply, which may be an error
 *
 * Says what is wrong on the way.
 *
 * Return: of this version: an object, to be released; or NULL.
 */
json_t *control_reply(const struct control *to, const struct cli_options *opt,
		      json_t *request);

/**
 * control_ask_stop - ask an instance to stop, and wait until it has ended
 *
 * Says what is wrong.
 *
 * Return: 0 or -1.
 */
int control_ask_stop(const struct control *to, const struct cli_options *opt);

/**
 * control_console - be connected with a VM's console
 * @fd: out: a stream socket that does not block, to be closed; -1: none
 *
 * Return: the reply, an error without a descriptor; or NULL after saying what
 * is wrong.
 */
json_t *control_console(const struct control *to, const struct cli_options *opt,
			const char *vm, int *fd);

/**
 * trace_follow - have a frame traced, over links to other switches
 * @request: of the control protocol; released
 *
 * Return: the first switch's decision, with "hops", those of the others, each
 * with "via", the port it was sent by; and "arrives", the ports by which it
 * leaves the switches.  NULL after saying what is wrong.
 */
json_t *trace_follow(const struct control *to, const struct cli_options *opt,
		     json_t *request);

/**
 * control_show - ask for what `show` shows, in words (cli/facts.h)
 * @what: "ports", "fdb", ...
 */
json_t *control_show(const struct control *to, const struct cli_options *opt,
		     const char *what);

/**
 * json_text - a member as text
 * @object: anything
 * @key:    member's name
 *
 * Return: text to free(): a number, "yes" or "no", a list of texts; "" if the
 * member is missing or of another type.
 */
char *json_text(const json_t *object, const char *key);

/**
 * json_join - the texts of a list, as one; to free()
 * @between: what stands between two
 */
char *json_join(const json_t *list, const char *between);

/**
 * json_state - member "state" for a person, with the time to the next try
 *
 * Return: "up", or "restarting, 13 s"; to be freed.
 */
char *json_state(const json_t *object);

/**
 * json_member - a member that is text
 *
 * Return: the text as long as @object lives; "" if there is none.
 */
const char *json_member(const json_t *object, const char *key);

/**
 * json_print - print a reply for a program
 *
 * Only ASCII, no control characters but the newlines between members.
 */
void json_print(const json_t *data);

#endif
