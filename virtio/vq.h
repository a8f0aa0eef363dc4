/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtqueue, from the device's side.
 *
 * The driver, in a guest, makes chains of pieces of its memory available: first
 * pieces for the device to read, then pieces for it to write.  The device takes
 * a chain, works on it and gives it back.  Split and packed rings, indirect
 * tables and event indices look the same from here; every device is written
 * once.
 *
 * What is hard.  All of it is written by a guest that may be hostile, while we
 * read it: indices, links between descriptors, tables, addresses.  So the
 * device's own indices are private, each descriptor is read once into a copy,
 * and only the copy is used.  A chain is followed for at most VQ_PIECES
 * descriptors, whatever its links say.  Every piece is looked up in the guest's
 * memory (virtio/memory.h) before a device sees it.
 *
 * What may be relied on.  A piece lies in the guest's memory, is not empty, and
 * may be written if it is among the writable ones.  What is in it may change at
 * any time, as all shared memory.  Anything that breaks the rules of virtio is a
 * fault: the queue stops, vq_take() says so from then on, and the device asks
 * for a reset (DEVICE_NEEDS_RESET; a vhost-user back-end stops the ring).  The
 * chains that were taken before can still be given back.
 *
 * Chains may be given back in any order.  Devices that keep the order can offer
 * VQ_F_IN_ORDER, which needs nothing from a queue.
 */
#ifndef WEIR_VIRTIO_VQ_H
#define WEIR_VIRTIO_VQ_H

#include "virtio/abi.h"
#include "virtio/memory.h"

/* Most slots of a ring; as QEMU has it. */
#define VQ_MAX_SIZE 1024u

/* Most pieces of a chain, which is what the longest ring allows. */
#define VQ_PIECES VQ_MAX_SIZE

/* What the driver has done wrong. */
enum vq_fault {
	VQ_OK,
	VQ_BAD_INDEX, /* more chains available than the ring has slots */
	VQ_BAD_HEAD,  /* a chain begins at a descriptor that does not exist */
	VQ_BAD_NEXT,  /* a link leads to a descriptor that does not exist */
	VQ_LOOP,      /* a chain has more descriptors than its ring or table */
	VQ_BAD_ADDRESS, /* a piece is not in the guest's memory */
	VQ_READ_ONLY, /* a piece to be written is in memory that must not be */
	VQ_EMPTY,     /* a piece of no bytes, or a chain of no pieces */
	VQ_BAD_INDIRECT, /* a table of a wrong size, at a wrong place, nested */
	VQ_BAD_ORDER,	 /* a piece to be read behind one to be written */
	VQ_TOO_LONG,	 /* more than VQ_PIECES pieces, or 4 GiB */
	VQ_NO_ANSWER,	 /* no room for the answer that a request must have */
	VQ_FAULTS,
};

/* What is wrong with a queue's set-up: the driver's fault, too. */
enum vq_setup {
	VQ_STARTED,
	VQ_BAD_SIZE, /* none, too many, or for a split ring no power of two */
	VQ_BAD_ALIGNMENT,
	VQ_BAD_PLACE, /* a part that is not in one region of the memory */
	VQ_BAD_START, /* indices that the ring does not have */
};

/**
 * struct vq_config - where a queue is and how it works
 * @size:     slots
 * @features: of VIRTIO_F_*, what was agreed
 * @desc, @driver, @device: guest addresses of the three parts (virtio/abi.h)
 * @next, @used: where to go on, as vq_where() says; 0 at first
 */
struct vq_config {
	uint32_t size;
	uint64_t features;
	uint64_t desc;
	uint64_t driver;
	uint64_t device;
	uint16_t next;
	uint16_t used;
};

struct vq_piece {
	uint8_t *at;
	uint32_t len;
};

/**
 * struct vq_chain - one buffer of the driver's
 * @id:       its name
 * @slots:    of the ring
 * @readable: pieces to read; they are the first ones
 * @pieces:   all; those behind @readable are to be written
 * @in, @out: bytes to read, and bytes that may be written
 */
struct vq_chain {
	uint16_t id;
	uint16_t slots;
	uint16_t readable;
	uint16_t pieces;
	uint32_t in;
	uint32_t out;
	struct vq_piece piece[VQ_PIECES];
};

/**
 * struct vq_single - a buffer of the driver's that is one piece
 * @at:  the piece
 * @len: its bytes; for vq_give_singles(), what was written there
 * @id:  its name; it takes one slot of the ring
 */
struct vq_single {
	uint8_t *at;
	uint32_t len;
	uint16_t id;
};

/**
 * struct vq_cursor - a place in a chain's readable or writable pieces
 * @left: bytes from here to the end
 */
struct vq_cursor {
	const struct vq_piece *piece;
	uint32_t offset;
	uint32_t left;
};

/**
 * struct vq_position - a place in a ring
 * @at:   split: chains so far, freely running; packed: slot
 * @wrap: packed: counter that changes with each turn; split: unused
 */
struct vq_position {
	uint16_t at;
	uint16_t wrap;
};

/**
 * struct vq - a queue; private
 * @memory:   the guest's
 * @desc, @driver, @device: the three parts
 * @size, @packed, @event, @indirect: as agreed
 * @next:     what is taken next
 * @used:     where the next chain is given back
 * @known:    split: the driver's index when it was last read
 * @out:      slots of chains that were taken and not given back
 * @untold:   slots given back since vq_must_notify() was last asked
 * @fresh:    packed: slots given back and not published
 * @fresh_flags: packed: flags of the first of these, which are written last
 * @fault:    enum vq_fault
 */
struct vq {
	const struct guest_memory *memory;
	void *desc;
	void *driver;
	void *device;
	uint16_t size;
	uint8_t packed;
	uint8_t event;
	uint8_t indirect;
	uint8_t fault;
	struct vq_position next;
	struct vq_position used;
	uint16_t known;
	uint16_t out;
	uint16_t untold;
	uint16_t fresh;
	uint16_t fresh_flags;
};

/**
 * vq_start - begin to work on a queue, or go on
 * @vq:     out
 * @memory: the guest's, which stays
 * @config: set-up
 *
 * To go on with the same queue after the memory's table has changed, start it
 * again with the indices that vq_where() says.
 *
 * Return: VQ_STARTED, or why @vq must not be used.
 */
enum vq_setup vq_start(struct vq *vq, const struct guest_memory *memory,
		       const struct vq_config *config);

/**
 * vq_where - where to go on with a queue that is stopped
 * @next, @used: out, for struct vq_config; with a packed ring, the wrap counter
 *               is bit 15, as vhost-user has it
 *
 * If chains are still out, these are lost for the driver.
 */
void vq_where(const struct vq *vq, uint16_t *next, uint16_t *used);

/**
 * vq_take - take the next chain
 * @vq:    queue
 * @chain: out, if there is one
 *
 * Return: 1, or 0 if none is available, or -1 after a fault, see @vq->fault.
 */
int vq_take(struct vq *vq, struct vq_chain *chain);

/**
 * vq_take_singles - take the next chains, as long as each is one piece
 * @single: out
 * @count:  most
 * @write:  of the piece: to be written, not to be read
 *
 * Most chains are like that, and many at once cost a fraction each.  The bytes
 * they name are asked for from the cache.  A chain that is different or breaks
 * the rules stays, for vq_take() to read anew.
 *
 * Return: how many.
 */
unsigned int vq_take_singles(struct vq *vq, struct vq_single *single,
			     unsigned int count, bool write);

/**
 * vq_untake - put the last chains back, to take them again later
 * @chains: how many, with which nothing was done
 * @slots:  of the ring, that they take in all
 */
void vq_untake(struct vq *vq, unsigned int chains, unsigned int slots);

/**
 * vq_retake - take a chain that was taken before the queue was started
 * @head:  its first descriptor, in a split ring
 * @chain: out, if it is there
 *
 * For a device that was interrupted and knows what it had not given back: it
 * starts the queue behind these chains, and takes each of them once.
 *
 * Return: 1, or -1 after a fault: @head is none, or the ring is packed.
 */
int vq_retake(struct vq *vq, uint16_t head, struct vq_chain *chain);

/**
 * vq_reader - the beginning of what a chain has to read
 */
static inline struct vq_cursor vq_reader(const struct vq_chain *chain)
{
	return (struct vq_cursor){ chain->piece, 0, chain->in };
}

/**
 * vq_writer - the beginning of what may be written
 */
static inline struct vq_cursor vq_writer(const struct vq_chain *chain)
{
	return (struct vq_cursor){ chain->piece + chain->readable, 0,
				   chain->out };
}

/**
 * vq_read - copy bytes out of a chain, each read once
 * @c: vq_reader(); moves on
 *
 * Return: how many were there, at most @n.
 */
uint32_t vq_read(struct vq_cursor *c, void *to, uint32_t n);

/**
 * vq_write - copy bytes into a chain
 * @c: vq_writer(); moves on
 *
 * Return: for how many there was room.
 */
uint32_t vq_write(struct vq_cursor *c, const void *from, uint32_t n);

/**
 * vq_give - give a chain back; the driver sees it at vq_publish()
 * @id, @slots: the chain's
 * @written:    bytes, from the beginning of the writable pieces
 *
 * A chain is given back once.
 */
void vq_give(struct vq *vq, uint16_t id, uint16_t slots, uint32_t written);

/**
 * vq_give_singles - the same for chains of vq_take_singles(), in this order
 */
void vq_give_singles(struct vq *vq, const struct vq_single *single,
		     unsigned int count);

/**
 * vq_publish - let the driver see what was given back
 */
void vq_publish(struct vq *vq);

/**
 * vq_must_notify - whether the driver wants an interrupt for what was published
 */
bool vq_must_notify(struct vq *vq);

/**
 * vq_arm - ask to be told of new chains, then look once more
 * @vq: queue whose device is about to sleep
 *
 * Return: whether there is a chain (or a fault) already: the device must not
 * sleep, calls vq_disarm() and goes on.
 */
bool vq_arm(struct vq *vq);

/**
 * vq_disarm - say that the device looks at the queue on its own accord
 */
void vq_disarm(struct vq *vq);

#endif
