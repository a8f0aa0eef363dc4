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

/* --- the topology (config/actions.c) -------------------------------------- */

/**
 * on_macro - NAME = VALUE
 */
void on_macro(struct parser *p, const struct token *name,
	      const struct token *value);

/**
 * on_include - include "PATH"; the tokens that follow are the file's
 */
void on_include(struct parser *p, const struct name *path);

/**
 * on_switch - switch NAME: begins a switch
 */
void on_switch(struct parser *p, const struct name *name);

/**
 * on_link - link A <-> B: begins a link, with or without a block
 * @a, @b: "switch.port"
 */
void on_link(struct parser *p, struct pos at, struct name *a, struct name *b);

/**
 * on_domain - domain NAME: begins a domain
 */
void on_domain(struct parser *p, const struct name *name);

/**
 * on_member - a switch or port in a domain, a port or group in a group
 */
void on_member(struct parser *p, struct name *member);

/**
 * on_poll - poll TIME, in a domain
 */
void on_poll(struct parser *p, struct pos at, const struct name *time);

/**
 * on_fdb - fdb KIND [ENTRIES], in a switch
 * @entries: NULL for as many as usual
 */
void on_fdb(struct parser *p, struct pos at, enum fdb_kind kind,
	    const struct name *entries);

/**
 * on_ageing - ageing TIME, in a switch
 */
void on_ageing(struct parser *p, struct pos at, const struct name *time);

/**
 * on_port - port NAME: begins a port of the switch at hand
 */
void on_port(struct parser *p, const struct name *name);

/* --- rules (config/actions_rules.c) ---------------------------------------- */

/**
 * on_rule - an allow rule; deny sets a mark in what is returned
 * @arrow: between the sides
 */
struct topo_rule *on_rule(struct parser *p, struct pos at,
			  const struct topo_side *left, enum arrow arrow,
			  const struct topo_side *right);

/**
 * on_reply - reply, behind a rule
 */
void on_reply(struct parser *p, struct pos at);

/**
 * on_group - group NAME: begins a group
 */
void on_group(struct parser *p, const struct name *name);

/**
 * on_set - set PORT: begins changed settings of a port
 */
void on_set(struct parser *p, struct pos at, const struct name *port);

/**
 * on_flows - flows NUMBER, in a switch
 */
void on_flows(struct parser *p, struct pos at, const struct name *number);

/**
 * on_snoop - multicast snoop, in a switch
 */
void on_snoop(struct parser *p, struct pos at);

/**
 * on_policy - policy NUMBER ..., in a switch
 */
void on_policy(struct parser *p, struct pos at, const struct names *words);

/* --- settings (config/actions_settings.c): of a port, a link, or a set ------ */

/**
 * on_off - a setting is said to be off
 * @which: of LIMITS or STORMS; LIMITS: both limits
 */
void on_off(struct parser *p, struct pos at, enum off what, int which);

/**
 * on_lock - mac lock ADDRESS, ...
 */
void on_lock(struct parser *p, struct pos at, const struct names *list);

/**
 * on_flood - flood on, or flood off
 */
void on_flood(struct parser *p, struct pos at, bool on);

/**
 * on_sticky - mac sticky NUMBER
 */
void on_sticky(struct parser *p, struct pos at, const struct name *number);

/**
 * on_moves - mac moves NUMBER/s [burst NUMBER]
 * @burst: NULL if it is not said
 */
void on_moves(struct parser *p, struct pos at, const struct name *rate,
	      const struct name *burst);

/**
 * on_ip_lock - ip lock ADDRESS, ...
 */
void on_ip_lock(struct parser *p, struct pos at, const struct names *list);

/**
 * on_access - vlan access NUMBER
 */
void on_access(struct parser *p, struct pos at, const struct name *vlan);

/**
 * on_trunk - vlan trunk NUMBER, ... [native NUMBER]
 * @native: NULL if it is not said
 */
void on_trunk(struct parser *p, struct pos at, const struct names *list,
	      const struct name *native);

/**
 * on_limit - limit [in|out] RATE [burst SIZE]
 * @direction: of LIMITS; LIMITS: both
 * @burst:     NULL if it is not said
 */
void on_limit(struct parser *p, struct pos at, int direction,
	      const struct name *rate, const struct name *burst);

/**
 * on_storm - storm KIND NUMBER/s [burst NUMBER]
 * @kind:  enum policy_storm
 * @burst: NULL if it is not said
 */
void on_storm(struct parser *p, struct pos at, int kind,
	      const struct name *rate, const struct name *burst);

/* --- a driver VM (config/actions_vm.c) ------------------------------------- */

/**
 * on_vm - vm NAME: begins a driver VM
 */
void on_vm(struct parser *p, const struct name *name);

/**
 * on_kernel - kernel "FILE", in a VM
 */
void on_kernel(struct parser *p, struct pos at, const struct name *file);

/**
 * on_initrd - initrd "FILE", in a VM
 */
void on_initrd(struct parser *p, struct pos at, const struct name *file);

/**
 * on_memory - memory SIZE, in a VM
 */
void on_memory(struct parser *p, struct pos at, const struct name *size);

/**
 * on_card - nic [pci] "ADDRESS", in a VM
 * @pci: false if that word is not there, which is reported
 */
void on_card(struct parser *p, struct pos at, bool pci,
	     const struct name *address);

/**
 * on_uncached - shared uncached, in a VM
 */
void on_uncached(struct parser *p, struct pos at);

/**
 * on_watchdog - watchdog TIME or watchdog off, in a VM
 * @time: NULL: off
 */
void on_watchdog(struct parser *p, struct pos at, const struct name *time);

/**
 * on_append - append "TEXT", in a VM
 */
void on_append(struct parser *p, struct pos at, const struct name *words);

/* --- a port, or a link (config/actions_port.c) ---------------------------- */

/**
 * on_attach - a port's attachment; attach "PATH" itself needs no more
 * @target: interface, path or address
 *
 * Return: false if the port has one already; that has been reported.
 */
bool on_attach(struct parser *p, struct pos at, enum attachment kind,
	       const struct name *target);

/**
 * on_interface - tap or nic "NAME" [netns "NAME"]
 * @netns: NULL if it is not said
 */
void on_interface(struct parser *p, struct pos at, enum attachment kind,
		  const struct name *target, const struct name *netns);

/**
 * on_socket - socket listen or connect [tcp] "TARGET"
 */
void on_socket(struct parser *p, struct pos at, bool connect, bool tcp,
	       const struct name *target);

/**
 * on_capture - capture "FILE" of PORTS
 * @of: NULL for all of them
 */
void on_capture(struct parser *p, struct pos at, const struct name *file,
		const struct names *of);

/**
 * on_program - program "FILE" [args "TEXT"]
 * @args: NULL if they are not said
 */
void on_program(struct parser *p, struct pos at, const struct name *file,
		const struct name *args);

/**
 * refuse_vm - report vm NAME in a port
 * @name: as far as it is known: NULL if not
 */
void refuse_vm(struct parser *p, struct pos at, const struct name *name);

/**
 * refuse_card - report nic pci "ADDRESS" in a port
 */
void refuse_card(struct parser *p, struct pos at);

/**
 * on_follow - follow PORT, looked up by check_follows()
 */
void on_follow(struct parser *p, struct pos at, const struct name *leader);

/**
 * refuse_follow - report follow in a link
 */
void refuse_follow(struct parser *p, struct pos at);

/**
 * on_filter - filter "EXPRESSION", looked at by check_captures()
 */
void on_filter(struct parser *p, struct pos at, const struct name *text);

/**
 * on_rotate - rotate SIZE files NUMBER
 */
void on_rotate(struct parser *p, struct pos at, const struct name *size,
	       const struct name *files);

/**
 * on_drops - drops
 */
void on_drops(struct parser *p, struct pos at);

/**
 * on_mode - mode MODE
 */
void on_mode(struct parser *p, struct pos at, const struct name *mode);

/**
 * on_owner - owner USER
 */
void on_owner(struct parser *p, struct pos at, const struct name *user);

/**
 * on_path_group - in a port: group GROUP
 */
void on_path_group(struct parser *p, struct pos at, const struct name *group);

/**
 * on_tap_mac - mac ADDRESS
 */
void on_tap_mac(struct parser *p, struct pos at, const struct name *mac);

/**
 * on_address - address ADDRESS/BITS, ...
 */
void on_address(struct parser *p, struct pos at, const struct names *list);

/**
 * on_overwrite - overwrite
 */
void on_overwrite(struct parser *p, struct pos at);

/**
 * on_reserved - reserved forward
 */
void on_reserved(struct parser *p, struct pos at);

/**
 * on_mtu - mtu OCTETS, of the port or else the link at hand
 */
void on_mtu(struct parser *p, struct pos at, const struct name *number);

/**
 * on_buffers - buffers NUMBER, of the port or else the link at hand
 */
void on_buffers(struct parser *p, struct pos at, const struct name *number);

#endif
