/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the programs of the self-test say to one another.
 *
 * A sender numbers its frames from 0.  The checker answers with the number it
 * waits for, and a sender has no more than WINDOW frames under way: so nobody
 * runs out of buffers, and a number that is missing is a frame the switch lost.
 *
 * PDs start in any order, and frames to one that has not started are lost.  So a
 * sender has only the first frame under way until that is answered, and sends it
 * again when the checker says that it has begun.
 */
#ifndef WEIR_EXAMPLES_SELFTEST_SELFTEST_H
#define WEIR_EXAMPLES_SELFTEST_SELFTEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/frame.h"
#include "base/mem.h"
#include "vmm/microkit/client.h"

/* Stations; the topology locks all but the checker to their ports. */
#define SENDERS 5u
#define SENDER_MAC 0x020000000001ull /* plus its number */
#define CHECKER_MAC 0x02000000000cull
#define SHUT_MAC 0x02000000000dull

/* The number of a station among the senders; SENDERS or more: it is none. */
static inline uint64_t st_sender(uint64_t mac)
{
	return mac - SENDER_MAC;
}

/* What must arrive of each sender; of the flooder, what it sends. */
#define FRAMES 5000u
#define FLOODER 4u
#define FLOODS 1000u
#define WINDOW 32u

/* UDP ports: of the rules, and of none. */
#define PORT_ALLOWED 7u
#define PORT_BEGUN 8u
#define PORT_DENIED 9u
#define PORT_OWN 1000u

/* Bytes of a frame, untagged; of a flooding one. */
#define ST_SHORT 60u
#define ST_LONG 1000u
/* Where things are. */
#define ST_TYPE 12u
#define ST_IP 14u
#define ST_UDP (ST_IP + 20u)
#define ST_NUMBER (ST_UDP + 10u)
#define ST_TAG 4u

static inline void st_put16(uint8_t *at, unsigned int n)
{
	at[0] = (uint8_t)(n >> 8);
	at[1] = (uint8_t)n;
}

static inline void st_put_mac(uint8_t *at, uint64_t mac)
{
	for (unsigned int i = 0; i < 6; i++)
		at[i] = (uint8_t)(mac >> (40 - 8 * i));
}

/**
 * struct st_frame - what a frame of the self-test says
 * @vlan:   0: it is untagged
 * @len:    bytes without the tag
 */
struct st_frame {
	uint64_t dst;
	uint64_t src;
	uint64_t number;
	unsigned int from_port;
	unsigned int to_port;
	unsigned int vlan;
	unsigned int len;
};

/* The last octet of a station's IPv4 address, 10.0.0.x. */
static inline uint8_t st_host(uint64_t mac)
{
	return (uint8_t)mac;
}

static inline void st_put_ip(uint8_t *ip, const struct st_frame *f)
{
	uint32_t sum = 0;

	ip[0] = 0x45;
	st_put16(ip + 2, f->len - ST_IP);
	ip[8] = 64;
	ip[9] = 17;
	ip[12] = 10;
	ip[15] = st_host(f->src);
	ip[16] = 10;
	ip[19] = st_host(f->dst);
	for (unsigned int i = 0; i < 20; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	st_put16(ip + 10, ~(sum + (sum >> 16)) & 0xffff);
}

/**
 * st_write - write a frame
 *
 * Return: its bytes, with the tag.
 */
static inline uint16_t st_write(uint8_t *at, const struct st_frame *f)
{
	unsigned int tag = f->vlan != 0 ? ST_TAG : 0;
	uint8_t *rest = at + tag;

	memset(at, 0, f->len + tag);
	st_put_mac(at, f->dst);
	st_put_mac(at + 6, f->src);
	if (tag != 0) {
		st_put16(at + ST_TYPE, 0x8100);
		st_put16(at + ST_TYPE + 2, f->vlan);
	}
	st_put16(rest + ST_TYPE, 0x0800);
	st_put_ip(rest + ST_IP, f);
	st_put16(rest + ST_UDP, f->from_port);
	st_put16(rest + ST_UDP + 2, f->to_port);
	st_put16(rest + ST_UDP + 4, f->len - ST_UDP);
	memcpy(rest + ST_NUMBER, &f->number, sizeof(f->number));
	return (uint16_t)(f->len + tag);
}

/* The number in a frame whose tag, if it has one, is behind us. */
static inline uint64_t st_number(const uint8_t *rest)
{
	uint64_t n;

	memcpy(&n, rest + ST_NUMBER, sizeof(n));
	return n;
}

#endif
