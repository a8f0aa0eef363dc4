/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filters: expressions of pcap-filter(7), compiled by libpcap for Ethernet.
 *
 * They are compiled when the topology is read, so that a mistake is found then,
 * and so that neither the switch nor a process that captures needs a compiler.
 */
#ifndef WEIR_CONFIG_FILTER_H
#define WEIR_CONFIG_FILTER_H

#include "config/lang/hosts.h"
#include "config/lang/topology.h"

enum filter_use {
	FILTER_CAPTURE, /* run by libpcap, on whole frames */
	FILTER_RULE,	/* run by the switch, on the head of a frame */
};

/**
 * filter_note_hosts - add the names of hosts in an expression to @t->hosts
 *
 * To be called for all expressions before filter_compile() for the first one.
 * One that is a syntax error, or that @t->base has already, has none.
 */
void filter_note_hosts(struct topology *t, const struct name *text,
		       enum filter_use use);

/**
 * filter_compile - make a program of an expression
 * @text: the expression; its text may be NULL, which has been reported
 * @out:  @n is 0 for a rule that matches every frame; a warning says so
 *
 * Expressions @t->base has already are taken from there, so that names in them
 * mean what they meant.
 *
 * Return: false if there is none; that has been reported.
 */
bool filter_compile(struct topology *t, const struct name *text,
		    enum filter_use use, struct filter *out);

/**
 * filter_same - are two programs one?
 */
bool filter_same(const struct filter *a, const struct filter *b);

/* --- words of an expression (config/filter_words.c) -------------------------- */

/**
 * struct filter_spot - a place in an expression
 * @at:  octets before it
 * @len: octets of it
 */
struct filter_spot {
	size_t at;
	size_t len;
};

/**
 * filter_next - the word or sign at or behind a place
 * @at:          octets before the place
 * @in_brackets: it is inside of [ ]
 *
 * Return: false at the end.
 */
bool filter_next(const char *text, size_t at, bool in_brackets,
		 struct filter_spot *spot);

/**
 * filter_is_keyword - is a word one of the language?
 */
bool filter_is_keyword(const char *text, size_t len);

/**
 * filter_is_name - is it looked up: no number, no address, no keyword?
 */
bool filter_is_name(const char *word, size_t len);

/**
 * filter_find - find a word of an expression
 * @word: @len octets
 *
 * Return: false if it does not stand there as a word of its own.
 */
bool filter_find(const char *text, const char *word, size_t len,
		 struct filter_spot *spot);

/* --- names of hosts (config/filter_hosts.c) --------------------------------- */

/**
 * struct filter_hosts - a walk over the names of hosts in an expression
 * @text:     the expression; the rest is zero to begin with
 * @spot:     the name
 * @family:   addresses that can stand there
 * @other:    a name here would not be one of a host
 * @complete: the next qualifier begins another operand
 * @brackets: [ ] that are open
 */
struct filter_hosts {
	const char *text;
	struct filter_spot spot;
	enum host_family family;
	bool other;
	bool complete;
	unsigned int brackets;
};

/**
 * filter_next_host - go on to the next name
 *
 * Return: false if there is none.
 */
bool filter_next_host(struct filter_hosts *h);

/**
 * filter_without_names - the same with some address for each host
 *
 * It is right or wrong as the expression is, and nothing is looked up for it.
 */
const char *filter_without_names(struct arena *a, const char *text);

/**
 * filter_with_addresses - the same with the addresses of each host
 * @bad: out: a host without
 * @why: out: the reason
 *
 * Return: NULL if there is one without.
 */
const char *filter_with_addresses(struct arena *a, const struct hosts *hosts,
				  const char *text, struct filter_spot *bad,
				  const char **why);

#endif
