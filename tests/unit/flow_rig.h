/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flows between two ports, for tests: what port A sends to port B and what
 * comes back.  A rule with `reply` lets everything from A to B through.
 */
#ifndef WEIR_TESTS_FLOW_RIG_H
#define WEIR_TESTS_FLOW_RIG_H

#include "policy/flow.h"
#include "tests/unit/packet_rig.h"

#define A 3u
#define B 9u
#define VLAN 12u
#define RULE 77u
#define GENERATION 5u
#define NOW 1000u

/* As frames from A to B go, and from B to A. */
extern const struct flow_path there, back;

/* A table; to be freed.  Its memory ends where the table does. */
struct flow_table *flows_new(uint32_t capacity);

/* A frame was let through: flow_opened(). */
void sent_on(struct flow_table *t, struct pkt *k, const struct flow_path *path,
	     uint32_t now);
void sent(struct flow_table *t, struct pkt *k, uint32_t now);

/* Would it be an answer?  @hit: may be NULL. */
bool answers_on(const struct flow_table *t, struct pkt *k,
		const struct flow_path *path, uint32_t now,
		struct flow_hit *hit);
bool answers(const struct flow_table *t, struct pkt *k, uint32_t now);

/* It is one, and was let through: flow_answered(). */
void answered(struct flow_table *t, struct pkt *k, uint32_t now);

/* The one flow there is; asserts that there is one. */
struct flow_entry only(const struct flow_table *t, uint32_t now);
/* Flows that flow_iterate() shows. */
unsigned int shown(const struct flow_table *t, uint32_t now);

/* Flow number @n of a port with B: of UDP, 24 bits of it are an address. */
void open_nth(struct flow_table *t, unsigned int port, unsigned int n,
	      uint32_t now);
bool has_nth(const struct flow_table *t, unsigned int port, unsigned int n,
	     uint32_t now);
void answer_nth(struct flow_table *t, unsigned int port, unsigned int n,
		uint32_t now);

/* Packets between hosts 1 (behind A) and 2 (behind B), IPv4 or IPv6. */
void tcp_out(struct pkt *k, unsigned int version, unsigned int flags);
void tcp_in(struct pkt *k, unsigned int version, unsigned int flags);
void udp_out(struct pkt *k, unsigned int version);
void udp_in(struct pkt *k, unsigned int version);
void icmp_out(struct pkt *k, unsigned int version, unsigned int type,
	      unsigned int id);
void icmp_in(struct pkt *k, unsigned int version, unsigned int type,
	     unsigned int id);

#endif
