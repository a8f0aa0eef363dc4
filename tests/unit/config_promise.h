/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef WEIR_TESTS_CONFIG_PROMISE_H
#define WEIR_TESTS_CONFIG_PROMISE_H

#include "config/system.h"

/**
 * promise_check - does a system keep the promises of config/system.h?
 *
 * Whatever the topology: names are unique, indices and slots valid, both ends
 * of a channel and of a connection agree, sizes fit, and every PD maps exactly
 * what config/build.h says, with those permissions and no more.  Fails the test
 * otherwise.
 */
void promise_check(const struct system *sys);

/**
 * promise_policy - is a policy one its switch takes, and does it mean what its
 * rules say? (config_promise_policy.c)
 */
void promise_policy(const struct sys_switch *sw,
		    const struct sys_policy *policy);

/* --- parts (config_promise_vm.c) ---------------------------------------- */

/**
 * promise_programs - programs have PDs and addresses of their own
 */
void promise_programs(const struct system *sys);

/**
 * promise_vms - driver VMs have two connections, and RAM nobody else maps
 */
void promise_vms(const struct system *sys);

/**
 * promise_disks - disks, and what is between them and a driver VM
 * (config_promise_disk.c)
 */
void promise_disks(const struct system *sys);

/**
 * promise_is_blk - is a connection one of block queues?
 */
bool promise_is_blk(const struct sys_conn *c);

/**
 * promise_follows - who follows whom comes to an end
 */
void promise_follows(const struct system *sys);

/* --- what parts are made of --------------------------------------------- */

/**
 * promise_region - a region has the name OWNER.WHAT, and the size
 */
void promise_region(const struct system *sys, uint32_t region,
		    const char *owner, const char *what, uint64_t size);

/**
 * promise_port - the switch port at one end of a connection
 */
const struct sys_switch_port *promise_port(const struct system *sys,
					   const struct sys_conn *c, int end);

/**
 * promise_lock - the address a port is locked to, or 0
 */
uint64_t promise_lock(const struct system *sys, const struct sys_conn *c,
		      int end);

/**
 * promise_slot - a slot of a PD is that region, or both are none
 */
void promise_slot(const struct system *sys, uint32_t pd, uint32_t slot,
		  uint32_t region);

/**
 * promise_wire - a wire names a connection's regions, sizes and the right end
 * @mirrored: its egress is the connection's ingress
 */
void promise_wire(const struct system *sys, const struct sys_conn *c,
		  const struct sys_wire *w, uint32_t end, bool mirrored);

#endif
