/* SPDX-License-Identifier: BSD-2-Clause */
/* An opened card: VFIO's calls. */
#ifndef WEIR_VMM_KVM_VFIO_H
#define WEIR_VMM_KVM_VFIO_H

#include <linux/vfio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/kvm/pci.h"

/* BARs, expansion ROM, configuration space: VFIO's numbers. */
#define VFIO_REGIONS (VFIO_PCI_CONFIG_REGION_INDEX + 1)
#define VFIO_MAX_AREAS 4

/** struct vfio_area - part of a region */
struct vfio_area {
	uint64_t offset;
	uint64_t size;
};

/* A BAR or the configuration space. */
struct vfio_region {
	uint64_t size;	 /* bytes; 0: there is none */
	uint64_t offset; /* where it begins in the device's descriptor */
	struct vfio_area area[VFIO_MAX_AREAS]; /* what of it can be mapped */
	unsigned int n_areas;		       /* how many */
};

/* A card. */
struct vfio {
	int container, device;			 /* descriptors */
	struct vfio_region region[VFIO_REGIONS]; /* by VFIO's number */
	/* interrupts by VFIO's index (INTx, MSI, MSI-X) */
	uint32_t vectors[VFIO_PCI_MSIX_IRQ_INDEX + 1];
	bool can_reset; /* VFIO knows how to reset it */
};

/**
 * vfio_describe - ask what a card has
 * @fds: from vfio_open(), kept
 */
int vfio_describe(struct vfio *card, const int fds[VFIO_FDS],
		  struct error *err);

/**
 * vfio_reset - put the card into the state after power-on, if that can be done
 */
void vfio_reset(const struct vfio *card);

/**
 * vfio_map - map part of a region
 *
 * Return: where, or NULL with @err set.
 */
void *vfio_map(const struct vfio *card, unsigned int region,
	       const struct vfio_area *area, struct error *err);

/**
 * vfio_read - read registers
 *
 * Return: were all @len bytes read?  If not, all bits are ones, as on a bus
 * where nobody answers.
 */
bool vfio_read(const struct vfio *card, unsigned int region, uint64_t offset,
	       void *data, size_t len);

/** vfio_write - write registers; what does not work is lost */
void vfio_write(const struct vfio *card, unsigned int region, uint64_t offset,
		const void *data, size_t len);

/**
 * vfio_irqs - turn a kind of interrupt on or off
 * @index: VFIO_PCI_INTX_IRQ_INDEX or VFIO_PCI_MSIX_IRQ_INDEX
 * @fd:    an eventfd per vector
 * @n:     how many, up to PCI_MAX_VECTORS; 0 turns the kind off
 *
 * Return: 0, negative errno, or how many vectors there could be.
 */
int vfio_irqs(const struct vfio *card, unsigned int index, const int *fd,
	      unsigned int n);

/** vfio_intx_unmask - have an eventfd let the next INTx through */
int vfio_intx_unmask(const struct vfio *card, int eventfd);

/** vfio_dma - map memory for the card's DMA */
int vfio_dma(const struct vfio *card, void *host, uint64_t iova, uint64_t size,
	     struct error *err);

#endif
