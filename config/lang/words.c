/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table.  Its order is that of lists in messages: what is written most
 * comes first.
 */
#include "config/lang/words.h"

#include <string.h>

#include "config/lang/actions.h"
#include "config/lang/value.h"
#include "policy/flow.h"

static const struct unit seconds[] = {
	{ "s", 1 }, { "m", 60 }, { "h", 3600 }, { NULL, 0 }
};
static const struct unit microseconds[] = { { "us", 1 },
					    { "ms", 1000 },
					    { NULL, 0 } };
static const struct unit disk_bytes[] = { { "m", 1ull << 20 },
					  { "g", 1ull << 30 },
					  { "t", 1ull << 40 },
					  { NULL, 0 } };
static const struct unit megabytes[] = { { "m", 1ull << 20 },
					 { "g", 1ull << 30 },
					 { NULL, 0 } };

/* What numbers may be; IEEE 802.1Q table 8-6 has the longest ageing time. */
static const struct measure
	an_ageing = { "an ageing time",
		      "seconds, minutes or hours, from 1s to 1000000s: 300s, "
		      "5m, 1h",
		      1, 1000000, seconds },
	flows = { "a number of flows", "flows", 0, FLOW_MAX_CAPACITY, NULL },
	sticky = { "a number of addresses", "addresses", 1, 4096, NULL },
	/* Ten thousand moves a second are a loop, whatever they are called. */
	moves = { "a burst", "at once", 1, 100000, NULL },
	storm = { "a burst", "at once", 1, 100000000, NULL },
	/* RFC 791: every host takes a datagram of 68 bytes. */
	an_mtu = { "an MTU", "bytes", 68, MAX_MTU, NULL },
	buffers = { "a number of buffers", "buffers", QUEUE_MIN_CAPACITY,
		    QUEUE_MAX_CAPACITY, NULL },
	/* As many as the VMM can make. */
	vcpus = { "a number of processors", "cpus", 1, SYS_VM_CPUS, NULL },
	/* Less does not hold a kernel; more has no place in the VMM's map. */
	memory = { "a VM's memory",
		   "mebibytes or gibibytes, from 16m to 2g: 32m", 16ull << 20,
		   2ull << 30, megabytes },
	a_size = { "a disk's size",
		   "mebibytes, gibibytes or tebibytes, from 1m to 64t: 10g",
		   1ull << 20, 64ull << 40, disk_bytes },
	/* The guest shows once a second that it lives. */
	watchdog = { "a watchdog's time",
		     "seconds, minutes or hours, from 2s to 1h: 10s", 2, 3600,
		     seconds },
	/* Longer than any scheduler's time slice wins no latency. */
	polling = { "a polling time",
		    "microseconds or milliseconds, from 1us to 100ms: 20us", 1,
		    100000, microseconds };

/* A form is a line. */
/* clang-format off */

/* An option, and how many words of the form are its name. */
#define OPTION(n, type, o) .words = (n), .option = offsetof(struct type, o)
#define SWITCH(o) OPTION(1, topo_switch, o)
#define DOMAIN(o) OPTION(1, topo_domain, o)
#define PORT(o) OPTION(1, topo_port, o)
#define VM(o) OPTION(1, topo_vm, o)
#define DISK(o) OPTION(1, topo_disk, o)
#define PLACEMENT(o) OPTION(1, topo_placement, o)
#define SET1(o) OPTION(1, topo_settings, o)
#define SET2(o) OPTION(2, topo_settings, o)
#define NO_OPTION .words = 0
#define STORM(kind) SET2(storm[STORM_##kind]), &storm

#define SETTING (IN_PORT | IN_LINK | IN_SET | ON_SENDERS)
#define PORT_SET (IN_PORT | IN_SET | ON_SENDERS)
#define CAPTURE (IN_PORT | ON_CAPTURES)
#define SENDER (IN_PORT | ON_SENDERS)
#define NIC (IN_PORT | ON_NICS)
#define TAP (IN_PORT | ON_TAPS)
#define CARD (IN_PORT | ON_CARDS)
#define PATH (IN_PORT | ON_PATHS)
#define RATE (SETTING | LIMITED)
#define RULE (IN_TOPOLOGY | IN_RUNTIME)

const struct form forms[] = {
{ IN_TOPOLOGY, "switch NAME { ... }", on_switch, .block = IN_SWITCH },
{ IN_TOPOLOGY, "link SWITCH.PORT <-> SWITCH.PORT", on_link, .block = IN_LINK },
{ RULE, "allow SIDE ARROW SIDE [when \"EXPRESSION\"] [reply]", on_rule,
  .usage = "allow PORT <-> PORT, or allow PORT -> PORT [when \"EXPRESSION\"] "
  "[reply]" },
{ RULE, "deny SIDE ARROW SIDE [when \"EXPRESSION\"] [reply]", on_rule,
  .n = DENY,
  .usage = "deny PORT <-> PORT, or deny PORT -> PORT [when \"EXPRESSION\"]" },
{ IN_TOPOLOGY, "group NAME { PORT, ... }", on_group, .block = IN_GROUP },
{ IN_TOPOLOGY, "domain NAME { MEMBER ... }", on_domain, .block = IN_DOMAIN },
{ IN_TOPOLOGY, "vm NAME { ... }", on_vm, .block = IN_VM,
  .usage = "vm NAME { ... }, or in a port vm VM" },
{ IN_TOPOLOGY, "disk NAME { ... }", on_disk, .block = IN_DISK,
  .usage = "disk NAME { ... }, or in a vm disk \"FILE\" [read-only] or disk "
  "DISK [partition NUMBER] [read-only]" },
{ IN_VM, "disk STRING [read-only]", on_vm_file, NO_OPTION },
{ IN_VM, "disk DISK [read-only]", on_vm_disk, NO_OPTION },
{ IN_VM, "disk DISK partition STRING [read-only]", on_vm_partition,
  .n = BY_NAME },
{ IN_VM, "disk DISK partition NUMBER [read-only]", on_vm_partition,
  .n = BY_NUMBER },
{ IN_TOPOLOGY, "placement { MEMBER ... }", on_placement,
  .block = IN_PLACEMENT },
{ IN_TOPOLOGY, "include \"FILE\"", on_include, NO_OPTION },
{ IN_RUNTIME, "set PORT { OPTION ... }", on_set, .block = IN_SET },

{ IN_SWITCH, "fdb 4096", on_fdb, SWITCH(fdb) },
{ IN_SWITCH | UNSAID, "fdb hash [ENTRIES]", on_fdb, SWITCH(fdb) },
{ IN_SWITCH | UNSAID, "fdb linear [ENTRIES]", refuse_linear, NO_OPTION },
{ IN_SWITCH, "ageing 300s", on_number, SWITCH(ageing), &an_ageing },
{ IN_SWITCH, "port NAME { ... }", on_port, .block = IN_PORT },
{ IN_SWITCH, "flows NUMBER", on_flows, SWITCH(flows), &flows },
{ IN_SWITCH, "multicast snoop", NULL, SWITCH(snoop) },
{ IN_SWITCH, "policy NUMBER ...", on_policy, SWITCH(policy) },

{ IN_PORT, "tap \"INTERFACE\" [netns \"NAME\"]", on_interface, .n = TO_TAP },
{ IN_PORT, "nic \"INTERFACE\" [netns \"NAME\"]", on_interface, .n = TO_NIC,
  .usage = "nic \"INTERFACE\" [netns \"NAME\"], or in a vm nic pci "
  "\"0000:00:03.0\"" },
{ IN_VM, "nic pci \"0000:00:03.0\"", on_card, VM(nic) },
{ IN_VM | UNSAID, "nic STRING", refuse_interface, VM(nic) },
{ IN_PORT | UNSAID, "nic pci \"0000:00:03.0\"", refuse_card, NO_OPTION },
{ IN_PORT, "socket listen \"PATH\"", on_socket,
  .usage = "socket listen \"PATH\", or socket connect \"PATH\", or with tcp "
  "\"127.0.0.1:NUMBER\" in place of the path" },
{ IN_PORT, "socket connect \"PATH\"", on_socket, .n = CONNECT },
{ IN_PORT, "socket listen tcp \"ADDRESS\"", on_socket, .n = TCP },
{ IN_PORT, "socket connect tcp \"ADDRESS\"", on_socket, .n = CONNECT | TCP },
{ IN_PORT, "vhost-user \"PATH\"", on_vhost_user,
  .usage = "vhost-user \"PATH\", or vhost-user connect \"PATH\"" },
{ IN_PORT, "vhost-user connect \"PATH\"", on_vhost_user, .n = CONNECT },
{ IN_DISK, "vhost-user \"PATH\"", on_disk_socket, DISK(socket) },
{ IN_PORT, "attach \"PATH\"", on_attach, .n = TO_ATTACH },
{ IN_PORT, "program \"FILE\" [args \"TEXT\"]", on_program, NO_OPTION },
{ IN_PORT, "driver-vm VM", on_attach, .n = TO_DRIVER_VM,
  .usage = "driver-vm VM" },
{ IN_DISK, "driver-vm VM", on_text, DISK(driver) },
{ IN_PORT, "vm VM", on_attach, .n = TO_VM },
{ IN_PORT, "capture \"FILE\" of PORT, ...", on_capture, NO_OPTION },
{ IN_PORT, "capture \"FILE\" of all", on_capture, NO_OPTION },
{ PATH, "mode 0660", on_mode, PORT(mode), .usage = "mode 0660" },
{ IN_DISK, "mode 0660", on_mode, DISK(mode) },
{ PATH, "owner USER", on_owner, PORT(owner), .n = USER,
  .usage = "owner USER" },
{ IN_DISK, "owner USER", on_owner, DISK(owner), .n = USER },
{ PATH, "group GROUP", on_owner, PORT(group) },
{ IN_DISK, "group GROUP", on_owner, DISK(group) },
{ TAP, "address 10.0.0.1/24, ...", on_address, PORT(tap_address) },
{ NIC, "xdp", NULL, PORT(nic_xdp) },
{ CAPTURE, "filter \"EXPRESSION\"", on_text, PORT(capture.filter) },
{ CAPTURE, "drops", NULL, PORT(capture.drops) },
{ CAPTURE, "rotate SIZE files NUMBER", on_rotate, PORT(capture.rotate) },
{ CAPTURE, "overwrite", NULL, PORT(capture.overwrite) },

{ PORT_SET, "mac lock 02:00:00:00:00:01, ...", on_lock, SET2(lock) },
{ SETTING | UNSAID, "mac lock off", on_off, SET2(lock) },
{ PORT_SET, "mac sticky NUMBER", on_number, SET2(sticky), &sticky },
{ SETTING | UNSAID, "mac sticky off", on_off, SET2(sticky) },
{ RATE, "mac moves 10/s [burst 20]", on_rate, SET2(moves), &moves, 10000 },
{ RATE | UNSAID, "mac moves off", on_off, SET2(moves) },
{ CARD | UNSAID, "mac MAC", on_card_mac, PORT(card_mac) },
{ IN_LINK | UNSAID, "mac lock MAC, ...", refuse_in_link, NO_OPTION },
{ IN_LINK | UNSAID, "mac sticky NUMBER", refuse_in_link, NO_OPTION },
{ PORT_SET, "ip lock 10.0.0.7, ...", on_ip_lock, SET2(ip_lock) },
{ SETTING | UNSAID, "ip lock off", on_off, SET2(ip_lock) },
{ IN_LINK | UNSAID, "ip lock ADDRESS, ...", refuse_in_link, NO_OPTION },
{ SETTING, "vlan access NUMBER", on_access, SET1(vlan) },
{ SETTING, "vlan trunk NUMBER, ... [native NUMBER]", on_trunk, SET1(vlan) },
{ SETTING | UNSAID, "vlan off", on_off, SET1(vlan) },
{ SETTING, "limit 10mbit [burst 64k]", on_limit, SET1(limit), .n = BOTH,
  .usage = "limit [in or out] 10mbit [burst 64k]" },
{ SETTING | UNSAID, "limit off", on_off, SET1(limit), .n = BOTH },
{ SETTING, "limit in 10mbit [burst 64k]", on_limit, SET2(limit[LIMIT_IN]) },
{ SETTING | UNSAID, "limit in off", on_off, SET2(limit[LIMIT_IN]) },
{ SETTING, "limit out 10mbit [burst 64k]", on_limit, SET2(limit[LIMIT_OUT]) },
{ SETTING | UNSAID, "limit out off", on_off, SET2(limit[LIMIT_OUT]) },
{ RATE, "storm broadcast 100/s [burst 10]", on_rate, STORM(BROADCAST), MANY,
  .usage = "storm broadcast 100/s [burst 10], or the same of multicast or "
  "unknown, or storm none" },
{ RATE | UNSAID, "storm broadcast off", on_off, STORM(BROADCAST) },
{ RATE, "storm multicast 100/s [burst 10]", on_rate, STORM(MULTICAST),
  MANY },
{ RATE | UNSAID, "storm multicast off", on_off, STORM(MULTICAST) },
{ RATE, "storm unknown 100/s [burst 10]", on_rate, STORM(UNKNOWN), MANY },
{ RATE | UNSAID, "storm unknown off", on_off, STORM(UNKNOWN) },
{ SETTING, "storm none", storms_off, NO_OPTION },
{ SETTING, "flood on", on_flood, SET1(flood) },
{ SETTING, "flood off", on_flood, SET1(flood), .n = true },
{ IN_PORT | IN_LINK, "mtu BYTES", on_number, SET1(mtu), &an_mtu },
{ IN_PORT | IN_LINK, "buffers NUMBER", on_buffers, SET1(buffers), &buffers },
{ IN_PORT | IN_LINK | ON_OFFLOADS, "offload off", NULL, SET1(offload) },
{ SENDER, "reserved forward", NULL, PORT(reserved) },
{ SENDER, "follow PORT", on_text, PORT(follow) },
{ IN_LINK | UNSAID, "follow", refuse_follow, NO_OPTION },

{ IN_VM, "kernel \"FILE\"", on_file, VM(kernel) },
{ IN_VM, "initrd \"FILE\"", on_file, VM(initrd) },
{ IN_VM, "storage pci \"0000:00:04.0\"", on_card, VM(storage) },
{ IN_VM, "memory 32m", on_memory, VM(memory), &memory },
{ IN_VM, "cpus 2", on_number, VM(cpus), &vcpus },
{ IN_VM, "shared uncached", NULL, OPTION(2, topo_vm, uncached) },
{ IN_VM, "append \"TEXT\"", on_append, VM(append) },
{ IN_VM, "watchdog 10s", on_number, VM(watchdog), &watchdog },
{ IN_VM, "watchdog off", on_never, VM(watchdog) },

{ IN_DISK, "file \"FILE\"", on_disk_file, DISK(file) },
{ IN_DISK, "of DISK", on_text, DISK(of) },
{ IN_DISK, "partition STRING", on_partition, DISK(partition), .n = BY_NAME,
  .usage = "partition NUMBER, or partition \"NAME\"" },
{ IN_DISK, "partition NUMBER", on_partition, DISK(partition), .n = BY_NUMBER },
{ IN_DISK, "read-only", NULL, DISK(read_only) },
{ IN_DISK, "sparse", NULL, DISK(sparse) },
{ IN_DISK, "size 10g", on_number, DISK(size), &a_size },
{ IN_DISK, "retry", NULL, DISK(retry) },
{ IN_DISK, "error", NULL, DISK(error) },

{ IN_DOMAIN, "poll 20us", on_number, DOMAIN(poll), &polling },

{ IN_PLACEMENT, "cpu NUMBER, ...", on_cpu, PLACEMENT(cpu) },
};
/* clang-format on */

const size_t n_forms = sizeof(forms) / sizeof(forms[0]);

/*
 * Words that cannot be names, between spaces.  None is added: a name that is
 * good today stays good, and words that come later are soft.
 */
static const char hard[] = " switch link allow domain include fdb ageing port "
			   "tap nic socket attach capture filter drops rotate "
			   "mac mtu buffers reserved poll hash linear netns "
			   "listen connect tcp of all files lock forward vm "
			   "driver-vm group deny when reply ip vlan limit "
			   "storm sticky ";

/* Is it one of these words, which do not end but with a space or a sign? */
static bool is_among(const char *words, const char *text)
{
	size_t len = strlen(text);

	for (const char *at = words; (at = strstr(at, text)); at++) {
		if ((at == words || strchr(" [", at[-1])) &&
		    strchr(" ]", at[len]))
			return true;
	}
	return false;
}

bool form_begins(const struct form *f, const char *word)
{
	size_t len = strlen(word);

	return !strncmp(f->text, word, len) && strchr(" ", f->text[len]);
}

struct option *form_option(const struct form *f, const void *self,
			   const struct topo_settings *settings)
{
	const void *in = f->places & (IN_LINK | IN_SET) ? settings : self;

	return (struct option *)((char *)in + f->option);
}

const char *form_name(struct arena *a, const struct form *f)
{
	const char *end = f->text;

	for (unsigned int i = 0; i < f->words; i++)
		end += strcspn(end + 1, " ") + 1;
	return arena_strndup(a, f->text, (size_t)(end - f->text));
}

enum token_kind word_kind(const char *text)
{
	/* Most words are names, and no word of ours has a digit. */
	if (text[strspn(text, "abcdefghijklmnopqrstuvwxyz-")])
		return T_WORD;
	if (is_among(hard, text))
		return T_HARD;
	for (size_t i = 0; i < n_forms; i++) {
		if (is_among(forms[i].text, text))
			return T_SOFT;
	}
	return T_WORD;
}

/* The form after the last one of a word; its forms stand together. */
static const struct form *last(const struct form *f, const char *text)
{
	while (f < forms + n_forms && form_begins(f, text))
		f++;
	return f;
}

static const struct form *first(const char *text)
{
	const struct form *f = forms;

	while (f < forms + n_forms && !form_begins(f, text))
		f++;
	return f;
}

unsigned int word_places(const char *text)
{
	unsigned int places = 0;

	for (const struct form *f = first(text); f < last(first(text), text);
	     f++)
		places |= f->places & UNSAID ? 0 : f->places & ALL_PLACES;
	return places;
}

bool word_ends_blocks(const char *text, bool block)
{
	const struct form *f = first(text);

	if (f == forms + n_forms || !(f->places & IN_TOPOLOGY) ||
	    f->act == on_include)
		return false;
	/* A vm in a port is a slip; a disk in a vm, a group are others. */
	return block ||
	       (f->act != on_vm && f->act != on_group && f->act != on_disk);
}

const char *word_usage(struct arena *a, const char *text)
{
	const struct form *f = first(text);
	const char *usage = f->usage;
	const char *more = "";

	for (; f < last(first(text), text) && !f->usage; f++) {
		if (f->places & UNSAID)
			continue;
		usage = arena_printf(a, "%s%s%s", usage ? usage : "", more,
				     f->text);
		more = ", or ";
	}
	return usage;
}

const char *word_where(unsigned int places)
{
	static const struct {
		unsigned int places;
		const char *text;
	} where[] = {
		{ IN_TOPOLOGY, "the topology itself, outside of any { }" },
		{ IN_SWITCH, "a switch" },
		{ IN_PORT, "a port" },
		{ IN_DOMAIN, "a domain" },
		{ IN_PLACEMENT, "a placement" },
		{ IN_VM, "a vm" },
		{ IN_DISK, "a disk" },
		{ IN_PORT | IN_DISK, "a port or a disk" },
		{ IN_TOPOLOGY | IN_VM,
		  "the topology itself, outside of any { }, or in a vm" },
		{ IN_PORT | IN_VM, "a port or a vm" },
		{ IN_RUNTIME, "a change while it runs" },
	};

	/* Where else it may stand is nothing to hint at in a file. */
	if (places != IN_RUNTIME)
		places &= ~(unsigned int)(IN_SET | IN_RUNTIME);
	for (size_t i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
		if (where[i].places == places)
			return where[i].text;
	}
	return "a port or a link";
}

const char *word_list(struct arena *a, enum place place, struct guess *g)
{
	const char *list = place == IN_DOMAIN	   ? "a switch, a port"
			   : place == IN_GROUP	   ? "a port, a group"
			   : place == IN_PLACEMENT ? "a switch, a port, a "
						     "domain, a vm"
						   : "";
	const char *before = " ";

	for (const struct form *f = forms; f < forms + n_forms; f++) {
		const char *word =
			arena_strndup(a, f->text, strcspn(f->text, " "));

		if (!(f->places & place) || f->places & UNSAID ||
		    strcmp(word, before) == 0)
			continue;
		guess_offer(g, word);
		list = arena_printf(a, "%s%s%s", list, *list ? ", " : "", word);
		before = word;
	}
	return list;
}
