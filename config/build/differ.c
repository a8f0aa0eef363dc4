/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What keeps one system from becoming another while it runs.
 *
 * Each system's dump begins with facts: what a user has a name for, a property
 * of it, and its value.  Two lists of facts are compared line by line.  What
 * only follows from another difference, such as numbers that a new port shifts,
 * is not among the facts.  If they are all the same, the systems are compared
 * byte by byte, so that nothing without a fact is overlooked.  Policies, and
 * positions in files, may differ.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "config/build/build.h"

/* One property of a thing. */
struct fact {
	const char *thing; /* "port sw0.alice" */
	const char *what;  /* "mtu"; "": the thing itself */
	const char *value; /* "": @what is there, and would not be otherwise */
};

/* Those of one system, in the order in which they are told. */
struct facts {
	char *text;
	size_t size;
	struct fact *v;
	struct fact *sorted; /* by @thing and @what */
	size_t n;
};

static int by_name(const void *a, const void *b)
{
	const struct fact *x = a, *y = b;
	int order = strcmp(x->thing, y->thing);

	return order ? order : strcmp(x->what, y->what);
}

static void gather(struct facts *f, const struct system *sys)
{
	FILE *out = open_memstream(&f->text, &f->size);
	size_t n = 0;
	char *p;

	if (!out)
		out_of_memory();
	dump_facts(sys, out);
	if (fclose(out) != 0)
		out_of_memory();
	p = f->text;
	for (size_t i = 0; i < f->size; i++)
		n += p[i] == '\n';
	f->v = must_alloc(n, sizeof(*f->v));
	f->sorted = must_alloc(n, sizeof(*f->v));
	while (f->n < n) {
		f->v[f->n].thing = strsep(&p, "\t");
		f->v[f->n].what = strsep(&p, "\t");
		f->v[f->n++].value = strsep(&p, "\n");
	}
	memcpy(f->sorted, f->v, n * sizeof(*f->v));
	qsort(f->sorted, n, sizeof(*f->v), by_name);
}

static void release(struct facts *f)
{
	free(f->text);
	free(f->v);
	free(f->sorted);
}

/* --- telling ------------------------------------------------------------- */

/* @a becomes @b, and @n differences have been found, of which @out has some. */
struct diff {
	struct facts a;
	struct facts b;
	FILE *out;
	unsigned int n;
};

__attribute__((format(printf, 2, 3))) static void say(struct diff *d,
						      const char *format, ...)
{
	va_list args;

	if (d->n++ >= REPORT_MAX)
		return;
	va_start(args, format);
	vfprintf(d->out, format, args);
	va_end(args);
	fputc('\n', d->out);
}

static const struct fact *find(const struct facts *f, const char *thing,
			       const char *what)
{
	struct fact key = { .thing = thing, .what = what };

	return bsearch(&key, f->sorted, f->n, sizeof(key), by_name);
}

static bool in_both(const struct diff *d, const char *thing)
{
	return find(&d->a, thing, "") && find(&d->b, thing, "");
}

/* Ports come and go with their switch or link, which is told. */
static bool comes_with_another(const struct diff *d, const struct fact *port)
{
	char sw[SYS_NAME] = "switch ";

	if (sscanf(port->thing, "port %100[^.]", sw + strlen(sw)) != 1)
		return false;
	return strcmp(port->value, "link") == 0 || !in_both(d, sw);
}

/* A fact of one list that the other does not have. */
static void tell_missing(struct diff *d, const struct fact *fact,
			 const char *which)
{
	if (!*fact->what) {
		if (!comes_with_another(d, fact))
			say(d, "%s is %s", fact->thing, which);
	} else if (!in_both(d, fact->thing)) {
		return;
	} else if (!*fact->value) {
		say(d, "%s: %s is %s", fact->thing, fact->what, which);
	} else if (strcmp(fact->value, "of") == 0 && in_both(d, fact->what)) {
		say(d, "%s: \"of %s\" is %s", fact->thing,
		    fact->what + strlen("port "), which);
	}
}

static void tell_changed(struct diff *d, const struct fact *a,
			 const struct fact *b)
{
	/* It may follow from another mtu. */
	if (strcmp(a->value, b->value) == 0 ||
	    (d->n && strcmp(a->what, "capture's mtu") == 0))
		return;
	say(d, "%s:%s%s %s becomes %s", a->thing, *a->what ? " " : "", a->what,
	    a->value, b->value);
}

static void tell_facts(struct diff *d)
{
	for (size_t i = 0; i < d->b.n; i++) {
		const struct fact *b = &d->b.v[i];

		if (!find(&d->a, b->thing, b->what))
			tell_missing(d, b, "new");
	}
	for (size_t i = 0; i < d->a.n; i++) {
		const struct fact *a = &d->a.v[i];
		const struct fact *b = find(&d->b, a->thing, a->what);

		if (b)
			tell_changed(d, a, b);
		else
			tell_missing(d, a, "gone");
	}
}

/* --- everything ---------------------------------------------------------- */

/* Plain data, and zero where nothing is said. */
#define SAME(a, b, v, n)                                                       \
	((a)->n == (b)->n &&                                                   \
	 (!(a)->n || memcmp((a)->v, (b)->v, (a)->n * sizeof(*(a)->v)) == 0))

/* A switch's tables are facts, but for the seed: its back-end makes it up. */
static bool same_component(const struct sys_component *a,
			   const struct sys_component *b)
{
	const size_t config = offsetof(struct sys_component, sw);
	const size_t rest = a->kind == SYS_SWITCH
				    ? offsetof(struct sys_component, sw.number)
				    : config;

	return memcmp(a, b, config) == 0 &&
	       memcmp((const char *)a + rest, (const char *)b + rest,
		      sizeof(*a) - rest) == 0;
}

static bool same_pd(const struct sys_pd *a, const struct sys_pd *b)
{
	bool same = a->poll_us == b->poll_us && a->together == b->together &&
		    memcmp(&a->cpus, &b->cpus, sizeof(a->cpus)) == 0 &&
		    a->n_comps == b->n_comps && SAME(a, b, map, n_maps) &&
		    SAME(a, b, chan, n_chans);

	for (uint32_t k = 0; same && k < a->n_comps; k++)
		same = same_component(&a->comp[k], &b->comp[k]);
	return same;
}

static bool same_data(const struct system *a, const struct system *b)
{
	bool same = a->n_pds == b->n_pds && a->n_conns == b->n_conns &&
		    SAME(a, b, region, n_regions) &&
		    SAME(a, b, channel, n_channels);

	for (size_t i = 0; same && i < a->n_pds; i++)
		same = same_pd(&a->pd[i], &b->pd[i]);
	for (size_t i = 0; same && i < a->n_conns; i++)
		same = memcmp(&a->conn[i], &b->conn[i],
			      offsetof(struct sys_conn, line)) == 0;
	return same;
}

unsigned int config_differs(const struct system *a, const struct system *b,
			    char **why)
{
	struct diff d = { .n = 0 };
	size_t size;

	d.out = open_memstream(why, &size);
	if (!d.out)
		out_of_memory();
	gather(&d.a, a);
	gather(&d.b, b);
	tell_facts(&d);
	/* They are all the same. */
	if (d.n == 0 &&
	    (d.a.size != d.b.size || memcmp(d.a.text, d.b.text, d.a.size) != 0))
		say(&d, "switches, ports, links or domains stand in another "
			"order");
	else if (d.n == 0 && !same_data(a, b))
		say(&d, "what is shared between switches and ports changes");
	if (d.n > REPORT_MAX)
		fprintf(d.out, "... and %u more\n", d.n - REPORT_MAX);
	if (fclose(d.out) != 0)
		out_of_memory();
	release(&d.a);
	release(&d.b);
	return d.n;
}
