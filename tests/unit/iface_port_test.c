/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What nic and tap ports have in common: frames, and what becomes of the
 * interface.  Each test is run for both.
 */
#include "tests/unit/nic_rig.h"
#include "vmm/linux/ports/open.h"

/**
 * struct kind - a kind of port
 * @ifname:  its interface
 * @station: the interface a station behind it uses
 * @rx:      the descriptor frames come from
 * @fds:     how many descriptors it has
 * @flood:   more frames than its buffers and its ring hold, together
 */
struct kind {
	const char *ifname;
	const char *station;
	int (*setup)(void **state);
	int (*teardown)(void **state);
	struct comp *(*start)(void);
	void (*end)(struct comp *rig);
	unsigned int rx;
	unsigned int fds;
	unsigned int flood;
};

static struct kind nic = {
	.ifname = "nic0",
	.station = "far0",
	.setup = nic_setup,
	.teardown = nic_teardown,
	.start = nic_start,
	.end = nic_end,
	.rx = NIC_RX,
	.fds = NIC_FDS,
	.flood = 4000,
};

static struct kind tap = {
	.ifname = "alice0",
	.station = "alice0",
	.setup = tap_setup,
	.teardown = comp_teardown,
	.start = tap_start,
	.end = comp_free,
	.rx = TAP_DEVICE,
	.fds = TAP_FDS,
	.flood = COMP_CAPACITY + 20,
};

static const struct kind *kind;
static struct comp *rig;
static int far;
static uint8_t frame[16384];

static int setup(void **state)
{
	kind = *state;
	rig = NULL;
	far = -1;
	return kind->setup(state);
}

static int teardown(void **state)
{
	if (far >= 0)
		close(far);
	return kind->teardown(state);
}

/* The port runs, and there is a station. */
static void begin(void)
{
	rig = kind->start();
	far = net_station(kind->station);
}

static void say(size_t len, unsigned int which)
{
	comp_frame(frame, len, which);
	net_say(far, frame, len);
}

static void send_out(size_t len, unsigned int which)
{
	comp_frame(frame, len, which);
	assert_true(comp_send(rig, frame, len));
}

/* --- frames ------------------------------------------------------------- */

static void frames_both_ways(void **state)
{
	static const size_t lens[] = { 14, 60, 1514 };

	(void)state;
	begin();
	for (unsigned int i = 0; i < 3; i++) {
		say(lens[i], i);
		net_taken(rig, lens[i], i);
		send_out(lens[i], i);
		net_hears(rig, far, lens[i], i);
	}
	assert_true(comp_rang(rig));
	/* What the port sends does not come back to it. */
	comp_turn(rig);
	assert_int_equal(net_take(rig, frame, sizeof(frame)), 0);
	assert_string_equal(rig->log, "");
}

/*
 * More than there are buffers, and than a run takes: all, in order.  Several
 * times round both rings of a card, in bursts that are no divisor of them.
 */
static void bursts_both_ways(void **state)
{
	(void)state;
	begin();
	for (unsigned int i = 0; i < 5100; i++) {
		say(60 + i % 1400, i);
		if (i % 102 < 101)
			continue;
		for (unsigned int k = i - 101; k <= i; k++)
			net_taken(rig, 60 + k % 1400, k);
	}
	for (unsigned int i = 0; i < 2040; i++) {
		send_out(60 + i % 1400, i);
		if (i % 102 < 101)
			continue;
		for (unsigned int k = i - 101; k <= i; k++)
			net_hears(rig, far, 60 + k % 1400, k);
	}
	assert_int_equal(queue_pending(&rig->rx_free), COMP_CAPACITY);
	assert_string_equal(rig->log, "");
}

/* The kernel takes the outer tag out on reception; it comes back. */
static void vlan_tags_stay(void **state)
{
	static const struct {
		const char *tags;
		size_t n, len;
	} cases[] = {
		{ "\x81\x00\x60\x07", 4, 64 },
		{ "\x81\x00\x00\x00", 4, 64 }, /* priority tag */
		{ "\x88\xa8\x6f\xfe", 4, 64 },
		{ "\x88\xa8\x00\x05\x81\x00\x00\x06", 8, 80 },
		/* 1500 bytes of payload behind the tag. */
		{ "\x81\x00\x00\x07", 4, MAX_FRAME },
	};
	uint8_t got[MAX_FRAME];
	size_t n;

	(void)state;
	begin();
	for (unsigned int i = 0; i < 5; i++) {
		net_tagged(frame, cases[i].tags, cases[i].n, cases[i].len);
		net_say(far, frame, cases[i].len);
		comp_until(rig, (n = comp_take(rig, got, sizeof(got))) > 0);
		assert_int_equal(n, cases[i].len);
		assert_memory_equal(got, frame, n);
	}
	assert_string_equal(rig->log, "");
}

static void hc28_switch_returns_nothing(void **state)
{
	(void)state;
	begin();
	rig->hoard = true;
	for (unsigned int i = 0; i < kind->flood; i++) {
		say(60, i);
		if (i % 10 == 0)
			comp_turn(rig);
	}
	comp_turn(rig);
	/* Nothing left to do it with: not watched, so no spinning. */
	assert_int_equal(queue_pending(&rig->tx_active), COMP_CAPACITY);
	assert_int_equal(comp_watched(rig, kind->rx), 0);
	/* The other direction goes on. */
	send_out(70, 1);
	net_hears(rig, far, 70, 1);
	/* Buffers back: so is everything that waited, then what comes anew. */
	for (unsigned int i = 0; i < COMP_CAPACITY; i++)
		net_taken(rig, 60, i);
	rig->hoard = false;
	for (unsigned int i = 0; i < COMP_CAPACITY; i++) {
		queue_put(&rig->tx_free, i * rig->wire.buffer_size, 0);
		comp_publish(rig, &rig->tx_free);
	}
	for (unsigned int i = COMP_CAPACITY; i < COMP_CAPACITY + 20; i++)
		net_taken(rig, 60, i);
	do
		comp_turn(rig);
	while (net_take(rig, frame, sizeof(frame)) > 0);
	say(61, 5);
	net_taken(rig, 61, 5);
}

static void link_down_and_up(void **state)
{
	(void)state;
	begin();
	comp_link_down(rig);
	comp_turn(rig);
	assert_int_equal(comp_watched(rig, kind->rx), 0);
	comp_link_up(rig);
	comp_turn(rig);
	say(60, 2);
	net_taken(rig, 60, 2);
}

/* --- the interface ------------------------------------------------------ */

static bool says(const char *format)
{
	char words[128];

	snprintf(words, sizeof(words), format, kind->ifname, kind->ifname);
	return comp_logged(rig, words);
}

/* What comes for it meanwhile is dropped, and counted. */
static void drops_everything(void)
{
	for (unsigned int i = 0; i < 3 * COMP_CAPACITY; i++) {
		send_out(60, i);
		comp_turn(rig);
	}
	assert_int_equal(comp_dropped(rig, OUTSIDE_DROP_NOT_UP),
			 3 * COMP_CAPACITY);
}

static void interface_down_and_up(void **state)
{
	(void)state;
	begin();
	comp_until(rig, comp_is(rig, OUTSIDE_UP));
	comp_shell("ip link set %s down", kind->ifname);
	comp_until(rig, comp_is(rig, OUTSIDE_DOWN));
	assert_true(says("interface %s is down: `ip link set %s up`"));
	drops_everything();
	/* Asleep: nothing is ready that nobody takes. */
	assert_int_equal(rig->pd->n_due, 0);
	assert_true(pd_look(rig->pd, 0));
	assert_int_equal(rig->pd->n_due, 0);
	comp_shell("ip link set %s up", kind->ifname);
	comp_until(rig, comp_is(rig, OUTSIDE_UP));
	if (kind == &tap)
		assert_true(read(far, frame, 1) < 0); /* ENETDOWN, once */
	send_out(60, 5);
	net_hears(rig, far, 60, 5);
	say(61, 6);
	net_taken(rig, 61, 6);
	assert_int_equal(comp_dropped(rig, OUTSIDE_DROP_NOT_UP),
			 3 * COMP_CAPACITY);
}

static void begin_again(const int *fds, unsigned int n)
{
	kind->end(rig);
	rig = comp_new(cfg);
	comp_start(rig, fds, (int)n);
	assert_true(comp_is(rig, OUTSIDE_GONE));
}

/* Seen at once, without a frame being sent; said once. */
static void interface_deleted(void **state)
{
	int fds[PD_MAX_FDS];

	(void)state;
	begin();
	comp_shell("ip link del %s", kind->ifname);
	comp_until(rig, comp_is(rig, OUTSIDE_GONE));
	assert_true(says("interface %s is gone"));
	drops_everything();
	assert_null(strstr(strstr(rig->log, "is gone") + 1, "0 is "));
	/* Nothing is watched, so nothing spins. */
	for (unsigned int i = 0; i < kind->fds; i++)
		assert_int_equal(comp_watched(rig, i), 0);
	assert_int_equal(rig->pd->n_due, 0);
	/*
	 * Started again it does not pretend: with dead descriptors, with none.
	 */
	comp_dup_fds(rig, fds);
	begin_again(fds, kind->fds);
	begin_again(fds, 0);
}

#define BOTH(f)                                                                \
	{ "nic: " #f, f, setup, teardown, &nic },                              \
	{                                                                      \
		"tap: " #f, f, setup, teardown, &tap                           \
	}

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(frames_both_ways),	 BOTH(bursts_both_ways),
		BOTH(vlan_tags_stay),	 BOTH(hc28_switch_returns_nothing),
		BOTH(link_down_and_up),	 BOTH(interface_down_and_up),
		BOTH(interface_deleted),
	};

	return cmocka_run_group_tests_name("nic and tap ports", tests,
					   net_setup_veth, NULL);
}
