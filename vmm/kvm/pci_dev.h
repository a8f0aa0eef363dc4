/* SPDX-License-Identifier: BSD-2-Clause */
/* Internals of a passed-through card, for pci*.c and msix.c. */
#ifndef WEIR_VMM_KVM_PCI_DEV_H
#define WEIR_VMM_KVM_PCI_DEV_H

#include <linux/pci_regs.h>

#include "vmm/kvm/vfio.h"

/* The guest gets no extended capabilities, so this is all. */
#define PCI_CONFIG_SIZE 256u
#define PCI_MAX_FIELDS 24u
#define PCI_BARS 6u
/* A BAR is cut where VFIO's areas end, around MSI-X table and pending bits. */
#define PCI_MAX_PIECES (VFIO_MAX_AREAS + 2u)

struct pci;

/*
 * A part of configuration space that the guest can change, or that changes by
 * itself.
 *
 * Everything else stays as it was when the card was attached.
 */
struct pci_field {
	uint8_t at, size; /* where; 1, 2 or 4 bytes */
	uint32_t keep;	  /* bits the guest sets and gets back from us */
	uint32_t pass;	  /* bits the guest sets in the card */
	uint32_t clear; /* bits of the card the guest clears by writing ones */
	uint32_t live;	/* bits read from the card */
	/* called after a write; may be NULL */
	void (*changed)(struct pci *pci);
};

/* Part of a BAR the guest reaches directly. */
struct pci_piece {
	uint64_t offset, size; /* whole pages */
	void *host;	       /* where it is mapped here */
	uint32_t slot;	       /* its memory slot */
	bool shown; /* it is mapped into the guest, at the BAR's address */
};

/* Memory the guest puts at an address of its choice. */
struct pci_bar {
	/* bytes, a power of two and at least a page; 0: there is none */
	uint64_t size;
	bool wide;	  /* 64 bits: takes the next BAR's register as well */
	bool on;	  /* the card answers there */
	uint64_t address; /* where it is, if @on */
	/* what is mapped; all else is trapped */
	struct pci_piece piece[PCI_MAX_PIECES];
	unsigned int n_pieces;
};

/* An entry of the MSI-X table. */
struct msix_vector {
	/* address, data and control, as the guest wrote them */
	uint32_t word[4];
	uint32_t routed[3]; /* address and data as KVM knows them */
	int eventfd;	    /* written by VFIO */
	uint32_t gsi;	    /* KVM's number for the message */
	bool live;	    /* the eventfd sends the message */
};

/* The MSI-X capability. */
struct msix {
	uint8_t cap; /* its place in configuration space; 0: there is none */
	/* BARs with the table and the pending bits, and where there */
	unsigned int table_bar, pending_bar;
	struct vfio_area table, pending;
	unsigned int n; /* vectors the guest sees */
	bool on;	/* the card sends messages */
	struct msix_vector vector[PCI_MAX_VECTORS];
};

/* A card and its VM. */
struct pci {
	struct vm *vm;
	enum pci_card number; /* among the VM's */
	struct vfio card;
	char name[16];
	uint8_t value[PCI_CONFIG_SIZE]; /* configuration space */
	/* fields of it with side effects */
	struct pci_field field[PCI_MAX_FIELDS];
	unsigned int n_fields;
	struct pci_bar bar[PCI_BARS];
	uint64_t page; /* bytes of a page of this machine */
	struct msix msix;
	/* INTx, and that it was dealt with; -1: no INTx */
	int trigger, resample;
	bool intx_on;
};

/** pci_get, pci_put - a little-endian number in @value */
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

/** pci_build - make the guest's configuration space from the card's */
int pci_build(struct pci *pci, struct error *err);

/** bar_build - find a card's memory BARs and make their registers */
int bar_build(struct pci *pci, const uint8_t *card, struct error *err);

/**
 * bar_map - map what the guest may reach directly; the table's place is known
 */
int bar_map(struct pci *pci, struct error *err);

/** bar_place - map BARs at their registers' addresses, or unmap them */
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

/** msix_attach - make what the capability and INTx need */
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
