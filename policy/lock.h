/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address locks: a port may use these IP addresses and no others.
 *
 * One rule for IPv4, IPv6, ARP and neighbour discovery alike, because an address
 * that is refused in one of them and believed in another is no lock: whoever may
 * not send as 10.0.0.1 must not be able to tell others that 10.0.0.1 is his.
 *
 * A locked port may send
 *
 *	IPv4, IPv6	with a source that is one of its addresses
 *	ARP		with a sender address that is, a sender Ethernet address
 *			that is the frame's, and (RFC 5227) 0.0.0.0 to probe for
 *			an address of its own
 *	ND		with a source, an advertised target and a link-layer
 *			address that are its own
 *
 * and what a host must be able to send before it has an address: DHCP from
 * 0.0.0.0 (UDP 68 to 67), and from :: duplicate address detection for an address
 * of its own, router solicitations and MLD reports.  Link-local addresses are
 * addresses like others: `ip lock 10.0.0.7, fe80::/64`.
 *
 * Everything else is refused: other Ethernet types, tunnels that carry IP next to
 * Ethernet (PPPoE, MPLS, more than two tags), and packets whose addresses cannot
 * be read.
 */
#ifndef WEIR_POLICY_LOCK_H
#define WEIR_POLICY_LOCK_H

#include <stdbool.h>

#include "policy/image.h"
#include "vswitch/frame.h"

/**
 * lock_allows - may a locked port send this frame?
 * @prefix: the port's addresses
 * @n:      how many; 0: it may use none
 * @frame:  snapshot of PACKET_SNAP octets at least, or of the whole frame
 *
 * Changes nothing; work is bounded by @n.
 */
bool lock_allows(const struct policy_prefix *prefix, unsigned int n,
		 const struct frame *frame);

#endif
