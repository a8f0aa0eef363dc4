/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control mailbox, asked by a monitor that plays by the rules.
 * hostile_load_test.c (hc14) has the one that does not.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/switch_rig.h"
#include "vswitch/ctl.h"

struct fixture {
	struct rig *r;
	struct vswitch_ctl_request rq;
	struct vswitch_ctl_reply reply;
	struct policy_image *image;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->r = rig_clients(3);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	rig_free(f->r);
	free(f->image);
	free(f);
	return 0;
}

/* Ask what @f->rq says; the status. */
static int ask(struct fixture *f)
{
	uint32_t seq = atomic_load(&f->rq.seq) + 1;

	atomic_store(&f->rq.seq, seq);
	assert_true(
		vswitch_ctl(f->r->sw, &f->rq, &f->reply, f->image, f->r->now));
	assert_int_equal(atomic_load(&f->reply.seq), seq);
	return f->reply.status;
}

static void a_request_is_answered_once(void **state)
{
	struct fixture *f = *state;

	assert_false(vswitch_ctl(f->r->sw, &f->rq, &f->reply, NULL, f->r->now));
	f->rq.op = CTL_FDB;
	assert_int_equal(ask(f), 0);
	assert_false(vswitch_ctl(f->r->sw, &f->rq, &f->reply, NULL, f->r->now));
	/* Any other number is a new request. */
	atomic_store(&f->rq.seq, UINT32_MAX);
	assert_true(vswitch_ctl(f->r->sw, &f->rq, &f->reply, NULL, f->r->now));
	f->rq.op = 99;
	assert_int_equal(ask(f), -EINVAL);
}

static void a_trace_says_what_would_happen_and_does_not(void **state)
{
	struct fixture *f = *state;
	const struct vswitch_verdict *v = &f->reply.verdict;
	struct fdb *fdb = vswitch_fdb(f->r->sw);

	rig_teach(f->r, 1, RIG_MAC(1));
	f->rq.op = CTL_TRACE;
	f->rq.port = 0;
	f->rq.len = 1500;
	rig_frame(f->rq.header, RIG_MAC(1), RIG_MAC(7), FRAME_SNAP);
	assert_int_equal(ask(f), 0);
	assert_int_equal(v->reason, REASON_NONE);
	assert_int_equal(v->resolution, RESOLVED_UNICAST);
	assert_true(v->looked_up);
	assert_int_equal(v->learned.outcome, FDB_LEARNED);
	assert_int_equal(v->out, 1);
	assert_int_equal(v->deliver, 0x2);
	assert_int_equal(fdb_lookup(fdb, RIG_MAC(7), 0, 1), FDB_NO_PORT);
	assert_int_equal(rig_drain(f->r, 1), 0);
	f->rq.len = 1519;
	assert_int_equal(ask(f), 0);
	assert_int_equal(v->reason, REASON_OVERSIZE);
	assert_int_equal(v->resolution, RESOLVED_NOT);
	f->rq.len = UINT32_MAX;
	assert_int_equal(ask(f), 0);
	assert_int_equal(v->reason, REASON_OVERSIZE);
	f->rq.len = 13;
	assert_int_equal(ask(f), 0);
	assert_int_equal(v->reason, REASON_RUNT);
	assert_int_equal(rig_all_drops(f->r), 0);
}

/* Learning the source may be what decides about the destination. */
static void a_trace_takes_its_own_learning_into_account(void **state)
{
	struct fixture *f = *state;
	const struct vswitch_verdict *v = &f->reply.verdict;
	struct fdb *fdb = vswitch_fdb(f->r->sw);

	f->rq.op = CTL_TRACE;
	f->rq.len = 60;
	rig_frame(f->rq.header, RIG_MAC(7), RIG_MAC(7), 60);
	assert_int_equal(ask(f), 0);
	assert_int_equal(v->reason, REASON_SAME_PORT);
	assert_int_equal(v->candidates, 0);
	/* In a full table the newcomer pushes out who it is meant for. */
	for (unsigned int i = 0; i < fdb_capacity(fdb); i++)
		fdb_learn(fdb, RIG_MAC(1000 + i), 0, 1, 0, 1);
	rig_frame(f->rq.header, RIG_MAC(1000), RIG_MAC(7), 60);
	assert_int_equal(ask(f), 0);
	assert_true(v->learned.evicted);
	assert_true(v->learned.evicted_mac == RIG_MAC(1000));
	assert_int_equal(v->resolution, RESOLVED_UNKNOWN);
	assert_int_equal(v->deliver, 0x6);
	assert_int_equal(fdb_lookup(fdb, RIG_MAC(1000), 0, 1), 1);
}

static void only_ports_that_send_are_traced(void **state)
{
	const struct rig_options capture = { .kind = VSWITCH_PORT_CAPTURE };
	struct fixture *f = *state;

	rig_add(f->r, 5, &capture);
	f->rq.op = CTL_TRACE;
	f->rq.len = 60;
	for (unsigned int i = 0; i < 70; i++) {
		f->rq.port = i;
		assert_int_equal(ask(f), i < 3 ? 0 : -EINVAL);
	}
	/* One that is down is explained like any other. */
	rig_down(f->r, 0);
	rig_run(f->r, 1);
	f->rq.port = 0;
	assert_int_equal(ask(f), 0);
}

static void the_table_is_listed_and_says_when_it_ends(void **state)
{
	struct fixture *f = *state;
	struct fdb *fdb = vswitch_fdb(f->r->sw);

	f->rq.op = CTL_FDB;
	assert_int_equal(ask(f), 0);
	assert_int_equal(f->reply.count, 0);
	assert_int_equal(f->reply.more, 0);
	for (unsigned int i = 0; i < CTL_FDB_ENTRIES; i++)
		fdb_learn(fdb, RIG_MAC(i), 3, 2, 0, 1);
	f->r->now += 5ull * 1000000000;
	/* Exactly one reply full: there is no second. */
	assert_int_equal(ask(f), 0);
	assert_int_equal(f->reply.count, CTL_FDB_ENTRIES);
	assert_int_equal(f->reply.more, 0);
	assert_int_equal(f->reply.entry[0].vlan, 3);
	assert_int_equal(f->reply.entry[0].port, 2);
	assert_int_equal(f->reply.entry[0].age, 5);
	fdb_learn(fdb, RIG_MAC(5000), 0, 1, 0, 6);
	assert_int_equal(ask(f), 0);
	assert_int_equal(f->reply.count, CTL_FDB_ENTRIES);
	assert_int_equal(f->reply.more, 1);
	f->rq.cursor = f->reply.cursor;
	assert_int_equal(ask(f), 0);
	assert_int_equal(f->reply.count, 1);
	assert_int_equal(f->reply.more, 0);
	f->rq.cursor = UINT32_MAX;
	assert_int_equal(ask(f), 0);
	assert_int_equal(f->reply.count, 0);
}

static void a_ports_addresses_are_flushed(void **state)
{
	struct fixture *f = *state;
	struct fdb *fdb = vswitch_fdb(f->r->sw);

	for (unsigned int i = 0; i < 30; i++)
		fdb_learn(fdb, RIG_MAC(i), 0, i % 3, 0, 1);
	fdb_add_static(fdb, RIG_MAC(100), 0, 1);
	f->rq.op = CTL_FDB_FLUSH;
	f->rq.port = 1;
	assert_int_equal(ask(f), 0);
	assert_int_equal(f->reply.value, 10);
	assert_int_equal(fdb_count(fdb), 21);
	assert_int_equal(ask(f), 0);
	assert_int_equal(f->reply.value, 0);
	f->rq.port = 3;
	assert_int_equal(ask(f), -EINVAL);
	f->rq.port = 64;
	assert_int_equal(ask(f), -EINVAL);
}

static void a_policy_is_taken_or_said_to_be_wrong(void **state)
{
	struct fixture *f = *state;

	f->rq.op = CTL_POLICY;
	assert_int_equal(ask(f), -EINVAL);
	assert_int_equal(f->reply.fault, POLICY_FAULT_NO_IMAGE);
	f->image = image_new();
	image_allow(f->image, 0, 1, "udp");
	assert_int_equal(ask(f), 0);
	assert_int_equal(f->reply.value, f->r->stats->policies);
	assert_true(sw_udp(f->r, 0, 1, 1, 2) == RIG_BIT(1));
	f->image->rule[0].action = 7;
	assert_int_equal(ask(f), -EINVAL);
	assert_int_equal(f->reply.fault, POLICY_FAULT_RULE);
	assert_int_equal(f->reply.value, 0);
	assert_true(sw_udp(f->r, 0, 1, 1, 2) == RIG_BIT(1));
}

static void flows_are_listed_page_by_page(void **state)
{
	struct fixture *f = *state;
	unsigned int listed = 0, pages = 0;
	bool met[100] = { false };

	f->image = image_new();
	image_allow_reply(f->image, 0, 1, "udp");
	image_set(f->r->sw, f->image);
	for (unsigned int i = 0; i < 100; i++)
		sw_udp(f->r, 0, 1, 1000 + i, 53);
	f->rq.op = CTL_FLOWS;
	do {
		assert_int_equal(ask(f), 0);
		assert_in_range(f->reply.count, 0, CTL_FLOW_ENTRIES);
		for (uint32_t i = 0; i < f->reply.count; i++) {
			const struct flow_entry *e = &f->reply.flow[i];

			assert_in_range(e->from_port, 1000, 1099);
			assert_false(met[e->from_port - 1000]);
			met[e->from_port - 1000] = true;
			assert_int_equal(e->src, 0);
			assert_int_equal(e->dst, 1);
			assert_int_equal(e->to_port, 53);
		}
		listed += f->reply.count;
		f->rq.cursor = f->reply.cursor;
	} while (f->reply.more && pages++ < 10);
	assert_int_equal(listed, 100);
	/* A cursor from nowhere lists nothing. */
	f->rq.cursor = UINT32_MAX;
	assert_int_equal(ask(f), 0);
	assert_int_equal(f->reply.count, 0);
	assert_int_equal(f->reply.more, 0);
}

/* An IGMPv2 report for 239.1.1.1, TTL 1, with a router alert. */
static void groups_are_listed(void **state)
{
	static const uint8_t report[] = {
		0x01, 0x00, 0x5e, 0x01, 0x01, 0x01, 2,	 0, 0, 0, 0,	1,
		0x08, 0x00, 0x46, 0xc0, 0,    32,   0,	 0, 0, 0, 1,	2,
		0x00, 0x00, 10,	  0,	0,    1,    239, 1, 1, 1, 0x94, 4,
		0,    0,    0x16, 0,	0xf9, 0xfc, 239, 1, 1, 1,
	};
	struct fixture *f = *state;
	uint8_t frame[60] = { 0 };
	uint32_t sum = 0;

	memcpy(frame, report, sizeof(report));
	for (unsigned int i = 14; i < 38; i += 2)
		sum += (uint32_t)(frame[i] << 8 | frame[i + 1]);
	sum = ~(sum % 0xffff) & 0xffff;
	frame[24] = (uint8_t)(sum >> 8);
	frame[25] = (uint8_t)sum;
	f->image = image_new();
	image_allow(f->image, 0, 1, NULL);
	f->image->snooping = 1;
	image_set(f->r->sw, f->image);
	f->rq.op = CTL_GROUPS;
	assert_int_equal(ask(f), 0);
	assert_int_equal(f->reply.count, 0);
	sw_send_raw(f->r, 0, frame, sizeof(frame));
	assert_int_equal(ask(f), 0);
	assert_int_equal(f->reply.count, 1);
	assert_int_equal(f->reply.group[0].port, 0);
	assert_int_equal(f->reply.group[0].role, MCAST_MEMBER);
	assert_true(f->reply.group[0].group.lo == 0xffffef010101);
	assert_int_equal(f->reply.group[0].left, MCAST_MEMBER_S);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_request_is_answered_once),
		T(a_trace_says_what_would_happen_and_does_not),
		T(a_trace_takes_its_own_learning_into_account),
		T(only_ports_that_send_are_traced),
		T(the_table_is_listed_and_says_when_it_ends),
		T(a_ports_addresses_are_flushed),
		T(a_policy_is_taken_or_said_to_be_wrong),
		T(flows_are_listed_page_by_page),
		T(groups_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
