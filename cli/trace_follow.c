/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * `weir trace` over links: the switch at a link's far end is asked about the
 * frame as it comes out of the link.
 *
 * The compiler allows no loops of links; still, each switch is asked only once,
 * whatever the replies say.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/control.h"
#include "cli/facts.h"
#include "cli/offload.h"
#include "cli/text.h"

/* Hex digits before a frame's tag, and of the tag. */
#define TAG_AT 24
#define TAG_LEN 8
/* More switches than there can be. */
#define HOPS_MAX 1000u

/**
 * struct way - the way of a frame
 * @asked:   names of switches that were asked, or will be
 * @next:    requests: {"port", "via", "frame", "offload"}
 * @hops:    their decisions
 * @arrives: ports at which the frame leaves the switches
 */
struct way {
	json_t *asked;
	json_t *next;
	json_t *hops;
	json_t *arrives;
};

/* Mark a port's switch as asked.  Return: whether it was not. */
static bool is_new(struct way *w, const char *port)
{
	char *name = xasprintf("%.*s", (int)strcspn(port, "."), port);
	bool new = !json_object_get(w->asked, name) &&
		   json_array_size(w->next) < HOPS_MAX;

	json_object_set_new(w->asked, name, json_true());
	free(name);
	return new;
}

/* The frame in hex as it leaves a link, with another VLAN tag; to free(). */
static char *retagged(const char *frame, const char *tag, unsigned int vlan)
{
	const char *rest = frame + TAG_AT;

	if (strlen(frame) < TAG_AT + TAG_LEN)
		return xstrdup(frame);
	if (!strcmp(tag, "add"))
		return xasprintf("%.*s8100%04x%s", TAG_AT, frame, vlan, rest);
	if (!strcmp(tag, "strip"))
		return xasprintf("%.*s%s", TAG_AT, frame, rest + TAG_LEN);
	if (!strcmp(tag, "set"))
		return xasprintf("%.*s%.5s%03x%s", TAG_AT, frame, rest, vlan,
				 rest + TAG_LEN);
	return xstrdup(frame);
}

/* Is a port one of a list of them? */
static bool is_among(const json_t *ports, const json_t *port)
{
	const json_t *other;
	size_t i;

	json_array_foreach(ports, i, other)
		if (json_equal(other, port))
			return true;
	return false;
}

/* The request for the switch at a link's far end; @port is the near end. */
static json_t *onward(const json_t *facts, const json_t *request, json_t *port)
{
	const json_t *link = json_object_get(json_object_get(facts, "links"),
					     json_string_value(port));
	const char *whole = json_member(request, "frame");
	json_t *offload = json_object_get(request, "offload");
	char *first = NULL, *frame;
	json_t *next;

	/* It goes on as frames like this one. */
	if (offload && is_among(json_object_get(facts, "cut"), port)) {
		first = offload_first(whole, offload);
		offload = NULL;
	}
	frame = retagged(first ? first : whole, json_member(link, "tag"),
			 (unsigned int)json_number(facts, "vlan") & 0xfff);
	next = json_pack("{s:s, s:s, s:O, s:s, s:O*}", "cmd", "trace", "port",
			 json_member(link, "port"), "via", port, "frame", frame,
			 "offload", offload);
	free(first);
	free(frame);
	return next;
}

/* A port that the frame goes to: a link, or the end of its way. */
static void go_on(struct way *w, const json_t *facts, const json_t *request,
		  json_t *port)
{
	const json_t *link = json_object_get(json_object_get(facts, "links"),
					     json_string_value(port));

	if (!link)
		json_array_append(w->arrives, port);
	else if (is_new(w, json_member(link, "port")))
		json_array_append_new(w->next, onward(facts, request, port));
}

static void follow(struct way *w, const json_t *facts, const json_t *request)
{
	json_t *port;
	size_t i;

	json_array_foreach(json_object_get(facts, "deliver"), i, port)
		if (json_is_string(port))
			go_on(w, facts, request, port);
}

/* The facts about a switch that cannot decide. */
static json_t *unknown(const json_t *request, const char *error)
{
	const char *port = json_member(request, "port");
	const char *silence = "no_answer";

	if (!strcmp(error, "not_running") || !strcmp(error, "restarting"))
		silence = "not_running";
	else if (!strcmp(error, "refused") || !strcmp(error, "capture"))
		silence = "refused";
	return json_pack("{s:s, s:s%, s:i, s:s, s:s, s:s}", "port", port,
			 "switch", port, strcspn(port, "."), "length",
			 (int)strlen(json_member(request, "frame")) / 2,
			 "verdict", "unknown", "reason", "no_answer", "silence",
			 silence);
}

/* Ask a switch behind a link.  Return: 0, or -1 after saying what is wrong. */
static int hop(struct way *w, const struct control *to,
	       const struct cli_options *opt, json_t *request)
{
	json_t *reply = control_reply(to, opt, json_incref(request));
	json_t *facts = json_object_get(reply, "data");

	if (!reply)
		return -1;
	facts = facts ? json_incref(facts)
		      : unknown(request, json_member(reply, "error"));
	json_object_set(facts, "via", json_object_get(request, "via"));
	follow(w, facts, request);
	json_array_append_new(w->hops, facts);
	json_decref(reply);
	return 0;
}

json_t *trace_follow(const struct control *to, const struct cli_options *opt,
		     json_t *request)
{
	struct way w = { json_object(), json_array(), json_array(),
			 json_array() };
	json_t *facts = control_ask(to, opt, json_incref(request));
	int result = facts ? 0 : -1;

	is_new(&w, json_member(facts, "port"));
	follow(&w, facts, request);
	for (size_t i = 0; !result && i < json_array_size(w.next); i++)
		result = hop(&w, to, opt, json_array_get(w.next, i));
	json_object_set(facts, "hops", w.hops);
	json_object_set(facts, "arrives", w.arrives);
	json_decref(w.asked);
	json_decref(w.next);
	json_decref(w.hops);
	json_decref(w.arrives);
	json_decref(request);
	if (!result)
		return facts;
	json_decref(facts);
	return NULL;
}
