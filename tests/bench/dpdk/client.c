/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dpdk-client: what tests/bench/pair.c does, on two ports of DPDK.
 *
 *	dpdk-client EAL-OPTIONS -- LENGTH MILLISECONDS|rtt=FRAMES CPU OTHER-CPU
 *
 * Port 0 is A and port 1 is B: memif, virtio_user, af_packet, whatever the
 * options make.  The switch in between is another process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "tests/bench/lib/measure.h"

#define RING 1024u
#define MBUFS 16383u
#define PATIENCE 20000000u

static struct rte_mempool *pool;

static void die(const char *what)
{
	fprintf(stderr, "dpdk-client: %s\n", what);
	exit(1);
}

static void open_port(uint16_t port)
{
	struct rte_eth_conf conf = { 0 };

	if (rte_eth_dev_configure(port, 1, 1, &conf) != 0 ||
	    rte_eth_rx_queue_setup(port, 0, RING, 0, NULL, pool) != 0 ||
	    rte_eth_tx_queue_setup(port, 0, RING, 0, NULL) != 0 ||
	    rte_eth_dev_start(port) != 0)
		die("a port cannot be set up");
	rte_eth_promiscuous_enable(port);
}

static void wait_for_link(uint16_t port)
{
	struct rte_eth_link link;

	for (int i = 0; i < 100; i++) {
		rte_eth_link_get_nowait(port, &link);
		if (link.link_status)
			return;
		usleep(50000);
	}
	die("the link stays down: is the other side running?");
}

static void fill(struct rte_mbuf *m, unsigned int length,
		 const unsigned char *dst, const unsigned char *src)
{
	measure_header(rte_pktmbuf_mtod(m, unsigned char *), dst, src);
	m->data_len = (uint16_t)length;
	m->pkt_len = length;
}

static unsigned int send_burst(struct measure *m, unsigned long long number)
{
	struct rte_mbuf *out[MEASURE_BURST];
	unsigned int n;

	if (rte_pktmbuf_alloc_bulk(pool, out, MEASURE_BURST) != 0)
		return 0;
	for (unsigned int i = 0; i < MEASURE_BURST; i++) {
		fill(out[i], m->length, measure_mac_b, measure_mac_a);
		number++;
		memcpy(rte_pktmbuf_mtod(out[i], char *) + 16, &number,
		       sizeof(number));
	}
	n = rte_eth_tx_burst(0, 0, out, MEASURE_BURST);
	if (n < MEASURE_BURST)
		rte_pktmbuf_free_bulk(out + n, MEASURE_BURST - n);
	return n;
}

/* Frames of ours; a kernel's own (router solicitations, say) do not count. */
static unsigned int receive(uint16_t port, const unsigned char *mac)
{
	struct rte_mbuf *in[MEASURE_BURST];
	unsigned int n = rte_eth_rx_burst(port, 0, in, MEASURE_BURST), ours = 0;

	for (unsigned int i = 0; i < n; i++)
		ours += memcmp(rte_pktmbuf_mtod(in[i], char *), mac, 6) == 0;
	rte_pktmbuf_free_bulk(in, n);
	return ours;
}

static unsigned int receive_burst(struct measure *m)
{
	(void)m;
	return receive(1, measure_mac_b);
}

static bool one_way(struct measure *m, uint16_t from, const unsigned char *src,
		    uint16_t to, const unsigned char *dst)
{
	struct rte_mbuf *out = rte_pktmbuf_alloc(pool);

	if (out == NULL)
		return false;
	fill(out, m->length, dst, src);
	if (rte_eth_tx_burst(from, 0, &out, 1) != 1) {
		rte_pktmbuf_free(out);
		return false;
	}
	for (unsigned int i = 0; i < PATIENCE; i++)
		if (receive(to, dst) > 0)
			return true;
	return false;
}

static bool there_and_back(struct measure *m)
{
	return one_way(m, 0, measure_mac_a, 1, measure_mac_b) &&
	       one_way(m, 1, measure_mac_b, 0, measure_mac_a);
}

/* A frame either way, so that a switch that learns knows both. */
static void introduce(struct measure *m)
{
	for (int i = 0; i < 20; i++) {
		one_way(m, 1, measure_mac_b, 0, measure_mac_a);
		if (there_and_back(m))
			return;
	}
	die("nothing gets through");
}

int main(int argc, char **argv)
{
	struct measure m = { .send = send_burst,
			     .receive = receive_burst,
			     .one = there_and_back };
	int eal = rte_eal_init(argc, argv);

	if (eal < 0 || argc - eal != 5)
		die("usage: dpdk-client EAL-OPTIONS -- LENGTH "
		    "MILLISECONDS|rtt=FRAMES CPU OTHER-CPU");
	argv += eal;
	m.length = (unsigned int)strtoul(argv[1], NULL, 10);
	m.cpu = (int)strtol(argv[3], NULL, 10);
	m.other = (int)strtol(argv[4], NULL, 10);
	pool = rte_pktmbuf_pool_create("frames", MBUFS, 256, 0,
				       RTE_MBUF_DEFAULT_BUF_SIZE,
				       SOCKET_ID_ANY);
	if (pool == NULL)
		die("no memory for frames");
	for (uint16_t port = 0; port < 2; port++)
		open_port(port);
	for (uint16_t port = 0; port < 2; port++)
		wait_for_link(port);
	introduce(&m);
	if (strncmp(argv[2], "rtt=", 4) == 0)
		measure_round_trip(&m, (unsigned int)strtoul(argv[2] + 4, NULL,
							     10));
	else
		measure_rate(&m, (unsigned int)strtoul(argv[2], NULL, 10));
	rte_eth_dev_stop(0);
	rte_eth_dev_stop(1);
	return 0;
}
