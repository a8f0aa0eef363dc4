/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Flows: what begins, continues and answers one, and how long it lives.
 *
 *		OPENED		ANSWERED	CLOSING
 *	TCP	first segment	first answer	a RST, or a FIN both ways
 *	others	first frame	first answer	-
 *
 * A SYN from the initiator begins a TCP flow anew, in any state.  In CLOSING,
 * segments still pass both ways and each one prolongs the flow: a forged RST,
 * which the other end ignores, must not cut a connection.
 */
#include "policy/flow_impl.h"
#include "base/bits.h"

/* Which ends have sent a FIN, in struct flow_record. */
#define FIN_INITIATOR 1u
#define FIN_OTHER 2u
#define FIN_BOTH 3u

#define REDIRECT 5u

/* --- lives and states -------------------------------------------------- */

static enum flow_life life_of_tcp(enum flow_state state)
{
	switch (state) {
	case FLOW_OPENED:
		return FLOW_LIFE_ASKED;
	case FLOW_ANSWERED:
		return FLOW_LIFE_CONNECTION;
	default:
		return FLOW_LIFE_BRIEF;
	}
}

/*
 * A neighbour must be able to ask back for as long as any flow lives.  It may
 * not be asked again in that time: a connection confirms the neighbour's
 * address to its ends (RFC 4861 section 7.3.1), but not to a router.
 */
static enum flow_life life_of_neighbour(enum flow_state state)
{
	return state == FLOW_OPENED ? FLOW_LIFE_ASKED : FLOW_LIFE_CONNECTION;
}

static enum flow_life life_of(const struct flow_key *key, enum flow_state state)
{
	unsigned int protocol = flow_key_protocol(key);
	unsigned int request = flow_key_request(key);

	if (flow_key_use(key) == FLOW_USE_PART)
		return FLOW_LIFE_BRIEF;
	if (protocol == PACKET_TCP)
		return life_of_tcp(state);
	if (protocol == PACKET_UDP)
		return state == FLOW_OPENED ? FLOW_LIFE_BRIEF
					    : FLOW_LIFE_DATAGRAMS;
	if (flow_key_kind(key) == PACKET_ARP || request == FLOW_ASK)
		return life_of_neighbour(state);
	if (state == FLOW_OPENED)
		return request ? FLOW_LIFE_ASKED : FLOW_LIFE_OFFERED;
	return request ? FLOW_LIFE_ECHO : FLOW_LIFE_OTHER;
}

static void follow_tcp(struct flow_record *r, unsigned int flags,
		       unsigned int fin)
{
	if (flags & PACKET_FIN)
		r->fins |= (uint8_t)fin;
	if (flags & PACKET_RST || r->fins == FIN_BOTH)
		r->state = FLOW_CLOSING;
}

/* The initiator has sent a frame. */
static void follow_sent(struct flow_record *r, const struct packet *p)
{
	if (!p->flagged)
		return;
	if ((p->tcp_flags & (PACKET_SYN | PACKET_ACK)) == PACKET_SYN) {
		r->state = FLOW_OPENED;
		r->fins = 0;
	}
	follow_tcp(r, p->tcp_flags, FIN_INITIATOR);
}

/* The other end has answered. */
static void follow_answer(struct flow_record *r, const struct packet *p)
{
	if (r->state == FLOW_OPENED)
		r->state = FLOW_ANSWERED;
	if (p->flagged)
		follow_tcp(r, p->tcp_flags, FIN_OTHER);
}

/* Return: as flow_touch(). */
static bool touch(struct flow_table *t, uint32_t slot, uint32_t now)
{
	const struct flow_record *r = &t->record[slot];

	return flow_touch(t, slot, life_of(&r->key, r->state), now);
}

/* --- asking ------------------------------------------------------------ */

static bool hit_slot(const struct flow_table *t, uint32_t slot, bool related,
		     struct flow_hit *hit)
{
	const struct flow_record *r = &t->record[slot];

	*hit = (struct flow_hit){
		.slot = slot,
		.rule = r->rule,
		.generation = r->generation,
		.related = related,
	};
	return true;
}

/* A fragment that touches the data of the first could rewrite its headers. */
static bool answers_part(const struct flow_table *t, const struct packet *p,
			 const struct flow_path *path, uint32_t now,
			 struct flow_hit *hit)
{
	struct flow_key key = flow_key_part(p, path);
	uint32_t slot = flow_find(t, &key, now);

	return slot != FLOW_NO_SLOT && p->frag_at >= t->record[slot].behind &&
	       hit_slot(t, slot, true, hit);
}

/*
 * An error quotes a packet of the initiator's and goes to that packet's source.
 * A redirect is not an error: it tells the initiator where to send.
 */
static bool answers_error(const struct flow_table *t, const struct frame *frame,
			  const struct packet *p, const struct flow_path *path,
			  uint32_t now, struct flow_hit *hit)
{
	struct flow_path sent = { path->vlan, path->dst, path->src };
	struct packet inner;
	struct flow_talk talk;
	struct flow_key key;
	uint32_t slot;

	if (p->fragment || !packet_is_tight(frame, p) ||
	    (p->kind == PACKET_IPV4 && p->icmp_type == REDIRECT) ||
	    !packet_parse_inner(frame, p, &inner) ||
	    !ip_same(&inner.src, &p->dst) || !flow_read(&inner, &talk))
		return false;
	key = flow_key_sent(&talk, &sent);
	slot = flow_find(t, &key, now);
	return slot != FLOW_NO_SLOT && hit_slot(t, slot, true, hit);
}

/*
 * The flow that address resolution answers, or FLOW_NO_SLOT.  A packet to all
 * may answer a probe, or be an announcement.
 */
static uint32_t find_asked(const struct flow_table *t,
			   const struct flow_talk *talk,
			   const struct flow_path *path, uint32_t now)
{
	struct flow_key key = flow_key_answer(talk, path);
	uint32_t slot = flow_find(t, &key, now);
	struct flow_talk to_all = *talk;

	if (slot != FLOW_NO_SLOT || !flow_is_nobody(&talk->other))
		return slot;
	to_all.other = FLOW_ANYBODY;
	key = flow_key_answer(&to_all, path);
	return flow_find(t, &key, now);
}

/* By which rule the initiator could ask does not matter. */
static bool resolves(const struct flow_table *t, const struct frame *frame,
		     const struct packet *p, const struct flow_talk *talk,
		     const struct flow_path *path, uint32_t now,
		     struct flow_hit *hit)
{
	uint32_t slot;

	if (!packet_resolves(frame, p))
		return false;
	slot = find_asked(t, talk, path, now);
	*hit = (struct flow_hit){ .slot = slot, .resolves = true };
	return flow_may_resolve(t, talk, path, slot, now);
}

bool flow_answers(const struct flow_table *t, const struct frame *frame,
		  const struct packet *p, const struct flow_path *path,
		  uint32_t now, struct flow_hit *hit)
{
	struct flow_talk talk;
	struct flow_key key;
	uint32_t slot;

	if ((t->age.held[path->dst] | t->ends->age.held[path->dst]) == 0 ||
	    p->flaw != PACKET_SOUND)
		return false;
	if (p->later)
		return answers_part(t, p, path, now, hit);
	if (!flow_read(p, &talk))
		return p->icmp && answers_error(t, frame, p, path, now, hit);
	if (talk.resolves)
		return resolves(t, frame, p, &talk, path, now, hit);
	if (!talk.answers)
		return false;
	key = flow_key_answer(&talk, path);
	slot = flow_find(t, &key, now);
	return slot != FLOW_NO_SLOT && hit_slot(t, slot, false, hit);
}

/* --- writing down ------------------------------------------------------ */

/* The addresses that the initiator uses and asks for. */
static void note_sent(struct flow_table *t, const struct flow_talk *talk,
		      const struct flow_path *path, uint32_t slot, uint32_t now)
{
	const struct flow_record *r = &t->record[slot];

	flow_note_own(t, &talk->own, path, (enum flow_life)r->life, true, now);
	if (talk->resolves && talk->asks && !flow_key_probes(&r->key))
		flow_note_asked(t, &talk->other, path, now);
}

void flow_opened(struct flow_table *t, const struct packet *p,
		 const struct flow_path *path, uint32_t rule,
		 uint32_t generation, uint32_t now)
{
	struct flow_talk talk;
	struct flow_key key;
	bool news = false;
	uint32_t slot;

	if (p->flaw != PACKET_SOUND || !flow_read(p, &talk))
		return;
	key = flow_key_sent(&talk, path);
	slot = flow_find(t, &key, now);
	if (slot == FLOW_NO_SLOT) {
		if (!talk.begins)
			return;
		slot = flow_make(t, &key, life_of(&key, FLOW_OPENED), now);
		news = true;
	}
	t->record[slot].rule = rule;
	t->record[slot].generation = generation;
	follow_sent(&t->record[slot], p);
	/* At most once a second, however busy the flow is. */
	if (touch(t, slot, now) || news)
		note_sent(t, &talk, path, slot, now);
}

/*
 * Remember the first fragment of an answer; it counts as an entry of the
 * initiator. Several first fragments may have the same identification: later
 * ones must not overlap the longest.
 */
static void remember_part(struct flow_table *t, const struct packet *p,
			  const struct flow_path *path,
			  const struct flow_hit *hit, uint32_t generation,
			  uint32_t now)
{
	struct flow_key key = flow_key_part(p, path);
	uint32_t slot = flow_find(t, &key, now);

	if (slot == FLOW_NO_SLOT)
		slot = flow_make(t, &key, FLOW_LIFE_BRIEF, now);
	if (p->frag_len > t->record[slot].behind)
		t->record[slot].behind = p->frag_len;
	t->record[slot].rule = hit->rule;
	t->record[slot].generation = generation;
	touch(t, slot, now);
}

/* Does the slot still hold the flow that the packet answers? */
static bool is_at(const struct flow_table *t, uint32_t slot,
		  const struct packet *p, const struct flow_path *path)
{
	struct flow_talk talk;
	struct flow_key key;

	if (p->later)
		key = flow_key_part(p, path);
	else if (flow_read(p, &talk))
		key = flow_key_answer(&talk, path);
	else
		return false;
	return flow_key_same(&t->record[slot].key, &key);
}

/* The address that was asked for is at this port. */
static void resolved(struct flow_table *t, const struct packet *p,
		     const struct flow_path *path, uint32_t now)
{
	struct flow_talk talk;
	uint32_t slot;

	if (!flow_read(p, &talk))
		return;
	slot = find_asked(t, &talk, path, now);
	if (slot == FLOW_NO_SLOT)
		return;
	follow_answer(&t->record[slot], p);
	touch(t, slot, now);
	if (!flow_key_probes(&t->record[slot].key))
		flow_note_near(t, &talk.own, path, true, now);
}

/* An answer shows that both addresses are where they seem to be. */
static void note_ends(struct flow_table *t, const struct packet *p,
		      const struct flow_path *path, uint32_t slot, uint32_t now)
{
	const struct flow_path sent = { path->vlan, path->dst, path->src };

	flow_note_own(t, &p->dst, &sent, (enum flow_life)t->record[slot].life,
		      false, now);
	flow_note_near(t, &p->src, path, false, now);
}

void flow_answered(struct flow_table *t, const struct packet *p,
		   const struct flow_path *path, const struct flow_hit *hit,
		   uint32_t generation, uint32_t now)
{
	struct flow_record *r;

	if (hit->resolves) {
		resolved(t, p, path, now);
		return;
	}
	r = &t->record[hit->slot];
	if (!flow_lives(t, hit->slot, now) || r->rule != hit->rule)
		return;
	r->generation = generation;
	/* An error does not change the state of the flow. */
	if (!is_at(t, hit->slot, p, path))
		return;
	follow_answer(r, p);
	if (touch(t, hit->slot, now) && !p->later)
		note_ends(t, p, path, hit->slot, now);
	if (p->fragment && !p->later)
		remember_part(t, p, path, hit, generation, now);
}
