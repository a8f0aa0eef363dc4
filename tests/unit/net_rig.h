/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Network interfaces for tests: everything happens in namespaces of the test
 * program's own, and ends with it.
 */
#ifndef WEIR_TESTS_UNIT_NET_RIG_H
#define WEIR_TESTS_UNIT_NET_RIG_H

#include "tests/unit/port_rig.h"

#include <arpa/inet.h>
#include <cap-ng.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Why there is no private network; NULL if there is. */
extern const char *net_missing;

/*
 * For the group's setup: a network of our own, a /run of our own for the names
 * of namespaces, and interfaces that say nothing unasked.
 */
int net_setup(void **state);

/* The same, for tests with a veth pair: "nic0" is ours, "far0" the world's. */
int net_setup_veth(void **state);

/* A pair, for one test. */
void net_add_veth(void);

/* Unless a test has deleted it. */
void net_del_veth(void);

void net_need(void);

/* The same for tests that make TAP interfaces. */
void net_need_tun(void);

/* Wait until an interface can send: its carrier is noticed a little later.
 * @where is "" or "-n NAMESPACE". */
void net_await_carrier(const char *where, const char *ifname);

/* --- frames by way of an interface -------------------------------------- */

/* A packet socket on an interface: what a station behind it says and hears. */
int net_station(const char *ifname);

void net_say(int station, const void *frame, size_t len);

/* A frame of our own kind, others are passed over; 0 if there is none. */
size_t net_hear(int station, uint8_t *frame, size_t size);

/* Frames of @len bytes, in order, turning the port while they are awaited. */
void net_hears(struct comp *rig, int station, size_t len, unsigned int which);

/*
 * The switch gets a frame; ours only, if the kernel has something to say too.
 */
size_t net_take(struct comp *rig, uint8_t *frame, size_t size);

void net_taken(struct comp *rig, size_t len, unsigned int which);

/* A frame with these bytes behind the addresses, @len in all. */
void net_tagged(uint8_t *frame, const char *tags, size_t n, size_t len);

/* --- things that end a process ------------------------------------------ */

/* Become somebody without privileges: nobody, or ourselves without any. */
void net_give_up(void);

/* open() as somebody without privileges; the message is in @err. */
void net_refused_as_nobody(const struct sys_component *config,
			   const char *words);

#endif
