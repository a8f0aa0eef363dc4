/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A disk in a file: what its guest writes, reads, flushes and discards; what
 * fails; and what was under way when a process died.
 */
#include "tests/unit/disk_rig.h"

#include <sys/resource.h>
#include <sys/stat.h>

static struct comp *rig;
static struct front front;

static void begin(void)
{
	rig = comp_run(cfg);
	front_join(&front, rig);
	front_begin(&front, DK_FEATURES, FRONT_STEPS);
}

/* Blocks of 512 bytes that the file has. */
static uint64_t blocks(void)
{
	struct stat st;

	assert_int_equal(stat(dk_path, &st), 0);
	return (uint64_t)st.st_blocks;
}

/* --- what is done ------------------------------------------------------- */

static void reads_writes_and_flushes(void **state)
{
	(void)state;
	begin();
	for (unsigned int i = 0; i < 100; i++)
		dk_works(&front);
	front_leave(&front);
}

static void many_at_once_on_both_rings(void **state)
{
	uint8_t data[1024] = { 1 };

	(void)state;
	begin();
	for (unsigned int round = 0; round < 50; round++) {
		for (unsigned int i = 0; i < 20; i++)
			dk_ask(&front, i % 2, i % 4 < 2 ? DK_OUT : DK_IN, i * 2,
			       data, sizeof(data));
		for (unsigned int i = 0; i < 20; i++)
			assert_int_equal(dk_answer(&front, i % 2, NULL, 0),
					 VBLK_OK);
	}
	front_leave(&front);
}

/* As they are, but that each is a system call. */
static void without_io_uring(void **state)
{
	struct rlimit old, low;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	rig = comp_new(cfg);
	low = (struct rlimit){ 0, old.rlim_max };
	{
		int fds[PD_MAX_FDS];
		int n = comp_open(cfg, fds);

		assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
		assert_int_equal(comp_init(rig, fds, n), 0);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	}
	comp_turn(rig);
	assert_true(comp_logged(rig, "there is no io_uring here"));
	front_join(&front, rig);
	front_begin(&front, DK_FEATURES, FRONT_STEPS);
	for (unsigned int i = 0; i < 10; i++)
		dk_works(&front);
	assert_int_equal(dk_do(&front, 0, DK_DISCARD, 0, NULL, 65536), VBLK_OK);
	assert_true(blocks() < DK_SIZE / 512);
	front_leave(&front);
}

static void what_is_discarded_becomes_a_hole(void **state)
{
	static const uint8_t zeroes[4096];
	uint64_t had;

	(void)state;
	begin();
	had = blocks();
	assert_int_equal(dk_do(&front, 0, DK_DISCARD, 128, NULL, 0x80000),
			 VBLK_OK);
	assert_true(blocks() <= had - 0x80000 / 512);
	dk_assert_file(128 * 512, zeroes, sizeof(zeroes));
	front_leave(&front);
}

static void zeroes_are_written(void **state)
{
	static const uint8_t zeroes[4096];
	uint8_t before[512];

	(void)state;
	memset(before, 0xd1, sizeof(before));
	begin();
	assert_int_equal(dk_do(&front, 0, DK_ZEROES, 3, NULL, 4096), VBLK_OK);
	dk_assert_file(3 * 512, zeroes, sizeof(zeroes));
	dk_assert_file(2 * 512, before, sizeof(before));
	dk_assert_file(3 * 512 + 4096, before, sizeof(before));
	front_leave(&front);
}

static void a_part_of_a_file(void **state)
{
	uint8_t data[512], before[512];

	(void)state;
	memset(before, 0xd1, sizeof(before));
	memset(data, 0x77, sizeof(data));
	cfg->disk.first = 0x10000;
	cfg->disk.size = 0x1000;
	begin();
	assert_int_equal(dk_do(&front, 0, DK_OUT, 0, data, 512), VBLK_OK);
	assert_int_equal(dk_do(&front, 0, DK_OUT, 7, data, 512), VBLK_OK);
	assert_int_equal(dk_do(&front, 0, DK_OUT, 8, data, 512), VBLK_ERROR);
	dk_assert_file(0x10000 - 512, before, 512);
	dk_assert_file(0x10000, data, 512);
	dk_assert_file(0x11000 - 512, data, 512);
	dk_assert_file(0x11000, before, 512);
	front_leave(&front);
}

/* --- what it says of itself --------------------------------------------- */

static void tells_its_configuration(void **state)
{
	struct vhost_config c = { .size = 60 };
	struct vblk_config got;
	uint64_t refused = 0;

	(void)state;
	begin();
	assert_true(front_say(&front, GET_CONFIG, 0, &c, 12 + 60, NULL, 0));
	front_hears(&front, GET_CONFIG, &c, 12 + 60);
	memcpy(&got, c.bytes, 60);
	assert_int_equal(got.capacity, DK_SIZE / 512);
	assert_int_equal(got.queues, 16);
	assert_true(got.max_discard > 0);
	/* There is nothing to be set, and nothing comes of trying. */
	assert_true(front_say(&front, SET_CONFIG, 8, &c, 12 + 60, NULL, 0));
	front_hears(&front, SET_CONFIG, &refused, 8);
	assert_int_equal(refused, 1);
	dk_works(&front);
	front_leave(&front);
}

/* --- what fails --------------------------------------------------------- */

static void a_file_that_becomes_shorter(void **state)
{
	uint8_t data[512] = { 0 };

	(void)state;
	begin();
	assert_int_equal(truncate(dk_path, DK_SIZE / 2 + 256), 0);
	assert_int_equal(dk_do(&front, 0, DK_IN, DK_SIZE / 512 - 1, data, 512),
			 VBLK_ERROR);
	assert_int_equal(dk_do(&front, 0, DK_IN, DK_SIZE / 1024, data, 512),
			 VBLK_ERROR);
	assert_true(comp_logged(rig, "the file has become shorter"));
	assert_int_equal(dk_do(&front, 0, DK_IN, DK_SIZE / 1024 - 1, data, 512),
			 VBLK_OK);
	front_leave(&front);
}

static void a_disk_that_is_only_read(void **state)
{
	uint8_t data[512], before[512];

	(void)state;
	memset(before, 0xd1, sizeof(before));
	memset(data, 0, sizeof(data));
	cfg->disk.read_only = true;
	rig = comp_run(cfg);
	front_join(&front, rig);
	assert_true(front_asks(&front, GET_FEATURES) & VBLK_F_RO);
	front_begin(&front, FE_FEATURES | VBLK_F_RO, FRONT_STEPS);
	assert_int_equal(dk_do(&front, 0, DK_OUT, 0, data, 512), VBLK_ERROR);
	assert_int_equal(dk_do(&front, 0, DK_IN, 0, data, 512), VBLK_OK);
	assert_memory_equal(data, before, 512);
	assert_int_equal(dk_do(&front, 0, DK_FLUSH, 0, NULL, 0), VBLK_OK);
	assert_true(comp_logged(rig, "writes to a disk that is read-only"));
	front_leave(&front);
}

static void hc08_what_is_not_on_the_disk(void **state)
{
	static const uint64_t sectors[] = { DK_SIZE / 512, 1ull << 55,
					    UINT64_MAX, UINT64_MAX / 512 };
	uint8_t data[512] = { 0 };

	(void)state;
	begin();
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(dk_do(&front, 0, DK_IN, sectors[i], data, 512),
				 VBLK_ERROR);
		assert_int_equal(dk_do(&front, 1, DK_OUT, sectors[i], data,
				       512),
				 VBLK_ERROR);
	}
	assert_true(comp_logged(rig, "asked for what is not on the disk"));
	dk_works(&front);
	front_leave(&front);
}

/* --- a process dies ----------------------------------------------------- */

/* As GET_INFLIGHT_FD answers, with a descriptor. */
static struct vhost_shared shared(struct front *f, int *fd)
{
	struct vhost_shared s = { .rings = RINGS, .slots = FE_SLOTS };
	struct vhost_header h;
	struct iovec iov[] = { { &h, sizeof(h) }, { &s, sizeof(s) } };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr m = { .msg_iov = iov,
			    .msg_iovlen = 2,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };

	assert_true(front_say(f, GET_INFLIGHT_FD, 0, &s, sizeof(s), NULL, 0));
	assert_int_equal(recvmsg(f->sock, &m, MSG_CMSG_CLOEXEC),
			 sizeof(h) + sizeof(s));
	assert_int_equal(m.msg_controllen, CMSG_SPACE(sizeof(int)));
	memcpy(fd, CMSG_DATA(&control.align), sizeof(int));
	assert_true(s.size > 0);
	return s;
}

/* An entry of ring 0, and its header, as the specification has them. */
static uint8_t *entry(uint8_t *map, unsigned int head)
{
	return map + 16 + head * 16;
}

/*
 * A guest asks for five writes.  As the process died, the first had been given
 * back; of the next, all but this had been noted; the third and the fourth were
 * under way, the fourth since earlier; the fifth had not been taken.
 */
static void die(struct front *f, const struct vhost_shared *s, int fd)
{
	struct vq_used *used = (void *)(f->mem + FE_DEVICE(0));
	uint16_t word;
	uint64_t serial;
	uint8_t *map = mmap(NULL, s->size, PROT_READ | PROT_WRITE, MAP_SHARED,
			    fd, (off_t)s->at);

	assert_true(map != MAP_FAILED);
	for (uint16_t i = 0; i < 2; i++)
		used->ring[i] = (struct vq_used_elem){ i * 3u, 1 };
	atomic_store(&used->idx, 2);
	f->seen[0] = 2;
	word = 3; /* the head of the second: the last batch */
	memcpy(map + 12, &word, sizeof(word));
	word = 1; /* the used index, as last noted */
	memcpy(map + 14, &word, sizeof(word));
	for (unsigned int i = 1; i < 4; i++) {
		*entry(map, i * 3) = 1;
		serial = 10 - i;
		memcpy(entry(map, i * 3) + 8, &serial, sizeof(serial));
	}
	munmap(map, s->size);
}

static void what_was_under_way_is_done_again(void **state)
{
	uint8_t data[512], before[512];
	struct vhost_shared s;
	uint16_t slot[5];
	int fd;

	(void)state;
	memset(before, 0xd1, sizeof(before));
	rig = comp_run(cfg);
	front_join(&front, rig);
	front_begin(&front, DK_FEATURES, 7);
	s = shared(&front, &fd);
	for (unsigned int i = 0; i < 5; i++) {
		memset(data, (int)i + 1, sizeof(data));
		slot[i] = dk_ask(&front, 0, DK_OUT, i, data, sizeof(data));
	}
	die(&front, &s, fd);
	assert_true(front_say(&front, SET_INFLIGHT_FD, 0, &s, 20, &fd, 1));
	for (unsigned int step = 8; step < FRONT_STEPS; step++) {
		if (step == 9)
			front_ring(&front, SET_VRING_BASE, 0, 2);
		else
			front_step(&front, DK_FEATURES, step);
	}
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(dk_answer(&front, 0, NULL, 0), VBLK_OK);
	assert_true(comp_logged(rig, "2 requests that were under way"));
	/* Not those that the guest had been told of. */
	for (unsigned int i = 0; i < 5; i++) {
		memset(data, (int)i + 1, sizeof(data));
		dk_assert_file(i * 512, i < 2 ? before : data, 512);
		assert_int_equal(*dk_status(&front, 0, slot[i]),
				 i < 2 ? DK_NONE : VBLK_OK);
	}
	dk_works(&front);
	close(fd);
	front_leave(&front);
}

/* Whatever is written there, by whoever: at worst the ring stops. */
static void hc07_under_way_is_what_never_was(void **state)
{
	struct vhost_shared s;
	uint32_t seed = 1;
	uint8_t *map;
	int fd;

	(void)state;
	rig = comp_run(cfg);
	for (unsigned int round = 0; round < 200; round++) {
		front_join(&front, rig);
		front_begin(&front, DK_FEATURES, 7);
		s = shared(&front, &fd);
		map = mmap(NULL, s.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
			   0);
		for (unsigned int i = 4; i < s.size; i++) {
			seed = seed * 1103515245 + 12345;
			if (round % 2 || i % 16 == 0)
				map[i] = (uint8_t)(seed >> 16 & 0x11);
		}
		assert_true(
			front_say(&front, SET_INFLIGHT_FD, 0, &s, 24, &fd, 1));
		for (unsigned int step = 8; step < FRONT_STEPS; step++)
			front_step(&front, DK_FEATURES, step);
		comp_turn(rig);
		munmap(map, s.size);
		close(fd);
		front_leave(&front);
	}
	front_join(&front, rig);
	front_begin(&front, DK_FEATURES, FRONT_STEPS);
	dk_works(&front);
	front_leave(&front);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		disk_test(reads_writes_and_flushes),
		disk_test(many_at_once_on_both_rings),
		disk_test(without_io_uring),
		disk_test(what_is_discarded_becomes_a_hole),
		disk_test(zeroes_are_written),
		disk_test(a_part_of_a_file),
		disk_test(tells_its_configuration),
		disk_test(a_file_that_becomes_shorter),
		disk_test(a_disk_that_is_only_read),
		disk_test(hc08_what_is_not_on_the_disk),
		disk_test(what_was_under_way_is_done_again),
		disk_test(hc07_under_way_is_what_never_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
