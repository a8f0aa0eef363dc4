/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The work a visit to a port may do, and what each kind of work costs.
 *
 * A visit takes VSWITCH_BUDGET plain frames: unicast of usual length to a known
 * address, decided by the allow list.  Extra work is counted where it is done,
 * and for every WORK_FRAME of it the visit takes one frame less.  So every
 * port's turn costs about the same, and the plain path does no accounting.
 *
 * The unit is an instruction of x86-64 as callgrind counts them (gcc 12, -O2):
 * frames decided in full, and the same kind of measurement of floods
 * to 62 ports, of new source addresses and of 1,000 locked prefixes.  Only the
 * ratios matter, and they differ little between compilers and processors.
 */
#ifndef WEIR_VSWITCH_WORK_H
#define WEIR_VSWITCH_WORK_H

#include <stdint.h>

/* A plain frame decided in full; on the short path 200, or with rules 700. */
#define WORK_FRAME 700u
/* A pair with rules, on a hit in the verdict cache. */
#define WORK_ASKED 300u
/*
 * An instruction of a filter: 498 for each rule of 11 that does not match.  A
 * miss in the verdict cache costs CACHE_MISS_STEPS of them on top.
 */
#define WORK_STEP 45u
/*
 * A frame that is parsed for its flow: 498 more than the rule alone.  One that
 * changes nothing is not parsed; the rule's work and the frame's cover it.
 */
#define WORK_FLOW 500u
/* One that begins a flow: 1,158 more. */
#define WORK_NEW_FLOW 650u
/* An address that is new or was elsewhere: 512 more. */
#define WORK_LEARN 500u
/* Each further port of a flood; 180 with 60 bytes, if it gets a copy. */
#define WORK_OFFER 100u
#define WORK_COPY 160u
/* Bytes of a copy: from 60 to 1500 they cost 168 more. */
#define WORK_BYTES(n) ((n) / 8u)
/* A multicast, under snooping: 529 more; and each group a report names. */
#define WORK_GROUPS 500u
#define WORK_MEMBER 400u
/*
 * Each frame a segment is cut into, and the bytes that are summed up.
 */
#define WORK_CUT 300u
#define WORK_SUM(n) ((n)*3u / 4u)
/* Each prefix of a locked port: 126 where only the last one fits. */
#define WORK_PREFIX 125u

/* From here on a frame is long: its bytes count.  A power of two. */
#define WORK_LONG 2048u

#endif
