/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A system as text: stable, one thing a line, for tests and for people who
 * want to see what a topology becomes.
 */
#include "config/build/dump.h"

#include <arpa/inet.h>
#include <inttypes.h>

/* --- names for numbers --------------------------------------------------- */

static const char *perms(uint32_t p)
{
	return p == SYS_R ? "r" : p == SYS_W ? "w" : "rw";
}

static void dump_end(const struct system *sys, const struct sys_end *end,
		     FILE *out)
{
	if (end->pd == SYS_PD_MONITOR)
		fputs("monitor", out);
	else if (end->pd == SYS_PD_OUTSIDE)
		fputs("outside", out);
	else
		fprintf(out, "%s:%" PRIu32, sys->pd[end->pd].name, end->id);
}

static void dump_slot(uint32_t slot, FILE *out)
{
	if (slot == SYS_NONE)
		fputs(" -", out);
	else
		fprintf(out, " %" PRIu32, slot);
}

static void dump_half(const char *what, const struct sys_half *half, FILE *out)
{
	fprintf(out, " %s", what);
	dump_slot(half->active, out);
	dump_slot(half->free, out);
	dump_slot(half->data, out);
}

static void dump_set(const char *what, uint64_t set, FILE *out)
{
	fprintf(out, " %s", what);
	if (!set)
		fputs(" -", out);
	for (unsigned int i = 0; i < 64; i++) {
		if (set & 1ull << i)
			fprintf(out, " %u", i);
	}
}

static void dump_wire(const struct sys_wire *w, FILE *out)
{
	dump_half("ingress", &w->ingress, out);
	dump_half("egress", &w->egress, out);
	fprintf(out,
		" link %" PRIu32 " channel %" PRIu32 " capacity %" PRIu32
		" buffer %" PRIu32 " frame %" PRIu32,
		w->link, w->channel, w->capacity, w->buffer_size, w->max_frame);
}

static const char *const kinds[SYS_KINDS] = {
	"switch", "tap", "nic", "socket", "capture", "program", "virt", "vm",
};

/* --- components ---------------------------------------------------------- */

static void dump_switch_port(const struct sys_switch_port *p, unsigned int i,
			     FILE *out)
{
	static const char *const port_kinds[] = { "client", "link", "capture" };

	fprintf(out, "    port %u %s %s", i, p->name, port_kinds[p->kind]);
	dump_wire(&p->wire, out);
	if (p->kind == VSWITCH_PORT_CAPTURE)
		dump_set("of", p->capture_of, out);
	if (p->forward_reserved)
		fputs(" reserved", out);
	if (p->capture_drops)
		fputs(" drops", out);
	fputc('\n', out);
}

static void dump_switch(const struct sys_switch *sw, FILE *out)
{
	fprintf(out,
		" %" PRIu32 " fdb %" PRIu32 " ageing %" PRIu32 " flows %" PRIu32
		" groups %" PRIu32 " stats %" PRIu32 " request %" PRIu32
		" reply %" PRIu32 " policy %" PRIu32 " channel %" PRIu32 "\n",
		sw->number, sw->tables.fdb.capacity, sw->tables.fdb.ageing,
		sw->tables.flows, sw->tables.groups, sw->stats, sw->ctl_request,
		sw->ctl_reply, sw->policy, sw->ctl_channel);
	for (unsigned int i = 0; i < sw->n_ports; i++)
		dump_switch_port(&sw->port[i], i, out);
}

static void dump_interface(const char *ifname, const char *netns, FILE *out)
{
	fprintf(out, " \"%s\"", ifname);
	if (*netns)
		fprintf(out, " netns \"%s\"", netns);
}

static void dump_tap(const struct sys_tap *tap, FILE *out)
{
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

void dump_access(const struct sys_access *a, FILE *out)
{
	if (a->mode)
		fprintf(out, " mode %04" PRIo32, a->mode);
	if (a->owned)
		fprintf(out, " owner %" PRIu32, a->uid);
	if (a->grouped)
		fprintf(out, " group %" PRIu32, a->gid);
}

static void dump_socket(const struct sys_socket *s, FILE *out)
{
	fputs(s->mode == SYS_SOCKET_LISTEN ? " listen" : " connect", out);
	if (s->tcp)
		fprintf(out, " tcp %s port %u", s->address, s->port);
	else
		fprintf(out, " \"%s\"", s->path);
	dump_access(&s->access, out);
}

static void dump_capture(const struct sys_capture *c, FILE *out)
{
	fprintf(out, " \"%s\"", c->path);
	if (c->rotate)
		fprintf(out, " rotate %" PRIu64 " files %" PRIu32, c->rotate,
			c->files);
	if (c->n_filter)
		fprintf(out, " filter \"%s\"", c->filter_text);
	if (c->drops)
		fputs(" drops", out);
	if (c->overwrite)
		fputs(" overwrite", out);
}

static void dump_program(const struct sys_program *p, FILE *out)
{
	fprintf(out, " \"%s\"", p->path);
	if (*p->args)
		fprintf(out, " args \"%s\"", p->args);
	fprintf(out, " mac %012" PRIx64, p->mac);
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
		" kernel \"%s\" initrd \"%s\" nic %s ram %" PRIu32
		" status %" PRIu32 " vmm %" PRIu32 " channel %" PRIu32
		" watchdog %" PRIu32 "%s",
		vm->kernel, vm->initrd, vm->nic, vm->ram, vm->status,
		vm->vmm_stats, vm->status_channel, vm->watchdog_s,
		vm->uncached ? " uncached" : "");
	if (*vm->append)
		fprintf(out, " append \"%s\"", vm->append);
}

void dump_settings(const struct sys_component *c, const char *name, FILE *out)
{
	fprintf(out, "%s%s%s", kinds[c->kind], *name ? " " : "", name);
	if (c->kind == SYS_TAP)
		dump_tap(&c->tap, out);
	else if (c->kind == SYS_NIC)
		dump_interface(c->nic.ifname, c->nic.netns, out);
	else if (c->kind == SYS_SOCKET)
		dump_socket(&c->socket, out);
	else if (c->kind == SYS_PROGRAM)
		dump_program(&c->program, out);
	else if (c->kind == SYS_CAPTURE)
		dump_capture(&c->capture, out);
}

static void dump_component(const struct sys_component *c, FILE *out)
{
	fputs("  ", out);
	dump_settings(c, c->name, out);
	if (c->kind == SYS_SWITCH) {
		dump_switch(&c->sw, out);
		return;
	}
	if (c->kind == SYS_VIRT)
		dump_virt(&c->virt, out);
	else if (c->kind == SYS_VM)
		dump_vm(&c->vm, out);
	else if (c->kind == SYS_CAPTURE)
		dump_set("of", c->capture.of, out);
	if (c->kind == SYS_CAPTURE && c->capture.n_filter)
		fprintf(out, " program %" PRIu32, c->capture.n_filter);
	fputs("\n   ", out);
	dump_wire(&c->wire, out);
	fputc('\n', out);
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

static void dump_ends(const struct system *sys, const struct sys_conn *c,
		      FILE *out)
{
	const char *near = sys->pd[c->pd[0]].comp[c->comp[0]].name;

	if (c->attachment == SYS_TO_VM)
		fprintf(out, "  virt %s", near);
	else
		fprintf(out, "  switch %s port %" PRIu32, near, c->port[0]);
	if (c->attachment == SYS_TO_SWITCH)
		fprintf(out, ", switch %s port %" PRIu32,
			sys->pd[c->pd[1]].comp[c->comp[1]].name, c->port[1]);
	else if (c->attachment == SYS_TO_ATTACH) {
		fprintf(out, ", attach \"%s\"", c->path);
		dump_access(&c->access, out);
	} else
		fprintf(out, ", pd %s", sys->pd[c->pd[1]].name);
}

static void dump_conn(const struct system *sys, const struct sys_conn *c,
		      FILE *out)
{
	fprintf(out, "conn %s line %" PRIu32 ": %s\n", c->name, c->line,
		c->what);
	dump_ends(sys, c, out);
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

static void dump_policy_of(const struct system *sys,
			   const struct sys_component *c, FILE *out)
{
	if (c->kind == SYS_SWITCH)
		dump_policy(&sys->policy[c->sw.number], c->name, &c->sw, out);
}

void system_dump(const struct system *sys, FILE *out)
{
	fprintf(out, "system %s\n", sys->name);
	for (size_t i = 0; i < sys->n_regions; i++)
		fprintf(out, "region %zu %s %" PRIu64 "\n", i,
			sys->region[i].name, sys->region[i].size);
	for (size_t i = 0; i < sys->n_channels; i++) {
		fprintf(out, "channel %zu %s ", i, sys->channel[i].name);
		dump_end(sys, &sys->channel[i].end[0], out);
		fputc(' ', out);
		dump_end(sys, &sys->channel[i].end[1], out);
		fputc('\n', out);
	}
	for (size_t i = 0; i < sys->n_pds; i++)
		dump_pd(sys, &sys->pd[i], out);
	for (size_t i = 0; i < sys->n_conns; i++)
		dump_conn(sys, &sys->conn[i], out);
	for (size_t i = 0; i < sys->n_pds; i++) {
		for (uint32_t k = 0; k < sys->pd[i].n_comps; k++)
			dump_policy_of(sys, &sys->pd[i].comp[k], out);
	}
}
