/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Names of hosts in filters.
 *
 * libpcap would look a name up each time it meets it, for as long as the
 * resolver takes, and nobody can stop it.  So all names of a topology are looked
 * up before any filter is compiled: each once, several at a time, in processes
 * of their own that are killed when the time for all of them is up.  libpcap
 * then gets addresses.
 */
#ifndef WEIR_CONFIG_HOSTS_H
#define WEIR_CONFIG_HOSTS_H

#include <stddef.h>

#include "config/lang/arena.h"

/**
 * enum host_family - addresses that can stand in some place of a filter
 */
enum host_family { HOST_ANY, HOST_V4, HOST_V6 };

struct host;

/**
 * struct hosts - names and what they stand for; zero-initialised to begin with
 */
struct hosts {
	struct host *first;
};

/*
 * Milliseconds for all names of a topology: less than an instance gives a change
 * (CONTROL_TIMEOUT_NS).  Tests have less patience.
 */
extern int hosts_limit_ms;

/**
 * hosts_add - a name to be looked up
 * @name: @len octets
 */
void hosts_add(struct hosts *h, struct arena *a, const char *name, size_t len);

/**
 * hosts_look_up - look up all of them
 *
 * Takes hosts_limit_ms at most.
 */
void hosts_look_up(struct hosts *h, struct arena *a);

/**
 * hosts_find - what a name stands for
 * @name:  @len octets
 * @why:   out: if it stands for nothing: "could not be looked up: ..."
 *
 * Return: "(10.0.0.1 or fd00::1)", to be written in its place; NULL if there is
 * no address of that family.
 */
const char *hosts_find(const struct hosts *h, struct arena *a, const char *name,
		       size_t len, enum host_family family, const char **why);

#endif
