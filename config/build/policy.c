/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Third step: what each switch is told about who may do what.
 *
 * Every permission comes from a rule, also where no filter is asked, so that it
 * can be counted and shown: no port has an allow list of its own.
 */
#include <string.h>

#include "config/build/build.h"
#include "config/merge/merge.h"

/* --- rules --------------------------------------------------------------- */

static bool says_the_same(const struct policy_image *image,
			  const struct policy_rule *a,
			  const struct policy_rule *b)
{
	return a->action == b->action && a->reply == b->reply && a->n == b->n &&
	       memcmp(&image->insn[a->first], &image->insn[b->first],
		      a->n * sizeof(image->insn[0])) == 0;
}

/* Has another rule before this one the same id by chance? */
static bool is_taken(const struct policy_image *image,
		     const struct policy_rule *rule)
{
	const struct policy_rule *other = image->rule;

	for (; other != rule; other++) {
		if (other->id == rule->id && !says_the_same(image, other, rule))
			return true;
	}
	return false;
}

/* 0 is reserved. */
static uint32_t to_id(uint64_t hash)
{
	uint32_t id = (uint32_t)build_fold(hash, 32);

	return id ? id : 1;
}

/* From what a rule says, and nothing else: the same after every change. */
static void identify(const struct policy_image *image, struct policy_rule *rule)
{
	const uint8_t kind[2] = { rule->action, rule->reply };
	uint64_t h = build_hash(BUILD_HASH, kind, sizeof(kind));

	h = build_hash(h, &image->insn[rule->first],
		       rule->n * sizeof(image->insn[0]));
	for (rule->id = to_id(h); is_taken(image, rule); rule->id = to_id(h))
		h = build_hash(h, kind, 1);
}

static void add_rule(struct sys_policy *policy, const struct topo_rule *from)
{
	struct policy_image *image = &policy->image;
	struct policy_rule *rule = &image->rule[from->number];
	struct sys_rule *about = &policy->rule[from->number];

	rule->first = from->first;
	rule->n = (uint16_t)from->code.n;
	rule->action = from->deny ? POLICY_DENY : POLICY_ALLOW;
	rule->reply = from->reply.set;
	if (from->code.n)
		memcpy(&image->insn[from->first], from->code.insn,
		       from->code.n * sizeof(*from->code.insn));
	build_copy(about->text, from->when ? from->when->text : NULL);
	build_copy(about->file, from->pos.file);
	about->line = from->pos.line;
	about->column = from->pos.column;
	about->need = from->code.need;
	about->action = rule->action;
	about->reply = rule->reply;
}

static void add_rules(struct sys_policy *policy, const struct topology *t,
		      const struct topo_switch *sw)
{
	struct policy_image *image = &policy->image;
	const struct topo_rule *rule;

	image->n_rules = sw->n_rules;
	image->n_insns = sw->n_insns;
	policy->rule = must_alloc(sw->n_rules, sizeof(*policy->rule));
	for_each(rule, t->rules) {
		if (rule->sw == sw)
			add_rule(policy, rule);
	}
	for (uint32_t i = 0; i < image->n_rules; i++)
		identify(image, &image->rule[i]);
}

static void add_entries(struct policy_image *image,
			const struct topo_port *port)
{
	for (unsigned int d = 0; d < MAX_PORTS; d++) {
		struct policy_pair *pair = &image->pair[port->number][d];
		const struct topo_entry *entry;

		/* Where there is none, the pair names none, at no place. */
		if (!port->entries[d])
			continue;
		pair->first = (uint16_t)image->n_entries;
		for_each(entry, port->entries[d]) {
			image->entry[image->n_entries++] =
				(uint16_t)entry->rule->number;
			pair->n++;
		}
	}
}

/* --- ports --------------------------------------------------------------- */

static struct policy_rate rate_of(const struct option *o)
{
	/* Without a rate there is no burst either. */
	return (struct policy_rate){ o->value, o->value ? o->burst : 0 };
}

static void add_macs(struct policy_image *image, const struct topo_settings *s,
		     struct policy_port *port)
{
	const struct topo_mac *m = s->macs;

	if (!s->lock.set)
		return;
	port->locked = 1;
	port->locked_mac = m->mac;
	if (m->next)
		port->first_mac = (uint16_t)image->n_macs;
	for (m = m->next; m; m = m->next, port->n_macs++)
		image->mac[image->n_macs++] = m->mac;
}

static void add_addresses(struct policy_image *image,
			  const struct topo_settings *s,
			  struct policy_port *port)
{
	const struct topo_prefix *prefix;

	add_macs(image, s, port);
	port->known_only = (uint8_t)s->flood.value;
	port->sticky = (uint16_t)s->sticky.value;
	port->ip_locked = s->ip_lock.set;
	if (!s->ip_lock.set)
		return;
	port->first_prefix = (uint16_t)image->n_prefixes;
	port->n_prefixes = (uint16_t)s->ip_lock.value;
	for_each(prefix, s->prefixes)
		image->prefix[image->n_prefixes++] = prefix->prefix;
}

static void add_port(struct policy_image *image, const struct topo_port *from)
{
	const struct topo_settings *s = &from->settings;
	struct policy_port *port = &image->port[from->number];

	add_entries(image, from);
	add_addresses(image, s, port);
	port->vlan_mode = (uint8_t)s->vlan.value;
	port->vlan = (uint16_t)s->vid;
	if (s->vlan.value == POLICY_VLAN_TRUNK)
		image->trunk[from->number] = *s->trunk;
	port->limit_in = rate_of(&s->limit[LIMIT_IN]);
	port->limit_out = rate_of(&s->limit[LIMIT_OUT]);
	for (unsigned int i = 0; i < STORMS; i++)
		port->storm[i] = rate_of(&s->storm[i]);
	port->moves = rate_of(&s->moves);
}

void build_policies(struct system *sys, const struct topology *t)
{
	const struct topo_switch *sw;
	const struct topo_port *port;

	sys->policy = must_alloc(sys->n_policies, sizeof(*sys->policy));
	for_each(sw, t->switches) {
		struct sys_policy *policy = &sys->policy[sw->number];
		struct policy_image *image = &policy->image;

		image->magic = POLICY_MAGIC;
		image->snooping = sw->snoop.set;
		image->n_words = sw->n_words;
		memcpy(image->word, sw->words, sizeof(image->word));
		add_rules(policy, t, sw);
		policy->unasked =
			must_alloc(sw->n_unasked, sizeof(*policy->unasked));
		policy->n_unasked = sw->n_unasked;
		if (sw->n_unasked)
			memcpy(policy->unasked, sw->unasked,
			       sw->n_unasked * sizeof(*policy->unasked));
		for_each(port, sw->ports)
			add_port(image, port);
		merge_pairs(image);
	}
}
