/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Random verbs against a table and a model that
 * does what fdb.h says with a plain array and no regard to speed.  All must
 * answer alike, to the last field.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <cmocka.h>

#include "base/lines.h"
#include "vswitch/fdb.h"

#define PORTS 5u
#define MODEL_MAX 64u

struct model_entry {
	uint64_t mac;
	uint16_t vlan;
	unsigned int port;
	unsigned int flags;
	uint32_t seen;
	uint64_t order;
};

struct model {
	struct model_entry entry[MODEL_MAX];
	unsigned int count;
	unsigned int capacity;
	uint32_t ageing;
	uint64_t order;
};

/* --- the model ---------------------------------------------------------- */

static void model_drop(struct model *m, struct model_entry *e)
{
	*e = m->entry[--m->count];
}

static void model_expire(struct model *m, uint32_t now)
{
	for (unsigned int i = m->count; i-- > 0;)
		if (!(m->entry[i].flags & FDB_STATIC) &&
		    now - m->entry[i].seen >= m->ageing)
			model_drop(m, &m->entry[i]);
}

static struct model_entry *model_find(struct model *m, uint64_t mac,
				      uint16_t vlan)
{
	for (unsigned int i = 0; i < m->count; i++)
		if (m->entry[i].mac == mac && m->entry[i].vlan == vlan)
			return &m->entry[i];
	return NULL;
}

/* Of the port with the most, the lowest first, the one longest unseen. */
static struct model_entry *model_victim(struct model *m)
{
	unsigned int held[PORTS] = { 0 };
	struct model_entry *victim = NULL;
	unsigned int port = 0;

	for (unsigned int i = 0; i < m->count; i++)
		if (!(m->entry[i].flags & FDB_STATIC))
			held[m->entry[i].port]++;
	for (unsigned int p = 1; p < PORTS; p++)
		if (held[p] > held[port])
			port = p;
	for (unsigned int i = 0; i < m->count; i++) {
		struct model_entry *e = &m->entry[i];

		if (!(e->flags & FDB_STATIC) && e->port == port &&
		    (victim == NULL || e->order < victim->order))
			victim = e;
	}
	return victim;
}

static void model_add(struct model *m, uint64_t mac, uint16_t vlan,
		      unsigned int port, unsigned int flags, uint32_t now)
{
	m->entry[m->count++] = (struct model_entry){
		mac, vlan, port, flags, now, ++m->order,
	};
}

static struct fdb_effect model_learn_new(struct model *m, uint64_t mac,
					 uint16_t vlan, unsigned int port,
					 unsigned int flags, uint32_t now)
{
	struct fdb_effect effect = { FDB_LEARNED, .was = FDB_NO_PORT };

	if (m->count == m->capacity) {
		struct model_entry *victim = model_victim(m);

		if (victim == NULL) {
			effect.outcome = FDB_FULL;
			return effect;
		}
		effect.evicted = true;
		effect.evicted_mac = victim->mac;
		effect.evicted_vlan = victim->vlan;
		model_drop(m, victim);
	}
	model_add(m, mac, vlan, port, flags, now);
	return effect;
}

static struct fdb_effect model_learn(struct model *m, uint64_t mac,
				     uint16_t vlan, unsigned int port,
				     unsigned int flags, uint32_t now)
{
	struct fdb_effect effect = { FDB_REFRESHED, .was = FDB_NO_PORT };
	struct model_entry *e;

	model_expire(m, now);
	e = model_find(m, mac, vlan);
	if (e == NULL)
		return model_learn_new(m, mac, vlan, port, flags, now);
	if (e->port == port) {
		if (e->flags & FDB_STATIC)
			return effect;
		if (e->seen != now)
			e->order = ++m->order;
		e->flags |= flags;
		e->seen = now;
		return effect;
	}
	effect.was = (int)e->port;
	effect.outcome = e->flags ? FDB_PINNED : FDB_MOVED;
	if (e->flags == 0) {
		e->port = port;
		e->flags = flags;
		e->seen = now;
		e->order = ++m->order;
	}
	return effect;
}

/* --- table and model ---------------------------------------------------- */

struct pair {
	struct fdb *fdb;
	struct model model;
	uint32_t now;
	uint32_t random;
};

static uint32_t roll(struct pair *t, uint32_t sides)
{
	t->random = t->random * 1664525u + 1013904223u;
	return (t->random >> 8) % sides;
}

static struct fdb *make(const struct fdb_config *config)
{
	size_t size = fdb_size(config);
	void *memory = aligned_alloc(64, in_lines(size));

	assert_non_null(memory);
	return fdb_init(memory, size, config);
}

static void same_effect(const struct fdb_effect *a, const struct fdb_effect *b)
{
	assert_int_equal(a->outcome, b->outcome);
	assert_int_equal(a->was, b->was);
	assert_int_equal(a->evicted, b->evicted);
	assert_true(a->evicted_mac == b->evicted_mac);
	assert_int_equal(a->evicted_vlan, b->evicted_vlan);
}

static void do_learn(struct pair *t, uint64_t mac, uint16_t vlan)
{
	unsigned int port = roll(t, PORTS);
	unsigned int flags = roll(t, 8) == 0 ? FDB_STICKY : 0;
	struct fdb_effect probe = fdb_probe(t->fdb, mac, vlan, port, t->now);
	struct fdb_effect h = fdb_learn(t->fdb, mac, vlan, port, flags, t->now);
	struct fdb_effect m =
		model_learn(&t->model, mac, vlan, port, flags, t->now);

	same_effect(&h, &probe);
	same_effect(&h, &m);
}

/* As the table is not told the time, the model must not have expired any. */
static void do_add_static(struct pair *t, uint64_t mac, uint16_t vlan)
{
	unsigned int port = roll(t, PORTS);
	struct model_entry *e;
	int err;

	fdb_age(t->fdb, t->now, 1000);
	model_expire(&t->model, t->now);
	err = fdb_add_static(t->fdb, mac, vlan, port);
	e = model_find(&t->model, mac, vlan);
	if (e != NULL && e->flags & FDB_STATIC) {
		assert_int_equal(err, e->port == port ? 0 : -EEXIST);
		return;
	}
	if (e == NULL && t->model.count == t->model.capacity) {
		e = model_victim(&t->model);
		assert_int_equal(err, e == NULL ? -ENOSPC : 0);
		if (e == NULL)
			return;
	}
	assert_int_equal(err, 0);
	if (e != NULL)
		model_drop(&t->model, e);
	model_add(&t->model, mac, vlan, port, FDB_STATIC, 0);
}

static void do_remove(struct pair *t, uint64_t mac, uint16_t vlan)
{
	struct model_entry *e;
	int err = fdb_remove(t->fdb, mac, vlan);

	model_expire(&t->model, t->now);
	e = model_find(&t->model, mac, vlan);
	if (e != NULL) {
		assert_int_equal(err, 0);
		model_drop(&t->model, e);
	}
}

static void do_flush(struct pair *t)
{
	unsigned int port = roll(t, PORTS);
	uint32_t before = fdb_count(t->fdb);
	unsigned int n = fdb_flush_port(t->fdb, port);

	assert_int_equal(fdb_count(t->fdb), before - n);
	assert_int_equal(fdb_held(t->fdb, port, t->now), 0);
	for (unsigned int i = t->model.count; i-- > 0;)
		if (t->model.entry[i].port == port &&
		    !(t->model.entry[i].flags & FDB_STATIC))
			model_drop(&t->model, &t->model.entry[i]);
}

static void do_age(struct pair *t)
{
	uint32_t before = fdb_count(t->fdb);
	uint64_t expired = fdb_expired(t->fdb);
	unsigned int n = fdb_age(t->fdb, t->now, 3);

	assert_in_range(n, 0, 3);
	assert_int_equal(fdb_count(t->fdb), before - n);
	assert_true(fdb_expired(t->fdb) == expired + n);
}

/* --- comparing ---------------------------------------------------------- */

static void same_lookup(struct pair *t, uint64_t mac, uint16_t vlan)
{
	const struct model_entry *e;
	int port;

	model_expire(&t->model, t->now);
	e = model_find(&t->model, mac, vlan);
	port = e != NULL ? (int)e->port : FDB_NO_PORT;
	assert_int_equal(fdb_lookup(t->fdb, mac, vlan, t->now), port);
}

static void same_walk(struct pair *t, const struct fdb *fdb)
{
	unsigned int met = 0;
	uint32_t cursor = 0;
	struct fdb_entry e;

	model_expire(&t->model, t->now);
	for (; fdb_iterate(fdb, &cursor, t->now, &e); met++) {
		const struct model_entry *m =
			model_find(&t->model, e.mac, e.vlan);

		assert_non_null(m);
		assert_int_equal(e.port, m->port);
		assert_int_equal(e.flags, m->flags);
		assert_int_equal(e.age,
				 m->flags & FDB_STATIC ? 0 : t->now - m->seen);
	}
	assert_int_equal(met, t->model.count);
}

static void step(struct pair *t, unsigned int macs)
{
	uint64_t mac = 0x020000000000ull + roll(t, macs);
	uint16_t vlan = roll(t, 4) == 0 ? 5 : 0;
	uint32_t what = roll(t, 1000);

	if (what < 700)
		do_learn(t, mac, vlan);
	else if (what < 900)
		same_lookup(t, mac, vlan);
	else if (what < 910)
		do_add_static(t, mac, vlan);
	else if (what < 950)
		do_remove(t, mac, vlan);
	else if (what < 953)
		do_flush(t);
	else if (what < 960)
		t->now += roll(t, 12);
	else if (what < 990)
		t->now += roll(t, 2);
	else
		do_age(t);
	assert_in_range(fdb_count(t->fdb), 0, t->model.capacity);
}

static void run(unsigned int capacity, unsigned int macs, unsigned int steps,
		uint32_t seed)
{
	struct fdb_config config = { capacity, 10, seed };
	struct pair t = {
		.model = { .capacity = capacity, .ageing = 10 },
		.random = seed,
	};

	t.fdb = make(&config);
	for (unsigned int i = 0; i < steps; i++) {
		step(&t, macs);
		if (i % 16 == 0) {
			same_walk(&t, t.fdb);
		}
	}
	free(t.fdb);
}

static void a_table_of_one(void **state)
{
	(void)state;
	run(1, 4, 20000, 1);
}

static void small_full_tables(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < 40; seed++)
		run(8 + seed % 9, 30, 5000, seed);
}

static void tables_with_room(void **state)
{
	(void)state;
	for (uint32_t seed = 0; seed < 20; seed++)
		run(MODEL_MAX, 40 + seed, 5000, seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_of_one),
		cmocka_unit_test(small_full_tables),
		cmocka_unit_test(tables_with_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
