/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/vhost_rig.h"

int vhost_setup(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (comp_setup(SYS_VHOST_USER, "sw0.vm") != 0)
		return -1;
	cfg->socket.mode = SYS_SOCKET_LISTEN;
	snprintf(cfg->socket.path, SYS_PATH, "%s/s", dir);
	return 0;
}

/* What the front-end is for; a port in another process is a card. */
static bool is_disk(void)
{
	return cfg != NULL && cfg->kind == SYS_DISK;
}

/* A port in this process works in turns, and we must not wait for it. */
static void turn(struct front *f)
{
	if (f->rig != NULL)
		comp_turn(f->rig);
}

static int dial(const char *path, int flags)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	assert_true(strlen(path) < sizeof(addr.sun_path));
	strcpy(addr.sun_path, path);
	assert_int_equal(connect(fd, (struct sockaddr *)&addr, sizeof(addr)),
			 0);
	return fd;
}

static void join(struct front *f, struct comp *rig, int sock)
{
	*f = (struct front){ .rig = rig, .sock = sock };
	f->file = memfd_create("guest", MFD_CLOEXEC);
	assert_int_equal(ftruncate(f->file, FE_SIZE), 0);
	f->mem = mmap(NULL, FE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      f->file, 0);
	assert_true(f->mem != MAP_FAILED);
	for (unsigned int i = 0; i < RINGS; i++) {
		f->kick[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		f->call[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
		f->err[i] = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	}
	turn(f);
}

void front_join(struct front *f, struct comp *rig)
{
	join(f, rig,
	     dial(is_disk() ? cfg->disk.socket.path : cfg->socket.path,
		  SOCK_NONBLOCK));
}

void front_join_far(struct front *f, const char *path)
{
	const struct timeval timeout = { .tv_sec = FRONT_TIMEOUT_MS / 1000 };

	join(f, NULL, dial(path, 0));
	setsockopt(f->sock, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
}

void front_leave(struct front *f)
{
	close(f->sock);
	close(f->file);
	munmap(f->mem, FE_SIZE);
	for (unsigned int i = 0; i < RINGS; i++) {
		close(f->kick[i]);
		close(f->call[i]);
		close(f->err[i]);
	}
	if (f->rig != NULL)
		comp_until(f->rig, comp_is(f->rig, OUTSIDE_NO_PEER));
	turn(f);
}

/* --- messages ----------------------------------------------------------- */

bool front_say(struct front *f, uint32_t request, uint32_t flags,
	       const void *payload, uint32_t size, const int *fds,
	       unsigned int n)
{
	struct vhost_header h = { request, flags | 1, size };
	/* Of what is longer than a message may be, the beginning will do. */
	struct iovec iov[] = { { &h, sizeof(h) },
			       { (void *)(uintptr_t)payload,
				 size < 1024 ? size : 1024 } };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(32 * sizeof(int))];
	} control = { .space = { 0 } };
	struct msghdr m = { .msg_iov = iov, .msg_iovlen = payload ? 2 : 1 };
	ssize_t sent;

	if (n > 0) {
		m.msg_control = &control;
		m.msg_controllen = CMSG_SPACE(n * sizeof(int));
		control.align.cmsg_level = SOL_SOCKET;
		control.align.cmsg_type = SCM_RIGHTS;
		control.align.cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(&control.align), fds, n * sizeof(int));
	}
	sent = sendmsg(f->sock, &m, MSG_NOSIGNAL);
	turn(f);
	return sent > 0;
}

void front_u64(struct front *f, uint32_t request, uint64_t value)
{
	assert_true(front_say(f, request, 0, &value, sizeof(value), NULL, 0));
}

void front_ring(struct front *f, uint32_t request, uint32_t ring,
		uint32_t value)
{
	struct vhost_state s = { ring, value };

	assert_true(front_say(f, request, 0, &s, sizeof(s), NULL, 0));
}

void front_fd(struct front *f, uint32_t request, uint32_t ring, int fd)
{
	uint64_t value = ring;

	assert_true(front_say(f, request, 0, &value, sizeof(value), &fd, 1));
}

void front_address(struct front *f, uint32_t ring)
{
	uint64_t here = (uintptr_t)f->mem;
	struct vhost_address a = {
		.ring = ring,
		.desc = here + FE_DESC(ring),
		.driver = here + FE_DRIVER(ring),
		.device = here + FE_DEVICE(ring),
	};

	assert_true(front_say(f, SET_VRING_ADDR, 0, &a, sizeof(a), NULL, 0));
}

void front_memory(struct front *f)
{
	struct vhost_table t = {
		.n = 1,
		.region[0] = { FE_GUEST, FE_SIZE, (uintptr_t)f->mem, 0 },
	};

	assert_true(front_say(f, SET_MEM_TABLE, 0, &t, 8 + 32, &f->file, 1));
}

void front_hears(struct front *f, uint32_t request, void *payload,
		 uint32_t size)
{
	struct vhost_header h = { 0 };

	assert_int_equal(read(f->sock, &h, sizeof(h)), sizeof(h));
	assert_int_equal(h.request, request);
	assert_int_equal(h.flags, 1 | 4);
	assert_int_equal(h.size, size);
	assert_int_equal(read(f->sock, payload, size), size);
}

uint64_t front_asks(struct front *f, uint32_t request)
{
	uint64_t value = 0;

	assert_true(front_say(f, request, 0, NULL, 0, NULL, 0));
	front_hears(f, request, &value, sizeof(value));
	return value;
}

bool front_refused(struct front *f)
{
	uint8_t bytes[64];
	ssize_t n;

	do {
		n = read(f->sock, bytes, sizeof(bytes));
	} while (n > 0);
	return n == 0 || errno == ECONNRESET;
}

static void ring_step(struct front *f, unsigned int ring, unsigned int step)
{
	switch (step) {
	case 0:
		front_ring(f, SET_VRING_NUM, ring, FE_SLOTS);
		break;
	case 1:
		front_ring(f, SET_VRING_BASE, ring, 0);
		break;
	case 2:
		front_address(f, ring);
		break;
	case 3:
		front_fd(f, SET_VRING_CALL, ring, f->call[ring]);
		break;
	case 4:
		front_fd(f, SET_VRING_ERR, ring, f->err[ring]);
		break;
	case 5:
		front_fd(f, SET_VRING_KICK, ring, f->kick[ring]);
		break;
	default:
		front_ring(f, SET_VRING_ENABLE, ring, 1);
		break;
	}
}

static void first_step(struct front *f, uint64_t features, unsigned int step)
{
	switch (step) {
	case 0:
		front_asks(f, GET_FEATURES);
		break;
	case 1:
		front_asks(f, GET_PROTOCOL_FEATURES);
		break;
	case 2:
		front_u64(f, SET_PROTOCOL_FEATURES, VHOST_REPLY_ACK | 1);
		break;
	case 3:
		assert_int_equal(front_asks(f, GET_QUEUE_NUM),
				 is_disk() ? 16 : 1);
		break;
	case 4:
		assert_true(front_say(f, SET_OWNER, 0, NULL, 0, NULL, 0));
		break;
	case 5:
		front_u64(f, SET_FEATURES, features);
		break;
	case 6:
		front_memory(f);
		break;
	default:
		if (!is_disk())
			front_u64(f, SEND_RARP, 0x0102030405);
		break;
	}
}

void front_step(struct front *f, uint64_t features, unsigned int step)
{
	if (step < 8)
		first_step(f, features, step);
	else
		ring_step(f, (step - 8) / 7, (step - 8) % 7);
}

void front_begin(struct front *f, uint64_t features, unsigned int steps)
{
	for (unsigned int i = 0; i < steps; i++)
		front_step(f, features, i);
}

/* --- the guest's driver ------------------------------------------------- */

static void make_available(struct front *f, unsigned int ring, uint32_t len,
			   uint16_t flags)
{
	uint16_t slot = f->made[ring] % FE_SLOTS;
	struct vq_desc *desc = (void *)(f->mem + FE_DESC(ring));
	struct vq_avail *avail = (void *)(f->mem + FE_DRIVER(ring));

	desc[slot] = (struct vq_desc){
		.addr = FE_GUEST + FE_BUFFER(ring, slot),
		.len = len,
		.flags = flags,
	};
	avail->ring[slot] = slot;
	atomic_store(&avail->idx, ++f->made[ring]);
	assert_int_equal(eventfd_write(f->kick[ring], 1), 0);
}

static bool came_back(struct front *f, unsigned int ring)
{
	struct vq_used *used = (void *)(f->mem + FE_DEVICE(ring));

	return atomic_load(&used->idx) != f->seen[ring];
}

bool front_waits(struct front *f, unsigned int ring, int ms)
{
	struct pollfd p = { .fd = f->call[ring], .events = POLLIN };
	eventfd_t n;

	while (!came_back(f, ring)) {
		if (poll(&p, 1, ms) != 1)
			return false;
		eventfd_read(f->call[ring], &n);
	}
	return true;
}

void front_sends(struct front *f, const struct vnet_header *h,
		 const void *frame, size_t len)
{
	uint8_t *to = f->mem + FE_BUFFER(RING_TX, f->made[RING_TX] % FE_SLOTS);

	memset(to, 0, NET_HEADER);
	if (h != NULL)
		memcpy(to, h, sizeof(*h));
	memcpy(to + NET_HEADER, frame, len);
	make_available(f, RING_TX, NET_HEADER + (uint32_t)len, 0);
	if (f->rig != NULL)
		comp_until(f->rig, came_back(f, RING_TX));
	else
		assert_true(front_waits(f, RING_TX, FRONT_TIMEOUT_MS));
	f->seen[RING_TX]++;
}

void front_lends(struct front *f)
{
	make_available(f, RING_RX, 2048, VQ_DESC_WRITE);
	turn(f);
}

size_t front_gets(struct front *f, uint8_t *frame)
{
	struct vq_used *used = (void *)(f->mem + FE_DEVICE(RING_RX));
	struct vq_used_elem e;

	turn(f);
	if (!came_back(f, RING_RX))
		return 0;
	e = used->ring[f->seen[RING_RX]++ % FE_SLOTS];
	assert_in_range(e.len, NET_HEADER + 1, 2048);
	memcpy(frame, f->mem + FE_BUFFER(RING_RX, e.id) + NET_HEADER,
	       e.len - NET_HEADER);
	return e.len - NET_HEADER;
}

void front_works(struct front *f)
{
	static unsigned int which;
	uint8_t frame[2048];
	size_t len = 60 + which % 1000;

	which++;
	comp_frame(frame, len, which);
	front_sends(f, NULL, frame, len);
	comp_assert_frame(frame, comp_take(f->rig, frame, sizeof(frame)), len,
			  which);
	front_lends(f);
	assert_true(comp_send(f->rig, frame, len));
	len = front_gets(f, frame);
	comp_assert_frame(frame, len, 60 + (which - 1) % 1000, which);
	assert_true(comp_is(f->rig, OUTSIDE_UP));
}
