/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets through a switch in plain memory: what tests of policy on the whole
 * switch share.  Ports 0 to 3 are clients; the station at port p has the MAC
 * address RIG_MAC(p + 1), 10.0.0.(p + 1) and 2001:db8::(p + 1).
 */
#ifndef WEIR_TESTS_SWITCH_RIG_H
#define WEIR_TESTS_SWITCH_RIG_H

#include <string.h>

#include "tests/unit/image_rig.h"
#include "tests/unit/packet_rig.h"
#include "tests/unit/rig.h"

#define SW_PORTS 4u
#define SW_S 1000000000ull

/* Write an Ethernet header's addresses. */
void sw_mac(uint8_t *frame, uint64_t dst, uint64_t src);

/* A switch with its stations known and a policy that is taken. */
struct rig *sw_new(const struct policy_image *image);

/**
 * sw_send_raw - a frame into a port, and to where it gets
 *
 * What the switch foretold must come true, but for receivers without buffer.
 *
 * Return: the ports that got it.
 */
uint64_t sw_send_raw(struct rig *r, unsigned int src, const uint8_t *frame,
		     uint16_t len);

uint64_t sw_udp(struct rig *r, unsigned int src, unsigned int dst,
		unsigned int sport, unsigned int dport);
uint64_t sw_tcp(struct rig *r, unsigned int src, unsigned int dst,
		unsigned int sport, unsigned int dport, unsigned int flags);

#endif
