/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whoever is at the other end of the switch: frames made and read by hand.
 *
 * Addresses are in host order.
 */
#ifndef WEIR_TESTS_ECHO_PEER_H
#define WEIR_TESTS_ECHO_PEER_H

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>

#include "tests/echo/rig.h"

#define PEER_MAC 0x0200000000feu
#define PEER_IP 0x0a000202u /* 10.0.2.2 */
#define OUR_IP 0x0a00020fu  /* 10.0.2.15 */
#define TO_ALL 0xffffffffu

#define ETH_LEN 14u
#define IP_AT ETH_LEN
#define L4_AT (ETH_LEN + 20u)

/**
 * struct peer_packet - a frame with room for the largest
 */
struct peer_packet {
	size_t len;
	uint8_t data[RIG_MAX_FRAME] __attribute__((aligned(8)));
};

/* What of a frame is where, unaligned as it may be. */
#define IP(f) ((struct iphdr_view *)((f)->data + IP_AT))
#define UDP(f) ((struct udphdr_view *)((f)->data + L4_AT))
#define TCP(f) ((struct tcphdr_view *)((f)->data + L4_AT))

struct iphdr_view {
	uint8_t vhl, tos;
	uint16_t len, id, off;
	uint8_t ttl, protocol;
	uint16_t sum;
	uint32_t from, to;
} __attribute__((packed));

struct udphdr_view {
	uint16_t from, to, len, sum;
	uint8_t data[];
} __attribute__((packed));

struct tcphdr_view {
	uint16_t from, to;
	uint32_t seq, ack;
	uint8_t offset, flags;
	uint16_t window, sum, urgent;
	uint8_t data[];
} __attribute__((packed));

/**
 * peer_ip - frame and IP header around what is at @f->data + L4_AT
 * @len: octets there
 * @off: fragment offset field, host order
 */
void peer_ip(struct peer_packet *f, uint8_t protocol, uint32_t from,
	     uint32_t to, size_t len, uint16_t off);

/**
 * peer_sum - the transport checksum of a whole, unfragmented packet; 0 if the
 * one that is there is right
 */
uint16_t peer_sum(const struct peer_packet *f);

/**
 * peer_udp - a datagram
 */
void peer_udp(struct peer_packet *f, uint32_t from, uint16_t from_port,
	      uint32_t to, uint16_t to_port, const void *data, size_t len);

/**
 * peer_send - deliver it and let the program work
 */
void peer_send(const struct peer_packet *f);

/**
 * peer_next - take the next frame of the program; checksums are checked, ARP
 * requests for us are answered
 *
 * Return: false if there is none.
 */
bool peer_next(struct peer_packet *f);

/**
 * peer_wants - the next frame must be there and of this protocol
 */
void peer_wants(struct peer_packet *f, uint8_t protocol);

/**
 * peer_silent - nothing is sent
 */
void peer_silent(void);

/**
 * peer_arp - ask or tell by ARP: who has @target?
 */
void peer_arp(struct peer_packet *f, uint16_t operation, uint32_t target);

/**
 * peer_dhcp_wants - the next frame must be this DHCP message
 * @f: out
 *
 * Return: its transaction.
 */
uint32_t peer_dhcp_wants(struct peer_packet *f, uint8_t type);

/**
 * peer_dhcp_option - an option of a DHCP message, or NULL
 * @len: out
 */
const uint8_t *peer_dhcp_option(const struct peer_packet *f, uint8_t code,
				uint8_t *len);

/**
 * peer_dhcp - a message of the server, for OUR_IP
 * @lease: seconds
 */
void peer_dhcp(struct peer_packet *f, uint8_t type, uint32_t xid,
	       uint32_t lease);

/* TCP's flags. (Its header file and lwIP's options do not go together.) */
enum { TH_FIN = 1, TH_SYN = 2, TH_RST = 4, TH_ACK = 16 };

/* Types of DHCP messages. */
enum { DISCOVER = 1, OFFER, REQUEST, DECLINE, ACK, NAK };

#endif
