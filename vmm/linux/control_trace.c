/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `weir trace`: a switch's verdict, told step by step.
 *
 * Nothing is decided here.  The switch ran the code that forwards, and its
 * verdict says where the frame stopped; this file walks the same path, names
 * what each step looked at, and stops where the verdict stopped.  The steps, in
 * the order of vswitch/vswitch.h:
 *
 *	length reserved vlan source admit learn resolve
 *	and for each destination: allow policy deliver
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "vmm/linux/control_json.h"

/**
 * struct story - the explanation while it is written
 * @sw:    who decided
 * @port:  where the frame would come from
 * @cfg:   that port's configuration
 * @frame: the frame, parsed
 * @v:     the decision
 * @steps: what has been told
 */
struct story {
	const struct mon_switch *sw;
	uint32_t port;
	const struct sys_switch_port *cfg;
	struct frame frame;
	const struct vswitch_verdict *v;
	json_t *steps;
};

/* A bool another process wrote may hold neither 0 nor 1. */
static bool told(const bool *b)
{
	unsigned char octet;

	memcpy(&octet, b, sizeof(octet));
	return octet != 0;
}

static void step(struct story *s, const char *name, const char *result,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));

static void step(struct story *s, const char *name, const char *result,
		 const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	json_array_append_new(s->steps,
			      json_pack("{s:s, s:s, s:s}", "step", name,
					"result", result, "text", text));
}

static const char *name_of(const struct story *s, uint32_t port,
			   char buf[SYS_NAME])
{
	if (port >= s->sw->comp->sw.n_ports)
		return "?";
	return port_name(s->sw, port, buf);
}

/* --- before the destination is known ------------------------------------- */

/* Each of these tells one step. Return: false if the frame stopped there. */

static bool tell_length(struct story *s)
{
	uint32_t max = s->cfg->wire.max_frame;
	enum vswitch_reason r = s->v->reason;

	if (r == REASON_RUNT || r == REASON_OVERSIZE ||
	    r == REASON_BAD_BUFFER) {
		step(s, "length", "drop", "%u octets; the port takes %u to %u",
		     s->frame.len, FRAME_MIN, max);
		return false;
	}
	step(s, "length", "pass", "%u octets, within %u to %u", s->frame.len,
	     FRAME_MIN, max);
	return true;
}

static bool tell_reserved(struct story *s)
{
	char mac[MAC_TEXT];

	mac_text(s->frame.dst, mac);
	if (s->v->reason == REASON_RESERVED) {
		step(s, "reserved", "drop",
		     "destination %s is an 802.1 reserved address, which "
		     "stays on its link",
		     mac);
		return false;
	}
	if (mac_is_reserved(s->frame.dst))
		step(s, "reserved", "pass",
		     "destination %s is reserved, but the port forwards such "
		     "addresses",
		     mac);
	else
		step(s, "reserved", "pass",
		     "destination %s is no 802.1 reserved address", mac);
	return true;
}

static bool tell_vlan(struct story *s)
{
	bool tagged = s->frame.l3 == 18;

	if (s->v->reason == REASON_VLAN) {
		step(s, "vlan", "drop", "%s", vswitch_reason_text(REASON_VLAN));
		return false;
	}
	if (s->frame.vlan != 0)
		step(s, "vlan", "pass", "VLAN %u", s->frame.vlan);
	else
		step(s, "vlan", "pass",
		     tagged ? "priority tag, no VLAN" : "untagged");
	return true;
}

static bool tell_source(struct story *s)
{
	bool drop = s->v->reason == REASON_BAD_SOURCE;
	char mac[MAC_TEXT];

	step(s, "source", drop ? "drop" : "pass",
	     drop ? "%s cannot be a source: it is zero or a group address"
		  : "%s is an individual address",
	     mac_text(s->frame.src, mac));
	return !drop;
}

static bool tell_admit(struct story *s)
{
	char lock[MAC_TEXT], mac[MAC_TEXT];

	mac_text(s->cfg->locked_mac, lock);
	if (s->v->reason == REASON_MAC_LOCK) {
		step(s, "admit", "drop",
		     "the port is locked to %s; the frame says it is from %s",
		     lock, mac_text(s->frame.src, mac));
		return false;
	}
	if (s->cfg->locked)
		step(s, "admit", "pass", "the port is locked to %s", lock);
	else
		step(s, "admit", "pass", "the port has no MAC lock");
	return true;
}

static bool tell_learn(struct story *s)
{
	const struct fdb_effect *e = &s->v->learned;
	char mac[MAC_TEXT], was[SYS_NAME], at[SYS_NAME];
	const char *here = name_of(s, s->port, at);
	const char *there = name_of(s, (uint32_t)e->was, was);

	mac_text(s->frame.src, mac);
	if (!told(&s->v->looked_up)) {
		step(s, "learn", "skip", "nothing would be learned");
		return true;
	}
	switch ((int)e->outcome) {
	case FDB_LEARNED:
		step(s, "learn", "learned",
		     "%s is new; it would be learned "
		     "at %s",
		     mac, here);
		break;
	case FDB_REFRESHED:
		step(s, "learn", "refreshed", "%s is known at %s", mac, here);
		break;
	case FDB_MOVED:
		step(s, "learn", "moved", "%s would move from %s to %s", mac,
		     there, here);
		break;
	case FDB_PINNED:
		step(s, "learn", "pinned", "%s is pinned to %s", mac, there);
		break;
	default:
		step(s, "learn", "full", "the table has no place for %s", mac);
		break;
	}
	if (told(&e->evicted))
		step(s, "learn", "evicted",
		     "%s (VLAN %u) would leave the full table",
		     mac_text(e->evicted_mac, mac), e->evicted_vlan);
	return s->v->reason != REASON_STATION_PINNED;
}

static unsigned int count(uint64_t set)
{
	return (unsigned int)__builtin_popcountll(set);
}

static bool tell_resolve(struct story *s)
{
	char mac[MAC_TEXT], out[SYS_NAME];
	unsigned int n = count(s->v->candidates);
	const char *ports = n == 1 ? "port" : "ports";

	mac_text(s->frame.dst, mac);
	if (s->v->reason == REASON_SAME_PORT) {
		step(s, "resolve", "drop",
		     "%s is behind %s, where the frame comes from", mac,
		     name_of(s, s->port, out));
		return false;
	}
	switch ((int)s->v->resolution) {
	case RESOLVED_UNICAST:
		step(s, "resolve", "unicast", "%s is behind %s", mac,
		     name_of(s, (uint32_t)s->v->out, out));
		break;
	case RESOLVED_UNKNOWN:
		step(s, "resolve", "unknown",
		     "%s is not in the table: flooded to %u allowed %s", mac, n,
		     ports);
		break;
	case RESOLVED_MULTICAST:
		step(s, "resolve", "multicast",
		     "%s is a group: flooded to %u allowed %s", mac, n, ports);
		break;
	case RESOLVED_BROADCAST:
		step(s, "resolve", "broadcast",
		     "broadcast: flooded to %u allowed %s", n, ports);
		break;
	default:
		break;
	}
	if (s->v->reason != REASON_NO_DESTINATION)
		return true;
	step(s, "resolve", "drop",
	     "the allow list of %s names no port to flood to",
	     name_of(s, s->port, out));
	return false;
}

/* --- each destination ---------------------------------------------------- */

static void tell_destination(struct story *s, uint32_t port)
{
	bool refused = (s->v->refused >> port & 1) != 0;
	enum vswitch_reason why =
		refused ? (enum vswitch_reason)s->v->refusal[port]
			: REASON_NONE;
	char from[SYS_NAME], to[SYS_NAME];

	name_of(s, s->port, from);
	name_of(s, port, to);
	if (why == REASON_NOT_ALLOWED) {
		step(s, "allow", "drop", "%s -> %s is not in the allow list",
		     from, to);
		return;
	}
	step(s, "allow", "pass", "%s -> %s is allowed", from, to);
	if (why == REASON_POLICY) {
		step(s, "policy", "drop", "%s -> %s: %s", from, to,
		     vswitch_reason_text(why));
		return;
	}
	step(s, "policy", "pass", "%s -> %s: no further policy refuses it",
	     from, to);
	if (refused)
		step(s, "deliver", "drop", "to %s: %s", to,
		     vswitch_reason_text(why));
	else
		step(s, "deliver", "pass", "to %s", to);
}

static void tell(struct story *s)
{
	static bool (*const first[])(struct story *) = {
		tell_length, tell_reserved, tell_vlan,	  tell_source,
		tell_admit,  tell_learn,    tell_resolve,
	};
	uint64_t all = s->v->candidates | s->v->deliver | s->v->refused;

	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		if (!first[i](s))
			return;
	for (uint32_t p = 0; p < s->sw->comp->sw.n_ports; p++)
		if ((all >> p & 1) != 0)
			tell_destination(s, p);
}

/* --- the whole ------------------------------------------------------------ */

static void parse(struct frame *f, const struct vswitch_ctl_request *request)
{
	*f = (struct frame){ .len = (uint16_t)request->len };
	f->snap = f->len < FRAME_SNAP ? f->len : FRAME_SNAP;
	memcpy(f->bytes, request->header, f->snap);
	if (f->snap >= FRAME_MIN)
		frame_parse(f);
}

static json_t *delivered(const struct story *s)
{
	json_t *ports = json_array();
	char buf[SYS_NAME];

	for (uint32_t p = 0; p < s->sw->comp->sw.n_ports; p++)
		if ((s->v->deliver >> p & 1) != 0)
			json_array_append_new(ports,
					      json_string(name_of(s, p, buf)));
	return ports;
}

static json_t *refused(const struct story *s)
{
	json_t *ports = json_array();
	char buf[SYS_NAME];

	for (uint32_t p = 0; p < s->sw->comp->sw.n_ports; p++) {
		const char *why = vswitch_reason_key(
			(enum vswitch_reason)s->v->refusal[p]);

		if ((s->v->refused >> p & 1) != 0)
			json_array_append_new(ports,
					      json_pack("{s:s, s:s}", "port",
							name_of(s, p, buf),
							"reason", why));
	}
	return ports;
}

json_t *show_verdict(const struct mon_switch *sw,
		     const struct vswitch_ctl_request *request,
		     const struct vswitch_verdict *v)
{
	struct story s = { .sw = sw,
			   .port = request->port,
			   .cfg = &sw->comp->sw.port[request->port],
			   .v = v,
			   .steps = json_array() };
	bool drop = v->reason != REASON_NONE;
	char text[128], name[SYS_NAME];

	parse(&s.frame, request);
	tell(&s);
	if (drop)
		snprintf(text, sizeof(text), "dropped: %s",
			 vswitch_reason_text(v->reason));
	else
		snprintf(text, sizeof(text), "delivered to %u of %u ports",
			 count(v->deliver), count(v->deliver | v->refused));
	return json_pack("{s:s, s:i, s:o, s:s, s:s, s:s, s:o, s:o}", "port",
			 port_name(sw, request->port, name), "length",
			 (int)request->len, "steps", s.steps, "verdict",
			 drop ? "drop" : "deliver", "reason",
			 vswitch_reason_key(v->reason), "text", text, "deliver",
			 delivered(&s), "refused", refused(&s));
}
