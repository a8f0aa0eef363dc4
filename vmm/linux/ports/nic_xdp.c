/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The nic port's side of AF_XDP: see nic_xdp.h.
 */
#include "vmm/linux/ports/nic_xdp.h"

#include <errno.h>
#include <linux/if_xdp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "vmm/linux/ports/partial.h"

#define PAGE 4096u
/* Frames given back are published in batches. */
#define BATCH 32u

/* --- mapping ------------------------------------------------------------ */

static void *map(struct nic_xdp *x, int fd, uint64_t at, size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_POPULATE, fd, (off_t)at);

	if (p == MAP_FAILED)
		return NULL;
	x->mapped += (size + PAGE - 1) / PAGE * PAGE;
	return p;
}

/* libxdp's two kinds of rings have the same members, in other structures. */
#define RING(x, r, fd, offsets, pgoff, n, entry)                               \
	ring_init((x), (fd), (offsets), (pgoff), (n), (entry), &(r)->producer, \
		  &(r)->consumer, &(r)->ring, &(r)->flags, &(r)->size,         \
		  &(r)->mask)

static int ring_init(struct nic_xdp *x, int fd,
		     const struct xdp_ring_offset *at, uint64_t pgoff,
		     uint32_t n, size_t entry, uint32_t **producer,
		     uint32_t **consumer, void **ring, uint32_t **flags,
		     uint32_t *size, uint32_t *mask)
{
	char *p = map(x, fd, pgoff, at->desc + n * entry);

	if (p == NULL)
		return -errno;
	*producer = (uint32_t *)(p + at->producer);
	*consumer = (uint32_t *)(p + at->consumer);
	*flags = (uint32_t *)(p + at->flags);
	*ring = p + at->desc;
	*size = n;
	*mask = n - 1;
	return 0;
}

static int offsets_of(int fd, struct xdp_mmap_offsets *at)
{
	socklen_t size = sizeof(*at);

	if (getsockopt(fd, SOL_XDP, XDP_MMAP_OFFSETS, at, &size) < 0)
		return -errno;
	/* Shorter: a kernel before 5.4, which has no flags. */
	return size == sizeof(*at) ? 0 : -EPROTO;
}

static int sender_init(struct nic_xdp *x, const struct xdp_mmap_offsets *at)
{
	int fd = x->queue[0].fd;
	int e = RING(x, &x->tx, fd, &at->tx, XDP_PGOFF_TX_RING, XDP_TX_FRAMES,
		     sizeof(struct xdp_desc));

	if (e == 0)
		e = RING(x, &x->completed, fd, &at->cr,
			 XDP_UMEM_PGOFF_COMPLETION_RING, XDP_TX_FRAMES,
			 sizeof(uint64_t));
	x->tx.cached_cons = x->tx.size;
	for (uint32_t i = 0; i < XDP_TX_FRAMES; i++)
		x->free[x->n_free++] = XDP_RX_FRAMES + i;
	return e;
}

/* Lend the kernel all frames it receives into. */
static void fill_all(struct nic_xdp *x, struct xdp_queue *q)
{
	uint32_t at = 0;

	q->fill.cached_cons = q->fill.size;
	xsk_ring_prod__reserve(&q->fill, XDP_RX_FRAMES, &at);
	for (uint32_t i = 0; i < XDP_RX_FRAMES; i++) {
		*xsk_ring_prod__fill_addr(&q->fill, at + i) =
			(uint64_t)i * x->note.chunk;
		q->lent[i] = true;
	}
	xsk_ring_prod__submit(&q->fill, XDP_RX_FRAMES);
}

static int queue_init(struct nic_xdp *x, unsigned int number, int fd,
		      int memory)
{
	struct xdp_queue *q = &x->queue[number];
	struct xdp_mmap_offsets at;
	int e = offsets_of(fd, &at);

	q->fd = fd;
	q->frames = map(x, memory, xdp_umem_at(x->note.chunk, number),
			xdp_umem_size(x->note.chunk, number));
	if (e == 0 && q->frames == NULL)
		e = -ENOMEM;
	if (e == 0)
		e = RING(x, &q->rx, fd, &at.rx, XDP_PGOFF_RX_RING,
			 XDP_RX_FRAMES, sizeof(struct xdp_desc));
	if (e == 0)
		e = RING(x, &q->fill, fd, &at.fr, XDP_UMEM_PGOFF_FILL_RING,
			 XDP_RX_FRAMES, sizeof(uint64_t));
	if (e == 0 && number == 0)
		e = sender_init(x, &at);
	if (e == 0)
		fill_all(x, q);
	return e;
}

int nic_xdp_init(struct nic_xdp *x, const int *fd, unsigned int n)
{
	const struct xdp_note *note =
		map(x, fd[XDP_MEMORY], 0, sizeof(struct xdp_note));
	int e = 0;

	if (note == NULL)
		return -errno;
	x->note = *note;
	munmap((void *)(uintptr_t)note, sizeof(struct xdp_note));
	x->mapped = 0;
	x->note.why[ERROR_TEXT - 1] = '\0';
	if (x->note.queues > XDP_QUEUES ||
	    (x->note.queues > 0 && n != XDP_QUEUE + x->note.queues))
		return -EPROTO;
	for (unsigned int i = 0; e == 0 && i < x->note.queues; i++)
		e = queue_init(x, i, fd[XDP_QUEUE + i], fd[XDP_MEMORY]);
	return e;
}

/* --- receiving ---------------------------------------------------------- */

/* Whether the kernel has this frame of the queue; it has it no more. */
static bool take_back(struct nic_xdp *x, struct xdp_queue *q, uint64_t frame,
		      uint64_t first, uint64_t end)
{
	if (frame < first || frame >= end || !q->lent[frame]) {
		x->strange++;
		return false;
	}
	q->lent[frame] = false;
	return true;
}

static void publish(struct xdp_queue *q)
{
	uint8_t byte;

	if (q->done == 0)
		return;
	xsk_ring_cons__release(&q->rx, q->done);
	xsk_ring_prod__submit(&q->fill, q->done);
	q->done = 0;
	if (xsk_ring_prod__needs_wakeup(&q->fill))
		(void)!read(q->fd, &byte, sizeof(byte));
}

/* Give a frame back: its place in the fill ring is free, as it came from it. */
static void give_back(struct nic_xdp *x, struct xdp_queue *q, uint64_t frame)
{
	uint32_t at;

	if (xsk_ring_prod__reserve(&q->fill, 1, &at) != 1)
		return;
	*xsk_ring_prod__fill_addr(&q->fill, at) = frame * x->note.chunk;
	q->lent[frame] = true;
	if (++q->done == BATCH)
		publish(q);
}

/* The next frame of a queue; one with a strange address is passed over. */
static bool peek(struct nic_xdp *x, struct xdp_queue *q, struct nic_frame *f)
{
	struct xdp_desc d;
	uint64_t frame;
	uint32_t at;

	if (xsk_ring_cons__peek(&q->rx, 1, &at) == 0)
		return false;
	d = *(const volatile struct xdp_desc *)xsk_ring_cons__rx_desc(&q->rx,
								      at);
	frame = d.addr / x->note.chunk;
	if (!take_back(x, q, frame, 0, XDP_RX_FRAMES)) {
		/* The slot alone goes back. */
		xsk_ring_cons__release(&q->rx, q->done + 1);
		xsk_ring_prod__submit(&q->fill, q->done);
		q->done = 0;
		return false;
	}
	if (d.len > x->note.chunk - d.addr % x->note.chunk) {
		x->strange++;
		give_back(x, q, frame);
		return false;
	}
	x->current = frame;
	*f = (struct nic_frame){ .data = q->frames + d.addr, .len = d.len };
	partial_find(f->data, f->len, &f->hdr);
	return true;
}

bool nic_xdp_peek(struct nic_xdp *x, struct nic_frame *f)
{
	for (unsigned int tries = 0; tries < x->note.queues; tries++) {
		if (peek(x, &x->queue[x->at], f))
			return true;
		publish(&x->queue[x->at]);
		x->at = x->at + 1 < x->note.queues ? x->at + 1 : 0;
	}
	return false;
}

void nic_xdp_done(struct nic_xdp *x)
{
	give_back(x, &x->queue[x->at], x->current);
	/* After a batch it is another queue's turn. */
	if (x->queue[x->at].done == 0)
		x->at = x->at + 1 < x->note.queues ? x->at + 1 : 0;
}

/* --- sending ------------------------------------------------------------ */

static void reap(struct nic_xdp *x)
{
	uint32_t at;
	uint32_t n = xsk_ring_cons__peek(&x->completed, XDP_TX_FRAMES, &at);

	for (uint32_t i = 0; i < n; i++) {
		uint64_t addr =
			*(const volatile uint64_t *)xsk_ring_cons__comp_addr(
				&x->completed, at + i);
		uint64_t frame = addr / x->note.chunk;

		if (take_back(x, &x->queue[0], frame, XDP_RX_FRAMES,
			      XDP_UMEM_FRAMES))
			x->free[x->n_free++] = (uint32_t)frame;
	}
	if (n > 0)
		xsk_ring_cons__release(&x->completed, n);
}

bool nic_xdp_put(struct nic_xdp *x, const void *data, size_t len)
{
	struct xdp_queue *q = &x->queue[0];
	uint32_t frame, at;

	if (x->n_free == 0)
		reap(x);
	if (x->n_free == 0 || xsk_ring_prod__reserve(&x->tx, 1, &at) != 1)
		return false;
	frame = x->free[--x->n_free];
	memcpy(q->frames + (size_t)frame * x->note.chunk, data, len);
	q->lent[frame] = true;
	*xsk_ring_prod__tx_desc(&x->tx, at) = (struct xdp_desc){
		.addr = (uint64_t)frame * x->note.chunk,
		.len = (uint32_t)len,
	};
	xsk_ring_prod__submit(&x->tx, 1);
	return true;
}

/* Frames in the ring that the kernel has not looked at. */
static uint32_t waiting(const struct nic_xdp *x)
{
	return x->tx.cached_prod -
	       __atomic_load_n(x->tx.consumer, __ATOMIC_ACQUIRE);
}

/* The C library's write() is not used: see nic_packet.c. */
static int transmit(int fd)
{
	return syscall(SYS_write, fd, NULL, 0) < 0 ? errno : 0;
}

/*
 * The kernel takes 32 at a time and then says EAGAIN, as it does when it has no
 * room: it is asked again as long as it takes any.
 */
int nic_xdp_kick(struct nic_xdp *x, unsigned int *lost)
{
	uint32_t before, left = waiting(x);
	int error;

	*lost = 0;
	do {
		before = left;
		error = 0;
		if (left == 0 || xsk_ring_prod__needs_wakeup(&x->tx))
			error = transmit(x->queue[0].fd);
		left = waiting(x);
		/* It took one, and the interface dropped it. */
		if (error == EBUSY)
			(*lost)++;
	} while (left > 0 && left < before);
	reap(x);
	if (error == ENOBUFS || error == EBUSY || error == EAGAIN)
		error = 0;
	return error != 0 ? -error : left > 0 ? -EAGAIN : 0;
}
