/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A card as the guest sees it: its configuration space, made of the card's.
 *
 * The space is built once, when the card is attached, from registers known to
 * be harmless and useful; all others are zero.  Of the capabilities the guest
 * gets
 *
 *	power management  states that are only stored: a card that went to
 *			  sleep would lose its BARs
 *	PCI Express	  but for resets, what belongs to the host's bus, and
 *			  accesses that go past the caches (no-snoop)
 *	MSI-X		  emulated, see msix.c
 *	vendor-specific	  to read; where virtio keeps its registers
 *
 * MSI is left out: a card that has it but no MSI-X interrupts by INTx.
 */
#include "vmm/kvm/pci.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vmm/kvm/layout.h"
#include "vmm/kvm/pci_dev.h"

/* A valid list of capabilities is never longer. */
#define MAX_CAPS 48u
#define FIRST_CAP 0x40u

/* PCI Express: sizes of the two versions of the capability on a card. */
#define EXP_SIZE_V1 0x14u
#define EXP_SIZE_V2 0x3cu
#define EXP_CONTROL                                                            \
	(PCI_EXP_DEVCTL_CERE | PCI_EXP_DEVCTL_NFERE | PCI_EXP_DEVCTL_FERE |    \
	 PCI_EXP_DEVCTL_URRE | PCI_EXP_DEVCTL_RELAX_EN |                       \
	 PCI_EXP_DEVCTL_READRQ)

#define COMMAND_BITS                                                           \
	(PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY |        \
	 PCI_COMMAND_SERR | PCI_COMMAND_INTX_DISABLE)
#define STATUS_ERRORS                                                          \
	(PCI_STATUS_PARITY | PCI_STATUS_SIG_TARGET_ABORT |                     \
	 PCI_STATUS_REC_TARGET_ABORT | PCI_STATUS_REC_MASTER_ABORT |           \
	 PCI_STATUS_SIG_SYSTEM_ERROR | PCI_STATUS_DETECTED_PARITY)

/* The guest has no access to a BAR whose card does not answer. */
static void command_changed(struct pci *pci)
{
	uint16_t command = (uint16_t)pci_get(pci, PCI_COMMAND, 2);

	if ((command & PCI_COMMAND_MEMORY) == 0)
		bar_place(pci);
	vfio_write(&pci->card, VFIO_PCI_CONFIG_REGION_INDEX, PCI_COMMAND,
		   &command, sizeof(command));
	if ((command & PCI_COMMAND_MEMORY) != 0)
		bar_place(pci);
}

static const struct pci_field header_fields[] = {
	{ .at = PCI_COMMAND,
	  .size = 2,
	  .keep = COMMAND_BITS,
	  .changed = command_changed },
	{ .at = PCI_STATUS,
	  .size = 2,
	  .clear = STATUS_ERRORS,
	  .live = STATUS_ERRORS | PCI_STATUS_INTERRUPT },
	{ .at = PCI_CACHE_LINE_SIZE, .size = 1, .keep = 0xff },
	{ .at = PCI_LATENCY_TIMER, .size = 1, .keep = 0xff },
	{ .at = PCI_INTERRUPT_LINE, .size = 1, .keep = 0xff },
};

static void copy(struct pci *pci, const uint8_t *card, unsigned int at,
		 unsigned int size)
{
	memcpy(&pci->value[at], &card[at], size);
}

/* Numbers that say what the card is. */
static void build_header(struct pci *pci, const uint8_t *card)
{
	copy(pci, card, PCI_VENDOR_ID, 4);
	copy(pci, card, PCI_CLASS_REVISION, 4);
	copy(pci, card, PCI_SUBSYSTEM_VENDOR_ID, 4);
	copy(pci, card, PCI_MIN_GNT, 2);
	/* Only one function of the card is ours. */
	pci->value[PCI_HEADER_TYPE] = PCI_HEADER_TYPE_NORMAL;
	/* Function 0 has the first of a card's four lines. */
	if (pci->card.vectors[VFIO_PCI_INTX_IRQ_INDEX] > 0)
		pci->value[PCI_INTERRUPT_PIN] = 1;
	for (size_t i = 0; i < sizeof(header_fields) / sizeof(header_fields[0]);
	     i++)
		pci_add_field(pci, &header_fields[i]);
	snprintf(pci->name, sizeof(pci->name), "%04x:%04x",
		 pci_get(pci, PCI_VENDOR_ID, 2),
		 pci_get(pci, PCI_DEVICE_ID, 2));
}

static void build_power(struct pci *pci, const uint8_t *card, unsigned int at)
{
	const struct pci_field control = { .at = (uint8_t)(at + PCI_PM_CTRL),
					   .size = 2,
					   .keep = PCI_PM_CTRL_STATE_MASK };

	copy(pci, card, at, PCI_PM_CTRL);
	/* Wake-up events of the card would reach nobody. */
	pci_put(pci, at + PCI_PM_PMC, 2,
		pci_get(pci, at + PCI_PM_PMC, 2) & ~PCI_PM_CAP_PME_MASK);
	pci_put(pci, at + PCI_PM_CTRL, 2, PCI_PM_CTRL_NO_SOFT_RESET);
	pci_add_field(pci, &control);
}

/*
 * Memory is cleared in the caches and written back later.  A card that bypassed
 * the caches could read a page's previous content, somebody else's.  The guest
 * sees a coherent card and needs no such accesses.
 */
static void forbid_nosnoop(struct pci *pci, const uint8_t *card,
			   unsigned int at)
{
	uint8_t high = card[at + PCI_EXP_DEVCTL + 1] &
		       (uint8_t) ~(PCI_EXP_DEVCTL_NOSNOOP_EN >> 8);
	uint8_t control[2] = { card[at + PCI_EXP_DEVCTL], high };

	vfio_write(&pci->card, VFIO_PCI_CONFIG_REGION_INDEX,
		   at + PCI_EXP_DEVCTL, control, sizeof(control));
}

static void build_express(struct pci *pci, const uint8_t *card, unsigned int at,
			  unsigned int size)
{
	const struct pci_field control = { .at = (uint8_t)(at + PCI_EXP_DEVCTL),
					   .size = 2,
					   .pass = EXP_CONTROL,
					   .live = 0xffff };
	const struct pci_field status = { .at = (uint8_t)(at + PCI_EXP_DEVSTA),
					  .size = 2,
					  .clear = PCI_EXP_DEVSTA_CED |
						   PCI_EXP_DEVSTA_NFED |
						   PCI_EXP_DEVSTA_FED |
						   PCI_EXP_DEVSTA_URD,
					  .live = 0xffff };

	copy(pci, card, at, size);
	pci_put(pci, at + PCI_EXP_DEVCAP, 4,
		pci_get(pci, at + PCI_EXP_DEVCAP, 4) & ~PCI_EXP_DEVCAP_FLR);
	pci_add_field(pci, &control);
	pci_add_field(pci, &status);
	forbid_nosnoop(pci, card, at);
}

/* Bytes of a capability the guest may have; 0: it may not. */
static unsigned int cap_size(const uint8_t *card, unsigned int at)
{
	unsigned int size = 0;

	switch (card[at]) {
	case PCI_CAP_ID_PM:
		size = PCI_PM_SIZEOF;
		break;
	case PCI_CAP_ID_VNDR:
		/* Its third byte says; two are the list's. */
		size = card[at + 2] < 3 ? 0 : card[at + 2];
		break;
	case PCI_CAP_ID_MSIX:
		size = PCI_CAP_MSIX_SIZEOF;
		break;
	case PCI_CAP_ID_EXP:
		size = (card[at + PCI_EXP_FLAGS] & PCI_EXP_FLAGS_VERS) < 2
			       ? EXP_SIZE_V1
			       : EXP_SIZE_V2;
		break;
	default:
		break;
	}
	return at + size <= PCI_CONFIG_SIZE ? size : 0;
}

static bool build_cap(struct pci *pci, const uint8_t *card, unsigned int at)
{
	unsigned int size = cap_size(card, at);

	if (size == 0)
		return false;
	switch (card[at]) {
	case PCI_CAP_ID_PM:
		build_power(pci, card, at);
		break;
	case PCI_CAP_ID_EXP:
		build_express(pci, card, at, size);
		break;
	case PCI_CAP_ID_MSIX:
		copy(pci, card, at, size);
		return msix_build(pci, at);
	default:
		copy(pci, card, at, size);
		break;
	}
	return true;
}

/* The list is the card's, without those that are left out. */
static void build_caps(struct pci *pci, const uint8_t *card)
{
	unsigned int link = PCI_CAPABILITY_LIST;
	unsigned int at = card[PCI_CAPABILITY_LIST] & ~3u;

	if ((card[PCI_STATUS] & PCI_STATUS_CAP_LIST) == 0)
		return;
	for (unsigned int n = 0; at >= FIRST_CAP && n < MAX_CAPS; n++) {
		if (build_cap(pci, card, at)) {
			pci->value[link] = (uint8_t)at;
			pci->value[PCI_STATUS] |= PCI_STATUS_CAP_LIST;
			link = at + 1;
			pci->value[link] = 0;
		}
		at = card[at + 1] & ~3u;
	}
}

int pci_build(struct pci *pci, struct error *err)
{
	uint8_t card[PCI_CONFIG_SIZE];

	if (!vfio_read(&pci->card, VFIO_PCI_CONFIG_REGION_INDEX, 0, card,
		       sizeof(card)))
		return error_set(err, "cannot read the card's configuration "
				      "space: does it still work?");
	if ((card[PCI_HEADER_TYPE] & 0x7f) != PCI_HEADER_TYPE_NORMAL)
		return error_set(err, "the card is a bridge; only the cards "
				      "behind it can be passed through");
	build_header(pci, card);
	if (bar_build(pci, card, err) != 0)
		return -1;
	build_caps(pci, card);
	command_changed(pci);
	return 0;
}

static int attach(struct pci *pci, struct error *err)
{
	const struct vm_range config = { LAYOUT_ECAM_OF(pci->number),
					 LAYOUT_ECAM_SIZE, pci_config_read,
					 pci_config_write, pci };
	const struct vm_range memory = { LAYOUT_PCI_MMIO_OF(pci->number),
					 LAYOUT_PCI_MMIO_SIZE, bar_read,
					 bar_write, pci };

	if (pci_build(pci, err) != 0 || msix_attach(pci, err) != 0 ||
	    bar_map(pci, err) != 0 || vm_trap(pci->vm, &config, err) != 0 ||
	    vm_trap(pci->vm, &memory, err) != 0)
		return -1;
	return 0;
}

struct pci *pci_attach(struct vm *vm, enum pci_card card,
		       const int fds[VFIO_FDS], struct error *err)
{
	struct pci *pci = calloc(1, sizeof(*pci));

	if (pci == NULL) {
		error_set(err, "no memory for the card's state");
		return NULL;
	}
	pci->vm = vm;
	pci->number = card;
	pci->page = (uint64_t)sysconf(_SC_PAGESIZE);
	pci->trigger = -1;
	pci->resample = -1;
	if (vfio_describe(&pci->card, fds, err) == 0) {
		vfio_reset(&pci->card);
		if (attach(pci, err) == 0)
			return pci;
	}
	/* The VM, even half made, ends with its process. */
	free(pci);
	return NULL;
}

int pci_dma(struct pci *pci, void *host, uint64_t iova, uint64_t size,
	    struct error *err)
{
	return vfio_dma(&pci->card, host, iova, size, err);
}
