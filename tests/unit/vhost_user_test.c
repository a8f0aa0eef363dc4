/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost-user ports and front-ends that keep to the protocol, which come and go
 * at any moment.
 */
#include <poll.h>
#include <sys/eventfd.h>

#include "tests/unit/vhost_rig.h"

static struct front front;

/* Mappings of this process that are a guest's memory. */
static unsigned int mappings(void)
{
	FILE *f = fopen("/proc/self/maps", "r");
	char line[512];
	unsigned int n = 0;

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, "memfd:guest") != NULL;
	fclose(f);
	return n;
}

static void frames_flow_both_ways(void **state)
{
	struct comp *rig = comp_run(cfg);

	(void)state;
	assert_true(comp_is(rig, OUTSIDE_NO_PEER));
	front_join(&front, rig);
	assert_true(comp_is(rig, OUTSIDE_NO_CARRIER));
	front_begin(&front, FE_FEATURES, FRONT_STEPS);
	assert_true(comp_is(rig, OUTSIDE_UP));
	for (unsigned int i = 0; i < 1000; i++)
		front_works(&front);
	front_leave(&front);
}

/* The guest is told of frames, and of buffers that are free again. */
static void the_guest_is_interrupted(void **state)
{
	struct comp *rig = comp_run(cfg);
	eventfd_t n;

	(void)state;
	front_join(&front, rig);
	/* Without event indices it is told always. */
	front_begin(&front, FE_FEATURES & ~VQ_F_EVENT, FRONT_STEPS);
	assert_int_equal(eventfd_read(front.call[RING_RX], &n), -1);
	front_works(&front);
	assert_int_equal(eventfd_read(front.call[RING_RX], &n), 0);
	assert_int_equal(eventfd_read(front.call[RING_TX], &n), 0);
	front_leave(&front);
}

static void rings_are_turned_off_and_on(void **state)
{
	struct comp *rig = comp_run(cfg);
	struct vhost_state s;
	uint32_t base[RINGS];
	uint8_t frame[2048];

	(void)state;
	front_join(&front, rig);
	front_begin(&front, FE_FEATURES, FRONT_STEPS);
	front_works(&front);
	front_ring(&front, SET_VRING_ENABLE, RING_RX, 0);
	assert_true(comp_is(rig, OUTSIDE_NO_CARRIER));
	front_lends(&front);
	comp_frame(frame, 60, 1);
	assert_true(comp_send(rig, frame, 60));
	assert_int_equal(front_gets(&front, frame), 0);
	front_ring(&front, SET_VRING_ENABLE, RING_RX, 1);
	front_works(&front);
	/* They stop, and go on where they stopped. */
	for (uint32_t i = 0; i < RINGS; i++) {
		front_ring(&front, GET_VRING_BASE, i, 0);
		front_hears(&front, GET_VRING_BASE, &s, sizeof(s));
		assert_int_equal(s.ring, i);
		/* One that was lent meanwhile is left. */
		assert_int_equal(s.value,
				 front.made[i] - (i == RING_RX ? 1 : 0));
		base[i] = s.value;
	}
	assert_true(comp_is(rig, OUTSIDE_NO_CARRIER));
	for (uint32_t i = 0; i < RINGS; i++) {
		front_ring(&front, SET_VRING_BASE, i, base[i]);
		front_fd(&front, SET_VRING_CALL, i, front.call[i]);
		front_fd(&front, SET_VRING_KICK, i, front.kick[i]);
	}
	front_works(&front);
	assert_true(front_say(&front, RESET_DEVICE, 0, NULL, 0, NULL, 0));
	assert_true(comp_is(rig, OUTSIDE_NO_CARRIER));
	front_leave(&front);
}

/* It may come when the ring works already: the guest is told to look. */
static void an_interrupt_that_comes_late_is_rung(void **state)
{
	struct comp *rig = comp_run(cfg);

	(void)state;
	front_join(&front, rig);
	front_begin(&front, FE_FEATURES, FRONT_STEPS);
	front_works(&front);
	for (unsigned int i = 0; i < RINGS; i++) {
		struct pollfd p = { .fd = eventfd(0, EFD_NONBLOCK),
				    .events = POLLIN };

		front_fd(&front, SET_VRING_CALL, i, p.fd);
		assert_int_equal(poll(&p, 1, FRONT_TIMEOUT_MS), 1);
		close(p.fd);
		front_fd(&front, SET_VRING_CALL, i, front.call[i]);
	}
	front_works(&front);
	front_leave(&front);
}

/* Of a packed ring, DPDK says one of the two places, and QEMU both. */
static void a_packed_ring_begins_where_it_is_told(void **state)
{
	struct comp *rig = comp_run(cfg);
	struct vhost_state s;

	(void)state;
	front_join(&front, rig);
	front_begin(&front, FE_FEATURES | VQ_F_PACKED, 8);
	front_ring(&front, SET_VRING_BASE, RING_RX, 0x8000);
	front_ring(&front, SET_VRING_BASE, RING_TX, 0x80058005);
	front_ring(&front, GET_VRING_BASE, RING_RX, 0);
	front_hears(&front, GET_VRING_BASE, &s, sizeof(s));
	assert_int_equal(s.value, 0x80008000);
	front_ring(&front, GET_VRING_BASE, RING_TX, 0);
	front_hears(&front, GET_VRING_BASE, &s, sizeof(s));
	assert_int_equal(s.value, 0x80058005);
	front_leave(&front);
}

/* Also at another address of the front-end's. */
static void memory_changes_while_it_runs(void **state)
{
	struct comp *rig = comp_run(cfg);
	uint8_t *before;

	(void)state;
	front_join(&front, rig);
	front_begin(&front, FE_FEATURES, FRONT_STEPS);
	for (unsigned int i = 0; i < 10; i++) {
		front_works(&front);
		front_memory(&front);
		front_works(&front);
		assert_int_equal(mappings(), 2);
	}
	before = front.mem;
	front.mem = mmap(NULL, FE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			 front.file, 0);
	munmap(before, FE_SIZE);
	front_memory(&front);
	front_address(&front, RING_RX);
	front_address(&front, RING_TX);
	front_works(&front);
	front_leave(&front);
	assert_int_equal(mappings(), 0);
}

static void what_is_offered_follows_the_port(void **state)
{
	struct comp *rig = comp_run(cfg);
	uint64_t plain, whole;

	(void)state;
	front_join(&front, rig);
	plain = front_asks(&front, GET_FEATURES);
	front_leave(&front);
	comp_free(rig);
	strcat(cfg->socket.path, "2");
	cfg->wire.offload = OFFLOAD_PORT | OFFLOAD_TAKES_ALL;
	cfg->wire.max_segment = SYS_MAX_SEGMENT;
	rig = comp_run(cfg);
	front_join(&front, rig);
	whole = front_asks(&front, GET_FEATURES);
	front_leave(&front);
	assert_int_equal(plain & (NET_F_CSUM | NET_F_GUEST_CSUM |
				  NET_F_HOST_TSO4 | NET_F_GUEST_TSO4),
			 0);
	assert_int_equal(~whole & (NET_F_CSUM | NET_F_GUEST_CSUM |
				   NET_F_HOST_TSO4 | NET_F_GUEST_TSO4),
			 0);
	assert_int_equal(plain & whole, plain);
	assert_int_equal(~plain & (VQ_F_VERSION_1 | VQ_F_PACKED | VQ_F_EVENT |
				   VQ_F_INDIRECT | VQ_F_IN_ORDER |
				   NET_F_MRG_RXBUF | PROTOCOL),
			 0);
	/* A log of changed memory, for live migration, is not kept. */
	assert_int_equal(whole & (1ull << 26), 0);
}

static void what_asks_for_it_is_confirmed(void **state)
{
	struct comp *rig = comp_run(cfg);
	uint64_t value = FE_FEATURES, said;

	(void)state;
	front_join(&front, rig);
	front_begin(&front, FE_FEATURES, 5);
	assert_true(front_say(&front, SET_FEATURES, 8, &value, 8, NULL, 0));
	front_hears(&front, SET_FEATURES, &said, sizeof(said));
	assert_int_equal(said, 0);
	value = 1500;
	assert_true(front_say(&front, NET_SET_MTU, 8, &value, 8, NULL, 0));
	front_hears(&front, NET_SET_MTU, &said, sizeof(said));
	assert_int_equal(said, 0);
	/* Where an answer is expected anyway there is no other one. */
	assert_true(front_say(&front, GET_FEATURES, 8, NULL, 0, NULL, 0));
	front_hears(&front, GET_FEATURES, &said, sizeof(said));
	assert_true(read(front.sock, &said, 1) < 0);
	front_leave(&front);
}

/* A message may come in pieces. */
static void messages_come_byte_by_byte(void **state)
{
	struct comp *rig = comp_run(cfg);
	struct {
		struct vhost_header h;
		uint64_t value;
	} __attribute__((packed)) m = { { SET_FEATURES, 1, 8 }, FE_FEATURES };
	const uint8_t *bytes = (const uint8_t *)&m;

	(void)state;
	front_join(&front, rig);
	for (unsigned int i = 0; i < sizeof(m); i++) {
		assert_int_equal(write(front.sock, bytes + i, 1), 1);
		comp_turn(rig);
	}
	front_begin(&front, FE_FEATURES, FRONT_STEPS);
	front_works(&front);
	front_leave(&front);
}

/* --- coming and going --------------------------------------------------- */

static void hc20_a_front_end_leaves_at_every_message(void **state)
{
	struct comp *rig = comp_run(cfg);
	unsigned int fds = comp_open_fds();

	(void)state;
	for (unsigned int steps = 0; steps <= FRONT_STEPS; steps++) {
		front_join(&front, rig);
		front_begin(&front, FE_FEATURES, steps);
		front_leave(&front);
		assert_int_equal(comp_open_fds(), fds);
		assert_int_equal(mappings(), 0);
	}
	front_join(&front, rig);
	front_begin(&front, FE_FEATURES, FRONT_STEPS);
	front_works(&front);
	front_leave(&front);
}

static void hc20_a_hundred_connections_leave_nothing(void **state)
{
	struct comp *rig = comp_run(cfg);
	unsigned int fds = comp_open_fds();

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		front_join(&front, rig);
		front_begin(&front, FE_FEATURES, FRONT_STEPS);
		front_works(&front);
		assert_int_equal(rig->c->outside->shared, FE_SIZE);
		/* Some traffic is under way when it goes. */
		front_lends(&front);
		front_leave(&front);
		assert_int_equal(rig->c->outside->shared, 0);
		assert_int_equal(comp_open_fds(), fds);
		assert_int_equal(mappings(), 0);
	}
}

/* The port's process begins anew, with the listener it had. */
static void the_port_begins_anew(void **state)
{
	struct comp *rig = comp_run(cfg);
	int fds[PD_MAX_FDS];

	(void)state;
	front_join(&front, rig);
	front_begin(&front, FE_FEATURES, FRONT_STEPS);
	front_works(&front);
	fds[0] = fcntl(rig->c->fd[0], F_DUPFD_CLOEXEC, 0);
	front_leave(&front);
	comp_free(rig);
	rig = comp_new(cfg);
	comp_start(rig, fds, 1);
	front_join(&front, rig);
	front_begin(&front, FE_FEATURES, FRONT_STEPS);
	front_works(&front);
	front_leave(&front);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		vhost_test(frames_flow_both_ways),
		vhost_test(the_guest_is_interrupted),
		vhost_test(rings_are_turned_off_and_on),
		vhost_test(an_interrupt_that_comes_late_is_rung),
		vhost_test(a_packed_ring_begins_where_it_is_told),
		vhost_test(memory_changes_while_it_runs),
		vhost_test(what_is_offered_follows_the_port),
		vhost_test(what_asks_for_it_is_confirmed),
		vhost_test(messages_come_byte_by_byte),
		vhost_test(hc20_a_front_end_leaves_at_every_message),
		vhost_test(hc20_a_hundred_connections_leave_nothing),
		vhost_test(the_port_begins_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
