/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libpcap compiles; what is done here is to say what can be done about its
 * errors, and to refuse what it compiles but the switch cannot run.
 */
#include "config/check/filter.h"

#include <string.h>

_Static_assert(sizeof(struct cbpf_insn) == sizeof(struct bpf_insn),
	       "libpcap's instructions are ours");
_Static_assert(sizeof(struct cbpf_insn) == sizeof(struct sys_insn),
	       "and so are a capture's");

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
		{ "'gateway' not",
		  "write \"ether host MAC and not host ADDRESS\"" },
		{ "unknown host", "write the address" },
		{ "applied to ip6 host", "write the IPv4 address" },
		{ "not looked up within", "write addresses" },
		{ "", "pcap-filter(7) describes the language" },
	};
	size_t i = 0;

	while (!strstr(said, known[i].said))
		i++;
	return known[i].remedy;
}

/* --- what cannot be run here --------------------------------------------- */

static bool report_deep(struct topology *t, struct pos at, uint32_t need)
{
	if (need == CBPF_ALL)
		wrong(t, at,
		      "the filter works out where in a frame it looks, and "
		      "that can be anywhere; the switch looks at the first %u "
		      "bytes: name fixed places",
		      FRAME_SNAP_MAX);
	else
		wrong(t, at,
		      "the filter looks at byte %u of a frame, counted from "
		      "0; the switch looks at the first %u: ask for something "
		      "further in front",
		      need - 1, FRAME_SNAP_MAX);
	return false;
}

/* Captures are run by libpcap, which can do more. */
static bool can_run(struct topology *t, struct pos at, enum filter_use use,
		    const struct filter_answer *a, uint32_t *need)
{
	struct cbpf_report report;

	if (a->n > SYS_FILTER_MAX) {
		wrong(t, at,
		      "the filter takes %u instructions; %d are possible", a->n,
		      SYS_FILTER_MAX);
		return false;
	}
	cbpf_validate(a->insn, a->n, &report);
	*need = report.need;
	if (report.error == CBPF_ANCILLARY)
		wrong(t, at,
		      "\"inbound\" and \"outbound\" are directions of an "
		      "interface; %s",
		      use == FILTER_CAPTURE
			      ? "name the ports that send instead: capture "
				"\"FILE\" of PORT"
			      : "a rule says itself who sends: allow PORT -> "
				"PORT");
	else if (use == FILTER_CAPTURE)
		return true;
	else if (report.error == CBPF_BACKWARD)
		wrong(t, at,
		      "\"protochain\" takes a loop, which the switch does not "
		      "run; name the protocol with \"proto\"");
	else if (report.error != CBPF_NONE)
		wrong(t, at,
		      "libpcap compiles this filter to a program whose "
		      "instruction %u %s",
		      report.at, cbpf_error_text(report.error));
	else
		return report.need <= FRAME_SNAP_MAX ||
		       report_deep(t, at, report.need);
	return false;
}

/* --- compiling ----------------------------------------------------------- */

bool filter_same(const struct filter *a, const struct filter *b)
{
	return a->n == b->n && (!a->n || memcmp(a->insn, b->insn,
						a->n * sizeof(*a->insn)) == 0);
}

void filter_ask(const char *expression, struct filter_answer *answer)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	struct bpf_program p;

	if (!pcap)
		out_of_memory();
	*answer->error = '\0';
	answer->failed = false;
	answer->n = 0;
	if (pcap_compile(pcap, &p, expression, 1, PCAP_NETMASK_UNKNOWN)) {
		snprintf(answer->error, sizeof(answer->error), "%s",
			 pcap_geterr(pcap));
	} else {
		answer->n = p.bf_len;
		if (p.bf_len <= SYS_FILTER_MAX)
			memcpy(answer->insn, p.bf_insns,
			       p.bf_len * sizeof(*p.bf_insns));
		pcap_freecode(&p);
	}
	pcap_close(pcap);
}

static bool compile(struct topology *t, const struct name *text,
		    enum filter_use use, struct filter *out)
{
	const struct filter_answer *a = filter_answered(t, text->text);
	struct filter_answer here;

	if (!a) {
		filter_ask(text->text, &here);
		a = &here;
	}
	if (*a->error)
		wrong(t, text->pos, "%s \"%s\": %s; %s",
		      a->failed ? "cannot compile" : "libpcap does not accept",
		      text->text, a->error, remedy(a->error));
	if (*a->error || !can_run(t, text->pos, use, a, &out->need))
		return false;
	out->n = a->n;
	out->insn = arena_alloc(t->arena, a->n * sizeof(*out->insn));
	memcpy(out->insn, a->insn, a->n * sizeof(*out->insn));
	return true;
}

bool filter_compile(struct topology *t, const struct name *text,
		    enum filter_use use, struct filter *out)
{
	const char *e = text->text;

	if (!e)
		return false;
	if (!e[strspn(e, " \t")])
		wrong(t, text->pos, "the filter is empty; leave it out to %s",
		      use == FILTER_CAPTURE ? "record everything"
					    : "mean every frame");
	else if (strlen(e) >= SYS_PATH)
		wrong(t, text->pos,
		      "the filter has %zu characters; %d are possible",
		      strlen(e), SYS_PATH - 1);
	else if (compile(t, text, use, out)) {
		/* A single instruction accepts every frame. */
		if (use == FILTER_RULE && out->n == 1) {
			warn(t, text->pos,
			     "every frame matches this filter; the rule says "
			     "the same without it");
			out->n = out->need = 0;
		}
		return true;
	}
	return false;
}
