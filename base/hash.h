/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Keyed hashes.
 *
 * Every hash table of a switch is keyed, so that no station can choose
 * addresses that collide.  The key of each table follows from one seed that the
 * platform draws at random.
 */
#ifndef WEIR_BASE_HASH_H
#define WEIR_BASE_HASH_H

#include <stdint.h>

/**
 * hash_next - the next secret number
 * @x: the one before, or the seed
 *
 * One step of splitmix64: neighbouring seeds give unrelated numbers.
 */
static inline uint64_t hash_next(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

/**
 * hash_fold - two words, each combined with a secret number, become one
 *
 * Both halves of the product count: a difference in one word comes out
 * multiplied by a secret number.
 */
static inline uint64_t hash_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

#endif
