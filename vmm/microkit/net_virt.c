/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The network virtualisers of a card as a Microkit PD: one direction, or both.
 *
 *	driver	-->  rx  -->  switch port's ingress
 *	driver	<--  tx  <--  switch port's egress
 *
 * In one PD both directions share the channels and a round rings each at most
 * once.  Nothing else is shared.
 *
 * The control channel means "look at your link pages"; the PD rings it when it
 * has, and when a side has faulted.
 */
#include "virt/net_virt.h"
#include "vmm/microkit/pd.h"

enum { RX, TX, DIRECTIONS };

/*
 * What init() sets.
 * @v:      NULL: this PD has no such direction
 * @faults: by side: how many the monitor has been told of
 */
static struct {
	const struct mk_net_virt *cfg;
	struct net_virt *v[DIRECTIONS];
	uint64_t faults[NET_VIRT_SIDES];
} self;

static const struct mk_virt *direction(unsigned int d)
{
	return d == RX ? &self.cfg->rx : &self.cfg->tx;
}

static struct net_virt_queues get_queues(const struct mk_queues *q)
{
	return (struct net_virt_queues){
		.active = mk_at(q->active),
		.free = mk_at(q->free),
		.capacity = q->capacity,
		.link = mk_at(q->link),
	};
}

static bool make(unsigned int d)
{
	const struct mk_virt *cfg = direction(d);
	const struct net_virt_config config = {
		.source = d == RX ? NET_VIRT_DRIVER : NET_VIRT_SWITCH,
		.driver = get_queues(&cfg->driver),
		.sw = get_queues(&cfg->sw),
		.data = mk_at(cfg->data.addr),
		.data_size = cfg->data.size,
		.buffer_size = cfg->buffer_size,
		.offload = cfg->offload != 0,
		.addresses = (enum net_virt_addresses)cfg->addresses,
		.io = cfg->io,
		.stats = mk_at(cfg->stats),
	};
	char needs[MK_DECIMAL];

	self.v[d] = net_virt_init(mk_at(cfg->memory.addr), cfg->memory.size,
				  &config);
	if (self.v[d] != NULL)
		return true;
	mk_say(d == RX ? "rx" : "tx", " is impossible, or needs ",
	       mk_decimal(needs, net_virt_size(&config)), " bytes of memory",
	       NULL);
	return false;
}

static void ring(unsigned int d, unsigned int sides, uint64_t *rung)
{
	const struct mk_virt *cfg = direction(d);
	const uint32_t channel[NET_VIRT_SIDES] = {
		[NET_VIRT_DRIVER] = cfg->driver.channel,
		[NET_VIRT_SWITCH] = cfg->sw.channel,
	};

	for (unsigned int i = 0; i < NET_VIRT_SIDES; i++)
		if (sides >> i & 1 && channel[i] < MK_CHANNELS)
			*rung |= 1ull << channel[i];
}

/* One round of both directions; whether there is more. */
static bool run(void)
{
	uint64_t rung = 0;
	bool more = false;

	for (unsigned int d = 0; d < DIRECTIONS; d++) {
		unsigned int sides = 0;

		if (self.v[d] == NULL)
			continue;
		more |= net_virt_run(self.v[d], &sides);
		ring(d, sides, &rung);
	}
	while (rung)
		mk_notify(bit_pop(&rung));
	return more;
}

static bool arm(void)
{
	bool more = false;

	for (unsigned int d = 0; d < DIRECTIONS; d++)
		if (self.v[d] != NULL)
			more |= net_virt_arm(self.v[d]);
	return more;
}

static uint64_t faults(unsigned int side)
{
	uint64_t n = 0;

	for (unsigned int d = 0; d < DIRECTIONS; d++)
		if (self.v[d] != NULL)
			n += net_virt_stats(self.v[d])->side[side].faults;
	return n;
}

static void tell_monitor(bool asked)
{
	for (unsigned int i = 0; i < NET_VIRT_SIDES; i++) {
		uint64_t n = faults(i);

		asked |= n != self.faults[i];
		self.faults[i] = n;
	}
	if (asked)
		mk_notify(self.cfg->ctl_channel);
}

static void serve(bool asked)
{
	do {
		while (run())
			;
		tell_monitor(asked);
		asked = false;
	} while (arm());
	tell_monitor(false);
}

void init(void)
{
	self.v[RX] = NULL;
	self.v[TX] = NULL;
	self.faults[NET_VIRT_DRIVER] = 0;
	self.faults[NET_VIRT_SWITCH] = 0;
	self.cfg = mk_config(MK_NET_VIRT, sizeof(*self.cfg));
	if (self.cfg == NULL)
		return;
	if ((self.cfg->rx.present && !make(RX)) ||
	    (self.cfg->tx.present && !make(TX))) {
		self.cfg = NULL;
		return;
	}
	serve(true);
}

void notified(microkit_channel ch)
{
	if (self.cfg != NULL)
		serve(ch == self.cfg->ctl_channel);
}
