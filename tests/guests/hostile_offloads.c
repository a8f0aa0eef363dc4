/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The hostile guest and its offload data: some that are right, some that do not
 * fit their frame, and frames that change while the switch looks at them.
 */
#include <string.h>

#include "tests/guests/hostile.h"

#define IP_AT 14u
#define TCP_AT 34u
#define HEADERS 54u
#define SEGMENT 536u

/* TCP from 10.0.2.99, the address that is known here, to the friend. */
static const uint8_t
	headers[HEADERS] = {
		2,    0,    0, 0,  0,  0x0c, 2, 0,  0,	  0, 0x0b, 0xad,
		8,    0, /* Ethernet */
		0x45, 0,    0, 0,  0,  0,    0, 0,  64,	  6, 0,	   0, /* IPv4 */
		10,   0,    2, 99, 10, 0,    2, 12, 0x30, 1, 0,	   9,
		0,    0,    0, 1,  0,  0,    0, 1, /* TCP */
		0x50, 0x10, 1, 0,  0,  0,    0, 0,
	};

static void store16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void write_headers(volatile uint8_t *frame, uint16_t len)
{
	uint8_t h[HEADERS];
	uint32_t sum = 0;

	memcpy(h, headers, sizeof(h));
	store16(h + IP_AT + 2, len - IP_AT);
	for (unsigned int i = IP_AT; i < TCP_AT; i += 2)
		sum += (uint32_t)h[i] << 8 | h[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	store16(h + IP_AT + 10, ~(sum + (sum >> 16)));
	for (unsigned int i = 0; i < HEADERS; i++)
		frame[i] = h[i];
}

/* One in four is as it should be. */
static void put_segment(struct guest *g, struct queue_producer *out,
			uint64_t offset)
{
	uint64_t dice = any(g);
	uint16_t len = (uint16_t)(HEADERS + 2 * SEGMENT + dice % 20000);
	struct offload o = { .flags = OFFLOAD_CHECKSUM | OFFLOAD_TCP4,
			     .segment = SEGMENT };

	write_headers(g->receive.at + offset, len);
	if (dice >> 32 & 1)
		o.flags = (uint8_t)(dice >> 40);
	if (dice >> 33 & 1)
		o.segment = (uint16_t)(dice >> 48);
	if ((dice >> 34 & 7) == 0)
		len = (uint16_t)(dice >> 16);
	/* A fragment, another protocol, another version. */
	if ((dice >> 37 & 7) == 0)
		g->receive.at[offset + IP_AT + dice % 12] ^= 1u << dice % 8;
	queue_put_offload(out, offset, len, o);
}

/* Headers of buffers that were just handed over. */
static void change(struct guest *g, const uint64_t *offset, unsigned int count)
{
	for (unsigned int i = 0; i < 64 * count; i++) {
		uint64_t dice = any(g);

		g->receive.at[offset[dice % count] + IP_AT +
			      (dice >> 8) % (HEADERS - IP_AT)] ^=
			(uint8_t)(dice >> 16);
	}
}

static void send_segments(struct guest *g, struct queue_producer *out,
			  struct queue_consumer *in)
{
	uint64_t offset[BATCH];
	unsigned int count = 0;

	while (count < BATCH && queue_room(out) > 0 && queue_pending(in) > 0) {
		uint64_t at = queue_peek(in, 0).io_or_offset;

		queue_release(in, 1);
		offset[count++] = at;
		put_segment(g, out, at);
	}
	queue_publish(out);
	ring(g);
	if (count > 0 && any(g) & 1)
		change(g, offset, count);
}

void offloads(struct guest *g)
{
	struct queue_producer rx_active, tx_free;
	struct queue_consumer rx_free, tx_active;

	queue_producer_init(&rx_active, g->queue[RX_ACTIVE], g->capacity);
	queue_consumer_init(&rx_free, g->queue[RX_FREE], g->capacity);
	queue_producer_init(&tx_free, g->queue[TX_FREE], g->capacity);
	queue_consumer_init(&tx_active, g->queue[TX_ACTIVE], g->capacity);
	for (;;) {
		send_segments(g, &rx_active, &rx_free);
		/* What comes goes back, as it should. */
		while (queue_pending(&tx_active) > 0) {
			queue_put(&tx_free,
				  queue_peek(&tx_active, 0).io_or_offset, 0);
			queue_release(&tx_active, 1);
		}
		queue_publish(&tx_free);
	}
}
