/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `weir show policy`: who decides what, and how often it has.
 *
 * For each port first what holds of it alone (VLAN, locks, limits, whether it is
 * blocked just now), then its pairs, each rule in the order in which the switch
 * asks it.  Counts are of a pair's entries, and a switch shares them: they are
 * taken only if the switch says that they are of the policy we know.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmm/linux/control/json.h"

/* A switch that takes policies as fast as it can still lets us read one's. */
#define TRIES 4

/**
 * struct listing - one switch's rows while they are made
 * @sw:     the switch
 * @policy: what it judges by
 * @held:   what was changed by command
 * @hits:   its counts, by entry
 * @known:  @hits are of @policy
 * @rows:   out
 */
struct listing {
	const struct mon_switch *sw;
	const struct sys_policy *policy;
	const struct statements *held;
	uint64_t hits[POLICY_MAX_ENTRIES];
	bool known;
	json_t *rows;
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

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* --- what holds of a port ------------------------------------------------ */

/* What was said by command of one of a port's settings, or NULL. */
static const struct statement *command(const struct listing *l,
				       const char *port, const char *action)
{
	char key[STATEMENT_MAX];

	/* "mac-lock" is `mac lock` in a statement. */
	snprintf(key, sizeof(key), "set %s %s", port, action);
	for (char *c = key + strlen(key) - strlen(action); *c != '\0'; c++)
		if (*c == '-')
			*c = ' ';
	return statements_find(l->held, key);
}

/* By which it can be taken back. */
static void add_change(json_t *row, const struct statement *by)
{
	if (row != NULL && by != NULL)
		json_object_set_new(row, "change", json_integer(by->change));
}

/* @facts: of the setting; taken over */
static void setting(struct listing *l, uint32_t port, const char *action,
		    json_t *facts)
{
	char name[SYS_NAME];
	json_t *row = json_pack("{s:s, s:s}", "from",
				port_name(l->sw, port, name), "action", action);

	json_object_update(row, facts);
	json_decref(facts);
	add_change(row, command(l, name, action));
	json_array_append_new(l->rows, row);
}

static void rate_row(struct listing *l, uint32_t port, const char *action,
		     uint64_t rate, uint64_t burst)
{
	if (rate != 0)
		setting(l, port, action,
			json_pack("{s:I, s:I}", "rate", (json_int_t)rate,
				  "burst", (json_int_t)burst));
}

/* Octets a second, in bits a second as a topology has them. */
static void limit_row(struct listing *l, uint32_t port, const char *action,
		      const struct policy_rate *rate)
{
	rate_row(l, port, action, rate->rate * 8, rate->burst);
}

static void count_row(struct listing *l, uint32_t port, const char *action,
		      const struct policy_rate *rate)
{
	rate_row(l, port, action, rate->rate, rate->burst);
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

static void vlan_row(struct listing *l, uint32_t port)
{
	const struct policy_image *image = &l->policy->image;
	const struct policy_port *p = &image->port[port];

	if (p->vlan_mode == POLICY_VLAN_ACCESS)
		setting(l, port, "vlan",
			json_pack("{s:s, s:i}", "mode", "access", "untagged",
				  (int)p->vlan));
	else if (p->vlan_mode == POLICY_VLAN_TRUNK)
		setting(l, port, "vlan",
			json_pack("{s:s, s:o, s:i}", "mode", "trunk", "vlans",
				  vlan_list(&image->trunk[port]), "untagged",
				  (int)p->vlan));
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

static void mac_lock_row(struct listing *l, uint32_t port)
{
	const struct policy_image *image = &l->policy->image;
	const struct policy_port *p = &image->port[port];
	char mac[MAC_TEXT];
	json_t *macs;

	if (p->locked) {
		macs = json_pack("[s]", mac_text(p->locked_mac, mac));
		for (uint32_t i = p->first_mac;
		     i < (uint32_t)p->first_mac + p->n_macs &&
		     i < POLICY_MAX_MACS;
		     i++)
			json_array_append_new(
				macs,
				json_string(mac_text(image->mac[i], mac)));
		setting(l, port, "mac-lock", json_pack("{s:o}", "macs", macs));
	}
	if (p->known_only != p->locked)
		setting(l, port, "flood",
			json_pack("{s:b}", "on", !p->known_only));
}

static void ip_lock_row(struct listing *l, uint32_t port)
{
	const struct policy_image *image = &l->policy->image;
	const struct policy_port *p = &image->port[port];
	json_t *prefixes;

	if (!p->ip_locked)
		return;
	prefixes = json_array();
	for (uint32_t i = p->first_prefix;
	     i < (uint32_t)p->first_prefix + p->n_prefixes &&
	     i < POLICY_MAX_PREFIXES;
	     i++)
		json_array_append_new(prefixes, prefix_json(&image->prefix[i]));
	setting(l, port, "ip-lock", json_pack("{s:o}", "prefixes", prefixes));
}

static void blocked_row(struct listing *l, uint32_t port)
{
	const struct vswitch_port_stats *s = &l->sw->stats->port[port];

	if (switch_load64(&s->blocked) != 0)
		setting(l, port, "blocked",
			json_pack("{s:o}", "times",
				  json_counter(&s->times_blocked)));
}

/* What was turned off by command would not be seen otherwise. */
static void off_rows(struct listing *l, uint32_t port)
{
	static const char *const actions[] = {
		"mac-lock",	   "mac-sticky",      "mac-moves",
		"ip-lock",	   "limit-in",	      "limit-out",
		"storm-broadcast", "storm-multicast", "storm-unknown",
	};
	char name[SYS_NAME];

	port_name(l->sw, port, name);
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		const struct statement *by = command(l, name, actions[i]);

		if (by != NULL && ends_with(by->text, " off }"))
			setting(l, port, actions[i],
				json_pack("{s:b}", "off", 1));
	}
}

static void port_rows(struct listing *l, uint32_t port)
{
	static const char *const storm[STORMS] = {
		[STORM_BROADCAST] = "storm-broadcast",
		[STORM_MULTICAST] = "storm-multicast",
		[STORM_UNKNOWN] = "storm-unknown",
	};
	const struct policy_port *p = &l->policy->image.port[port];
	char name[SYS_NAME];

	blocked_row(l, port);
	vlan_row(l, port);
	mac_lock_row(l, port);
	if (p->sticky != 0)
		setting(l, port, "mac-sticky",
			json_pack("{s:i}", "count", (int)p->sticky));
	count_row(l, port, "mac-moves", &p->moves);
	ip_lock_row(l, port);
	limit_row(l, port, "limit-in", &p->limit_in);
	limit_row(l, port, "limit-out", &p->limit_out);
	/* All ports have these; what is told is what is unusual, or was said. */
	port_name(l->sw, port, name);
	for (unsigned int i = 0; i < STORMS; i++)
		if (memcmp(&p->storm[i], &sys_usual_storm[i],
			   sizeof(p->storm[i])) != 0 ||
		    command(l, name, storm[i]) != NULL)
			count_row(l, port, storm[i], &p->storm[i]);
	off_rows(l, port);
}

/* --- rules --------------------------------------------------------------- */

json_t *show_rule(const struct sys_policy *policy, uint32_t number)
{
	const struct sys_rule *rule = &policy->rule[number];
	json_t *shown = json_pack(
		"{s:I, s:s, s:o, s:b}", "number", (json_int_t)number, "action",
		rule->action == POLICY_DENY ? "deny" : "allow", "filter",
		json_safe(rule->text), "reply", rule->reply != 0);

	if (shown == NULL)
		return NULL;
	if (!rule_is_runtime(rule)) {
		json_object_set_new(shown, "file", json_safe(rule->file));
		json_object_set_new(shown, "line", json_integer(rule->line));
	}
	if (rule->need > FRAME_SNAP)
		json_object_set_new(shown, "snapshot",
				    json_integer(rule->need));
	return shown;
}

static json_t *hits(const struct listing *l, uint32_t entry)
{
	return l->known ? json_counter(&l->hits[entry]) : json_null();
}

/* The statement a rule was made by, or NULL: it is a topology's. */
static const struct statement *made_by(const struct listing *l, uint32_t number)
{
	const struct sys_rule *rule = &l->policy->rule[number];

	return rule_is_runtime(rule) ? statements_line(l->held, rule->line)
				     : NULL;
}

/* @hits: taken over */
static void rule_row(struct listing *l, uint32_t from, uint32_t to,
		     uint32_t number, json_t *hits)
{
	char a[SYS_NAME], b[SYS_NAME];
	json_t *row, *rule;

	row = json_pack("{s:s, s:s}", "from", port_name(l->sw, from, a), "to",
			port_name(l->sw, to, b));
	rule = show_rule(l->policy, number);
	if (row != NULL && rule != NULL) {
		json_object_update(row, rule);
		json_object_set_new(row, "hits", hits);
		add_change(row, made_by(l, number));
	} else {
		json_decref(hits);
	}
	json_decref(rule);
	json_array_append_new(l->rows, row);
}

/* Allowed without a rule that could be named: nobody counts. */
static void allow_row(struct listing *l, uint32_t from, uint32_t to)
{
	char a[SYS_NAME], b[SYS_NAME];

	json_array_append_new(
		l->rows, json_pack("{s:s, s:s, s:s, s:s, s:b, s:n}", "from",
				   port_name(l->sw, from, a), "to",
				   port_name(l->sw, to, b), "action", "allow",
				   "filter", "", "reply", 0, "hits"));
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
			rule_row(l, from, to, number, hits(l, first + i));
	}
	if (n == 0 && (allow >> to & 1) != 0)
		allow_row(l, from, to);
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
