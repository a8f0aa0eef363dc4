/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Pairs of ports that a rule allows, and that will not work all the same:
 * nothing may come back, or no frame of one has a VLAN of the other.  Then
 * ports that no rule lets send or receive, and groups no rule names.
 *
 * Whoever means one direction says so by a `deny` for the other.
 */
#include "config/check/check.h"

#include "config/check/filter.h"

void pairs_add(struct topo_pairs *pairs, const struct topo_port *a,
	       const struct topo_port *b)
{
	if (pairs->n++)
		return;
	pairs->a = a;
	pairs->b = b;
}

const char *pairs_shown(struct topology *t, const struct topo_rule *rule,
			const struct topo_pairs *pairs)
{
	const char *text = arena_printf(t->arena, "%s %s %s",
					topo_port_name(t, pairs->a),
					rule->both ? "<->" : "->",
					topo_port_name(t, pairs->b));

	if (pairs->n == 1)
		return text;
	return arena_printf(t->arena, "%s (and %u more)", text, pairs->n - 1);
}

/* --- answers ------------------------------------------------------------- */

/* What can be sent without ever hearing of it again. */
static bool is_one_way(const struct topo_rule *rule)
{
	static const char *const words[] = { "udp",	  "icmp",      "icmp6",
					     "igmp",	  "pim",       "vrrp",
					     "carp",	  "arp",       "rarp",
					     "multicast", "broadcast", "ether",
					     "stp" };

	if (!rule->when || filter_word(rule->when->text, "tcp"))
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (filter_word(rule->when->text, words[i]))
			return true;
	}
	return false;
}

static void warn_mute(struct topology *t, const struct topo_rule *rule)
{
	const struct topo_pairs *pairs = &rule->mute;

	if (rule->runtime)
		warn(t, rule->pos,
		     "%s: nothing can answer; give \"reply\" with it, or -b "
		     "for both directions",
		     pairs_shown(t, rule, pairs));
	else
		warn(t, rule->pos,
		     "%s: nothing can answer; add \"reply\", or write \"<->\"; "
		     "if that is meant, say so: deny %s -> %s",
		     pairs_shown(t, rule, pairs), topo_port_name(t, pairs->b),
		     topo_port_name(t, pairs->a));
}

/* --- VLANs --------------------------------------------------------------- */

static bool carries(const struct topo_settings *s, unsigned int vid)
{
	if (s->vlan.value == POLICY_VLAN_TRANSPARENT)
		return true;
	return (s->vid && s->vid == vid) ||
	       (s->vlan.value == POLICY_VLAN_TRUNK &&
		s->trunk->member[vid / 64] >> vid % 64 & 1);
}

static bool share_vlan(const struct topo_settings *a,
		       const struct topo_settings *b)
{
	for (unsigned int vid = 0; vid < 4096; vid++) {
		if (carries(a, vid) && carries(b, vid))
			return true;
	}
	return false;
}

/* Hosts seldom tag, and what has no tag is in no VLAN of a port with some. */
static bool sends_untagged(const struct topo_port *from,
			   const struct topo_port *to)
{
	return topo_kinds[from->kind].host && !from->settings.vlan.set &&
	       to->settings.vlan.set &&
	       to->settings.vlan.value != POLICY_VLAN_TRANSPARENT;
}

static void warn_apart(struct topology *t, const struct topo_rule *rule)
{
	const struct topo_port *a = rule->apart.a, *b = rule->apart.b;
	const char *pairs = pairs_shown(t, rule, &rule->apart);
	bool left = sends_untagged(a, b);

	if (!left && !sends_untagged(b, a))
		warn(t, rule->pos,
		     "%s: the two have no VLAN in common, so that nothing "
		     "passes; see \"vlan\" in %s and in %s",
		     pairs, place(t, rule->pos, a->settings.vlan.pos),
		     place(t, rule->pos, b->settings.vlan.pos));
	else
		warn(t, rule->pos,
		     "%s: %s has no \"vlan\", and frames without a tag are in "
		     "no VLAN of %s; give it one, \"vlan access\", or \"vlan "
		     "trunk\" if it tags its frames",
		     pairs, topo_port_name(t, left ? a : b),
		     topo_port_name(t, left ? b : a));
}

/* --- ports and groups alone ---------------------------------------------- */

static void check_lonely(struct topology *t, const struct topo_switch *sw)
{
	const struct topo_port *port;
	uint64_t reached = 0;

	for_each(port, sw->ports)
		reached |= port->allow;
	if (!reached)
		warn(t, sw->name.pos,
		     "nothing is allowed on switch %s, so it forwards nothing; "
		     "say who may talk: allow PORT <-> PORT",
		     sw->name.text);
	for_each(port, reached ? sw->ports : NULL) {
		if (port->kind != TO_CAPTURE && !port->allow &&
		    !(reached & 1ull << port->number))
			warn(t, port->name.pos,
			     "port %s may talk to nobody; say to whom: allow "
			     "%s <-> PORT",
			     topo_port_name(t, port), topo_port_name(t, port));
	}
}

/* --- all of it ----------------------------------------------------------- */

static bool are_apart(const struct topo_rule *rule, const struct topo_port *a,
		      const struct topo_port *b)
{
	if (!share_vlan(&a->settings, &b->settings))
		return true;
	return (sends_untagged(a, b) || sends_untagged(b, a)) &&
	       !(rule->when && filter_word(rule->when->text, "vlan"));
}

static void check_pair(const struct topo_port *from, const struct topo_port *to)
{
	bool heard = to->entries[from->number] != NULL;
	struct topo_entry *entry;

	for_each(entry, from->entries[to->number]) {
		struct topo_rule *rule = entry->rule;

		if (rule->deny)
			continue;
		if (!heard && !rule->reply.set && !is_one_way(rule))
			pairs_add(&rule->mute, from, to);
		/* Of a rule for both directions once. */
		if (rule->both && from->number > to->number)
			continue;
		rule->n_pairs++;
		if (are_apart(rule, from, to))
			pairs_add(&rule->apart, from, to);
	}
}

void check_pairs(struct topology *t)
{
	const struct topo_port *from, *to;
	const struct topo_group *group;
	const struct topo_switch *sw;
	const struct topo_rule *rule;

	/* With an error anywhere, what is missing may be there. */
	if (t->report->errors)
		return;
	for_each_port(from, t) {
		for_each(to, from->sw->ports)
			check_pair(from, to);
	}
	for_each(rule, t->rules) {
		if (rule->mute.n)
			warn_mute(t, rule);
		/* Groups are made of all that may talk within their VLANs. */
		if (rule->apart.n && rule->apart.n == rule->n_pairs)
			warn_apart(t, rule);
	}
	for_each(sw, t->switches)
		check_lonely(t, sw);
	for_each(group, t->groups) {
		if (!group->used)
			warn(t, group->name.pos,
			     "group %s is in no rule and in no other group",
			     group->name.text);
	}
}
