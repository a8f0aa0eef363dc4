/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filters: expressions of pcap-filter(7), compiled by libpcap for Ethernet.
 *
 * They are compiled when the topology is read, so that a mistake is found then,
 * and so that neither the switch nor a process that captures needs a compiler.
 *
 * libpcap looks up the names in an expression, for as long as the resolver
 * takes.  So expressions with names are compiled in processes of their own,
 * several at a time, which are killed when the time for all of them is up.
 */
#ifndef WEIR_CONFIG_FILTER_H
#define WEIR_CONFIG_FILTER_H

#include <pcap/pcap.h>

#include "config/lang/topology.h"

enum filter_use {
	FILTER_CAPTURE, /* run by libpcap, on whole frames */
	FILTER_RULE,	/* run by the switch, on the head of a frame */
};

/**
 * struct filter_answer - what libpcap makes of an expression
 * @error: its words; "": it is right
 * @failed: @error has other words: it has not come to an answer
 * @n:     instructions; what exceeds SYS_FILTER_MAX is not in @insn
 */
struct filter_answer {
	char error[PCAP_ERRBUF_SIZE];
	bool failed;
	uint32_t n;
	struct cbpf_insn insn[SYS_FILTER_MAX];
};

/*
 * Milliseconds for all expressions with names: less than an instance gives a
 * change (CONTROL_TIMEOUT_NS).  Tests have less patience.
 */
extern int filter_limit_ms;

/* Has libpcap compile an expression. */
void filter_ask(const char *expression, struct filter_answer *answer);
/*
 * Has all expressions with names compiled, within filter_limit_ms, that
 * @t->base does not have: names mean what they meant.
 */
void filter_ask_all(struct topology *t);
/* The answer to one of all these; NULL if it is none. */
const struct filter_answer *filter_answered(const struct topology *t,
					    const char *expression);

/**
 * filter_compile - make a program of an expression
 * @text: the expression; its text may be NULL, which has been reported
 * @out:  @n is 0 for a rule that matches every frame; a warning says so
 *
 * Return: false if there is none; that has been reported.
 */
bool filter_compile(struct topology *t, const struct name *text,
		    enum filter_use use, struct filter *out);

/* Are two programs one? */
bool filter_same(const struct filter *a, const struct filter *b);
/* Where an expression has a word, or NULL. */
const char *filter_word(const char *text, const char *word);

#endif
