/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table itself.  The order is that of lists in messages ("what can be here
 * is ..."): what is written most comes first.
 */
#include "config/lang/words.h"

#include <string.h>

#include "config/lang/parser.tab.h"

#define STATEMENT(text, token, places, usage)                                  \
	{                                                                      \
		text, token, places, usage, NULL, false                        \
	}
#define INNER(text, token)                                                     \
	{                                                                      \
		text, token, 0, NULL, NULL, false                              \
	}
#define SOFT(text, token, places, usage)                                       \
	{                                                                      \
		text, token, places, usage, NULL, true                         \
	}
#define LATER(text, meaning)                                                   \
	{                                                                      \
		text, T_LATER, 0, NULL, meaning, false                         \
	}

static const struct word words[] = {
	STATEMENT("switch", T_SWITCH, IN_TOPOLOGY, "switch NAME { ... }"),
	STATEMENT("link", T_LINK, IN_TOPOLOGY,
		  "link SWITCH.PORT <-> SWITCH.PORT"),
	STATEMENT("allow", T_ALLOW, IN_TOPOLOGY | IN_RUNTIME,
		  "allow PORT <-> PORT, or allow PORT -> PORT [when "
		  "\"EXPRESSION\"] [reply]"),
	STATEMENT("deny", T_DENY, IN_TOPOLOGY | IN_RUNTIME,
		  "deny PORT <-> PORT, or deny PORT -> PORT [when "
		  "\"EXPRESSION\"]"),
	STATEMENT("group", T_GROUP, IN_TOPOLOGY, "group NAME { PORT, ... }"),
	STATEMENT("domain", T_DOMAIN, IN_TOPOLOGY,
		  "domain NAME { MEMBER ... }"),
	STATEMENT("vm", T_VM, IN_TOPOLOGY, "vm NAME { ... }"),
	STATEMENT("include", T_INCLUDE, IN_TOPOLOGY, "include \"FILE\""),
	SOFT("set", T_SET, IN_RUNTIME, "set PORT { OPTION ... }"),
	STATEMENT("fdb", T_FDB, IN_SWITCH, "fdb 4096"),
	STATEMENT("ageing", T_AGEING, IN_SWITCH, "ageing 300s"),
	STATEMENT("port", T_PORT, IN_SWITCH, "port NAME { ... }"),
	SOFT("flows", T_FLOWS, IN_SWITCH, "flows NUMBER"),
	SOFT("multicast", T_MULTICAST, IN_SWITCH, "multicast snoop"),
	SOFT("policy", T_POLICY, IN_SWITCH, "policy NUMBER ..."),
	STATEMENT("tap", T_TAP, IN_PORT, "tap \"INTERFACE\" [netns \"NAME\"]"),
	STATEMENT("nic", T_NIC, IN_PORT | IN_VM,
		  "nic \"INTERFACE\" [netns \"NAME\"], or in a vm nic pci "
		  "\"0000:00:03.0\""),
	STATEMENT("socket", T_SOCKET, IN_PORT,
		  "socket listen \"PATH\", or socket connect \"PATH\", or "
		  "with tcp \"127.0.0.1:NUMBER\" in place of the path"),
	STATEMENT("attach", T_ATTACH, IN_PORT, "attach \"PATH\""),
	SOFT("program", T_PROGRAM, IN_PORT, "program \"FILE\" [args \"TEXT\"]"),
	STATEMENT("driver-vm", T_DRIVER_VM, IN_PORT, "driver-vm VM"),
	STATEMENT("capture", T_CAPTURE, IN_PORT,
		  "capture \"FILE\" of PORT, ..., or capture \"FILE\" of all"),
	SOFT("mode", T_MODE, IN_PORT, "mode 0660"),
	SOFT("owner", T_OWNER, IN_PORT, "owner USER"),
	/* The word has two meanings; here it is the lesser one. */
	STATEMENT("group", T_GROUP, IN_PORT, "group GROUP"),
	SOFT("address", T_ADDRESS, IN_PORT, "address 10.0.0.1/24, ..."),
	STATEMENT("filter", T_FILTER, IN_PORT, "filter \"EXPRESSION\""),
	STATEMENT("drops", T_DROPS, IN_PORT, "drops"),
	STATEMENT("rotate", T_ROTATE, IN_PORT, "rotate SIZE files NUMBER"),
	SOFT("overwrite", T_OVERWRITE, IN_PORT, "overwrite"),
	STATEMENT(
		"mac", T_MAC, IN_PORT | IN_LINK | IN_SET,
		"mac lock 02:00:00:00:00:01, ..., or mac sticky NUMBER, or mac "
		"moves 10/s [burst 20]"),
	STATEMENT("ip", T_IP, IN_PORT | IN_SET, "ip lock 10.0.0.7, ..."),
	STATEMENT("vlan", T_VLAN, IN_PORT | IN_LINK | IN_SET,
		  "vlan access NUMBER, or vlan trunk NUMBER, ... [native "
		  "NUMBER]"),
	STATEMENT("limit", T_LIMIT, IN_PORT | IN_LINK | IN_SET,
		  "limit [in or out] 10mbit [burst 64k]"),
	STATEMENT("storm", T_STORM, IN_PORT | IN_LINK | IN_SET,
		  "storm broadcast 100/s [burst 10], or the same of multicast "
		  "or unknown, or storm none"),
	SOFT("flood", T_FLOOD, IN_PORT | IN_LINK | IN_SET,
	     "flood on, or flood off"),
	STATEMENT("mtu", T_MTU, IN_PORT | IN_LINK, "mtu OCTETS"),
	STATEMENT("buffers", T_BUFFERS, IN_PORT | IN_LINK, "buffers NUMBER"),
	STATEMENT("reserved", T_RESERVED, IN_PORT, "reserved forward"),
	SOFT("follow", T_FOLLOW, IN_PORT, "follow PORT"),
	SOFT("kernel", T_KERNEL, IN_VM, "kernel \"FILE\""),
	SOFT("initrd", T_INITRD, IN_VM, "initrd \"FILE\""),
	SOFT("memory", T_MEMORY, IN_VM, "memory 32m"),
	SOFT("shared", T_SHARED, IN_VM, "shared uncached"),
	SOFT("append", T_APPEND, IN_VM, "append \"TEXT\""),
	SOFT("watchdog", T_WATCHDOG, IN_VM, "watchdog 10s, or watchdog off"),
	STATEMENT("poll", T_POLL, IN_DOMAIN, "poll 20us"),
	INNER("hash", T_HASH),
	INNER("linear", T_LINEAR),
	INNER("netns", T_NETNS),
	INNER("listen", T_LISTEN),
	INNER("connect", T_CONNECT),
	INNER("tcp", T_TCP),
	INNER("of", T_OF),
	INNER("all", T_ALL),
	INNER("files", T_FILES),
	INNER("lock", T_LOCK),
	INNER("forward", T_FORWARD),
	SOFT("args", T_ARGS, 0, NULL),
	SOFT("pci", T_PCI, 0, NULL),
	SOFT("uncached", T_UNCACHED, 0, NULL),
	INNER("when", T_WHEN),
	INNER("reply", T_REPLY),
	INNER("sticky", T_STICKY),
	SOFT("moves", T_MOVES, 0, NULL),
	SOFT("burst", T_BURST, 0, NULL),
	SOFT("off", T_OFF, 0, NULL),
	SOFT("none", T_NONE, 0, NULL),
	SOFT("on", T_ON, 0, NULL),
	SOFT("in", T_IN, 0, NULL),
	SOFT("out", T_OUT, 0, NULL),
	SOFT("access", T_ACCESS, 0, NULL),
	SOFT("trunk", T_TRUNK, 0, NULL),
	SOFT("native", T_NATIVE, 0, NULL),
	SOFT("broadcast", T_BROADCAST, 0, NULL),
	SOFT("unknown", T_UNKNOWN, 0, NULL),
	SOFT("snoop", T_SNOOP, 0, NULL),
	LATER("disk", "a virtual machine's disk"),
	LATER("vhost-user", "a port for a virtual machine's vhost-user device"),
};

#define N_WORDS (sizeof(words) / sizeof(words[0]))

const struct word *word_find(const char *text)
{
	for (size_t i = 0; i < N_WORDS; i++) {
		if (strcmp(words[i].text, text) == 0)
			return &words[i];
	}
	return NULL;
}

const struct word *word_of(int token)
{
	for (size_t i = 0; i < N_WORDS; i++) {
		if (words[i].token == token && token != T_LATER)
			return &words[i];
	}
	return NULL;
}

const char *word_where(unsigned int places)
{
	/* Where else it may stand is nothing to hint at in a file. */
	if (places != IN_RUNTIME)
		places &= ~(unsigned int)(IN_SET | IN_RUNTIME);
	switch (places) {
	case IN_TOPOLOGY:
		return "the topology itself, outside of any { }";
	case IN_SWITCH:
		return "a switch";
	case IN_PORT:
		return "a port";
	case IN_DOMAIN:
		return "a domain";
	case IN_VM:
		return "a vm";
	case IN_PORT | IN_VM:
		return "a port or a vm";
	case IN_RUNTIME:
		return "a change while it runs";
	default:
		return "a port or a link";
	}
}

const char *word_list(struct arena *a, enum place place)
{
	const char *list = place == IN_DOMAIN  ? "a switch, a port"
			   : place == IN_GROUP ? "a port, a group"
					       : "";

	for (size_t i = 0; i < N_WORDS; i++) {
		if (words[i].places & place)
			list = arena_printf(a, "%s%s%s", list,
					    *list ? ", " : "", words[i].text);
	}
	return list;
}

void word_guess(struct guess *g, enum place place)
{
	for (size_t i = 0; i < N_WORDS; i++) {
		if (words[i].places & place)
			guess_offer(g, words[i].text);
	}
}
