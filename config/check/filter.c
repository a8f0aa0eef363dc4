/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libpcap compiles; what is done here is to say what is wrong with an expression
 * in a way that helps, and to refuse what libpcap compiles but the switch cannot
 * run.
 */
#include "config/check/filter.h"

#include <pcap/pcap.h>
#include <string.h>

_Static_assert(sizeof(struct cbpf_insn) == sizeof(struct bpf_insn),
	       "libpcap's instructions are ours");
_Static_assert(sizeof(struct cbpf_insn) == sizeof(struct sys_insn),
	       "and so are a capture's");

/* --- what libpcap refuses ------------------------------------------------ */

/* What to do, by what libpcap says. */
static const char *remedy(const char *said)
{
	static const struct {
		const char *said;
		const char *remedy;
	} known[] = {
		{ "rejects all packets",
		  "is an \"and\" meant to be an \"or\"?" },
		{ "netmask not known",
		  "a switch has no netmask: write \"ether broadcast\", or the "
		  "address: dst host 10.0.0.255" },
		{ "supported on",
		  "the frames of a switch are Ethernet, without more in front "
		  "of it" },
		{ "", "pcap-filter(7) describes the language" },
	};
	size_t i = 0;

	while (!strstr(said, known[i].said))
		i++;
	return known[i].remedy;
}

/* --- what cannot be run here ---------------------------------------------- */

static void report_direction(struct topology *t, const struct name *text,
			     enum filter_use use)
{
	report_error(t->report, text->pos,
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
		report_error(t->report, text->pos,
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
	const char *said;
	bool ok = false;

	if (!pcap)
		out_of_memory();
	if (pcap_compile(pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN)) {
		said = pcap_geterr(pcap);
		report_error(t->report, text->pos,
			     "libpcap does not accept \"%s\": %s; %s",
			     text->text, said, remedy(said));
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
		report_error(t->report, text->pos,
			     "\"gateway\" cannot be used in a filter; write "
			     "\"ether host MAC and not host ADDRESS\"");
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
		report_error(t->report, text->pos, "host \"%.*s\" %s",
			     (int)bad.len, text->text + bad.at, why);
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
