/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest sees of a card, and what of its wishes reaches the card.
 */
#include "tests/unit/pci_rig.h"

#define MEMORY_ON 0x0002u

static uint32_t get(unsigned int at, unsigned int len)
{
	return (uint32_t)guest_read(CONFIG + at, len);
}

static void put(unsigned int at, uint32_t value, unsigned int len)
{
	guest_write(CONFIG + at, value, len);
}

/* --- identity ----------------------------------------------------------- */

static void the_card_is_alone_on_its_bus(void **state)
{
	(void)state;
	attach_card();
	assert_int_equal(get(PCI_VENDOR_ID, 4), 0x10d38086);
	assert_int_equal(get(PCI_CLASS_REVISION, 4), 0x02000000);
	assert_int_equal(get(PCI_SUBSYSTEM_VENDOR_ID, 4), 0xa01f8086);
	assert_string_equal(pci->name, "8086:10d3");
	assert_int_equal(card.resets, 1);
	/* One function, though the card has more. */
	assert_int_equal(get(PCI_HEADER_TYPE, 1), 0);
	assert_int_equal(get(PCI_BIST, 1), 0);
	for (unsigned int function = 0; function < 256; function++)
		if (function != PCI_FUNCTION)
			assert_int_equal(
				guest_read(LAYOUT_ECAM + (function << 12), 4),
				0xffffffff);
	/* And no extended capabilities. */
	for (unsigned int at = 0x100; at < 0x1000; at += 4)
		assert_int_equal(get(at, 4), 0);
	assert_int_equal(get(0xff, 4), 0);
}

static void what_is_no_field_cannot_be_written(void **state)
{
	(void)state;
	attach_card();
	put(PCI_VENDOR_ID, 0xdeadbeef, 4);
	put(PCI_CLASS_REVISION, 0xdeadbeef, 4);
	put(PCI_HEADER_TYPE, 0xff, 1);
	put(PCI_ROM_ADDRESS, 0xffffffff, 4);
	put(CARD_CAP_VENDOR, 0xffffffff, 4);
	assert_int_equal(get(PCI_VENDOR_ID, 4), 0x10d38086);
	assert_int_equal(get(PCI_CLASS_REVISION, 4), 0x02000000);
	assert_int_equal(get(PCI_HEADER_TYPE, 1), 0);
	assert_int_equal(get(PCI_ROM_ADDRESS, 4), 0);
	assert_int_equal(card_config(PCI_VENDOR_ID, 4), 0x10d38086);
	/* The line is a note of the guest's. */
	put(PCI_INTERRUPT_LINE, 0x99, 1);
	assert_int_equal(get(PCI_INTERRUPT_LINE, 2), 0x0199);
	assert_int_equal(card_config(PCI_INTERRUPT_LINE, 2), 0x020b);
}

static void capabilities_are_chosen(void **state)
{
	(void)state;
	attach_card();
	assert_int_equal(get(PCI_STATUS, 2) & PCI_STATUS_CAP_LIST, 0x10);
	assert_int_equal(get(PCI_CAPABILITY_LIST, 1), CARD_CAP_PM);
	assert_int_equal(get(CARD_CAP_PM, 2), CARD_CAP_VENDOR << 8 | 1);
	assert_int_equal(get(CARD_CAP_VENDOR, 2), CARD_CAP_EXP << 8 | 9);
	assert_int_equal(get(CARD_CAP_VENDOR + 4, 4), 0x11223344);
	assert_int_equal(get(CARD_CAP_EXP, 2), CARD_CAP_MSIX << 8 | 0x10);
	assert_int_equal(get(CARD_CAP_MSIX, 4), 4 << 16 | 0x11);
	assert_int_equal(get(CARD_CAP_MSI, 4), 0);
	assert_int_equal(get(CARD_CAP_AF, 4), 0);
}

/* --- registers that reach the card -------------------------------------- */

static void command_bits_pass(void **state)
{
	(void)state;
	attach_card();
	assert_int_equal(card_config(PCI_COMMAND, 2), 0);
	put(PCI_COMMAND, 0xffff, 2);
	assert_int_equal(card_config(PCI_COMMAND, 2), 0x0546);
	assert_int_equal(get(PCI_COMMAND, 2), 0x0546);
	/* One byte of it leaves the other. */
	put(PCI_COMMAND, 0, 1);
	assert_int_equal(card_config(PCI_COMMAND, 2), 0x0500);
}

static void status_is_cleared_by_ones(void **state)
{
	(void)state;
	attach_card();
	assert_int_equal(get(PCI_STATUS, 2), 0xa018);
	/* A file does not clear anything: what was written stays. */
	put(PCI_STATUS, 0x20ff, 2);
	assert_int_equal(card_config(PCI_STATUS, 2), 0x2000);
	/* Writing the command as part of four bytes clears nothing. */
	put(PCI_COMMAND, 4, 4);
	assert_int_equal(card_config(PCI_STATUS, 2), 0x2000);
	put(PCI_STATUS + 1, 0x80, 1);
	assert_int_equal(card_config(PCI_STATUS, 2), 0x8000);
}

static void sleeping_is_only_noted(void **state)
{
	(void)state;
	attach_card();
	put(PCI_COMMAND, MEMORY_ON, 2);
	assert_int_equal(get(CARD_CAP_PM + PCI_PM_PMC, 2), 0x0023);
	put(CARD_CAP_PM + PCI_PM_CTRL, 0xffff, 2);
	assert_int_equal(get(CARD_CAP_PM + PCI_PM_CTRL, 2),
			 PCI_PM_CTRL_NO_SOFT_RESET | 3);
	assert_int_equal(card_config(CARD_CAP_PM + PCI_PM_CTRL, 2), 0x0100);
}

static void express_control_is_filtered(void **state)
{
	(void)state;
	attach_card();
	/* No function reset: it is not offered, and not passed on. */
	assert_int_equal(get(CARD_CAP_EXP + PCI_EXP_DEVCAP, 4), 0x00008cc0);
	put(CARD_CAP_EXP + PCI_EXP_DEVCTL, 0xd0ff, 2);
	/* The payload's size is the bus's; the request's the card's own. */
	assert_int_equal(card_config(CARD_CAP_EXP + PCI_EXP_DEVCTL, 2), 0x503f);
	assert_int_equal(get(CARD_CAP_EXP + PCI_EXP_DEVCTL, 2), 0x503f);
	put(CARD_CAP_EXP + PCI_EXP_DEVSTA, 0xffff, 2);
	assert_int_equal(card_config(CARD_CAP_EXP + PCI_EXP_DEVSTA, 2), 0x000f);
}

/* On after a reset; it would show the guest memory that only caches know is
 * cleared. */
static void the_card_does_not_pass_by_caches(void **state)
{
	(void)state;
	assert_int_equal(card_config(CARD_CAP_EXP + PCI_EXP_DEVCTL, 2), 0x2820);
	attach_card();
	assert_int_equal(card_config(CARD_CAP_EXP + PCI_EXP_DEVCTL, 2), 0x2020);
	put(CARD_CAP_EXP + PCI_EXP_DEVCTL, 0x2820, 2);
	put(CARD_CAP_EXP + PCI_EXP_DEVCTL + 1, 0x08, 1);
	assert_int_equal(card_config(CARD_CAP_EXP + PCI_EXP_DEVCTL, 2) &
				 PCI_EXP_DEVCTL_NOSNOOP_EN,
			 0);
}

/* --- BARs --------------------------------------------------------------- */

static uint32_t bar(unsigned int n)
{
	return get(PCI_BASE_ADDRESS_0 + 4 * n, 4);
}

static void set_bar(unsigned int n, uint32_t value)
{
	put(PCI_BASE_ADDRESS_0 + 4 * n, value, 4);
}

static void bars_tell_their_size(void **state)
{
	static const uint32_t mask[PCI_BARS] = { 0xfffe0000, 0xfffff000,
						 0,	     0xffffc000,
						 0xfff0000c, 0xffffffff };
	static const uint32_t empty[PCI_BARS] = { 0, 0, 0, 0, 0xc, 0 };

	(void)state;
	attach_card();
	for (unsigned int n = 0; n < PCI_BARS; n++) {
		assert_int_equal(bar(n), empty[n]);
		set_bar(n, 0xffffffff);
		assert_int_equal(bar(n), mask[n]);
		set_bar(n, 0);
		assert_int_equal(bar(n), empty[n]);
	}
	/* The card's own are the host's. */
	assert_int_equal(card_config(PCI_BASE_ADDRESS_0, 4), 0x10000000);
	assert_events("");
}

static void bars_are_where_the_guest_puts_them(void **state)
{
	(void)state;
	attach_card();
	card_write(0, 8, 0x80080783, 4);
	set_bar(0, 0x30100000);
	assert_events("");
	put(PCI_COMMAND, MEMORY_ON, 2);
	assert_events("show 0 ");
	assert_non_null(direct(0x30100008));
	assert_int_equal(guest_read(0x30100008, 4), 0x80080783);
	guest_write(0x30100010, 0x12345678, 4);
	assert_int_equal(card_read(0, 0x10, 4), 0x12345678);
	/* Moved. */
	set_bar(0, 0x30200000);
	assert_events("hide 0 show 0 ");
	assert_int_equal(guest_read(0x30200008, 4), 0x80080783);
	assert_int_equal(guest_read(0x30100008, 4), 0xffffffff);
	/* Sized: out of the window, so nowhere. */
	set_bar(0, 0xffffffff);
	assert_events("hide 0 ");
	set_bar(0, 0x30200000);
	assert_events("show 0 ");
	/* The same again is nothing new. */
	set_bar(0, 0x30200000);
	assert_events("");
	put(PCI_COMMAND, 0, 2);
	assert_events("hide 0 ");
	assert_int_equal(guest_read(0x30200008, 4), 0xffffffff);
}

/* RAM, the GIC, the edges of the window: a guest may ask for anything. */
static void bars_stay_in_their_window(void **state)
{
	static const uint32_t bad[] = { 0,	    0x10000000, 0x2fff0000,
					0x2ffe0000, 0x40000000, 0x80000000,
					0xfffe0000 };

	(void)state;
	attach_card();
	put(PCI_COMMAND, MEMORY_ON, 2);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set_bar(0, bad[i]);
		set_bar(3, bad[i]);
		assert_events("");
	}
	set_bar(0, 0x3ffe0000);
	assert_events("show 0 ");
	/* A wide BAR with its upper half set is far away. */
	set_bar(4, 0x30000000);
	assert_events("show 4 ");
	set_bar(5, 1);
	assert_events("hide 4 ");
	set_bar(5, 0);
	assert_events("show 4 ");
}

static void a_bar_that_was_covered_comes_back(void **state)
{
	(void)state;
	attach_card();
	put(PCI_COMMAND, MEMORY_ON, 2);
	set_bar(0, 0x30000000);
	set_bar(4, 0x30000000);
	assert_events("show 0 ");
	set_bar(0, 0x30100000);
	assert_events("hide 0 show 0 show 4 ");
}

static void a_small_bar_has_a_page(void **state)
{
	(void)state;
	attach_card();
	put(PCI_COMMAND, MEMORY_ON, 2);
	card_write(1, 4, 0xabcd, 4);
	set_bar(1, 0x30001000);
	assert_events("show 1 ");
	assert_int_equal(guest_read(0x30001004, 4), 0xabcd);
}

/* Behind its end is another BAR's window of the card's descriptor, or more. */
static void a_small_bar_that_cannot_be_mapped(void **state)
{
	(void)state;
	card.mappable &= ~2u;
	attach_card();
	put(PCI_COMMAND, MEMORY_ON, 2);
	set_bar(1, 0x30001000);
	assert_events("");
	guest_write(0x300017fc, 0x1234, 4);
	assert_int_equal(card_read(1, 0x7fc, 4), 0x1234);
	assert_int_equal(guest_read(0x300017fc, 4), 0x1234);
	guest_write(0x300017fe, 0xffffffff, 4);
	guest_write(0x30001800, 0xffffffff, 4);
	assert_int_equal(card_read(1, 0x7fc, 4), 0x1234);
	assert_int_equal(card_read(1, 0x800, 4), 0);
	assert_int_equal(guest_read(0x300017fe, 4), 0xffffffff);
	assert_int_equal(guest_read(0x30001800, 4), 0xffffffff);
}

static void only_what_vfio_maps_is_direct(void **state)
{
	(void)state;
	card.sparse = true;
	attach_card();
	put(PCI_COMMAND, MEMORY_ON, 2);
	set_bar(0, 0x30000000);
	/* One area, cut to whole pages; the other crosses the BAR's end. */
	assert_events("show 0 ");
	assert_null(direct(0x30001ffc));
	assert_non_null(direct(0x30002000));
	assert_non_null(direct(0x30003ffc));
	assert_null(direct(0x30004000));
	/* The rest works as well, only slower. */
	guest_write(0x30000020, 0xcafe, 2);
	assert_int_equal(card_read(0, 0x20, 4), 0xcafe);
	assert_int_equal(guest_read(0x30000020, 4), 0xcafe);
}

/* --- attaching ---------------------------------------------------------- */

static void cards_that_cannot_be_passed_through(void **state)
{
	(void)state;
	card_set_config(PCI_HEADER_TYPE, 1, 1);
	assert_null(try_attach());
	assert_non_null(strstr(oops.text, "bridge"));
	card_set_config(PCI_HEADER_TYPE, 0, 1);

	card.size[4] = 1ull << 29;
	assert_null(try_attach());
	assert_non_null(strstr(oops.text, "do not fit into 256 MiB"));
	card.size[4] = 1ull << 63;
	assert_null(try_attach());
	assert_non_null(strstr(oops.text, "do not fit into 256 MiB"));
	card.size[4] = 0x100000;

	card.vectors[VFIO_PCI_INTX_IRQ_INDEX] = 0;
	card.vectors[VFIO_PCI_MSIX_IRQ_INDEX] = 0;
	assert_null(try_attach());
	assert_non_null(strstr(oops.text, "no interrupts"));
	card.vectors[VFIO_PCI_MSIX_IRQ_INDEX] = 5;

	card.fails = VFIO_DEVICE_SET_IRQS;
	assert_null(try_attach());
	assert_non_null(strstr(oops.text, "5 interrupts of card 8086:10d3"));
	card.fails = VFIO_DEVICE_GET_INFO;
	assert_null(try_attach());
	assert_non_null(strstr(oops.text, "does not describe the card"));
	card.fails = 0;
	card.size[VFIO_PCI_CONFIG_REGION_INDEX] = 0x80;
	assert_null(try_attach());
	assert_non_null(strstr(oops.text, "configuration space"));
}

static void memory_is_shown_to_the_card(void **state)
{
	char memory[4096];

	(void)state;
	attach_card();
	assert_int_equal(pci_dma(pci, memory, LAYOUT_RAM, 4096, &oops), 0);
	assert_int_equal(card.dma.iova, LAYOUT_RAM);
	assert_int_equal(card.dma.vaddr, (uintptr_t)memory);
	assert_int_equal(card.dma.size, 4096);
	assert_int_equal(card.dma.flags,
			 VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
	card.dma_error = ENOMEM;
	assert_int_equal(pci_dma(pci, memory, LAYOUT_RAM, 4096, &oops), -1);
	assert_non_null(strstr(oops.text, "ulimit -l"));
	oops.text[0] = '\0';
	card.dma_error = EINVAL;
	assert_int_equal(pci_dma(pci, memory, 0x8000000, 4096, &oops), -1);
	assert_non_null(strstr(oops.text, "at 0x8000000"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		pci_test(the_card_is_alone_on_its_bus),
		pci_test(what_is_no_field_cannot_be_written),
		pci_test(capabilities_are_chosen),
		pci_test(command_bits_pass),
		pci_test(status_is_cleared_by_ones),
		pci_test(sleeping_is_only_noted),
		pci_test(express_control_is_filtered),
		pci_test(the_card_does_not_pass_by_caches),
		pci_test(bars_tell_their_size),
		pci_test(bars_are_where_the_guest_puts_them),
		pci_test(bars_stay_in_their_window),
		pci_test(a_bar_that_was_covered_comes_back),
		pci_test(a_small_bar_has_a_page),
		pci_test(a_small_bar_that_cannot_be_mapped),
		pci_test(only_what_vfio_maps_is_direct),
		pci_test(cards_that_cannot_be_passed_through),
		pci_test(memory_is_shown_to_the_card),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
