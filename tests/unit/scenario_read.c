/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/config_rig.h"

#define TITLE "scenario: "
#define FAMILIES "for ipv4 and ipv6"

/* --- files -------------------------------------------------------------- */

/* Take a comment and the blanks around what is left away. */
static char *trim(char *line)
{
	bool quoted = false;
	size_t n = 0;

	line += strspn(line, " \t");
	for (; line[n] != '\0' && (quoted || line[n] != '#'); n++)
		quoted ^= line[n] == '"';
	while (n > 0 && strchr(" \t", line[n - 1]) != NULL)
		n--;
	assert_true(n < SCENARIO_LINE);
	return strndup(line, n);
}

static struct scenario *add(struct scenario **all, size_t *n)
{
	*all = realloc(*all, (*n + 1) * sizeof(**all));
	assert_non_null(*all);
	memset(*all + *n, 0, sizeof(**all));
	return *all + (*n)++;
}

static void add_line(struct scenario *s, char *line)
{
	s->lines = realloc(s->lines, (s->n + 1) * sizeof(*s->lines));
	assert_non_null(s->lines);
	s->lines[s->n++] = line;
}

/* The scenario that has just been read, once more for the other family. */
static void add_ipv6(struct scenario **all, size_t *n)
{
	const struct scenario *from;
	struct scenario *to;

	if (*n == 0 || (*all)[*n - 1].n == 0 ||
	    strcmp((*all)[*n - 1].lines[0], FAMILIES) != 0)
		return;
	to = add(all, n);
	from = to - 1;
	to->file = from->file;
	to->first = from->first;
	to->ipv6 = true;
	assert_true(asprintf(&to->title, "%s (IPv6)", from->title) > 0);
	for (unsigned int i = 0; i < from->n; i++)
		add_line(to, strdup(from->lines[i]));
}

static void read_file(struct scenario **all, size_t *n, const char *name)
{
	char *text = rig_read(name, NULL), *rest = text, *line;
	struct scenario *s = NULL;

	assert_non_null(text);
	for (unsigned int number = 1; (line = strsep(&rest, "\n")); number++) {
		if (strncmp(line, TITLE, strlen(TITLE)) == 0) {
			add_ipv6(all, n);
			s = add(all, n);
			s->file = strdup(name);
			s->title = strdup(line + strlen(TITLE));
			s->first = number + 1;
		} else if (s != NULL) {
			add_line(s, trim(line));
		}
	}
	add_ipv6(all, n);
	free(text);
}

struct scenario *scenarios_read(size_t *n)
{
	struct rig_files files = rig_list(".txt");
	struct scenario *all = NULL;

	*n = 0;
	for (size_t i = 0; i < files.n; i++)
		read_file(&all, n, files.name[i]);
	rig_list_free(&files);
	return all;
}

void scenarios_free(struct scenario *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (unsigned int k = 0; k < s[i].n; k++)
			free(s[i].lines[k]);
		if (!s[i].ipv6)
			free((char *)(uintptr_t)s[i].file);
		free(s[i].title);
		free(s[i].lines);
	}
	free(s);
}

/* --- lines -------------------------------------------------------------- */

static const struct scenario *current;
static unsigned int current_line;

void scenario_at(const struct scenario *s, unsigned int line)
{
	current = s;
	current_line = line;
}

void scenario_fail(const char *format, ...)
{
	char why[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	fail_msg("tests/scenarios/%s:%u: %s\n\t%s", current->file,
		 current->first + current_line, current->lines[current_line],
		 why);
	abort();
}

/* --- words -------------------------------------------------------------- */

void words_split(struct words *w, const char *line)
{
	char *rest = w->text, *word;

	w->n = w->at = 0;
	strcpy(w->text, line);
	while ((word = strsep(&rest, " \t,")) != NULL)
		if (*word != '\0')
			w->word[w->n++] = word;
}

bool words_left(const struct words *w)
{
	return w->at < w->n;
}

const char *words_next(struct words *w)
{
	if (!words_left(w))
		scenario_fail("something is missing at the end");
	return w->word[w->at++];
}

bool words_is(struct words *w, const char *word)
{
	bool is = words_left(w) && strcmp(w->word[w->at], word) == 0;

	w->at += is;
	return is;
}

uint64_t words_number(struct words *w)
{
	const char *word = words_next(w);
	char *end;
	uint64_t n = strtoull(word, &end, 0);

	if (*end != '\0')
		scenario_fail("\"%s\" is no number", word);
	return n;
}

uint64_t words_time(struct words *w)
{
	const char *word = words_next(w);
	char *end;
	uint64_t n = strtoull(word, &end, 10);

	if (strcmp(end, "s") == 0)
		return n * 1000000000;
	if (strcmp(end, "ms") != 0)
		scenario_fail("\"%s\" is no time", word);
	return n * 1000000;
}

uint64_t words_mac(struct words *w)
{
	const char *word = words_next(w);
	unsigned int b[6];
	uint64_t mac = 0;
	char *end;

	if (strcmp(word, "*") == 0)
		return MAC_BROADCAST;
	if (sscanf(word, "%x:%x:%x:%x:%x:%x", b, b + 1, b + 2, b + 3, b + 4,
		   b + 5) == 6) {
		for (unsigned int i = 0; i < 6; i++)
			mac = mac << 8 | b[i];
		return mac;
	}
	mac = strtoull(word, &end, 10);
	if (*end != '\0')
		scenario_fail("\"%s\" is no address", word);
	return RIG_MAC(mac);
}
