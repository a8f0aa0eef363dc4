/* SPDX-License-Identifier: BSD-2-Clause */
/* A virtio network card, without its transport: see net.h. */
#include "virtio/net.h"

#include "base/mem.h"
#include "base/packet.h"
#include "base/segment.h"
#include "base/vnet_header.h"

/* The header as it lies before a frame. */
struct header {
	struct vnet_header vnet;
	uint16_t buffers;
};

ABI_SIZE(struct header, NET_HEADER);
ABI_AT(struct header, buffers, 10);

/* Words at any address. */
typedef uint64_t loose_u64 __attribute__((aligned(1), may_alias));
typedef uint32_t loose_u32 __attribute__((aligned(1), may_alias));

/* --- features ----------------------------------------------------------- */

#define RINGS                                                                  \
	(VQ_F_VERSION_1 | VQ_F_INDIRECT | VQ_F_EVENT | VQ_F_PACKED |           \
	 VQ_F_IN_ORDER)
#define HOST_SEGMENTS                                                          \
	(NET_F_HOST_TSO4 | NET_F_HOST_TSO6 | NET_F_HOST_ECN | NET_F_HOST_USO)
#define GUEST_SEGMENTS                                                         \
	(NET_F_GUEST_TSO4 | NET_F_GUEST_TSO6 | NET_F_GUEST_ECN |               \
	 NET_F_GUEST_USO4 | NET_F_GUEST_USO6)

uint64_t virtio_net_offers(uint32_t port)
{
	uint64_t features = RINGS | NET_F_MRG_RXBUF;

	if (port & OFFLOAD_PORT)
		features |= NET_F_CSUM | NET_F_GUEST_CSUM | HOST_SEGMENTS |
			    GUEST_SEGMENTS;
	return features;
}

static bool has(uint64_t features, uint64_t bit)
{
	return (features & bit) != 0;
}

static uint32_t takes_of(uint64_t f)
{
	uint32_t takes = OFFLOAD_PORT;

	if (has(f, NET_F_GUEST_CSUM))
		takes |= OFFLOAD_TAKES_CHECKSUM;
	if (has(f, NET_F_GUEST_TSO4))
		takes |= OFFLOAD_TAKES_TCP4;
	if (has(f, NET_F_GUEST_TSO6))
		takes |= OFFLOAD_TAKES_TCP6;
	if (has(f, NET_F_GUEST_ECN))
		takes |= OFFLOAD_TAKES_ECN;
	if (has(f, NET_F_GUEST_USO4) && has(f, NET_F_GUEST_USO6))
		takes |= OFFLOAD_TAKES_UDP;
	return takes;
}

bool virtio_net_agree(struct virtio_net *n, uint64_t features)
{
	bool host = has(features, HOST_SEGMENTS);
	bool guest = has(features, GUEST_SEGMENTS);

	if (!has(features, VQ_F_VERSION_1) ||
	    (host && !has(features, NET_F_CSUM)) ||
	    (guest && !has(features, NET_F_GUEST_CSUM)))
		return false;
	n->features = features;
	n->takes = takes_of(features);
	return true;
}

/* --- from the guest ----------------------------------------------------- */

/* May a frame be that long? Segments are bounded by the buffer alone. */
static bool length_ok(const struct virtio_net *n, uint32_t len,
		      const struct vnet_header *h)
{
	if (len < FRAME_MIN)
		return false;
	return len <= n->longest ||
	       (has(n->features, NET_F_CSUM) && h->type != VNET_PLAIN);
}

/* A header that a guest may change meanwhile, read once. */
static struct header header_at(const uint8_t *at)
{
	const uint64_t first = *(const volatile loose_u64 *)at;
	const uint32_t last = *(const volatile loose_u32 *)(at + 8);
	struct header h;

	__builtin_memcpy(&h, &first, sizeof(first));
	__builtin_memcpy(&h.vnet.field, &last, sizeof(last));
	return h;
}

static bool is_plain(const struct vnet_header *h)
{
	return !(h->flags & VNET_NEEDS_CHECKSUM) && h->type == VNET_PLAIN;
}

static bool bad_length(struct virtio_net *n)
{
	n->count[NET_BAD_LENGTH]++;
	return false;
}

/* A frame has been copied. Return: whether its header is in order. */
static bool describe(struct virtio_net *n, const struct header *h,
		     struct net_buffer *p)
{
	p->offload = (struct offload){ 0 };
	/* What was not agreed means nothing. */
	if (is_plain(&h->vnet) || !has(n->features, NET_F_CSUM) ||
	    vnet_header_read(&h->vnet, p->data, p->len, &p->offload))
		return true;
	n->count[NET_BAD_OFFLOAD]++;
	return false;
}

/* Read a frame out of @n->chain. Return: whether it is in order. */
static bool read_chain(struct virtio_net *n, struct net_buffer *p,
		       uint32_t room)
{
	struct vq_cursor from = vq_reader(&n->chain);
	struct header h;

	if (vq_read(&from, &h, NET_HEADER) != NET_HEADER || from.left > room ||
	    !length_ok(n, from.left, &h.vnet))
		return bad_length(n);
	p->len = (uint16_t)vq_read(&from, p->data, from.left);
	return describe(n, &h, p);
}

/* The same where it is one piece. */
static bool read_single(struct virtio_net *n, const struct vq_single *from,
			struct net_buffer *p, uint32_t room)
{
	/* Without a header it is longer than any room. */
	uint32_t len = from->len - NET_HEADER;
	struct header h;

	if (len > room)
		return bad_length(n);
	h = header_at(from->at);
	if (!length_ok(n, len, &h.vnet))
		return bad_length(n);
	memcpy(p->data, from->at + NET_HEADER, len);
	p->len = (uint16_t)len;
	return describe(n, &h, p);
}

/* Chains of one piece. Return: how many frames there are now. */
static unsigned int read_singles(struct virtio_net *n, unsigned int count,
				 struct net_buffer *p, unsigned int filled,
				 uint32_t room)
{
	for (unsigned int i = 0; i < count; i++) {
		filled += read_single(n, &n->single[i], &p[filled], room);
		n->single[i].len = 0;
	}
	vq_give_singles(&n->tx, n->single, count);
	return filled;
}

static unsigned int at_most(unsigned int n, unsigned int most)
{
	return n < most ? n : most;
}

/* A chain of another form. Return: NET_FRAME, also if it was not in order. */
static enum net_result take_chain(struct virtio_net *n, struct net_buffer *p,
				  unsigned int *filled, uint32_t room)
{
	int taken = vq_take(&n->tx, &n->chain);

	if (taken <= 0)
		return taken < 0 ? NET_BROKEN : NET_NONE;
	*filled += read_chain(n, &p[*filled], room);
	vq_give(&n->tx, n->chain.id, n->chain.slots, 0);
	return NET_FRAME;
}

unsigned int virtio_net_take(struct virtio_net *n, struct net_buffer *p,
			     unsigned int count, uint32_t room,
			     enum net_result *end)
{
	unsigned int filled = 0, looked = 0;

	*end = n->tx_on ? NET_FRAME : NET_NONE;
	while (*end == NET_FRAME && looked < count) {
		unsigned int singles = vq_take_singles(
			&n->tx, n->single, at_most(count - looked, NET_AHEAD),
			false);

		filled = read_singles(n, singles, p, filled, room);
		looked += singles;
		if (singles == NET_AHEAD || looked == count)
			continue;
		/* No more of them; or what follows is of another form. */
		*end = take_chain(n, p, &filled, room);
		looked++;
	}
	return filled;
}

/* --- to the guest ------------------------------------------------------- */

/* Put back the buffers that were taken for a frame. */
static void put_back(struct virtio_net *n, unsigned int count)
{
	unsigned int slots = 0;

	for (unsigned int i = 0; i < count; i++)
		slots += n->taken[i].slots;
	vq_untake(&n->rx, count, slots);
}

/* Take a buffer as the frame's next one. */
static int take_buffer(struct virtio_net *n, struct vq_chain *c,
		       unsigned int count)
{
	int taken = vq_take(&n->rx, c);

	if (taken == 1)
		n->taken[count] =
			(struct net_taken){ .id = c->id, .slots = c->slots };
	return taken;
}

static void give(struct virtio_net *n, unsigned int at)
{
	const struct net_taken *t = &n->taken[at];

	vq_give(&n->rx, t->id, t->slots, t->written);
}

/* A frame that fits no buffer: it is dropped, the next one gets them. */
static enum net_result too_long(struct virtio_net *n, unsigned int count)
{
	put_back(n, count);
	n->count[NET_NO_BUFFER]++;
	return NET_DROPPED;
}

/*
 * The rest of a frame, into more buffers.  What is written to a buffer is seen
 * only once it is given back, so all can be put back if there are too few.
 * @number: where in the first one it is said how many there are
 */
static enum net_result put_more(struct virtio_net *n, struct vq_cursor number,
				const uint8_t *rest, uint32_t left)
{
	uint16_t count = 1;

	while (left > 0) {
		struct vq_cursor to;
		uint32_t done;
		int taken;

		if (count == NET_MERGE)
			return too_long(n, count);
		taken = take_buffer(n, &n->chain, count);
		if (taken < 0)
			return NET_BROKEN;
		if (taken == 0) {
			put_back(n, count);
			return NET_NONE;
		}
		to = vq_writer(&n->chain);
		done = vq_write(&to, rest, left);
		n->taken[count++].written = done;
		rest += done;
		left -= done;
	}
	vq_write(&number, &count, sizeof(count));
	for (unsigned int i = 0; i < count; i++)
		give(n, i);
	return NET_FRAME;
}

/* A frame with its header, into as many buffers as it takes. */
static enum net_result put_one(struct virtio_net *n, const struct header *h,
			       const uint8_t *frame, uint32_t len)
{
	int count = take_buffer(n, &n->first, 0);
	struct vq_cursor to, number;
	uint32_t done;

	if (count <= 0)
		return count < 0 ? NET_BROKEN : NET_NONE;
	to = vq_writer(&n->first);
	if (vq_write(&to, &h->vnet, sizeof(h->vnet)) != sizeof(h->vnet))
		return too_long(n, 1);
	number = to;
	if (vq_write(&to, &h->buffers, sizeof(h->buffers)) !=
	    sizeof(h->buffers))
		return too_long(n, 1);
	done = vq_write(&to, frame, len);
	n->taken[0].written = NET_HEADER + done;
	if (done == len) {
		give(n, 0);
		return NET_FRAME;
	}
	if (!has(n->features, NET_F_MRG_RXBUF))
		return too_long(n, 1);
	return put_more(n, number, frame + done, len - done);
}

/* The frames that a frame with offload data stands for, made here. */
static enum net_result put_cut(struct virtio_net *n, const uint8_t *frame,
			       uint32_t len, struct offload o)
{
	static const struct header plain = { .buffers = 1 };
	enum net_result result = NET_DROPPED;
	struct offload_place at;
	struct segment s;
	struct frame f;

	if (!offload_snap(frame, len, &o, &at, &f)) {
		n->count[NET_BAD_OFFLOAD]++;
		return NET_DROPPED;
	}
	segment_begin(&s, &f, frame, &o, &at, frame, at.l3);
	if (segment_length(&s, 0) > NET_PIECE)
		return too_long(n, 0);
	for (uint32_t i = 0; i < s.frames; i++) {
		segment_write(&s, i, n->piece);
		result = put_one(n, &plain, n->piece, segment_length(&s, i));
		if (result == NET_BROKEN || (result == NET_NONE && i == 0))
			return result;
		if (result == NET_NONE)
			return too_long(n, 0);
	}
	return result;
}

/* A frame of any kind, to buffers of any form. */
static enum net_result put_frame(struct virtio_net *n,
				 const struct net_buffer *p)
{
	struct header h = { .buffers = 1 };
	struct offload o = p->offload;
	struct offload_place at;

	if (!offload_takes(n->takes, o))
		return put_cut(n, p->data, p->len, o);
	if (offload_any(o)) {
		if (!offload_locate(p->data, p->len, &o, &at)) {
			n->count[NET_BAD_OFFLOAD]++;
			return NET_DROPPED;
		}
		vnet_header_make(&h.vnet, o, &at);
	}
	return put_one(n, &h, p->data, p->len);
}

/*
 * Plain frames that each fit a buffer of one piece, up to the first that is not
 * so.  Return: how many.
 */
static unsigned int put_singles(struct virtio_net *n,
				const struct net_buffer *p, unsigned int count)
{
	static const struct header plain = { .buffers = 1 };
	unsigned int most = at_most(count, NET_AHEAD), singles, i = 0;

	if (offload_any(p->offload) || p->len > n->longest)
		return 0;
	singles = vq_take_singles(&n->rx, n->single, most, true);
	for (; i < singles; i++, p++) {
		struct vq_single *to = &n->single[i];

		if (offload_any(p->offload) || to->len < NET_HEADER + p->len)
			break;
		__builtin_memcpy(to->at, &plain, NET_HEADER);
		memcpy(to->at + NET_HEADER, p->data, p->len);
		to->len = NET_HEADER + p->len;
	}
	vq_give_singles(&n->rx, n->single, i);
	vq_untake(&n->rx, singles - i, singles - i);
	return i;
}

unsigned int virtio_net_put(struct virtio_net *n, const struct net_buffer *p,
			    unsigned int count, enum net_result *end)
{
	unsigned int done = 0;

	*end = n->rx_on ? NET_FRAME : NET_NONE;
	while (*end == NET_FRAME && done < count) {
		unsigned int singles = put_singles(n, p + done, count - done);
		enum net_result result;

		done += singles;
		if (singles == NET_AHEAD || done == count)
			continue;
		result = put_frame(n, p + done);
		if (result == NET_NONE || result == NET_BROKEN)
			*end = result;
		else
			done++;
	}
	return done;
}

/* --- being told, and telling -------------------------------------------- */

static bool publish(struct vq *vq, bool on)
{
	if (!on || vq->untold == 0)
		return false;
	vq_publish(vq);
	return vq_must_notify(vq);
}

void virtio_net_publish(struct virtio_net *n, bool *rx, bool *tx)
{
	*rx = publish(&n->rx, n->rx_on);
	*tx = publish(&n->tx, n->tx_on);
}

static bool arm(struct vq *vq, bool on, bool wanted)
{
	if (!on || vq->fault != VQ_OK)
		return false;
	if (wanted && !vq_arm(vq))
		return false;
	vq_disarm(vq);
	return wanted;
}

bool virtio_net_arm(struct virtio_net *n, bool frames, bool buffers)
{
	if (arm(&n->tx, n->tx_on, frames))
		return true;
	if (!arm(&n->rx, n->rx_on, buffers))
		return false;
	arm(&n->tx, n->tx_on, false);
	return true;
}
