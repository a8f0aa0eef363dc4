/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The device tree as a guest reads it, found by paths and names.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <libfdt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "virt/driver_abi.h"
#include "vmm/kvm/fdt.h"
#include "vmm/kvm/layout.h"
#include "vmm/kvm/pci.h"

#define RAM 0x2100000ull /* deliberately not whole 2 MiB */

static uint8_t dtb[0x10000];

static struct fdt_config make(bool uncached)
{
	struct fdt_config c = {
		.ram = RAM,
		.initrd = LAYOUT_RAM + 0x500000,
		.initrd_end = LAYOUT_RAM + 0x543210,
		.uncached = uncached,
		.append = "",
		.capacity = 512,
		.buffer_size = 2048,
		.max_frame = 1522,
		.blk_capacity = 256,
	};
	struct error err = { 0 };

	for (unsigned int i = 0; i < SHARED_REGIONS; i++)
		c.shared[i].size = 0x1000ull * (i + 1);
	for (unsigned int i = 0; i < FDT_SEED; i++)
		c.seed[i] = (uint8_t)(i + 1);
	assert_int_equal(fdt_place_shared(&c, &err), 0);
	assert_int_equal(fdt_make(&c, dtb, sizeof(dtb), &err), 0);
	assert_string_equal(err.text, "");
	assert_int_equal(fdt_check_full(dtb, sizeof(dtb)), 0);
	return c;
}

static int node(const char *path)
{
	int n = fdt_path_offset(dtb, path);

	assert_true(n >= 0);
	return n;
}

/* The node of a UIO device, by the name the guest looks it up by. */
static int uio(const char *name)
{
	int n = fdt_node_offset_by_prop_value(dtb, -1, "linux,uio-name", name,
					      (int)strlen(name) + 1);

	assert_true(n >= 0);
	return n;
}

static uint32_t cell(int at, const char *name, unsigned int i)
{
	int len;
	const fdt32_t *p = fdt_getprop(dtb, at, name, &len);

	assert_non_null(p);
	assert_true((int)(4 * i) < len);
	return fdt32_to_cpu(p[i]);
}

static int cells(int at, const char *name)
{
	int len;

	assert_non_null(fdt_getprop(dtb, at, name, &len));
	return len / 4;
}

/* Entry @i of a `reg` with two cells for each value. */
static void assert_reg(int at, unsigned int i, uint64_t address, uint64_t size)
{
	assert_int_equal((uint64_t)cell(at, "reg", 4 * i) << 32 |
				 cell(at, "reg", 4 * i + 1),
			 address);
	assert_int_equal((uint64_t)cell(at, "reg", 4 * i + 2) << 32 |
				 cell(at, "reg", 4 * i + 3),
			 size);
}

static void regions_lie_behind_the_ram(void **state)
{
	struct fdt_config c = make(false);

	(void)state;
	assert_int_equal(c.shared[0].gpa, LAYOUT_RAM + 0x2200000);
	for (unsigned int i = 1; i < SHARED_REGIONS; i++)
		assert_int_equal(c.shared[i].gpa,
				 c.shared[i - 1].gpa + c.shared[i - 1].size);
}

static void nothing_goes_beyond_4_gib(void **state)
{
	static const uint64_t ram[] = {
		0xc0000000ull,
		0xbfffffffull,
		UINT64_MAX,
		0xbfe01000ull,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(ram) / sizeof(ram[0]); i++) {
		struct fdt_config c = { .ram = ram[i] };
		struct error err = { 0 };

		for (unsigned int k = 0; k < SHARED_REGIONS; k++)
			c.shared[k].size = 0x40000;
		assert_int_equal(fdt_place_shared(&c, &err), -1);
		assert_non_null(strstr(err.text, "less memory"));
	}
}

/* As much memory as a topology may ask for, and large buffers. */
static void much_memory_fits(void **state)
{
	struct fdt_config c = { .ram = 0x80000000ull };
	struct error err = { 0 };

	(void)state;
	c.shared[SHARED_RECEIVE].size = 0x1c000000;
	c.shared[SHARED_TRANSMIT].size = 0x1c000000;
	assert_int_equal(fdt_place_shared(&c, &err), 0);
	assert_true(c.shared[SHARED_STATUS].gpa < 0x100000000ull);
}

static void shared_memory_cached(void **state)
{
	struct fdt_config c = make(false);
	uint64_t start = c.shared[0].gpa;
	uint64_t size = c.shared[SHARED_REGIONS - 1].gpa +
			c.shared[SHARED_REGIONS - 1].size - start;
	char path[64];
	int memory = node("/memory@40000000");

	(void)state;
	assert_int_equal(cells(memory, "reg"), 8);
	assert_reg(memory, 0, LAYOUT_RAM, RAM);
	assert_reg(memory, 1, start, size);
	snprintf(path, sizeof(path), "/reserved-memory/shared@%llx",
		 (unsigned long long)start);
	assert_reg(node(path), 0, start, size);
	assert_null(fdt_getprop(dtb, node(path), "no-map", NULL));
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = { DRIVER_UIO_QUEUES,
						     DRIVER_UIO_DATA,
						     DRIVER_UIO_CONTROL };

		assert_int_equal(
			fdt_node_check_compatible(dtb, uio(names[i]),
						  DRIVER_SHARED_COMPATIBLE),
			0);
	}
}

static void shared_memory_uncached(void **state)
{
	struct fdt_config c = make(true);
	int memory = node("/memory@40000000");
	char path[64];

	(void)state;
	assert_int_equal(cells(memory, "reg"), 4);
	snprintf(path, sizeof(path), "/reserved-memory/shared@%llx",
		 (unsigned long long)c.shared[0].gpa);
	assert_non_null(fdt_getprop(dtb, node(path), "no-map", NULL));
	assert_int_equal(fdt_node_check_compatible(dtb, uio(DRIVER_UIO_QUEUES),
						   "generic-uio"),
			 0);
}

static void maps_are_in_the_promised_order(void **state)
{
	struct fdt_config c = make(false);
	int queues = uio(DRIVER_UIO_QUEUES), data = uio(DRIVER_UIO_DATA),
	    control = uio(DRIVER_UIO_CONTROL);

	(void)state;
	assert_int_equal(cells(queues, "reg"), 16);
	for (unsigned int i = 0; i < 4; i++)
		assert_reg(queues, i, c.shared[i].gpa, c.shared[i].size);
	assert_int_equal(cells(data, "reg"), 8);
	assert_reg(data, 0, c.shared[SHARED_RECEIVE].gpa,
		   c.shared[SHARED_RECEIVE].size);
	assert_reg(data, 1, c.shared[SHARED_TRANSMIT].gpa,
		   c.shared[SHARED_TRANSMIT].size);
	assert_int_equal(cells(control, "reg"), 8);
	assert_reg(control, 0, c.shared[SHARED_LINK].gpa,
		   c.shared[SHARED_LINK].size);
	assert_reg(control, 1, c.shared[SHARED_STATUS].gpa,
		   c.shared[SHARED_STATUS].size);
	assert_int_equal(cell(queues, DRIVER_PROP_CAPACITY, 0), 512);
	assert_int_equal(cell(queues, DRIVER_PROP_BUFFER_SIZE, 0), 2048);
	assert_int_equal(cell(queues, DRIVER_PROP_MAX_FRAME, 0), 1522);
}

static void doorbell_and_console_interrupt_by_edge(void **state)
{
	static const unsigned int spi[] = { LAYOUT_SPI_DOORBELL,
					    LAYOUT_SPI_CONSOLE };
	int n[2];

	(void)state;
	make(false);
	n[0] = uio(DRIVER_UIO_DOORBELL);
	n[1] = node("/virtio_mmio@11000000");
	assert_reg(n[0], 0, LAYOUT_DOORBELL, LAYOUT_DOORBELL_SIZE);
	assert_reg(n[1], 0, LAYOUT_CONSOLE, LAYOUT_CONSOLE_SIZE);
	assert_int_equal(fdt_node_check_compatible(dtb, n[0], "generic-uio"),
			 0);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(cell(n[i], "interrupts", 0), 0);
		assert_int_equal(cell(n[i], "interrupts", 1), spi[i]);
		assert_int_equal(cell(n[i], "interrupts", 2), 1);
	}
}

static void what_the_kernel_starts_with(void **state)
{
	int chosen, len;
	const char *args;
	const uint8_t *seed;

	(void)state;
	make(false);
	chosen = node("/chosen");
	args = fdt_getprop(dtb, chosen, "bootargs", NULL);
	assert_non_null(strstr(args, "console=hvc0"));
	assert_non_null(strstr(args, "panic=-1"));
	assert_non_null(strstr(args, "uio_pdrv_genirq.of_id=generic-uio"));
	assert_int_equal(cell(chosen, "linux,initrd-start", 1),
			 LAYOUT_RAM + 0x500000);
	assert_int_equal(cell(chosen, "linux,initrd-end", 1),
			 LAYOUT_RAM + 0x543210);
	seed = fdt_getprop(dtb, chosen, "kaslr-seed", &len);
	assert_int_equal(len, 8);
	assert_int_equal(seed[0], 1);
	seed = fdt_getprop(dtb, chosen, "rng-seed", &len);
	assert_int_equal(len, FDT_RNG);
	assert_int_equal(seed[0], 9);
	assert_int_equal(fdt_node_check_compatible(dtb, node("/psci"),
						   "arm,psci-0.2"),
			 0);
}

static void what_is_appended_comes_last(void **state)
{
	struct fdt_config c = make(false);
	struct error err = { 0 };
	char plain[256], more[512], append[256];

	(void)state;
	snprintf(plain, sizeof(plain), "%s",
		 (const char *)fdt_getprop(dtb, node("/chosen"), "bootargs",
					   NULL));
	/* The longest a topology can say. */
	memset(append, 'x', sizeof(append) - 1);
	append[sizeof(append) - 1] = '\0';
	snprintf(more, sizeof(more), "%s %s", plain, append);
	c.append = append;
	assert_int_equal(fdt_make(&c, dtb, sizeof(dtb), &err), 0);
	assert_string_equal(fdt_getprop(dtb, node("/chosen"), "bootargs", NULL),
			    more);
}

static void card_reaches_the_its_and_its_pin(void **state)
{
	int pcie, its;

	(void)state;
	make(false);
	pcie = node("/pcie@12000000");
	its = fdt_node_offset_by_phandle(dtb, cell(pcie, "msi-map", 1));
	assert_true(its >= 0);
	assert_int_equal(fdt_node_check_compatible(dtb, its, "arm,gic-v3-its"),
			 0);
	assert_reg(its, 0, LAYOUT_ITS, LAYOUT_ITS_SIZE);
	/* Identity: requester ids are device ids. */
	assert_int_equal(cell(pcie, "msi-map", 0), 0);
	assert_int_equal(cell(pcie, "msi-map", 2), 0);
	assert_int_equal(cell(pcie, "interrupt-map", 0), PCI_SLOT << 11);
	assert_int_equal(cell(pcie, "interrupt-map", 3), 1);
	assert_int_equal(cell(pcie, "interrupt-map", 8), LAYOUT_SPI_PCI_INTX);
	assert_int_equal(cell(pcie, "interrupt-map", 9), 4);
	assert_int_equal(cell(pcie, "ranges", 0), 0x02000000);
	assert_int_equal(cell(pcie, "ranges", 2), LAYOUT_PCI_MMIO);
	assert_int_equal(cell(pcie, "ranges", 6), LAYOUT_PCI_MMIO_SIZE);
	assert_int_equal(cell(pcie, "bus-range", 1), 0);
}

static void the_disk_has_a_bridge_of_its_own(void **state)
{
	int pcie;

	(void)state;
	make(false);
	pcie = node("/pcie@12100000");
	assert_int_equal(cell(pcie, "linux,pci-domain", 0), 1);
	assert_int_equal(cell(pcie, "msi-map", 2), PCI_DEVID_BASE(1));
	assert_int_equal(cell(pcie, "interrupt-map", 8),
			 LAYOUT_SPI_PCI_INTX + 1);
	assert_int_equal(cell(pcie, "ranges", 2), LAYOUT_PCI_MMIO_OF(1));
}

static void maps_of_a_disk(void **state)
{
	struct fdt_config c = make(false);
	int queues = uio(DRIVER_UIO_BLK_QUEUES),
	    data = uio(DRIVER_UIO_BLK_DATA),
	    control = uio(DRIVER_UIO_BLK_CONTROL);
	static const enum shared map[] = { SHARED_BLK_LINK, SHARED_STATUS,
					   SHARED_BLK_INFO };

	(void)state;
	assert_reg(queues, 0, c.shared[SHARED_BLK_REQUESTS].gpa,
		   c.shared[SHARED_BLK_REQUESTS].size);
	assert_reg(queues, 1, c.shared[SHARED_BLK_RESPONSES].gpa,
		   c.shared[SHARED_BLK_RESPONSES].size);
	assert_int_equal(cell(queues, DRIVER_PROP_CAPACITY, 0), 256);
	assert_int_equal(cells(data, "reg"), 4);
	assert_reg(data, 0, c.shared[SHARED_BLK_WINDOW].gpa,
		   c.shared[SHARED_BLK_WINDOW].size);
	for (unsigned int i = 0; i < 3; i++)
		assert_reg(control, i, c.shared[map[i]].gpa,
			   c.shared[map[i]].size);
}

/* A guest has what it has regions for. */
static void a_disk_or_a_card_alone(void **state)
{
	struct fdt_config c = make(false);
	struct error err = { 0 };

	(void)state;
	for (unsigned int i = 0; i < SHARED_STATUS; i++)
		c.shared[i].size = 0;
	assert_int_equal(fdt_place_shared(&c, &err), 0);
	assert_int_equal(fdt_make(&c, dtb, sizeof(dtb), &err), 0);
	assert_reg(node("/memory@40000000"), 1, c.shared[SHARED_STATUS].gpa,
		   c.shared[SHARED_REGIONS - 1].gpa +
			   c.shared[SHARED_REGIONS - 1].size -
			   c.shared[SHARED_STATUS].gpa);
	assert_true(fdt_path_offset(dtb, "/pcie@12000000") < 0);
	uio(DRIVER_UIO_BLK_QUEUES);
	uio(DRIVER_UIO_DOORBELL);
	c = make(false);
	for (unsigned int i = SHARED_BLK_REQUESTS; i < SHARED_REGIONS; i++)
		c.shared[i].size = 0;
	assert_int_equal(fdt_place_shared(&c, &err), 0);
	assert_int_equal(fdt_make(&c, dtb, sizeof(dtb), &err), 0);
	assert_reg(node("/memory@40000000"), 1, c.shared[0].gpa,
		   c.shared[SHARED_STATUS].gpa + c.shared[SHARED_STATUS].size -
			   c.shared[0].gpa);
	assert_true(fdt_path_offset(dtb, "/pcie@12100000") < 0);
	uio(DRIVER_UIO_QUEUES);
}

static void too_little_room_is_said(void **state)
{
	struct fdt_config c = make(false);
	struct error err = { 0 };

	(void)state;
	for (size_t size = 0; size < 2000; size += 97) {
		err.text[0] = '\0';
		assert_int_equal(fdt_make(&c, dtb, size, &err), -1);
		assert_non_null(strstr(err.text, "device tree"));
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(regions_lie_behind_the_ram),
		cmocka_unit_test(nothing_goes_beyond_4_gib),
		cmocka_unit_test(much_memory_fits),
		cmocka_unit_test(shared_memory_cached),
		cmocka_unit_test(shared_memory_uncached),
		cmocka_unit_test(maps_are_in_the_promised_order),
		cmocka_unit_test(doorbell_and_console_interrupt_by_edge),
		cmocka_unit_test(what_the_kernel_starts_with),
		cmocka_unit_test(what_is_appended_comes_last),
		cmocka_unit_test(card_reaches_the_its_and_its_pin),
		cmocka_unit_test(the_disk_has_a_bridge_of_its_own),
		cmocka_unit_test(maps_of_a_disk),
		cmocka_unit_test(a_disk_or_a_card_alone),
		cmocka_unit_test(too_little_room_is_said),
	};

	/* For dtc: kvm_fdt_test --print | dtc -I dtb */
	if (argc == 2 && strcmp(argv[1], "--print") == 0) {
		make(false);
		return fwrite(dtb, fdt_totalsize(dtb), 1, stdout) == 1 ? 0 : 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
