/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changing the policy while frames flow.
 *
 * One thread is the monitor: it writes the one or the other of two policies
 * into the region, asks the switch to take it and waits for the answer, as fast
 * as it can.  The other is the switch with its peers.  The two policies have
 * rules and filters in different places and send broadcasts to different ports,
 * so a policy that is taken in part, or a verdict remembered for too long,
 * would send a frame to both, to neither, or not to the port both allow.
 *
 * tests/run: takes long
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "tests/unit/image_rig.h"
#include "tests/unit/rig.h"
#include "vswitch/ctl.h"

#define CHANGES 10000u
#define SENDER 0u
#define LEFT 1u
#define RIGHT 2u
#define ALWAYS 3u
#define BURST 8u

/* --- two policies ------------------------------------------------------- */

/* Rules of no consequence, so that all numbers differ between the two. */
static void fill(struct policy_image *image, unsigned int n)
{
	uint16_t rule[32];

	for (unsigned int i = 0; i < n; i++)
		rule[i] = image_rule(image, POLICY_DENY, false,
				     "tcp port 22 or arp");
	image_pair(image, 5, 6, rule, n);
}

static struct policy_image *left_policy(void)
{
	struct policy_image *image = image_new();
	uint16_t rule[2];

	fill(image, 17);
	image_allow(image, SENDER, LEFT, "udp port 7");
	rule[0] = image_rule(image, POLICY_DENY, false, NULL);
	image_pair(image, SENDER, RIGHT, rule, 1);
	rule[0] = image_rule(image, POLICY_DENY, false, "udp port 9");
	rule[1] = image_rule(image, POLICY_ALLOW, false, NULL);
	image_pair(image, SENDER, ALWAYS, rule, 2);
	return image;
}

static struct policy_image *right_policy(void)
{
	struct policy_image *image = image_new();
	uint16_t rule[2];

	rule[0] = image_rule(image, POLICY_DENY, false, "udp port 7");
	rule[1] = image_rule(image, POLICY_ALLOW, false, NULL);
	image_pair(image, SENDER, LEFT, rule, 2);
	image_allow(image, SENDER, RIGHT, NULL);
	image_allow(image, SENDER, ALWAYS, "ip and udp");
	return image;
}

/* --- the monitor -------------------------------------------------------- */

struct box {
	struct vswitch_ctl_request request;
	struct vswitch_ctl_reply reply;
	struct policy_image region;
	const struct policy_image *policy[2];
	atomic_uint changes;
	atomic_bool refused;
	atomic_bool stop;
};

static void *monitor(void *arg)
{
	struct box *box = arg;

	for (uint32_t seq = 1; !atomic_load(&box->stop); seq++) {
		policy_image_copy(&box->region, box->policy[seq % 2]);
		box->request.op = CTL_POLICY;
		atomic_store_explicit(&box->request.seq, seq,
				      memory_order_release);
		while (atomic_load_explicit(&box->reply.seq,
					    memory_order_acquire) != seq) {
			if (atomic_load(&box->stop))
				return NULL;
			/* The switch may share this processor. */
			sched_yield();
		}
		if (box->reply.status != 0)
			atomic_store(&box->refused, true);
		atomic_fetch_add(&box->changes, 1);
	}
	return NULL;
}

/* --- the switch and its peers ------------------------------------------- */

static void make_frame(uint8_t *frame, uint32_t number)
{
	rig_frame(frame, MAC_BROADCAST, RIG_MAC(1), 64);
	frame[12] = 0x08;
	frame[13] = 0x00;
	frame[14] = 0x45;
	frame[16] = 0;
	frame[17] = 50;
	frame[20] = frame[21] = 0;
	frame[23] = 17;
	frame[34] = 0;
	frame[35] = 7;
	memcpy(frame + 60, &number, sizeof(number));
}

/* Mark the frames a port has got. */
static void drain(struct rig *r, unsigned int port, uint8_t *got, uint32_t n)
{
	uint8_t frame[2048];
	int len;

	while ((len = rig_receive(r, port, frame)) >= 0) {
		uint32_t number;

		assert_int_equal(len, 64);
		memcpy(&number, frame + 60, sizeof(number));
		assert_true(number < n);
		assert_int_equal(got[number] & 1u << port, 0);
		got[number] |= (uint8_t)(1u << port);
	}
}

static unsigned int send_burst(struct rig *r, uint32_t *number, uint32_t limit)
{
	uint8_t frame[64];
	unsigned int n = 0;

	for (; n < BURST && *number < limit; n++) {
		make_frame(frame, *number);
		if (!rig_send(r, SENDER, frame, 64))
			break;
		++*number;
	}
	return n;
}

#define FRAMES 100000u

static void frames_are_judged_by_one_policy_each(void **state)
{
	struct box *box = calloc(1, sizeof(*box));
	uint8_t *got = calloc(FRAMES, 1);
	struct rig *r = rig_clients(4);
	uint32_t sent = 0, seen[2] = { 0, 0 };
	struct timespec begin, end;
	pthread_t thread;

	(void)state;
	assert_non_null(box);
	assert_non_null(got);
	box->policy[0] = left_policy();
	box->policy[1] = right_policy();
	image_set(r->sw, box->policy[0]);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_int_equal(pthread_create(&thread, NULL, monitor, box), 0);
	while (atomic_load(&box->changes) < CHANGES || sent < FRAMES / 4) {
		if (sent < FRAMES)
			send_burst(r, &sent, FRAMES);
		rig_run(r, RIG_BIT(SENDER));
		vswitch_ctl(r->sw, &box->request, &box->reply, &box->region,
			    r->now);
		rig_reap(r, SENDER);
		drain(r, LEFT, got, FRAMES);
		drain(r, RIGHT, got, FRAMES);
		drain(r, ALWAYS, got, FRAMES);
		/* The other thread may share this processor. */
		sched_yield();
	}
	clock_gettime(CLOCK_MONOTONIC, &end);
	atomic_store(&box->stop, true);
	pthread_join(thread, NULL);
	assert_false(atomic_load(&box->refused));
	for (uint32_t i = 0; i < sent; i++) {
		bool left = got[i] == (1u << LEFT | 1u << ALWAYS);
		bool right = got[i] == (1u << RIGHT | 1u << ALWAYS);

		if (!left && !right)
			fail_msg("frame %u went to %#x", i, got[i]);
		seen[right]++;
	}
	/* Both have held while frames came, or nothing has been shown. */
	assert_true(seen[0] > 0 && seen[1] > 0);
	print_message("%u changes, %u frames (%u, %u) in %.1f s\n",
		      atomic_load(&box->changes), sent, seen[0], seen[1],
		      (double)(end.tv_sec - begin.tv_sec) +
			      (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
	free((void *)box->policy[0]);
	free((void *)box->policy[1]);
	free(box);
	free(got);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_judged_by_one_policy_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
