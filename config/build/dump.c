/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A system as text: stable, one thing a line, for tests and for people who
 * want to see what a topology becomes.  What users have names for comes first.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "config/build/build.h"

/* --- names for numbers -------------------------------------------------- */

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
		fprintf(out, " %s:%u", sys->pd[end->pd].name, end->id);
}

static void dump_half(const char *what, const struct sys_half *half, FILE *out)
{
	if (half->active == SYS_NONE)
		fprintf(out, " %s - - -", what);
	else
		fprintf(out, " %s %u %u %u", what, half->active, half->free,
			half->data);
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
	fprintf(out, " link %u channel %u capacity %u buffer %u frame %u",
		w->link, w->channel, w->capacity, w->buffer_size, w->max_frame);
	if (w->offload)
		fprintf(out, " offload %x segment %u", w->offload,
			w->max_segment);
	fputc('\n', out);
}

/* --- what is attached, as a port says it -------------------------------- */

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
	if (c->nic.xdp)
		fputs(" xdp", out);
}

void dump_access(const struct sys_access *a, FILE *out)
{
	if (a->mode)
		fprintf(out, " mode %04o", a->mode);
	if (a->owned)
		fprintf(out, " owner %u", a->uid);
	if (a->grouped)
		fprintf(out, " group %u", a->gid);
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

static void dump_vhost_user(const struct sys_component *c, FILE *out)
{
	const struct sys_socket *s = &c->socket;

	if (s->mode == SYS_SOCKET_GIVEN) {
		fprintf(out, " of vm %s", s->path);
		return;
	}
	fprintf(out, "%s \"%s\"",
		s->mode == SYS_SOCKET_CONNECT ? " connect" : "", s->path);
	dump_access(&s->access, out);
}

static void dump_capture(const struct sys_component *c, FILE *out)
{
	const struct sys_capture *cap = &c->capture;

	fprintf(out, " \"%s\"", cap->path);
	if (cap->rotate)
		fprintf(out, " rotate %" PRIu64 " files %u", cap->rotate,
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
	[SYS_VHOST_USER] = { "vhost-user", dump_vhost_user },
	[SYS_CAPTURE] = { "capture", dump_capture },
	[SYS_PROGRAM] = { "program", dump_program },
	[SYS_VIRT] = { "virt", NULL },
	[SYS_VM] = { "vm", NULL },
	[SYS_CLIENT_VM] = { "vm", NULL },
	[SYS_DISK] = { "disk", dump_disk },
	[SYS_BLK_VIRT] = { "blk-virt", NULL },
};

static void dump_settings(const struct sys_component *c, FILE *out)
{
	fputs(kinds[c->kind].word, out);
	if (kinds[c->kind].dump)
		kinds[c->kind].dump(c, out);
}

/* --- facts: what a user has a name for, a property of it, its value ----- */

void dump_fact(FILE *out, const char *noun, const char *name, const char *what,
	       const char *value, ...)
{
	va_list args;

	fprintf(out, "%s %s\t%s\t", noun, name, what);
	va_start(args, value);
	vfprintf(out, value, args);
	va_end(args);
	fputc('\n', out);
}

static void switch_facts(const struct sys_component *c, FILE *out)
{
	const struct vswitch_tables *t = &c->sw.tables;
	char name[2 * SYS_NAME];

	dump_fact(out, "switch", c->name, "", "%s", "");
	dump_fact(out, "switch", c->name, "entries of fdb", "%u",
		  t->fdb.capacity);
	dump_fact(out, "switch", c->name, "ageing", "%u", t->fdb.ageing);
	dump_fact(out, "switch", c->name, "flows", "%u", t->flows);
	dump_fact(out, "switch", c->name, "groups", "%u", t->groups);
	for (uint32_t i = 0; i < c->sw.n_ports && i < MAX_PORTS; i++) {
		const struct sys_switch_port *port = &c->sw.port[i];

		snprintf(name, sizeof(name), "%s.%s", c->name, port->name);
		if (port->kind == VSWITCH_PORT_LINK)
			dump_fact(out, "port", name, "", "link");
		if (port->forward_reserved)
			dump_fact(out, "port", name, "\"reserved forward\"",
				  "%s", "");
		for (uint32_t k = 0; k < MAX_PORTS; k++) {
			if (port->capture_of >> k & 1)
				fprintf(out, "port %s\tport %s.%s\tof\n", name,
					c->name, c->sw.port[k].name);
		}
	}
}

static bool is_vm(const struct sys_component *c)
{
	return c->kind == SYS_VM || c->kind == SYS_CLIENT_VM;
}

static void vm_facts(const struct system *sys, const struct sys_component *c,
		     FILE *out)
{
	const struct sys_vm *vm = &c->vm;

	dump_fact(out, "vm", c->name, "", "%s", "");
	dump_fact(out, "vm", c->name, "kernel", "\"%s\"", vm->kernel);
	dump_fact(out, "vm", c->name, "initrd", "\"%s\"", vm->initrd);
	dump_fact(out, "vm", c->name, "append", "\"%s\"", vm->append);
	dump_fact(out, "vm", c->name, "memory in MiB", "%" PRIu64,
		  vm->memory >> 20);
	if (c->kind == SYS_CLIENT_VM)
		dump_fact(out, "vm", c->name, "cpus", "%u", vm->cpus);
	for (uint32_t i = 0; i < vm->n_ports; i++)
		dump_fact(out, "vm", c->name, sys->conn[vm->port[i].conn].name,
			  "mac %012" PRIx64, vm->port[i].mac);
	if (c->kind == SYS_CLIENT_VM)
		return;
	dump_fact(out, "vm", c->name, "nic", "\"%s\"", vm->nic);
	if (*vm->storage)
		dump_fact(out, "vm", c->name, "storage", "\"%s\"", vm->storage);
	dump_fact(out, "vm", c->name, "watchdog in seconds", "%u",
		  vm->watchdog_s);
	if (vm->uncached)
		dump_fact(out, "vm", c->name, "\"uncached\"", "%s", "");
}

static void placement_fact(const struct sys_pd *pd, const char *noun,
			   const char *name, FILE *out)
{
	char cpus[SYS_CPUS_TEXT];

	if (pd->together)
		fprintf(out, "%s %s\tplacement %u on one processor\t\n", noun,
			name, pd->together);
	else if (*cpus_text(&pd->cpus, cpus))
		fprintf(out, "%s %s\tplacement on cpu %s\t\n", noun, name,
			cpus);
}

static void pd_facts(const struct system *sys, const struct sys_pd *pd,
		     FILE *out)
{
	for (uint32_t k = 0; k < pd->n_comps; k++) {
		const struct sys_component *c = &pd->comp[k];
		bool alone = strcmp(pd->name, c->name) == 0;
		const char *noun = c->kind == SYS_SWITCH ? "switch"
				   : is_vm(c)		 ? "vm"
				   : dump_is_disk(c)	 ? "disk"
							 : "port";

		if (c->kind == SYS_SWITCH)
			switch_facts(c, out);
		else if (is_vm(c))
			vm_facts(sys, c, out);
		else if (dump_is_disk(c))
			disk_facts(c, out);
		/* Virtualisers are where their switch is. */
		if (c->kind != SYS_VIRT)
			dump_fact(out, noun, c->name, "domain", "%s",
				  alone ? "none" : pd->name);
		placement_fact(pd, noun, c->name, out);
	}
	dump_fact(out, "domain", pd->name, "poll in microseconds", "%u",
		  pd->poll_us);
}

static const struct sys_component *attached(const struct system *sys,
					    const struct sys_conn *conn)
{
	if (conn->attachment != SYS_TO_PD || conn->pd[1] >= sys->n_pds ||
	    conn->comp[1] >= sys->pd[conn->pd[1]].n_comps)
		return NULL;
	return &sys->pd[conn->pd[1]].comp[conn->comp[1]];
}

static bool has_offloads(uint32_t kind)
{
	return kind == SYS_TAP || kind == SYS_NIC || kind == SYS_VHOST_USER;
}

static void conn_facts(const struct system *sys, const struct sys_conn *conn,
		       FILE *out)
{
	const struct sys_component *c = attached(sys, conn);
	bool link = conn->attachment == SYS_TO_SWITCH;
	const char *noun = link ? "link" : "port";

	/* What a driver VM's inner connection has is its port's. */
	if (conn->attachment == SYS_TO_VM || dump_is_blk(conn))
		return;
	fprintf(out, "%s %s\t\t", noun, conn->name);
	if (c)
		dump_settings(c, out);
	else if (!link)
		fputs(conn->what, out);
	dump_access(&conn->access, out);
	fputc('\n', out);
	/* A capture that says nothing has that of the largest port. */
	dump_fact(out, noun, conn->name,
		  c && c->kind == SYS_CAPTURE ? "capture's mtu" : "mtu", "%u",
		  conn->max_frame - FRAME_OVERHEAD);
	dump_fact(out, noun, conn->name, "buffers", "%u", conn->capacity);
	if ((link || (c && has_offloads(c->kind))) && !conn->offload)
		dump_fact(out, noun, conn->name, "\"offload off\"", "%s", "");
	dump_fact(out, noun, conn->name, "follow", "\"%s\"",
		  conn->follow < sys->n_conns ? sys->conn[conn->follow].name
					      : "");
}

void dump_facts(const struct system *sys, FILE *out)
{
	for (size_t i = 0; i < sys->n_pds; i++)
		pd_facts(sys, &sys->pd[i], out);
	for (size_t i = 0; i < sys->n_conns; i++)
		conn_facts(sys, &sys->conn[i], out);
}

/* --- components --------------------------------------------------------- */

static void dump_switch(const struct sys_switch *sw, FILE *out)
{
	static const char *const port_kinds[] = { "client", "link", "capture" };

	fprintf(out, " %u stats %u request %u reply %u policy %u channel %u\n",
		sw->number, sw->stats, sw->ctl_request, sw->ctl_reply,
		sw->policy, sw->ctl_channel);
	for (unsigned int i = 0; i < sw->n_ports; i++) {
		fprintf(out, "    port %u %s %s%s", i, sw->port[i].name,
			port_kinds[sw->port[i].kind],
			sw->port[i].capture_drops ? " drops" : "");
		dump_wire(&sw->port[i].wire, out);
	}
}

static void dump_component(const struct system *sys,
			   const struct sys_component *c, FILE *out)
{
	const struct sys_vm *vm = &c->vm;
	const struct sys_virt *virt = &c->virt;

	fprintf(out, "  %s %s", kinds[c->kind].word, c->name);
	if (c->kind == SYS_SWITCH) {
		dump_switch(&c->sw, out);
		return;
	}
	if (dump_is_disk(c)) {
		dump_disk_comp(c, out);
		return;
	}
	if (c->kind == SYS_VIRT) {
		fprintf(out, " stats %u %u channel %u driver", virt->stats_rx,
			virt->stats_tx, virt->ctl_channel);
		dump_wire(&virt->driver, out);
		fputs("   ", out);
	} else if (c->kind == SYS_VM) {
		fprintf(out, " ram %u status %u vmm %u channel %u", vm->ram,
			vm->status, vm->vmm_stats, vm->status_channel);
		dump_storage(vm, out);
	} else if (c->kind == SYS_CLIENT_VM) {
		fprintf(out, " ram %u vmm %u channel %u", vm->ram,
			vm->vmm_stats, vm->status_channel);
		for (uint32_t i = 0; i < vm->n_ports; i++)
			fprintf(out, " device %u of %s link %u", i,
				sys->conn[vm->port[i].conn].name,
				vm->port[i].link);
		for (uint32_t i = 0; i < vm->n_disks; i++)
			fprintf(out, " device %u of %s", vm->n_ports + i,
				sys->pd[vm->disk[i].pd].name);
		fputc('\n', out);
		return;
	} else if (c->kind == SYS_CAPTURE) {
		dump_set("of", c->capture.of, out);
		fprintf(out, " program %u", c->capture.n_filter);
	}
	if (c->kind == SYS_VM && c->wire.link == SYS_NONE)
		fputc('\n', out);
	else
		dump_wire(&c->wire, out);
}

/* --- the whole ---------------------------------------------------------- */

static void dump_pd(const struct system *sys, const struct sys_pd *pd,
		    FILE *out)
{
	fprintf(out, "pd %s\n", pd->name);
	for (uint32_t i = 0; i < pd->n_maps; i++)
		fprintf(out, "  map %u %s %s\n", i, perms(pd->map[i].perms),
			sys->region[pd->map[i].region].name);
	for (uint32_t i = 0; i < pd->n_chans; i++)
		fprintf(out, "  channel %u %s end %u\n", i,
			sys->channel[pd->chan[i].channel].name,
			pd->chan[i].end);
	for (uint32_t i = 0; i < pd->n_comps; i++)
		dump_component(sys, &pd->comp[i], out);
}

static void dump_conn(const struct system *sys, const struct sys_conn *c,
		      FILE *out)
{
	fprintf(out, "conn %s line %u:", c->name, c->line);
	for (unsigned int i = 0; i < 2; i++) {
		if (c->pd[i] == SYS_PD_OUTSIDE)
			continue;
		fprintf(out, " %s", sys->pd[c->pd[i]].comp[c->comp[i]].name);
		if (c->port[i] != SYS_NONE)
			fprintf(out, " port %u", c->port[i]);
	}
	if (dump_is_blk(c)) {
		dump_blk_half(&c->blk, out);
	} else {
		dump_half("ingress", &c->ingress, out);
		dump_half("egress", &c->egress, out);
	}
	fprintf(out, " link %u channel %u", c->link, c->channel);
	if (c->driver != SYS_NONE)
		fprintf(out, " driver %s", sys->conn[c->driver].name);
	if (c->status != SYS_NONE)
		fprintf(out, " status %u channel %u", c->status,
			c->status_channel);
	fputc('\n', out);
}

void system_dump(const struct system *sys, FILE *out)
{
	fprintf(out, "system %s\n", sys->name);
	dump_facts(sys, out);
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
