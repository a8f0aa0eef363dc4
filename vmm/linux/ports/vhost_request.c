/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a vhost-user front-end asks for: see vhost_message.h.
 *
 * Each request has a row in a table with the size it must have and how many
 * descriptors may come with it, so that what handles it can rely on both.
 */
#include <string.h>

#include "vmm/linux/ports/vhost_message.h"

/* Features of the protocol, and the card's feature that there are any. */
#define P_MQ (1ull << 0)
#define P_RESET_DEVICE (1ull << 13)
#define P_STATUS (1ull << 16)
#define P_ALWAYS (P_MQ | VHOST_REPLY_ACK | P_RESET_DEVICE | P_STATUS)
#define F_PROTOCOL (1ull << 30)

/* Bits of a device's status. */
#define S_FEATURES_OK 8u

/* Of a descriptor that comes with a ring's number: the ring, and "none". */
#define RING_MASK 0xffu
#define NO_FD 0x100u

/* Return: NULL, or what is wrong. */
typedef const char *handler(struct component *c, struct vhost *v,
			    struct vhost_message *m);

static const char no_such_ring[] = "there is no ring of that number";

/* --- features ----------------------------------------------------------- */

static void answer_u64(struct vhost_message *m, uint64_t value)
{
	m->u64 = value;
	m->answer = sizeof(m->u64);
}

static const char *get_features(struct component *c, struct vhost *v,
				struct vhost_message *m)
{
	answer_u64(m, v->device->offers(c) | F_PROTOCOL);
	return NULL;
}

static const char *set_features(struct component *c, struct vhost *v,
				struct vhost_message *m)
{
	if (m->u64 & ~(v->device->offers(c) | F_PROTOCOL))
		return "it agrees to features that were not offered";
	for (unsigned int i = 0; i < v->device->rings; i++) {
		vhost_halt(c, v, i);
		/* Without protocol features there is nothing to enable with. */
		if (!(m->u64 & F_PROTOCOL))
			v->ring[i].enabled = true;
	}
	v->features = m->u64 & ~F_PROTOCOL;
	v->agreed = v->device->agree(c, v->features);
	vhost_refresh(c, v);
	return NULL;
}

static const char *get_protocol(struct component *c, struct vhost *v,
				struct vhost_message *m)
{
	(void)c;
	answer_u64(m, P_ALWAYS | v->device->protocol);
	return NULL;
}

static const char *set_protocol(struct component *c, struct vhost *v,
				struct vhost_message *m)
{
	(void)c;
	if (m->u64 & ~(P_ALWAYS | v->device->protocol))
		return "it agrees to protocol features that were not offered";
	v->protocol = m->u64;
	return NULL;
}

static const char *get_queue_num(struct component *c, struct vhost *v,
				 struct vhost_message *m)
{
	(void)c;
	answer_u64(m, v->device->queues);
	return NULL;
}

/* --- the device --------------------------------------------------------- */

static const char *nothing(struct component *c, struct vhost *v,
			   struct vhost_message *m)
{
	(void)v;
	(void)c;
	(void)m;
	return NULL;
}

static const char *reset(struct component *c, struct vhost *v,
			 struct vhost_message *m)
{
	(void)m;
	for (unsigned int i = 0; i < v->device->rings; i++) {
		vhost_halt(c, v, i);
		v->ring[i].enabled = false;
	}
	vhost_refresh(c, v);
	return NULL;
}

static const char *set_status(struct component *c, struct vhost *v,
			      struct vhost_message *m)
{
	v->status = m->u64 & 0xff;
	return v->status == 0 ? reset(c, v, m) : NULL;
}

static const char *get_status(struct component *c, struct vhost *v,
			      struct vhost_message *m)
{
	(void)c;
	/* What was not accepted is not confirmed. */
	if (!v->agreed)
		v->status &= ~(uint64_t)S_FEATURES_OK;
	answer_u64(m, v->status);
	return NULL;
}

static const char *set_mtu(struct component *c, struct vhost *v,
			   struct vhost_message *m)
{
	(void)v;
	if (m->u64 + FRAME_MIN > c->cfg->wire.max_frame)
		return "its MTU is longer than the port's: match the mtu of "
		       "port and card";
	return NULL;
}

/* --- its configuration -------------------------------------------------- */

/* The header's part of such a message. */
#define CONFIG_HEADER (sizeof(struct vhost_config) - VHOST_CONFIG)

static const char *get_config(struct component *c, struct vhost *v,
			      struct vhost_message *m)
{
	struct vhost_config *config = &m->config;
	uint8_t all[VHOST_CONFIG] = { 0 };

	if (m->h.size < CONFIG_HEADER || config->size > VHOST_CONFIG ||
	    config->at > VHOST_CONFIG - config->size ||
	    m->h.size > CONFIG_HEADER + config->size)
		return "it asks for what no configuration has";
	v->device->config(c, all, sizeof(all));
	memcpy(config->bytes, all + config->at, config->size);
	m->answer = (uint32_t)CONFIG_HEADER + config->size;
	return NULL;
}

/* There is nothing a driver could change. */
static const char *set_config(struct component *c, struct vhost *v,
			      struct vhost_message *m)
{
	(void)c;
	(void)v;
	m->failed = true;
	return NULL;
}

/* --- what is under way -------------------------------------------------- */

/* Some say 20 bytes, the others as many as their compiler makes of it. */
#define SHARED_SIZE 20u

static const char *make_inflight(struct component *c, struct vhost *v,
				 struct vhost_message *m)
{
	(void)c;
	return m->h.size > sizeof(m->shared) ? "it has a wrong size"
					     : vhost_inflight_make(v, m);
}

static const char *keep_inflight(struct component *c, struct vhost *v,
				 struct vhost_message *m)
{
	const char *why;

	if (m->h.size > sizeof(m->shared))
		return "it has a wrong size";
	for (unsigned int i = 0; i < v->device->rings; i++)
		vhost_halt(c, v, i);
	why = vhost_inflight_keep(v, m);
	vhost_refresh(c, v);
	return why;
}

/* --- memory ------------------------------------------------------------- */

static const char *set_memory(struct component *c, struct vhost *v,
			      struct vhost_message *m)
{
	const struct vhost_table *t = &m->memory;
	const char *why = NULL;

	if (t->n > VHOST_REGIONS || m->fds != t->n ||
	    m->h.size < 8 + t->n * sizeof(t->region[0]))
		return "regions and descriptors of the memory do not agree";
	for (unsigned int i = 0; i < v->device->rings; i++)
		vhost_halt(c, v, i);
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
	vhost_refresh(c, v);
	return why;
}

/* --- rings -------------------------------------------------------------- */

static const char *set_num(struct component *c, struct vhost *v,
			   struct vhost_message *m)
{
	if (m->state.ring >= v->device->rings)
		return no_such_ring;
	if (m->state.value == 0 || m->state.value > VQ_MAX_SIZE)
		return "a ring has 1 to 1024 slots";
	vhost_halt(c, v, m->state.ring);
	v->ring[m->state.ring].config.size = m->state.value;
	vhost_refresh(c, v);
	return NULL;
}

static const char *set_address(struct component *c, struct vhost *v,
			       struct vhost_message *m)
{
	struct vhost_ring *r;

	if (m->address.ring >= v->device->rings)
		return no_such_ring;
	if (m->address.flags != 0)
		return "it asks for a log of changed memory, which was not "
		       "offered";
	vhost_halt(c, v, m->address.ring);
	r = &v->ring[m->address.ring];
	r->desc = m->address.desc;
	r->driver = m->address.driver;
	r->device = m->address.device;
	r->placed = true;
	vhost_refresh(c, v);
	return NULL;
}

static const char *set_base(struct component *c, struct vhost *v,
			    struct vhost_message *m)
{
	struct vq_config *q;

	if (m->state.ring >= v->device->rings)
		return no_such_ring;
	vhost_halt(c, v, m->state.ring);
	q = &v->ring[m->state.ring].config;
	q->next = (uint16_t)m->state.value;
	/*
	 * All that is taken is given back.  Of packed rings both could be said,
	 * but DPDK says only this one.
	 */
	q->used = q->next;
	vhost_refresh(c, v);
	return NULL;
}

/* The ring stops, and the front-end learns where. */
static const char *get_base(struct component *c, struct vhost *v,
			    struct vhost_message *m)
{
	struct vhost_ring *r;

	if (m->state.ring >= v->device->rings)
		return no_such_ring;
	r = &v->ring[m->state.ring];
	vhost_halt(c, v, m->state.ring);
	r->kick = false;
	for (unsigned int i = 0; i < VHOST_RING_FDS; i++)
		pd_replace_fd(c, vhost_fd_at(m->state.ring, i), -1);
	m->state.value = r->config.next;
	if (v->features & VQ_F_PACKED)
		m->state.value |= (uint32_t)r->config.used << 16;
	m->answer = sizeof(m->state);
	vhost_refresh(c, v);
	return NULL;
}

static const char *set_enable(struct component *c, struct vhost *v,
			      struct vhost_message *m)
{
	if (m->state.ring >= v->device->rings)
		return no_such_ring;
	v->ring[m->state.ring].enabled = m->state.value != 0;
	vhost_refresh(c, v);
	return NULL;
}

/* Keep a ring's descriptor, or that there is none. */
static const char *keep(struct component *c, const struct vhost *v,
			struct vhost_message *m, enum vhost_fd what)
{
	uint64_t ring = m->u64 & RING_MASK;
	bool none = m->u64 & NO_FD;

	if (ring >= v->device->rings)
		return no_such_ring;
	if (m->fds != (none ? 0 : 1))
		return "a ring's descriptor is missing, or one too many";
	pd_replace_fd(c, vhost_fd_at((unsigned int)ring, what),
		      none ? -1 : m->fd[0]);
	if (!none)
		m->fd[0] = -1;
	return NULL;
}

static const char *set_kick(struct component *c, struct vhost *v,
			    struct vhost_message *m)
{
	const char *why = keep(c, v, m, VHOST_KICK);

	if (why != NULL)
		return why;
	v->ring[m->u64 & RING_MASK].kick = true;
	vhost_refresh(c, v);
	return NULL;
}

static const char *set_call(struct component *c, struct vhost *v,
			    struct vhost_message *m)
{
	const char *why = keep(c, v, m, VHOST_CALL);
	const uint64_t ring = m->u64 & RING_MASK;

	/* What was given back before it came, nobody was told of. */
	if (why == NULL && v->ring[ring].started)
		vhost_bell(c, (unsigned int)ring, VHOST_CALL);
	return why;
}

static const char *set_err(struct component *c, struct vhost *v,
			   struct vhost_message *m)
{
	return keep(c, v, m, VHOST_ERR);
}

/* --- the table ---------------------------------------------------------- */

/**
 * struct request - what a message must be like
 * @handle: NULL: there is no such request here
 * @size:   bytes; with @longer, the least
 * @fds:    descriptors at most
 * @needs:  the device must offer this feature of the protocol
 */
static const struct request {
	handler *handle;
	uint32_t size;
	unsigned int fds;
	bool longer;
	uint64_t needs;
} requests[] = {
	[1] = { get_features, 0, 0, false, 0 },
	[2] = { set_features, 8, 0, false, 0 },
	[3] = { nothing, 0, 0, false, 0 }, /* SET_OWNER */
	[4] = { reset, 0, 0, false, 0 },   /* RESET_OWNER */
	[5] = { set_memory, 8, VHOST_REGIONS, true, 0 },
	[8] = { set_num, 8, 0, false, 0 },
	[9] = { set_address, 40, 0, false, 0 },
	[10] = { set_base, 8, 0, false, 0 },
	[11] = { get_base, 8, 0, false, 0 },
	[12] = { set_kick, 8, 1, false, 0 },
	[13] = { set_call, 8, 1, false, 0 },
	[14] = { set_err, 8, 1, false, 0 },
	[15] = { get_protocol, 0, 0, false, 0 },
	[16] = { set_protocol, 8, 0, false, 0 },
	[17] = { get_queue_num, 0, 0, false, 0 },
	[18] = { set_enable, 8, 0, false, 0 },
	/* SEND_RARP: the switch learns anyway */
	[19] = { nothing, 8, 0, false, VHOST_P_RARP },
	[20] = { set_mtu, 8, 0, false, VHOST_P_MTU },
	[24] = { get_config, 12, 0, true, VHOST_P_CONFIG },
	[25] = { set_config, 12, 0, true, VHOST_P_CONFIG },
	[31] = { make_inflight, SHARED_SIZE, 0, true, VHOST_P_INFLIGHT },
	[32] = { keep_inflight, SHARED_SIZE, 1, true, VHOST_P_INFLIGHT },
	[34] = { reset, 0, 0, false, 0 }, /* RESET_DEVICE */
	[39] = { set_status, 8, 0, false, 0 },
	[40] = { get_status, 0, 0, false, 0 },
};

static const char *check(const struct vhost *v, const struct vhost_message *m)
{
	const struct request *r = &requests[0];

	if (m->h.request < sizeof(requests) / sizeof(requests[0]))
		r = &requests[m->h.request];
	if (r->handle == NULL || r->needs & ~v->device->protocol)
		return "it is not known here";
	if (r->longer ? m->h.size < r->size : m->h.size != r->size)
		return "it has a wrong size";
	return m->fds > r->fds ? "it comes with too many descriptors" : NULL;
}

const char *vhost_request(struct component *c, struct vhost *v,
			  struct vhost_message *m)
{
	const char *why = check(v, m);

	return why ? why : requests[m->h.request].handle(c, v, m);
}
