/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/segment_ports.h"

struct seg seg;
uint8_t seg_want[SEG_MAX];

static const struct rig_options kind[PORTS] = {
	[FROM] = { .buffers = BUFFERS,
		   .buffer_size = 65536,
		   .offload = OFFLOAD_PORT | OFFLOAD_TAKES_ALL,
		   .max_segment = 65499 },
	[WHOLE] = { .buffers = BUFFERS,
		    .buffer_size = 65536,
		    .offload = OFFLOAD_PORT | OFFLOAD_TAKES_ALL,
		    .max_segment = 65499 },
	[PLAIN] = { .buffers = BUFFERS },
	[SUMS] = { .buffers = BUFFERS,
		   .offload = OFFLOAD_PORT | OFFLOAD_TAKES_CHECKSUM },
	[GIVES] = { .buffers = BUFFERS,
		    .buffer_size = 65536,
		    .offload = OFFLOAD_PORT,
		    .max_segment = 65499 },
};

static struct rig *make(void)
{
	struct rig *r = rig_new(NULL);

	for (unsigned int i = 0; i < PORTS; i++)
		rig_add(r, i, &kind[i]);
	for (unsigned int i = 0; i < PORTS; i++)
		for (unsigned int k = 0; k < PORTS; k++)
			if (i != k)
				rig_allow(r, i, k);
	for (unsigned int i = 0; i < PORTS; i++)
		rig_teach(r, i, RIG_MAC(i));
	return r;
}

int seg_setup(void **state)
{
	*state = make();
	return 0;
}

int seg_teardown(void **state)
{
	rig_free(*state);
	return 0;
}

const struct shape usual = {
	.tcp = true,
	.words = 5,
	.options = 3,
	.payload = 20000,
	.piece = PIECE,
	.flags = 0x99,
};

void make_seg(const struct shape *shape, unsigned int src, uint64_t dst)
{
	uint64_t seed = 9;

	seg_make(&seg, shape, &seed);
	sw_mac(seg.b, dst, RIG_MAC(src));
	assert_true(seg_look(&seg));
}

void send_seg(struct rig *r, unsigned int src)
{
	assert_true(rig_send_offload(r, src, seg.b, (uint16_t)seg.len, seg.o));
	rig_run(r, RIG_BIT(src));
	assert_int_equal(rig_reap(r, src), 1);
	assert_int_equal(r->port[src].n_tx, BUFFERS);
}

void gets(struct rig *r, unsigned int port, const uint8_t *bytes, uint32_t len,
	  struct offload o)
{
	uint32_t size = r->port[port].config.egress.buffer_size;
	uint16_t n = 0;
	uint32_t buffer = rig_take(r, port, &n);
	const uint8_t *b;

	assert_int_not_equal(buffer, RIG_NO_BUFFER);
	assert_int_equal(n, len);
	assert_int_equal(r->port[port].offload.flags, o.flags);
	assert_int_equal(r->port[port].offload.segment, o.segment);
	b = rig_buffer(r, port, buffer);
	assert_memory_equal(b, bytes, len);
	for (uint32_t i = len; i < size && i < len + 64; i++)
		assert_int_equal(b[i], RIG_POISON);
	rig_lend(r, port, buffer);
}

void gets_whole(struct rig *r, unsigned int port)
{
	gets(r, port, seg.b, seg.len, seg.o);
}

void gets_cut(struct rig *r, unsigned int port)
{
	for (uint32_t i = 0; i < seg.at.frames; i++) {
		uint32_t n = seg_expect(&seg, i, seg_want);

		gets(r, port, seg_want, n, (struct offload){ 0 });
	}
}

void nobody_gets_more(struct rig *r)
{
	for (unsigned int i = 0; i < PORTS; i++)
		if (r->port[i].exists)
			assert_int_equal(rig_receive(r, i, NULL), -1);
}
