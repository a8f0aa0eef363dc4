/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The checker: each frame that must come has come, byte for byte, once, in
 * order and in its VLAN, and no other has.  In the end it prints a table and the
 * verdict.
 *
 * It may say that it has begun, and nothing else: its answers pass because they
 * are replies.  With each it sends a frame that is no reply, which must not
 * arrive.
 */
#include "examples/selftest/selftest.h"

#define BURST 32u

/* What init() sets.  @came: by sender: numbers that came, from 0 on. */
static struct {
	const struct mk_client *cfg;
	struct net_client *port;
	uint64_t came[SENDERS];
	uint64_t again[SENDERS];
	bool begun;
	bool failed;
	bool ended;
} self;

/* By sender. */
static const struct {
	const char *name;
	unsigned int vlan;
	bool restarts;
} sender[SENDERS] = {
	{ "one", 20, false },	  { "two", 10, false },
	{ "rogue", 20, true },	  { "crasher", 20, true },
	{ "flooder", 20, false },
};

static void fail(const char *why, uint64_t who)
{
	if (!self.failed)
		mk_say("FAIL: ", why, " (",
		       who < SENDERS ? sender[who].name : "nobody", ")", NULL);
	self.failed = true;
}

/* Of the flooder any number may come, but never an earlier one. */
static void count(uint64_t who, uint64_t number)
{
	if (who == FLOODER) {
		if (number >= FLOODS)
			fail("a number it never sent", who);
		self.came[who]++;
	} else if (number == self.came[who]) {
		self.came[who]++;
	} else if (number > self.came[who] ||
		   (number > 0 && !sender[who].restarts)) {
		fail("a frame was lost or came twice", who);
	} else {
		self.again[who]++;
	}
}

static bool is_as_sent(const struct net_buffer *in, const struct st_frame *f)
{
	uint8_t want[ST_LONG + ST_TAG];
	uint16_t len = st_write(want, f);

	if (in->len != len)
		return false;
	for (unsigned int i = 0; i < len; i++)
		if (in->data[i] != want[i])
			return false;
	return true;
}

/* Return: the sender. */
static uint64_t check(const struct net_buffer *in)
{
	struct st_frame f = { .dst = CHECKER_MAC,
			      .from_port = PORT_OWN,
			      .to_port = PORT_ALLOWED };
	uint64_t who;

	f.src = mac_load(in->data + 6);
	who = st_sender(f.src);
	if (who >= SENDERS || in->len < ST_SHORT + ST_TAG) {
		fail("a frame of nobody's", who);
		return SENDERS;
	}
	f.len = who == FLOODER ? ST_LONG : ST_SHORT;
	f.vlan = sender[who].vlan;
	f.number = st_number(in->data + ST_TAG);
	if (!is_as_sent(in, &f))
		fail("a frame that must not come, or not like this", who);
	else
		count(who, f.number);
	return who;
}

/* --- answers ------------------------------------------------------------ */

static void write_answer(struct net_buffer *b, uint64_t who, unsigned int port)
{
	const struct st_frame f = {
		.dst = SENDER_MAC + who,
		.src = CHECKER_MAC,
		.number = port == PORT_DENIED ? UINT64_MAX : self.came[who],
		.from_port = port,
		.to_port = PORT_OWN,
		.vlan = sender[who].vlan,
		.len = ST_SHORT,
	};

	b->len = st_write(b->data, &f);
}

static void say_begun(void)
{
	struct net_buffer out[SENDERS];
	unsigned int room = net_tx_alloc(self.port, out, SENDERS);

	for (unsigned int i = 0; i < room; i++)
		write_answer(&out[i], i, PORT_BEGUN);
	net_tx_burst(self.port, out, room);
	self.begun = room > 0;
}

/* No buffer: the next frames are answered for this one, too. */
static void answer(uint64_t who)
{
	struct net_buffer out[2];
	unsigned int room = net_tx_alloc(self.port, out, 2);

	if (room < 2) {
		net_tx_cancel(self.port, out, room);
		return;
	}
	write_answer(&out[0], who, PORT_DENIED);
	write_answer(&out[1], who, PORT_ALLOWED);
	net_tx_burst(self.port, out, 2);
}

/* --- the end ------------------------------------------------------------ */

static void print_table(void)
{
	char came[MK_DECIMAL], again[MK_DECIMAL];

	for (unsigned int i = 0; i < SENDERS; i++)
		mk_say(sender[i].name, ": ", mk_decimal(came, self.came[i]),
		       " of ", i == FLOODER ? "1000" : "5000", " came, ",
		       mk_decimal(again, self.again[i]), " once more", NULL);
}

static void judge(void)
{
	if (self.ended)
		return;
	for (unsigned int i = 0; i < FLOODER; i++)
		if (self.came[i] < FRAMES)
			return;
	/* Its rate let some through, and not all. */
	if (self.came[FLOODER] == 0 || self.came[FLOODER] >= FLOODS)
		fail("the rate is not what it should be", FLOODER);
	self.ended = true;
	print_table();
	mk_say(self.failed ? "selftest: FAIL" : "selftest: PASS", NULL);
}

static void serve(void)
{
	struct net_buffer in[BURST];
	unsigned int n;

	do {
		while ((n = net_rx_burst(self.port, in, BURST)) > 0) {
			uint64_t seen = 0;

			for (unsigned int i = 0; i < n; i++)
				seen |= 1ull << check(&in[i]);
			net_rx_release(self.port, in, n);
			for (unsigned int i = 0; i < SENDERS; i++)
				if (seen >> i & 1)
					answer(i);
		}
		if (!self.begun && net_client_state(self.port) == NET_CLIENT_UP)
			say_begun();
		if (net_client_must_notify(self.port))
			mk_notify(self.cfg->wire.channel);
	} while (net_client_arm(self.port, true, false));
	judge();
}

void init(void)
{
	self.port = NULL;
	self.begun = false;
	self.failed = false;
	self.ended = false;
	memset(self.came, 0, sizeof(self.came));
	memset(self.again, 0, sizeof(self.again));
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
