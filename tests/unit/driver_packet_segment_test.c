/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Segments by a driver VM's card with rings and by the one without: one end of a
 * veth pair, under the real loop.
 */
#include "tests/unit/net_rig.h"
#include "tests/unit/driver_rig.h"
#include "tests/unit/segment_rig.h"

#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <sys/mman.h>

#include "driver_vm/net_packet.h"
#include "driver_vm/net_socket.h"
#include "driver_vm/rtlink.h"
#include "hostnet/vnet.h"

static struct event_loop loop;
static struct net_packet packet;
static struct net_socket socket_card;
static struct rtlink link_of;
static struct driver_rig *rig;
static int far;

static int setup(void **state)
{
	(void)state;
	rig = NULL;
	net_add_veth();
	return 0;
}

/* One that takes segments; of a buffer, which is more than a slot. */
static void open_card(bool rings)
{
	const struct net_config c = { .max_frame = D_MAX_FRAME,
				      .max_segment = D_BUFFER };
	struct net_card *card = rings ? &packet.iface.card
				      : &socket_card.iface.card;

	net_need();
	assert_int_equal(event_init(&loop), 0);
	assert_int_equal(rtlink_find(&link_of, "nic0"), 0);
	assert_int_equal(rings ? net_packet_open(&packet, &loop, link_of.index,
						 "nic0", &c)
			       : net_socket_open(&socket_card, &loop,
						 link_of.index, "nic0", &c),
			 0);
	net_await_carrier("", "far0");
	rig = d_make(card, false);
	rig->net.config.max_segment = D_BUFFER;
	d_up(rig);
	far = net_station("far0");
	assert_int_equal(nic_packet_set(far, PACKET_VNET_HDR, 1), 0);
	d_lend(rig, 0, 4);
}

static void close_card(const struct net_iface *iface)
{
	close(iface->rx.fd);
	close(iface->tx.fd);
}

static int teardown(void **state)
{
	(void)state;
	if (rig != NULL && rig->config.card == &packet.iface.card) {
		munmap(packet.packet.rx.base,
		       packet.packet.rx.slot * packet.packet.rx.slots);
		munmap(packet.packet.tx.base,
		       packet.packet.tx.slot * packet.packet.tx.slots);
		free(packet.packet.big);
		close_card(&packet.iface);
	} else if (rig != NULL) {
		close_card(&socket_card.iface);
	}
	if (rig != NULL) {
		close(link_of.fd);
		close(loop.epoll);
		close(far);
		d_free(rig);
	}
	net_del_veth();
	return 0;
}

/* What main() does between two sleeps, without sleeping. */
static void turn(void)
{
	d_run(rig);
	assert_true(event_wait(&loop, false) >= 0);
	d_run(rig);
}

#define until(condition)                                                       \
	do {                                                                   \
		int patience = COMP_PATIENCE;                                  \
		while (turn(), !(condition) && patience-- > 0)                 \
			poll(NULL, 0, 1);                                      \
		assert_true(patience > 0);                                     \
	} while (0)

static struct seg seg;

static void make_segment(bool ipv6, bool tcp, uint32_t payload)
{
	const struct shape shape = { .ipv6 = ipv6,
				     .tcp = tcp,
				     .words = 5,
				     .payload = payload,
				     .piece = 600 };
	uint64_t seed = payload;

	seg_make(&seg, &shape, &seed);
}

/* The kernel says something now and then, too. */
static bool segment_is_there(struct net_desc *d)
{
	while (queue_pending(&rig->rx_active) > 0) {
		*d = queue_peek_offload(&rig->rx_active, 0);
		queue_release(&rig->rx_active, 1);
		if (d->len == seg.len)
			return true;
		d_lend(rig, (unsigned int)(d->io_or_offset / D_BUFFER), 1);
	}
	return false;
}

static void segment_comes(void)
{
	struct net_desc d = { 0 };

	assert_int_equal(vnet_write(far, seg.b, seg.len, seg.o, 0), 0);
	until(segment_is_there(&d));
	assert_memory_equal(rig->config.receive + d.io_or_offset, seg.b,
			    seg.len);
	assert_int_equal(d.offload, seg.o.flags);
	assert_int_equal(d.segment, seg.o.segment);
	d_lend(rig, (unsigned int)(d.io_or_offset / D_BUFFER), 1);
}

static void segment_goes(void)
{
	uint8_t got[sizeof(struct virtio_net_hdr) + D_BUFFER + 1];
	const ssize_t want = (ssize_t)(sizeof(struct virtio_net_hdr) + seg.len);

	memcpy(d_transmit(rig), seg.b, seg.len);
	queue_put_offload(&rig->tx_active, 0, (uint16_t)seg.len, seg.o);
	queue_publish(&rig->tx_active);
	until(read(far, got, sizeof(got)) == want);
	assert_memory_equal(got + sizeof(struct virtio_net_hdr), seg.b,
			    seg.len);
}

static void both_ways(void)
{
	for (uint32_t payload = 1300; payload < 1960; payload += 33) {
		for (unsigned int ipv6 = 0; ipv6 < 2; ipv6++) {
			make_segment(ipv6, true, payload);
			segment_comes();
			segment_goes();
		}
	}
	assert_int_equal(rig->config.card->failed, 0);
	assert_int_equal(rig->net.count.rx_refused, 0);
	assert_int_equal(rig->net.count.bad_descriptors, 0);
}

/* Some fit into a slot, others are read from the socket. */
static void with_rings(void **state)
{
	(void)state;
	open_card(true);
	both_ways();
}

static void without_rings(void **state)
{
	(void)state;
	open_card(false);
	both_ways();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(with_rings),
		TEST(without_rings),
	};

	return cmocka_run_group_tests(tests, net_setup_veth, NULL);
}
