/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The short cut for frames of known flows against the way that all take: random
 * packets of a few flows, sound and damaged, both ways.  Whenever the short cut
 * says that nothing changes, the other one must say the same of the frame and
 * leave every byte of the table as it was.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/flow_rig.h"

#define STEPS 100000u
#define CAPACITY 64u

static uint64_t rng = 0x9e3779b97f4a7c15ull;

static unsigned int dice(unsigned int n)
{
	rng ^= rng << 13;
	rng ^= rng >> 7;
	rng ^= rng << 17;
	return (unsigned int)((rng >> 32) % n);
}

/**
 * struct said - a packet, and whether there is nothing odd about it
 */
struct said {
	struct pkt k;
	struct frame *frame;
	struct packet p;
	struct flow_path path;
	bool plain;
};

static struct ip_addr host(unsigned int version, unsigned int n)
{
	return version ? v6(n) : v4(n);
}

/* TCP or UDP from port 1 of host 1 to port 2 of host 2, or the way back. */
static void put_said(struct said *s, bool back_again)
{
	static const unsigned int flags[] = {
		PACKET_ACK, PACKET_ACK,
		PACKET_ACK, PACKET_ACK,
		PACKET_SYN, PACKET_FIN | PACKET_ACK,
		PACKET_RST, PACKET_SYN | PACKET_ACK,
	};
	unsigned int version = dice(2), flag = flags[dice(8)];
	unsigned int from = back_again ? 2 : 1, to = 3 - from;
	unsigned int type = version ? 0x86dd : 0x0800;
	bool tcp = dice(2);

	put_eth(&s->k, type);
	if (dice(4) == 0)
		put_tag(&s->k, FRAME_TPID_C, VLAN, type);
	put_ip(&s->k, tcp ? PACKET_TCP : PACKET_UDP, host(version, from),
	       host(version, to));
	if (tcp)
		put_tcp(&s->k, from, to, flag);
	else
		put_udp(&s->k, from, to);
	put_zeros(&s->k, dice(40));
	finish(&s->k);
	s->plain = !tcp || flag == PACKET_ACK;
}

/* One lie in the headers, or a frame cut short. */
static unsigned int damage(struct said *s)
{
	unsigned int at = 12 + dice(s->k.n < 86 ? s->k.n - 12 : 74);

	s->plain = false;
	if (dice(8) == 0)
		return FRAME_MIN + dice(s->k.n - FRAME_MIN + 1);
	if (dice(2))
		s->k.b[at] ^= (uint8_t)(1u << dice(8));
	else
		s->k.b[at] = (uint8_t)dice(256);
	return s->k.n;
}

static bool say(struct said *s, bool back_again)
{
	unsigned int len, snap;

	put_said(s, back_again);
	s->path = back_again ? back : there;
	snap = len = dice(2) ? damage(s) : s->k.n;
	if (dice(8) == 0) {
		snap = FRAME_MIN + dice(len - FRAME_MIN + 1);
		s->plain = false;
	}
	s->frame = frame_new(&s->k, len, snap);
	if (!frame_parse(s->frame)) {
		free(s->frame);
		return false;
	}
	packet_parse(s->frame, &s->p);
	return true;
}

/**
 * struct both - the table, and what it was
 * @known: how often the short cut was taken
 * @plain: how often there was a plain frame that changed nothing
 */
struct both {
	struct flow_table *t;
	uint8_t *was;
	size_t size;
	unsigned int known;
	unsigned int plain;
};

static void keep(struct both *b)
{
	memcpy(b->was, b->t, b->size);
}

static bool is_as_it_was(const struct both *b)
{
	return memcmp(b->was, b->t, b->size) == 0;
}

static void send_there(struct both *b, uint32_t now)
{
	uint32_t rule = 1 + !dice(20), generation = 1 + !dice(20);
	struct said s;
	bool known;

	if (!say(&s, false))
		return;
	known = flow_goes_on(b->t, s.frame, &s.path, rule, generation, now);
	keep(b);
	flow_opened(b->t, &s.p, &s.path, rule, generation, now);
	if (known)
		assert_true(is_as_it_was(b));
	b->known += known;
	b->plain += s.plain && is_as_it_was(b);
	free(s.frame);
}

static void answer_back(struct both *b, uint32_t now)
{
	uint32_t generation = 1 + !dice(20);
	struct flow_hit hit = { 0 };
	struct said s;
	bool known, yes;

	if (!say(&s, true))
		return;
	known = flow_is_answered(b->t, s.frame, &s.path, generation, now);
	keep(b);
	yes = flow_answers(b->t, s.frame, &s.p, &s.path, now, &hit);
	if (known) {
		assert_true(yes);
		assert_false(hit.resolves);
		assert_int_equal(hit.generation, generation);
	}
	if (yes && (known || dice(2)))
		flow_answered(b->t, &s.p, &s.path, &hit, generation, now);
	if (known)
		assert_true(is_as_it_was(b));
	b->known += known;
	b->plain += s.plain && yes && hit.generation == generation &&
		    is_as_it_was(b);
	free(s.frame);
}

static void known_frames_change_nothing(void **state)
{
	struct both b = { .t = flows_new(CAPACITY),
			  .size = flow_size(CAPACITY) };
	uint32_t now = NOW;

	(void)state;
	b.was = malloc(b.size);
	assert_non_null(b.was);
	for (unsigned int i = 0; i < STEPS; i++) {
		now += dice(40) == 0;
		now += dice(2000) == 0 ? 100 : 0;
		if (dice(2))
			send_there(&b, now);
		else
			answer_back(&b, now);
	}
	/* It is taken by nearly all plain frames, and was worth while. */
	assert_true(b.known > STEPS / 10);
	assert_true(b.known > b.plain / 2);
	free(b.was);
	free(b.t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_frames_change_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
