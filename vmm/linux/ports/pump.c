/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pump: see pump.h.
 */
#include "vmm/linux/ports/pump.h"

#include <stdarg.h>
#include <stdio.h>

int pump_init(struct component *c, const struct pump_ops *ops)
{
	struct pump *p = c->state;
	int result = pd_client(c, &p->client);

	if (result != 0)
		return result;
	/* Not as the one before left it. */
	outside_by(c->outside, OUTSIDE_PATH_ONLY);
	outside_shares(c->outside, 0);
	net_rx_reserve(p->client, pd_frames_between_runs(c));
	p->ops = ops;
	p->readable = true;
	p->writable = true;
	p->expected = PUMP_FEW;
	return 0;
}

/* Look at the link; true if frames can flow. */
static bool link_usable(struct pump *p)
{
	enum net_client_state state = net_client_state(p->client);
	uint64_t resets = net_client_counters(p->client).resets;

	if (resets != p->resets || state != NET_CLIENT_UP) {
		p->resets = resets;
		p->held_count = 0;
		p->starved = false;
	}
	return state == NET_CLIENT_UP;
}

/* Switch to outside. */
static bool pump_out(struct pump *p, struct component *c)
{
	unsigned int done;

	if (!p->writable) {
		net_rx_lend(p->client);
		return false;
	}
	if (p->held_count == 0) {
		p->held_first = 0;
		p->held_count = net_rx_burst(p->client, p->held, PUMP_BURST);
		if (p->held_count == 0)
			return false;
	}
	done = p->ops->send(c, p->held + p->held_first, p->held_count);
	net_rx_release(p->client, p->held + p->held_first, done);
	p->held_first += done;
	p->held_count -= done;
	if (p->held_count > 0)
		p->writable = false;
	return p->writable;
}

/* Outside to switch. */
static bool pump_in(struct pump *p, struct component *c)
{
	struct net_buffer buffers[PUMP_BURST];
	unsigned int have;
	unsigned int filled;

	if (!p->readable)
		return false;
	have = net_tx_alloc(p->client, buffers, p->expected);
	p->starved = have == 0;
	if (p->starved)
		return false;
	filled = p->ops->receive(c, buffers, have);
	p->expected = filled == have ? PUMP_BURST : PUMP_FEW;
	if (filled > 0)
		net_tx_burst(p->client, buffers, filled);
	if (filled < have)
		net_tx_cancel(p->client, buffers + filled, have - filled);
	return p->readable;
}

bool pump_run(struct component *c, uint64_t now_ns)
{
	struct pump *p = c->state;
	bool out, in;

	(void)now_ns;
	if (!link_usable(p))
		return false;
	out = pump_out(p, c);
	in = pump_in(p, c);
	if (net_client_must_notify(p->client))
		pd_ring(c, c->cfg->wire.channel);
	return out || in;
}

bool pump_arm(struct component *c)
{
	struct pump *p = c->state;
	bool usable = link_usable(p);
	bool in = usable && !p->starved;
	bool out = usable && !p->writable;

	if (in != p->watch_in || out != p->watch_out) {
		p->watch_in = in;
		p->watch_out = out;
		p->ops->watch(c, in, out);
	}
	/* Also while down: the client arms what it waits for. */
	return net_client_arm(p->client, p->writable, p->starved);
}

void pump_drop(struct component *c, enum outside_drop why, uint64_t count,
	       const char *format, ...)
{
	uint64_t total = outside_dropped(c->outside, why, count);
	uint64_t next = 1;
	char text[256];
	va_list args;

	while (next <= total - count)
		next *= 10;
	if (total < next)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	pd_log(c, "%s (%llu so far)", text, (unsigned long long)total);
}
