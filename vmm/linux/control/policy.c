/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `weir show policy`: who decides what, and how often it has.
 *
 * For each port first its settings (VLAN, locks, limits, whether it is blocked
 * just now), then its pairs, each rule in the order in which the switch asks
 * it.  Counts come from the switch, by entry, and are used only if the switch
 * says that they are of the policy the monitor knows.
 */
#include <stdio.h>
#include <string.h>

#include "vmm/linux/control/json.h"

/* One switch's rows while they are made. */
struct listing {
	const struct mon_switch *sw;	 /* the switch */
	const struct sys_policy *policy; /* what it judges by */
	const struct statements *held;	 /* what was changed by command */
	json_t *rows;			 /* out */
};

/* --- what holds of a port ------------------------------------------------ */

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* The statement by which a setting was made by command, or NULL. */
static const struct statement *command(const struct listing *l, uint32_t port,
				       const char *action)
{
	char key[STATEMENT_MAX], name[SYS_NAME];

	snprintf(key, sizeof(key), "set %s %s", port_name(l->sw, port, name),
		 action);
	/* "mac-lock" is `mac lock` in a statement. */
	for (char *c = key + strlen(key) - strlen(action); *c != '\0'; c++)
		if (*c == '-')
			*c = ' ';
	return statements_find(l->held, key);
}

/* By which statement it can be taken back; @by may be NULL. */
static json_t *change_json(const struct statement *by)
{
	return by != NULL ? json_integer(by->change) : NULL;
}

static json_t *off(void)
{
	return json_pack("{s:b}", "off", 1);
}

/*
 * A setting of a port.  @facts: what it is set to, taken over; NULL: it is not
 * set, which is shown if that was a command.
 */
static void setting(const struct listing *l, uint32_t port, const char *action,
		    json_t *facts)
{
	const struct statement *by = command(l, port, action);
	json_t *row;

	if (facts == NULL && by != NULL && ends_with(by->text, " off }"))
		facts = off();
	if (facts == NULL)
		return;
	row = json_pack("{s:o, s:s}", "from", port_json(l->sw, port), "action",
			action);
	json_object_update(row, facts);
	json_decref(facts);
	json_object_set_new(row, "change", change_json(by));
	add_row(l->rows, row);
}

static const struct policy_rate none;

/*
 * How much of something a port may have in a second.
 * @unit:  a topology has bits where bytes are counted
 * @usual: what it has unless told otherwise, which is shown only if it was set
 */
static void rate_row(const struct listing *l, uint32_t port, const char *action,
		     const struct policy_rate *is, int unit,
		     const struct policy_rate *usual)
{
	json_t *facts = NULL;

	if (is->rate == 0 && usual->rate != 0)
		facts = off();
	else if (is->rate != 0 &&
		 (is->rate != usual->rate || is->burst != usual->burst ||
		  command(l, port, action) != NULL))
		facts = json_pack("{s:I, s:I}", "rate",
				  (json_int_t)is->rate * unit, "burst",
				  (json_int_t)is->burst);
	setting(l, port, action, facts);
}

static bool is_member(const struct policy_trunk *trunk, unsigned int vlan)
{
	return vlan <= POLICY_MAX_VLAN &&
	       (trunk->member[vlan / 64] >> vlan % 64 & 1) != 0;
}

/* Ranges of VLANs: [[10,10],[20,29]]. */
static json_t *vlan_list(const struct policy_trunk *trunk)
{
	json_t *ranges = json_array();
	unsigned int first = 0;

	for (unsigned int v = 1; v <= POLICY_MAX_VLAN; v++) {
		if (!is_member(trunk, v))
			continue;
		if (!is_member(trunk, v - 1))
			first = v;
		if (!is_member(trunk, v + 1))
			add_row(ranges,
				json_pack("[i, i]", (int)first, (int)v));
	}
	return ranges;
}

static json_t *vlan_facts(const struct policy_image *image, uint32_t port)
{
	const struct policy_port *p = &image->port[port];

	if (p->vlan_mode == POLICY_VLAN_ACCESS)
		return json_pack("{s:s, s:i}", "mode", "access", "untagged",
				 (int)p->vlan);
	if (p->vlan_mode == POLICY_VLAN_TRUNK)
		return json_pack("{s:s, s:o, s:i}", "mode", "trunk", "vlans",
				 vlan_list(&image->trunk[port]), "untagged",
				 (int)p->vlan);
	return NULL;
}

static json_t *mac_lock_facts(const struct policy_image *image,
			      const struct policy_port *p)
{
	uint32_t end = (uint32_t)p->first_mac + p->n_macs;
	json_t *macs;

	if (!p->locked)
		return NULL;
	macs = json_pack("[o]", mac_json(p->locked_mac));
	for (uint32_t i = p->first_mac; i < end && i < POLICY_MAX_MACS; i++)
		add_row(macs, mac_json(image->mac[i]));
	return json_pack("{s:o}", "macs", macs);
}

static json_t *ip_lock_facts(const struct policy_image *image,
			     const struct policy_port *p)
{
	uint32_t end = (uint32_t)p->first_prefix + p->n_prefixes;
	json_t *prefixes;

	if (!p->ip_locked)
		return NULL;
	prefixes = json_array();
	for (uint32_t i = p->first_prefix; i < end && i < POLICY_MAX_PREFIXES;
	     i++)
		add_row(prefixes, prefix_json(image->prefix[i].addr,
					      image->prefix[i].bits));
	return json_pack("{s:o}", "prefixes", prefixes);
}

/* What it may send, take and flood; a link may flood anything. */
static void rate_rows(const struct listing *l, uint32_t port,
		      const struct policy_port *p)
{
	static const char *const storm[] = {
		[STORM_BROADCAST] = "storm-broadcast",
		[STORM_MULTICAST] = "storm-multicast",
		[STORM_UNKNOWN] = "storm-unknown",
	};
	bool is_link = l->sw->link[port]->conn->attachment == SYS_TO_SWITCH;

	rate_row(l, port, "limit-in", &p->limit_in, 8, &none);
	rate_row(l, port, "limit-out", &p->limit_out, 8, &none);
	for (int kind = 0; kind < STORMS; kind++)
		rate_row(l, port, storm[kind], &p->storm[kind], 1,
			 is_link ? &none : &sys_usual_storm[kind]);
}

static void port_rows(const struct listing *l, uint32_t port)
{
	const struct vswitch_port_stats *s = &l->sw->stats->port[port];
	const struct policy_image *image = &l->policy->image;
	const struct policy_port *p = &image->port[port];

	if (switch_load64(&s->blocked) != 0)
		setting(l, port, "blocked",
			json_pack("{s:I}", "times",
				  counter(&s->times_blocked)));
	setting(l, port, "vlan", vlan_facts(image, port));
	setting(l, port, "mac-lock", mac_lock_facts(image, p));
	if (p->known_only != p->locked)
		setting(l, port, "flood",
			json_pack("{s:b}", "on", !p->known_only));
	setting(l, port, "mac-sticky",
		p->sticky != 0 ? json_pack("{s:i}", "count", (int)p->sticky)
			       : NULL);
	rate_row(l, port, "mac-moves", &p->moves, 1, &none);
	setting(l, port, "ip-lock", ip_lock_facts(image, p));
	rate_rows(l, port, p);
}

/* --- rules --------------------------------------------------------------- */

json_t *show_rule(const struct sys_policy *policy, uint32_t number)
{
	const struct sys_rule *r = &policy->rule[number];
	bool in_file = !rule_is_runtime(r);

	return json_pack("{s:I, s:s, s:o, s:b, s:o*, s:o*, s:o*}", "number",
			 (json_int_t)number, "action",
			 r->action == POLICY_DENY ? "deny" : "allow", "filter",
			 json_safe(r->text), "reply", r->reply != 0, "file",
			 in_file ? json_safe(r->file) : NULL, "line",
			 in_file ? json_integer(r->line) : NULL, "snapshot",
			 r->need > FRAME_SNAP ? json_integer(r->need) : NULL);
}

/*
 * How often an entry has decided; null if the switch has another policy, or had
 * one just now.  One that has not been asked since it was started has the
 * policy it was started with.
 */
static json_t *hits_of(const struct listing *l, uint32_t entry)
{
	const struct vswitch_stats *stats = l->sw->stats;
	uint64_t ours = l->sw->generation;
	uint64_t is = __atomic_load_n(&stats->policies, __ATOMIC_ACQUIRE);
	json_int_t hits = counter(&stats->hits[entry]);

	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	if ((ours != 0 && ours != is) || switch_load64(&stats->policies) != is)
		return json_null();
	return json_integer(hits);
}

/*
 * @number: of the rule; SYS_NONE: it is allowed without one that could be named
 * @hits:   taken over
 */
static void rule_row(const struct listing *l, uint32_t from, uint32_t to,
		     uint32_t number, json_t *hits)
{
	const struct statement *by = NULL;
	json_t *row = json_pack("{s:o, s:o}", "from", port_json(l->sw, from),
				"to", port_json(l->sw, to));
	json_t *rule = number != SYS_NONE
			       ? show_rule(l->policy, number)
			       : json_pack("{s:s, s:s, s:b}", "action", "allow",
					   "filter", "", "reply", 0);

	json_object_update(row, rule);
	json_decref(rule);
	json_object_set_new(row, "hits", hits);
	if (number != SYS_NONE && rule_is_runtime(&l->policy->rule[number]))
		by = statements_line(l->held, l->policy->rule[number].line);
	json_object_set_new(row, "change", change_json(by));
	add_row(l->rows, row);
}

/* Those behind one that decides on every frame. */
static void unasked_rows(const struct listing *l, uint32_t from)
{
	for (uint32_t i = 0; i < l->policy->n_unasked; i++) {
		const struct sys_unasked *u = &l->policy->unasked[i];

		if (u->from == from && u->rule < l->policy->image.n_rules)
			rule_row(l, from, u->to, u->rule, json_integer(0));
	}
}

static void pair_rows(const struct listing *l, uint32_t from, uint32_t to)
{
	uint64_t allow = l->policy->image.port[from].allow;
	uint32_t first;
	uint32_t n = policy_pair(l->policy, from, to, &first);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t number = policy_entry(l->policy, first + i);

		if (number != SYS_NONE)
			rule_row(l, from, to, number, hits_of(l, first + i));
	}
	if (n == 0 && (allow >> to & 1) != 0)
		rule_row(l, from, to, SYS_NONE, json_null());
}

static void switch_rows(const struct listing *l)
{
	uint32_t n_ports = l->sw->comp->sw.n_ports;

	for (uint32_t from = 0; from < n_ports; from++) {
		if (l->sw->link[from] == NULL)
			continue;
		port_rows(l, from);
		for (uint32_t to = 0; to < n_ports; to++)
			pair_rows(l, from, to);
		unasked_rows(l, from);
	}
}

json_t *show_policy(const struct monitor *m)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < m->n_switches; i++) {
		const struct mon_switch *sw = &m->sw[i];
		const struct listing l = { sw, held_policy(m, sw),
					   &m->held.statements, rows };

		if (l.policy != NULL)
			switch_rows(&l);
	}
	return rows;
}
