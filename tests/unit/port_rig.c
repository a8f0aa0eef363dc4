/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/port_rig.h"

struct comp *comp_now_running;

static struct comp *comp_dead;

uint64_t comp_time = 1;

static uint64_t comp_clock(void)
{
	return comp_time;
}

/* --- the switch --------------------------------------------------------- */

static void *comp_memory(size_t size)
{
	void *p = aligned_alloc(4096, (size + 4095) & ~(size_t)4095);

	assert_non_null(p);
	memset(p, 0, (size + 4095) & ~(size_t)4095);
	return p;
}

static void comp_notify(struct comp *r)
{
	const uint64_t one = 1;

	(void)!write(r->wait_fd, &one, sizeof(one));
}

void comp_link_up(struct comp *r)
{
	struct net_client_config *w = &r->wire;
	size_t size = queue_region_size(w->capacity);

	if (w->tx_active != NULL) {
		memset(w->tx_active, 0, size);
		memset(w->tx_free, 0, size);
		queue_consumer_init(&r->tx_active, w->tx_active, w->capacity);
		queue_producer_init(&r->tx_free, w->tx_free, w->capacity);
	}
	memset(w->rx_active, 0, size);
	memset(w->rx_free, 0, size);
	queue_producer_init(&r->rx_active, w->rx_active, w->capacity);
	queue_consumer_init(&r->rx_free, w->rx_free, w->capacity);
	atomic_store(&r->link->epoch, (atomic_load(&r->link->epoch) + 1) | 1);
	comp_notify(r);
}

void comp_link_down(struct comp *r)
{
	atomic_store(&r->link->epoch, (atomic_load(&r->link->epoch) + 1) & ~1u);
	comp_notify(r);
}

void comp_publish(struct comp *r, struct queue_producer *q)
{
	queue_publish(q);
	if (queue_must_notify(q))
		comp_notify(r);
}

bool comp_send_offload(struct comp *r, const void *frame, size_t len,
		       struct offload o)
{
	struct net_desc d;

	if (queue_pending(&r->rx_free) <= 0)
		return false;
	d = queue_peek(&r->rx_free, 0);
	queue_release(&r->rx_free, 1);
	assert_true(d.io_or_offset + len <= r->wire.rx_size);
	memcpy((uint8_t *)(uintptr_t)r->wire.rx_data + d.io_or_offset, frame,
	       len);
	queue_put_offload(&r->rx_active, d.io_or_offset, (uint16_t)len, o);
	comp_publish(r, &r->rx_active);
	return true;
}

bool comp_send(struct comp *r, const void *frame, size_t len)
{
	return comp_send_offload(r, frame, len, (struct offload){ 0 });
}

/* Offload data fits its frame, and there is none unless it was agreed on. */
static void check_offload(const struct comp *r, const struct net_desc *d,
			  const uint8_t *frame, struct offload *o)
{
	struct offload_place at;

	*o = queue_offload(d);
	assert_true(r->wire.offload != 0 || !offload_any(*o));
	if (offload_any(*o))
		assert_true(offload_locate(frame, d->len, o, &at));
	assert_true(d->len >= 14);
	assert_true(d->len <= (o->flags & OFFLOAD_TYPE ? r->wire.max_segment
						       : r->wire.max_frame));
}

size_t comp_take_offload(struct comp *r, void *frame, size_t size,
			 struct offload *o)
{
	struct net_desc d;

	if (queue_pending(&r->tx_active) <= 0)
		return 0;
	d = queue_peek_offload(&r->tx_active, 0);
	queue_release(&r->tx_active, 1);
	assert_true(d.io_or_offset + d.len <= r->wire.tx_size);
	assert_true(d.len <= size);
	memcpy(frame, r->wire.tx_data + d.io_or_offset, d.len);
	check_offload(r, &d, frame, o);
	if (!r->hoard) {
		queue_put(&r->tx_free, d.io_or_offset, 0);
		comp_publish(r, &r->tx_free);
	}
	return d.len;
}

size_t comp_take(struct comp *r, void *frame, size_t size)
{
	struct offload o;
	size_t len = comp_take_offload(r, frame, size, &o);

	assert_false(len > 0 && offload_any(o));
	return len;
}

/* --- the PD ------------------------------------------------------------- */

static uint32_t comp_buffer_size(uint32_t max_frame)
{
	uint32_t size = 2048;

	while (size <= max_frame)
		size *= 2;
	return size;
}

static struct boot_record *comp_record(const struct sys_component *config,
				       int wait, int ring)
{
	struct boot_record *boot = calloc(1, boot_size(1, 1, COMP_MAPS));
	bool both = config->kind != SYS_CAPTURE;
	struct sys_wire *w;

	assert_non_null(boot);
	boot->n_comps = boot->n_chans = 1;
	boot->n_maps = COMP_MAPS;
	boot_comps(boot)->cfg = *config;
	*boot_chans(boot) = (struct boot_chan){ wait, ring, SYS_NONE, 0 };
	w = &boot_comps(boot)->cfg.wire;
	w->ingress = both ? (struct sys_half){ COMP_TX_ACTIVE, COMP_TX_FREE,
					       COMP_TX_DATA }
			  : (struct sys_half){ SYS_NONE, SYS_NONE, SYS_NONE };
	w->egress =
		(struct sys_half){ COMP_RX_ACTIVE, COMP_RX_FREE, COMP_RX_DATA };
	w->link = COMP_LINK;
	w->channel = 0;
	w->capacity = COMP_CAPACITY;
	w->buffer_size = comp_buffer_size(CAPTURE_HEADROOM +
					  (w->max_segment > w->max_frame
						   ? w->max_segment
						   : w->max_frame));
	return boot;
}

struct comp *comp_new(const struct sys_component *config)
{
	size_t queue = queue_region_size(COMP_CAPACITY);
	struct comp *r = calloc(1, sizeof(*r));
	struct error err = { "" };
	struct boot_record *boot;
	int log[2];

	assert_non_null(r);
	assert_int_equal(pipe2(log, O_CLOEXEC | O_NONBLOCK), 0);
	r->log_fd = log[0];
	r->ring_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	r->wait_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	boot = comp_record(config, r->wait_fd, r->ring_fd);
	r->pd = pd_new(boot, log[1], &err);
	if (r->pd == NULL)
		fail_msg("%s", err.text);
	r->pd->clock = comp_clock;
	for (unsigned int i = 0; i < COMP_MAPS; i++) {
		size_t data =
			COMP_CAPACITY * boot_comps(boot)->cfg.wire.buffer_size;

		r->pd->map[i].size = i >= COMP_TX_DATA ? data : queue;
		r->pd->map[i].base = comp_memory(r->pd->map[i].size);
	}
	r->c = &r->pd->comp[0].c;
	r->link = r->pd->map[COMP_LINK].base;
	pd_wire(r->c, &r->c->cfg->wire, &r->wire);
	comp_now_running = r;
	comp_link_up(r);
	return r;
}

int comp_init(struct comp *r, const int *fds, int n)
{
	r->c->n_fds = (unsigned int)n;
	memcpy(r->c->fd, fds, (size_t)n * sizeof(*fds));
	return r->c->ops->init(r->c);
}

void comp_start(struct comp *r, const int *fds, int n)
{
	struct error err = { "" };

	r->c->n_fds = (unsigned int)n;
	memcpy(r->c->fd, fds, (size_t)n * sizeof(*fds));
	if (pd_init(r->pd, &err) != 0)
		fail_msg("%s", err.text);
	comp_turn(r);
}

void comp_free(struct comp *r)
{
	for (unsigned int i = 0; i < r->c->n_fds; i++)
		if (r->c->fd[i] >= 0)
			close(r->c->fd[i]);
	close(r->log_fd);
	close(r->pd->log);
	close(r->wait_fd);
	close(r->ring_fd);
	close(r->pd->epoll);
	for (unsigned int i = 0; i < COMP_MAPS; i++)
		free(r->pd->map[i].base);
	r->before = comp_dead;
	comp_dead = r;
	comp_now_running = NULL;
}

void comp_read_log(struct comp *r)
{
	size_t used = strlen(r->log);
	ssize_t n;

	do {
		n = read(r->log_fd, r->log + used, sizeof(r->log) - 1 - used);
		used += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	r->log[used] = '\0';
}

void comp_turn(struct comp *r)
{
	assert_true(pd_look(r->pd, 0));
	if (r->pd->n_due > 0)
		assert_true(pd_work(r->pd));
	comp_read_log(r);
}

bool comp_logged(const struct comp *r, const char *words)
{
	return strstr(r->log, words) != NULL;
}

uint32_t comp_watched(const struct comp *r, unsigned int fd)
{
	return r->pd->comp[0].watched[fd];
}

bool comp_rang(struct comp *r)
{
	uint64_t sum;

	return read(r->ring_fd, &sum, sizeof(sum)) == sizeof(sum);
}

bool comp_is(const struct comp *r, enum outside_state state)
{
	return outside_is(r->c->outside, state);
}

uint64_t comp_dropped(const struct comp *r, enum outside_drop why)
{
	return atomic_load(&r->c->outside->drops[why]);
}

void comp_dup_fds(const struct comp *r, int *fds)
{
	for (unsigned int i = 0; i < r->c->n_fds; i++)
		fds[i] = fcntl(r->c->fd[i], F_DUPFD_CLOEXEC, 3);
}

/* --- open() ------------------------------------------------------------- */

int comp_open(const struct sys_component *config, int *fds)
{
	struct error err = { "" };
	int n = component_kinds[config->kind]->open(config, fds, &err);

	if (n < 0)
		fail_msg("%s", err.text);
	assert_string_equal(err.text, "");
	return n;
}

void comp_refused(const struct sys_component *config, ...)
{
	int fds[PD_MAX_FDS];
	struct error err = { "" };
	const char *word;
	va_list args;

	assert_int_equal(component_kinds[config->kind]->open(config, fds, &err),
			 -1);
	va_start(args, config);
	while ((word = va_arg(args, const char *)) != NULL)
		if (strstr(err.text, word) == NULL)
			fail_msg("\"%s\" is not in: %s", word, err.text);
	va_end(args);
}

struct comp *comp_run(const struct sys_component *config)
{
	int fds[PD_MAX_FDS];
	const struct component_ops *ops = component_kinds[config->kind];
	int n = comp_open(config, fds);
	struct comp *r = comp_new(config);
	struct error err = { "" };

	if (ops->start != NULL)
		n += ops->start(config, fds, (unsigned int)n, &err);
	assert_string_equal(err.text, "");
	comp_start(r, fds, n);
	return r;
}

/* --- frames ------------------------------------------------------------- */

void comp_frame(uint8_t *frame, size_t len, unsigned int which)
{
	static const uint8_t head[] = { 2, 0, 0, 0, 0, 1,    2,
					0, 0, 0, 0, 2, 0x88, 0xb5 };

	memcpy(frame, head, sizeof(head));
	for (size_t i = sizeof(head); i < len; i++)
		frame[i] = (uint8_t)(which * 31 + i);
}

void comp_assert_frame(const uint8_t *frame, size_t len, size_t want_len,
		       unsigned int which)
{
	uint8_t want[16384];

	assert_int_equal(len, want_len);
	comp_frame(want, want_len, which);
	assert_memory_equal(frame, want, want_len);
}

/* --- surroundings ------------------------------------------------------- */

void comp_shell(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

unsigned int comp_open_fds(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* --- a test's life ------------------------------------------------------ */

struct sys_component *cfg;

char dir[64];

int comp_setup(enum sys_kind kind, const char *name)
{
	static struct sys_component component;

	memset(&component, 0, sizeof(component));
	cfg = &component;
	cfg->kind = kind;
	snprintf(cfg->name, SYS_NAME, "%s", name);
	cfg->wire.max_frame = MAX_FRAME;
	strcpy(dir, "/tmp/weir-port-XXXXXX");
	return mkdtemp(dir) == NULL ? -1 : 0;
}

int comp_teardown(void **state)
{
	(void)state;
	if (comp_now_running != NULL)
		comp_free(comp_now_running);
	comp_shell("rm -rf %s", dir);
	return 0;
}
