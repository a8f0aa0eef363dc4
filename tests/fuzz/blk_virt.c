/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A block virtualiser whose clients and driver do what the fuzzer says
 * (libFuzzer).
 *
 * The input is a script: requests of three clients, responses of the driver,
 * forged indices, links that go and come, and a disk that does.  Whatever it
 * says, the driver is asked only for what is a client's, and no counter of
 * requests is wrong.
 */
#include "tests/fuzz/script.h"
#include "tests/unit/blk_rig.h"

#define CLIENTS 3u

/* A number that is right in some place, or near a border, or large. */
static uint64_t number(struct script *s)
{
	unsigned int how = next(s);

	switch (how & 3) {
	case 0:
		return 0 - (uint64_t)(how >> 2);
	case 1:
		return (uint64_t)(how >> 2) << (next(s) % 64);
	default:
		return how >> 2 & 31;
	}
}

static void ask(struct script *s, struct br_peer *c)
{
	struct blk_request q = {
		.code = next(s) % 5,
		.block = number(s),
		.count = (uint16_t)number(s),
		.io_or_offset = number(s) * (next(s) % 8 ? BLK_SIZE : 1),
		.id = next(s) % 16,
	};

	br_ask(c, &q);
}

/* The virtualiser asks only for what it may. */
static void check(struct blk_rig *r, const struct blk_request *q)
{
	uint64_t at = q->io_or_offset - BR_WINDOW;
	uint64_t client = q->block / BR_PART;
	uint64_t region = (1 + client * BR_REGION) * BLK_SIZE;

	if (q->code == BLK_FLUSH)
		return;
	must(q->code == BLK_READ || q->code == BLK_WRITE);
	must(q->count > 0 && client < CLIENTS);
	must(q->block % BR_PART + q->count <= BR_PART);
	must(at % BLK_SIZE == 0 && at >= region);
	must(at + q->count * (uint64_t)BLK_SIZE <=
	     region + BR_REGION * BLK_SIZE);
	must(!(q->code == BLK_WRITE && client == 1));
	br_perform(r, q);
}

static void respond(struct blk_rig *r, struct script *s, uint32_t *last)
{
	struct blk_request q;
	unsigned int how = next(s);

	if (how & 1) {
		br_respond(r, how & 2 ? *last : next_word(s) << 16 | next(s),
			   next(s), (uint16_t)number(s));
		return;
	}
	if (!br_asked(r, &q))
		return;
	check(r, &q);
	*last = q.id;
	br_respond(r, q.id, how & 4 ? how >> 3 : BLK_OK, q.count);
}

/* An index that is the peer's to write. */
static void forge(struct script *s, struct br_peer *p, bool driver)
{
	uint32_t value = (uint32_t)number(s);

	if (next(s) & 1)
		atomic_store(driver ? &p->q.responses->ring.tail
				    : &p->q.requests->ring.tail,
			     value);
	else
		atomic_store(driver ? &p->q.requests->ring.head
				    : &p->q.responses->ring.head,
			     value);
}

static void flip(struct br_peer *p)
{
	if (atomic_load(&p->link.epoch) & 1)
		br_down(p);
	else
		br_up(p);
}

static void step(struct blk_rig *r, struct script *s, uint32_t *last)
{
	unsigned int how = next(s);
	struct br_peer *c = &r->client[(how >> 4) % CLIENTS];

	switch (how & 7) {
	case 0:
		forge(s, how & 8 ? &r->driver : c, how & 8);
		break;
	case 1:
		flip(how & 8 ? &r->driver : c);
		break;
	case 2:
		br_ready(r, how & 8);
		break;
	case 3:
		respond(r, s, last);
		break;
	case 4:
		blk_virt_arm(r->v);
		break;
	case 5:
		br_run(r);
		break;
	default:
		ask(s, c);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script s = { data, size };
	struct blk_rig *r = br_make(CLIENTS);
	uint32_t last = 0, sum = 0;

	r->config.retry = next(&s) & 1;
	r->client_config[1].read_only = true;
	must(br_init(r));
	br_up(&r->driver);
	for (uint32_t i = 0; i < CLIENTS; i++)
		br_up(&r->client[i]);
	br_ready(r, true);
	br_run(r);
	while (s.left > 0)
		step(r, &s, &last);
	br_run(r);
	for (uint32_t i = 0; i < CLIENTS; i++)
		sum += r->stats.client[i].outstanding;
	must(sum == r->stats.driver.outstanding);
	must(sum <= r->driver.q.capacity);
	/* A driver that goes leaves nothing that a gone client waits for. */
	for (uint32_t i = 0; i < CLIENTS; i++)
		br_down(&r->client[i]);
	br_down(&r->driver);
	br_run(r);
	must(r->stats.driver.outstanding == 0);
	for (uint32_t i = 0; i < CLIENTS; i++)
		must(r->stats.client[i].state == BLK_VIRT_DOWN);
	br_free(r);
	return 0;
}
