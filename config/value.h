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

#include "config/topology.h"

/**
 * value_number - a decimal number
 * @what: for messages: "an MTU"
 * @unit: for messages: "octets"
 * @min, @max: inclusive
 * @out:  unchanged on failure
 */
bool value_number(struct report *r, const struct name *n, const char *what,
		  const char *unit, uint64_t min, uint64_t max, uint64_t *out);

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
 * value_with_unit - a number with a unit right behind it: "300s"
 * @units: ended by a NULL text
 * @like:  an example of what is right, for messages: "300s, 5m or 1h"
 * @min, @max: in the smallest unit
 */
bool value_with_unit(struct report *r, const struct name *n, const char *what,
		     const struct unit *units, const char *like, uint64_t min,
		     uint64_t max, uint64_t *out);

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
 * value_path - is this a path of at most @max octets?
 * @why: what limits it, for messages
 */
bool value_path(struct report *r, const struct name *n, size_t max,
		const char *why);

/**
 * value_loopback - a loopback address and port, "127.0.0.1:5000"
 * @address: out: numeric, without brackets
 * @port:    out
 */
bool value_loopback(struct arena *a, struct report *r, const struct name *n,
		    const char **address, uint16_t *port);

/**
 * value_pci - is this a PCI address as Linux writes it, "0000:00:03.0"?
 */
bool value_pci(struct arena *a, struct report *r, const struct name *n);

#endif
