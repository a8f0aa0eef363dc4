/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/mk_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/link.h"

#define MONITOR_PRIO 200
#define SWITCH_PRIO 150
#define PEER_PRIO 100
/* Channels: of the switch by port, and to the monitor; of the monitor. */
#define SW_CTL 60u
#define MON_SW 0u
#define MON_ASKER 1u
#define MON_STRANGER 2u

static const struct mk_head heads[] = {
	[MK_SWITCH] = { MK_MAGIC, MK_VERSION, MK_SWITCH,
			sizeof(struct mk_switch), 0 },
	[MK_MONITOR] = { MK_MAGIC, MK_VERSION, MK_MONITOR,
			 sizeof(struct mk_monitor), 0 },
};

static size_t pages(size_t n)
{
	return (n + 4095) & ~(size_t)4095;
}

const char *mk_rig_path(const char *file)
{
	static char path[512];
	char *slash;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	assert_true(n > 0);
	path[n] = '\0';
	/* build/tests/X -> build/microkit/FILE */
	for (int i = 0; i < 2; i++) {
		slash = strrchr(path, '/');
		assert_non_null(slash);
		*slash = '\0';
	}
	n = (ssize_t)strlen(path);
	snprintf(path + n, sizeof(path) - (size_t)n, "/microkit/%s", file);
	return path;
}

const char *mk_rig_program(const char *name)
{
	char file[64];

	snprintf(file, sizeof(file), "weir_%s.elf", name);
	return mk_rig_path(file);
}

int mk_rig_share(struct mk_rig *r, const char *name, size_t size, int pd,
		 bool writable, uint64_t *addr)
{
	int region = kernel_region(r->k, name, pages(size));

	*addr = r->at;
	r->at += pages(size) + 4096;
	kernel_map(r->k, pd, region, *addr, writable, NULL);
	return region;
}

/* The same region in another PD. */
static void share_with(struct mk_rig *r, int region, uint64_t addr, int pd,
		       bool writable)
{
	kernel_map(r->k, pd, region, addr, writable, NULL);
}

static void *config(struct mk_rig *r, const char *name, int pd,
		    enum mk_kind kind)
{
	int region = kernel_region(r->k, name, pages(heads[kind].size));
	void *cfg = kernel_memory(r->k, region);

	kernel_map(r->k, pd, region, r->at, false, "weir_config");
	r->at += pages(heads[kind].size) + 4096;
	memcpy(cfg, &heads[kind], sizeof(heads[kind]));
	return cfg;
}

/* --- the switch --------------------------------------------------------- */

static void make_switch(struct mk_rig *r)
{
	struct mk_switch *c = config(r, "sw.config", r->sw, MK_SWITCH);
	struct mk_mon_switch *m = &r->mon_cfg->sw[0];
	const struct vswitch_tables tables = { .fdb = { 64, 300, 0 } };
	int region;

	r->sw_cfg = c;
	c->fdb_capacity = 64;
	c->fdb_ageing = 300;
	c->ctl_channel = SW_CTL;
	c->timer_channel = MK_NONE;
	c->n_ports = m->n_ports = MK_RIG_PORTS;
	c->memory.size = pages(vswitch_size(&tables));
	mk_rig_share(r, "sw.memory", c->memory.size, r->sw, true,
		     &c->memory.addr);
	c->stats.size = m->stats.size = pages(sizeof(*r->stats));
	region = mk_rig_share(r, "sw.stats", c->stats.size, r->sw, true,
			      &c->stats.addr);
	r->stats = kernel_memory(r->k, region);
	share_with(r, region, m->stats.addr = c->stats.addr, r->monitor, false);
	c->policy.size = m->policy.size = pages(sizeof(*r->policy));
	region = mk_rig_share(r, "sw.policy", c->policy.size, r->sw, false,
			      &c->policy.addr);
	r->policy = kernel_memory(r->k, region);
	share_with(r, region, m->policy.addr = c->policy.addr, r->monitor,
		   true);
	m->kept.size = c->policy.size;
	mk_rig_share(r, "sw.kept", m->kept.size, r->monitor, true,
		     &m->kept.addr);
	region = mk_rig_share(r, "sw.request", 4096, r->sw, false, &c->request);
	r->request = kernel_memory(r->k, region);
	share_with(r, region, m->request = c->request, r->monitor, true);
	region = mk_rig_share(r, "sw.reply", 4096, r->sw, true, &c->reply);
	r->reply = kernel_memory(r->k, region);
	share_with(r, region, m->reply = c->reply, r->monitor, false);
	m->channel = MON_SW;
	kernel_channel(r->k, r->monitor, MON_SW, r->sw, SW_CTL, false);
}

/* --- ports -------------------------------------------------------------- */

static struct mk_half make_half(struct mk_rig *r, struct mk_rig_port *p,
				unsigned int h, struct mk_link *link)
{
	struct mk_half half = {
		.data.size = MK_RIG_CAPACITY * MK_RIG_BUFFER,
	};
	size_t size = queue_region_size(MK_RIG_CAPACITY);
	uint64_t *addr[] = { &half.active, &half.free };

	for (unsigned int i = 0; i < 2; i++) {
		int q = mk_rig_share(r, "queue", size, r->sw, true, addr[i]);

		share_with(r, q, *addr[i], r->monitor, true);
		link->queue[2 * h + i] = (struct mk_region){ *addr[i], size };
		p->queue[2 * h + i] = q;
	}
	p->data[h] = mk_rig_share(r, "data", half.data.size, r->sw, h == 1,
				  &half.data.addr);
	return half;
}

static void make_port(struct mk_rig *r, unsigned int number)
{
	struct mk_rig_port *p = &r->port[number];
	struct mk_port *c = &r->sw_cfg->port[number];
	struct mk_link *link = &r->mon_cfg->link[number];
	char name[16];

	snprintf(name, sizeof(name), "peer%u", number);
	p->pd = kernel_pd(r->k, name, PEER_PRIO, NULL);
	kernel_parent(r->k, p->pd, r->monitor, 1 + number);
	kernel_channel(r->k, p->pd, MK_RIG_PEER_CH, r->sw, number, false);
	c->wire = (struct mk_wire){ .channel = number,
				    .capacity = MK_RIG_CAPACITY,
				    .buffer_size = MK_RIG_BUFFER,
				    .max_frame = 1518 };
	c->egress_channel = MK_NONE;
	c->present = 1;
	c->wire.ingress = make_half(r, p, 0, link);
	c->wire.egress = make_half(r, p, 1, link);
	p->link = mk_rig_share(r, "link", 4096, r->sw, false, &c->wire.link);
	share_with(r, p->link, link->page = c->wire.link, r->monitor, true);
	snprintf(link->name, sizeof(link->name), "sw.%s", name);
	link->side[0] = (struct mk_side){ .kind = MK_SIDE_SWITCH,
					  .port = number,
					  .child = 0,
					  .channel = MON_SW };
	link->side[1] = (struct mk_side){ .kind = MK_SIDE_PEER,
					  .child = 1 + number,
					  .channel = MK_NONE };
	r->mon_cfg->child[1 + number] =
		(struct mk_child){ .id = 1 + number, .entry = 0x200000 };
	memcpy(r->mon_cfg->child[1 + number].name, name, sizeof(name));
}

static void make_policy(struct policy_image *image)
{
	image->magic = POLICY_MAGIC;
	for (unsigned int p = 0; p < MK_RIG_PORTS; p++)
		image->port[p].allow = ((1u << MK_RIG_PORTS) - 1) & ~(1u << p);
}

static void make_askers(struct mk_rig *r)
{
	struct mk_monitor *c = r->mon_cfg;
	int region;

	r->asker = kernel_pd(r->k, "asker", PEER_PRIO, NULL);
	r->stranger = kernel_pd(r->k, "stranger", PEER_PRIO, NULL);
	kernel_channel(r->k, r->asker, 0, r->monitor, MON_ASKER, true);
	kernel_channel(r->k, r->stranger, 0, r->monitor, MON_STRANGER, true);
	c->n_askers = 1;
	c->asker[0] = (struct mk_asker){
		.proposal.size = pages(sizeof(struct policy_image)),
		.channel = MON_ASKER,
		.rights = MK_MAY_LOOK | MK_MAY_ALLOW | MK_MAY_PROPOSE,
		.switches = 1,
		.link = MK_NONE,
	};
	region = mk_rig_share(r, "proposal", c->asker[0].proposal.size,
			      r->monitor, false, &c->asker[0].proposal.addr);
	r->proposal = kernel_memory(r->k, region);
}

struct mk_rig *mk_rig_new(bool played)
{
	struct mk_rig *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	r->k = kernel_new();
	r->at = 0x10000000;
	r->monitor = kernel_pd(r->k, "monitor", MONITOR_PRIO,
			       mk_rig_program("monitor"));
	r->sw = kernel_pd(r->k, "sw", SWITCH_PRIO,
			  played ? NULL : mk_rig_program("switch"));
	kernel_parent(r->k, r->sw, r->monitor, 0);
	r->mon_cfg = config(r, "monitor.config", r->monitor, MK_MONITOR);
	r->mon_cfg->timer_channel = MK_NONE;
	r->mon_cfg->n_switches = 1;
	r->mon_cfg->n_links = MK_RIG_PORTS;
	r->mon_cfg->n_children = 1 + MK_RIG_PORTS;
	r->mon_cfg->child[0] =
		(struct mk_child){ .name = "sw", .id = 0, .entry = 0x200000 };
	make_switch(r);
	for (unsigned int i = 0; i < MK_RIG_PORTS; i++)
		make_port(r, i);
	make_policy(r->policy);
	make_askers(r);
	return r;
}

void mk_rig_free(struct mk_rig *r)
{
	for (unsigned int i = 0; i < MK_RIG_PORTS; i++)
		free(r->port[i].memory);
	kernel_free(r->k);
	free(r);
}

/* --- peers -------------------------------------------------------------- */

static void make_client(struct mk_rig *r, struct mk_rig_port *p)
{
	void *q[4];
	struct net_client_config c = {
		.tx_data = kernel_memory(r->k, p->data[0]),
		.rx_data = kernel_memory(r->k, p->data[1]),
		.tx_size = MK_RIG_CAPACITY * MK_RIG_BUFFER,
		.rx_size = MK_RIG_CAPACITY * MK_RIG_BUFFER,
		.capacity = MK_RIG_CAPACITY,
		.buffer_size = MK_RIG_BUFFER,
		.max_frame = 1518,
		.link = kernel_memory(r->k, p->link),
	};

	for (unsigned int i = 0; i < 4; i++)
		q[i] = kernel_memory(r->k, p->queue[i]);
	c.tx_active = q[0];
	c.tx_free = q[1];
	c.rx_active = q[2];
	c.rx_free = q[3];
	p->memory = aligned_alloc(64, (net_client_size(&c) + 63) & ~63ul);
	p->client = net_client_init(p->memory, net_client_size(&c), &c);
	assert_non_null(p->client);
}

void mk_rig_start(struct mk_rig *r)
{
	kernel_start(r->k);
	assert_true(kernel_run(r->k));
	for (unsigned int i = 0; i < MK_RIG_PORTS; i++) {
		make_client(r, &r->port[i]);
		mk_rig_received(r, i);
	}
}

void mk_rig_send(struct mk_rig *r, unsigned int port)
{
	const uint8_t source[] = { 2, 0, 0, 0, 0, (uint8_t)(1 + port), 8 };
	struct net_client *c = r->port[port].client;
	struct net_buffer b;

	assert_int_equal(net_tx_alloc(c, &b, 1), 1);
	memset(b.data, 0xff, 60);
	memcpy(b.data + 6, source, sizeof(source));
	b.len = 60;
	net_tx_burst(c, &b, 1);
	if (net_client_must_notify(c))
		kernel_notify(r->k, r->port[port].pd, MK_RIG_PEER_CH);
	assert_true(kernel_run(r->k));
}

unsigned int mk_rig_received(struct mk_rig *r, unsigned int port)
{
	struct net_client *c = r->port[port].client;
	struct net_buffer b[MK_RIG_CAPACITY];
	unsigned int n = net_rx_burst(c, b, MK_RIG_CAPACITY);

	net_rx_release(c, b, n);
	net_client_arm(c, true, false);
	return n;
}

void mk_rig_forge(struct mk_rig *r, unsigned int port)
{
	struct net_queue *q = kernel_memory(r->k, r->port[port].queue[0]);

	atomic_store(&q->tail, 60000);
	atomic_store(&q->consumer_signalled, 1);
	kernel_notify(r->k, r->port[port].pd, MK_RIG_PEER_CH);
}

uint64_t mk_rig_ask(struct mk_rig *r, enum mk_ask ask, unsigned int words,
		    uint64_t *word)
{
	struct message m = { .label = ask, .count = words };

	memcpy(m.mr, word, words * sizeof(*word));
	assert_true(kernel_call(r->k, r->asker, 0, &m));
	memcpy(word, m.mr, m.count * sizeof(*word));
	return m.label;
}

uint32_t mk_rig_epoch(const struct mk_rig *r, unsigned int port)
{
	return link_epoch(kernel_memory(r->k, r->port[port].link));
}
