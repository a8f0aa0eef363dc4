/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * card: frames from one guest's card to another's, in one process, to count.
 *
 *	card LENGTH FRAMES split|packed
 *
 * What a vhost-user port does to a frame, without its process: out of a guest's
 * ring into the switch, through it, and into another guest's ring, in bursts of
 * 32.  Run under callgrind, with collection on inside counted*() only, it says
 * what a frame costs from ring to ring.  Also printed are the nanoseconds of a
 * frame (the best tenth, for other work disturbs), which show cache misses.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/lib/measure.h"
#include "virt/net_client.h"
#include "virtio/net.h"
#include "vswitch/vswitch.h"

#define CAPACITY 1024u
#define BUFFER 2048u
#define BURST 32u
/* Slots of a guest's ring. */
#define SLOTS 1024u
/* A guest's memory: the parts of its two rings, then buffers for each. */
#define PART 0x8000u
#define BUFFERS (8 * PART)
#define GUEST_SIZE (BUFFERS + 2 * SLOTS * BUFFER)
#define GUEST_BASE 0x40000000ull
#define LONGEST 1518u
/* Bursts of which one time is taken. */
#define BURSTS 64u
#define MAX_TIMES 65536u

enum { RX, TX };

/**
 * struct guest - a card, and its driver
 * @next: per ring: the next slot to make available
 * @seen: likewise, of what comes back
 */
struct guest {
	uint8_t *memory;
	struct guest_memory regions;
	struct virtio_net net;
	struct net_client *client;
	uint32_t next[2];
	uint32_t seen[2];
};

static struct vswitch *sw;
static struct guest guest[2];
static bool packed;
static double times[MAX_TIMES];

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "card: %s\n", what);
	exit(1);
}

static void *zeroed(size_t size)
{
	void *p = aligned_alloc(4096, (size + 4095) & ~(size_t)4095);

	if (p == NULL)
		die("out of memory");
	return memset(p, 0, size);
}

/* --- switch and ports --------------------------------------------------- */

static struct vswitch_half make_half(void)
{
	return (struct vswitch_half){
		.active = zeroed(queue_region_size(CAPACITY)),
		.free = zeroed(queue_region_size(CAPACITY)),
		.data = zeroed((size_t)CAPACITY * BUFFER),
		.data_size = (size_t)CAPACITY * BUFFER,
		.capacity = CAPACITY,
		.buffer_size = BUFFER,
	};
}

static void make_port(unsigned int number)
{
	struct vswitch_port_config c = {
		.kind = VSWITCH_PORT_CLIENT,
		.ingress = make_half(),
		.egress = make_half(),
		.max_frame = LONGEST,
	};
	const struct net_client_config client = {
		.tx_active = c.ingress.active,
		.tx_free = c.ingress.free,
		.rx_active = c.egress.active,
		.rx_free = c.egress.free,
		.tx_data = c.ingress.data,
		.rx_data = c.egress.data,
		.tx_size = c.ingress.data_size,
		.rx_size = c.egress.data_size,
		.capacity = CAPACITY,
		.buffer_size = BUFFER,
		.max_frame = LONGEST,
	};
	size_t size = net_client_size(&client);

	if (vswitch_add_port(sw, number, &c) != 0)
		die("the switch refuses the port");
	guest[number].client = net_client_init(zeroed(size), size, &client);
	if (guest[number].client == NULL)
		die("the port refuses its sizes");
}

static void make_switch(void)
{
	const struct vswitch_tables tables = {
		.fdb = { .capacity = 4096, .ageing = 300, .seed = 42 },
	};
	size_t size = vswitch_size(&tables);
	struct policy_image *image = zeroed(sizeof(*image));

	sw = vswitch_init(zeroed(size), size, &tables,
			  zeroed(vswitch_stats_size(&tables)));
	if (sw == NULL)
		die("the switch refuses its tables");
	make_port(0);
	make_port(1);
	image->magic = POLICY_MAGIC;
	image->port[0].allow = 1u << 1;
	image->port[1].allow = 1u << 0;
	if (vswitch_set_policy(sw, image, NULL) != POLICY_FAULT_SOUND)
		die("the switch refuses its policy");
}

/* --- the guests --------------------------------------------------------- */

static uint8_t *part(struct guest *g, unsigned int ring, unsigned int which)
{
	return g->memory + (ring * 4 + which) * PART;
}

static uint32_t buffer_at(unsigned int ring, uint32_t slot)
{
	return BUFFERS + (ring * SLOTS + slot % SLOTS) * BUFFER;
}

static void start_ring(struct guest *g, unsigned int ring, struct vq *vq)
{
	const struct vq_config config = {
		.size = SLOTS,
		.features = VQ_F_VERSION_1 | (packed ? VQ_F_PACKED : 0),
		.desc = GUEST_BASE + (uint64_t)(ring * 4) * PART,
		.driver = GUEST_BASE + (uint64_t)(ring * 4 + 1) * PART,
		.device = GUEST_BASE + (uint64_t)(ring * 4 + 2) * PART,
		.next = packed ? 0x8000 : 0,
		.used = packed ? 0x8000 : 0,
	};

	if (vq_start(vq, &g->regions, &config) != VQ_STARTED)
		die("the ring is refused");
}

static void start_guest(struct guest *g)
{
	struct guest_region r = {
		.start = GUEST_BASE,
		.size = GUEST_SIZE,
		.writable = true,
	};

	g->memory = zeroed(GUEST_SIZE);
	r.host = g->memory;
	guest_memory_add(&g->regions, &r);
	start_ring(g, RX, &g->net.rx);
	start_ring(g, TX, &g->net.tx);
	g->net.rx_on = g->net.tx_on = true;
	g->net.longest = LONGEST;
	virtio_net_agree(&g->net, VQ_F_VERSION_1);
}

/* Make the next buffer available; flags are written last. */
static void make_available(struct guest *g, unsigned int ring, uint32_t len)
{
	uint32_t slot = g->next[ring] % SLOTS;
	uint64_t addr = GUEST_BASE + buffer_at(ring, slot);
	uint16_t flags = ring == RX ? VQ_DESC_WRITE : 0;

	if (packed) {
		struct vq_packed_desc *d =
			(struct vq_packed_desc *)part(g, ring, 0) + slot;

		*d = (struct vq_packed_desc){ addr, len, (uint16_t)slot,
					      d->flags };
		flags |= g->next[ring] / SLOTS % 2 ? VQ_DESC_USED
						   : VQ_DESC_AVAIL;
		__atomic_store_n(&d->flags, flags, __ATOMIC_RELEASE);
	} else {
		struct vq_avail *avail = (void *)part(g, ring, 1);

		((struct vq_desc *)part(g, ring, 0))[slot] =
			(struct vq_desc){ addr, len, flags, 0 };
		avail->ring[slot] = (uint16_t)slot;
		avail->idx = (uint16_t)(g->next[ring] + 1);
	}
	g->next[ring]++;
}

/* Whether the oldest buffer has come back. */
static bool came_back(struct guest *g, unsigned int ring)
{
	uint32_t slot = g->seen[ring] % SLOTS;
	bool back;

	if (packed) {
		const struct vq_packed_desc *d =
			(struct vq_packed_desc *)part(g, ring, 0) + slot;
		bool turn = g->seen[ring] / SLOTS % 2 == 0;

		back = !(d->flags & VQ_DESC_AVAIL) == !turn &&
		       !(d->flags & VQ_DESC_USED) == !turn;
	} else {
		const struct vq_used *used = (void *)part(g, ring, 2);

		back = used->idx != (uint16_t)g->seen[ring];
	}
	g->seen[ring] += back;
	return back;
}

static void send(struct guest *g, unsigned int from, uint32_t len)
{
	uint8_t *at = g->memory + buffer_at(TX, g->next[TX]);

	memset(at, 0, NET_HEADER);
	measure_header(at + NET_HEADER, measure_mac[!from], measure_mac[from]);
	make_available(g, TX, NET_HEADER + len);
}

static unsigned int collect(struct guest *g, unsigned int ring)
{
	unsigned int n = 0;

	while (came_back(g, ring))
		n++;
	return n;
}

/* --- ports: what vhost_user.c and pump.c do ----------------------------- */

static void from_guest(struct guest *g)
{
	struct net_buffer b[BURST];
	unsigned int have = net_tx_alloc(g->client, b, BURST), filled;
	enum net_result end;
	bool rx, tx;

	filled = virtio_net_take(&g->net, b, have, BUFFER, &end);
	net_tx_burst(g->client, b, filled);
	net_tx_cancel(g->client, b + filled, have - filled);
	net_client_must_notify(g->client);
	virtio_net_publish(&g->net, &rx, &tx);
}

static void to_guest(struct guest *g)
{
	struct net_buffer b[BURST];
	unsigned int n = net_rx_burst(g->client, b, BURST);
	enum net_result end;
	bool rx, tx;

	virtio_net_put(&g->net, b, n, &end);
	net_rx_release(g->client, b, n);
	net_client_must_notify(g->client);
	virtio_net_publish(&g->net, &rx, &tx);
}

static __attribute__((noinline)) void counted_in(unsigned int from)
{
	from_guest(&guest[from]);
}

static __attribute__((noinline)) void counted_switch(unsigned int from)
{
	uint64_t ring = 0;

	vswitch_run(sw, 1ull << from, 1, &ring);
}

static __attribute__((noinline)) void counted_out(unsigned int to)
{
	to_guest(&guest[to]);
}

/* --- measuring ---------------------------------------------------------- */

/* A burst there. Return: nanoseconds of what is counted. */
static unsigned long long burst(unsigned int from, uint32_t len)
{
	struct guest *to = &guest[!from];
	unsigned long long start, end;

	while (to->next[RX] - to->seen[RX] < SLOTS)
		make_available(to, RX, BUFFER);
	for (unsigned int i = 0; i < BURST; i++)
		send(&guest[from], from, len);
	start = measure_now();
	counted_in(from);
	counted_switch(from);
	counted_out(!from);
	end = measure_now();
	if (collect(&guest[from], TX) != BURST || collect(to, RX) != BURST)
		die("frames were not delivered");
	return end - start;
}

static int by_value(const void *x, const void *y)
{
	double a = *(const double *)x, b = *(const double *)y;

	return (a > b) - (a < b);
}

static void measure(uint32_t len, unsigned long frames)
{
	unsigned long bursts = frames / BURST;
	unsigned int n = 0;

	for (unsigned long i = 0; i < bursts; n++) {
		unsigned long long spent = 0;
		unsigned long end = i + BURSTS < bursts ? i + BURSTS : bursts;
		unsigned long these = end - i;

		for (; i < end; i++)
			spent += burst(0, len);
		times[n % MAX_TIMES] = (double)spent / (double)(these * BURST);
	}
	n = n < MAX_TIMES ? n : MAX_TIMES;
	qsort(times, n, sizeof(times[0]), by_value);
	printf("%lu %.1f\n", bursts * BURST, times[n / 10]);
}

int main(int argc, char **argv)
{
	unsigned long len = argc == 4 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned long frames = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;

	if (len < 60 || len > LONGEST || frames < BURST ||
	    (strcmp(argv[3], "split") && strcmp(argv[3], "packed"))) {
		fputs("usage: card LENGTH FRAMES split|packed\n", stderr);
		return 2;
	}
	packed = strcmp(argv[3], "packed") == 0;
	make_switch();
	start_guest(&guest[0]);
	start_guest(&guest[1]);
	/* The link is up for ever; buffers are lent at the first look. */
	for (unsigned int i = 0; i < 2; i++) {
		net_rx_reserve(guest[i].client, 2 * VSWITCH_BUDGET);
		net_client_state(guest[i].client);
	}
	/* Each address speaks once. */
	burst(1, 60);
	burst(0, 60);
	measure((uint32_t)len, frames);
	return 0;
}
