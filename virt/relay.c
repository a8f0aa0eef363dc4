/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The relay trusts no descriptor.
 *
 * owner[] records each buffer's holder (us, the driver, the switch) and, for
 * exact counters, which sides have had it since their link came up.  A
 * descriptor only *requests* a move from its sender to the next holder; if its
 * sender does not hold the buffer, nothing moves.  So the number of buffers is
 * constant whatever either side writes, and a queue that can hold all of them
 * never overflows.
 *
 * Between two calls only our own index of a peer's queue is kept.
 */
#include "virt/relay.h"

#include "virt/cache.h"

/* owner[]: the low bits are a side or HOME, the others flags. */
#define OWNER_HOME ((uint8_t)NET_VIRT_SIDES)
#define OWNER_MASK 3u
#define HAD(side) ((uint8_t)(4u << (side)))

/* No such buffer. */
#define NO_BUFFER (-1)

static const char *const keys[] = {
#define KEY(symbol, key, text) #key,
	NET_VIRT_REASONS(KEY)
#undef KEY
};

static const char *const texts[] = {
#define TEXT(symbol, key, text) text,
	NET_VIRT_REASONS(TEXT)
#undef TEXT
};

const char *net_virt_reason_key(enum net_virt_reason reason)
{
	return (unsigned int)reason < NET_VIRT_REASON_COUNT ? keys[reason]
							    : "unknown";
}

const char *net_virt_reason_text(enum net_virt_reason reason)
{
	return (unsigned int)reason < NET_VIRT_REASON_COUNT ? texts[reason]
							    : "unknown";
}

/* --- ownership ---------------------------------------------------------- */

static void refuse(struct relay *r, enum net_virt_side side,
		   enum net_virt_reason why)
{
	r->stats->side[side].refused[why]++;
}

static unsigned int owner_of(const struct relay *r, uint32_t index)
{
	return r->owner[index] & OWNER_MASK;
}

static void give(struct relay *r, uint32_t index, unsigned int to)
{
	unsigned int had = r->owner[index] & ~OWNER_MASK;

	if (to == OWNER_HOME) {
		r->home[r->homes++] = (uint16_t)index;
	} else {
		had |= HAD(to);
		r->peer[to].lent++;
	}
	r->owner[index] = (uint8_t)(had | to);
}

/* The reason if a side returns a buffer that it does not hold. */
static enum net_virt_reason misreturn(const struct relay *r,
				      enum net_virt_side side, uint32_t index)
{
	if (r->owner[index] & HAD(side))
		return NET_VIRT_RETURNED_TWICE;
	if (owner_of(r, index) != OWNER_HOME)
		return NET_VIRT_WRONG_OWNER;
	return NET_VIRT_NEVER_LENT;
}

/*
 * Take the buffer of a descriptor from a side.  Returns its index, which has no
 * holder until it is handed over, or NO_BUFFER.
 */
static int take(struct relay *r, enum net_virt_side side,
		const struct net_desc *d)
{
	/* An address below the base wraps to a huge offset. */
	uint64_t offset = d->io_or_offset - r->peer[side].base;
	uint64_t index = offset >> r->shift;

	if (index >= r->buffers || (offset & (r->buffer_size - 1)) != 0) {
		refuse(r, side, NET_VIRT_BAD_OFFSET);
		return NO_BUFFER;
	}
	if (owner_of(r, (uint32_t)index) != side) {
		refuse(r, side, misreturn(r, side, (uint32_t)index));
		return NO_BUFFER;
	}
	r->peer[side].lent--;
	return (int)index;
}

/* Hand a buffer to a side that has room for it. */
static void hand_over(struct relay *r, enum net_virt_side side, uint32_t index,
		      uint16_t len)
{
	struct relay_peer *p = &r->peer[side];

	queue_put(&p->out, p->base + ((uint64_t)index << r->shift), len);
	give(r, index, side);
	p->dirty = true;
}

/* --- links -------------------------------------------------------------- */

static bool is_up(const struct relay *r, enum net_virt_side side)
{
	return r->peer[side].state == NET_VIRT_UP;
}

static void set_state(struct relay *r, enum net_virt_side side,
		      enum net_virt_state state)
{
	r->peer[side].state = state;
	r->stats->side[side].state = state;
}

/* It keeps its buffers until its epoch changes: it may still write to them. */
static void fault(struct relay *r, enum net_virt_side side)
{
	set_state(r, side, NET_VIRT_FAULT);
	r->stats->side[side].faults++;
}

/* Its queues are empty now: take its buffers back. */
static void take_back(struct relay *r, enum net_virt_side side)
{
	for (uint32_t i = 0; i < r->buffers; i++) {
		if (owner_of(r, i) == side)
			give(r, i, OWNER_HOME);
		r->owner[i] &= (uint8_t)~HAD(side);
	}
	r->peer[side].lent = 0;
	r->peer[side].dirty = false;
}

static void notice_link(struct relay *r, enum net_virt_side side)
{
	struct relay_peer *p = &r->peer[side];
	uint32_t epoch = link_epoch(p->link);

	if (epoch == p->epoch)
		return;
	take_back(r, side);
	queue_producer_init(&p->out, p->out.shared, p->out.capacity);
	queue_consumer_init(&p->in, p->in.shared, p->in.capacity);
	set_state(r, side, link_is_up(epoch) ? NET_VIRT_UP : NET_VIRT_DOWN);
	p->epoch = epoch;
	/* After the last access to the old queues: the monitor may zero them
	 * once it sees this. */
	__atomic_store_n(&r->stats->side[side].epoch, epoch, __ATOMIC_RELEASE);
}

/* --- moving buffers ----------------------------------------------------- */

/* Descriptors a side has for us; 0 if it is down or now found at fault. */
static unsigned int pending(struct relay *r, enum net_virt_side side)
{
	int n = is_up(r, side) ? queue_pending(&r->peer[side].in) : 0;

	if (n == QUEUE_FAULT) {
		fault(r, side);
		return 0;
	}
	return (unsigned int)n;
}

/* Descriptors a side has room for; 0 if it is down or now found at fault. */
static unsigned int room(struct relay *r, enum net_virt_side side)
{
	int n = is_up(r, side) ? queue_room(&r->peer[side].out) : 0;

	if (n == QUEUE_FAULT) {
		fault(r, side);
		return 0;
	}
	return (unsigned int)n;
}

static unsigned int within_budget(unsigned int n)
{
	return n < NET_VIRT_BUDGET ? n : NET_VIRT_BUDGET;
}

/* Empty buffers come home from the sink. */
static bool collect(struct relay *r)
{
	struct queue_consumer *in = &r->peer[r->sink].in;
	unsigned int n = pending(r, r->sink);
	unsigned int todo = within_budget(n);

	for (unsigned int i = 0; i < todo; i++) {
		struct net_desc d = queue_peek(in, i);
		int index = take(r, r->sink, &d);

		if (index != NO_BUFFER)
			give(r, (uint32_t)index, OWNER_HOME);
	}
	if (todo)
		queue_release(in, todo);
	return n > todo;
}

/*
 * Cache maintenance after the device has written a frame, or before it reads
 * one.  cache_sync() follows, once for many.
 */
static void maintain(struct relay *r, uint32_t index, size_t len)
{
	uint8_t *start = r->data + ((size_t)index << r->shift);

	if (r->source == NET_VIRT_DRIVER)
		cache_invalidate(start, len);
	else
		cache_clean(start, len);
	r->unsynced = true;
}

/*
 * One filled buffer from the source: on to the sink, or home.  @space: how many
 * more the sink takes.  Returns whether the sink got it.
 */
static bool pass_on(struct relay *r, const struct net_desc *d,
		    unsigned int space)
{
	int taken = take(r, r->source, d);
	uint32_t index = (uint32_t)taken;

	if (taken == NO_BUFFER)
		return false;
	if (d->len != 0 && d->len <= r->buffer_size && space != 0) {
		maintain(r, index, d->len);
		hand_over(r, r->sink, index, d->len);
		r->stats->frames++;
		r->stats->bytes += d->len;
		return true;
	}
	if (d->len == 0 || d->len > r->buffer_size)
		refuse(r, r->source, NET_VIRT_BAD_LENGTH);
	else if (is_up(r, r->sink))
		refuse(r, r->sink, NET_VIRT_NO_ROOM);
	else
		refuse(r, r->sink, NET_VIRT_PEER_DOWN);
	give(r, index, OWNER_HOME);
	return false;
}

/* Filled buffers go from the source to the sink. */
static bool forward(struct relay *r)
{
	struct queue_consumer *in = &r->peer[r->source].in;
	unsigned int n = pending(r, r->source);
	unsigned int todo = within_budget(n);
	unsigned int space = todo ? room(r, r->sink) : 0;

	for (unsigned int i = 0; i < todo; i++) {
		struct net_desc d = queue_peek(in, i);

		if (pass_on(r, &d, space))
			space--;
	}
	if (todo)
		queue_release(in, todo);
	return n > todo;
}

/*
 * Lend the buffers at home to the source.  A buffer lent to a driver for the
 * first time may have lines in the cache that were written before it was a
 * buffer (when the region was zeroed); written back later, they would overwrite
 * what the device put there.
 */
static void lend(struct relay *r)
{
	unsigned int n = r->homes ? room(r, r->source) : 0;

	for (; n > 0 && r->homes > 0; n--) {
		uint32_t index = r->home[--r->homes];

		if (r->source == NET_VIRT_DRIVER &&
		    !(r->owner[index] & HAD(NET_VIRT_DRIVER)))
			maintain(r, index, r->buffer_size);
		hand_over(r, r->source, index, 0);
	}
}

/* --- what the virtualisers call ----------------------------------------- */

bool relay_run(struct relay *r, unsigned int *ring)
{
	bool more;

	notice_link(r, r->source);
	notice_link(r, r->sink);
	more = collect(r);
	more |= forward(r);
	lend(r);

	if (r->unsynced)
		cache_sync();
	r->unsynced = false;
	for (unsigned int i = 0; i < NET_VIRT_SIDES; i++) {
		struct relay_peer *p = &r->peer[i];

		if (!p->dirty)
			continue;
		queue_publish(&p->out);
		if (queue_must_notify(&p->out))
			*ring |= 1u << i;
		p->dirty = false;
	}
	return more;
}

static bool arm_side(struct relay *r, enum net_virt_side side)
{
	struct queue_consumer *in = &r->peer[side].in;
	int n;

	if (!is_up(r, side))
		return false;
	n = queue_arm(in);
	if (n == QUEUE_FAULT)
		fault(r, side);
	if (n > 0)
		queue_disarm(in);
	return n > 0;
}

/*
 * Frames always wake us.  Empty buffers do so only when the source begins to
 * run out of them: until then they are collected when the next frame comes,
 * which saves a wake-up per batch.
 */
bool relay_arm(struct relay *r)
{
	bool low = is_up(r, r->source) &&
		   r->peer[r->source].lent < (r->buffers + 1) / 2;
	bool came = arm_side(r, r->source);

	if (low)
		came |= arm_side(r, r->sink);
	else if (is_up(r, r->sink))
		queue_disarm(&r->peer[r->sink].in);
	return came;
}

/* --- making one --------------------------------------------------------- */

static bool power_of_two(uint32_t n)
{
	return n != 0 && (n & (n - 1)) == 0;
}

static bool queues_ok(const struct net_virt_queues *q)
{
	return q->active != NULL && q->free != NULL &&
	       queue_capacity_ok(q->capacity);
}

static bool region_ok(const struct net_virt_config *c)
{
	size_t line = cache_line();
	size_t buffers;

	if (!power_of_two(c->buffer_size) ||
	    c->buffer_size < NET_VIRT_MIN_BUFFER ||
	    c->buffer_size > NET_VIRT_MAX_BUFFER)
		return false;
	buffers = c->data_size / c->buffer_size;
	/* Two buffers must not share a cache line. */
	return c->data != NULL && buffers > 0 &&
	       c->data_size % c->buffer_size == 0 &&
	       buffers <= c->driver.capacity && buffers <= c->sw.capacity &&
	       c->buffer_size % line == 0 && (uintptr_t)c->data % line == 0;
}

static bool config_ok(const struct net_virt_config *c)
{
	if (!queues_ok(&c->driver) || !queues_ok(&c->sw) || !region_ok(c))
		return false;
	switch (c->addresses) {
	case NET_VIRT_OFFSET:
		return true;
	case NET_VIRT_IO:
		return c->io <= UINT64_MAX - c->data_size;
	}
	return false;
}

size_t relay_size(const struct net_virt_config *config)
{
	if (!config_ok(config))
		return 0;
	return sizeof(struct relay) +
	       config->data_size / config->buffer_size * (sizeof(uint16_t) + 1);
}

static void init_peer(struct relay *r, enum net_virt_side side,
		      const struct net_virt_queues *q)
{
	bool source = side == r->source;
	struct relay_peer *p = &r->peer[side];

	queue_producer_init(&p->out, source ? q->free : q->active, q->capacity);
	queue_consumer_init(&p->in, source ? q->active : q->free, q->capacity);
	p->link = q->link;
}

bool relay_init(struct relay *r, size_t size,
		const struct net_virt_config *config, enum net_virt_side source)
{
	size_t need = relay_size(config);

	if (need == 0 || size < need)
		return false;
	*r = (struct relay){
		.source = source,
		.sink = source == NET_VIRT_DRIVER ? NET_VIRT_SWITCH
						  : NET_VIRT_DRIVER,
		.data = config->data,
		.buffer_size = config->buffer_size,
		.buffers = (uint32_t)(config->data_size / config->buffer_size),
		.home = (uint16_t *)(r + 1),
	};
	r->shift = (uint32_t)__builtin_ctz(r->buffer_size);
	r->owner = (uint8_t *)(r->home + r->buffers);
	init_peer(r, NET_VIRT_DRIVER, &config->driver);
	init_peer(r, NET_VIRT_SWITCH, &config->sw);
	if (config->addresses == NET_VIRT_IO)
		r->peer[NET_VIRT_DRIVER].base = config->io;

	/* From the top, so that buffer 0 is lent first. */
	for (uint32_t i = r->buffers; i > 0; i--) {
		r->owner[i - 1] = 0;
		give(r, i - 1, OWNER_HOME);
	}
	r->stats = config->stats ? config->stats : &r->own;
	*r->stats = (struct net_virt_stats){ .magic = NET_VIRT_STATS_MAGIC };
	return true;
}
