/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwIP's network interface on a switch port.
 *
 * Received frames are copied once, into lwIP's own buffers.  That is necessary:
 * lwIP converts header fields in place, and the receive region is read-only;
 * and checks of a frame are worthless while another process can change it.  So
 * a frame's buffer goes back to the switch within the same run.  What lwIP
 * sends is gathered directly in transmit buffers, which leave in one burst at
 * the end of the run.
 *
 * No more frames are received than there are empty transmit buffers, because
 * the answers could not be sent; frames that wait in the switch's queue are not
 * lost. If TCP had more to send, it has noted which connections, and goes on
 * when buffers are back.
 *
 * The link is what net_client_carrier() says.  lwIP asks for an address when it
 * comes up and has it confirmed when it comes back; address and connections
 * stay meanwhile.  A new epoch voids every buffer held.
 */
#include "examples/echo/wire.h"

#include <errno.h>
#include <string.h>

#include <lwip/etharp.h>
#include <lwip/priv/tcp_priv.h>

#include "base/frame.h"

/* --- lwIP sends ----------------------------------------------------------- */

static void send_filled(struct wire *w)
{
	net_tx_burst(w->client, w->tx, w->filled);
	memmove(w->tx, w->tx + w->filled,
		(w->have - w->filled) * sizeof(*w->tx));
	w->have -= w->filled;
	w->filled = 0;
}

/* Send what is filled, and have as many empty buffers as can be. */
static void refill(struct wire *w)
{
	send_filled(w);
	w->have +=
		net_tx_alloc(w->client, w->tx + w->have, WIRE_BURST - w->have);
	w->starved = w->have == 0;
}

static err_t output(struct netif *netif, struct pbuf *p)
{
	struct wire *w = netif->state;
	struct net_buffer *b;

	if (p->tot_len > w->c->cfg->wire.max_frame)
		return ERR_VAL;
	if (w->filled == w->have)
		refill(w);
	if (w->starved)
		return ERR_MEM;
	b = &w->tx[w->filled++];
	b->len = pbuf_copy_partial(p, b->data, p->tot_len, 0);
	return ERR_OK;
}

/* --- lwIP receives -------------------------------------------------------- */

static void input(struct wire *w, const struct net_buffer *b)
{
	struct pbuf *p = pbuf_alloc(PBUF_RAW, b->len, PBUF_POOL);

	if (p == NULL)
		return;
	pbuf_take(p, b->data, b->len);
	if (w->netif.input(p, &w->netif) != ERR_OK)
		pbuf_free(p);
}

/* --- the link ------------------------------------------------------------- */

static void set_link(struct wire *w, bool up)
{
	if (up == (netif_is_link_up(&w->netif) != 0))
		return;
	pd_log(w->c, "link %s", up ? "up" : "down");
	if (up)
		netif_set_link_up(&w->netif);
	else
		netif_set_link_down(&w->netif);
}

/* Check the link; buffers of an earlier epoch are void. */
static void look(struct wire *w)
{
	bool up = net_client_carrier(w->client);
	uint64_t resets = net_client_counters(w->client).resets;

	if (resets != w->resets) {
		w->resets = resets;
		w->filled = 0;
		w->have = 0;
		w->starved = false;
		/* It was down, however briefly. */
		set_link(w, false);
	}
	set_link(w, up);
}

/* --- for main.c ----------------------------------------------------------- */

bool wire_run(struct wire *w)
{
	struct net_buffer rx[WIRE_BURST];
	bool was_starved;
	unsigned int n;

	look(w);
	was_starved = w->starved;
	refill(w);
	if (was_starved && !w->starved)
		tcp_txnow();
	n = net_rx_burst(w->client, rx, w->have - w->filled);
	for (unsigned int i = 0; i < n; i++)
		input(w, &rx[i]);
	net_rx_release(w->client, rx, n);
	return n > 0;
}

void wire_flush(struct wire *w)
{
	send_filled(w);
	if (net_client_must_notify(w->client))
		pd_ring(w->c, w->c->cfg->wire.channel);
}

bool wire_arm(struct wire *w)
{
	return net_client_arm(w->client, !w->starved, w->starved);
}

/* lwIP calls this from netif_add(). */
static err_t describe(struct netif *netif)
{
	struct wire *w = netif->state;
	const struct sys_component *cfg = w->c->cfg;
	const char *dot = strrchr(cfg->name, '.');

	netif->name[0] = 'w';
	netif->name[1] = 'e';
	netif->mtu = (u16_t)(cfg->wire.max_frame - FRAME_OVERHEAD);
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP |
		       NETIF_FLAG_ETHERNET;
	netif->hwaddr_len = ETH_HWADDR_LEN;
	for (unsigned int i = 0; i < ETH_HWADDR_LEN; i++)
		netif->hwaddr[i] = (u8_t)(cfg->program.mac >> (40 - 8 * i));
	netif->output = etharp_output;
	netif->linkoutput = output;
	/* The port's own name is what a DHCP server gets to know. */
	netif_set_hostname(netif, dot != NULL ? dot + 1 : cfg->name);
	return ERR_OK;
}

int wire_init(struct wire *w, struct component *c)
{
	int result;

	w->c = c;
	result = pd_client(c, &w->client);
	if (result != 0)
		return result;
	if (netif_add_noaddr(&w->netif, w, describe, netif_input) == NULL)
		return -EIO;
	netif_set_default(&w->netif);
	netif_set_up(&w->netif);
	return 0;
}
