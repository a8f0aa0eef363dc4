/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A component's own wire as a net_client: what port PDs and programs have in
 * common.  Apart from pd.c, so that a test can play the PD below it.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/lines.h"
#include "virt/net_client.h"
#include "vmm/linux/pd/pd.h"

void *pd_memory(size_t size)
{
	return aligned_alloc(64, in_lines(size > 0 ? size : 1));
}

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
	memory = pd_memory(size);
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
