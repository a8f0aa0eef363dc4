/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The system: what the compiler makes of a topology.
 *
 * A topology says what the user wants (switches, ports, who may talk to whom);
 * the system says what must be built: protection domains (PDs), the memory
 * regions they share, who maps which with which permissions, and the channels
 * that notify.  Back-ends read nothing else.
 *
 *	struct system
 *	  |- region[]         every region: name, size
 *	  |- channel[]        every channel: its two ends
 *	  |- conn[]           each connection of a switch port: a view that ties
 *	  |                   regions and channels to it, for monitors and tools
 *	  `- pd[]
 *	       |- map[]       what it maps; the position is the map's *slot*
 *	       |- chan[]      its channel ends; the position is a channel's *id*
 *	       `- comp[]      components in it, each with its configuration
 *	                      in terms of slots and ids
 *
 * What ends up in a PD is plain data of fixed size, without pointers, so that a
 * back-end can hand it over as it stands.  SYS_NONE marks an absent slot, id or
 * index.
 */
#ifndef WEIR_CONFIG_SYSTEM_H
#define WEIR_CONFIG_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/frame.h"
#include "policy/image.h"
#include "vswitch/capture.h"
#include "vswitch/vswitch.h"

#define SYS_NONE 0xffffffffu

/* Texts, with their NUL. */
#define SYS_NAME 144  /* "sw0.alice.egress.active", "sw0.trunk<->lab.up" */
#define SYS_SHORT 32  /* a switch's or a port's own name */
#define SYS_PATH 256  /* Unix socket paths are shorter still (108) */
#define SYS_IFNAME 16 /* IFNAMSIZ */

/* Files a rotating capture may have; all are opened before it starts. */
#define SYS_MAX_CAPTURE_FILES 64
/* Instructions a capture filter may have (BPF_MAXINSNS). */
#define SYS_FILTER_MAX 4096
/*
 * Bytes of a segment (base/offload.h) that a port takes.  A capture's record
 * has room for one to which a tag was added.
 */
#define SYS_MAX_SEGMENT (UINT16_MAX - CAPTURE_HEADROOM - FRAME_TAG)
/* Addresses a TAP interface can be given. */
#define SYS_ADDRESSES 8

/* Processors are numbered below this. */
#define SYS_MAX_CPUS 1024

/* Of a client VM: its processors, its ports, its disks. */
#define SYS_VM_CPUS 8
#define SYS_VM_PORTS 8
#define SYS_VM_DISKS 8

/* Those that share the disk behind a block driver VM. */
#define SYS_BLK_CLIENTS 16
/* The name of a partition: 36 UTF-16 units (GPT) as UTF-8, with its NUL. */
#define SYS_PARTITION 112
/* Bytes of a partition's place are multiples of this. */
#define SYS_SECTOR 512u

/* Limits of one PD on Linux; the compiler refuses what exceeds them. */
#define SYS_MAX_MAPS 1024
#define SYS_MAX_CHANNELS 192

enum sys_perm { SYS_R = 1, SYS_W = 2, SYS_RW = 3 };

/* A memory region, zero at the start. */
struct sys_region {
	char name[SYS_NAME]; /* unique, e.g. "sw0.alice.ingress.data" */
	uint64_t size;	     /* bytes, a multiple of 4096 */
};

/* The two ends of a channel that are no PD of the system. */
#define SYS_PD_MONITOR 0xfffffff0u
#define SYS_PD_OUTSIDE 0xfffffff1u /* a process that attaches */

struct sys_end {
	uint32_t pd; /* index, SYS_PD_MONITOR or SYS_PD_OUTSIDE */
	uint32_t id; /* the channel's in that PD; SYS_NONE if that is none */
};

/* Notifications both ways. */
struct sys_channel {
	char name[SYS_NAME];   /* unique, e.g. "sw0.alice" */
	struct sys_end end[2]; /* both in one PD if components share it */
};

/* A PD maps a region. */
struct sys_map {
	uint32_t region; /* index */
	uint32_t perms;	 /* SYS_R or SYS_RW */
};

/* A PD's end of a channel. */
struct sys_chan {
	uint32_t channel; /* index */
	uint32_t end;	  /* 0 or 1 */
};

/* One direction of a connection, as slots of a PD's maps. */
struct sys_half {
	uint32_t active;
	uint32_t free;
	uint32_t data;
};

/**
 * struct sys_wire - a connection as one component sees it
 *
 * "ingress" and "egress" are always the switch's words, also in the
 * configuration of what is attached to it.  On a link between two switches one
 * switch's egress is the other's ingress.
 */
struct sys_wire {
	struct sys_half ingress; /* all SYS_NONE for a capture */
	struct sys_half egress;
	uint32_t link;	      /* slot of the link page */
	uint32_t channel;     /* id */
	uint32_t capacity;    /* of each queue, and buffers of each region */
	uint32_t buffer_size; /* bytes */
	uint32_t max_frame;   /* bytes */
	uint32_t offload;     /* OFFLOAD_PORT, OFFLOAD_TAKES_*: of the peer */
	uint32_t max_segment; /* bytes; 0: no segments */
};

struct sys_switch_port {
	char name[SYS_SHORT];
	uint32_t kind; /* enum vswitch_port_kind */
	struct sys_wire wire;
	/* As in struct vswitch_port_config. */
	uint64_t capture_of;
	uint8_t forward_reserved;
	uint8_t capture_drops;
	uint8_t pad[6];
};

/**
 * struct sys_switch - configuration of a switch
 * @tables:  the seed is filled in by the back-end, from its random source
 * @number:  its policy is system.policy[number]
 * @ctl_channel: to the monitor: rung by the monitor after a request or a change
 *           of a link page, by the switch after a reply or when a port faulted
 */
struct sys_switch {
	struct vswitch_tables tables;
	uint32_t number;
	uint32_t policy;      /* slot: struct policy_image */
	uint32_t stats;	      /* slot */
	uint32_t ctl_request; /* slots of the control mailbox */
	uint32_t ctl_reply;
	uint32_t ctl_channel;
	uint32_t n_ports;
	struct sys_switch_port port[MAX_PORTS]; /* by number */
};

struct sys_address {
	uint8_t addr[16]; /* IPv4: the first four bytes */
	uint8_t v6;
	uint8_t bits; /* of the prefix */
};

/* A TAP interface, made by the monitor. */
struct sys_tap {
	char ifname[SYS_IFNAME];
	char netns[SYS_PATH]; /* where it is put; "": the monitor's own */
	uint64_t mac;	      /* 0: any */
	uint32_t n_addresses;
	struct sys_address address[SYS_ADDRESSES];
};

/* An existing interface. */
struct sys_nic {
	char ifname[SYS_IFNAME];
	char netns[SYS_PATH]; /* or "" */
	uint8_t xdp;	      /* by AF_XDP where that can be had */
};

enum sys_socket_mode {
	SYS_SOCKET_LISTEN,
	SYS_SOCKET_CONNECT,
	SYS_SOCKET_GIVEN /* by the monitor, to the VM that @path names */
};

/* Who may connect to a socket's path. */
struct sys_access {
	uint32_t mode; /* permissions; 0: as they are by default */
	uint32_t uid;  /* if @owned */
	uint32_t gid;  /* if @grouped */
	uint8_t owned;
	uint8_t grouped;
	uint8_t pad[2];
};

/* QEMU's `-netdev stream` framing; of vhost-user, the socket. */
struct sys_socket {
	uint32_t mode; /* enum sys_socket_mode */
	uint8_t tcp;   /* on loopback; else a Unix socket at @path */
	uint8_t pad;
	uint16_t port;
	char address[48]; /* numeric */
	char path[SYS_PATH];
	struct sys_access access; /* SYS_SOCKET_LISTEN: to @path */
};

/* struct bpf_insn */
struct sys_insn {
	uint16_t code;
	uint8_t jt;
	uint8_t jf;
	uint32_t k;
};

/**
 * struct sys_capture - a capture port
 * @name: by port number of the switch: its name (pcapng if_name), or ""
 */
struct sys_capture {
	char path[SYS_PATH]; /* file or FIFO; "-" is standard output */
	uint64_t rotate; /* the next file is begun after as many bytes, or 0 */
	uint32_t files;	 /* with @rotate: used in a ring */
	uint32_t n_filter;			/* 0: everything */
	struct sys_insn filter[SYS_FILTER_MAX]; /* for DLT_EN10MB */
	char filter_text[SYS_PATH]; /* for the interface description */
	char name[MAX_PORTS][SYS_NAME];
	uint64_t of;
	uint8_t drops;	   /* refused frames are recorded */
	uint8_t overwrite; /* what the files hold from an earlier run is lost */
	uint8_t pad[6];
};

/* A client PD of the user's own (client/pd.h). */
struct sys_program {
	char path[SYS_PATH]; /* absolute */
	char args[SYS_PATH]; /* or "" */
	uint64_t mac;	     /* the port's lock, or made up from its name */
};

/**
 * struct sys_virt - the virtualisers, rx and tx, of a driver VM's port
 * @driver: the driver's side; the component's own wire is the switch's side.
 *          "ingress" and "egress" are the switch's words here too: ingress is
 *          what the card received.  Both sides name the same data regions
 * @ctl_channel: to the monitor: rung by the monitor after a change of a link
 *          page, by the virtualisers when a side has faulted
 */
struct sys_virt {
	struct sys_wire driver;
	uint32_t stats_rx; /* slots: struct net_virt_stats */
	uint32_t stats_tx;
	uint32_t ctl_channel;
};

#include "config/system_disk.h"
#include "config/system_vm.h"

enum sys_kind {
	SYS_SWITCH,
	SYS_TAP,
	SYS_NIC,
	SYS_SOCKET,
	SYS_VHOST_USER,
	SYS_CAPTURE,
	SYS_PROGRAM,
	SYS_VIRT,
	SYS_VM,
	SYS_CLIENT_VM,
	SYS_DISK,
	SYS_BLK_VIRT,
	SYS_KINDS
};

/* One component of a PD. */
struct sys_component {
	uint32_t kind; /* enum sys_kind */
	/* of the switch, VM or disk, or "switch.port", "vm.disk0" */
	char name[SYS_NAME];
	struct sys_wire wire; /* its connection to a switch, if it has one */
	union {
		struct sys_switch sw;
		struct sys_tap tap;
		struct sys_nic nic;
		struct sys_socket socket;
		struct sys_capture capture;
		struct sys_program program;
		struct sys_virt virt;
		struct sys_vm vm;
		struct sys_disk disk;
		struct sys_blk_virt blk_virt;
	};
};

/* A set of processors; none: any. */
struct sys_cpus {
	uint64_t bit[SYS_MAX_CPUS / 64];
};

/* Bytes of such a set as text. */
#define SYS_CPUS_TEXT 4096

/* A protection domain: one process on Linux. */
struct sys_pd {
	char name[SYS_NAME]; /* its component's, or the domain's */
	uint32_t poll_us;    /* it spins for so long before it sleeps */
	/* It shares one processor with those of the same number; 0: none. */
	uint32_t together;
	struct sys_cpus cpus; /* of @together: filled in by the back-end */
	uint32_t n_maps;
	uint32_t n_chans;
	uint32_t n_comps;
	struct sys_map *map;
	struct sys_chan *chan;
	struct sys_component *comp;
};

/* What is attached to a switch port. */
enum sys_attachment {
	SYS_TO_PD,     /* a port PD: tap, nic, socket, capture and so on */
	SYS_TO_SWITCH, /* a link to a port of another switch */
	SYS_TO_ATTACH, /* a process from outside, by an attach socket */
	SYS_TO_VIRT,   /* a driver VM's virtualisers */
	SYS_TO_VM,     /* no switch port: from the virtualisers to the VM */
	SYS_TO_DISK,   /* nor this: from a disk's virtualiser to a client */
	SYS_TO_BLK_VM, /* nor this: and to its driver VM */
};

/* Block queues and what goes with them, as regions. */
struct sys_blk_half {
	uint32_t request;
	uint32_t response;
	uint32_t data; /* SYS_TO_BLK_VM: SYS_NONE */
	uint32_t info;
};

/**
 * struct sys_conn - a connection: switch port and what is attached to it
 *
 * A driver VM's port has two: "sw0.uplink" (SYS_TO_VIRT) from the switch to the
 * virtualisers and "sw0.uplink.driver" (SYS_TO_VM) from these, which stand
 * where the switch does elsewhere, to the VM.
 *
 * A disk behind a driver VM has one to each client, called like that,
 * "bob.disk0" (SYS_TO_DISK), and "store.driver" (SYS_TO_BLK_VM) to the VM, and
 * its virtualiser stands where the switch does elsewhere.  These have block queues,
 * @blk, and no others; all others have none.
 *
 * @pd, @comp: [0] the switch, [1] what is attached; SYS_PD_OUTSIDE and SYS_NONE
 *           for attach
 * @ingress, @egress: region indices, seen from @pd[0]
 * @follow:  connection index: it has a carrier while that one is up (and, if
 *           that is a driver VM's port, its card has a link); or SYS_NONE
 * @driver:  SYS_TO_VIRT: index of the SYS_TO_VM connection; SYS_TO_DISK: of the
 *           SYS_TO_BLK_VM connection
 * @status:  SYS_TO_VM, SYS_TO_BLK_VM: region of the guest's status page
 * @status_channel: likewise: channel, end 0 the VM's PD, end 1 the monitor
 */
struct sys_conn {
	char name[SYS_NAME]; /* "switch.port"; a link: "sw0.trunk<->lab.up" */
	uint32_t attachment; /* enum sys_attachment */
	char what[SYS_PATH]; /* as the topology says it: "attach /run/a.sock" */
	uint32_t pd[2];
	uint32_t comp[2];
	uint32_t port[2]; /* numbers; [1] of a link */
	uint32_t channel; /* index */
	uint32_t link;	  /* region of the link page */
	struct sys_half ingress;
	struct sys_half egress;
	uint32_t capacity; /* as in struct sys_wire */
	uint32_t buffer_size;
	uint32_t max_frame;
	uint32_t offload;
	uint32_t max_segment;
	char path[SYS_PATH]; /* SYS_TO_ATTACH: the Unix socket */
	struct sys_access access;
	uint32_t follow;
	uint32_t driver;
	uint32_t status;
	uint32_t status_channel;
	struct sys_blk_half blk;
	uint32_t line; /* where the topology declares it, for messages */
};

/* Where a rule of a policy comes from, for messages. */
struct sys_rule {
	char text[SYS_PATH]; /* its filter as written, or "" */
	char file[SYS_PATH]; /* "(runtime)" if given while the system ran */
	uint32_t line;
	uint32_t column;
	uint32_t need;	/* bytes of a frame its filter may look at */
	uint8_t action; /* as in struct policy_rule */
	uint8_t reply;
	uint8_t pad[2];
};

/* A rule never asked about a pair: one before it decides on every frame. */
struct sys_unasked {
	uint8_t from;
	uint8_t to;
	uint16_t rule;
};

/* As many are told; a topology with more has better things to mend. */
#define SYS_MAX_UNASKED POLICY_MAX_ENTRIES

/* What a switch is told, and what it means. */
struct sys_policy {
	struct policy_image image;
	struct sys_rule *rule;	     /* image.n_rules of them, by number */
	struct sys_unasked *unasked; /* not in the image: they change nothing */
	uint32_t n_unasked;
};

/* A file the system was made from. */
struct sys_source {
	char *path; /* as it was opened */
	char *text; /* its content at that time */
	size_t size;
};

struct system {
	char name[SYS_SHORT]; /* of the instance */
	struct sys_region *region;
	size_t n_regions;
	struct sys_channel *channel;
	size_t n_channels;
	struct sys_pd *pd;
	size_t n_pds;
	struct sys_conn *conn;
	size_t n_conns;
	struct sys_policy *policy; /* by number of the switch */
	size_t n_policies;
	struct sys_source *source; /* the first is that of the command line */
	size_t n_sources;
};

/* What a port that is not an end of a link may flood, if nothing is said. */
extern const struct policy_rate sys_usual_storm[STORMS];

/**
 * cpus_has - is this processor in the set?
 */
bool cpus_has(const struct sys_cpus *cpus, uint32_t cpu);

/**
 * cpus_add - put a processor into a set
 * @cpu: below SYS_MAX_CPUS
 */
void cpus_add(struct sys_cpus *cpus, uint32_t cpu);

/**
 * cpus_text - a set as Linux writes it, "0,2-3"; "" for any
 * @text: SYS_CPUS_TEXT bytes
 *
 * Return: @text
 */
const char *cpus_text(const struct sys_cpus *cpus, char *text);

/**
 * system_free - release a system and all in it
 * @sys: may be NULL
 */
void system_free(struct system *sys);

#endif
