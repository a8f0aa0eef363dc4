/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/capture_rig.h"

/* --- the port ----------------------------------------------------------- */

int capture_setup(void **state)
{
	(void)state;
	if (comp_setup(SYS_CAPTURE, "sw0.pcap") != 0)
		return -1;
	snprintf(cfg->capture.path, SYS_PATH, "%s/x.pcapng", dir);
	cfg->capture.of = 1u << ALICE | 1u << UPLINK;
	strcpy(cfg->capture.name[ALICE], "sw0.alice");
	strcpy(cfg->capture.name[BOB], "sw0.bob");
	strcpy(cfg->capture.name[UPLINK], "sw0.uplink");
	cfg->capture.drops = 1;
	return 0;
}

struct comp *crash(struct comp *rig)
{
	int fds[PD_MAX_FDS];
	int n = (int)rig->c->n_fds;

	memcpy(fds, rig->c->fd, sizeof(fds));
	rig->c->n_fds = 0;
	comp_free(rig);
	rig = comp_new(cfg);
	comp_start(rig, fds, n);
	return rig;
}

struct capture_record in_at(uint16_t port, uint16_t len)
{
	return (struct capture_record){
		.time_ns = 5000000000,
		.port = port,
		.peer = CAPTURE_NO_PORT,
		.len = len,
		.direction = CAPTURE_IN,
	};
}

bool send_record(struct comp *rig, const struct capture_record *r,
		 unsigned int which)
{
	uint8_t b[CAPTURE_HEADROOM + MAX_FRAME];

	memcpy(b, r, sizeof(*r));
	comp_frame(b + CAPTURE_HEADROOM, r->len, which);
	return comp_send(rig, b, CAPTURE_HEADROOM + r->len);
}

void record_in(struct comp *rig, unsigned int which)
{
	struct capture_record r = in_at(ALICE, 100);

	assert_true(send_record(rig, &r, which));
}

unsigned int fill(struct comp *rig, unsigned int most)
{
	struct capture_record r = in_at(ALICE, 1000);
	unsigned int sent = 0;

	while (sent < most && send_record(rig, &r, sent))
		if (++sent % 60 == 0)
			comp_turn(rig);
	return sent;
}

/* --- reading back ------------------------------------------------------- */

static uint32_t word(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static void see_options(struct seen *s, const uint8_t *p, const uint8_t *end)
{
	while (p + 4 <= end) {
		uint16_t code, len;

		memcpy(&code, p, 2);
		memcpy(&len, p + 2, 2);
		if (code == 1)
			snprintf(s->comment, sizeof(s->comment), "%.*s",
				 (int)len, (const char *)p + 4);
		if (code == 2)
			s->flags = word(p + 4);
		p += 4 + (len + 3u) / 4 * 4;
	}
}

static void see_packet(struct seen *s, const uint8_t *p, uint32_t length)
{
	s->packets++;
	s->interface = word(p + 8);
	s->time_ns = (uint64_t)word(p + 12) << 32 | word(p + 16);
	s->len = word(p + 20);
	assert_true(s->len <= MAX_FRAME);
	memcpy(s->data, p + 28, s->len);
	s->comment[0] = '\0';
	see_options(s, p + 28 + (s->len + 3) / 4 * 4, p + length - 4);
}

struct seen see(const uint8_t *p, size_t size)
{
	struct seen s = { 0 };

	while (size > 0) {
		uint32_t length;

		assert_true(size >= 12);
		length = word(p + 4);
		assert_true(length >= 12 && length <= size);
		assert_int_equal(word(p + length - 4), length);
		if (word(p) == 0x0a0d0d0a) {
			s.sections++;
			s.interfaces = 0;
		} else if (word(p) == 1) {
			s.interfaces++;
		} else {
			assert_int_equal(word(p), 6);
			assert_true(s.sections > 0);
			see_packet(&s, p, length);
			assert_true(s.interface < s.interfaces);
		}
		p += length;
		size -= length;
	}
	return s;
}

struct seen see_file(const char *path)
{
	static uint8_t data[4 << 20];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	assert_true(fd >= 0);
	n = read(fd, data, sizeof(data));
	assert_true(n >= 0);
	close(fd);
	return see(data, (size_t)n);
}

struct seen see_ring(unsigned int index)
{
	char path[SYS_PATH + 16];

	assert_int_equal(capture_file_name(cfg->capture.path, index, path,
					   sizeof(path)),
			 0);
	return see_file(path);
}
