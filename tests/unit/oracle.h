/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A naive switch: what the design says, in the order it says it, over plain
 * arrays and without a thought for speed.  The real one is held against it.
 */
#ifndef WEIR_TESTS_ORACLE_H
#define WEIR_TESTS_ORACLE_H

#include <stdbool.h>
#include <stdint.h>

#include "vswitch/vswitch.h"

#define ORACLE_ENTRIES 4096
#define ORACLE_RECORDS 1024

/**
 * struct oracle_entry - an address
 * @seen:  the second it was last seen
 * @order: grows with every first sighting in a second at a port
 */
struct oracle_entry {
	uint64_t mac;
	uint16_t vlan;
	unsigned int port;
	uint32_t seen;
	uint64_t order;
	bool is_static;
	bool sticky;
};

/**
 * struct oracle_port - a port's settings, its receiver's stock, its counters
 * @other_mac: a second address of a lock, or 0
 * @known_only: what is for nobody known does not go there
 * @buffers: receive buffers the switch has (captures: left out of account)
 * @offload, @max_segment: as in struct vswitch_port_config
 */
struct oracle_port {
	bool exists;
	bool capture;
	bool up;
	uint32_t max_frame;
	uint32_t offload;
	uint32_t max_segment;
	uint32_t buffers;
	bool forward_reserved;
	bool sticky;
	uint64_t capture_of;
	bool capture_drops;
	uint64_t allow;
	bool locked;
	uint64_t locked_mac;
	uint64_t other_mac;
	bool known_only;
	uint64_t in_frames;
	uint64_t in_bytes;
	uint64_t out_frames;
	uint64_t out_bytes;
	uint64_t drops[REASON_COUNT];
};

/**
 * struct oracle - the whole switch
 * @refuse: the user's policy
 * @rules:  rules of pairs, and nothing else of it; or NULL
 * @snap:   by port: bytes of a frame that rules are shown
 */
struct oracle {
	struct oracle_port port[MAX_PORTS];
	struct oracle_entry entry[ORACLE_ENTRIES];
	unsigned int entries;
	unsigned int capacity;
	uint32_t ageing;
	uint64_t order;
	bool (*refuse)(const uint8_t *bytes, uint16_t len, unsigned int src,
		       unsigned int dst);
	const struct policy_image *rules;
	uint16_t snap[MAX_PORTS];
	uint64_t learned;
	uint64_t moved;
	uint64_t evicted;
	uint64_t not_learned;
	uint64_t flooded;
};

/**
 * struct oracle_offload - what a frame's sender has left to others
 * @o:       its offload data
 * @legal:   they fit
 * @frames:  frames it stands for
 * @longest: bytes of the longest of them
 * @bytes:   bytes of all of them
 */
struct oracle_offload {
	struct offload o;
	bool legal;
	uint32_t frames;
	uint32_t longest;
	uint32_t bytes;
};

struct oracle_record {
	unsigned int capture;
	unsigned int port;
	unsigned int peer;
	enum capture_direction direction;
	enum vswitch_reason reason;
};

/**
 * struct oracle_result - what becomes of one frame
 * @verdict: as the real switch would put it
 * @copied:  ports that get a copy (@verdict.deliver less those without buffer)
 * @record:  what captures get of it, @records of them
 */
struct oracle_result {
	struct vswitch_verdict verdict;
	uint64_t copied;
	unsigned int records;
	struct oracle_record record[ORACLE_RECORDS];
};

/**
 * oracle_frame - switch one frame
 * @src:   port it comes from
 * @bytes: all of it, or NULL if its descriptor names no buffer
 * @len:   as its descriptor says
 * @off:   its offload data
 * @now:   seconds
 */
void oracle_frame(struct oracle *o, unsigned int src, const uint8_t *bytes,
		  uint16_t len, const struct oracle_offload *off, uint32_t now,
		  struct oracle_result *result);

/**
 * oracle_whole - does a port take such a frame as it is?
 */
bool oracle_whole(const struct oracle_port *p, const struct oracle_offload *off,
		  uint16_t len);

/**
 * oracle_find - the valid entry of an address, or NULL
 */
struct oracle_entry *oracle_find(struct oracle *o, uint64_t mac, uint16_t vlan,
				 uint32_t now);

/**
 * oracle_add_static - as fdb_add_static(), the table having room
 */
void oracle_add_static(struct oracle *o, uint64_t mac, uint16_t vlan,
		       unsigned int port, uint32_t now);

/**
 * oracle_forget - drop one entry; it may be NULL
 */
void oracle_forget(struct oracle *o, struct oracle_entry *e);

/**
 * oracle_flush_port - as fdb_flush_port()
 */
void oracle_flush_port(struct oracle *o, unsigned int port);

#endif
