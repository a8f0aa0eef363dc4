/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lwIP's options for the echo program.
 *
 * What is hard is memory.  A PD allocates nothing once it runs, so everything
 * comes from pools of fixed size, and no peer may be able to take what another
 * one needs.  So each pool is as large as the sum of what every connection may
 * hold at worst:
 *
 *	receive buffers    what the echo holds back, what lwIP holds back for
 *			   it, and what came out of order, per connection
 *	transmit memory    a full send buffer in segments of one byte, per
 *			   connection
 *
 * plus some for ARP, DHCP, ICMP, UDP and reassembly, which hold little.  That
 * is about eight megabytes.
 */
#ifndef WEIR_EXAMPLES_ECHO_LWIPOPTS_H
#define WEIR_EXAMPLES_ECHO_LWIPOPTS_H

/* --- one thread, which asks for timers itself ----------------------------- */

#define NO_SYS 1
#define SYS_LIGHTWEIGHT_PROT 0
#define LWIP_NETCONN 0
#define LWIP_SOCKET 0

/* --- one interface, IPv4 -------------------------------------------------- */

#define LWIP_IPV4 1
#define LWIP_IPV6 0
#define LWIP_SINGLE_NETIF 1
#define LWIP_NETIF_HOSTNAME 1
#define LWIP_DHCP 1
#define LWIP_DNS 0
#define LWIP_RAW 0
#define LWIP_STATS 0
#define ARP_TABLE_SIZE 32
/* All answers wait while their receiver is looked for, not the last alone. */
#define ARP_QUEUEING 1
#define ARP_QUEUE_LEN 16
#define MEMP_NUM_ARP_QUEUE 64

/* --- TCP ------------------------------------------------------------------ */

#define TCP_MSS 1460
#define TCP_WND (32 * TCP_MSS)
#define TCP_SND_BUF (32 * TCP_MSS)
#define TCP_SND_QUEUELEN 128
#define TCP_OOSEQ_MAX_PBUFS 32
/* A peer that has vanished does not hold a connection for ever. */
#define LWIP_TCP_KEEPALIVE 1

/* Connections there can be, those that are about to end included. */
#define ECHO_CONNECTIONS 32
/* Received buffers the echo itself holds back for one of them. */
#define ECHO_HELD 32

#define MEMP_NUM_TCP_PCB ECHO_CONNECTIONS
#define MEMP_NUM_TCP_PCB_LISTEN 1
#define MEMP_NUM_UDP_PCB 2
#define MEMP_NUM_TCP_SEG                                                       \
	(ECHO_CONNECTIONS * (TCP_SND_QUEUELEN + TCP_OOSEQ_MAX_PBUFS))

/* --- memory --------------------------------------------------------------- */

#define MEM_LIBC_MALLOC 0
#define MEMP_MEM_MALLOC 0
#define MEM_ALIGNMENT 8
/* A send buffer, and each of its segments' headers. */
#define MEM_SIZE                                                               \
	(ECHO_CONNECTIONS * (TCP_SND_BUF + TCP_SND_QUEUELEN * 128) + 256 * 1024)

#define MEMP_NUM_REASSDATA 8
#define IP_REASS_MAX_PBUFS 128
#define MEMP_NUM_FRAG_PBUF 64
#define MEMP_NUM_PBUF (128 + MEMP_NUM_FRAG_PBUF)
/* Held by the echo, refused by it, out of order; and those on their way. */
#define PBUF_POOL_SIZE                                                         \
	(ECHO_CONNECTIONS *                                                    \
		 (ECHO_HELD + TCP_OOSEQ_MAX_PBUFS + TCP_OOSEQ_MAX_PBUFS) +     \
	 IP_REASS_MAX_PBUFS + 128)

/* Four bytes at a time. */
#define LWIP_CHKSUM_ALGORITHM 3

#endif
