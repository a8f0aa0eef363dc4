/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A worked example of a policy of one's own: between two given ports nothing
 * passes but ARP, IPv4 and IPv6; all other pairs keep what allow list and rules
 * say.
 *
 *	make POLICY=policy/user/only_arp_and_ip.c
 *
 * Which two, the topology says:
 *
 *	switch sw0 {
 *		policy 0 1
 *		port alice { ... }	# 0
 *		port bob { ... }	# 1
 *	}
 *
 * Ports are numbered in the order in which they are declared, from 0, and
 * `weir show ports` prints the numbers.
 *
 * The file is compiled into every switch there is, but words are a switch's own:
 * one may have none, or what somebody meant for another file.  A policy that
 * then refuses nothing looks like one that works.  So whatever is not the numbers
 * of two ports has all pairs watched: more than was asked for is refused, and
 * `weir show drops` says so ("policy").  That a number is a port's own, and the
 * right one's, cannot be seen from here.
 *
 * What such a file may rely on: @frame is a private copy that nobody else can
 * change, its fields are parsed, octets from @frame->snap on mean nothing, and
 * allow list and rules have agreed.  It is asked about every frame; its verdicts
 * are never remembered.  What it must keep to: no globals, no loop without a
 * fixed end, and the same answer for the same arguments, because `weir trace`
 * asks again.  It must not look at less than it means: @frame->ethertype is the
 * one behind the outermost VLAN tag, so a frame with two tags shows the inner
 * tag's TPID there and is refused below.
 */
#include "policy/policy.h"

#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_ARP 0x0806u
#define ETHERTYPE_IPV6 0x86ddu

static bool names_a_pair(const struct policy_words *words)
{
	return words->n == 2 && words->word[0] < POLICY_MAX_PORTS &&
	       words->word[1] < POLICY_MAX_PORTS &&
	       words->word[0] != words->word[1];
}

/* In both directions. */
static bool is_watched(const struct policy_words *words, unsigned int src,
		       unsigned int dst)
{
	uint64_t a, b;

	if (!names_a_pair(words))
		return true;
	a = words->word[0];
	b = words->word[1];
	return (src == a && dst == b) || (src == b && dst == a);
}

bool policy_user(const struct frame *frame, unsigned int src, unsigned int dst,
		 const struct policy_words *words)
{
	if (!is_watched(words, src, dst))
		return true;
	return frame->ethertype == ETHERTYPE_ARP ||
	       frame->ethertype == ETHERTYPE_IPV4 ||
	       frame->ethertype == ETHERTYPE_IPV6;
}
