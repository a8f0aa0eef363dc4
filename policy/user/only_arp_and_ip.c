/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An example of a user policy: between two given ports only ARP, IPv4 and IPv6
 * pass; for all other pairs allow list and rules decide.
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
 * The file is compiled into every switch, but each switch has its own words: it
 * may have none, or words meant for another file.  A policy that then refused
 * nothing would look as if it worked.  So unless the words are two port
 * numbers, all pairs are restricted, and `weir show drops` shows it ("policy").
 * Whether a number is the right port's cannot be checked here.
 *
 * What such a file may rely on: @frame is a private copy that nobody else can
 * change, its fields are parsed, bytes from @frame->snap on mean nothing, and
 * allow list and rules have agreed.  It is asked about every frame; its
 * verdicts are never remembered.  It must have no globals and no unbounded
 * loop, and give the same answer for the same arguments, because `weir trace`
 * asks again.  Beware: @frame->ethertype is the one behind the outermost VLAN
 * tag, so a frame with two tags shows the inner tag's TPID there and is refused
 * below.
 */
#include "policy/policy.h"

#define ETHERTYPE_IPV4 0x0800u
#define ETHERTYPE_ARP 0x0806u
#define ETHERTYPE_IPV6 0x86ddu

static bool names_a_pair(const struct policy_words *words)
{
	return words->n == 2 && words->word[0] < MAX_PORTS &&
	       words->word[1] < MAX_PORTS && words->word[0] != words->word[1];
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
