/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The echo protocol (RFC 862), TCP and UDP, on lwIP's callbacks.
 *
 * TCP.  Acknowledged data is never dropped.  Data that cannot be sent back yet
 * is held, and the receive window opens again only by what has been handed over
 * for sending, so a peer that sends without reading stops itself.  A window
 * limits bytes, not buffers: against a peer that sends single bytes, the number
 * of held buffers is limited, too; beyond that lwIP keeps the current one and
 * takes no more data (ECHO_HELD; lwipopts.h).
 *
 *	received   held           tcp_write()
 *	   p ---> [p][p][p] ---------------> peer
 *			 window opens here
 *
 * After the peer's FIN, held data is still sent, then the connection is closed.
 *
 * UDP.  A datagram goes back in the buffer it came in.  Two kinds are not
 * answered: those from an echo port, because two servers would go on for ever,
 * and broadcasts, because one would trigger many answers.
 */
#include "examples/echo/echo.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <lwip/tcp.h>
#include <lwip/udp.h>

#define WELL_KNOWN_PORT 7

/* A peer that is silent for this long is probed. */
#define KEEP_IDLE_MS 60000u
#define KEEP_INTERVAL_MS 10000u
#define KEEP_COUNT 6u

/* Between two tries when lwIP was out of memory; in half seconds. */
#define POLL_INTERVAL 1

/**
 * struct conn - a TCP connection
 * @pcb:     lwIP's; NULL: not in use
 * @held:    received, not yet handed over for sending
 * @ended:   the peer has sent its FIN
 */
struct conn {
	struct tcp_pcb *pcb;
	struct pbuf *held;
	bool ended;
};

static struct conn conns[ECHO_CONNECTIONS];

/* --- TCP ------------------------------------------------------------------ */

static void forget(struct conn *k)
{
	if (k->held != NULL)
		pbuf_free(k->held);
	*k = (struct conn){ 0 };
}

/* Bytes of the first held buffer have been handed over. */
static void advance(struct conn *k, u16_t n)
{
	struct pbuf *p = k->held;

	if (n < p->len) {
		pbuf_remove_header(p, n);
		return;
	}
	k->held = p->next;
	if (k->held != NULL)
		pbuf_ref(k->held);
	pbuf_free(p);
}

/* Hand over what fits. */
static void pour(struct conn *k)
{
	while (k->held != NULL) {
		struct pbuf *p = k->held;
		u16_t n = LWIP_MIN(p->len, tcp_sndbuf(k->pcb));

		/* An empty buffer in a chain is passed over. */
		if (p->len > 0 &&
		    (n == 0 || tcp_write(k->pcb, p->payload, n,
					 TCP_WRITE_FLAG_COPY) != ERR_OK))
			return;
		tcp_recved(k->pcb, n);
		advance(k, n);
	}
}

static void unhook(struct tcp_pcb *pcb)
{
	tcp_arg(pcb, NULL);
	tcp_recv(pcb, NULL);
	tcp_sent(pcb, NULL);
	tcp_poll(pcb, NULL, 0);
	tcp_err(pcb, NULL);
}

static err_t on_received(void *arg, struct tcp_pcb *pcb, struct pbuf *p,
			 err_t err);
static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len);
static err_t on_poll(void *arg, struct tcp_pcb *pcb);
static void on_error(void *arg, err_t err);

static void hook(struct conn *k)
{
	tcp_arg(k->pcb, k);
	tcp_recv(k->pcb, on_received);
	tcp_sent(k->pcb, on_sent);
	tcp_poll(k->pcb, on_poll, POLL_INTERVAL);
	tcp_err(k->pcb, on_error);
}

/* Hand over what fits; close after the last of it. */
static void serve(struct conn *k)
{
	struct tcp_pcb *pcb = k->pcb;

	pour(k);
	if (!k->ended || k->held != NULL)
		return;
	unhook(pcb);
	if (tcp_close(pcb) == ERR_OK)
		forget(k);
	else
		hook(k);
}

static err_t on_received(void *arg, struct tcp_pcb *pcb, struct pbuf *p,
			 err_t err)
{
	struct conn *k = arg;

	(void)pcb;
	(void)err;
	if (p == NULL) {
		k->ended = true;
	} else if (k->held == NULL) {
		k->held = p;
	} else {
		if (pbuf_clen(k->held) + pbuf_clen(p) > ECHO_HELD)
			return ERR_MEM;
		pbuf_cat(k->held, p);
	}
	serve(k);
	return ERR_OK;
}

static err_t on_sent(void *arg, struct tcp_pcb *pcb, u16_t len)
{
	(void)pcb;
	(void)len;
	serve(arg);
	return ERR_OK;
}

static err_t on_poll(void *arg, struct tcp_pcb *pcb)
{
	serve(arg);
	if (((struct conn *)arg)->pcb == pcb)
		tcp_output(pcb);
	return ERR_OK;
}

/* The connection is gone. */
static void on_error(void *arg, err_t err)
{
	(void)err;
	if (arg != NULL)
		forget(arg);
}

static struct conn *unused(void)
{
	for (unsigned int i = 0; i < ECHO_CONNECTIONS; i++)
		if (conns[i].pcb == NULL)
			return &conns[i];
	return NULL;
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
	struct conn *k = unused();

	(void)arg;
	if (err != ERR_OK || pcb == NULL)
		return ERR_VAL;
	if (k == NULL)
		return ERR_MEM;
	k->pcb = pcb;
	hook(k);
	/* What is echoed is waited for: small pieces leave at once. */
	tcp_nagle_disable(pcb);
	ip_set_option(pcb, SOF_KEEPALIVE);
	pcb->keep_idle = KEEP_IDLE_MS;
	pcb->keep_intvl = KEEP_INTERVAL_MS;
	pcb->keep_cnt = KEEP_COUNT;
	return ERR_OK;
}

/* --- UDP ------------------------------------------------------------------ */

static bool is_to_all(void)
{
	const ip4_addr_t *to = ip4_current_dest_addr();

	return ip4_addr_ismulticast(to) ||
	       ip4_addr_isbroadcast(to, ip_current_netif());
}

static void on_datagram(void *arg, struct udp_pcb *pcb, struct pbuf *p,
			const ip_addr_t *from, u16_t port)
{
	(void)arg;
	if (port != WELL_KNOWN_PORT && port != pcb->local_port && !is_to_all())
		udp_sendto(pcb, p, from, port);
	pbuf_free(p);
}

/* --- both ----------------------------------------------------------------- */

static int listen_tcp(uint16_t port)
{
	struct tcp_pcb *pcb = tcp_new();
	struct tcp_pcb *listening;

	if (pcb == NULL)
		return -ENOMEM;
	if (tcp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK)
		return -EADDRINUSE;
	listening = tcp_listen(pcb);
	if (listening == NULL)
		return -ENOMEM;
	tcp_accept(listening, on_accept);
	return 0;
}

static int listen_udp(uint16_t port)
{
	struct udp_pcb *pcb = udp_new();

	if (pcb == NULL)
		return -ENOMEM;
	if (udp_bind(pcb, IP_ANY_TYPE, port) != ERR_OK)
		return -EADDRINUSE;
	udp_recv(pcb, on_datagram, NULL);
	return 0;
}

int echo_start(uint16_t port)
{
	int result = listen_tcp(port);

	return result != 0 ? result : listen_udp(port);
}
