/* SPDX-License-Identifier: BSD-2-Clause */
/* A client VM's disk: see blk_device.h. */
#include "vmm/kvm/blk_device.h"

#include <linux/virtio_ids.h>
#include <string.h>

#include "virtio/blk.h"

/* What is under way at the disk's process has to end before it answers. */
#define ANSWER_S 10u

_Static_assert(sizeof(struct vblk_config) <= FRONT_CONFIG, "it fits");

/* It may have more queues than the registers do. */
static void adapt(const struct front_device *d, uint8_t *config)
{
	struct vblk_config says;

	memcpy(&says, config, sizeof(says));
	says.queues = (uint16_t)d->is.queues;
	memcpy(config, &says, sizeof(says));
}

int blk_device_make(struct front_device *d, const struct guest_region *ram,
		    int ram_fd, unsigned int cpus, struct error *err)
{
	const struct front_config config = {
		.device = VIRTIO_ID_BLOCK,
		.queues = cpus < FRONT_QUEUES ? cpus : FRONT_QUEUES,
		.answer_s = ANSWER_S,
		.config = sizeof(struct vblk_config),
		.adapt = adapt,
		.keeps = true,
		.ram = *ram,
		.ram_fd = ram_fd,
	};

	return front_device_make(d, &config, err);
}
