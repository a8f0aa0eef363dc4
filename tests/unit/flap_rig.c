/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/flap_rig.h"

struct net net;

void limit_moves(unsigned int port, uint64_t rate, uint64_t burst)
{
	const struct policy_rate settings = { rate, burst };

	bucket_set(&net.flap.port[port].moves, &settings);
}

void new_net(uint64_t rate, uint64_t burst)
{
	memset(&net, 0, sizeof(net));
	memset(net.at, NOWHERE, sizeof(net.at));
	/* A system that has just been switched on. */
	net.now = 5 * MS;
	for (unsigned int p = 0; p < MAX_PORTS; p++)
		limit_moves(p, rate, burst);
}

bool is_blocked(unsigned int port)
{
	return net.flap.blocked >> port & 1;
}

void later(uint64_t ns)
{
	net.now += ns;
	flap_tick(&net.flap, net.now);
}

enum outcome move(const struct flap_move *m)
{
	bool may = flap_may_move(&net.flap, m, net.now);
	bool blocked = may ? flap_moved(&net.flap, m, net.now)
			   : flap_refused(&net.flap, m, net.now);

	assert_int_equal(blocked, is_blocked(m->to));
	net.blocked |= net.flap.blocked;
	if (may)
		net.at[m->mac] = m->to;
	return may ? MOVED : REFUSED;
}

enum outcome heard(unsigned int port, unsigned int mac)
{
	const struct flap_move m = {
		.mac = mac,
		.from = net.at[mac],
		.to = (uint8_t)port,
	};

	if (is_blocked(port))
		return CUT;
	if (net.at[mac] != NOWHERE && net.at[mac] != port)
		return move(&m);
	net.at[mac] = (uint8_t)port;
	return TAKEN;
}

void echo(unsigned int mac, unsigned int ports)
{
	heard(STATION_PORT, mac);
	for (unsigned int p = 0; p < ports; p++)
		heard(p, mac);
}
