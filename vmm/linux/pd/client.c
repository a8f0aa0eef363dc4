/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A component's own wire as a net_client: what port PDs and programs have in
 * common.  Apart from pd.c, so that a test can play the PD below it.
 */
#include <errno.h>
#include <stdlib.h>

#include "virt/net_client.h"
#include "vmm/linux/pd/pd.h"

/* Private memory of a net_client must start a cache line. */
#define CLIENT_ALIGN 64u

int pd_client(struct component *c, struct net_client **client)
{
	struct net_client_config config;
	struct net_client *made;
	size_t size;
	void *memory;

	pd_wire(c, &c->cfg->wire, &config);
	size = net_client_size(&config);
	if (size == 0)
		return -EINVAL;
	size = (size + CLIENT_ALIGN - 1) & ~(size_t)(CLIENT_ALIGN - 1);
	memory = aligned_alloc(CLIENT_ALIGN, size);
	if (memory == NULL)
		return -ENOMEM;
	made = net_client_init(memory, size, &config);
	if (made == NULL) {
		free(memory);
		return -EINVAL;
	}
	*client = made;
	return 0;
}
