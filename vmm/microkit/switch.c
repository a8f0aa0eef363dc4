/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A switch as a Microkit PD.
 *
 * The switch (vswitch/) knows ports and time; this gives it memory, turns
 * channels into ports and back, and reads the control mailbox.
 *
 * A wake-up is for all ports, see pd.h.  A later call of the same wake-up finds
 * the port's queue still armed and does nothing: an honest peer disarms it
 * before it rings.  A peer that rings and leaves it armed has to wait for the
 * next wake-up, and so hurts itself.
 *
 * The control channel means "look at your link pages and your mailbox".  The
 * switch always rings back when it has, so that the monitor never waits in
 * vain; and when the set of faulted ports or the count of disputed addresses
 * has changed.
 *
 * While there is work, notified() does not return.  So each few runs it looks
 * at all ports and at the mailbox: a port that always has more keeps neither
 * another port nor the monitor waiting.
 */
#include "base/bits.h"
#include "vmm/microkit/pd.h"
#include "vswitch/ctl.h"
#include "vswitch/vswitch.h"

/* Runs for ports that have more, between two looks at all of them. */
#define RUNS_PER_LOOK 16u

/*
 * What init() sets.
 * @sw:      NULL: there is nothing to run
 * @told_faulted, @told_disputes: what the monitor has been told
 * @due:     when the timer will wake us
 */
static struct {
	const struct mk_switch *cfg;
	struct vswitch *sw;
	uint64_t told_faulted;
	uint64_t told_disputes;
	uint64_t due;
} self;

static struct vswitch_half get_half(const struct mk_wire *wire,
				    const struct mk_half *half)
{
	return (struct vswitch_half){
		.active = mk_at(half->active),
		.free = mk_at(half->free),
		.data = mk_at(half->data.addr),
		.data_size = half->data.size,
		.capacity = wire->capacity,
		.buffer_size = wire->buffer_size,
	};
}

static int add_port(unsigned int number)
{
	const struct mk_port *port = &self.cfg->port[number];
	struct vswitch_port_config config = {
		.kind = (enum vswitch_port_kind)port->kind,
		.fill = (enum vswitch_fill)port->fill,
		.ingress = get_half(&port->wire, &port->wire.ingress),
		.egress = get_half(&port->wire, &port->wire.egress),
		.link = mk_at(port->wire.link),
		.max_frame = port->wire.max_frame,
		.offload = port->wire.offload,
		.max_segment = port->wire.max_segment,
		.forward_reserved = port->forward_reserved != 0,
		.sticky = port->sticky != 0,
		.capture_of = port->capture_of,
		.capture_drops = port->capture_drops != 0,
	};

	return vswitch_add_port(self.sw, number, &config);
}

static bool add_ports(void)
{
	char buf[MK_DECIMAL];

	for (unsigned int p = 0; p < self.cfg->n_ports; p++) {
		if (!self.cfg->port[p].present || add_port(p) == 0)
			continue;
		mk_say("port ", mk_decimal(buf, p), " is impossible", NULL);
		return false;
	}
	return true;
}

/* Bytes of an image of this room.  A larger one is refused before it is read. */
static size_t image_size(const struct policy_room *room)
{
	return offsetof(struct policy_image, insn) +
	       policy_room(room).insns * sizeof(struct cbpf_insn);
}

/* Before the ports, so that none is ever up without a policy. */
static bool set_policy(const struct policy_room *room)
{
	enum policy_fault fault;
	char buf[MK_DECIMAL];
	uint32_t at = 0;

	if (self.cfg->policy.size < image_size(room)) {
		mk_say("the policy's region is too small", NULL);
		return false;
	}
	fault = vswitch_set_policy(self.sw, mk_at(self.cfg->policy.addr), &at);
	if (fault == POLICY_FAULT_SOUND)
		return true;
	mk_say("the policy ", policy_fault_text(fault), " (at ",
	       mk_decimal(buf, at), ")", NULL);
	return false;
}

static bool make(void)
{
	const struct mk_switch *cfg = self.cfg;
	const struct vswitch_tables tables = {
		.fdb = { .capacity = cfg->fdb_capacity,
			 .ageing = cfg->fdb_ageing,
			 .seed = cfg->seed ^ mk_ticks() },
		.flows = cfg->flows,
		.groups = cfg->groups,
		.room = { .ports = cfg->room[0],
			  .trunks = cfg->room[1],
			  .rules = cfg->room[2],
			  .entries = cfg->room[3],
			  .insns = cfg->room[4],
			  .programs = cfg->room[5],
			  .prefixes = cfg->room[6],
			  .macs = cfg->room[7],
			  .words = cfg->room[8],
			  .asks = cfg->room[9] },
	};
	size_t size = vswitch_size(&tables);
	char needs[MK_DECIMAL];

	if (size == 0 || cfg->stats.size < vswitch_stats_size(&tables) ||
	    cfg->n_ports > MAX_PORTS) {
		mk_say("tables or ports are out of range, or the statistics' "
		       "region is too small",
		       NULL);
		return false;
	}
	self.sw = vswitch_init(mk_at(cfg->memory.addr), cfg->memory.size,
			       &tables, mk_at(cfg->stats.addr));
	if (self.sw != NULL)
		return set_policy(&tables.room) && add_ports();
	mk_say("its tables need ", mk_decimal(needs, size), " bytes of memory",
	       NULL);
	return false;
}

/* --- running ------------------------------------------------------------ */

static void ring_ports(uint64_t ports)
{
	while (ports) {
		const struct mk_port *port = &self.cfg->port[bit_pop(&ports)];

		mk_notify(port->wire.channel);
		mk_notify(port->egress_channel);
	}
}

/* @asked: the monitor has rung. */
static void tell_monitor(bool asked)
{
	const struct mk_switch *cfg = self.cfg;
	uint64_t faulted = vswitch_faulted(self.sw);
	uint64_t disputes = vswitch_disputes(self.sw);

	if (cfg->request != 0 && cfg->reply != 0)
		asked |= vswitch_ctl(self.sw, mk_at(cfg->request),
				     mk_at(cfg->reply), mk_at(cfg->policy.addr),
				     mk_now());
	if (asked || faulted != self.told_faulted ||
	    disputes != self.told_disputes)
		mk_notify(cfg->ctl_channel);
	self.told_faulted = faulted;
	self.told_disputes = disputes;
}

static void set_alarm(void)
{
	uint64_t due = vswitch_due(self.sw), now;

	if (due == self.due || due == UINT64_MAX)
		return;
	now = mk_now();
	mk_wake_after(self.cfg->timer_channel, due > now ? due - now : 0);
	self.due = due;
}

/* Until no port has more. */
static void serve(bool asked)
{
	uint64_t work = vswitch_ports(self.sw), ran;

	do {
		ran = 0;
		for (unsigned int runs = 1; work; runs++) {
			uint64_t ring = 0;

			ran |= work;
			work = vswitch_run(self.sw, work, mk_now(), &ring);
			ring_ports(ring);
			if (runs % RUNS_PER_LOOK != 0)
				continue;
			tell_monitor(false);
			work |= vswitch_ports(self.sw);
		}
		tell_monitor(asked);
		asked = false;
		work = vswitch_arm(self.sw, ran);
	} while (work);
	/* Arming finds faults, too. */
	tell_monitor(false);
	set_alarm();
}

/* Has somebody put something into a queue that was armed? */
static bool rang(microkit_channel ch)
{
	const struct mk_switch *cfg = self.cfg;

	for (unsigned int p = 0; p < cfg->n_ports; p++) {
		const struct mk_port *port = &cfg->port[p];
		const struct net_queue *q = mk_at(port->wire.ingress.active);

		if (!port->present || q == NULL ||
		    (port->wire.channel != ch && port->egress_channel != ch))
			continue;
		return atomic_load_explicit(&q->consumer_signalled,
					    memory_order_relaxed) != 0;
	}
	/* The control channel, the timer. */
	return true;
}

void init(void)
{
	self.sw = NULL;
	self.told_faulted = 0;
	self.told_disputes = 0;
	self.due = UINT64_MAX;
	self.cfg = mk_config(MK_SWITCH, sizeof(*self.cfg));
	if (self.cfg == NULL)
		return;
	if (!make()) {
		self.sw = NULL;
		return;
	}
	serve(true);
}

void notified(microkit_channel ch)
{
	if (self.sw != NULL && rang(ch))
		serve(ch == self.cfg->ctl_channel);
}
