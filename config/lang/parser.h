/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the parser and the actions: the state of one parse.
 *
 * Actions never stop a parse.  They report what is wrong with a value and go
 * on with a sane one, or mark the thing at hand as broken.
 */
#ifndef WEIR_CONFIG_PARSER_H
#define WEIR_CONFIG_PARSER_H

#include "config/config.h"
#include "config/lang/source.h"
#include "config/lang/topology.h"
#include "config/lang/words.h"

/* The block being read, and what it is in; NULL where there is none. */
struct blocks {
	struct topo_switch *sw;
	struct topo_port *port;
	struct topo_settings *settings; /* of a port, a link, a set */
	void *self;	       /* what the other options are of: a port, a vm */
	struct names *members; /* of a group, a domain, a placement */
	bool set;
	bool *broken; /* it has lost something to an error */
};

struct parser {
	struct arena *arena;
	struct report *report;
	struct topology *t;
	struct source src;
	struct blocks in;
	bool ignored; /* for @broken, where nobody asks */
};

enum arrow { ONE_WAY, BOTH_WAYS, NO_ARROW };

/* What a statement says. */
struct args {
	const struct form *form;
	struct pos at;	   /* where it begins */
	struct option *o;  /* its option, set, if its form has one */
	const char *name;  /* what that is called: "mac lock" */
	struct name *v[2]; /* names, strings, values; NULL: left out */
	unsigned int n;
	struct names list;	  /* those in lists */
	struct topo_side side[2]; /* of a rule */
	unsigned int n_sides;
	enum arrow arrow;
	struct token last;   /* its last word of the language */
	unsigned int tokens; /* in a set: how many; those behind the name: */
	const char *written;
	bool lost;   /* something in it cannot be read */
	bool failed; /* what follows is not understood */
};

/**
 * parse_topology - read a topology with all it includes
 * @t:       out: arena and report set, and base if its files are to be taken
 *           rather than read; the rest zero
 * @path:    of the file
 * @runtime: a text of changes that is read after it, or NULL
 */
void parse_topology(struct topology *t, const char *path, const char *runtime);

/* Reads the statements of a place, to its end. */
void parse_items(struct parser *p, enum place place);
/*
 * Reads past what is not looked at, to the end of a statement; false: something
 * cannot even be that, and is the token at hand.
 */
bool parse_junk(struct parser *p, enum place place);

/* Notes what may be said once, at @at; false: it was, which is reported. */
bool option_once(struct parser *p, struct option *o, struct pos at,
		 const char *what);

#endif
