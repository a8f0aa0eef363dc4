/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs the scenarios of tests/scenarios: each is a test.  A switch is made from
 * ports and rules as the topology compiler makes one; then each line is done,
 * and all that it leads to must be as the line says: who gets the frame, what
 * it looks like there, every drop and its reason, and that vswitch_trace() had
 * foretold it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/config_rig.h"
#include "tests/unit/scenario.h"

#define SECOND 1000000000ull
#define TIMES " times "
/* What a frame looks like where it arrives, if not with a VLAN's tag. */
#define AS_SENT (-1)
#define UNTAGGED 0

/**
 * struct outcome - what is to come of a frame
 * @ports:  get it
 * @looks:  by port: AS_SENT, UNTAGGED, or the VLAN of its tag
 * @drops:  counted at most once each
 * @why:    the first of the reasons
 * @full:   ports that have no buffer for it, which trace does not look at
 * @entry:  the policy's entry that decided, or POLICY_NO_ENTRY
 * @spared: ports a flood is not offered to, with @why_spared
 */
struct outcome {
	uint64_t ports;
	int looks[MAX_PORTS];
	uint8_t drops[MAX_PORTS][REASON_COUNT];
	enum vswitch_reason why;
	uint64_t full;
	uint16_t entry;
	uint64_t spared;
	enum vswitch_reason why_spared;
};

/* --- what is to come of a frame ----------------------------------------- */

static enum vswitch_reason reason_of(const char *word)
{
	for (int reason = REASON_NONE + 1; reason < REASON_COUNT; reason++)
		if (strcmp(word, vswitch_reason_key(reason)) == 0)
			return (enum vswitch_reason)reason;
	scenario_fail("\"%s\" is neither port nor reason", word);
}

static void read_drop(const struct run *run, struct words *w, unsigned int port,
		      struct outcome *o)
{
	enum vswitch_reason why = reason_of(words_next(w));

	if (words_is(w, "at"))
		port = scenario_port(run, w);
	else if (vswitch_reason_is_out(why))
		scenario_fail("at which port?");
	o->drops[port][why]++;
	if (o->why == REASON_NONE)
		o->why = why;
	if (why == REASON_NO_BUFFER)
		o->full |= RIG_BIT(port);
}

static void read_delivery(struct words *w, unsigned int port, struct outcome *o)
{
	w->at++;
	o->ports |= RIG_BIT(port);
	if (words_is(w, "untagged"))
		o->looks[port] = UNTAGGED;
	else if (words_is(w, "tagged"))
		o->looks[port] = (int)words_number(w);
}

static void read_outcome(const struct run *run, struct words *w,
			 unsigned int port, struct outcome *o)
{
	memset(o, 0, sizeof(*o));
	for (unsigned int p = 0; p < MAX_PORTS; p++)
		o->looks[p] = AS_SENT;
	o->entry = POLICY_NO_ENTRY;
	if (!words_left(w))
		scenario_fail("what comes of it?");
	while (words_left(w)) {
		int to = scenario_find_port(run, w->word[w->at]);

		if (to >= 0) {
			read_delivery(w, (unsigned int)to, o);
		} else if (words_is(w, "all")) {
			o->ports = (1ull << run->n_ports) - 1;
			o->ports &= ~RIG_BIT(port);
		} else if (words_is(w, "entry")) {
			o->entry = (uint16_t)words_number(w);
		} else if (words_is(w, "spared")) {
			o->spared |= RIG_BIT(scenario_port(run, w));
			o->why_spared = reason_of(words_next(w));
		} else if (!words_is(w, "nobody")) {
			read_drop(run, w, port, o);
		}
	}
}

/* --- what did come of it ------------------------------------------------ */

static const char *names_of(const struct run *run, uint64_t ports)
{
	static char text[MAX_PORTS * SCENARIO_NAME];
	size_t n = 0;

	strcpy(text, "nobody");
	for (unsigned int p = 0; p < run->n_ports; p++)
		if (ports & RIG_BIT(p))
			n += (size_t)snprintf(text + n, sizeof(text) - n,
					      "%s%s", n > 0 ? " " : "",
					      run->port[p].name);
	return text;
}

static void check_drops(const struct run *run, const struct outcome *o)
{
	for (unsigned int p = 0; p < MAX_PORTS; p++) {
		for (int why = 1; why < REASON_COUNT; why++) {
			uint64_t n = rig_drops(run->rig, p, why) -
				     run->before.port[p].drops[why];

			if (n != o->drops[p][why])
				scenario_fail("%s at %s: %d, not %d",
					      vswitch_reason_key(why),
					      names_of(run, RIG_BIT(p)), (int)n,
					      o->drops[p][why]);
		}
	}
}

static void check_frame(const struct run *run, const struct scenario_frame *f,
			const struct outcome *o, unsigned int port)
{
	uint8_t want[2048], got[16384];
	uint16_t len = f->len;
	int n = rig_receive(run->rig, port, got);

	memcpy(want, f->bytes, len);
	if (o->looks[port] != AS_SENT)
		len = scenario_retag(want, f, (unsigned int)o->looks[port]);
	if (n != len || memcmp(got, want, len) != 0)
		scenario_fail("%s got another frame", run->port[port].name);
	assert_int_equal(rig_receive(run->rig, port, got), -1);
}

static void check_ports(const struct run *run, const struct scenario_frame *f,
			const struct outcome *o)
{
	uint64_t got = 0;

	for (unsigned int p = 0; p < run->n_ports; p++) {
		uint64_t n = run->rig->stats->port[p].out_frames -
			     run->before.port[p].out_frames;

		assert_in_range(n, 0, 1);
		got |= n << p;
	}
	if (got != o->ports)
		scenario_fail("it went to %s", names_of(run, got));
	for (unsigned int p = 0; p < run->n_ports; p++)
		if (got & ~run->stalled & RIG_BIT(p))
			check_frame(run, f, o, p);
}

static void check_verdict(const struct run *run,
			  const struct vswitch_verdict *v,
			  const struct outcome *o)
{
	if (v->deliver != (o->ports | o->full))
		scenario_fail("trace says %s", names_of(run, v->deliver));
	if (v->deliver == 0 && v->reason != o->why)
		scenario_fail("trace says %s", vswitch_reason_key(v->reason));
	for (unsigned int p = 0; p < run->n_ports; p++) {
		if (o->entry != POLICY_NO_ENTRY && v->candidates & RIG_BIT(p))
			assert_int_equal(v->entry[p], o->entry);
		if ((o->spared & RIG_BIT(p)) == 0)
			continue;
		assert_true(v->left & RIG_BIT(p));
		assert_int_equal(v->refusal[p], o->why_spared);
	}
}

/* --- steps -------------------------------------------------------------- */

static struct vswitch_verdict trace(const struct run *run, unsigned int port,
				    const struct scenario_frame *f)
{
	struct vswitch_verdict v;

	assert_int_equal(vswitch_trace(run->rig->sw, port, f->bytes, f->len,
				       (struct offload){ 0 }, run->rig->now,
				       &v),
			 0);
	return v;
}

static void send_one(struct run *run, unsigned int port,
		     const struct scenario_frame *f, const struct outcome *o)
{
	struct vswitch_verdict v = trace(run, port, f);
	struct rig *r = run->rig;

	run->before = *r->stats;
	assert_true(rig_send(r, port, f->bytes, f->len));
	rig_run(r, RIG_BIT(port));
	rig_reap(r, port);
	check_ports(run, f, o);
	check_drops(run, o);
	check_verdict(run, &v, o);
}

/* "PORT: SRC > DST ... -> ...", with "trace" in front of it or not. */
static void do_frame(struct run *run, struct words *w, bool only_trace)
{
	char *name = w->word[w->at];
	struct scenario_frame f;
	struct outcome o;
	unsigned int port;

	if (name[strlen(name) - 1] != ':')
		scenario_fail("\"%s\" is not known", name);
	name[strlen(name) - 1] = '\0';
	port = scenario_port(run, w);
	scenario_frame(w, run->s->ipv6, &f);
	read_outcome(run, w, port, &o);
	assert_true(f.dst <= f.last);
	for (; f.dst <= f.last; f.dst++) {
		struct vswitch_verdict v;

		scenario_addresses(&f);
		if (only_trace) {
			v = trace(run, port, &f);
			check_verdict(run, &v, &o);
		} else {
			send_one(run, port, &f, &o);
		}
	}
}

/* "stations 1 at a, 2 at b": they have been heard there. */
static void do_stations(struct run *run, struct words *w)
{
	while (words_left(w)) {
		uint64_t mac = words_mac(w);

		assert_true(words_is(w, "at"));
		fdb_learn(vswitch_fdb(run->rig->sw), mac, 0,
			  scenario_port(run, w), 0,
			  (uint32_t)(run->rig->now / SECOND));
	}
}

/* "static 3 at b": an entry that stays. */
static void do_static(struct run *run, struct words *w)
{
	uint64_t mac = words_mac(w);

	assert_true(words_is(w, "at"));
	assert_int_equal(fdb_add_static(vswitch_fdb(run->rig->sw), mac, 0,
					scenario_port(run, w)),
			 0);
}

static void do_link(struct rig *r, unsigned int port,
		    void (*change)(struct rig *r, unsigned int port))
{
	change(r, port);
	rig_run(r, RIG_BIT(port));
}

/* "STATION [vlan N] [at PORT]": where the table has it, so long from now. */
static void do_lookup(const struct run *run, struct words *w, uint64_t later)
{
	uint64_t mac = words_mac(w);
	uint64_t vlan = words_is(w, "vlan") ? words_number(w) : 0;
	int want = words_is(w, "at") ? (int)scenario_port(run, w) : FDB_NO_PORT;
	int is = fdb_lookup(vswitch_fdb(run->rig->sw), mac, (uint16_t)vlan,
			    (uint32_t)(run->rig->now / SECOND + later));

	if (is == FDB_NO_PORT && want != is)
		scenario_fail("it is not known");
	else if (is != want)
		scenario_fail("it is at %s", run->port[is].name);
}

/* "NAME N NAME N": counters of the switch. */
static void do_count(const struct run *run, struct words *w)
{
#define COUNTER(name)                                                          \
	{                                                                      \
#name, offsetof(struct vswitch_stats, name)                    \
	}
	static const struct {
		const char *name;
		size_t at;
	} counter[] = {
		COUNTER(learned), COUNTER(moved),	 COUNTER(aged),
		COUNTER(flooded), COUNTER(flows_opened), COUNTER(disputes),
	};
#undef COUNTER
	const size_t n = sizeof(counter) / sizeof(*counter);

	while (words_left(w)) {
		const char *name = words_next(w);
		uint64_t value, want = words_number(w);
		size_t i = 0;

		while (i < n && strcmp(name, counter[i].name) != 0)
			i++;
		if (i == n)
			scenario_fail("there is no counter \"%s\"", name);
		memcpy(&value, (char *)run->rig->stats + counter[i].at,
		       sizeof(value));
		if (value != want)
			scenario_fail("%s: %d", name, (int)value);
	}
}

/* "hits N N N": by entry of the policy. */
static void do_hits(const struct run *run, struct words *w)
{
	for (unsigned int e = 0; words_left(w); e++) {
		uint64_t n = run->rig->stats->hits[e];

		if (words_number(w) != n)
			scenario_fail("entry %u: %d", e, (int)n);
	}
}

/* "take N at PORT": a stalled port takes what it has, and all from then on. */
static void do_take(struct run *run, struct words *w)
{
	uint64_t want = words_number(w);
	unsigned int port, n;

	assert_true(words_is(w, "at"));
	port = scenario_port(run, w);
	n = rig_drain(run->rig, port);
	if (n != want)
		scenario_fail("there were %u", n);
	run->stalled &= ~RIG_BIT(port);
}

/* A step without "N times" in front. */
static void do_step(struct run *run, struct words *w)
{
	struct rig *r = run->rig;
	uint64_t ring;

	if (words_is(w, "stations"))
		do_stations(run, w);
	else if (words_is(w, "static"))
		do_static(run, w);
	else if (words_is(w, "wait"))
		r->now += words_time(w);
	else if (words_is(w, "idle"))
		vswitch_run(r->sw, 0, r->now, &ring);
	else if (words_is(w, "known") || words_is(w, "unknown"))
		do_lookup(run, w, 0);
	else if (words_is(w, "pinned"))
		do_lookup(run, w, 1000000);
	else if (words_is(w, "count"))
		do_count(run, w);
	else if (words_is(w, "hits"))
		do_hits(run, w);
	else if (words_is(w, "down"))
		do_link(r, scenario_port(run, w), rig_down);
	else if (words_is(w, "up"))
		do_link(r, scenario_port(run, w), rig_up);
	else if (words_is(w, "restart"))
		rig_down_up(r, scenario_port(run, w));
	else if (words_is(w, "stall"))
		run->stalled |= RIG_BIT(scenario_port(run, w));
	else if (words_is(w, "take"))
		do_take(run, w);
	else
		do_frame(run, w, words_is(w, "trace"));
	if (words_left(w))
		scenario_fail("what is \"%s\"?", words_next(w));
}

/* "[N times] STEP; STEP" */
static void do_line(struct run *run, const char *line)
{
	const char *times = strstr(line, TIMES);
	const char *steps = times ? times + strlen(TIMES) : line;
	unsigned long n = times ? strtoul(line, NULL, 10) : 1;
	char text[SCENARIO_LINE], *step;
	struct words w;

	for (unsigned long i = 0; i < n; i++) {
		strcpy(text, steps);
		for (char *at = text; (step = strsep(&at, ";")) != NULL;) {
			words_split(&w, step);
			do_step(run, &w);
		}
	}
}

static void do_scenario(void **state)
{
	const struct scenario *s = *state;
	struct run *run = calloc(1, sizeof(*run));

	assert_non_null(run);
	run->s = s;
	for (unsigned int i = 0; i < s->n; i++) {
		scenario_at(s, i);
		if (s->lines[i][0] == '\0' ||
		    strncmp(s->lines[i], "for ", 4) == 0)
			continue;
		if (scenario_declare(run, s->lines[i]))
			continue;
		scenario_settle(run);
		do_line(run, s->lines[i]);
		run->stepped = true;
	}
	rig_free(run->rig);
	free(run);
}

int main(void)
{
	struct CMUnitTest *tests;
	struct scenario *all;
	size_t n;
	int failed;

	rig_enter("tests/scenarios");
	all = scenarios_read(&n);
	tests = calloc(n, sizeof(*tests));
	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){ .name = all[i].title,
						.test_func = do_scenario,
						.initial_state = &all[i] };
	failed = _cmocka_run_group_tests("scenarios", tests, n, NULL, NULL);
	rig_leave();
	scenarios_free(all, n);
	free(tests);
	return failed;
}
