/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What becomes of a frame at one switch before its destinations are known.  See
 * cli/decision.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/frame.h"
#include "cli/control.h"
#include "cli/decision.h"
#include "cli/facts.h"
#include "cli/frame.h"
#include "cli/text.h"

json_t *story_step(struct story *s, const char *name, const char *result,
		   const char *format, ...)
{
	json_t *step;
	va_list args;
	char *text;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = xstrdup("");
	va_end(args);
	step = json_pack("{s:s, s:s, s:s}", "step", name, "result", result,
			 "text", text);
	free(text);
	json_array_append_new(s->steps, step);
	return step;
}

/* --- facts --------------------------------------------------------------- */

static const char *text_of(const struct story *s, const char *key)
{
	return json_member(s->facts, key);
}

static long long number_of(const struct story *s, const char *key)
{
	return json_number(s->facts, key);
}

static size_t count_of(const struct story *s, const char *key)
{
	return json_array_size(json_object_get(s->facts, key));
}

/* Is this why it stopped? */
static bool stopped_by(const struct story *s, const char *reason)
{
	return !strcmp(text_of(s, "reason"), reason);
}

static const json_t *frame_of(const struct story *s)
{
	return json_object_get(s->facts, "frame");
}

static const json_t *settings_of(const struct story *s)
{
	return json_object_get(s->facts, "settings");
}

static const char *source(const struct story *s)
{
	return json_member(frame_of(s), "source");
}

static const char *destination(const struct story *s)
{
	return json_member(frame_of(s), "destination");
}

/* --- before the destination is known ------------------------------------- */

/* Each of these tells one step. Return: false if the frame stopped there. */

static bool tell_length(struct story *s)
{
	long long len = number_of(s, "length");
	long long min = number_of(s, "min"), max = number_of(s, "max");

	if (stopped_by(s, "runt") || stopped_by(s, "oversize") ||
	    stopped_by(s, "bad_buffer")) {
		story_step(s, "length", "drop",
			   "%lld octets; the port takes %lld to %lld", len, min,
			   max);
		return false;
	}
	story_step(s, "length", "pass", "%lld octets, within %lld to %lld", len,
		   min, max);
	return true;
}

static bool is_reserved(const char *mac)
{
	uint8_t octet[6];
	uint64_t value = 0;

	if (frame_mac(mac, octet))
		return false;
	for (size_t i = 0; i < sizeof(octet); i++)
		value = value << 8 | octet[i];
	return mac_is_reserved(value);
}

static bool tell_reserved(struct story *s)
{
	const char *mac = destination(s);

	if (stopped_by(s, "reserved")) {
		story_step(s, "reserved", "drop",
			   "destination %s is an 802.1 reserved address, which "
			   "stays on its link",
			   mac);
		return false;
	}
	story_step(s, "reserved", "pass",
		   is_reserved(mac) ? "destination %s is reserved, but the "
				      "port forwards such addresses"
				    : "destination %s is no 802.1 reserved "
				      "address",
		   mac);
	return true;
}

/* What a port wants of a frame's tag; to free(). */
static char *vlan_wish(const struct story *s)
{
	const char *mode = json_member(settings_of(s), "vlan");
	long long vlan = json_number(settings_of(s), "untagged");

	if (!strcmp(mode, "access"))
		return xasprintf("untagged frames, into VLAN %lld", vlan);
	if (strcmp(mode, "trunk") != 0)
		return xstrdup("every frame");
	if (vlan)
		return xasprintf("its VLANs' tags; untagged, into VLAN %lld",
				 vlan);
	return xstrdup("its VLANs' tags alone");
}

/* How it came: with which tag; to free(). */
static char *vlan_came(const struct story *s)
{
	const json_t *tag = json_object_get(frame_of(s), "tag");

	if (!json_is_integer(tag))
		return xstrdup("untagged");
	if (!json_integer_value(tag))
		return xstrdup("priority tag");
	return xasprintf("VLAN %lld", (long long)json_integer_value(tag));
}

static void tell_vlan_passed(struct story *s, const char *came)
{
	const char *mode = json_member(settings_of(s), "vlan");

	if (strcmp(mode, "transparent") != 0)
		story_step(s, "vlan", "pass", "%s: VLAN %lld", came,
			   number_of(s, "vlan"));
	else
		story_step(s, "vlan", "pass", "%s%s", came,
			   strcmp(came, "priority tag") ? "" : ", no VLAN");
}

static bool tell_vlan(struct story *s)
{
	char *came, *wish;
	bool pass = false;

	if (stopped_by(s, "vlan")) {
		story_step(s, "vlan", "drop", "%s", reason_text("vlan"));
		return false;
	}
	came = vlan_came(s);
	wish = vlan_wish(s);
	if (stopped_by(s, "vlan_in")) {
		story_step(s, "vlan", "drop", "%s; the port takes %s", came,
			   wish);
	} else {
		tell_vlan_passed(s, came);
		pass = true;
	}
	free(came);
	free(wish);
	return pass;
}

static bool tell_source(struct story *s)
{
	bool drop = stopped_by(s, "bad_source");

	story_step(s, "source", drop ? "drop" : "pass",
		   drop ? "%s cannot be a source: it is zero or a group address"
			: "%s is an individual address",
		   source(s));
	return !drop;
}

static bool tell_mac_lock(struct story *s)
{
	const char *lock = json_member(settings_of(s), "mac_lock");
	long long n = json_number(settings_of(s), "more_macs");
	char *more = n ? xasprintf(" and %lld more", n) : xstrdup("");
	bool drop = stopped_by(s, "mac_lock");

	if (drop)
		story_step(s, "admit", "drop",
			   "the port is locked to %s%s; the frame says it is "
			   "from %s",
			   lock, more, source(s));
	else if (*lock)
		story_step(s, "admit", "pass", "the port is locked to %s%s",
			   lock, more);
	else
		story_step(s, "admit", "pass", "the port has no MAC lock");
	free(more);
	return !drop;
}

/* In the order of policy_admit(); what the port does not have is not told. */
static bool tell_admit(struct story *s)
{
	long long rate = json_number(settings_of(s), "limit_in");

	if (stopped_by(s, "blocked")) {
		story_step(s, "admit", "drop", "%s", reason_text("blocked"));
		return false;
	}
	if (!tell_mac_lock(s))
		return false;
	if (stopped_by(s, "ip_lock")) {
		story_step(s, "admit", "drop", "%s", reason_text("ip_lock"));
		return false;
	}
	if (json_is_true(json_object_get(settings_of(s), "ip_lock")))
		story_step(s, "admit", "pass",
			   "its addresses are among those the port may use");
	if (stopped_by(s, "rate_in")) {
		story_step(s, "admit", "drop",
			   "%s: it has used up its %lld octets a second",
			   reason_text("rate_in"), rate);
		return false;
	}
	if (rate)
		story_step(s, "admit", "pass",
			   "within the port's %lld octets a second", rate);
	return true;
}

/* --- learning ------------------------------------------------------------ */

/* Policy may keep an address from coming to a port at all. */
static bool tell_learn_refused(struct story *s, const char *was)
{
	if (stopped_by(s, "sticky"))
		story_step(s, "learn", "drop",
			   "%s would be one more than the %lld addresses the "
			   "port may have",
			   source(s),
			   (long long)json_number(settings_of(s),
						  "mac_sticky"));
	else if (stopped_by(s, "moves"))
		story_step(s, "learn", "drop",
			   "%s moves too often; it stays at %s", source(s),
			   was);
	else
		return false;
	return true;
}

/* To free(). */
static char *learned_text(const struct story *s, const char *outcome,
			  const char *was)
{
	const char *mac = source(s), *here = text_of(s, "port");

	if (!strcmp(outcome, "skip"))
		return xstrdup("nothing would be learned");
	if (!strcmp(outcome, "learned"))
		return xasprintf("%s is new; it would be learned at %s", mac,
				 here);
	if (!strcmp(outcome, "refreshed"))
		return xasprintf("%s is known at %s", mac, here);
	if (!strcmp(outcome, "moved"))
		return xasprintf("%s would move from %s to %s", mac, was, here);
	if (!strcmp(outcome, "echo"))
		return xasprintf("%s was heard at %s just now; a flood does "
				 "not move it",
				 mac, was);
	if (!strcmp(outcome, "pinned"))
		return xasprintf("%s is pinned to %s", mac, was);
	return xasprintf("the table has no place for %s", mac);
}

static bool tell_learn(struct story *s)
{
	const json_t *learned = json_object_get(s->facts, "learned");
	const json_t *evicted = json_object_get(learned, "evicted");
	const char *outcome = json_member(learned, "outcome");
	const char *was = json_member(learned, "was");
	char *text;

	if (tell_learn_refused(s, was))
		return false;
	text = learned_text(s, outcome, was);
	story_step(s, "learn", outcome, "%s", text);
	free(text);
	if (evicted)
		story_step(s, "learn", "evicted",
			   "%s (VLAN %lld) would leave the full table",
			   json_member(evicted, "mac"),
			   (long long)json_number(evicted, "vlan"));
	return !stopped_by(s, "station_pinned");
}

/* --- lookup -------------------------------------------------------------- */

static void tell_flood(struct story *s)
{
	const char *how = text_of(s, "resolution"), *mac = destination(s);
	long long n = number_of(s, "offered");
	const char *ports = n == 1 ? "port" : "ports";

	if (!strcmp(how, "unknown"))
		story_step(s, "resolve", how,
			   "%s is not in the table: offered to %lld %s", mac, n,
			   ports);
	else if (!strcmp(how, "multicast"))
		story_step(s, "resolve", how,
			   "%s is a group: offered to %lld %s", mac, n, ports);
	else if (!strcmp(how, "broadcast"))
		story_step(s, "resolve", how, "broadcast: offered to %lld %s",
			   n, ports);
}

static bool tell_storm(struct story *s)
{
	long long rate = number_of(s, "storm");

	if (stopped_by(s, "storm")) {
		story_step(s, "storm", "drop",
			   "%s: it has used up its %lld of this kind a second",
			   reason_text("storm"), rate);
		return false;
	}
	if (rate)
		story_step(s, "storm", "pass",
			   "within the port's %lld of this kind a second",
			   rate);
	return true;
}

static void tell_snooping(struct story *s)
{
	size_t n = count_of(s, "snooping");
	json_t *step = story_step(s, "snooping", "narrowed",
				  "%zu port%s would be allowed but did not ask "
				  "for the group",
				  n, n == 1 ? "" : "s");

	json_object_set(step, "ports", json_object_get(s->facts, "snooping"));
}

static void tell_left_out(struct story *s)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(s->facts, "left_out"), i, row)
		/* The step `snooping` has told of these. */
		if (strcmp(json_member(row, "reason"), "snooping") != 0)
			story_left_out(s, row);
}

/* It would go back to where it came from. */
static void tell_same_port(struct story *s)
{
	const char *mac = destination(s);

	if (!strcmp(source(s), mac))
		story_step(s, "resolve", "drop",
			   "%s is source and destination: a frame to oneself "
			   "goes nowhere",
			   mac);
	else
		story_step(s, "resolve", "drop",
			   "%s is behind %s, where the frame comes from", mac,
			   text_of(s, "port"));
}

static bool tell_resolve(struct story *s)
{
	const char *mac = destination(s);

	if (stopped_by(s, "same_port")) {
		tell_same_port(s);
		return false;
	}
	if (!strcmp(text_of(s, "resolution"), "unicast"))
		story_step(s, "resolve", "unicast", "%s is behind %s", mac,
			   text_of(s, "out"));
	else if (stopped_by(s, "storm"))
		story_step(s, "resolve", "flood", "%s is to be flooded", mac);
	else
		tell_flood(s);
	if (!tell_storm(s))
		return false;
	if (count_of(s, "snooping"))
		tell_snooping(s);
	tell_left_out(s);
	if (!stopped_by(s, "no_destination"))
		return true;
	story_step(s, "resolve", "drop",
		   count_of(s, "snooping")
			   ? "no port that %s may send to has asked for it"
			   : "no port is left that %s could flood to",
		   text_of(s, "port"));
	return false;
}

void story_tell(struct story *s)
{
	static bool (*const first[])(struct story *) = {
		tell_length, tell_reserved, tell_vlan,	  tell_source,
		tell_admit,  tell_learn,    tell_resolve,
	};
	const json_t *to;
	size_t i;

	for (i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		if (!first[i](s))
			return;
	json_array_foreach(json_object_get(s->facts, "destinations"), i, to)
		story_destination(s, to);
}
