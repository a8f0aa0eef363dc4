/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a Microkit protection domain is told when the system is built.
 *
 * Each PD has one configuration: one of the structures below, plain data of
 * fixed width.  It is a memory region of its own, filled from a file by the
 * Microkit tool (`prefill_path`) and mapped read-only; the tool writes its
 * address into the PD's variable `weir_config` (`setvar_vaddr`):
 *
 *	<memory_region name="sw0.config" size="0x4000" page_size="0x1000"
 *		prefill_path="sw0.config" />
 *	<protection_domain name="sw0" priority="150">
 *		<program_image path="weir_switch.elf" />
 *		<map mr="sw0.config" vaddr="0x3000000" perms="r"
 *			setvar_vaddr="weir_config" />
 *
 * So all switches run one unchanged program, a PD cannot change its own
 * configuration, and a PD that is restarted finds it as it was: a restart does
 * not restore the variables of a program, and these would include a section
 * that objcopy had filled.  (sDDF's own programs keep their sections.)
 *
 * Everything large is a region as well, for the same reasons, and because
 * .bss is stored in the image and zeroed memory regions are not: the tables of
 * a switch, the private memory of a virtualiser or client, statistics, queues,
 * data.  An address is a virtual one in the PD that reads it; 0: it has none.
 * Of a channel that does not exist the number is MK_NONE.
 *
 * What these structures say is believed: they come from the same hand as the
 * image.  What they are made for is checked like any argument, and a PD whose
 * configuration is impossible says so on the debug console and does nothing.
 */
#ifndef WEIR_VMM_MICROKIT_CONFIG_H
#define WEIR_VMM_MICROKIT_CONFIG_H

#include <stdint.h>

#include "base/abi.h"
#include "base/bits.h"

#define MK_MAGIC 0x576569724d6b6974ull /* "WeirMkit" */
#define MK_VERSION 1u
/* A channel, child or other number there is none of. */
#define MK_NONE 0xffffffffu
/* Channel numbers of a PD are less; those of its children, too. */
#define MK_CHANNELS 62u
#define MK_NAME 64u /* with the NUL; what microkit_name has room for */

enum mk_kind {
	MK_SWITCH = 1,
	MK_NET_VIRT,
	MK_CAPTURE,
	MK_MONITOR,
	MK_CLIENT,
};

/**
 * struct mk_head - begins every configuration
 * @magic:   MK_MAGIC
 * @version: MK_VERSION
 * @kind:    enum mk_kind
 * @size:    bytes of the whole structure
 */
struct mk_head {
	uint64_t magic;
	uint32_t version;
	uint32_t kind;
	uint32_t size;
	uint32_t pad;
};

ABI_SIZE(struct mk_head, 24);
ABI_AT(struct mk_head, magic, 0);
ABI_AT(struct mk_head, version, 8);
ABI_AT(struct mk_head, kind, 12);
ABI_AT(struct mk_head, size, 16);
ABI_AT(struct mk_head, pad, 20);

/* A region: where it is mapped, and its bytes. */
struct mk_region {
	uint64_t addr;
	uint64_t size;
};

ABI_SIZE(struct mk_region, 16);
ABI_AT(struct mk_region, addr, 0);
ABI_AT(struct mk_region, size, 8);

/* One direction of a connection. */
struct mk_half {
	uint64_t active; /* queue of frames */
	uint64_t free;	 /* queue of empty buffers */
	struct mk_region data;
};

ABI_SIZE(struct mk_half, 32);
ABI_AT(struct mk_half, active, 0);
ABI_AT(struct mk_half, free, 8);
ABI_AT(struct mk_half, data, 16);

/**
 * struct mk_wire - a connection of a switch port as one PD sees it
 * @ingress:     peer to switch, also in the peer's configuration; a capture's
 *               is all 0
 * @egress:      switch to peer
 * @link:        link page (base/link.h); 0: the link is always up
 * @channel:     rung when there is something on either half
 * @capacity:    slots of each queue, and buffers of each region
 * @buffer_size: bytes
 * @max_frame:   bytes
 * @offload:     OFFLOAD_PORT, OFFLOAD_TAKES_* (base/offload.h)
 * @max_segment: bytes; 0: no segments
 */
struct mk_wire {
	struct mk_half ingress;
	struct mk_half egress;
	uint64_t link;
	uint32_t channel;
	uint32_t capacity;
	uint32_t buffer_size;
	uint32_t max_frame;
	uint32_t offload;
	uint32_t max_segment;
};

ABI_SIZE(struct mk_wire, 96);
ABI_AT(struct mk_wire, ingress, 0);
ABI_AT(struct mk_wire, egress, 32);
ABI_AT(struct mk_wire, link, 64);
ABI_AT(struct mk_wire, channel, 72);
ABI_AT(struct mk_wire, capacity, 76);
ABI_AT(struct mk_wire, buffer_size, 80);
ABI_AT(struct mk_wire, max_frame, 84);
ABI_AT(struct mk_wire, offload, 88);
ABI_AT(struct mk_wire, max_segment, 92);

/* --- a switch: weir_switch.elf ------------------------------------------ */

/**
 * struct mk_port - a port of a switch
 * @wire:     @channel is that of the PD at the ingress half
 * @kind:     enum vswitch_port_kind
 * @fill:     enum vswitch_fill
 * @egress_channel: of the PD at the egress half, if that is another one (the
 *            two virtualisers of a card, in PDs of their own); else MK_NONE
 * @present:  1; 0: there is no port of this number
 * The others are as in struct vswitch_port_config.
 */
struct mk_port {
	struct mk_wire wire;
	uint64_t capture_of;
	uint32_t kind;
	uint32_t fill;
	uint32_t egress_channel;
	uint8_t forward_reserved;
	uint8_t sticky;
	uint8_t capture_drops;
	uint8_t present;
};

ABI_SIZE(struct mk_port, 120);
ABI_AT(struct mk_port, wire, 0);
ABI_AT(struct mk_port, capture_of, 96);
ABI_AT(struct mk_port, kind, 104);
ABI_AT(struct mk_port, fill, 108);
ABI_AT(struct mk_port, egress_channel, 112);
ABI_AT(struct mk_port, forward_reserved, 116);
ABI_AT(struct mk_port, sticky, 117);
ABI_AT(struct mk_port, capture_drops, 118);
ABI_AT(struct mk_port, present, 119);

/**
 * struct mk_switch - configuration of a switch
 * @memory:   private, rw, 64-byte aligned: vswitch_size() bytes of these tables
 * @stats:    struct vswitch_stats, rw, vswitch_stats_size() bytes of it; others
 *            map it read-only
 * @policy:   struct policy_image, r, up to the last instruction there is room
 *            for; filled when the system is built; the monitor maps it rw
 * @request, @reply: control mailbox (vswitch/ctl.h), r and rw; 0 without a
 *            monitor
 * @seed:     of the hashes; the time at the start is mixed in
 * @fdb_capacity, @fdb_ageing, @flows, @groups: see struct vswitch_tables
 * @room:     the members of struct policy_room in their order, from ports on:
 *            what policies may hold; all 0: any image
 * @ctl_channel: to the monitor, or MK_NONE
 * @timer_channel: to sDDF's timer PD, or MK_NONE: then a port that was blocked
 *            is unblocked by the next traffic after its time
 * @n_ports:  entries of @port
 */
struct mk_switch {
	struct mk_head head;
	struct mk_region memory;
	struct mk_region stats;
	struct mk_region policy;
	uint64_t request;
	uint64_t reply;
	uint64_t seed;
	uint32_t fdb_capacity;
	uint32_t fdb_ageing;
	uint32_t flows;
	uint32_t groups;
	uint32_t room[10];
	uint32_t ctl_channel;
	uint32_t timer_channel;
	uint32_t n_ports;
	uint32_t pad;
	struct mk_port port[MAX_PORTS];
};

ABI_SIZE(struct mk_switch, 7848);
ABI_AT(struct mk_switch, head, 0);
ABI_AT(struct mk_switch, memory, 24);
ABI_AT(struct mk_switch, stats, 40);
ABI_AT(struct mk_switch, policy, 56);
ABI_AT(struct mk_switch, request, 72);
ABI_AT(struct mk_switch, reply, 80);
ABI_AT(struct mk_switch, seed, 88);
ABI_AT(struct mk_switch, fdb_capacity, 96);
ABI_AT(struct mk_switch, fdb_ageing, 100);
ABI_AT(struct mk_switch, flows, 104);
ABI_AT(struct mk_switch, groups, 108);
ABI_AT(struct mk_switch, room, 112);
ABI_AT(struct mk_switch, ctl_channel, 152);
ABI_AT(struct mk_switch, timer_channel, 156);
ABI_AT(struct mk_switch, n_ports, 160);
ABI_AT(struct mk_switch, pad, 164);
ABI_AT(struct mk_switch, port, 168);

/* --- virtualisers: weir_net_virt.elf ------------------------------------ */

/* Queues of one side of a virtualiser, see struct net_virt_queues. */
struct mk_queues {
	uint64_t active;
	uint64_t free;
	uint64_t link;
	uint32_t capacity;
	uint32_t channel;
};

ABI_SIZE(struct mk_queues, 32);
ABI_AT(struct mk_queues, active, 0);
ABI_AT(struct mk_queues, free, 8);
ABI_AT(struct mk_queues, link, 16);
ABI_AT(struct mk_queues, capacity, 24);
ABI_AT(struct mk_queues, channel, 28);

/**
 * struct mk_virt - one virtualiser
 * @driver, @sw: its two sides; @sw is the ingress half of a port for rx, the
 *             egress half for tx
 * @data:      region of the port's half, for cache maintenance.  A card with
 *             DMA wants it at one physical address
 * @io:        NET_VIRT_IO: the region's physical address.  The build has to
 *             know it: give the region a `phys_addr`
 * @memory:    private, rw, 64-byte aligned: net_virt_size() bytes
 * @stats:     struct net_virt_stats, rw; the monitor maps it read-only
 * @buffer_size: bytes
 * @addresses: enum net_virt_addresses
 * @offload:   descriptors carry offload data
 * @present:   1; 0: this PD has no virtualiser of this direction
 */
struct mk_virt {
	struct mk_queues driver;
	struct mk_queues sw;
	struct mk_region data;
	struct mk_region memory;
	uint64_t io;
	uint64_t stats;
	uint32_t buffer_size;
	uint32_t addresses;
	uint32_t offload;
	uint32_t present;
};

ABI_SIZE(struct mk_virt, 128);
ABI_AT(struct mk_virt, driver, 0);
ABI_AT(struct mk_virt, sw, 32);
ABI_AT(struct mk_virt, data, 64);
ABI_AT(struct mk_virt, memory, 80);
ABI_AT(struct mk_virt, io, 96);
ABI_AT(struct mk_virt, stats, 104);
ABI_AT(struct mk_virt, buffer_size, 112);
ABI_AT(struct mk_virt, addresses, 116);
ABI_AT(struct mk_virt, offload, 120);
ABI_AT(struct mk_virt, present, 124);

/**
 * struct mk_net_virt - configuration of the virtualisers of a card
 * @rx, @tx:     both, in one PD with one channel a side; or each in a PD of its
 *               own
 * @ctl_channel: to the monitor, or MK_NONE
 */
struct mk_net_virt {
	struct mk_head head;
	struct mk_virt rx;
	struct mk_virt tx;
	uint32_t ctl_channel;
	uint32_t pad;
};

ABI_SIZE(struct mk_net_virt, 288);
ABI_AT(struct mk_net_virt, head, 0);
ABI_AT(struct mk_net_virt, rx, 24);
ABI_AT(struct mk_net_virt, tx, 152);
ABI_AT(struct mk_net_virt, ctl_channel, 280);
ABI_AT(struct mk_net_virt, pad, 284);

/* --- a capture: weir_capture.elf ---------------------------------------- */

/**
 * struct mk_capture - configuration of a capture
 * @wire:   of the capture port
 * @memory: private, rw, 64-byte aligned: net_client_size() bytes
 * @ring:   rw: struct mk_ring (vmm/microkit/ring.h), a power of two of bytes of
 *          records behind a page; readers map it read-only
 * @reader_channel: rung after new records, or MK_NONE
 */
struct mk_capture {
	struct mk_head head;
	struct mk_wire wire;
	struct mk_region memory;
	struct mk_region ring;
	uint32_t reader_channel;
	uint32_t pad;
};

ABI_SIZE(struct mk_capture, 160);
ABI_AT(struct mk_capture, head, 0);
ABI_AT(struct mk_capture, wire, 24);
ABI_AT(struct mk_capture, memory, 120);
ABI_AT(struct mk_capture, ring, 136);
ABI_AT(struct mk_capture, reader_channel, 152);
ABI_AT(struct mk_capture, pad, 156);

/* --- a client: programs that use client.h ------------------------------- */

#define MK_ARGS 256u

/**
 * struct mk_client - configuration of a program that is a port's client
 * @wire:   of its port
 * @memory: private, rw, 64-byte aligned: net_client_size() bytes
 * @mac:    the address it should use, as a number (base/frame.h)
 * @monitor_channel: for protected procedure calls (ask.h), or MK_NONE
 * @port:   number of its port
 * @args:   the topology's words for the program
 */
struct mk_client {
	struct mk_head head;
	struct mk_wire wire;
	struct mk_region memory;
	uint64_t mac;
	uint32_t monitor_channel;
	uint32_t port;
	char args[MK_ARGS];
};

ABI_SIZE(struct mk_client, 408);
ABI_AT(struct mk_client, head, 0);
ABI_AT(struct mk_client, wire, 24);
ABI_AT(struct mk_client, memory, 120);
ABI_AT(struct mk_client, mac, 136);
ABI_AT(struct mk_client, monitor_channel, 144);
ABI_AT(struct mk_client, port, 148);
ABI_AT(struct mk_client, args, 152);

/* An address of a configuration as a pointer. */
static inline void *mk_at(uint64_t addr)
{
	return (void *)(uintptr_t)addr;
}

#include "vmm/microkit/config_monitor.h"

#endif
