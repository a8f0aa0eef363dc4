/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir top: what an instance does, once a second.
 *
 * The screen is drawn over itself, without clearing it first, so that it does
 * not flicker; lines that are longer than it are cut by the terminal.  Between
 * two drawings the command waits for a key.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "cli/control.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/top.h"

#define PERIOD_MS 1000

/* Escape sequences every terminal of today knows. */
#define HOME "\033[H"
#define TO_END_OF_LINE "\033[K"
#define TO_END_OF_SCREEN "\033[J"
#define CUT_LINES "\033[?7l"
#define WRAP_LINES "\033[?7h"

/* Lines besides rows: name, headings, help, and the cursor's. */
#define OTHER_LINES 4

/**
 * struct view - one of the tables
 * @rates:  makes its rows
 * @key:    what is pressed for it
 * @column: in this order; "key" is what is pressed to sort by it
 */
struct view {
	json_t *(*rates)(const struct top_look *before,
			 const struct top_look *now);
	char key;
	struct {
		const char *heading;
		const char *member;
		bool number;
		char key;
	} column[9];
};

static const struct view views[] = {
	{ top_ports,
	  'p',
	  { { "PORT", "port", false, 'n' },
	    { "STATE", "state", false, 's' },
	    { "IN/s", "in", true, 'i' },
	    { "BIT/s", "in_bits", true, 'I' },
	    { "OUT/s", "out", true, 'o' },
	    { "BIT/s", "out_bits", true, 'O' },
	    { "DROPS/s", "drops", true, 'd' },
	    { "MOSTLY", "why", false, 0 } } },
	{ top_rules,
	  'r',
	  { { "FROM", "from", false, 'n' },
	    { "TO", "to", false, 't' },
	    { "DECIDED/s", "frames", true, 'd' },
	    { "WRITTEN AT", "where", false, 'w' },
	    { "RULE", "rule", false, 0 } } },
};

#define N_VIEWS (sizeof(views) / sizeof(views[0]))
#define HELP                                                                   \
	"p ports  r rules  sort: n name  s state  i o frames  I O bits  "      \
	"d drops  q quit"

static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
	(void)number;
	interrupted = 1;
}

/* --- looking ------------------------------------------------------------ */

static void forget(struct top_look *l)
{
	json_decref(l->ports);
	json_decref(l->drops);
	json_decref(l->policy);
	*l = (struct top_look){ 0 };
}

/* Return: false after saying what is wrong. */
static bool look(struct top_look *l, const struct control *to,
		 const struct cli_options *opt)
{
	l->at_ms = cli_now_ms();
	l->ports = control_show(to, opt, "ports");
	l->drops = l->ports ? control_show(to, opt, "drops") : NULL;
	l->policy = l->drops ? control_show(to, opt, "policy") : NULL;
	return l->policy;
}

/* --- drawing ------------------------------------------------------------ */

static void fill(struct table *t, const struct view *v, const json_t *rows,
		 size_t room)
{
	const json_t *row;
	size_t i;

	for (size_t c = 0; v->column[c].member; c++)
		table_column(t, v->column[c].heading, v->column[c].number);
	json_array_foreach(rows, i, row) {
		if (i == room)
			break;
		for (size_t c = 0; v->column[c].member; c++) {
			const json_t *cell =
				json_object_get(row, v->column[c].member);
			char *text =
				v->column[c].number
					? top_number(json_integer_value(cell))
					: json_text(row, v->column[c].member);

			table_cell(t, text);
			free(text);
		}
	}
}

static size_t rows_of_screen(void)
{
	struct winsize size = { 0 };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
	return size.ws_row > OTHER_LINES ? size.ws_row - OTHER_LINES : 20;
}

/* The table's text, with what a terminal needs at the end of each line. */
static void put_lines(const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs(TO_END_OF_LINE, stdout);
		putchar(*text);
	}
}

static void draw(const struct control *to, const struct view *v,
		 const char *sorted_by, const struct top_look *before,
		 const struct top_look *now)
{
	json_t *rows = v->rates(before, now);
	json_t *sorted = top_sort(rows, sorted_by);
	struct table t = { 0 };
	char *text = NULL;
	size_t size;
	FILE *memory = open_memstream(&text, &size);

	fill(&t, v, sorted, rows_of_screen());
	if (memory) {
		table_print(&t, memory, true);
		fclose(memory);
		fputs(HOME, stdout);
		text_print(stdout, to->name, "");
		puts(TO_END_OF_LINE);
		put_lines(text);
		puts(HELP TO_END_OF_LINE);
		fputs(TO_END_OF_SCREEN, stdout);
		fflush(stdout);
	}
	free(text);
	table_free(&t);
	json_decref(sorted);
	json_decref(rows);
}

/* --- keys --------------------------------------------------------------- */

/**
 * struct choice - what the person wants to see
 * @left: nothing any more
 */
struct choice {
	const struct view *view;
	const char *sorted_by;
	bool left;
};

static void press(struct choice *c, char key)
{
	const struct view *v = c->view;

	c->left |= key == 'q';
	for (size_t i = 0; i < N_VIEWS; i++) {
		if (views[i].key != key)
			continue;
		c->view = &views[i];
		c->sorted_by = "";
	}
	for (size_t i = 0; v->column[i].member; i++)
		if (v->column[i].key && v->column[i].key == key)
			c->sorted_by = v->column[i].member;
}

/* Return: whether a key was pressed; false: the time is up. */
static bool wait_for_key(struct choice *c, int64_t until_ms)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t left = until_ms - cli_now_ms();
	char key;

	if (left <= 0 || poll(&p, 1, (int)left) <= 0)
		return false;
	if (read(STDIN_FILENO, &key, 1) == 1)
		press(c, key);
	else
		c->left = true;
	return true;
}

/* Return: false: the instance has ended, which was said. */
static bool watch(const struct control *to, const struct cli_options *opt)
{
	struct choice c = { &views[0], "", false };
	struct top_look before = { 0 }, now = { 0 };
	bool good = look(&now, to, opt);

	/* Nothing has happened yet. */
	before = (struct top_look){ now.at_ms, json_incref(now.ports),
				    json_incref(now.drops),
				    json_incref(now.policy) };

	while (good && !c.left && !interrupted) {
		draw(to, c.view, c.sorted_by, &before, &now);
		if (wait_for_key(&c, now.at_ms + PERIOD_MS))
			continue;
		forget(&before);
		before = now;
		now = (struct top_look){ 0 };
		good = interrupted || look(&now, to, opt);
	}
	forget(&before);
	forget(&now);
	return good;
}

enum cli_exit cli_top(const struct cli_options *opt, int argc, char **argv)
{
	const struct sigaction quit = { .sa_handler = on_signal };
	struct termios was, keys;
	struct control to;
	bool good;

	(void)argc;
	(void)argv;
	if (isatty(STDOUT_FILENO) != 1 || tcgetattr(STDIN_FILENO, &was) != 0) {
		cli_error("'weir top' needs a terminal; 'weir metrics' prints "
			  "counters for programs");
		return CLI_USAGE;
	}
	if (instance_find(opt->name, &to))
		return CLI_FAILED;
	sigaction(SIGINT, &quit, NULL);
	sigaction(SIGTERM, &quit, NULL);
	keys = was;
	keys.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &keys);
	fputs(CUT_LINES, stdout);
	good = watch(&to, opt);
	tcsetattr(STDIN_FILENO, TCSADRAIN, &was);
	fputs(WRAP_LINES, stdout);
	return good ? CLI_OK : CLI_FAILED;
}
