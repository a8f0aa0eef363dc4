/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports by name.  The command asks the instance for its ports and resolves
 * names itself, so that it can say which ones there are.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "cli/trace.h"

/* "alice" of "sw0.alice" */
static const char *short_name(const char *port)
{
	const char *dot = strchr(port, '.');

	return dot ? dot + 1 : port;
}

static void unknown(const json_t *ports, const char *name)
{
	size_t n = json_array_size(ports);
	const char **known = xrealloc(NULL, n * sizeof(*known));
	const char *meant;

	for (size_t i = 0; i < n; i++) {
		const char *port =
			json_member(json_array_get(ports, i), "port");

		/* Like with like: a bare name is held against bare names. */
		known[i] = strchr(name, '.') ? port : short_name(port);
	}
	meant = text_suggest(name, known, n);
	if (meant)
		cli_error("there is no port %s; did you mean %s? ('weir show "
			  "ports' lists them)",
			  name, meant);
	else
		cli_error("there is no port %s; 'weir show ports' lists those "
			  "there are",
			  name);
	free(known);
}

bool port_exists(const json_t *ports, const char *name)
{
	const json_t *row;
	size_t i;

	json_array_foreach(ports, i, row) {
		const char *port = json_member(row, "port");

		if (!strcmp(port, name) || !strcmp(short_name(port), name))
			return true;
	}
	return false;
}

const char *port_resolve(const json_t *ports, const char *name)
{
	const char *found = NULL;
	const json_t *row;
	size_t i;

	json_array_foreach(ports, i, row) {
		const char *port = json_member(row, "port");

		if (!strcmp(port, name))
			return port;
		if (strcmp(short_name(port), name))
			continue;
		if (found) {
			cli_error("port %s could be %s or %s; write it in full",
				  name, found, port);
			return NULL;
		}
		found = port;
	}
	if (!found)
		unknown(ports, name);
	return found;
}
