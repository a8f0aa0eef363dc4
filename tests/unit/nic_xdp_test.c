/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rings of AF_XDP, with a kernel of the test's own, which may return
 * anything.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
/* After those, in this order. */
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "vmm/linux/ports/nic_xdp.h"

#define CHUNK XDP_CHUNK

/* What the kernel shares: by queue, and for sending. */
static struct {
	uint32_t producer, consumer, flags;
	struct xdp_desc desc[XDP_RX_FRAMES];
} rx[2], tx;
static struct {
	uint32_t producer, consumer, flags;
	uint64_t addr[XDP_RX_FRAMES];
} fill[2], done;

static struct nic_xdp *x;

#define RING(r, k, entries)                                                    \
	do {                                                                   \
		memset(&(k), 0, sizeof(k));                                    \
		(r).producer = &(k).producer;                                  \
		(r).consumer = &(k).consumer;                                  \
		(r).flags = &(k).flags;                                        \
		(r).ring = (k).entries;                                        \
		(r).size = XDP_RX_FRAMES;                                      \
		(r).mask = XDP_RX_FRAMES - 1;                                  \
	} while (0)

static int setup(void **state)
{
	(void)state;
	x = calloc(1, sizeof(*x));
	x->note.queues = 2;
	x->note.chunk = CHUNK;
	for (unsigned int q = 0; q < 2; q++) {
		RING(x->queue[q].rx, rx[q], desc);
		RING(x->queue[q].fill, fill[q], addr);
		x->queue[q].fd = -1;
		x->queue[q].frames = calloc(XDP_UMEM_FRAMES, CHUNK);
		/* All are lent, and the kernel has taken them. */
		memset(x->queue[q].lent, true, XDP_RX_FRAMES);
		fill[q].producer = fill[q].consumer = XDP_RX_FRAMES;
		x->queue[q].fill.cached_prod = XDP_RX_FRAMES;
		x->queue[q].fill.cached_cons = 2 * XDP_RX_FRAMES;
	}
	RING(x->tx, tx, desc);
	RING(x->completed, done, addr);
	x->tx.cached_cons = XDP_TX_FRAMES;
	for (uint32_t i = 0; i < XDP_TX_FRAMES; i++)
		x->free[x->n_free++] = XDP_RX_FRAMES + i;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(x->queue[0].frames);
	free(x->queue[1].frames);
	free(x);
	return 0;
}

static void receive(unsigned int queue, uint64_t addr, uint32_t len)
{
	rx[queue].desc[rx[queue].producer % XDP_RX_FRAMES] =
		(struct xdp_desc){ .addr = addr, .len = len };
	rx[queue].producer++;
}

/* The next frame, passing over what has none. */
static bool next(struct nic_frame *f)
{
	bool first = nic_xdp_peek(x, f);

	return first || nic_xdp_peek(x, f);
}

static void frames_of_all_queues(void **state)
{
	struct nic_frame f;
	unsigned int got[2] = { 0 };

	(void)state;
	for (unsigned int i = 0; i < 500; i++) {
		receive(0, i * CHUNK + 256, 60);
		receive(1, i * CHUNK + 256, 61);
	}
	while (nic_xdp_peek(x, &f)) {
		got[f.len - 60]++;
		/* No queue waits for more than a batch of another's. */
		assert_true(abs((int)got[0] - (int)got[1]) <= 32);
		nic_xdp_done(x);
	}
	assert_int_equal(got[0], 500);
	assert_int_equal(got[1], 500);
	for (unsigned int q = 0; q < 2; q++) {
		assert_int_equal(rx[q].consumer, 500);
		assert_int_equal(fill[q].producer, XDP_RX_FRAMES + 500);
	}
	assert_int_equal(x->strange, 0);
}

static void addresses_the_kernel_does_not_have(void **state)
{
	static const struct {
		uint64_t addr;
		uint32_t len;
	} strange[] = {
		/* a frame for sending; behind the memory; far behind */
		{ XDP_RX_FRAMES * CHUNK + 256, 60 },
		{ (uint64_t)XDP_UMEM_FRAMES * CHUNK, 60 },
		{ UINT64_MAX, 60 },
		{ UINT64_MAX - CHUNK, UINT32_MAX },
		{ (uint64_t)1 << 48 | 256, 60 },
		/* over the end of its chunk, by one and by all */
		{ 5 * CHUNK + 256, CHUNK - 255 },
		{ 6 * CHUNK + CHUNK - 1, 2 },
		{ 7 * CHUNK, UINT32_MAX },
	};
	const unsigned int n = sizeof(strange) / sizeof(strange[0]);
	struct nic_frame f;

	(void)state;
	for (unsigned int i = 0; i < n; i++) {
		receive(0, strange[i].addr, strange[i].len);
		assert_false(next(&f));
		assert_int_equal(x->strange, i + 1);
	}
	/* What is good goes on, and is good once. */
	receive(0, 9 * CHUNK + 256, CHUNK - 256);
	assert_true(next(&f));
	assert_int_equal(f.len, CHUNK - 256);
	receive(0, 9 * CHUNK + 256, 60);
	assert_false(nic_xdp_peek(x, &f));
	nic_xdp_done(x);
	receive(0, 9 * CHUNK + 256, 60);
	assert_true(next(&f));
	assert_int_equal(x->strange, n + 1);
	nic_xdp_done(x);
}

/* A kernel that says it has put any number of frames into a ring. */
static void more_frames_than_the_ring_has(void **state)
{
	struct nic_frame f;
	unsigned int got = 0;

	(void)state;
	for (unsigned int i = 0; i < XDP_RX_FRAMES; i++)
		rx[0].desc[i].addr = (uint64_t)i * CHUNK + 256;
	for (unsigned int i = 0; i < XDP_RX_FRAMES; i++)
		rx[0].desc[i].len = 60;
	rx[0].producer = UINT32_MAX - 5;
	for (unsigned int i = 0; i < 5 * XDP_RX_FRAMES; i++)
		got += nic_xdp_peek(x, &f);
	/* None was given back, so none was there twice. */
	assert_int_equal(got, XDP_RX_FRAMES);
}

static void frames_to_send(void **state)
{
	uint8_t frame[60] = { 1, 2, 3 };
	unsigned int lost;

	(void)state;
	for (unsigned int i = 0; i < XDP_TX_FRAMES; i++)
		assert_true(nic_xdp_put(x, frame, sizeof(frame)));
	assert_false(nic_xdp_put(x, frame, sizeof(frame)));
	assert_int_equal(tx.producer, XDP_TX_FRAMES);
	for (unsigned int i = 0; i < XDP_TX_FRAMES; i++) {
		assert_true(tx.desc[i].addr >= XDP_RX_FRAMES * CHUNK);
		assert_memory_equal(x->queue[0].frames + tx.desc[i].addr, frame,
				    sizeof(frame));
	}
	/* The kernel has taken them, but says so of others. */
	tx.consumer = XDP_TX_FRAMES;
	done.addr[0] = 0;
	done.addr[1] = (uint64_t)XDP_UMEM_FRAMES * CHUNK;
	done.addr[2] = UINT64_MAX;
	done.addr[3] = tx.desc[7].addr;
	done.addr[4] = tx.desc[7].addr;
	done.producer = 5;
	nic_xdp_kick(x, &lost);
	assert_int_equal(x->n_free, 1);
	assert_int_equal(x->strange, 4);
	assert_int_equal(done.consumer, 5);
	assert_true(nic_xdp_put(x, frame, sizeof(frame)));
	assert_false(nic_xdp_put(x, frame, sizeof(frame)));
}

/* A kernel that takes nothing, or not all, is asked again later. */
static void no_room_for_frames_to_send(void **state)
{
	uint8_t frame[60] = { 0 };
	unsigned int lost;

	(void)state;
	x->queue[0].fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	tx.flags = XDP_RING_NEED_WAKEUP;
	for (unsigned int i = 0; i < 40; i++)
		assert_true(nic_xdp_put(x, frame, sizeof(frame)));
	assert_int_equal(nic_xdp_kick(x, &lost), -EAGAIN);
	tx.consumer = 32;
	assert_int_equal(nic_xdp_kick(x, &lost), -EAGAIN);
	tx.consumer = 40;
	assert_int_equal(nic_xdp_kick(x, &lost), 0);
	assert_int_equal(lost, 0);
	/* They are the kernel's until it says that they are sent. */
	assert_int_equal(x->n_free, XDP_TX_FRAMES - 40);
	for (unsigned int i = 0; i < 40; i++)
		done.addr[i] = tx.desc[i].addr;
	done.producer = 40;
	assert_int_equal(nic_xdp_kick(x, &lost), 0);
	assert_int_equal(x->n_free, XDP_TX_FRAMES);
	close(x->queue[0].fd);
	/* Down, or gone: said, also if there is nothing to send. */
	x->queue[0].fd = -1;
	assert_int_equal(nic_xdp_kick(x, &lost), -EBADF);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(frames_of_all_queues),
		T(addresses_the_kernel_does_not_have),
		T(more_frames_than_the_ring_has),
		T(frames_to_send),
		T(no_room_for_frames_to_send),
	};

	return cmocka_run_group_tests_name("AF_XDP rings", tests, NULL, NULL);
}
