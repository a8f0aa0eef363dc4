/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The capture format, byte by byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "vmm/linux/ports/pcapng.h"

static uint8_t memory[4096];

static struct pcapng_buffer buffer(size_t size)
{
	memset(memory, 0xee, sizeof(memory));
	return (struct pcapng_buffer){ .data = memory, .size = size };
}

static uint32_t word(size_t at)
{
	uint32_t v;

	memcpy(&v, memory + at, sizeof(v));
	return v;
}

static uint16_t half(size_t at)
{
	uint16_t v;

	memcpy(&v, memory + at, sizeof(v));
	return v;
}

/* Both lengths of the block that is all of the buffer. */
static void assert_block(const struct pcapng_buffer *b, size_t bytes,
			 uint32_t type)
{
	assert_int_equal(b->used, bytes);
	assert_int_equal(bytes % 4, 0);
	assert_int_equal(word(0), type);
	assert_int_equal(word(4), bytes);
	assert_int_equal(word(bytes - 4), bytes);
	assert_int_equal(memory[bytes], 0xee);
}

static void section_header(void **state)
{
	struct pcapng_buffer b = buffer(sizeof(memory));
	size_t n = pcapng_section(&b, "weir");

	(void)state;
	assert_block(&b, n, 0x0a0d0d0a);
	assert_int_equal(word(8), 0x1a2b3c4d);
	assert_int_equal(half(12), 1);
	assert_int_equal(half(14), 0);
	assert_int_equal(word(16), 0xffffffff);
	assert_int_equal(word(20), 0xffffffff);
	assert_int_equal(half(24), 4); /* shb_userappl */
	assert_int_equal(half(26), 4);
	assert_memory_equal(memory + 28, "weir", 4);
	assert_int_equal(word(32), 0);
	assert_int_equal(n, 40);
}

static void interface_description(void **state)
{
	struct pcapng_buffer b = buffer(sizeof(memory));
	size_t n = pcapng_interface(&b, "sw0.alice", "not port 22");

	(void)state;
	assert_block(&b, n, 1);
	assert_int_equal(half(8), 1); /* LINKTYPE_ETHERNET */
	assert_int_equal(word(12), 0);
	assert_int_equal(half(16), 2); /* if_name */
	assert_int_equal(half(18), 9);
	assert_memory_equal(memory + 20, "sw0.alice\0\0", 12);
	assert_int_equal(half(32), 9); /* if_tsresol */
	assert_int_equal(half(34), 1);
	assert_int_equal(word(36), 9);
	assert_int_equal(half(40), 11); /* if_filter */
	assert_int_equal(half(42), 12);
	assert_memory_equal(memory + 44, "\0not port 22", 12);
	assert_int_equal(word(56), 0);
	assert_int_equal(n, 64);
}

static void no_filter_no_option(void **state)
{
	struct pcapng_buffer b = buffer(sizeof(memory));

	(void)state;
	assert_int_equal(pcapng_interface(&b, "sw0.alice", ""), 48);
	assert_int_equal(word(40), 0); /* end of options */
}

static struct pcapng_packet packet(uint32_t len, const char *comment)
{
	static const uint8_t bytes[256] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };

	return (struct pcapng_packet){
		.interface = 3,
		.direction = PCAPNG_OUTBOUND,
		.time_ns = 0x0123456789abcdef,
		.data = bytes,
		.len = len,
		.comment = comment,
	};
}

static void packet_with_comment(void **state)
{
	struct pcapng_buffer b = buffer(sizeof(memory));
	struct pcapng_packet p = packet(61, "dropped");
	size_t n = pcapng_packet(&b, &p);

	(void)state;
	assert_block(&b, n, 6);
	assert_int_equal(word(8), 3);
	assert_int_equal(word(12), 0x01234567);
	assert_int_equal(word(16), 0x89abcdef);
	assert_int_equal(word(20), 61);
	assert_int_equal(word(24), 61);
	assert_memory_equal(memory + 28, p.data, 61);
	assert_int_equal(memory[89] | memory[90] | memory[91], 0);
	assert_int_equal(half(92), 2); /* epb_flags */
	assert_int_equal(half(94), 4);
	assert_int_equal(word(96), 2);
	assert_int_equal(half(100), 1); /* opt_comment */
	assert_int_equal(half(102), 7);
	assert_memory_equal(memory + 104, "dropped\0", 8);
	assert_int_equal(word(112), 0);
	assert_int_equal(n, 120);
}

static void size_is_what_is_appended(void **state)
{
	static const char *const comments[] = { NULL, "",    "a",
						"ab", "abc", "abcd" };

	(void)state;
	for (uint32_t len = 0; len < 70; len++) {
		for (unsigned int i = 0; i < 6; i++) {
			struct pcapng_buffer b = buffer(sizeof(memory));
			struct pcapng_packet p = packet(len, comments[i]);

			assert_int_equal(pcapng_packet(&b, &p),
					 pcapng_packet_size(&p));
		}
	}
}

/*
 * Too little room at whatever byte: nothing is appended, nothing overwritten.
 */
static void all_of_a_block_or_nothing(void **state)
{
	struct pcapng_packet p = packet(61, "dropped");
	size_t need = pcapng_packet_size(&p);

	(void)state;
	for (size_t room = 0; room <= need; room++) {
		struct pcapng_buffer b = buffer(40 + room);
		size_t first = pcapng_section(&b, "weir");

		assert_int_equal(first, 40);
		assert_int_equal(pcapng_packet(&b, &p),
				 room == need ? need : 0);
		assert_int_equal(b.used, room == need ? 40 + need : 40);
		assert_int_equal(memory[40 + room], 0xee);
		assert_int_equal(word(0), 0x0a0d0d0a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(section_header),
		cmocka_unit_test(interface_description),
		cmocka_unit_test(no_filter_no_option),
		cmocka_unit_test(packet_with_comment),
		cmocka_unit_test(size_is_what_is_appended),
		cmocka_unit_test(all_of_a_block_or_nothing),
	};

	return cmocka_run_group_tests_name("pcapng", tests, NULL, NULL);
}
