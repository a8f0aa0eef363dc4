/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The grammar of a topology.
 *
 * Statements end at the end of a line or at ";", which are one token, SEP.
 * After a mistake the parser goes on at the next SEP or "}", so every
 * statement with a mistake gets its own message.  Blocks of statements that
 * are not understood are skipped as a whole.
 *
 * Everything is left-recursive: the stack does not grow with the file.
 */
%define api.pure full
%define api.prefix {conf_}
%define api.token.prefix {T_}
%define api.location.type {struct pos}
%define parse.error custom
%define parse.lac full
%locations
%param {struct parser *p}

%code requires {
#include "config/lang/parser.h"
}

%code provides {
/* What the parser calls (config/parse.c). */
int conf_lex(CONF_STYPE *value, CONF_LTYPE *at, struct parser *p);
void conf_error(const CONF_LTYPE *at, struct parser *p, const char *text);
}

%code {
#define YYLLOC_DEFAULT(current, rhs, n)                                        \
	((current) = YYRHSLOC(rhs, (n) ? 1 : 0))
}

%union {
	struct token token;
	struct name *name;
	struct names names;
	bool flag;
	enum arrow arrow;
	enum attachment kind;
	struct topo_side side;
	int number;
}

%token END 0 "end of file"
%token SEP "end of line"
%token ARROW "->" BIARROW "<->"
%token LBRACE '{' "{" RBRACE '}' "}" COMMA ',' "," EQUALS '=' "="
%token <token> WORD "a name or number" STRING "a string in quotes"
%token <token> BROKEN LATER
%token MACRO /* replaced before the parser sees it */
%token <token> SWITCH "switch" LINK "link" ALLOW "allow" DOMAIN "domain"
%token <token> INCLUDE "include" FDB "fdb" AGEING "ageing" PORT "port"
%token <token> TAP "tap" NIC "nic" SOCKET "socket" ATTACH "attach"
%token <token> CAPTURE "capture" FILTER "filter" DROPS "drops" ROTATE "rotate"
%token <token> MAC "mac" MTU "mtu" BUFFERS "buffers" RESERVED "reserved"
%token <token> POLL "poll" HASH "hash" LINEAR "linear" NETNS "netns"
%token <token> LISTEN "listen" CONNECT "connect" TCP "tcp" OF "of" ALL "all"
%token <token> FILES "files" LOCK "lock" FORWARD "forward"
%token <token> VM "vm" DRIVER_VM "driver-vm" GROUP "group" DENY "deny"
%token <token> WHEN "when" REPLY "reply" IP "ip" VLAN "vlan" LIMIT "limit"
%token <token> STORM "storm" STICKY "sticky"
/* These can be names as well: see `soft`. */
%token <token> OVERWRITE "overwrite"
%token <token> PROGRAM "program" ARGS "args" FOLLOW "follow" KERNEL "kernel"
%token <token> INITRD "initrd" MEMORY "memory" PCI "pci" SHARED "shared"
%token <token> UNCACHED "uncached" APPEND "append" SET "set" FLOWS "flows"
%token <token> MULTICAST "multicast" SNOOP "snoop" POLICY "policy" OFF "off"
%token <token> MOVES "moves" BURST "burst" IN "in" OUT "out" ACCESS "access"
%token <token> TRUNK "trunk" NATIVE "native" BROADCAST "broadcast"
%token <token> UNKNOWN "unknown" WATCHDOG "watchdog"
%token <token> NONE "none" FLOOD "flood" ON "on" MODE "mode" OWNER "owner"
%token <token> ADDRESS "address"

%type <name> name ref string value opt_value opt_netns opt_args opt_burst
%type <name> opt_native
%type <names> refs list values words
%type <side> side
%type <token> macro_value keyword soft soft_word junk_word
%type <number> storm direction
%type <flag> opt_tcp mode
%type <arrow> arrow
%type <kind> interface

%%

topology
	: %empty
	| topology line SEP
	/* SEP is part of this rule: the included tokens come behind it. */
	| topology INCLUDE string SEP	{ on_include(p, $3); }
	;

line
	: %empty
	| WORD '=' macro_value		{ on_macro(p, &$1, &$3); }
	| soft_word '=' macro_value	{ on_macro(p, &$1, &$3); }
	| SET '=' macro_value		{ on_macro(p, &$1, &$3); }
	| switch '{' switch_items '}'	{ p->sw = NULL; }
	| link				{ p->link = NULL; }
	| link '{' link_items '}'	{ p->link = NULL; }
	| rule opt_when opt_reply	{ p->rule = NULL; }
	| group '{' group_items '}'	{ p->group = NULL; }
	| set '{' set_items '}'		{ p->set = NULL; }
	| domain '{' domain_items '}'	{ p->domain = NULL; }
	| vm '{' vm_items '}'		{ p->vm = NULL; }
	| LATER junk			{ refuse_later(p, &$1); }
	| WORD junk			{ refuse_unknown(p, &$1, IN_TOPOLOGY); }
	| soft_word junk		{ refuse_misplaced(p, &$1); }
	| BROKEN junk			{ mark_broken(p, IN_TOPOLOGY); }
	/* No name is lost with a rule, unlike with what may be a switch. */
	| ALLOW mistake
	| DENY mistake
	| rule mistake			{ p->rule->broken = true; }
	| mistake			{ mark_broken(p, IN_TOPOLOGY); }
	;

macro_value
	: WORD | STRING | BROKEN | LATER | keyword | soft
	;

/* --- switch -------------------------------------------------------------- */

switch
	: SWITCH name			{ on_switch(p, $2); }
	;

switch_items
	: switch_item
	| switch_items SEP switch_item
	;

switch_item
	: %empty
	| FDB value			{ on_fdb(p, @1, $2); }
	| FDB HASH opt_value		{ on_fdb(p, @1, $3); }
	| FDB LINEAR opt_value		{ on_linear(p, @2, $3); }
	| AGEING value			{ on_ageing(p, @1, $2); }
	| FLOWS value			{ on_flows(p, @1, $2); }
	| MULTICAST SNOOP		{ on_snoop(p, @1); }
	| POLICY words			{ on_policy(p, @1, &$2); }
	| port '{' port_items '}'	{ p->port = NULL; }
	| LATER junk			{ refuse_later(p, &$1); }
	| WORD junk			{ refuse_unknown(p, &$1, IN_SWITCH); }
	| BROKEN junk			{ mark_broken(p, IN_SWITCH); }
	| mistake			{ mark_broken(p, IN_SWITCH); }
	;

/* --- port ---------------------------------------------------------------- */

port
	: PORT name			{ on_port(p, $2); }
	;

port_items
	: port_item
	| port_items SEP port_item
	;

port_item
	: %empty
	| interface string opt_netns	{ on_interface(p, @1, $1, $2, $3); }
	| SOCKET mode opt_tcp string	{ on_socket(p, @1, $2, $3, $4); }
	| ATTACH string			{ on_attach(p, @1, TO_ATTACH, $2); }
	| CAPTURE string OF ALL		{ on_capture(p, @1, $2, NULL); }
	| CAPTURE string OF refs	{ on_capture(p, @1, $2, &$4); }
	| PROGRAM string opt_args	{ on_program(p, @1, $2, $3); }
	| DRIVER_VM ref			{ on_attach(p, @1, TO_DRIVER_VM, $2); }
	| VM				{ refuse_vm(p, @1, NULL); }
	| VM ref			{ refuse_vm(p, @1, $2); }
	| NIC PCI string		{ refuse_card(p, @1); }
	| FOLLOW ref			{ on_follow(p, @1, $2); }
	| FILTER string			{ on_filter(p, @1, $2); }
	| DROPS				{ on_drops(p, @1); }
	| ROTATE value FILES value	{ on_rotate(p, @1, $2, $4); }
	| OVERWRITE			{ on_overwrite(p, @1); }
	| MODE value			{ on_mode(p, @1, $2); }
	| OWNER value			{ on_owner(p, @1, $2); }
	| GROUP value			{ on_path_group(p, @1, $2); }
	| MAC value			{ on_tap_mac(p, @1, $2); }
	| ADDRESS values		{ on_address(p, @1, &$2); }
	| setting
	| RESERVED FORWARD		{ on_reserved(p, @1); }
	| size_option
	| LATER junk	{ refuse_later(p, &$1); mark_broken(p, IN_PORT); }
	| WORD junk			{ refuse_unknown(p, &$1, IN_PORT); }
	| BROKEN junk			{ mark_broken(p, IN_PORT); }
	| mistake			{ mark_broken(p, IN_PORT); }
	;

interface
	: TAP { $$ = TO_TAP; } | NIC { $$ = TO_NIC; }
	;

opt_netns
	: %empty { $$ = NULL; } | NETNS string { $$ = $2; }
	;

opt_args
	: %empty { $$ = NULL; } | ARGS string { $$ = $2; }
	;

mode
	: LISTEN { $$ = false; } | CONNECT { $$ = true; }
	;

opt_tcp
	: %empty { $$ = false; } | TCP { $$ = true; }
	;

size_option
	: MTU value			{ on_mtu(p, @1, $2); }
	| BUFFERS value			{ on_buffers(p, @1, $2); }
	;

/* --- settings: these can change while it runs ----------------------------- */

setting
	: MAC LOCK values		{ on_lock(p, @1, &$3); }
	| MAC LOCK OFF			{ on_off(p, @1, OFF_LOCK, 0); }
	| MAC STICKY value		{ on_sticky(p, @1, $3); }
	| MAC STICKY OFF		{ on_off(p, @1, OFF_STICKY, 0); }
	| MAC MOVES value opt_burst	{ on_moves(p, @1, $3, $4); }
	| MAC MOVES OFF			{ on_off(p, @1, OFF_MOVES, 0); }
	| IP LOCK values		{ on_ip_lock(p, @1, &$3); }
	| IP LOCK OFF			{ on_off(p, @1, OFF_IP_LOCK, 0); }
	| VLAN ACCESS value		{ on_access(p, @1, $3); }
	| VLAN TRUNK values opt_native	{ on_trunk(p, @1, &$3, $4); }
	| VLAN OFF			{ on_off(p, @1, OFF_VLAN, 0); }
	| LIMIT direction value opt_burst { on_limit(p, @1, $2, $3, $4); }
	| LIMIT direction OFF		{ on_off(p, @1, OFF_LIMIT, $2); }
	| STORM storm value opt_burst	{ on_storm(p, @1, $2, $3, $4); }
	| STORM storm OFF		{ on_off(p, @1, OFF_STORM, $2); }
	| STORM NONE			{ on_off(p, @1, OFF_STORM, STORMS); }
	| FLOOD ON			{ on_flood(p, @1, true); }
	| FLOOD OFF			{ on_flood(p, @1, false); }
	;

direction
	: %empty			{ $$ = LIMITS; }
	| IN				{ $$ = LIMIT_IN; }
	| OUT				{ $$ = LIMIT_OUT; }
	;

storm
	: BROADCAST			{ $$ = STORM_BROADCAST; }
	| MULTICAST			{ $$ = STORM_MULTICAST; }
	| UNKNOWN			{ $$ = STORM_UNKNOWN; }
	;

opt_burst
	: %empty { $$ = NULL; } | BURST value { $$ = $2; }
	;

opt_native
	: %empty { $$ = NULL; } | NATIVE value { $$ = $2; }
	;

set
	: SET ref			{ on_set(p, @1, $2); }
	;

set_items
	: set_item
	| set_items SEP set_item
	;

set_item
	: %empty
	| setting
	| LATER junk			{ refuse_later(p, &$1); }
	| WORD junk			{ refuse_unknown(p, &$1, IN_SET); }
	| BROKEN junk
	| mistake
	;

/* --- link ---------------------------------------------------------------- */

link
	: LINK ref BIARROW ref		{ on_link(p, @1, $2, $4); }
	;

link_items
	: link_item
	| link_items SEP link_item
	;

link_item
	: %empty
	| size_option
	| setting
	| FOLLOW junk			{ refuse_follow(p, @1); }
	| LATER junk			{ refuse_later(p, &$1); }
	| WORD junk			{ refuse_unknown(p, &$1, IN_LINK); }
	| BROKEN junk
	| mistake
	;

/* --- rules ---------------------------------------------------------------- */

rule
	: ALLOW side arrow side	{ on_rule(p, @1, &$2, $3, &$4); }
	| DENY side arrow side	{ on_rule(p, @1, &$2, $3, &$4)->deny = true; }
	;

opt_when
	: %empty | WHEN string		{ p->rule->when = $2; }
	;

opt_reply
	: %empty | REPLY		{ on_reply(p, @1); }
	;

arrow
	: ARROW				{ $$ = ONE_WAY; }
	| BIARROW			{ $$ = BOTH_WAYS; }
	| BROKEN			{ $$ = NO_ARROW; }
	;

side
	: ref				{ $$.names = names_of($1); $$.list = false; }
	| '{' list '}'			{ $$.names = $2; $$.list = true; }
	;

list
	: %empty			{ $$ = (struct names){ 0 }; }
	| list ref			{ $$ = $1; names_add(&$$, $2); }
	| list ',' | list SEP
	;

group
	: GROUP name			{ on_group(p, $2); }
	;

group_items
	: members
	| group_items SEP members
	| mistake			{ mark_broken(p, IN_GROUP); }
	| group_items SEP mistake	{ mark_broken(p, IN_GROUP); }
	;

/* --- domain -------------------------------------------------------------- */

domain
	: DOMAIN name			{ on_domain(p, $2); }
	;

domain_items
	: domain_item
	| domain_items SEP domain_item
	;

domain_item
	: members
	| POLL value			{ on_poll(p, @1, $2); }
	| LATER junk	{ refuse_later(p, &$1); mark_broken(p, IN_DOMAIN); }
	| mistake			{ mark_broken(p, IN_DOMAIN); }
	;

members
	: %empty
	| members ref			{ on_member(p, $2); }
	| members ','
	;

/* --- vm ------------------------------------------------------------------ */

vm
	: VM name			{ on_vm(p, $2); }
	;

vm_items
	: vm_item
	| vm_items SEP vm_item
	;

vm_item
	: %empty
	| KERNEL string			{ on_kernel(p, @1, $2); }
	| INITRD string			{ on_initrd(p, @1, $2); }
	| MEMORY value			{ on_memory(p, @1, $2); }
	| NIC PCI string		{ on_card(p, @1, true, $3); }
	| NIC STRING			{ on_card(p, @1, false, take(p, &$2)); }
	| SHARED UNCACHED		{ on_uncached(p, @1); }
	| APPEND string			{ on_append(p, @1, $2); }
	| WATCHDOG value		{ on_watchdog(p, @1, $2); }
	| WATCHDOG OFF			{ on_watchdog(p, @1, NULL); }
	| LATER junk			{ refuse_later(p, &$1); }
	| WORD junk			{ refuse_unknown(p, &$1, IN_VM); }
	| BROKEN junk			{ mark_broken(p, IN_VM); }
	| mistake			{ mark_broken(p, IN_VM); }
	;

/* --- names and values ---------------------------------------------------- */

name	/* of something new */
	: WORD				{ $$ = take(p, &$1); }
	| STRING			{ $$ = take_unquoted(p, &$1); }
	| BROKEN			{ $$ = take(p, &$1); }
	| LATER				{ $$ = take_keyword(p, &$1); }
	| keyword			{ $$ = take_keyword(p, &$1); }
	| soft				{ $$ = take(p, &$1); }
	;

ref	/* to something there is */
	: value
	| soft				{ $$ = take(p, &$1); }
	;

refs
	: ref				{ $$ = names_of($1); }
	| refs ',' ref			{ $$ = $1; names_add(&$$, $3); }
	;

string
	: STRING			{ $$ = take(p, &$1); }
	| WORD				{ $$ = take_quoted(p, &$1); }
	| BROKEN			{ $$ = take(p, &$1); }
	;

value
	: WORD				{ $$ = take(p, &$1); }
	| STRING			{ $$ = take_unquoted(p, &$1); }
	| BROKEN			{ $$ = take(p, &$1); }
	;

opt_value
	: %empty { $$ = NULL; } | value
	;

values
	: value				{ $$ = names_of($1); }
	| values ',' value		{ $$ = $1; names_add(&$$, $3); }
	;

words	/* with or without commas */
	: value				{ $$ = names_of($1); }
	| words value			{ $$ = $1; names_add(&$$, $2); }
	| words ','
	;

/* --- what is not understood ---------------------------------------------- */

mistake
	: error { yyerrok; } | error block { yyerrok; }
	;

junk
	: %empty
	| junk junk_word
	| junk block
	;

block
	: '{' block_items '}'
	;

block_items
	: %empty
	| block_items junk_word
	| block_items '='
	| block_items SEP
	| block_items block
	;

junk_word
	: WORD | STRING | BROKEN | LATER | keyword | soft
	| ','				{ $$ = (struct token){ 0 }; }
	| ARROW				{ $$ = (struct token){ 0 }; }
	| BIARROW			{ $$ = (struct token){ 0 }; }
	;

keyword
	: SWITCH | LINK | ALLOW | DOMAIN | INCLUDE | FDB | AGEING | PORT | TAP
	| NIC | SOCKET | ATTACH | CAPTURE | FILTER | DROPS | ROTATE | MAC | MTU
	| BUFFERS | RESERVED | POLL | HASH | LINEAR | NETNS | LISTEN | CONNECT
	| TCP | OF | ALL | FILES | LOCK | FORWARD | VM | DRIVER_VM | GROUP | DENY
	| WHEN | REPLY | IP | VLAN | LIMIT | STORM | STICKY
	;

soft	/* words that came after names were made of them */
	: soft_word | SET
	;

soft_word
	: PROGRAM | ARGS | FOLLOW | KERNEL | INITRD | MEMORY | PCI | SHARED
	| UNCACHED | APPEND | FLOWS | MULTICAST | SNOOP | POLICY | OFF | MOVES
	| BURST | IN | OUT | ACCESS | TRUNK | NATIVE | BROADCAST | UNKNOWN
	| NONE | ON | FLOOD | OVERWRITE | WATCHDOG | MODE | OWNER
	| ADDRESS
	;

%%

static int yyreport_syntax_error(const yypcontext_t *ctx, struct parser *p)
{
	yysymbol_kind_t expected[4];
	const char *names[4];
	int n = yypcontext_expected_tokens(ctx, expected, 4);

	for (int i = 0; i < n; i++)
		names[i] = yysymbol_name(expected[i]);
	refuse_syntax(p, names, n);
	return 0;
}
