/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Addresses for programs that have no lock.
 *
 * A program needs an address that is the same after every start, or its peers
 * and DHCP servers take it for a new station each time.  So it is made from the
 * port's full name by a fixed hash (FNV-1a), with the bits of a locally
 * administered unicast address.  If another port has that address already, by a
 * lock or by chance, the name is hashed on with an octet more.
 *
 * A program has the address it was started with, so what counts is the file's
 * lock, whatever it has been changed to since.
 */
#include "config/build/build.h"

#define FNV_OFFSET 0xcbf29ce484222325ull
#define FNV_PRIME 0x100000001b3ull

#define MAC_BITS 48
#define MAC_MASK ((1ull << MAC_BITS) - 1)
#define MAC_GROUP (1ull << 40)
#define MAC_LOCAL (1ull << 41)

static uint64_t fnv_octet(uint64_t hash, unsigned char octet)
{
	return (hash ^ octet) * FNV_PRIME;
}

/* Folded, so that all bits of the hash count. */
static uint64_t to_mac(uint64_t hash)
{
	uint64_t mac = (hash ^ hash >> MAC_BITS) & MAC_MASK;

	return (mac & ~MAC_GROUP) | MAC_LOCAL;
}

static bool is_taken(const struct topology *t, uint64_t mac)
{
	const struct topo_switch *sw;
	const struct topo_port *port;

	for_each(sw, t->switches) {
		for_each(port, sw->ports) {
			if (port->own_lock == mac || port->mac == mac)
				return true;
		}
	}
	return false;
}

static uint64_t make_up(struct topology *t, const struct topo_port *port,
			const char *instance)
{
	const char *name = arena_printf(t->arena, "%s.%s", instance,
					topo_port_name(t, port));
	uint64_t hash = FNV_OFFSET;

	for (; *name; name++)
		hash = fnv_octet(hash, (unsigned char)*name);
	while (is_taken(t, to_mac(hash)))
		hash = fnv_octet(hash, 0);
	return to_mac(hash);
}

void build_macs(struct topology *t, const char *instance)
{
	struct topo_switch *sw;
	struct topo_port *port;

	for_each(sw, t->switches) {
		for_each(port, sw->ports) {
			if (port->kind != TO_PROGRAM)
				continue;
			port->mac = port->own_lock ? port->own_lock
						   : make_up(t, port, instance);
		}
	}
}
