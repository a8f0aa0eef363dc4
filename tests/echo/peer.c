/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whoever is at the other end of the switch: see peer.h.
 */
#include "tests/echo/peer.h"

#include <string.h>

#define DHCP_LEN 300u
#define DHCP_OPTIONS 240u

static void put_mac(uint8_t *to, uint64_t mac)
{
	for (unsigned int i = 0; i < 6; i++)
		to[i] = (uint8_t)(mac >> (40 - 8 * i));
}

static void ethernet(struct peer_packet *f, uint64_t to, uint16_t type)
{
	put_mac(f->data, to);
	put_mac(f->data + 6, PEER_MAC);
	f->data[12] = (uint8_t)(type >> 8);
	f->data[13] = (uint8_t)type;
}

static uint16_t ethertype(const struct peer_packet *f)
{
	return (uint16_t)(f->data[12] << 8 | f->data[13]);
}

static uint32_t add_up(const uint8_t *p, size_t len, uint32_t sum)
{
	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

void peer_ip(struct peer_packet *f, uint8_t protocol, uint32_t from,
	     uint32_t to, size_t len, uint16_t off)
{
	static uint16_t id;

	ethernet(f, to == TO_ALL ? 0xffffffffffffu : RIG_MAC, ETHERTYPE_IP);
	/* All fragments of one packet have its number. */
	id = (uint16_t)(id + ((off & 0x1fff) == 0));
	*IP(f) = (struct iphdr_view){
		.vhl = 0x45,
		.len = htons((uint16_t)(20 + len)),
		.id = htons(id),
		.off = htons(off),
		.ttl = 64,
		.protocol = protocol,
		.from = htonl(from),
		.to = htonl(to),
	};
	IP(f)->sum = fold(add_up(f->data + IP_AT, 20, 0));
	f->len = L4_AT + len;
}

uint16_t peer_sum(const struct peer_packet *f)
{
	size_t len = ntohs(IP(f)->len) - 20u;
	uint32_t sum = 0;

	if (IP(f)->protocol != IPPROTO_ICMP) {
		sum = add_up(f->data + IP_AT + 12, 8, (uint32_t)len);
		sum += IP(f)->protocol;
	}
	return fold(add_up(f->data + L4_AT, len, sum));
}

void peer_udp(struct peer_packet *f, uint32_t from, uint16_t from_port,
	      uint32_t to, uint16_t to_port, const void *data, size_t len)
{
	*UDP(f) = (struct udphdr_view){
		.from = htons(from_port),
		.to = htons(to_port),
		.len = htons((uint16_t)(8 + len)),
	};
	memcpy(UDP(f)->data, data, len);
	peer_ip(f, IPPROTO_UDP, from, to, 8 + len, 0);
	UDP(f)->sum = peer_sum(f);
}

void peer_send(const struct peer_packet *f)
{
	assert_true(rig_send(f->data, f->len));
	rig_turn();
}

/* --- ARP ------------------------------------------------------------------ */

void peer_arp(struct peer_packet *f, uint16_t operation, uint32_t target)
{
	const uint8_t head[] = { 0, 1, 8, 0, 6, 4, 0, (uint8_t)operation };
	const uint32_t from = htonl(PEER_IP), to = htonl(target);
	uint8_t *p = f->data + ETH_LEN;

	ethernet(f, operation == 1 ? 0xffffffffffffu : RIG_MAC, ETHERTYPE_ARP);
	memcpy(p, head, sizeof(head));
	put_mac(p + 8, PEER_MAC);
	memcpy(p + 14, &from, 4);
	put_mac(p + 18, operation == 1 ? 0 : RIG_MAC);
	memcpy(p + 24, &to, 4);
	f->len = ETH_LEN + 28;
}

static bool asks_for_us(const struct peer_packet *f)
{
	const uint32_t us = htonl(PEER_IP);

	return ethertype(f) == ETHERTYPE_ARP && f->data[ETH_LEN + 7] == 1 &&
	       memcmp(f->data + ETH_LEN + 24, &us, 4) == 0;
}

/* --- what the program sends ----------------------------------------------- */

static void check(const struct peer_packet *f)
{
	uint8_t mac[6];

	put_mac(mac, RIG_MAC);
	assert_memory_equal(f->data + 6, mac, 6);
	if (ethertype(f) != ETHERTYPE_IP)
		return;
	assert_true(f->len >= L4_AT);
	assert_int_equal(f->len, ETH_LEN + ntohs(IP(f)->len));
	assert_int_equal(fold(add_up(f->data + IP_AT, 20, 0)), 0);
	/* A fragment's is the whole packet's. */
	if ((ntohs(IP(f)->off) & 0x3fff) == 0)
		assert_int_equal(peer_sum(f), 0);
}

bool peer_next(struct peer_packet *f)
{
	struct peer_packet answer;

	while ((f->len = rig_take(f->data)) > 0) {
		check(f);
		if (!asks_for_us(f))
			return true;
		peer_arp(&answer, 2, OUR_IP);
		peer_send(&answer);
	}
	return false;
}

void peer_wants(struct peer_packet *f, uint8_t protocol)
{
	assert_true(peer_next(f));
	assert_int_equal(ethertype(f), ETHERTYPE_IP);
	assert_int_equal(IP(f)->protocol, protocol);
}

void peer_silent(void)
{
	struct peer_packet f;

	assert_false(peer_next(&f));
}

/* --- DHCP ----------------------------------------------------------------- */

const uint8_t *peer_dhcp_option(const struct peer_packet *f, uint8_t code,
				uint8_t *len)
{
	const uint8_t *p = UDP(f)->data + DHCP_OPTIONS;
	const uint8_t *end = f->data + f->len;

	while (p + 1 < end && *p != 255 && *p != code)
		p += *p == 0 ? 1 : 2 + p[1];
	if (p + 1 >= end || *p != code || p + 2 + p[1] > end)
		return NULL;
	*len = p[1];
	return p + 2;
}

uint32_t peer_dhcp_wants(struct peer_packet *f, uint8_t type)
{
	const uint8_t *option;
	uint32_t xid;
	uint8_t len;

	peer_wants(f, IPPROTO_UDP);
	assert_int_equal(ntohs(UDP(f)->to), 67);
	option = peer_dhcp_option(f, 53, &len);
	assert_non_null(option);
	assert_int_equal(len, 1);
	assert_int_equal(*option, type);
	memcpy(&xid, UDP(f)->data + 4, 4);
	return xid;
}

static uint8_t *option_long(uint8_t *p, uint8_t code, uint32_t value)
{
	value = htonl(value);
	p[0] = code;
	p[1] = 4;
	memcpy(p + 2, &value, 4);
	return p + 6;
}

void peer_dhcp(struct peer_packet *f, uint8_t type, uint32_t xid,
	       uint32_t lease)
{
	static const uint8_t head[] = { 2, 1, 6, 0 };
	static const uint8_t magic[] = { 99, 130, 83, 99 };
	const uint32_t address = htonl(OUR_IP);
	uint8_t m[DHCP_LEN] = { 0 };
	uint8_t *p = m + DHCP_OPTIONS;

	memcpy(m, head, sizeof(head));
	memcpy(m + 4, &xid, 4);
	memcpy(m + 16, &address, 4);
	put_mac(m + 28, RIG_MAC);
	memcpy(p - 4, magic, sizeof(magic));
	*p++ = 53;
	*p++ = 1;
	*p++ = type;
	p = option_long(p, 54, PEER_IP);
	p = option_long(p, 51, lease);
	p = option_long(p, 1, 0xffffff00);
	p = option_long(p, 3, PEER_IP);
	*p = 255;
	peer_udp(f, PEER_IP, 67, TO_ALL, 68, m, sizeof(m));
}
