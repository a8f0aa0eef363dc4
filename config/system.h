/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system: what the compiler makes of a topology.
 *
 * A topology says what the user wants (switches, ports, who may talk to whom);
 * the system says what must be built: protection domains (PDs), the memory
 * regions they share, who maps which with which permissions, and the channels
 * that notify.  Back-ends read nothing else: vmm/linux starts processes from
 * it, and an emitter can write a Microkit system description from it.
 *
 *	struct system
 *	  |- region[]              every region: name, size
 *	  |- channel[]             every channel: its two ends
 *	  |- conn[]                every connection of a switch port (a view that
 *	  |                        ties regions and channels to a port, for
 *	  |                        monitors and tools)
 *	  `- pd[]
 *	       |- map[]            what it maps; the position is the map's *slot*
 *	       |- chan[]           its channel ends; the position is the channel's
 *	       |                   *id* inside the PD
 *	       `- comp[]           components living in it, each with its
 *	                           configuration in terms of slots and ids
 *
 * Everything that ends up in a PD is plain data of fixed size, without
 * pointers, so that a back-end can hand it over as it stands.  SYS_NONE marks an
 * absent slot, id or index.
 */
#ifndef WEIR_CONFIG_SYSTEM_H
#define WEIR_CONFIG_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/image.h"
#include "vswitch/vswitch.h"

#define SYS_NONE 0xffffffffu

/* A name with its NUL: "sw0.alice.egress.active", "sw0.trunk<->lab.up". */
#define SYS_NAME 144
/* A switch's or a port's own name with its NUL. */
#define SYS_SHORT 32
/* A path with its NUL; Unix socket paths are shorter still (108). */
#define SYS_PATH 256
/* Network interface name with its NUL (IFNAMSIZ). */
#define SYS_IFNAME 16
/* Files a rotating capture may have; all are opened before it starts. */
#define SYS_MAX_CAPTURE_FILES 64
/* Instructions a capture filter may have (BPF_MAXINSNS). */
#define SYS_FILTER_MAX 4096

/* Limits of one PD on Linux; the compiler refuses what exceeds them. */
#define SYS_MAX_MAPS 1024
#define SYS_MAX_CHANNELS 192

enum sys_perm { SYS_R = 1, SYS_W = 2, SYS_RW = 3 };

/**
 * struct sys_region - a memory region, zero at the start
 * @name: unique, e.g. "sw0.alice.ingress.data"
 * @size: octets, a multiple of 4096
 */
struct sys_region {
	char name[SYS_NAME];
	uint64_t size;
};

/* The two ends of a channel that are no PD of the system. */
#define SYS_PD_MONITOR 0xfffffff0u
#define SYS_PD_OUTSIDE 0xfffffff1u /* a process that attaches */

/**
 * struct sys_end - one end of a channel
 * @pd: index into system.pd, SYS_PD_MONITOR or SYS_PD_OUTSIDE
 * @id: the channel's id in that PD; SYS_NONE if @pd is none
 */
struct sys_end {
	uint32_t pd;
	uint32_t id;
};

/**
 * struct sys_channel - notifications both ways
 * @name: unique, e.g. "sw0.alice"
 * @end:  its ends; both may be of the same PD (components that share a domain)
 */
struct sys_channel {
	char name[SYS_NAME];
	struct sys_end end[2];
};

/**
 * struct sys_map - a PD maps a region
 * @region: index into system.region
 * @perms:  SYS_R or SYS_RW
 */
struct sys_map {
	uint32_t region;
	uint32_t perms;
};

/**
 * struct sys_chan - a PD's end of a channel
 * @channel: index into system.channel
 * @end:     0 or 1
 */
struct sys_chan {
	uint32_t channel;
	uint32_t end;
};

/**
 * struct sys_half - one direction of a connection, as slots of a PD's maps
 */
struct sys_half {
	uint32_t active;
	uint32_t free;
	uint32_t data;
};

/**
 * struct sys_wire - a connection as one component sees it
 * @ingress:     towards the switch; all SYS_NONE for a capture
 * @egress:      from the switch
 * @link:        slot of the link page
 * @channel:     channel id
 * @capacity:    slots of each queue, and buffers of each data region
 * @buffer_size: octets
 * @max_frame:   octets
 *
 * "ingress" and "egress" are always the switch's words, also in the
 * configuration of what is attached to it.  On a link between two switches one
 * switch's egress is the other's ingress.
 */
struct sys_wire {
	struct sys_half ingress;
	struct sys_half egress;
	uint32_t link;
	uint32_t channel;
	uint32_t capacity;
	uint32_t buffer_size;
	uint32_t max_frame;
};

/**
 * struct sys_switch_port - one port in a switch's configuration
 * @name:             as in the topology
 * @kind:             enum vswitch_port_kind
 * @wire:             in terms of the switch's PD
 * @forward_reserved: see struct vswitch_port_config
 * @capture_of, @capture_drops: likewise
 */
struct sys_switch_port {
	char name[SYS_SHORT];
	uint32_t kind;
	struct sys_wire wire;
	uint64_t capture_of;
	uint8_t forward_reserved;
	uint8_t capture_drops;
	uint8_t pad[6];
};

/**
 * struct sys_switch - configuration of a switch
 * @tables:      how large its tables are; the seed is filled in by the back-end
 *               from the system's random source at start
 * @number:      of the switch: its policy is system.policy[number]
 * @policy:      slot of its policy region: struct policy_image
 * @stats:       slot of its statistics region
 * @ctl_request: slot of the control mailbox
 * @ctl_reply:   slot of the control mailbox
 * @ctl_channel: channel to the monitor: rung by the monitor after a request or
 *               a change of a link page, by the switch after a reply or when a
 *               port has faulted
 * @n_ports:     entries used
 * @port:        by port number
 */
struct sys_switch {
	struct vswitch_tables tables;
	uint32_t number;
	uint32_t policy;
	uint32_t stats;
	uint32_t ctl_request;
	uint32_t ctl_reply;
	uint32_t ctl_channel;
	uint32_t n_ports;
	struct sys_switch_port port[MAX_PORTS];
};

/* Addresses a TAP interface can be given. */
#define SYS_ADDRESSES 8

/**
 * struct sys_address - an IP address of an interface
 * @addr: IPv4: the first four octets
 * @v6:   which
 * @bits: of the prefix
 */
struct sys_address {
	uint8_t addr[16];
	uint8_t v6;
	uint8_t bits;
};

/**
 * struct sys_tap - a TAP interface, made by the monitor
 * @ifname: the interface's name
 * @netns:  named network namespace it is put into, or "" for the monitor's own
 * @mac:    its address, or 0: any
 * @n_addresses: entries of @address
 */
struct sys_tap {
	char ifname[SYS_IFNAME];
	char netns[SYS_PATH];
	uint64_t mac;
	uint32_t n_addresses;
	struct sys_address address[SYS_ADDRESSES];
};

/**
 * struct sys_nic - an existing interface, by AF_PACKET
 */
struct sys_nic {
	char ifname[SYS_IFNAME];
	char netns[SYS_PATH];
};

enum sys_socket_mode { SYS_SOCKET_LISTEN, SYS_SOCKET_CONNECT };

/**
 * struct sys_access - who may connect to a socket's path
 * @mode:    permissions; 0: as they are by default
 * @uid:     its owner, if @owned
 * @gid:     its group, if @grouped
 */
struct sys_access {
	uint32_t mode;
	uint32_t uid;
	uint32_t gid;
	uint8_t owned;
	uint8_t grouped;
	uint8_t pad[2];
};

/**
 * struct sys_socket - QEMU's `-netdev stream` framing
 * @mode:    who connects
 * @tcp:     false: Unix socket at @path; true: TCP on loopback
 * @path:    Unix socket
 * @address: loopback address, numeric
 * @port:    TCP port
 * @access:  SYS_SOCKET_LISTEN: to @path
 */
struct sys_socket {
	uint32_t mode;
	uint8_t tcp;
	uint8_t pad;
	uint16_t port;
	char address[48];
	char path[SYS_PATH];
	struct sys_access access;
};

/**
 * struct sys_insn - one instruction of a capture filter (struct bpf_insn)
 */
struct sys_insn {
	uint16_t code;
	uint8_t jt;
	uint8_t jf;
	uint32_t k;
};

/**
 * struct sys_capture - a capture port
 * @path:        file or FIFO; "-" is standard output
 * @rotate:      octets after which the next file is begun; 0: never
 * @files:       with @rotate: how many files there are, used in a ring
 * @n_filter:    instructions of @filter; 0: everything
 * @filter:      compiled by libpcap for DLT_EN10MB
 * @filter_text: the expression, for the capture's interface description
 * @name:        by port number of the switch: its name (pcapng if_name), or ""
 * @drops:       refused frames are recorded
 * @overwrite:   what the files hold from an earlier run is dropped
 */
struct sys_capture {
	char path[SYS_PATH];
	uint64_t rotate;
	uint32_t files;
	uint32_t n_filter;
	struct sys_insn filter[SYS_FILTER_MAX];
	char filter_text[SYS_PATH];
	char name[MAX_PORTS][SYS_NAME];
	uint64_t of;
	uint8_t drops;
	uint8_t overwrite;
	uint8_t pad[6];
};

/**
 * struct sys_program - a client PD of the user's own (client/pd.h)
 * @path: the program, absolute
 * @args: what the topology hands to it, or ""
 * @mac:  its address: the port's lock, or one made up from its name
 */
struct sys_program {
	char path[SYS_PATH];
	char args[SYS_PATH];
	uint64_t mac;
};

/**
 * struct sys_virt - the virtualisers, rx and tx, of a driver VM's port
 * @driver:   the driver's side; the component's own wire is the switch's side.
 *            "ingress" and "egress" are the switch's words here too: ingress is
 *            what the card received.  Both sides name the same data regions
 * @stats_rx, @stats_tx: slots of struct net_virt_stats
 * @ctl_channel: channel to the monitor: rung by the monitor after a change of a
 *            link page, by the virtualisers when a side has faulted
 */
struct sys_virt {
	struct sys_wire driver;
	uint32_t stats_rx;
	uint32_t stats_tx;
	uint32_t ctl_channel;
};

/**
 * struct sys_vm - a driver VM; the component's wire is the driver's side
 * @kernel:   arm64 Image, plain or gzip
 * @initrd:   cpio archive, plain or gzip
 * @nic:      PCI address of the card, "0000:00:03.0"
 * @memory:   octets of its RAM
 * @ram:      slot of its RAM, a region of that size
 * @status:   slot of its status page (virt/driver_abi.h)
 * @status_channel: channel to the monitor, rung by the guest
 * @vmm_stats: slot of what the VMM counts (vmm/kvm/vm_stats.h), ours to write
 * @watchdog_s: a guest that is silent for so many seconds is dead; 0: never
 * @uncached: shared memory appears as "generic-uio"
 * @append:   more for the guest kernel's command line, printable, or ""
 */
struct sys_vm {
	char kernel[SYS_PATH];
	char initrd[SYS_PATH];
	char append[SYS_PATH];
	char nic[SYS_SHORT];
	uint64_t memory;
	uint32_t ram;
	uint32_t status;
	uint32_t status_channel;
	uint32_t vmm_stats;
	uint32_t watchdog_s;
	uint8_t uncached;
	uint8_t pad[7];
};

enum sys_kind {
	SYS_SWITCH,
	SYS_TAP,
	SYS_NIC,
	SYS_SOCKET,
	SYS_CAPTURE,
	SYS_PROGRAM,
	SYS_VIRT,
	SYS_VM,
	SYS_KINDS
};

/**
 * struct sys_component - one component of a PD
 * @kind: enum sys_kind
 * @name: switch name, VM name, or "switch.port" for what is attached to a port
 * @wire: all but SYS_SWITCH: its connection, in terms of its PD
 */
struct sys_component {
	uint32_t kind;
	char name[SYS_NAME];
	struct sys_wire wire;
	union {
		struct sys_switch sw;
		struct sys_tap tap;
		struct sys_nic nic;
		struct sys_socket socket;
		struct sys_capture capture;
		struct sys_program program;
		struct sys_virt virt;
		struct sys_vm vm;
	};
};

/**
 * struct sys_pd - a protection domain: one process on Linux
 * @name:   component's name, or the domain's
 * @poll_us: how long it spins after its last work before it sleeps
 */
struct sys_pd {
	char name[SYS_NAME];
	uint32_t poll_us;
	uint32_t n_maps;
	uint32_t n_chans;
	uint32_t n_comps;
	struct sys_map *map;
	struct sys_chan *chan;
	struct sys_component *comp;
};

/* What is attached to a switch port. */
enum sys_attachment {
	SYS_TO_PD,     /* a port PD: tap, nic, socket, capture, program */
	SYS_TO_SWITCH, /* a link to a port of another switch */
	SYS_TO_ATTACH, /* a process from outside, by an attach socket */
	SYS_TO_VIRT,   /* a driver VM's virtualisers */
	SYS_TO_VM,     /* no switch port: from the virtualisers to the VM */
};

/**
 * struct sys_conn - a connection: switch port and what is attached to it
 *
 * A driver VM's port has two: "sw0.uplink" (SYS_TO_VIRT) from the switch to the
 * virtualisers and "sw0.uplink.driver" (SYS_TO_VM) from these, which stand where
 * the switch does elsewhere, to the VM.
 *
 * @name:       "switch.port"; a link: "sw0.trunk<->lab.up"
 * @attachment: enum sys_attachment
 * @what:       how the topology says it: "tap alice", "attach /run/a.sock", ...
 * @pd:         [0] the switch's PD, [1] the other's; SYS_PD_OUTSIDE for attach
 * @comp:       component index in each PD, SYS_NONE for attach
 * @port:       port number at [0] and, for a link, at [1]
 * @channel:    index into system.channel
 * @link:       region index of the link page
 * @ingress, @egress: region indices, seen from @pd[0]
 * @capacity, @buffer_size, @max_frame: as in struct sys_wire
 * @path:       SYS_TO_ATTACH: the Unix socket
 * @access:     to @path
 * @follow:     connection index: it has a carrier while that one is up (and, if
 *              that is a driver VM's port, its card has a link); or SYS_NONE
 * @driver:     SYS_TO_VIRT: index of the SYS_TO_VM connection; else SYS_NONE
 * @status:     SYS_TO_VM: region of the guest's status page; else SYS_NONE
 * @status_channel: SYS_TO_VM: channel, end 0 the VM's PD, end 1 the monitor
 * @line:       where the topology declares it (for messages)
 */
struct sys_conn {
	char name[SYS_NAME];
	uint32_t attachment;
	char what[SYS_PATH];
	uint32_t pd[2];
	uint32_t comp[2];
	uint32_t port[2];
	uint32_t channel;
	uint32_t link;
	struct sys_half ingress;
	struct sys_half egress;
	uint32_t capacity;
	uint32_t buffer_size;
	uint32_t max_frame;
	char path[SYS_PATH];
	struct sys_access access;
	uint32_t follow;
	uint32_t driver;
	uint32_t status;
	uint32_t status_channel;
	uint32_t line;
};

/**
 * struct sys_rule - where a rule of a policy comes from, for messages
 * @text:   its filter as written, or "" if it has none
 * @file:   file it is in; "(runtime)" if it was given while the system ran
 * @line, @column: where
 * @need:   octets of a frame its filter may look at
 * @action, @reply: as in struct policy_rule
 */
struct sys_rule {
	char text[SYS_PATH];
	char file[SYS_PATH];
	uint32_t line;
	uint32_t column;
	uint32_t need;
	uint8_t action;
	uint8_t reply;
	uint8_t pad[2];
};

/**
 * struct sys_unasked - a rule that is never asked about a pair of ports, because
 * one before it decides on every frame
 * @from, @to: the pair
 * @rule:      its number
 */
struct sys_unasked {
	uint8_t from;
	uint8_t to;
	uint16_t rule;
};

/* As many are told; a topology with more has better things to mend. */
#define SYS_MAX_UNASKED POLICY_MAX_ENTRIES

/**
 * struct sys_policy - what a switch is told, and what it means
 * @image:     for the policy region
 * @rule:      image.n_rules of them, by number of the rule
 * @unasked:   not in the image, since they make no difference
 * @n_unasked: how many
 */
struct sys_policy {
	struct policy_image image;
	struct sys_rule *rule;
	struct sys_unasked *unasked;
	uint32_t n_unasked;
};

/**
 * struct sys_source - a file the system was made from
 * @path: as it was opened
 * @text: its content at that time
 * @size: octets of it
 */
struct sys_source {
	char *path;
	char *text;
	size_t size;
};

/**
 * struct system - everything
 * @name: the instance's name: the topology file's, without folder and suffix
 * @policy: by number of the switch
 * @source: the topology's files, the first that of the command line
 */
struct system {
	char name[SYS_SHORT];
	struct sys_region *region;
	size_t n_regions;
	struct sys_channel *channel;
	size_t n_channels;
	struct sys_pd *pd;
	size_t n_pds;
	struct sys_conn *conn;
	size_t n_conns;
	struct sys_policy *policy;
	size_t n_policies;
	struct sys_source *source;
	size_t n_sources;
};

/* What a port that is not an end of a link may flood, if nothing is said. */
extern const struct policy_rate sys_usual_storm[STORMS];

/**
 * system_free - release a system and all in it
 * @sys: may be NULL
 */
void system_free(struct system *sys);

#endif
