/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A station that nobody may send to: a frame that comes here is a failure.
 */
#include "examples/selftest/selftest.h"

static const struct mk_client *cfg;
static struct net_client *port;

static void serve(void)
{
	struct net_buffer in;

	do {
		while (net_rx_burst(port, &in, 1) > 0) {
			mk_say("FAIL: a frame came that is not allowed", NULL);
			net_rx_release(port, &in, 1);
		}
		if (net_client_must_notify(port))
			mk_notify(cfg->wire.channel);
	} while (net_client_arm(port, true, false));
}

void init(void)
{
	port = NULL;
	cfg = mk_config(MK_CLIENT, sizeof(*cfg));
	if (cfg != NULL)
		port = mk_client_new(&cfg->wire, &cfg->memory);
	if (port != NULL)
		serve();
}

void notified(microkit_channel ch)
{
	(void)ch;
	if (port != NULL)
		serve();
}
