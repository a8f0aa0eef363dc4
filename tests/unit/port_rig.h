/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port component by itself: the real event loop, without a process of its own
 * around it; real descriptors; and the test as the switch and as the monitor.
 *
 * A header and not a file of its own, because it ties a test to the loop and
 * brings a table of components.
 */
#ifndef WEIR_TESTS_UNIT_PORT_RIG_H
#define WEIR_TESTS_UNIT_PORT_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "virt/net_client.h"
#include "vmm/linux/pd/loop.h"
#include "vswitch/capture.h"

#define RIG_UNUSED __attribute__((unused))
#define RIG_CAPACITY 128u
/* Turns, a millisecond apart, after which what has not happened never will. */
#define RIG_PATIENCE 3000

/* Slots of the PD's maps. */
enum {
	RIG_TX_ACTIVE,
	RIG_TX_FREE,
	RIG_RX_ACTIVE,
	RIG_RX_FREE,
	RIG_TX_DATA,
	RIG_RX_DATA,
	RIG_LINK,
	RIG_MAPS,
};

const struct component_ops *const component_kinds[SYS_KINDS] = {
	[SYS_TAP] = &tap_ops,
	[SYS_NIC] = &nic_ops,
	[SYS_SOCKET] = &socket_ops,
	[SYS_CAPTURE] = &capture_ops,
};

/**
 * struct rig - a component, its PD and its wire
 * @pd:      the PD
 * @c:       its component
 * @log_fd:  what the PD says
 * @log:     all of it so far
 * @wait_fd: what wakes it
 * @ring_fd: what it rings
 * @wire:    the wire as the component sees it
 * @link:    its link page
 * @tx_active, @tx_free, @rx_active, @rx_free: the switch's private halves
 * @hoard:   the switch keeps transmit buffers
 * @before:  one that was freed earlier
 */
struct rig {
	struct pd *pd;
	struct component *c;
	int log_fd;
	char log[8192];
	int wait_fd;
	int ring_fd;
	struct net_client_config wire;
	struct link_page *link;
	struct queue_consumer tx_active;
	struct queue_producer tx_free;
	struct queue_producer rx_active;
	struct queue_consumer rx_free;
	bool hoard;
	struct rig *before;
};

/* The one of the test that runs, and those of tests that have run. */
static struct rig *rig_now_running;
static struct rig *rig_dead;

/* The PD's clock; it moves when a test moves it. */
static uint64_t rig_time = 1;

static RIG_UNUSED uint64_t rig_clock(void)
{
	return rig_time;
}

/* --- the switch ------------------------------------------------------------ */

static RIG_UNUSED void *rig_memory(size_t size)
{
	void *p = aligned_alloc(4096, (size + 4095) & ~(size_t)4095);

	assert_non_null(p);
	memset(p, 0, (size + 4095) & ~(size_t)4095);
	return p;
}

static RIG_UNUSED void rig_notify(struct rig *r)
{
	const uint64_t one = 1;

	(void)!write(r->wait_fd, &one, sizeof(one));
}

/* Bring the link up with empty queues, as monitor and switch do. */
static RIG_UNUSED void rig_link_up(struct rig *r)
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
	rig_notify(r);
}

static RIG_UNUSED void rig_link_down(struct rig *r)
{
	atomic_store(&r->link->epoch, (atomic_load(&r->link->epoch) + 1) & ~1u);
	rig_notify(r);
}

/* The switch has put something into a queue: wake the port if it sleeps. */
static RIG_UNUSED void rig_publish(struct rig *r, struct queue_producer *q)
{
	queue_publish(q);
	if (queue_must_notify(q))
		rig_notify(r);
}

/* The switch sends a frame; false if the port has lent no buffer. */
static RIG_UNUSED bool rig_send(struct rig *r, const void *frame, size_t len)
{
	struct net_desc d;

	if (queue_pending(&r->rx_free) <= 0)
		return false;
	d = queue_peek(&r->rx_free, 0);
	queue_release(&r->rx_free, 1);
	assert_true(d.io_or_offset + len <= r->wire.rx_size);
	memcpy((uint8_t *)(uintptr_t)r->wire.rx_data + d.io_or_offset, frame,
	       len);
	queue_put(&r->rx_active, d.io_or_offset, (uint16_t)len);
	rig_publish(r, &r->rx_active);
	return true;
}

/* The switch takes a frame: its length, 0 if there is none. */
static RIG_UNUSED size_t rig_take(struct rig *r, void *frame, size_t size)
{
	struct net_desc d;

	if (queue_pending(&r->tx_active) <= 0)
		return 0;
	d = queue_peek(&r->tx_active, 0);
	queue_release(&r->tx_active, 1);
	assert_true(d.len >= 14 && d.len <= r->wire.max_frame);
	assert_true(d.io_or_offset + d.len <= r->wire.tx_size);
	assert_true(d.len <= size);
	memcpy(frame, r->wire.tx_data + d.io_or_offset, d.len);
	if (!r->hoard) {
		queue_put(&r->tx_free, d.io_or_offset, 0);
		rig_publish(r, &r->tx_free);
	}
	return d.len;
}

/* --- the PD ------------------------------------------------------------------ */

static RIG_UNUSED uint32_t rig_buffer_size(uint32_t max_frame)
{
	uint32_t size = 2048;

	while (size < max_frame)
		size *= 2;
	return size;
}

static RIG_UNUSED struct boot_record *
rig_record(const struct sys_component *cfg, int wait, int ring)
{
	struct boot_record *boot = calloc(1, boot_size(1, 1, RIG_MAPS));
	bool both = cfg->kind != SYS_CAPTURE;
	struct sys_wire *w;

	assert_non_null(boot);
	boot->n_comps = boot->n_chans = 1;
	boot->n_maps = RIG_MAPS;
	boot_comps(boot)->cfg = *cfg;
	*boot_chans(boot) = (struct boot_chan){ wait, ring, SYS_NONE, 0 };
	w = &boot_comps(boot)->cfg.wire;
	w->ingress = both ? (struct sys_half){ RIG_TX_ACTIVE, RIG_TX_FREE,
					       RIG_TX_DATA }
			  : (struct sys_half){ SYS_NONE, SYS_NONE, SYS_NONE };
	w->egress =
		(struct sys_half){ RIG_RX_ACTIVE, RIG_RX_FREE, RIG_RX_DATA };
	w->link = RIG_LINK;
	w->channel = 0;
	w->capacity = RIG_CAPACITY;
	w->buffer_size = rig_buffer_size(w->max_frame + CAPTURE_HEADROOM);
	return boot;
}

/* Make a PD; of @cfg's wire only max_frame is looked at. */
static RIG_UNUSED struct rig *rig_new(const struct sys_component *cfg)
{
	size_t queue = queue_region_size(RIG_CAPACITY);
	struct rig *r = calloc(1, sizeof(*r));
	struct error err = { "" };
	struct boot_record *boot;
	int log[2];

	assert_non_null(r);
	assert_int_equal(pipe2(log, O_CLOEXEC | O_NONBLOCK), 0);
	r->log_fd = log[0];
	r->ring_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	r->wait_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	boot = rig_record(cfg, r->wait_fd, r->ring_fd);
	r->pd = pd_new(boot, log[1], &err);
	if (r->pd == NULL)
		fail_msg("%s", err.text);
	r->pd->clock = rig_clock;
	for (unsigned int i = 0; i < RIG_MAPS; i++) {
		size_t data =
			RIG_CAPACITY * boot_comps(boot)->cfg.wire.buffer_size;

		r->pd->map[i].size = i >= RIG_TX_DATA ? data : queue;
		r->pd->map[i].base = rig_memory(r->pd->map[i].size);
	}
	r->c = &r->pd->comp[0].c;
	r->link = r->pd->map[RIG_LINK].base;
	pd_wire(r->c, &r->c->cfg->wire, &r->wire);
	rig_now_running = r;
	rig_link_up(r);
	return r;
}

/* init() with these descriptors. */
static RIG_UNUSED int rig_init(struct rig *r, const int *fds, int n)
{
	r->c->n_fds = (unsigned int)n;
	memcpy(r->c->fd, fds, (size_t)n * sizeof(*fds));
	return r->c->ops->init(r->c);
}

static RIG_UNUSED void rig_turn(struct rig *r);

/* As a PD's process begins. */
static RIG_UNUSED void rig_start(struct rig *r, const int *fds, int n)
{
	struct error err = { "" };

	r->c->n_fds = (unsigned int)n;
	memcpy(r->c->fd, fds, (size_t)n * sizeof(*fds));
	if (pd_init(r->pd, &err) != 0)
		fail_msg("%s", err.text);
	rig_turn(r);
}

/*
 * A component has no end but its process's, so its memory stays; but reachable,
 * so that leak checkers are content.
 */
static RIG_UNUSED void rig_free(struct rig *r)
{
	for (unsigned int i = 0; i < r->c->n_fds; i++)
		if (r->c->fd[i] >= 0)
			close(r->c->fd[i]);
	close(r->log_fd);
	close(r->pd->log);
	close(r->wait_fd);
	close(r->ring_fd);
	close(r->pd->epoll);
	for (unsigned int i = 0; i < RIG_MAPS; i++)
		free(r->pd->map[i].base);
	r->before = rig_dead;
	rig_dead = r;
	rig_now_running = NULL;
}

static RIG_UNUSED void rig_read_log(struct rig *r)
{
	size_t used = strlen(r->log);
	ssize_t n;

	do {
		n = read(r->log_fd, r->log + used, sizeof(r->log) - 1 - used);
		used += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	r->log[used] = '\0';
}

/* Once round the loop: nothing is done unless something woke the PD. */
static RIG_UNUSED void rig_turn(struct rig *r)
{
	assert_true(pd_look(r->pd, 0));
	if (r->pd->n_due > 0)
		assert_true(pd_work(r->pd));
	rig_read_log(r);
}

/* Turns while time passes, for what another process or the kernel must do. */
#define rig_until(r, condition)                                                \
	do {                                                                   \
		int patience = RIG_PATIENCE;                                   \
		for (rig_turn(r); !(condition); rig_turn(r)) {                 \
			if (patience-- == 0)                                   \
				fail_msg("never: %s", #condition);             \
			poll(NULL, 0, 1);                                      \
		}                                                              \
	} while (0)

static RIG_UNUSED bool rig_logged(const struct rig *r, const char *words)
{
	return strstr(r->log, words) != NULL;
}

/* What a descriptor is watched for. */
static RIG_UNUSED uint32_t rig_watched(const struct rig *r, unsigned int fd)
{
	return r->pd->comp[0].watched[fd];
}

/* Whether the switch was rung since the last question. */
static RIG_UNUSED bool rig_rang(struct rig *r)
{
	uint64_t sum;

	return read(r->ring_fd, &sum, sizeof(sum)) == sizeof(sum);
}

/* --- open() -------------------------------------------------------------------- */

static RIG_UNUSED int rig_open(const struct sys_component *cfg, int *fds)
{
	struct error err = { "" };
	int n = component_kinds[cfg->kind]->open(cfg, fds, &err);

	if (n < 0)
		fail_msg("%s", err.text);
	assert_string_equal(err.text, "");
	return n;
}

/* It must fail, with all of these words, up to NULL, in the message. */
static RIG_UNUSED void rig_refused(const struct sys_component *cfg, ...)
{
	int fds[PD_MAX_FDS];
	struct error err = { "" };
	const char *word;
	va_list args;

	assert_int_equal(component_kinds[cfg->kind]->open(cfg, fds, &err), -1);
	va_start(args, cfg);
	while ((word = va_arg(args, const char *)) != NULL)
		if (strstr(err.text, word) == NULL)
			fail_msg("\"%s\" is not in: %s", word, err.text);
	va_end(args);
}

/* open() and the rest. */
static RIG_UNUSED struct rig *rig_run(const struct sys_component *cfg)
{
	int fds[PD_MAX_FDS];
	int n = rig_open(cfg, fds);
	struct rig *r = rig_new(cfg);

	rig_start(r, fds, n);
	return r;
}

/* --- frames ---------------------------------------------------------------- */

/* A frame of @len octets whose payload says which it is. */
static RIG_UNUSED void rig_frame(uint8_t *frame, size_t len, unsigned int which)
{
	static const uint8_t head[] = { 2, 0, 0, 0, 0, 1,    2,
					0, 0, 0, 0, 2, 0x88, 0xb5 };

	memcpy(frame, head, sizeof(head));
	for (size_t i = sizeof(head); i < len; i++)
		frame[i] = (uint8_t)(which * 31 + i);
}

static RIG_UNUSED void rig_assert_frame(const uint8_t *frame, size_t len,
					size_t want_len, unsigned int which)
{
	uint8_t want[16384];

	assert_int_equal(len, want_len);
	rig_frame(want, want_len, which);
	assert_memory_equal(frame, want, want_len);
}

/* --- surroundings ------------------------------------------------------------ */

/* A command of the shell that must succeed. */
static RIG_UNUSED void rig_shell(const char *format, ...)
	__attribute__((format(printf, 1, 2)));
static RIG_UNUSED void rig_shell(const char *format, ...)
{
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

/* How many descriptors we have open. */
static RIG_UNUSED unsigned int rig_open_fds(void)
{
	unsigned int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

#endif
