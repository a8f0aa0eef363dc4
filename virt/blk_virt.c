/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The block virtualiser: see blk_virt.h.  Here: making one, links, running.
 */
#include "virt/blk_virt_impl.h"

#define KEY(symbol, key, text) #key,
#define TEXT(symbol, key, text) text,

const char *blk_virt_reason_key(enum blk_virt_reason reason)
{
	static const char *const keys[] = { BLK_VIRT_REASONS(KEY) };

	return (unsigned int)reason < BLK_VIRT_REASON_COUNT ? keys[reason]
							    : "unknown";
}

const char *blk_virt_reason_text(enum blk_virt_reason reason)
{
	static const char *const texts[] = { BLK_VIRT_REASONS(TEXT) };

	return (unsigned int)reason < BLK_VIRT_REASON_COUNT ? texts[reason]
							    : "unknown";
}

/* --- links -------------------------------------------------------------- */

void bv_fault(struct blk_virt *v, struct bv_peer *p)
{
	bv_set_state(p, BLK_VIRT_FAULT);
	p->stats->faults++;
	if (p == &v->driver)
		bv_suspend(v);
}

uint32_t bv_checked(struct blk_virt *v, struct bv_peer *p, int n)
{
	if (n != BLK_FAULT)
		return (uint32_t)n;
	bv_fault(v, p);
	return 0;
}

/* Begin with empty rings. */
static void adopt(struct bv_peer *p, uint32_t epoch)
{
	blk_ring_init(&p->requests, &p->q.requests->ring, p->q.capacity);
	blk_ring_init(&p->responses, &p->q.responses->ring, p->q.capacity);
	p->dirty = false;
	p->epoch = epoch;
	p->stats->why = BLK_PART_OK;
	bv_set_state(p, link_is_up(epoch) ? BLK_VIRT_WAITING : BLK_VIRT_DOWN);
	/* Last: once it sees this, the monitor may zero the old rings. */
	__atomic_store_n(&p->stats->epoch, epoch, __ATOMIC_RELEASE);
}

/* What the driver has not answered: ask again, or say that it failed. */
static void take_back(struct blk_virt *v)
{
	for (uint32_t i = 0; i < v->slots; i++) {
		struct bv_slot *s = &v->slot[i];
		struct bv_peer *p = &v->client[s->client].peer;

		if (s->state != BV_SENT)
			continue;
		if (!bv_is_open(p)) {
			bv_slot_free(v, s);
		} else if (v->retry) {
			s->state = BV_QUEUED;
			v->queued++;
			p->stats->retried++;
			v->driver.stats->retried++;
		} else {
			bv_slot_fail(v, s);
		}
	}
	bv_table_slot(v)->state = BV_FREE;
}

static void notice_driver(struct blk_virt *v)
{
	uint32_t epoch = link_epoch(v->driver.q.link);

	if (epoch == v->driver.epoch)
		return;
	bv_suspend(v);
	take_back(v);
	adopt(&v->driver, epoch);
}

/* A client's link has changed. */
static void leave(struct blk_virt *v, struct bv_client *c)
{
	bv_set_state(&c->peer, BLK_VIRT_DRAINING);
	blk_info_set_ready(c->peer.q.info, false);
	for (uint32_t i = 0; i < v->slots; i++)
		if (v->slot[i].state == BV_QUEUED &&
		    &v->client[v->slot[i].client] == c)
			bv_slot_free(v, &v->slot[i]);
}

static void notice_client(struct blk_virt *v, struct bv_client *c)
{
	uint32_t epoch = link_epoch(c->peer.q.link);

	if (epoch == c->peer.epoch)
		return;
	if (c->peer.state != BLK_VIRT_DRAINING)
		leave(v, c);
	/* The driver may still write to the region. */
	if (c->peer.outstanding > 0)
		return;
	c->told = (struct bv_part){ .why = BLK_PART_UNKNOWN };
	c->written = 0;
	c->flushed = 0;
	c->lost = false;
	adopt(&c->peer, epoch);
	if (c->peer.state == BLK_VIRT_WAITING)
		bv_admit(v, c);
}

/* --- running ------------------------------------------------------------ */

/* Ask the next driver what the last one has not answered. */
static void send_queued(struct blk_virt *v)
{
	uint32_t room;

	if (v->queued == 0 || !bv_is_up(&v->driver))
		return;
	room = bv_checked(v, &v->driver, blk_ring_room(&v->driver.requests));
	for (uint32_t i = 0; i < v->slots && room > 0; i++) {
		struct bv_slot *s = &v->slot[i];

		if (s->state == BV_QUEUED &&
		    bv_is_up(&v->client[s->client].peer)) {
			bv_slot_send(v, s);
			room--;
		}
	}
}

static bool serve_all(struct blk_virt *v)
{
	bool more = false;
	uint32_t i = v->turn;

	for (uint32_t n = 0; n < v->clients; n++) {
		more |= bv_serve(v, &v->client[i]);
		i = i + 1 < v->clients ? i + 1 : 0;
	}
	v->turn = v->turn + 1 < v->clients ? v->turn + 1 : 0;
	return more;
}

static void say(_Atomic(uint8_t) *flag, bool awake)
{
	if (awake)
		blk_say_awake(flag);
	else
		blk_say_asleep(flag);
}

/* Say on all rings whether we look at them by ourselves. */
static void say_awake(struct blk_virt *v, bool awake)
{
	if (bv_is_open(&v->driver))
		say(&v->driver.q.requests->client_awake, awake);
	for (uint32_t i = 0; i < v->clients; i++)
		if (bv_is_open(&v->client[i].peer))
			say(&v->client[i].peer.q.requests->server_awake, awake);
	v->armed = !awake;
}

/* Must it be notified? A full fence stands before this. */
static bool wants_ring(struct bv_peer *p, const _Atomic(uint8_t) *awake)
{
	bool ring = p->notify || (p->dirty && blk_sleeps(awake));

	p->notify = false;
	p->dirty = false;
	return ring;
}

static void publish(struct blk_virt *v, struct blk_virt_ring *ring)
{
	struct bv_peer *d = &v->driver;

	if (v->unsynced)
		cache_sync();
	v->unsynced = false;
	if (d->dirty)
		blk_ring_publish(&d->requests);
	for (uint32_t i = 0; i < v->clients; i++)
		if (v->client[i].peer.dirty)
			blk_ring_publish(&v->client[i].peer.responses);
	atomic_thread_fence(memory_order_seq_cst);
	ring->driver |= wants_ring(d, &d->q.requests->server_awake);
	for (uint32_t i = 0; i < v->clients; i++) {
		struct bv_peer *p = &v->client[i].peer;

		if (wants_ring(p, &p->q.requests->client_awake))
			ring->clients |= 1ull << i;
	}
}

bool blk_virt_run(struct blk_virt *v, struct blk_virt_ring *ring)
{
	bool more;

	if (v->armed)
		say_awake(v, true);
	notice_driver(v);
	bv_look_at_disk(v);
	more = bv_hear(v);
	for (uint32_t i = 0; i < v->clients; i++)
		notice_client(v, &v->client[i]);
	send_queued(v);
	more |= serve_all(v);
	publish(v, ring);
	return more;
}

bool blk_virt_arm(struct blk_virt *v)
{
	bool came = false;

	say_awake(v, false);
	atomic_thread_fence(memory_order_seq_cst);
	if (bv_is_open(&v->driver))
		came = bv_checked(v, &v->driver,
				  blk_ring_pending(&v->driver.responses)) > 0;
	for (uint32_t i = 0; i < v->clients && !came; i++)
		came = bv_could_serve(v, &v->client[i]);
	if (came)
		say_awake(v, true);
	return came;
}

/* --- making one --------------------------------------------------------- */

static bool queues_ok(const struct blk_virt_queues *q)
{
	return q->requests != NULL && q->responses != NULL && q->info != NULL &&
	       blk_capacity_ok(q->capacity);
}

static bool client_ok(const struct blk_virt_client_config *c, bool table)
{
	size_t line = cache_line();
	const struct blk_table_want *w = &c->part;

	if (!queues_ok(&c->queues) || c->data_size == 0 ||
	    c->data_size % BLK_SIZE != 0 ||
	    c->window > UINT64_MAX - c->data_size)
		return false;
	if (c->data == NULL ? line > 1 : (uintptr_t)c->data % line != 0)
		return false;
	if (w->name[BLK_NAME_SIZE - 1] != 0)
		return false;
	return table || (w->number == 0 && w->name[0] == 0);
}

static bool config_ok(const struct blk_virt_config *c)
{
	if (!queues_ok(&c->driver) || c->clients == 0 ||
	    c->clients > BLK_VIRT_MAX_CLIENTS ||
	    c->driver.capacity < c->clients ||
	    (uintptr_t)c->table % cache_line() != 0)
		return false;
	for (uint32_t i = 0; i < c->clients; i++)
		if (!client_ok(&c->client[i], c->table != NULL))
			return false;
	return true;
}

size_t blk_virt_size(const struct blk_virt_config *config)
{
	size_t slots;

	if (!config_ok(config))
		return 0;
	slots = config->driver.capacity;
	return sizeof(struct blk_virt) +
	       config->clients * (sizeof(struct bv_client) +
				  sizeof(struct blk_table_want)) +
	       (slots + 1) * sizeof(struct bv_slot) +
	       2 * slots * sizeof(uint16_t);
}

static void init_client(struct blk_virt *v, uint32_t index,
			const struct blk_virt_client_config *c)
{
	v->want[index] = c->part;
	v->client[index] = (struct bv_client){
		.peer = { .q = c->queues, .stats = &v->stats->client[index] },
		.data = c->data,
		.data_size = c->data_size,
		.window = c->window,
		.read_only = c->read_only,
		.want = &v->want[index],
		.part = { .why = BLK_PART_UNKNOWN },
		.told = { .why = BLK_PART_UNKNOWN },
	};
}

static void init_slots(struct blk_virt *v)
{
	for (uint32_t i = v->slots; i > 0; i--) {
		v->slot[i - 1] = (struct bv_slot){ 0 };
		v->bucket[i - 1] = BV_NO_SLOT;
		v->stack[v->free_slots++] = (uint16_t)(i - 1);
	}
	*bv_table_slot(v) = (struct bv_slot){ .code = BLK_READ };
}

struct blk_virt *blk_virt_init(void *memory, size_t size,
			       const struct blk_virt_config *config)
{
	size_t need = blk_virt_size(config);
	struct blk_virt *v = memory;

	if (need == 0 || size < need)
		return NULL;
	memset(v, 0, sizeof(*v));
	v->retry = config->retry;
	v->table_page = config->table;
	v->table_window = config->table_window;
	v->clients = config->clients;
	v->slots = config->driver.capacity;
	v->share = v->slots / v->clients;
	v->key[0] = hash_next(config->seed);
	v->key[1] = hash_next(v->key[0]);
	v->client = (struct bv_client *)(v + 1);
	v->want = (struct blk_table_want *)(v->client + v->clients);
	v->slot = (struct bv_slot *)(v->want + v->clients);
	v->bucket = (uint16_t *)(v->slot + v->slots + 1);
	v->stack = v->bucket + v->slots;
	v->stats = config->stats ? config->stats : &v->own;
	memset(v->stats, 0, sizeof(*v->stats));
	v->stats->clients = v->clients;
	v->driver.q = config->driver;
	v->driver.stats = &v->stats->driver;
	init_slots(v);
	for (uint32_t i = 0; i < v->clients; i++)
		init_client(v, i, &config->client[i]);
	v->stats->magic = BLK_VIRT_STATS_MAGIC;
	return v;
}

const struct blk_virt_stats *blk_virt_stats(const struct blk_virt *v)
{
	return v->stats;
}
