/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A capture as a Microkit PD: what a capture port gets goes into a ring in
 * memory (ring.h), of which other PDs read the latest records.
 *
 * A record is checked although the switch wrote it: its length must be that of
 * its descriptor.
 */
#include "base/mem.h"
#include "vmm/microkit/client.h"
#include "vmm/microkit/ring.h"
#include "vswitch/capture.h"

/* Records taken at once. */
#define BURST 32u

/* What init() sets.  @client: NULL: nothing to do. */
static struct {
	const struct mk_capture *cfg;
	struct net_client *client;
	struct mk_ring *ring;
	uint8_t *bytes;
	uint64_t size;
	uint64_t at;
	uint64_t bad;
} self;

/* Room for the longest record must be there several times. */
static bool make_ring(void)
{
	const struct mk_region *r = &self.cfg->ring;
	uint64_t size = r->size - MK_RING_PAGE;

	if (r->size <= MK_RING_PAGE || (size & (size - 1)) != 0 ||
	    size / 4 < self.cfg->wire.buffer_size) {
		mk_say("the ring must be a page and a power of two of bytes, "
		       "at least four buffers",
		       NULL);
		return false;
	}
	self.ring = mk_at(r->addr);
	self.bytes = (uint8_t *)mk_at(r->addr) + MK_RING_PAGE;
	self.size = size;
	self.at = 0;
	self.bad = 0;
	self.ring->size = size;
	atomic_store(&self.ring->writing, 0);
	atomic_store(&self.ring->written, 0);
	atomic_store(&self.ring->bad, 0);
	atomic_thread_fence(memory_order_release);
	self.ring->magic = MK_RING_MAGIC;
	return true;
}

/* Announce that as many bytes from here on are overwritten; where they are. */
static void *claim(uint64_t bytes)
{
	atomic_store_explicit(&self.ring->writing, self.at + bytes,
			      memory_order_relaxed);
	atomic_thread_fence(memory_order_seq_cst);
	return self.bytes + (self.at & (self.size - 1));
}

static void publish(uint64_t bytes)
{
	self.at += bytes;
	atomic_store_explicit(&self.ring->written, self.at,
			      memory_order_release);
}

/* What is left before the end of the ring, if a record does not fit there. */
static void skip_to_start(uint64_t bytes)
{
	uint64_t left = self.size - (self.at & (self.size - 1));
	uint32_t *filler;

	if (bytes <= left)
		return;
	/* A filler has a length and @len 0: two words, which always fit. */
	filler = claim(left);
	filler[0] = (uint32_t)left;
	filler[1] = 0;
	publish(left);
}

static void write_record(const struct net_buffer *b)
{
	struct mk_ring_record head;
	uint64_t bytes;
	uint8_t *to;

	if (b->len >= CAPTURE_HEADROOM)
		memcpy(&head.record, b->data, sizeof(head.record));
	if (b->len <= CAPTURE_HEADROOM ||
	    head.record.len != b->len - CAPTURE_HEADROOM) {
		atomic_store_explicit(&self.ring->bad, ++self.bad,
				      memory_order_relaxed);
		return;
	}
	head.len = head.record.len;
	bytes = (sizeof(head) + head.len + 7) & ~7ull;
	head.bytes = (uint32_t)bytes;
	skip_to_start(bytes);
	to = claim(bytes);
	memcpy(to, &head, sizeof(head));
	memcpy(to + sizeof(head), b->data + CAPTURE_HEADROOM, head.len);
	publish(bytes);
}

static void serve(void)
{
	struct net_buffer b[BURST];
	uint64_t before = self.at;
	unsigned int n;

	do {
		while ((n = net_rx_burst(self.client, b, BURST)) > 0) {
			for (unsigned int i = 0; i < n; i++)
				write_record(&b[i]);
			net_rx_release(self.client, b, n);
		}
		if (net_client_must_notify(self.client))
			mk_notify(self.cfg->wire.channel);
	} while (net_client_arm(self.client, true, false));
	if (self.at != before)
		mk_notify(self.cfg->reader_channel);
}

void init(void)
{
	self.client = NULL;
	self.cfg = mk_config(MK_CAPTURE, sizeof(*self.cfg));
	if (self.cfg == NULL || !make_ring())
		return;
	self.client = mk_client_new(&self.cfg->wire, &self.cfg->memory);
	if (self.client != NULL)
		serve();
}

void notified(microkit_channel ch)
{
	(void)ch;
	if (self.client != NULL)
		serve();
}
