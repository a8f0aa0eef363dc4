/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/oracle.h"

#include <pcap/pcap.h>
#include <string.h>

/* --- the table ---------------------------------------------------------- */

static bool expired(const struct oracle *o, const struct oracle_entry *e,
		    uint32_t now)
{
	return !e->is_static && now - e->seen >= o->ageing;
}

struct oracle_entry *oracle_find(struct oracle *o, uint64_t mac, uint16_t vlan,
				 uint32_t now)
{
	for (unsigned int i = 0; i < o->entries; i++) {
		struct oracle_entry *e = &o->entry[i];

		if (e->mac == mac && e->vlan == vlan && !expired(o, e, now))
			return e;
	}
	return NULL;
}

void oracle_forget(struct oracle *o, struct oracle_entry *e)
{
	if (e)
		*e = o->entry[--o->entries];
}

void oracle_flush_port(struct oracle *o, unsigned int port)
{
	for (unsigned int i = o->entries; i-- > 0;)
		if (o->entry[i].port == port && !o->entry[i].is_static)
			oracle_forget(o, &o->entry[i]);
}

static void forget_expired(struct oracle *o, uint32_t now)
{
	for (unsigned int i = o->entries; i-- > 0;)
		if (expired(o, &o->entry[i], now))
			oracle_forget(o, &o->entry[i]);
}

void oracle_add_static(struct oracle *o, uint64_t mac, uint16_t vlan,
		       unsigned int port, uint32_t now)
{
	forget_expired(o, now);
	oracle_forget(o, oracle_find(o, mac, vlan, now));
	o->entry[o->entries++] = (struct oracle_entry){
		.mac = mac, .vlan = vlan, .port = port, .is_static = true
	};
}

/* The port with the most dynamic entries, the lowest among equals; or -1. */
static int greediest_port(const struct oracle *o)
{
	unsigned int count[MAX_PORTS] = { 0 };
	int port = -1;

	for (unsigned int i = 0; i < o->entries; i++)
		if (!o->entry[i].is_static)
			count[o->entry[i].port]++;
	for (int p = 0; p < (int)MAX_PORTS; p++)
		if (count[p] > (port < 0 ? 0 : count[port]))
			port = p;
	return port;
}

/* A port's entry longest unseen. */
static struct oracle_entry *oldest_of(struct oracle *o, unsigned int port)
{
	struct oracle_entry *oldest = NULL;

	for (unsigned int i = 0; i < o->entries; i++) {
		struct oracle_entry *e = &o->entry[i];

		if (!e->is_static && e->port == port &&
		    (oldest == NULL || e->order < oldest->order))
			oldest = e;
	}
	return oldest;
}

static bool make_room(struct oracle *o, struct fdb_effect *effect)
{
	struct oracle_entry *victim;
	int port = greediest_port(o);

	if (o->entries < o->capacity)
		return true;
	if (port < 0)
		return false;
	victim = oldest_of(o, (unsigned int)port);
	effect->evicted = true;
	effect->evicted_mac = victim->mac;
	effect->evicted_vlan = victim->vlan;
	o->evicted++;
	oracle_forget(o, victim);
	return true;
}

static struct fdb_effect learn(struct oracle *o, uint64_t mac, uint16_t vlan,
			       unsigned int port, uint32_t now)
{
	struct fdb_effect effect = { FDB_REFRESHED, .was = FDB_NO_PORT };
	struct oracle_entry *e = oracle_find(o, mac, vlan, now);

	if (e == NULL) {
		forget_expired(o, now);
		if (!make_room(o, &effect)) {
			effect.outcome = FDB_FULL;
			o->not_learned++;
			return effect;
		}
		effect.outcome = FDB_LEARNED;
		o->learned++;
		e = &o->entry[o->entries++];
		*e = (struct oracle_entry){ .seen = now - 1 };
	} else if (e->port != port) {
		effect.was = (int)e->port;
		effect.outcome = FDB_PINNED;
		if (e->is_static || e->sticky)
			return effect;
		effect.outcome = FDB_MOVED;
		o->moved++;
	}
	if (effect.outcome == FDB_REFRESHED && e->is_static)
		return effect;
	if (effect.outcome == FDB_MOVED || e->seen != now)
		e->order = ++o->order;
	e->mac = mac;
	e->vlan = vlan;
	e->port = port;
	e->seen = now;
	e->is_static = false;
	e->sticky = o->port[port].sticky;
	return effect;
}

/* --- captures ----------------------------------------------------------- */

static void record(struct oracle *o, struct oracle_result *r, unsigned int port,
		   unsigned int peer, enum capture_direction direction,
		   enum vswitch_reason reason)
{
	for (unsigned int c = 0; c < MAX_PORTS; c++) {
		if (!o->port[c].capture || !(o->port[c].capture_of >> port & 1))
			continue;
		if (reason != REASON_NONE && !o->port[c].capture_drops)
			continue;
		r->record[r->records++] = (struct oracle_record){ c, port, peer,
								  direction,
								  reason };
	}
}

/* A refused pair is one record: at the source if watched, else at the other. */
static void record_refusal(struct oracle *o, struct oracle_result *r,
			   unsigned int src, unsigned int dst,
			   enum vswitch_reason reason)
{
	for (unsigned int c = 0; c < MAX_PORTS; c++) {
		const struct oracle_port *p = &o->port[c];

		if (!p->capture || !p->capture_drops)
			continue;
		if (p->capture_of >> src & 1)
			r->record[r->records++] =
				(struct oracle_record){ c, src, dst, CAPTURE_IN,
							reason };
		else if (dst != CAPTURE_NO_PORT && p->capture_of >> dst & 1)
			r->record[r->records++] =
				(struct oracle_record){ c, dst, src,
							CAPTURE_OUT, reason };
	}
}

/* --- the path of a frame ------------------------------------------------ */

static uint16_t be16(const uint8_t *p)
{
	return (uint16_t)(p[0] * 256 + p[1]);
}

static uint64_t mac_at(const uint8_t *p)
{
	uint64_t mac = 0;

	for (int i = 0; i < 6; i++)
		mac = mac * 256 + p[i];
	return mac;
}

/* The VLAN of a frame, -1 if its tag is no good. */
static int vlan_of(const uint8_t *bytes, uint16_t len)
{
	uint16_t type = be16(bytes + 12);

	if (type != 0x8100 && type != 0x88a8)
		return 0;
	if (len < 18 || be16(bytes + 14) % 4096 == 4095)
		return -1;
	return be16(bytes + 14) % 4096;
}

/* What is wrong with a frame's length or its offload data. */
static enum vswitch_reason judge_descriptor(const struct oracle_port *p,
					    const uint8_t *bytes, uint16_t len,
					    const struct oracle_offload *off)
{
	bool segment = p->offload && off->o.flags & OFFLOAD_TYPE;
	bool some = p->offload && (off->o.flags || off->o.segment);

	if (bytes == NULL)
		return REASON_BAD_BUFFER;
	if (len < 14)
		return REASON_RUNT;
	if (len > (segment && p->max_segment ? p->max_segment : p->max_frame))
		return REASON_OVERSIZE;
	if (some && (!off->legal || (segment && p->max_segment == 0)))
		return REASON_BAD_OFFLOAD;
	return REASON_NONE;
}

bool oracle_whole(const struct oracle_port *p, const struct oracle_offload *off,
		  uint16_t len)
{
	static const uint32_t takes[] = { 0, OFFLOAD_TAKES_TCP4,
					  OFFLOAD_TAKES_TCP6,
					  OFFLOAD_TAKES_UDP };
	unsigned int type = (off->o.flags & OFFLOAD_TYPE) / 2;

	if (off->o.flags == 0)
		return true;
	if (!(p->offload & OFFLOAD_PORT) ||
	    !(p->offload & OFFLOAD_TAKES_CHECKSUM))
		return false;
	if (off->o.flags & OFFLOAD_ECN && !(p->offload & OFFLOAD_TAKES_ECN))
		return false;
	if (type == 0)
		return len <= p->max_frame;
	return p->offload & takes[type] && len <= p->max_segment;
}

/* Everything up to learning. */
static enum vswitch_reason admit(struct oracle *o, unsigned int src,
				 const uint8_t *bytes, uint16_t len,
				 const struct oracle_offload *off)
{
	enum vswitch_reason why =
		judge_descriptor(&o->port[src], bytes, len, off);
	const struct oracle_port *p = &o->port[src];
	uint64_t from;

	if (why != REASON_NONE)
		return why;
	if (mac_at(bytes) / 16 == 0x0180c200000 && !p->forward_reserved)
		return REASON_RESERVED;
	if (vlan_of(bytes, len) < 0)
		return REASON_VLAN;
	from = mac_at(bytes + 6);
	if (from == 0 || bytes[6] % 2 == 1)
		return REASON_BAD_SOURCE;
	if (p->locked && p->locked_mac != from && p->other_mac != from)
		return REASON_MAC_LOCK;
	if (mac_at(bytes) == from)
		return REASON_SAME_PORT;
	return REASON_NONE;
}

/* Can anybody be reached there? */
static bool is_open(const struct oracle *o, unsigned int port)
{
	return o->port[port].exists && o->port[port].up &&
	       !o->port[port].capture;
}

/* How many rules there are for a pair. */
static unsigned int rules_of(const struct oracle *o, unsigned int src,
			     unsigned int dst)
{
	return o->rules ? o->rules->pair[src][dst].n : 0;
}

static const struct policy_rule *rule_at(const struct oracle *o,
					 unsigned int src, unsigned int dst,
					 unsigned int i)
{
	return &o->rules->rule[o->rules->entry[o->rules->pair[src][dst].first +
					       i]];
}

/* May anything go from one to the other? */
static bool is_reached(const struct oracle *o, unsigned int src,
		       unsigned int dst)
{
	unsigned int n = rules_of(o, src, dst);

	for (unsigned int i = 0; i < n; i++)
		if (rule_at(o, src, dst, i)->action == POLICY_ALLOW)
			return true;
	return n == 0 && o->port[src].allow >> dst & 1;
}

/* The first that matches, as libpcap sees it. */
static enum vswitch_reason ask_rules(const struct oracle *o, unsigned int src,
				     unsigned int dst, const uint8_t *bytes,
				     uint16_t len)
{
	uint16_t seen = len < o->snap[src] ? len : o->snap[src];

	for (unsigned int i = 0; i < rules_of(o, src, dst); i++) {
		const struct policy_rule *r = rule_at(o, src, dst, i);
		const struct cbpf_insn *insn = o->rules->insn + r->first;

		if (r->n == 0 ||
		    bpf_filter((const struct bpf_insn *)insn, bytes, len, seen))
			return r->action == POLICY_ALLOW ? REASON_NONE
							 : REASON_DENIED;
	}
	return REASON_NO_RULE;
}

static enum vswitch_reason listed(const struct oracle *o, unsigned int src,
				  unsigned int dst, const uint8_t *bytes,
				  uint16_t len)
{
	if (rules_of(o, src, dst) > 0)
		return ask_rules(o, src, dst, bytes, len);
	return o->port[src].allow >> dst & 1 ? REASON_NONE : REASON_NOT_ALLOWED;
}

/* One destination; a receiver without a buffer is another matter. */
static enum vswitch_reason offer(struct oracle *o, unsigned int src,
				 unsigned int dst, const uint8_t *bytes,
				 uint16_t len, const struct oracle_offload *off)
{
	enum vswitch_reason why = listed(o, src, dst, bytes, len);

	if (why != REASON_NONE)
		return why;
	if (o->refuse && o->refuse(bytes, len, src, dst))
		return REASON_POLICY;
	if (!is_open(o, dst))
		return REASON_PORT_DOWN;
	if (off->longest > o->port[dst].max_frame)
		return REASON_TOO_BIG;
	return REASON_NONE;
}

static void drop(struct oracle *o, struct oracle_result *r, unsigned int src,
		 unsigned int dst, enum vswitch_reason reason)
{
	bool out = reason == REASON_PORT_DOWN || reason == REASON_TOO_BIG ||
		   reason == REASON_NO_BUFFER;

	o->port[out ? dst : src].drops[reason]++;
	/* What is no frame is counted and not shown. */
	if (reason > REASON_OVERSIZE && reason != REASON_BAD_OFFLOAD)
		record_refusal(o, r, src, dst, reason);
}

static void resolve(struct oracle *o, struct vswitch_verdict *v,
		    unsigned int src, const uint8_t *bytes, uint16_t len,
		    uint32_t now)
{
	const struct oracle_entry *e = NULL;
	uint64_t dst = mac_at(bytes);

	if (bytes[0] % 2 == 0)
		e = oracle_find(o, dst, (uint16_t)vlan_of(bytes, len), now);
	if (e) {
		v->resolution = RESOLVED_UNICAST;
		v->out = (int)e->port;
		v->candidates = 1ull << e->port & ~(1ull << src);
		return;
	}
	v->resolution = bytes[0] % 2 == 0	   ? RESOLVED_UNKNOWN
			: dst == 0xffffffffffffull ? RESOLVED_BROADCAST
						   : RESOLVED_MULTICAST;
	for (unsigned int d = 0; d < MAX_PORTS; d++)
		if (d != src && is_reached(o, src, d) && is_open(o, d) &&
		    (bytes[0] % 2 == 1 || !o->port[d].known_only))
			v->candidates |= 1ull << d;
}

/* Sort the candidates, charge the refusals. */
static void offer_all(struct oracle *o, struct oracle_result *r,
		      unsigned int src, const uint8_t *bytes, uint16_t len,
		      const struct oracle_offload *off)
{
	struct vswitch_verdict *v = &r->verdict;
	enum vswitch_reason first = v->resolution == RESOLVED_UNICAST
					    ? REASON_SAME_PORT
					    : REASON_NO_DESTINATION;
	enum vswitch_reason none = first;

	for (unsigned int d = 0; d < MAX_PORTS; d++) {
		enum vswitch_reason why;

		if (!(v->candidates >> d & 1))
			continue;
		why = offer(o, src, d, bytes, len, off);
		if (why == REASON_NONE) {
			v->deliver |= 1ull << d;
			continue;
		}
		v->refused |= 1ull << d;
		v->refusal[d] = (uint8_t)why;
		if (first == none)
			first = why;
		drop(o, r, src, d, why);
	}
	if (v->deliver == 0)
		v->reason = first;
	if (v->candidates == 0)
		drop(o, r, src, CAPTURE_NO_PORT, none);
}

static void copy_to(struct oracle *o, struct oracle_result *r, unsigned int src,
		    unsigned int dst, uint16_t len,
		    const struct oracle_offload *off)
{
	struct oracle_port *p = &o->port[dst];
	bool whole = oracle_whole(p, off, len);
	uint32_t frames = whole ? 1 : off->frames;

	if (p->buffers < frames) {
		drop(o, r, src, dst, REASON_NO_BUFFER);
		return;
	}
	p->buffers -= frames;
	p->out_frames += frames;
	p->out_bytes += whole ? len : off->bytes;
	r->copied |= 1ull << dst;
	record(o, r, dst, src, CAPTURE_OUT, REASON_NONE);
}

void oracle_frame(struct oracle *o, unsigned int src, const uint8_t *bytes,
		  uint16_t len, const struct oracle_offload *off, uint32_t now,
		  struct oracle_result *r)
{
	struct vswitch_verdict *v = &r->verdict;

	memset(r, 0, sizeof(*r));
	v->out = FDB_NO_PORT;
	v->reason = admit(o, src, bytes, len, off);
	o->port[src].in_frames++;
	if (bytes)
		o->port[src].in_bytes += len;
	if (v->reason == REASON_NONE) {
		v->looked_up = true;
		v->learned = learn(o, mac_at(bytes + 6),
				   (uint16_t)vlan_of(bytes, len), src, now);
		if (v->learned.outcome == FDB_PINNED)
			v->reason = REASON_STATION_PINNED;
	}
	if (v->reason != REASON_NONE) {
		drop(o, r, src, CAPTURE_NO_PORT, v->reason);
		return;
	}
	resolve(o, v, src, bytes, len, now);
	offer_all(o, r, src, bytes, len, off);
	if (v->reason != REASON_NONE)
		return;
	if (v->resolution != RESOLVED_UNICAST)
		o->flooded++;
	record(o, r, src, CAPTURE_NO_PORT, CAPTURE_IN, REASON_NONE);
	for (unsigned int d = 0; d < MAX_PORTS; d++)
		if (v->deliver >> d & 1)
			copy_to(o, r, src, d, len, off);
}
