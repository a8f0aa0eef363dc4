/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of the language: one table says how each statement is written,
 * where, and what it does.  The parser reads by it, and messages quote it.
 */
#ifndef WEIR_CONFIG_WORDS_H
#define WEIR_CONFIG_WORDS_H

#include "config/lang/source.h"

/* Where a statement may stand; a set. */
enum place {
	IN_TOPOLOGY = 1,
	IN_SWITCH = 2,
	IN_PORT = 4,
	IN_LINK = 8,
	IN_DOMAIN = 16,
	IN_VM = 32,
	IN_GROUP = 64,
	IN_SET = 128,
	IN_RUNTIME = 256, /* the text of a change while it runs */
	IN_PLACEMENT = 512,
	UNSAID = 1024, /* messages do not offer it there */
	/* An option in a port is for these kinds of them: */
	ON_CAPTURES = 2048,
	ON_SENDERS = 4096,
	ON_TAPS = 8192,
	ON_PATHS = 16384,
	ON_NICS = 32768,
	ON_OFFLOADS = 65536,
	ON_CARDS = 262144,
	ON_SOME = ON_CAPTURES | ON_SENDERS | ON_TAPS | ON_PATHS | ON_NICS |
		  ON_OFFLOADS | ON_CARDS,
	IN_DISK = 524288,
	ALL_PLACES = 1023 | IN_DISK,
	/* It is limited unless told otherwise. */
	LIMITED = 131072,
};

struct args;
struct form;
struct option;
struct parser;
struct topo_settings;

/* What a statement does; NULL in the table: its option is set, that is all. */
typedef void form_action(struct parser *p, struct args *a);

/**
 * struct form - one way to write a statement
 * @places: where it may stand
 * @text:   how it is written: words are written as they are; of the rest, what
 *          is in quotes is a string, NAME that of something new, PORT, VM,
 *          DISK and SWITCH.PORT name something there is, SIDE is one of a rule, and
 *          anything else is a value.  [ ] may be left out, ", ..." and " ..."
 *          make lists
 * @act:    what it does
 * @words:  with an option: how many words of @text are the option's name
 * @option: the option, in what the statement is about
 * @measure: for @act: what its number may be
 * @n:      for @act
 * @block:  the place that its { } are, which can be left out unless @text has
 *          them
 * @usage:  how the word is used, if not as its forms say
 */
struct form {
	unsigned int places;
	const char *text;
	form_action *act;
	unsigned int words;
	unsigned int option;
	const struct measure *measure;
	unsigned int n;
	enum place block;
	const char *usage;
};

extern const struct form forms[];
extern const size_t n_forms;

/* Its option: a setting, or of what it is about, a port or a vm. */
struct option *form_option(const struct form *f, const void *self,
			   const struct topo_settings *settings);
/* Does it begin with this word, and what is its option called: "mac lock". */
bool form_begins(const struct form *f, const char *word);
const char *form_name(struct arena *a, const struct form *f);

/* T_HARD or T_SOFT; T_WORD if it is none of ours. */
enum token_kind word_kind(const char *text);
/* Where statements that begin with it may stand; 0: there is none. */
unsigned int word_places(const char *text);
/* Does it begin a statement outside of all blocks, with a block of its own? */
bool word_ends_blocks(const char *text, bool block);
/* How its statements are written. */
const char *word_usage(struct arena *a, const char *text);
/* "a port or a link" */
const char *word_where(unsigned int places);
/* The statements of a place, "mtu, buffers"; @g is offered them as well. */
const char *word_list(struct arena *a, enum place place, struct guess *g);

#endif
