/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address locks: prefixes, bit by bit.
 */
#include "tests/unit/lock_rig.h"

static uint64_t random_state = 0x6f7261636c65;

/* xorshift64* */
static uint64_t random64(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1dull;
}

static void bytes_of(const struct ip_addr *a, uint8_t *to)
{
	for (unsigned int i = 0; i < 8; i++) {
		to[i] = (uint8_t)(a->hi >> (56 - 8 * i));
		to[8 + i] = (uint8_t)(a->lo >> (56 - 8 * i));
	}
}

/* Bit by bit. */
static bool naive_holds(const struct policy_prefix *p, const struct ip_addr *a)
{
	uint8_t byte[16];

	bytes_of(a, byte);
	if (ip_is_v4(a) && p->bits < 96)
		return false;
	for (unsigned int i = 0; i < p->bits; i++)
		if ((byte[i / 8] ^ p->addr[i / 8]) >> (7 - i % 8) & 1)
			return false;
	return true;
}

static bool prefix_allows(const struct policy_prefix *p, struct ip_addr a)
{
	struct frame *f;
	struct pkt k;
	bool allowed;

	put_start(&k, 59, a, ip_is_v4(&a) ? v4(2) : v6(2));
	finish(&k);
	f = frame_new(&k, k.n, k.n);
	allowed = lock_allows(p, 1, f);
	free(f);
	return allowed;
}

/* An address that differs from the prefix in one bit alone, or in none. */
static struct ip_addr neighbour(struct ip_addr a, unsigned int bit)
{
	if (bit < 64)
		a.hi ^= 1ull << (63 - bit);
	else if (bit < 128)
		a.lo ^= 1ull << (127 - bit);
	return a;
}

static void every_length_of_prefix(void **state)
{
	unsigned int yes = 0;

	(void)state;
	for (unsigned int bits = 0; bits <= 128; bits++)
		for (unsigned int i = 0; i < 300; i++) {
			struct ip_addr a = { random64(), random64() };
			struct policy_prefix p = { .bits = (uint8_t)bits };
			bool expected;

			if (i % 2)
				a = ip_from_v4((uint32_t)random64() | 1);
			bytes_of(&a, p.addr);
			a = neighbour(a, i % 130 + (i % 2 ? 96 : 0));
			expected = naive_holds(&p, &a);
			assert_int_equal(prefix_allows(&p, a), expected);
			yes += expected;
		}
	assert_in_range(yes, 10000, 30000);
}

static void ipv4_and_ipv6_are_apart(void **state)
{
	const struct policy_prefix all6 = { .bits = 0 };
	const struct policy_prefix low6 = { .bits = 80 };
	const struct policy_prefix all4 = { { [10] = 255, 255, 10, 0, 0, 1 },
					    96,
					    { 0 } };

	(void)state;
	assert_true(prefix_allows(&all6, v6(1)));
	assert_false(prefix_allows(&all6, v4(1)));
	assert_false(prefix_allows(&low6, v4(1)));
	assert_true(prefix_allows(&all4, v4(1)));
	assert_false(prefix_allows(&all4, v6(1)));
	/* ::10.0.0.1 is another address. */
	assert_false(prefix_allows(&all4, (struct ip_addr){ 0, 0x0a000001 }));
}

/* ::ffff:10.0.0.1 in an IPv6 header is no way to be 10.0.0.1. */
static void hc17_mapped_addresses_are_nobodys(void **state)
{
	static const uint8_t mapped[] = { [10] = 255, 255, 10, 0, 0, 1 };
	struct pkt k;

	(void)state;
	for (unsigned int bits = 0; bits <= 128; bits += 32) {
		struct policy_prefix p = { .bits = (uint8_t)bits };
		struct frame *f;

		memcpy(p.addr, mapped, 16);
		put_start(&k, 59, v6(1), v6(2));
		finish(&k);
		memcpy(k.b + 14 + 8, mapped, 16);
		f = frame_new(&k, k.n, k.n);
		assert_false(lock_allows(&p, 1, f));
		free(f);
	}
}

/* It is nobody's, also where a prefix holds it. */
static void hc17_nowhere_is_in_no_prefix(void **state)
{
	const struct policy_prefix all4 = { { [10] = 255, 255 }, 96, { 0 } };

	(void)state;
	assert_true(prefix_allows(&all4, ip_from_v4(0xffffffff)));
	assert_false(prefix_allows(&all4, ip_from_v4(0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_length_of_prefix),
		cmocka_unit_test(ipv4_and_ipv6_are_apart),
		cmocka_unit_test(hc17_mapped_addresses_are_nobodys),
		cmocka_unit_test(hc17_nowhere_is_in_no_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
