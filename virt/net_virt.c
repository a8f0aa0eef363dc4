/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network virtualisers: see net_virt.h.  They trust no descriptor.
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
#include "virt/net_virt.h"

#include "virt/cache.h"

/* One side. */
struct peer {
	struct queue_producer out;    /* what we give to it */
	struct queue_consumer in;     /* what it gives to us */
	const struct link_page *link; /* or NULL */
	uint64_t base;		      /* what this side calls offset 0 */
	/* as in its statistics */
	enum net_virt_state state;
	uint32_t epoch;
	uint32_t lent; /* buffers it holds */
	/* put on @out since it was last asked whether it wants a ring */
	bool dirty;
};

/* A virtualiser. */
struct net_virt {
	struct peer peer[NET_VIRT_SIDES]; /* by enum net_virt_side */
	enum net_virt_side source;	  /* which of them fills buffers */
	enum net_virt_side sink;	  /* the other one */
	/* see struct net_virt_config */
	uint8_t *data;
	uint32_t buffer_size;
	uint32_t shift;	  /* logarithm of @buffer_size */
	uint32_t buffers; /* how many there are */
	uint32_t homes;	  /* how many we hold */
	/* which; a stack, so that a warm buffer is used again soon */
	uint16_t *home;
	uint8_t *owner; /* by buffer: its holder, and HAD() flags */
	bool unsynced;	/* cache operations are under way */
	bool offload;	/* descriptors carry offload data */
	struct net_virt_stats *stats; /* @own, or the region */
	struct net_virt_stats own;    /* statistics nobody else sees */
};

/* owner[]: the low bits are a side or HOME, the others flags. */
#define OWNER_HOME ((uint8_t)NET_VIRT_SIDES)
#define OWNER_MASK 3u
#define HAD(side) ((uint8_t)(4u << (side)))

/* No such buffer. */
#define NO_BUFFER (-1)

#define KEY(symbol, key, text) #key,
#define TEXT(symbol, key, text) text,

const char *net_virt_reason_key(enum net_virt_reason reason)
{
	static const char *const keys[] = { NET_VIRT_REASONS(KEY) };

	return (unsigned int)reason < NET_VIRT_REASON_COUNT ? keys[reason]
							    : "unknown";
}

const char *net_virt_reason_text(enum net_virt_reason reason)
{
	static const char *const texts[] = { NET_VIRT_REASONS(TEXT) };

	return (unsigned int)reason < NET_VIRT_REASON_COUNT ? texts[reason]
							    : "unknown";
}

/* --- ownership ---------------------------------------------------------- */

static void refuse(struct net_virt *v, enum net_virt_side side,
		   enum net_virt_reason why)
{
	v->stats->side[side].refused[why]++;
}

static unsigned int owner_of(const struct net_virt *v, uint32_t index)
{
	return v->owner[index] & OWNER_MASK;
}

static void give(struct net_virt *v, uint32_t index, unsigned int to)
{
	unsigned int had = v->owner[index] & ~OWNER_MASK;

	if (to == OWNER_HOME) {
		v->home[v->homes++] = (uint16_t)index;
	} else {
		had |= HAD(to);
		v->peer[to].lent++;
	}
	v->owner[index] = (uint8_t)(had | to);
}

/* The reason if a side returns a buffer that it does not hold. */
static enum net_virt_reason misreturn(const struct net_virt *v,
				      enum net_virt_side side, uint32_t index)
{
	if (v->owner[index] & HAD(side))
		return NET_VIRT_RETURNED_TWICE;
	if (owner_of(v, index) != OWNER_HOME)
		return NET_VIRT_WRONG_OWNER;
	return NET_VIRT_NEVER_LENT;
}

/*
 * Take the buffer of a descriptor from a side.  Returns its index, which has no
 * holder until it is handed over, or NO_BUFFER.
 */
static int take(struct net_virt *v, enum net_virt_side side,
		const struct net_desc *d)
{
	/* An address below the base wraps to a huge offset. */
	uint64_t offset = d->io_or_offset - v->peer[side].base;
	uint64_t index = offset >> v->shift;

	if (index >= v->buffers || (offset & (v->buffer_size - 1)) != 0) {
		refuse(v, side, NET_VIRT_BAD_OFFSET);
		return NO_BUFFER;
	}
	if (owner_of(v, (uint32_t)index) != side) {
		refuse(v, side, misreturn(v, side, (uint32_t)index));
		return NO_BUFFER;
	}
	v->peer[side].lent--;
	return (int)index;
}

/* Hand a buffer to a side that has room for it; @o: of the frame in it. */
static void hand_over(struct net_virt *v, enum net_virt_side side,
		      uint32_t index, uint16_t len, struct offload o)
{
	struct peer *p = &v->peer[side];

	queue_put_offload(&p->out, p->base + ((uint64_t)index << v->shift), len,
			  o);
	give(v, index, side);
	p->dirty = true;
}

/* --- links -------------------------------------------------------------- */

static bool is_up(const struct net_virt *v, enum net_virt_side side)
{
	return v->peer[side].state == NET_VIRT_UP;
}

static void set_state(struct net_virt *v, enum net_virt_side side,
		      enum net_virt_state state)
{
	v->peer[side].state = state;
	v->stats->side[side].state = state;
}

/* It keeps its buffers until its epoch changes: it may still write to them. */
static void fault(struct net_virt *v, enum net_virt_side side)
{
	set_state(v, side, NET_VIRT_FAULT);
	v->stats->side[side].faults++;
}

/* Its queues are empty now: take its buffers back. */
static void take_back(struct net_virt *v, enum net_virt_side side)
{
	for (uint32_t i = 0; i < v->buffers; i++) {
		if (owner_of(v, i) == side)
			give(v, i, OWNER_HOME);
		v->owner[i] &= (uint8_t)~HAD(side);
	}
	v->peer[side].lent = 0;
	v->peer[side].dirty = false;
}

static void notice_link(struct net_virt *v, enum net_virt_side side)
{
	struct peer *p = &v->peer[side];
	uint32_t epoch = link_epoch(p->link);

	if (epoch == p->epoch)
		return;
	take_back(v, side);
	queue_producer_init(&p->out, p->out.shared, p->out.capacity);
	queue_consumer_init(&p->in, p->in.shared, p->in.capacity);
	set_state(v, side, link_is_up(epoch) ? NET_VIRT_UP : NET_VIRT_DOWN);
	p->epoch = epoch;
	/* Last: once it sees this, the monitor may zero the old queues. */
	__atomic_store_n(&v->stats->side[side].epoch, epoch, __ATOMIC_RELEASE);
}

/* --- moving buffers ----------------------------------------------------- */

/* A queue's answer; 0 if its side is now found at fault. */
static unsigned int checked(struct net_virt *v, enum net_virt_side side, int n)
{
	if (n != QUEUE_FAULT)
		return (unsigned int)n;
	fault(v, side);
	return 0;
}

/* Descriptors a side has for us. */
static unsigned int pending(struct net_virt *v, enum net_virt_side side)
{
	return is_up(v, side)
		       ? checked(v, side, queue_pending(&v->peer[side].in))
		       : 0;
}

/* Descriptors a side has room for. */
static unsigned int room(struct net_virt *v, enum net_virt_side side)
{
	return is_up(v, side) ? checked(v, side, queue_room(&v->peer[side].out))
			      : 0;
}

static unsigned int within_budget(unsigned int n)
{
	return n < NET_VIRT_BUDGET ? n : NET_VIRT_BUDGET;
}

/* Empty buffers come home from the sink. */
static bool collect(struct net_virt *v)
{
	struct queue_consumer *in = &v->peer[v->sink].in;
	unsigned int n = pending(v, v->sink);
	unsigned int todo = within_budget(n);

	for (unsigned int i = 0; i < todo; i++) {
		struct net_desc d = queue_peek(in, i);
		int index = take(v, v->sink, &d);

		if (index != NO_BUFFER)
			give(v, (uint32_t)index, OWNER_HOME);
	}
	if (todo)
		queue_release(in, todo);
	return n > todo;
}

/*
 * Cache maintenance after the device has written a frame, or before it reads
 * one.  cache_sync() follows, once for many.
 */
static void maintain(struct net_virt *v, uint32_t index, size_t len)
{
	uint8_t *start = v->data + ((size_t)index << v->shift);

	if (v->source == NET_VIRT_DRIVER)
		cache_invalidate(start, len);
	else
		cache_clean(start, len);
	v->unsynced = true;
}

/*
 * One filled buffer from the source: on to the sink, or home.  @space: how many
 * more the sink takes.  Returns whether the sink got it.
 */
static bool pass_on(struct net_virt *v, const struct net_desc *d,
		    unsigned int space)
{
	int taken = take(v, v->source, d);
	uint32_t index = (uint32_t)taken;

	if (taken == NO_BUFFER)
		return false;
	if (d->len != 0 && d->len <= v->buffer_size && space != 0) {
		maintain(v, index, d->len);
		hand_over(v, v->sink, index, d->len, queue_offload(d));
		v->stats->frames++;
		v->stats->bytes += d->len;
		return true;
	}
	if (d->len == 0 || d->len > v->buffer_size)
		refuse(v, v->source, NET_VIRT_BAD_LENGTH);
	else if (is_up(v, v->sink))
		refuse(v, v->sink, NET_VIRT_NO_ROOM);
	else
		refuse(v, v->sink, NET_VIRT_PEER_DOWN);
	give(v, index, OWNER_HOME);
	return false;
}

/* Filled buffers go from the source to the sink. */
static bool forward(struct net_virt *v)
{
	struct queue_consumer *in = &v->peer[v->source].in;
	unsigned int n = pending(v, v->source);
	unsigned int todo = within_budget(n);
	unsigned int space = todo ? room(v, v->sink) : 0;

	for (unsigned int i = 0; i < todo; i++) {
		struct net_desc d = v->offload ? queue_peek_offload(in, i)
					       : queue_peek(in, i);

		if (pass_on(v, &d, space))
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
static void lend(struct net_virt *v)
{
	unsigned int n = v->homes ? room(v, v->source) : 0;

	for (; n > 0 && v->homes > 0; n--) {
		uint32_t index = v->home[--v->homes];

		if (v->source == NET_VIRT_DRIVER &&
		    !(v->owner[index] & HAD(NET_VIRT_DRIVER)))
			maintain(v, index, v->buffer_size);
		hand_over(v, v->source, index, 0, (struct offload){ 0 });
	}
}

/* --- running ------------------------------------------------------------ */

bool net_virt_run(struct net_virt *v, unsigned int *ring)
{
	bool more;

	notice_link(v, v->source);
	notice_link(v, v->sink);
	more = collect(v);
	more |= forward(v);
	lend(v);

	if (v->unsynced)
		cache_sync();
	v->unsynced = false;
	for (unsigned int i = 0; i < NET_VIRT_SIDES; i++) {
		struct peer *p = &v->peer[i];

		if (!p->dirty)
			continue;
		queue_publish(&p->out);
		if (queue_must_notify(&p->out))
			*ring |= 1u << i;
		p->dirty = false;
	}
	return more;
}

static bool arm_side(struct net_virt *v, enum net_virt_side side)
{
	struct queue_consumer *in = &v->peer[side].in;
	unsigned int n = is_up(v, side) ? checked(v, side, queue_arm(in)) : 0;

	if (n > 0)
		queue_disarm(in);
	return n > 0;
}

/*
 * Frames always wake us.  Empty buffers do so only when the source begins to
 * run out of them: until then they are collected when the next frame comes,
 * which saves a wake-up per batch.
 */
bool net_virt_arm(struct net_virt *v)
{
	bool low = is_up(v, v->source) &&
		   v->peer[v->source].lent < (v->buffers + 1) / 2;
	bool came = arm_side(v, v->source);

	if (low)
		came |= arm_side(v, v->sink);
	else if (is_up(v, v->sink))
		queue_disarm(&v->peer[v->sink].in);
	return came;
}

/* --- making one --------------------------------------------------------- */

static bool queues_ok(const struct net_virt_queues *q)
{
	return q->active != NULL && q->free != NULL &&
	       queue_capacity_ok(q->capacity);
}

static bool region_ok(const struct net_virt_config *c)
{
	size_t line = cache_line();
	size_t buffers;

	if ((c->buffer_size & (c->buffer_size - 1)) != 0 ||
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
	return (unsigned int)c->source < NET_VIRT_SIDES &&
	       queues_ok(&c->driver) && queues_ok(&c->sw) && region_ok(c) &&
	       (c->addresses == NET_VIRT_OFFSET ||
		(c->addresses == NET_VIRT_IO &&
		 c->io <= UINT64_MAX - c->data_size));
}

size_t net_virt_size(const struct net_virt_config *config)
{
	if (!config_ok(config))
		return 0;
	return sizeof(struct net_virt) +
	       config->data_size / config->buffer_size * (sizeof(uint16_t) + 1);
}

static void init_peer(struct net_virt *v, enum net_virt_side side,
		      const struct net_virt_queues *q)
{
	bool source = side == v->source;
	struct peer *p = &v->peer[side];

	queue_producer_init(&p->out, source ? q->free : q->active, q->capacity);
	queue_consumer_init(&p->in, source ? q->active : q->free, q->capacity);
	p->link = q->link;
}

struct net_virt *net_virt_init(void *memory, size_t size,
			       const struct net_virt_config *config)
{
	size_t need = net_virt_size(config);
	struct net_virt *v = memory;

	if (need == 0 || size < need)
		return NULL;
	*v = (struct net_virt){
		.source = config->source,
		.sink = config->source == NET_VIRT_DRIVER ? NET_VIRT_SWITCH
							  : NET_VIRT_DRIVER,
		.data = config->data,
		.buffer_size = config->buffer_size,
		.offload = config->offload,
		.shift = (uint32_t)__builtin_ctz(config->buffer_size),
		.buffers = (uint32_t)(config->data_size / config->buffer_size),
		.home = (uint16_t *)(v + 1),
	};
	v->owner = (uint8_t *)(v->home + v->buffers);
	init_peer(v, NET_VIRT_DRIVER, &config->driver);
	init_peer(v, NET_VIRT_SWITCH, &config->sw);
	if (config->addresses == NET_VIRT_IO)
		v->peer[NET_VIRT_DRIVER].base = config->io;

	/* From the top, so that buffer 0 is lent first. */
	for (uint32_t i = v->buffers; i > 0; i--) {
		v->owner[i - 1] = 0;
		give(v, i - 1, OWNER_HOME);
	}
	v->stats = config->stats ? config->stats : &v->own;
	*v->stats = (struct net_virt_stats){ .magic = NET_VIRT_STATS_MAGIC };
	return v;
}

const struct net_virt_stats *net_virt_stats(const struct net_virt *v)
{
	return v->stats;
}
