/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A visit: take frames from a port's ingress queue, a batch at a time.
 *
 * This code is the first to touch what a sender wrote.  Each descriptor is
 * copied once and the copy is checked.  The first bytes of each frame, as many
 * as the port's policy looks at, are copied once too, and are never read from
 * the sender's memory again.
 *
 * The sender's buffers go back when the batch is done: all it sent, in order,
 * delivered or not, except those that do not exist (a descriptor off the region
 * or off a boundary names no buffer).  A client that sends a buffer twice gets
 * it back twice.  The free queue holds every buffer there is, so only a client
 * that does not empty it, or that multiplies buffers, can find it full; what
 * does not fit then is lost to it, and counted.
 */
#include "vswitch/segment.h"
#include "vswitch/vswitch_impl.h"

/*
 * Pass 1: descriptors.  All is worked on in locals: the compiler cannot know
 * that what is written to shared memory is not the port.
 * @roomy: the free queue has room for all of them
 * @offloads: the port has them
 */
static FAST_PATH void take(struct vswitch *sw, struct port *p,
			   unsigned int count, bool roomy, bool offloads)
{
	volatile struct net_desc *active = p->in_active.shared->desc;
	volatile struct net_desc *free = p->in_free.shared->desc;
	const uint32_t ring = (p->in_active.capacity - 1u) * QUEUE_STEP;
	uint32_t head = p->in_active.head * QUEUE_STEP;
	uint32_t tail = p->in_free.tail * QUEUE_STEP;
	const uint64_t size = p->in_size, mask = p->in_mask;
	const uint8_t *data = p->in_data;
	const uint32_t first = tail, full = tail + p->in_room * QUEUE_STEP;
	uint64_t bytes = 0;
	uint32_t lost = 0;
	const uint32_t max = p->out.max_frame;
	const uint32_t usual = max < WORK_LONG ? max : WORK_LONG - 1;
	const struct job *end = sw->job + count;

	for (struct job *job = sw->job; job < end; job++) {
		volatile struct net_desc *slot = queue_slot(active, head, ring);
		const struct net_desc d = offloads ? queue_read_offload(slot)
						   : queue_read(slot);

		head += QUEUE_STEP;
		job->frame.len = d.len;
		job->odd = 0;
		if (unlikely(d.io_or_offset >= size) ||
		    unlikely(d.io_or_offset & mask)) {
			job->refused = REASON_BAD_BUFFER;
			continue;
		}
		if (unlikely(d.len - FRAME_MIN > usual - FRAME_MIN))
			judge_length(job, max);
		if (offloads && offload_any(queue_offload(&d)))
			segment_note(job, queue_offload(&d), &p->out);
		job->data = data + d.io_or_offset;
		__builtin_prefetch(job->data);
		bytes += d.len;
		if (!roomy && tail == full) {
			lost++;
			continue;
		}
		queue_fill(queue_slot(free, tail, ring), d.io_or_offset, 0);
		tail += QUEUE_STEP;
	}
	p->in_free.tail = (uint16_t)(tail / QUEUE_STEP);
	p->in_room -= (tail - first) / QUEUE_STEP;
	p->count.in_bytes += bytes;
	sw->lost = lost;
}

static void take_descriptors(struct vswitch *sw, struct port *p,
			     unsigned int count)
{
	if (WITH_OFFLOADS && unlikely(p->out.offload))
		take(sw, p, count, false, true);
	else if (likely(p->in_room >= count))
		take(sw, p, count, true, false);
	else
		take(sw, p, count, false, false);
}

/*
 * Frames that the visit has no more work for: they stay where they are, and the
 * next visit reads them again.  Nothing of them was published.
 */
static void leave(struct vswitch *sw, struct port *p, unsigned int first,
		  unsigned int count)
{
	for (unsigned int i = count; i-- > first;) {
		const struct job *job = &sw->job[i];

		if (job->refused == REASON_BAD_BUFFER)
			continue;
		p->count.in_bytes -= job->frame.len;
		/* Those without room in the free queue were the last. */
		if (sw->lost > 0) {
			sw->lost--;
			continue;
		}
		p->in_free.tail--;
		p->in_room++;
	}
}

/* The bytes of a word that belong to a frame that ends in it. */
static uint64_t head_of_word(uint64_t word, unsigned int bytes)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return word & ((1ull << 8 * bytes) - 1);
#else
	return word & ~(~0ull >> 8 * bytes);
#endif
}

/* A frame shorter than FRAME_SNAP: what lies behind it is not its own. */
static void zero_behind(struct frame *f)
{
	unsigned int last = f->len / 8u;

	f->snap = f->len;

	f->words[last] = head_of_word(f->words[last], f->len % 8u);
	while (++last < FRAME_SNAP / 8)
		f->words[last] = 0;
}

_Static_assert(VSWITCH_MIN_BUFFER >= FRAME_SNAP, "snapshots stay in buffers");
_Static_assert(FRAME_SNAP == 8 * sizeof(uint64_t), "all words are read");
_Static_assert(VSWITCH_MIN_BUFFER % 8 == 0, "a frame's last word is in its "
					    "buffer");

/* The rest of a snapshot that is longer than usual, up to the frame's end. */
static void snapshot_deep(struct frame *f, const volatile uint64_t *from,
			  unsigned int snap)
{
	unsigned int end = f->len < snap ? f->len : snap;

	for (unsigned int i = FRAME_SNAP / 8; i < (end + 7u) / 8; i++)
		f->words[i] = from[i];
	f->snap = (uint16_t)end;
}

/* Two words, read at once where the processor can. */
typedef uint64_t pair __attribute__((vector_size(16), aligned(8), may_alias));

/*
 * Read the start of a frame, each byte once, also behind the end of a short
 * one: a buffer is longer than a snapshot of the usual length, and longer ones
 * end with the frame's last word.
 * @simple: that is all for a frame of so many bytes
 */
static inline void snapshot(struct frame *f, const uint8_t *data,
			    unsigned int snap, unsigned int simple)
{
	const volatile uint64_t *from = (const volatile uint64_t *)data;
	const volatile pair *wide = (const volatile pair *)data;
	pair a = wide[0], b = wide[1], c = wide[2], d = wide[3];
	pair *to = (pair *)f->words;

	to[0] = a;
	to[1] = b;
	to[2] = c;
	to[3] = d;
	f->snap = FRAME_SNAP;
	if (likely(f->len >= simple))
		return;
	if (f->len < FRAME_SNAP)
		zero_behind(f);
	else
		snapshot_deep(f, from, snap);
}

/* A frame with offload data: all its headers are needed. */
static void take_segment(struct vswitch *sw, const struct fdb_hash *hash,
			 unsigned int src, bool tagged, struct job *job)
{
	snapshot(&job->frame, job->data, FRAME_SNAP_MAX, UINT16_MAX + 1);
	job_parse(sw, hash, src, tagged, job);
	segment_judge(job);
}

/* Pass 2: headers.  @offloads: the port has them */
static FAST_PATH void take_headers(struct vswitch *sw, unsigned int src,
				   unsigned int count, bool offloads)
{
	const struct fdb_hash hash = sw->fdb->hash;
	unsigned int snap = sw->policy->snap[src];
	unsigned int simple = snap > FRAME_SNAP ? UINT16_MAX + 1 : FRAME_SNAP;
	bool tagged = bit_in(policy_tagged(sw->policy), src);
	const struct job *end = sw->job + count;

	for (struct job *job = sw->job; job < end; job++) {
		if (unlikely(job->refused))
			continue;
		if (offloads && job->offload) {
			take_segment(sw, &hash, src, tagged, job);
		} else {
			snapshot(&job->frame, job->data, snap, simple);
			job_parse(sw, &hash, src, tagged, job);
		}
		fdb_spot_prefetch(job->from);
		fdb_spot_prefetch(job->to);
	}
}

/* What the last batch went to, the next one likely goes to. */
static void prefetch_receivers(const struct vswitch *sw)
{
	if (bit_single(sw->warm)) {
		const struct port *p = &sw->port[bit_first(sw->warm)];

		__builtin_prefetch(p->out_free.shared);
		__builtin_prefetch(p->out_active.shared);
	}
}

/* Return: how many of @count frames were taken, at least one. */
static unsigned int batch(struct vswitch *sw, unsigned int number,
			  unsigned int count)
{
	struct port *p = &sw->port[number];
	unsigned int taken;

	prefetch_receivers(sw);
	take_descriptors(sw, p, count);
	if (WITH_OFFLOADS && unlikely(p->out.offload))
		take_headers(sw, number, count, true);
	else
		take_headers(sw, number, count, false);
	taken = forward_batch(sw, number, count);
	if (unlikely(taken < count))
		leave(sw, p, taken, count);
	if (unlikely(sw->lost)) {
		p->count.unreturned += sw->lost;
		stat_show(&p->shown->unreturned, p->count.unreturned);
	}
	port_publish(sw);
	queue_release(&p->in_active, taken);
	queue_publish(&p->in_free);
	sw->ring_in |= bit(number);
	stat_show(&p->shown->in_frames, p->count.in_frames);
	stat_show(&p->shown->in_bytes, p->count.in_bytes);
	return taken;
}

/* Frames will be looked for again without being announced. */
static void wake(struct vswitch *sw, unsigned int number)
{
	if (bit_in(sw->armed, number)) {
		sw->armed &= ~bit(number);
		queue_disarm(&sw->port[number].in_active);
	}
}

/*
 * Frames that are looked at and then left would be looked at twice.  Where work
 * ended a batch, the next one is only as large, until a visit has some to
 * spare.
 */
static unsigned int next_batch(struct vswitch *sw, unsigned int number,
			       unsigned int pending)
{
	struct port *p = &sw->port[number];
	unsigned int count = p->pace, taken;

	if (sw->quota < count)
		count = sw->quota;
	if (pending < count)
		count = pending;
	taken = batch(sw, number, count);
	sw->quota -= taken < sw->quota ? taken : sw->quota;
	if (unlikely(taken < count))
		p->pace = (uint8_t)taken;
	else if (sw->quota > 0)
		p->pace = VSWITCH_BATCH;
	return taken;
}

bool visit(struct vswitch *sw, unsigned int number)
{
	struct port *p = &sw->port[number];
	int pending, room;

	port_check_link(sw, number);
	if (!bit_in(sw->receivers, number))
		return false;
	pending = queue_pending(&p->in_active);
	if (likely(pending == 0))
		return false;
	room = queue_room(&p->in_free);
	if (unlikely(pending < 0 || room < 0)) {
		port_fault(sw, number);
		return false;
	}
	wake(sw, number);
	p->in_room = (uint32_t)room;
	sw->quota = VSWITCH_BUDGET;
	sw->spent = 0;
	while (pending > 0 && sw->quota > 0)
		pending -= (int)next_batch(sw, number, (unsigned int)pending);
	return pending > 0;
}
