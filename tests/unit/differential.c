/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The switch against the oracle: random worlds, random frames, the same
 * deliveries, reasons, counters and capture records, byte by byte.
 *
 * vswitch_trace() is asked about single frames first and must say what
 * forwarding then does.  Other frames go in bursts.  In most worlds the bursts
 * are of one port, and the switch is judged by its deliveries, counters and
 * records alone: a tap would keep frames off the short path.  In every fourth
 * world the bursts are of many ports at once; the order in which the switch
 * takes them is its own, and the oracle follows it, told by the switch's tap.
 *
 * A failure names the seed; WEIR_TEST_SEED=N runs that world alone, and
 * WEIR_TEST_FRAMES=N runs that many frames instead of the usual number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/differential.h"
#include "tests/unit/world.h"

#define FRAMES 300000u
#define FRAMES_PER_WORLD 1500u

#define REQUIRE(w, condition, ...)                                             \
	do {                                                                   \
		if (!(condition)) {                                            \
			print_error("seed %u, frame %lu: ", (w)->seed,         \
				    (unsigned long)(w)->frames);               \
			print_error(__VA_ARGS__);                              \
			fail_msg(" (" #condition ")");                         \
		}                                                              \
	} while (0)

/* --- decisions ---------------------------------------------------------- */

static void same_learning(struct world *w, const char *who,
			  const struct fdb_effect *a,
			  const struct fdb_effect *b)
{
	REQUIRE(w, a->outcome == b->outcome, "%s learned %d, not %d", who,
		(int)a->outcome, (int)b->outcome);
	REQUIRE(w, a->was == b->was, "%s was %d, not %d", who, a->was, b->was);
	REQUIRE(w, a->evicted == b->evicted, "%s evicted", who);
	if (a->evicted)
		REQUIRE(w,
			a->evicted_mac == b->evicted_mac &&
				a->evicted_vlan == b->evicted_vlan,
			"%s evicted another", who);
}

static void same_verdict(struct world *w, const char *who,
			 const struct vswitch_verdict *a,
			 const struct vswitch_verdict *b)
{
	REQUIRE(w, a->reason == b->reason, "%s says %s, not %s", who,
		vswitch_reason_key(a->reason), vswitch_reason_key(b->reason));
	REQUIRE(w, a->resolution == b->resolution, "%s resolves %d, not %d",
		who, (int)a->resolution, (int)b->resolution);
	REQUIRE(w, a->looked_up == b->looked_up, "%s looked up", who);
	if (a->looked_up)
		same_learning(w, who, &a->learned, &b->learned);
	if (a->resolution == RESOLVED_UNICAST)
		REQUIRE(w, a->out == b->out, "%s sends to %d, not %d", who,
			a->out, b->out);
	REQUIRE(w, a->candidates == b->candidates, "%s: %lx, not %lx", who,
		(unsigned long)a->candidates, (unsigned long)b->candidates);
	REQUIRE(w, a->deliver == b->deliver, "%s: %lx, not %lx", who,
		(unsigned long)a->deliver, (unsigned long)b->deliver);
	REQUIRE(w, a->refused == b->refused, "%s: %lx, not %lx", who,
		(unsigned long)a->refused, (unsigned long)b->refused);
	for (unsigned int i = 0; i < MAX_PORTS; i++)
		if (a->refused >> i & 1)
			REQUIRE(w, a->refusal[i] == b->refusal[i],
				"%s, port %u: %s, not %s", who, i,
				vswitch_reason_key(a->refusal[i]),
				vswitch_reason_key(b->refusal[i]));
}

/* Of a flood, each port is offered the frame or left out with a reason. */
static void nobody_is_forgotten(struct world *w, unsigned int port,
				const struct vswitch_verdict *v)
{
	bool flood = v->resolution > RESOLVED_UNICAST &&
		     v->reason != REASON_STORM;
	uint64_t others = w->ports & ~(1ull << port) & ~v->gone;

	REQUIRE(w, (v->left & v->candidates) == 0, "both offered and left out");
	REQUIRE(w, v->left == (flood ? others & ~v->candidates : 0),
		"%lx are left out", (unsigned long)v->left);
	for (unsigned int i = 0; i < MAX_PORTS; i++)
		if (v->left >> i & 1)
			REQUIRE(w,
				v->refusal[i] != REASON_NONE &&
					v->refusal[i] < REASON_COUNT,
				"port %u is left out without a reason", i);
}

static void owe_record(struct world *w, const struct oracle_record *what,
		       const struct world_frame *f)
{
	struct world_record *r = malloc(sizeof(*r) + WORLD_FRAME);

	assert_non_null(r);
	r->next = w->records;
	r->what = *what;
	r->len = f->len;
	world_shown(f, r->bytes);
	w->records = r;
}

static void same_snapshot(struct world *w, unsigned int port,
			  const struct frame *frame,
			  const struct world_frame *f)
{
	bool some = w->oracle.port[port].offload && f->off.o.flags;
	uint16_t most = some ? FRAME_SNAP_MAX : w->oracle.snap[port];
	uint16_t snap = f->len < most ? f->len : most;

	REQUIRE(w, frame->len == f->len && frame->snap == snap, "snapshot");
	REQUIRE(w, memcmp(frame->bytes, f->bytes, snap) == 0, "snapshot");
	for (unsigned int i = snap; i < FRAME_SNAP; i++)
		REQUIRE(w, frame->bytes[i] == 0, "byte %u", i);
}

/* The oracle decides on the next frame of a port; what is owed is noted. */
static void judge(struct world *w, unsigned int port,
		  struct oracle_result *result)
{
	struct world_frame *f = world_pop(&w->sent[port]);

	w->frames++;
	REQUIRE(w, f != NULL, "port %u sent nothing", port);
	oracle_frame(&w->oracle, port, f->has_buffer ? f->bytes : NULL, f->len,
		     &f->off, world_now(w), result);
	if (w->has_trace) {
		same_verdict(w, "trace", &w->traced, &result->verdict);
		nobody_is_forgotten(w, port, &w->traced);
	}
	w->has_trace = false;
	for (uint64_t set = result->copied; set; set &= set - 1)
		world_owe(w, (unsigned int)__builtin_ctzll(set), f);
	for (unsigned int i = 0; i < result->records; i++)
		owe_record(w, &result->record[i], f);
	free(f);
}

/* The switch has decided on a frame: so does the oracle. */
static void on_decision(void *arg, unsigned int port, const struct frame *frame,
			const struct vswitch_verdict *verdict)
{
	static struct oracle_result result;
	struct world *w = arg;

	if (frame && w->sent[port].first)
		same_snapshot(w, port, frame, w->sent[port].first);
	judge(w, port, &result);
	same_verdict(w, "the switch", verdict, &result.verdict);
	REQUIRE(w,
		(frame == NULL) == (verdict->reason == REASON_BAD_OFFLOAD ||
				    (verdict->reason >= REASON_BAD_BUFFER &&
				     verdict->reason <= REASON_OVERSIZE)),
		"frame");
}

/* --- deliveries --------------------------------------------------------- */

static void check_delivery(struct world *w, unsigned int port, uint32_t buffer,
			   uint16_t len)
{
	struct world_frame *f = world_pop(&w->owed[port]);
	const uint8_t *got = rig_buffer(w->rig, port, buffer);
	uint32_t size = w->rig->port[port].config.egress.buffer_size;

	REQUIRE(w, f != NULL, "port %u got what it was not to get", port);
	REQUIRE(w, len == f->len, "port %u: %u bytes, not %u", port, len,
		f->len);
	REQUIRE(w, memcmp(got, f->bytes, len) == 0, "port %u: content", port);
	REQUIRE(w,
		w->rig->port[port].offload.flags == f->off.o.flags &&
			w->rig->port[port].offload.segment == f->off.o.segment,
		"port %u: offload data", port);
	for (uint32_t i = len; i < size; i++)
		REQUIRE(w, got[i] == RIG_POISON, "port %u: byte %u of %u", port,
			i, len);
	free(f);
}

static void receive_all(struct world *w, uint64_t ports)
{
	for (; ports; ports &= ports - 1) {
		unsigned int port = (unsigned int)__builtin_ctzll(ports);
		uint32_t buffer;
		uint16_t len;

		if (!w->oracle.port[port].up)
			continue;
		while ((buffer = rig_take(w->rig, port, &len)) !=
		       RIG_NO_BUFFER) {
			check_delivery(w, port, buffer, len);
			rig_lend(w->rig, port, buffer);
			w->oracle.port[port].buffers++;
		}
		REQUIRE(w, w->owed[port].first == NULL, "port %u lost a frame",
			port);
	}
}

static struct world_record **find_record(struct world *w, unsigned int capture,
					 const struct capture_record *c,
					 const uint8_t *bytes)
{
	struct world_record **at = &w->records;

	while (*at) {
		const struct world_record *r = *at;

		if (r->what.capture == capture && r->what.port == c->port &&
		    r->what.peer == c->peer &&
		    r->what.direction == (enum capture_direction)c->direction &&
		    r->what.reason == (enum vswitch_reason)c->reason &&
		    r->len == c->len && memcmp(r->bytes, bytes, c->len) == 0)
			return at;
		at = &(*at)->next;
	}
	return NULL;
}

static void check_record(struct world *w, unsigned int capture,
			 const uint8_t *buffer, uint16_t len)
{
	static const uint8_t zero[16];
	const struct capture_record *c = (const void *)buffer;
	struct world_record **at;
	struct world_record *r;

	REQUIRE(w, len == CAPTURE_HEADROOM + c->len, "record of %u bytes", len);
	REQUIRE(w, c->time_ns == w->rig->now, "time");
	REQUIRE(w, memcmp(c->pad, zero, sizeof(c->pad)) == 0, "padding");
	at = find_record(w, capture, c, buffer + CAPTURE_HEADROOM);
	REQUIRE(w, at != NULL,
		"capture %u: unexpected record: port %u peer %u %s %s", capture,
		c->port, c->peer, c->direction == 1 ? "in" : "out",
		vswitch_reason_key(c->reason));
	r = *at;
	*at = r->next;
	free(r);
}

/* What is still owed to a capture is lost: it ran out of buffers. */
static void forgive(struct world *w, unsigned int capture, unsigned int taken)
{
	struct world_record **at = &w->records;

	while (*at) {
		struct world_record *r = *at;

		if (r->what.capture != capture) {
			at = &r->next;
			continue;
		}
		REQUIRE(w, taken == w->rig->port[capture].buffers,
			"capture %u: no record: port %u peer %u %s %s", capture,
			r->what.port, r->what.peer,
			r->what.direction == CAPTURE_IN ? "in" : "out",
			vswitch_reason_key(r->what.reason));
		w->missed[capture]++;
		*at = r->next;
		free(r);
	}
}

static void receive_records(struct world *w)
{
	for (uint64_t set = w->captures; set; set &= set - 1) {
		unsigned int capture = (unsigned int)__builtin_ctzll(set);
		unsigned int taken = 0;
		uint32_t buffer;
		uint16_t len;

		for (; (buffer = rig_take(w->rig, capture, &len)) !=
		       RIG_NO_BUFFER;
		     taken++) {
			check_record(w, capture,
				     rig_buffer(w->rig, capture, buffer), len);
			rig_lend(w->rig, capture, buffer);
		}
		forgive(w, capture, taken);
	}
}

/* --- counters and table ------------------------------------------------- */

static void same_port_counters(struct world *w, unsigned int port)
{
	const struct vswitch_port_stats *s = &w->rig->stats->port[port];
	const struct oracle_port *o = &w->oracle.port[port];

	REQUIRE(w, s->in_frames == o->in_frames, "port %u", port);
	REQUIRE(w, s->in_bytes == o->in_bytes, "port %u", port);
	if (!o->capture) {
		REQUIRE(w, s->out_frames == o->out_frames, "port %u", port);
		REQUIRE(w, s->out_bytes == o->out_bytes, "port %u", port);
	}
	REQUIRE(w, s->faults == 0, "port %u", port);
	REQUIRE(w, s->mirror_missed == w->missed[port], "port %u", port);
	for (unsigned int i = 0; i < REASON_COUNT; i++)
		REQUIRE(w, s->drops[i] == o->drops[i],
			"port %u, %s: %lu, not %lu", port,
			vswitch_reason_key(i), (unsigned long)s->drops[i],
			(unsigned long)o->drops[i]);
}

static void same_counters(struct world *w)
{
	const struct vswitch_stats *s = w->rig->stats;

	for (unsigned int port = 0; port < MAX_PORTS; port++)
		same_port_counters(w, port);
	REQUIRE(w, s->learned == w->oracle.learned, "%lu, not %lu",
		(unsigned long)s->learned, (unsigned long)w->oracle.learned);
	REQUIRE(w, s->moved == w->oracle.moved, "moved");
	REQUIRE(w, s->evicted == w->oracle.evicted, "evicted");
	REQUIRE(w, s->not_learned == w->oracle.not_learned, "not learned");
	REQUIRE(w, s->flooded == w->oracle.flooded, "%lu, not %lu",
		(unsigned long)s->flooded, (unsigned long)w->oracle.flooded);
}

static void same_table(struct world *w)
{
	const struct fdb *fdb = vswitch_fdb(w->rig->sw);
	uint32_t now = world_now(w);
	unsigned int met = 0;
	unsigned int valid = 0;
	struct fdb_entry e;

	for (uint32_t cursor = 0; fdb_iterate(fdb, &cursor, now, &e); met++) {
		const struct oracle_entry *o =
			oracle_find(&w->oracle, e.mac, e.vlan, now);

		REQUIRE(w, o != NULL, "%012lx is too much",
			(unsigned long)e.mac);
		REQUIRE(w, o->port == e.port, "port %u", e.port);
		REQUIRE(w, o->is_static == !!(e.flags & FDB_STATIC), "static");
		REQUIRE(w,
			o->is_static || o->sticky == !!(e.flags & FDB_STICKY),
			"sticky");
		REQUIRE(w, e.age == (o->is_static ? 0 : now - o->seen), "age");
	}
	for (unsigned int i = 0; i < w->oracle.entries; i++) {
		const struct oracle_entry *o = &w->oracle.entry[i];

		if (oracle_find(&w->oracle, o->mac, o->vlan, now) == o)
			valid++;
	}
	REQUIRE(w, met == valid, "%u entries, not %u", met, valid);
}

/* --- the course of a world ---------------------------------------------- */

static void trace_next(struct world *w, unsigned int port)
{
	const struct world_frame *f = w->sent[port].first;

	if (!f->has_buffer)
		return;
	REQUIRE(w,
		vswitch_trace(w->rig->sw, port, f->bytes, f->len, f->off.o,
			      w->rig->now, &w->traced) == 0,
		"port %u", port);
	w->has_trace = true;
}

static void run(struct world *w, uint64_t ports)
{
	rig_run(w->rig, ports);
	for (unsigned int i = 0; i < MAX_PORTS; i++)
		REQUIRE(w, w->sent[i].first == NULL,
			"port %u (state %u) was not served", i,
			w->rig->stats->port[i].state);
	receive_all(w, w->ports & ~w->stalled);
	receive_records(w);
}

/* Without a tap the order must be known before: frames of one port. */
static void judge_ahead(struct world *w, unsigned int port)
{
	static struct oracle_result result;

	while (w->silent && w->sent[port].first)
		judge(w, port, &result);
}

static void one_frame(struct world *w)
{
	unsigned int port = world_pick(w, w->ports);

	if (!world_send(w, port))
		return;
	trace_next(w, port);
	judge_ahead(w, port);
	run(w, RIG_BIT(port));
}

static void one_burst(struct world *w)
{
	unsigned int ports = w->silent ? 1 : 1 + world_draw(w, 40);

	for (; ports > 0; ports--) {
		unsigned int port = world_pick(w, w->ports);

		for (unsigned int k = 1 + world_draw(w, 40); k > 0; k--)
			world_send(w, port);
		judge_ahead(w, port);
	}
	run(w, w->ports);
}

static bool user_policy;

/* Frames that rules refused, and lying offload data, in all worlds. */
static uint64_t by_rule, lies;

static uint64_t one_world(uint32_t seed, uint64_t frames)
{
	struct world *w = world_new(seed);
	uint64_t done;

	if (!user_policy)
		w->oracle.refuse = NULL;
	w->silent = seed % 4 != 0;
	if (!w->silent)
		vswitch_set_tap(w->rig->sw, on_decision, w);
	/* A world may fall silent (all links down): it ends all the same. */
	for (uint64_t i = 0; i < 2 * frames && w->frames < frames; i++) {
		if (world_chance(w, 10))
			world_shake(w);
		if (world_chance(w, w->silent ? 10 : 3))
			one_burst(w);
		else
			one_frame(w);
		if (i % 64 == 0)
			same_table(w);
	}
	w->stalled = 0;
	receive_all(w, w->ports);
	same_counters(w);
	same_table(w);
	done = w->frames;
	for (unsigned int p = 0; p < MAX_PORTS; p++) {
		lies += w->oracle.port[p].drops[REASON_BAD_OFFLOAD];
		by_rule += w->oracle.port[p].drops[REASON_DENIED] +
			   w->oracle.port[p].drops[REASON_NO_RULE];
	}
	world_free(w);
	return done;
}

static void the_switch_does_what_the_oracle_does(void **state)
{
	const char *seed = getenv("WEIR_TEST_SEED");
	const char *frames = getenv("WEIR_TEST_FRAMES");
	uint64_t wanted = frames ? strtoull(frames, NULL, 0) : FRAMES;
	uint64_t done = 0;
	uint32_t next = 1;

	(void)state;
	if (seed) {
		next = (uint32_t)strtoul(seed, NULL, 0);
		wanted = 1;
	}
	while (done < wanted)
		done += one_world(next++, FRAMES_PER_WORLD);
	print_message("%lu frames in %u worlds, %lu refused by rules\n",
		      (unsigned long)done, next - 1, (unsigned long)by_rule);
	assert_true(seed != NULL || (by_rule > done / 50 && lies > done / 500));
}

int differential(bool user)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_switch_does_what_the_oracle_does),
	};

	user_policy = user;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
