/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir graph: who may send to whom, as a drawing in Graphviz's language.
 *
 * A box is a port, a frame around boxes their switch.  An arrow means that a
 * rule allows something; beside it are the rules of the pair, in their order,
 * unless the only one allows everything, and how many frames these have
 * decided.  Two arrows between the same boxes with the same rules become one
 * with two heads.  A bold line is a link.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/control.h"
#include "cli/facts.h"
#include "cli/text.h"

/**
 * struct arrow - what one port may send to another
 * @from, @to: ports; live as long as the reply
 * @rules:     a line for each; "" if everything is allowed
 * @frames:    that these have decided
 * @allows:    one of them allows something
 * @drawn:     with the one in the other direction
 */
struct arrow {
	const char *from;
	const char *to;
	char *rules;
	json_int_t frames;
	bool allows;
	bool drawn;
};

struct arrows {
	struct arrow *at;
	size_t n;
};

/* A text between quotes. */
static void print_quoted(const char *text)
{
	char *safe = text_safe(text, "\n");

	putchar('"');
	for (const char *c = safe; *c; c++) {
		if (*c == '\n')
			fputs("\\n", stdout);
		else
			printf(*c == '"' || *c == '\\' ? "\\%c" : "%c", *c);
	}
	putchar('"');
	free(safe);
}

/* --- ports -------------------------------------------------------------- */

static size_t switch_length(const char *port)
{
	return strcspn(port, ".");
}

static bool same_switch(const char *a, const char *b)
{
	size_t n = switch_length(a);

	return n == switch_length(b) && !strncmp(a, b, n);
}

/* What a link is attached to is drawn. */
static void print_port(const json_t *port)
{
	const char *name = json_member(port, "port");
	bool link = !strcmp(json_member(port, "kind"), "link");
	char *text = xasprintf("%s\n%s%s%s", strchr(name, '.') + 1,
			       link ? "" : json_member(port, "attached"),
			       link ? "" : "\n", json_member(port, "state"));

	fputs("\t\t", stdout);
	print_quoted(name);
	fputs(" [label=", stdout);
	print_quoted(text);
	printf("%s]\n", strcmp(json_member(port, "state"), "up")
				? ", style=dashed"
				: "");
	free(text);
}

/* They come switch by switch. */
static void print_switches(const json_t *ports)
{
	const char *last = "";
	const json_t *port;
	size_t i;

	json_array_foreach(ports, i, port) {
		const char *name = json_member(port, "port");

		if (!strchr(name, '.'))
			continue;
		if (!same_switch(name, last)) {
			char *title = xasprintf("%.*s",
						(int)switch_length(name), name);
			char *cluster = xasprintf("cluster_%s", title);

			fputs(*last ? "\t}\n\tsubgraph " : "\tsubgraph ",
			      stdout);
			print_quoted(cluster);
			fputs(" {\n\t\tlabel=", stdout);
			print_quoted(title);
			putchar('\n');
			free(cluster);
			free(title);
		}
		print_port(port);
		last = name;
	}
	if (*last)
		puts("\t}");
}

/* "link A <-> B" is attached to both of them. */
static void print_links(const json_t *ports)
{
	const json_t *port;
	size_t i;

	json_array_foreach(ports, i, port) {
		const char *name = json_member(port, "port");
		const char *attached = json_member(port, "attached");
		const char *far = strstr(attached, " <-> ");

		if (strcmp(json_member(port, "kind"), "link") || !far ||
		    !strcmp(far + strlen(" <-> "), name))
			continue;
		putchar('\t');
		print_quoted(name);
		fputs(" -> ", stdout);
		print_quoted(far + strlen(" <-> "));
		puts(" [dir=none, style=bold]");
	}
}

/* --- rules -------------------------------------------------------------- */

/* Rules come pair by pair. */
static struct arrow *arrow_of(struct arrows *a, const json_t *rule)
{
	const char *from = json_member(rule, "from");
	const char *to = json_member(rule, "to");
	struct arrow *last = a->n ? &a->at[a->n - 1] : NULL;

	for (struct arrow *p = last; p && p >= a->at; p--)
		if (!strcmp(p->from, from) && !strcmp(p->to, to))
			return p;
	a->at = xrealloc(a->at, (a->n + 1) * sizeof(*a->at));
	a->at[a->n] = (struct arrow){ from, to, xstrdup(""), 0, false, false };
	return &a->at[a->n++];
}

static void add_rule(struct arrows *a, const json_t *rule)
{
	struct arrow *arrow = arrow_of(a, rule);
	const char *action = json_member(rule, "action");
	const char *filter = json_member(rule, "filter");
	bool allow = !strcmp(action, "allow");
	char *text;

	arrow->frames += json_number(rule, "hits");
	arrow->allows |= allow;
	text = xasprintf("%s %s%s", action, *filter ? filter : "all",
			 json_is_true(json_object_get(rule, "reply"))
				 ? ", replies pass"
				 : "");
	if (*arrow->rules || strcmp(text, "allow all"))
		text_add(&arrow->rules, "\n", text);
	free(text);
}

static struct arrow *opposite(const struct arrows *a, const struct arrow *of)
{
	for (struct arrow *p = a->at; p < a->at + a->n; p++)
		if (!strcmp(p->from, of->to) && !strcmp(p->to, of->from) &&
		    !strcmp(p->rules, of->rules))
			return p;
	return NULL;
}

static void print_arrow(const struct arrows *a, struct arrow *arrow)
{
	struct arrow *back = opposite(a, arrow);
	char *count = back ? xasprintf("%lld / %lld", (long long)arrow->frames,
				       (long long)back->frames)
			   : xasprintf("%lld", (long long)arrow->frames);
	char *label = xasprintf("%s%s%s", arrow->rules,
				*arrow->rules ? "\n" : "", count);

	if (back)
		back->drawn = true;
	putchar('\t');
	print_quoted(arrow->from);
	fputs(" -> ", stdout);
	print_quoted(arrow->to);
	fputs(" [label=", stdout);
	print_quoted(label);
	puts(back ? ", dir=both]" : "]");
	free(label);
	free(count);
}

static void print_rules(const json_t *policy)
{
	struct arrows a = { NULL, 0 };
	const json_t *row;
	size_t i;

	json_array_foreach(policy, i, row)
		if (json_object_get(row, "to"))
			add_rule(&a, row);
	for (struct arrow *p = a.at; p < a.at + a.n; p++)
		if (p->allows && !p->drawn)
			print_arrow(&a, p);
	for (i = 0; i < a.n; i++)
		free(a.at[i].rules);
	free(a.at);
}

enum cli_exit cli_graph(const struct cli_options *opt, int argc, char **argv)
{
	json_t *ports, *policy;
	struct control to;

	(void)argc;
	(void)argv;
	if (instance_find(opt->name, &to))
		return CLI_FAILED;
	ports = control_show(&to, opt, "ports");
	policy = ports ? control_show(&to, opt, "policy") : NULL;
	if (policy) {
		fputs("digraph ", stdout);
		print_quoted(to.name);
		puts(" {\n\trankdir=LR\n\tnode [shape=box]");
		print_switches(ports);
		print_links(ports);
		print_rules(policy);
		puts("}");
	}
	json_decref(ports);
	json_decref(policy);
	return policy ? CLI_OK : CLI_FAILED;
}
