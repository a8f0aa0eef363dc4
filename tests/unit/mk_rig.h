/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A switch PD and its monitor PD on the host's Microkit, and PDs at the ports
 * that the test plays.
 *
 * All but the asker are the monitor's children.  The asker may ask everything;
 * the stranger has a channel the monitor's configuration does not list.
 */
#ifndef WEIR_TESTS_UNIT_MK_RIG_H
#define WEIR_TESTS_UNIT_MK_RIG_H

#include "policy/image.h"
#include "tests/microkit/kernel.h"
#include "virt/net_client.h"
#include "vmm/microkit/ask.h"
#include "vmm/microkit/config.h"
#include "vswitch/ctl.h"
#include "vswitch/stats.h"

#define MK_RIG_PORTS 3u
#define MK_RIG_BUFFER 2048u
#define MK_RIG_CAPACITY 64u
#define MK_RIG_PEER_CH 0u /* of a peer: to the switch */

/* What a peer's port is made of. */
struct mk_rig_port {
	int pd;
	int queue[4]; /* ingress active, free; egress active, free */
	int data[2];
	int link;
	struct net_client *client;
	void *memory;
};

struct mk_rig {
	struct kernel *k;
	int monitor;
	int sw;
	int asker;
	int stranger;
	struct mk_switch *sw_cfg;
	struct mk_monitor *mon_cfg;
	struct vswitch_stats *stats;
	struct policy_image *policy;
	struct policy_image *proposal;
	struct vswitch_ctl_request *request;
	struct vswitch_ctl_reply *reply;
	struct mk_rig_port port[MK_RIG_PORTS];
	uint64_t at; /* the next free address; the same in all PDs */
};

/**
 * mk_rig_new - everything in place, nothing started
 * @played: the test plays the switch, too
 *
 * Every port may send to every other.
 */
struct mk_rig *mk_rig_new(bool played);
void mk_rig_free(struct mk_rig *r);

/** mk_rig_start - start, let all settle, and make the peers' clients */
void mk_rig_start(struct mk_rig *r);

/** mk_rig_share - a region that a PD has; returns its number */
int mk_rig_share(struct mk_rig *r, const char *name, size_t size, int pd,
		 bool writable, uint64_t *addr);

/** mk_rig_program - the path of a PD's program */
const char *mk_rig_program(const char *name);

/** mk_rig_path - any file of the build's folder microkit/ */
const char *mk_rig_path(const char *file);

/** mk_rig_send - one broadcast from a peer, and all that follows from it */
void mk_rig_send(struct mk_rig *r, unsigned int port);

/** mk_rig_received - take what a peer got; how many */
unsigned int mk_rig_received(struct mk_rig *r, unsigned int port);

/** mk_rig_forge - a peer publishes an index that cannot be, and rings */
void mk_rig_forge(struct mk_rig *r, unsigned int port);

/**
 * mk_rig_ask - the asker's protected procedure call
 * @word:  in: its words; out: the answer's
 *
 * Return: enum mk_answer.
 */
uint64_t mk_rig_ask(struct mk_rig *r, enum mk_ask ask, unsigned int words,
		    uint64_t *word);

uint32_t mk_rig_epoch(const struct mk_rig *r, unsigned int port);

#endif
