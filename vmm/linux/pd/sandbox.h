/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Locking a PD in, stage by stage.  spawn.c says what the stages are.
 *
 * Each function takes away what it needed itself, so they are called once, in
 * this order, by pd_main() alone.
 */
#ifndef WEIR_VMM_LINUX_PD_SANDBOX_H
#define WEIR_VMM_LINUX_PD_SANDBOX_H

#include "vmm/linux/boot.h"
#include "vmm/linux/error.h"

/* Whether this is a build with a sanitizer, whose runtime needs more. */
#if defined(__SANITIZE_ADDRESS__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED 0
#endif

/* Where a region is mapped. */
struct sandbox_map {
	void *base; /* page aligned, an inaccessible page before and after it */
	size_t size; /* bytes */
};

/**
 * sandbox_environment - the environment a PD is executed with
 *
 * Empty, but for the options of a sanitizer's runtime in a sanitizer build.
 */
char **sandbox_environment(void);

/**
 * sandbox_regions - stage 2: map the regions, close their descriptors
 * @r:   boot record
 * @map: out: by slot
 */
int sandbox_regions(const struct boot_record *r, struct sandbox_map *map,
		    struct error *err);

/** sandbox_root - stage 3: an empty, read-only file system, and no way back */
int sandbox_root(struct error *err);

/**
 * sandbox_privileges - stage 4: capabilities, limits, traceability
 * @r: boot record: whose components may start threads and lock memory
 */
int sandbox_privileges(const struct boot_record *r, struct error *err);

/**
 * sandbox_filter - stage 5: no more threads, and only these system calls
 * @r: boot record: whose components' calls are added to the loop's own
 *
 * Holds for all threads there are.  Any other call kills the process (SIGSYS).
 * Nothing is allocated or freed between the filter's installation and the
 * return.
 */
int sandbox_filter(const struct boot_record *r, struct error *err);

#endif
