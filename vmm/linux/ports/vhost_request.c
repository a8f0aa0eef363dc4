/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a vhost-user front-end asks for: see vhost_message.h.
 *
 * Each request has a row in a table with the size it must have and how many
 * descriptors may come with it, so that what handles it can rely on both.
 */
#include "vmm/linux/ports/vhost_message.h"

/* Features of the protocol, and the card's feature that there are any. */
#define P_MQ (1ull << 0)
#define P_RARP (1ull << 2)
#define P_MTU (1ull << 4)
#define P_RESET_DEVICE (1ull << 13)
#define P_STATUS (1ull << 16)
#define P_ALL                                                                  \
	(P_MQ | P_RARP | VHOST_REPLY_ACK | P_MTU | P_RESET_DEVICE | P_STATUS)
#define F_PROTOCOL (1ull << 30)

/* Bits of a device's status. */
#define S_FEATURES_OK 8u

/* Of a descriptor that comes with a ring's number: the ring, and "none". */
#define RING_MASK 0xffu
#define NO_FD 0x100u

/* Return: NULL, or what is wrong. */
typedef const char *handler(struct component *c, struct vhost_message *m);

static const char no_such_ring[] = "there is no ring of that number";

/* --- features -------------------------------------------------------------- */

static void answer_u64(struct vhost_message *m, uint64_t value)
{
	m->u64 = value;
	m->answer = sizeof(m->u64);
}

static const char *get_features(struct component *c, struct vhost_message *m)
{
	answer_u64(m, vhost_offers(c) | F_PROTOCOL);
	return NULL;
}

static const char *set_features(struct component *c, struct vhost_message *m)
{
	struct vhost *v = c->state;

	if (m->u64 & ~(vhost_offers(c) | F_PROTOCOL))
		return "it agrees to features that were not offered";
	for (unsigned int i = 0; i < RINGS; i++) {
		vhost_halt(c, i);
		/* Without protocol features there is nothing to enable with. */
		if (!(m->u64 & F_PROTOCOL))
			v->ring[i].enabled = true;
	}
	v->features = m->u64 & ~F_PROTOCOL;
	v->agreed = virtio_net_agree(&v->net, v->features);
	vhost_refresh(c);
	return NULL;
}

static const char *get_protocol(struct component *c, struct vhost_message *m)
{
	(void)c;
	answer_u64(m, P_ALL);
	return NULL;
}

static const char *set_protocol(struct component *c, struct vhost_message *m)
{
	struct vhost *v = c->state;

	if (m->u64 & ~P_ALL)
		return "it agrees to protocol features that were not offered";
	v->protocol = m->u64;
	return NULL;
}

static const char *get_queue_num(struct component *c, struct vhost_message *m)
{
	(void)c;
	answer_u64(m, 1); /* pair of rings */
	return NULL;
}

/* --- the device ------------------------------------------------------------ */

static const char *nothing(struct component *c, struct vhost_message *m)
{
	(void)c;
	(void)m;
	return NULL;
}

static const char *reset(struct component *c, struct vhost_message *m)
{
	struct vhost *v = c->state;

	(void)m;
	for (unsigned int i = 0; i < RINGS; i++) {
		vhost_halt(c, i);
		v->ring[i].enabled = false;
	}
	vhost_refresh(c);
	return NULL;
}

static const char *set_status(struct component *c, struct vhost_message *m)
{
	struct vhost *v = c->state;

	v->status = m->u64 & 0xff;
	return v->status == 0 ? reset(c, m) : NULL;
}

static const char *get_status(struct component *c, struct vhost_message *m)
{
	struct vhost *v = c->state;

	/* What was not accepted is not confirmed. */
	if (!v->agreed)
		v->status &= ~(uint64_t)S_FEATURES_OK;
	answer_u64(m, v->status);
	return NULL;
}

static const char *set_mtu(struct component *c, struct vhost_message *m)
{
	if (m->u64 + FRAME_MIN > c->cfg->wire.max_frame)
		return "its MTU is longer than the port's: match the mtu of "
		       "port and card";
	return NULL;
}

/* --- memory ---------------------------------------------------------------- */

static const char *set_memory(struct component *c, struct vhost_message *m)
{
	struct vhost *v = c->state;
	const struct vhost_table *t = &m->memory;
	const char *why = NULL;

	if (t->n > VHOST_REGIONS || m->fds != t->n ||
	    m->h.size < 8 + t->n * sizeof(t->region[0]))
		return "regions and descriptors of the memory do not agree";
	for (unsigned int i = 0; i < RINGS; i++)
		vhost_halt(c, i);
	vhost_unmap(v);
	for (unsigned int i = 0; i < t->n && why == NULL; i++) {
		const struct vhost_region r = {
			.start = t->region[i].start,
			.size = t->region[i].size,
			.user = t->region[i].user,
			.offset = t->region[i].offset,
		};

		why = vhost_map(v, &r, m->fd[i]);
	}
	outside_shares(c->outside, vhost_mapped(v));
	vhost_refresh(c);
	return why;
}

/* --- rings ----------------------------------------------------------------- */

static const char *set_num(struct component *c, struct vhost_message *m)
{
	struct vhost *v = c->state;

	if (m->state.ring >= RINGS)
		return no_such_ring;
	if (m->state.value == 0 || m->state.value > VQ_MAX_SIZE)
		return "a ring has 1 to 1024 slots";
	vhost_halt(c, m->state.ring);
	v->ring[m->state.ring].config.size = m->state.value;
	vhost_refresh(c);
	return NULL;
}

static const char *set_address(struct component *c, struct vhost_message *m)
{
	struct vhost *v = c->state;
	struct vhost_ring *r;

	if (m->address.ring >= RINGS)
		return no_such_ring;
	if (m->address.flags != 0)
		return "it asks for a log of changed memory, which was not "
		       "offered";
	vhost_halt(c, m->address.ring);
	r = &v->ring[m->address.ring];
	r->desc = m->address.desc;
	r->driver = m->address.driver;
	r->device = m->address.device;
	r->placed = true;
	vhost_refresh(c);
	return NULL;
}

static const char *set_base(struct component *c, struct vhost_message *m)
{
	struct vhost *v = c->state;
	struct vq_config *q;

	if (m->state.ring >= RINGS)
		return no_such_ring;
	vhost_halt(c, m->state.ring);
	q = &v->ring[m->state.ring].config;
	q->next = (uint16_t)m->state.value;
	/*
	 * All that is taken is given back.  Of packed rings both could be said,
	 * but DPDK says only this one.
	 */
	q->used = q->next;
	vhost_refresh(c);
	return NULL;
}

/* The ring stops, and the front-end learns where. */
static const char *get_base(struct component *c, struct vhost_message *m)
{
	struct vhost *v = c->state;
	struct vhost_ring *r;

	if (m->state.ring >= RINGS)
		return no_such_ring;
	r = &v->ring[m->state.ring];
	vhost_halt(c, m->state.ring);
	r->kick = false;
	for (unsigned int i = 0; i < VHOST_RING_FDS; i++)
		pd_replace_fd(c, vhost_fd_at(m->state.ring, i), -1);
	m->state.value = r->config.next;
	if (v->features & VQ_F_PACKED)
		m->state.value |= (uint32_t)r->config.used << 16;
	m->answer = sizeof(m->state);
	vhost_refresh(c);
	return NULL;
}

static const char *set_enable(struct component *c, struct vhost_message *m)
{
	struct vhost *v = c->state;

	if (m->state.ring >= RINGS)
		return no_such_ring;
	v->ring[m->state.ring].enabled = m->state.value != 0;
	vhost_refresh(c);
	return NULL;
}

/* Keep a ring's descriptor, or that there is none. */
static const char *keep(struct component *c, struct vhost_message *m,
			enum vhost_fd what)
{
	uint64_t ring = m->u64 & RING_MASK;
	bool none = m->u64 & NO_FD;

	if (ring >= RINGS)
		return no_such_ring;
	if (m->fds != (none ? 0 : 1))
		return "a ring's descriptor is missing, or one too many";
	pd_replace_fd(c, vhost_fd_at((unsigned int)ring, what),
		      none ? -1 : m->fd[0]);
	if (!none)
		m->fd[0] = -1;
	return NULL;
}

static const char *set_kick(struct component *c, struct vhost_message *m)
{
	struct vhost *v = c->state;
	const char *why = keep(c, m, VHOST_KICK);

	if (why != NULL)
		return why;
	v->ring[m->u64 & RING_MASK].kick = true;
	vhost_refresh(c);
	return NULL;
}

static const char *set_call(struct component *c, struct vhost_message *m)
{
	return keep(c, m, VHOST_CALL);
}

static const char *set_err(struct component *c, struct vhost_message *m)
{
	return keep(c, m, VHOST_ERR);
}

/* --- the table ------------------------------------------------------------- */

/**
 * struct request - what a message must be like
 * @handle: NULL: there is no such request here
 * @size:   bytes; of the memory, the least
 * @fds:    descriptors at most
 */
static const struct request {
	handler *handle;
	uint32_t size;
	unsigned int fds;
} requests[] = {
	[1] = { get_features, 0, 0 },
	[2] = { set_features, 8, 0 },
	[3] = { nothing, 0, 0 }, /* SET_OWNER */
	[4] = { reset, 0, 0 },	 /* RESET_OWNER */
	[5] = { set_memory, 8, VHOST_REGIONS },
	[8] = { set_num, 8, 0 },
	[9] = { set_address, 40, 0 },
	[10] = { set_base, 8, 0 },
	[11] = { get_base, 8, 0 },
	[12] = { set_kick, 8, 1 },
	[13] = { set_call, 8, 1 },
	[14] = { set_err, 8, 1 },
	[15] = { get_protocol, 0, 0 },
	[16] = { set_protocol, 8, 0 },
	[17] = { get_queue_num, 0, 0 },
	[18] = { set_enable, 8, 0 },
	[19] = { nothing, 8, 0 }, /* SEND_RARP: the switch learns anyway */
	[20] = { set_mtu, 8, 0 },
	[34] = { reset, 0, 0 }, /* RESET_DEVICE */
	[39] = { set_status, 8, 0 },
	[40] = { get_status, 0, 0 },
};

#define SET_MEMORY 5u

static const char *check(const struct vhost_message *m)
{
	const struct request *r = &requests[0];

	if (m->h.request < sizeof(requests) / sizeof(requests[0]))
		r = &requests[m->h.request];
	if (r->handle == NULL)
		return "it is not known here";
	if (m->h.request == SET_MEMORY ? m->h.size < r->size
				       : m->h.size != r->size)
		return "it has a wrong size";
	return m->fds > r->fds ? "it comes with too many descriptors" : NULL;
}

const char *vhost_request(struct component *c, struct vhost_message *m)
{
	const char *why = check(m);

	return why ? why : requests[m->h.request].handle(c, m);
}
