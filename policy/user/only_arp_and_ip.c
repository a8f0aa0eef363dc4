/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worked example of a policy of one's own: between two given ports nothing
 * passes but ARP, IPv4 and IPv6; all other pairs keep what the allow list says.
 *
 *	make POLICY=policy/user/only_arp_and_ip.c
 *
 * Ports are numbered in the order the topology declares them, from 0, and
 * `weir show ports` prints the numbers.
 *
 * What such a file may rely on: @frame is a private copy that nobody else can
 * change, its fields are parsed, octets from @frame->snap on are zero, and the
 * allow list has agreed.  What it must keep to: no globals, no loop without a
 * fixed end, and the same answer for the same arguments, because `weir trace`
 * asks again.  It must not look at less than it means: @frame->ethertype is the
 * one behind the outermost VLAN tag, so a frame with two tags shows the inner
 * tag's TPID there and is refused below.
 */
#include "policy/policy.h"

/* The pair that is watched, in both directions. */
#define PORT_A 0u
#define PORT_B 1u

#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_ARP 0x0806u
#define ETHERTYPE_IPV6 0x86ddu

static bool is_the_pair(unsigned int src, unsigned int dst)
{
	return (src == PORT_A && dst == PORT_B) ||
	       (src == PORT_B && dst == PORT_A);
}

bool policy_user(const struct frame *frame, unsigned int src, unsigned int dst)
{
	if (!is_the_pair(src, dst))
		return true;
	return frame->ethertype == ETHERTYPE_ARP ||
	       frame->ethertype == ETHERTYPE_IPV4 ||
	       frame->ethertype == ETHERTYPE_IPV6;
}
