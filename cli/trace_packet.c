/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a description of a packet leaves open is filled in here.
 *
 * A switch does not know which station has an IP address.  But there are `ip
 * lock`s and flows, and behind a port there is mostly one station.  Where that
 * does not help, the frame goes to an address that no station has: the switch
 * then floods it, and the trace tells about every port.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "cli/trace.h"

/* Locally administered, and not in use. */
static const uint8_t no_station[2][6] = { { 0x02, 'w', 'e', 'i', 'r', 1 },
					  { 0x02, 'w', 'e', 'i', 'r', 2 } };

/* Addresses for documentation (RFC 5737, RFC 3849). */
static const char *const example[2][2] = {
	{ "192.0.2.1", "192.0.2.2" },
	{ "2001:db8::1", "2001:db8::2" },
};

static enum packet_family family_of(const struct packet *p)
{
	return p->family == PACKET_IP6 ? PACKET_IP6 : PACKET_IP4;
}

/* Add to the description. */
static void note(struct question *q, const char *text)
{
	char *more = xasprintf("%s; %s", q->packet, text);

	free(q->packet);
	q->packet = more;
}

/* --- what the instance knows -------------------------------------------- */

static const json_t *policy(struct question *q)
{
	if (!q->policy)
		q->policy = control_show(&q->to, q->opt, "policy");
	return q->policy;
}

static const json_t *flows(struct question *q)
{
	if (!q->flows)
		q->flows = control_show(&q->to, q->opt, "flows");
	return q->flows;
}

/**
 * locked - look for an address among those of an `ip lock`
 * @value:   "10.0.0.7, fe80::/64"
 * @address: out: the first of the family, or one of a network; @exact: in: only
 *           this one, and networks do not count
 */
static bool locked(const char *value, enum packet_family family,
		   uint8_t address[16], bool exact)
{
	char *copy = xstrdup(value), *rest = copy, *word;
	size_t size = family == PACKET_IP4 ? 4 : 16;
	uint8_t one[16];
	bool found = false;

	while (!found && (word = strsep(&rest, ", "))) {
		char *bits = exact ? NULL : strchr(word, '/');

		if (bits)
			*bits = 0;
		found = packet_address(word, one) == family &&
			(!exact || !memcmp(one, address, size));
		/* Not the network itself. */
		if (found && bits)
			one[size - 1] |= 1;
	}
	if (found)
		memcpy(address, one, size);
	free(copy);
	return found;
}

/* Not the unspecified address, nor one of a group. */
static bool is_unicast(const char *text, enum packet_family family,
		       uint8_t out[16])
{
	static const uint8_t unspecified[16];
	size_t size = family == PACKET_IP4 ? 4 : 16;

	return packet_address(text, out) == family &&
	       memcmp(out, unspecified, size) != 0 &&
	       (family == PACKET_IP4 ? out[0] < 0xe0 : out[0] != 0xff);
}

/* Without an answer the destination may not exist. */
static bool has_answered(const json_t *flow)
{
	return !strcmp(json_member(flow, "state"), "answered");
}

/* An address that is used at a port. */
static bool used_at(struct question *q, const char *port,
		    enum packet_family family, uint8_t out[16])
{
	const json_t *row;
	size_t i;

	json_array_foreach(policy(q), i, row)
		if (!strcmp(json_member(row, "from"), port) &&
		    !strcmp(json_member(row, "action"), "ip-lock") &&
		    locked(json_member(row, "value"), family, out, false))
			return true;
	json_array_foreach(flows(q), i, row) {
		if (!strcmp(json_member(row, "from"), port) &&
		    is_unicast(json_member(row, "source"), family, out))
			return true;
		if (!strcmp(json_member(row, "to"), port) &&
		    has_answered(row) &&
		    is_unicast(json_member(row, "destination"), family, out))
			return true;
	}
	return false;
}

/* The port where an address is, or NULL. */
static const char *port_of(struct question *q, const struct packet *p)
{
	enum packet_family family = family_of(p);
	uint8_t wanted[16];
	char text[PACKET_ADDRESS];
	const json_t *row;
	size_t i;

	memcpy(wanted, p->address[1], sizeof(wanted));
	json_array_foreach(policy(q), i, row)
		if (!strcmp(json_member(row, "action"), "ip-lock") &&
		    locked(json_member(row, "value"), family, wanted, true))
			return json_member(row, "from");
	packet_address_text(p, 1, text);
	json_array_foreach(flows(q), i, row) {
		if (!strcmp(json_member(row, "source"), text))
			return json_member(row, "from");
		if (!strcmp(json_member(row, "destination"), text) &&
		    has_answered(row))
			return json_member(row, "to");
	}
	return NULL;
}

/* --- filling in --------------------------------------------------------- */

/* The port a word names, or NULL; an address names none. */
static const char *named_port(const struct question *q, const char *word)
{
	uint8_t mac[6];

	if (!word || !frame_mac(word, mac))
		return NULL;
	return port_resolve(q->ports, word);
}

/* @port: where the address is, if that is known */
static void fill_address(struct question *q, struct packet *p, int which,
			 const char *port)
{
	bool v6 = p->family == PACKET_IP6;

	if (p->has[which])
		return;
	if (!port || !used_at(q, port, family_of(p), p->address[which]))
		packet_address(example[v6][which], p->address[which]);
}

static int source(struct question *q, const struct packet *p, uint8_t mac[6])
{
	int n;

	if (p->w.src)
		return trace_station(q, p->w.src, "src", mac);
	n = trace_behind(q, q->port, mac);
	if (n < 0)
		return -1;
	if (n == 1)
		return 0;
	if (n > 1)
		return trace_station(q, q->port, "src", mac);
	memcpy(mac, no_station[0], 6);
	note(q, "no station is known behind the port yet, so its source "
		"address is made up");
	return 0;
}

/* If no destination is given: the station that has its IP address. */
static int destination(struct question *q, const struct packet *p,
		       uint8_t mac[6])
{
	const char *port;
	char *text;
	int n = 0;

	if (p->w.dst)
		return trace_station(q, p->w.dst, "dst", mac);
	if (packet_group(p, mac))
		return 0;
	port = p->has[1] ? port_of(q, p) : NULL;
	if (port)
		n = trace_behind(q, port, mac);
	if (n < 0)
		return -1;
	if (n == 1) {
		text = xasprintf("its destination is known behind %s", port);
		note(q, text);
		free(text);
		return 0;
	}
	memcpy(mac, no_station[1], 6);
	note(q, "the station with this address is not known, so it is offered "
		"to every port; name one: dst=PORT");
	return 0;
}

int trace_packet(struct question *q, struct frame_text *f, struct packet *p)
{
	const char *to = named_port(q, p->w.dst);
	uint8_t dst[6], src[6], none[6];

	if (p->w.dst && !to && frame_mac(p->w.dst, none))
		return -1;
	fill_address(q, p, 0, q->port);
	fill_address(q, p, 1, to);
	q->packet = packet_text(p);
	if (destination(q, p, dst) || source(q, p, src))
		return -1;
	return packet_build(f, p, dst, src);
}
