/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses for programs that have no lock.
 *
 * A program needs an address that is the same after every start, or its peers
 * and DHCP servers take it for a new station each time.  So it is a hash of the
 * port's full name, with the bits of a locally administered unicast address.  If
 * another port has that address already, the name is hashed on with a NUL more.
 *
 * A program has the address it was started with, so what counts is the file's
 * lock, whatever it has been changed to since.
 */
#include <string.h>

#include "config/build/build.h"

#define MAC_BITS 48
#define MAC_MASK ((1ull << MAC_BITS) - 1)
#define MAC_GROUP (1ull << 40)
#define MAC_LOCAL (1ull << 41)

/* Folded, so that all bits of the hash count. */
static uint64_t to_mac(uint64_t hash)
{
	uint64_t mac = (hash ^ hash >> MAC_BITS) & MAC_MASK;

	return (mac & ~MAC_GROUP) | MAC_LOCAL;
}

static bool is_taken(const struct topology *t, uint64_t mac)
{
	const struct topo_port *port;

	for_each_port(port, t) {
		if (port->own_lock == mac || port->mac == mac)
			return true;
	}
	return false;
}

static uint64_t make_up(struct topology *t, const struct topo_port *port,
			const char *instance)
{
	const char *name = arena_printf(t->arena, "%s.%s", instance,
					topo_port_name(t, port));
	uint64_t hash = build_hash(BUILD_HASH, name, strlen(name));

	while (is_taken(t, to_mac(hash)))
		hash = build_hash(hash, "", 1);
	return to_mac(hash);
}

void build_macs(struct topology *t, const char *instance)
{
	struct topo_port *port;

	for_each_port(port, t) {
		if (port->kind == TO_PROGRAM)
			port->mac = port->own_lock ? port->own_lock
						   : make_up(t, port, instance);
	}
}
