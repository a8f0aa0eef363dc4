/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests of clients, as the block virtualiser takes them.
 *
 * A request is taken from its ring only if a response to it has room and it can
 * go on at once: to the driver, or back.  One that cannot stays where it is,
 * and with it what is behind it, so there is no second queue.
 */
#include "virt/blk_virt_impl.h"

/* Why a request is refused; BLK_VIRT_REASON_COUNT if it is not. */
static enum blk_virt_reason check(const struct blk_virt *v,
				  const struct bv_client *c,
				  const struct blk_request *r)
{
	uint64_t size = (uint64_t)r->count << BLK_SHIFT;
	bool data = r->code == BLK_READ || r->code == BLK_WRITE;

	if (r->code >= BLK_CODES)
		return BLK_VIRT_BAD_CODE;
	if (data && r->count == 0)
		return BLK_VIRT_BAD_COUNT;
	if (data && (r->block >= c->told.blocks ||
		     r->count > c->told.blocks - r->block))
		return BLK_VIRT_OUTSIDE;
	if (r->code == BLK_WRITE && c->told.read_only)
		return BLK_VIRT_READ_ONLY;
	if (data && (r->io_or_offset % BLK_SIZE != 0 ||
		     r->io_or_offset >= c->data_size ||
		     size > c->data_size - r->io_or_offset))
		return BLK_VIRT_BAD_BUFFER;
	if (bv_slot_find(v, c, r->id))
		return BLK_VIRT_ID_IN_USE;
	return BLK_VIRT_REASON_COUNT;
}

/* Does a request that is not refused have to wait for the driver? */
static bool has_to_wait(struct blk_virt *v, const struct bv_client *c,
			const struct blk_request *r)
{
	if (r->code == BLK_BARRIER)
		return c->peer.outstanding > 0;
	if (r->code == BLK_FLUSH && c->writes > 0)
		return true;
	if (r->code == BLK_FLUSH && c->lost)
		return false;
	if (c->peer.outstanding >= v->share)
		return true;
	/* One request alone always goes, and fits: check() saw to that. */
	if (c->blocks + (r->code == BLK_FLUSH ? 0u : r->count) > c->data_size >>
	    BLK_SHIFT)
		return true;
	return !bv_is_up(&v->driver) ||
	       bv_checked(v, &v->driver, blk_ring_room(&v->driver.requests)) ==
		       0;
}

void bv_answer(struct bv_client *c, uint32_t id, enum blk_status status,
	       uint16_t count)
{
	const struct blk_response r = {
		.status = status,
		.success_count = count,
		.id = id,
	};

	blk_response_put(&c->peer.responses, &r);
	c->peer.dirty = true;
}

static void refuse(struct bv_client *c, const struct blk_request *r,
		   enum blk_virt_reason why, enum blk_status status)
{
	bv_refuse(&c->peer, why);
	bv_answer(c, r->id, status, 0);
}

/* Is its part out of reach, so that requests are refused and not kept? */
static bool is_cut_off(const struct blk_virt *v, const struct bv_client *c)
{
	return c->peer.state == BLK_VIRT_REFUSED ||
	       (c->peer.state == BLK_VIRT_WAITING && !v->retry &&
		c->told.why == BLK_PART_OK);
}

/* One request; false if it has to wait. */
static bool take(struct blk_virt *v, struct bv_client *c,
		 const struct blk_request *r)
{
	enum blk_virt_reason why;

	if (is_cut_off(v, c)) {
		refuse(c, r, BLK_VIRT_NO_DISK, BLK_ERROR_NO_DEVICE);
		return true;
	}
	why = check(v, c, r);
	if (why != BLK_VIRT_REASON_COUNT) {
		refuse(c, r, why, BLK_ERROR_PARAMETER);
		return true;
	}
	if (has_to_wait(v, c, r))
		return false;
	c->peer.stats->requests[r->code]++;
	if (r->code == BLK_BARRIER) {
		bv_answer(c, r->id, BLK_OK, 0);
	} else if (r->code == BLK_FLUSH && c->lost) {
		c->lost = false;
		c->peer.stats->errors++;
		bv_answer(c, r->id, BLK_ERROR_IO, 0);
	} else {
		bv_slot_send(v, bv_slot_take(v, c, r));
	}
	return true;
}

/* Requests that may be taken now, as far as rings are concerned. */
static uint32_t pending(struct blk_virt *v, struct bv_client *c)
{
	struct bv_peer *p = &c->peer;
	uint32_t n, room, kept;

	if (!bv_is_up(p) && !is_cut_off(v, c))
		return 0;
	if (atomic_load_explicit(&p->q.requests->plugged,
				 memory_order_relaxed) != 0)
		return 0;
	n = bv_checked(v, p, blk_ring_pending(&p->requests));
	if (n == 0)
		return 0;
	/* Room is kept for the responses that are still to come. */
	room = bv_checked(v, p, blk_ring_room(&p->responses));
	kept = p->outstanding;
	room = room > kept ? room - kept : 0;
	return n < room ? n : room;
}

bool bv_serve(struct blk_virt *v, struct bv_client *c)
{
	uint32_t n = pending(v, c);
	uint32_t taken = 0, blocks = 0;
	bool waits = false;

	while (taken < n && taken < BLK_VIRT_TURN_REQUESTS &&
	       blocks < BLK_VIRT_TURN_BLOCKS) {
		struct blk_request r =
			blk_request_peek(&c->peer.requests, taken);

		waits = !take(v, c, &r);
		if (waits)
			break;
		taken++;
		blocks += r.count;
	}
	if (taken > 0)
		blk_ring_release(&c->peer.requests, taken);
	return taken < n && !waits;
}

bool bv_could_serve(struct blk_virt *v, struct bv_client *c)
{
	struct blk_request r;

	if (pending(v, c) == 0)
		return false;
	r = blk_request_peek(&c->peer.requests, 0);
	return is_cut_off(v, c) || check(v, c, &r) != BLK_VIRT_REASON_COUNT ||
	       !has_to_wait(v, c, &r);
}
