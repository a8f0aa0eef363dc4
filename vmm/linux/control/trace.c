/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `weir trace`: what a switch has decided about a frame, and the settings and
 * rules it decided by, as facts.  The command makes sentences of them
 * (cli/decision.c).
 *
 * A frame may have subverted a switch, so indices in a verdict are checked.
 */
#include <string.h>

#include "base/bits.h"
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
static json_t *name_of(const struct trace *t, uint32_t port)
{
	json_t *name = port_json(t->sw, port);

	return name != NULL ? name : json_string("?");
}

/* Those of a set of ports that there are. */
static json_t *names(const struct trace *t, uint64_t set)
{
	json_t *ports = json_array();

	while (set != 0)
		add_row(ports, port_json(t->sw, bit_pop(&set)));
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

/* --- the frame, and the port it would come from ------------------------- */

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
	return json_pack(
		"{s:s, s:i, s:o, s:i, s:b, s:I, s:i}", "vlan",
		vlan_mode(p->vlan_mode), "untagged", (int)p->vlan, "mac_lock",
		p->locked ? mac_json(p->locked_mac) : json_null(), "more_macs",
		(int)p->n_macs, "ip_lock", p->ip_locked != 0, "limit_in",
		(json_int_t)p->limit_in.rate, "mac_sticky", (int)p->sticky);
}

/* The most bytes the port takes; of a segment it may be more. */
static int longest(const struct sys_switch_port *p, struct offload o)
{
	bool segment = (o.flags & OFFLOAD_TYPE) != 0 && p->wire.max_segment;

	return (int)(segment ? p->wire.max_segment : p->wire.max_frame);
}

/* What became of its offload data, if it has some. */
static json_t *offload_of(const struct trace *t, struct offload o)
{
	const struct sys_switch_port *p = &t->sw->comp->sw.port[t->port];

	if (!offload_any(o))
		return NULL;
	return json_pack("{s:i, s:b, s:i}", "segment", (int)o.segment, "read",
			 (p->wire.offload & OFFLOAD_PORT) != 0, "frames",
			 (int)t->v->frames);
}

/* --- learning and lookup ------------------------------------------------ */

static json_t *learned(const struct trace *t)
{
	static const char *const name[] = {
		[FDB_LEARNED] = "learned", [FDB_REFRESHED] = "refreshed",
		[FDB_MOVED] = "moved",	   [FDB_ECHOED] = "echo",
		[FDB_PINNED] = "pinned",
	};
	const struct fdb_effect *e = &t->v->learned;
	const char *outcome = "skip";
	json_t *evicted = NULL;

	if (t->v->looked_up != 0)
		outcome = NAME_OF(name, e->outcome, "full");
	if (t->v->looked_up != 0 && e->evicted != 0)
		evicted = json_pack("{s:o, s:i}", "mac",
				    mac_json(e->evicted_mac), "vlan",
				    (int)e->evicted_vlan);
	return json_pack("{s:s, s:o, s:o*}", "outcome", outcome, "was",
			 name_of(t, (uint32_t)e->was), "evicted", evicted);
}

static const char *resolution(const struct vswitch_verdict *v)
{
	static const char *const name[] = {
		[RESOLVED_UNICAST] = "unicast",
		[RESOLVED_UNKNOWN] = "unknown",
		[RESOLVED_MULTICAST] = "multicast",
		[RESOLVED_BROADCAST] = "broadcast",
	};

	return NAME_OF(name, v->resolution, "none");
}

/* What the port may flood of that kind. */
static json_int_t storm_limit(const struct trace *t)
{
	const struct policy_rate *storm = t->rules->storm;

	if (t->v->resolution == RESOLVED_UNKNOWN)
		return storm[STORM_UNKNOWN].rate;
	if (t->v->resolution == RESOLVED_MULTICAST)
		return storm[STORM_MULTICAST].rate;
	if (t->v->resolution == RESOLVED_BROADCAST)
		return storm[STORM_BROADCAST].rate;
	return 0;
}

/* --- ports a flood is not offered to ------------------------------------ */

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

	for (uint32_t p = 0; p < t->sw->comp->sw.n_ports; p++) {
		const char *key = left_out_key(t, p);

		if (key != NULL)
			add_row(rows,
				json_pack("{s:o, s:s}", "port",
					  port_json(t->sw, p), "reason", key));
	}
	return rows;
}

/* --- destinations ------------------------------------------------------- */

/* What the policy says of the pair, and the rule that decided, if one did. */
static json_t *policy_facts(const struct trace *t, uint32_t to)
{
	const struct policy_port *p = &t->policy->image.port[to];
	uint32_t entry = t->v->entry[to], rule = SYS_NONE;
	uint32_t first, n = policy_pair(t->policy, t->port, to, &first);

	if (entry >= first && entry - first < n)
		rule = policy_entry(t->policy, entry);
	return json_pack("{s:s, s:I, s:i, s:o*}", "vlan",
			 vlan_mode(p->vlan_mode), "limit_out",
			 (json_int_t)p->limit_out.rate, "rules", (int)n, "rule",
			 rule != SYS_NONE ? show_rule(t->policy, rule) : NULL);
}

static json_t *destination(const struct trace *t, uint32_t to)
{
	uint32_t why = bit_in(t->v->refused, to) ? t->v->refusal[to]
						 : REASON_NONE;
	json_t *facts = t->policy != NULL ? policy_facts(t, to) : NULL;
	json_t *row = json_pack("{s:o, s:s, s:b, s:b}", "port",
				port_json(t->sw, to), "reason",
				vswitch_reason_key((enum vswitch_reason)why),
				"reply", bit_in(t->v->replies, to), "cut",
				bit_in(t->v->cut, to));

	json_object_update(row, facts);
	json_decref(facts);
	return row;
}

static json_t *destinations(const struct trace *t)
{
	uint64_t all = t->v->candidates | t->v->deliver | t->v->refused;
	json_t *rows = json_array();

	while (all != 0)
		add_row(rows, destination(t, bit_pop(&all)));
	return rows;
}

/* --- links -------------------------------------------------------------- */

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
	char near[SYS_NAME];

	for (uint64_t set = t->v->deliver; set != 0;) {
		unsigned int p = bit_pop(&set), end;
		const struct mon_link *l = t->sw->link[p];

		if (l == NULL || l->conn->attachment != SYS_TO_SWITCH)
			continue;
		end = l->sw[0] == t->sw && l->conn->port[0] == p;
		json_object_set_new(
			facts, port_name(t->sw, p, near),
			json_pack("{s:o, s:s}", "port",
				  port_json(l->sw[end], l->conn->port[end]),
				  "tag", tag_change(t, p)));
	}
	return facts;
}

/* --- the whole ---------------------------------------------------------- */

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

	parse(&t.frame, request);
	return json_pack(
		"{s:o, s:i, s:i, s:i, s:{s:o, s:o, s:o}, s:o, s:i, s:o, s:s, "
		"s:o, s:I, s:i, s:o, s:o, s:o, s:o, s:o, s:o, s:o*, s:s, s:s}",
		"port", port_json(sw, request->port), "length",
		(int)request->len, "min", (int)FRAME_MIN, "max",
		longest(&sw->comp->sw.port[request->port], request->offload),
		"frame", "source", mac_json(t.frame.src), "destination",
		mac_json(t.frame.dst), "tag", tag_of(&t.frame), "settings",
		settings_of(t.rules), "vlan", (int)v->vlan, "learned",
		learned(&t), "resolution", resolution(v), "out",
		name_of(&t, (uint32_t)v->out), "storm", storm_limit(&t),
		"offered", (int)bit_count(v->candidates), "snooping",
		names(&t, v->gone), "left_out", left_out(&t), "destinations",
		destinations(&t), "deliver", names(&t, v->deliver), "cut",
		names(&t, v->cut), "links", links(&t), "offload",
		offload_of(&t, request->offload), "verdict",
		v->reason != REASON_NONE ? "drop" : "deliver", "reason",
		vswitch_reason_key(v->reason));
}
