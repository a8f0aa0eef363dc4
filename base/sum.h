/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The Internet checksum (RFC 1071): 16-bit words in the order of the machine,
 * in any width that holds the carries, folded at the end.
 */
#ifndef WEIR_BASE_SUM_H
#define WEIR_BASE_SUM_H

#include <stddef.h>
#include <stdint.h>

static inline uint16_t sum_fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/**
 * sum_bytes - add private memory to a sum
 * @len: bytes, fewer than 2^32; an odd one at the end is the first of a pair
 */
static inline uint64_t sum_bytes(uint64_t sum, const uint8_t *p, size_t len)
{
	uint8_t last[2] = { 0 };
	uint16_t word;

	for (; len >= 8; p += 8, len -= 8) {
		uint64_t v;

		__builtin_memcpy(&v, p, sizeof(v));
		sum += (uint32_t)v;
		sum += v >> 32;
	}
	for (; len >= 2; p += 2, len -= 2) {
		__builtin_memcpy(&word, p, sizeof(word));
		sum += word;
	}
	if (len == 1) {
		last[0] = *p;
		__builtin_memcpy(&word, last, sizeof(word));
		sum += word;
	}
	return sum;
}

/**
 * sum_finish - the checksum
 *
 * Zero means "no checksum" in UDP; its other representation does not.
 */
static inline uint16_t sum_finish(uint64_t sum)
{
	uint16_t check = (uint16_t)~sum_fold(sum);

	return check == 0 ? 0xffff : check;
}

#endif
