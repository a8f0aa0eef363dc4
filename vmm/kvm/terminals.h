/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * People at a guest's console.
 *
 * Each is a stream socket the monitor has handed over (`weir console`).  All see
 * the same: first what the guest wrote last, then what it writes.  What any of
 * them types goes to the guest; what it has no room for waits, and so do they.
 * Somebody who does not read misses text, and keeps nobody waiting.
 */
#ifndef WEIR_VMM_KVM_TERMINALS_H
#define WEIR_VMM_KVM_TERMINALS_H

#include "vmm/kvm/console.h"
#include "vmm/linux/pd/pd.h"

/* At most so many at a time. */
#define TERMINALS 4u
/* Text of the guest's that those who come later still see. */
#define TERMINALS_HISTORY 65536u
/* Text that waits for the guest. */
#define TERMINALS_TYPED 256u

/**
 * struct terminals - all of them; private
 * @c:       the component
 * @first:   their first place among its descriptors
 * @console: the guest's
 * @history: the last of its text, a ring
 * @written: bytes it has written in all
 * @typed:   text that waits, from @typed_first to @typed_end
 */
struct terminals {
	struct component *c;
	unsigned int first;
	struct console *console;
	uint8_t history[TERMINALS_HISTORY];
	uint64_t written;
	uint8_t typed[TERMINALS_TYPED];
	size_t typed_first;
	size_t typed_end;
};

/**
 * terminals_init - nobody is there
 * @first:   TERMINALS places among the descriptors, from here on
 * @console: its @copy is set
 */
void terminals_init(struct terminals *t, struct component *c,
		    unsigned int first, struct console *console);

/**
 * terminals_add - somebody comes
 * @fd: stream socket that does not block; taken over
 */
void terminals_add(struct terminals *t, int fd);

/** terminals_ready - for fd_ready() of one of their descriptors */
void terminals_ready(struct terminals *t, unsigned int fd_index,
		     uint32_t events);

/** terminals_work - for run(): the guest may have room for what was typed */
void terminals_work(struct terminals *t);

#endif
