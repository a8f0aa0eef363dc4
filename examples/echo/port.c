/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What lwIP needs from its environment: time and random numbers.
 *
 * Time is the PD's, as of the present round, so nothing here makes a system
 * call.
 *
 * Random numbers are made from a secret fetched at the start, by SipHash-2-4 of
 * a counter: a peer that has seen some cannot predict the next. A connection's
 * initial sequence number is the hash of its two ends plus a clock that ticks
 * every 4 us (RFC 6528), so an old segment does not fit into a new connection,
 * and an outsider cannot guess sequence numbers.
 *
 * If an assertion of lwIP fails, because of something a peer has sent, the PD
 * reports it and ends, and the monitor restarts it.
 */
#include "examples/echo/port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <lwip/sys.h>
#include <lwip/timeouts.h>

#include "client/pd.h"

#define NS_PER_MS 1000000u

static struct component *self;
static uint64_t now_ns;
static uint64_t key[2];
static uint64_t counter;

int port_init(struct component *c)
{
	self = c;
	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return -EIO;
	return 0;
}

/* --- time ----------------------------------------------------------------- */

void port_set_time(uint64_t ns)
{
	now_ns = ns;
}

u32_t sys_now(void)
{
	return (u32_t)(now_ns / NS_PER_MS);
}

uint64_t port_wake_time(void)
{
	u32_t ms = sys_timeouts_sleeptime();

	if (ms == SYS_TIMEOUTS_SLEEPTIME_INFINITE)
		return UINT64_MAX;
	return (now_ns / NS_PER_MS + ms) * NS_PER_MS;
}

/* --- chance --------------------------------------------------------------- */

static uint64_t rotate(uint64_t x, unsigned int by)
{
	return x << by | x >> (64 - by);
}

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate(v[1], 13) ^ v[0];
	v[3] = rotate(v[3], 16) ^ v[2];
	v[0] = rotate(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotate(v[1], 17) ^ v[2];
	v[3] = rotate(v[3], 21) ^ v[0];
	v[2] = rotate(v[2], 32);
}

/* SipHash-2-4 of two words. */
static uint64_t sip_hash(uint64_t first, uint64_t second)
{
	const uint64_t word[] = { first, second, (uint64_t)16 << 56 };
	uint64_t v[4] = {
		key[0] ^ 0x736f6d6570736575u,
		key[1] ^ 0x646f72616e646f6du,
		key[0] ^ 0x6c7967656e657261u,
		key[1] ^ 0x7465646279746573u,
	};

	for (unsigned int i = 0; i < 3; i++) {
		v[3] ^= word[i];
		sip_round(v);
		sip_round(v);
		v[0] ^= word[i];
	}
	v[2] ^= 0xff;
	for (unsigned int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint32_t port_random(void)
{
	/* The second word keeps these apart from connections. */
	return (uint32_t)sip_hash(counter++, UINT64_MAX);
}

uint32_t port_tcp_isn(const void *local, uint16_t local_port,
		      const void *remote, uint16_t remote_port)
{
	uint32_t from, to;

	memcpy(&from, remote, sizeof(from));
	memcpy(&to, local, sizeof(to));
	return (uint32_t)sip_hash((uint64_t)from << 32 | to,
				  (uint64_t)remote_port << 16 | local_port) +
	       (uint32_t)(now_ns / 4096);
}

/* --- when it breaks ------------------------------------------------------- */

void port_broken(const char *what, const char *file, int line)
{
	pd_log(self, "lwIP is in a state it should never be in (%s, %s:%d)",
	       what, strrchr(file, '/') ? strrchr(file, '/') + 1 : file, line);
	_exit(EXIT_FAILURE);
}
