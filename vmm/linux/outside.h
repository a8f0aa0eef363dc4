/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outside of a port, as its PD sees it: a page the PD writes and the
 * monitor reads.
 *
 * An interface loses its carrier, is set down, or is unplugged; the peer of a
 * socket hangs up.  The PD learns of it first, but cannot repair it.  It
 * records the state here and logs a line.  The line wakes the monitor, which
 * reads this page, shows the state, changes the carrier of ports that follow
 * this one, and starts a search for what is gone (monitor/outside.c).
 *
 * The page is only what the PD claims: a PD that lies misleads whoever looks at
 * its own port.  The page outlives the PD, and so do the counts.
 */
#ifndef WEIR_VMM_LINUX_OUTSIDE_H
#define WEIR_VMM_LINUX_OUTSIDE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/abi.h"

/* The state of what a port is attached to; a page of zeros says "up". */
enum outside_state {
	OUTSIDE_UP,
	OUTSIDE_NO_CARRIER, /* of the interface; or no driver in a guest */
	OUTSIDE_DOWN,	    /* the interface has been set down */
	OUTSIDE_NO_PEER,    /* nobody is connected to the socket */
	OUTSIDE_GONE,	    /* the interface does not exist */
	OUTSIDE_STATES
};

/*
 * Why a port's PD dropped a frame.  Like base/reason.h:
 *
 *	OUTSIDE_DROP(symbol, key, side, text for a person)
 */
#define OUTSIDE_DROPS(OUTSIDE_DROP)                                            \
	OUTSIDE_DROP(                                                          \
		NOT_UP, outside_down, OUT,                                     \
		"the interface is down, has no carrier or is gone; or no "     \
		"peer is connected")                                           \
	OUTSIDE_DROP(MTU, outside_mtu, OUT,                                    \
		     "longer than the MTU of the interface")                   \
	OUTSIDE_DROP(REFUSED, outside_refused, OUT,                            \
		     "the interface did not take it")                          \
	OUTSIDE_DROP(OVERSIZE, outside_oversize, IN,                           \
		     "received longer than the port's MTU allows")             \
	OUTSIDE_DROP(CUT, outside_cut, IN,                                     \
		     "the kernel had no room for an unsegmented frame")        \
	OUTSIDE_DROP(OFFLOAD, outside_offload, IN,                             \
		     "the sender left work to the hardware that cannot be "    \
		     "done here")

#define OUTSIDE_ENUM(symbol, key, side, text) OUTSIDE_DROP_##symbol,
enum outside_drop { OUTSIDE_DROPS(OUTSIDE_ENUM) OUTSIDE_DROP_COUNT };
#undef OUTSIDE_ENUM

/* How frames get to an interface and from it, if the user has chosen. */
enum outside_path {
	OUTSIDE_PATH_ONLY,
	OUTSIDE_PACKET,	      /* not as chosen */
	OUTSIDE_XDP,	      /* the driver runs the program */
	OUTSIDE_XDP_GENERIC,  /* the stack runs it */
	OUTSIDE_XDP_ZEROCOPY, /* and the driver need not copy */
	OUTSIDE_PATHS
};

/* Bytes of the memfd that holds one. */
#define OUTSIDE_SIZE 4096u

/* A name of an interface, with its NUL (IFNAMSIZ). */
#define OUTSIDE_NAME 16u

/**
 * struct outside_page - written by the PD, read by the monitor
 * @state: enum outside_state
 * @path:  enum outside_path
 * @shared: bytes of memory, besides regions, that the PD has mapped and the
 *         outside can reach: a nic's rings and buffers (the kernel), a guest's
 *         memory
 * @drops: by enum outside_drop
 * @name:  what the interface is called now; "": not known
 */
struct outside_page {
	_Atomic(uint32_t) state;
	_Atomic(uint32_t) path;
	_Atomic(uint64_t) shared;
	_Atomic(uint64_t) drops[OUTSIDE_DROP_COUNT];
	char name[OUTSIDE_NAME];
};

ABI_SIZE(struct outside_page, 32 + 8 * OUTSIDE_DROP_COUNT);
ABI_AT(struct outside_page, state, 0);
ABI_AT(struct outside_page, path, 4);
ABI_AT(struct outside_page, shared, 8);
ABI_AT(struct outside_page, drops, 16);
ABI_AT(struct outside_page, name, 16 + 8 * OUTSIDE_DROP_COUNT);

_Static_assert(sizeof(struct outside_page) <= OUTSIDE_SIZE, "it fits");

/**
 * outside_set - in the PD: note a state
 *
 * Return: true if the state has changed; the caller then logs it, which wakes
 * the monitor.
 */
static inline bool outside_set(struct outside_page *page,
			       enum outside_state state)
{
	return atomic_exchange(&page->state, (uint32_t)state) !=
	       (uint32_t)state;
}

static inline bool outside_is(const struct outside_page *page,
			      enum outside_state state)
{
	return atomic_load(&page->state) == (uint32_t)state;
}

/** outside_by - in the PD: note how frames get there */
static inline void outside_by(struct outside_page *page, enum outside_path path)
{
	atomic_store(&page->path, (uint32_t)path);
}

/** outside_shares - in the PD: note how much memory the outside can reach */
static inline void outside_shares(struct outside_page *page, size_t bytes)
{
	atomic_store(&page->shared, bytes);
}

/**
 * outside_dropped - in the PD, which alone writes: count frames
 *
 * Return: how many there have been.
 */
static inline uint64_t outside_dropped(struct outside_page *page,
				       enum outside_drop why, uint64_t count)
{
	uint64_t n = count + atomic_load_explicit(&page->drops[why],
						  memory_order_relaxed);

	atomic_store_explicit(&page->drops[why], n, memory_order_relaxed);
	return n;
}

#endif
