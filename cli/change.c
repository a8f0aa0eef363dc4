/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir allow, deny, limit, storm, lock, undo and reload: change what runs.
 *
 * What is typed is put together as a statement of the topology's language and
 * sent as text; the instance compiles it, so everything that can be wrong with
 * names, filters and numbers is said there and in the compiler's words.  Here it
 * is only made sure that one word typed is one word of the statement.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/control.h"
#include "cli/text.h"

/* --- words ------------------------------------------------------------------ */

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* A port, switch.port or group. */
static bool good_name(const char *word)
{
	if (*word && *word != '-' && !word[strspn(word, LETTERS "_-.")])
		return true;
	if (!strcmp(word, "-") || !strcmp(word, "<-"))
		cli_error(
			"the shell has taken the rest of the arrow for a file "
			"to write to: quote it, or leave it out");
	else
		cli_error("\"%s\" is no port and no group; a name has letters, "
			  "digits, '_', '-' and '.'",
			  word);
	return false;
}

/* A number with a unit, an address. */
static bool good_value(const char *word)
{
	if (*word && !word[strspn(word, LETTERS ".:/-")])
		return true;
	cli_error("\"%s\" is no value: letters, digits, '.', ':', '/' and '-' "
		  "is all they are made of",
		  word);
	return false;
}

/* A filter goes between double quotes, where nothing can be escaped. */
static bool good_filter(const char *text)
{
	if (!*text) {
		cli_error("a filter must follow \"when\", such as: when "
			  "'tcp dst port 443'");
		return false;
	}
	for (; *text; text++) {
		if (*text >= ' ' && *text <= '~' && *text != '"')
			continue;
		cli_error("a filter is one line of plain text without double "
			  "quotes, such as: when 'tcp dst port 443'");
		return false;
	}
	return true;
}

/* Words with something between them; to free(). */
static char *join(int n, char **words, const char *between)
{
	char *all = xstrdup("");

	for (int i = 0; i < n; i++)
		text_add(&all, between, words[i]);
	return all;
}

/* --- asking ----------------------------------------------------------------- */

/* Warnings are for people, the rest for programs that ask for it. */
static void report(const struct cli_options *opt, const json_t *data)
{
	text_print(stderr, json_member(data, "warnings"), "\n");
	if (opt->json)
		json_print(data);
}

/* Have it done. @request is released. Return: the reply's data, or NULL. */
static json_t *ask(const struct cli_options *opt, json_t *request)
{
	struct control to;
	json_t *data;

	if (instance_find(opt->name, &to)) {
		json_decref(request);
		return NULL;
	}
	data = control_ask(&to, opt, request);
	if (data)
		report(opt, data);
	return data;
}

/* The same, where nothing more is to be said. */
static enum cli_exit order(const struct cli_options *opt, json_t *request)
{
	json_t *data = ask(opt, request);
	bool done = data;

	json_decref(data);
	return done ? CLI_OK : CLI_FAILED;
}

/* Send a statement, which is freed; NULL: what was typed makes none. */
static enum cli_exit change(const struct cli_options *opt, char *text)
{
	json_t *request;

	if (!text)
		return CLI_USAGE;
	request = json_pack("{s:s, s:s}", "cmd", "change", "text", text);
	free(text);
	return order(opt, request);
}

/* --- allow, deny ------------------------------------------------------------- */

/**
 * struct rule - what was typed
 * @from, @to: ports or groups
 * @both:   both ways
 * @reply:  answers as well
 * @filter: to free(), or NULL
 */
struct rule {
	const char *from;
	const char *to;
	bool both;
	bool reply;
	char *filter;
};

/* [when EXPR...] [reply] */
static int rule_end(struct rule *r, int n, char **words)
{
	if (n && !strcmp(words[n - 1], "reply")) {
		r->reply = true;
		n--;
	}
	if (!n)
		return 0;
	if (strcmp(words[0], "when")) {
		cli_error("after the ports there can be \"when\" and a filter, "
			  "and \"reply\"; \"%s\" is neither",
			  words[0]);
		return -1;
	}
	r->filter = join(n - 1, words + 1, " ");
	return good_filter(r->filter) ? 0 : -1;
}

/* FROM [->|<->] TO ... */
static int rule_words(struct rule *r, int n, char **words)
{
	int at = 1;

	r->from = words[0];
	if (!strcmp(words[at], "->") || !strcmp(words[at], "<->")) {
		r->both |= words[at][0] == '<';
		at++;
	}
	if (at == n) {
		cli_error("to which port or group? weir allow FROM TO");
		return -1;
	}
	r->to = words[at++];
	if (!good_name(r->from) || !good_name(r->to))
		return -1;
	return rule_end(r, n - at, words + at);
}

/* The statement; to free(), or NULL after saying what is wrong. */
static char *rule_text(const struct cli_options *opt, const char *verb, int n,
		       char **words)
{
	struct rule r = { .both = opt->both };
	char *text = NULL;

	if (!rule_words(&r, n, words))
		text = xasprintf("%s %s %s %s%s%s%s%s", verb, r.from,
				 r.both ? "<->" : "->", r.to,
				 r.filter ? " when \"" : "",
				 r.filter ? r.filter : "", r.filter ? "\"" : "",
				 r.reply ? " reply" : "");
	free(r.filter);
	return text;
}

enum cli_exit cli_allow(const struct cli_options *opt, int argc, char **argv)
{
	return change(opt, rule_text(opt, "allow", argc, argv));
}

enum cli_exit cli_deny(const struct cli_options *opt, int argc, char **argv)
{
	if (!strcmp(argv[argc - 1], "reply")) {
		cli_error(
			"only what is allowed can have a reply; leave it out: "
			"deny is for frames of one direction");
		return CLI_USAGE;
	}
	return change(opt, rule_text(opt, "deny", argc, argv));
}

/* --- limit, storm, lock ------------------------------------------------------- */

/**
 * rate_text - a setting that is RATE|off [burst SIZE]
 * @what: its name, as the topology has it
 */
static char *rate_text(const char *port, const char *what, int n, char **words)
{
	if (n != 1 && (n != 3 || strcmp(words[1], "burst"))) {
		cli_error("after \"%s\" there must be RATE [burst SIZE], such "
			  "as %s, or off",
			  what, what[0] == 's' ? "100/s" : "10mbit");
		return NULL;
	}
	if (!good_name(port) || !good_value(words[0]) ||
	    (n == 3 && !good_value(words[2])))
		return NULL;
	return xasprintf("set %s { %s %s%s%s }", port, what, words[0],
			 n == 3 ? " burst " : "", n == 3 ? words[2] : "");
}

enum cli_exit cli_limit(const struct cli_options *opt, int argc, char **argv)
{
	const char *what = "limit";

	if (!strcmp(argv[1], "in"))
		what = "limit in";
	else if (!strcmp(argv[1], "out"))
		what = "limit out";
	else
		return change(opt,
			      rate_text(argv[0], what, argc - 1, argv + 1));
	return change(opt, rate_text(argv[0], what, argc - 2, argv + 2));
}

enum cli_exit cli_storm(const struct cli_options *opt, int argc, char **argv)
{
	static const char *const kinds[] = { "storm broadcast",
					     "storm multicast",
					     "storm unknown" };
	const char *what = NULL;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(kinds[i] + strlen("storm "), argv[1]))
			what = kinds[i];
	if (argc == 2 && !strcmp(argv[1], "none"))
		return change(opt, good_name(argv[0])
					   ? xasprintf("set %s { storm none }",
						       argv[0])
					   : NULL);
	if (!what) {
		cli_error("a storm is one of broadcast, multicast and unknown "
			  "(unicast); \"%s\" is none",
			  argv[1]);
		return CLI_USAGE;
	}
	return change(opt, rate_text(argv[0], what, argc - 2, argv + 2));
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
		cli_error(
			"which addresses? Such as: weir lock PORT ip 10.0.0.7");
	free(list);
	return NULL;
}

/* mac|ip ADDRESS...|off */
static char *lock_text(const char *port, int n, char **words)
{
	const char *what = words[0];
	char *list, *text;

	if (strcmp(what, "mac") && strcmp(what, "ip")) {
		cli_error("a port is locked to a mac or to ip addresses; "
			  "\"%s\" is neither",
			  what);
		return NULL;
	}
	if (!good_name(port))
		return NULL;
	list = addresses(n - 1, words + 1);
	if (!list)
		return NULL;
	text = xasprintf("set %s { %s lock %s }", port, what, list);
	free(list);
	return text;
}

enum cli_exit cli_lock(const struct cli_options *opt, int argc, char **argv)
{
	return change(opt, lock_text(argv[0], argc - 1, argv + 1));
}

/* --- undo --------------------------------------------------------------------- */

/* What has been taken back is said: "the last one" may be anybody's. */
static void say_undone(const json_t *data)
{
	char *number = json_text(data, "number");

	printf("change %s taken back: ", *number ? number : "?");
	text_print(stdout, json_member(data, "undone"), "");
	putchar('\n');
	free(number);
}

enum cli_exit cli_undo(const struct cli_options *opt, int argc, char **argv)
{
	const char *word = argc ? argv[0] : "1";
	json_t *request = json_pack("{s:s}", "cmd", "undo");
	json_t *data;

	if (!*word || word[strspn(word, "0123456789")] || *word == '0' ||
	    strlen(word) > 9) {
		cli_error("\"%s\" is no number of a change; 'weir show "
			  "policy' shows them, and without one the last "
			  "change is taken back",
			  word);
		json_decref(request);
		return CLI_USAGE;
	}
	if (argc)
		json_object_set_new(request, "number",
				    json_integer(strtol(word, NULL, 10)));
	data = ask(opt, request);
	if (!data)
		return CLI_FAILED;
	if (!opt->json)
		say_undone(data);
	json_decref(data);
	return CLI_OK;
}

/* --- reload ------------------------------------------------------------------ */

/* The instance may have been started elsewhere; to free(), or NULL. */
static char *absolute(const char *file)
{
	char *here;
	char *path;

	if (*file == '/')
		return xstrdup(file);
	here = getcwd(NULL, 0);
	if (!here) {
		cli_error("cannot find out where this is; give the file's "
			  "whole path");
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
			  "input; give a file");
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
		cli_error(
			"the file's path must be UTF-8; give the file another "
			"name");
		return CLI_FAILED;
	}
	return order(opt, request);
}
