/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writing the device tree with libfdt.
 *
 * After an error the writer's calls do nothing, so only the end checks for one.
 *
 * Shared memory.  Cached regions are in a memory node, so that the guest's
 * kernel has them in its linear map, and reserved, so that it does not use
 * them.  Uncached regions are in no memory node, so that there is no second
 * mapping with other attributes.
 */
#include "vmm/kvm/fdt.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "virt/driver_abi.h"
#include "vmm/kvm/layout.h"
#include "vmm/kvm/pci.h"

#define GIC_PHANDLE 1u
#define ITS_PHANDLE 2u

/* Interrupt specifiers: what, number, how. */
#define IRQ_SPI 0u
#define IRQ_PPI 1u
#define IRQ_EDGE 1u
#define IRQ_LEVEL 4u

/* First cell of a PCI address: a 32-bit memory window; a device's number. */
#define PCI_WINDOW_32 0x02000000u
#define PCI_DEVICE(number) ((number) << 11)
#define PCI_PIN_A 1u

#define PAGE 0x1000ull
#define END_OF_32_BITS 0x100000000ull

#define BOOTARGS "console=hvc0 quiet panic=-1"
#define DRIVER_BOOTARGS " uio_pdrv_genirq.of_id=generic-uio"

/* A device tree being written. */
struct writer {
	void *fdt;  /* where to */
	int result; /* first error of libfdt, or 0 */
};

/* --- libfdt without a check at every call ------------------------------- */

static void begin(struct writer *w, const char *name)
{
	if (w->result == 0)
		w->result = fdt_begin_node(w->fdt, name);
}

static void begin_at(struct writer *w, const char *name, uint64_t address)
{
	char full[64];

	snprintf(full, sizeof(full), "%s@%llx", name,
		 (unsigned long long)address);
	begin(w, full);
}

static void end(struct writer *w)
{
	if (w->result == 0)
		w->result = fdt_end_node(w->fdt);
}

static void bytes(struct writer *w, const char *name, const void *value,
		  size_t size)
{
	if (w->result == 0)
		w->result = fdt_property(w->fdt, name, value, (int)size);
}

static void flag(struct writer *w, const char *name)
{
	bytes(w, name, NULL, 0);
}

static void text(struct writer *w, const char *name, const char *value)
{
	bytes(w, name, value, strlen(value) + 1);
}

static void cells(struct writer *w, const char *name, const uint32_t *value,
		  size_t count)
{
	fdt32_t be[64];

	if (count > sizeof(be) / sizeof(be[0])) {
		w->result = -FDT_ERR_NOSPACE;
		return;
	}
	for (size_t i = 0; i < count; i++)
		be[i] = cpu_to_fdt32(value[i]);
	bytes(w, name, be, count * sizeof(be[0]));
}

#define CELLS(w, name, ...)                                                    \
	cells(w, name, (const uint32_t[]){ __VA_ARGS__ },                      \
	      sizeof((const uint32_t[]){ __VA_ARGS__ }) / sizeof(uint32_t))

/* A 64-bit value as two cells. */
#define PAIR(value) (uint32_t)((uint64_t)(value) >> 32), (uint32_t)(value)

/* --- the machine -------------------------------------------------------- */

static bool has_net(const struct fdt_config *c)
{
	return c->shared[SHARED_RX_ACTIVE].size > 0;
}

static bool has_blk(const struct fdt_config *c)
{
	return c->shared[SHARED_BLK_REQUESTS].size > 0;
}

static uint64_t shared_start(const struct fdt_config *c)
{
	return c->shared[has_net(c) ? SHARED_RX_ACTIVE : SHARED_STATUS].gpa;
}

/* One that is not there is as if it began where the last one ends. */
static uint64_t shared_size(const struct fdt_config *c)
{
	return c->shared[SHARED_REGIONS - 1].gpa +
	       c->shared[SHARED_REGIONS - 1].size - shared_start(c);
}

static void chosen(struct writer *w, const struct fdt_config *c)
{
	char bootargs[1024];
	int len = snprintf(bootargs, sizeof(bootargs), BOOTARGS "%s%s%s",
			   c->client ? "" : DRIVER_BOOTARGS,
			   *c->append ? " " : "", c->append);

	begin(w, "chosen");
	if (len < 0 || (size_t)len >= sizeof(bootargs))
		w->result = -FDT_ERR_NOSPACE;
	text(w, "bootargs", bootargs);
	if (c->initrd_end > c->initrd) {
		CELLS(w, "linux,initrd-start", PAIR(c->initrd));
		CELLS(w, "linux,initrd-end", PAIR(c->initrd_end));
	}
	bytes(w, "kaslr-seed", c->seed, FDT_KASLR);
	bytes(w, "rng-seed", c->seed + FDT_KASLR, FDT_RNG);
	end(w);
}

static void memory(struct writer *w, const struct fdt_config *c)
{
	begin_at(w, "memory", LAYOUT_RAM);
	text(w, "device_type", "memory");
	if (c->uncached || c->client)
		CELLS(w, "reg", PAIR(LAYOUT_RAM), PAIR(c->ram));
	else
		CELLS(w, "reg", PAIR(LAYOUT_RAM), PAIR(c->ram),
		      PAIR(shared_start(c)), PAIR(shared_size(c)));
	end(w);
}

static void reserved(struct writer *w, const struct fdt_config *c)
{
	begin(w, "reserved-memory");
	CELLS(w, "#address-cells", 2);
	CELLS(w, "#size-cells", 2);
	flag(w, "ranges");
	begin_at(w, "shared", shared_start(c));
	CELLS(w, "reg", PAIR(shared_start(c)), PAIR(shared_size(c)));
	if (c->uncached)
		flag(w, "no-map");
	end(w);
	end(w);
}

static void processors(struct writer *w, unsigned int cpus)
{
	static const char psci[] = "arm,psci-1.0\0arm,psci-0.2";

	begin(w, "cpus");
	CELLS(w, "#address-cells", 1);
	CELLS(w, "#size-cells", 0);
	for (unsigned int i = 0; i < cpus; i++) {
		begin_at(w, "cpu", i);
		text(w, "device_type", "cpu");
		text(w, "compatible", "arm,armv8");
		text(w, "enable-method", "psci");
		CELLS(w, "reg", i);
		end(w);
	}
	end(w);

	begin(w, "psci");
	bytes(w, "compatible", psci, sizeof(psci));
	text(w, "method", "hvc");
	end(w);

	/*
	 * Secure, non-secure, virtual, hypervisor: as every Arm core has them.
	 */
	begin(w, "timer");
	text(w, "compatible", "arm,armv8-timer");
	flag(w, "always-on");
	CELLS(w, "interrupts", IRQ_PPI, 13, IRQ_LEVEL, IRQ_PPI, 14, IRQ_LEVEL,
	      IRQ_PPI, 11, IRQ_LEVEL, IRQ_PPI, 10, IRQ_LEVEL);
	end(w);
}

static void interrupts(struct writer *w, unsigned int cpus)
{
	begin_at(w, "interrupt-controller", LAYOUT_GICD);
	text(w, "compatible", "arm,gic-v3");
	flag(w, "interrupt-controller");
	CELLS(w, "#interrupt-cells", 3);
	CELLS(w, "#address-cells", 2);
	CELLS(w, "#size-cells", 2);
	flag(w, "ranges");
	CELLS(w, "reg", PAIR(LAYOUT_GICD), PAIR(LAYOUT_GICD_SIZE),
	      PAIR(LAYOUT_GICR), PAIR(LAYOUT_GICR_SIZE * cpus));
	CELLS(w, "phandle", GIC_PHANDLE);
	begin_at(w, "msi-controller", LAYOUT_ITS);
	text(w, "compatible", "arm,gic-v3-its");
	flag(w, "msi-controller");
	CELLS(w, "#msi-cells", 1);
	CELLS(w, "reg", PAIR(LAYOUT_ITS), PAIR(LAYOUT_ITS_SIZE));
	CELLS(w, "phandle", ITS_PHANDLE);
	end(w);
	end(w);
}

static void virtio(struct writer *w, uint64_t address, uint32_t spi)
{
	begin_at(w, "virtio_mmio", address);
	text(w, "compatible", "virtio,mmio");
	CELLS(w, "reg", PAIR(address), PAIR(LAYOUT_VIRTIO_SIZE));
	CELLS(w, "interrupts", IRQ_SPI, spi, IRQ_EDGE);
	flag(w, "dma-coherent");
	end(w);
}

static void pci(struct writer *w, enum pci_card card)
{
	uint64_t ecam = LAYOUT_ECAM_OF(card);
	uint64_t memory = LAYOUT_PCI_MMIO_OF(card);

	begin_at(w, "pcie", ecam);
	text(w, "compatible", "pci-host-ecam-generic");
	text(w, "device_type", "pci");
	CELLS(w, "#address-cells", 3);
	CELLS(w, "#size-cells", 2);
	CELLS(w, "bus-range", 0, 0);
	CELLS(w, "linux,pci-domain", card);
	CELLS(w, "reg", PAIR(ecam), PAIR(LAYOUT_ECAM_SIZE));
	CELLS(w, "ranges", PCI_WINDOW_32, PAIR(memory), PAIR(memory),
	      PAIR(LAYOUT_PCI_MMIO_SIZE));
	flag(w, "dma-coherent");
	CELLS(w, "msi-map", 0, ITS_PHANDLE, PCI_DEVID_BASE(card), 0x100);
	CELLS(w, "#interrupt-cells", 1);
	CELLS(w, "interrupt-map-mask", PCI_DEVICE(0x1fu), 0, 0, 7);
	CELLS(w, "interrupt-map", PCI_DEVICE(PCI_SLOT), 0, 0, PCI_PIN_A,
	      GIC_PHANDLE, 0, 0, IRQ_SPI, LAYOUT_SPI_PCI_INTX + card,
	      IRQ_LEVEL);
	end(w);
}

/* --- what is shared ----------------------------------------------------- */

/* A UIO device of memory: these regions, as maps in this order. */
static void begin_shared(struct writer *w, const struct fdt_config *c,
			 const char *name, const enum shared *map, size_t count)
{
	uint32_t reg[4 * SHARED_REGIONS];
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		const uint32_t entry[] = { PAIR(c->shared[map[i]].gpa),
					   PAIR(c->shared[map[i]].size) };

		memcpy(&reg[n], entry, sizeof(entry));
		n += 4;
	}
	begin_at(w, name, c->shared[map[0]].gpa);
	text(w, "compatible",
	     c->uncached ? "generic-uio" : DRIVER_SHARED_COMPATIBLE);
	text(w, "linux,uio-name", name);
	cells(w, "reg", reg, n);
}

#define BEGIN_SHARED(w, c, name, ...)                                          \
	begin_shared(w, c, name, (const enum shared[]){ __VA_ARGS__ },         \
		     sizeof((const enum shared[]){ __VA_ARGS__ }) /            \
			     sizeof(enum shared))

static void net_connection(struct writer *w, const struct fdt_config *c)
{
	BEGIN_SHARED(w, c, DRIVER_UIO_QUEUES, SHARED_RX_ACTIVE, SHARED_RX_FREE,
		     SHARED_TX_ACTIVE, SHARED_TX_FREE);
	CELLS(w, DRIVER_PROP_CAPACITY, c->capacity);
	CELLS(w, DRIVER_PROP_BUFFER_SIZE, c->buffer_size);
	CELLS(w, DRIVER_PROP_MAX_FRAME, c->max_frame);
	CELLS(w, DRIVER_PROP_MAX_SEGMENT, c->max_segment);
	end(w);
	BEGIN_SHARED(w, c, DRIVER_UIO_DATA, SHARED_RECEIVE, SHARED_TRANSMIT);
	end(w);
	BEGIN_SHARED(w, c, DRIVER_UIO_CONTROL, SHARED_LINK, SHARED_STATUS);
	end(w);
}

static void blk_connection(struct writer *w, const struct fdt_config *c)
{
	BEGIN_SHARED(w, c, DRIVER_UIO_BLK_QUEUES, SHARED_BLK_REQUESTS,
		     SHARED_BLK_RESPONSES);
	CELLS(w, DRIVER_PROP_CAPACITY, c->blk_capacity);
	end(w);
	BEGIN_SHARED(w, c, DRIVER_UIO_BLK_DATA, SHARED_BLK_WINDOW);
	end(w);
	BEGIN_SHARED(w, c, DRIVER_UIO_BLK_CONTROL, SHARED_BLK_LINK,
		     SHARED_STATUS, SHARED_BLK_INFO);
	end(w);
}

static void doorbell(struct writer *w)
{
	begin_at(w, DRIVER_UIO_DOORBELL, LAYOUT_DOORBELL);
	text(w, "compatible", "generic-uio");
	text(w, "linux,uio-name", DRIVER_UIO_DOORBELL);
	CELLS(w, "reg", PAIR(LAYOUT_DOORBELL), PAIR(LAYOUT_DOORBELL_SIZE));
	CELLS(w, "interrupts", IRQ_SPI, LAYOUT_SPI_DOORBELL, IRQ_EDGE);
	end(w);
}

/* A card, and the connection to those it works for. */
static void cards(struct writer *w, const struct fdt_config *c)
{
	if (has_net(c)) {
		pci(w, PCI_NIC);
		net_connection(w, c);
	}
	if (has_blk(c)) {
		pci(w, PCI_STORAGE);
		blk_connection(w, c);
	}
	doorbell(w);
}

/* --- all of it ---------------------------------------------------------- */

static uint64_t up(uint64_t value, uint64_t align)
{
	return (value + align - 1) & ~(align - 1);
}

int fdt_place_shared(struct fdt_config *config, struct error *err)
{
	uint64_t room = END_OF_32_BITS - LAYOUT_RAM;
	uint64_t at = config->ram;

	if (at <= room - LAYOUT_SHARED_ALIGN) {
		at = up(at, LAYOUT_SHARED_ALIGN);
		for (unsigned int i = 0; i < SHARED_REGIONS; i++) {
			uint64_t size = config->shared[i].size;

			if (size > room - at)
				break;
			config->shared[i].gpa = LAYOUT_RAM + at;
			at += up(size, PAGE);
			if (i == SHARED_REGIONS - 1)
				return 0;
		}
	}
	return error_set(err, "memory and buffers of the VM go beyond 4 GiB: "
			      "give it less memory");
}

int fdt_make(const struct fdt_config *config, void *to, size_t size,
	     struct error *err)
{
	struct writer w = { .fdt = to };

	w.result = fdt_create(to, (int)size);
	if (w.result == 0)
		w.result = fdt_finish_reservemap(to);
	begin(&w, "");
	text(&w, "compatible",
	     config->client ? "weir,client-vm" : "weir,driver-vm");
	text(&w, "model", config->client ? "Weir client VM" : "Weir driver VM");
	CELLS(&w, "#address-cells", 2);
	CELLS(&w, "#size-cells", 2);
	CELLS(&w, "interrupt-parent", GIC_PHANDLE);
	chosen(&w, config);
	memory(&w, config);
	processors(&w, config->cpus);
	interrupts(&w, config->cpus);
	virtio(&w, LAYOUT_CONSOLE, LAYOUT_SPI_CONSOLE);
	for (unsigned int i = 0; i < config->devices; i++)
		virtio(&w, LAYOUT_VIRTIO + i * LAYOUT_VIRTIO_SIZE,
		       LAYOUT_SPI_VIRTIO + i);
	if (!config->client) {
		reserved(&w, config);
		cards(&w, config);
	}
	end(&w);
	if (w.result == 0)
		w.result = fdt_finish(to);
	if (w.result != 0)
		return error_set(err, "cannot write the device tree: %s",
				 fdt_strerror(w.result));
	return 0;
}
