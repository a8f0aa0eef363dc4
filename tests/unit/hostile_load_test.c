/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a hostile or careless party can do to a switch as a whole: control
 * requests, floods, stalls, borrowed addresses.
 * hostile_test.c says where the other rows are.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/rig.h"
#include "vswitch/ctl.h"

/* The user's policy of this program: looks where a careless one would. */
static bool policy_watching;
static unsigned int times_asked;

bool policy_user(const struct frame *frame, unsigned int src, unsigned int dst,
		 const struct policy_words *words)
{
	(void)words;
	(void)src;
	(void)dst;
	if (!policy_watching)
		return true;
	times_asked++;
	for (unsigned int i = frame->snap; i < FRAME_SNAP; i++)
		assert_int_equal(frame->bytes[i], 0);
	assert_int_equal(frame->snap,
			 frame->len < FRAME_SNAP ? frame->len : FRAME_SNAP);
	/* An IPv4 protocol field, without a look at the length. */
	return frame->bytes[23] != 17;
}

static bool broadcast(struct rig *r, unsigned int port, uint64_t src)
{
	uint8_t frame[60];

	rig_frame(frame, MAC_BROADCAST, src, sizeof(frame));
	if (!rig_send(r, port, frame, sizeof(frame)))
		return false;
	rig_run(r, RIG_BIT(port));
	return true;
}

static int where(struct rig *r, uint64_t mac)
{
	return fdb_lookup(vswitch_fdb(r->sw), mac, 0,
			  (uint32_t)(r->now / 1000000000ull));
}

/* --- hc14, hc23: control ------------------------------------------------ */

static void check_reply(const struct vswitch_ctl_request *q,
			const struct vswitch_ctl_reply *a)
{
	assert_int_equal(atomic_load(&a->seq), atomic_load(&q->seq));
	assert_in_range(-a->status, 0, 200);
	assert_in_range(a->count, 0, CTL_FDB_ENTRIES);
	if (q->op < CTL_TRACE || q->op > CTL_FDB_FLUSH)
		assert_int_equal(a->status, -EINVAL);
	else if (q->op != CTL_FDB && q->port >= MAX_PORTS)
		assert_int_equal(a->status, -EINVAL);
	else if (q->op == CTL_TRACE && q->port >= 3)
		assert_int_equal(a->status, -EINVAL);
}

static void hc14_control_requests_are_checked(void **state)
{
	static const uint32_t odd[] = { 0,	    1,	      2,	 3,
					4,	    63,	      64,	 65,
					128,	    1024,     65535,	 65536,
					0x7fffffff, 1u << 31, 0xffffffff };
	struct vswitch_ctl_request *q = calloc(1, sizeof(*q));
	struct vswitch_ctl_reply *a = calloc(1, sizeof(*a));
	struct rig *r = rig_clients(3);
	uint32_t seq = 0;
	uint32_t x = 7;

	(void)state;
	assert_non_null(q);
	assert_non_null(a);
	assert_false(vswitch_ctl(r->sw, q, a, NULL, r->now));
	rig_teach(r, 1, RIG_MAC(1));
	for (unsigned int i = 0; i < 15 * 15 * 15 * 6; i++) {
		q->op = i % 6 == 5 ? odd[i / 6 % 15] : i % 6;
		q->port = odd[i / 6 % 15];
		q->len = odd[i / 90 % 15];
		q->cursor = odd[i / 1350 % 15];
		for (unsigned int k = 0; k < FRAME_SNAP; k++)
			q->header[k] = (uint8_t)((x = x * 69069 + 1) >> 24);
		atomic_store(&q->seq, ++seq);
		assert_true(vswitch_ctl(r->sw, q, a, NULL, r->now));
		check_reply(q, a);
		/* The same request is not answered twice. */
		assert_false(vswitch_ctl(r->sw, q, a, NULL, r->now));
	}
	/* Tracing has taught and counted nothing. */
	assert_int_equal(r->stats->learned, 1);
	assert_int_equal(rig_all_drops(r), 0);
	assert_true(broadcast(r, 0, RIG_MAC(9)));
	assert_int_equal(rig_drain(r, 1), 1);
	rig_free(r);
	free(q);
	free(a);
}

/* A monitor that follows the cursor sees every entry once. */
static void hc14_a_long_table_is_told_in_parts(void **state)
{
	struct vswitch_ctl_request *q = calloc(1, sizeof(*q));
	struct vswitch_ctl_reply *a = calloc(1, sizeof(*a));
	struct rig *r = rig_clients(3);
	uint8_t seen[500] = { 0 };
	unsigned int rounds = 0;

	(void)state;
	assert_non_null(q);
	assert_non_null(a);
	for (unsigned int i = 0; i < 500; i++)
		assert_int_equal(fdb_add_static(vswitch_fdb(r->sw), RIG_MAC(i),
						0, 1),
				 0);
	do {
		q->op = CTL_FDB;
		q->cursor = a->cursor;
		atomic_store(&q->seq, ++rounds);
		assert_true(vswitch_ctl(r->sw, q, a, NULL, r->now));
		assert_int_equal(a->status, 0);
		for (unsigned int i = 0; i < a->count; i++)
			seen[a->entry[i].mac & 0xffff]++;
		assert_in_range(rounds, 1, 20);
	} while (a->more);
	for (unsigned int i = 0; i < 500; i++)
		assert_int_equal(seen[i], 1);
	rig_free(r);
	free(q);
	free(a);
}

static void hc23_port_numbers_beyond_the_table(void **state)
{
	struct rig *r = rig_clients(2);
	struct vswitch_port_config config = r->port[0].config;
	struct vswitch_verdict verdict;
	uint8_t header[FRAME_SNAP] = { 0 };
	uint64_t ring = 0;

	(void)state;
	for (unsigned int port = 64; port < 2000; port++) {
		assert_int_equal(vswitch_add_port(r->sw, port, &config),
				 -EINVAL);
		assert_int_equal(vswitch_trace(r->sw, port, header, 60,
					       (struct offload){ 0 }, r->now,
					       &verdict),
				 -EINVAL);
	}
	assert_int_equal(vswitch_add_port(r->sw, UINT32_MAX, &config), -EINVAL);
	assert_int_equal(vswitch_add_port(r->sw, 1, &config), -EEXIST);
	for (unsigned int port = 2; port < 64; port++)
		assert_int_equal(vswitch_trace(r->sw, port, header, 60,
					       (struct offload){ 0 }, r->now,
					       &verdict),
				 -EINVAL);
	/* Notified for ports that do not exist. */
	assert_int_equal(vswitch_run(r->sw, UINT64_MAX, r->now, &ring) &
				 ~(RIG_BIT(0) | RIG_BIT(1)),
			 0);
	assert_int_equal(vswitch_arm(r->sw, UINT64_MAX), 0);
	assert_int_equal(vswitch_ports(r->sw), 3);
	assert_int_equal(ring & ~3ull, 0);
	rig_free(r);
}

/* --- hc15: notifications ------------------------------------------------ */

static void hc15_notifications_without_cause(void **state)
{
	struct rig *r = rig_clients(3);

	(void)state;
	for (unsigned int i = 0; i < 20000; i++) {
		uint64_t ring = 0;

		assert_int_equal(vswitch_run(r->sw, RIG_BIT(0), r->now, &ring),
				 0);
		assert_int_equal(ring, 0);
	}
	/* A busy port does not keep another's frame from the same round. */
	for (unsigned int i = 0; i < 16; i++)
		rig_send_raw(r, 0, UINT64_MAX, 60);
	assert_true(broadcast(r, 1, RIG_MAC(1)));
	assert_int_equal(rig_drain(r, 2), 1);
	rig_free(r);
}

/* One port full, one frame at another: served after one visit's budget. */
static void hc15_ports_are_served_in_turn(void **state)
{
	const struct rig_options big = { .buffers = 4096,
					 .buffer_size = 128,
					 .max_frame = 100 };
	struct rig *r = rig_clients(3);
	uint8_t frame[60];
	uint64_t ring = 0;

	(void)state;
	rig_add(r, 4, &big);
	rig_frame(frame, RIG_MAC(2), RIG_MAC(4), sizeof(frame));
	for (unsigned int i = 0; i < 4096; i++)
		assert_true(rig_send(r, 4, frame, sizeof(frame)));
	rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), sizeof(frame));
	assert_true(rig_send(r, 1, frame, sizeof(frame)));
	vswitch_run(r->sw, RIG_BIT(4) | RIG_BIT(1), r->now, &ring);
	assert_int_equal(rig_drain(r, 2), 1);
	assert_int_equal(r->stats->port[4].in_frames, VSWITCH_BUDGET);
	rig_free(r);
}

/* A receiver with one buffer a round: no sender has it every time. */
static void hc15_scarce_buffers_go_round(void **state)
{
	struct rig *r = rig_clients(4);
	unsigned int served[3] = { 0 };
	unsigned int sender;
	uint16_t len;

	(void)state;
	for (unsigned int i = 0; i < 16; i++) {
		assert_true(broadcast(r, 0, RIG_MAC(1)));
		assert_int_not_equal(rig_take(r, 3, &len), RIG_NO_BUFFER);
	}
	for (unsigned int round = 0; round < 300; round++) {
		uint8_t frame[60];
		uint64_t ring = 0;

		rig_lend(r, 3, 0);
		for (unsigned int i = 0; i < 3; i++) {
			rig_frame(frame, MAC_BROADCAST, RIG_MAC(1 + i), 60);
			assert_true(rig_send(r, i, frame, 60));
		}
		vswitch_run(r->sw, 7, r->now, &ring);
		for (unsigned int i = 0; i < 3; i++)
			rig_drain(r, i);
		assert_int_equal(rig_take(r, 3, &len), 0);
		sender = rig_buffer(r, 3, 0)[11];
		assert_in_range(sender, 1, 3);
		served[sender - 1]++;
	}
	for (unsigned int i = 0; i < 3; i++)
		assert_in_range(served[i], 50, 200);
	rig_free(r);
}

/* --- hc17: borrowed addresses ------------------------------------------- */

static void hc17_a_source_lock_holds_on_every_port(void **state)
{
	struct rig *r = rig_clients(4);

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		rig_lock(r, i, RIG_MAC(i + 1));
	for (unsigned int i = 0; i < 4; i++)
		for (unsigned int mac = 1; mac <= 6; mac++) {
			unsigned int next = (i + 1) % 4;
			bool own = mac == i + 1;
			uint64_t drops = rig_drops(r, i, REASON_MAC_LOCK);

			assert_true(broadcast(r, i, RIG_MAC(mac)));
			assert_int_equal(rig_drain(r, next), own);
			rig_drain(r, (i + 2) % 4);
			rig_drain(r, (i + 3) % 4);
			assert_int_equal(rig_drops(r, i, REASON_MAC_LOCK),
					 drops + !own);
		}
	/* Nothing was learned from a refused frame. */
	assert_int_equal(r->stats->learned, 4);
	assert_int_equal(r->stats->moved, 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(where(r, RIG_MAC(i + 1)), i);
	rig_free(r);
}

/* A pinned address sent from another port neither moves nor passes. */
static void hc17_pinned_addresses_are_not_stolen(void **state)
{
	const struct rig_options sticky = { .sticky = true };
	struct rig *r = rig_clients(2);

	(void)state;
	rig_add(r, 2, &sticky);
	rig_allow(r, 2, 1);
	rig_teach(r, 2, RIG_MAC(3));
	assert_int_equal(fdb_add_static(vswitch_fdb(r->sw), RIG_MAC(5), 0, 1),
			 0);
	assert_true(broadcast(r, 0, RIG_MAC(3)));
	assert_true(broadcast(r, 0, RIG_MAC(5)));
	assert_int_equal(rig_drain(r, 1), 0);
	assert_int_equal(rig_drops(r, 0, REASON_STATION_PINNED), 2);
	assert_int_equal(where(r, RIG_MAC(3)), 2);
	assert_int_equal(where(r, RIG_MAC(5)), 1);
	rig_free(r);
}

/* --- hc18: what a policy is shown --------------------------------------- */

static void hc18_a_short_frame_shows_a_policy_no_stale_bytes(void **state)
{
	struct rig *r = rig_clients(2);
	uint8_t frame[128];

	(void)state;
	policy_watching = true;
	times_asked = 0;
	for (uint16_t len = 128; len >= 14; len--) {
		rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), 128);
		frame[23] = 17;
		assert_true(rig_send(r, 0, frame, len));
		rig_run(r, RIG_BIT(0));
		/* The byte that condemns it is part of it, or is not there. */
		assert_int_equal(rig_drain(r, 1), len < 24);
	}
	policy_watching = false;
	assert_int_equal(times_asked, 115);
	assert_int_equal(rig_drops(r, 0, REASON_POLICY), 105);
	rig_free(r);
}

/* --- hc19, hc28, hc29: receivers that do not receive -------------------- */

static void hc19_a_full_receiver_resumes(void **state)
{
	struct rig *r = rig_clients(2);

	(void)state;
	for (unsigned int round = 1; round <= 5; round++) {
		for (unsigned int i = 0; i < 40; i++)
			assert_true(broadcast(r, 0, RIG_MAC(1)));
		assert_int_equal(rig_drops(r, 1, REASON_NO_BUFFER), 24 * round);
		assert_int_equal(rig_drain(r, 1), 16);
		assert_true(broadcast(r, 0, RIG_MAC(1)));
		assert_int_equal(rig_drain(r, 1), 1);
	}
	rig_free(r);
}

static void hc28_a_stalled_receiver_costs_nobody_else(void **state)
{
	struct rig *r = rig_clients(4);

	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		assert_true(broadcast(r, i % 2, RIG_MAC(1 + i % 2)));
		assert_int_equal(rig_drain(r, 3), 1);
		assert_int_equal(rig_drain(r, !(i % 2)), 1);
		assert_int_equal(rig_reap(r, i % 2), 1);
	}
	/* Port 2 never took one. */
	assert_int_equal(rig_drops(r, 2, REASON_NO_BUFFER), 1000 - 16);
	assert_int_equal(rig_all_drops(r), 1000 - 16);
	assert_int_equal(rig_drain(r, 2), 16);
	rig_free(r);
}

/* Takes everything, gives nothing back, and does not look at its own returns:
 * the others do not notice. */
static void hc29_a_hoarder_starves_itself(void **state)
{
	struct rig *r = rig_clients(3);
	uint16_t len;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		assert_true(broadcast(r, 0, RIG_MAC(1)));
		assert_int_equal(rig_drain(r, 1), 1);
		rig_take(r, 2, &len);
	}
	assert_int_equal(r->stats->port[2].out_frames, 16);
	assert_int_equal(r->stats->port[1].out_frames, 1000);
	assert_int_equal(rig_drops(r, 1, REASON_NO_BUFFER), 0);
	rig_free(r);
}

/* Lends for ever and takes nothing: what waits for it is not written over. */
static void hc29_a_receiver_that_only_lends(void **state)
{
	struct rig *r = rig_clients(3);
	struct rig_port *p = &r->port[2];

	(void)state;
	for (unsigned int i = 0; i < 200; i++) {
		assert_true(broadcast(r, 0, RIG_MAC(1)));
		assert_int_equal(rig_drain(r, 1), 1);
		if (queue_room(&p->rx_free) > 0)
			rig_lend(r, 2, 15);
		assert_in_range(queue_pending(&p->rx_active), 1, 16);
	}
	for (unsigned int i = 0; i < 16; i++)
		assert_int_equal(queue_peek(&p->rx_active, i).io_or_offset,
				 i * 2048ull);
	assert_int_equal(rig_drops(r, 2, REASON_NO_BUFFER), 200 - 16);
	assert_int_equal(p->page.epoch, 1);
	assert_int_equal(r->stats->port[2].state, PORT_UP);
	rig_free(r);
}

/* A sender that leaves its returned buffers lying about. */
static void hc29_a_sender_that_never_reaps(void **state)
{
	struct rig *r = rig_clients(3);

	(void)state;
	for (unsigned int i = 0; i < 100; i++)
		for (unsigned int k = 0; k < 16; k++) {
			rig_send_raw(r, 0, k * 2048ull, 60);
			rig_run(r, RIG_BIT(0));
		}
	assert_true(broadcast(r, 1, RIG_MAC(1)));
	assert_int_equal(rig_drain(r, 2), 1);
	assert_int_equal(r->stats->port[1].state, PORT_UP);
	rig_free(r);
}

/* --- hc21: address floods ----------------------------------------------- */

static void flood(uint32_t capacity, uint32_t count)
{
	const struct fdb_config fdb = { .capacity = capacity,
					.ageing = 300,
					.seed = 99 };
	struct rig *r = rig_new(&fdb);

	for (unsigned int i = 0; i < 3; i++)
		rig_add(r, i, NULL);
	rig_allow(r, 0, 1);
	for (unsigned int i = 0; i < capacity / 8; i++)
		rig_teach(r, 1 + i % 2, RIG_MAC(0x100000 + i));
	for (uint32_t i = 0; i < count; i++) {
		assert_true(broadcast(r, 0, RIG_MAC(0x200000 + i)));
		rig_drain(r, 1);
		r->now += 1000000;
	}
	assert_in_range(fdb_count(vswitch_fdb(r->sw)), 1, capacity);
	for (unsigned int i = 0; i < capacity / 8; i++)
		assert_int_equal(where(r, RIG_MAC(0x100000 + i)), 1 + i % 2);
	assert_int_equal(r->stats->learned + r->stats->not_learned,
			 count + capacity / 8);
	rig_free(r);
}

static void hc21_address_floods_hit_their_own_port(void **state)
{
	(void)state;
	/* 1 ms a frame: within the ageing time. */
	flood(1024, 100000);
	flood(64, 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc14_control_requests_are_checked),
		cmocka_unit_test(hc14_a_long_table_is_told_in_parts),
		cmocka_unit_test(hc23_port_numbers_beyond_the_table),
		cmocka_unit_test(hc15_notifications_without_cause),
		cmocka_unit_test(hc15_ports_are_served_in_turn),
		cmocka_unit_test(hc15_scarce_buffers_go_round),
		cmocka_unit_test(hc17_a_source_lock_holds_on_every_port),
		cmocka_unit_test(hc17_pinned_addresses_are_not_stolen),
		cmocka_unit_test(
			hc18_a_short_frame_shows_a_policy_no_stale_bytes),
		cmocka_unit_test(hc19_a_full_receiver_resumes),
		cmocka_unit_test(hc28_a_stalled_receiver_costs_nobody_else),
		cmocka_unit_test(hc29_a_hoarder_starves_itself),
		cmocka_unit_test(hc29_a_receiver_that_only_lends),
		cmocka_unit_test(hc29_a_sender_that_never_reaps),
		cmocka_unit_test(hc21_address_floods_hit_their_own_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
