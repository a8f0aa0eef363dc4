/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layout of a Microkit system: see compile.h.
 */
#ifndef WEIR_VMM_MICROKIT_COMPILE_PLAN_H
#define WEIR_VMM_MICROKIT_COMPILE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "config/system.h"
#include "vmm/microkit/config.h"

/* Domains of a Microkit system; one is the monitor. */
#define PLAN_PDS 63u

/* Pages there are. */
#define PLAN_PAGE 0x1000ull
#define PLAN_LARGE_PAGE 0x200000ull

/* Text that grows; all zero at the start. */
struct plan_text {
	char *text;
	size_t n;
};

/**
 * plan_add - add to a text
 */
void plan_add(struct plan_text *t, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/**
 * struct plan_region - a memory region
 * @size:    bytes, whole pages
 * @prefill: of @size bytes, what it holds at the start; NULL: zeroes
 * @file:    the file's name, if there is @prefill
 */
struct plan_region {
	char name[SYS_NAME];
	uint64_t size;
	void *prefill;
	char file[SYS_NAME + 8];
};

/**
 * struct plan_map - a region as a PD sees it
 * @setvar: variable that gets @vaddr, or NULL
 */
struct plan_map {
	size_t region;
	uint64_t vaddr;
	uint32_t perms; /* SYS_R or SYS_RW */
	const char *setvar;
};

/**
 * struct plan_pd - a protection domain
 * @sys:     what the topology's compiler made of it; NULL: the monitor
 * @maps:    the first ones are those of @sys, in its order
 * @channels: numbers given so far; the first ones are those of @sys
 */
struct plan_pd {
	char name[MK_NAME];
	char program[SYS_PATH + 4]; /* "weir_switch.elf" */
	const struct sys_pd *sys;
	unsigned int priority;
	struct plan_map *map;
	size_t n_maps;
	uint64_t next_vaddr;
	uint32_t channels;
};

/* A channel's end. */
struct plan_end {
	size_t pd;
	uint32_t id;
};

struct plan_channel {
	struct plan_end end[2];
};

/**
 * struct plan - the whole system
 * @region:  the first ones are those of @sys, in its order
 * @pd:      likewise; the last one is the monitor
 * @errors:  what this platform cannot do
 */
struct plan {
	const struct system *sys;
	struct plan_region *region;
	size_t n_regions;
	struct plan_pd pd[PLAN_PDS];
	size_t n_pds;
	struct plan_channel *channel;
	size_t n_channels;
	struct plan_text errors;
};

/* The monitor's number, in @pd; its child i is pd[i]. */
static inline size_t plan_monitor(const struct plan *p)
{
	return p->n_pds - 1;
}

/**
 * plan_make - lay a system out
 * @p: out; all zero.  With p->errors there is no use for the rest of it
 */
void plan_make(struct plan *p, const struct system *sys);

/**
 * plan_free - release what a plan holds
 */
void plan_free(struct plan *p);

/**
 * plan_new_region - one that the topology's compiler knows nothing of
 * @size: bytes; rounded up to whole pages
 *
 * Return: its number.
 */
size_t plan_new_region(struct plan *p, const char *name, uint64_t size);

/**
 * plan_prefill - what a region holds at the start
 * @data: @size bytes, copied; the region's size at most
 */
void plan_prefill(struct plan *p, size_t region, const void *data, size_t size);

/**
 * plan_map - map a region
 *
 * Return: where.
 */
uint64_t plan_map(struct plan *p, size_t pd, size_t region, uint32_t perms);

/**
 * plan_connect - a channel between two PDs that have none
 */
struct plan_channel plan_connect(struct plan *p, size_t a, size_t b);

/**
 * plan_at - where a PD has mapped the region in a slot of its maps
 * @slot: of struct sys_pd; SYS_NONE gives 0
 */
struct mk_region plan_at(const struct plan *p, size_t pd, uint32_t slot);

/**
 * plan_blobs - make the configurations of all PDs and their private memory
 */
void plan_blobs(struct plan *p);

/**
 * plan_blob_monitor - make the monitor's
 */
void plan_blob_monitor(struct plan *p);

/**
 * plan_configure - give a PD its configuration
 * @blob: begins with struct mk_head, which is filled in
 */
void plan_configure(struct plan *p, size_t pd, enum mk_kind kind, void *blob,
		    size_t size);

/**
 * plan_tables - the tables a switch needs
 */
struct vswitch_tables plan_tables(const struct plan *p,
				  const struct sys_switch *sw);

/**
 * plan_write_without - for make: what no switch of the system uses
 */
void plan_write_without(FILE *f, const struct plan *p);

#endif
