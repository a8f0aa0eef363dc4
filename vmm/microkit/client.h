/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port's client on Microkit: for programs that are PDs.
 *
 * The program defines init() and notified(); virt/net_client.h moves frames.
 *
 *	void init(void)
 *	{
 *		cfg = mk_config(MK_CLIENT, sizeof(*cfg));
 *		client = mk_client_new(&cfg->wire, &cfg->memory);
 *	}
 */
#ifndef WEIR_VMM_MICROKIT_CLIENT_H
#define WEIR_VMM_MICROKIT_CLIENT_H

#include "vmm/microkit/pd.h"
#include "vmm/microkit/wire.h"

/**
 * mk_client_new - the client that a configuration describes
 *
 * Return: NULL if it is impossible or the memory does not suffice, which is
 * said on the console.
 */
struct net_client *mk_client_new(const struct mk_wire *w,
				 const struct mk_region *memory);

#endif
