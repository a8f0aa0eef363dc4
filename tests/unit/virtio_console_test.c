/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio console and a source of random bytes, on rings of each kind. */
#include "tests/unit/vq_rig.h"

#include "virtio/console.h"
#include "virtio/rng.h"

#define SLOTS 16u

static struct virtio_console console;
static struct vq_rig rx, tx;

static void begin(unsigned int way)
{
	memset(&console, 0, sizeof(console));
	vr_begin(&rx, way, SLOTS, VR_FEATURES);
	vr_begin(&tx, way, SLOTS, VR_FEATURES);
	virtio_console_begin(&console, CONSOLE_RX, &rx.vq);
	virtio_console_begin(&console, CONSOLE_TX, &tx.vq);
}

static void end(void)
{
	vr_end(&rx);
	vr_end(&tx);
}

/* Bytes of a pattern, of which no two neighbours are the same. */
static uint8_t pattern(uint32_t at)
{
	return (uint8_t)(at * 7 + at / 256);
}

/* A buffer of @n pieces; all but the last hold @each bytes. */
static void add(struct vq_rig *r, unsigned int way, unsigned int n,
		uint32_t each, uint32_t last, bool write)
{
	struct vr_piece p[8];

	for (unsigned int i = 0; i < n; i++)
		p[i] = (struct vr_piece){ VR_BASE + VR_DATA + i * 64,
					  i + 1 < n ? each : last, write };
	assert_int_not_equal(vr_add(r, p, n, way & VR_INDIRECT), -1);
}

/* Give back and count what was given back, and the bytes in it. */
static unsigned int collect(struct vq_rig *r, uint32_t *bytes)
{
	unsigned int n = 0;
	uint32_t written;

	*bytes = 0;
	while (vr_collect(r, &written) != -1) {
		*bytes += written;
		n++;
	}
	return n;
}

/* --- from the guest ----------------------------------------------------- */

/* Put a text into a buffer as add() makes it. */
static void fill(unsigned int n, uint32_t each, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++) {
		uint32_t piece = i / each < n ? i / each : n - 1;

		tx.mem[VR_DATA + piece * 64 + i - piece * each] = pattern(i);
	}
}

/* Take all, in portions. Return: bytes. */
static uint32_t take_all(uint32_t room)
{
	uint8_t text[64];
	uint32_t at = 0;
	int n;

	while ((n = virtio_console_take(&console, text, room)) > 0) {
		assert_in_range(n, 1, room);
		for (int i = 0; i < n; i++)
			assert_int_equal(text[i], pattern(at++));
	}
	assert_int_equal(n, 0);
	return at;
}

static void one_text(unsigned int way, unsigned int n, uint32_t each,
		     uint32_t room)
{
	uint32_t len = (n - 1) * each + 3, bytes;

	begin(way);
	fill(n, each, len);
	add(&tx, way, n, each, 3, false);
	assert_int_equal(take_all(room), len);
	assert_true(virtio_console_publish(&console));
	assert_int_equal(collect(&tx, &bytes), 1);
	assert_int_equal(bytes, 0);
	end();
}

/* However it is cut, and in whatever portions it is taken. */
static void hc12_text_comes_whole(void **state)
{
	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++)
		for (unsigned int n = 1; n <= 8; n++)
			for (uint32_t each = 1; each <= 5; each++)
				for (uint32_t room = 1; room <= 40; room++)
					one_text(way, n, each, room);
}

/* One that has nothing to read is given back like the others. */
static void buffers_without_text_go_back(void **state)
{
	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		uint8_t text[8];
		uint32_t bytes;

		begin(way);
		add(&tx, way, 2, 4, 4, true);
		add(&tx, way, 1, 0, 4, false);
		assert_int_equal(virtio_console_take(&console, text, 8), 0);
		assert_true(virtio_console_arm(&console, false));
		assert_int_equal(virtio_console_take(&console, text, 8), 4);
		assert_int_equal(virtio_console_take(&console, text, 8), 0);
		assert_false(virtio_console_arm(&console, false));
		virtio_console_publish(&console);
		assert_int_equal(collect(&tx, &bytes), 2);
		assert_int_equal(bytes, 0);
		end();
	}
}

/* The rest of a buffer is no business of the next driver's. */
static void a_queue_can_end_in_a_buffer(void **state)
{
	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		uint8_t text[8];

		begin(way);
		add(&tx, way, 1, 0, 64, false);
		assert_int_equal(virtio_console_take(&console, text, 8), 8);
		/* There is more: no reason to sleep. */
		assert_true(virtio_console_arm(&console, false));
		virtio_console_end(&console, CONSOLE_TX);
		virtio_console_end(&console, CONSOLE_RX);
		assert_int_equal(virtio_console_take(&console, text, 8), 0);
		assert_int_equal(virtio_console_put(&console, text, 8), 0);
		assert_false(virtio_console_publish(&console));
		assert_false(virtio_console_arm(&console, true));
		vr_end(&tx);
		vr_begin(&tx, way, SLOTS, VR_FEATURES);
		virtio_console_begin(&console, CONSOLE_TX, &tx.vq);
		assert_int_equal(virtio_console_take(&console, text, 8), 0);
		end();
	}
}

/* --- to the guest ------------------------------------------------------- */

/* As much as there is room for; the rest is the caller's to try again. */
static void text_goes_into_all_buffers(void **state)
{
	uint8_t text[64];

	(void)state;
	for (uint32_t i = 0; i < sizeof(text); i++)
		text[i] = pattern(i);
	for (unsigned int way = 0; way < VR_WAYS; way++)
		for (uint32_t len = 0; len <= sizeof(text); len++) {
			uint32_t bytes;

			begin(way);
			add(&rx, way, 3, 5, 10, true);
			/* No room, and then room. */
			add(&rx, way, 1, 0, 8, false);
			add(&rx, way, 1, 0, 10, true);
			assert_int_equal(virtio_console_put(&console, text,
							    len),
					 len < 30 ? len : 30);
			assert_int_equal(virtio_console_publish(&console),
					 len > 0);
			assert_int_equal(collect(&rx, &bytes), len > 20	 ? 3
							       : len > 0 ? 1
									 : 0);
			assert_int_equal(bytes, len < 30 ? len : 30);
			if (len > 5 && len <= 20)
				assert_memory_equal(rx.mem + VR_DATA + 64,
						    text + 5,
						    len - 5 < 5 ? len - 5 : 5);
			end();
		}
}

/* --- faults and sleep --------------------------------------------------- */

static void faults_are_told_after_the_text(void **state)
{
	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		uint8_t text[8] = { 0 };

		begin(way);
		add(&tx, way, 1, 0, 8, false);
		add(&rx, way, 1, 0, 4, true);
		add(&tx, way, 1, 0, 0, false);
		add(&rx, way, 1, 0, 0, true);
		assert_int_equal(virtio_console_take(&console, text, 8), 8);
		assert_int_equal(virtio_console_put(&console, text, 8), 4);
		for (unsigned int i = 0; i < 3; i++) {
			assert_int_equal(virtio_console_take(&console, text, 8),
					 -1);
			assert_int_equal(virtio_console_put(&console, text, 8),
					 -1);
			assert_true(virtio_console_arm(&console, true));
		}
		end();
	}
}

static void sleep_ends_with_text_or_room(void **state)
{
	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		uint8_t text[8] = { 0 };

		begin(way);
		assert_false(virtio_console_arm(&console, true));
		add(&rx, way, 1, 0, 4, true);
		assert_false(virtio_console_arm(&console, false));
		assert_true(virtio_console_arm(&console, true));
		add(&tx, way, 1, 0, 8, false);
		assert_true(virtio_console_arm(&console, false));
		assert_int_equal(virtio_console_take(&console, text, 8), 8);
		assert_false(virtio_console_arm(&console, false));
		end();
	}
}

/* Whatever is said in there: the driver is asked to tell. */
static void queues_begin_armed(void **state)
{
	static struct virtio_console c;

	(void)state;
	vr_begin(&tx, VR_SPLIT, SLOTS, VQ_F_VERSION_1);
	vr_used(&tx)->flags = VQ_NO_NOTIFY;
	virtio_console_begin(&c, CONSOLE_TX, &tx.vq);
	assert_int_equal(vr_used(&tx)->flags, 0);
	vr_end(&tx);
	vr_begin(&tx, VR_PACKED, SLOTS, VQ_F_VERSION_1);
	vr_event(&tx, VR_DEVICE)->flags = VQ_EVENT_NEVER;
	virtio_console_begin(&c, CONSOLE_TX, &tx.vq);
	assert_int_equal(vr_event(&tx, VR_DEVICE)->flags, VQ_EVENT_ALWAYS);
	vr_end(&tx);
}

static void both_queues_are_published(void **state)
{
	(void)state;
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		uint8_t text[8] = { 0 };
		uint32_t bytes;

		begin(way);
		add(&tx, way, 1, 0, 8, false);
		add(&rx, way, 1, 0, 8, true);
		assert_int_equal(virtio_console_take(&console, text, 8), 8);
		assert_int_equal(virtio_console_put(&console, text, 8), 8);
		assert_int_equal(collect(&tx, &bytes), 0);
		assert_int_equal(collect(&rx, &bytes), 0);
		assert_true(virtio_console_publish(&console));
		assert_int_equal(collect(&tx, &bytes), 1);
		assert_int_equal(collect(&rx, &bytes), 1);
		assert_false(virtio_console_publish(&console));
		end();
	}
}

/* --- random bytes ------------------------------------------------------- */

static void random_bytes_are_used_once(void **state)
{
	static struct vq_chain chain;
	uint8_t bytes[48];

	(void)state;
	for (uint32_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = pattern(i);
	for (unsigned int way = 0; way < VR_WAYS; way++) {
		uint32_t written;

		vr_begin(&tx, way, SLOTS, VR_FEATURES);
		assert_int_equal(virtio_rng_put(&tx.vq, &chain, bytes, 48), 0);
		add(&tx, way, 2, 16, 16, true);
		add(&tx, way, 1, 0, 64, true);
		add(&tx, way, 1, 0, 64, false);
		assert_int_equal(virtio_rng_put(&tx.vq, &chain, bytes, 48), 32);
		assert_memory_equal(tx.mem + VR_DATA + 64, bytes + 16, 16);
		assert_int_equal(virtio_rng_put(&tx.vq, &chain, bytes + 32, 16),
				 16);
		assert_memory_equal(tx.mem + VR_DATA, bytes + 32, 16);
		/* Nothing may be written to this one. */
		assert_int_equal(virtio_rng_put(&tx.vq, &chain, bytes, 48), 0);
		vq_publish(&tx.vq);
		vr_collect(&tx, &written);
		assert_int_equal(written, 32);
		vr_collect(&tx, &written);
		assert_int_equal(written, 16);
		vr_collect(&tx, &written);
		assert_int_equal(written, 0);
		add(&tx, way, 1, 0, 0, true);
		assert_int_equal(virtio_rng_put(&tx.vq, &chain, bytes, 48), -1);
		vr_end(&tx);
	}
}

#define T(name) cmocka_unit_test(name)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(hc12_text_comes_whole),
		T(buffers_without_text_go_back),
		T(a_queue_can_end_in_a_buffer),
		T(text_goes_into_all_buffers),
		T(faults_are_told_after_the_text),
		T(sleep_ends_with_text_or_room),
		T(queues_begin_armed),
		T(both_queues_are_published),
		T(random_bytes_are_used_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
