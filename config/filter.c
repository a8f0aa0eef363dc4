/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libpcap compiles; what is done here is to say what is wrong with an expression
 * in a way that helps, and to refuse what libpcap compiles but the switch cannot
 * run.
 */
#include "config/filter.h"

#include <pcap/pcap.h>
#include <string.h>

_Static_assert(sizeof(struct cbpf_insn) == sizeof(struct bpf_insn),
	       "libpcap's instructions are ours");
_Static_assert(sizeof(struct cbpf_insn) == sizeof(struct sys_insn),
	       "and so are a capture's");

#define MANUAL "; pcap-filter(7) describes the language"

/* --- places -------------------------------------------------------------- */

/* Characters, not octets. */
static unsigned int columns(const char *text, size_t octets)
{
	unsigned int n = 0;

	for (size_t i = 0; i < octets; i++)
		n += ((unsigned char)text[i] & 0xc0) != 0x80;
	return n;
}

/* A place inside an expression, behind its quote; a macro has no inside. */
static struct pos place(const struct name *text, const struct filter_spot *spot)
{
	struct pos at = text->pos;

	if (!text->macro)
		at.column += 1 + columns(text->text, spot->at);
	return at;
}

/* What is added to a message about an expression that is not to be seen there. */
static const char *in_macro(struct topology *t, const struct name *text)
{
	return text->macro ? arena_printf(t->arena, " (in \"%s\")", text->text)
			   : "";
}

/* Where the word is, or the expression if it is not in there. */
static struct pos place_of(const struct name *text, const char *word)
{
	struct filter_spot spot;

	if (filter_find(text->text, word, strlen(word), &spot))
		return place(text, &spot);
	return text->pos;
}

/* --- what libpcap refuses ------------------------------------------------ */

static void report_syntax(struct topology *t, const struct name *text)
{
	const char *where = in_macro(t, text), *word;
	struct filter_spot spot;
	struct guess g = { 0 };

	if (!report_tells(t->report, text->pos) ||
	    !filter_syntax(t->arena, text->text, &spot)) {
		report_error(t->report, text->pos,
			     "libpcap does not understand this filter%s" MANUAL,
			     where);
		return;
	}
	if (!spot.len) {
		report_error(
			t->report, place(text, &spot),
			"the filter ends where more should follow%s" MANUAL,
			where);
		return;
	}
	word = arena_strndup(t->arena, text->text + spot.at, spot.len);
	g.wanted = word;
	filter_guess(&g);
	if (g.best && strcmp(g.best, word) != 0)
		report_error(t->report, place(text, &spot),
			     "\"%s\" is no word of filters%s; did you mean "
			     "\"%s\"?",
			     word, where, g.best);
	else
		report_error(t->report, place(text, &spot),
			     "\"%s\" cannot stand here in a filter%s" MANUAL,
			     word, where);
}

static void report_refused(struct topology *t, const struct name *text,
			   const char *said)
{
	struct filter_spot spot;
	struct pos at = text->pos;
	const char *where = in_macro(t, text);

	if (strstr(said, "syntax error")) {
		report_syntax(t, text);
		return;
	}
	if (filter_quoted(text->text, said, &spot))
		at = place(text, &spot);
	if (strstr(said, "rejects all packets"))
		report_error(t->report, at,
			     "no frame can match this filter%s; is an \"and\" "
			     "meant to be an \"or\"?",
			     where);
	else if (strstr(said, "netmask not known"))
		report_error(
			t->report, place_of(text, "broadcast"),
			"\"ip broadcast\" takes a netmask, and a switch has "
			"none%s; write \"ether broadcast\", or the "
			"address: dst host 10.0.0.255",
			where);
	else if (strstr(said, "supported on"))
		report_error(t->report, at,
			     "%s%s; the frames of a switch are Ethernet, "
			     "without more in front of it",
			     said, where);
	else
		report_error(t->report, at,
			     "libpcap does not accept this filter: %s%s" MANUAL,
			     said, where);
}

/* --- what cannot be run here ---------------------------------------------- */

static void report_direction(struct topology *t, const struct name *text,
			     enum filter_use use)
{
	struct pos at = place_of(text, "inbound");

	if (at.column == text->pos.column)
		at = place_of(text, "outbound");
	report_error(t->report, at,
		     "\"inbound\" and \"outbound\" are directions of an "
		     "interface; %s",
		     use == FILTER_CAPTURE ? "name the ports that send "
					     "instead: capture \"FILE\" of PORT"
					   : "a rule says itself who sends: "
					     "allow PORT -> PORT");
}

static void report_deep(struct topology *t, const struct name *text,
			uint32_t need)
{
	if (need == CBPF_ALL)
		report_error(t->report, text->pos,
			     "the filter works out where in a frame it looks, "
			     "and that can be anywhere; the switch looks at "
			     "the first %u octets: name fixed places",
			     FRAME_SNAP_MAX);
	else
		report_error(
			t->report, text->pos,
			"the filter looks at octet %u of a frame, counted "
			"from 0; the switch looks at the first %u: ask for "
			"something further in front",
			need - 1, FRAME_SNAP_MAX);
}

/* Captures are run by libpcap, which can do more. */
static bool can_switch_run(struct topology *t, const struct name *text,
			   const struct cbpf_report *report)
{
	if (report->error == CBPF_BACKWARD)
		report_error(t->report, place_of(text, "protochain"),
			     "\"protochain\" takes a loop, which the switch "
			     "does not run; name the protocol with \"proto\"");
	else if (report->error != CBPF_NONE)
		report_error(t->report, text->pos,
			     "libpcap compiles this filter to a program whose "
			     "instruction %u %s",
			     report->at, cbpf_error_text(report->error));
	else if (report->need > FRAME_SNAP_MAX)
		report_deep(t, text, report->need);
	else
		return true;
	return false;
}

static bool can_run(struct topology *t, const struct name *text,
		    enum filter_use use, const struct bpf_program *program,
		    uint32_t *need)
{
	struct cbpf_report report;

	cbpf_validate((const struct cbpf_insn *)program->bf_insns,
		      program->bf_len, &report);
	*need = report.need;
	if (program->bf_len > SYS_FILTER_MAX) {
		report_error(t->report, text->pos,
			     "the filter takes %u instructions; %d are "
			     "possible",
			     program->bf_len, SYS_FILTER_MAX);
		return false;
	}
	if (report.error == CBPF_ANCILLARY) {
		report_direction(t, text, use);
		return false;
	}
	return use == FILTER_CAPTURE || can_switch_run(t, text, &report);
}

/* --- compiling ----------------------------------------------------------- */

static void keep(struct topology *t, struct filter *out, const void *insn,
		 uint32_t n)
{
	out->n = n;
	out->insn = arena_alloc(t->arena, n * sizeof(*out->insn));
	memcpy(out->insn, insn, n * sizeof(*out->insn));
}

bool filter_same(const struct filter *a, const struct filter *b)
{
	return a->n == b->n && (!a->n || memcmp(a->insn, b->insn,
						a->n * sizeof(*a->insn)) == 0);
}

/* @text as the user wrote it, @expression as it is compiled. */
static bool compile(struct topology *t, const struct name *text,
		    const char *expression, enum filter_use use,
		    struct filter *out)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	struct bpf_program program;
	bool ok = false;

	if (!pcap)
		out_of_memory();
	if (pcap_compile(pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN)) {
		report_refused(t, text,
			       arena_printf(t->arena, "%s", pcap_geterr(pcap)));
	} else {
		ok = can_run(t, text, use, &program, &out->need);
		if (ok)
			keep(t, out, program.bf_insns, program.bf_len);
		pcap_freecode(&program);
	}
	pcap_close(pcap);
	return ok;
}

/* One instruction is a verdict about every frame; "no" has been refused. */
static void drop_tautology(struct topology *t, const struct name *text,
			   struct filter *f)
{
	if (f->n != 1)
		return;
	report_warning(t->report, text->pos,
		       "every frame matches this filter; the rule says the "
		       "same without it");
	f->n = 0;
	f->need = 0;
}

/* --- what has been compiled before ---------------------------------------- */

static bool find_rule(struct topology *t, const char *text, struct filter *out)
{
	for (size_t i = 0; i < t->base->n_policies; i++) {
		const struct sys_policy *policy = &t->base->policy[i];
		const struct policy_image *image = &policy->image;

		for (uint32_t k = 0; k < image->n_rules; k++) {
			const struct policy_rule *rule = &image->rule[k];

			if (strcmp(policy->rule[k].text, text) != 0)
				continue;
			keep(t, out, &image->insn[rule->first], rule->n);
			out->need = policy->rule[k].need;
			return true;
		}
	}
	return false;
}

static bool find_capture(struct topology *t, const char *text,
			 struct filter *out)
{
	for (size_t i = 0; i < t->base->n_pds; i++) {
		const struct sys_pd *pd = &t->base->pd[i];

		for (uint32_t k = 0; k < pd->n_comps; k++) {
			const struct sys_capture *c = &pd->comp[k].capture;

			if (pd->comp[k].kind != SYS_CAPTURE ||
			    strcmp(c->filter_text, text) != 0)
				continue;
			keep(t, out, c->filter, c->n_filter);
			return true;
		}
	}
	return false;
}

static bool find_compiled(struct topology *t, const char *text,
			  enum filter_use use, struct filter *out)
{
	if (!t->base)
		return false;
	if (use == FILTER_CAPTURE)
		return find_capture(t, text, out);
	return find_rule(t, text, out);
}

/* --- names of hosts ------------------------------------------------------- */

/* An empty one, or one that is too long, is not looked at any further. */
static bool is_usable(const char *e)
{
	return e && e[strspn(e, " \t")] && strlen(e) < SYS_PATH;
}

static bool is_syntax(const char *e)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	struct bpf_program program;
	bool ok = true;

	if (!pcap)
		out_of_memory();
	if (pcap_compile(pcap, &program, e, 0, PCAP_NETMASK_UNKNOWN) == 0)
		pcap_freecode(&program);
	else
		ok = !strstr(pcap_geterr(pcap), "syntax error");
	pcap_close(pcap);
	return ok;
}

void filter_note_hosts(struct topology *t, const struct name *text,
		       enum filter_use use)
{
	struct filter_hosts h = { .text = text->text };
	struct filter unused;

	if (!is_usable(h.text) || !filter_next_host(&h) ||
	    find_compiled(t, h.text, use, &unused) ||
	    !is_syntax(filter_without_names(t->arena, h.text)))
		return;
	do
		hosts_add(&t->hosts, t->arena, h.text + h.spot.at, h.spot.len);
	while (filter_next_host(&h));
}

/* The expression for libpcap, or NULL if that cannot be made. */
static const char *look_up(struct topology *t, const struct name *text)
{
	const char *e, *why;
	struct filter_spot bad;

	/* It asks the host's resolver and then its ethers(5). */
	if (filter_find(text->text, "gateway", 7, &bad)) {
		report_error(t->report, place(text, &bad),
			     "\"gateway\" cannot be used in a filter%s; write "
			     "\"ether host MAC and not host ADDRESS\"",
			     in_macro(t, text));
		return NULL;
	}
	e = filter_without_names(t->arena, text->text);
	if (e == text->text)
		return e;
	/* What is no filter has its message from libpcap. */
	if (!is_syntax(e))
		return e;
	e = filter_with_addresses(t->arena, &t->hosts, text->text, &bad, &why);
	if (!e)
		report_error(t->report, place(text, &bad), "host \"%.*s\"%s %s",
			     (int)bad.len, text->text + bad.at,
			     in_macro(t, text), why);
	return e;
}

/* --- all of it ------------------------------------------------------------ */

bool filter_compile(struct topology *t, const struct name *text,
		    enum filter_use use, struct filter *out)
{
	const char *e = text->text;

	if (!e)
		return false;
	if (!e[strspn(e, " \t")]) {
		report_error(t->report, text->pos,
			     "the filter is empty; leave it out to %s",
			     use == FILTER_CAPTURE ? "record everything"
						   : "mean every frame");
		return false;
	}
	if (strlen(e) >= SYS_PATH) {
		report_error(t->report, text->pos,
			     "the filter has %zu characters; %d are possible",
			     strlen(e), SYS_PATH - 1);
		return false;
	}
	if (find_compiled(t, e, use, out))
		return true;
	e = look_up(t, text);
	if (!e || !compile(t, text, e, use, out))
		return false;
	if (use == FILTER_CAPTURE)
		return true;
	drop_tautology(t, text, out);
	return true;
}
