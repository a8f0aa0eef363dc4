/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A sender: with each frame that must arrive it sends one that the filter
 * refuses and one to a station it may not send to.
 *
 *	args "forges"	half way it publishes an index that cannot be.  That
 *			costs it its link, the monitor stops it, and it begins
 *			anew
 *	args "crashes"	half way it stores where no memory is
 *	args "pours"	it sends what its rate does not allow, and waits for no
 *			answer but the first
 *	args "alone"	the other station is not in its VLAN, where an unknown
 *			one would be looked for at the checker, rightly
 *
 * What it remembers over a restart, which leaves variables as they are, is that
 * it has misbehaved, and what was acknowledged.
 */
#include "examples/selftest/selftest.h"

#define BURST 32u
/* In the first page, which is never mapped. */
#define UNMAPPED 64u

/* Never set by init(). */
static struct {
	uint64_t acked;
	bool misbehaved;
} kept;

/* What init() sets. */
static struct {
	const struct mk_client *cfg;
	struct net_client *port;
	uint64_t sent;
	bool full;
} self;

/* What it does, by the first letter of its arguments. */
enum part {
	PLAIN = '\0',
	ALONE = 'a',
	FORGES = 'f',
	CRASHES = 'c',
	POURS = 'p',
};

static enum part part(void)
{
	return (enum part)self.cfg->args[0];
}

static void take_answer(const struct net_buffer *in)
{
	uint64_t acked = st_number(in->data);

	if (in->len != ST_SHORT || acked > FRAMES)
		mk_say("FAIL: got what is no answer", NULL);
	else if (acked > kept.acked)
		kept.acked = acked;
	else if (kept.acked == 0)
		self.sent = 0;
}

static void take_answers(void)
{
	struct net_buffer in[BURST];
	unsigned int n;

	while ((n = net_rx_burst(self.port, in, BURST)) > 0) {
		for (unsigned int i = 0; i < n; i++)
			take_answer(&in[i]);
		net_rx_release(self.port, in, n);
	}
	/* Frames from before a restart have come after all. */
	if (self.sent < kept.acked)
		self.sent = kept.acked;
}

static void write_one(struct net_buffer *b, uint64_t dst, unsigned int port)
{
	const struct st_frame f = {
		.dst = dst,
		.src = self.cfg->mac,
		.number = self.sent,
		.from_port = PORT_OWN,
		.to_port = port,
		.len = part() == POURS ? ST_LONG : ST_SHORT,
	};

	b->len = st_write(b->data, &f);
}

/* The three frames of one number; false: no buffers. */
static bool send_three(void)
{
	struct net_buffer out[3];
	unsigned int room = net_tx_alloc(self.port, out, 3);

	self.full = room < 3;
	if (self.full) {
		net_tx_cancel(self.port, out, room);
		return false;
	}
	write_one(&out[0], CHECKER_MAC, PORT_DENIED);
	write_one(&out[1], part() == ALONE ? CHECKER_MAC : SHUT_MAC,
		  part() == ALONE ? PORT_DENIED : PORT_ALLOWED);
	write_one(&out[2], CHECKER_MAC, PORT_ALLOWED);
	net_tx_burst(self.port, out, 3);
	self.sent++;
	return true;
}

static void forge(void)
{
	struct net_queue *q = mk_at(self.cfg->wire.ingress.active);

	atomic_store(&q->tail, (uint16_t)(atomic_load(&q->head) + 40000));
	atomic_store(&q->consumer_signalled, 1);
	mk_notify(self.cfg->wire.channel);
}

/* Once, and never again. */
static void misbehave(void)
{
	/* The compiler must not see where it leads. */
	const volatile uint64_t nowhere = UNMAPPED;

	kept.misbehaved = true;
	if (part() == CRASHES)
		*(volatile int *)mk_at(nowhere) = 0;
	forge();
}

static bool may_send(void)
{
	if (kept.acked == 0)
		return self.sent == 0;
	if (part() == POURS)
		return self.sent < FLOODS;
	return self.sent < FRAMES && self.sent - kept.acked < WINDOW;
}

static void serve(void)
{
	do {
		take_answers();
		while (may_send() && send_three())
			;
		if (net_client_must_notify(self.port))
			mk_notify(self.cfg->wire.channel);
		if ((part() == FORGES || part() == CRASHES) &&
		    !kept.misbehaved && kept.acked >= FRAMES / 2)
			misbehave();
	} while (net_client_arm(self.port, true, self.full));
}

void init(void)
{
	self.port = NULL;
	self.sent = kept.acked;
	self.full = false;
	self.cfg = mk_config(MK_CLIENT, sizeof(*self.cfg));
	if (self.cfg == NULL)
		return;
	self.port = mk_client_new(&self.cfg->wire, &self.cfg->memory);
	if (self.port != NULL)
		serve();
}

void notified(microkit_channel ch)
{
	(void)ch;
	if (self.port != NULL)
		serve();
}
