/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * dpdk-client: what tests/bench/pair.c does, on two ports of DPDK.
 *
 *	dpdk-client EAL-OPTIONS -- LENGTH [both=|rtt=]NUMBER CPU OTHER-CPU
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

static unsigned int send_frames(struct measure *m, unsigned int from,
				unsigned int count, unsigned long long number)
{
	struct rte_mbuf *out[MEASURE_BURST];
	unsigned int n;

	if (rte_pktmbuf_alloc_bulk(pool, out, count) != 0)
		return 0;
	for (unsigned int i = 0; i < count; i++) {
		fill(out[i], m->length, measure_mac[!from], measure_mac[from]);
		number++;
		memcpy(rte_pktmbuf_mtod(out[i], char *) + 16, &number,
		       sizeof(number));
	}
	n = rte_eth_tx_burst((uint16_t)from, 0, out, (uint16_t)count);
	if (n < count)
		rte_pktmbuf_free_bulk(out + n, count - n);
	return n;
}

/* Frames of ours; a kernel's own (router solicitations, say) do not count. */
static unsigned int receive_frames(struct measure *m, unsigned int at)
{
	struct rte_mbuf *in[MEASURE_BURST];
	unsigned int n = rte_eth_rx_burst((uint16_t)at, 0, in, MEASURE_BURST);
	unsigned int ours = 0;

	(void)m;
	for (unsigned int i = 0; i < n; i++)
		ours += memcmp(rte_pktmbuf_mtod(in[i], char *), measure_mac[at],
			       6) == 0;
	rte_pktmbuf_free_bulk(in, n);
	return ours;
}

/* A frame either way, so that a switch that learns knows both. */
static void introduce(struct measure *m)
{
	for (int i = 0; i < 20; i++) {
		m->send(m, 1, 1, 0);
		if (measure_there_and_back(m))
			return;
	}
	die("nothing gets through");
}

int main(int argc, char **argv)
{
	struct measure m = { .send = send_frames, .receive = receive_frames };
	int eal = rte_eal_init(argc, argv);

	if (eal < 0)
		die("DPDK does not start");
	if (argc - eal != 5)
		die("usage: dpdk-client EAL-OPTIONS -- LENGTH "
		    "[both=|rtt=]NUMBER CPU OTHER-CPU");
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
	measure_run(&m, argv[2]);
	rte_eth_dev_stop(0);
	rte_eth_dev_stop(1);
	return 0;
}
