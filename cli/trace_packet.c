/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Filling in what a description of a packet leaves open.
 *
 * Which station has an IP address a switch does not know.  But there are `ip lock`s,
 * and flows; and behind a port there is mostly one station.  Where all that does not
 * help, the frame goes to an address no station has: it is then offered to every
 * port that may have it, so that each of them gets an answer.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/text.h"
#include "cli/trace.h"

/* Locally administered, and of nobody. */
static const uint8_t no_station[2][6] = { { 0x02, 'w', 'e', 'i', 'r', 1 },
					  { 0x02, 'w', 'e', 'i', 'r', 2 } };

/* Addresses for documentation (RFC 5737, RFC 3849). */
static const char *const example[2][2] = {
	{ "192.0.2.1", "192.0.2.2" },
	{ "2001:db8::1", "2001:db8::2" },
};

static enum packet_family wanted(const struct packet *p)
{
	return p->family == PACKET_IP6 ? PACKET_IP6 : PACKET_IP4;
}

/* Say something more of the packet. */
static void note(struct question *q, const char *text)
{
	char *more = xasprintf("%s; %s", q->packet, text);

	free(q->packet);
	q->packet = more;
}

/* --- what the instance knows ----------------------------------------------- */

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

/* A family's first address of an `ip lock`: "10.0.0.7, fe80::/64". */
static bool from_lock(const char *value, enum packet_family family,
		      uint8_t out[16])
{
	char *copy = xstrdup(value), *rest = copy, *word;
	bool found = false;

	while (!found && (word = strsep(&rest, ", "))) {
		char *bits = strchr(word, '/');

		if (bits)
			*bits = 0;
		found = packet_address(word, out) == family;
		/* Not the network itself. */
		if (found && bits)
			out[family == PACKET_IP4 ? 3 : 15] |= 1;
	}
	free(copy);
	return found;
}

/* Is an address one of an `ip lock`'s, not only of one of its networks? */
static bool is_locked_to(const char *value, enum packet_family family,
			 const uint8_t address[16])
{
	char *copy = xstrdup(value), *rest = copy, *word;
	size_t size = family == PACKET_IP4 ? 4 : 16;
	uint8_t one[16];
	bool found = false;

	while (!found && (word = strsep(&rest, ", ")))
		found = packet_address(word, one) == family &&
			!memcmp(one, address, size);
	free(copy);
	return found;
}

/* Probes come from nobody, and go to everybody. */
static bool is_one(const char *text, enum packet_family family, uint8_t out[16])
{
	static const uint8_t nobody[16];
	size_t size = family == PACKET_IP4 ? 4 : 16;

	return packet_address(text, out) == family &&
	       memcmp(out, nobody, size) != 0 &&
	       (family == PACKET_IP4 ? out[0] < 0xe0 : out[0] != 0xff);
}

/* Whoever has not answered need not be there. */
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
		    from_lock(json_member(row, "value"), family, out))
			return true;
	json_array_foreach(flows(q), i, row) {
		if (!strcmp(json_member(row, "from"), port) &&
		    is_one(json_member(row, "source"), family, out))
			return true;
		if (!strcmp(json_member(row, "to"), port) &&
		    has_answered(row) &&
		    is_one(json_member(row, "destination"), family, out))
			return true;
	}
	return false;
}

/* The port where an address is, or NULL. */
static const char *port_of(struct question *q, const struct packet *p)
{
	enum packet_family family = wanted(p);
	char text[PACKET_ADDRESS];
	const json_t *row;
	size_t i;

	json_array_foreach(policy(q), i, row)
		if (!strcmp(json_member(row, "action"), "ip-lock") &&
		    is_locked_to(json_member(row, "value"), family,
				 p->address[1]))
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

/* --- filling in -------------------------------------------------------------- */

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
	if (!port || !used_at(q, port, wanted(p), p->address[which]))
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
	note(q, "no station is known behind the port yet, so it comes from a "
		"made-up one");
	return 0;
}

/* Who has its IP address, if nobody has said where it goes? */
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
	note(q, "which station it is for is not known, so it is offered to "
		"every port; name one: dst=PORT");
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
