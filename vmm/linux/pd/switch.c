/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch as a component of a PD.
 *
 * The switch itself (vswitch/) knows only ports and time.  This glue gives it
 * memory, turns the configuration's slots into pointers, channels into port
 * bits and ring bits into channels, and reads the control mailbox.
 *
 * The control channel means "look at everything": the monitor rings it after a
 * request and after it has changed a link page, whichever port that belongs to.
 * The switch rings the monitor after a reply and when the set of faulted ports
 * has changed, because only the monitor can bring them up again.
 *
 * The only data here that a peer controls is the set of notified ports.  A
 * channel that belongs to no port is ignored.
 */
#include <errno.h>

#include "vmm/linux/pd/pd.h"
#include "vswitch/ctl.h"
#include "vswitch/vswitch.h"

/* A switch component. */
/* Runs for ports that have more, between two looks at all of them. */
#define RUNS_PER_LOOK 16u

struct switch_state {
	struct vswitch *sw;
	/* its statistics, ours to write; may be NULL */
	const struct vswitch_stats *stats;
	/* control mailbox, monitor's half */
	const struct vswitch_ctl_request *request;
	/* policy region, the monitor's to write */
	const struct policy_image *policy;
	struct vswitch_ctl_reply *reply; /* control mailbox, ours */
	bool ctl;			 /* the control channel was rung */
	uint64_t pending;		 /* ports to be looked at */
	unsigned int runs;		 /* since all were looked at */
	uint64_t ran;	   /* ports looked at since they were armed */
	uint64_t faulted;  /* ports the monitor has been told of */
	uint64_t disputes; /* likewise, disputed addresses */
	/* frames taken at the last run() without a notification */
	uint64_t taken;
	uint64_t due; /* the time set with pd_wake_at() */
};

/* One direction of a port. */
static struct vswitch_half get_half(struct component *c,
				    const struct sys_wire *wire,
				    const struct sys_half *half)
{
	struct vswitch_half h = {
		.active = pd_region(c, half->active, NULL),
		.free = pd_region(c, half->free, NULL),
		.capacity = wire->capacity,
		.buffer_size = wire->buffer_size,
	};

	h.data = pd_data(c, wire, half, &h.data_size);
	return h;
}

static int add_port(struct component *c, struct switch_state *s,
		    unsigned int number)
{
	const struct sys_switch_port *port = &c->cfg->sw.port[number];
	struct vswitch_port_config config = {
		.kind = (enum vswitch_port_kind)port->kind,
		.ingress = get_half(c, &port->wire, &port->wire.ingress),
		.egress = get_half(c, &port->wire, &port->wire.egress),
		.link = pd_region(c, port->wire.link, NULL),
		.max_frame = port->wire.max_frame,
		.offload = port->wire.offload,
		.max_segment = port->wire.max_segment,
		.forward_reserved = port->forward_reserved,
		.capture_of = port->capture_of,
		.capture_drops = port->capture_drops,
	};

	return vswitch_add_port(s->sw, number, &config);
}

/* Before the ports, so that none is ever up without a policy. */
static int set_policy(struct component *c, struct switch_state *s)
{
	enum policy_fault fault;
	uint32_t at;

	s->policy = pd_region(c, c->cfg->sw.policy, NULL);
	if (s->policy == NULL)
		return -EINVAL;
	fault = vswitch_set_policy(s->sw, s->policy, &at);
	if (fault == POLICY_FAULT_SOUND)
		return 0;
	pd_log(c, "the policy %s (at %u)", policy_fault_text(fault), at);
	return -EINVAL;
}

static int switch_init(struct component *c)
{
	const struct sys_switch *cfg = &c->cfg->sw;
	struct switch_state *s = c->state;
	size_t size = vswitch_size(&cfg->tables);
	void *memory;
	int result;

	if (size == 0 || cfg->n_ports > MAX_PORTS)
		return -EINVAL;
	memory = pd_memory(size);
	if (memory == NULL)
		return -ENOMEM;
	s->stats = pd_region(c, cfg->stats, NULL);
	s->sw = vswitch_init(memory, size, &cfg->tables,
			     pd_region(c, cfg->stats, NULL));
	if (s->sw == NULL)
		return -EINVAL;
	s->request = pd_region(c, cfg->ctl_request, NULL);
	s->reply = pd_region(c, cfg->ctl_reply, NULL);
	result = set_policy(c, s);
	for (unsigned int p = 0; p < cfg->n_ports && result == 0; p++)
		result = add_port(c, s, p);
	if (result != 0)
		return result;
	s->ctl = true;
	s->due = UINT64_MAX;
	s->pending = vswitch_ports(s->sw);
	return 0;
}

static void switch_notified(struct component *c, uint32_t channel)
{
	const struct sys_switch *cfg = &c->cfg->sw;
	struct switch_state *s = c->state;

	if (channel == cfg->ctl_channel) {
		s->ctl = true;
		s->pending = vswitch_ports(s->sw);
		return;
	}
	for (unsigned int p = 0; p < cfg->n_ports; p++)
		if (cfg->port[p].wire.channel == channel)
			s->pending |= 1ull << p;
}

static void ring_ports(struct component *c, uint64_t ports)
{
	for (; ports != 0; ports &= ports - 1) {
		unsigned int p = (unsigned int)__builtin_ctzll(ports);

		pd_ring(c, c->cfg->sw.port[p].wire.channel);
	}
}

/* Tell the monitor of ports that have stopped, and of disputed addresses. */
static void report_faults(struct component *c, struct switch_state *s)
{
	uint64_t faulted = vswitch_faulted(s->sw);
	uint64_t disputes = vswitch_disputes(s->sw);

	if (faulted != s->faulted || disputes != s->disputes)
		pd_ring(c, c->cfg->sw.ctl_channel);
	s->faulted = faulted;
	s->disputes = disputes;
}

/* Answer the monitor. */
static void control(struct component *c, struct switch_state *s,
		    uint64_t now_ns)
{
	if (s->ctl && s->request != NULL && s->reply != NULL &&
	    vswitch_ctl(s->sw, s->request, s->reply, s->policy, now_ns))
		pd_ring(c, c->cfg->sw.ctl_channel);
	s->ctl = false;
}

/*
 * Whether the switch took frames since the last call.  While the loop spins
 * peers do not ring, so this is how it sees that there is traffic.
 */
static bool took_frames(const struct component *c, struct switch_state *s)
{
	uint64_t taken = 0, before = s->taken;

	for (uint32_t p = 0; s->stats != NULL && p < c->cfg->sw.n_ports; p++)
		taken += s->stats->port[p].in_frames;
	s->taken = taken;
	return taken != before;
}

/* Have the loop call run() when the switch next needs it. */
static void set_alarm(struct component *c, struct switch_state *s)
{
	uint64_t due = vswitch_due(s->sw);

	if (due != s->due)
		pd_wake_at(c, due);
	s->due = due;
}

/*
 * A port that was looked at while the loop spins does not notify: without this,
 * one that always has more would keep it from being looked at again.
 */
static bool looks_at_all(struct switch_state *s)
{
	bool all = s->pending == 0 || s->runs == RUNS_PER_LOOK;

	s->runs = all ? 0 : s->runs + 1;
	return all;
}

static bool switch_run(struct component *c, uint64_t now_ns)
{
	struct switch_state *s = c->state;
	bool looking = looks_at_all(s);
	uint64_t ports = looking ? vswitch_ports(s->sw) : s->pending;
	uint64_t ring = 0;

	s->ran |= ports;
	s->pending = vswitch_run(s->sw, ports, now_ns, &ring);
	ring_ports(c, ring);
	control(c, s, now_ns);
	report_faults(c, s);
	set_alarm(c, s);
	/* Not notified, so the loop is spinning. */
	if (looking && took_frames(c, s))
		return true;
	return s->pending != 0;
}

static bool switch_arm(struct component *c)
{
	struct switch_state *s = c->state;

	s->pending = vswitch_arm(s->sw, s->ran);
	s->ran = 0;
	report_faults(c, s);
	return s->pending != 0;
}

const struct component_ops switch_ops = {
	.kind = SYS_SWITCH,
	.name = "switch",
	.state_size = sizeof(struct switch_state),
	.init = switch_init,
	.notified = switch_notified,
	.run = switch_run,
	.arm = switch_arm,
};
