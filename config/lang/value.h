/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Values: from the words of a topology to numbers.
 *
 * Each takes a name that could be read and reports at its position.  What is to
 * be filled in is left alone on failure.
 */
#ifndef WEIR_CONFIG_VALUE_H
#define WEIR_CONFIG_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/lang/topology.h"

/* "VALUE" is wrong in some way. */
#define wrong_value(t, n, format, ...)                                         \
	wrong(t, (n)->pos, "\"%s\" " format, (n)->text, ##__VA_ARGS__)

/* A unit of time or size, in terms of the smallest. */
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
 */
bool value_number(struct topology *t, const struct name *n,
		  const struct measure *m, uint64_t *out);

/**
 * value_digits - read decimal digits
 * @max: a larger number gives this + 1; at most INT64_MAX
 *
 * Return: what follows them, or NULL if there is none.
 */
const char *value_digits(const char *text, uint64_t max, uint64_t *out);

/**
 * value_range - a number or a range of them, "10" or "10-20"
 * @m: what is for messages a noun without article: "VLAN"; without units
 */
bool value_range(struct topology *t, const struct name *n,
		 const struct measure *m, uint64_t *first, uint64_t *last);

/* A good name for something of ours (@what: "switch")?  Not if unreadable. */
bool value_identifier(struct topology *t, const struct name *n,
		      const char *what);
/* ... for a network interface, or that of a network namespace? */
bool value_interface(struct topology *t, const struct name *n);
bool value_netns(struct topology *t, const struct name *n);

/**
 * value_path - is this a path of at most @max bytes?
 * @why: what limits it, for messages
 */
bool value_path(struct topology *t, const struct name *n, size_t max,
		const char *why);

/**
 * value_file - a path that is relative to the folder of the file it stands in
 *
 * Return: a name with the absolute path, or without text if that cannot be.
 */
struct name value_file(struct topology *t, const struct name *n);

/* The MAC address of one station. */
bool value_station(struct topology *t, const struct name *n, uint64_t *out);
/* A PCI address as Linux writes it, "0000:00:03.0". */
bool value_pci(struct topology *t, const struct name *n);
/* "127.0.0.1:5000"; the address comes numeric, without brackets. */
bool value_loopback(struct topology *t, const struct name *n,
		    const char **address, uint16_t *port);
/* An address or a prefix of stations; IPv4 comes mapped into IPv6. */
bool value_prefix(struct topology *t, const struct name *n,
		  struct policy_prefix *out);
/* An address and the length of its prefix. */
bool value_address(struct topology *t, const struct name *n,
		   struct sys_address *out);
/* A VLAN, or one or a range of them, "10" or "10-20". */
bool value_vlan(struct topology *t, const struct name *n, uint64_t *out);
bool value_vlans(struct topology *t, const struct name *n, uint64_t *first,
		 uint64_t *last);
/* How often: "100/s", up to @max. */
bool value_per_second(struct topology *t, const struct name *n, uint64_t max,
		      uint64_t *out);
/* A number, an IPv4 address or a MAC address as 64 bits. */
bool value_word(struct topology *t, const struct name *n, uint64_t *out);

#endif
