/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Accesses to configuration space.
 *
 * The guest chooses offset, width and value, aligned or not; an access is split
 * into the fields it touches, and the rest of it is dropped.  A field is
 * written to the card as a whole, once: a read-modify-write of a neighbour
 * would clear bits of registers that are cleared by writing ones.
 */
#include "vmm/kvm/pci_dev.h"

#include <string.h>

/* One function's configuration space in the ECAM. */
#define FUNCTION_SIZE 0x1000u
#define OUR_FUNCTION PCI_FUNCTION

uint32_t pci_get(const struct pci *pci, unsigned int at, unsigned int size)
{
	uint32_t v = 0;

	for (unsigned int i = 0; i < size; i++)
		v |= (uint32_t)pci->value[at + i] << 8 * i;
	return v;
}

void pci_put(struct pci *pci, unsigned int at, unsigned int size,
	     uint32_t value)
{
	for (unsigned int i = 0; i < size; i++)
		pci->value[at + i] = (uint8_t)(value >> 8 * i);
}

void pci_add_field(struct pci *pci, const struct pci_field *field)
{
	if (pci->n_fields < PCI_MAX_FIELDS &&
	    field->at + field->size <= PCI_CONFIG_SIZE)
		pci->field[pci->n_fields++] = *field;
}

static uint32_t card_get(const struct pci *pci, const struct pci_field *f)
{
	uint8_t raw[4] = { 0 };

	vfio_read(&pci->card, VFIO_PCI_CONFIG_REGION_INDEX, f->at, raw,
		  f->size);
	return raw[0] | (uint32_t)raw[1] << 8 | (uint32_t)raw[2] << 16 |
	       (uint32_t)raw[3] << 24;
}

static void card_put(const struct pci *pci, const struct pci_field *f,
		     uint32_t value)
{
	uint8_t raw[4] = { (uint8_t)value, (uint8_t)(value >> 8),
			   (uint8_t)(value >> 16), (uint8_t)(value >> 24) };

	vfio_write(&pci->card, VFIO_PCI_CONFIG_REGION_INDEX, f->at, raw,
		   f->size);
}

static bool touches(const struct pci_field *f, unsigned int at,
		    unsigned int len)
{
	return at < (unsigned int)f->at + f->size && f->at < at + len;
}

static void refresh(struct pci *pci, const struct pci_field *f)
{
	uint32_t ours = pci_get(pci, f->at, f->size) & ~f->live;

	pci_put(pci, f->at, f->size, ours | (card_get(pci, f) & f->live));
}

/* @mask: bits the access covers; the others of @value are zero */
static void write_field(struct pci *pci, const struct pci_field *f,
			uint32_t value, uint32_t mask)
{
	uint32_t keep = f->keep & mask, pass = f->pass & mask;
	uint32_t clear = f->clear & value;

	pci_put(pci, f->at, f->size,
		(pci_get(pci, f->at, f->size) & ~keep) | (value & keep));
	if (pass != 0)
		card_put(pci, f, (card_get(pci, f) & ~pass) | (value & pass));
	else if (clear != 0)
		card_put(pci, f, clear);
	if (f->changed != NULL)
		f->changed(pci);
}

static void write_fields(struct pci *pci, unsigned int at, const uint8_t *data,
			 unsigned int len)
{
	for (unsigned int i = 0; i < pci->n_fields; i++) {
		const struct pci_field *f = &pci->field[i];
		uint32_t value = 0, mask = 0;

		if (!touches(f, at, len))
			continue;
		for (unsigned int b = 0; b < f->size; b++) {
			unsigned int byte = f->at + b;

			if (byte < at || byte >= at + len)
				continue;
			value |= (uint32_t)data[byte - at] << 8 * b;
			mask |= (uint32_t)0xff << 8 * b;
		}
		write_field(pci, f, value, mask);
	}
}

void pci_config_read(void *ctx, uint64_t offset, void *data, unsigned int len)
{
	struct pci *pci = ctx;
	unsigned int at = (unsigned int)(offset % FUNCTION_SIZE);

	if (offset / FUNCTION_SIZE != OUR_FUNCTION) {
		memset(data, 0xff, len);
		return;
	}
	memset(data, 0, len);
	if (at >= PCI_CONFIG_SIZE)
		return;
	if (len > PCI_CONFIG_SIZE - at)
		len = PCI_CONFIG_SIZE - at;
	for (unsigned int i = 0; i < pci->n_fields; i++)
		if (pci->field[i].live != 0 && touches(&pci->field[i], at, len))
			refresh(pci, &pci->field[i]);
	memcpy(data, &pci->value[at], len);
}

void pci_config_write(void *ctx, uint64_t offset, const void *data,
		      unsigned int len)
{
	unsigned int at = (unsigned int)(offset % FUNCTION_SIZE);

	if (offset / FUNCTION_SIZE == OUR_FUNCTION && at < PCI_CONFIG_SIZE)
		write_fields(ctx, at, data, len);
}
