/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A card that is a file, and a VM that writes down what it is told.
 *
 * VFIO shows a card as a descriptor with windows, so a memfd will do: what is
 * written to registers is found there, and mappings are real.  The code under
 * test is compiled in once more, with ioctl() and the VM's calls renamed.
 */
#ifndef WEIR_TESTS_UNIT_PCI_RIG_H
#define WEIR_TESTS_UNIT_PCI_RIG_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <cmocka.h>

#include "vmm/kvm/layout.h"
#include "vmm/kvm/pci.h"
#include "vmm/kvm/pci_dev.h"

/* --- the card ----------------------------------------------------------- */

#define CARD_CAP_PM 0xc8u
#define CARD_CAP_MSI 0xd0u
#define CARD_CAP_EXP 0xe0u
#define CARD_CAP_MSIX 0xa0u
#define CARD_CAP_VENDOR 0x50u
#define CARD_CAP_AF 0x70u
#define TABLE_BAR 3u
#define TABLE_AT 0x1000u
#define PENDING_AT 0x2000u

/**
 * struct fake_card - how the card answers
 * @fd:      the file
 * @size:    of each region
 * @mappable: regions that can be mapped, a bit each
 * @sparse:  BAR 0 may only be mapped in part
 * @vectors: interrupts, by VFIO's index
 * @grant:   so many MSI-X vectors the host has left
 * @fails:   this request fails with EIO
 * @dma_error: what mapping memory fails with
 * @resets:  how often it was reset
 * @dma:     the last mapping
 */
struct fake_card {
	int fd;
	uint64_t size[VFIO_REGIONS];
	uint32_t mappable;
	bool sparse;
	uint32_t vectors[3];
	unsigned int grant;
	unsigned long fails;
	int dma_error;
	unsigned int resets;
	struct vfio_iommu_type1_dma_map dma;
};

extern struct fake_card card;

/* All that happened to VM and card, as text. */
extern char events[4096];

#define assert_events(text)                                                    \
	do {                                                                   \
		assert_string_equal(events, text);                             \
		events[0] = '\0';                                              \
	} while (0)

uint32_t card_read(unsigned int region, uint64_t at, unsigned int len);
void card_write(unsigned int region, uint64_t at, uint32_t value,
		unsigned int len);
uint32_t card_config(unsigned int at, unsigned int len);
void card_set_config(unsigned int at, uint32_t value, unsigned int len);

/*
 * The bits of the card's configuration that may be other than they were; a file
 * lets even read-only bits of its status be written.
 */
uint32_t card_may_change(unsigned int at);

/* Memory slots are no events. */
extern bool quiet;

extern struct vm_range ranges[2];
extern struct vm vm_of_test;

/* --- the guest ---------------------------------------------------------- */

#define CONFIG (LAYOUT_ECAM + (PCI_SLOT << 15))

/* Where a guest's access goes without us; NULL: it traps. */
char *direct(uint64_t gpa);

uint64_t guest_read(uint64_t gpa, unsigned int len);
void guest_write(uint64_t gpa, uint64_t value, unsigned int len);

/* --- a test's life ------------------------------------------------------ */

extern struct pci *pci;
extern struct error oops;
struct pci *try_attach(void);
void attach_card(void);

/* What a PD's end does; an attachment that failed leaks until then. */
void detach_card(void);

int pci_setup(void **state);
int pci_teardown(void **state);

#define pci_test(f) cmocka_unit_test_setup_teardown(f, pci_setup, pci_teardown)

#endif
