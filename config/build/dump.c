/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A system as text: stable, one thing a line, for tests and for people who
 * want to see what a topology becomes.  Of filters the length is shown.
 */
#include <arpa/inet.h>
#include <inttypes.h>

#include "config/build/build.h"

/* --- names for numbers --------------------------------------------------- */

static const char *perms(uint32_t p)
{
	return p == SYS_R ? "r" : p == SYS_W ? "w" : "rw";
}

static void dump_end(const struct system *sys, const struct sys_end *end,
		     FILE *out)
{
	if (end->pd == SYS_PD_MONITOR)
		fputs(" monitor", out);
	else if (end->pd == SYS_PD_OUTSIDE)
		fputs(" outside", out);
	else
		fprintf(out, " %s:%" PRIu32, sys->pd[end->pd].name, end->id);
}

static void dump_half(const char *what, const struct sys_half *half, FILE *out)
{
	if (half->active == SYS_NONE)
		fprintf(out, " %s - - -", what);
	else
		fprintf(out, " %s %" PRIu32 " %" PRIu32 " %" PRIu32, what,
			half->active, half->free, half->data);
}

static void dump_set(const char *what, uint64_t set, FILE *out)
{
	fprintf(out, " %s", what);
	for (unsigned int i = 0; i < 64; i++) {
		if (set >> i & 1)
			fprintf(out, " %u", i);
	}
}

static void dump_wire(const struct sys_wire *w, FILE *out)
{
	dump_half("ingress", &w->ingress, out);
	dump_half("egress", &w->egress, out);
	fprintf(out,
		" link %" PRIu32 " channel %" PRIu32 " capacity %" PRIu32
		" buffer %" PRIu32 " frame %" PRIu32 "\n",
		w->link, w->channel, w->capacity, w->buffer_size, w->max_frame);
}

/* --- what is attached, as a port says it --------------------------------- */

static void dump_interface(const char *ifname, const char *netns, FILE *out)
{
	fprintf(out, " \"%s\"", ifname);
	if (*netns)
		fprintf(out, " netns \"%s\"", netns);
}

static void dump_tap(const struct sys_component *c, FILE *out)
{
	const struct sys_tap *tap = &c->tap;

	dump_interface(tap->ifname, tap->netns, out);
	if (tap->mac)
		fprintf(out, " mac %012" PRIx64, tap->mac);
	for (uint32_t i = 0; i < tap->n_addresses; i++) {
		const struct sys_address *a = &tap->address[i];
		char text[INET6_ADDRSTRLEN];

		inet_ntop(a->v6 ? AF_INET6 : AF_INET, a->addr, text,
			  sizeof(text));
		fprintf(out, " address %s/%u", text, a->bits);
	}
}

static void dump_nic(const struct sys_component *c, FILE *out)
{
	dump_interface(c->nic.ifname, c->nic.netns, out);
}

void dump_access(const struct sys_access *a, FILE *out)
{
	if (a->mode)
		fprintf(out, " mode %04" PRIo32, a->mode);
	if (a->owned)
		fprintf(out, " owner %" PRIu32, a->uid);
	if (a->grouped)
		fprintf(out, " group %" PRIu32, a->gid);
}

static void dump_socket(const struct sys_component *c, FILE *out)
{
	const struct sys_socket *s = &c->socket;

	fputs(s->mode == SYS_SOCKET_LISTEN ? " listen" : " connect", out);
	if (s->tcp)
		fprintf(out, " tcp %s port %u", s->address, s->port);
	else
		fprintf(out, " \"%s\"", s->path);
	dump_access(&s->access, out);
}

static void dump_capture(const struct sys_component *c, FILE *out)
{
	const struct sys_capture *cap = &c->capture;

	fprintf(out, " \"%s\"", cap->path);
	if (cap->rotate)
		fprintf(out, " rotate %" PRIu64 " files %" PRIu32, cap->rotate,
			cap->files);
	if (cap->n_filter)
		fprintf(out, " filter \"%s\"", cap->filter_text);
	if (cap->drops)
		fputs(" drops", out);
	if (cap->overwrite)
		fputs(" overwrite", out);
}

static void dump_program(const struct sys_component *c, FILE *out)
{
	fprintf(out, " \"%s\"", c->program.path);
	if (*c->program.args)
		fprintf(out, " args \"%s\"", c->program.args);
	fprintf(out, " mac %012" PRIx64, c->program.mac);
}

static const struct {
	const char *word;
	void (*dump)(const struct sys_component *c, FILE *out);
} kinds[SYS_KINDS] = {
	[SYS_SWITCH] = { "switch", NULL },
	[SYS_TAP] = { "tap", dump_tap },
	[SYS_NIC] = { "nic", dump_nic },
	[SYS_SOCKET] = { "socket", dump_socket },
	[SYS_CAPTURE] = { "capture", dump_capture },
	[SYS_PROGRAM] = { "program", dump_program },
	[SYS_VIRT] = { "virt", NULL },
	[SYS_VM] = { "vm", NULL },
};

void dump_settings(const struct sys_component *c, const char *name, FILE *out)
{
	fprintf(out, "%s%s%s", kinds[c->kind].word, *name ? " " : "", name);
	if (kinds[c->kind].dump)
		kinds[c->kind].dump(c, out);
}

/* --- components ---------------------------------------------------------- */

static void dump_switch(const struct sys_switch *sw, FILE *out)
{
	static const char *const port_kinds[] = { "client", "link", "capture" };

	fprintf(out,
		" %" PRIu32 " fdb %" PRIu32 " ageing %" PRIu32 " flows %" PRIu32
		" groups %" PRIu32 " stats %" PRIu32 " request %" PRIu32
		" reply %" PRIu32 " policy %" PRIu32 " channel %" PRIu32 "\n",
		sw->number, sw->tables.fdb.capacity, sw->tables.fdb.ageing,
		sw->tables.flows, sw->tables.groups, sw->stats, sw->ctl_request,
		sw->ctl_reply, sw->policy, sw->ctl_channel);
	for (unsigned int i = 0; i < sw->n_ports; i++) {
		const struct sys_switch_port *p = &sw->port[i];

		fprintf(out, "    port %u %s %s", i, p->name,
			port_kinds[p->kind]);
		if (p->kind == VSWITCH_PORT_CAPTURE)
			dump_set("of", p->capture_of, out);
		if (p->forward_reserved)
			fputs(" reserved", out);
		if (p->capture_drops)
			fputs(" drops", out);
		dump_wire(&p->wire, out);
	}
}

static void dump_virt(const struct sys_virt *v, FILE *out)
{
	fprintf(out,
		" stats %" PRIu32 " %" PRIu32 " channel %" PRIu32
		"\n    driver",
		v->stats_rx, v->stats_tx, v->ctl_channel);
	dump_wire(&v->driver, out);
}

static void dump_vm(const struct sys_vm *vm, FILE *out)
{
	fprintf(out,
		" kernel \"%s\" initrd \"%s\" append \"%s\" nic %s ram %" PRIu32
		" status %" PRIu32 " vmm %" PRIu32 " channel %" PRIu32
		" watchdog %" PRIu32 "%s\n",
		vm->kernel, vm->initrd, vm->append, vm->nic, vm->ram,
		vm->status, vm->vmm_stats, vm->status_channel, vm->watchdog_s,
		vm->uncached ? " uncached" : "");
}

static void dump_component(const struct sys_component *c, FILE *out)
{
	fputs("  ", out);
	dump_settings(c, c->name, out);
	if (c->kind == SYS_SWITCH) {
		dump_switch(&c->sw, out);
		return;
	}
	if (c->kind == SYS_VIRT) {
		dump_virt(&c->virt, out);
	} else if (c->kind == SYS_VM) {
		dump_vm(&c->vm, out);
	} else {
		if (c->kind == SYS_CAPTURE)
			dump_set("of", c->capture.of, out);
		if (c->kind == SYS_CAPTURE && c->capture.n_filter)
			fprintf(out, " program %" PRIu32, c->capture.n_filter);
		fputc('\n', out);
	}
	fputs("   ", out);
	dump_wire(&c->wire, out);
}

/* --- policies ------------------------------------------------------------ */

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

static void dump_policy(const struct sys_policy *policy,
			const struct sys_component *c, FILE *out)
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

/* --- the whole ----------------------------------------------------------- */

static void dump_pd(const struct system *sys, const struct sys_pd *pd,
		    FILE *out)
{
	fprintf(out, "pd %s poll %" PRIu32 "\n", pd->name, pd->poll_us);
	for (uint32_t i = 0; i < pd->n_maps; i++)
		fprintf(out, "  map %" PRIu32 " %s %s\n", i,
			perms(pd->map[i].perms),
			sys->region[pd->map[i].region].name);
	for (uint32_t i = 0; i < pd->n_chans; i++)
		fprintf(out, "  channel %" PRIu32 " %s end %" PRIu32 "\n", i,
			sys->channel[pd->chan[i].channel].name,
			pd->chan[i].end);
	for (uint32_t i = 0; i < pd->n_comps; i++)
		dump_component(&pd->comp[i], out);
}

static void dump_conn(const struct system *sys, const struct sys_conn *c,
		      FILE *out)
{
	fprintf(out, "conn %s line %" PRIu32 ": %s\n ", c->name, c->line,
		c->what);
	for (unsigned int i = 0; i < 2; i++) {
		if (c->pd[i] == SYS_PD_OUTSIDE)
			continue;
		fprintf(out, " %s", sys->pd[c->pd[i]].comp[c->comp[i]].name);
		if (c->port[i] != SYS_NONE)
			fprintf(out, " port %" PRIu32, c->port[i]);
	}
	dump_access(&c->access, out);
	dump_half("ingress", &c->ingress, out);
	dump_half("egress", &c->egress, out);
	fprintf(out, " link %" PRIu32 " channel %" PRIu32, c->link, c->channel);
	if (c->driver != SYS_NONE)
		fprintf(out, " driver %s", sys->conn[c->driver].name);
	if (c->status != SYS_NONE)
		fprintf(out, " status %" PRIu32 " channel %" PRIu32, c->status,
			c->status_channel);
	if (c->follow != SYS_NONE)
		fprintf(out, " follow %s", sys->conn[c->follow].name);
	fputc('\n', out);
}

void system_dump(const struct system *sys, FILE *out)
{
	fprintf(out, "system %s\n", sys->name);
	for (size_t i = 0; i < sys->n_regions; i++)
		fprintf(out, "region %zu %s %" PRIu64 "\n", i,
			sys->region[i].name, sys->region[i].size);
	for (size_t i = 0; i < sys->n_channels; i++) {
		fprintf(out, "channel %zu %s", i, sys->channel[i].name);
		dump_end(sys, &sys->channel[i].end[0], out);
		dump_end(sys, &sys->channel[i].end[1], out);
		fputc('\n', out);
	}
	for (size_t i = 0; i < sys->n_pds; i++)
		dump_pd(sys, &sys->pd[i], out);
	for (size_t i = 0; i < sys->n_conns; i++)
		dump_conn(sys, &sys->conn[i], out);
	for (size_t i = 0; i < sys->n_pds; i++) {
		for (uint32_t k = 0; k < sys->pd[i].n_comps; k++) {
			const struct sys_component *c = &sys->pd[i].comp[k];

			if (c->kind == SYS_SWITCH)
				dump_policy(&sys->policy[c->sw.number], c, out);
		}
	}
}
