/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values: from the words of a topology to numbers, and back for messages.
 *
 * Each takes a struct name and reports at its position.  A name whose text is
 * NULL has been reported already; all of these then fail in silence.
 */
#ifndef WEIR_CONFIG_VALUE_H
#define WEIR_CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/lang/topology.h"

/**
 * struct unit - a unit of time or size
 * @text:  "ms"
 * @value: in terms of the smallest
 */
struct unit {
	const char *text;
	uint64_t value;
};

/**
 * struct measure - what a number may be
 * @what:  for messages: "an MTU"
 * @like:  for messages: without units what it counts, "bytes"; with them an
 *         example of what is right, "300s, 5m or 1h"
 * @min, @max: inclusive, in the smallest unit
 * @units: one stands right behind the number, "300s"; ended by a NULL text.
 *         NULL: there are none
 */
struct measure {
	const char *what;
	const char *like;
	uint64_t min;
	uint64_t max;
	const struct unit *units;
};

/**
 * value_number - a decimal number
 * @out: unchanged on failure
 */
bool value_number(struct report *r, const struct name *n,
		  const struct measure *m, uint64_t *out);

/**
 * value_station - the MAC address of one station
 */
bool value_station(struct report *r, const struct name *n, uint64_t *out);

/**
 * value_identifier - is this a good name for something of ours?
 * @what: "switch"
 */
bool value_identifier(struct report *r, const struct name *n, const char *what);

/**
 * value_interface - is this a good name for a network interface?
 */
bool value_interface(struct report *r, const struct name *n);

/**
 * value_netns - is this the name of a network namespace?
 */
bool value_netns(struct report *r, const struct name *n);

/**
 * value_path - is this a path of at most @max bytes?
 * @why: what limits it, for messages
 */
bool value_path(struct report *r, const struct name *n, size_t max,
		const char *why);

/**
 * value_file - a path that is relative to the folder of the file it stands in
 *
 * Return: a name with the absolute path, or without text if that cannot be;
 * this has been reported.
 */
struct name value_file(struct report *r, const struct name *n);

/**
 * value_loopback - a loopback address and port, "127.0.0.1:5000"
 * @address: out: numeric, without brackets
 * @port:    out
 */
bool value_loopback(struct report *r, const struct name *n,
		    const char **address, uint16_t *port);

/**
 * value_pci - is this a PCI address as Linux writes it, "0000:00:03.0"?
 */
bool value_pci(struct report *r, const struct name *n);

/* --- of a policy (config/value_policy.c) ------------------------------------ */

/**
 * value_prefix - an IPv4 or IPv6 address or prefix of stations
 * @out: IPv4 mapped into IPv6; unchanged on failure
 */
bool value_prefix(struct report *r, const struct name *n,
		  struct policy_prefix *out);

/**
 * value_address - an IP address and the length of its prefix
 */
bool value_address(struct report *r, const struct name *n,
		   struct sys_address *out);

/**
 * value_vlan - a VLAN
 */
bool value_vlan(struct report *r, const struct name *n, uint64_t *out);

/**
 * value_vlans - a VLAN or a range of them, "10" or "10-20"
 */
bool value_vlans(struct report *r, const struct name *n, uint64_t *first,
		 uint64_t *last);

/**
 * value_per_second - how often: "100/s"
 * @max: at least 1 is always possible
 */
bool value_per_second(struct report *r, const struct name *n, uint64_t max,
		      uint64_t *out);

/**
 * value_bits - bits a second: "10mbit"
 * @min, @max, @out: bytes a second
 */
bool value_bits(struct report *r, const struct name *n, uint64_t min,
		uint64_t max, uint64_t *out);

/**
 * value_word - a number, an IPv4 address or a MAC address as 64 bits
 */
bool value_word(struct report *r, const struct name *n, uint64_t *out);

/* --- what values are made of ------------------------------------------------ */

/**
 * value_digits - read decimal digits
 * @max: a larger number gives this + 1; less than UINT64_MAX
 *
 * Return: what follows them, or NULL if there is none.
 */
const char *value_digits(const char *text, uint64_t max, uint64_t *out);

/**
 * value_mac - read a MAC address, that and no more
 */
bool value_mac(const char *text, uint64_t *mac);

#endif
