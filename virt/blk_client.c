/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client's end of a connection to a block server: see blk_client.h.
 *
 * A question's id is the number of its tag, and a tag is free, with the server,
 * or lost: its link went down, and the caller has not been told yet.
 */
#include "base/blk_ring.h"
#include "virt/blk_client.h"

enum { FREE, ASKED, LOST };

/* What is kept of a question. */
struct tag {
	uint64_t user;
	uint16_t count; /* blocks of data, or 0 */
	uint8_t state;	/* FREE... */
};

/* A client's end. */
struct blk_client {
	struct blk_client_config config; /* as given */
	uint32_t epoch;			 /* link epoch we live in */
	enum blk_client_state state;
	struct blk_geometry geometry;	/* as of the last BLK_CLIENT_UP */
	struct blk_ring_side questions; /* ours to produce */
	struct blk_ring_side answers;
	bool dirty;	    /* questions were put since the last submit */
	uint32_t free_tags; /* in @stack */
	uint32_t lost;	    /* tags that are LOST */
	struct blk_client_counters counters;
	struct tag *tag;
	uint16_t *stack; /* of free tags */
};

/* --- making one --------------------------------------------------------- */

static bool config_ok(const struct blk_client_config *c)
{
	return c->requests != NULL && c->responses != NULL && c->info != NULL &&
	       blk_capacity_ok(c->capacity) && c->data_size % BLK_SIZE == 0;
}

size_t blk_client_size(const struct blk_client_config *config)
{
	if (!config_ok(config))
		return 0;
	return sizeof(struct blk_client) +
	       config->capacity * (sizeof(struct tag) + sizeof(uint16_t));
}

static void free_tag(struct blk_client *c, uint32_t tag)
{
	c->tag[tag].state = FREE;
	c->stack[c->free_tags++] = (uint16_t)tag;
}

struct blk_client *blk_client_init(void *memory, size_t size,
				   const struct blk_client_config *config)
{
	size_t need = blk_client_size(config);
	struct blk_client *c = memory;

	if (need == 0 || size < need)
		return NULL;
	*c = (struct blk_client){
		.config = *config,
		.tag = (struct tag *)(c + 1),
	};
	c->stack = (uint16_t *)(c->tag + config->capacity);
	for (uint32_t i = config->capacity; i > 0; i--)
		free_tag(c, i - 1);
	return c;
}

/* --- links -------------------------------------------------------------- */

/* What is outstanding is not going to be answered by anybody else. */
static void lose(struct blk_client *c)
{
	for (uint32_t i = 0; i < c->config.capacity; i++) {
		if (c->tag[i].state != ASKED)
			continue;
		c->tag[i].state = LOST;
		c->lost++;
	}
}

static void begin(struct blk_client *c)
{
	const struct blk_client_config *f = &c->config;

	blk_ring_init(&c->questions, &f->requests->ring, f->capacity);
	blk_ring_init(&c->answers, &f->responses->ring, f->capacity);
	blk_say_awake(&f->requests->client_awake);
	c->state = BLK_CLIENT_WAITING;
	c->counters.resets++;
}

/* Follow the server's page. */
static void look_at_info(struct blk_client *c)
{
	bool ready = blk_info_is_ready(c->config.info);

	if (c->state == BLK_CLIENT_UP && !ready) {
		c->state = BLK_CLIENT_WAITING;
	} else if (c->state == BLK_CLIENT_WAITING && ready) {
		c->geometry = blk_info_read(c->config.info);
		if (c->geometry.sector_size != 512)
			c->geometry.sector_size = BLK_SIZE;
		c->state = BLK_CLIENT_UP;
	}
}

enum blk_client_state blk_client_state(struct blk_client *c)
{
	uint32_t epoch = link_epoch(c->config.link);

	if (epoch != c->epoch) {
		c->epoch = epoch;
		c->dirty = false;
		c->state = BLK_CLIENT_DOWN;
		lose(c);
		if (link_is_up(epoch))
			begin(c);
	}
	look_at_info(c);
	return c->state;
}

static void fault(struct blk_client *c)
{
	c->state = BLK_CLIENT_FAULT;
	c->counters.faults++;
}

/* Are there queues that may be looked at? */
static bool is_open(const struct blk_client *c)
{
	return c->state == BLK_CLIENT_UP || c->state == BLK_CLIENT_WAITING;
}

const struct blk_geometry *blk_client_geometry(const struct blk_client *c)
{
	return &c->geometry;
}

/* --- questions ---------------------------------------------------------- */

static bool has_data(const struct blk_question *q)
{
	return q->code == BLK_READ || q->code == BLK_WRITE;
}

static bool question_ok(const struct blk_client *c,
			const struct blk_question *q)
{
	uint64_t size = c->config.data_size;
	uint64_t bytes = (uint64_t)q->count << BLK_SHIFT;

	if (!has_data(q))
		return q->code == BLK_FLUSH || q->code == BLK_BARRIER;
	return bytes != 0 && q->offset % BLK_SIZE == 0 && q->offset <= size &&
	       bytes <= size - q->offset;
}

bool blk_client_ask(struct blk_client *c, const struct blk_question *q)
{
	struct blk_request r = { .code = q->code };
	uint32_t tag;
	int room;

	if (blk_client_state(c) != BLK_CLIENT_UP || c->free_tags == 0 ||
	    !question_ok(c, q))
		return false;
	room = blk_ring_room(&c->questions);
	if (room == BLK_FAULT)
		fault(c);
	if (room <= 0)
		return false;
	tag = c->stack[--c->free_tags];
	r.id = tag;
	if (has_data(q)) {
		r.io_or_offset = q->offset;
		r.block = q->block;
		r.count = q->count;
	}
	c->tag[tag] = (struct tag){ q->user, r.count, ASKED };
	blk_request_put(&c->questions, &r);
	c->dirty = true;
	return true;
}

bool blk_client_submit(struct blk_client *c)
{
	blk_client_state(c);
	if (!c->dirty || !is_open(c))
		return false;
	c->dirty = false;
	blk_ring_publish(&c->questions);
	atomic_thread_fence(memory_order_seq_cst);
	return blk_sleeps(&c->config.requests->server_awake);
}

/* --- answers ------------------------------------------------------------ */

static unsigned int tell_lost(struct blk_client *c, struct blk_answer *answers,
			      unsigned int count)
{
	unsigned int n = 0;

	for (uint32_t i = 0; c->lost > 0 && n < count; i++) {
		if (c->tag[i].state != LOST)
			continue;
		answers[n++] = (struct blk_answer){
			.status = BLK_ERROR_NO_DEVICE,
			.user = c->tag[i].user,
		};
		free_tag(c, i);
		c->lost--;
	}
	return n;
}

/* Is it the answer to a question? */
static bool take_answer(struct blk_client *c, const struct blk_response *r,
			struct blk_answer *a)
{
	const struct tag *t;
	bool lie;

	if (r->id >= c->config.capacity || c->tag[r->id].state != ASKED) {
		c->counters.bad_answers++;
		return false;
	}
	t = &c->tag[r->id];
	a->user = t->user;
	a->status = (enum blk_status)r->status;
	a->count = t->count != 0 ? r->success_count : 0;
	lie = r->status >= BLK_STATUSES || a->count > t->count ||
	      (r->status == BLK_OK && a->count != t->count);
	if (lie) {
		c->counters.bad_answers++;
		a->status = BLK_ERROR_IO;
		a->count = 0;
	}
	free_tag(c, r->id);
	return true;
}

unsigned int blk_client_poll(struct blk_client *c, struct blk_answer *answers,
			     unsigned int count)
{
	unsigned int n, taken;
	int pending;

	blk_client_state(c);
	n = tell_lost(c, answers, count);
	if (!is_open(c))
		return n;
	pending = blk_ring_pending(&c->answers);
	if (pending == BLK_FAULT) {
		fault(c);
		return n;
	}
	for (taken = 0; taken < (unsigned int)pending && n < count; taken++) {
		struct blk_response r = blk_response_peek(&c->answers, taken);

		if (take_answer(c, &r, &answers[n]))
			n++;
	}
	if (taken > 0)
		blk_ring_release(&c->answers, taken);
	return n;
}

/* --- signalling --------------------------------------------------------- */

bool blk_client_arm(struct blk_client *c)
{
	enum blk_client_state before = c->state;
	uint32_t epoch = c->epoch;
	int pending;

	if (blk_client_state(c) != before || c->epoch != epoch || c->lost > 0)
		return true;
	if (!is_open(c))
		return false;
	blk_say_asleep(&c->config.requests->client_awake);
	atomic_thread_fence(memory_order_seq_cst);
	pending = blk_ring_pending(&c->answers);
	if (pending == BLK_FAULT)
		fault(c);
	if (pending == 0 && blk_client_state(c) == before)
		return false;
	blk_say_awake(&c->config.requests->client_awake);
	return true;
}

uint32_t blk_client_outstanding(const struct blk_client *c)
{
	return c->config.capacity - c->free_tags;
}

struct blk_client_counters blk_client_counters(const struct blk_client *c)
{
	return c->counters;
}
