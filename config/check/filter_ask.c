/* SPDX-License-Identifier: BSD-2-Clause */
/* Expressions with names: see filter.h. */
#include "config/check/filter.h"

#include <string.h>

#include "config/check/helpers.h"

int filter_limit_ms = 4000;

/* An expression with names; @known: from @t->base. */
struct topo_asked {
	struct topo_asked *next;
	const char *text;
	bool known;
	struct filter_answer answer;
};

/* --- words -------------------------------------------------------------- */

static const char signs[] = " \t\n()[]!&|=<>+-*/%^,";

const char *filter_word(const char *text, const char *word)
{
	size_t len;

	for (; *text; text += len) {
		text += strspn(text, signs);
		len = strcspn(text, signs);
		if (len == strlen(word) && strncmp(text, word, len) == 0)
			return text;
	}
	return NULL;
}

/* May libpcap look something up?  A word too few here costs a process. */
static bool has_names(const char *e)
{
	static const char known[] =
		"and or not src dst host net port portrange proto ether ip ip6 "
		"arp rarp tcp udp sctp icmp icmp6 igmp vlan mpls multicast "
		"broadcast inbound outbound less greater len mask stp pim vrrp "
		"carp icmptype icmpcode icmp6type icmp6code tcpflags syn ack "
		"fin rst push urg protochain";
	char word[32];
	size_t len;

	for (; *e; e += len) {
		e += strspn(e, signs);
		len = strcspn(e, signs);
		if (*e == '\\' || len >= sizeof(word))
			return true;
		memcpy(word, e, len);
		word[len] = '\0';
		/* Numbers and addresses. */
		if (word[strspn(word, "0123456789abcdefx.")] == '\0' ||
		    strchr(word, ':'))
			continue;
		if (!filter_word(known, word))
			return true;
	}
	return false;
}

/* --- expressions -------------------------------------------------------- */

const struct filter_answer *filter_answered(const struct topology *t,
					    const char *expression)
{
	const struct topo_asked *a;

	for_each(a, t->asked) {
		if (strcmp(a->text, expression) == 0)
			return &a->answer;
	}
	return NULL;
}

/* @insn: NULL: it is still to be asked. */
static void note(struct topology *t, const char *text, const void *insn,
		 uint32_t n)
{
	struct topo_asked *a;

	if (!text || strlen(text) >= SYS_PATH || filter_answered(t, text) ||
	    !(insn ? n : has_names(text)))
		return;
	a = arena_alloc(t->arena,
			insn ? offsetof(struct topo_asked, answer.insn) +
					n * sizeof(a->answer.insn[0])
			     : sizeof(*a));
	a->text = text;
	a->known = insn;
	a->answer.n = n;
	if (insn)
		memcpy(a->answer.insn, insn, n * sizeof(a->answer.insn[0]));
	topo_append(t->asked, a);
}

static void note_base(struct topology *t, const struct system *base)
{
	for (size_t i = 0; i < base->n_policies; i++) {
		const struct policy_image *image = &base->policy[i].image;

		for (uint32_t k = 0; k < image->n_rules; k++)
			note(t, base->policy[i].rule[k].text,
			     &image->insn[image->rule[k].first],
			     image->rule[k].n);
	}
	for (size_t i = 0; i < base->n_pds; i++) {
		for (uint32_t k = 0; k < base->pd[i].n_comps; k++) {
			const struct sys_component *c = &base->pd[i].comp[k];

			if (c->kind == SYS_CAPTURE)
				note(t, c->capture.filter_text,
				     c->capture.filter, c->capture.n_filter);
		}
	}
}

/* --- processes ---------------------------------------------------------- */

/* What they share with the compiler: of each expression that is asked. */
struct asking {
	const struct topology *t;
	struct {
		bool done;
		struct filter_answer answer;
	} * of;
};

static void ask(void *ctx, unsigned int number)
{
	struct asking *asking = ctx;
	const struct topo_asked *a;
	unsigned int i = 0;

	for_each(a, asking->t->asked) {
		if (a->known || i++ != number)
			continue;
		filter_ask(a->text, &asking->of[number].answer);
		__atomic_store_n(&asking->of[number].done, true,
				 __ATOMIC_RELEASE);
		return;
	}
}

static void take(struct topo_asked *a, const struct asking *asking,
		 unsigned int i)
{
	if (__atomic_load_n(&asking->of[i].done, __ATOMIC_ACQUIRE)) {
		a->answer = asking->of[i].answer;
		return;
	}
	a->answer.failed = true;
	snprintf(a->answer.error, sizeof(a->answer.error),
		 "names were not looked up within %g s, the limit for all "
		 "filters together",
		 filter_limit_ms / 1000.0);
}

void filter_ask_all(struct topology *t)
{
	const struct topo_port *port;
	const struct topo_rule *rule;
	struct asking asking = { .t = t };
	struct topo_asked *a;
	unsigned int n = 0;

	if (t->base)
		note_base(t, t->base);
	for_each_port(port, t)
		note(t, port->capture.filter.arg.text, NULL, 0);
	for_each(rule, t->rules)
		note(t, rule->when ? rule->when->text : NULL, NULL, 0);
	for_each(a, t->asked)
		n += !a->known;
	if (!n)
		return;
	asking.of = helpers_share(n * sizeof(asking.of[0]));
	helpers_run("weir-resolve", n, ask, &asking, filter_limit_ms);
	n = 0;
	for_each(a, t->asked) {
		if (!a->known)
			take(a, &asking, n++);
	}
	helpers_unshare(asking.of, n * sizeof(asking.of[0]));
}
