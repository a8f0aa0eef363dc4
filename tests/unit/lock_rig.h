/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For the tests of policy/lock.h: a port and what it may use.
 *
 * The port is locked to 10.0.0.1, 10.0.1.0/24, 2001:db8::1, 2001:db8:0:1::/64
 * and fe80::1; packets of packet_rig.h come from the Ethernet address MAC.
 */
#ifndef WEIR_TESTS_UNIT_LOCK_RIG_H
#define WEIR_TESTS_UNIT_LOCK_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "policy/lock.h"
#include "tests/unit/packet_rig.h"

#define MAC 0x020000000001ull
#define OTHER_MAC 0x020000000003ull

#define LOCK_PREFIXES 5u

/**
 * struct addr - an address, and whether it is the port's
 */
struct addr {
	struct ip_addr ip;
	bool own;
};

#define LOCK_V4 9u
extern const struct addr lock_v4[LOCK_V4];

#define LOCK_V6 11u
extern const struct addr lock_v6[LOCK_V6];

/* The first @snap bytes of a frame of @len. */
bool allows_part(const struct pkt *k, unsigned int len, unsigned int snap);

/* As it is: lengths may lie. */
bool allows_raw(const struct pkt *k);

bool allows(struct pkt *k);

/* The same packet behind so many tags more. */
void insert_tags(struct pkt *k, unsigned int tags);

#endif
