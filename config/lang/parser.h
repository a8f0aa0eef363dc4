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

#include "config/lang/source.h"
#include "config/lang/topology.h"
#include "config/lang/words.h"

/**
 * struct parser - one parse
 * @sw, @port, @link, @domain, @group, @set, @vm: the block being read, each only
 *          while it is
 * @rule:   likewise, the rule
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
	struct topo_group *group;
	struct topo_set *set;
	struct topo_vm *vm;
	struct topo_rule *rule;
};

enum arrow { ONE_WAY, BOTH_WAYS, NO_ARROW };

/* Settings that can be said to be off. */
enum off {
	OFF_LOCK,
	OFF_STICKY,
	OFF_MOVES,
	OFF_IP_LOCK,
	OFF_VLAN,
	OFF_LIMIT,
	OFF_STORM,
};

/**
 * parse_topology - read a topology with all it includes
 * @t:       out: arena and report set, and base if its files are to be taken
 *           rather than read; the rest zero
 * @path:    of the file
 * @runtime: a text of changes that is read after it, or NULL
 */
void parse_topology(struct topology *t, const char *path, const char *runtime);

/* --- tokens -------------------------------------------------------------- */

/**
 * take - a token as a name of the tree
 *
 * Return: in the arena; its text is NULL if the token is BROKEN.
 */
struct name *take(struct parser *p, const struct token *token);

/**
 * take_unquoted - a string where a word is wanted; reported, and taken
 */
struct name *take_unquoted(struct parser *p, const struct token *token);

/**
 * take_quoted - a word where a string is wanted; reported, and taken
 */
struct name *take_quoted(struct parser *p, const struct token *token);

/**
 * take_file - a path that is relative to the folder of the file it stands in
 *
 * Return: a name with the absolute path, or without text if that cannot be;
 * this has been reported.
 */
struct name take_file(struct parser *p, const struct name *path);

/**
 * take_keyword - a word of the language where a new name is wanted
 *
 * Return: a name without text; that has been reported.
 */
struct name *take_keyword(struct parser *p, const struct token *token);

/**
 * refuse_later - report a word of a later version
 */
void refuse_later(struct parser *p, const struct token *token);

/**
 * refuse_runtime - report a statement that the text of a change cannot have
 *
 * Return: whether this is such a text; what is in the statement is lost.
 */
bool refuse_runtime(struct parser *p, struct pos at);

/**
 * refuse_misplaced - report a statement that stands where it does not belong
 */
void refuse_misplaced(struct parser *p, const struct token *token);

/**
 * refuse_unknown - report a statement that begins with no word of the language
 * @place: where; it is marked as broken
 */
void refuse_unknown(struct parser *p, const struct token *token,
		    enum place place);

/**
 * refuse_syntax - report the token at hand as out of place
 * @expected: names of the tokens that would have been right
 * @n:        how many; 0 if there are too many to name
 */
void refuse_syntax(struct parser *p, const char *const *expected, int n);

/**
 * mark_broken - something of a place has been lost to an error
 *
 * Leaves the blocks inside that place, if the error was in their first line.
 */
void mark_broken(struct parser *p, enum place place);

/**
 * option_once - take note of something that may be said once
 * @at:   where it is said
 * @what: for the message
 *
 * Return: false if it was said before; that has been reported.
 */
bool option_once(struct parser *p, struct option *o, struct pos at,
		 const char *what);

/* --- actions --------------------------------------------------------------- */

/*
 * What the grammar calls for a statement, by its operands; parser.y shows how it
 * is written.  @at is where its first word stands.  An operand that may be left
 * out is NULL then.  Some begin a block: what is in it belongs to that.
 */
typedef void on_name(struct parser *p, const struct name *name);
typedef void on_flag(struct parser *p, struct pos at);
typedef void on_value(struct parser *p, struct pos at, const struct name *v);
typedef void on_pair(struct parser *p, struct pos at, const struct name *v,
		     const struct name *second);
typedef void on_list(struct parser *p, struct pos at, const struct names *list);
/* @which: of LIMITS (LIMITS itself: both) or STORMS */
typedef void on_rate(struct parser *p, struct pos at, int which,
		     const struct name *rate, const struct name *burst);

/* config/actions.c: the topology, a switch, a domain */
on_name on_include, on_switch, on_domain, on_port;
on_value on_fdb, on_linear, on_ageing, on_poll;
void on_macro(struct parser *p, const struct token *name,
	      const struct token *value);
void on_link(struct parser *p, struct pos at, struct name *a, struct name *b);
void on_member(struct parser *p, struct name *member);

/* config/actions_rules.c: rules, groups, changes, policy of a switch */
on_name on_group;
on_flag on_reply, on_snoop;
on_value on_set, on_flows;
on_list on_policy;
struct topo_rule *on_rule(struct parser *p, struct pos at,
			  const struct topo_side *left, enum arrow arrow,
			  const struct topo_side *right);

/* config/actions_settings.c: of a port, a link, or a set */
on_value on_sticky, on_access;
on_pair on_moves;
on_list on_lock, on_ip_lock;
on_rate on_limit, on_storm;
void on_off(struct parser *p, struct pos at, enum off what, int which);
void on_flood(struct parser *p, struct pos at, bool on);
void on_trunk(struct parser *p, struct pos at, const struct names *list,
	      const struct name *native);

/* config/actions_vm.c: a driver VM */
on_name on_vm;
on_flag on_uncached;
on_value on_kernel, on_initrd, on_memory, on_append, on_watchdog;
void on_card(struct parser *p, struct pos at, bool pci,
	     const struct name *address);

/* config/actions_port.c: a port, or a link */
on_flag on_drops, on_overwrite, on_reserved, refuse_card, refuse_follow;
on_value on_follow, on_filter, on_mode, on_owner, on_path_group, on_tap_mac;
on_value on_mtu, on_buffers, refuse_vm;
on_pair on_program, on_rotate;
on_list on_address;
/* Return: false if the port has an attachment already; that is reported. */
bool on_attach(struct parser *p, struct pos at, enum attachment kind,
	       const struct name *target);
void on_interface(struct parser *p, struct pos at, enum attachment kind,
		  const struct name *target, const struct name *netns);
void on_socket(struct parser *p, struct pos at, bool connect, bool tcp,
	       const struct name *target);
void on_capture(struct parser *p, struct pos at, const struct name *file,
		const struct names *of);

#endif
