/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why a frame was not delivered: one list for counters, `weir show drops`,
 * `weir trace`, capture comments and JSON keys alike.
 *
 * Every refusal has exactly one reason and is counted at exactly one port.
 * Most are charged to the port the frame came from (IN); those that come from
 * the state of the receiver are charged to the port it was meant for (OUT).
 *
 *	WEIR_REASON(symbol, key, side, text for a person)
 *
 * New reasons are added at the end: the position is part of the statistics
 * region's layout.
 */
#ifndef WEIR_BASE_REASON_H
#define WEIR_BASE_REASON_H

#include <stdbool.h>

#define WEIR_REASONS(WEIR_REASON)                                              \
	WEIR_REASON(NONE, none, IN, "delivered")                               \
	WEIR_REASON(BAD_BUFFER, bad_buffer, IN,                                \
		    "descriptor outside the region or off a buffer boundary")  \
	WEIR_REASON(RUNT, runt, IN, "shorter than an Ethernet header")         \
	WEIR_REASON(OVERSIZE, oversize, IN,                                    \
		    "longer than the sending port's MTU allows")               \
	WEIR_REASON(RESERVED, reserved, IN,                                    \
		    "802.1 reserved address, never forwarded by a bridge")     \
	WEIR_REASON(BAD_SOURCE, bad_source, IN,                                \
		    "source address is zero or a group address")               \
	WEIR_REASON(VLAN, vlan, IN, "VLAN tag truncated or VLAN id 4095")      \
	WEIR_REASON(MAC_LOCK, mac_lock, IN,                                    \
		    "source address is not one the port is locked to")         \
	WEIR_REASON(STATION_PINNED, station_pinned, IN,                        \
		    "source address is pinned to another port")                \
	WEIR_REASON(SAME_PORT, same_port, IN,                                  \
		    "destination is behind the port the frame came from")      \
	WEIR_REASON(NOT_ALLOWED, not_allowed, IN,                              \
		    "no rule lets the port send to the destination port")      \
	WEIR_REASON(POLICY, policy, IN, "refused by the user's policy")        \
	WEIR_REASON(NO_DESTINATION, no_destination, IN,                        \
		    "no port left to flood to")                                \
	WEIR_REASON(PORT_DOWN, port_down, OUT, "destination port is down")     \
	WEIR_REASON(TOO_BIG, too_big, OUT,                                     \
		    "longer than the destination port's MTU allows")           \
	WEIR_REASON(NO_BUFFER, no_buffer, OUT,                                 \
		    "receiver has no free buffer (too slow)")                  \
	WEIR_REASON(BAD_FREE, bad_free, OUT,                                   \
		    "receiver returned an impossible buffer")                  \
	WEIR_REASON(DENIED, denied, IN, "a deny rule refuses it")              \
	WEIR_REASON(NO_RULE, no_rule, IN,                                      \
		    "none of the rules between the two ports allows it")       \
	WEIR_REASON(IP_LOCK, ip_lock, IN,                                      \
		    "IP, ARP or ND address is not one the port may use")       \
	WEIR_REASON(STICKY, sticky, IN,                                        \
		    "one source address more than the port may have")          \
	WEIR_REASON(RATE_IN, rate_in, IN, "faster than the port may send")     \
	WEIR_REASON(RATE_OUT, rate_out, OUT,                                   \
		    "faster than the destination port may receive")            \
	WEIR_REASON(STORM, storm, IN,                                          \
		    "more broadcast, multicast or unknown unicast than the "   \
		    "port may flood")                                          \
	WEIR_REASON(MOVES, moves, IN,                                          \
		    "source address moves between ports too often")            \
	WEIR_REASON(                                                           \
		BLOCKED, blocked, IN,                                          \
		"the port is blocked: addresses keep moving to it (a loop?)")  \
	WEIR_REASON(BLOCKED_OUT, blocked_out, OUT,                             \
		    "destination port is blocked (a loop?)")                   \
	WEIR_REASON(VLAN_IN, vlan_in, IN,                                      \
		    "the port does not take frames of this VLAN, or this tag") \
	WEIR_REASON(VLAN_OUT, vlan_out, OUT,                                   \
		    "destination port is not in the frame's VLAN")             \
	WEIR_REASON(NO_FLOW, no_flow, IN,                                      \
		    "only answers may go there, and it answers no known flow") \
	WEIR_REASON(                                                           \
		KNOWN_ONLY, known_only, OUT,                                   \
		"unknown addresses are not flooded to the port: `mac lock`, "  \
		"or `flood off`")                                              \
	WEIR_REASON(BAD_OFFLOAD, bad_offload, IN,                              \
		    "offload data that do not fit the frame")

#define WEIR_REASON_ENUM(symbol, key, side, text) REASON_##symbol,
enum vswitch_reason { WEIR_REASONS(WEIR_REASON_ENUM) REASON_COUNT };
#undef WEIR_REASON_ENUM

/**
 * vswitch_reason_key - stable short name ("not_allowed"): JSON keys, columns
 * @reason: any value; out of range gives "unknown"
 */
const char *vswitch_reason_key(enum vswitch_reason reason);

/**
 * vswitch_reason_text - one line for a person
 * @reason: any value; out of range gives "unknown"
 */
const char *vswitch_reason_text(enum vswitch_reason reason);

/**
 * vswitch_reason_is_out - whether it is charged to the receiving port
 * @reason: any value
 */
bool vswitch_reason_is_out(enum vswitch_reason reason);

#endif
