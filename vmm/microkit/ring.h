/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The ring a capture PD writes: the latest records, for anyone to read.
 *
 * One writer, any number of readers that map the region read-only and can
 * neither slow nor harm it.  A page with this header comes first, then @size
 * bytes in which records lie one behind the other, each at a multiple of 8.  A
 * record never wraps: where it would, a filler (@len 0) takes the rest.
 *
 * Positions count bytes since the start and only grow; a record is at its
 * position modulo @size.  To read the one at `pos`:
 *
 *	pos == written			there is none yet
 *	copy it
 *	writing - pos > size		it was overwritten meanwhile: go on at
 *					`written`, some are lost
 *	pos += bytes
 *
 * Readers do not believe the ring's writer more than they must: `bytes` has to
 * be checked before it is used.
 */
#ifndef WEIR_VMM_MICROKIT_RING_H
#define WEIR_VMM_MICROKIT_RING_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/abi.h"
#include "vswitch/capture.h"

#define MK_RING_MAGIC 0x5765697252696e67ull /* "WeirRing" */
#define MK_RING_PAGE 4096u

/**
 * struct mk_ring - the first page
 * @magic:   MK_RING_MAGIC, once the rest is valid
 * @size:    bytes of records, a power of two
 * @writing: what may be overwritten ends here; stored before that is done
 * @written: whole records end here
 * @bad:     records the switch sent that contradict themselves
 */
struct mk_ring {
	uint64_t magic;
	uint64_t size;
	_Atomic(uint64_t) writing;
	_Atomic(uint64_t) written;
	_Atomic(uint64_t) bad;
};

ABI_SIZE(struct mk_ring, 40);
ABI_AT(struct mk_ring, magic, 0);
ABI_AT(struct mk_ring, size, 8);
ABI_AT(struct mk_ring, writing, 16);
ABI_AT(struct mk_ring, written, 24);
ABI_AT(struct mk_ring, bad, 32);

/**
 * struct mk_ring_record - before each frame
 * @bytes:  from here to the next record
 * @len:    bytes of the frame behind this; 0: a filler, no more is valid
 * @record: what the switch says of it
 */
struct mk_ring_record {
	uint32_t bytes;
	uint32_t len;
	struct capture_record record;
};

ABI_SIZE(struct mk_ring_record, 40);
ABI_AT(struct mk_ring_record, bytes, 0);
ABI_AT(struct mk_ring_record, len, 4);
ABI_AT(struct mk_ring_record, record, 8);

#endif
