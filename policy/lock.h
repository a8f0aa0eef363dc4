/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address locks: a port may use these IP addresses and no others.
 *
 * One rule for IPv4, IPv6, ARP and neighbour discovery alike, because an
 * address that is refused in one of them and believed in another is no lock:
 * whoever may not send as 10.0.0.1 must not be able to tell others that
 * 10.0.0.1 is his.
 *
 * A locked port may send
 *
 *	IPv4, IPv6	with a source that is one of its addresses
 *	ARP		requests and replies with a sender address that is, and a
 *			sender Ethernet address that is the frame's
 *	ND		solicitations and advertisements with a source and an
 *			advertised target that are its addresses, and a
 *			link-layer address that is the frame's
 *
 * and what a host must be able to send before it has an address, because it claims
 * nothing: ARP probes for an address of its own (RFC 5227), from 0.0.0.0 DHCP (UDP
 * 68 to 67, broadcast) and IGMP reports and leaves (RFC 3376 section 4.2.13), and
 * from :: duplicate address detection for an address of its own, router
 * solicitations and MLD reports (RFC 3590).  Queries do claim something: that a
 * router is there.  The unspecified addresses are nobody's in any other way, also
 * where a prefix holds them.
 *
 * ARP, neighbour discovery and what needs no address are held to the letter
 * (base/packet.h: packet_resolves(), packet_is_tight()): nobody's packets must
 * not be a way to say anything else, and what receivers do not believe is of use to
 * nobody but who wants to look like what he is not.
 *
 * Link-local addresses are addresses like others, and best named exactly (`ip lock
 * 10.0.0.7, fe80::7`): routers have link-local ones, and who may use all of
 * fe80::/64 may be one.
 *
 * What is behind a locked port is a host and no router: router advertisements
 * and redirects, of ICMP as of ICMPv6, are refused also from its own addresses,
 * for they change where others send, whatever they were sent from.  So is
 * inverse neighbour discovery, which binds addresses to Ethernet addresses and
 * has no use on Ethernet.
 *
 * Everything else is refused: other Ethernet types, IEEE 802.3 frames, what
 * carries IP next to Ethernet (PPPoE, MPLS, more than two tags), and every
 * packet that can be read in more than one way or not to its end
 * (base/packet.h).
 *
 * A prefix is IPv4 if it is mapped and has 96 bits and more; it holds no IPv6
 * address, and one of IPv6, also ::/0, holds none of IPv4.
 *
 * Not looked at is what the owner of an address may say with it: packets inside
 * IP (to a tunnel's other end), DHCP's own fields, and a source route or home
 * address among the options of a packet.
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
 * @frame:  snapshot of PACKET_SNAP octets at least, or of the whole frame
 *
 * Changes nothing; work is bounded by @n.
 */
bool lock_allows(const struct policy_prefix *prefix, unsigned int n,
		 const struct frame *frame);

#endif
