/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The inside of a PD: what pd.h's calls and the event loop share.
 *
 * Private to vmm/linux/pd/ and its tests.
 */
#ifndef WEIR_VMM_LINUX_PD_LOOP_H
#define WEIR_VMM_LINUX_PD_LOOP_H

#include <sys/socket.h>

#include "vmm/linux/boot.h"
#include "vmm/linux/pd/pd.h"
#include "vmm/linux/pd/sandbox.h"

/* A component and the loop's data about it. */
struct pd_comp {
	struct component c; /* as the component sees it */
	bool due;	    /* run() is to be called */
	/* by descriptor: events asked for, 0 if not in the epoll set */
	uint32_t watched[PD_MAX_FDS];
	/* when run() is to be called at the latest; UINT64_MAX: never */
	uint64_t wake_at;
};

/* A channel end and the loop's data about it. */
struct pd_chan {
	uint32_t owner; /* component it belongs to, or SYS_NONE */
	int wait, ring; /* see struct boot_chan */
	uint32_t peer;	/* likewise */
	bool rung;	/* to be notified at the end of this round */
	bool bound;	/* given away by pd_channel_fds() */
};

/* A protection domain. */
struct pd {
	const struct boot_record *boot; /* its boot record, read-only */
	struct sandbox_map *map;	/* by slot */
	struct pd_chan *chan;		/* by id */
	struct pd_comp *comp;		/* by index */
	uint32_t n_due;			/* components that are due */
	uint32_t n_rung;		/* valid entries of @rung */
	uint32_t *rung;			/* ids of channels with rung set */
	uint32_t n_watched; /* descriptors that are watched impatiently */
	/* waits for channels, watched descriptors, the monitor's end */
	int epoll;
	int log;		 /* what lines are written to */
	int ctl;		 /* orders come here, -1: from nowhere */
	uint64_t now;		 /* nanoseconds, as of this round */
	uint64_t poll_ns;	 /* spin for so long */
	uint64_t wake_at;	 /* the earliest of the components' */
	uint64_t (*clock)(void); /* reads the clock; tests put in their own */
};

/* The data of an event of @epoll: its kind, and which one. */
#define EVENT_CHANNEL 0u
#define EVENT_FD 1u
#define EVENT_MONITOR 2u
#define EVENT_ORDER 3u

/* The one way to recvmsg() that the filter allows. */
#define PD_ORDER_FLAGS (MSG_DONTWAIT | MSG_CMSG_CLOEXEC)

static inline uint64_t event_data(uint32_t what, uint32_t index, uint32_t fd)
{
	return (uint64_t)what << 56 | (uint64_t)index << 16 | fd;
}

/**
 * pd_new - a PD that waits for its channels and its components' descriptors
 * @r:   boot record
 * @log: what lines are written to
 *
 * Its regions are not mapped yet and its components not initialised.
 *
 * Return: the PD, or NULL with @err set.
 */
struct pd *pd_new(const struct boot_record *r, int log, struct error *err);

/** pd_free - free what pd_new() allocated (for tests; a PD just exits) */
void pd_free(struct pd *pd);

/**
 * pd_listen - take orders from the monitor (linux/order.h)
 * @ctl: the control socket
 *
 * Return: 0, or -1 with errno set.
 */
int pd_listen(struct pd *pd, int ctl);

/**
 * pd_obey - take one order, if there is one, and carry it out
 *
 * Return: false if the monitor is gone.
 */
bool pd_obey(struct pd *pd);

/** pd_notify - a channel's end in this PD is notified */
void pd_notify(struct pd *pd, uint32_t channel);

/** pd_due - have a component's run() called */
void pd_due(struct pd *pd, uint32_t comp);

/** pd_init - initialise every component */
int pd_init(struct pd *pd, struct error *err);

/**
 * pd_look - see what is ready
 * @timeout: milliseconds; 0 to look only, -1 to sleep until something happens
 *           or the earliest time a component has asked for
 *
 * Return: false if the monitor is gone.
 */
bool pd_look(struct pd *pd, int timeout);

/**
 * pd_timeout - for how long the PD may sleep
 *
 * Return: milliseconds, rounded up; -1: until something happens.
 */
int pd_timeout(const struct pd *pd);

/**
 * pd_work - work until there is nothing to do and every queue is armed
 *
 * Return: false if the monitor is gone.
 */
bool pd_work(struct pd *pd);

#endif
