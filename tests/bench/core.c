/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * core: frames through the switch core in one process, for counting.
 *
 *	core LENGTH FRAMES STATIONS
 *
 * Time says little on a shared machine; instructions are the same every time.
 * tests/bench/quick.sh runs this under callgrind with collection on inside
 * vswitch_run() only and divides by FRAMES.  Frames go from port 0 to port 1 in
 * bursts of 32, from and to STATIONS addresses on either side.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vswitch/vswitch.h"

#define CAPACITY 512u
#define BUFFER 2048u
#define BURST 32u

struct side {
	struct queue_producer in_active, out_free;
	struct queue_consumer in_free, out_active;
	uint8_t *in_data;
};

static void *zeroed(size_t size)
{
	void *p = aligned_alloc(4096, (size + 4095) & ~(size_t)4095);

	if (p == NULL) {
		fputs("core: out of memory\n", stderr);
		exit(1);
	}
	return memset(p, 0, size);
}

static struct vswitch_half make_half(void)
{
	struct vswitch_half h = {
		.active = zeroed(queue_region_size(CAPACITY)),
		.free = zeroed(queue_region_size(CAPACITY)),
		.data = zeroed((size_t)CAPACITY * BUFFER),
		.data_size = (size_t)CAPACITY * BUFFER,
		.capacity = CAPACITY,
		.buffer_size = BUFFER,
	};

	return h;
}

static void make_side(struct vswitch *sw, unsigned int port, struct side *s)
{
	struct vswitch_port_config c = {
		.kind = VSWITCH_PORT_CLIENT,
		.ingress = make_half(),
		.egress = make_half(),
		.max_frame = 1518,
	};

	if (vswitch_add_port(sw, port, &c) != 0) {
		fputs("core: the switch refuses the port\n", stderr);
		exit(1);
	}
	queue_producer_init(&s->in_active, c.ingress.active, CAPACITY);
	queue_consumer_init(&s->in_free, c.ingress.free, CAPACITY);
	queue_consumer_init(&s->out_active, c.egress.active, CAPACITY);
	queue_producer_init(&s->out_free, c.egress.free, CAPACITY);
	s->in_data = c.ingress.data;
	for (unsigned int i = 0; i < CAPACITY; i++)
		queue_put(&s->out_free, i * BUFFER, 0);
	queue_publish(&s->out_free);
}

static void station(uint8_t *p, uint8_t side, unsigned int n)
{
	const uint8_t mac[6] = { 2, side, 0, 0, (uint8_t)(n >> 8), (uint8_t)n };

	memcpy(p, mac, 6);
}

/* One burst in at @from, one burst out at @to; returns frames delivered. */
static unsigned int burst(struct vswitch *sw, struct side *from,
			  struct side *to, unsigned int from_port,
			  unsigned int length, unsigned int stations,
			  unsigned int *number, uint64_t *now)
{
	uint64_t ring = 0, work = 1ull << from_port;
	int n;

	for (unsigned int i = 0; i < BURST; i++, (*number)++) {
		uint32_t at = (*number % CAPACITY) * BUFFER;

		station(from->in_data + at, (uint8_t)(1 - from_port),
			*number % stations);
		station(from->in_data + at + 6, (uint8_t)from_port,
			*number * 7 % stations);
		queue_put(&from->in_active, at, (uint16_t)length);
	}
	queue_publish(&from->in_active);
	*now += 1000;
	while (work != 0)
		work = vswitch_run(sw, work, *now, &ring);
	queue_release(&from->in_free,
		      (unsigned int)queue_pending(&from->in_free));
	n = queue_pending(&to->out_active);
	for (int i = 0; i < n; i++)
		queue_put(&to->out_free,
			  queue_peek(&to->out_active, (unsigned int)i)
				  .io_or_offset,
			  0);
	queue_release(&to->out_active, (unsigned int)n);
	queue_publish(&to->out_free);
	return (unsigned int)n;
}

int main(int argc, char **argv)
{
	struct fdb_config fdb = {
		.kind = FDB_HASH, .capacity = 4096, .ageing = 300, .seed = 42
	};
	size_t size = vswitch_size(&fdb);
	struct vswitch *sw = vswitch_init(zeroed(size), size, &fdb, NULL);
	unsigned long frames, delivered = 0;
	unsigned int length, stations, number[2] = { 0, 0 };
	struct side side[2];
	uint64_t now = 1;

	if (argc != 4) {
		fputs("usage: core LENGTH FRAMES STATIONS\n", stderr);
		return 2;
	}
	length = (unsigned int)strtoul(argv[1], NULL, 10);
	frames = strtoul(argv[2], NULL, 10);
	stations = (unsigned int)strtoul(argv[3], NULL, 10);
	make_side(sw, 0, &side[0]);
	make_side(sw, 1, &side[1]);
	vswitch_policy(sw)->port[0].allow = 1u << 1;
	vswitch_policy(sw)->port[1].allow = 1u << 0;
	/* Every address of side 1 speaks once, so that all are known. */
	for (unsigned int i = 0; i < stations; i += BURST)
		burst(sw, &side[1], &side[0], 1, length, stations, &number[1],
		      &now);
	while (delivered < frames)
		delivered += burst(sw, &side[0], &side[1], 0, length, stations,
				   &number[0], &now);
	printf("%lu\n", delivered);
	return 0;
}
