/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Disks: the virtualiser of one behind a driver VM, and the device that serves
 * one to a guest.  Included by system.h.
 */
#ifndef WEIR_CONFIG_SYSTEM_DISK_H
#define WEIR_CONFIG_SYSTEM_DISK_H

#ifndef WEIR_CONFIG_SYSTEM_H
#error "include system.h"
#endif

/**
 * struct sys_blk_wire - block queues (base/blk.h) as one component sees them
 * @request, @response: slots of the queues
 * @data:     slot of the client's data region, which only its own PD and the
 *            driver VM (struct sys_vm) have; else SYS_NONE
 * @info:     slot of the page of storage information
 * @link:     slot of the link page
 * @channel:  id
 * @capacity: requests that either queue holds
 * @data_size: bytes of the client's data region; at the driver's side, of the
 *            window: of those of all clients, one behind the other
 */
struct sys_blk_wire {
	uint32_t request;
	uint32_t response;
	uint32_t data;
	uint32_t info;
	uint32_t link;
	uint32_t channel;
	uint32_t capacity;
	uint32_t pad;
	uint64_t data_size;
};

/* A part of a disk; neither a name nor a number: all of it. */
struct sys_partition {
	char name[SYS_PARTITION]; /* "": by number */
	uint32_t number;	  /* from 1 */
	uint32_t pad;
};

/* A client of the virtualiser of a disk: the PD of one struct sys_disk. */
struct sys_blk_client {
	char name[SYS_NAME]; /* that of its component */
	struct sys_blk_wire wire;
	struct sys_partition partition; /* of the driver's disk */
	uint64_t window; /* bytes from the window's start to its region */
	uint8_t read_only;
	uint8_t pad[7];
};

/**
 * struct sys_blk_virt - the virtualiser of a disk behind a block driver VM
 * @driver:  the driver's side
 * @stats:   slot: struct blk_virt_stats
 * @table:   slot of a page of its own that the driver VM has as well, for the
 *           partition table, and
 * @table_window: where it is in the window, in bytes
 * @ctl_channel: to the monitor: as that of struct sys_virt
 * @retry:   what a driver that has died had not answered is asked again, not
 *           answered with an error
 * @seed:    filled in by the back-end, from its random source
 */
struct sys_blk_virt {
	struct sys_blk_wire driver;
	uint64_t seed;
	uint64_t table_window;
	uint32_t table;
	uint32_t stats;
	uint32_t ctl_channel;
	uint32_t n_clients;
	uint8_t retry;
	uint8_t pad[7];
	struct sys_blk_client client[SYS_BLK_CLIENTS];
};

enum sys_disk_source {
	SYS_DISK_FILE, /* a file or a block device of the host */
	SYS_DISK_QUEUE /* a virtualiser */
};

/**
 * struct sys_disk - a disk of one guest: the vhost-user device that serves it
 * @source:  enum sys_disk_source
 * @socket:  to the guest: SYS_SOCKET_LISTEN, or SYS_SOCKET_GIVEN by the monitor
 *           to the client VM that its path names
 * @stats:   slot: struct disk_stats
 * @path:    SYS_DISK_FILE: absolute
 * @first, @size: SYS_DISK_FILE: bytes, multiples of SYS_SECTOR: where the guest's
 *           disk is in the file; of a file, @size is as it was when the topology
 *           was read, and the file must still be as long
 * @partition: which part that is, for messages; SYS_DISK_QUEUE: as in struct
 *           sys_blk_client
 * @make:    the file is made, of @first + @size bytes, if there is none
 * @sparse:  what the guest discards and writes zeroes to becomes holes
 * @blk:     SYS_DISK_QUEUE: the connection to the virtualiser
 */
struct sys_disk {
	uint32_t source;
	uint32_t stats;
	struct sys_socket socket;
	char path[SYS_PATH];
	uint64_t first;
	uint64_t size;
	struct sys_partition partition;
	uint8_t read_only;
	uint8_t sparse;
	uint8_t make;
	uint8_t pad[5];
	struct sys_blk_wire blk;
};

#endif
