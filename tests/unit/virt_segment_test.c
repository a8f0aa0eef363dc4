/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Segments to a driver that has no offloads, through its virtualiser (hostile
 * case 45): the switch cuts them, and the driver gives back too few of the
 * buffers, or tells lies about them.  It gets all frames of a segment or none.
 */
#include "base/lines.h"
#include "tests/unit/segment_ports.h"
#include "virt/net_virt.h"

#define SIZE 2048u
/* Frames of the segment. */
#define FRAMES 14u

/**
 * struct card - the port PLAIN is a driver's
 * @held: buffers the driver keeps, by index
 * @n:    how many
 * @x:    state of the generator
 */
struct card {
	struct rig *r;
	struct net_virt_config config;
	struct net_virt *v;
	void *memory;
	struct queue_consumer active;
	struct queue_producer empty;
	uint64_t held[BUFFERS];
	unsigned int n;
	uint32_t x;
};

static void *zeroed(size_t size)
{
	void *p = aligned_alloc(64, in_lines(size));

	assert_non_null(p);
	return memset(p, 0, size);
}

static int setup(void **state)
{
	struct card *c = zeroed(sizeof(*c));
	const struct vswitch_half *h;
	void *rig;
	size_t size;

	seg_setup(&rig);
	c->r = rig;
	rig_hand_over(c->r, PLAIN);
	h = &c->r->port[PLAIN].config.egress;
	c->config = (struct net_virt_config){
		.source = NET_VIRT_SWITCH,
		.driver = { .active = zeroed(queue_region_size(BUFFERS)),
			    .free = zeroed(queue_region_size(BUFFERS)),
			    .capacity = BUFFERS },
		.sw = { .active = h->active,
			.free = h->free,
			.capacity = h->capacity,
			.link = &c->r->port[PLAIN].page },
		.data = h->data,
		.data_size = h->data_size,
		.buffer_size = h->buffer_size,
	};
	assert_int_equal(h->buffer_size, SIZE);
	size = net_virt_size(&c->config);
	c->memory = zeroed(size);
	c->v = net_virt_init(c->memory, size, &c->config);
	assert_non_null(c->v);
	queue_consumer_init(&c->active, c->config.driver.active, BUFFERS);
	queue_producer_init(&c->empty, c->config.driver.free, BUFFERS);
	c->x = 45;
	*state = c;
	return 0;
}

static int teardown(void **state)
{
	struct card *c = *state;

	rig_free(c->r);
	free(c->memory);
	free(c->config.driver.active);
	free(c->config.driver.free);
	free(c);
	return 0;
}

static uint32_t any(struct card *c)
{
	c->x = c->x * 1664525u + 1013904223u;
	return c->x >> 8;
}

static void settle(struct card *c)
{
	unsigned int ring;

	do {
		ring = 0;
		while (net_virt_run(c->v, &ring))
			;
		rig_run(c->r, RIG_BIT(PLAIN));
	} while (net_virt_arm(c->v) || vswitch_arm(c->r->sw, RIG_BIT(PLAIN)));
}

/* What came is a whole segment's frames, in order.  Return: how many. */
static unsigned int takes(struct card *c)
{
	unsigned int n = 0;

	while (queue_pending(&c->active) > 0) {
		struct net_desc d = queue_peek(&c->active, 0);
		uint32_t len = seg_expect(&seg, n % FRAMES, seg_want);

		queue_release(&c->active, 1);
		assert_int_equal(d.len, len);
		assert_memory_equal(c->config.data + d.io_or_offset, seg_want,
				    len);
		c->held[c->n++] = d.io_or_offset;
		n++;
	}
	return n;
}

static void gives(struct card *c, uint64_t offset)
{
	if (queue_room(&c->empty) > 0)
		queue_put(&c->empty, offset, (uint16_t)any(c));
	queue_publish(&c->empty);
	settle(c);
}

static void gives_one_back(struct card *c)
{
	unsigned int i = any(c) % c->n;
	uint64_t offset = c->held[i];

	c->held[i] = c->held[--c->n];
	gives(c, offset);
}

/* One that it may have, have given back, or never had. */
static void gives_any(struct card *c)
{
	uint64_t offset = any(c) % BUFFERS * (uint64_t)SIZE;

	for (unsigned int i = 0; i < c->n; i++) {
		if (c->held[i] == offset) {
			c->held[i] = c->held[--c->n];
			break;
		}
	}
	gives(c, offset);
}

/* Some come back, some twice, and some that it never had. */
static void lies(struct card *c)
{
	for (unsigned int i = any(c) % (2 * FRAMES); i > 0; i--) {
		uint32_t dice = any(c);

		if (dice % 8 == 0)
			gives(c, any(c));
		else if (dice % 8 == 1)
			gives_any(c);
		else if (c->n > 0)
			gives_one_back(c);
	}
}

static void sends(struct card *c)
{
	send_seg(c->r, FROM);
	settle(c);
	gets_whole(c->r, WHOLE);
	gets_cut(c->r, SUMS);
	gets_cut(c->r, GIVES);
}

static void hc45_a_driver_with_too_few_buffers_or_bad_ones(void **state)
{
	struct card *c = *state;
	const struct vswitch_port_stats *stats = &c->r->stats->port[PLAIN];
	unsigned int none = 0, all = 0;
	uint64_t frames;

	make_seg(&usual, FROM, MAC_BROADCAST);
	assert_int_equal(seg.at.frames, FRAMES);
	settle(c);
	frames = stats->out_frames;
	for (unsigned int i = 0; i < 2000; i++) {
		unsigned int n;

		sends(c);
		n = takes(c);
		assert_true(n == 0 || n == FRAMES);
		none += n == 0;
		all += n != 0;
		lies(c);
	}
	assert_true(none > 100 && all > 100);
	assert_int_equal(rig_drops(c->r, PLAIN, REASON_NO_BUFFER), none);
	assert_int_equal(stats->out_frames - frames, all * FRAMES);
	assert_int_equal(rig_drops(c->r, PLAIN, REASON_BAD_FREE), 0);
	assert_int_equal(stats->faults, 0);
	/* Once it gives all back, it gets all. */
	while (c->n > 0)
		gives_one_back(c);
	sends(c);
	assert_int_equal(takes(c), FRAMES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			hc45_a_driver_with_too_few_buffers_or_bad_ones, setup,
			teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
