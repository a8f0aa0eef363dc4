/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of commands, the options they share, help.
 *
 * Options may stand anywhere after the command; "--" ends them.  The parser is
 * written out because getopt(3) cannot say "did you mean", and a lone "-" and a
 * frame must stay operands.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/text.h"
#include "vmm/linux/spawn.h"

#define TIMEOUT_DEFAULT 5u
/* The instance compiles, and waits for its switches. */
#define TIMEOUT_CHANGE 10u
#define TIMEOUT_MAX 3600u

static const struct cli_command commands[] = {
	{ "check", "v", 1, 1, "[-v] FILE", "is this topology right?",
	  "Compiles the topology FILE (\"-\": standard input) and reports all "
	  "its errors as\nfile:line:column: message. With -v it prints the "
	  "system that would be built:\ndomains, memory regions, who maps "
	  "them, channels.\n",
	  cli_check, 0 },
	{ "run", "n", 1, 1, "[-n NAME] FILE", "run a topology",
	  "Runs the topology FILE in the foreground until Ctrl-C, SIGTERM or "
	  "'weir stop'.\nThe instance is called like the file without folder "
	  "and suffix, or NAME.\n",
	  cli_run, 0 },
	{ "show", "jnt", 1, 1,
	  "[-j] [-n NAME] [-t SECONDS] "
	  "ports|fdb|policy|flows|groups|drops|system|vms",
	  "look at what runs",
	  "ports    every port: what is attached, its state, its counters\n"
	  "fdb      the forwarding database: which address is behind which "
	  "port\n"
	  "policy   who may send to whom, by which rule, and how often it "
	  "was used;\n         locks and limits\n"
	  "flows    what was begun under rules with reply\n"
	  "groups   who has asked for which multicasts\n"
	  "drops    frames that were dropped, by port and reason\n"
	  "system   the domains (processes) and who maps which memory\n"
	  "vms      driver VMs: their cards and their counters\n",
	  cli_show, 0 },
	{ "trace", "jnt", 2, 4096, "[-j] [-n NAME] [-t SECONDS] PORT FRAME...",
	  "explain what would happen to a frame",
	  "Has the running switch decide on a frame from PORT, step by step, "
	  "without sending\nanything. FRAME is one of\n"
	  "  020000000002 02:00:00:00:00:01 0800 ...   octets in hex\n"
	  "  -                  the same, from standard input\n"
	  "  @FILE              a file with the octets themselves\n"
	  "  dst=ADDRESS [src=ADDRESS] [vlan=ID] [type=TYPE] [len=OCTETS]\n"
	  "ADDRESS is six octets in hex, 'broadcast' or a port: the one "
	  "address known behind\nit. Without src= that is the one behind PORT; "
	  "the others are no VLAN tag, ipv4, 60.\n",
	  cli_trace, 0 },
	{ "allow", "bjnt", 2, 4096,
	  "[-bj] [-n NAME] [-t SECONDS] FROM TO [when FILTER] [reply]",
	  "let frames through",
	  "Lets frames pass from FROM to TO (with -b, or '<->' between them, "
	  "both ways), all\nof them or those FILTER matches, and with reply "
	  "what answers them. FROM and TO are\nports or groups. It goes before "
	  "the topology's rules and holds until the next\n'weir reload'; -t is "
	  "10 s.\n",
	  cli_allow, TIMEOUT_CHANGE },
	{ "deny", "bjnt", 2, 4096,
	  "[-bj] [-n NAME] [-t SECONDS] FROM TO [when FILTER]",
	  "let frames through no more",
	  "The opposite of 'weir allow', and otherwise like it.\n", cli_deny,
	  TIMEOUT_CHANGE },
	{ "limit", "jnt", 2, 5,
	  "[-j] [-n NAME] [-t SECONDS] PORT [in|out] RATE|off [burst SIZE]",
	  "limit what a port sends or gets",
	  "Limits what comes from PORT (in), what goes to it (out), or both, "
	  "each to RATE,\nsuch as 10mbit. It holds until the next 'weir "
	  "reload'; -t is 10 s.\n",
	  cli_limit, TIMEOUT_CHANGE },
	{ "storm", "jnt", 3, 5,
	  "[-j] [-n NAME] [-t SECONDS] PORT broadcast|multicast|unknown "
	  "RATE|off [burst N]",
	  "limit what a port floods",
	  "Limits how many broadcasts, multicasts or frames to unknown "
	  "stations PORT may have\nflooded, such as 100/s. It holds until the "
	  "next 'weir reload'; -t is 10 s.\n",
	  cli_storm, TIMEOUT_CHANGE },
	{ "lock", "jnt", 3, 4096,
	  "[-j] [-n NAME] [-t SECONDS] PORT mac ADDRESS|off, or PORT ip "
	  "ADDRESS...|off",
	  "tie a port to addresses",
	  "Has PORT send from this Ethernet address alone, or from these IPv4 "
	  "and IPv6\naddresses and networks, or (off) from any. It holds until "
	  "the next\n'weir reload'; -t is 10 s.\n",
	  cli_lock, TIMEOUT_CHANGE },
	{ "reload", "jnt", 0, 1, "[-j] [-n NAME] [-t SECONDS] [FILE]",
	  "load a topology's policy again",
	  "Has an instance take the policy of the topology FILE, or of the "
	  "file it was\nstarted from. What was changed by command is "
	  "forgotten. A topology that differs in\nmore than policy is refused, "
	  "and so is one with errors; then nothing changes.\n-t is 10 s.\n",
	  cli_reload, TIMEOUT_CHANGE },
	{ "stop", "nt", 0, 1, "[-t SECONDS] [NAME]", "stop an instance",
	  "Stops the instance NAME, or the one that runs, and returns when it "
	  "has ended.\n",
	  cli_stop, 0 },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

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
	{ 't', "timeout", "SECONDS", "how long it may take (default: 5)" },
	{ 'v', "verbose", NULL, "print the system that would be built" },
	{ 'h', "help", NULL, "print help" },
};

#define N_OPTIONS (sizeof(options) / sizeof(options[0]))

static const struct cli_command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* There is no such command: say which one it might have been. */
static enum cli_exit unknown_command(const char *name)
{
	const char *known[N_COMMANDS + 1];
	const char *meant;

	for (size_t i = 0; i < N_COMMANDS; i++)
		known[i] = commands[i].name;
	known[N_COMMANDS] = "help";
	meant = text_suggest(name, known, N_COMMANDS + 1);
	if (meant)
		cli_error("there is no command '%s'; did you mean '%s'?", name,
			  meant);
	else
		cli_error("there is no command '%s'; 'weir help' lists them",
			  name);
	return CLI_USAGE;
}

/* What there is; on standard error if nobody asked for it. */
static void overview(FILE *out)
{
	fputs("weir: a learning switch between isolated protection domains\n\n",
	      out);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  weir %-6s %s\n", commands[i].name,
			commands[i].summary);
	fputs("  weir help   [COMMAND]\n\nManual: weir(1); topologies: "
	      "weir.conf(5)\n",
	      out);
}

/* One command: how it is written, what it does, its options. */
static void describe(const struct cli_command *c)
{
	printf("usage: weir %s %s\n\n%s\n", c->name, c->usage, c->help);
	for (size_t i = 0; i < N_OPTIONS; i++) {
		const struct option *o = &options[i];
		char *form;

		if (!strchr(c->options, o->letter))
			continue;
		form = xasprintf("-%c, --%s%s%s", o->letter, o->name,
				 o->value ? " " : "", o->value ? o->value : "");
		printf("  %-22s %s\n", form, o->help);
		free(form);
	}
}

static enum cli_exit help(const char *name)
{
	const struct cli_command *c;

	if (!name || !strcmp(name, "help")) {
		overview(stdout);
		return CLI_OK;
	}
	c = find_command(name);
	if (!c)
		return unknown_command(name);
	describe(c);
	return CLI_OK;
}

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
	case 'v':
		opt->verbose = true;
		break;
	case 'n':
		opt->name = value;
		break;
	case 't':
		return set_timeout(opt, value);
	}
	return CLI_OK;
}

/**
 * struct words - the command line on its way through the parser
 * @argc, @argv: all words after the command
 * @at:          the one looked at
 * @operands:    how many words at the front of @argv are operands by now
 * @help:        -h was among them
 */
struct words {
	int argc;
	char **argv;
	int at;
	int operands;
	bool help;
};

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

/**
 * parse - take the options out
 * @w: in: all words; out: the operands are in front
 */
static enum cli_exit parse(const struct cli_command *c, struct words *w,
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

/* Parse, check, run. */
static enum cli_exit run_command(const struct cli_command *c, int argc,
				 char **argv)
{
	struct cli_options opt = { .timeout = c->timeout ? c->timeout
							 : TIMEOUT_DEFAULT,
				   .tty = isatty(STDOUT_FILENO) };
	struct words w = { .argc = argc, .argv = argv };
	enum cli_exit result = parse(c, &w, &opt);

	if (result)
		return result;
	if (w.help) {
		describe(c);
		return CLI_OK;
	}
	if (w.operands < c->min || w.operands > c->max) {
		cli_error("too %s words; usage: weir %s %s",
			  w.operands < c->min ? "few" : "many", c->name,
			  c->usage);
		return CLI_USAGE;
	}
	return c->run(&opt, w.operands, argv);
}

/* What was printed must have arrived: a full disk is a failure. */
static enum cli_exit flushed(enum cli_exit result)
{
	if ((fflush(stdout) || ferror(stdout)) && !result) {
		cli_error("cannot write to standard output");
		return CLI_FAILED;
	}
	return result;
}

int cli_main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	const struct cli_command *c = find_command(name);

	if (c)
		return flushed(run_command(c, argc - 2, argv + 2));
	if (!strcmp(name, "--pd"))
		pd_main();
	if (argc < 2) {
		overview(stderr);
		return CLI_USAGE;
	}
	if (!strcmp(name, "help") || !strcmp(name, "--help") ||
	    !strcmp(name, "-h"))
		return flushed(help(argc > 2 ? argv[2] : NULL));
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		puts("weir " WEIR_VERSION);
		return flushed(CLI_OK);
	}
	return unknown_command(name);
}
