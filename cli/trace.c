/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * weir trace: put together the frame that is meant, have the running switch
 * decide on it, print the decision.
 *
 * Nothing is decided here.  The switch runs the code that forwards, on its
 * own table and policy, and sends nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/control.h"
#include "cli/frame.h"
#include "cli/port.h"
#include "cli/table.h"
#include "cli/text.h"

/**
 * struct question - what is asked
 * @to:    instance
 * @opt:   options
 * @ports: reply to `show ports`
 * @port:  the port the frame would come from, in full, inside @ports
 */
struct question {
	struct control to;
	const struct cli_options *opt;
	json_t *ports;
	const char *port;
};

/**
 * address_behind - the one address known behind a port
 * @name: port, as typed
 * @key:  "dst" or "src", for messages
 * @mac:  out
 *
 * Return: 0, or -1 after saying what is wrong.
 */
static int address_behind(const struct question *q, const char *name,
			  const char *key, uint8_t mac[6])
{
	const char *port = port_resolve(q->ports, name);
	uint8_t found[6];
	const json_t *entry;
	json_t *fdb;
	size_t n = 0;
	size_t i;

	if (!port)
		return -1;
	fdb = control_show(&q->to, q->opt, "fdb");
	if (!fdb)
		return -1;
	json_array_foreach(fdb, i, entry) {
		if (strcmp(json_member(entry, "port"), port) ||
		    frame_mac(json_member(entry, "mac"), found))
			continue;
		/* The same one in another VLAN is still one. */
		n += !n || memcmp(found, mac, sizeof(found));
		memcpy(mac, found, sizeof(found));
	}
	json_decref(fdb);
	if (n == 1)
		return 0;
	cli_error("%s address is known behind %s; write the one you mean: "
		  "%s=02:00:...",
		  n ? "more than one" : "no", port, key);
	return -1;
}

/* An address, or the port that stands for the one behind it. */
static int address(const struct question *q, const char *word, const char *key,
		   uint8_t mac[6])
{
	if (!frame_mac(word, mac))
		return 0;
	if (strchr(word, ':')) {
		cli_error("%s=%s is no address: six octets in hex, "
			  "'broadcast', or the name of a port",
			  key, word);
		return -1;
	}
	return address_behind(q, word, key, mac);
}

/* dst=... src=... vlan=... type=... len=... */
static int described(const struct question *q, struct frame_text *f, int n,
		     char **words)
{
	struct frame_words w;
	uint8_t dst[6];
	uint8_t src[6];

	if (frame_describe(f, n, words, &w))
		return -1;
	if (!w.dst) {
		cli_error("the frame needs a destination: dst=ADDRESS, "
			  "dst=PORT or dst=broadcast");
		return -1;
	}
	if (address(q, w.dst, "dst", dst) ||
	    address(q, w.src ? w.src : q->port, "src", src))
		return -1;
	return frame_build(f, &w, dst, src);
}

/* The frame, in whichever form it was written. */
static int gather(const struct question *q, struct frame_text *f, int n,
		  char **words)
{
	if (strchr(words[0], '='))
		return described(q, f, n, words);
	if (n == 1 && !strcmp(words[0], "-"))
		return frame_read(f, "-", true);
	if (n == 1 && words[0][0] == '@')
		return frame_read(f, words[0] + 1, false);
	for (int i = 0; i < n; i++)
		if (frame_hex(f, words[i]))
			return -1;
	return 0;
}

/* What the control protocol calls a trace. */
static json_t *request(const struct question *q, const struct frame_text *f)
{
	char *hex = xrealloc(NULL, f->len * 2 + 1);
	json_t *r;

	for (size_t i = 0; i < f->len; i++)
		sprintf(hex + 2 * i, "%02x", f->octets[i]);
	r = json_pack("{s:s, s:s, s:s#}", "cmd", "trace", "port", q->port,
		      "frame", hex, (int)(f->len * 2));
	free(hex);
	return r;
}

/* Gather, ask.  The decision, or NULL after saying what is wrong. */
static json_t *decide(const struct question *q, int n, char **words)
{
	struct frame_text f = { .octets = xrealloc(NULL, FRAME_MAX) };
	json_t *decision = NULL;

	if (gather(q, &f, n, words)) {
		if (*f.error)
			cli_error("%s", f.error);
	} else if (!f.len) {
		cli_error("the frame is empty; see 'weir help trace'");
	} else {
		decision = control_ask(&q->to, q->opt, request(q, &f));
	}
	free(f.octets);
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

/* One line per step, per port and for the verdict; the first column says
 * which it is. */
static void print_decision(const json_t *d, bool tty)
{
	struct table t = { 0 };
	const json_t *e;
	size_t i;

	table_column(&t, "WHAT", false);
	table_column(&t, "WHICH", false);
	table_column(&t, "RESULT", false);
	table_column(&t, "MEANING", false);
	json_array_foreach(json_object_get(d, "steps"), i, e)
		row(&t, "step", json_member(e, "step"),
		    json_member(e, "result"), json_member(e, "text"));
	json_array_foreach(json_object_get(d, "deliver"), i, e)
		row(&t, "port", json_string_value(e), "deliver", "");
	json_array_foreach(json_object_get(d, "refused"), i, e)
		row(&t, "port", json_member(e, "port"), "refuse",
		    json_member(e, "reason"));
	row(&t, "verdict", json_member(d, "verdict"), json_member(d, "reason"),
	    json_member(d, "text"));
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
	json_decref(decision);
	return decision ? CLI_OK : CLI_FAILED;
}
