/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest-physical map of an arm64 VM.
 *
 *	0x0800_0000	  nothing: many SMMUs keep 0x0800_0000 to 0x080f_ffff
 *			  of the I/O address space for MSIs, and DMA addresses
 *			  equal guest addresses
 *	0x1000_0000	  GIC distributor, ITS, redistributors (in the kernel)
 *	0x1100_0000	  virtio console
 *	0x1101_0000	  doorbells: eventfds in the kernel, no memory
 *	0x1102_0000	  a client VM's virtio devices, a page each
 *	0x1200_0000	  PCI configuration space (ECAM), bus 0; 1 MiB for each
 *			  card, which has a host bridge of its own
 *	0x2000_0000	  PCI memory windows: BARs; 256 MiB for each card
 *	0x4000_0000	  RAM, then from the next 2 MiB on the shared regions,
 *			  each on a page boundary
 *
 * Everything is below 4 GiB, for cards that can address no more.  RAM and
 * shared regions have 3 GiB together.
 */
#ifndef WEIR_VMM_KVM_LAYOUT_H
#define WEIR_VMM_KVM_LAYOUT_H

#define LAYOUT_GICD 0x10000000ull
#define LAYOUT_GICD_SIZE 0x10000ull
#define LAYOUT_ITS 0x10080000ull
#define LAYOUT_ITS_SIZE 0x20000ull
#define LAYOUT_GICR 0x100a0000ull
#define LAYOUT_GICR_SIZE 0x20000ull /* of each vCPU */

#define LAYOUT_CONSOLE 0x11000000ull
#define LAYOUT_CONSOLE_SIZE 0x1000ull
#define LAYOUT_DOORBELL 0x11010000ull
#define LAYOUT_DOORBELL_SIZE 0x1000ull

#define LAYOUT_VIRTIO 0x11020000ull
#define LAYOUT_VIRTIO_SIZE 0x1000ull

/* Of the first card; configuration space of the next is behind, memory below. */
#define LAYOUT_ECAM 0x12000000ull
#define LAYOUT_ECAM_SIZE 0x100000ull /* bus 0 */
#define LAYOUT_PCI_MMIO 0x30000000ull
#define LAYOUT_PCI_MMIO_SIZE 0x10000000ull
#define LAYOUT_ECAM_OF(n) (LAYOUT_ECAM + (n)*LAYOUT_ECAM_SIZE)
#define LAYOUT_PCI_MMIO_OF(n) (LAYOUT_PCI_MMIO - (n)*LAYOUT_PCI_MMIO_SIZE)

#define LAYOUT_RAM 0x40000000ull
#define LAYOUT_SHARED_ALIGN 0x200000ull

/* Shared peripheral interrupts; the GIC's number is 32 more. */
#define LAYOUT_SPI_CONSOLE 0u  /* edge */
#define LAYOUT_SPI_DOORBELL 1u /* edge */
#define LAYOUT_SPI_PCI_INTX 2u /* level, with resample; of the first card */
#define LAYOUT_SPI_VIRTIO 4u   /* edge; of the first device */
#define LAYOUT_SPIS 32u	       /* as many as the GIC is made with */

#endif
