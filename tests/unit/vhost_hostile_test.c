/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost-user ports and front-ends that break the protocol.  After each attack
 * an honest front-end is served as if nothing had been.
 */
#include "tests/unit/vhost_rig.h"

static struct comp *rig;
static struct front front;
static unsigned int fds;

static void begin(void)
{
	rig = comp_run(cfg);
	fds = comp_open_fds();
}

/* Nothing of the attack is left, and the next one is served. */
static void honest_one_is_served(void)
{
	front_leave(&front);
	assert_int_equal(comp_open_fds(), fds);
	front_join(&front, rig);
	front_begin(&front, FE_FEATURES, FRONT_STEPS);
	front_works(&front);
	front_leave(&front);
	assert_int_equal(comp_open_fds(), fds);
}

static void attack(unsigned int steps)
{
	front_join(&front, rig);
	front_begin(&front, FE_FEATURES, steps);
}

/* It was disconnected, with these words. */
static void refused(const char *words)
{
	comp_turn(rig);
	assert_true(front_refused(&front));
	assert_true(comp_is(rig, OUTSIDE_NO_PEER));
	if (!comp_logged(rig, words))
		fail_msg("not logged: %s", words);
	honest_one_is_served();
}

/* --- messages ----------------------------------------------------------- */

/* What it contains is noise; what would wait for more is cut off. */
static void hc14_every_request_of_every_size(void **state)
{
	static const uint32_t sizes[] = { 0,  1,   7,	8,   9,	  39,	     40,
					  41, 264, 265, 512, 513, UINT32_MAX };
	uint8_t noise[1024];

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)(i * 167 + 13);
	for (uint32_t request = 0; request < 48; request++) {
		for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
			attack(k % 2 ? FRONT_STEPS : 0);
			front_say(&front, request, 0, noise, sizes[k], NULL, 0);
			comp_turn(rig);
			front_leave(&front);
			assert_int_equal(comp_open_fds(), fds);
		}
	}
	attack(FRONT_STEPS);
	front_works(&front);
	honest_one_is_served();
}

static void hc14_garbage_and_wrong_versions(void **state)
{
	static const uint32_t flags[] = { 0, 2, 3, 4, 5 };
	uint64_t value = 0;

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		struct vhost_header h = { SET_FEATURES, flags[i], 8 };

		attack(3);
		assert_int_equal(write(front.sock, &h, sizeof(h)), sizeof(h));
		assert_int_equal(write(front.sock, &value, 8), 8);
		refused("must speak vhost-user");
	}
	attack(0);
	assert_int_equal(write(front.sock, "GET / HTTP/1.0\r\n\r\n", 18), 18);
	refused("must speak vhost-user");
}

/* With each request, as many descriptors as can be. */
static void hc20_descriptors_with_every_request(void **state)
{
	uint64_t value[64] = { 0 };
	int sent[32];

	(void)state;
	begin();
	for (uint32_t request = 0; request < 42; request++) {
		for (unsigned int n = 1; n <= 32; n += n < 9 ? 1 : 23) {
			attack(request % 2 ? FRONT_STEPS : 0);
			for (unsigned int i = 0; i < n; i++)
				sent[i] = front.file;
			front_say(&front, request, 0, value,
				  request == SET_VRING_ADDR ? 40 : 8, sent, n);
			comp_turn(rig);
			front_leave(&front);
			assert_int_equal(comp_open_fds(), fds);
		}
	}
	attack(FRONT_STEPS);
	front_works(&front);
	honest_one_is_served();
}

/* They come with the pieces of a message that is never whole. */
static void hc20_descriptors_in_pieces(void **state)
{
	struct vhost_header h = { SET_MEM_TABLE, 1, 264 };
	int sent[32];

	(void)state;
	begin();
	attack(4);
	for (unsigned int i = 0; i < 32; i++)
		sent[i] = front.file;
	assert_int_equal(write(front.sock, &h, 4), 4);
	/* The rest of it is a message to us, and its bytes are not. */
	for (unsigned int i = 0; i < 8; i++)
		front_say(&front, 0, 0, NULL, 0, sent, 8);
	comp_turn(rig);
	assert_true(front_refused(&front));
	honest_one_is_served();
}

static void hc14_features_never_offered(void **state)
{
	(void)state;
	begin();
	attack(5);
	front_u64(&front, SET_FEATURES, FE_FEATURES | 1ull << 26);
	refused("features that were not offered");
	attack(5);
	front_u64(&front, SET_PROTOCOL_FEATURES, 1ull << 1);
	refused("protocol features that were not offered");
	attack(6);
	front_u64(&front, NET_SET_MTU, 9000);
	refused("MTU");
}

/* The port does not wait for one that does not read its answers. */
static void hc28_answers_nobody_reads(void **state)
{
	(void)state;
	begin();
	attack(3);
	for (unsigned int i = 0; i < 100000; i++) {
		if (!front_say(&front, GET_FEATURES, 0, NULL, 0, NULL, 0))
			break;
	}
	assert_true(comp_logged(rig, "does not take the answer"));
	refused("does not take the answer");
}

/* --- memory ------------------------------------------------------------- */

static void table(unsigned int n, const struct vhost_table *t,
		  unsigned int sent)
{
	int file[8];

	attack(6);
	for (unsigned int i = 0; i < 8; i++)
		file[i] = front.file;
	front_say(&front, SET_MEM_TABLE, 0, t, 8 + 32 * n, file, sent);
}

static void hc08_regions_that_cannot_be(void **state)
{
	const uint64_t page = 4096, top = UINT64_MAX - page + 1;
	struct vhost_table t = { .n = 2 };

	(void)state;
	begin();
	t.region[0].size = t.region[1].size = 2 * page;
	t.region[1].start = page;
	table(2, &t, 2);
	refused("overlap");
	t.region[1].start = top;
	table(2, &t, 2);
	refused("beyond the address space");
	t.region[1].start = 4 * page;
	t.region[1].user = top;
	table(2, &t, 2);
	refused("beyond the address space");
	t.region[1].user = 0;
	t.region[1].size = 0;
	table(2, &t, 2);
	refused("impossible");
	t.region[1].size = UINT64_MAX;
	table(2, &t, 2);
	refused("impossible");
	t.region[1].size = page;
	t.region[1].offset = UINT64_MAX - 1;
	table(2, &t, 2);
	refused("impossible");
}

static void hc20_regions_and_descriptors_disagree(void **state)
{
	struct vhost_table t = { .n = 2 };

	(void)state;
	begin();
	t.region[0].size = t.region[1].size = 4096;
	t.region[1].start = 1u << 20;
	table(2, &t, 1);
	refused("do not agree");
	table(2, &t, 3);
	refused("do not agree");
	table(1, &t, 2);
	refused("do not agree");
	t.n = UINT32_MAX;
	table(2, &t, 2);
	refused("do not agree");
}

/* A file that cannot be mapped, or not to be written. */
static void hc08_memory_that_is_none(void **state)
{
	struct vhost_table t = { .n = 1, .region[0].size = 4096 };
	int pipes[2], read_only;

	(void)state;
	begin();
	assert_int_equal(pipe(pipes), 0);
	read_only = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	fds += 3;
	attack(6);
	front_say(&front, SET_MEM_TABLE, 0, &t, 40, &pipes[0], 1);
	refused("cannot be mapped");
	attack(6);
	front_say(&front, SET_MEM_TABLE, 0, &t, 40, &read_only, 1);
	refused("cannot be mapped");
	close(pipes[0]);
	close(pipes[1]);
	close(read_only);
}

/* --- rings -------------------------------------------------------------- */

static void hc09_rings_that_do_not_exist(void **state)
{
	static const uint32_t requests[] = { SET_VRING_NUM, SET_VRING_BASE,
					     GET_VRING_BASE, SET_VRING_ENABLE };

	(void)state;
	begin();
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		for (uint32_t ring = 2; ring > 0; ring <<= 3) {
			attack(FRONT_STEPS);
			front_ring(&front, requests[i], ring, 64);
			refused("no ring of that number");
		}
	}
	attack(FRONT_STEPS);
	front_fd(&front, SET_VRING_KICK, 2, front.kick[0]);
	refused("no ring of that number");
	attack(FRONT_STEPS);
	front_fd(&front, SET_VRING_CALL, 255, front.call[0]);
	refused("no ring of that number");
}

static void hc20_rings_too_long(void **state)
{
	(void)state;
	begin();
	attack(FRONT_STEPS);
	front_ring(&front, SET_VRING_NUM, 0, 1025);
	refused("1 to 1024 slots");
	attack(FRONT_STEPS);
	front_ring(&front, SET_VRING_NUM, 0, 0);
	refused("1 to 1024 slots");
}

/* The port goes on without the ring, until it is somewhere else. */
static void hc08_rings_outside_the_memory(void **state)
{
	(void)state;
	begin();
	for (unsigned int part = 0; part < 3; part++) {
		struct vhost_address a = { .ring = RING_RX };
		uint64_t *at[] = { &a.desc, &a.driver, &a.device };

		attack(FRONT_STEPS);
		a.desc = (uintptr_t)front.mem;
		a.driver = a.desc + 0x1000;
		a.device = a.desc + 0x2000;
		*at[part] = (uintptr_t)front.mem + FE_SIZE - 8;
		front_say(&front, SET_VRING_ADDR, 0, &a, sizeof(a), NULL, 0);
		assert_true(comp_logged(rig, "cannot be used"));
		assert_true(comp_is(rig, OUTSIDE_NO_CARRIER));
		*at[part] = 0x10;
		front_say(&front, SET_VRING_ADDR, 0, &a, sizeof(a), NULL, 0);
		front_address(&front, RING_RX);
		front_works(&front);
		honest_one_is_served();
	}
	/* Memory that is taken away from under the rings. */
	attack(FRONT_STEPS);
	front_works(&front);
	front_say(&front, SET_MEM_TABLE, 0, &(struct vhost_table){ .n = 0 }, 8,
		  NULL, 0);
	assert_true(comp_is(rig, OUTSIDE_NO_CARRIER));
	front_memory(&front);
	front_works(&front);
	honest_one_is_served();
}

static void hc04_an_index_more_than_a_ring_ahead(void **state)
{
	(void)state;
	begin();
	for (unsigned int ring = 0; ring < RINGS; ring++) {
		struct vq_avail *avail;
		uint8_t frame[60];
		eventfd_t n;

		attack(FRONT_STEPS);
		front_works(&front);
		avail = (void *)(front.mem + FE_DRIVER(ring));
		atomic_store(&avail->idx, 0x8000);
		comp_frame(frame, sizeof(frame), 1);
		comp_send(rig, frame, sizeof(frame));
		eventfd_write(front.kick[ring], 1);
		comp_until(rig, comp_logged(rig, "broke the rules"));
		assert_int_equal(eventfd_read(front.err[ring], &n), 0);
		honest_one_is_served();
	}
}

/* --- descriptors -------------------------------------------------------- */

static void hc30_a_kick_that_is_no_eventfd(void **state)
{
	int pair[2];

	(void)state;
	begin();
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	fds += 2;
	/* A file that cannot be watched. */
	attack(FRONT_STEPS);
	front_fd(&front, SET_VRING_KICK, RING_TX, front.file);
	refused("no eventfd");
	/* What else can be watched is never read. */
	attack(FRONT_STEPS);
	front_fd(&front, SET_VRING_KICK, RING_TX, pair[0]);
	for (unsigned int i = 0; i < 100; i++) {
		assert_int_equal(write(pair[1], "x", 1), 1);
		comp_turn(rig);
	}
	honest_one_is_served();
	close(pair[0]);
	close(pair[1]);
}

/* What a process of its own ends with: the attack, then a frame. */
static int dies_of(void (*attacker)(void))
{
	pid_t pid = fork();
	uint8_t frame[60];
	int status = 0;

	if (pid == 0) {
		signal(SIGBUS, SIG_DFL);
		attack(FRONT_STEPS);
		front_lends(&front);
		attacker();
		comp_frame(frame, sizeof(frame), 1);
		comp_send(rig, frame, sizeof(frame));
		comp_turn(rig);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void nothing_more(void)
{
}

static void cut_memory(void)
{
	assert_int_equal(ftruncate(front.file, 0), 0);
}

/* Filled to the brim, and its O_NONBLOCK cleared. */
static void fill_call(void)
{
	assert_int_equal(fcntl(front.call[RING_RX], F_SETFL, 0), 0);
	assert_int_equal(eventfd_write(front.call[RING_RX], UINT64_MAX - 1), 0);
}

static void hc30_a_call_that_takes_nothing(void **state)
{
	(void)state;
	begin();
	assert_int_equal(dies_of(nothing_more), 0);
	assert_int_equal(dies_of(fill_call), SIGALRM);
}

static void memory_that_is_cut_ends_the_port_alone(void **state)
{
	(void)state;
	begin();
	assert_int_equal(dies_of(cut_memory), SIGBUS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		vhost_test(hc14_every_request_of_every_size),
		vhost_test(hc14_garbage_and_wrong_versions),
		vhost_test(hc20_descriptors_with_every_request),
		vhost_test(hc20_descriptors_in_pieces),
		vhost_test(hc14_features_never_offered),
		vhost_test(hc28_answers_nobody_reads),
		vhost_test(hc08_regions_that_cannot_be),
		vhost_test(hc20_regions_and_descriptors_disagree),
		vhost_test(hc08_memory_that_is_none),
		vhost_test(hc09_rings_that_do_not_exist),
		vhost_test(hc20_rings_too_long),
		vhost_test(hc08_rings_outside_the_memory),
		vhost_test(hc04_an_index_more_than_a_ring_ahead),
		vhost_test(hc30_a_kick_that_is_no_eventfd),
		vhost_test(hc30_a_call_that_takes_nothing),
		vhost_test(memory_that_is_cut_ends_the_port_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
