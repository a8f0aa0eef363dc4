/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The event loop without a process around it, for the tests of pd/loop.c and
 * pd.c: two components whose behaviour each test scripts, real descriptors, and
 * a clock that moves only when it is read.
 *
 * Component 0 has channel ids 0 and 1, component 1 has 2 and 3.  Channels 0 and
 * 2 lead out of the PD; 1 and 3 are the two ends of one channel inside it.
 *
 * A test says LOOP_COMPONENTS, so that they are what its PD has.
 */
#ifndef WEIR_TESTS_UNIT_PD_LOOP_RIG_H
#define WEIR_TESTS_UNIT_PD_LOOP_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "virt/net_client.h"
#include "vmm/linux/pd/loop.h"

#define OUT_A 0u
#define IN_A 1u
#define OUT_B 2u
#define IN_B 3u
#define N_CHANS 4u

/* Each look at the clock takes this long. */
#define TICK_NS 100ull

/**
 * struct script - what a component does, and what was done to it
 * @more:      run() says "more" so many times
 * @on_run:    called by run(); may be NULL
 * @arm_more:  arm() says "more" so many times
 * @ready_fd, @ready_events: the last fd_ready()
 */
struct script {
	unsigned int more;
	void (*on_run)(struct component *c);
	unsigned int arm_more;
	unsigned int runs;
	unsigned int arms;
	unsigned int notified[N_CHANS];
	unsigned int ready;
	unsigned int ready_fd;
	uint32_t ready_events;
};

extern struct script first, second;
extern struct pd *pd;
extern struct boot_record *loop_record;
extern uint64_t fake_now;
extern int log_pipe[2];
extern const struct component_ops loop_tap_ops;

/* One that owns more than a channel, as a switch does. */
extern const struct component_ops loop_switch_ops;

#define LOOP_COMPONENTS                                                        \
	const struct component_ops *const component_kinds[SYS_KINDS] = {       \
		[SYS_SWITCH] = &loop_switch_ops,                               \
		[SYS_TAP] = &loop_tap_ops,                                     \
	}

/* --- setting up --------------------------------------------------------- */

int loop_setup(void **state);
int loop_teardown(void **state);

/* Past what a PD does when it starts; counters at zero. */
void settle(void);

void write_event(int fd);

/* A peer notifies this end. */
void peer_rings(uint32_t channel);

/* How often the other end has been notified since the last call. */
uint64_t rings_out(uint32_t channel);

struct component *comp(unsigned int index);
void watch_new_fd(unsigned int index, int fd, uint32_t events);

#endif
