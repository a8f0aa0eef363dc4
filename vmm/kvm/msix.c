/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts of a passed-through card: MSI-X, and INTx until the guest turns
 * MSI-X on.
 *
 * MSI-X.  The table in the card's BAR is the host's: VFIO fills it with
 * messages of its own and writes an eventfd for each that arrives.  The guest
 * writes its table here.  An unmasked entry is a route in KVM (address, data,
 * requester) and its eventfd an irqfd, so an interrupt goes from the card to
 * the guest's ITS without running any process.
 *
 * VFIO keeps all vectors on as long as the guest has MSI-X on.  The eventfd of
 * a masked vector is disconnected and counts; when it is connected again, KVM
 * sees the count and sends the message.  So no interrupt is lost, and at worst
 * one is repeated.  The pending bits read as zero.
 *
 * INTx.  VFIO masks the line when it fires and writes one eventfd, which raises
 * the guest's interrupt; the guest's end-of-interrupt writes another, which
 * takes the mask off.  A card has one kind at a time.
 *
 * Descriptors and GSIs are all made when the card is attached, before the VM's
 * PD is sandboxed.
 */
#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>

#include "vmm/kvm/layout.h"
#include "vmm/kvm/pci_dev.h"

#define ENTRY_SIZE ((unsigned int)PCI_MSIX_ENTRY_SIZE)
/* Words of an entry that make up the message. */
#define MESSAGE_SIZE 12u
#define CONTROL (PCI_MSIX_ENTRY_VECTOR_CTRL / 4)

/* --- INTx --------------------------------------------------------------- */

static void intx_set(struct pci *pci, bool on)
{
	int ret;

	if (pci->trigger < 0 || pci->intx_on == on)
		return;
	pci->intx_on = on;
	ret = vfio_irqs(&pci->card, VFIO_PCI_INTX_IRQ_INDEX, &pci->trigger,
			on ? 1 : 0);
	if (ret == 0 && on)
		ret = vfio_intx_unmask(&pci->card, pci->resample);
	if (ret != 0)
		pci->vm->host_errors++;
}

static int intx_attach(struct pci *pci, struct error *err)
{
	if (pci->card.vectors[VFIO_PCI_INTX_IRQ_INDEX] == 0)
		return 0;
	pci->trigger = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pci->resample = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pci->trigger < 0 || pci->resample < 0)
		return error_errno(err, "no eventfd for the card's interrupt");
	if (vm_interrupt_level(pci->vm, LAYOUT_SPI_PCI_INTX + pci->number,
			       pci->trigger, pci->resample, err) != 0)
		return -1;
	intx_set(pci, true);
	if (pci->vm->host_errors == 0)
		return 0;
	return error_set(err, "VFIO does not turn on the interrupt of card %s",
			 pci->name);
}

/* --- a vector ----------------------------------------------------------- */

static bool is_wanted(const struct pci *pci, const struct msix_vector *v)
{
	unsigned int flags = pci_get(pci, pci->msix.cap + PCI_MSIX_FLAGS, 2);

	return pci->msix.on && (flags & PCI_MSIX_FLAGS_MASKALL) == 0 &&
	       (v->word[CONTROL] & PCI_MSIX_ENTRY_CTRL_MASKBIT) == 0;
}

/* Expensive: KVM copies all routes and waits for their readers. */
static bool route(struct pci *pci, struct msix_vector *v)
{
	if (memcmp(v->routed, v->word, MESSAGE_SIZE) == 0)
		return true;
	if (vm_route_msi(pci->vm, v->gsi,
			 v->word[0] | (uint64_t)v->word[1] << 32, v->word[2],
			 PCI_DEVID(pci->number)) != 0)
		return false;
	memcpy(v->routed, v->word, MESSAGE_SIZE);
	return true;
}

static void connect_vector(struct pci *pci, struct msix_vector *v)
{
	struct error ignored = { "" };

	if (route(pci, v) &&
	    (v->live ||
	     vm_interrupt(pci->vm, v->gsi, v->eventfd, &ignored) == 0))
		v->live = true;
	else
		pci->vm->host_errors++;
}

static void update_vector(struct pci *pci, struct msix_vector *v)
{
	if (is_wanted(pci, v)) {
		connect_vector(pci, v);
	} else if (v->live) {
		if (vm_interrupt_off(pci->vm, v->gsi, v->eventfd) != 0)
			pci->vm->host_errors++;
		v->live = false;
	}
}

/* --- the capability ----------------------------------------------------- */

static int vfio_vectors(struct pci *pci, unsigned int n)
{
	int fd[PCI_MAX_VECTORS];

	for (unsigned int i = 0; i < n; i++)
		fd[i] = pci->msix.vector[i].eventfd;
	return vfio_irqs(&pci->card, VFIO_PCI_MSIX_IRQ_INDEX, fd, n);
}

/* The guest wrote the control register. */
static void control_changed(struct pci *pci)
{
	struct msix *m = &pci->msix;
	bool on = (pci_get(pci, m->cap + PCI_MSIX_FLAGS, 2) &
		   PCI_MSIX_FLAGS_ENABLE) != 0;
	bool was = m->on;

	if (on && !was) {
		intx_set(pci, false);
		if (vfio_vectors(pci, m->n) != 0)
			pci->vm->host_errors++;
	}
	m->on = on;
	for (unsigned int i = 0; i < m->n; i++)
		update_vector(pci, &m->vector[i]);
	if (!on && was) {
		if (vfio_vectors(pci, 0) != 0)
			pci->vm->host_errors++;
		intx_set(pci, true);
	}
}

/* Decode a register with offset and BAR number in one. */
static bool locate(const struct pci *pci, unsigned int at, uint64_t size,
		   unsigned int *bar, struct vfio_area *area)
{
	uint32_t value = pci_get(pci, at, 4);

	*bar = value & PCI_MSIX_TABLE_BIR;
	area->offset = value & PCI_MSIX_TABLE_OFFSET;
	area->size = size;
	return *bar < PCI_BARS && pci->bar[*bar].size != 0 &&
	       area->offset + size <= pci->card.region[*bar].size;
}

static void set_vectors(struct pci *pci, unsigned int n)
{
	pci->msix.n = n;
	pci_put(pci, pci->msix.cap + PCI_MSIX_FLAGS, 2, n - 1);
}

bool msix_build(struct pci *pci, unsigned int cap)
{
	const struct pci_field control = {
		.at = (uint8_t)(cap + PCI_MSIX_FLAGS),
		.size = 2,
		.keep = PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL,
		.changed = control_changed
	};
	unsigned int n =
		(pci_get(pci, cap + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_QSIZE) +
		1;
	struct msix *m = &pci->msix;

	if (m->cap != 0 ||
	    !locate(pci, cap + PCI_MSIX_TABLE, (uint64_t)n * ENTRY_SIZE,
		    &m->table_bar, &m->table) ||
	    !locate(pci, cap + PCI_MSIX_PBA, (uint64_t)(n + 63) / 64 * 8,
		    &m->pending_bar, &m->pending))
		return false;
	if (n > pci->card.vectors[VFIO_PCI_MSIX_IRQ_INDEX])
		n = pci->card.vectors[VFIO_PCI_MSIX_IRQ_INDEX];
	if (n > PCI_MAX_VECTORS)
		n = PCI_MAX_VECTORS;
	if (n == 0)
		return false;
	m->cap = (uint8_t)cap;
	set_vectors(pci, n);
	pci_add_field(pci, &control);
	return true;
}

static int make_vectors(struct pci *pci, struct error *err)
{
	struct msix *m = &pci->msix;

	for (unsigned int i = 0; i < m->n; i++) {
		struct msix_vector *v = &m->vector[i];
		int gsi = vm_gsi(pci->vm);

		v->word[CONTROL] = PCI_MSIX_ENTRY_CTRL_MASKBIT;
		v->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (v->eventfd < 0 || gsi < 0)
			return error_set(err,
					 "no %s for interrupt %u of card %s",
					 gsi < 0 ? "GSI" : "eventfd", i,
					 pci->name);
		v->gsi = (uint32_t)gsi;
	}
	return 0;
}

/*
 * Turn them on once, here, where a failure can still be reported; the host may
 * have fewer interrupts left than the card has vectors.
 */
static int try_vectors(struct pci *pci, struct error *err)
{
	int ret = vfio_vectors(pci, pci->msix.n);

	if (ret > 0 && (unsigned int)ret < pci->msix.n) {
		set_vectors(pci, (unsigned int)ret);
		ret = vfio_vectors(pci, pci->msix.n);
	}
	if (ret != 0)
		return error_set(
			err,
			"VFIO does not turn on %u interrupts of card %s: %s",
			pci->msix.n, pci->name,
			strerror(ret < 0 ? -ret : ENOSPC));
	vfio_vectors(pci, 0);
	return 0;
}

int msix_attach(struct pci *pci, struct error *err)
{
	if (pci->msix.cap != 0 &&
	    (make_vectors(pci, err) != 0 || try_vectors(pci, err) != 0))
		return -1;
	if (pci->msix.cap == 0 &&
	    pci->card.vectors[VFIO_PCI_INTX_IRQ_INDEX] == 0)
		return error_set(err,
				 "card %s has neither MSI-X nor INTx, so the "
				 "guest would get no interrupts",
				 pci->name);
	return intx_attach(pci, err);
}

/* --- table and pending bits --------------------------------------------- */

static bool overlaps(const struct vfio_area *a, uint64_t offset,
		     unsigned int len)
{
	return offset < a->offset + a->size && a->offset < offset + len;
}

static bool is_ours(const struct msix *m, unsigned int bar, uint64_t offset,
		    unsigned int len)
{
	return m->cap != 0 &&
	       ((bar == m->table_bar && overlaps(&m->table, offset, len)) ||
		(bar == m->pending_bar && overlaps(&m->pending, offset, len)));
}

static uint8_t table_byte(const struct msix *m, unsigned int bar,
			  uint64_t offset)
{
	uint64_t at = offset - m->table.offset;

	if (bar != m->table_bar || offset < m->table.offset ||
	    at / ENTRY_SIZE >= m->n)
		return 0;
	return (uint8_t)(m->vector[at / ENTRY_SIZE].word[at % ENTRY_SIZE / 4] >>
			 8 * (at % 4));
}

bool msix_read(struct pci *pci, unsigned int bar, uint64_t offset, void *data,
	       unsigned int len)
{
	uint8_t *byte = data;

	if (!is_ours(&pci->msix, bar, offset, len))
		return false;
	for (unsigned int i = 0; i < len; i++)
		byte[i] = table_byte(&pci->msix, bar, offset + i);
	return true;
}

static void write_word(struct pci *pci, uint64_t at, uint32_t value)
{
	static const uint32_t kept[] = { ~3u, ~0u, ~0u,
					 PCI_MSIX_ENTRY_CTRL_MASKBIT };
	struct msix_vector *v;

	if (at / ENTRY_SIZE >= pci->msix.n)
		return;
	v = &pci->msix.vector[at / ENTRY_SIZE];
	v->word[at % ENTRY_SIZE / 4] = value & kept[at % ENTRY_SIZE / 4];
}

/* The standard requires aligned whole words; other writes are dropped. */
bool msix_write(struct pci *pci, unsigned int bar, uint64_t offset,
		const void *data, unsigned int len)
{
	struct msix *m = &pci->msix;
	uint64_t at = offset - m->table.offset;
	uint32_t word;

	if (!is_ours(m, bar, offset, len))
		return false;
	if (bar != m->table_bar || at >= m->table.size ||
	    (len != 4 && len != 8) || offset % len != 0)
		return true;
	for (unsigned int i = 0; i < len; i += 4) {
		memcpy(&word, (const char *)data + i, 4);
		write_word(pci, at + i, word);
	}
	if (at / ENTRY_SIZE < m->n)
		update_vector(pci, &m->vector[at / ENTRY_SIZE]);
	return true;
}
