/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A PCI card passed through to a VM by VFIO.
 *
 *	vfio_usable.c	in the monitor: is there such a card, can it be used?
 *	vfio_open.c	and its descriptors
 *	vfio.c		in the VM's PD: regions, interrupts, DMA mappings
 *	pci.c		what the guest sees of the card
 *	pci_config.c	its accesses to configuration space
 *	pci_bar.c	BARs
 *	msix.c		the MSI-X table, and INTx
 *
 * The guest sees, for each card, a host bridge with one bus and the card as its
 * only device (PCI_SLOT, function 0).  Configuration space is trapped: what the guest reads
 * comes from the card or from us (BARs, MSI-X control), its writes are passed
 * on field by field.  BARs are mapped into the guest, but for the pages with
 * the MSI-X table and pending bits.  An MSI-X vector is an eventfd VFIO writes
 * and KVM turns into a write to the guest's ITS; the same eventfd stays when
 * the guest masks a vector.  All of this is configuration: no frame ever passes
 * here.
 *
 * DMA reaches only the VM's own RAM, and of a disk the regions whose content it
 * reads and writes: guest-physical addresses are I/O addresses.
 */
#ifndef WEIR_VMM_KVM_PCI_H
#define WEIR_VMM_KVM_PCI_H

#include "vmm/kvm/vm.h"

/* The cards a driver VM can have, in the order of their descriptors. */
enum pci_card { PCI_NIC, PCI_STORAGE, PCI_CARDS };

/* Device number of the card on its bus; and its device id for the ITS. */
#define PCI_SLOT 1u
#define PCI_FUNCTION (PCI_SLOT << 3)
#define PCI_DEVID_BASE(n) ((uint32_t)(n) << 8)
#define PCI_DEVID(n) (PCI_DEVID_BASE(n) | PCI_FUNCTION)

/* The guest sees at most this many MSI-X vectors. */
#define PCI_MAX_VECTORS 32

/* Descriptors that make up an opened card (vfio_open.h). */
enum { VFIO_CONTAINER, VFIO_GROUP, VFIO_DEVICE, VFIO_FDS };

struct pci;

/**
 * pci_attach - give the card to a VM; in the VM's PD, before its filter
 * @vm:   its RAM is not running yet
 * @card: its place among the VM's
 * @fds:  from vfio_open(), kept
 *
 * Return: the device, allocated, or NULL with @err set.
 */
struct pci *pci_attach(struct vm *vm, enum pci_card card,
		       const int fds[VFIO_FDS], struct error *err);

/**
 * pci_dma - map memory for the card's DMA
 * @host: where it is here; stays mapped
 * @iova: where the card sees it; the guest-physical address
 */
int pci_dma(struct pci *pci, void *host, uint64_t iova, uint64_t size,
	    struct error *err);

/*
 * What the vCPU's thread asks for while the guest runs: by ioctl(), and by
 * pread() and pwrite() on the device's descriptor.
 */
#define PCI_IOCTLS                                                             \
	VFIO_DEVICE_SET_IRQS, KVM_IRQFD, KVM_SET_GSI_ROUTING,                  \
		KVM_SET_USER_MEMORY_REGION

#endif
