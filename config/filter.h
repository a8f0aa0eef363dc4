/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filters: expressions of pcap-filter(7), compiled by libpcap for Ethernet.
 *
 * They are compiled when the topology is read, so that a mistake is found then,
 * and so that neither the switch nor a process that captures needs a compiler.
 */
#ifndef WEIR_CONFIG_FILTER_H
#define WEIR_CONFIG_FILTER_H

#include "config/topology.h"

enum filter_use {
	FILTER_CAPTURE, /* run by libpcap, on whole frames */
	FILTER_RULE,	/* run by the switch, on the head of a frame */
	FILTER_REPLY,	/* likewise, of a rule with `reply` */
};

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

/* --- for messages (config/filter_spot.c) ------------------------------------ */

/**
 * struct filter_spot - where in an expression something is wrong
 * @at:  octets before it
 * @len: octets of it; 0: the end of the expression
 */
struct filter_spot {
	size_t at;
	size_t len;
};

/**
 * filter_find - find a word of an expression
 * @word: @len octets
 *
 * Return: false if it does not stand there as a word of its own.
 */
bool filter_find(const char *text, const char *word, size_t len,
		 struct filter_spot *spot);

/**
 * filter_quoted - find what a message of libpcap is about
 * @said: the message, which may quote a part of the expression or name a number
 *
 * Return: false if it names nothing that is in @text.
 */
bool filter_quoted(const char *text, const char *said,
		   struct filter_spot *spot);

/**
 * filter_syntax - find the first word that cannot stand where it does
 * @text: an expression libpcap calls a syntax error, without saying where
 *
 * Return: false if that cannot be told.
 */
bool filter_syntax(struct arena *a, const char *text, struct filter_spot *spot);

/**
 * filter_guess - offer the words of filters to a guess
 */
void filter_guess(struct guess *g);

#endif
