/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What `weir show` shows, from the configuration and the statistics regions.
 *
 * Rows come in the order of the topology: switch by switch, port by port.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/linux/control/json.h"

const char *port_name(const struct mon_switch *sw, uint32_t port,
		      char buf[SYS_NAME])
{
	snprintf(buf, SYS_NAME, "%.32s.%.32s", sw->comp->name,
		 sw->comp->sw.port[port].name);
	return buf;
}

json_t *port_json(const struct mon_switch *sw, uint32_t port)
{
	char name[SYS_NAME];

	return port < sw->comp->sw.n_ports
		       ? json_string(port_name(sw, port, name))
		       : NULL;
}

json_t *mac_json(uint64_t mac)
{
	char text[MAC_TEXT];

	return json_string(mac_text(mac, text));
}

/* --- ports -------------------------------------------------------------- */

static const char *kind_name(const struct monitor *m, const struct mon_link *l)
{
	const struct sys_conn *c = l->conn;
	const struct sys_component *comp;

	if (c->attachment == SYS_TO_SWITCH)
		return "link";
	if (c->attachment == SYS_TO_ATTACH)
		return "attach";
	comp = &m->sys.pd[c->pd[1]].comp[c->comp[1]];
	if (comp->kind == SYS_VHOST_USER &&
	    comp->socket.mode == SYS_SOCKET_GIVEN)
		return "vm";
	return component_kinds[comp->kind]->name;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* How long a connection waits because one of its ends fails repeatedly. */
static uint64_t pause_of(const struct monitor *m, const struct mon_link *l)
{
	const struct sys_conn *c = l->conn;
	uint64_t pause = pd_pause(m, &m->pd[c->pd[0]]);

	if (c->attachment == SYS_TO_ATTACH)
		return pause;
	return later(pause, pd_pause(m, &m->pd[c->pd[1]]));
}

/* The same in words, or NULL if it does not wait. */
static const char *waiting(const struct monitor *m, const struct mon_link *l)
{
	if (l->failed)
		return "failed";
	if (pause_of(m, l) > 0)
		return "restarting";
	return link_hold(m, l) > 0 ? "held off" : NULL;
}

json_int_t pause_ms(uint64_t ns)
{
	return (json_int_t)((ns + MS_NS - 1) / MS_NS);
}

/* Until a port is tried again; 0: it does not wait for that. */
static json_int_t again_ms(const struct monitor *m, const struct mon_link *l)
{
	const struct mon_link *driver = link_driver(m, l);
	uint64_t pause = later(pause_of(m, l), link_hold(m, l));

	return pause_ms(driver != NULL ? later(pause, pause_of(m, driver))
				       : pause);
}

/* Of a driver VM's port whose virtualisers are up. */
static const char *driver_state(const struct mon_link *driver)
{
	if (driver->state != MON_LINK_UP)
		return "starting";
	return driver->vm->carrier ? "up" : "no carrier";
}

/* Of any other port whose connection is up. */
static const char *outside_key(const struct mon_link *l)
{
	static const char *const name[] = {
		[OUTSIDE_UP] = "up",	 [OUTSIDE_NO_CARRIER] = "no carrier",
		[OUTSIDE_DOWN] = "down", [OUTSIDE_NO_PEER] = "no peer",
		[OUTSIDE_GONE] = "gone",
	};

	return name[outside_state(l)];
}

static const char *state_name(const struct monitor *m,
			      const struct mon_switch *sw, uint32_t port)
{
	const struct mon_link *l = sw->link[port];
	const struct mon_link *driver = link_driver(m, l);
	const char *waits = waiting(m, l);

	if (waits == NULL && driver != NULL)
		waits = waiting(m, driver);
	if (waits != NULL)
		return waits;
	if (l->state != MON_LINK_UP)
		return "down";
	switch (switch_port_state(sw, port)) {
	case PORT_UP:
		if (switch_load64(&sw->stats->port[port].blocked) != 0)
			return "blocked";
		return driver == NULL ? outside_key(l) : driver_state(driver);
	case PORT_FAULT:
		return "fault";
	case PORT_DOWN:
	case PORT_ABSENT:
		break;
	}
	return "down";
}

/* How often the PD or VM behind a port has been started again. */
static int restarts_of(const struct monitor *m, const struct mon_link *l)
{
	const struct mon_link *driver = link_driver(m, l);
	const struct mon_link *last = driver != NULL ? driver : l;

	if (driver == NULL && l->conn->attachment != SYS_TO_PD)
		return 0;
	return (int)m->pd[last->conn->pd[1]].restarts;
}

static json_int_t drop_sum(const struct vswitch_port_stats *s,
			   const struct mon_link *l)
{
	json_int_t sum = 0;

	for (int why = 0; why < OUTSIDE_DROP_COUNT; why++)
		sum += clamped(outside_drops(l, (enum outside_drop)why));

	for (unsigned int r = REASON_NONE + 1; r < REASON_COUNT; r++)
		sum += counter(&s->drops[r]);
	return sum;
}

static const char *path_name(const struct mon_link *l)
{
	static const char *const names[OUTSIDE_PATHS] = {
		[OUTSIDE_PATH_ONLY] = "",
		[OUTSIDE_PACKET] = "packet",
		[OUTSIDE_XDP] = "xdp",
		[OUTSIDE_XDP_GENERIC] = "xdp_generic",
		[OUTSIDE_XDP_ZEROCOPY] = "xdp_zerocopy",
	};

	return names[outside_path(l)];
}

/* A function for each port there is, which adds rows. */
typedef void port_rows(const struct monitor *m, const struct mon_switch *sw,
		       uint32_t port, json_t *rows);

static json_t *each_port(const struct monitor *m, port_rows *add)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < m->n_switches; i++)
		for (uint32_t p = 0; p < m->sw[i].comp->sw.n_ports; p++)
			if (m->sw[i].link[p] != NULL)
				add(m, &m->sw[i], p, rows);
	return rows;
}

static void port_row(const struct monitor *m, const struct mon_switch *sw,
		     uint32_t port, json_t *rows)
{
	const struct vswitch_port_stats *s = &sw->stats->port[port];
	const struct mon_link *l = sw->link[port];
	char interface[OUTSIDE_NAME];

	add_row(rows,
		json_pack("{s:o, s:i, s:s, s:o, s:o, s:s, s:I, s:I, s:I, s:I, "
			  "s:I, s:I, s:i, s:I, s:I, s:s}",
			  "port", port_json(sw, port), "number", (int)port,
			  "kind", kind_name(m, l), "attached",
			  json_safe(l->conn->what), "interface",
			  json_safe(outside_name(m, l, interface)), "state",
			  state_name(m, sw, port), "in_frames",
			  counter(&s->in_frames), "in_bytes",
			  counter(&s->in_bytes), "out_frames",
			  counter(&s->out_frames), "out_bytes",
			  counter(&s->out_bytes), "drops", drop_sum(s, l),
			  "faults", counter(&s->faults), "restarts",
			  restarts_of(m, l), "mirror_missed",
			  counter(&s->mirror_missed), "again_ms",
			  again_ms(m, l), "path", path_name(l)));
}

json_t *show_ports(const struct monitor *m)
{
	return each_port(m, port_row);
}

/* --- drops -------------------------------------------------------------- */

static void drop_row(const struct mon_switch *sw, uint32_t port,
		     const char *key, bool out, json_int_t count, json_t *rows)
{
	if (count != 0)
		add_row(rows,
			json_pack("{s:o, s:s, s:s, s:I}", "port",
				  port_json(sw, port), "reason", key, "side",
				  out ? "out" : "in", "count", count));
}

/* What the switch has dropped, then what the port's PD has, outside of it. */
static void drop_rows(const struct monitor *m, const struct mon_switch *sw,
		      uint32_t port, json_t *rows)
{
	const struct vswitch_port_stats *s = &sw->stats->port[port];
	enum { IN, OUT };

	(void)m;
	for (unsigned int i = REASON_NONE + 1; i < REASON_COUNT; i++) {
		enum vswitch_reason r = (enum vswitch_reason)i;

		drop_row(sw, port, vswitch_reason_key(r),
			 vswitch_reason_is_out(r), counter(&s->drops[i]), rows);
	}
#define ROW(symbol, key, side, text)                                           \
	drop_row(                                                              \
		sw, port, #key, (side) == OUT,                                 \
		clamped(outside_drops(sw->link[port], OUTSIDE_DROP_##symbol)), \
		rows);
	OUTSIDE_DROPS(ROW)
#undef ROW
}

json_t *show_drops(const struct monitor *m)
{
	return each_port(m, drop_rows);
}

/* --- system ------------------------------------------------------------- */

static void map_row(json_t *maps, const char *region, size_t size,
		    uint32_t perms)
{
	add_row(maps, json_pack("{s:s, s:I, s:s}", "region", region, "size",
				(json_int_t)size, "perms",
				perms == SYS_R ? "r" : "rw"));
}

/* A row for memory that a port has besides its regions. */
static void beside_row(json_t *rows, const char *key, const char *port,
		       const char *what, uint64_t size)
{
	json_t *row = json_pack("{s:o, s:I}", key,
				json_sprintf("%s.%s", port, what), "size",
				clamped(size));

	/* A map has permissions, too. */
	if (strcmp(key, "region") == 0)
		json_object_set_new(row, "perms", json_string("rw"));
	add_row(rows, row);
}

/*
 * Memory of a PD's ports that is no region: the pages in which they report
 * their outside, and what they share with it.
 */
static void besides(const struct monitor *m, const struct mon_pd *pd,
		    json_t *rows, const char *key)
{
	for (size_t i = 0; i < m->sys.n_conns; i++) {
		const struct mon_link *l = &m->link[i];
		const struct sys_conn *conn = l->conn;
		bool guest;

		if (l->outside == NULL || &m->pd[conn->pd[1]] != pd)
			continue;
		guest = pd->sys->comp[conn->comp[1]].kind == SYS_VHOST_USER;
		beside_row(rows, key, conn->name, "outside", OUTSIDE_SIZE);
		if (pd_alive(pd) && outside_shared(l) != 0)
			beside_row(rows, key, conn->name,
				   guest ? "guest" : "kernel",
				   outside_shared(l));
	}
}

static json_t *show_maps(const struct monitor *m, const struct mon_pd *pd)
{
	const struct sys_pd *sys = pd->sys;
	json_t *maps = json_array();

	for (uint32_t i = 0; i < sys->n_maps; i++) {
		const struct sys_region *r = &m->sys.region[sys->map[i].region];

		map_row(maps, r->name, r->size, sys->map[i].perms);
	}
	besides(m, pd, maps, "region");
	return maps;
}

const char *pd_state_name(const struct mon_pd *pd)
{
	static const char *const name[] = {
		[PD_DEAD] = "restarting",
		[PD_STARTING] = "starting",
		[PD_RUNNING] = "running",
	};

	return pd->off ? "off" : name[pd->state];
}

static json_t *show_pd(const struct monitor *m, const struct mon_pd *pd)
{
	const struct sys_pd *sys = pd->sys;
	json_t *comps = json_array();
	json_t *chans = json_array();
	char cpus[SYS_CPUS_TEXT];

	for (uint32_t i = 0; i < sys->n_comps; i++)
		add_row(comps, json_string(sys->comp[i].name));
	for (uint32_t i = 0; i < sys->n_chans; i++)
		add_row(chans,
			json_string(m->sys.channel[sys->chan[i].channel].name));
	return json_pack("{s:s, s:i, s:s, s:i, s:I, s:i, s:s, s:o, s:o, s:o}",
			 "name", sys->name, "pid",
			 pd_alive(pd) ? (int)pd->proc.pid : 0, "state",
			 pd_state_name(pd), "restarts", (int)pd->restarts,
			 "again_ms", pause_ms(pd_pause(m, pd)), "poll_us",
			 (int)sys->poll_us, "cpus", cpus_text(&sys->cpus, cpus),
			 "components", comps, "maps", show_maps(m, pd),
			 "channels", chans);
}

static const char *end_name(const struct monitor *m, const struct sys_end *end)
{
	if (end->pd == SYS_PD_MONITOR)
		return "monitor";
	if (end->pd == SYS_PD_OUTSIDE)
		return "outside";
	return m->sys.pd[end->pd].name;
}

json_t *show_system(const struct monitor *m)
{
	json_t *pds = json_array();
	json_t *regions = json_array();
	json_t *channels = json_array();

	for (size_t i = 0; i < m->sys.n_pds; i++)
		add_row(pds, show_pd(m, &m->pd[i]));
	for (size_t i = 0; i < m->sys.n_regions; i++)
		add_row(regions,
			json_pack("{s:s, s:I}", "name", m->sys.region[i].name,
				  "size", (json_int_t)m->sys.region[i].size));
	for (size_t i = 0; i < m->sys.n_pds; i++)
		besides(m, &m->pd[i], regions, "name");
	for (size_t i = 0; i < m->sys.n_channels; i++) {
		const struct sys_channel *c = &m->sys.channel[i];

		add_row(channels, json_pack("{s:s, s:[s, s]}", "name", c->name,
					    "ends", end_name(m, &c->end[0]),
					    end_name(m, &c->end[1])));
	}
	return json_pack("{s:s, s:i, s:o, s:o, s:o}", "name", m->sys.name,
			 "pid", (int)getpid(), "pds", pds, "regions", regions,
			 "channels", channels);
}
