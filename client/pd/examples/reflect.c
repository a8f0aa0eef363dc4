/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The smallest client PD: sends every frame back to where it came from.
 *
 *	port mirror { program "/path/to/reflect" }
 */
#include <string.h>

#include "client/pd.h"

#define BURST 32u
/* Two addresses of six bytes begin a frame. */
#define MAC ((size_t)6)

/**
 * struct reflect - the program's state
 * @port: its port
 * @full: frames wait for transmit buffers
 */
struct reflect {
	struct net_client *port;
	bool full;
};

static int reflect_init(struct component *c)
{
	struct reflect *s = c->state;

	return pd_client(c, &s->port);
}

/* What is too short for addresses is not sent, as its length stays 0. */
static void answer(struct net_buffer *out, const struct net_buffer *in)
{
	if (in->len < 2 * MAC)
		return;
	memcpy(out->data, in->data + MAC, MAC);
	memcpy(out->data + MAC, in->data, MAC);
	memcpy(out->data + 2 * MAC, in->data + 2 * MAC, in->len - 2 * MAC);
	out->len = in->len;
}

static bool reflect_run(struct component *c, uint64_t now_ns)
{
	struct reflect *s = c->state;
	struct net_buffer in[BURST], out[BURST];
	unsigned int room, n;

	(void)now_ns;
	room = net_tx_alloc(s->port, out, BURST);
	n = net_rx_burst(s->port, in, room);
	s->full = room == 0;
	for (unsigned int i = 0; i < n; i++)
		answer(&out[i], &in[i]);
	net_tx_burst(s->port, out, n);
	net_tx_cancel(s->port, out + n, room - n);
	net_rx_release(s->port, in, n);
	if (net_client_must_notify(s->port))
		pd_ring(c, c->cfg->wire.channel);
	return n > 0;
}

static bool reflect_arm(struct component *c)
{
	struct reflect *s = c->state;

	return net_client_arm(s->port, !s->full, s->full);
}

const struct component_ops program_ops = {
	.kind = SYS_PROGRAM,
	.name = "reflect",
	.state_size = sizeof(struct reflect),
	.init = reflect_init,
	.run = reflect_run,
	.arm = reflect_arm,
};
