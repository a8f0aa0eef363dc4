/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Why an instance refuses a request: from the code and the members that go with
 * it (docs/control.md) to a sentence.
 *
 * In a sentence {KEY} is a member of the reply, {+KEY} the "s" of its plural,
 * {instance} the instance's name.  "errno" is an error number; what ends in
 * "_ms" is a time.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/control.h"
#include "cli/facts.h"
#include "cli/text.h"

#define NOTHING "; nothing was changed"

static const struct {
	const char *code;
	const char *text;
} errors[] = {
	{ "no_memory", "the monitor is out of memory; try again" },
	/* The request itself is wrong. */
	{ "cut_short", "the request is cut short; it must be one line, ended "
		       "by a newline" },
	{ "too_long", "the request is too long; at most {max} bytes are read" },
	{ "crowded", "too many connections wait without a request; send the "
		     "request at once, or try again" },
	{ "no_request", "no request came within {within_ms}" },
	{ "not_json", "the request is not valid JSON: {detail} (character "
		      "{position})" },
	{ "bad_cmd", "a request is an object with \"cmd\": one of show, trace, "
		     "change, undo, reload, vm, console, stop" },
	{ "bad_what", "\"show\" wants \"what\": one of ports, fdb, policy, "
		      "flows, groups, drops, system, vms, disks" },
	{ "bad_trace", "\"trace\" wants \"port\" and \"frame\", "
		       "both text, and perhaps \"offload\"" },
	{ "bad_frame", "\"frame\" must be two hexadecimal digits per byte, for "
		       "1 to {max} bytes" },
	{ "bad_change", "\"change\" wants \"text\": statements, as in a "
			"topology" },
	{ "bad_reload", "\"reload\" wants no \"file\", or its absolute path" },
	{ "bad_undo", "\"undo\" wants no \"number\", or one that 'weir show "
		      "policy' shows" },
	{ "bad_vm", "\"vm\" wants \"vm\", its name, and \"do\": start, stop or "
		    "restart" },
	{ "bad_console", "\"console\" wants \"vm\", its name" },
	{ "no_vm", "there is no vm \"{vm}\"; 'weir show vms' lists them" },
	{ "no_console", "vm {vm} drives a card and has no console; what it "
			"says is in the log" },
	{ "is_off", "vm {vm} is off; 'weir vm start {vm}' turns it on" },
	{ "is_on", "vm {vm} is on already; 'weir vm restart {vm}' turns it off "
		   "and on" },
	{ "not_yet", "vm {vm} is just being started; try again" },
	{ "no_port", "there is no port \"{port}\"; 'weir show ports' lists "
		     "them" },
	{ "ambiguous_port", "several switches have a port \"{port}\"; say "
			    "which, as SWITCH.PORT" },
	/* Switches. */
	{ "too_slow", "the switches answer too slowly; try again" },
	{ "not_running", "switch {switch} is not running just now; try again" },
	{ "restarting", "switch {switch} fails again and again, and is started "
			"again in {again_ms}; the log says why" },
	{ "capture", "no frame can come from this port; it is a capture" },
	{ "refused", "switch {switch} refused the request: {errno}" },
	{ "no_answer", "switch {switch} does not answer; if that goes on, stop "
		       "{instance} and run it again" },
	/* Changes. */
	{ "not_ascii", "a change is printable ASCII, nothing else" NOTHING },
	{ "empty", "the change is empty" NOTHING },
	{ "twice", "the change contradicts itself about \"{about}\"" NOTHING },
	{ "too_many",
	  "{max} statements have been made since the topology was loaded, and "
	  "no more are kept; write them into the file and reload it, "
	  "or take some back with 'weir undo'" NOTHING },
	{ "nothing_to_undo",
	  "nothing has been changed by command since the topology was loaded, "
	  "so there is nothing to take back" NOTHING },
	{ "no_change", "there is no change {number}; 'weir show policy' shows "
		       "the numbers there are" NOTHING },
	{ "no_file", "{instance} was started from its standard input; name "
		     "the file to load" NOTHING },
	{ "errors", "{count} error{+count}" NOTHING },
	{ "differs", "{count} difference{+count}" NOTHING
		     ", because only rules, groups and port settings can "
		     "change while it runs: use 'weir stop', then 'weir run' "
		     "with the file" },
	{ "compiler_start",
	  "the compiler could not be started: {errno}" NOTHING },
	{ "compiler_status",
	  "the compiler ended with status {status}" NOTHING },
	{ "compiler_signal", "the compiler was killed by SIG{signal}" NOTHING },
	{ "compiler_result", "the compiler's result makes no sense, or the "
			     "monitor is out of memory" NOTHING },
	{ "policy_refused", "switch {switch} says that the policy {fault} (at "
			    "{at})" NOTHING },
	{ "policy_fatal",
	  "switch {switch} died when it loaded the new policy" NOTHING },
	{ "policy_no_answer", "switch {switch} does not answer" NOTHING },
	{ "busy", "other changes are being made; try again" NOTHING },
	{ "slow_compiler", "compiling takes too long" NOTHING },
	{ "slow_start", "a switch is still being started; try again" NOTHING },
	{ "slow_switches", "the switches answer too slowly; 'weir show policy' "
			   "shows which one holds" },
};

static char *time_text(json_int_t ms)
{
	if (ms < 1000)
		return xasprintf("%lld ms", (long long)ms);
	return xasprintf("%lld s", (long long)((ms + 999) / 1000));
}

struct refusal {
	const json_t *reply;
	const char *instance;
};

static char *member(const void *arg, const char *key)
{
	const struct refusal *r = arg;
	const json_t *reply = r->reply;
	size_t n = strlen(key);

	if (!strcmp(key, "instance"))
		return xstrdup(r->instance);
	if (*key == '+')
		return xstrdup(json_number(reply, key + 1) == 1 ? "" : "s");
	if (!strcmp(key, "errno"))
		return xstrdup(strerror((int)json_number(reply, key)));
	if (n > 3 && !strcmp(key + n - 3, "_ms"))
		return time_text(json_number(reply, key));
	return json_text(reply, key);
}

char *error_text(const json_t *reply, const char *instance)
{
	const struct refusal r = { reply, instance };
	const char *code = json_member(reply, "error");

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (!strcmp(errors[i].code, code))
			return text_fill(errors[i].text, member, &r);
	return xstrdup(code);
}
