/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/fake_components.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "vmm/linux/error.h"
#include "vswitch/ctl.h"
#include "base/link.h"
#include "vswitch/stats.h"

/* How slow a slow switch is; the monitor waits a second. */
#define FAKE_SLOW_NS 300000000ull

struct fake_port {
	const struct link_page *link;
	uint32_t epoch;
	struct order *in;  /* orders from an attached client */
	struct order *out; /* orders to a port PD */
	uint32_t obeyed;
	const uint64_t *queue[4];
};

struct fake_switch {
	struct vswitch_stats *stats;
	const struct vswitch_ctl_request *request;
	struct vswitch_ctl_reply *reply;
	const struct policy_image *policy;
	uint32_t answered;
	bool deaf;
	char fate[8];	  /* of policies, the next one's first */
	uint64_t late_ns; /* when a slow answer comes */
	struct fake_port port[MAX_PORTS];
};

void give_order(struct order *o, const char *text)
{
	snprintf(o->text, sizeof(o->text), "%s", text);
	atomic_fetch_add(&o->number, 1);
}

/* The policy in the region is the one that counts from now on. */
static void fake_take_policy(struct fake_switch *s, uint32_t n_ports)
{
	uint64_t n = s->stats->policies + 1;

	for (uint32_t p = 0; p < n_ports; p++) {
		s->stats->port[p].in_bytes = n;
		s->stats->port[p].out_frames = s->policy->n_rules;
		s->stats->port[p].out_bytes = s->policy->n_entries;
	}
	for (uint32_t e = 0; e < POLICY_MAX_ENTRIES; e++)
		s->stats->hits[e] = e < s->policy->n_entries ? 1000 + e : 0;
	s->stats->policies = n;
}

static int fake_switch_init(struct component *c)
{
	const struct sys_switch *cfg = &c->cfg->sw;
	struct fake_switch *s = c->state;

	s->stats = pd_region(c, cfg->stats, NULL);
	s->request = pd_region(c, cfg->ctl_request, NULL);
	s->reply = pd_region(c, cfg->ctl_reply, NULL);
	s->policy = pd_region(c, cfg->policy, NULL);
	for (uint32_t p = 0; p < cfg->n_ports; p++) {
		const struct sys_wire *w = &cfg->port[p].wire;
		struct fake_port *port = &s->port[p];

		port->link = pd_region(c, w->link, NULL);
		port->in = pd_region(c, w->ingress.data, NULL);
		port->out = pd_region(c, w->egress.data, NULL);
		port->queue[0] = pd_region(c, w->egress.active, NULL);
		port->queue[1] = pd_region(c, w->egress.free, NULL);
		port->queue[2] = pd_region(c, w->ingress.active, NULL);
		port->queue[3] = pd_region(c, w->ingress.free, NULL);
		s->stats->port[p].in_frames = 100 + p;
	}
	/* Only what has been zeroed by the monitor starts from nothing. */
	if (s->reply->seq != 0 || s->stats->port[0].state != PORT_ABSENT)
		pd_log(c, "dirty");
	if (s->policy->magic != POLICY_MAGIC)
		pd_log(c, "no policy");
	fake_take_policy(s, cfg->n_ports);
	return 0;
}

static void tell(struct component *c, unsigned int port, const char *text)
{
	struct fake_switch *s = c->state;

	give_order(s->port[port].out, text);
	pd_ring(c, c->cfg->sw.port[port].wire.channel);
}

static void obey(struct component *c, const char *text)
{
	struct fake_switch *s = c->state;
	unsigned int port = 0;
	int words = 0;

	if (strcmp(text, "crash") == 0)
		__builtin_trap();
	if (strcmp(text, "deaf") == 0) {
		s->deaf = true;
		pd_log(c, "deaf from now on");
	}
	if (sscanf(text, "policy %7s", s->fate) == 1)
		pd_log(c, "policies from now on: %s", s->fate);
	if (strcmp(text, "lie") == 0) {
		s->stats->policies += 1000;
		pd_log(c, "lying from now on");
	}
	if (strcmp(text, "odd") == 0)
		pd_log(c, "odd\x1b[2J\rtext");
	for (int i = 0; strcmp(text, "flood") == 0 && i < 500; i++)
		pd_log(c, "flood %200d", i);
	if (sscanf(text, "fault %u", &port) == 1) {
		s->stats->port[port].state = PORT_FAULT;
		s->stats->port[port].faults++;
		pd_ring(c, c->cfg->sw.ctl_channel);
	}
	if (sscanf(text, "block %u", &port) == 1)
		s->stats->port[port].blocked = 1;
	if (sscanf(text, "kill %u", &port) == 1)
		tell(c, port, "crash");
	if (sscanf(text, "tell %u %n", &port, &words) == 1)
		tell(c, port, text + words);
}

static void fake_port_run(struct component *c, uint32_t p)
{
	struct fake_switch *s = c->state;
	struct fake_port *port = &s->port[p];
	uint32_t epoch = link_epoch(port->link);

	if (epoch != port->epoch) {
		port->epoch = epoch;
		for (int i = 0; link_is_up(epoch) && i < 4; i++)
			if (port->queue[i] != NULL && *port->queue[i] != 0)
				pd_log(c, "dirty");
		port->obeyed = 0;
		s->stats->port[p].state = link_is_up(epoch) ? PORT_UP
							    : PORT_DOWN;
		s->stats->port[p].epoch = epoch;
		pd_ring(c, c->cfg->sw.port[p].wire.channel);
	}
	if (link_is_up(epoch) && port->in != NULL &&
	    port->in->number != port->obeyed) {
		port->obeyed = port->in->number;
		obey(c, port->in->text);
	}
}

static void fill_page(const struct vswitch_ctl_request *q,
		      struct vswitch_ctl_reply *r)
{
	for (r->count = 0; r->count < CTL_FDB_ENTRIES &&
			   q->cursor + r->count < FAKE_ADDRESSES;
	     r->count++)
		r->entry[r->count] = (struct fdb_entry){
			.mac = 0x020000000000 + q->cursor + r->count,
			.port = 0,
			.age = 3,
		};
	r->cursor = q->cursor + r->count;
	r->more = r->cursor < FAKE_ADDRESSES;
}

/* A verdict that the frame's last byte chooses. */
static void fill_verdict(const struct vswitch_ctl_request *q,
			 struct vswitch_verdict *v)
{
	*v = (struct vswitch_verdict){
		.resolution = RESOLVED_UNICAST,
		.looked_up = true,
		.learned = { .outcome = FDB_LEARNED, .was = FDB_NO_PORT },
		.out = 1,
		.candidates = 2,
		.deliver = 2,
	};
	if (q->header[13] == 1) {
		v->reason = REASON_NOT_ALLOWED;
		v->deliver = 0;
		v->refused = 2;
		v->refusal[1] = REASON_NOT_ALLOWED;
	}
	/* Nonsense, as from a switch that a frame has subverted. */
	if (q->header[13] == 2)
		memset(v, 0xff, sizeof(*v));
}

static void fill_flows(const struct vswitch_ctl_request *q,
		       struct vswitch_ctl_reply *r)
{
	uint32_t i = q->cursor;

	for (r->count = 0; r->count < CTL_FLOW_ENTRIES && i < FAKE_FLOWS; i++)
		r->flow[r->count++] = (struct flow_entry){
			.from = { 0, 0xffff0a000001 },
			.to = { 0xfe80000000000000, 7 },
			.from_port = (uint16_t)i,
			.to_port = 443,
			.vlan = 5,
			.protocol = i == 0   ? 0
				    : i == 1 ? 47
					     : 6,
			.state = i == 2 ? 99 : FLOW_ANSWERED,
			.left = 100 + i,
			.dst = i == FAKE_FLOWS - 1 ? 60 : 1,
			.rule = i == 3 ? 12345 : 0,
		};
	r->cursor = i;
	r->more = i < FAKE_FLOWS;
}

static void fill_groups(const struct vswitch_ctl_request *q,
			struct vswitch_ctl_reply *r)
{
	uint32_t i = q->cursor;

	for (r->count = 0; r->count < CTL_GROUP_ENTRIES && i < FAKE_GROUPS; i++)
		r->group[r->count++] = (struct mcast_entry){
			.group = { 0, 0xffffef000000 + i },
			.vlan = 5,
			.left = 200,
			.port = i == FAKE_GROUPS - 1 ? 64 : 1,
			.role = i == 0	 ? MCAST_ROUTER
				: i == 1 ? MCAST_EVERYTHING
				: i == 2 ? 99
					 : MCAST_MEMBER,
		};
	r->cursor = i;
	r->more = i < FAKE_GROUPS;
}

/* Is it too early for a slow answer? */
static bool fake_waits(struct component *c)
{
	struct fake_switch *s = c->state;

	if (s->fate[0] != 's')
		return false;
	if (s->late_ns == 0)
		s->late_ns = pd_now(c) + FAKE_SLOW_NS;
	if (pd_now(c) >= s->late_ns)
		return false;
	pd_wake_at(c, s->late_ns);
	/* It is looked at again. */
	s->answered--;
	return true;
}

/* Return: whether it is answered. */
static bool fake_policy(struct component *c)
{
	struct fake_switch *s = c->state;
	char fate = s->fate[0];

	if (fake_waits(c))
		return false;
	if (fate != '\0')
		memmove(s->fate, s->fate + 1, strlen(s->fate));
	if (fate == 'd')
		__builtin_trap();
	if (fate == 'm')
		return false;
	if (fate == 'r') {
		s->reply->status = -EINVAL;
		s->reply->fault = POLICY_FAULT_RULE;
		s->reply->value = 7;
		return true;
	}
	fake_take_policy(s, c->cfg->sw.n_ports);
	s->reply->value = (uint32_t)s->stats->policies;
	return true;
}

/* Return: whether there is an answer. */
static bool fake_answer(struct component *c)
{
	struct fake_switch *s = c->state;

	switch (s->request->op) {
	case CTL_FDB:
		fill_page(s->request, s->reply);
		return true;
	case CTL_FLOWS:
		fill_flows(s->request, s->reply);
		return true;
	case CTL_GROUPS:
		fill_groups(s->request, s->reply);
		return true;
	case CTL_POLICY:
		return fake_policy(c);
	default:
		fill_verdict(s->request, &s->reply->verdict);
		return true;
	}
}

static void fake_mailbox(struct component *c)
{
	struct fake_switch *s = c->state;
	struct vswitch_ctl_reply *r = s->reply;
	uint32_t seq = s->request->seq;

	if (seq == s->answered)
		return;
	s->answered = seq;
	r->status = 0;
	if (!fake_answer(c))
		return;
	r->seq = seq;
	pd_ring(c, c->cfg->sw.ctl_channel);
}

static bool fake_switch_run(struct component *c, uint64_t now_ns)
{
	struct fake_switch *s = c->state;

	(void)now_ns;
	for (uint32_t p = 0; !s->deaf && p < c->cfg->sw.n_ports; p++)
		fake_port_run(c, p);
	if (!s->deaf)
		fake_mailbox(c);
	return false;
}

const struct component_ops fake_switch_ops = {
	.kind = SYS_SWITCH,
	.name = "switch",
	.state_size = sizeof(struct fake_switch),
	.init = fake_switch_init,
	.run = fake_switch_run,
};

/* A socket's path names what open() makes and close() removes. */
static int fake_open(const struct sys_component *cfg, int *fds,
		     struct error *err)
{
	int fd = open(cfg->socket.path, O_CREAT | O_EXCL | O_RDWR, 0600);

	if (fd < 0)
		return error_set(err, "fake open: %s", strerror(errno));
	fds[0] = fd;
	return 1;
}

static void fake_close(const struct sys_component *cfg)
{
	unlink(cfg->socket.path);
}

static int fake_init(struct component *c)
{
	const struct order *o = pd_region(c, c->cfg->wire.egress.data, NULL);
	uint32_t *obeyed = c->state;

	/* What was ordered in another life is done with. */
	*obeyed = o->number;
	/* The one port PD that cannot start. */
	return strstr(c->cfg->name, ".broken") != NULL ? -EIO : 0;
}

static bool fake_run(struct component *c, uint64_t now_ns)
{
	const struct order *o = pd_region(c, c->cfg->wire.egress.data, NULL);
	const uint32_t *obeyed = c->state;

	(void)now_ns;
	if (o->number != *obeyed)
		__builtin_trap();
	return false;
}

const struct component_ops fake_ops = {
	.kind = SYS_SOCKET,
	.name = "socket",
	.state_size = sizeof(uint32_t),
	.open = fake_open,
	.close = fake_close,
	.init = fake_init,
	.run = fake_run,
};
