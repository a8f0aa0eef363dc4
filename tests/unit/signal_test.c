/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who is notified of what: the switch rings peers that sleep and no others, and
 * between threads that sleep whenever they can no wake-up is lost.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <semaphore.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/lines.h"
#include "virt/net_client.h"
#include "tests/unit/rig.h"

/* --- one at a time ------------------------------------------------------ */

static uint64_t send_and_run(struct rig *r, unsigned int port, uint64_t dst)
{
	uint8_t frame[60];

	rig_frame(frame, dst, RIG_MAC(port + 1), sizeof(frame));
	assert_true(rig_send(r, port, frame, sizeof(frame)));
	return rig_run(r, RIG_BIT(port));
}

static void arm_rx(struct rig *r, unsigned int port)
{
	assert_int_equal(queue_arm(&r->port[port].rx_active), 0);
}

static void a_sleeping_receiver_is_rung_once(void **state)
{
	struct rig *r = rig_clients(3);

	(void)state;
	/* Fresh queues are armed ones: everybody is rung for something. */
	send_and_run(r, 0, MAC_BROADCAST);
	send_and_run(r, 1, MAC_BROADCAST);
	for (unsigned int i = 0; i < 3; i++)
		rig_drain(r, i);

	assert_int_equal(send_and_run(r, 0, MAC_BROADCAST), 0);
	rig_drain(r, 1);
	rig_drain(r, 2);
	arm_rx(r, 1);
	arm_rx(r, 0);
	assert_int_equal(send_and_run(r, 0, MAC_BROADCAST), RIG_BIT(1));
	assert_int_equal(send_and_run(r, 0, MAC_BROADCAST), 0);
	rig_drain(r, 1);
	rig_drain(r, 2);

	/* Refused frames ring nobody. */
	arm_rx(r, 1);
	arm_rx(r, 2);
	assert_int_equal(send_and_run(r, 0, MAC_RESERVED_BASE), 0);
	rig_free(r);
}

static void a_sender_out_of_buffers_is_rung(void **state)
{
	struct rig *r = rig_clients(2);
	struct queue_consumer *free = &r->port[0].tx_free;

	(void)state;
	send_and_run(r, 0, MAC_BROADCAST);
	rig_reap(r, 0);
	assert_int_equal(send_and_run(r, 0, MAC_BROADCAST), 0);
	rig_reap(r, 0);
	assert_int_equal(queue_arm(free), 0);
	assert_int_equal(send_and_run(r, 0, MAC_BROADCAST), RIG_BIT(0));
	/* Also for frames that went nowhere. */
	rig_reap(r, 0);
	assert_int_equal(queue_arm(free), 0);
	assert_int_equal(send_and_run(r, 0, MAC_RESERVED_BASE), RIG_BIT(0));
	rig_free(r);
}

static void the_switch_asks_to_be_notified_of_frames(void **state)
{
	struct rig *r = rig_clients(2);
	struct queue_producer *active = &r->port[0].tx_active;
	uint8_t frame[60];

	(void)state;
	rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), sizeof(frame));
	assert_int_equal(vswitch_arm(r->sw, 3), 0);
	assert_true(rig_send(r, 0, frame, sizeof(frame)));
	assert_true(queue_must_notify(active));
	rig_run(r, RIG_BIT(0));
	/* Awake until it arms. */
	assert_true(rig_send(r, 0, frame, sizeof(frame)));
	assert_false(queue_must_notify(active));
	assert_int_equal(vswitch_arm(r->sw, 3), RIG_BIT(0));
	assert_false(queue_must_notify(active));
	rig_run(r, RIG_BIT(0));
	assert_int_equal(vswitch_arm(r->sw, 3), 0);
	assert_true(queue_must_notify(active));

	/* Found without having been announced: it is awake all the same. */
	assert_int_equal(vswitch_arm(r->sw, 3), 0);
	assert_true(rig_send(r, 0, frame, sizeof(frame)));
	rig_run(r, RIG_BIT(0));
	assert_false(queue_must_notify(active));
	assert_int_equal(rig_drain(r, 1), 3);
	rig_free(r);
}

/* Its receivers' free buffers are no reason to wake the switch. */
static void lent_buffers_wake_nobody(void **state)
{
	struct rig *r = rig_clients(2);

	(void)state;
	for (unsigned int i = 0; i < 40; i++) {
		send_and_run(r, 0, MAC_BROADCAST);
		assert_int_equal(rig_drain(r, 1), 1);
		assert_false(queue_must_notify(&r->port[1].rx_free));
		vswitch_arm(r->sw, 3);
	}
	rig_free(r);
}

static void arming_notices_a_new_epoch(void **state)
{
	struct rig *r = rig_clients(2);

	(void)state;
	assert_int_equal(vswitch_arm(r->sw, 3), 0);
	rig_down(r, 1);
	assert_int_equal(vswitch_arm(r->sw, 3), RIG_BIT(1));
	rig_run(r, RIG_BIT(1));
	assert_int_equal(vswitch_arm(r->sw, 3), 0);
	rig_up(r, 1);
	assert_int_equal(vswitch_arm(r->sw, 3), RIG_BIT(1));
	rig_free(r);
}

/* --- between threads ---------------------------------------------------- */

#define FRAMES 30000u
#define STATION(i) RIG_MAC(0x100 + (i))

/*
 * Client i sends to client !i and gets as many back. It is never more than a
 * few frames ahead of what it has got, so no receiver runs out of buffers and
 * every frame must arrive.
 */
#define AHEAD 4u

struct client {
	struct net_client *c;
	void *memory;
	unsigned int number;
	uint32_t sent;
	uint32_t got;
	sem_t ring;
	sem_t *sw;
};

struct system {
	struct rig *r;
	struct client client[2];
	sem_t ring;
	_Atomic(bool) stop;
};

static unsigned int transmit(struct client *k)
{
	uint32_t last = k->got + AHEAD < FRAMES ? k->got + AHEAD : FRAMES;
	unsigned int want = last - k->sent < AHEAD ? last - k->sent : AHEAD;
	struct net_buffer b[AHEAD];
	unsigned int n = net_tx_alloc(k->c, b, want);

	for (unsigned int i = 0; i < n; i++) {
		b[i].len = rig_frame(b[i].data, STATION(!k->number),
				     STATION(k->number), 60);
		k->sent++;
		memcpy(b[i].data + 20, &k->sent, sizeof(k->sent));
	}
	net_tx_burst(k->c, b, n);
	return n;
}

static unsigned int receive(struct client *k)
{
	struct net_buffer b[2 * AHEAD];
	unsigned int n = net_rx_burst(k->c, b, 2 * AHEAD);

	for (unsigned int i = 0; i < n; i++) {
		uint32_t number;

		memcpy(&number, b[i].data + 20, sizeof(number));
		if (b[i].len != 60 || number != ++k->got) {
			print_error("client %u: frame %u, not %u\n", k->number,
				    number, k->got);
			abort();
		}
	}
	net_rx_release(k->c, b, n);
	return n;
}

static void *client_thread(void *arg)
{
	struct client *k = arg;

	while (k->got < FRAMES || k->sent < FRAMES) {
		unsigned int moved = transmit(k);

		moved += receive(k);
		if (net_client_must_notify(k->c))
			sem_post(k->sw);
		if (moved == 0 && !net_client_arm(k->c, true, true))
			sem_wait(&k->ring);
	}
	return NULL;
}

static void *switch_thread(void *arg)
{
	struct system *s = arg;

	while (!atomic_load(&s->stop)) {
		uint64_t ring = 0;
		uint64_t work = 3;

		do {
			while (work)
				work = vswitch_run(s->r->sw, work, s->r->now,
						   &ring);
			for (unsigned int i = 0; i < 2; i++)
				if (ring & RIG_BIT(i))
					sem_post(&s->client[i].ring);
			ring = 0;
			work = vswitch_arm(s->r->sw, 3);
		} while (work);
		sem_wait(&s->ring);
	}
	return NULL;
}

static void make_client(struct system *s, unsigned int i)
{
	struct vswitch_port_config *p = &s->r->port[i].config;
	const struct net_client_config config = {
		.tx_active = p->ingress.active,
		.tx_free = p->ingress.free,
		.rx_active = p->egress.active,
		.rx_free = p->egress.free,
		.tx_data = p->ingress.data,
		.rx_data = p->egress.data,
		.tx_size = p->ingress.data_size,
		.rx_size = p->egress.data_size,
		.capacity = p->ingress.capacity,
		.buffer_size = p->ingress.buffer_size,
		.max_frame = p->max_frame,
		.link = &s->r->port[i].page,
	};
	struct client *k = &s->client[i];
	size_t size = net_client_size(&config);

	rig_hand_over(s->r, i);
	k->memory = aligned_alloc(64, in_lines(size));
	assert_non_null(k->memory);
	k->c = net_client_init(k->memory, size, &config);
	assert_non_null(k->c);
	/* Lends its receive buffers before anybody sends. */
	assert_int_equal(net_client_state(k->c), NET_CLIENT_UP);
	net_client_must_notify(k->c);
	k->number = i;
	k->sw = &s->ring;
	assert_int_equal(sem_init(&k->ring, 0, 0), 0);
}

static void no_wakeup_is_lost_between_clients_and_switch(void **state)
{
	struct system s = { .r = rig_clients(2) };
	pthread_t sw;
	pthread_t client[2];

	(void)state;
	assert_int_equal(sem_init(&s.ring, 0, 0), 0);
	for (unsigned int i = 0; i < 2; i++) {
		make_client(&s, i);
		assert_int_equal(fdb_add_static(vswitch_fdb(s.r->sw),
						STATION(i), 0, i),
				 0);
	}
	alarm(100); /* or it hangs */
	assert_int_equal(pthread_create(&sw, NULL, switch_thread, &s), 0);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&client[i], NULL, client_thread,
						&s.client[i]),
				 0);
	for (unsigned int i = 0; i < 2; i++)
		pthread_join(client[i], NULL);
	atomic_store(&s.stop, true);
	sem_post(&s.ring);
	pthread_join(sw, NULL);
	alarm(0);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(s.r->stats->port[i].in_frames, FRAMES);
		assert_int_equal(s.r->stats->port[i].out_frames, FRAMES);
		sem_destroy(&s.client[i].ring);
		free(s.client[i].memory);
	}
	sem_destroy(&s.ring);
	rig_free(s.r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sleeping_receiver_is_rung_once),
		cmocka_unit_test(a_sender_out_of_buffers_is_rung),
		cmocka_unit_test(the_switch_asks_to_be_notified_of_frames),
		cmocka_unit_test(lent_buffers_wake_nobody),
		cmocka_unit_test(arming_notices_a_new_epoch),
		cmocka_unit_test(no_wakeup_is_lost_between_clients_and_switch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
