/* SPDX-License-Identifier: BSD-2-Clause */
/* Virtio's header before a frame: see vnet_header.h. */
#include "base/vnet_header.h"

#include "base/mem.h"
#include "base/sum.h"

/* Where SCTP has a CRC. */
#define SCTP_CHECKSUM 8u

/*
 * A checksum of so few bytes is made here: to pass it on costs more, because
 * the switch and the receiver have to look where it is.
 */
#define SHORT 2048u

/* Weir's types of segments and virtio's. */
static const struct {
	uint8_t ours;
	uint8_t theirs;
} types[] = {
	{ OFFLOAD_TCP4, VNET_TCP4 },
	{ OFFLOAD_TCP6, VNET_TCP6 },
	{ OFFLOAD_UDP, VNET_UDP },
};
#define TYPES (sizeof(types) / sizeof(types[0]))

bool offload_checksum(uint8_t *frame, size_t len, size_t start, size_t field)
{
	uint16_t sum;

	if (field == SCTP_CHECKSUM || start > len ||
	    field + sizeof(sum) > len - start)
		return false;
	/* The pseudo header's sum in the field is part of the sum. */
	sum = sum_finish(sum_bytes(0, frame + start, len - start));
	memcpy(frame + start + field, &sum, sizeof(sum));
	return true;
}

static bool type_of(const struct vnet_header *h, struct offload *o)
{
	uint8_t theirs = h->type & (uint8_t)~VNET_ECN;

	for (size_t i = 0; i < TYPES; i++) {
		if (types[i].theirs == theirs) {
			o->flags |= types[i].ours;
			o->segment = h->segment;
			return true;
		}
	}
	return theirs == VNET_PLAIN;
}

/* Does the header mean the checksum that the packet has? */
static bool agrees(const struct vnet_header *h, const struct offload_place *at)
{
	return h->start == at->l4 && h->start + h->field == at->field;
}

bool vnet_header_read(const struct vnet_header *h, uint8_t *frame, size_t len,
		      struct offload *o)
{
	struct offload_place at;

	*o = (struct offload){ 0 };
	if (!(h->flags & VNET_NEEDS_CHECKSUM))
		return h->type == VNET_PLAIN;
	if (h->type == VNET_PLAIN && len <= SHORT &&
	    offload_checksum(frame, len, h->start, h->field))
		return true;
	o->flags = OFFLOAD_CHECKSUM;
	if (type_of(h, o) && len <= OFFLOAD_MAX_SEGMENT &&
	    offload_locate(frame, (uint32_t)len, o, &at) && agrees(h, &at))
		return true;
	*o = (struct offload){ 0 };
	return h->type == VNET_PLAIN &&
	       offload_checksum(frame, len, h->start, h->field);
}

void vnet_header_make(struct vnet_header *h, struct offload o,
		      const struct offload_place *at)
{
	*h = (struct vnet_header){
		.flags = VNET_NEEDS_CHECKSUM,
		.start = at->l4,
		.field = (uint16_t)(at->field - at->l4),
	};
	for (size_t i = 0; i < TYPES; i++) {
		if (types[i].ours == (o.flags & OFFLOAD_TYPE)) {
			h->type = types[i].theirs;
			h->segment = o.segment;
			h->header_len = at->payload;
		}
	}
	if (o.flags & OFFLOAD_ECN)
		h->type |= VNET_ECN;
}
