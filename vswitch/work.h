/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a visit may cost, and what things cost.
 *
 * A visit takes VSWITCH_BUDGET plain frames: unicast of the usual length to a
 * known address, decided on by the allow list.  What a frame costs beyond that
 * is counted where it arises, and for every WORK_FRAME of it the visit takes one
 * frame less.  So a turn costs about the same whoever has it, and the plain path
 * counts nothing.
 *
 * The unit is an instruction of x86-64 as callgrind counts them (gcc 12, -O2):
 * the figures of `make bench-quick`, and the same kind of measurement of floods
 * to 62 ports, of new source addresses and of 1,000 locked prefixes.  Only the
 * ratios matter, and they differ little between compilers and processors.
 */
#ifndef WEIR_VSWITCH_WORK_H
#define WEIR_VSWITCH_WORK_H

#include <stdint.h>

/* A plain frame: 620 with 64 octets, 800 with 1500. */
#define WORK_FRAME 700u
/* A pair with rules, the verdict being remembered: 924 in all. */
#define WORK_ASKED 300u
/*
 * An instruction of a filter: 498 for each rule of 11 that does not match.  A
 * verdict that is not remembered costs CACHE_MISS_STEPS of them besides.
 */
#define WORK_STEP 45u
/* A frame of a known flow: 498 more than the rule alone. */
#define WORK_FLOW 500u
/* One that begins a flow: 1,158 more. */
#define WORK_NEW_FLOW 650u
/* An address that is new or was elsewhere: 512 more. */
#define WORK_LEARN 500u
/* Each further port of a flood: 265 with 60 octets, if it gets a copy. */
#define WORK_OFFER 100u
#define WORK_COPY 160u
/* Octets of a copy: from 60 to 1500 they cost 168 more. */
#define WORK_OCTETS(n) ((n) / 8u)
/* A multicast, under snooping: 529 more; and each group a report names. */
#define WORK_GROUPS 500u
#define WORK_MEMBER 400u
/* Each prefix of a locked port: 126 where only the last one fits. */
#define WORK_PREFIX 125u

/* From here on a frame is long: its octets count.  A power of two. */
#define WORK_LONG 2048u

#endif
