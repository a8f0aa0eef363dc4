/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interface between a VMM and the program in a driver VM's guest
 * (driver_vm/main.c).  Nothing in it depends on KVM or on Linux as a host; on
 * seL4 the same nodes come from libvmm.
 *
 * The guest is a *driver* in the sense of virt/net_virt.h with plain offsets:
 * it knows neither physical addresses nor how many clients there are.  It sees
 * one connection, as these UIO devices, found by name
 * (/sys/class/uio/uioN/name), never by number:
 *
 *	"net0-queues"	map 0 rx active  rw  frames received, we produce
 *			map 1 rx free    rw  empty buffers, we consume
 *			map 2 tx active  rw  frames to send, we consume
 *			map 3 tx free    rw  their buffers back, we produce
 *	"net0-data"	map 0 receive    rw  buffers of rx
 *			map 1 transmit   ro  buffers of tx
 *	"net0-control"	map 0 link page  ro  base/link.h
 *			map 1 status     rw  struct driver_status
 *	"net0-doorbell"	map 0 a page of doorbells, and the interrupt
 *
 * The VMM enforces "ro": a store there is lost.
 *
 * The first three are memory.  Their node is compatible with
 * DRIVER_SHARED_COMPATIBLE, which a kernel module
 * (driver_vm/linux/weir_shared.c) maps as ordinary cached memory; or, if the
 * VMM is configured so, with "generic-uio", which stock Linux maps as device
 * memory: uncached, naturally aligned accesses only.  The device
 * "net0-doorbell" is always "generic-uio".
 *
 * Properties of the node "net0-queues" (32-bit cells), the same for all four
 * queues: DRIVER_PROP_CAPACITY, DRIVER_PROP_BUFFER_SIZE, DRIVER_PROP_MAX_FRAME;
 * and DRIVER_PROP_MAX_SEGMENT, bytes of the longest segment, or 0.  If it is not
 * 0, descriptors of frames carry offload data (base/offload.h) both ways, and
 * the program has to take all kinds.
 *
 * Doorbells are naturally aligned 32-bit stores of any value to these offsets
 * of the doorbell page; nothing can be read there:
 *
 *	DRIVER_DOORBELL_QUEUES	a queue was published whose consumer asked to
 *				be notified (queue_must_notify())
 *	DRIVER_DOORBELL_STATUS	the status page has changed
 *
 * The interrupt is one edge: "look at your queues and at the link page".
 *
 * A life of the guest.  The status page is zero.  The program finds its devices
 * and its network card, brings the card's interface up, writes @mac, @mtu and
 * @carrier, then @state := DRIVER_READY, and rings the status doorbell.  While
 * the link page's epoch is even it touches no queue; when it becomes odd it
 * starts with all indices zero (queue.h).  A change of @carrier is written and
 * rung.  At least once in DRIVER_BEAT_MS its event loop adds one to @beat, with
 * or without frames, without ringing.  A guest whose @beat does not change for
 * the topology's watchdog time is killed.  One whose @beat has always been 0 is
 * not watched: its program is older.  If the program ends, the guest resets
 * itself and the VMM is restarted.
 */
#ifndef WEIR_VIRT_DRIVER_ABI_H
#define WEIR_VIRT_DRIVER_ABI_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/abi.h"

#define DRIVER_UIO_QUEUES "net0-queues"
#define DRIVER_UIO_DATA "net0-data"
#define DRIVER_UIO_CONTROL "net0-control"
#define DRIVER_UIO_DOORBELL "net0-doorbell"

#define DRIVER_SHARED_COMPATIBLE "weir,shared-memory"

#define DRIVER_PROP_CAPACITY "weir,capacity"
#define DRIVER_PROP_BUFFER_SIZE "weir,buffer-size"
#define DRIVER_PROP_MAX_FRAME "weir,max-frame"
#define DRIVER_PROP_MAX_SEGMENT "weir,max-segment"

#define DRIVER_BEAT_MS 1000

#define DRIVER_DOORBELL_QUEUES 0x0u
#define DRIVER_DOORBELL_STATUS 0x4u

enum driver_state {
	DRIVER_STARTING, /* a page that is all zero says this */
	DRIVER_READY,
};

/**
 * struct driver_status - a driver VM's state, as it reports it; one page
 * @state:    enum driver_state; written last
 * @carrier:  whether the card has a link: 0 or 1
 * @mtu:      of the card's interface
 * @beat:     counts, as long as the event loop runs; never 0 again
 * @mac:      the card's address, as in a frame; two bytes follow, zero
 * @rx_frames, @rx_bytes: put on rx active
 * @tx_frames, @tx_bytes: handed to the card
 * @rx_no_buffer: frames from the card dropped because rx free was empty
 * @rx_refused:   frames from the card dropped as longer than a buffer
 * @tx_failed:    frames the card's interface did not take
 * @bad_descriptors: descriptors refused, and faults of a queue
 * @wakeups:  returns from epoll_wait() with something to do
 * @syscalls: system calls since the first frame, epoll_wait() included
 * @doorbells: queue doorbells rung
 * @interrupts: interrupts acknowledged
 * @copied:   bytes the program itself has copied
 *
 * Only the guest writes it.  It is not trusted: it is shown, and decides only
 * whether this port's link may go up.
 */
struct driver_status {
	_Atomic(uint32_t) state;
	_Atomic(uint32_t) carrier;
	uint32_t mtu;
	_Atomic(uint32_t) beat;
	uint8_t mac[8];
	uint64_t rx_frames;
	uint64_t rx_bytes;
	uint64_t tx_frames;
	uint64_t tx_bytes;
	uint64_t rx_no_buffer;
	uint64_t rx_refused;
	uint64_t tx_failed;
	uint64_t bad_descriptors;
	uint64_t wakeups;
	uint64_t syscalls;
	uint64_t doorbells;
	uint64_t interrupts;
	uint64_t copied;
};

ABI_SIZE(struct driver_status, 128);
ABI_AT(struct driver_status, state, 0);
ABI_AT(struct driver_status, carrier, 4);
ABI_AT(struct driver_status, mtu, 8);
ABI_AT(struct driver_status, beat, 12);
ABI_AT(struct driver_status, mac, 16);
ABI_AT(struct driver_status, rx_frames, 24);
ABI_AT(struct driver_status, rx_bytes, 32);
ABI_AT(struct driver_status, tx_frames, 40);
ABI_AT(struct driver_status, tx_bytes, 48);
ABI_AT(struct driver_status, rx_no_buffer, 56);
ABI_AT(struct driver_status, rx_refused, 64);
ABI_AT(struct driver_status, tx_failed, 72);
ABI_AT(struct driver_status, bad_descriptors, 80);
ABI_AT(struct driver_status, wakeups, 88);
ABI_AT(struct driver_status, syscalls, 96);
ABI_AT(struct driver_status, doorbells, 104);
ABI_AT(struct driver_status, interrupts, 112);
ABI_AT(struct driver_status, copied, 120);

#endif
