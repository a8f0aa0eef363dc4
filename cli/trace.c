/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir trace: build the frame, have the running switch decide on it, print the
 * decision.
 *
 * The switch runs the code that forwards, on its own table and policy, without
 * sending anything.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/decision.h"
#include "cli/offload.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/trace.h"

int trace_behind(const struct question *q, const char *port, uint8_t mac[6])
{
	json_t *fdb = control_show(&q->to, q->opt, "fdb");
	uint8_t found[6];
	const json_t *entry;
	int n = 0;
	size_t i;

	if (!fdb)
		return -1;
	json_array_foreach(fdb, i, entry) {
		if (strcmp(json_member(entry, "port"), port) ||
		    frame_mac(json_member(entry, "mac"), found))
			continue;
		/* The same address in another VLAN counts once. */
		n += !n || memcmp(found, mac, sizeof(found));
		memcpy(mac, found, sizeof(found));
	}
	json_decref(fdb);
	return n;
}

/* The one address known behind a port, as typed. */
static int address_behind(const struct question *q, const char *name,
			  const char *key, uint8_t mac[6])
{
	const char *port = port_resolve(q->ports, name);
	int n = port ? trace_behind(q, port, mac) : -1;

	if (n == 1)
		return 0;
	if (n >= 0)
		cli_error("%s address is known behind %s%s; write the one you "
			  "mean: %s=02:00:...",
			  n ? "more than one" : "no", port,
			  n ? "" : ", which has not sent anything yet", key);
	return -1;
}

int trace_station(const struct question *q, const char *word, const char *key,
		  uint8_t mac[6])
{
	if (!frame_mac(word, mac))
		return 0;
	if (strchr(word, ':')) {
		cli_error("%s=%s is not an address: six bytes in hex, "
			  "'broadcast', or the name of a port",
			  key, word);
		return -1;
	}
	return address_behind(q, word, key, mac);
}

/* Only the header was described: dst=... src=... vlan=... type=... len=... */
static int header(const struct question *q, struct frame_text *f,
		  const struct frame_words *w)
{
	uint8_t dst[6];
	uint8_t src[6];

	if (!w->dst) {
		cli_error("the frame needs a destination: dst=ADDRESS, "
			  "dst=PORT or dst=broadcast");
		return -1;
	}
	if (trace_station(q, w->dst, "dst", dst) ||
	    trace_station(q, w->src ? w->src : q->port, "src", src))
		return -1;
	return frame_build(f, w, dst, src);
}

/* Neither a word of a description nor a port: a typo. */
static int check_name(const struct question *q, const char *word)
{
	const char *meant = word ? packet_suggest(word) : NULL;
	uint8_t mac[6];

	if (!word || !meant || !frame_mac(word, mac) || strchr(word, ':') ||
	    port_exists(q->ports, word))
		return 0;
	cli_error("\"%s\" is neither a word of a packet's description nor a "
		  "port; did you mean \"%s\"?",
		  word, meant);
	return -1;
}

static int described(struct question *q, struct frame_text *f, int n,
		     char **words)
{
	struct packet p;

	if (packet_describe(f, n, words, &p))
		return -1;
	p.w.offload = q->offload;
	if (packet_settle(f, &p) || check_name(q, p.w.dst) ||
	    check_name(q, p.w.src))
		return -1;
	return p.family == PACKET_NONE ? header(q, f, &p.w)
				       : trace_packet(q, f, &p);
}

/* The frame, in whichever form it was written. */
static int gather(struct question *q, struct frame_text *f, int n, char **words)
{
	if (offload_words(f, &n, words, &q->offload))
		return -1;
	if (n == 1 && !strcmp(words[0], "-"))
		return frame_read(f, "-", true);
	if (n == 1 && words[0][0] == '@')
		return frame_read(f, words[0] + 1, false);
	/* A port may be called "bad". */
	if (!n || packet_words(n, words) || port_exists(q->ports, words[0]))
		return described(q, f, n, words);
	for (int i = 0; i < n; i++)
		if (frame_hex(f, words[i]))
			return -1;
	return 0;
}

/* The request; see docs/control.md. */
static json_t *request(const struct question *q, const struct frame_text *f)
{
	char *hex = frame_to_hex(f);
	json_t *r = json_pack("{s:s, s:s, s:s, s:o*}", "cmd", "trace", "port",
			      q->port, "frame", hex, "offload",
			      offload_json(f, &q->offload));

	free(hex);
	return r;
}

/* A description may come as one word, between quotes, or as many. */
static char **split(int n, char **words, int *count)
{
	char **all = NULL;
	char *word;

	*count = 0;
	for (int i = 0; i < n; i++) {
		char *rest = words[i];

		while ((word = strsep(&rest, " \t\n"))) {
			all = xrealloc(all,
				       ((size_t)*count + 1) * sizeof(*all));
			if (*word)
				all[(*count)++] = word;
		}
	}
	return all;
}

/* Gather, ask.  The decision, or NULL after saying what is wrong. */
static json_t *decide(struct question *q, int argc, char **argv)
{
	struct frame_text f = { .bytes = xrealloc(NULL, FRAME_MAX) };
	json_t *decision = NULL, *facts;
	int n;
	char **words = split(argc, argv, &n);

	if (n && gather(q, &f, n, words)) {
		if (*f.error)
			cli_error("%s", f.error);
	} else if (!f.len) {
		cli_error("the frame is empty; see 'weir help trace'");
	} else {
		facts = trace_follow(&q->to, q->opt, request(q, &f));
		decision = facts ? decision_shown(facts) : NULL;
		json_decref(facts);
	}
	if (decision && q->packet)
		json_object_set_new(decision, "packet", json_string(q->packet));
	free(words);
	free(f.bytes);
	return decision;
}

/* A row of up to four texts; a list of them is what is printed. */
static void row(struct table *t, const char *a, const char *b, const char *c,
		const char *d)
{
	table_cell(t, a);
	table_cell(t, b);
	table_cell(t, c);
	table_cell(t, d);
}

/* What one switch says: a line per step and per port. */
static void switch_rows(struct table *t, const json_t *d)
{
	const json_t *e;
	size_t i;

	json_array_foreach(json_object_get(d, "steps"), i, e)
		row(t, "step", json_member(e, "step"), json_member(e, "result"),
		    json_member(e, "text"));
	json_array_foreach(json_object_get(d, "deliver"), i, e)
		row(t, "port", json_string_value(e), "deliver", "");
	json_array_foreach(json_object_get(d, "refused"), i, e)
		row(t, "port", json_member(e, "port"), "refuse",
		    json_member(e, "reason"));
}

/* The outcome, over all switches. */
static void verdict_row(struct table *t, const json_t *d)
{
	const json_t *hops = json_object_get(d, "hops");
	const json_t *last = d;
	char *arrives = json_join(json_object_get(d, "arrives"), ", ");
	char *text;

	if (json_array_size(hops))
		last = json_array_get(hops, json_array_size(hops) - 1);
	if (last == d || !*arrives) {
		row(t, "verdict", json_member(last, "verdict"),
		    json_member(last, "reason"), json_member(last, "text"));
	} else {
		text = xasprintf("arrives at %s", arrives);
		row(t, "verdict", "deliver", "none", text);
		free(text);
	}
	free(arrives);
}

/* The first column says what a line is of. */
static void print_decision(const json_t *d, bool tty)
{
	struct table t = { 0 };
	const json_t *e;
	size_t i;

	table_column(&t, "WHAT", false);
	table_column(&t, "WHICH", false);
	table_column(&t, "RESULT", false);
	table_column(&t, "MEANING", false);
	if (*json_member(d, "packet"))
		row(&t, "packet", json_member(d, "port"), "from",
		    json_member(d, "packet"));
	switch_rows(&t, d);
	json_array_foreach(json_object_get(d, "hops"), i, e) {
		row(&t, "hop", json_member(e, "port"), "from",
		    json_member(e, "via"));
		switch_rows(&t, e);
	}
	verdict_row(&t, d);
	table_print(&t, stdout, tty);
	table_free(&t);
}

enum cli_exit cli_trace(const struct cli_options *opt, int argc, char **argv)
{
	struct question q = { .opt = opt };
	json_t *decision = NULL;

	if (instance_find(opt->name, &q.to))
		return CLI_FAILED;
	q.ports = control_show(&q.to, opt, "ports");
	if (q.ports)
		q.port = port_resolve(q.ports, argv[0]);
	if (q.port)
		decision = decide(&q, argc - 1, argv + 1);
	if (decision && opt->json)
		json_print(decision);
	else if (decision)
		print_decision(decision, opt->table);
	json_decref(q.ports);
	json_decref(q.policy);
	json_decref(q.flows);
	json_decref(decision);
	free(q.packet);
	return decision ? CLI_OK : CLI_FAILED;
}
