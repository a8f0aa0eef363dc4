/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks and front-ends that break the protocol, and guests that break the rules
 * of their rings.  After each attack an honest front-end is served.
 */
#include "tests/unit/disk_rig.h"

#include <sys/resource.h>

static struct comp *rig;
static struct front front;
static unsigned int fds;

static void begin(void)
{
	rig = comp_run(cfg);
	fds = comp_open_fds();
}

static void attack(unsigned int steps)
{
	front_join(&front, rig);
	front_begin(&front, DK_FEATURES, steps);
}

static void over(void)
{
	front_leave(&front);
	assert_int_equal(comp_open_fds(), fds);
}

static void honest_one_is_served(void)
{
	attack(FRONT_STEPS);
	dk_works(&front);
	over();
}

/* Noise, in sizes that are right for some request. */
static void hc14_every_request_of_every_size(void **state)
{
	static const uint32_t sizes[] = { 0,  1,  8,  11,  12,	13,  20,  24,
					  25, 40, 72, 264, 268, 269, 512, 513 };
	uint8_t noise[1024];

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(i * 167 + 13);
	for (uint32_t request = 0; request < 48; request++) {
		for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
			/* As many zeroes are right for some, too. */
			if (k % 2)
				memset(noise, 0, 16);
			attack(k % 4 < 2 ? FRONT_STEPS : 0);
			front_say(&front, request, 0, noise, sizes[k], NULL, 0);
			comp_turn(rig);
			over();
		}
	}
	honest_one_is_served();
}

static void hc20_descriptors_with_every_request(void **state)
{
	uint8_t payload[512] = { 0 };
	int sent[8];

	(void)state;
	begin();
	for (uint32_t request = 0; request < 42; request++) {
		for (unsigned int n = 1; n <= 8; n += n < 2 ? 1 : 6) {
			attack(request % 2 ? FRONT_STEPS : 0);
			for (unsigned int i = 0; i < n; i++)
				sent[i] = front.file;
			front_say(&front, request, 0, payload,
				  request >= 31 && request <= 32 ? 24 : 8, sent,
				  n);
			comp_turn(rig);
			over();
		}
	}
	honest_one_is_served();
}

static void hc09_every_place_in_the_configuration(void **state)
{
	static const uint32_t edge[] = {
		0,   1,	  59,	    60,	 63, 64,  255,
		256, 257, 1u << 31, ~0u, 7,  200, UINT32_MAX - 5
	};
	const size_t n = sizeof(edge) / sizeof(edge[0]);

	(void)state;
	begin();
	for (size_t i = 0; i < n * n; i++) {
		struct vhost_config c = { edge[i / n], edge[i % n], 0, { 0 } };
		uint32_t whole = 12 + (c.size <= 256 ? c.size : 256);

		attack(3);
		front_say(&front, GET_CONFIG, 0, &c, whole, NULL, 0);
		if (c.size <= 256 && c.at <= 256 - c.size)
			front_hears(&front, GET_CONFIG, &c, whole);
		else
			assert_true(front_refused(&front));
		over();
	}
	honest_one_is_served();
}

static void hc08_sizes_of_what_is_under_way(void **state)
{
	static const struct vhost_shared bad[] = {
		{ 0, 0, 2, 64, 0 },
		{ 64, 0, 2, 64, 0 },
		{ UINT64_MAX, 0, 2, 64, 0 },
		{ 1u << 20, 63, 2, 64, 0 },
		{ 1u << 20, UINT64_MAX - 63, 2, 64, 0 },
		{ 1u << 20, 0, 0, 64, 0 },
		{ 1u << 20, 0, 17, 64, 0 },
		{ 1u << 20, 0, UINT16_MAX, UINT16_MAX, 0 },
		{ 1u << 20, 0, 2, 0, 0 },
		{ 1u << 20, 0, 2, 1025, 0 },
	};

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		attack(7);
		front_say(&front, SET_INFLIGHT_FD, 0, &bad[i], 24, &front.file,
			  1);
		assert_true(front_refused(&front));
		over();
		if (bad[i].rings > 0 && bad[i].rings < 17 && bad[i].slots > 0 &&
		    bad[i].slots < 1025)
			continue;
		attack(7);
		front_say(&front, GET_INFLIGHT_FD, 0, &bad[i], 24, NULL, 0);
		assert_true(front_refused(&front));
		over();
	}
	attack(7);
	front_say(&front, SET_INFLIGHT_FD, 0, &bad[0], 24, NULL, 0);
	assert_true(front_refused(&front));
	over();
	honest_one_is_served();
}

/* A ring that breaks the rules rests; the other goes on. */
static void hc05_a_broken_ring_rests(void **state)
{
	struct vq_desc *desc;
	uint8_t data[512] = { 5 };

	(void)state;
	begin();
	attack(FRONT_STEPS);
	desc = (void *)(front.mem + FE_DESC(0));
	dk_works(&front);
	/* Room for no answer. */
	desc[60] = (struct vq_desc){ FE_GUEST, 16, 0, 0 };
	((struct vq_avail *)(void *)(front.mem + FE_DRIVER(0)))
		->ring[front.made[0] % FE_SLOTS] = 60;
	atomic_store(
		&((struct vq_avail *)(void *)(front.mem + FE_DRIVER(0)))->idx,
		(uint16_t)(front.made[0] + 1));
	assert_int_equal(eventfd_write(front.kick[0], 1), 0);
	comp_turn(rig);
	assert_true(comp_logged(rig, "the ring rests"));
	assert_int_equal(dk_do(&front, 1, DK_OUT, 1, data, 512), VBLK_OK);
	over();
	honest_one_is_served();
}

/* Gone in the middle of requests, with memory and all. */
static void hc11_a_front_end_leaves_with_requests_under_way(void **state)
{
	uint8_t data[1024] = { 1 };

	(void)state;
	begin();
	for (unsigned int round = 0; round < 100; round++) {
		attack(FRONT_STEPS);
		for (unsigned int i = 0; i < 20; i++)
			dk_ask(&front, i % 2, i % 3 ? DK_OUT : DK_DISCARD,
			       i * 2, data, 1024);
		if (round % 2)
			comp_turn(rig);
		over();
	}
	honest_one_is_served();
}

static bool answered(void)
{
	uint8_t byte;

	return recv(front.sock, &byte, 1, MSG_PEEK) == 1;
}

/* A ring is stopped while the kernel works: what was taken is given back first. */
static void messages_wait_for_requests(void **state)
{
	struct vq_used *used;
	struct vhost_state base;
	uint8_t data[1024] = { 1 };

	(void)state;
	begin();
	attack(FRONT_STEPS);
	used = (void *)(front.mem + FE_DEVICE(0));
	for (unsigned int round = 0; round < 100; round++) {
		for (unsigned int i = 0; i < 20; i++)
			dk_ask(&front, 0, DK_DISCARD, i * 8, data, 4096);
		comp_turn(rig);
		front_ring(&front, GET_VRING_BASE, 0, 0);
		comp_until(rig, answered());
		assert_int_equal(atomic_load(&used->idx), front.made[0]);
		front_hears(&front, GET_VRING_BASE, &base, sizeof(base));
		assert_int_equal(base.value, front.made[0]);
		for (unsigned int i = 0; i < 20; i++)
			assert_int_equal(dk_answer(&front, 0, NULL, 0),
					 VBLK_OK);
		front_ring(&front, SET_VRING_BASE, 0, base.value);
		front_fd(&front, SET_VRING_CALL, 0, front.call[0]);
		front_fd(&front, SET_VRING_KICK, 0, front.kick[0]);
		front_memory(&front);
	}
	dk_works(&front);
	over();
}

/* What the host cannot write is an error for the guest, who goes on. */
static void a_host_that_cannot_write(void **state)
{
	struct rlimit old, low;
	uint8_t data[1024] = { 1 };

	(void)state;
	begin();
	attack(FRONT_STEPS);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	low = (struct rlimit){ DK_SIZE / 2, old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &low), 0);
	assert_int_equal(dk_do(&front, 0, DK_OUT, DK_SIZE / 512 - 2, data,
			       1024),
			 VBLK_ERROR);
	/* The part that can be written does not make it a success. */
	assert_int_equal(dk_do(&front, 0, DK_OUT, DK_SIZE / 1024 - 1, data,
			       1024),
			 VBLK_ERROR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_true(comp_logged(rig, "cannot write"));
	assert_true(comp_logged(rig, "File too large"));
	dk_works(&front);
	over();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		disk_test(hc14_every_request_of_every_size),
		disk_test(hc20_descriptors_with_every_request),
		disk_test(hc09_every_place_in_the_configuration),
		disk_test(hc08_sizes_of_what_is_under_way),
		disk_test(hc05_a_broken_ring_rests),
		disk_test(hc11_a_front_end_leaves_with_requests_under_way),
		disk_test(messages_wait_for_requests),
		disk_test(a_host_that_cannot_write),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
