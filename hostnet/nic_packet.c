/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * AF_PACKET with two rings: see nic_packet.h.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "hostnet/nic_packet.h"
#include "hostnet/offload.h"

/* Size of the ring's blocks of contiguous memory: whole slots. */
#define BLOCK (64u << 10)
#define RX_BYTES (4u << 20)
#define RX_MIN_SLOTS 256u
#define RX_MAX_SLOTS 2048u
#define TX_SLOTS 256u

/* Where a frame starts in a transmit slot. */
#define TX_DATA (TPACKET2_HDRLEN - sizeof(struct sockaddr_ll))
/* The most that can precede a received frame in its slot. */
#define RX_HEAD (TPACKET2_HDRLEN + sizeof(struct virtio_net_hdr) + 16)

_Static_assert(NIC_HEADROOM >= FRAME_TAG, "a tag goes in front of a frame");

/* --- sockets ------------------------------------------------------------- */

int nic_packet_set(int fd, int option, int value)
{
	return setsockopt(fd, SOL_PACKET, option, &value, sizeof(value)) < 0
		       ? -errno
		       : 0;
}

/* Of protocol 0, which receives nothing. */
static int open_socket(int index)
{
	const struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_ifindex = index,
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int e;

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) == 0)
		return fd;
	e = -errno;
	close(fd);
	return e;
}

/* The socket, or the error that setting its options ended with. */
static int ready(int fd, int e)
{
	if (e == 0)
		return fd;
	close(fd);
	return e;
}

int nic_packet_receiver(int index)
{
	const struct packet_mreq promiscuous = {
		.mr_ifindex = index,
		.mr_type = PACKET_MR_PROMISC,
	};
	int fd = open_socket(index);
	int e;

	if (fd < 0)
		return fd;
	e = nic_packet_set(fd, PACKET_VNET_HDR, 1);
	if (e == 0)
		e = nic_packet_set(fd, PACKET_IGNORE_OUTGOING, 1);
	if (e == 0 && setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP,
				 &promiscuous, sizeof(promiscuous)) < 0)
		e = -errno;
	return ready(fd, e);
}

int nic_packet_transmitter(int index, int buffer)
{
	int fd = open_socket(index);

	if (fd < 0)
		return fd;
	return ready(fd, setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer,
				    sizeof(buffer)) < 0
				 ? -errno
				 : 0);
}

/* --- frames -------------------------------------------------------------- */

void nic_frame_tag(struct nic_frame *f)
{
	uint8_t *to = f->data - FRAME_TAG;

	if (!f->tagged)
		return;
	memmove(to, f->data, FRAME_TYPE_AT);
	to[FRAME_TYPE_AT] = (uint8_t)(f->tpid >> 8);
	to[FRAME_TYPE_AT + 1] = (uint8_t)f->tpid;
	to[FRAME_TYPE_AT + 2] = (uint8_t)(f->tci >> 8);
	to[FRAME_TYPE_AT + 3] = (uint8_t)f->tci;
	f->data = to;
	f->len += FRAME_TAG;
	f->tagged = false;
	/* The kernel counts from a frame without it. */
	f->hdr.csum_start += FRAME_TAG;
}

bool nic_frame_checksum(struct nic_frame *f)
{
	return !(f->hdr.flags & VIRTIO_NET_HDR_F_NEEDS_CSUM) ||
	       offload_checksum(f->data, f->len, f->hdr.csum_start,
				f->hdr.csum_offset);
}

bool nic_frame_fits(const uint8_t *data, size_t len, uint32_t mtu)
{
	size_t most = (size_t)mtu + FRAME_MIN;

	return len <= most ||
	       (len <= most + FRAME_TAG &&
		frame_be16(data + FRAME_TYPE_AT) == FRAME_TPID_C);
}

/* --- making rings -------------------------------------------------------- */

static int set_ring(int fd, int which, const struct tpacket_req *req)
{
	return setsockopt(fd, SOL_PACKET, which, req, sizeof(*req));
}

/*
 * Remove a ring that this PD had before it was restarted.  The card may still
 * hold frames of it for a moment.
 */
static int drop_old_ring(int fd, int which)
{
	const struct tpacket_req none = { 0 };
	const struct timespec a_moment = { .tv_nsec = 1000000 };

	for (int tries = 0; tries < 200; tries++) {
		if (set_ring(fd, which, &none) == 0)
			return 0;
		if (errno != EBUSY)
			break;
		nanosleep(&a_moment, NULL);
	}
	return -errno;
}

static int make_ring(struct nic_ring *r, int fd, int which, size_t slot,
		     unsigned int slots)
{
	size_t block = slot > BLOCK ? slot : BLOCK;
	size_t size = slot * slots;
	struct tpacket_req req = {
		.tp_block_size = (unsigned int)block,
		.tp_block_nr = (unsigned int)(size / block),
		.tp_frame_size = (unsigned int)slot,
		.tp_frame_nr = slots,
	};
	int e = drop_old_ring(fd, which);

	/*
	 * Version 2, not 3: a version 3 ring delivers blocks of frames, when
	 * one is full or after a timer of a millisecond or more, so a single
	 * frame would wait.
	 */
	if (e == 0)
		e = nic_packet_set(fd, PACKET_VERSION, TPACKET_V2);
	/* A frame the card refuses is skipped and does not block others. */
	if (e == 0)
		e = nic_packet_set(fd, PACKET_LOSS, 1);
	if (e < 0)
		return e;
	if (set_ring(fd, which, &req) < 0)
		return -errno;
	r->fd = fd;
	r->slot = slot;
	r->slots = slots;
	r->base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return r->base == MAP_FAILED ? -errno : 0;
}

static size_t power_of_two(size_t least)
{
	size_t size = 1;

	while (size < least)
		size *= 2;
	return size;
}

static unsigned int rx_slots(size_t slot)
{
	size_t n = RX_BYTES / slot;

	if (n < RX_MIN_SLOTS)
		return RX_MIN_SLOTS;
	return n > RX_MAX_SLOTS ? RX_MAX_SLOTS : (unsigned int)n;
}

/* Receive everything there is on the interface, from now on. */
static int start_receiving(int fd)
{
	struct sockaddr_ll addr;
	socklen_t size = sizeof(addr);

	if (getsockname(fd, (struct sockaddr *)&addr, &size) < 0)
		return -errno;
	addr.sll_protocol = htons(ETH_P_ALL);
	return bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno
								    : 0;
}

int nic_packet_init(struct nic_packet *n, int rx_fd, int tx_fd,
		    size_t max_frame)
{
	size_t rx_slot = power_of_two(RX_HEAD + max_frame);
	size_t tx_slot = power_of_two(TX_DATA + max_frame);
	int e;

	n->big = malloc(NIC_BIG);
	if (n->big == NULL)
		return -ENOMEM;
	e = make_ring(&n->rx, rx_fd, PACKET_RX_RING, rx_slot,
		      rx_slots(rx_slot));
	if (e == 0)
		e = make_ring(&n->tx, tx_fd, PACKET_TX_RING, tx_slot, TX_SLOTS);
	if (e == 0)
		e = start_receiving(rx_fd);
	if (e < 0)
		return e;
	/* Discard long frames of the old ring; bounded, as new ones come in. */
	for (unsigned int i = 0; i < n->rx.slots; i++)
		if (read(rx_fd, n->big, NIC_BIG) < 0)
			break;
	return 0;
}

/* --- slots --------------------------------------------------------------- */

static struct tpacket2_hdr *slot_at(const struct nic_ring *r, unsigned int i)
{
	return (void *)(r->base + i * r->slot);
}

/* An acquire load: the slot's content is read after its status. */
static uint32_t status_of(const struct nic_ring *r, unsigned int i)
{
	return __atomic_load_n(&slot_at(r, i)->tp_status, __ATOMIC_ACQUIRE);
}

static void set_status(const struct nic_ring *r, unsigned int i,
		       uint32_t status)
{
	__atomic_store_n(&slot_at(r, i)->tp_status, status, __ATOMIC_RELEASE);
}

static unsigned int after(const struct nic_ring *r, unsigned int i)
{
	return i + 1 == r->slots ? 0 : i + 1;
}

/* The slot @index, less than a round, behind the next one. */
static unsigned int behind(const struct nic_ring *r, unsigned int index)
{
	unsigned int i = r->next + index;

	return i >= r->slots ? i - r->slots : i;
}

/* --- receiving ----------------------------------------------------------- */

/*
 * Such a frame was put on the socket's own queue as well, whole and in the same
 * order (PACKET_COPY_THRESH).
 */
bool nic_packet_read(struct nic_packet *n, struct nic_frame *f, uint8_t *to,
		     size_t room)
{
	const size_t head = sizeof(f->hdr);
	const size_t tag = f->tagged ? FRAME_TAG : 0;
	size_t most = room > tag ? room - tag : 0;
	uint8_t spare; /* detects a frame of another length */
	struct iovec iov[] = {
		{ &f->hdr, head },
		{ to + tag, f->len < most ? f->len : most },
		{ &spare, 1 },
	};
	ssize_t got = readv(n->rx.fd, iov, 3);

	f->data = to + tag;
	return f->len <= most && got >= 0 && (size_t)got == head + f->len;
}

enum nic_got nic_packet_peek(struct nic_packet *n, unsigned int index,
			     struct nic_frame *f)
{
	unsigned int slot = behind(&n->rx, index);
	uint32_t status = status_of(&n->rx, slot);
	struct tpacket2_hdr *h = slot_at(&n->rx, slot);
	uint8_t *data;

	if (!(status & TP_STATUS_USER))
		return NIC_NOTHING;
	data = (uint8_t *)h + h->tp_mac;
	*f = (struct nic_frame){
		.data = data,
		.len = h->tp_len,
		.tagged = status & TP_STATUS_VLAN_VALID,
		.losing = status & TP_STATUS_LOSING,
		.tpid = status & TP_STATUS_VLAN_TPID_VALID ? h->tp_vlan_tpid
							   : ETH_P_8021Q,
		.tci = h->tp_vlan_tci,
	};
	if (status & TP_STATUS_COPY) {
		f->data = NULL;
		return NIC_FRAME;
	}
	if (h->tp_snaplen < h->tp_len)
		return NIC_CUT;
	memcpy(&f->hdr, data - sizeof(f->hdr), sizeof(f->hdr));
	return NIC_FRAME;
}

void nic_packet_done(struct nic_packet *n)
{
	set_status(&n->rx, n->rx.next, TP_STATUS_KERNEL);
	n->rx.next = after(&n->rx, n->rx.next);
}

/* --- transmitting -------------------------------------------------------- */

uint8_t *nic_packet_slot(struct nic_packet *n, unsigned int index)
{
	unsigned int slot = behind(&n->tx, index);

	if (status_of(&n->tx, slot) != TP_STATUS_AVAILABLE)
		return NULL;
	return (uint8_t *)slot_at(&n->tx, slot) + TX_DATA;
}

void nic_packet_commit(struct nic_packet *n, size_t len)
{
	slot_at(&n->tx, n->tx.next)->tp_len = (uint32_t)len;
	set_status(&n->tx, n->tx.next, TP_STATUS_SEND_REQUEST);
	n->tx.next = after(&n->tx, n->tx.next);
	n->queued++;
}

bool nic_packet_put(struct nic_packet *n, const void *data, size_t len)
{
	uint8_t *slot = nic_packet_slot(n, 0);

	if (slot == NULL)
		return false;
	memcpy(slot, data, len);
	nic_packet_commit(n, len);
	return true;
}

/*
 * The result counts what went out of the ring, not of the buffer.  The C
 * library's write() is not used, because sanitizers would check a buffer of
 * that size.
 */
static int transmit(int fd)
{
	return syscall(SYS_write, fd, NULL, 0) < 0 ? errno : 0;
}

int nic_packet_kick(struct nic_packet *n)
{
	int error = transmit(n->tx.fd);

	while (n->queued > 0 &&
	       status_of(&n->tx, n->oldest) != TP_STATUS_SEND_REQUEST) {
		n->oldest = after(&n->tx, n->oldest);
		n->queued--;
	}
	if (error != 0 && error != EAGAIN)
		return -error;
	return n->queued > 0 ? -EAGAIN : 0;
}

unsigned int nic_packet_discard(struct nic_packet *n)
{
	unsigned int count = n->queued;

	/* The kernel goes on at the oldest of them, and so must we. */
	n->tx.next = n->oldest;
	for (; n->queued > 0; n->queued--) {
		set_status(&n->tx, n->oldest, TP_STATUS_AVAILABLE);
		n->oldest = after(&n->tx, n->oldest);
	}
	n->oldest = n->tx.next;
	return count;
}
