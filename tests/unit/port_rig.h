/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A port component by itself: the real event loop, without a process of its own
 * around it; real descriptors; and the test as the switch and as the monitor.
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

#define COMP_CAPACITY 128u
#define MAX_FRAME 1518u

/* Turns, a millisecond apart, after which what has not happened never will. */
#define COMP_PATIENCE 3000

/* Slots of the PD's maps. */
enum {
	COMP_TX_ACTIVE,
	COMP_TX_FREE,
	COMP_RX_ACTIVE,
	COMP_RX_FREE,
	COMP_TX_DATA,
	COMP_RX_DATA,
	COMP_LINK,
	COMP_MAPS,
};

/**
 * struct comp - a component, its PD and its wire
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
struct comp {
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
	struct comp *before;
};

/* The one of the test that runs, and those of tests that have run. */
extern struct comp *comp_now_running;

/* The PD's clock; it moves when a test moves it. */
extern uint64_t comp_time;

/* --- the switch --------------------------------------------------------- */

/* Bring the link up with empty queues, as monitor and switch do. */
void comp_link_up(struct comp *r);

void comp_link_down(struct comp *r);

/* The switch has put something into a queue: wake the port if it sleeps. */
void comp_publish(struct comp *r, struct queue_producer *q);

/* The switch sends a frame; false if the port has lent no buffer. */
bool comp_send(struct comp *r, const void *frame, size_t len);

/* The switch takes a frame: its length, 0 if there is none. */
size_t comp_take(struct comp *r, void *frame, size_t size);

/* The same of frames that may have offload data, which is legal. */
bool comp_send_offload(struct comp *r, const void *frame, size_t len,
		       struct offload o);
size_t comp_take_offload(struct comp *r, void *frame, size_t size,
			 struct offload *o);

/* --- the PD ------------------------------------------------------------- */

/* Make a PD; of @config's wire only lengths and offloads are looked at. */
struct comp *comp_new(const struct sys_component *config);

/* init() with these descriptors. */
int comp_init(struct comp *r, const int *fds, int n);

/* As a PD's process begins. */
void comp_start(struct comp *r, const int *fds, int n);

/*
 * A component has no end but its process's, so its memory stays; but reachable,
 * so that leak checkers are content.
 */
void comp_free(struct comp *r);

void comp_read_log(struct comp *r);

/* Once round the loop: nothing is done unless something woke the PD. */
void comp_turn(struct comp *r);

/* Turns while time passes, for what another process or the kernel must do. */
#define comp_until(r, condition)                                               \
	do {                                                                   \
		int patience = COMP_PATIENCE;                                  \
		for (comp_turn(r); !(condition); comp_turn(r)) {               \
			if (patience-- == 0)                                   \
				fail_msg("never: %s", #condition);             \
			poll(NULL, 0, 1);                                      \
		}                                                              \
	} while (0)

bool comp_logged(const struct comp *r, const char *words);

/* What a descriptor is watched for. */
uint32_t comp_watched(const struct comp *r, unsigned int fd);

/* Whether the switch was rung since the last question. */
bool comp_rang(struct comp *r);

bool comp_is(const struct comp *r, enum outside_state state);
uint64_t comp_dropped(const struct comp *r, enum outside_drop why);

/* Its descriptors, as the next life of the PD gets them from the monitor. */
void comp_dup_fds(const struct comp *r, int *fds);

/* --- open() ------------------------------------------------------------- */

int comp_open(const struct sys_component *config, int *fds);

/* It must fail, with all of these words, up to NULL, in the message. */
void comp_refused(const struct sys_component *config, ...);

/* open(), start() and the rest. */
struct comp *comp_run(const struct sys_component *config);

/* --- frames ------------------------------------------------------------- */

/* A frame of @len bytes whose payload says which it is. */
void comp_frame(uint8_t *frame, size_t len, unsigned int which);

void comp_assert_frame(const uint8_t *frame, size_t len, size_t want_len,
		       unsigned int which);

/* --- surroundings ------------------------------------------------------- */

/* A command of the shell that must succeed. */
void comp_shell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How many descriptors we have open. */
unsigned int comp_open_fds(void);

/* --- a test's life ------------------------------------------------------ */

/* What the test's port is to be, and a folder of the test's own. */
extern struct sys_component *cfg;

extern char dir[64];

/* For each test's setup. */
int comp_setup(enum sys_kind kind, const char *name);

int comp_teardown(void **state);

#endif
