/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BARs: the card's memory, at the guest's addresses.
 *
 * The card's own BARs stay where the host put them.  The guest's registers are
 * numbers kept here; while it lets the card decode memory and the address lies
 * in the window, the BAR's mapping is a memory slot at that address.  An access
 * that is not covered by a slot comes to bar_read() and bar_write(): the MSI-X
 * table, what VFIO would not map, a BAR the guest laid over another.
 *
 * A BAR is at least a page long here, so that a slot can map it; what the card
 * lacks of the page reads as ones.  I/O BARs and the expansion ROM are left
 * out: the only NICs known to need them are Intel's 8254x of 2002 (e1000),
 * whose driver resets the card through an I/O BAR.
 */
#include <string.h>

#include "vmm/kvm/layout.h"
#include "vmm/kvm/pci_dev.h"

/* Where the window of the card is. */
static uint64_t window(const struct pci *pci)
{
	return LAYOUT_PCI_MMIO_OF(pci->number);
}

static unsigned int bar_register(unsigned int bar)
{
	return PCI_BASE_ADDRESS_0 + 4 * bar;
}

static bool is_wide(uint32_t value)
{
	return (value & PCI_BASE_ADDRESS_MEM_TYPE_MASK) ==
	       PCI_BASE_ADDRESS_MEM_TYPE_64;
}

/* --- registers ---------------------------------------------------------- */

static void build_registers(struct pci *pci, unsigned int bar, uint32_t type)
{
	uint64_t keep = ~(pci->bar[bar].size - 1);
	struct pci_field f = { .at = (uint8_t)bar_register(bar),
			       .size = 4,
			       .keep = (uint32_t)keep &
				       (uint32_t)PCI_BASE_ADDRESS_MEM_MASK,
			       .changed = bar_place };

	pci_put(pci, f.at, 4, type);
	pci_add_field(pci, &f);
	if (!pci->bar[bar].wide)
		return;
	f.at += 4;
	f.keep = (uint32_t)(keep >> 32);
	pci_add_field(pci, &f);
}

int bar_build(struct pci *pci, const uint8_t *card, struct error *err)
{
	uint64_t total = 0;

	for (unsigned int i = 0; i < PCI_BARS; i++) {
		struct pci_bar *bar = &pci->bar[i];
		uint64_t size = pci->card.region[i].size;
		uint32_t type = card[bar_register(i)] & 0xfu;

		if (size == 0 || (type & PCI_BASE_ADDRESS_SPACE_IO) != 0)
			continue;
		/* Before rounding, whose loop would not end. */
		if (size > LAYOUT_PCI_MMIO_SIZE)
			size = 2 * LAYOUT_PCI_MMIO_SIZE;
		for (bar->size = pci->page; bar->size < size;)
			bar->size *= 2;
		total += bar->size;
		/* The last register has none to follow it. */
		bar->wide = is_wide(type) && i + 1 < PCI_BARS;
		build_registers(pci, i, type);
		i += bar->wide;
	}
	if (total <= LAYOUT_PCI_MMIO_SIZE)
		return 0;
	return error_set(err,
			 "the BARs of card %s do not fit into %llu MiB, which "
			 "is what a VM has for them",
			 pci->name, LAYOUT_PCI_MMIO_SIZE >> 20);
}

/* --- memory ------------------------------------------------------------- */

static bool page_touches(const struct pci *pci, uint64_t at,
			 const struct vfio_area *a)
{
	return at < a->offset + a->size && a->offset < at + pci->page;
}

static bool is_trapped(const struct pci *pci, unsigned int bar, uint64_t at)
{
	const struct msix *m = &pci->msix;

	return m->cap != 0 &&
	       ((bar == m->table_bar && page_touches(pci, at, &m->table)) ||
		(bar == m->pending_bar && page_touches(pci, at, &m->pending)));
}

static int add_piece(struct pci *pci, unsigned int bar,
		     const struct vfio_area *area, struct error *err)
{
	struct pci_bar *b = &pci->bar[bar];
	struct pci_piece *piece = &b->piece[b->n_pieces];

	if (area->size == 0 || b->n_pieces == PCI_MAX_PIECES)
		return 0;
	piece->host = vfio_map(&pci->card, bar, area, err);
	if (piece->host == NULL)
		return -1;
	piece->offset = area->offset;
	piece->size = area->size;
	piece->slot = vm_slot(pci->vm);
	b->n_pieces++;
	return 0;
}

/* Whole pages of what VFIO can map, but for those that are trapped. */
static int map_area(struct pci *pci, unsigned int bar,
		    const struct vfio_area *area, struct error *err)
{
	const uint64_t page = pci->page;
	uint64_t end = (area->offset + area->size) & ~(page - 1);
	uint64_t at = (area->offset + page - 1) & ~(page - 1);
	struct vfio_area run = { at, 0 };

	/* VFIO maps a smaller BAR if nobody else uses the page. */
	if (pci->card.region[bar].size < page)
		end = page;
	for (; at < end; at += page) {
		if (!is_trapped(pci, bar, at)) {
			run.size += page;
			continue;
		}
		if (add_piece(pci, bar, &run, err) != 0)
			return -1;
		run = (struct vfio_area){ at + page, 0 };
	}
	return add_piece(pci, bar, &run, err);
}

int bar_map(struct pci *pci, struct error *err)
{
	for (unsigned int i = 0; i < PCI_BARS; i++) {
		const struct vfio_region *r = &pci->card.region[i];

		if (pci->bar[i].size == 0)
			continue;
		for (unsigned int a = 0; a < r->n_areas; a++)
			if (map_area(pci, i, &r->area[a], err) != 0)
				return -1;
	}
	return 0;
}

static void hide(struct pci *pci, struct pci_bar *bar)
{
	for (unsigned int i = 0; i < bar->n_pieces; i++) {
		struct pci_piece *p = &bar->piece[i];

		if (p->shown && vm_place(pci->vm, p->slot, 0, NULL, 0) != 0)
			pci->vm->host_errors++;
		p->shown = false;
	}
}

static void show(struct pci *pci, struct pci_bar *bar)
{
	for (unsigned int i = 0; i < bar->n_pieces; i++) {
		struct pci_piece *p = &bar->piece[i];

		if (p->shown)
			continue;
		/* KVM refuses overlaps; then it is trapped. */
		p->shown = vm_place(pci->vm, p->slot, bar->address + p->offset,
				    p->host, p->size) == 0;
	}
}

static uint64_t wanted_address(const struct pci *pci, unsigned int bar)
{
	uint64_t low = pci_get(pci, bar_register(bar), 4) &
		       (uint32_t)PCI_BASE_ADDRESS_MEM_MASK;

	if (!pci->bar[bar].wide)
		return low;
	return low | (uint64_t)pci_get(pci, bar_register(bar + 1), 4) << 32;
}

void bar_place(struct pci *pci)
{
	bool decode = (pci_get(pci, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY) != 0;

	for (unsigned int i = 0; i < PCI_BARS; i++) {
		struct pci_bar *bar = &pci->bar[i];
		uint64_t address;
		bool on;

		if (bar->size == 0)
			continue;
		address = wanted_address(pci, i);
		on = decode && address >= window(pci) &&
		     address <= window(pci) + LAYOUT_PCI_MMIO_SIZE - bar->size;
		if (!on || address != bar->address)
			hide(pci, bar);
		bar->on = on;
		bar->address = address;
	}
	/* All of them: one may have made room for another. */
	for (unsigned int i = 0; i < PCI_BARS; i++)
		if (pci->bar[i].on)
			show(pci, &pci->bar[i]);
}

/* --- what traps --------------------------------------------------------- */

/* The BAR an address of the window is in; PCI_BARS: none. */
static unsigned int find_bar(const struct pci *pci, uint64_t address,
			     uint64_t *offset)
{
	unsigned int i;

	for (i = 0; i < PCI_BARS; i++) {
		const struct pci_bar *bar = &pci->bar[i];

		if (!bar->on || address < bar->address ||
		    address - bar->address >= bar->size)
			continue;
		*offset = address - bar->address;
		break;
	}
	return i;
}

void bar_read(void *ctx, uint64_t offset, void *data, unsigned int len)
{
	struct pci *pci = ctx;
	uint64_t at;
	unsigned int bar = find_bar(pci, window(pci) + offset, &at);

	if (bar == PCI_BARS)
		memset(data, 0xff, len);
	else if (!msix_read(pci, bar, at, data, len))
		vfio_read(&pci->card, bar, at, data, len);
}

void bar_write(void *ctx, uint64_t offset, const void *data, unsigned int len)
{
	struct pci *pci = ctx;
	uint64_t at;
	unsigned int bar = find_bar(pci, window(pci) + offset, &at);

	if (bar != PCI_BARS && !msix_write(pci, bar, at, data, len))
		vfio_write(&pci->card, bar, at, data, len);
}
