/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/microkit/client.h"

struct net_client *mk_client_new(const struct mk_wire *w,
				 const struct mk_region *memory)
{
	const struct net_client_config config = mk_client_config(w);
	struct net_client *client;
	char needs[MK_DECIMAL];

	client = net_client_init(mk_at(memory->addr), memory->size, &config);
	if (client == NULL)
		mk_say("its port is impossible, or needs ",
		       mk_decimal(needs, net_client_size(&config)),
		       " bytes of memory", NULL);
	return client;
}
