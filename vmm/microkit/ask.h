/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Asking the monitor: what other PDs may call by protected procedure.
 *
 * The call's label is a question (enum mk_ask), the message words are its
 * arguments.  The answer's label is an enum mk_answer, its words are the values.
 * A channel the monitor's configuration does not list gets MK_REFUSED for
 * everything, and so does one that asks for more than its rights.
 *
 * The monitor answers at once from what it has: statistics, link pages,
 * policies.  What only the switch can do (MK_ASK_ADDRESSES, _FLUSH, _ALLOW,
 * _PROPOSE) it orders and answers MK_PENDING; when the switch has done it, the
 * monitor notifies the asker, who gets the result by MK_ASK_RESULT.  So nobody
 * waits for a switch, and no priority matters but the caller's, which must be
 * lower than the monitor's.  A switch does one such thing at a time: others get
 * MK_BUSY meanwhile.  A result can be fetched until somebody asks the switch for
 * something else.
 *
 *	question	words			answer's words
 *	ASK_SYSTEM	-			switches, links, children
 *	ASK_SWITCH	switch			ports, learned, flooded, policies
 *	ASK_PORT	switch, port		state, epoch, faults, frames in,
 *						bytes in, frames out, bytes out,
 *						drops of all reasons
 *	ASK_DROPS	switch, port, reason	drops
 *	ASK_LINK	link			epoch, renewals, 1 if it pauses
 *	ASK_CHILD	child			restarts
 *	ASK_POLICY	switch, port		ports it may send to, as bits;
 *						of these, those with rules
 *	ASK_ADDRESSES	switch, cursor		- (pending)
 *	ASK_FLUSH	switch, port		- (pending)
 *	ASK_ALLOW	switch, from, to, 0|1	- (pending)
 *	ASK_PROPOSE	switch			- (pending): the proposal region
 *	ASK_RESULT	switch			status (0, or -errno as 64 bits),
 *						value, cursor, more, then of
 *						ADDRESSES: MK_ADDRESS_WORDS for
 *						each of at most MK_ADDRESSES
 *	ASK_LET_GO	link			-: the caller's: it no longer
 *						uses its queues
 */
#ifndef WEIR_VMM_MICROKIT_ASK_H
#define WEIR_VMM_MICROKIT_ASK_H

enum mk_ask {
	MK_ASK_SYSTEM = 1,
	MK_ASK_SWITCH,
	MK_ASK_PORT,
	MK_ASK_DROPS,
	MK_ASK_LINK,
	MK_ASK_CHILD,
	MK_ASK_POLICY,
	MK_ASK_ADDRESSES,
	MK_ASK_FLUSH,
	MK_ASK_ALLOW,
	MK_ASK_PROPOSE,
	MK_ASK_RESULT,
	MK_ASK_LET_GO,
	MK_ASKS /* labels are less */
};

enum mk_answer {
	MK_OK,
	MK_PENDING, /* a notification follows: MK_ASK_RESULT */
	MK_BUSY,    /* the switch does something for another */
	MK_REFUSED, /* the channel may not ask that */
	MK_WRONG,   /* no such question, or its arguments are impossible */
	MK_NOTHING, /* there is no result for this channel */
};

/*
 * An address: the MAC address; then VLAN, port in bits 16 to 31, seconds since
 * it was seen in bits 32 to 63.
 */
#define MK_ADDRESS_WORDS 2u
#define MK_ADDRESSES 24u
/* Words of the longest answer. */
#define MK_WORDS (4u + MK_ADDRESSES * MK_ADDRESS_WORDS)

#endif
