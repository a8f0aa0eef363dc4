/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A wire of a configuration as virt/net_client.h wants it: for clients, and for
 * the compiler, which has to know how much memory they need.
 */
#ifndef WEIR_VMM_MICROKIT_WIRE_H
#define WEIR_VMM_MICROKIT_WIRE_H

#include "virt/net_client.h"
#include "vmm/microkit/config.h"

/**
 * mk_client_config - a client of a wire
 * @w: a capture's has no ingress
 */
static inline struct net_client_config mk_client_config(const struct mk_wire *w)
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

#endif
