/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/statement_rig.h"

#include "cli/facts.h"
#include "tests/unit/config_rig.h"

static const char topology[] =
	"rate = 4mbit\n"
	"web = \"tcp port 443\"\n"
	"switch sw0 { port alice { tap \"a\" }\nport bob { tap \"b\" } }\n"
	"switch lab { port carol { tap \"c\" }\nport bob { tap \"d\" } }\n"
	"link sw0.up <-> lab.down\n";
static struct system *sys;

char compiler_said[4096];

/* Every change that was taken apart: lists of statements have its texts. */
static struct part {
	struct part *next;
	struct config_change *v;
	size_t n;
} * parts;

static void keep(struct config_change *v, size_t n)
{
	struct part *p = calloc(1, sizeof(*p));

	*p = (struct part){ parts, v, n };
	parts = p;
}

void statements_free(struct statements *s)
{
	free(s->v);
	free(s->said);
	*s = (struct statements){ 0 };
}

/* What the command says of a refusal, if it is one. */
static int told(struct error *err, json_t *why)
{
	char *text;

	if (why == NULL)
		return 0;
	text = error_text(why, "test");
	error_set(err, "%s", text);
	free(text);
	json_decref(why);
	return -1;
}

int add_change(struct statements *to, const struct statements *from,
	       const char *text, struct error *err)
{
	struct config_report report;
	struct config_change *v;
	size_t n;
	int result = -1;

	compiler_said[0] = err->text[0] = '\0';
	if (!statements_are_plain(text))
		return error_set(err, "printable");
	v = config_normalise(sys, text, &n, &report);
	if (report.errors == 0)
		result = told(err, statements_add(to, from, v, n));
	else
		snprintf(compiler_said, sizeof(compiler_said), "%s",
			 report.text);
	keep(v, n);
	config_report_free(&report);
	return result;
}

int try_change(struct statements *s, const char *text, struct error *err)
{
	struct statements next = { 0 };

	if (add_change(&next, s, text, err) != 0)
		return -1;
	statements_free(s);
	*s = next;
	return 0;
}

void make_change(struct statements *s, const char *text)
{
	struct error err;

	if (try_change(s, text, &err) != 0)
		fail_msg("%s: %s%s", text, err.text, compiler_said);
}

void expect_text(struct statements *s, const char *want)
{
	char *text = statements_text(s);

	assert_string_equal(text, want);
	free(text);
}

const char *undone(struct statements *s, unsigned int change, unsigned int want)
{
	static char text[512];
	struct statements next = { 0 };
	struct error err = { "" };
	char *gone = NULL;

	assert_int_equal(told(&err,
			      statements_undo(&next, s, &change, &gone)) == 0,
			 want != 0);
	if (want != 0)
		assert_int_equal(change, want);
	snprintf(text, sizeof(text), "%s", want != 0 ? gone : err.text);
	free(gone);
	if (want == 0)
		return text;
	statements_free(s);
	*s = next;
	return text;
}

int statement_setup(void **state)
{
	struct config_report report;

	(void)state;
	sys = rig_compile(topology, &report);
	config_report_free(&report);
	return sys != NULL ? 0 : -1;
}

int statement_teardown(void **state)
{
	(void)state;
	while (parts != NULL) {
		struct part *p = parts;

		parts = p->next;
		config_changes_free(p->v, p->n);
		free(p);
	}
	system_free(sys);
	return 0;
}
