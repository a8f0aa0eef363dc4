/* SPDX-License-Identifier: BSD-2-Clause */
/* A client VM's network card: see net_device.h. */
#include "vmm/kvm/net_device.h"

#include <linux/virtio_ids.h>

#include "virtio/net.h"

/* To the guest, from the guest. */
#define QUEUES 2u

/* Its configuration (virtio 1.2, section 5.1.4). */
struct config {
	uint8_t mac[6];
	uint16_t status;
	uint16_t pairs;
	uint16_t mtu;
};

#define STATUS_AT 6u
#define LINK_UP 1u

int net_device_make(struct front_device *d,
		    const struct net_device_config *config, struct error *err)
{
	const struct front_config front = {
		.device = VIRTIO_ID_NET,
		.queues = QUEUES,
		.answer_s = 1,
		.own = NET_F_MAC | NET_F_STATUS | NET_F_MTU,
		.ram = config->ram,
		.ram_fd = config->ram_fd,
	};
	struct config says = { .pairs = 1, .mtu = config->mtu };

	if (front_device_make(d, &front, err) != 0)
		return -1;
	for (unsigned int i = 0; i < 6; i++)
		says.mac[i] = (uint8_t)(config->mac >> (40 - 8 * i));
	mmio_configure(&d->dev.mmio, 0, &says, sizeof(says));
	return 0;
}

void net_device_carrier(struct front_device *d, bool up)
{
	const uint16_t status = up ? LINK_UP : 0;
	const uint8_t *now = d->dev.mmio.page + MMIO_CONFIG + STATUS_AT;

	virtio_device_lock(&d->dev);
	if (up != (*now == LINK_UP))
		mmio_configure(&d->dev.mmio, STATUS_AT, &status,
			       sizeof(status));
	virtio_device_unlock(&d->dev);
}
