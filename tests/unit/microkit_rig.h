/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * For tests of `weir compile --microkit`: the system description and the
 * configurations, read back.
 */
#ifndef WEIR_TESTS_MICROKIT_RIG_H
#define WEIR_TESTS_MICROKIT_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vmm/microkit/config.h"

struct mk_seen_map {
	char region[64];
	uint64_t vaddr;
	bool writable;
	char setvar[32];
};

struct mk_seen_pd {
	char name[64];
	char program[64];
	int id;
	int priority;
	struct mk_seen_map map[128];
	size_t maps;
};

struct mk_seen_region {
	char name[64];
	char prefill[64];
	uint64_t size;
	uint64_t page;
};

struct mk_seen_channel {
	char pd[2][64];
	int id[2];
};

/**
 * struct mk_seen - a system description; the first PD is the monitor
 */
struct mk_seen {
	struct mk_seen_region region[128];
	size_t regions;
	struct mk_seen_pd pd[16];
	size_t pds;
	struct mk_seen_channel channel[64];
	size_t channels;
};

extern struct mk_seen mk_seen;

/** mk_read_system - read a file into mk_seen */
void mk_read_system(const char *path);

/** mk_pd_of, mk_region_of - by name; none fails the test */
struct mk_seen_pd *mk_pd_of(const char *name);
const struct mk_seen_region *mk_region_of(const char *name);

/**
 * mk_blob_of - the configuration of a PD, from out/, to be released with free()
 *
 * Its head must be in order.
 */
void *mk_blob_of(const char *name, enum mk_kind kind);

/** mk_is_map - @addr must be where a PD has that region, with those rights */
void mk_is_map(const char *pd, uint64_t addr, const char *region,
	       bool writable);

/** mk_far_end - the PD at the other end of a channel */
const char *mk_far_end(const char *pd, uint32_t id);

#endif
