/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The boot record: all that a PD is told.
 *
 * The monitor writes it into a sealed memfd, the new process copies it into
 * private memory and makes that read-only.  Plain data, no pointers, the same
 * headers on both sides:
 *
 *	struct boot_record
 *	struct boot_comp [n_comps]
 *	struct boot_chan [n_chans]
 *	struct boot_map  [n_maps]
 *
 * A PD starts with these descriptors and no others:
 *
 *	0, 1, 2		/dev/null; 2 of a program: the log
 *	BOOT_FD		the boot record; closed once it is read
 *	BOOT_LOG_FD	the log: a stream socket
 *	BOOT_CTL_FD	the control socket (vmm/linux/order.h)
 *	then		of the components, in order: of open() and start()
 *	then		of the channels: wait, ring
 *	last		of the maps; closed once they are mapped
 */
#ifndef WEIR_VMM_LINUX_BOOT_H
#define WEIR_VMM_LINUX_BOOT_H

#include <stddef.h>
#include <stdint.h>

#include "base/abi.h"
#include "config/system.h"
#include "vmm/linux/pd/pd.h"

#define BOOT_MAGIC 0x57656972426f6f32ull /* "WeirBoo2" */
/* What the record's memfd is sealed with. */
#define BOOT_SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define BOOT_FD 3
#define BOOT_LOG_FD 4
#define BOOT_CTL_FD 5
#define BOOT_FIRST_FD 6

/**
 * struct boot_record - the head of it
 * @magic:   BOOT_MAGIC
 * @size:    bytes of the whole record
 * @name:    the PD's name
 * @poll_us: as in struct sys_pd
 * @n_comps, @n_chans, @n_maps: entries that follow
 * @n_fds:   descriptors, 0 to n_fds - 1, the process starts with
 * @comp_size: bytes of struct boot_comp, which a program of another release
 *             would have otherwise
 */
struct boot_record {
	uint64_t magic;
	uint64_t size;
	char name[SYS_NAME];
	uint32_t poll_us;
	uint32_t n_comps;
	uint32_t n_chans;
	uint32_t n_maps;
	uint32_t n_fds;
	uint32_t comp_size;
};

ABI_SIZE(struct boot_record, 184);
ABI_AT(struct boot_record, magic, 0);
ABI_AT(struct boot_record, size, 8);
ABI_AT(struct boot_record, name, 16);
ABI_AT(struct boot_record, poll_us, 160);
ABI_AT(struct boot_record, n_comps, 164);
ABI_AT(struct boot_record, n_chans, 168);
ABI_AT(struct boot_record, n_maps, 172);
ABI_AT(struct boot_record, n_fds, 176);
ABI_AT(struct boot_record, comp_size, 180);

/**
 * struct boot_comp - one component
 * @cfg:   its configuration
 * @page:  its struct outside_page, closed once it is mapped; 0: none
 * @n_fds: descriptors from outside
 * @fd:    their numbers in the PD
 */
struct boot_comp {
	struct sys_component cfg;
	int32_t page;
	uint32_t n_fds;
	int32_t fd[PD_MAX_FDS];
};

/**
 * struct boot_chan - one channel end; the position is its id
 * @wait: eventfd this end waits on; never read
 * @ring: what is written to notify the other end; -1 if that is in this PD
 * @peer: id of the other end, if that is in this PD; else SYS_NONE
 * @outside: the other end is a process that attaches: what it shares with this
 *        PD is renewed for each of them
 *
 * An end whose peer is in the same PD still has something to wait on: the
 * monitor notifies it when it changes the connection's link page.
 */
struct boot_chan {
	int32_t wait;
	int32_t ring;
	uint32_t peer;
	uint32_t outside;
};

ABI_SIZE(struct boot_chan, 16);
ABI_AT(struct boot_chan, wait, 0);
ABI_AT(struct boot_chan, ring, 4);
ABI_AT(struct boot_chan, peer, 8);
ABI_AT(struct boot_chan, outside, 12);

/**
 * struct boot_map - one region to map; the position is its slot
 * @size:  bytes
 * @perms: SYS_R or SYS_RW
 * @fd:    opened with no more than these permissions
 * @name:  for messages
 */
struct boot_map {
	uint64_t size;
	uint32_t perms;
	int32_t fd;
	char name[SYS_NAME];
};

ABI_SIZE(struct boot_map, 160);
ABI_AT(struct boot_map, size, 0);
ABI_AT(struct boot_map, perms, 8);
ABI_AT(struct boot_map, fd, 12);
ABI_AT(struct boot_map, name, 16);

_Static_assert(sizeof(struct boot_comp) % 8 == 0, "what follows is aligned");

static inline size_t boot_size(size_t n_comps, size_t n_chans, size_t n_maps)
{
	return sizeof(struct boot_record) + n_comps * sizeof(struct boot_comp) +
	       n_chans * sizeof(struct boot_chan) +
	       n_maps * sizeof(struct boot_map);
}

static inline struct boot_comp *boot_comps(const struct boot_record *r)
{
	return (struct boot_comp *)(r + 1);
}

static inline struct boot_chan *boot_chans(const struct boot_record *r)
{
	return (struct boot_chan *)(boot_comps(r) + r->n_comps);
}

static inline struct boot_map *boot_maps(const struct boot_record *r)
{
	return (struct boot_map *)(boot_chans(r) + r->n_chans);
}

/**
 * boot_read - in the PD: read the record, check it, protect it
 *
 * Closes BOOT_FD.
 *
 * Return: the record, read-only, or NULL with errno set.  ENOENT: there is
 * none; a user has started us.  EPROTO: it is of another release.
 */
const struct boot_record *boot_read(void);

#endif
