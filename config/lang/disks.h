/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The part of a topology that is about disks.
 *
 * A disk is where the bytes are: a file, what a driver VM drives, or a
 * partition of one of these, which has a name of its own.  A use of it is a
 * disk that some guest has: a client VM, or whoever connects to a socket.  So a
 * disk that two guests only read is one disk with two uses.
 */
#ifndef WEIR_CONFIG_DISKS_H
#define WEIR_CONFIG_DISKS_H

#include "config/lang/name.h"

struct topo_placement;
struct topo_vm;

/**
 * struct topo_disk - a disk, or a partition of one
 * @name:  valid, or its text is NULL: could not be read, or it is written in a
 *         vm, for that alone
 * @pos:   where it is declared
 * @said:  the file as it is written
 * @file, @driver, @of: one of these: the file, absolute, the VM or the disk
 * @partition: by number, or, if that is 0, by the name @partition.arg
 * @socket: path at which a guest connects, and who may: @mode, @owner, @group
 * @retry, @error: what becomes of requests that a driver that died had not
 *         answered
 * @whole: checked: what it is a partition of, or the disk itself; NULL: unknown
 * @vm:    checked: that drives it, or NULL
 * @used:  checked: by a guest or by a partition of it that has a name
 * @pd:    the builder's: of the virtualiser, if @driver
 */
struct topo_disk {
	struct topo_disk *next;
	struct name name;
	struct pos pos;
	bool broken;
	const char *said;
	struct option file;
	struct option driver;
	struct option of;
	struct option partition;
	struct option read_only;
	struct option sparse;
	struct option size; /* bytes */
	struct option socket;
	struct option mode;
	struct option owner;
	struct option group;
	struct option retry;
	struct option error;
	/* Checked: */
	struct topo_disk *whole;
	struct topo_vm *vm;
	bool used;
	/* The builder's: */
	uint32_t pd;
};

/**
 * struct topo_use - a disk of one guest, served by a PD of its own
 * @ref:    the disk's name; text NULL: it is @disk, which is written here
 * @vm:     the guest, or NULL: who connects to the disk's socket
 * @disk:   checked; NULL: unknown
 * @read_only: said here; checked: said anywhere
 * @number: checked: of the VM's disks
 * @looked: its file was looked at
 * @first, @size: checked: bytes; of a file, where in it the disk is
 * @dev, @ino: checked: which file it is
 */
struct topo_use {
	struct topo_use *next;
	struct pos pos;
	struct name ref;
	struct topo_vm *vm;
	struct topo_disk *disk;
	bool read_only;
	/* Checked: */
	uint32_t number;
	bool looked;
	uint64_t first;
	uint64_t size;
	uint64_t dev;
	uint64_t ino;
	/* The builder's: */
	uint32_t pd;
};

#endif
