/* SPDX-License-Identifier: BSD-2-Clause */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/options.h"
#include "cli/text.h"

#define TIMEOUT_DEFAULT 5u
#define TIMEOUT_MAX 3600u

/* What getopt_long() returns for an operand, and for "->", which stands between
 * two ports. */
#define OPERAND 1
#define ARROW '>'

static const struct known {
	char letter;
	const char *name;
	const char *value; /* what it takes, or NULL */
	const char *help;
} known[] = {
	{ 'b', "both", NULL, "both ways" },
	{ 'j', "json", NULL, "print JSON" },
	{ 'n', "name", "NAME", "the instance (default: the one that runs)" },
	{ 'k', "microkit", NULL, "for the seL4 Microkit" },
	{ 'o', "output", "DIR", "where files go" },
	{ 'O', "openmetrics", NULL, "print the format of OpenMetrics" },
	{ 't', "timeout", "SECONDS", "how long it may take" },
	{ 'T', "table", NULL, "headings and aligned columns, also in a pipe" },
	{ 'v', "verbose", NULL, "print the system that would be built" },
	{ 'h', "help", NULL, "print help" },
};

#define N_KNOWN (sizeof(known) / sizeof(known[0]))

static bool takes(const struct cli_command *c, const struct known *o)
{
	return !c || o->letter == 'h' || strchr(c->options, o->letter);
}

/**
 * struct scan - getopt_long() at work
 * @letters, @names: the options it knows
 * @at:              the word it looked at last
 */
struct scan {
	char letters[2 * N_KNOWN + 4];
	struct option names[N_KNOWN + 1];
	int at;
};

/* Look for the options of a command; NULL: for all there are. */
static void scan_begin(struct scan *s, const struct cli_command *c)
{
	char *letter = s->letters;
	struct option *name = s->names;

	*s = (struct scan){ .at = 1 };
	/* Operands in their places, ':' for an option without its value. */
	letter += sprintf(letter, "-:%c", ARROW);
	for (size_t i = 0; i < N_KNOWN; i++) {
		const struct known *o = &known[i];

		if (!takes(c, o))
			continue;
		letter += sprintf(letter, o->value ? "%c:" : "%c", o->letter);
		*name++ = (struct option){ o->name, o->value != NULL, NULL,
					   o->letter };
	}
	optind = 0;
}

static int scan_next(struct scan *s, const struct words *w)
{
	s->at = optind ? optind : 1;
	return getopt_long(w->argc, w->argv, s->letters, s->names, NULL);
}

const char *options_command(const struct words *w)
{
	struct scan s;
	int found;

	scan_begin(&s, NULL);
	while ((found = scan_next(&s, w)) != -1)
		if (found == OPERAND)
			return optarg;
	return optind < w->argc ? w->argv[optind] : NULL;
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

static enum cli_exit unknown_option(const struct cli_command *c,
				    const char *word)
{
	const char *names[N_KNOWN];
	const char *meant = NULL;
	size_t n = 0;

	for (size_t i = 0; i < N_KNOWN; i++)
		if (takes(c, &known[i]))
			names[n++] = known[i].name;
	if (!strncmp(word, "--", 2))
		meant = text_suggest(word + 2, names, n);
	if (meant)
		cli_error("'weir %s' has no option %s; did you mean --%s?",
			  c->name, word, meant);
	else
		cli_error("'weir %s' has no option %s; see 'weir help %s'",
			  c->name, word, c->name);
	return CLI_USAGE;
}

/* @found: ':', a value is missing, or '?' */
static enum cli_exit wrong_option(const struct cli_command *c, int found,
				  const char *word)
{
	const struct known *o = known;

	while (o < known + N_KNOWN && o->letter != optopt)
		o++;
	if (found == ':' && o < known + N_KNOWN)
		cli_error("-%c needs a value: -%c %s", o->letter, o->letter,
			  o->value);
	else if (!strncmp(word, "--", 2) && o < known + N_KNOWN)
		cli_error("--%s takes no value; see 'weir help %s'", o->name,
			  c->name);
	else
		return unknown_option(c, word);
	return CLI_USAGE;
}

static enum cli_exit set_option(struct cli_options *opt, int letter)
{
	switch (letter) {
	case 'b':
		opt->both = true;
		break;
	case 'j':
		opt->json = true;
		break;
	case 'k':
		opt->microkit = true;
		break;
	case 'o':
		opt->output = optarg;
		break;
	case 'O':
		opt->openmetrics = true;
		break;
	case 'T':
		opt->table = true;
		break;
	case 'v':
		opt->verbose = true;
		break;
	case 'n':
		opt->name = optarg;
		break;
	case 't':
		return set_timeout(opt, optarg);
	}
	return CLI_OK;
}

static unsigned int timeout_of(const struct cli_command *c)
{
	return c->timeout ? c->timeout : TIMEOUT_DEFAULT;
}

enum cli_exit options_parse(const struct cli_command *c, struct words *w,
			    struct cli_options *opt)
{
	enum cli_exit result = CLI_OK;
	struct scan s;
	int found;

	*opt = (struct cli_options){ .timeout = timeout_of(c) };
	scan_begin(&s, c);
	while (!result && (found = scan_next(&s, w)) != -1) {
		char *word = w->argv[s.at];

		if (found == OPERAND || (found == ARROW && !word[2]))
			w->argv[++w->operands] = word;
		else if (found == '?' || found == ':' || found == ARROW)
			result = wrong_option(c, found, word);
		else
			result = set_option(opt, found);
		w->help |= found == 'h';
	}
	while (!result && optind < w->argc)
		w->argv[++w->operands] = w->argv[optind++];
	return result;
}

/* What an option does, where that depends on the command; to free(). */
static char *help_of(const struct cli_command *c, const struct known *o)
{
	if (o->letter == 't')
		return xasprintf("%s (default: %u)", o->help, timeout_of(c));
	if (o->letter == 'n' && c->run == cli_run)
		return xstrdup("what to call the instance (default: like the "
			       "file)");
	return xstrdup(o->help);
}

void options_describe(const struct cli_command *c)
{
	for (size_t i = 0; i < N_KNOWN; i++) {
		const struct known *o = &known[i];
		char *form, *text;

		if (!takes(c, o))
			continue;
		form = xasprintf("-%c, --%s%s%s", o->letter, o->name,
				 o->value ? " " : "", o->value ? o->value : "");
		text = help_of(c, o);
		printf("  %-22s %s\n", form, text);
		free(text);
		free(form);
	}
}
