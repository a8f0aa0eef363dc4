/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A policy as text: rules, then per port who it may send to by which of them, then
 * what a port may do by itself where that is not what every port may.
 *
 * Where a rule stands is shown, and how long its program is, but not the program.
 */
#include "config/build/dump.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <string.h>

#define MAPPED_BITS 96u

/* What every port has that is told nothing else. */
#define USUAL_MOVES 10u
#define USUAL_MOVES_BURST 20u

/* --- rules --------------------------------------------------------------- */

static void dump_rule(const struct sys_policy *policy, uint32_t i, FILE *out)
{
	const struct sys_rule *about = &policy->rule[i];
	const struct policy_rule *rule = &policy->image.rule[i];

	fprintf(out, "  rule %" PRIu32 " %s%s line %" PRIu32 ":%" PRIu32, i,
		rule->action == POLICY_ALLOW ? "allow" : "deny",
		rule->reply ? " reply" : "", about->line, about->column);
	if (*about->text)
		fprintf(out, " when \"%s\" %u need %" PRIu32, about->text,
			rule->n, about->need);
	fputc('\n', out);
}

static bool same_entries(const struct policy_image *image,
			 const struct policy_pair *a,
			 const struct policy_pair *b)
{
	return a->n == b->n &&
	       memcmp(&image->entry[a->first], &image->entry[b->first],
		      a->n * sizeof(image->entry[0])) == 0;
}

/* Receivers of which the same is asked are shown together, once. */
static void dump_receivers(const struct policy_image *image, unsigned int src,
			   unsigned int dst, FILE *out)
{
	const struct policy_pair *pairs = image->pair[src];
	const struct policy_pair *pair = &pairs[dst];

	for (unsigned int d = 0; d < dst; d++) {
		if (same_entries(image, &pairs[d], pair))
			return;
	}
	fprintf(out, "  from %u to", src);
	for (unsigned int d = dst; d < MAX_PORTS; d++) {
		if (same_entries(image, &pairs[d], pair))
			fprintf(out, " %u", d);
	}
	fputc(':', out);
	for (unsigned int i = 0; i < pair->n; i++)
		fprintf(out, " %u", image->entry[pair->first + i]);
	fputc('\n', out);
}

/* --- ports --------------------------------------------------------------- */

static void dump_rate(const char *what, const struct policy_rate *rate,
		      FILE *out)
{
	if (rate->rate)
		fprintf(out, " %s %" PRIu64 " burst %" PRIu64, what, rate->rate,
			rate->burst);
}

static void dump_prefixes(const struct policy_image *image,
			  const struct policy_port *port, FILE *out)
{
	char text[INET6_ADDRSTRLEN];

	if (!port->ip_locked)
		return;
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

static void dump_vlan(const struct policy_image *image, unsigned int i,
		      FILE *out)
{
	const struct policy_port *port = &image->port[i];

	if (port->vlan_mode == POLICY_VLAN_ACCESS)
		fprintf(out, " access %u", port->vlan);
	if (port->vlan_mode != POLICY_VLAN_TRUNK)
		return;
	fputs(" trunk", out);
	dump_trunk(&image->trunk[i], out);
	if (port->vlan)
		fprintf(out, " native %u", port->vlan);
}

static void dump_moves(const struct policy_rate *moves, FILE *out)
{
	if (!moves->rate)
		fputs(" moves off", out);
	else if (moves->rate != USUAL_MOVES ||
		 moves->burst != USUAL_MOVES_BURST)
		dump_rate("moves", moves, out);
}

static struct policy_port usual_port(bool link)
{
	struct policy_port usual = {
		.moves = { USUAL_MOVES, USUAL_MOVES_BURST },
	};

	if (!link)
		memcpy(usual.storm, sys_usual_storm, sizeof(usual.storm));
	return usual;
}

static void dump_storm(const char *what, const struct policy_rate *storm,
		       const struct policy_rate *usual, FILE *out)
{
	if (storm->rate == usual->rate && storm->burst == usual->burst)
		return;
	if (storm->rate)
		dump_rate(what, storm, out);
	else
		fprintf(out, " %s off", what);
}

static void dump_port(const struct policy_image *image, unsigned int i,
		      const struct policy_port *usual, FILE *out)
{
	const struct policy_port *port = &image->port[i];
	const struct policy_rate *storm = port->storm;

	if (port->locked)
		fprintf(out, " lock %012" PRIx64, port->locked_mac);
	for (unsigned int m = 0; m < port->n_macs; m++)
		fprintf(out, " %012" PRIx64, image->mac[port->first_mac + m]);
	if (port->known_only != port->locked)
		fprintf(out, " flood %s", port->known_only ? "off" : "on");
	if (port->sticky)
		fprintf(out, " sticky %u", port->sticky);
	dump_moves(&port->moves, out);
	dump_prefixes(image, port, out);
	dump_vlan(image, i, out);
	dump_rate("in", &port->limit_in, out);
	dump_rate("out", &port->limit_out, out);
	dump_storm("broadcast", &storm[STORM_BROADCAST],
		   &usual->storm[STORM_BROADCAST], out);
	dump_storm("multicast", &storm[STORM_MULTICAST],
		   &usual->storm[STORM_MULTICAST], out);
	dump_storm("unknown", &storm[STORM_UNKNOWN],
		   &usual->storm[STORM_UNKNOWN], out);
}

/* Nothing at all of a port that is as every port is. */
static void dump_unusual(const struct policy_image *image, unsigned int i,
			 bool link, FILE *out)
{
	const struct policy_port usual = usual_port(link);

	if (memcmp(&image->port[i], &usual, sizeof(usual)) == 0)
		return;
	fprintf(out, "  port %u", i);
	dump_port(image, i, &usual, out);
	fputc('\n', out);
}

void dump_policy(const struct sys_policy *policy, const char *name,
		 const struct sys_switch *sw, FILE *out)
{
	const struct policy_image *image = &policy->image;

	fprintf(out, "policy %s%s", name, image->snooping ? " snoop" : "");
	for (uint32_t i = 0; i < image->n_words; i++)
		fprintf(out, "%s %" PRIx64, i ? "" : " words", image->word[i]);
	fputc('\n', out);
	for (uint32_t i = 0; i < image->n_rules; i++)
		dump_rule(policy, i, out);
	for (unsigned int s = 0; s < sw->n_ports; s++) {
		for (unsigned int d = 0; d < sw->n_ports; d++) {
			if (image->pair[s][d].n)
				dump_receivers(image, s, d, out);
		}
	}
	for (unsigned int i = 0; i < sw->n_ports; i++) {
		if (sw->port[i].kind != VSWITCH_PORT_CAPTURE)
			dump_unusual(image, i,
				     sw->port[i].kind == VSWITCH_PORT_LINK,
				     out);
	}
}
