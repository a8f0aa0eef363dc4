/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Captures: the ports they watch and the filter they record through.
 *
 * The filter is compiled here, by libpcap, so that a mistake in it is found
 * when the topology is read and the process that captures needs no compiler.
 */
#include "config/check.h"

#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>

#include "config/value.h"
#include "policy/cbpf.h"

static void watch(struct topology *t, struct topo_port *capture,
		  const struct name *ref)
{
	const struct topo_port *port = resolve_port(t, capture->sw, ref);

	if (!port || port->number >= VSWITCH_MAX_PORTS)
		return;
	if (port == capture)
		report_error(t->report, ref->pos,
			     "a capture cannot watch itself; name other ports "
			     "of switch %s, or \"of all\"",
			     name_shown(&port->sw->name));
	else if (port->sw != capture->sw)
		report_error(t->report, ref->pos,
			     "port \"%s\" is on another switch; a capture "
			     "watches ports of its own, %s",
			     ref->text, name_shown(&capture->sw->name));
	else if (port->kind == TO_CAPTURE)
		report_error(
			t->report, ref->pos,
			"port \"%s\" is a capture itself; it has no frames "
			"of its own to watch",
			ref->text);
	else if (capture->capture.mask & 1ull << port->number)
		report_warning(t->report, ref->pos,
			       "port \"%s\" is in this list twice", ref->text);
	else
		capture->capture.mask |= 1ull << port->number;
}

static void watch_all(struct topo_port *capture)
{
	const struct topo_port *port;

	for_each(port, capture->sw->ports) {
		if (port->kind != TO_CAPTURE &&
		    port->number < VSWITCH_MAX_PORTS)
			capture->capture.mask |= 1ull << port->number;
	}
}

/* --- filters ------------------------------------------------------------- */

static void keep_program(struct topology *t, struct topo_capture *c,
			 const struct bpf_program *program)
{
	c->insn = arena_alloc(t->arena, program->bf_len * sizeof(*c->insn));
	c->n_insn = program->bf_len;
	for (uint32_t i = 0; i < program->bf_len; i++) {
		const struct bpf_insn *insn = &program->bf_insns[i];

		c->insn[i].code = insn->code;
		c->insn[i].jt = insn->jt;
		c->insn[i].jf = insn->jf;
		c->insn[i].k = insn->k;
	}
}

_Static_assert(sizeof(struct cbpf_insn) == sizeof(struct bpf_insn),
	       "libpcap's instructions are ours");

/*
 * "inbound" and "outbound" are questions to Linux's packet sockets, asked at an
 * offset no frame has: libpcap compiles them, and nothing would ever match.
 */
static bool asks_linux(const struct bpf_program *program)
{
	struct cbpf_report report;

	return !cbpf_validate((const struct cbpf_insn *)program->bf_insns,
			      program->bf_len, &report) &&
	       report.error == CBPF_ANCILLARY;
}

static void compile_filter(struct topology *t, struct topo_capture *c)
{
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, 65535);
	struct bpf_program program;
	const struct name *text = &c->filter_text;

	if (!pcap) {
		report_error(t->report, text->pos,
			     "libpcap cannot be used: out of memory");
		return;
	}
	if (pcap_compile(pcap, &program, text->text, 1, PCAP_NETMASK_UNKNOWN) !=
	    0) {
		report_error(t->report, text->pos,
			     "libpcap does not accept this filter: %s; "
			     "pcap-filter(7) describes the language",
			     pcap_geterr(pcap));
	} else {
		if (program.bf_len > SYS_FILTER_MAX)
			report_error(t->report, text->pos,
				     "the filter takes %u instructions; %d are "
				     "possible",
				     program.bf_len, SYS_FILTER_MAX);
		else if (asks_linux(&program))
			report_error(t->report, text->pos,
				     "\"inbound\" and \"outbound\" are "
				     "directions of an interface; name the "
				     "ports that send instead: capture "
				     "\"FILE\" of PORT");
		else
			keep_program(t, c, &program);
		pcap_freecode(&program);
	}
	pcap_close(pcap);
}

static void check_filter(struct topology *t, struct topo_capture *c)
{
	const char *text = c->filter_text.text;

	if (!text)
		return;
	if (!text[strspn(text, " \t")])
		report_error(t->report, c->filter_text.pos,
			     "the filter is empty; leave it out to record "
			     "everything");
	else if (strlen(text) >= SYS_PATH)
		report_error(t->report, c->filter_text.pos,
			     "the filter has %zu characters; %d are possible",
			     strlen(text), SYS_PATH - 1);
	else
		compile_filter(t, c);
}

static void check_capture(struct topology *t, struct topo_port *port)
{
	struct topo_capture *c = &port->capture;
	const struct name *ref;

	if (c->all)
		watch_all(port);
	for_each(ref, c->of.first)
		watch(t, port, ref);
	if (c->all && !c->mask && !port->sw->broken && !t->broken)
		report_error(t->report, port->kind_pos,
			     "switch %s has no port to capture from",
			     name_shown(&port->sw->name));
	if (c->rotate.set && port->target.text &&
	    strcmp(port->target.text, "-") == 0)
		report_error(t->report, c->rotate.pos,
			     "standard output cannot be rotated; name a file, "
			     "or take \"rotate\" out");
	check_filter(t, c);
}

void check_captures(struct topology *t)
{
	struct topo_switch *sw;
	struct topo_port *port;

	for_each(sw, t->switches) {
		for_each(port, sw->ports) {
			if (port->kind == TO_CAPTURE)
				check_capture(t, port);
		}
	}
}
