/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A driver VM's network card, put together: see net_driver.h.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "driver_vm/net_driver.h"
#include "driver_vm/say.h"

/* Maps of the devices, see virt/driver_abi.h. */
enum { MAP_RX_ACTIVE, MAP_RX_FREE, MAP_TX_ACTIVE, MAP_TX_FREE };
enum { MAP_RECEIVE, MAP_TRANSMIT };
enum { MAP_LINK, MAP_STATUS };

static int choose_card(struct net_driver *d)
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

static int open_devices(struct net_driver *d, const struct uio_where *where)
{
	int e = uio_open(&d->queues, where, DRIVER_UIO_QUEUES);

	if (e == 0)
		e = uio_open(&d->data, where, DRIVER_UIO_DATA);
	if (e == 0)
		e = uio_open(&d->control, where, DRIVER_UIO_CONTROL);
	return e;
}

static int read_properties(const struct net_driver *d, struct net_config *c)
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

static bool map_devices(struct net_driver *d, struct net_config *c)
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
	if (c->rx_active == NULL || c->rx_free == NULL ||
	    c->tx_active == NULL || c->tx_free == NULL || c->receive == NULL ||
	    c->transmit == NULL || c->link == NULL || c->status == NULL)
		return false;
	c->receive_size = d->data.map[MAP_RECEIVE].size;
	c->transmit_size = d->data.map[MAP_TRANSMIT].size;
	/* Regions are whole pages; a buffer may be an odd part of one. */
	c->receive_size -= c->receive_size % c->buffer_size;
	c->transmit_size -= c->transmit_size % c->buffer_size;
	return true;
}

/* The other side's half of the connection. */
static int open_connection(struct net_driver *d, const struct uio_where *where,
			   volatile void *doorbells)
{
	struct net_config c = { .card = d->card, .doorbells = doorbells };
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
	struct net_driver *d = event_owner(source, struct net_driver, news);
	bool before = d->link.carrier;

	(void)events;
	rtlink_read(&d->link);
	d->loop->syscalls++;
	if (d->link.gone) {
		say("interface %s is lost: it was taken away", d->link.name);
		_exit(EXIT_FAILURE);
	}
	if (d->link.carrier != before)
		say("%s: carrier %s", d->link.name, before ? "lost" : "found");
	net_carrier(&d->net, d->link.carrier);
}

/* The card's half. */
static int open_card(struct net_driver *d, const char *interface)
{
	int e = rtlink_find(&d->link, interface);

	if (e < 0) {
		say("cannot look for network interfaces: %s", strerror(-e));
		return e;
	}
	if (d->card == &d->socket.iface.card)
		e = net_socket_open(&d->socket, d->loop, d->link.index,
				    d->link.name, &d->net.config);
	else
		e = net_packet_open(&d->packet, d->loop, d->link.index,
				    d->link.name, &d->net.config);
	if (e < 0)
		return e;
	d->news.fd = d->link.fd;
	d->news.ready = link_news;
	return event_add(d->loop, &d->news, EPOLLIN);
}

int net_driver_start(struct net_driver *d, struct event_loop *loop,
		     const struct uio_where *where, volatile void *doorbells,
		     const char *interface)
{
	int e;

	d->loop = loop;
	e = choose_card(d);
	if (e == 0)
		e = open_connection(d, where, doorbells);
	if (e == 0)
		e = open_card(d, interface);
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

bool net_driver_idle(const struct net_driver *d)
{
	return d->net.count.rx_frames + d->net.count.tx_frames == 0;
}
