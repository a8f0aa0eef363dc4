/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A card's interrupts: which vector is connected when, and to what.
 */
#include <fcntl.h>
#include <sys/eventfd.h>

#include "tests/unit/pci_rig.h"

#define BAR_AT 0x30100000ull
#define TABLE (BAR_AT + TABLE_AT)
#define FLAGS (CONFIG + CARD_CAP_MSIX + PCI_MSIX_FLAGS)
#define ENABLE 0x8000u
#define MASK_ALL 0x4000u

static void attach_here(void)
{
	attach_card();
	guest_write(CONFIG + PCI_BASE_ADDRESS_3, BAR_AT, 4);
	guest_write(CONFIG + PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	events[0] = '\0';
}

static void set_entry(unsigned int n, uint64_t address, uint32_t data)
{
	guest_write(TABLE + 16 * n, (uint32_t)address, 4);
	guest_write(TABLE + 16 * n + 4, address >> 32, 4);
	guest_write(TABLE + 16 * n + 8, data, 4);
}

static void mask(unsigned int n, uint32_t control)
{
	guest_write(TABLE + 16 * n + 12, control, 4);
}

/* --- the table ---------------------------------------------------------- */

static void the_table_is_ours(void **state)
{
	(void)state;
	attach_here();
	/* Its page and that of the pending bits trap, the others do not. */
	assert_non_null(direct(BAR_AT));
	assert_null(direct(TABLE));
	assert_null(direct(BAR_AT + PENDING_AT));
	assert_non_null(direct(BAR_AT + 0x3000));
	/* As after a reset: masked, and zero. */
	assert_int_equal(guest_read(TABLE, 8), 0);
	assert_int_equal(guest_read(TABLE + 8, 8), 1ull << 32);
	set_entry(4, 0x110090043, 0x55);
	assert_int_equal(guest_read(TABLE + 64, 8), 0x110090040);
	assert_int_equal(guest_read(TABLE + 72, 4), 0x55);
	mask(4, 0xfffffffe);
	assert_int_equal(guest_read(TABLE + 76, 4), 0);
	/* The card's own is the host's. */
	assert_int_equal(card_read(TABLE_BAR, TABLE_AT + 64, 4), 0);
	assert_int_equal(card_read(TABLE_BAR, TABLE_AT + 72, 4), 0);
	/* Pending bits are zero and stay so. */
	guest_write(BAR_AT + PENDING_AT, 0xff, 4);
	assert_int_equal(guest_read(BAR_AT + PENDING_AT, 4), 0);
	assert_int_equal(card_read(TABLE_BAR, PENDING_AT, 4), 0);
	assert_events("");
}

static void registers_beside_the_table_are_the_cards(void **state)
{
	(void)state;
	attach_here();
	guest_write(TABLE + 0x100, 0xabcd1234, 4);
	assert_int_equal(card_read(TABLE_BAR, TABLE_AT + 0x100, 4), 0xabcd1234);
	assert_int_equal(guest_read(TABLE + 0x102, 2), 0xabcd);
	/* Right behind its last entry. */
	guest_write(TABLE + 80, 0x77, 1);
	assert_int_equal(card_read(TABLE_BAR, TABLE_AT + 80, 4), 0x77);
}

static void odd_writes_are_dropped(void **state)
{
	(void)state;
	attach_here();
	set_entry(0, 0x10090040, 5);
	guest_write(TABLE + 8, 0xff, 1);
	guest_write(TABLE + 8, 0xff, 2);
	guest_write(TABLE + 2, 0xff, 4);
	guest_write(TABLE + 4, 0xff, 8);
	guest_write(TABLE - 2, 0xffffffff, 4);
	assert_int_equal(guest_read(TABLE, 8), 0x10090040);
	assert_int_equal(guest_read(TABLE + 8, 4), 5);
	/* Eight bytes, aligned, are two words. */
	guest_write(TABLE + 8, 6, 8);
	assert_int_equal(guest_read(TABLE + 8, 8), 6);
	/* Reading is possible any way. */
	assert_int_equal(guest_read(TABLE + 1, 2), 0x0900);
}

/* --- vectors ------------------------------------------------------------ */

static void vectors_are_connected_when_unmasked(void **state)
{
	(void)state;
	attach_here();
	set_entry(0, 0x10090040, 5);
	mask(0, 0);
	assert_events("");
	guest_write(FLAGS, ENABLE, 2);
	assert_events("intx=0 msix=5 route 0 10090040 5 on 0 ");
	set_entry(2, 0x10090040, 7);
	assert_events("");
	mask(2, 0);
	assert_events("route 2 10090040 7 on 2 ");
	mask(0, 1);
	assert_events("off 0 ");
	/* The same message again needs no new route. */
	mask(0, 0);
	assert_events("on 0 ");
	/* Another while it is connected does. */
	guest_write(TABLE + 8, 9, 4);
	assert_events("route 0 10090040 9 ");
	guest_write(FLAGS, ENABLE | MASK_ALL, 2);
	assert_events("off 0 off 2 ");
	guest_write(FLAGS, ENABLE, 2);
	assert_events("on 0 on 2 ");
	guest_write(FLAGS, 0, 2);
	assert_events("off 0 off 2 msix=0 intx=1 unmask ");
	assert_int_equal(vm_of_test.host_errors, 0);
}

/* The guest cannot be told; who looks for the lost interrupt can. */
static void what_the_host_refuses_is_counted(void **state)
{
	(void)state;
	attach_here();
	card.fails = VFIO_DEVICE_SET_IRQS;
	guest_write(FLAGS, ENABLE, 2);
	/* INTx off and MSI-X on. */
	assert_int_equal(vm_of_test.host_errors, 2);
}

/* Linux does it like this: enable with everything masked, then fill in. */
static void linux_order_works(void **state)
{
	(void)state;
	attach_here();
	guest_write(FLAGS, ENABLE | MASK_ALL, 2);
	assert_events("intx=0 msix=5 ");
	set_entry(1, 0x10090040, 1);
	mask(1, 0);
	assert_events("");
	guest_write(FLAGS, ENABLE, 2);
	assert_events("route 1 10090040 1 on 1 ");
}

/*
 * What fires while it is masked is in the eventfd, which is the same later and
 * which nobody has read: KVM sends the message when it is connected.
 */
static void nothing_is_lost_by_masking(void **state)
{
	const uint64_t fired = 1;
	uint64_t count = 0;
	int fd;

	(void)state;
	attach_here();
	set_entry(0, 0x10090040, 5);
	guest_write(FLAGS, ENABLE, 2);
	fd = pci->msix.vector[0].eventfd;
	assert_int_equal(write(fd, &fired, sizeof(fired)), sizeof(fired));
	mask(0, 0);
	mask(0, 1);
	guest_write(FLAGS, ENABLE | MASK_ALL, 2);
	guest_write(FLAGS, ENABLE, 2);
	mask(0, 0);
	assert_int_equal(fd, pci->msix.vector[0].eventfd);
	assert_int_equal(read(fd, &count, sizeof(count)), sizeof(count));
	assert_int_equal(count, 1);
}

/* --- how many ----------------------------------------------------------- */

static void a_big_table_is_cut(void **state)
{
	(void)state;
	card_set_config(CARD_CAP_MSIX + 2, 63, 2);
	card.vectors[VFIO_PCI_MSIX_IRQ_INDEX] = 64;
	card.grant = 64;
	attach_here();
	assert_int_equal(guest_read(FLAGS, 2), PCI_MAX_VECTORS - 1);
	/* Entries the guest does not know of are nobody's. */
	set_entry(40, 0x10090040, 5);
	assert_int_equal(guest_read(TABLE + 640, 8), 0);
	assert_int_equal(card_read(TABLE_BAR, TABLE_AT + 640, 4), 0);
	guest_write(FLAGS, ENABLE, 2);
	assert_events("intx=0 msix=32 ");
}

static void the_host_may_have_few_left(void **state)
{
	(void)state;
	card.grant = 3;
	attach_here();
	assert_int_equal(guest_read(FLAGS, 2), 2);
	guest_write(FLAGS, ENABLE, 2);
	assert_events("intx=0 msix=3 ");
}

static void a_table_nowhere_is_not_shown(void **state)
{
	/* In an I/O BAR, in no BAR, beyond the end of one. */
	static const uint32_t bad[] = { 2,
					5,
					7,
					0x4000 | TABLE_BAR,
					0x3fc0 | TABLE_BAR,
					0xfffffff8 | TABLE_BAR };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		card_set_config(CARD_CAP_MSIX + PCI_MSIX_TABLE, bad[i], 4);
		attach_card();
		assert_int_equal(guest_read(CONFIG + CARD_CAP_EXP + 1, 1), 0);
		assert_int_equal(pci->msix.cap, 0);
		detach_card();
	}
}

/* --- INTx --------------------------------------------------------------- */

static void intx_is_on_until_msix_is(void **state)
{
	(void)state;
	pci = try_attach();
	assert_non_null(pci);
	assert_events("msix=5 msix=0 level intx=1 unmask ");
	assert_int_equal(guest_read(CONFIG + PCI_INTERRUPT_PIN, 1), 1);
}

static void a_card_without_a_line(void **state)
{
	(void)state;
	card.vectors[VFIO_PCI_INTX_IRQ_INDEX] = 0;
	pci = try_attach();
	assert_non_null(pci);
	assert_events("msix=5 msix=0 ");
	assert_int_equal(guest_read(CONFIG + PCI_INTERRUPT_PIN, 1), 0);
	guest_write(FLAGS, ENABLE, 2);
	guest_write(FLAGS, 0, 2);
	assert_events("msix=5 msix=0 ");
}

static void a_card_with_a_line_alone(void **state)
{
	(void)state;
	card_set_config(CARD_CAP_AF + 1, 0, 1);
	pci = try_attach();
	assert_non_null(pci);
	assert_events("level intx=1 unmask ");
	/* Nothing of its memory traps then. */
	guest_write(CONFIG + PCI_BASE_ADDRESS_3, BAR_AT, 4);
	guest_write(CONFIG + PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_non_null(direct(TABLE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		pci_test(the_table_is_ours),
		pci_test(registers_beside_the_table_are_the_cards),
		pci_test(odd_writes_are_dropped),
		pci_test(vectors_are_connected_when_unmasked),
		pci_test(what_the_host_refuses_is_counted),
		pci_test(linux_order_works),
		pci_test(nothing_is_lost_by_masking),
		pci_test(a_big_table_is_cut),
		pci_test(the_host_may_have_few_left),
		pci_test(a_table_nowhere_is_not_shown),
		pci_test(intx_is_on_until_msix_is),
		pci_test(a_card_without_a_line),
		pci_test(a_card_with_a_line_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
