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
#include "config/parser.h"
}

%code {
#define YYLLOC_DEFAULT(current, rhs, n)                                        \
	((current) = YYRHSLOC(rhs, (n) ? 1 : 0))

static int conf_lex(CONF_STYPE *value, CONF_LTYPE *at, struct parser *p);
static void conf_error(const CONF_LTYPE *at, struct parser *p,
		       const char *text);
}

%union {
	struct token token;
	struct name *name;
	struct names names;
	bool flag;
	enum arrow arrow;
	enum fdb_kind fdb;
	enum attachment kind;
	struct { struct names names; bool list; } side;
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

%token <token> VM "vm" DRIVER_VM "driver-vm"
/* These can be names as well: see `soft`. */
%token <token> PROGRAM "program" ARGS "args" FOLLOW "follow" KERNEL "kernel"
%token <token> INITRD "initrd" MEMORY "memory" PCI "pci" SHARED "shared"
%token <token> UNCACHED "uncached" APPEND "append"

%type <name> name ref string value opt_value opt_netns opt_args
%type <names> refs list
%type <side> side
%type <token> macro_value keyword soft junk_word
%type <flag> opt_tcp mode
%type <arrow> arrow
%type <fdb> fdb_kind
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
	| soft '=' macro_value		{ on_macro(p, &$1, &$3); }
	| switch '{' switch_items '}'	{ p->sw = NULL; }
	| link				{ p->link = NULL; }
	| link '{' link_items '}'	{ p->link = NULL; }
	| allow
	| allow LATER junk		{ refuse_later(p, &$2); }
	| domain '{' domain_items '}'	{ p->domain = NULL; }
	| vm '{' vm_items '}'		{ p->vm = NULL; }
	| LATER junk			{ refuse_later(p, &$1); }
	| WORD junk			{ refuse_unknown(p, &$1, IN_TOPOLOGY); }
	| soft junk			{ refuse_misplaced(p, &$1); }
	| BROKEN junk			{ mark_broken(p, IN_TOPOLOGY); }
	/* No name is lost with a rule, unlike with what may be a switch. */
	| ALLOW error			{ yyerrok; }
	| ALLOW error block		{ yyerrok; }
	| error {
		mark_broken(p, IN_TOPOLOGY);
		yyerrok;
	}
	| error block {
		mark_broken(p, IN_TOPOLOGY);
		yyerrok;
	}
	;

macro_value
	: WORD
	| STRING
	| BROKEN
	| LATER
	| keyword
	| soft
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
	| FDB fdb_kind opt_value	{ on_fdb(p, @1, $2, $3); }
	| AGEING value			{ on_ageing(p, @1, $2); }
	| port '{' port_items '}'	{ p->port = NULL; }
	| LATER junk			{ refuse_later(p, &$1); }
	| WORD junk			{ refuse_unknown(p, &$1, IN_SWITCH); }
	| BROKEN junk			{ mark_broken(p, IN_SWITCH); }
	| error				{ mark_broken(p, IN_SWITCH); yyerrok; }
	| error block			{ mark_broken(p, IN_SWITCH); yyerrok; }
	;

fdb_kind
	: HASH				{ $$ = FDB_HASH; }
	| LINEAR			{ $$ = FDB_LINEAR; }
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
	| MAC LOCK value		{ on_lock(p, @1, $3); }
	| MAC LATER junk		{ refuse_later(p, &$2); }
	| RESERVED FORWARD		{ on_reserved(p, @1); }
	| size_option
	| LATER junk {
		refuse_later(p, &$1);
		mark_broken(p, IN_PORT);
	}
	| WORD junk			{ refuse_unknown(p, &$1, IN_PORT); }
	| BROKEN junk			{ mark_broken(p, IN_PORT); }
	| error				{ mark_broken(p, IN_PORT); yyerrok; }
	| error block			{ mark_broken(p, IN_PORT); yyerrok; }
	;

interface
	: TAP				{ $$ = TO_TAP; }
	| NIC				{ $$ = TO_NIC; }
	;

opt_netns
	: %empty			{ $$ = NULL; }
	| NETNS string			{ $$ = $2; }
	;

opt_args
	: %empty			{ $$ = NULL; }
	| ARGS string			{ $$ = $2; }
	;

mode
	: LISTEN			{ $$ = false; }
	| CONNECT			{ $$ = true; }
	;

opt_tcp
	: %empty			{ $$ = false; }
	| TCP				{ $$ = true; }
	;

size_option
	: MTU value			{ on_mtu(p, @1, $2); }
	| BUFFERS value			{ on_buffers(p, @1, $2); }
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
	| FOLLOW junk			{ refuse_follow(p, @1); }
	| LATER junk			{ refuse_later(p, &$1); }
	| WORD junk			{ refuse_unknown(p, &$1, IN_LINK); }
	| BROKEN junk
	| error				{ yyerrok; }
	| error block			{ yyerrok; }
	;

/* --- allow --------------------------------------------------------------- */

allow
	: ALLOW side arrow side {
		on_allow(p, @1, &$2.names, &$4.names,
			 (bool[]){ $2.list, $4.list }, $3);
	}
	;

arrow
	: ARROW				{ $$ = ONE_WAY; }
	| BIARROW			{ $$ = BOTH_WAYS; }
	| BROKEN			{ $$ = NO_ARROW; }
	;

side
	: ref {
		$$.names = (struct names){ 0 };
		names_add(&$$.names, $1);
		$$.list = false;
	}
	| '{' list '}'			{ $$.names = $2; $$.list = true; }
	;

list
	: %empty			{ $$ = (struct names){ 0 }; }
	| list ref			{ $$ = $1; names_add(&$$, $2); }
	| list ','
	| list SEP
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
	| LATER junk {
		refuse_later(p, &$1);
		mark_broken(p, IN_DOMAIN);
	}
	| error				{ mark_broken(p, IN_DOMAIN); yyerrok; }
	| error block			{ mark_broken(p, IN_DOMAIN); yyerrok; }
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
	| LATER junk			{ refuse_later(p, &$1); }
	| WORD junk			{ refuse_unknown(p, &$1, IN_VM); }
	| BROKEN junk			{ mark_broken(p, IN_VM); }
	| error				{ mark_broken(p, IN_VM); yyerrok; }
	| error block			{ mark_broken(p, IN_VM); yyerrok; }
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
	: WORD				{ $$ = take(p, &$1); }
	| soft				{ $$ = take(p, &$1); }
	| STRING			{ $$ = take_unquoted(p, &$1); }
	| BROKEN			{ $$ = take(p, &$1); }
	;

refs
	: ref {
		$$ = (struct names){ 0 };
		names_add(&$$, $1);
	}
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
	: %empty			{ $$ = NULL; }
	| value
	;

/* --- what is not understood ---------------------------------------------- */

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
	| TCP | OF | ALL | FILES | LOCK | FORWARD | VM | DRIVER_VM
	;

soft	/* words that came after names were made of them */
	: PROGRAM | ARGS | FOLLOW | KERNEL | INITRD | MEMORY | PCI | SHARED
	| UNCACHED | APPEND
	;

%%

static int conf_lex(CONF_STYPE *value, CONF_LTYPE *at, struct parser *p)
{
	value->token = source_next(p->source);
	*at = value->token.pos;
	return value->token.kind;
}

/* Called for what is no syntax error: the stack's limit. */
static void conf_error(const CONF_LTYPE *at, struct parser *p,
		       const char *text)
{
	report_error(p->report, *at,
		     "this is nested too deeply to be understood (%s)", text);
}

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
