/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/disk_rig.h"

#include <sys/stat.h>

char dk_path[128];

/* A request has a buffer: header, answer, data; and three descriptors. */
#define ANSWER 16u
#define DATA 512u
#define PARTS 3u

int disk_setup(void **state)
{
	uint8_t block[4096];
	int fd;

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (comp_setup(SYS_DISK, "data") != 0)
		return -1;
	snprintf(dk_path, sizeof(dk_path), "%s/d.img", dir);
	fd = open(dk_path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	memset(block, 0xd1, sizeof(block));
	for (unsigned int i = 0; i < DK_SIZE; i += sizeof(block))
		assert_int_equal(write(fd, block, sizeof(block)),
				 sizeof(block));
	close(fd);
	cfg->disk.stats = SYS_NONE;
	cfg->disk.size = DK_SIZE;
	cfg->disk.sparse = true;
	snprintf(cfg->disk.path, SYS_PATH, "%s", dk_path);
	cfg->disk.socket.mode = SYS_SOCKET_LISTEN;
	snprintf(cfg->disk.socket.path, SYS_PATH, "%s/s", dir);
	return 0;
}

static uint8_t *buffer(struct front *f, unsigned int ring, uint16_t slot)
{
	return f->mem + FE_BUFFER(ring, slot);
}

uint8_t *dk_status(struct front *f, unsigned int ring, uint16_t slot)
{
	return buffer(f, ring, slot) + ANSWER;
}

static void write_header(uint8_t *to, uint32_t kind, uint64_t sector)
{
	const uint32_t zero = 0;

	memcpy(to, &kind, sizeof(kind));
	memcpy(to + 4, &zero, sizeof(zero));
	memcpy(to + 8, &sector, sizeof(sector));
}

/* Return: bytes of the data. */
static uint32_t write_data(uint8_t *to, uint32_t kind, uint64_t sector,
			   const void *data, uint32_t len)
{
	const uint32_t range[] = { len / VBLK_SECTOR, 0 };

	if (kind == DK_OUT)
		memcpy(to, data, len);
	if (kind != DK_DISCARD && kind != DK_ZEROES)
		return len;
	memcpy(to, &sector, sizeof(sector));
	memcpy(to + 8, range, sizeof(range));
	return 16;
}

uint16_t dk_ask(struct front *f, unsigned int ring, uint32_t kind,
		uint64_t sector, const void *data, uint32_t len)
{
	uint16_t slot = f->made[ring] % (FE_SLOTS / PARTS);
	uint16_t head = (uint16_t)(slot * PARTS);
	struct vq_desc *desc = (void *)(f->mem + FE_DESC(ring));
	struct vq_avail *avail = (void *)(f->mem + FE_DRIVER(ring));
	const uint64_t at = FE_GUEST + FE_BUFFER(ring, slot);
	uint16_t in = kind == DK_IN ? VQ_DESC_WRITE : 0;

	write_header(buffer(f, ring, slot), kind, sector);
	len = write_data(buffer(f, ring, slot) + DATA, kind, sector, data, len);
	*dk_status(f, ring, slot) = DK_NONE;
	desc[head] = (struct vq_desc){ at, 16, VQ_DESC_NEXT,
				       (uint16_t)(head + (len ? 1 : 2)) };
	desc[head + 1] = (struct vq_desc){ at + DATA, len,
					   (uint16_t)(VQ_DESC_NEXT | in),
					   (uint16_t)(head + 2) };
	desc[head + 2] = (struct vq_desc){ at + ANSWER, 1, VQ_DESC_WRITE, 0 };
	avail->ring[f->made[ring] % FE_SLOTS] = head;
	atomic_store(&avail->idx, ++f->made[ring]);
	assert_int_equal(eventfd_write(f->kick[ring], 1), 0);
	return slot;
}

uint8_t dk_answer(struct front *f, unsigned int ring, void *data, uint32_t len)
{
	struct vq_used *used = (void *)(f->mem + FE_DEVICE(ring));
	uint16_t slot;

	comp_until(f->rig, atomic_load(&used->idx) != f->seen[ring]);
	slot = (uint16_t)(used->ring[f->seen[ring]++ % FE_SLOTS].id / PARTS);
	if (data != NULL)
		memcpy(data, buffer(f, ring, slot) + DATA, len);
	return *dk_status(f, ring, slot);
}

uint8_t dk_do(struct front *f, unsigned int ring, uint32_t kind,
	      uint64_t sector, void *data, uint32_t len)
{
	dk_ask(f, ring, kind, sector, data, len);
	return dk_answer(f, ring, kind == DK_IN ? data : NULL, len);
}

void dk_assert_file(uint64_t at, const void *bytes, uint32_t len)
{
	uint8_t got[4096];
	int fd = open(dk_path, O_RDONLY | O_CLOEXEC);

	assert_true(len <= sizeof(got));
	assert_int_equal(pread(fd, got, len, (off_t)at), len);
	close(fd);
	assert_memory_equal(got, bytes, len);
}

void dk_works(struct front *f)
{
	static unsigned int which;
	uint8_t data[1024], got[1024];

	which++;
	for (unsigned int ring = 0; ring < RINGS; ring++) {
		for (size_t i = 0; i < sizeof(data); i++)
			data[i] = (uint8_t)(i * 7 + which + ring);
		assert_int_equal(dk_do(f, ring, DK_OUT, which % 99, data,
				       sizeof(data)),
				 VBLK_OK);
		dk_assert_file(which % 99 * VBLK_SECTOR, data, sizeof(data));
		assert_int_equal(dk_do(f, ring, DK_FLUSH, 0, NULL, 0), VBLK_OK);
		assert_int_equal(dk_do(f, ring, DK_IN, which % 99, got,
				       sizeof(got)),
				 VBLK_OK);
		assert_memory_equal(got, data, sizeof(got));
	}
	assert_true(comp_is(f->rig, OUTSIDE_UP));
}
