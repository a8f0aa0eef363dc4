/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir allow, deny, limit, storm, lock, undo and reload: change what runs.
 *
 * The words typed become a statement of the topology language.  The instance
 * compiles it and says what is wrong with names, filters and numbers, in the
 * compiler's words.  The checks here only make sure that no word typed can be
 * more than one word of the statement.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/control.h"
#include "cli/text.h"

/* --- words -------------------------------------------------------------- */

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* A port, switch.port or group. */
static bool good_name(const char *word)
{
	if (*word && *word != '-' && !word[strspn(word, LETTERS "_-.")])
		return true;
	if (!strcmp(word, "-") || !strcmp(word, "<-"))
		cli_error("the shell has taken the rest of the arrow for a "
			  "file to write to: quote it, or leave it out");
	else
		cli_error("\"%s\" is not a port or group; names have letters, "
			  "digits, '_', '-' and '.'",
			  word);
	return false;
}

/* A number with a unit, an address. */
static bool good_value(const char *word)
{
	if (*word && !word[strspn(word, LETTERS ".:/-")])
		return true;
	cli_error("\"%s\" is not a value; values have letters, digits, '.', "
		  "':', '/' and '-'",
		  word);
	return false;
}

/* A filter goes between double quotes, where nothing can be escaped. */
static bool good_filter(const char *text)
{
	const char *c = text;

	while (*c >= ' ' && *c <= '~' && *c != '"')
		c++;
	if (*text && !*c)
		return true;
	cli_error(*text ? "a filter is one line of plain text without double "
			  "quotes, such as: when 'tcp dst port 443'"
			: "a filter must follow \"when\", such as: when "
			  "'tcp dst port 443'");
	return false;
}

/* Words with something between them; to free(). */
static char *join(int n, char **words, const char *between)
{
	char *all = xstrdup("");

	for (int i = 0; i < n; i++)
		text_add(&all, between, words[i]);
	return all;
}

/* --- asking ------------------------------------------------------------- */

/* "The last change" may be another user's, so say what was undone. */
static void print_undone(const json_t *data)
{
	char *number = json_text(data, "number");

	printf("change %s taken back: ", *number ? number : "?");
	text_print(stdout, json_member(data, "undone"), "");
	putchar('\n');
	free(number);
}

/* Ask for a change, and print what was done. @request is released. */
static enum cli_exit order(const struct cli_options *opt, json_t *request)
{
	struct control to;
	json_t *data = NULL;

	if (instance_find(opt->name, &to))
		json_decref(request);
	else
		data = control_ask(&to, opt, request);
	if (!data)
		return CLI_FAILED;
	text_print(stderr, json_member(data, "warnings"), "\n");
	if (opt->json)
		json_print(data);
	else if (json_object_get(data, "undone"))
		print_undone(data);
	json_decref(data);
	return CLI_OK;
}

/* Send a statement, which is freed; NULL: an error has been reported. */
static enum cli_exit change(const struct cli_options *opt, char *text)
{
	json_t *request;

	if (!text)
		return CLI_USAGE;
	request = json_pack("{s:s, s:s}", "cmd", "change", "text", text);
	free(text);
	return order(opt, request);
}

/* --- allow, deny -------------------------------------------------------- */

/* "when EXPR..."; to free(), or NULL after saying what is wrong. */
static char *filter_text(int n, char **words)
{
	char *filter, *text = NULL;

	if (!n)
		return xstrdup("");
	if (strcmp(words[0], "when")) {
		cli_error("after the ports there can be \"when\" and a filter, "
			  "and \"reply\"; \"%s\" is neither",
			  words[0]);
		return NULL;
	}
	filter = join(n - 1, words + 1, " ");
	if (good_filter(filter))
		text = xasprintf(" when \"%s\"", filter);
	free(filter);
	return text;
}

/* FROM [->|<->] TO [when EXPR...] [reply] */
static enum cli_exit rule(const struct cli_options *opt, const char *verb,
			  int n, char **words)
{
	bool arrow = !strcmp(words[1], "->") || !strcmp(words[1], "<->");
	bool both = opt->both || (arrow && words[1][0] == '<');
	int to = arrow ? 2 : 1;
	bool reply = n > to + 1 && !strcmp(words[n - 1], "reply");
	char *filter, *text;

	if (to == n) {
		cli_error("to which port or group? weir %s FROM TO", verb);
		return CLI_USAGE;
	}
	if (!good_name(words[0]) || !good_name(words[to]))
		return CLI_USAGE;
	filter = filter_text(n - to - 1 - reply, words + to + 1);
	if (!filter)
		return CLI_USAGE;
	text = xasprintf("%s %s %s %s%s%s", verb, words[0], both ? "<->" : "->",
			 words[to], filter, reply ? " reply" : "");
	free(filter);
	return change(opt, text);
}

enum cli_exit cli_allow(const struct cli_options *opt, int argc, char **argv)
{
	return rule(opt, "allow", argc, argv);
}

enum cli_exit cli_deny(const struct cli_options *opt, int argc, char **argv)
{
	if (!strcmp(argv[argc - 1], "reply")) {
		cli_error("a deny rule cannot have \"reply\"; leave it out: "
			  "deny is for one direction");
		return CLI_USAGE;
	}
	return rule(opt, "deny", argc, argv);
}

/* --- limit, storm, lock ------------------------------------------------- */

/**
 * rate - set what is RATE|off [burst SIZE]
 * @what:    its name in a topology
 * @example: of a rate
 */
static enum cli_exit rate(const struct cli_options *opt, const char *port,
			  const char *what, const char *example, int n,
			  char **words)
{
	char *value, *text;

	if (n != 1 && (n != 3 || strcmp(words[1], "burst"))) {
		cli_error("after \"%s\" there must be RATE [burst SIZE], such "
			  "as %s, or off",
			  what, example);
		return CLI_USAGE;
	}
	if (!good_name(port) || !good_value(words[0]) ||
	    (n == 3 && !good_value(words[2])))
		return CLI_USAGE;
	value = join(n, words, " ");
	text = xasprintf("set %s { %s %s }", port, what, value);
	free(value);
	return change(opt, text);
}

enum cli_exit cli_limit(const struct cli_options *opt, int argc, char **argv)
{
	const char *what = !strcmp(argv[1], "in")    ? "limit in"
			   : !strcmp(argv[1], "out") ? "limit out"
						     : "limit";
	int at = strcmp(what, "limit") ? 2 : 1;

	return rate(opt, argv[0], what, "10mbit", argc - at, argv + at);
}

enum cli_exit cli_storm(const struct cli_options *opt, int argc, char **argv)
{
	static const char *const kinds[] = { "storm broadcast",
					     "storm multicast",
					     "storm unknown" };

	if (argc == 2 && !strcmp(argv[1], "none"))
		return change(opt, good_name(argv[0])
					   ? xasprintf("set %s { storm none }",
						       argv[0])
					   : NULL);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i] + strlen("storm "), argv[1]))
			return rate(opt, argv[0], kinds[i], "100/s", argc - 2,
				    argv + 2);
	cli_error("\"%s\" cannot be limited; a storm is broadcast, multicast "
		  "or unknown (unicast)",
		  argv[1]);
	return CLI_USAGE;
}

/* Addresses between commas, each of them looked at; to free(). */
static char *addresses(int n, char **words)
{
	char *all = join(n, words, ",");
	char *rest = all;
	char *list = xstrdup("");
	char *word;
	bool good = true;

	while (good && (word = strsep(&rest, ","))) {
		good = !*word || good_value(word);
		if (*word)
			text_add(&list, ", ", word);
	}
	free(all);
	if (good && *list)
		return list;
	if (good)
		cli_error("which addresses? For example: weir lock PORT ip "
			  "10.0.0.7");
	free(list);
	return NULL;
}

enum cli_exit cli_lock(const struct cli_options *opt, int argc, char **argv)
{
	const char *what = argv[1];
	char *list, *text;

	if (strcmp(what, "mac") && strcmp(what, "ip")) {
		cli_error("a port is locked to \"mac\" or \"ip\" addresses; "
			  "\"%s\" is neither",
			  what);
		return CLI_USAGE;
	}
	list = good_name(argv[0]) ? addresses(argc - 2, argv + 2) : NULL;
	if (!list)
		return CLI_USAGE;
	text = xasprintf("set %s { %s lock %s }", argv[0], what, list);
	free(list);
	return change(opt, text);
}

/* --- undo, reload ------------------------------------------------------- */

enum cli_exit cli_undo(const struct cli_options *opt, int argc, char **argv)
{
	const char *word = argc ? argv[0] : "1";
	json_t *request = json_pack("{s:s}", "cmd", "undo");

	if (!*word || word[strspn(word, "0123456789")] || *word == '0' ||
	    strlen(word) > 9) {
		cli_error("\"%s\" is not the number of a change; 'weir show "
			  "policy' shows them, and without a number the last "
			  "change is taken back",
			  word);
		json_decref(request);
		return CLI_USAGE;
	}
	if (argc)
		json_object_set_new(request, "number",
				    json_integer(strtol(word, NULL, 10)));
	return order(opt, request);
}

/* The instance may have been started elsewhere; to free(), or NULL. */
static char *absolute(const char *file)
{
	char *here;
	char *path;

	if (*file == '/')
		return xstrdup(file);
	here = getcwd(NULL, 0);
	if (!here) {
		cli_error("the working directory is gone; give the file's "
			  "absolute path");
		return NULL;
	}
	path = xasprintf("%s/%s", strcmp(here, "/") ? here : "", file);
	free(here);
	return path;
}

enum cli_exit cli_reload(const struct cli_options *opt, int argc, char **argv)
{
	char *path = NULL;
	json_t *request;

	if (argc && !strcmp(argv[0], "-")) {
		cli_error("an instance cannot read this command's standard "
			  "input; name a file");
		return CLI_USAGE;
	}
	if (argc) {
		path = absolute(argv[0]);
		if (!path)
			return CLI_FAILED;
	}
	request = json_pack("{s:s, s:s*}", "cmd", "reload", "file", path);
	free(path);
	if (!request) {
		cli_error("the file's path must be UTF-8; rename the file");
		return CLI_FAILED;
	}
	return order(opt, request);
}
