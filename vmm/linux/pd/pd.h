/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A protection domain on Linux, as its components see it.
 *
 * The monitor starts one process per PD (the same binary, executed again).  The
 * process maps its regions, locks itself in (vmm/linux/pd/sandbox.c) and then
 * runs its components in one event loop (vmm/linux/pd/loop.c).  A component is
 * a library with an operations table.  It never blocks, never allocates after
 * init, and makes only the system calls its table names.
 *
 * The loop, per round:
 *
 *	wait	   sleep in epoll until a channel or a watched descriptor is
 *		   ready (notified(), fd_ready() are called for each)
 *	work	   call run() of every component that was notified or asked for
 *		   more, until none has more to do; rings that stay inside the
 *		   PD become notified() calls
 *	ring	   write the event descriptors of channels rung meanwhile, once
 *		   each
 *	spin	   with `poll`: go on calling run() of all components until
 *		   that brought nothing for poll_us
 *	arm	   call arm() of every component; if one says there is work
 *		   after all, go back to `work`
 *
 * Between two rounds of `work` the loop looks at descriptors as well (without
 * sleeping), so a busy channel does not starve an interface.
 */
#ifndef WEIR_VMM_LINUX_PD_PD_H
#define WEIR_VMM_LINUX_PD_PD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/system.h"
#include "vmm/linux/outside.h"

/* Descriptors from outside one component may be given (capture files). */
#define PD_MAX_FDS 64

struct pd;
struct error;

/* One component of this PD. */
struct component {
	const struct component_ops *ops; /* its operations */
	/* its configuration, private to the PD, valid for ever */
	const struct sys_component *cfg;
	void *state; /* ops->state_size bytes of zeroed memory, aligned to 64 */
	struct pd *pd;	    /* for the pd_*() calls */
	unsigned int index; /* position in the PD */
	/* the state of its outside, for the monitor */
	struct outside_page *outside;
	unsigned int n_fds; /* descriptors from outside */
	/* those, as ops->open() returned them (other numbers) */
	int fd[PD_MAX_FDS];
};

/**
 * struct component_ops - a kind of component
 * @kind:       which
 * @name:       "switch", "tap", ...
 * @state_size: bytes of struct component's state
 * @syscalls:   system calls it needs besides the loop's own (epoll, eventfd
 *              write, clock_gettime, exit); numbers, ended by -1.  NULL: none
 * @ioctls:     requests ioctl() is allowed with, ended by 0.  NULL: none
 * @spare_fds:  descriptors it may come to hold besides those it was given and
 *              a handful
 * @threads:    init() may start threads, and futex() is allowed
 * @workers:    the kernel may start threads for it (io_uring)
 * @patient:    what it watches can wait some rounds while the loop is busy: it
 *              looks for work by itself
 * @outside:    it writes struct component's outside (vmm/linux/outside.h)
 * @locks_memory: keeps the monitor's limit of locked memory (VFIO counts a
 *                guest's RAM against it, newer kernels the pages of an
 *                io_uring); others may lock none
 * @foreign_memory: it maps memory that a peer sends, shared and never to be
 *              executed, and takes messages with descriptors (recvmsg, without
 *              waiting)
 * @file_size:  bytes of the longest file it may write.  It may shorten its own
 *              files (ftruncate).  NULL: it writes no files
 * @open:       runs in the MONITOR, with the user's privileges, before any PD
 *              is started: opens the files, sockets or interfaces the component
 *              needs.  Fills @fds (at most PD_MAX_FDS), returns how many, or -1
 *              with @err saying what is wrong and what to do, without the
 *              component's name.  NULL: nothing
 * @seek:       runs in a process of its own, forked from the monitor, when the
 *              component has reported that its outside is gone: waits, without
 *              spinning, until @open succeeds, and returns what that returned.
 *              NULL: what is gone does not come back
 * @start:      runs in the MONITOR each time the PD is started, after @open:
 *              opens what must be closed when the PD ends (a device that is to
 *              be reset).  Appends to @fds behind @n of open()'s, returns how
 *              many it added or -1 with @err; the monitor closes its own copies
 *              once the PD has been spawned.  NULL: nothing
 * @close:      runs in the monitor when the system ends or failed to start:
 *              removes what open() made and a close() of the descriptors
 *              does not (a socket's path).  Also called by the janitor if the
 *              monitor dies, so it must look at @cfg alone.  May be NULL
 * @init:       runs in the PD, unprivileged, before the system call filter: may
 *              allocate, may call pd_region().  With @threads it may start
 *              threads, which the filter covers as well: it returns once each
 *              of them runs, and they only wait until the first run().  0 or
 *              negative errno
 * @notified:   a channel of this component was notified.  NULL: run() suffices
 * @given:      the monitor has sent a descriptor, which is the component's now:
 *              nobody else has it.  @what it is for: vmm/linux/order.h.  May
 *              use it from the next run() on; NULL: it is sent none
 * @fd_ready:   a watched descriptor is ready (EPOLLIN, EPOLLOUT, EPOLLHUP...)
 * @run:        do a bounded amount of work; true if there is (or may be) more
 * @arm:        about to sleep: ask for notifications; true if there is work
 *              after all
 */
struct component_ops {
	enum sys_kind kind;
	const char *name;
	size_t state_size;
	const int *syscalls;
	const unsigned long *ioctls;
	unsigned int spare_fds;
	bool threads;
	bool workers;
	bool patient;
	bool outside;
	bool locks_memory;
	bool foreign_memory;
	uint64_t (*file_size)(const struct sys_component *cfg);
	int (*open)(const struct sys_component *cfg, int *fds,
		    struct error *err);
	int (*seek)(const struct sys_component *cfg, int *fds);
	int (*start)(const struct sys_component *cfg, int *fds, unsigned int n,
		     struct error *err);
	void (*close)(const struct sys_component *cfg);
	int (*init)(struct component *c);
	void (*notified)(struct component *c, uint32_t channel);
	void (*given)(struct component *c, uint32_t what, int fd);
	void (*fd_ready)(struct component *c, unsigned int fd_index,
			 uint32_t events);
	bool (*run)(struct component *c, uint64_t now_ns);
	bool (*arm)(struct component *c);
};

/*
 * By enum sys_kind: switch, tap, nic, socket, vhost-user, capture, program,
 * virt, vm.  A program brings its own table (program_ops, client/pd.h);
 * program_host_ops is the monitor's part of it.
 */
extern const struct component_ops switch_ops, tap_ops, nic_ops, socket_ops,
	vhost_user_ops, capture_ops, program_ops, program_host_ops, virt_ops,
	vm_ops, client_vm_ops, blk_virt_ops, disk_ops;
extern const struct component_ops *const component_kinds[SYS_KINDS];

/**
 * pd_region - where a region is mapped
 * @c:    component
 * @slot: slot of the PD's maps; SYS_NONE gives NULL
 * @size: out: bytes; may be NULL
 */
void *pd_region(struct component *c, uint32_t slot, size_t *size);

/** pd_ring - notify a channel at the end of this round */
void pd_ring(struct component *c, uint32_t channel);

/**
 * pd_watch - choose what a descriptor is watched for
 * @fd_index: position in @c->fd
 * @events:   EPOLLIN | EPOLLOUT, level triggered unless EPOLLET is added; 0 to
 *            stop watching
 *
 * Descriptors are not watched until this is called.
 *
 * Return: false if the descriptor is none that can be watched.
 */
bool pd_watch(struct component *c, unsigned int fd_index, uint32_t events);

/**
 * pd_replace_fd - put another descriptor in a place of @c->fd
 * @fd: taken over; -1 empties the place.  The old one is closed
 *
 * For components that accept connections (socket); also stops watching.  A
 * place beyond @c->n_fds extends it.
 */
void pd_replace_fd(struct component *c, unsigned int fd_index, int fd);

/**
 * pd_wake_at - have run() called at some time at the latest
 * @at_ns: CLOCK_MONOTONIC; UINT64_MAX: no more
 *
 * One time per component; a later call replaces it.  It is cleared when it has
 * passed and run() is called.
 */
void pd_wake_at(struct component *c, uint64_t at_ns);

/**
 * pd_channel_fds - take a channel's descriptors, to serve it without the loop
 * @wait: out: eventfd that is written to notify us
 * @ring: out: eventfd to write to notify the other end
 *
 * For a hypervisor, which makes an interrupt of the one and a doorbell of the
 * other.  From now on the loop does not wait for this channel, and notified()
 * is not called for it.  The PD keeps ownership of the descriptors.  Only in
 * init().
 *
 * Return: 0, or -EINVAL if the channel is not the component's or its other end
 * is in this PD.
 */
int pd_channel_fds(struct component *c, uint32_t channel, int *wait, int *ring);

/** pd_now - nanoseconds of CLOCK_MONOTONIC, as of this round */
uint64_t pd_now(const struct component *c);

/**
 * pd_log - log a line, through the monitor
 *
 * One line, without the component's name (it is added) and newline; cut at 256
 * bytes, control characters are escaped.
 * Rate-limited by the monitor, so a hostile peer cannot flood the log.
 */
void pd_log(struct component *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * pd_wire - a wire's memory as a client of the switch sees it
 * @wire:   from the component's configuration
 * @config: out, for net_client_init()
 */
struct net_client_config;
void pd_wire(struct component *c, const struct sys_wire *wire,
	     struct net_client_config *config);

/**
 * pd_data - where a wire's data region is mapped
 * @size: out: bytes of its buffers; the region is whole pages, which may be
 *        more
 */
void *pd_data(struct component *c, const struct sys_wire *wire,
	      const struct sys_half *half, size_t *size);

/**
 * pd_memory - private memory that begins a cache line; for init()
 *
 * Return: NULL if there is none.  It is not cleared.
 */
void *pd_memory(size_t size);

/**
 * pd_client - the client's side of the component's own wire; for its init()
 * @client: out, only if it succeeds; lives as long as the PD
 *
 * Return: 0, -ENOMEM, or -EINVAL if the wire's sizes are impossible.
 */
struct net_client;
int pd_client(struct component *c, struct net_client **client);

/**
 * pd_frames_between_runs - most frames the switch puts on a component's wire
 * until run() is called again, if there was work
 *
 * Return: UINT32_MAX if the switch is in another PD, and may run at any time.
 */
uint32_t pd_frames_between_runs(const struct component *c);

#endif
