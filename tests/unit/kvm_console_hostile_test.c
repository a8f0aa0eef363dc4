/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's console, with guests that do not behave.
 *
 * Whatever is in the rings and registers, a visit ends, nothing outside RAM is
 * touched (the sanitizers look on), and after a reset the device works again.
 */
#include "tests/unit/kvm_console_rig.h"

#include <pthread.h>

/* A reset makes it work again, from an empty queue on. */
static void assert_recovers(void)
{
	con_write(VIRTIO_MMIO_STATUS, 0);
	assert_int_equal(con_read(VIRTIO_MMIO_STATUS), 0);
	memset(con.ram + DESC, 0, TEXT - DESC);
	con_start();
	con.out[0] = '\0';
	con.c.used = 0;
	con_text(0, TEXT, "back\n", 0, 0);
	con_offer(0);
	con_serve();
	assert_string_equal(con.out, "back|");
}

/* Stopped, nothing used, and further visits do nothing: no spinning. */
static void assert_stopped(void)
{
	uint16_t used = con_used();

	assert_true(con_stopped());
	/* The driver is told, once, and cannot wish it away. */
	assert_true(con_interrupts() != 0);
	for (int i = 0; i < 10; i++)
		assert_false(console_work(&con.c));
	assert_int_equal(con_interrupts(), 0);
	assert_int_equal(con_used(), used);
	con_write(VIRTIO_MMIO_STATUS, 15);
	assert_true(con_stopped());
	assert_recovers();
}

/* Case 4: a producer more than a queue ahead. */
static void hc04_index_too_far_ahead(void **state)
{
	(void)state;
	for (uint32_t ahead = NUM + 1; ahead < 0x10000; ahead += 997) {
		/* All would be well but for the index. */
		con_text(0, TEXT, "a\n", 0, 0);
		con_avail()[1] = (uint16_t)ahead;
		con.lines = 0;
		assert_false(console_work(&con.c));
		assert_int_equal(con_used(), 0);
		assert_int_equal(con.lines, 0);
		assert_stopped();
		con_write(VIRTIO_MMIO_STATUS, 0);
		memset(con.ram + DESC, 0, TEXT - DESC);
		con_start();
	}
}

/* Case 5: chains without an end. */
static void hc05_loops_end(void **state)
{
	(void)state;
	for (uint16_t to = 0; to < NUM; to++) {
		for (uint16_t i = 0; i < NUM; i++)
			con_text(i, TEXT, "a", VRING_DESC_F_NEXT,
				 (uint16_t)((i + 1) % NUM));
		con_desc(NUM - 1)->next = to;
		con_offer(0);
		assert_false(console_work(&con.c));
		assert_stopped();
		con_write(VIRTIO_MMIO_STATUS, 0);
		memset(con.ram + DESC, 0, TEXT - DESC);
		con_start();
	}
}

/* Case 6: the chains before a bad one are given back, each once. */
static void hc06_heads_are_conserved(void **state)
{
	(void)state;
	con_text(0, TEXT, "a\n", 0, 0);
	for (int i = 0; i < 5; i++)
		con_offer(0);
	con_offer(NUM); /* no such descriptor */
	con_serve();
	assert_int_equal(con_used(), 5);
	assert_int_equal(con.lines, 5);
	assert_stopped();
}

static void refuse_chain(uint64_t addr, uint32_t len, uint16_t flags,
			 uint16_t next)
{
	con_set(0, addr, len, flags, next);
	con_offer(0);
	con_serve();
	assert_int_equal(con_used(), 0);
	assert_int_equal(con.lines, 0);
	assert_stopped();
	con_write(VIRTIO_MMIO_STATUS, 0);
	memset(con.ram + DESC, 0, TEXT - DESC);
	con_start();
	con.lines = 0;
}

/* Case 8: lengths that overflow, addresses outside RAM. */
static void hc08_lengths_and_addresses(void **state)
{
	(void)state;
	refuse_chain(0, 1, 0, 0);
	refuse_chain(BASE - 1, 2, 0, 0);
	refuse_chain(BASE, RAM_SIZE + 1, 0, 0);
	refuse_chain(BASE + RAM_SIZE, 1, 0, 0);
	refuse_chain(BASE + RAM_SIZE + 1, 1, 0, 0);
	refuse_chain(BASE + RAM_SIZE - 1, 2, 0, 0);
	refuse_chain(BASE + 1, UINT32_MAX, 0, 0);
	refuse_chain(UINT64_MAX, 1, 0, 0);
	refuse_chain(UINT64_MAX - 3, UINT32_MAX, 0, 0);
	refuse_chain(BASE + TEXT, 4, VRING_DESC_F_INDIRECT, 0);
	refuse_chain(BASE + TEXT, 0, VRING_DESC_F_NEXT, NUM);
	refuse_chain(BASE + TEXT, 0, VRING_DESC_F_NEXT, UINT16_MAX);
}

static void queues_outside_ram_are_not_ready(void **state)
{
	static const struct {
		uint32_t num;
		uint64_t desc, avail, used;
	} q[] = {
		{ 0, BASE + DESC, BASE + AVAIL, BASE + USED },
		{ 3, BASE + DESC, BASE + AVAIL, BASE + USED },
		{ 128, BASE + DESC, BASE + AVAIL, BASE + USED },
		{ UINT32_MAX, BASE + DESC, BASE + AVAIL, BASE + USED },
		{ NUM, BASE + DESC + 8, BASE + AVAIL, BASE + USED },
		{ NUM, BASE + DESC, BASE + AVAIL + 1, BASE + USED },
		{ NUM, BASE + DESC, BASE + AVAIL, BASE + USED + 2 },
		{ NUM, 0, BASE + AVAIL, BASE + USED },
		{ NUM, BASE + RAM_SIZE - 16, BASE + AVAIL, BASE + USED },
		{ NUM, BASE + DESC, BASE + RAM_SIZE - 32, BASE + USED },
		{ NUM, BASE + DESC, BASE + AVAIL, BASE + RAM_SIZE - 128 },
		{ NUM, UINT64_MAX - 15, BASE + AVAIL, BASE + USED },
		{ NUM, BASE + DESC, UINT64_MAX - 1, BASE + USED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(q) / sizeof(q[0]); i++) {
		con_negotiate();
		con_queue(1, q[i].num, q[i].desc, q[i].avail, q[i].used);
		con_write(VIRTIO_MMIO_STATUS, 15);
		assert_int_equal(con_read(VIRTIO_MMIO_QUEUE_READY), 0);
		con_avail()[1] = 1;
		assert_false(console_work(&con.c));
		assert_int_equal(con.lines, 0);
	}
	assert_recovers();
}

/* What was checked cannot be changed afterwards. */
static void ready_queues_do_not_move(void **state)
{
	(void)state;
	con_queue(1, CONSOLE_QUEUE_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX);
	con_text(0, TEXT, "a\n", 0, 0);
	con_offer(0);
	con_serve();
	assert_string_equal(con.out, "a|");
	assert_int_equal(con_used(), 1);
}

/* Case 9: all registers, all widths, all offsets, in every state. */
static void hc09_register_sweep(void **state)
{
	static const uint64_t values[] = { 0,	       1,	   2,
					   0xff,       0x7fffffff, UINT32_MAX,
					   UINT64_MAX, BASE };

	(void)state;
	for (uint64_t offset = 0; offset < 0x1000; offset++) {
		for (unsigned int len = 1; len <= 8; len *= 2) {
			uint8_t data[8] = { 0 };

			if (offset + len > 0x1000)
				continue;
			virtio_device_read(&con.c.dev, offset, data, len);
			for (unsigned int i = len; i < 8; i++)
				assert_int_equal(data[i], 0);
			for (size_t v = 0;
			     v < sizeof(values) / sizeof(values[0]); v++) {
				virtio_device_write(&con.c.dev, offset,
						    &values[v], len);
				assert_false(console_work(&con.c));
			}
		}
	}
	assert_recovers();
}

/* Case 10: empty chains, and ones as long as can be: bounded work. */
static void hc10_empty_and_huge_chains(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < NUM; i++)
		con_set(i, BASE + TEXT, 0, VRING_DESC_F_NEXT,
			(uint16_t)(i + 1));
	con_desc(NUM - 1)->flags = 0;
	con_offer(0);
	con_serve();
	assert_int_equal(con_used(), 0);
	assert_int_equal(con.c.used, 0);
	assert_stopped();
	con.lines = 0;

	memset(con.ram + TEXT, '\n' + 1, RAM_SIZE - TEXT);
	for (uint16_t i = 0; i < NUM; i++)
		con_set(i, BASE + TEXT, RAM_SIZE - TEXT,
			i < NUM - 1 ? VRING_DESC_F_NEXT : 0, (uint16_t)(i + 1));
	for (unsigned int i = 1; i < NUM; i++)
		con_offer(0);
	for (unsigned int visit = 0; visit < 3; visit++) {
		con.lines = 0;
		assert_true(console_work(&con.c));
		assert_in_range(
			con.lines, 1,
			CONSOLE_PORTIONS * CONSOLE_PORTION / CONSOLE_LINE + 1);
	}
	assert_int_equal(con_used(), 1);
	assert_false(con_stopped());
	assert_recovers();
}

/* Buffers that are the device's to write hold no text of the driver's. */
static void writable_buffers_are_not_read(void **state)
{
	(void)state;
	con_text(0, TEXT, "text\n", VRING_DESC_F_NEXT, 1);
	con_text(1, TEXT + 0x100, "secret\n", VRING_DESC_F_WRITE, 0);
	con_offer(0);
	con_serve();
	assert_string_equal(con.out, "text|");
	/* They come last, or the chain is refused. */
	con_text(0, TEXT, "secret\n", VRING_DESC_F_WRITE | VRING_DESC_F_NEXT,
		 1);
	con_text(1, TEXT + 0x100, "text\n", 0, 0);
	con_offer(0);
	con_serve();
	assert_string_equal(con.out, "text|");
	assert_stopped();
}

static void *flip(void *stop)
{
	volatile struct vring_desc *d = con_desc(0);
	uint64_t x = 1;

	while (!__atomic_load_n((int *)stop, __ATOMIC_RELAXED)) {
		x = x * 6364136223846793005u + 1442695040888963407u;
		d->addr = x & (1u << 20) ? BASE + TEXT : x >> 8;
		d->len = x & (1u << 21) ? 4 : (uint32_t)x;
		d->next = (uint16_t)(x >> 40);
		d->flags = (uint16_t)(x >> 56);
		con_avail()[2 + (x >> 33) % NUM] = (uint16_t)(x >> 60);
	}
	return NULL;
}

/* Case 2: a second vCPU, as it were, changes what has been checked. */
static void hc02_rings_change_meanwhile(void **state)
{
	pthread_t thread;
	int stop = 0;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, flip, &stop), 0);
	for (int i = 0; i < 20000; i++) {
		con_avail()[1]++;
		console_work(&con.c);
		if (con_stopped()) {
			con_write(VIRTIO_MMIO_STATUS, 0);
			con_avail()[1] = 0;
			con_start();
		}
	}
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_recovers();
}

/* The vCPU resets and starts the device while its queue is being served. */
static void *restart(void *stop)
{
	while (!__atomic_load_n((int *)stop, __ATOMIC_RELAXED)) {
		con_start();
		con_write(VIRTIO_MMIO_STATUS, 0);
	}
	return NULL;
}

static void resets_while_it_works(void **state)
{
	pthread_t thread;
	int stop = 0;

	(void)state;
	con_text(0, TEXT, "a", 0, 0);
	con_avail()[1] = 3;
	assert_int_equal(pthread_create(&thread, NULL, restart, &stop), 0);
	for (int i = 0; i < 20000; i++)
		console_work(&con.c);
	__atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
	pthread_join(thread, NULL);
	assert_recovers();
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, con_setup, con_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hc02_rings_change_meanwhile),
		TEST(hc04_index_too_far_ahead),
		TEST(hc05_loops_end),
		TEST(hc06_heads_are_conserved),
		TEST(hc08_lengths_and_addresses),
		TEST(hc09_register_sweep),
		TEST(hc10_empty_and_huge_chains),
		TEST(queues_outside_ram_are_not_ready),
		TEST(ready_queues_do_not_move),
		TEST(writable_buffers_are_not_read),
		TEST(resets_while_it_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
