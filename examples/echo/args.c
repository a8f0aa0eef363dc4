/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The echo program's arguments: see args.h.
 */
#include "examples/echo/args.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ECHO_PORT 7
#define WORD 64

/* The next word; false if there is none.  An overlong one is cut. */
static bool next(const char **text, char word[WORD])
{
	size_t n;

	*text += strspn(*text, " \t");
	n = strcspn(*text, " \t");
	snprintf(word, WORD, "%.*s", (int)n, *text);
	*text += n;
	return n > 0;
}

/* A number of digits only, up to @most. */
static bool number(const char *word, unsigned long least, unsigned long most,
		   unsigned long *value)
{
	char *end;

	if (strspn(word, "0123456789") != strlen(word) || word[0] == '\0')
		return false;
	errno = 0;
	*value = strtoul(word, &end, 10);
	return errno == 0 && *value >= least && *value <= most;
}

static bool address(const char *word, uint32_t *to)
{
	return inet_pton(AF_INET, word, to) == 1;
}

static bool take_port(const char *word, struct echo_args *args)
{
	unsigned long value;

	if (!number(word, 1, UINT16_MAX, &value))
		return false;
	args->port = (uint16_t)value;
	return true;
}

static bool take_address(const char *word, struct echo_args *args)
{
	char host[WORD];
	const char *slash = strchr(word, '/');
	unsigned long bits;

	if (slash == NULL || !number(slash + 1, 1, 32, &bits))
		return false;
	snprintf(host, sizeof(host), "%.*s", (int)(slash - word), word);
	args->fixed = true;
	args->mask = htonl(UINT32_MAX << (32 - bits));
	return address(host, &args->address);
}

static bool take_gateway(const char *word, struct echo_args *args)
{
	return address(word, &args->gateway) && args->gateway != 0;
}

static const struct option {
	const char *name;
	const char *like;
	bool (*take)(const char *word, struct echo_args *args);
} options[] = {
	{ "port", "a number from 1 to 65535", take_port },
	{ "address", "an address with its network's length, 10.0.0.2/24",
	  take_address },
	{ "gateway", "an address, 10.0.0.1", take_gateway },
};

#define OPTIONS (sizeof(options) / sizeof(*options))

static const struct option *find(const char *word)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if (strcmp(word, options[i].name) == 0)
			return &options[i];
	return NULL;
}

bool echo_args_parse(const char *text, struct echo_args *args, char *wrong,
		     size_t size)
{
	const struct option *o;
	char word[WORD];

	*args = (struct echo_args){ .port = ECHO_PORT };
	while (next(&text, word)) {
		o = find(word);
		if (o == NULL) {
			snprintf(wrong, size,
				 "argument \"%s\" is not known: there are port "
				 "N, address A/M and gateway G",
				 word);
			return false;
		}
		if (!next(&text, word) || !o->take(word, args)) {
			snprintf(wrong, size, "argument \"%s\" needs %s",
				 o->name, o->like);
			return false;
		}
	}
	if (args->gateway != 0 && !args->fixed) {
		snprintf(wrong, size,
			 "argument \"gateway\" is for a fixed address: add "
			 "address A/M, or leave it to DHCP");
		return false;
	}
	return true;
}
