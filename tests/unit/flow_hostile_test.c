/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Rules with `reply` on the whole switch, and what calls itself ARP or
 * neighbour discovery to get past them (hostile case 33).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/switch_rig.h"

#define A 0u
#define B 1u
#define CAP 9u

#define NS 135u
#define NA 136u

/* --- frames ------------------------------------------------------------- */

static struct rig *web_only(void)
{
	struct policy_image *image = image_new();
	struct rig *r;

	image_allow_reply(image, A, B, "tcp dst port 80");
	r = sw_new(image);
	free(image);
	return r;
}

static void put_arp_from(struct pkt *k, unsigned int src, unsigned int dst,
			 unsigned int op)
{
	put_arp(k, op, v4(src + 1), v4(dst + 1));
	sw_mac(k->b, RIG_MAC(dst + 1), RIG_MAC(src + 1));
}

static void put_ns_from(struct pkt *k, unsigned int src, unsigned int dst)
{
	put_start(k, PACKET_ICMPV6, v6(src + 1), v6(dst + 1));
	put_nd(k, NS, v6(dst + 1));
	put_nd_option(k, 1, RIG_MAC(src + 1));
	finish(k);
	sw_mac(k->b, RIG_MAC(dst + 1), RIG_MAC(src + 1));
}

static bool passes(struct rig *r, unsigned int src, const struct pkt *k)
{
	return sw_send_raw(r, src, k->b, (uint16_t)k->n) != 0;
}

/* --- to where one may begin something ----------------------------------- */

static void hc33_what_calls_itself_arp(void **state)
{
	struct rig *r = web_only();
	struct pkt k;

	(void)state;
	put_arp_from(&k, A, B, 1);
	assert_true(passes(r, A, &k));
	/* 1,400 bytes of anything. */
	k.n = 14;
	while (k.n < 1414)
		put8(&k, k.n * 7);
	assert_false(passes(r, A, &k));
	/* ARP that is right, and as much behind it. */
	put_arp_from(&k, A, B, 1);
	while (k.n < 1414)
		put8(&k, 0);
	assert_false(passes(r, A, &k));
	for (unsigned int n = 14; n < 42; n++) {
		put_arp_from(&k, A, B, 1);
		k.n = n;
		assert_false(passes(r, A, &k));
	}
	put_arp_from(&k, A, B, 9);
	assert_false(passes(r, A, &k));
	/* And no verdict on one of them is one on another. */
	put_arp_from(&k, A, B, 2);
	assert_true(passes(r, A, &k));
	k.b[17] ^= 1;
	assert_false(passes(r, A, &k));
	k.b[17] ^= 1;
	assert_true(passes(r, A, &k));
	assert_int_equal(rig_drops(r, A, REASON_NO_RULE), 32);
	rig_free(r);
}

static void hc33_what_calls_itself_discovery(void **state)
{
	struct rig *r = web_only();
	struct pkt k;

	(void)state;
	for (unsigned int turn = 0; turn < 2; turn++) {
		put_ns_from(&k, A, B);
		assert_true(passes(r, A, &k));
		set_hops(&k, 64);
		assert_false(passes(r, A, &k));
		put_ns_from(&k, A, B);
		while (k.n < 1286)
			put8(&k, 0);
		assert_false(passes(r, A, &k));
		put_ns_from(&k, A, B);
		k.n -= 4;
		assert_false(passes(r, A, &k));
		/* An option of no length. */
		put_ns_from(&k, A, B);
		k.b[79] = 0;
		finish_checksums(&k);
		assert_false(passes(r, A, &k));
		put_ns_from(&k, A, B);
		k.b[57] ^= 1;
		assert_false(passes(r, A, &k));
	}
	/* Other ICMPv6 is what it was: refused. */
	put_start(&k, PACKET_ICMPV6, v6(1), v6(2));
	put_icmp(&k, 128, 0, 1);
	finish(&k);
	sw_mac(k.b, RIG_MAC(B + 1), RIG_MAC(A + 1));
	assert_false(passes(r, A, &k));
	rig_free(r);
}

/* What a rule names is let through as it is. */
static void what_a_rule_says_itself_is_not_judged(void **state)
{
	struct policy_image *image = image_new();
	struct rig *r;
	struct pkt k;

	(void)state;
	image_allow_reply(image, A, B, "arp or tcp");
	r = sw_new(image);
	put_arp_from(&k, A, B, 9);
	put_zeros(&k, 400);
	assert_true(passes(r, A, &k));
	free(image);
	rig_free(r);
}

/* --- back --------------------------------------------------------------- */

static void hc33_answers_are_held_to_the_letter_too(void **state)
{
	struct rig *r = web_only();
	struct pkt k;

	(void)state;
	put_arp_from(&k, A, B, 1);
	assert_true(passes(r, A, &k));
	put_ns_from(&k, A, B);
	assert_true(passes(r, A, &k));
	put_arp_from(&k, B, A, 2);
	assert_true(passes(r, B, &k));
	put_zeros(&k, 100);
	assert_false(passes(r, B, &k));
	put_start(&k, PACKET_ICMPV6, v6(2), v6(1));
	put_nd(&k, NA, v6(2));
	finish(&k);
	sw_mac(k.b, RIG_MAC(A + 1), RIG_MAC(B + 1));
	assert_true(passes(r, B, &k));
	set_hops(&k, 254);
	assert_false(passes(r, B, &k));
	set_hops(&k, 255);
	put_zeros(&k, 1);
	assert_false(passes(r, B, &k));
	rig_free(r);
}

/* --- padding ------------------------------------------------------------ */

/* ARP that fills a frame with what it should not say. */
static void put_chatty(struct pkt *k, unsigned int src, unsigned int dst,
		       unsigned int op)
{
	put_arp_from(k, src, dst, op);
	while (k->n < 60)
		put8(k, 0x5e);
}

static void send_chatty(struct rig *r, unsigned int src, struct pkt *k)
{
	assert_true(rig_send(r, src, k->b, (uint16_t)k->n));
	rig_run(r, RIG_BIT(src));
	rig_reap(r, src);
}

static void expect_blank(struct rig *r, unsigned int port, unsigned int skip,
			 const struct pkt *k)
{
	uint8_t got[2048];
	int len = rig_receive(r, port, got);

	assert_int_equal(len, (int)(60 + skip));
	assert_memory_equal(got + skip, k->b, 42);
	for (unsigned int i = 42; i < 60; i++)
		assert_int_equal(got[skip + i], 0);
}

static void hc33_padding_says_nothing(void **state)
{
	struct rig *r = web_only();
	struct rig_options capture = { .kind = VSWITCH_PORT_CAPTURE,
				       .capture_of = RIG_BIT(B) };
	struct pkt k;

	(void)state;
	rig_add(r, CAP, &capture);
	put_chatty(&k, A, B, 1);
	send_chatty(r, A, &k);
	expect_blank(r, B, 0, &k);
	/* What went out, as it went out. */
	expect_blank(r, CAP, CAPTURE_HEADROOM, &k);
	put_chatty(&k, B, A, 2);
	send_chatty(r, B, &k);
	expect_blank(r, A, 0, &k);
	rig_free(r);
}

/* A tag moves it. */
static void hc33_padding_behind_a_tag(void **state)
{
	struct policy_image *image = image_new();
	uint8_t got[2048];
	struct rig *r;
	struct pkt k;

	(void)state;
	image_allow_reply(image, A, B, "tcp dst port 80");
	image->port[A].vlan_mode = POLICY_VLAN_ACCESS;
	image->port[A].vlan = 7;
	image->port[B].vlan_mode = POLICY_VLAN_TRUNK;
	image->trunk[B].member[0] = 1u << 7;
	r = sw_new(image);
	put_chatty(&k, A, B, 1);
	send_chatty(r, A, &k);
	assert_int_equal(rig_receive(r, B, got), 64);
	assert_memory_equal(got + 16, k.b + 12, 30);
	for (unsigned int i = 46; i < 64; i++)
		assert_int_equal(got[i], 0);
	free(image);
	rig_free(r);
}

/* Where all may pass, a frame is delivered as it came. */
static void without_a_filter_frames_are_left_alone(void **state)
{
	struct policy_image *image = image_new();
	uint8_t got[2048];
	struct rig *r;
	struct pkt k;

	(void)state;
	image_allow_reply(image, A, B, NULL);
	r = sw_new(image);
	put_chatty(&k, A, B, 1);
	send_chatty(r, A, &k);
	assert_int_equal(rig_receive(r, B, got), 60);
	assert_memory_equal(got, k.b, 60);
	free(image);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hc33_what_calls_itself_arp),
		cmocka_unit_test(hc33_what_calls_itself_discovery),
		cmocka_unit_test(what_a_rule_says_itself_is_not_judged),
		cmocka_unit_test(hc33_answers_are_held_to_the_letter_too),
		cmocka_unit_test(hc33_padding_says_nothing),
		cmocka_unit_test(hc33_padding_behind_a_tag),
		cmocka_unit_test(without_a_filter_frames_are_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
