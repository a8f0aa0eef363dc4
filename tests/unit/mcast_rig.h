/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Frames for multicast snooping, and a table that hears them.
 *
 * Messages of both families are made by the same calls, so that a test can say
 * what holds for either.  A wire_*() call makes a message as it should be; a
 * test that wants it otherwise changes the struct wire, or the bytes of the
 * frame.
 */
#ifndef WEIR_TESTS_MCAST_RIG_H
#define WEIR_TESTS_MCAST_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vswitch/mcast.h"

#define PORT_BIT(port) (1ull << (port))
/* All that get a frame from port 0, 1, ..., in the tests that do not care. */
#define ALL_BUT(src) (0xffull & ~PORT_BIT(src))

/* Record types of IGMPv3 and MLDv2. */
enum { IS_IN = 1, IS_EX, TO_IN, TO_EX, ALLOW, BLOCK };

/**
 * struct wire - an IP packet to be
 * @v4:       family
 * @alert:    with a router alert
 * @bad_sum:  its checksum is wrong
 * @bad_head: its IPv4 header's is
 * @ttl:      or hop limit
 * @protocol: of what it carries
 * @tags:     0, 1 or 2
 * @tpid:     of the first tag
 * @tci:      of the first tag
 * @src, @dst: addresses
 * @mac:      Ethernet destination; 0: the one that belongs to @dst
 * @len:      bytes of @body
 * @body:     what it carries, the checksum left out
 */
struct wire {
	bool v4;
	bool alert;
	bool bad_sum;
	bool bad_head;
	uint8_t ttl;
	uint8_t protocol;
	unsigned int tags;
	uint16_t tpid;
	uint16_t tci;
	struct ip_addr src;
	struct ip_addr dst;
	uint64_t mac;
	unsigned int len;
	uint8_t body[1400];
};

/* 239.1.x.x or ff05::x; the last 16 bits are @n. */
struct ip_addr snoop_group(bool v4, unsigned int n);
/* 224.0.0.n or ff02::n. */
struct ip_addr snoop_link_group(bool v4, unsigned int n);

/* Data to a group. */
struct wire wire_data(bool v4, struct ip_addr group);
/* A report of one group; version 1, 2 or 3 (3: MLDv2; MLDv1 otherwise). */
struct wire wire_report(bool v4, unsigned int version, struct ip_addr group);
/* A report without records of version 3, and one more record to it. */
struct wire wire_records(bool v4);
void wire_record(struct wire *w, unsigned int type, struct ip_addr group,
		 unsigned int sources, unsigned int aux);
struct wire wire_leave(bool v4, struct ip_addr group);
/* For everybody; and for one group. */
struct wire wire_query(bool v4, unsigned int version, unsigned int seconds);
struct wire wire_query_group(bool v4, unsigned int version,
			     struct ip_addr group);
struct wire wire_hello(bool v4);

/* Put the byte of flags, or sources, into a query of version 3. */
void wire_query_flags(struct wire *w, unsigned int flags);
void wire_query_sources(struct wire *w, unsigned int sources);

/**
 * wire_bytes - the whole frame
 * @to: room for 1500 bytes
 *
 * Return: how many there are.
 */
unsigned int wire_bytes(const struct wire *w, uint8_t *to);

/**
 * snoop_frame - a frame as the switch sees it
 * @snap: bytes of the snapshot, at most
 *
 * What is behind the snapshot is @poison.
 */
void snoop_frame(struct frame *f, const uint8_t *bytes, unsigned int len,
		 unsigned int snap, uint8_t poison);

/* --- a table ------------------------------------------------------------ */

struct snoop {
	struct mcast *m;
	void *memory;
	uint32_t now;
};

void snoop_make(struct snoop *r, uint32_t groups);
void snoop_free(struct snoop *r);

/* A message from a port, delivered to all others or to those of a set. */
void snoop_hear(struct snoop *r, const struct wire *w, unsigned int src);
void snoop_hear_at(struct snoop *r, const struct wire *w, unsigned int src,
		   uint64_t reached);

/* Where of ALL_BUT(), or of a set, a frame goes. */
uint64_t snoop_ports(const struct snoop *r, const struct wire *w,
		     unsigned int src);
uint64_t snoop_ports_of(const struct snoop *r, const struct wire *w,
			unsigned int src, uint64_t ports);

/* Data from port 7. */
uint64_t snoop_data(const struct snoop *r, bool v4, struct ip_addr group);

/* A querier at port 0 asks everybody, and the time to answer passes. */
void snoop_settle(struct snoop *r, bool v4);

/* A report of version 3. */
void snoop_join(struct snoop *r, bool v4, struct ip_addr group,
		unsigned int port);

/**
 * struct known - how much a table knows
 * @role: by enum mcast_role: entries of a walk
 */
struct known {
	unsigned int role[3];
};

struct known snoop_known(const struct snoop *s);

/* What snoop_data() gives, and where snoop_settle() has the querier. */
#define FLOOD ALL_BUT(7)
#define QUERIER PORT_BIT(0)

/* Run a test for IPv4 and for IPv6, each with a table of its own. */
void snoop_both(void (*test)(struct snoop *s, bool v4));

#define FOR_BOTH(name)                                                         \
	static void name##_in(struct snoop *s, bool v4);                       \
	static void name(void **state)                                         \
	{                                                                      \
		(void)state;                                                   \
		snoop_both(name##_in);                                         \
	}                                                                      \
	static void name##_in(struct snoop *s, bool v4)

#endif
