/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Connection tracking for stateful rules (`allow a -> b when "EXPR" reply`):
 * which flows port a has begun with port b, so that b's answers may pass.
 *
 * A flow begins when a rule with `reply` lets a frame pass from a, the
 * initiator, to b.  It is identified by both ports, the VLAN, and
 *
 *	TCP, UDP	addresses and ports
 *	ICMP, ICMPv6	addresses, the type of the request (ICMP 8, 13, 15, 17;
 *			ICMPv6 128) and its identifier; a reply begins nothing
 *	ARP		the address a request asks for
 *	ND		the target of a neighbour solicitation
 *	other protocols	addresses and protocol
 *
 * Packets to a group (IP multicast, 255.255.255.255) begin no flow, because the
 * answers do not come from the group's address.  So DHCP and multicast DNS get
 * no answers this way.
 *
 * These are answers, if they go from b to a in the same VLAN and are sound in
 * the sense of packet.h:
 *
 *  - The flow reversed.  For TCP, any segment but one that opens a connection
 *    (SYN without ACK), so that b cannot open a connection to a port that a
 *    once used.  For ICMP, only the reply to that type of request.
 *  - An ICMP or ICMPv6 error about a packet that a sent in the flow, from any
 *    address, to the address a sent that packet from.  Redirects do not count
 *    as errors; errors in fragments are not read.
 *  - A later fragment of an answer whose first fragment has passed.  It must
 *    not overlap the first one, whose headers it could rewrite.  A later
 *    fragment that comes before the first is not an answer.
 *  - Address resolution, as follows.
 *
 * Address resolution: ARP requests and replies, neighbour solicitations and
 * advertisements that hosts must accept (packet_resolves()).  Such a packet
 * claims an address: the sender's in ARP, the source of a solicitation, the
 * target of an advertisement.  It may also ask for one.  From b to a,
 *
 *  - b may claim an address that a has asked b's port for, while that flow
 *    lives, or that a has found there, because b answered from it, to a's
 *    question or in another flow.  The claim may have any form: an answer, a
 *    question, an announcement (gratuitous ARP of both kinds, advertisements to
 *    all), so that an address can move from one router behind b to another.
 *  - b may ask for an address that a has used as a source towards b's port.  b
 *    may ask from any address, because a router asks from any of its own, and
 *    could otherwise not deliver to a.  By asking, b also claims the address it
 *    asks from; that must not be one that a has found at another port, or has
 *    asked b for without an answer from there.  A probe (from no address)
 *    claims nothing.
 *  - b may never claim an address that a has used as its own towards b.  But if
 *    a probes for an address, its owner may tell a that it is taken.
 *
 * The sender of an advertisement and the destination of a solicitation do not
 * matter.  Router advertisements and redirects are not answers.
 *
 * An attacker at b can find out whether a still has the addresses it used
 * there.  While a talks to it, it can also claim an address that a has not
 * asked for, by asking from it.  Hosts take that as a hint (RFC 826; RFC 4861
 * section 7.2.3), and later send there without asking; rules still decide what
 * they may send.  An `ip lock` at b prevents this.  The attacker cannot take
 * over an address that a has found elsewhere, announce an address that a never
 * dealt with, or make an address count as a's own or as found.  Only a question
 * from a, which goes to every port it may ask, moves an address from one port
 * to another; the port that answers it could have answered before.
 *
 * Where a has found an address, or that it has not, is remembered for a day,
 * because hosts seldom ask again for neighbours that they hear from in other
 * ways.  A claim alone prolongs nothing.
 *
 * A TCP segment from a begins a flow in the middle of a connection as well, so
 * that connections survive a restart of the switch; a RST or a SYN with ACK
 * does not.  A SYN (without ACK) from a begins its flow anew.
 *
 * Time is whole seconds of the switch's clock, which does not go backwards.  A
 * flow lives for a time that depends on its state, counted from its last frame:
 *
 *	TCP opened, not answered	60 s	(RFC 5382 REQ-5: 4 min for a
 *						transitory connection)
 *	TCP answered			7440 s	(RFC 5382 REQ-5)
 *	TCP closing (RST, or FIN both ways) 30 s
 *	UDP opened			30 s
 *	UDP answered			180 s	(RFC 4787 REQ-5: at least 2 min)
 *	ICMP				60 s	(RFC 5508 REQ-2)
 *	ARP, ND asked			60 s
 *	ARP, ND answered		7440 s	(as long as any flow to there)
 *	others				600 s
 *	first fragment of an answer	30 s	(RFC 8200 section 4.5: at most
 *						60 s)
 *	a's address, used at b		60 s, or as long as its flow may live
 *					without answer; 7440 s once answered
 *
 * Last seen at second s, it is alive at second n while n - s is less than that.
 * No function sees an expired flow, reclaimed or not.  An ICMP error does not
 * prolong a flow's life.
 *
 * Security.  The table is bounded, and any port that may begin flows can fill
 * it (hostile case 21).  When it is full, the initiating port with the most
 * flows loses one, even if it is the newcomer's own (the lowest number among
 * equals; the new flow does not count).  Of that port's flows, those that are
 * not answered or are closing go first, so that a port scan does not cost the
 * port its connections: only the other port can make a flow answered.  Among
 * these the one seen least recently goes; in the same second, the one with the
 * shortest life.  Expired flows go before any of these and are not counted as
 * evicted.  The hash is keyed with a secret.
 *
 * The addresses for address resolution are in a second table, a quarter of the
 * size (plus a place for each port), with the same rules.  A remembered first
 * fragment is an entry like a flow and belongs to its initiator: it takes a
 * place, is counted and can be evicted, but flow_iterate() skips it.
 *
 * The caller provides the memory; nothing is allocated.
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
 * struct flow_path - the VLAN and ports of a frame
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
 * @resolves:   address resolution: the other members mean nothing, and any rule
 *              with `reply` from the destination to the source lets it pass
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
 * @from, @to: addresses; ARP, ND: @to was asked for, and @from is unspecified,
 *             because any address of the initiator counts
 * @from_port, @to_port: TCP, UDP; @from_port: an ICMP identifier
 * @rule:     id of its rule
 * @left:     seconds until it expires without another frame
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
 * @evicted: removed because the table was full
 * @expired: removed after they had expired
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
 * flow_answers - does a frame answer a flow that its destination began?
 * @frame: snapshot
 * @p:     the same, parsed
 * @path:  the frame's, not the flow's
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
 * @path:       the frame's
 * @rule:       the rule's id
 * @generation: of the policy
 * @now:        seconds
 *
 * Begins a flow, or continues the one it belongs to, which then has this rule.
 * A frame that can do neither (an ICMP reply, a later fragment, a RST without a
 * flow, an announcement, an unsound packet) changes nothing.
 */
void flow_opened(struct flow_table *t, const struct packet *p,
		 const struct flow_path *path, uint32_t rule,
		 uint32_t generation, uint32_t now);

/**
 * flow_answered - a frame was let through because it answers a flow
 * @p:          that frame, parsed
 * @path:       the frame's
 * @hit:        from flow_answers() in the same second.  If the flow has been
 *              evicted since, nothing happens
 * @generation: of the policy, under which @hit->rule exists
 * @now:        seconds
 */
void flow_answered(struct flow_table *t, const struct packet *p,
		   const struct flow_path *path, const struct flow_hit *hit,
		   uint32_t generation, uint32_t now);

/**
 * flow_goes_on - a frame was let through by a rule with `reply`, and that
 * changes nothing
 * @frame: snapshot
 *
 * As flow_opened() otherwise.
 *
 * Return: true if flow_opened() would change nothing; false means nothing.
 */
bool flow_goes_on(const struct flow_table *t, const struct frame *frame,
		  const struct flow_path *path, uint32_t rule,
		  uint32_t generation, uint32_t now);

/**
 * flow_is_answered - a frame answers a flow, and that changes nothing
 * @frame:      snapshot
 * @generation: of the policy
 *
 * As flow_answers() otherwise.
 *
 * Return: true if flow_answers() would say so under a rule of this policy, and
 * flow_answered() would change nothing; false means nothing.
 */
bool flow_is_answered(const struct flow_table *t, const struct frame *frame,
		      const struct flow_path *path, uint32_t generation,
		      uint32_t now);

/**
 * flow_flush_port - forget the flows a port has begun; bounded by the table
 *
 * For a new peer at the port, which must not get its predecessor's answers.
 * Flows that others began with the port stay, so that connections survive the
 * restart of a driver.
 *
 * Return: entries forgotten.
 */
unsigned int flow_flush_port(struct flow_table *t, unsigned int port);

/**
 * flow_iterate - walk the flows that have not expired
 * @cursor: in and out; 0 to start
 *
 * Flows that begin or end during a walk may or may not be met; each other flow
 * is met once.
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
