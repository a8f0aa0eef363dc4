/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `weir show policy`: who decides what, and how often it has.
 *
 * For each port first its settings (VLAN, locks, limits, whether it is blocked
 * just now), then its pairs, each rule in the order in which the switch asks
 * it.  Counts come from the switch, by entry, and are used only if the switch
 * says that they are of the policy the monitor knows.
 */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/linux/control/json.h"

/* How often counts are read again if the policy changes meanwhile. */
#define TRIES 4

/* One switch's rows while they are made. */
struct listing {
	const struct mon_switch *sw;	   /* the switch */
	const struct sys_policy *policy;   /* what it judges by */
	const struct statements *held;	   /* what was changed by command */
	uint64_t hits[POLICY_MAX_ENTRIES]; /* its counts, by entry */
	bool known;			   /* @hits are of @policy */
	json_t *rows;			   /* out */
};

/* --- counts -------------------------------------------------------------- */

/*
 * The generation that the switch calls our policy.  One that has not been asked
 * since it was started has the policy it was started with.
 */
static bool is_ours(const struct mon_switch *sw, uint64_t generation)
{
	return sw->generation == 0 || sw->generation == generation;
}

static void read_hits(struct listing *l)
{
	const struct vswitch_stats *stats = l->sw->stats;

	for (int i = 0; i < TRIES && !l->known; i++) {
		uint64_t before =
			__atomic_load_n(&stats->policies, __ATOMIC_ACQUIRE);

		for (uint32_t e = 0; e < POLICY_MAX_ENTRIES; e++)
			l->hits[e] = switch_load64(&stats->hits[e]);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		l->known = is_ours(l->sw, before) &&
			   before == switch_load64(&stats->policies);
	}
}

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

/* @by: by which it can be taken back, or NULL */
static void add_change(json_t *row, const struct statement *by)
{
	if (by != NULL)
		json_object_set_new(row, "change", json_integer(by->change));
}

/*
 * A setting of a port.  @facts: what it is set to, taken over; NULL: it is not
 * set, which is shown if that was a command.
 */
static void setting(struct listing *l, uint32_t port, const char *action,
		    json_t *facts)
{
	const struct statement *by = command(l, port, action);
	char name[SYS_NAME];
	json_t *row;

	if (facts == NULL && by != NULL && ends_with(by->text, " off }"))
		facts = json_pack("{s:b}", "off", 1);
	if (facts == NULL)
		return;
	row = json_pack("{s:s, s:s}", "from", port_name(l->sw, port, name),
			"action", action);
	json_object_update(row, facts);
	json_decref(facts);
	add_change(row, by);
	json_array_append_new(l->rows, row);
}

/* What a port may have so much of in a second. */
static const struct {
	const char *action;
	size_t at;
	/* A topology has bits where bytes are counted. */
	int unit;
	/* All ports have these; shown is what is unusual, or was set. */
	const struct policy_rate *usual;
} rates[] = {
#define RATE(action, member, unit, usual)                                      \
	{                                                                      \
		action, offsetof(struct policy_port, member), unit, usual      \
	}
	RATE("mac-moves", moves, 1, NULL),
	RATE("limit-in", limit_in, 8, NULL),
	RATE("limit-out", limit_out, 8, NULL),
	RATE("storm-broadcast", storm[STORM_BROADCAST], 1,
	     &sys_usual_storm[STORM_BROADCAST]),
	RATE("storm-multicast", storm[STORM_MULTICAST], 1,
	     &sys_usual_storm[STORM_MULTICAST]),
	RATE("storm-unknown", storm[STORM_UNKNOWN], 1,
	     &sys_usual_storm[STORM_UNKNOWN]),
#undef RATE
};

/* What a port has unless told otherwise; a link has no storm limits. */
static struct policy_rate usual_rate(const struct listing *l, uint32_t port,
				     size_t i)
{
	if (rates[i].usual == NULL ||
	    l->sw->link[port]->conn->attachment == SYS_TO_SWITCH)
		return (struct policy_rate){ 0 };
	return *rates[i].usual;
}

static void rate_row(struct listing *l, uint32_t port, size_t i)
{
	const char *image = (const char *)&l->policy->image.port[port];
	struct policy_rate usual = usual_rate(l, port, i), r;
	json_t *facts = NULL;

	memcpy(&r, image + rates[i].at, sizeof(r));
	if (r.rate == 0 && usual.rate != 0)
		facts = json_pack("{s:b}", "off", 1);
	else if (r.rate != 0 &&
		 (r.rate != usual.rate || r.burst != usual.burst ||
		  command(l, port, rates[i].action) != NULL))
		facts = json_pack("{s:I, s:I}", "rate",
				  (json_int_t)r.rate * rates[i].unit, "burst",
				  (json_int_t)r.burst);
	setting(l, port, rates[i].action, facts);
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

	for (unsigned int v = 1; v <= POLICY_MAX_VLAN; v++) {
		unsigned int last = v;

		if (!is_member(trunk, v))
			continue;
		while (is_member(trunk, last + 1))
			last++;
		json_array_append_new(ranges,
				      json_pack("[i, i]", (int)v, (int)last));
		v = last;
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

static json_t *prefix_json(const struct policy_prefix *p)
{
	struct ip_addr addr = { 0 };
	unsigned int whole = 128, bits = p->bits;
	char text[IP_TEXT], all[IP_TEXT + 4];

	for (unsigned int i = 0; i < 8; i++) {
		addr.hi = addr.hi << 8 | p->addr[i];
		addr.lo = addr.lo << 8 | p->addr[8 + i];
	}
	if (ip_is_v4(&addr) && bits >= 96) {
		whole = 32;
		bits -= 96;
	}
	snprintf(all, sizeof(all), bits < whole ? "%s/%u" : "%s",
		 ip_text(&addr, text), bits);
	return json_string(all);
}

static json_t *mac_lock_facts(const struct policy_image *image,
			      const struct policy_port *p)
{
	uint32_t end = (uint32_t)p->first_mac + p->n_macs;
	char mac[MAC_TEXT];
	json_t *macs;

	if (!p->locked)
		return NULL;
	macs = json_pack("[s]", mac_text(p->locked_mac, mac));
	for (uint32_t i = p->first_mac; i < end && i < POLICY_MAX_MACS; i++)
		json_array_append_new(
			macs, json_string(mac_text(image->mac[i], mac)));
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
		json_array_append_new(prefixes, prefix_json(&image->prefix[i]));
	return json_pack("{s:o}", "prefixes", prefixes);
}

static void port_rows(struct listing *l, uint32_t port)
{
	const struct vswitch_port_stats *s = &l->sw->stats->port[port];
	const struct policy_image *image = &l->policy->image;
	const struct policy_port *p = &image->port[port];

	if (switch_load64(&s->blocked) != 0)
		setting(l, port, "blocked",
			json_pack("{s:o}", "times",
				  json_integer(counter(&s->times_blocked))));
	setting(l, port, "vlan", vlan_facts(image, port));
	setting(l, port, "mac-lock", mac_lock_facts(image, p));
	if (p->known_only != p->locked)
		setting(l, port, "flood",
			json_pack("{s:b}", "on", !p->known_only));
	setting(l, port, "mac-sticky",
		p->sticky != 0 ? json_pack("{s:i}", "count", (int)p->sticky)
			       : NULL);
	rate_row(l, port, 0);
	setting(l, port, "ip-lock", ip_lock_facts(image, p));
	for (size_t i = 1; i < sizeof(rates) / sizeof(rates[0]); i++)
		rate_row(l, port, i);
}

/* --- rules --------------------------------------------------------------- */

json_t *show_rule(const struct sys_policy *policy, uint32_t number)
{
	const struct sys_rule *rule = &policy->rule[number];
	json_t *shown = json_pack(
		"{s:I, s:s, s:o, s:b}", "number", (json_int_t)number, "action",
		rule->action == POLICY_DENY ? "deny" : "allow", "filter",
		json_safe(rule->text), "reply", rule->reply != 0);

	if (!rule_is_runtime(rule)) {
		json_object_set_new(shown, "file", json_safe(rule->file));
		json_object_set_new(shown, "line", json_integer(rule->line));
	}
	if (rule->need > FRAME_SNAP)
		json_object_set_new(shown, "snapshot",
				    json_integer(rule->need));
	return shown;
}

/*
 * @number: of the rule; SYS_NONE: it is allowed without one that could be named
 * @hits:   taken over
 */
static void rule_row(struct listing *l, uint32_t from, uint32_t to,
		     uint32_t number, json_t *hits)
{
	char a[SYS_NAME], b[SYS_NAME];
	json_t *row = json_pack("{s:s, s:s}", "from", port_name(l->sw, from, a),
				"to", port_name(l->sw, to, b));
	json_t *rule = number != SYS_NONE
			       ? show_rule(l->policy, number)
			       : json_pack("{s:s, s:s, s:b}", "action", "allow",
					   "filter", "", "reply", 0);

	json_object_update(row, rule);
	json_object_set_new(row, "hits", hits);
	if (number != SYS_NONE && rule_is_runtime(&l->policy->rule[number]))
		add_change(row, statements_line(l->held,
						l->policy->rule[number].line));
	json_decref(rule);
	json_array_append_new(l->rows, row);
}

/* Those behind one that decides on every frame. */
static void unasked_rows(struct listing *l, uint32_t from)
{
	uint32_t n_rules = l->policy->image.n_rules;

	for (uint32_t i = 0; i < l->policy->n_unasked; i++) {
		const struct sys_unasked *u = &l->policy->unasked[i];

		if (u->from == from && u->to < l->sw->comp->sw.n_ports &&
		    u->rule < n_rules)
			rule_row(l, from, u->to, u->rule, json_integer(0));
	}
}

static void pair_rows(struct listing *l, uint32_t from, uint32_t to)
{
	uint64_t allow = l->policy->image.port[from].allow;
	uint32_t first;
	uint32_t n = policy_pair(l->policy, from, to, &first);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t number = policy_entry(l->policy, first + i);

		if (number != SYS_NONE)
			rule_row(l, from, to, number,
				 l->known ? json_integer(counter(
						    &l->hits[first + i]))
					  : json_null());
	}
	if (n == 0 && (allow >> to & 1) != 0)
		rule_row(l, from, to, SYS_NONE, json_null());
}

static void switch_rows(struct listing *l)
{
	uint32_t n_ports = l->sw->comp->sw.n_ports;

	read_hits(l);
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
	struct listing *l = malloc(sizeof(*l));
	json_t *rows = json_array();

	for (size_t i = 0; l != NULL && i < m->n_switches; i++) {
		l->sw = &m->sw[i];
		l->policy = held_policy(m, l->sw);
		l->held = &m->held.statements;
		l->known = false;
		l->rows = rows;
		if (l->policy != NULL)
			switch_rows(l);
	}
	free(l);
	return rows;
}
