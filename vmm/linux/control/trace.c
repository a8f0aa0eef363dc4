/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `weir trace`: what a switch has decided about a frame, and the settings and
 * rules it decided by, as facts.  The command makes sentences of them
 * (cli/decision.c).
 *
 * A frame may have subverted a switch, so indices in a verdict are checked.
 */
#include <string.h>

#include "vmm/linux/control/json.h"
#include "vswitch/vlan.h"

/* A decision while it is written down. */
struct trace {
	const struct mon_switch *sw;	 /* who decided */
	const struct sys_policy *policy; /* what by, or NULL */
	/* of the port the frame would come from */
	const struct policy_port *rules;
	uint32_t port;			 /* that port */
	struct frame frame;		 /* the frame, parsed */
	const struct vswitch_verdict *v; /* the decision */
};

/* A port's name, or "?" if there is no such port. */
static const char *name_of(const struct trace *t, uint32_t port,
			   char buf[SYS_NAME])
{
	if (port >= t->sw->comp->sw.n_ports)
		return "?";
	return port_name(t->sw, port, buf);
}

static json_t *names(const struct trace *t, uint64_t set)
{
	json_t *ports = json_array();
	char buf[SYS_NAME];

	for (uint32_t p = 0; p < t->sw->comp->sw.n_ports; p++)
		if ((set >> p & 1) != 0)
			json_array_append_new(ports,
					      json_string(name_of(t, p, buf)));
	return ports;
}

static const char *vlan_mode(uint8_t mode)
{
	static const char *const name[] = {
		[POLICY_VLAN_ACCESS] = "access",
		[POLICY_VLAN_TRUNK] = "trunk",
	};

	return NAME_OF(name, mode, "transparent");
}

/* --- the frame, and the port it would come from -------------------------- */

static void parse(struct frame *f, const struct vswitch_ctl_request *request)
{
	*f = (struct frame){ .len = (uint16_t)request->len };
	f->snap = f->len < FRAME_SNAP_MAX ? f->len : FRAME_SNAP_MAX;
	memcpy(f->bytes, request->header, f->snap);
	if (f->snap >= FRAME_MIN)
		frame_parse(f);
}

/* Its VLAN; 0: a priority tag; null: it has no tag. */
static json_t *tag_of(const struct frame *f)
{
	return f->vlan != 0 || f->l3 == 18 ? json_integer(f->vlan)
					   : json_null();
}

static json_t *settings_of(const struct policy_port *p)
{
	char mac[MAC_TEXT];

	return json_pack("{s:s, s:i, s:o, s:i, s:b, s:I, s:i}", "vlan",
			 vlan_mode(p->vlan_mode), "untagged", (int)p->vlan,
			 "mac_lock",
			 p->locked ? json_string(mac_text(p->locked_mac, mac))
				   : json_null(),
			 "more_macs", (int)p->n_macs, "ip_lock",
			 p->ip_locked != 0, "limit_in",
			 (json_int_t)p->limit_in.rate, "mac_sticky",
			 (int)p->sticky);
}

/* --- learning and lookup ------------------------------------------------- */

static json_t *learned(const struct trace *t)
{
	static const char *const name[] = {
		[FDB_LEARNED] = "learned", [FDB_REFRESHED] = "refreshed",
		[FDB_MOVED] = "moved",	   [FDB_ECHOED] = "echo",
		[FDB_PINNED] = "pinned",
	};
	const struct fdb_effect *e = &t->v->learned;
	char mac[MAC_TEXT], was[SYS_NAME];
	bool looked_up = t->v->looked_up != 0;
	json_t *fact = json_pack("{s:s, s:s}", "outcome",
				 looked_up ? NAME_OF(name, e->outcome, "full")
					   : "skip",
				 "was", name_of(t, (uint32_t)e->was, was));

	if (looked_up && e->evicted != 0)
		json_object_set_new(fact, "evicted",
				    json_pack("{s:s, s:i}", "mac",
					      mac_text(e->evicted_mac, mac),
					      "vlan", (int)e->evicted_vlan));
	return fact;
}

/* What a resolution is called, and what a port may flood of that kind. */
static const char *resolution(const struct trace *t, uint64_t *rate)
{
	static const char *const name[] = {
		[RESOLVED_UNICAST] = "unicast",
		[RESOLVED_UNKNOWN] = "unknown",
		[RESOLVED_MULTICAST] = "multicast",
		[RESOLVED_BROADCAST] = "broadcast",
	};
	const struct policy_rate *storm = t->rules->storm;
	const uint64_t rates[] = {
		[RESOLVED_UNKNOWN] = storm[STORM_UNKNOWN].rate,
		[RESOLVED_MULTICAST] = storm[STORM_MULTICAST].rate,
		[RESOLVED_BROADCAST] = storm[STORM_BROADCAST].rate,
	};

	*rate = NAME_OF(name, t->v->resolution, NULL) != NULL
			? rates[t->v->resolution]
			: 0;
	return NAME_OF(name, t->v->resolution, "none");
}

/* --- ports a flood is not offered to ------------------------------------- */

/* Why a port is left out, or NULL if it is not.  Verdicts do not mention
 * captures, because they are not sent frames. */
static const char *left_out_key(const struct trace *t, uint32_t port)
{
	const struct vswitch_verdict *v = t->v;

	if (v->resolution <= RESOLVED_UNICAST || v->reason == REASON_STORM ||
	    port == t->port)
		return NULL;
	if (t->sw->comp->sw.port[port].kind == VSWITCH_PORT_CAPTURE)
		return "capture";
	if ((v->gone >> port & 1) != 0)
		return "snooping";
	if ((v->left >> port & 1) == 0)
		return NULL;
	return v->refusal[port] == REASON_NONE
		       ? "flood_off"
		       : vswitch_reason_key(
				 (enum vswitch_reason)v->refusal[port]);
}

static json_t *left_out(const struct trace *t)
{
	json_t *rows = json_array();
	char name[SYS_NAME];

	for (uint32_t p = 0; p < t->sw->comp->sw.n_ports; p++) {
		const char *key = left_out_key(t, p);

		if (key != NULL)
			json_array_append_new(rows,
					      json_pack("{s:s, s:s}", "port",
							name_of(t, p, name),
							"reason", key));
	}
	return rows;
}

/* --- destinations -------------------------------------------------------- */

/* The rule that decided; SYS_NONE if the entry is not one of the pair's. */
static uint32_t rule_of(const struct trace *t, uint32_t to, uint32_t first,
			uint32_t n)
{
	uint32_t entry = t->v->entry[to];

	if (entry < first || entry - first >= n)
		return SYS_NONE;
	return policy_entry(t->policy, entry);
}

/* What the policy says of the pair. */
static void add_policy(const struct trace *t, json_t *row, uint32_t to)
{
	const struct policy_port *p = &t->policy->image.port[to];
	uint32_t first, rule;
	uint32_t n = policy_pair(t->policy, t->port, to, &first);

	json_object_set_new(row, "vlan", json_string(vlan_mode(p->vlan_mode)));
	json_object_set_new(row, "limit_out",
			    json_integer((json_int_t)p->limit_out.rate));
	json_object_set_new(row, "rules", json_integer(n));
	rule = rule_of(t, to, first, n);
	if (rule != SYS_NONE)
		json_object_set_new(row, "rule", show_rule(t->policy, rule));
}

static json_t *destination(const struct trace *t, uint32_t to)
{
	bool refused = (t->v->refused >> to & 1) != 0;
	enum vswitch_reason why =
		refused ? (enum vswitch_reason)t->v->refusal[to] : REASON_NONE;
	char name[SYS_NAME];
	json_t *row = json_pack("{s:s, s:s, s:b}", "port", name_of(t, to, name),
				"reason", vswitch_reason_key(why), "reply",
				(int)(t->v->replies >> to & 1));

	if (row != NULL && t->policy != NULL)
		add_policy(t, row, to);
	return row;
}

static json_t *destinations(const struct trace *t)
{
	uint64_t all = t->v->candidates | t->v->deliver | t->v->refused;
	json_t *rows = json_array();

	for (uint32_t p = 0; p < t->sw->comp->sw.n_ports; p++)
		if ((all >> p & 1) != 0)
			json_array_append_new(rows, destination(t, p));
	return rows;
}

/* --- links --------------------------------------------------------------- */

/* What becomes of its tag as it leaves by a port. */
static const char *tag_change(const struct trace *t, uint32_t port)
{
	static const char *const name[] = {
		[VLAN_AS_IS] = "as-is",
		[VLAN_ADD] = "add",
		[VLAN_STRIP] = "strip",
		[VLAN_SET] = "set",
	};
	enum vlan_tagging tagging = VLAN_AS_IS;
	struct frame f = t->frame;

	f.vlan = (uint16_t)(t->v->vlan <= POLICY_MAX_VLAN ? t->v->vlan : 0);
	if (t->policy != NULL && f.snap >= FRAME_MIN &&
	    vlan_give(&t->policy->image.port[port],
		      &t->policy->image.trunk[port], &f,
		      &tagging) != REASON_NONE)
		tagging = VLAN_AS_IS;
	return name[tagging];
}

/* Of the ports it is delivered to those that are links, and their far ends. */
static json_t *links(const struct trace *t)
{
	json_t *facts = json_object();
	char near[SYS_NAME], far[SYS_NAME];

	for (uint32_t p = 0; p < t->sw->comp->sw.n_ports; p++) {
		const struct mon_link *l = t->sw->link[p];
		unsigned int end;

		if ((t->v->deliver >> p & 1) == 0 || l == NULL ||
		    l->conn->attachment != SYS_TO_SWITCH)
			continue;
		end = l->sw[0] == t->sw && l->conn->port[0] == p;
		json_object_set_new(facts, port_name(t->sw, p, near),
				    json_pack("{s:s, s:s}", "port",
					      port_name(l->sw[end],
							l->conn->port[end],
							far),
					      "tag", tag_change(t, p)));
	}
	return facts;
}

/* --- the whole ----------------------------------------------------------- */

static json_t *frame_facts(const struct trace *t)
{
	char src[MAC_TEXT], dst[MAC_TEXT];

	return json_pack("{s:s, s:s, s:o}", "source",
			 mac_text(t->frame.src, src), "destination",
			 mac_text(t->frame.dst, dst), "tag", tag_of(&t->frame));
}

json_t *show_verdict(const struct mon_switch *sw,
		     const struct sys_policy *policy,
		     const struct vswitch_ctl_request *request,
		     const struct vswitch_verdict *v)
{
	static const struct policy_port none;
	struct trace t = { .sw = sw,
			   .policy = policy,
			   .rules = policy != NULL
					    ? &policy->image.port[request->port]
					    : &none,
			   .port = request->port,
			   .v = v };
	char name[SYS_NAME], out[SYS_NAME];
	uint64_t rate;
	const char *resolved = resolution(&t, &rate);

	parse(&t.frame, request);
	return json_pack(
		"{s:s, s:i, s:i, s:i, s:o, s:o, s:i, s:o, s:s, s:s, s:I, s:i, "
		"s:o, s:o, s:o, s:o, s:o, s:s, s:s}",
		"port", port_name(sw, request->port, name), "length",
		(int)request->len, "min", (int)FRAME_MIN, "max",
		(int)sw->comp->sw.port[request->port].wire.max_frame, "frame",
		frame_facts(&t), "settings", settings_of(t.rules), "vlan",
		(int)v->vlan, "learned", learned(&t), "resolution", resolved,
		"out", name_of(&t, (uint32_t)v->out, out), "storm",
		(json_int_t)rate, "offered",
		__builtin_popcountll(v->candidates), "snooping",
		names(&t, v->gone), "left_out", left_out(&t), "destinations",
		destinations(&t), "deliver", names(&t, v->deliver), "links",
		links(&t), "verdict",
		v->reason != REASON_NONE ? "drop" : "deliver", "reason",
		vswitch_reason_key(v->reason));
}
