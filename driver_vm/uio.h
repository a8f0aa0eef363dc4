/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * UIO devices: shared memory, doorbells and interrupts of a driver VM.
 *
 * A device is found by its name (/sys/class/uio/uioN/name), because numbers
 * depend on the order in which drivers were bound.  Its maps are memory; map M
 * of a device is mapped at an offset of M pages of /dev/uioN, whatever the
 * sizes.  Other properties of the device tree are under device/of_node.
 *
 * An interrupt makes /dev/uioN readable; the kernel disables it until it is
 * acknowledged.  Acknowledging does not notify the other side: a doorbell is
 * rung by a store to a map.
 *
 * Nothing here waits for devices.  The kernel binds built-in drivers before it
 * starts this program, and a module's devices exist when finit_module(2)
 * returns, so a device that is missing now would not appear later.
 *
 * Functions return 0, or negative errno having said why, unless they say
 * otherwise.
 */
#ifndef WEIR_DRIVER_VM_UIO_H
#define WEIR_DRIVER_VM_UIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver_vm/event.h"

/* The kernel's MAX_UIO_MAPS. */
#define UIO_MAPS 5u
#define UIO_PATH 256u

/* The trees that devices are looked for in. */
struct uio_where {
	const char *sysfs; /* "/sys" */
	const char *dev;   /* "/dev" */
};

/* One map of a device. */
struct uio_map {
	uint64_t address; /* its address for the guest's kernel */
	size_t size;	  /* bytes */
	size_t offset;	  /* where it starts in the page it starts in */
};

/* An open device. */
struct uio_device {
	struct event_source source; /* acknowledges interrupts */
	struct event_loop *loop;    /* counts system calls */
	uint64_t interrupts;	    /* acknowledged */
	unsigned int number;	    /* N of uioN */
	unsigned int n_maps;	    /* how many */
	struct uio_map map[UIO_MAPS];
	/* maps are device memory: naturally aligned accesses only */
	bool uncached;
	char name[64];	     /* it was found by */
	char node[UIO_PATH]; /* directory of the node's properties */
};

/** uio_exists - whether there is a device of this name */
bool uio_exists(const struct uio_where *where, const char *name);

/**
 * uio_open - find a device by its name and open it
 * @device: out
 * @where:  to look
 * @name:   of the device
 */
int uio_open(struct uio_device *device, const struct uio_where *where,
	     const char *name);

/**
 * uio_map - map a map into memory
 * @index: of the map
 * @least: bytes it must have
 * @write: else for reading only
 *
 * Return: its first byte, or NULL, having said why.
 */
void *uio_map(struct uio_device *device, unsigned int index, size_t least,
	      bool write);

/**
 * uio_property - a 32-bit cell of the device's node
 * @name:  of the property
 * @value: out
 */
int uio_property(const struct uio_device *device, const char *name,
		 uint32_t *value);

/**
 * uio_wait - have the loop acknowledge the device's interrupts
 *
 * The acknowledgement precedes the look at the queues that follows
 * event_wait(): earlier changes are seen, later ones interrupt again.
 *
 * Return: 0 or negative errno.
 */
int uio_wait(struct uio_device *device, struct event_loop *loop);

/**
 * uio_ring - ring a doorbell
 * @page:   map of doorbells
 * @offset: of the doorbell
 *
 * All earlier stores are visible to the side that is notified.
 */
static inline void uio_ring(volatile void *page, size_t offset)
{
	/* Orders memory before the device; C's fences do not cover devices. */
#if defined(__aarch64__)
	__asm__ volatile("dmb oshst" : : : "memory");
#else
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
	*(volatile uint32_t *)((volatile char *)page + offset) = 1;
}

#endif
