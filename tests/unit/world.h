/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A random world for the differential test: a switch and the oracle, the same
 * ports, policy and stations on both, and a record of what every receiver is
 * owed.  Everything follows from one seed.
 */
#ifndef WEIR_TESTS_WORLD_H
#define WEIR_TESTS_WORLD_H

#include "tests/unit/image_rig.h"
#include "tests/unit/oracle.h"
#include "tests/unit/rig.h"

#define WORLD_STATIONS 48
#define WORLD_FRAME 2048

/* A frame on its way: what was sent, or what a receiver is owed. */
struct world_frame {
	struct world_frame *next;
	struct oracle_offload off;
	uint16_t len;	 /* as its descriptor says */
	bool has_buffer; /* its descriptor names one */
	uint8_t bytes[]; /* at most WORLD_FRAME */
};

struct world_fifo {
	struct world_frame *first;
	struct world_frame **last;
};

/* A capture record that is owed, with its frame. */
struct world_record {
	struct world_record *next;
	struct oracle_record what;
	uint16_t len;
	uint8_t bytes[];
};

/**
 * struct world - see above
 * @seed:    what it all follows from
 * @state:   of the random numbers
 * @rig:     the switch
 * @oracle:  what it should do
 * @rules:   rules between its ports, or NULL
 * @ports:   those that can send
 * @captures: capture ports
 * @station: addresses in use
 * @sent:    by port: frames the switch has not taken yet
 * @owed:    by port: frames the receiver has not taken yet
 * @stalled: receivers that take nothing for now
 * @records: capture records not yet seen
 * @missed:  by capture: records it had no buffer for
 * @traced:  verdict of vswitch_trace() on the frame to come, if @has_trace
 * @frames:  frames judged so far
 * @silent:  the switch does not tell what it decides
 */
struct world {
	uint32_t seed;
	uint64_t state;
	struct rig *rig;
	struct oracle oracle;
	struct policy_image *rules;
	uint64_t ports;
	uint64_t captures;
	uint64_t station[WORLD_STATIONS];
	struct world_fifo sent[MAX_PORTS];
	struct world_fifo owed[MAX_PORTS];
	uint64_t stalled;
	struct world_record *records;
	uint64_t missed[MAX_PORTS];
	struct vswitch_verdict traced;
	bool has_trace;
	uint64_t frames;
	bool silent;
};

/**
 * world_new - everything from a seed
 */
struct world *world_new(uint32_t seed);
void world_free(struct world *w);

/**
 * world_draw - a number below @below
 */
uint32_t world_draw(struct world *w, uint32_t below);

/**
 * world_chance - true so many times in a hundred
 */
bool world_chance(struct world *w, uint32_t percent);

/**
 * world_pick - a random member of a set that is not empty
 */
unsigned int world_pick(struct world *w, uint64_t set);

/**
 * world_shake - change something: time, policy, a link, a receiver's mood
 */
void world_shake(struct world *w);

/**
 * world_send - put one random frame on a port's queue, the switch not run
 *
 * Return: false if the port has no transmit buffer or is down.
 */
bool world_send(struct world *w, unsigned int port);

/**
 * world_now - the time in seconds
 */
uint32_t world_now(const struct world *w);

/**
 * world_send_segment - the same, of a frame with offload data, right or wrong
 */
bool world_send_segment(struct world *w, unsigned int port, uint64_t dst,
			uint64_t src);

/**
 * world_owe - a port is owed a frame as it was sent, or what it stands for
 */
void world_owe(struct world *w, unsigned int port, const struct world_frame *f);

/**
 * world_shown - a frame as captures show it
 * @out: WORLD_FRAME bytes
 */
void world_shown(const struct world_frame *f, uint8_t *out);

struct world_frame *world_push(struct world_fifo *fifo, const uint8_t *bytes,
			       uint16_t len, bool has_buffer);
struct world_frame *world_pop(struct world_fifo *fifo);
void world_empty(struct world_fifo *fifo);

/**
 * world_refuse - the user's policy of these tests
 */
bool world_refuse(const uint8_t *bytes, uint16_t len, unsigned int src,
		  unsigned int dst);

#endif
