/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The program of a driver VM: /init of a guest that does nothing else.
 *
 *	uio.c		shared memory, doorbells, interrupts: the other side
 *	rtlink.c	which interface is the card, has it a carrier
 *	net_packet.c	the card; or net_socket.c, a call per frame
 *	net.c		frames between the two
 *	event.c		waits for all of them
 *
 * It starts, and from then on it sleeps in epoll_wait(2) or moves frames.  It
 * does not handle failures itself: it writes what is wrong to the console and
 * exits.  The kernel panics at the loss of its first process, the VM resets,
 * and the monitor restarts the VMM.
 *
 * The kernel passes unknown words of its command line without a dot as
 * environment variables:
 *
 *	weir_card=packet	the card by rings in memory; the default
 *	weir_card=socket	by one system call per frame
 *
 * Options are for running it without being the first process:
 *
 *	--sysfs DIR, --dev DIR	where UIO devices are looked for
 *	--interface NAME	the card; else the first Ethernet interface
 */
#include <errno.h>
#include <getopt.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "driver_vm/boot.h"
#include "driver_vm/event.h"
#include "driver_vm/net.h"
#include "driver_vm/net_packet.h"
#include "driver_vm/net_socket.h"
#include "driver_vm/rtlink.h"
#include "driver_vm/say.h"
#include "driver_vm/uio.h"

/* Rounds between two looks at descriptors while frames keep coming. */
#define ROUNDS 64u

/* Maps of the devices, see abi.h. */
enum { MAP_RX_ACTIVE, MAP_RX_FREE, MAP_TX_ACTIVE, MAP_TX_FREE };
enum { MAP_RECEIVE, MAP_TRANSMIT };
enum { MAP_LINK, MAP_STATUS };

/* The whole program. */
struct driver {
	struct event_loop loop;
	struct uio_device queues;
	struct uio_device data;
	struct uio_device control;
	struct uio_device doorbell;
	struct rtlink link;
	struct event_source news;
	struct net_card *card; /* one of the two */
	struct net_packet packet;
	struct net_socket socket;
	struct net net;
	uint64_t quiet; /* system calls made before the first frame */
};

/* --- starting ------------------------------------------------------------ */

static int choose_card(struct driver *d)
{
	const char *kind = getenv("weir_card");

	if (kind == NULL || strcmp(kind, "packet") == 0) {
		d->card = &d->packet.iface.card;
	} else if (strcmp(kind, "socket") == 0) {
		d->card = &d->socket.iface.card;
	} else {
		say("weir_card=%s is no way to reach a card: weir_card=packet "
		    "and weir_card=socket are",
		    kind);
		return -EINVAL;
	}
	return 0;
}

static int open_devices(struct driver *d, const struct uio_where *where)
{
	int e = uio_open(&d->queues, where, DRIVER_UIO_QUEUES);

	if (e == 0)
		e = uio_open(&d->data, where, DRIVER_UIO_DATA);
	if (e == 0)
		e = uio_open(&d->control, where, DRIVER_UIO_CONTROL);
	if (e == 0)
		e = uio_open(&d->doorbell, where, DRIVER_UIO_DOORBELL);
	return e;
}

static int read_properties(const struct driver *d, struct net_config *c)
{
	int e = uio_property(&d->queues, DRIVER_PROP_CAPACITY, &c->capacity);

	if (e == 0)
		e = uio_property(&d->queues, DRIVER_PROP_BUFFER_SIZE,
				 &c->buffer_size);
	if (e == 0)
		e = uio_property(&d->queues, DRIVER_PROP_MAX_FRAME,
				 &c->max_frame);
	if (e == 0)
		e = uio_property(&d->queues, DRIVER_PROP_MAX_SEGMENT,
				 &c->max_segment);
	return e;
}

static bool map_devices(struct driver *d, struct net_config *c)
{
	size_t queue;

	if (!queue_capacity_ok(c->capacity)) {
		say("a queue cannot have %u slots: a power of two from %u to "
		    "%u is needed",
		    c->capacity, QUEUE_MIN_CAPACITY, QUEUE_MAX_CAPACITY);
		return false;
	}
	queue = queue_region_size(c->capacity);
	c->rx_active = uio_map(&d->queues, MAP_RX_ACTIVE, queue, true);
	c->rx_free = uio_map(&d->queues, MAP_RX_FREE, queue, true);
	c->tx_active = uio_map(&d->queues, MAP_TX_ACTIVE, queue, true);
	c->tx_free = uio_map(&d->queues, MAP_TX_FREE, queue, true);
	c->receive = uio_map(&d->data, MAP_RECEIVE, c->buffer_size, true);
	c->transmit = uio_map(&d->data, MAP_TRANSMIT, c->buffer_size, false);
	c->link = uio_map(&d->control, MAP_LINK, sizeof(*c->link), false);
	c->status = uio_map(&d->control, MAP_STATUS, sizeof(*c->status), true);
	c->doorbells = uio_map(&d->doorbell, 0,
			       DRIVER_DOORBELL_STATUS + sizeof(uint32_t), true);
	if (c->rx_active == NULL || c->rx_free == NULL ||
	    c->tx_active == NULL || c->tx_free == NULL || c->receive == NULL ||
	    c->transmit == NULL || c->link == NULL || c->status == NULL ||
	    c->doorbells == NULL)
		return false;
	c->receive_size = d->data.map[MAP_RECEIVE].size;
	c->transmit_size = d->data.map[MAP_TRANSMIT].size;
	/* Regions are whole pages; a buffer may be an odd part of one. */
	c->receive_size -= c->receive_size % c->buffer_size;
	c->transmit_size -= c->transmit_size % c->buffer_size;
	return true;
}

/* The other side's half of the connection. */
static int open_connection(struct driver *d, const struct uio_where *where)
{
	struct net_config c = { .card = d->card };
	int e = open_devices(d, where);

	if (e == 0)
		e = read_properties(d, &c);
	if (e < 0)
		return e;
	if (c.buffer_size == 0 || !map_devices(d, &c))
		return -EINVAL;
	c.copy = copy_for(d->data.uncached);
	e = net_init(&d->net, &c);
	if (e < 0)
		say("buffers of %u bytes and frames of %u do not go with each "
		    "other, or with data regions of %zu and %zu",
		    c.buffer_size, c.max_frame, c.receive_size,
		    c.transmit_size);
	return e;
}

static void link_news(struct event_source *source, uint32_t events)
{
	struct driver *d = event_owner(source, struct driver, news);
	bool before = d->link.carrier;

	(void)events;
	rtlink_read(&d->link);
	d->loop.syscalls++;
	if (d->link.gone) {
		say("interface %s is lost: it was taken away", d->link.name);
		_exit(EXIT_FAILURE);
	}
	if (d->link.carrier != before)
		say("%s: carrier %s", d->link.name, before ? "lost" : "found");
	net_carrier(&d->net, d->link.carrier);
}

/* The card's half. */
static int open_card(struct driver *d, const char *interface)
{
	int e = rtlink_find(&d->link, interface);

	if (e < 0) {
		say("cannot look for network interfaces: %s", strerror(-e));
		return e;
	}
	if (d->card == &d->socket.iface.card)
		e = net_socket_open(&d->socket, &d->loop, d->link.index,
				    d->link.name, &d->net.config);
	else
		e = net_packet_open(&d->packet, &d->loop, d->link.index,
				    d->link.name, &d->net.config);
	if (e < 0)
		return e;
	d->news.fd = d->link.fd;
	d->news.ready = link_news;
	return event_add(&d->loop, &d->news, EPOLLIN);
}

static int start(struct driver *d, const struct uio_where *where,
		 const char *interface)
{
	int e = event_init(&d->loop);

	if (e == 0)
		e = choose_card(d);
	if (e == 0)
		e = open_connection(d, where);
	if (e == 0)
		e = open_card(d, interface);
	if (e == 0)
		e = uio_wait(&d->doorbell, &d->loop);
	if (e < 0)
		return e;
	net_carrier(&d->net, d->link.carrier);
	net_ready(&d->net, d->link.mac, d->card->mtu);
	say("ready: %s %02x:%02x:%02x:%02x:%02x:%02x, mtu %u, %u slots, memory "
	    "%s",
	    d->link.name, d->link.mac[0], d->link.mac[1], d->link.mac[2],
	    d->link.mac[3], d->link.mac[4], d->link.mac[5], d->card->mtu,
	    d->net.config.capacity, d->data.uncached ? "uncached" : "cached");
	return 0;
}

/* --- running ------------------------------------------------------------- */

static void report(struct driver *d)
{
	const struct net_counters *c = &d->net.count;

	if (c->rx_frames + c->tx_frames == 0)
		d->quiet = d->loop.syscalls;
	net_report(&d->net, d->loop.wakeups, d->loop.syscalls - d->quiet,
		   d->doorbell.interrupts);
}

static int run(struct driver *d)
{
	for (unsigned int round = 1;; round++) {
		bool busy = net_run(&d->net) || net_arm(&d->net);
		int n;

		if (busy && round % ROUNDS != 0)
			continue;
		report(d);
		n = event_wait(&d->loop, !busy);
		if (n < 0)
			return n;
	}
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "sysfs", required_argument, NULL, 's' },
		{ "dev", required_argument, NULL, 'd' },
		{ "interface", required_argument, NULL, 'i' },
		{ NULL, 0, NULL, 0 },
	};
	static struct driver driver;
	struct uio_where where = { "/sys", "/dev" };
	const char *interface = NULL;
	int option;
	int e = 0;

	/*
	 * The first process gets unknown words of the kernel's command line as
	 * arguments; they are ignored.
	 */
	while (getpid() != 1 &&
	       (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			where.sysfs = optarg;
		else if (option == 'd')
			where.dev = optarg;
		else if (option == 'i')
			interface = optarg;
		else
			return EXIT_FAILURE;
	}
	if (getpid() == 1)
		e = boot();
	if (e == 0)
		e = start(&driver, &where, interface);
	if (e == 0)
		e = run(&driver);
	say("giving up: %s", strerror(-e));
	return EXIT_FAILURE;
}
