/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `weir trace`: what becomes of a frame before its destinations are known, and
 * the decision as a whole.  See control/story.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/linux/control/story.h"

json_t *story_step(struct story *s, const char *name, const char *result,
		   const char *format, ...)
{
	json_t *step;
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		return NULL;
	step = json_pack("{s:s, s:s, s:o}", "step", name, "result", result,
			 "text", json_safe(text));
	free(text);
	return json_array_append_new(s->steps, step) == 0 ? step : NULL;
}

const char *story_name(const struct story *s, uint32_t port, char buf[SYS_NAME])
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
		story_step(s, "length", "drop",
			   "%u octets; the port takes %u to %u", s->frame.len,
			   FRAME_MIN, max);
		return false;
	}
	story_step(s, "length", "pass", "%u octets, within %u to %u",
		   s->frame.len, FRAME_MIN, max);
	return true;
}

static bool tell_reserved(struct story *s)
{
	char mac[MAC_TEXT];

	mac_text(s->frame.dst, mac);
	if (s->v->reason == REASON_RESERVED) {
		story_step(s, "reserved", "drop",
			   "destination %s is an 802.1 reserved address, which "
			   "stays on its link",
			   mac);
		return false;
	}
	if (mac_is_reserved(s->frame.dst))
		story_step(
			s, "reserved", "pass",
			"destination %s is reserved, but the port forwards such "
			"addresses",
			mac);
	else
		story_step(s, "reserved", "pass",
			   "destination %s is no 802.1 reserved address", mac);
	return true;
}

/* What a port wants of a frame's tag. */
static const char *vlan_wish(const struct story *s, char buf[64])
{
	unsigned int vlan = s->rules->vlan;

	if (s->rules->vlan_mode == POLICY_VLAN_ACCESS)
		snprintf(buf, 64, "untagged frames, into VLAN %u", vlan);
	else if (s->rules->vlan_mode != POLICY_VLAN_TRUNK)
		return "every frame";
	else if (vlan != 0)
		snprintf(buf, 64, "its VLANs' tags; untagged, into VLAN %u",
			 vlan);
	else
		return "its VLANs' tags alone";
	return buf;
}

static bool tell_vlan(struct story *s)
{
	unsigned int tag = s->frame.vlan, vlan = s->v->vlan;
	char came[16], wish[64];

	if (s->v->reason == REASON_VLAN) {
		story_step(s, "vlan", "drop", "%s",
			   vswitch_reason_text(REASON_VLAN));
		return false;
	}
	if (tag != 0)
		snprintf(came, sizeof(came), "VLAN %u", tag);
	else
		snprintf(came, sizeof(came), "%s",
			 s->frame.l3 == 18 ? "priority tag" : "untagged");
	if (s->v->reason == REASON_VLAN_IN) {
		story_step(s, "vlan", "drop", "%s; the port takes %s", came,
			   vlan_wish(s, wish));
		return false;
	}
	if (s->rules->vlan_mode == POLICY_VLAN_TRANSPARENT)
		story_step(s, "vlan", "pass", "%s%s", came,
			   s->frame.l3 == 18 && tag == 0 ? ", no VLAN" : "");
	else
		story_step(s, "vlan", "pass", "%s: VLAN %u", came, vlan);
	return true;
}

static bool tell_source(struct story *s)
{
	bool drop = s->v->reason == REASON_BAD_SOURCE;
	char mac[MAC_TEXT];

	story_step(s, "source", drop ? "drop" : "pass",
		   drop ? "%s cannot be a source: it is zero or a group address"
			: "%s is an individual address",
		   mac_text(s->frame.src, mac));
	return !drop;
}

static bool tell_mac_lock(struct story *s)
{
	char lock[MAC_TEXT], mac[MAC_TEXT], more[24] = "";

	mac_text(s->rules->locked_mac, lock);
	if (s->rules->n_macs > 0)
		snprintf(more, sizeof(more), " and %u more", s->rules->n_macs);
	if (s->v->reason == REASON_MAC_LOCK) {
		story_step(s, "admit", "drop",
			   "the port is locked to %s%s; the frame says it is "
			   "from %s",
			   lock, more, mac_text(s->frame.src, mac));
		return false;
	}
	if (s->rules->locked)
		story_step(s, "admit", "pass", "the port is locked to %s%s",
			   lock, more);
	else
		story_step(s, "admit", "pass", "the port has no MAC lock");
	return true;
}

/* In the order of policy_admit(); what the port does not have is not told. */
static bool tell_admit(struct story *s)
{
	enum vswitch_reason r = s->v->reason;
	unsigned long long rate = s->rules->limit_in.rate;

	if (r == REASON_ISOLATED) {
		story_step(s, "admit", "drop", "%s", vswitch_reason_text(r));
		return false;
	}
	if (!tell_mac_lock(s))
		return false;
	if (r == REASON_IP_LOCK) {
		story_step(s, "admit", "drop", "%s", vswitch_reason_text(r));
		return false;
	}
	if (s->rules->ip_locked)
		story_step(s, "admit", "pass",
			   "its addresses are among those the port may use");
	if (r == REASON_RATE_IN) {
		story_step(s, "admit", "drop",
			   "%s: it has used up its %llu octets a second",
			   vswitch_reason_text(r), rate);
		return false;
	}
	if (rate != 0)
		story_step(s, "admit", "pass",
			   "within the port's %llu octets a second", rate);
	return true;
}

/* Policy may keep an address from coming to a port at all. */
static bool tell_learn_refused(struct story *s)
{
	enum vswitch_reason r = s->v->reason;
	char mac[MAC_TEXT], was[SYS_NAME];

	mac_text(s->frame.src, mac);
	if (r == REASON_STICKY) {
		story_step(s, "learn", "drop",
			   "%s would be one more than the %u addresses the "
			   "port may have",
			   mac, s->rules->sticky);
		return true;
	}
	if (r != REASON_MOVES)
		return false;
	story_step(s, "learn", "drop", "%s moves too often; it stays at %s",
		   mac, story_name(s, (uint32_t)s->v->learned.was, was));
	return true;
}

static bool tell_learn(struct story *s)
{
	const struct fdb_effect *e = &s->v->learned;
	char mac[MAC_TEXT], was[SYS_NAME], at[SYS_NAME];
	const char *here = story_name(s, s->port, at);
	const char *there = story_name(s, (uint32_t)e->was, was);

	mac_text(s->frame.src, mac);
	if (tell_learn_refused(s))
		return false;
	if (!s->v->looked_up) {
		story_step(s, "learn", "skip", "nothing would be learned");
		return true;
	}
	switch (e->outcome) {
	case FDB_LEARNED:
		story_step(s, "learn", "learned",
			   "%s is new; it would be learned "
			   "at %s",
			   mac, here);
		break;
	case FDB_REFRESHED:
		story_step(s, "learn", "refreshed", "%s is known at %s", mac,
			   here);
		break;
	case FDB_MOVED:
		story_step(s, "learn", "moved", "%s would move from %s to %s",
			   mac, there, here);
		break;
	case FDB_ECHOED:
		story_step(s, "learn", "echo",
			   "%s was heard at %s just now; a flood does not move "
			   "it",
			   mac, there);
		break;
	case FDB_PINNED:
		story_step(s, "learn", "pinned", "%s is pinned to %s", mac,
			   there);
		break;
	default:
		story_step(s, "learn", "full", "the table has no place for %s",
			   mac);
		break;
	}
	if (e->evicted)
		story_step(s, "learn", "evicted",
			   "%s (VLAN %u) would leave the full table",
			   mac_text(e->evicted_mac, mac), e->evicted_vlan);
	return s->v->reason != REASON_STATION_PINNED;
}

static unsigned int count(uint64_t set)
{
	return (unsigned int)__builtin_popcountll(set);
}

static void tell_flood(struct story *s, const char *mac)
{
	unsigned int n = count(s->v->candidates);
	const char *ports = n == 1 ? "port" : "ports";

	switch (s->v->resolution) {
	case RESOLVED_UNKNOWN:
		story_step(s, "resolve", "unknown",
			   "%s is not in the table: offered to %u %s", mac, n,
			   ports);
		break;
	case RESOLVED_MULTICAST:
		story_step(s, "resolve", "multicast",
			   "%s is a group: offered to %u %s", mac, n, ports);
		break;
	case RESOLVED_BROADCAST:
		story_step(s, "resolve", "broadcast",
			   "broadcast: offered to %u %s", n, ports);
		break;
	default:
		break;
	}
}

/* What a port may flood of this kind; NULL if it is no flood. */
static const struct policy_rate *storm_limit(const struct story *s)
{
	switch (s->v->resolution) {
	case RESOLVED_UNKNOWN:
		return &s->rules->storm[STORM_UNKNOWN];
	case RESOLVED_MULTICAST:
		return &s->rules->storm[STORM_MULTICAST];
	case RESOLVED_BROADCAST:
		return &s->rules->storm[STORM_BROADCAST];
	default:
		return NULL;
	}
}

static bool tell_storm(struct story *s)
{
	const struct policy_rate *limit = storm_limit(s);
	unsigned long long rate = limit != NULL ? limit->rate : 0;

	if (s->v->reason == REASON_STORM) {
		story_step(s, "storm", "drop",
			   "%s: it has used up its %llu of this kind a second",
			   vswitch_reason_text(REASON_STORM), rate);
		return false;
	}
	if (rate != 0)
		story_step(s, "storm", "pass",
			   "within the port's %llu of this kind a second",
			   rate);
	return true;
}

static void tell_snooping(struct story *s)
{
	unsigned int gone = count(s->v->gone);
	json_t *step, *names = json_array();
	char buf[SYS_NAME];

	for (uint32_t p = 0; p < s->sw->comp->sw.n_ports; p++)
		if ((s->v->gone >> p & 1) != 0)
			json_array_append_new(
				names, json_string(story_name(s, p, buf)));
	step = story_step(s, "snooping", "narrowed",
			  "%u port%s would be allowed but did not ask for the "
			  "group",
			  gone, gone == 1 ? "" : "s");
	json_object_set_new(step, "ports", names);
}

static bool tell_resolve(struct story *s)
{
	char mac[MAC_TEXT], out[SYS_NAME];

	mac_text(s->frame.dst, mac);
	if (s->v->reason == REASON_SAME_PORT && s->frame.src == s->frame.dst) {
		story_step(s, "resolve", "drop",
			   "%s is source and destination: a frame to oneself "
			   "goes nowhere",
			   mac);
		return false;
	}
	if (s->v->reason == REASON_SAME_PORT) {
		story_step(s, "resolve", "drop",
			   "%s is behind %s, where the frame comes from", mac,
			   story_name(s, s->port, out));
		return false;
	}
	if (s->v->resolution == RESOLVED_UNICAST)
		story_step(s, "resolve", "unicast", "%s is behind %s", mac,
			   story_name(s, (uint32_t)s->v->out, out));
	else if (s->v->reason == REASON_STORM)
		story_step(s, "resolve", "flood", "%s is to be flooded", mac);
	else
		tell_flood(s, mac);
	if (!tell_storm(s))
		return false;
	if (s->v->gone != 0)
		tell_snooping(s);
	story_left_out(s);
	if (s->v->reason != REASON_NO_DESTINATION)
		return true;
	story_step(s, "resolve", "drop",
		   s->v->gone != 0
			   ? "no port that %s may send to has asked for it"
			   : "no port is left that %s could flood to",
		   story_name(s, s->port, out));
	return false;
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
			story_destination(s, p);
}

/* --- the whole ------------------------------------------------------------ */

static void parse(struct frame *f, const struct vswitch_ctl_request *request)
{
	*f = (struct frame){ .len = (uint16_t)request->len };
	f->snap = f->len < FRAME_SNAP_MAX ? f->len : FRAME_SNAP_MAX;
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
			json_array_append_new(
				ports, json_string(story_name(s, p, buf)));
	return ports;
}

static json_t *refusal(const struct story *s, uint32_t port)
{
	enum vswitch_reason why = (enum vswitch_reason)s->v->refusal[port];
	char buf[SYS_NAME];
	json_t *row = json_pack("{s:s, s:s}", "port", story_name(s, port, buf),
				"reason", vswitch_reason_key(why));
	uint32_t rule = why == REASON_DENIED ? story_rule(s, port) : SYS_NONE;

	if (rule != SYS_NONE)
		json_object_set_new(row, "rule", show_rule(s->policy, rule));
	return row;
}

static json_t *refused(const struct story *s)
{
	json_t *ports = json_array();

	for (uint32_t p = 0; p < s->sw->comp->sw.n_ports; p++)
		if ((s->v->refused >> p & 1) != 0)
			json_array_append_new(ports, refusal(s, p));
	return ports;
}

json_t *show_verdict(const struct mon_switch *sw,
		     const struct sys_policy *policy,
		     const struct vswitch_ctl_request *request,
		     const struct vswitch_verdict *v)
{
	static const struct policy_port none;
	struct story s = { .sw = sw,
			   .policy = policy,
			   .rules = policy != NULL
					    ? &policy->image.port[request->port]
					    : &none,
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
	return json_pack("{s:s, s:i, s:o, s:s, s:s, s:s, s:o, s:o, s:o}",
			 "port", port_name(sw, request->port, name), "length",
			 (int)request->len, "steps", s.steps, "verdict",
			 drop ? "drop" : "deliver", "reason",
			 vswitch_reason_key(v->reason), "text", text, "deliver",
			 delivered(&s), "refused", refused(&s), "left_out",
			 story_left_out_rows(&s));
}
