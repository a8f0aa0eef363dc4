/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Options may stand anywhere, before the command as well; "--" ends them.  The
 * parser is written out because getopt(3) cannot say "did you mean", and a lone
 * "-" and a frame must stay operands.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/text.h"

#define TIMEOUT_DEFAULT 5u
#define TIMEOUT_MAX 3600u

/**
 * struct option - one option
 * @letter: -x
 * @name:   --name
 * @value:  takes one
 * @help:   what it does
 */
static const struct option {
	char letter;
	const char *name;
	const char *value;
	const char *help;
} options[] = {
	{ 'b', "both", NULL, "both ways" },
	{ 'j', "json", NULL, "print JSON" },
	{ 'n', "name", "NAME", "the instance (default: the one that runs)" },
	{ 't', "timeout", "SECONDS", "how long it may take" },
	{ 'T', "table", NULL, "headings and aligned columns, also in a pipe" },
	{ 'v', "verbose", NULL, "print the system that would be built" },
	{ 'h', "help", NULL, "print help" },
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

/**
 * unknown_option - complain about an option
 * @what: as typed, with its dashes
 */
static enum cli_exit unknown_option(const struct cli_command *c,
				    const char *what)
{
	const char *known[N_OPTIONS];
	const char *meant = NULL;
	size_t n = 0;

	for (size_t i = 0; i < N_OPTIONS; i++)
		if (strchr(c->options, options[i].letter))
			known[n++] = options[i].name;
	if (!strncmp(what, "--", 2))
		meant = text_suggest(what + 2, known, n);
	if (meant)
		cli_error("'weir %s' has no option %s; did you mean --%s?",
			  c->name, what, meant);
	else
		cli_error("'weir %s' has no option %s; see 'weir help %s'",
			  c->name, what, c->name);
	return CLI_USAGE;
}

/**
 * find_option - look an option up by letter or name
 * @name: letter or name, not NUL-terminated
 * @len:  its length; 1 is a letter
 *
 * Return: the option, if this command takes it.
 */
static const struct option *find_option(const struct cli_command *c,
					const char *name, size_t len)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option *o = &options[i];

		if (o->letter != 'h' && !strchr(c->options, o->letter))
			continue;
		if ((len == 1 && *name == o->letter) ||
		    (len > 1 && strlen(o->name) == len &&
		     !strncmp(o->name, name, len)))
			return o;
	}
	return NULL;
}

/* Seconds; 0 would mean "do not even try", so it is refused. */
static enum cli_exit set_timeout(struct cli_options *opt, const char *value)
{
	char *end;
	unsigned long n = strtoul(value, &end, 10);

	if (*value < '0' || *value > '9' || *end || !n || n > TIMEOUT_MAX) {
		cli_error("-t %s: whole seconds, 1 to %u", value, TIMEOUT_MAX);
		return CLI_USAGE;
	}
	opt->timeout = (unsigned int)n;
	return CLI_OK;
}

static enum cli_exit set_option(struct cli_options *opt, char letter,
				const char *value)
{
	switch (letter) {
	case 'b':
		opt->both = true;
		break;
	case 'j':
		opt->json = true;
		break;
	case 'T':
		opt->table = true;
		break;
	case 'v':
		opt->verbose = true;
		break;
	case 'n':
		opt->name = value;
		break;
	case 't':
		return value ? set_timeout(opt, value) : CLI_USAGE;
	}
	return CLI_OK;
}

/* An option's value: the rest of its word, or the next one. */
static const char *value_of(struct words *w, const char *rest)
{
	if (rest)
		return rest;
	return ++w->at < w->argc ? w->argv[w->at] : NULL;
}

/**
 * take_option - handle one option that was found
 * @rest: its value, if it is in the same word
 */
static enum cli_exit take_option(const struct cli_command *c, struct words *w,
				 struct cli_options *opt,
				 const struct option *o, const char *rest)
{
	const char *value = NULL;

	if (o->value) {
		value = value_of(w, rest);
		if (!value) {
			cli_error("-%c needs a value: -%c %s", o->letter,
				  o->letter, o->value);
			return CLI_USAGE;
		}
	} else if (rest) {
		cli_error("--%s takes no value; see 'weir help %s'", o->name,
			  c->name);
		return CLI_USAGE;
	}
	w->help |= o->letter == 'h';
	return set_option(opt, o->letter, value);
}

/* --name, --name VALUE, --name=VALUE */
static enum cli_exit long_option(const struct cli_command *c, struct words *w,
				 struct cli_options *opt)
{
	const char *word = w->argv[w->at];
	size_t len = strcspn(word + 2, "=");
	const struct option *o = find_option(c, word + 2, len);

	if (!o || len < 2)
		return unknown_option(c, word);
	return take_option(c, w, opt, o,
			   word[2 + len] ? word + 2 + len + 1 : NULL);
}

/* -x, -xy, -n VALUE, -nVALUE */
static enum cli_exit short_options(const struct cli_command *c, struct words *w,
				   struct cli_options *opt)
{
	const char *s = w->argv[w->at] + 1;

	while (*s) {
		const struct option *o = find_option(c, s, 1);
		enum cli_exit result;

		if (!o)
			return unknown_option(c, w->argv[w->at]);
		s++;
		result = take_option(c, w, opt, o, o->value && *s ? s : NULL);
		if (result || o->value)
			return result;
	}
	return CLI_OK;
}

enum cli_exit options_parse(const struct cli_command *c, struct words *w,
			    struct cli_options *opt)
{
	bool ended = false;

	for (w->at = 0; w->at < w->argc; w->at++) {
		char *word = w->argv[w->at];
		enum cli_exit result = CLI_OK;

		/* "->" stands between two ports. */
		if (ended || word[0] != '-' || !word[1] || !strcmp(word, "->"))
			w->argv[w->operands++] = word;
		else if (!strcmp(word, "--"))
			ended = true;
		else if (word[1] == '-')
			result = long_option(c, w, opt);
		else
			result = short_options(c, w, opt);
		if (result)
			return result;
	}
	return CLI_OK;
}

/* --- for everybody else ---------------------------------------------------- */

/* Does an option, as typed, take its value from the next word? */
static bool wants_next(const char *word)
{
	const char *s = word + 1;
	size_t i;

	/* What follows the first letter with a value is that value. */
	for (; *s; s++) {
		for (i = 0; i < N_OPTIONS; i++) {
			const struct option *o = &options[i];

			if (!o->value)
				continue;
			if (word[1] == '-' && !strcmp(word + 2, o->name))
				return true;
			if (word[1] != '-' && *s == o->letter)
				return !s[1];
		}
	}
	return false;
}

int options_before(int argc, char **argv)
{
	int n = 0;

	while (n < argc && argv[n][0] == '-' && argv[n][1])
		n += wants_next(argv[n]) ? 2 : 1;
	return n < argc ? n : argc;
}

unsigned int options_timeout(const struct cli_command *c)
{
	return c->timeout ? c->timeout : TIMEOUT_DEFAULT;
}

/* What an option does, where that depends on the command; to free(). */
static char *help_of(const struct cli_command *c, const struct option *o)
{
	if (o->letter == 't')
		return xasprintf("%s (default: %u)", o->help,
				 options_timeout(c));
	if (o->letter == 'n' && c->run == cli_run)
		return xstrdup("what to call the instance (default: like the "
			       "file)");
	return xstrdup(o->help);
}

void options_describe(const struct cli_command *c)
{
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option *o = &options[i];
		char *form, *text;

		if (o->letter != 'h' && !strchr(c->options, o->letter))
			continue;
		form = xasprintf("-%c, --%s%s%s", o->letter, o->name,
				 o->value ? " " : "", o->value ? o->value : "");
		text = help_of(c, o);
		printf("  %-22s %s\n", form, text);
		free(text);
		free(form);
	}
}
