/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Ports: what may be added, links that come and go, faults, who is notified
 * when, and two switches joined by a link.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/lines.h"
#include "tests/unit/rig.h"

static bool queue_frame(struct rig *r, unsigned int port, uint64_t dst,
			uint64_t src)
{
	uint8_t frame[60];

	rig_frame(frame, dst, src, sizeof(frame));
	return rig_send(r, port, frame, sizeof(frame));
}

static uint64_t send(struct rig *r, unsigned int port, uint64_t dst,
		     uint64_t src)
{
	uint64_t ring;

	assert_true(queue_frame(r, port, dst, src));
	ring = rig_run(r, RIG_BIT(port));
	rig_reap(r, port);
	return ring;
}

/* --- adding ------------------------------------------------------------- */

/* A good configuration with one thing wrong. */
#define REFUSED(wrong)                                                         \
	do {                                                                   \
		struct vswitch_port_config c = good;                           \
                                                                               \
		c.wrong;                                                       \
		assert_int_equal(vswitch_add_port(r->sw, 1, &c), -EINVAL);     \
	} while (0)

static void impossible_ports_are_refused(void **state)
{
	struct rig *r = rig_clients(1);
	struct vswitch_port_config good = r->port[0].config;

	(void)state;
	REFUSED(ingress.active = NULL);
	REFUSED(egress.free = NULL);
	REFUSED(egress.data = NULL);
	REFUSED(ingress.data++);
	REFUSED(ingress.data_size -= 1);
	REFUSED(ingress.data_size = 0);
	REFUSED(ingress.capacity = 12);
	/* Queues that cannot hold every buffer. */
	REFUSED(ingress.capacity = 8);
	REFUSED(egress.buffer_size = 64);
	REFUSED(egress.buffer_size = 3000);
	REFUSED(egress.buffer_size = 2 * VSWITCH_MAX_BUFFER);
	REFUSED(max_frame = 13);
	REFUSED(max_frame = 2049);
	REFUSED(max_frame = 65536 + 60);
	REFUSED(kind = (enum vswitch_port_kind)9);
	REFUSED(fill = (enum vswitch_fill)2);
	REFUSED(fill = VSWITCH_FILL_SDDF; c.kind = VSWITCH_PORT_LINK);
	good.max_frame = 2048 - CAPTURE_HEADROOM + 1;
	REFUSED(kind = VSWITCH_PORT_CAPTURE);
	good.max_frame--;
	assert_int_equal(vswitch_ports(r->sw), 1);
	assert_int_equal(vswitch_add_port(r->sw, 0, &good), -EEXIST);
	assert_int_equal(vswitch_add_port(r->sw, 63, &good), 0);
	assert_true(vswitch_ports(r->sw) == (1 | RIG_BIT(63)));
	rig_free(r);
}

static void a_switch_needs_its_memory(void **state)
{
	struct vswitch_tables t = { .fdb = { 4, 10, 0 },
				    .flows = 16,
				    .groups = 16 };
	size_t size = vswitch_size(&t);
	void *memory = aligned_alloc(64, in_lines(size));
	struct vswitch_stats *stats = malloc(vswitch_stats_size(&t));

	(void)state;
	assert_null(vswitch_init(memory, size - 1, &t, stats));
	assert_non_null(vswitch_init(memory, size, &t, stats));
	t.flows = 0;
	t.groups = 0;
	assert_in_range(vswitch_size(&t), 1, size - 1);
	assert_non_null(vswitch_init(memory, size, &t, stats));
	t.flows = FLOW_MAX_CAPACITY + 1;
	assert_int_equal(vswitch_size(&t), 0);
	t.flows = 0;
	t.groups = MCAST_MAX_GROUPS + 1;
	assert_int_equal(vswitch_size(&t), 0);
	t.groups = 0;
	t.fdb.ageing = 0;
	assert_int_equal(vswitch_size(&t), 0);
	assert_null(vswitch_init(memory, size, &t, stats));
	free(stats);
	free(memory);
}

static void statistics_start_from_zero(void **state)
{
	struct rig *r = rig_clients(2);
	struct vswitch_tables t = { .fdb = { 1024, 300, 1 } };

	(void)state;
	assert_true(r->stats->magic == VSWITCH_STATS_MAGIC);
	assert_int_equal(r->stats->ports, 2);
	send(r, 0, MAC_BROADCAST, RIG_MAC(1));
	assert_int_equal(r->stats->port[0].in_frames, 1);
	assert_int_equal(r->stats->port[0].in_bytes, 60);
	assert_int_equal(r->stats->port[1].out_frames, 1);
	assert_int_equal(r->stats->port[1].out_bytes, 60);
	/* A switch that is restarted over the same region. */
	vswitch_init(r->memory, vswitch_size(&t), &t, r->stats);
	assert_true(r->stats->magic == VSWITCH_STATS_MAGIC);
	assert_int_equal(r->stats->port[0].in_frames, 0);
	assert_int_equal(r->stats->port[0].state, PORT_ABSENT);
	assert_int_equal(r->stats->ports, 0);
	rig_free(r);
}

/* --- links -------------------------------------------------------------- */

static void a_port_is_up_as_soon_as_it_is_added(void **state)
{
	struct rig *r = rig_clients(2);
	struct vswitch_tables t = { .fdb = { 1024, 300, 1 } };
	struct vswitch_port_config config = r->port[1].config;

	(void)state;
	config.link = NULL;
	vswitch_init(r->memory, vswitch_size(&t), &t, r->stats);
	rig_up(r, 0);
	rig_up(r, 1);
	assert_int_equal(vswitch_add_port(r->sw, 0, &r->port[0].config), 0);
	assert_int_equal(vswitch_add_port(r->sw, 1, &config), 0);
	assert_int_equal(r->stats->port[1].state, PORT_UP);
	assert_int_equal(r->stats->port[1].epoch, LINK_EPOCH_ALWAYS);
	rig_allow(r, 0, 1);
	send(r, 0, MAC_BROADCAST, RIG_MAC(1));
	assert_int_equal(rig_drain(r, 1), 1);
	rig_free(r);
}

/* As if it were down. */
static void nobody_is_behind_a_port_that_never_was(void **state)
{
	struct rig *r = rig_clients(2);

	(void)state;
	assert_int_equal(fdb_add_static(vswitch_fdb(r->sw), RIG_MAC(9), 0, 9),
			 0);
	vswitch_policy(r->sw)->port[0].allow = UINT64_MAX;
	send(r, 0, RIG_MAC(9), RIG_MAC(0));
	assert_int_equal(rig_drops(r, 9, REASON_PORT_DOWN), 1);
	assert_int_equal(rig_drain(r, 1), 0);
	send(r, 0, MAC_BROADCAST, RIG_MAC(0));
	assert_int_equal(rig_drain(r, 1), 1);
	assert_int_equal(rig_all_drops(r), 1);
	rig_free(r);
}

/*
 * The client reads in its link page that it is up before the switch has been
 * told, and may have a peer send to it.
 */
static void a_port_hears_what_is_sent_once_its_link_is_up(void **state)
{
	struct rig *r = rig_clients(3);

	(void)state;
	assert_int_equal(fdb_add_static(vswitch_fdb(r->sw), RIG_MAC(2), 0, 2),
			 0);
	for (unsigned int port = 1; port < 3; port++) {
		rig_down(r, port);
		rig_run(r, RIG_BIT(port));
	}
	send(r, 0, RIG_MAC(2), RIG_MAC(0));
	assert_int_equal(rig_drops(r, 2, REASON_PORT_DOWN), 1);
	send(r, 0, MAC_BROADCAST, RIG_MAC(0));
	assert_int_equal(rig_drops(r, 0, REASON_NO_DESTINATION), 1);
	assert_int_equal(r->stats->port[1].state, PORT_DOWN);
	rig_up(r, 1);
	rig_up(r, 2);
	send(r, 0, RIG_MAC(2), RIG_MAC(0));
	assert_int_equal(rig_drain(r, 2), 1);
	send(r, 0, MAC_BROADCAST, RIG_MAC(0));
	assert_int_equal(rig_drain(r, 1), 1);
	assert_int_equal(rig_drain(r, 2), 1);
	assert_int_equal(rig_all_drops(r), 2);
	rig_free(r);
}

static void without_a_link_page_a_fault_is_for_good(void **state)
{
	struct rig *r = rig_clients(1);
	struct vswitch_port_config config;

	(void)state;
	rig_add(r, 1, NULL);
	config = r->port[1].config;
	config.link = NULL;
	rig_up(r, 1);
	assert_int_equal(vswitch_add_port(r->sw, 5, &config), 0);
	rig_teach(r, 0, RIG_MAC(7));
	atomic_store(&config.ingress.active->tail, 30000);
	rig_run(r, RIG_BIT(5));
	assert_true(vswitch_faulted(r->sw) == RIG_BIT(5));
	atomic_store(&config.ingress.active->tail, 0);
	for (unsigned int i = 0; i < 5; i++)
		rig_run(r, RIG_BIT(5));
	assert_int_equal(vswitch_arm(r->sw, RIG_BIT(5)), 0);
	assert_true(vswitch_faulted(r->sw) == RIG_BIT(5));
	assert_int_equal(r->stats->port[5].state, PORT_FAULT);
	assert_int_equal(r->stats->port[5].faults, 1);
	rig_free(r);
}

/* --- who is notified ---------------------------------------------------- */

static void peers_that_sleep_are_rung_once(void **state)
{
	struct rig *r = rig_clients(3);

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		queue_disarm(&r->port[i].tx_free);
		queue_disarm(&r->port[i].rx_active);
	}
	assert_int_equal(send(r, 0, MAC_BROADCAST, RIG_MAC(0)), 0);
	assert_int_equal(rig_drain(r, 1), 1);
	assert_int_equal(rig_drain(r, 2), 1);
	queue_arm(&r->port[1].rx_active);
	assert_int_equal(send(r, 0, MAC_BROADCAST, RIG_MAC(0)), 0x2);
	assert_int_equal(send(r, 0, MAC_BROADCAST, RIG_MAC(0)), 0);
	/* Buffers that come back are news only to who waits for them. */
	queue_arm(&r->port[0].tx_free);
	assert_int_equal(send(r, 0, MAC_BROADCAST, RIG_MAC(0)), 0x1);
	assert_int_equal(send(r, 0, MAC_BROADCAST, RIG_MAC(0)), 0);
	rig_free(r);
}

static void the_switch_asks_to_be_notified_by_frames_alone(void **state)
{
	struct rig *r = rig_clients(2);
	struct rig_port *p = &r->port[0];

	(void)state;
	assert_int_equal(vswitch_arm(r->sw, 3), 0);
	assert_true(queue_must_notify(&p->tx_active));
	assert_false(queue_must_notify(&p->rx_free));
	/* Between arming and sleeping something came. */
	queue_frame(r, 0, MAC_BROADCAST, RIG_MAC(0));
	assert_int_equal(vswitch_arm(r->sw, 3), 0x1);
	assert_false(queue_must_notify(&p->tx_active));
	rig_run(r, 1);
	/* Polled without having been notified: it says that it is awake. */
	assert_int_equal(vswitch_arm(r->sw, 3), 0);
	queue_frame(r, 0, MAC_BROADCAST, RIG_MAC(0));
	rig_run(r, 1);
	assert_false(queue_must_notify(&p->tx_active));
	/* A new epoch is something, too. */
	assert_int_equal(vswitch_arm(r->sw, 3), 0);
	rig_down(r, 1);
	assert_int_equal(vswitch_arm(r->sw, 3), 0x2);
	rig_free(r);
}

/* --- what a cheating peer loses ----------------------------------------- */

static void buffers_nobody_makes_room_for_are_counted(void **state)
{
	struct rig *r = rig_clients(2);

	(void)state;
	for (unsigned int i = 0; i < 16; i++)
		queue_frame(r, 0, MAC_BROADCAST, RIG_MAC(0));
	rig_run(r, 1);
	/* It sends them again without having taken them back. */
	for (unsigned int i = 0; i < 5; i++)
		rig_send_raw(r, 0, i * 2048ull, 60);
	rig_run(r, 1);
	assert_int_equal(r->stats->port[0].unreturned, 5);
	assert_int_equal(r->stats->port[0].in_frames, 21);
	assert_int_equal(r->stats->port[0].state, PORT_UP);
	assert_int_equal(rig_reap(r, 0), 16);
	rig_free(r);
}

static void a_full_egress_queue_is_no_buffer(void **state)
{
	struct rig *r = rig_clients(2);

	(void)state;
	for (unsigned int i = 0; i < 16; i++)
		send(r, 0, MAC_BROADCAST, RIG_MAC(0));
	/* It lends all once more, while all lie unread on the queue. */
	for (unsigned int i = 0; i < 16; i++)
		rig_lend(r, 1, i);
	send(r, 0, MAC_BROADCAST, RIG_MAC(0));
	assert_int_equal(rig_drops(r, 1, REASON_NO_BUFFER), 1);
	assert_int_equal(r->stats->port[1].state, PORT_UP);
	assert_int_equal(rig_take(r, 1, &(uint16_t){ 0 }) == RIG_NO_BUFFER,
			 false);
	send(r, 0, MAC_BROADCAST, RIG_MAC(0));
	assert_int_equal(r->stats->port[1].out_frames, 17);
	rig_free(r);
}

static void wild_buffers_do_not_cost_the_frame(void **state)
{
	struct rig *r = rig_clients(2);
	struct rig_port *p = &r->port[1];
	uint16_t len;

	(void)state;
	for (unsigned int i = 0; i < 16; i++)
		send(r, 0, MAC_BROADCAST, RIG_MAC(0));
	for (unsigned int i = 0; i < 16; i++)
		rig_take(r, 1, &len);
	for (unsigned int i = 0; i < 3; i++)
		queue_put(&p->rx_free, 1 + i, 0);
	queue_publish(&p->rx_free);
	rig_lend(r, 1, 0);
	send(r, 0, MAC_BROADCAST, RIG_MAC(0));
	assert_int_equal(rig_drain(r, 1), 1);
	assert_int_equal(rig_drops(r, 1, REASON_BAD_FREE), 3);
	assert_int_equal(rig_drops(r, 1, REASON_NO_BUFFER), 0);
	rig_free(r);
}

/* --- two switches ------------------------------------------------------- */

/* One direction of the cable: what leaves @from comes in at @to. */
struct cable {
	struct rig *a, *b;
	struct vswitch_half ab, ba;
	struct link_page page;
};

static struct vswitch_half new_half(void)
{
	struct vswitch_half h = { .capacity = 16,
				  .buffer_size = 2048,
				  .data_size = 16 * 2048 };

	h.active = calloc(1, queue_region_size(16));
	h.free = calloc(1, queue_region_size(16));
	h.data = calloc(16, 2048);
	return h;
}

static void free_half(struct vswitch_half *h)
{
	free(h->active);
	free(h->free);
	free(h->data);
}

/* Port 9 of either switch is its end; port 0 and 1 are clients. */
static void plug(struct cable *c)
{
	struct vswitch_port_config config = { .kind = VSWITCH_PORT_LINK,
					      .max_frame = 1518,
					      .link = &c->page };

	c->a = rig_clients(2);
	c->b = rig_clients(2);
	c->ab = new_half();
	c->ba = new_half();
	atomic_store(&c->page.epoch, 1);
	config.egress = c->ab;
	config.ingress = c->ba;
	assert_int_equal(vswitch_add_port(c->a->sw, 9, &config), 0);
	config.egress = c->ba;
	config.ingress = c->ab;
	assert_int_equal(vswitch_add_port(c->b->sw, 9, &config), 0);
	for (unsigned int i = 0; i < 2; i++) {
		rig_allow(c->a, i, 9);
		rig_allow(c->a, 9, i);
		rig_allow(c->b, i, 9);
		rig_allow(c->b, 9, i);
	}
}

static void unplug(struct cable *c)
{
	rig_free(c->a);
	rig_free(c->b);
	free_half(&c->ab);
	free_half(&c->ba);
}

static void frames_cross_a_chain_of_switches(void **state)
{
	struct cable c = { 0 };

	(void)state;
	plug(&c);
	/* Far more frames than the cable has buffers. */
	for (unsigned int i = 0; i < 300; i++) {
		uint64_t dst = i == 0 ? MAC_BROADCAST : RIG_MAC(0xb);

		send(c.a, 0, dst, RIG_MAC(0xa));
		rig_run(c.b, RIG_BIT(9));
		assert_int_equal(rig_drain(c.b, 0), 1);
		assert_int_equal(rig_drain(c.b, 1), i == 0);
		send(c.b, 0, RIG_MAC(0xa), RIG_MAC(0xb));
		rig_run(c.a, RIG_BIT(9));
		assert_int_equal(rig_drain(c.a, 0), 1);
		assert_int_equal(rig_drain(c.a, 1), i == 0);
	}
	assert_int_equal(rig_all_drops(c.a) + rig_all_drops(c.b), 0);
	assert_int_equal(fdb_lookup(vswitch_fdb(c.b->sw), RIG_MAC(0xa), 0, 1),
			 9);
	unplug(&c);
}

static void a_slow_switch_drops_and_recovers(void **state)
{
	struct cable c = { 0 };

	(void)state;
	plug(&c);
	for (unsigned int i = 0; i < 50; i++)
		send(c.a, 0, MAC_BROADCAST, RIG_MAC(0xa));
	assert_int_equal(rig_drops(c.a, 9, REASON_NO_BUFFER), 50 - 16);
	rig_run(c.b, RIG_BIT(9));
	assert_int_equal(rig_drain(c.b, 0), 16);
	send(c.a, 0, MAC_BROADCAST, RIG_MAC(0xa));
	rig_run(c.b, RIG_BIT(9));
	assert_int_equal(rig_drain(c.b, 0), 1);
	unplug(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(impossible_ports_are_refused),
		cmocka_unit_test(a_switch_needs_its_memory),
		cmocka_unit_test(statistics_start_from_zero),
		cmocka_unit_test(a_port_is_up_as_soon_as_it_is_added),
		cmocka_unit_test(nobody_is_behind_a_port_that_never_was),
		cmocka_unit_test(a_port_hears_what_is_sent_once_its_link_is_up),
		cmocka_unit_test(without_a_link_page_a_fault_is_for_good),
		cmocka_unit_test(peers_that_sleep_are_rung_once),
		cmocka_unit_test(
			the_switch_asks_to_be_notified_by_frames_alone),
		cmocka_unit_test(buffers_nobody_makes_room_for_are_counted),
		cmocka_unit_test(a_full_egress_queue_is_no_buffer),
		cmocka_unit_test(wild_buffers_do_not_cost_the_frame),
		cmocka_unit_test(frames_cross_a_chain_of_switches),
		cmocka_unit_test(a_slow_switch_drops_and_recovers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
