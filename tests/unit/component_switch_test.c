/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The glue around the switch, in the test's own process: what run() and arm()
 * tell the loop, and whom they have rung.
 *
 * Two ports, no PD and no sandbox; regions are ordinary memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "vmm/linux/pd/loop.h"
#include "vswitch/ctl.h"

#define CAPACITY 128u
#define BUFFER 2048u
#define PORTS 2u
/* Slots: six a port, a link page a port, and the switch's four. */
#define SLOT_LINK(p) (12u + (p))
enum { SLOT_STATS = 14, SLOT_REQUEST, SLOT_REPLY, SLOT_POLICY, SLOTS };
/* Channel ids are port numbers; the control channel comes behind. */
#define ID_CTL PORTS

static struct boot_record *record;
static struct pd *pd;
static struct component *c;
static int log_fd;

static struct sys_switch *config(void)
{
	return &boot_comps(record)[0].cfg.sw;
}

static size_t slot_size(unsigned int slot)
{
	if (slot < SLOT_LINK(0))
		return slot % 3 == 2 ? (size_t)CAPACITY * BUFFER
				     : queue_region_size(CAPACITY);
	if (slot == SLOT_POLICY)
		return (sizeof(struct policy_image) + 4095) & ~(size_t)4095;
	return (sizeof(struct vswitch_stats) + 4095) & ~(size_t)4095;
}

static void describe(void)
{
	struct sys_switch *sw = config();

	sw->tables.fdb = (struct fdb_config){ 64, 300, 1 };
	sw->policy = SLOT_POLICY;
	sw->stats = SLOT_STATS;
	sw->ctl_request = SLOT_REQUEST;
	sw->ctl_reply = SLOT_REPLY;
	sw->ctl_channel = ID_CTL;
	sw->n_ports = PORTS;
	for (uint32_t p = 0; p < PORTS; p++) {
		struct sys_wire *w = &sw->port[p].wire;

		sw->port[p].kind = VSWITCH_PORT_CLIENT;
		*w = (struct sys_wire){
			.ingress = { 6 * p, 6 * p + 1, 6 * p + 2 },
			.egress = { 6 * p + 3, 6 * p + 4, 6 * p + 5 },
			.link = SLOT_LINK(p),
			.channel = p,
			.capacity = CAPACITY,
			.buffer_size = BUFFER,
			.max_frame = 1518,
		};
	}
}

/* Either port may send to the other. */
static void make_policy(struct policy_image *image)
{
	image->magic = POLICY_MAGIC;
	for (uint32_t p = 0; p < PORTS; p++)
		image->port[p].allow = 1ull << (1 - p);
}

static int set_up(void **state)
{
	struct error err = { "" };
	size_t size = boot_size(1, PORTS + 1, SLOTS);

	(void)state;
	record = calloc(1, size);
	record->magic = BOOT_MAGIC;
	record->size = size;
	record->n_comps = 1;
	record->n_chans = PORTS + 1;
	record->n_maps = SLOTS;
	boot_comps(record)[0].cfg.kind = SYS_SWITCH;
	describe();
	for (unsigned int i = 0; i <= PORTS; i++)
		boot_chans(record)[i] = (struct boot_chan){
			.wait = eventfd(0, EFD_NONBLOCK),
			.ring = eventfd(0, EFD_NONBLOCK),
			.peer = SYS_NONE,
		};
	log_fd = eventfd(0, EFD_NONBLOCK);
	pd = pd_new(record, log_fd, &err);
	if (pd == NULL)
		return -1;
	for (unsigned int i = 0; i < SLOTS; i++) {
		pd->map[i].size = slot_size(i);
		pd->map[i].base = aligned_alloc(4096, slot_size(i));
		memset(pd->map[i].base, 0, slot_size(i));
	}
	make_policy(pd->map[SLOT_POLICY].base);
	c = &pd->comp[0].c;
	return 0;
}

static int tear_down(void **state)
{
	struct { /* the beginning of the component's state */
		void *memory;
	} *s = c->state;

	(void)state;
	free(s->memory);
	for (unsigned int i = 0; i < SLOTS; i++)
		free(pd->map[i].base);
	for (unsigned int i = 0; i <= PORTS; i++) {
		close(boot_chans(record)[i].wait);
		close(boot_chans(record)[i].ring);
	}
	close(log_fd);
	pd_free(pd);
	free(record);
	return 0;
}

static void link_up(unsigned int port)
{
	struct link_page *page = pd_region(c, SLOT_LINK(port), NULL);

	atomic_store(&page->epoch, 1);
}

/* Initialised, links up, everything looked at once and armed. */
static void settle(void)
{
	assert_int_equal(switch_ops.init(c), 0);
	for (unsigned int p = 0; p < PORTS; p++)
		link_up(p);
	switch_ops.notified(c, ID_CTL);
	while (switch_ops.run(c, 1))
		;
	assert_false(switch_ops.arm(c));
	pd->n_rung = 0;
	for (unsigned int i = 0; i <= PORTS; i++)
		pd->chan[i].rung = false;
}

static struct net_queue *queue(unsigned int slot)
{
	return pd_region(c, slot, NULL);
}

/* A port's peer sends @n broadcasts from where it stands. */
static void send_from(unsigned int port, unsigned int n)
{
	const uint8_t source[] = { 2, 0, 0, 0, 0, (uint8_t)(1 + port), 8 };
	struct net_queue *q = queue(6 * port);
	uint8_t *data = pd_region(c, 6 * port + 2, NULL);
	uint16_t tail = q->tail;

	for (unsigned int i = 0; i < n; i++, tail++) {
		uint32_t at = tail % CAPACITY * BUFFER;

		memset(data + at, 0xff, 6);
		memcpy(data + at + 6, source, sizeof(source));
		q->desc[tail % CAPACITY].io_or_offset = at;
		q->desc[tail % CAPACITY].len = 60;
	}
	atomic_store(&q->tail, tail);
}

static void send_frames(unsigned int n)
{
	send_from(0, n);
}

/* Port 1's peer lends @n buffers. */
static void lend(unsigned int n)
{
	struct net_queue *q = queue(10);

	for (unsigned int i = 0; i < n; i++)
		q->desc[i].io_or_offset = (uint64_t)i * BUFFER;
	atomic_store(&q->tail, n);
}

static bool rung(uint32_t channel)
{
	return pd->chan[channel].rung;
}

/* --- tests -------------------------------------------------------------- */

static void nothing_brings_nothing(void **state)
{
	(void)state;
	settle();
	assert_false(switch_ops.run(c, 2));
	assert_false(switch_ops.arm(c));
	assert_int_equal(pd->n_rung, 0);
}

static void notified_port_is_served_and_its_peers_rung(void **state)
{
	(void)state;
	settle();
	lend(4);
	send_frames(3);
	switch_ops.notified(c, 0);
	assert_false(switch_ops.run(c, 2));
	assert_int_equal(queue(9)->tail, 3);
	assert_true(rung(0)); /* buffers came back */
	assert_true(rung(1)); /* frames came */
	assert_false(rung(ID_CTL));
	assert_false(switch_ops.arm(c));
}

static void one_port_s_notification_is_not_another_s(void **state)
{
	(void)state;
	settle();
	lend(4);
	send_frames(3);
	switch_ops.notified(c, 1);
	switch_ops.run(c, 2);
	assert_int_equal(queue(9)->tail, 0);
}

static void more_than_a_budget_is_more(void **state)
{
	(void)state;
	settle();
	lend(CAPACITY);
	send_frames(CAPACITY);
	switch_ops.notified(c, 0);
	assert_true(switch_ops.run(c, 2));
	assert_int_equal(queue(9)->tail, VSWITCH_BUDGET);
	while (switch_ops.run(c, 2))
		;
	assert_int_equal(queue(9)->tail, CAPACITY);
}

/* Both sides awake, nobody rings: the loop must know that there is traffic. */
static void spinning_look_says_whether_it_brought_frames(void **state)
{
	(void)state;
	settle();
	lend(CAPACITY);
	for (int i = 0; i < 3; i++) {
		send_frames(1);
		assert_true(switch_ops.run(c, 2));
		assert_false(switch_ops.run(c, 2));
		assert_false(switch_ops.run(c, 2));
	}
	assert_int_equal(queue(9)->tail, 3);
}

/* The other port always has more; this one was looked at and does not ring. */
static void hc15_a_flood_in_a_spin_hides_no_other_port(void **state)
{
	(void)state;
	settle();
	lend(CAPACITY);
	assert_false(switch_ops.run(c, 2));
	send_from(1, CAPACITY);
	switch_ops.notified(c, 1);
	send_frames(1);
	for (unsigned int i = 0; i < 40; i++) {
		assert_true(switch_ops.run(c, 2));
		assert_int_equal(queue(9)->tail, i >= 16);
		send_from(1, VSWITCH_BUDGET);
	}
}

/* A frame that came between the last look and the sleep. */
static void arm_finds_what_came_meanwhile(void **state)
{
	(void)state;
	settle();
	lend(4);
	switch_ops.notified(c, 0);
	assert_false(switch_ops.run(c, 2));
	send_frames(1);
	assert_true(switch_ops.arm(c));
	assert_false(switch_ops.run(c, 2));
	assert_int_equal(queue(9)->tail, 1);
	assert_false(switch_ops.arm(c));
}

static void hc24_forged_index_is_reported_once(void **state)
{
	(void)state;
	settle();
	atomic_store(&queue(0)->tail, 60000);
	switch_ops.notified(c, 0);
	assert_false(switch_ops.run(c, 2));
	assert_true(rung(ID_CTL));
	pd->n_rung = 0;
	pd->chan[ID_CTL].rung = false;
	assert_false(switch_ops.run(c, 2));
	assert_false(switch_ops.arm(c));
	assert_false(rung(ID_CTL));
}

/* The forgery is only seen when the port is armed. */
static void hc24_index_forged_while_arming_is_reported(void **state)
{
	(void)state;
	settle();
	switch_ops.notified(c, 0);
	assert_false(switch_ops.run(c, 2));
	atomic_store(&queue(0)->tail, 60000);
	assert_false(switch_ops.arm(c));
	assert_true(rung(ID_CTL));
}

static void request_is_answered_and_rung(void **state)
{
	struct vswitch_ctl_request *q;
	struct vswitch_ctl_reply *a;

	(void)state;
	settle();
	q = pd_region(c, SLOT_REQUEST, NULL);
	a = pd_region(c, SLOT_REPLY, NULL);
	q->op = CTL_FDB;
	atomic_store(&q->seq, 7);
	/* Not looked for unless the monitor rings. */
	switch_ops.run(c, 2);
	assert_int_equal(atomic_load(&a->seq), 0);
	switch_ops.notified(c, ID_CTL);
	switch_ops.run(c, 2);
	assert_int_equal(atomic_load(&a->seq), 7);
	assert_true(rung(ID_CTL));
}

static void channel_of_nobody_is_nobodys(void **state)
{
	(void)state;
	settle();
	lend(4);
	send_frames(1);
	switch_ops.notified(c, 77);
	switch_ops.notified(c, 1);
	switch_ops.run(c, 2);
	assert_int_equal(queue(9)->tail, 0);
}

/* A PD that refuses ends; here its memory has to be given back. */
static void refuses(void)
{
	void **memory = c->state;

	assert_int_equal(switch_ops.init(c), -EINVAL);
	free(*memory);
	*memory = NULL;
}

static void impossible_configuration_is_refused(void **state)
{
	struct sys_switch good = *config();

	(void)state;
	config()->tables.fdb.capacity = 0;
	refuses();
	*config() = good;
	config()->tables.flows = FLOW_MAX_CAPACITY + 1;
	refuses();
	*config() = good;
	config()->policy = SYS_NONE;
	refuses();
	*config() = good;
	config()->n_ports = MAX_PORTS + 1;
	refuses();
	*config() = good;
	config()->port[1].wire.max_frame = BUFFER + 1;
	refuses();
	*config() = good;
	((struct policy_image *)pd->map[SLOT_POLICY].base)->magic = 0;
	refuses();
}

static void a_new_policy_is_taken_on_request(void **state)
{
	struct policy_image *image = pd->map[SLOT_POLICY].base;
	struct vswitch_ctl_request *rq = pd->map[SLOT_REQUEST].base;
	const struct vswitch_ctl_reply *reply = pd->map[SLOT_REPLY].base;

	(void)state;
	settle();
	lend(4);
	send_frames(1);
	switch_ops.notified(c, 0);
	switch_ops.run(c, 2);
	assert_int_equal(queue(9)->tail, 1);
	image->port[0].allow = 0;
	rq->op = CTL_POLICY;
	atomic_store(&rq->seq, 1);
	switch_ops.notified(c, ID_CTL);
	switch_ops.run(c, 3);
	assert_int_equal(reply->seq, 1);
	assert_int_equal(reply->status, 0);
	send_frames(1);
	switch_ops.notified(c, 0);
	switch_ops.run(c, 4);
	assert_int_equal(queue(9)->tail, 1);
	/* One that is none changes nothing. */
	image->magic = 0;
	image->port[0].allow = 2;
	atomic_store(&rq->seq, 2);
	switch_ops.notified(c, ID_CTL);
	switch_ops.run(c, 5);
	assert_int_equal(reply->status, -EINVAL);
	assert_int_equal(reply->fault, POLICY_FAULT_NO_IMAGE);
	send_frames(1);
	switch_ops.notified(c, 0);
	switch_ops.run(c, 6);
	assert_int_equal(queue(9)->tail, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
		T(nothing_brings_nothing),
		T(notified_port_is_served_and_its_peers_rung),
		T(one_port_s_notification_is_not_another_s),
		T(more_than_a_budget_is_more),
		T(spinning_look_says_whether_it_brought_frames),
		T(hc15_a_flood_in_a_spin_hides_no_other_port),
		T(arm_finds_what_came_meanwhile),
		T(hc24_forged_index_is_reported_once),
		T(hc24_index_forged_while_arming_is_reported),
		T(request_is_answered_and_rung),
		T(channel_of_nobody_is_nobodys),
		T(impossible_configuration_is_refused),
		T(a_new_policy_is_taken_on_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
