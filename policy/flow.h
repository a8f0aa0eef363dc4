/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flows: what one port has started with another, so that the answers may come
 * back (`allow a -> b when "EXPR" reply`).
 *
 * A flow is made when a frame from a to b was let through by a rule with
 * `reply`, and names both ports, the VLAN, and
 *
 *	TCP, UDP	addresses and ports
 *	ICMP, ICMPv6	addresses, the kind of request (ICMP 8, 13, 15, 17; ICMPv6
 *			128) and its identifier: an answer starts nothing
 *	ARP		the address a request asks for
 *	ND		likewise (neighbour solicitation: the target)
 *	other protocols	addresses and protocol
 *
 * What is sent to a group (IP multicast, 255.255.255.255) starts nothing: nobody
 * answers as a group.  So no answer to DHCP or multicast DNS comes back on a flow.
 *
 * Answers are, from b to a in the same VLAN, sound in the sense of packet.h,
 *
 *  - the flow reversed.  Of TCP, anything but a segment that opens a connection
 *    (SYN without ACK): who may not be reached cannot be reached through a port he
 *    once used.  Of ICMP, the reply to that kind of request, and nothing else.
 *  - an ICMP or ICMPv6 error about a packet of the flow as a sent it, whoever says
 *    it, to the address a sent it from.  Redirects are no errors, errors in
 *    fragments are not read.
 *  - a later fragment of an answer whose first fragment has passed, as long as it
 *    does not overlap that one, whose headers it could rewrite.  One that comes
 *    before the first is no answer.
 *  - address resolution, as follows.
 *
 * Address resolution.  ARP requests and replies, solicitations and advertisements
 * (as hosts have to accept them: packet_resolves()) do up to two things.  They claim
 * an address: the sender's of ARP, the source of a solicitation, the target of an
 * advertisement is where this comes from.  And they may ask for one.  From b to a
 *
 *  - may be claimed: what a has asked b's port for, for as long as that flow lives,
 *    and what a has found there: b has answered from it, when asked for it or in
 *    another flow.  In any form: as an answer, by asking, or as an announcement
 *    (gratuitous ARP of both kinds, advertisements to all), so that an address can
 *    go over from one router behind b to another;
 *  - may be asked for: what a has used with b's port, that is the sources of its
 *    flows there, from any address.  A router asks from whichever of its own it
 *    likes, and must be able to, or what it has for a would never arrive.  So this
 *    lets b claim that address as well, by asking.  It may not be one that a has
 *    found at another port, or has asked b for too, and got no answer from there.
 *    From no address (a probe) nothing is claimed;
 *  - may never be claimed: what a has used with b as its own.  But who probes for an
 *    address is told by its owner that it is taken.
 *
 * The sender of an advertisement and the destination of a solicitation are of no
 * account.  Router advertisements and redirects are no answers.
 *
 * What whoever sits at b can do by this, and could not do without: find out whether
 * a still has the addresses it has used there; and, as long as a talks to him, claim
 * towards a an address that a has not asked for, by asking from it.  A host
 * takes that for a hint (RFC 826; RFC 4861 section 7.2.3) and sends there if it
 * later has something for that address, without asking.  Rules still say what it may
 * send there.  He who must not be able to do that takes an `ip lock` at b.  What b
 * cannot do: take over an address that a has asked for and found elsewhere, announce one a never
 * dealt with, make addresses known as a's own, or as found, by saying so.  Only a
 * question of a's, which goes to all it may ask, moves an address from one port to
 * another: who answers it could answer it before.
 *
 * Where a has found an address, or that it has not, is remembered for a day; hosts that
 * hear from their neighbours in other ways ask for them seldom.  A claim alone
 * prolongs nothing.
 *
 * A TCP segment from a that is neither a SYN and ACK nor a RST begins a flow also
 * in the middle of a connection, so that connections outlive a restart of the
 * switch.  A SYN (without ACK) from a begins its flow anew.
 *
 * Time is whole seconds of the switch's clock, which does not go backwards, an
 * argument of every verb.  A flow lives for a time that depends on its state:
 *
 *	TCP opened, not answered	60 s	(RFC 5382 REQ-5: 4 min for a transitory
 *						connection as a whole)
 *	TCP answered			7440 s	(RFC 5382 REQ-5)
 *	TCP closing (RST, or FIN both ways) 30 s
 *	UDP opened			30 s
 *	UDP answered			180 s	(RFC 4787 REQ-5: at least 2 min)
 *	ICMP				60 s	(RFC 5508 REQ-2)
 *	ARP, ND asked			60 s
 *	ARP, ND answered		7440 s	(as long as what goes there can live)
 *	others				600 s
 *	first fragment of an answer	30 s	(RFC 8200 section 4.5: 60 s at most)
 *	a's address, used at b		60 s, or as long as its flow may live without
 *					an answer; 7440 s once answered
 *
 * from its last frame: seen at second s, it lives at second n while n - s is less.
 * An expired flow is as good as absent to every verb, reclaimed or not.  An ICMP
 * error does not prolong a flow's life.
 *
 * Security.  The table is bounded, and any port that may start flows can fill it
 * (hostile case 21).  So a full table takes from whoever has most: the initiating
 * port with the most flows (the lowest number among equals, the newcomer not
 * counted) loses one, be it the newcomer's own port.  Flows that nobody has answered,
 * or that are closing, go before those in use, as a port scan must not cost its own
 * port the connections it has; then the one longest unseen goes.  It takes the other
 * port to make a flow answered.  Of flows last seen in the same second the one with
 * the shortest time to live goes first, and among those the one that was so first.
 * What has expired goes before that, and is no eviction.  The hash is keyed with a
 * secret.
 *
 * The addresses of address resolution are in a second table of a quarter of the size
 * (and a place for each port), shared out in the same way.
 *
 * A first fragment that is remembered is an entry like a flow, and its initiator's:
 * it takes a place, is counted and can be evicted.  Only flow_iterate() passes it
 * over.
 *
 * Memory is the caller's; no verb but these touches it; nothing is allocated.
 */
#ifndef WEIR_POLICY_FLOW_H
#define WEIR_POLICY_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bits.h"
#include "base/abi.h"
#include "base/packet.h"

#define FLOW_MAX_CAPACITY 65536u

enum flow_state {
	FLOW_OPENED,
	FLOW_ANSWERED,
	FLOW_CLOSING,
};

/**
 * struct flow_path - where a frame goes, as far as flows are concerned
 * @vlan:     VLAN it belongs to
 * @src, @dst: ports it comes from and would go to, less than MAX_PORTS
 */
struct flow_path {
	uint16_t vlan;
	uint8_t src;
	uint8_t dst;
};

/**
 * struct flow_hit - a flow that a frame answers
 * @slot:       which entry
 * @rule:       id of the rule that let the flow begin
 * @generation: of the policy under which that rule was last found to exist
 * @related:    an ICMP error or a later fragment, rather than the flow itself
 * @resolves:   address resolution: nothing else here is of meaning, and whichever rule
 *              with `reply` there is from the destination to the source lets it pass
 */
struct flow_hit {
	uint32_t slot;
	uint32_t rule;
	uint32_t generation;
	bool related;
	bool resolves;
};

/**
 * struct flow_entry - one flow, as shown
 * @vlan, @src, @dst: as when it began
 * @protocol: IP protocol; 0 for ARP
 * @state:    enum flow_state
 * @from, @to: addresses; ARP, ND: @to was asked for, and @from is the unspecified
 *         address, because any address of who asked counts
 * @from_port, @to_port: TCP, UDP; @from_port: an ICMP identifier
 * @rule:     id of its rule
 * @left:     seconds it has to live if nothing more comes
 */
struct flow_entry {
	struct ip_addr from;
	struct ip_addr to;
	uint32_t rule;
	uint32_t left;
	uint16_t from_port;
	uint16_t to_port;
	uint16_t vlan;
	uint8_t protocol;
	uint8_t state;
	uint8_t src;
	uint8_t dst;
	uint8_t pad[6];
};

ABI_SIZE(struct flow_entry, 56);
ABI_AT(struct flow_entry, from, 0);
ABI_AT(struct flow_entry, to, 16);
ABI_AT(struct flow_entry, rule, 32);
ABI_AT(struct flow_entry, left, 36);
ABI_AT(struct flow_entry, from_port, 40);
ABI_AT(struct flow_entry, to_port, 42);
ABI_AT(struct flow_entry, vlan, 44);
ABI_AT(struct flow_entry, protocol, 46);
ABI_AT(struct flow_entry, state, 47);
ABI_AT(struct flow_entry, src, 48);
ABI_AT(struct flow_entry, dst, 49);
ABI_AT(struct flow_entry, pad, 50);

/**
 * struct flow_counts - since the table was made
 * @opened:  flows begun
 * @evicted: had to go because the table was full
 * @expired: went because their time was over
 */
struct flow_counts {
	uint64_t opened;
	uint64_t evicted;
	uint64_t expired;
};

struct flow_table;

/**
 * flow_size - bytes of memory a table needs
 * @capacity: flows, 1 to FLOW_MAX_CAPACITY; 0 is returned for any other number
 */
size_t flow_size(uint32_t capacity);

/**
 * flow_init - make an empty table
 * @memory: aligned to 64
 * @seed:   secret of the hash
 *
 * Return: the table (inside @memory), or NULL if @capacity is out of range or
 * @size less than flow_size().
 */
struct flow_table *flow_init(void *memory, size_t size, uint32_t capacity,
			     uint64_t seed);

/**
 * flow_answers - does a frame answer a flow its destination has begun?
 * @frame: snapshot
 * @p:     the same, parsed
 * @path:  as this frame goes: the flow went the other way
 * @now:   seconds
 * @hit:   out, if it does
 *
 * Changes nothing.
 */
bool flow_answers(const struct flow_table *t, const struct frame *frame,
		  const struct packet *p, const struct flow_path *path,
		  uint32_t now, struct flow_hit *hit);

/**
 * flow_opened - a frame was let through by a rule with `reply`
 * @p:          parsed
 * @path:       as it goes
 * @rule:       the rule's id
 * @generation: of the policy
 * @now:        seconds
 *
 * Begins a flow, or goes on with the one it belongs to, which then has this rule.
 * A frame that can do neither (an ICMP answer, a later fragment, a RST of no flow, an
 * announcement, what is not sound) changes nothing.
 */
void flow_opened(struct flow_table *t, const struct packet *p,
		 const struct flow_path *path, uint32_t rule,
		 uint32_t generation, uint32_t now);

/**
 * flow_answered - a frame was let through because it answers a flow
 * @p:          that frame, parsed
 * @path:       as it goes
 * @hit:        what flow_answers() said of it in the same second.  If the flow has
 *              gone since (to make room for another), nothing happens
 * @generation: of the policy, under which @hit->rule exists
 * @now:        seconds
 */
void flow_answered(struct flow_table *t, const struct packet *p,
		   const struct flow_path *path, const struct flow_hit *hit,
		   uint32_t generation, uint32_t now);

/**
 * flow_flush_port - forget what a port has begun, bounded by the table
 *
 * For a new peer at the port, which is owed no answers.  What the port may answer
 * stays: connections outlive a driver that is started again.
 *
 * Return: entries forgotten.
 */
unsigned int flow_flush_port(struct flow_table *t, unsigned int port);

/**
 * flow_iterate - walk the flows that live
 * @cursor: in/out: 0 to start; where to go on
 *
 * Flows that begin or go during a walk may or may not be met; no other is met
 * twice or missed.
 *
 * Return: false at the end.
 */
bool flow_iterate(const struct flow_table *t, uint32_t *cursor, uint32_t now,
		  struct flow_entry *entry);

/**
 * flow_count - entries in the table, expired ones not yet reclaimed included
 */
uint32_t flow_count(const struct flow_table *t);

/**
 * flow_counts - how many came and went
 */
struct flow_counts flow_counts(const struct flow_table *t);

#endif
