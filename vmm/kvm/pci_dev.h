/* SPDX-License-Identifier: BSD-2-Clause */
/* Internals of a passed-through card, for pci*.c and msix.c. */
#ifndef WEIR_VMM_KVM_PCI_DEV_H
#define WEIR_VMM_KVM_PCI_DEV_H

#include <linux/pci_regs.h>

#include "vmm/kvm/vfio.h"

/* All the configuration space the guest gets: there are no extended
 * capabilities in it. */
#define PCI_CONFIG_SIZE 256u
#define PCI_MAX_FIELDS 24u
#define PCI_BARS 6u
/*
 * A BAR is cut where VFIO's areas end and around MSI-X table and pending bits.
 */
#define PCI_MAX_PIECES (VFIO_MAX_AREAS + 2u)

struct pci;

/**
 * struct pci_field - a part of configuration space that the guest can change,
 * or that changes by itself
 * @at, @size: where; 1, 2 or 4 bytes
 * @keep:    bits the guest sets and gets back from us
 * @pass:    bits the guest sets in the card
 * @clear:   bits of the card the guest clears by writing ones
 * @live:    bits read from the card
 * @changed: called after a write; may be NULL
 *
 * Everything else stays as it was when the card was attached.
 */
struct pci_field {
	uint8_t at;
	uint8_t size;
	uint32_t keep;
	uint32_t pass;
	uint32_t clear;
	uint32_t live;
	void (*changed)(struct pci *pci);
};

/**
 * struct pci_piece - part of a BAR the guest reaches directly
 * @offset, @size: whole pages
 * @host:  where it is mapped here
 * @slot:  its memory slot
 * @shown: it is mapped into the guest, at the BAR's address
 */
struct pci_piece {
	uint64_t offset;
	uint64_t size;
	void *host;
	uint32_t slot;
	bool shown;
};

/**
 * struct pci_bar - memory the guest puts at an address of its choice
 * @size:    bytes, a power of two and at least a page; 0: there is none
 * @wide:    64 bits: takes the next BAR's register as well
 * @on:      the card answers there
 * @address: where it is, if @on
 * @piece:   what is mapped; all else is trapped
 */
struct pci_bar {
	uint64_t size;
	bool wide;
	bool on;
	uint64_t address;
	struct pci_piece piece[PCI_MAX_PIECES];
	unsigned int n_pieces;
};

/**
 * struct msix_vector - an entry of the MSI-X table
 * @word:    address, data and control, as the guest wrote them
 * @routed:  address and data as KVM knows them
 * @eventfd: written by VFIO
 * @gsi:     KVM's number for the message
 * @live:    the eventfd sends the message
 */
struct msix_vector {
	uint32_t word[4];
	uint32_t routed[3];
	int eventfd;
	uint32_t gsi;
	bool live;
};

/**
 * struct msix - the MSI-X capability
 * @cap:     its place in configuration space; 0: there is none
 * @bar:     of table and pending bits
 * @table, @pending: parts of these BARs
 * @n:       vectors the guest sees
 * @on:      the card sends messages
 */
struct msix {
	uint8_t cap;
	unsigned int table_bar;
	unsigned int pending_bar;
	struct vfio_area table;
	struct vfio_area pending;
	unsigned int n;
	bool on;
	struct msix_vector vector[PCI_MAX_VECTORS];
};

/**
 * struct pci - a card and its VM
 * @value:    configuration space
 * @field:    fields of it with side effects
 * @page:     bytes of a page of this machine
 * @trigger, @resample: INTx, and that it was dealt with; -1: no INTx
 */
struct pci {
	struct vm *vm;
	struct vfio card;
	char name[16];
	uint8_t value[PCI_CONFIG_SIZE];
	struct pci_field field[PCI_MAX_FIELDS];
	unsigned int n_fields;
	struct pci_bar bar[PCI_BARS];
	uint64_t page;
	struct msix msix;
	int trigger;
	int resample;
	bool intx_on;
};

/**
 * pci_get, pci_put - a little-endian number in @value
 */
uint32_t pci_get(const struct pci *pci, unsigned int at, unsigned int size);
void pci_put(struct pci *pci, unsigned int at, unsigned int size,
	     uint32_t value);

/**
 * pci_add_field - add a field; if there are too many, the rest stay read-only
 */
void pci_add_field(struct pci *pci, const struct pci_field *field);

/**
 * pci_config_read, pci_config_write - the guest's accesses to configuration
 * space, at any offset
 */
void pci_config_read(void *ctx, uint64_t offset, void *data, unsigned int len);
void pci_config_write(void *ctx, uint64_t offset, const void *data,
		      unsigned int len);

/**
 * pci_build - make the guest's configuration space from the card's
 */
int pci_build(struct pci *pci, struct error *err);

/**
 * bar_build - find a card's memory BARs and make their registers
 */
int bar_build(struct pci *pci, const uint8_t *card, struct error *err);

/**
 * bar_map - map what the guest may reach directly; the table's place is known
 */
int bar_map(struct pci *pci, struct error *err);

/**
 * bar_place - map BARs at their registers' addresses, or unmap them
 */
void bar_place(struct pci *pci);

/**
 * bar_read, bar_write - the guest's accesses to the memory window that nothing
 * is mapped for
 */
void bar_read(void *ctx, uint64_t offset, void *data, unsigned int len);
void bar_write(void *ctx, uint64_t offset, const void *data, unsigned int len);

/**
 * msix_build - take over an MSI-X capability
 * @cap: its place in configuration space
 *
 * Return: false if the guest cannot have it.
 */
bool msix_build(struct pci *pci, unsigned int cap);

/**
 * msix_attach - make what the capability and INTx need
 */
int msix_attach(struct pci *pci, struct error *err);

/**
 * msix_read, msix_write - an access to a BAR, if it touches table or pending
 * bits
 *
 * Return: true if it was.
 */
bool msix_read(struct pci *pci, unsigned int bar, uint64_t offset, void *data,
	       unsigned int len);
bool msix_write(struct pci *pci, unsigned int bar, uint64_t offset,
		const void *data, unsigned int len);

#endif
