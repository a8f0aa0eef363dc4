/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sets of ports as 64-bit words: bit p stands for port p.
 *
 * Compiler builtins only, and none that needs a library call on a plain x86-64
 * or arm64 (which is why bits are counted by hand).
 */
#ifndef WEIR_BASE_BITS_H
#define WEIR_BASE_BITS_H

#include <stdbool.h>
#include <stdint.h>

/* Ports of a switch: as many as a set has bits. */
#define MAX_PORTS 64u

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/*
 * What every frame passes is expanded in place, and what few frames need is
 * called: left to the compiler, one more caller of a function takes it out of
 * the fast path.  A build for size leaves it to the compiler.
 */
#ifdef __OPTIMIZE_SIZE__
#define FAST_PATH inline
#else
#define FAST_PATH inline __attribute__((always_inline))
#endif
#define SLOW_PATH __attribute__((noinline))

/* The set of one port. */
static inline uint64_t bit(unsigned int port)
{
	return 1ull << port;
}

static inline bool bit_in(uint64_t set, unsigned int port)
{
	return set >> port & 1;
}

/**
 * bit_first - lowest member
 * @set: not empty
 */
static inline unsigned int bit_first(uint64_t set)
{
	return (unsigned int)__builtin_ctzll(set);
}

/* All but the lowest member. */
static inline uint64_t bit_rest(uint64_t set)
{
	return set & (set - 1);
}

/**
 * bit_pop - take the lowest member out
 * @set: not empty; in/out
 */
static inline unsigned int bit_pop(uint64_t *set)
{
	unsigned int port = bit_first(*set);

	*set = bit_rest(*set);
	return port;
}

/* How many members. */
static inline unsigned int bit_count(uint64_t set)
{
	set -= set >> 1 & 0x5555555555555555ull;
	set = (set & 0x3333333333333333ull) +
	      (set >> 2 & 0x3333333333333333ull);
	set = (set + (set >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return (unsigned int)(set * 0x0101010101010101ull >> 56);
}

/* Members from @port on. */
static inline uint64_t bit_from(uint64_t set, unsigned int port)
{
	return set & (~0ull << port);
}

/* Whether there is exactly one member. */
static inline bool bit_single(uint64_t set)
{
	return set && !bit_rest(set);
}

#endif
