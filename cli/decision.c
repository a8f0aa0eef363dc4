/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A frame at one switch, step by step.  See cli/decision.h.
 */
#include <stdlib.h>
#include <string.h>

#include "base/frame.h"
#include "cli/control.h"
#include "cli/decision.h"
#include "cli/facts.h"
#include "cli/frame.h"
#include "cli/text.h"

/**
 * struct line - one step, where the facts fit it
 * @when:   conditions between blanks, all of which must hold: "fact" (true,
 *          not 0, not empty), "fact=text", and either with a "!" in front;
 *          NULL: always
 * @step, @result: see docs/control.md; "drop" is where the frame stops
 * @text:   with facts in braces; "{#fact}" counts ports
 */
struct line {
	const char *when;
	const char *step;
	const char *result;
	const char *text;
};

#define N(lines) (sizeof(lines) / sizeof((lines)[0]))

#define LENGTH "{length} bytes; the port takes {min} to {max}"
#define RESERVED "destination {frame.destination} is "

/* Up to the lookup of the destination. */
static const struct line sender[] = {
	{ "reason=runt", "length", "drop", LENGTH },
	{ "reason=oversize", "length", "drop", LENGTH },
	{ "reason=bad_buffer", "length", "drop", LENGTH },
	{ NULL, "length", "pass", "{length} bytes, within {min} to {max}" },
	{ "reason=bad_offload", "offload", "drop",
	  "{why}: they are for a TCP or UDP packet without SYN or RST that "
	  "ends with the frame and makes 2 to 128 frames" },
	{ "offload !offload.read", "offload", "skip",
	  "the port has no offloads: it is a frame like any other" },
	{ "offload.frames offload.segment", "offload", "pass",
	  "a segment that stands for {offload.frames} frames, of "
	  "{offload.segment} bytes of payload each" },
	{ "offload.frames !offload.segment", "offload", "pass",
	  "its checksum is not made yet" },
	{ "reason=reserved", "reserved", "drop",
	  RESERVED "an 802.1 reserved address, which stays on its link" },
	{ "!is_reserved", "reserved", "pass",
	  RESERVED "not an 802.1 reserved address" },
	{ "is_reserved", "reserved", "pass",
	  RESERVED "reserved, but the port forwards such addresses" },
	{ "reason=vlan", "vlan", "drop", "{why}" },
	{ "reason=vlan_in", "vlan", "drop", "{came}; the port takes {takes}" },
	{ "!settings.vlan=transparent", "vlan", "pass", "{came}: VLAN {vlan}" },
	{ "settings.vlan=transparent !priority", "vlan", "pass", "{came}" },
	{ "settings.vlan=transparent priority", "vlan", "pass",
	  "{came}, no VLAN" },
	{ "reason=bad_source", "source", "drop",
	  "{frame.source} cannot be a source: it is zero or a group address" },
	{ NULL, "source", "pass", "{frame.source} is an individual address" },
	{ "reason=blocked", "admit", "drop", "{why}" },
	{ "reason=mac_lock", "admit", "drop",
	  "the port is locked to {lock}; the frame says it is from "
	  "{frame.source}" },
	{ "lock", "admit", "pass", "the port is locked to {lock}" },
	{ "!lock", "admit", "pass", "the port has no MAC lock" },
	{ "reason=ip_lock", "admit", "drop", "{why}" },
	{ "settings.ip_lock", "admit", "pass",
	  "its addresses are among those the port may use" },
	{ "reason=rate_in", "admit", "drop",
	  "{why}: it has used up its {settings.limit_in} bytes a second" },
	{ "settings.limit_in", "admit", "pass",
	  "within the port's {settings.limit_in} bytes a second" },
	{ "reason=sticky", "learn", "drop",
	  "{frame.source} would be one more than the {settings.mac_sticky} "
	  "addresses the port may have" },
	{ "reason=moves", "learn", "drop",
	  "{frame.source} moves too often; it stays at {learned.was}" },
	{ "learned.outcome=skip", "learn", "skip", "nothing would be learned" },
	{ "learned.outcome=learned", "learn", "learned",
	  "{frame.source} is new; it would be learned at {port}" },
	{ "learned.outcome=refreshed", "learn", "refreshed",
	  "{frame.source} is known at {port}" },
	{ "learned.outcome=moved", "learn", "moved",
	  "{frame.source} would move from {learned.was} to {port}" },
	{ "learned.outcome=echo", "learn", "echo",
	  "{frame.source} was heard at {learned.was} just now; a flood does "
	  "not move it" },
	{ "learned.outcome=pinned", "learn", "pinned",
	  "{frame.source} is pinned to {learned.was}" },
	{ "learned.outcome=full", "learn", "full",
	  "the table has no place for {frame.source}" },
	{ "learned.evicted", "learn", "evicted",
	  "{learned.evicted.mac} (VLAN {learned.evicted.vlan}) would leave "
	  "the full table" },
	{ "reason=station_pinned", NULL, "drop", NULL },
};

/* The lookup. */
static const struct line lookup[] = {
	{ "reason=same_port to_itself", "resolve", "drop",
	  "{frame.destination} is source and destination: a frame to oneself "
	  "goes nowhere" },
	{ "reason=same_port", "resolve", "drop",
	  "{frame.destination} is behind {port}, where the frame comes from" },
	{ "resolution=unicast", "resolve", "unicast",
	  "{frame.destination} is behind {out}" },
	{ "reason=storm !resolution=unicast", "resolve", "flood",
	  "{frame.destination} is to be flooded" },
	{ "reason=storm", "storm", "drop",
	  "{why}: it has used up its {storm} of this kind a second" },
	{ "resolution=unknown", "resolve", "unknown",
	  "{frame.destination} is not in the table: offered to {#offered}" },
	{ "resolution=multicast", "resolve", "multicast",
	  "{frame.destination} is a group: offered to {#offered}" },
	{ "resolution=broadcast", "resolve", "broadcast",
	  "broadcast: offered to {#offered}" },
	{ "storm", "storm", "pass",
	  "within the port's {storm} of this kind a second" },
	{ "snooping", "snooping", "narrowed",
	  "{#snooping} would be allowed but did not ask for the group" },
};

/* A port a flood is not offered to, `at`: the first that fits. */
static const struct line left_out[] = {
	{ "at.reason=snooping", NULL, "skip", NULL }, /* told above */
	{ "at.reason=capture", "left-out", "skip",
	  "{at.port} is a capture: it gets copies of what it watches, and is "
	  "sent nothing" },
	{ "at.reason=flood_off", "left-out", "skip",
	  "{at.port}: floods of this kind do not go there" },
	{ "at.reason=not_allowed", "left-out", "skip",
	  "{at.port}: no rule is about frames from {port} to it" },
	{ "at.reason=vlan_out vlan", "left-out", "skip",
	  "{at.port} is not in VLAN {vlan}" },
	{ "at.reason=vlan_out", "left-out", "skip",
	  "{at.port} takes part in VLANs, and the frame is in none" },
	{ "at.reason=port_down", "left-out", "skip", "{at.port} is down" },
	{ NULL, "left-out", "skip", "{at.port}: {why}" },
};

/* No destination is left. */
static const struct line no_receiver[] = {
	{ "reason=no_destination snooping", "resolve", "drop",
	  "no port that {port} may send to has asked for it" },
	{ "reason=no_destination", "resolve", "drop",
	  "no port is left that {port} could flood to" },
};

#define PAIR "{port} -> {at.port}"
#define RULE PAIR ": {at.rule.action}, rule {at.rule.where}"
#define FILTER " when \"{at.rule.filter}\""

/* A destination, `at`. */
static const struct line receiver[] = {
	{ "at.reason=vlan_out", "vlan-out", "drop",
	  "{at.port} is not in VLAN {vlan}, or would bring a second tag to "
	  "light" },
	{ "at.vlan !at.vlan=transparent", "vlan-out", "pass",
	  "{at.port} is in VLAN {vlan}" },
	{ "at.reason=not_allowed", "allow", "drop", PAIR " has no rule" },
	{ "at.reason=no_rule !at.rules", "allow", "drop", PAIR " has no rule" },
	{ "at.reason=no_rule", "allow", "drop", "no rule of " PAIR " matches" },
	{ "at.reason=no_flow", "allow", "drop",
	  PAIR ": only answers may pass, and this answers nothing that was "
	       "begun the other way" },
	{ "at.reason=denied at.rule.filter", "allow", "drop", RULE FILTER },
	{ "at.reason=denied at.rule", "allow", "drop", RULE },
	{ "at.reason=denied", "allow", "drop", PAIR ": {why}" },
	{ "at.reply", "allow", "pass",
	  PAIR ": it answers what was begun the other way" },
	{ "!at.reply !at.rule", "allow", "pass", PAIR " is allowed" },
	{ "!at.reply at.rule.filter", "allow", "pass", RULE FILTER },
	{ "!at.reply at.rule !at.rule.filter", "allow", "pass", RULE },
	{ "at.reason=policy", "policy", "drop", PAIR ": {why}" },
	{ NULL, "policy", "pass", PAIR ": no further policy refuses it" },
	{ "at.reason=rate_out at.limit_out", "deliver", "drop",
	  "to {at.port}: {why}; it may receive {at.limit_out} bytes a "
	  "second" },
	{ "!at.reason=none", "deliver", "drop", "to {at.port}: {why}" },
	{ "at.cut offload.segment", "deliver", "pass",
	  "to {at.port}, cut into {offload.frames} frames" },
	{ "at.cut !offload.segment", "deliver", "pass",
	  "to {at.port}, with its checksum made" },
	{ "!at.cut offload.frames", "deliver", "pass",
	  "to {at.port}, as it is" },
	{ "!at.cut !offload.frames", "deliver", "pass", "to {at.port}" },
};

/* --- facts -------------------------------------------------------------- */

/* "learned.was": a member of a member; @n characters. */
static const json_t *find(const json_t *facts, const char *path, size_t n)
{
	while (n) {
		size_t len = 0;

		while (len < n && path[len] != '.')
			len++;
		facts = json_object_getn(facts, path, len);
		path += len + (len < n);
		n -= len + (len < n);
	}
	return facts;
}

static bool is_something(const json_t *fact)
{
	return json_is_true(fact) || json_integer_value(fact) ||
	       json_array_size(fact) || json_object_size(fact) ||
	       (json_is_string(fact) && *json_string_value(fact));
}

/* One condition, of @n characters. */
static bool holds_one(const json_t *facts, const char *when, size_t n)
{
	const char *equals = memchr(when, '=', n);
	const json_t *fact =
		find(facts, when, equals ? (size_t)(equals - when) : n);
	const char *text = json_string_value(fact);

	if (!equals)
		return is_something(fact);
	n -= (size_t)(equals + 1 - when);
	return text && strlen(text) == n && !strncmp(text, equals + 1, n);
}

static bool holds(const json_t *facts, const char *when)
{
	while (when && *when) {
		bool negated = *when == '!';
		size_t n = strcspn(when, " ");

		if (holds_one(facts, when + negated, n - negated) == negated)
			return false;
		when += n + (when[n] == ' ');
	}
	return true;
}

/* What stands for {KEY} in a line. */
static char *fact_text(const void *facts, const char *key)
{
	bool ports = *key == '#';
	const json_t *fact = find(facts, key + ports, strlen(key + ports));
	long long n = json_is_array(fact) ? (long long)json_array_size(fact)
					  : json_integer_value(fact);

	if (ports)
		return xasprintf("%lld port%s", n, n == 1 ? "" : "s");
	if (json_is_string(fact))
		return xstrdup(json_string_value(fact));
	return fact ? xasprintf("%lld", n) : xstrdup("");
}

/* --- telling ------------------------------------------------------------ */

static void add_step(json_t *steps, const json_t *facts, const struct line *l)
{
	char *text = text_fill(l->text, fact_text, facts);
	json_t *step = json_pack("{s:s, s:s, s:s}", "step", l->step, "result",
				 l->result, "text", text);

	if (strstr(l->text, "{at.rule."))
		json_object_set(step, "rule",
				json_object_get(json_object_get(facts, "at"),
						"rule"));
	if (strstr(l->text, "{#snooping}"))
		json_object_set(step, "ports",
				json_object_get(facts, "snooping"));
	json_array_append_new(steps, step);
	free(text);
}

/**
 * tell - the lines of a table that fit, to the first whose result is @last
 *
 * Return: false if there was such a line.
 */
static bool tell(json_t *steps, const json_t *facts, const struct line *lines,
		 size_t n, const char *last)
{
	for (size_t i = 0; i < n; i++) {
		if (!holds(facts, lines[i].when))
			continue;
		if (lines[i].step)
			add_step(steps, facts, &lines[i]);
		if (!strcmp(lines[i].result, last))
			return false;
	}
	return true;
}

/* Each of a list of ports, told as `at`. */
static void tell_ports(json_t *steps, json_t *facts, const char *list,
		       const struct line *lines, size_t n, const char *last)
{
	const json_t *rule;
	json_t *e, *at;
	size_t i;

	json_array_foreach(json_object_get(facts, list), i, e) {
		at = json_is_object(e) ? json_copy(e) : json_object();
		rule = json_object_get(at, "rule");
		if (rule)
			json_object_set_new(at, "rule", rule_shown(rule));
		json_object_set_new(facts, "at", at);
		json_object_set_new(
			facts, "why",
			json_string(reason_text(json_member(at, "reason"))));
		tell(steps, facts, lines, n, last);
	}
}

/* --- facts in words ----------------------------------------------------- */

static void set_text(json_t *facts, const char *key, char *text)
{
	json_object_set_new(facts, key, json_string(text));
	free(text);
}

static bool is_reserved(const char *mac)
{
	uint8_t byte[6];
	uint64_t value = 0;

	if (frame_mac(mac, byte))
		return false;
	for (size_t i = 0; i < sizeof(byte); i++)
		value = value << 8 | byte[i];
	return mac_is_reserved(value);
}

/* With which tag the frame came. */
static char *came(const json_t *tag)
{
	if (!json_is_integer(tag))
		return xstrdup("untagged");
	if (!json_integer_value(tag))
		return xstrdup("priority tag");
	return xasprintf("VLAN %lld", (long long)json_integer_value(tag));
}

/* Which tags a port takes. */
static char *takes(const json_t *settings)
{
	const char *mode = json_member(settings, "vlan");
	long long vlan = json_number(settings, "untagged");

	if (!strcmp(mode, "access"))
		return xasprintf("untagged frames, into VLAN %lld", vlan);
	if (strcmp(mode, "trunk") != 0)
		return xstrdup("every frame");
	if (vlan)
		return xasprintf("its VLANs' tags; untagged, into VLAN %lld",
				 vlan);
	return xstrdup("its VLANs' tags alone");
}

static char *lock(const json_t *settings)
{
	long long n = json_number(settings, "more_macs");
	const char *first = json_member(settings, "mac_lock");

	return n ? xasprintf("%s and %lld more", first, n) : xstrdup(first);
}

/* The facts, and what follows from them. */
static json_t *with_words(const json_t *facts)
{
	json_t *all = json_object();
	const json_t *frame = json_object_get(facts, "frame");
	const json_t *settings = json_object_get(facts, "settings");
	const json_t *tag = json_object_get(frame, "tag");
	const char *to = json_member(frame, "destination");

	json_object_update(all, (json_t *)facts);
	json_object_set_new(all, "is_reserved", json_boolean(is_reserved(to)));
	json_object_set_new(
		all, "to_itself",
		json_boolean(!strcmp(json_member(frame, "source"), to)));
	json_object_set_new(
		all, "why",
		json_string(reason_text(json_member(facts, "reason"))));
	json_object_set_new(all, "priority",
			    json_boolean(json_is_integer(tag) &&
					 !json_integer_value(tag)));
	set_text(all, "came", came(tag));
	set_text(all, "takes", takes(settings));
	set_text(all, "lock", lock(settings));
	return all;
}

json_t *decision_steps(const json_t *facts)
{
	json_t *all = with_words(facts), *steps = json_array();

	if (tell(steps, all, sender, N(sender), "drop") &&
	    tell(steps, all, lookup, N(lookup), "drop")) {
		tell_ports(steps, all, "left_out", left_out, N(left_out),
			   "skip");
		if (tell(steps, all, no_receiver, N(no_receiver), "drop"))
			tell_ports(steps, all, "destinations", receiver,
				   N(receiver), "drop");
	}
	json_decref(all);
	return steps;
}
