/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address locks: a port may use these IP addresses and no others.
 *
 * One rule holds for IPv4, IPv6, ARP and neighbour discovery: a port that may
 * not send as 10.0.0.1 must not be able to announce 10.0.0.1 as its own either.
 *
 * A locked port may send
 *
 *	IPv4, IPv6	with a source that is one of its addresses
 *	ARP		requests and replies whose sender address is, with a
 *			sender Ethernet address that is the frame's
 *	ND		solicitations and advertisements with a source and an
 *			advertised target that are its addresses, and a
 *			link-layer address that is the frame's
 *
 * and what a host must send before it has an address, which claims nothing: ARP
 * probes for an address of its own (RFC 5227), from 0.0.0.0 DHCP (UDP 68 to 67,
 * broadcast) and IGMP reports and leaves (RFC 3376 section 4.2.13), and from ::
 * duplicate address detection for an address of its own, router solicitations
 * and MLD reports (RFC 3590).  Queries claim to be a router's and are refused.
 * In all other packets the unspecified addresses are refused, even if a prefix
 * holds them.
 *
 * ARP, neighbour discovery and packets without an address must be strictly well
 * formed (base/packet.h: packet_resolves(), packet_is_tight()), so that they
 * cannot carry anything else.
 *
 * Link-local addresses must be listed as well, and best exactly (`ip lock
 * 10.0.0.7, fe80::7`): routers have link-local addresses, and a port that may
 * use all of fe80::/64 can pose as one.
 *
 * A locked port has a host behind it, not a router: router advertisements and
 * redirects, of ICMP and ICMPv6, are refused even from its own addresses,
 * because they change where others send.  So is inverse neighbour discovery,
 * which has no use on Ethernet.
 *
 * Everything else is refused: other EtherTypes, IEEE 802.3 frames, other
 * carriers of IP (PPPoE, MPLS, more than two tags), and packets that are
 * ambiguous or cannot be parsed completely (base/packet.h).
 *
 * A prefix is IPv4 if it is mapped and has at least 96 bits.  It holds no IPv6
 * addresses, and an IPv6 prefix, even ::/0, holds no IPv4 addresses.
 *
 * Not checked: packets inside IP (tunnels), DHCP's own fields, and source
 * routes or home addresses among a packet's options.
 */
#ifndef WEIR_POLICY_LOCK_H
#define WEIR_POLICY_LOCK_H

#include <stdbool.h>

#include "policy/image.h"
#include "base/frame.h"

/**
 * lock_allows - may a locked port send this frame?
 * @prefix: the port's addresses
 * @n:      how many; 0: it may use none
 * @frame:  snapshot of PACKET_SNAP bytes at least, or of the whole frame
 *
 * Changes nothing; work is bounded by @n.
 */
bool lock_allows(const struct policy_prefix *prefix, unsigned int n,
		 const struct frame *frame);

#endif
