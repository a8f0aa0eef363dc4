/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest that writes everything everywhere, and cards that make no sense.
 *
 * What must hold whatever the guest does: only bits that are known reach the
 * card, memory stays in its window, nothing is reached out of bounds (which the
 * sanitizers see), and the card serves a well-behaved driver afterwards.
 */
#include "tests/unit/pci_rig.h"

static const unsigned int widths[] = { 1, 2, 4, 8 };
static const uint64_t values[] = {
	0,
	~0ull,
	0x5555555555555555,
	0xaaaaaaaaaaaaaaaa,
	0x8000800080008000,
	0x3000000030000004,
	0x0002000200020002,
	0xc000c000c000c000,
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Deterministic, so that a failure can be had again. */
static uint32_t random_state;

static uint32_t next_random(void)
{
	random_state = random_state * 1664525 + 1013904223;
	return random_state >> 8;
}

/* A range's end is the caller's promise, so accesses do not cross it. */
static void access_all_ways(const struct vm_range *r, uint64_t offset)
{
	uint64_t v;

	for (size_t w = 0; w < COUNT(widths); w++) {
		if (offset + widths[w] > r->size)
			continue;
		for (size_t i = 0; i < COUNT(values); i++) {
			v = values[i];
			r->write(r->ctx, offset, &v, widths[w]);
			v = 0;
			r->read(r->ctx, offset, &v, widths[w]);
			events[0] = '\0';
		}
	}
}

static void assert_card_is_itself(const uint32_t before[])
{
	for (unsigned int at = 0; at < PCI_CONFIG_SIZE; at += 4) {
		uint32_t changed = before[at / 4] ^ card_config(at, 4);

		if ((changed & ~card_may_change(at)) != 0)
			fail_msg("%02x: %08x was %08x", at, card_config(at, 4),
				 before[at / 4]);
	}
}

/* As a driver would, after all that. */
static void assert_still_works(void)
{
	events[0] = '\0';
	quiet = false;
	guest_write(CONFIG + PCI_COMMAND, 0, 2);
	guest_write(CONFIG + CARD_CAP_MSIX + 2, 0, 2);
	for (unsigned int n = 0; n < PCI_BARS; n++)
		guest_write(CONFIG + PCI_BASE_ADDRESS_0 + 4 * n, 0, 4);
	guest_write(CONFIG + PCI_BASE_ADDRESS_0, 0x30100000, 4);
	guest_write(CONFIG + PCI_BASE_ADDRESS_3, 0x30200000, 4);
	for (unsigned int n = 0; n < 5; n++)
		guest_write(0x30200000 + TABLE_AT + 16 * n + 12, 1, 4);
	events[0] = '\0';
	guest_write(CONFIG + PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_non_null(strstr(events, "show 0 "));
	card_write(0, 8, 0x80080783, 4);
	assert_int_equal(guest_read(0x30100008, 4), 0x80080783);
	guest_write(0x30200000 + TABLE_AT + 8, 0x1234, 4);
	guest_write(0x30200000 + TABLE_AT + 12, 0, 4);
	events[0] = '\0';
	guest_write(CONFIG + CARD_CAP_MSIX + 2, 0x8000, 2);
	assert_non_null(strstr(events, "intx=0 msix=5 "));
	assert_non_null(strstr(events, "on 0 "));
}

static void hc09_configuration_space(void **state)
{
	uint32_t before[PCI_CONFIG_SIZE / 4];

	(void)state;
	attach_card();
	quiet = true;
	for (unsigned int at = 0; at < PCI_CONFIG_SIZE; at += 4)
		before[at / 4] = card_config(at, 4);
	/* Two functions around, then every bus address at the edges. */
	for (uint64_t at = (CONFIG - LAYOUT_ECAM) - 0x1000;
	     at < (CONFIG - LAYOUT_ECAM) + 0x2000; at++)
		access_all_ways(&ranges[0], at);
	for (uint64_t at = 0x1000; at <= LAYOUT_ECAM_SIZE; at += 0x1000)
		for (uint64_t back = 1; back <= 8; back++)
			access_all_ways(&ranges[0], at - back);
	assert_card_is_itself(before);
	assert_still_works();
}

static void hc09_trapped_memory(void **state)
{
	(void)state;
	attach_card();
	guest_write(CONFIG + PCI_BASE_ADDRESS_3, LAYOUT_PCI_MMIO, 4);
	guest_write(CONFIG + PCI_BASE_ADDRESS_1, LAYOUT_PCI_MMIO + 0x4000, 4);
	guest_write(CONFIG + PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	guest_write(CONFIG + CARD_CAP_MSIX + 2, 0x8000, 2);
	/* All of the table's BAR and beyond its end. */
	for (uint64_t at = 0; at < 0x5010; at++)
		access_all_ways(&ranges[1], at);
	for (uint64_t back = 1; back <= 16; back++)
		access_all_ways(&ranges[1], LAYOUT_PCI_MMIO_SIZE - back);
	/* Of the card's own table and pending bits nothing was touched. */
	for (uint64_t at = 0; at < 80; at += 4)
		assert_int_equal(card_read(TABLE_BAR, TABLE_AT + at, 4), 0);
	assert_int_equal(card_read(TABLE_BAR, PENDING_AT, 4), 0);
	assert_still_works();
}

/* BARs anywhere, on top of each other, moved while everything is in use. */
static void hc09_bars_that_wander(void **state)
{
	(void)state;
	attach_card();
	quiet = true;
	random_state = 1;
	for (unsigned int i = 0; i < 20000; i++) {
		unsigned int n = next_random() % PCI_BARS;
		uint32_t to = (uint32_t)LAYOUT_PCI_MMIO +
			      (next_random() % 64 - 8) * 0x4000;

		events[0] = '\0';
		guest_write(CONFIG + PCI_BASE_ADDRESS_0 + 4 * n,
			    n == 5 ? next_random() % 2 : to, 4);
		if (next_random() % 8 == 0)
			guest_write(CONFIG + PCI_COMMAND, next_random(), 2);
		guest_read(LAYOUT_PCI_MMIO + next_random() % 0x100000, 4);
	}
	assert_still_works();
	assert_int_equal(vm_of_test.host_errors, 0);
}

/* Random configuration spaces: attached or refused, and then used. */
static void cards_that_make_no_sense(void **state)
{
	unsigned int attached = 0;

	(void)state;
	quiet = true;
	random_state = 7;
	for (unsigned int i = 0; i < 300; i++) {
		for (unsigned int n = 0; n < 24; n++)
			card_set_config(0x40 + next_random() % 0xc0,
					next_random() % 3 == 0
						? next_random()
						: next_random() % 0x12,
					1);
		card_set_config(PCI_CAPABILITY_LIST, next_random(), 1);
		for (unsigned int n = 0; n < PCI_BARS; n++)
			card_set_config(PCI_BASE_ADDRESS_0 + 4 * n,
					next_random(), 4);
		pci = try_attach();
		if (pci == NULL)
			continue;
		attached++;
		for (uint64_t at = 0; at < PCI_CONFIG_SIZE; at++)
			access_all_ways(&ranges[0], CONFIG - LAYOUT_ECAM + at);
		for (uint64_t at = 0; at < 0x8000; at += 0xff4)
			access_all_ways(&ranges[1], at);
		detach_card();
	}
	assert_true(attached > 100);
}

/* A list of capabilities that never ends, or ends outside. */
static void lists_that_make_no_sense(void **state)
{
	static const uint8_t head[] = { 0x00, 0x04, 0x3c, 0xf8, 0xfc, 0xff };

	(void)state;
	for (size_t i = 0; i < COUNT(head); i++) {
		for (unsigned int id = 0; id < 0x20; id++) {
			card_set_config(PCI_CAPABILITY_LIST, head[i], 1);
			/* To itself. */
			card_set_config(0xf8, 0xf800 | id, 4);
			card_set_config(0xfc, 0xfffffc00 | id, 4);
			pci = try_attach();
			assert_non_null(pci);
			for (unsigned int at = 0; at < 0x110; at += 2)
				guest_read(CONFIG + at, 4);
			detach_card();
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		pci_test(hc09_configuration_space),
		pci_test(hc09_trapped_memory),
		pci_test(hc09_bars_that_wander),
		pci_test(cards_that_make_no_sense),
		pci_test(lists_that_make_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
