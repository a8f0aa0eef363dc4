/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A policy as text: rules, then who is asked what, then what a port may do by
 * itself.  Where a rule stands is shown, and how long its program is.
 */
#include <arpa/inet.h>
#include <inttypes.h>

#include "config/build/build.h"

static void dump_rule(const struct sys_policy *policy, uint32_t i, FILE *out)
{
	const struct sys_rule *about = &policy->rule[i];
	const struct policy_rule *rule = &policy->image.rule[i];

	fprintf(out, "  rule %u %s%s line %u:%u", i,
		rule->action == POLICY_ALLOW ? "allow" : "deny",
		rule->reply ? " reply" : "", about->line, about->column);
	if (*about->text)
		fprintf(out, " when \"%s\" %u need %u", about->text, rule->n,
			about->need);
	fputc('\n', out);
}

static void dump_pair(const struct policy_image *image, unsigned int from,
		      unsigned int to, FILE *out)
{
	const struct policy_pair *pair = &image->pair[from][to];

	if (pair->n)
		fprintf(out, "  from %u to %u:", from, to);
	for (unsigned int i = 0; i < pair->n; i++)
		fprintf(out, " %u%s", image->entry[pair->first + i],
			i + 1 == pair->n ? "\n" : "");
}

static void dump_rate(const char *what, const struct policy_rate *rate,
		      FILE *out)
{
	if (rate->rate)
		fprintf(out, " %s %" PRIu64 " burst %" PRIu64, what, rate->rate,
			rate->burst);
}

static void dump_locks(const struct policy_image *image,
		       const struct policy_port *port, FILE *out)
{
	char text[INET6_ADDRSTRLEN];

	if (port->locked)
		fprintf(out, " lock %012" PRIx64, port->locked_mac);
	for (unsigned int i = 0; i < port->n_macs; i++)
		fprintf(out, " %012" PRIx64, image->mac[port->first_mac + i]);
	if (port->known_only)
		fputs(" flood off", out);
	if (port->sticky)
		fprintf(out, " sticky %u", port->sticky);
	if (port->ip_locked)
		fputs(" ip", out);
	for (unsigned int i = 0; i < port->n_prefixes; i++) {
		const struct policy_prefix *p =
			&image->prefix[port->first_prefix + i];

		fprintf(out, " %s/%u",
			inet_ntop(AF_INET6, p->addr, text, sizeof(text)),
			p->bits);
	}
}

static bool carries(const struct policy_trunk *trunk, unsigned int vlan)
{
	return trunk->member[vlan / 64] >> vlan % 64 & 1;
}

static void dump_trunk(const struct policy_trunk *trunk, FILE *out)
{
	for (unsigned int v = 1; v <= POLICY_MAX_VLAN; v++) {
		unsigned int first = v;

		if (!carries(trunk, v))
			continue;
		while (v < POLICY_MAX_VLAN && carries(trunk, v + 1))
			v++;
		fprintf(out, first == v ? " %u" : " %u-%u", first, v);
	}
}

static void dump_port(const struct policy_image *image, unsigned int i,
		      FILE *out)
{
	const struct policy_port *port = &image->port[i];

	fprintf(out, "  port %u", i);
	dump_locks(image, port, out);
	if (port->vlan_mode == POLICY_VLAN_ACCESS)
		fprintf(out, " access %u", port->vlan);
	if (port->vlan_mode == POLICY_VLAN_TRUNK) {
		fputs(" trunk", out);
		dump_trunk(&image->trunk[i], out);
		fprintf(out, " native %u", port->vlan);
	}
	dump_rate("in", &port->limit_in, out);
	dump_rate("out", &port->limit_out, out);
	dump_rate("broadcast", &port->storm[STORM_BROADCAST], out);
	dump_rate("multicast", &port->storm[STORM_MULTICAST], out);
	dump_rate("unknown", &port->storm[STORM_UNKNOWN], out);
	dump_rate("moves", &port->moves, out);
	fputc('\n', out);
}

void dump_policy(const struct sys_policy *policy, const struct sys_component *c,
		 FILE *out)
{
	const struct policy_image *image = &policy->image;

	fprintf(out, "policy %s%s", c->name, image->snooping ? " snoop" : "");
	for (uint32_t i = 0; i < image->n_words; i++)
		fprintf(out, "%s %" PRIx64, i ? "" : " words", image->word[i]);
	fputc('\n', out);
	for (uint32_t i = 0; i < image->n_rules; i++)
		dump_rule(policy, i, out);
	for (unsigned int s = 0; s < c->sw.n_ports; s++) {
		for (unsigned int d = 0; d < c->sw.n_ports; d++)
			dump_pair(image, s, d, out);
	}
	for (unsigned int i = 0; i < c->sw.n_ports; i++) {
		if (c->sw.port[i].kind != VSWITCH_PORT_CAPTURE)
			dump_port(image, i, out);
	}
}
