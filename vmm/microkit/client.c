/* SPDX-License-Identifier: BSD-2-Clause */
#include "vmm/microkit/client.h"

struct net_client_config mk_client_config(const struct mk_wire *w)
{
	return (struct net_client_config){
		.tx_active = mk_at(w->ingress.active),
		.tx_free = mk_at(w->ingress.free),
		.rx_active = mk_at(w->egress.active),
		.rx_free = mk_at(w->egress.free),
		.tx_data = mk_at(w->ingress.data.addr),
		.rx_data = mk_at(w->egress.data.addr),
		.tx_size = w->ingress.data.size,
		.rx_size = w->egress.data.size,
		.capacity = w->capacity,
		.buffer_size = w->buffer_size,
		.max_frame = w->max_frame,
		.offload = w->offload,
		.max_segment = w->max_segment,
		.link = mk_at(w->link),
	};
}

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
