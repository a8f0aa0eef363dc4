/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vhost-user: a virtual machine's devices, whose rings we serve.
 *
 * The hypervisor (the front-end: QEMU, DPDK's virtio-user, Weir's own VMM) owns
 * the virtual machine.  Over a Unix socket it hands us (the back-end) the
 * guest's memory as descriptors that are mapped, and for each ring an eventfd
 * that says "look" and one that interrupts the guest.  After that, the device
 * needs neither the socket nor the hypervisor.
 *
 *	vhost.c		which rings work, and the front-end's coming and going
 *	vhost_message.c	its messages, received and answered
 *	vhost_request.c	what they ask for
 *	vhost_memory.c	the guest's memory
 *	vhost_inflight.c what a device that gives nothing back at once has taken
 *	vhost_user.c	a network card: a switch port
 *	disk.c		a disk
 *
 * What is hard.  All of it comes from a process that is not trusted, and which
 * holds every descriptor as well.  Messages are checked for size and number of
 * descriptors; what breaks the protocol ends the connection.  No descriptor of
 * the front-end's is ever read, so none can make this process wait: "look" is
 * watched edge-triggered.  To interrupt, one has to write, and a write can wait,
 * if the other side fills the counter; so a timer ends this process if it does.
 * The same happens (SIGBUS) if the memory is cut short.  The monitor then starts
 * it again, and nobody else notices.
 *
 * What may be relied on.  Rings are only served while they are enabled; when
 * the connection ends, memory and descriptors are given up.  A message is
 * handled while nothing is under way (struct vhost_device): so when rings stop
 * and memory changes, all that was taken has been given back.
 */
#ifndef WEIR_VMM_LINUX_PORTS_VHOST_H
#define WEIR_VMM_LINUX_PORTS_VHOST_H

#include "virtio/vq.h"
#include "vmm/linux/ports/peer.h"

/* Rings a device may have. */
#define VHOST_RINGS 16u

/* Regions of memory a front-end may have; QEMU's limit without slots is 8. */
#define VHOST_REGIONS 8u

/* Descriptors that may come with a message. */
#define VHOST_FDS VHOST_REGIONS

/* Bytes of the longest message that is taken. */
#define VHOST_HEADER 12u
#define VHOST_PAYLOAD 512u

/* Features of the protocol that not every device has. */
#define VHOST_P_RARP (1ull << 2)
#define VHOST_P_MTU (1ull << 4)
#define VHOST_P_CONFIG (1ull << 9)
#define VHOST_P_INFLIGHT (1ull << 12)

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
 * @served:  it is used and wanted
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
	bool served;
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
 * struct vhost_inflight - shared with the front-end: see vhost_inflight.c
 * @map, @mapped: where it is, or NULL; from the beginning of its file on
 * @at:     where it begins in there
 * @rings, @slots: for how many rings, of how many slots
 * @serial: the next number
 */
struct vhost_inflight {
	uint8_t *map;
	size_t mapped;
	uint64_t at;
	uint16_t rings;
	uint16_t slots;
	uint64_t serial;
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
 * struct vhost_device - what a device makes of the protocol
 * @rings:    how many it has, at most VHOST_RINGS
 * @queues:   what the front-end is told when it asks how many there are
 * @protocol: VHOST_P_* beside those that every device has
 * @offers:   features of the device and of its rings
 * @agree:    begin with what was agreed; false: that does not go together
 * @vq:       a ring
 * @ring:     its name, for messages
 * @resume:   the ring is about to start at @config, which may be changed; NULL:
 *            nothing is to be done
 * @publish:  let the guest see what was done with all rings, and interrupt it
 * @busy:     something that was taken has not been given back: messages wait.
 *            NULL: there is never anything
 * @settled:  which rings are served has been decided anew
 * @config:   what the driver reads of the device, up to @room bytes; returns
 *            how many there are.  With VHOST_P_CONFIG
 */
struct vhost_device {
	unsigned int rings;
	uint32_t queues;
	uint64_t protocol;
	uint64_t (*offers)(const struct component *c);
	bool (*agree)(struct component *c, uint64_t features);
	struct vq *(*vq)(struct component *c, unsigned int ring);
	const char *(*ring)(unsigned int ring);
	void (*resume)(struct component *c, unsigned int ring,
		       struct vq_config *config);
	void (*publish)(struct component *c);
	bool (*busy)(const struct component *c);
	void (*settled)(struct component *c);
	uint32_t (*config)(struct component *c, uint8_t *to, uint32_t room);
};

/**
 * struct vhost - a device's front-end, part of the component's state
 * @device:   what it is
 * @peer:     the connection
 * @ring:     by number
 * @memory:   as the rings see it, made of @region
 * @protocol: features of the protocol that were agreed
 * @features: what the front-end has agreed to for the device
 * @agreed:   and the device can do with
 * @talk:     the front-end may have said something
 * @held:     a message waits until nothing is under way any more; no more is
 *            taken from the rings until then
 * @status:   the device status, if the front-end tells
 * @inflight: what was taken and not given back, for the next process
 * @in:       the message being received
 */
struct vhost {
	const struct vhost_device *device;
	struct peer peer;
	struct vhost_ring ring[VHOST_RINGS];
	struct guest_memory memory;
	struct vhost_region region[VHOST_REGIONS];
	unsigned int regions;
	uint64_t protocol;
	uint64_t features;
	bool agreed;
	bool talk;
	bool held;
	uint64_t status;
	struct vhost_inflight inflight;
	struct vhost_in in;
};

/* --- vhost.c ------------------------------------------------------------ */

/**
 * vhost_begun, vhost_ended - the front-end is there, has gone
 *
 * For the peer's callbacks of the same names.  At the end nothing that was
 * taken from a ring touches the guest's memory any more.
 */
void vhost_begun(struct component *c, struct vhost *v);
void vhost_ended(struct component *c, struct vhost *v);

/**
 * vhost_refresh - serve exactly the rings that can and shall be served
 *
 * After a change of anything in struct vhost_ring, or of the memory.
 */
void vhost_refresh(struct component *c, struct vhost *v);

/**
 * vhost_halt - stop using a ring, until vhost_refresh()
 *
 * Where it stopped is in its @config.
 */
void vhost_halt(struct component *c, struct vhost *v, unsigned int ring);

/**
 * vhost_broken - a ring breaks the rules: it rests until its driver starts it
 *                again
 *
 * What was taken from it may still be given back, if the device is one that is
 * ever busy; nobody sees it.
 */
void vhost_broken(struct component *c, struct vhost *v, unsigned int ring);

/**
 * vhost_bell - write to an eventfd of the front-end's, if there is one
 */
void vhost_bell(struct component *c, unsigned int ring, enum vhost_fd what);

/**
 * vhost_refuse - disconnect a front-end that breaks the protocol, and say why
 */
void vhost_refuse(struct component *c, struct vhost *v, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* --- vhost_message.c ---------------------------------------------------- */

/**
 * vhost_listen - receive and answer what the front-end says
 *
 * At most a handful of messages; the connection may be over afterwards.
 *
 * Return: there may be more.
 */
bool vhost_listen(struct component *c, struct vhost *v);

/**
 * vhost_forget - drop a message that is half received
 */
void vhost_forget(struct vhost *v);

/* --- vhost_memory.c ----------------------------------------------------- */

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

/* --- vhost_inflight.c --------------------------------------------------- */

/**
 * vhost_inflight_take - a chain was taken from a ring
 * @head: its first descriptor
 */
void vhost_inflight_take(struct vhost *v, unsigned int ring, uint16_t head);

/**
 * vhost_inflight_give - it is given back; the guest does not see it yet
 */
void vhost_inflight_give(struct vhost *v, unsigned int ring, uint16_t head);

/**
 * vhost_inflight_given - now it does
 * @used: the used ring's index since then
 */
void vhost_inflight_given(struct vhost *v, unsigned int ring, uint16_t head,
			  uint16_t used);

/**
 * vhost_inflight_find - what an earlier process has taken and not given back
 * @used: the used ring's index
 * @head: out, in the order in which they were taken
 *
 * Return: how many.
 */
unsigned int vhost_inflight_find(struct vhost *v, unsigned int ring,
				 uint16_t used, uint16_t head[VQ_MAX_SIZE]);

/** vhost_inflight_drop - forget it; the front-end has it still */
void vhost_inflight_drop(struct vhost *v);

#endif
