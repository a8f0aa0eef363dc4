/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Between the grammar (config/parser.y) and the tree it grows: the state of
 * one parse, and what its actions do.
 *
 * Actions never stop a parse.  They report what is wrong with a value and go
 * on with a sane one, or mark the thing at hand as broken.
 */
#ifndef WEIR_CONFIG_PARSER_H
#define WEIR_CONFIG_PARSER_H

#include <stdbool.h>

#include "config/source.h"
#include "config/topology.h"
#include "config/words.h"

/**
 * struct parser - one parse
 * @sw, @port, @link, @domain: the block being read, each only while it is
 */
struct parser {
	struct source *source;
	struct report *report;
	struct arena *arena;
	struct topology *t;
	struct topo_switch *sw;
	struct topo_port *port;
	struct topo_link *link;
	struct topo_domain *domain;
};

enum arrow { ONE_WAY, BOTH_WAYS, NO_ARROW };

/**
 * parse_topology - read a topology with all it includes
 * @t: out: arena and report set, the rest zero
 */
void parse_topology(struct topology *t, const char *path);

/* Tokens that turn out to be of the wrong sort. */
struct name *take(struct parser *p, const struct token *token);
struct name *take_unquoted(struct parser *p, const struct token *token);
struct name *take_quoted(struct parser *p, const struct token *token);
struct name *take_keyword(struct parser *p, const struct token *token);
void refuse_later(struct parser *p, const struct token *token);
void refuse_unknown(struct parser *p, const struct token *token,
		    enum place place);
void refuse_syntax(struct parser *p, const char *const *expected, int n);
/* Something of this place has been lost to an error. */
void mark_broken(struct parser *p, enum place place);

/* Says so and returns false if an option was there before. */
bool option_once(struct parser *p, struct option *o, struct pos at,
		 const char *what);

/* Topology. */
void on_macro(struct parser *p, const struct token *name,
	      const struct token *value);
void on_include(struct parser *p, const struct name *path);
void on_switch(struct parser *p, const struct name *name);
void on_link(struct parser *p, struct pos at, struct name *a, struct name *b);
void on_allow(struct parser *p, struct pos at, const struct names *left,
	      const struct names *right, const bool list[2], enum arrow arrow);
void on_domain(struct parser *p, const struct name *name);

/* Switch. */
void on_fdb(struct parser *p, struct pos at, enum fdb_kind kind,
	    const struct name *entries);
void on_ageing(struct parser *p, struct pos at, const struct name *time);
void on_port(struct parser *p, const struct name *name);

/* Port.  on_attach() is first; it returns false if there was one before. */
bool on_attach(struct parser *p, struct pos at, enum attachment kind,
	       const struct name *target);
void on_interface(struct parser *p, struct pos at, enum attachment kind,
		  const struct name *target, const struct name *netns);
void on_socket(struct parser *p, struct pos at, bool connect, bool tcp,
	       const struct name *target);
void on_capture(struct parser *p, struct pos at, const struct name *file,
		const struct names *of);
void on_filter(struct parser *p, struct pos at, const struct name *text);
void on_rotate(struct parser *p, struct pos at, const struct name *size,
	       const struct name *files);
void on_drops(struct parser *p, struct pos at);
void on_lock(struct parser *p, struct pos at, const struct name *address);
void on_reserved(struct parser *p, struct pos at);

/* Port or link. */
void on_mtu(struct parser *p, struct pos at, const struct name *number);
void on_buffers(struct parser *p, struct pos at, const struct name *number);

/* Domain. */
void on_member(struct parser *p, struct name *member);
void on_poll(struct parser *p, struct pos at, const struct name *time);

#endif
