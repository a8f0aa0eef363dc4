/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost-user: a virtual machine's network card, whose rings this port serves.
 *
 * The hypervisor (the front-end: QEMU, DPDK's virtio-user, Weir's own VMM) owns
 * the virtual machine.  Over a Unix socket it hands this port (the back-end)
 * the guest's memory as descriptors that are mapped, and for each ring an
 * eventfd that says "look" and one that interrupts the guest.  After that,
 * frames need neither the socket nor the hypervisor.
 *
 *	vhost_user.c	frames between the guest's rings and the switch
 *	vhost_message.c	messages of the front-end, received and answered
 *	vhost_request.c	what they ask for
 *	vhost_memory.c	the guest's memory
 *
 * What is hard.  All of it comes from a process that is not trusted, and which
 * holds every descriptor as well.  Messages are checked for size and number of
 * descriptors; what breaks the protocol ends the connection.  No descriptor of
 * the front-end's is ever read, so none can make this process wait: "look" is
 * watched edge-triggered.  To interrupt, one has to write, and a write can wait,
 * if the other side fills the counter; so a timer ends this process if it does.
 * The same happens (SIGBUS) if the memory is cut short.  The monitor then starts
 * it again, and no other port notices.
 *
 * What may be relied on.  Rings are only served while they are enabled; when
 * the connection ends, memory and descriptors are given up.  Every chain is
 * given back in the visit in which it was taken, so there is nothing in flight
 * when rings stop, memory changes, or this process dies.
 */
#ifndef WEIR_VMM_LINUX_PORTS_VHOST_USER_H
#define WEIR_VMM_LINUX_PORTS_VHOST_USER_H

#include "virtio/net.h"
#include "vmm/linux/ports/peer.h"
#include "vmm/linux/ports/pump.h"

/* Rings of a card, by the numbers of the specification. */
enum { RING_RX, RING_TX, RINGS };

/* Regions of memory a front-end may have; QEMU's limit without slots is 8. */
#define VHOST_REGIONS 8u

/* Descriptors that may come with a message. */
#define VHOST_FDS VHOST_REGIONS

/* Bytes of the longest message that is taken. */
#define VHOST_HEADER 12u
#define VHOST_PAYLOAD 512u

/* Where a ring's descriptors are, among the component's. */
enum vhost_fd { VHOST_KICK, VHOST_CALL, VHOST_ERR, VHOST_RING_FDS };

static inline unsigned int vhost_fd_at(unsigned int ring, enum vhost_fd what)
{
	return PEER_FDS + ring * VHOST_RING_FDS + what;
}

/**
 * struct vhost_ring - what the front-end has said of a ring
 * @config:  size and positions; addresses once it is started
 * @desc, @driver, @device: addresses in the front-end's process
 * @placed:  these are known
 * @kick:    "look" can come
 * @enabled: the guest wants it served
 * @started: the ring itself is in use
 */
struct vhost_ring {
	struct vq_config config;
	uint64_t desc;
	uint64_t driver;
	uint64_t device;
	bool placed;
	bool kick;
	bool enabled;
	bool started;
};

/**
 * struct vhost_region - a region of the guest's memory
 * @start, @size: in the guest
 * @user:   where it is in the front-end's process
 * @map, @mapped: where it is here, from the beginning of its file on
 * @offset: of the region in the file
 */
struct vhost_region {
	uint64_t start;
	uint64_t size;
	uint64_t user;
	uint64_t offset;
	uint8_t *map;
	size_t mapped;
};

/**
 * struct vhost_in - a message that is being received
 * @bytes, @have: as many of them
 * @fd, @fds: descriptors that came with it, as many; not yet ours to keep
 */
struct vhost_in {
	uint8_t bytes[VHOST_HEADER + VHOST_PAYLOAD];
	uint32_t have;
	int fd[VHOST_FDS];
	unsigned int fds;
};

/**
 * struct vhost - the component's state
 * @pump:     the switch's side
 * @peer:     the connection
 * @net:      the guest's card
 * @ring:     by number
 * @memory:   as the rings see it, made of @region
 * @protocol: features of the protocol that were agreed
 * @features: what the front-end has agreed to for the card
 * @agreed:   and the card can do with
 * @talk:     the front-end may have said something
 * @status:   the device status, if the front-end tells
 * @in:       the message being received
 * @room:     bytes of a transmit buffer
 * @told:     NET_* counts as they were last passed on
 */
struct vhost {
	struct pump pump;
	struct peer peer;
	struct vhost_ring ring[RINGS];
	struct guest_memory memory;
	struct vhost_region region[VHOST_REGIONS];
	unsigned int regions;
	uint64_t protocol;
	uint64_t features;
	bool agreed;
	bool talk;
	uint64_t status;
	uint32_t room;
	uint64_t told[NET_COUNTS];
	struct vhost_in in;
	struct virtio_net net;
};

static inline struct vq *vhost_vq(struct vhost *v, unsigned int ring)
{
	return ring == RING_RX ? &v->net.rx : &v->net.tx;
}

/* --- vhost_user.c ---------------------------------------------------------- */

/**
 * vhost_refresh - serve exactly the rings that can and shall be served
 *
 * After a change of anything in struct vhost_ring, or of the memory.
 */
void vhost_refresh(struct component *c);

/**
 * vhost_halt - stop using a ring, until vhost_refresh()
 *
 * Where it stopped is in its @config.
 */
void vhost_halt(struct component *c, unsigned int ring);

/**
 * vhost_offers - features of the card and of the rings
 */
uint64_t vhost_offers(const struct component *c);

/**
 * vhost_refuse - disconnect a front-end that breaks the protocol, and say why
 */
void vhost_refuse(struct component *c, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* --- vhost_message.c ------------------------------------------------------- */

/**
 * vhost_listen - receive and answer what the front-end says
 *
 * At most a handful of messages; the connection may be over afterwards.
 *
 * Return: there may be more.
 */
bool vhost_listen(struct component *c);

/**
 * vhost_forget - drop a message that is half received
 */
void vhost_forget(struct vhost *v);

/* --- vhost_memory.c -------------------------------------------------------- */

/**
 * vhost_map - map a region, behind those that are there
 * @r:  its first four members
 * @fd: its file; stays the caller's
 *
 * Return: NULL, or what is wrong.
 */
const char *vhost_map(struct vhost *v, const struct vhost_region *r, int fd);

/**
 * vhost_unmap - give up all regions
 */
void vhost_unmap(struct vhost *v);

/** vhost_mapped - bytes of the files mapped, as far as they hold regions */
size_t vhost_mapped(const struct vhost *v);

/**
 * vhost_guest_address - of an address in the front-end's process
 *
 * Return: false if it is in no region.
 */
bool vhost_guest_address(const struct vhost *v, uint64_t user, uint64_t *guest);

#endif
