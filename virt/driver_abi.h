/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The interface between a VMM and the program in a driver VM's guest
 * (driver_vm/main.c).  Nothing in it depends on KVM or on Linux as a host; on
 * seL4 the same nodes come from libvmm.
 *
 * The guest drives a network card, a disk, or both.  To its other side it is a
 * driver in the sense of virt/net_virt.h and virt/blk_virt.h with plain
 * offsets: it knows neither physical addresses nor how many clients there are.  For each
 * of the two it sees one connection, as these UIO devices, found by name
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
 *
 *	"blk0-queues"	map 0 requests   rw  base/blk.h, we serve
 *			map 1 responses  rw
 *	"blk0-data"	map 0 window     rw  all clients' data regions
 *	"blk0-control"	map 0 link page  ro  base/link.h
 *			map 1 status     rw  struct driver_blk_status, at
 *					     DRIVER_BLK_STATUS
 *			map 2 info       rw  struct blk_info
 *
 *	"doorbell"	map 0 a page of doorbells, and the interrupt
 *
 * The status page is the same page in both.  The VMM enforces "ro": a store
 * there is lost.
 *
 * All but the last are memory.  Their node is compatible with
 * DRIVER_SHARED_COMPATIBLE, which a kernel module
 * (driver_vm/linux/weir_shared.c) maps as ordinary cached memory, which can be
 * given to the kernel for direct I/O; or, if the VMM is configured so, with
 * "generic-uio", which stock Linux maps as device memory: uncached, naturally
 * aligned accesses only, no direct I/O.  The device "doorbell" is always
 * "generic-uio".
 *
 * Properties of the node "net0-queues" (32-bit cells), the same for all four
 * queues: DRIVER_PROP_CAPACITY, DRIVER_PROP_BUFFER_SIZE, DRIVER_PROP_MAX_FRAME;
 * and DRIVER_PROP_MAX_SEGMENT, bytes of the longest segment, or 0.  If it is not
 * 0, descriptors of frames carry offload data (base/offload.h) both ways, and
 * the program has to take all kinds.  Of the node "blk0-queues":
 * DRIVER_PROP_CAPACITY, of both.
 *
 * Doorbells are naturally aligned 32-bit stores of any value to these offsets
 * of the doorbell page; nothing can be read there:
 *
 *	DRIVER_DOORBELL_QUEUES	a network queue was published whose consumer
 *				asked to be notified (queue_must_notify())
 *	DRIVER_DOORBELL_STATUS	the status page has changed
 *	DRIVER_DOORBELL_BLK	responses were published for a peer that sleeps
 *				(blk_sleeps()), or the info page has changed
 *
 * The interrupt is one edge for everything: "look at your queues and at the
 * link pages".
 *
 * A life of the guest.  The status page is zero.  The program finds its devices
 * and its network card, brings the card's interface up, writes @mac, @mtu and
 * @carrier, then @state := DRIVER_READY, and rings the status doorbell.  While
 * the link page's epoch is even it touches no queue; when it becomes odd it
 * starts with all indices zero (queue.h).  A change of @carrier is written and
 * rung.
 *
 * With a disk it is the same: the program finds it, fills the info page in,
 * says DRIVER_READY in struct driver_blk_status and rings.  When the epoch becomes
 * even, requests at the disk are not called back: the new epoch is not begun
 * before the disk has done with them, because it may write into the window
 * until then.
 *
 * At least once in DRIVER_BEAT_MS its event loop adds one to @beat, of either
 * structure or of both, without ringing.  A guest whose beats do not change for
 * the topology's watchdog time is killed.  One that never had any is not
 * watched: its program is older.  If the program ends, the guest resets itself
 * and the VMM is restarted.
 */
#ifndef WEIR_VIRT_DRIVER_ABI_H
#define WEIR_VIRT_DRIVER_ABI_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/abi.h"
#include "base/blk_ring.h"

#define DRIVER_UIO_QUEUES "net0-queues"
#define DRIVER_UIO_DATA "net0-data"
#define DRIVER_UIO_CONTROL "net0-control"
#define DRIVER_UIO_BLK_QUEUES "blk0-queues"
#define DRIVER_UIO_BLK_DATA "blk0-data"
#define DRIVER_UIO_BLK_CONTROL "blk0-control"
#define DRIVER_UIO_DOORBELL "doorbell"

#define DRIVER_SHARED_COMPATIBLE "weir,shared-memory"

#define DRIVER_PROP_CAPACITY "weir,capacity"
#define DRIVER_PROP_BUFFER_SIZE "weir,buffer-size"
#define DRIVER_PROP_MAX_FRAME "weir,max-frame"
#define DRIVER_PROP_MAX_SEGMENT "weir,max-segment"

#define DRIVER_BEAT_MS 1000

#define DRIVER_DOORBELL_QUEUES 0x0u
#define DRIVER_DOORBELL_STATUS 0x4u
#define DRIVER_DOORBELL_BLK 0x8u
#define DRIVER_DOORBELLS 0xcu /* bytes of them */

/* Where the disk's part of the status page begins. */
#define DRIVER_BLK_STATUS 2048u

enum driver_state {
	DRIVER_STARTING, /* a page that is all zero says this */
	DRIVER_READY,
};

/**
 * struct driver_status - a network card's state, as the guest reports it
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

/**
 * struct driver_blk_status - a disk's state, as the guest reports it
 * @state:    enum driver_state; written last
 * @beat:     as in struct driver_status
 * @blocks:   of BLK_SIZE, that the disk has
 * @requests: by enum blk_code: put to the disk
 * @read_bytes, @written_bytes: as the disk has done
 * @errors:   requests that the disk has failed
 * @bad_requests: refused as impossible, and faults of a queue
 * @wakeups, @syscalls, @doorbells, @interrupts: as in struct driver_status; of
 *            the loop, so the same there
 * @copied:   bytes the program itself has copied: 0 with direct I/O
 * @batches:  system calls that gave the disk requests
 */
struct driver_blk_status {
	_Atomic(uint32_t) state;
	_Atomic(uint32_t) beat;
	uint64_t blocks;
	uint64_t requests[BLK_CODES];
	uint64_t read_bytes;
	uint64_t written_bytes;
	uint64_t errors;
	uint64_t bad_requests;
	uint64_t wakeups;
	uint64_t syscalls;
	uint64_t doorbells;
	uint64_t interrupts;
	uint64_t copied;
	uint64_t batches;
};

ABI_SIZE(struct driver_blk_status, 128);
ABI_AT(struct driver_blk_status, state, 0);
ABI_AT(struct driver_blk_status, beat, 4);
ABI_AT(struct driver_blk_status, blocks, 8);
ABI_AT(struct driver_blk_status, requests, 16);
ABI_AT(struct driver_blk_status, read_bytes, 48);
ABI_AT(struct driver_blk_status, written_bytes, 56);
ABI_AT(struct driver_blk_status, errors, 64);
ABI_AT(struct driver_blk_status, bad_requests, 72);
ABI_AT(struct driver_blk_status, wakeups, 80);
ABI_AT(struct driver_blk_status, syscalls, 88);
ABI_AT(struct driver_blk_status, doorbells, 96);
ABI_AT(struct driver_blk_status, interrupts, 104);
ABI_AT(struct driver_blk_status, copied, 112);
ABI_AT(struct driver_blk_status, batches, 120);

#endif
