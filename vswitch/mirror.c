/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Capture records: which there are is said in capture.h.
 *
 * A capture is a receiver like any other, only that it gets a record in front of
 * the frame.  One that is slow misses records, which are counted; forwarding
 * takes no notice.
 */
#include "vswitch/mem.h"
#include "vswitch/switch_impl.h"

static void record(struct vswitch *sw, unsigned int capture, unsigned int src,
		   const struct slot *s, struct capture_record r)
{
	struct port *c = &sw->port[capture];
	enum vswitch_reason why;
	uint64_t offset;

	if (!bit_in(sw->up, capture))
		return;
	why = s->frame.len > c->config.max_frame
		      ? REASON_TOO_BIG
		      : egress_take(sw, capture, &offset);
	if (why != REASON_NONE) {
		c->stats->mirror_missed++;
		return;
	}
	r.time_ns = sw->now_ns;
	r.len = s->frame.len;
	memcpy(c->out.data + offset, &r, sizeof(r));
	frame_copy(c->out.data + offset + CAPTURE_HEADROOM, s,
		   sw->port[src].in.data);
	egress_put(sw, capture, offset,
		   (uint16_t)(CAPTURE_HEADROOM + s->frame.len));
	c->stats->out_frames++;
	c->stats->out_bytes += s->frame.len;
}

void mirror_in(struct vswitch *sw, unsigned int src, const struct slot *s)
{
	struct capture_record r = {
		.port = (uint16_t)src,
		.peer = CAPTURE_NO_PORT,
		.direction = CAPTURE_IN,
		.reason = REASON_NONE,
	};

	for (uint64_t todo = sw->captures; todo;) {
		unsigned int c = bit_pop(&todo);

		if (bit_in(sw->port[c].config.capture_of, src))
			record(sw, c, src, s, r);
	}
}

void mirror_out(struct vswitch *sw, unsigned int src, unsigned int dst,
		const struct slot *s)
{
	struct capture_record r = {
		.port = (uint16_t)dst,
		.peer = (uint16_t)src,
		.direction = CAPTURE_OUT,
		.reason = REASON_NONE,
	};

	for (uint64_t todo = sw->captures; todo;) {
		unsigned int c = bit_pop(&todo);

		if (bit_in(sw->port[c].config.capture_of, dst))
			record(sw, c, src, s, r);
	}
}

void mirror_refused(struct vswitch *sw, unsigned int src, unsigned int dst,
		    const struct slot *s, enum vswitch_reason reason)
{
	struct capture_record in = {
		.port = (uint16_t)src,
		.peer = (uint16_t)dst,
		.direction = CAPTURE_IN,
		.reason = (uint8_t)reason,
	};
	struct capture_record out = {
		.port = (uint16_t)dst,
		.peer = (uint16_t)src,
		.direction = CAPTURE_OUT,
		.reason = (uint8_t)reason,
	};

	for (uint64_t todo = sw->captures; todo;) {
		unsigned int c = bit_pop(&todo);
		const struct vswitch_port_config *config = &sw->port[c].config;

		if (!config->capture_drops)
			continue;
		if (bit_in(config->capture_of, src))
			record(sw, c, src, s, in);
		else if (dst != CAPTURE_NO_PORT &&
			 bit_in(config->capture_of, dst))
			record(sw, c, src, s, out);
	}
}
