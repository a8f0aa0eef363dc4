/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What people type who come from other tools, and what does it here.
 */
#include <string.h>

#include "cli/hint.h"

static const struct {
	const char *words; /* between blanks, with one at each end */
	const char *hint;
} hints[] = {
	{ " status state list ls stat stats info summary ",
	  "'weir show ports' shows ports, their states and counters, 'weir "
	  "show system' the processes" },
	{ " port interfaces links if counters ", "'weir show ports' does" },
	{ " ports fdb policy flows groups drops system vms ", NULL },
	{ " mac macs arp neigh stations addresses table ",
	  "'weir show fdb' shows which address is behind which port" },
	{ " rules rule acl policies ", "'weir show policy' shows the rules" },
	{ " conntrack sessions connections flow ",
	  "'weir show flows' shows what may be answered" },
	{ " start up launch create open ",
	  "'weir run FILE' starts a topology" },
	{ " restart ",
	  "'weir reload' takes what has changed of the policy; for anything "
	  "else 'weir stop', and 'weir run FILE' again" },
	{ " log logs journal dmesg messages ",
	  "'weir run' writes its log to standard error; of a service "
	  "'journalctl -u SERVICE' shows it" },
	{ " remove delete del rm revert revoke unallow undeny unset clear "
	  "cancel ",
	  "'weir undo' takes the last change back, 'weir undo N' change N of "
	  "'weir show policy'" },
	{ " block drop refuse reject ", "'weir deny FROM TO' does" },
	{ " permit accept pass ", "'weir allow FROM TO' does" },
	{ " down kill quit end exit halt shutdown ", "'weir stop' does" },
	{ " explain why test ping packet frame ",
	  "'weir trace PORT FRAME' says what becomes of a frame" },
	{ " validate verify lint compile ", "'weir check FILE' does" },
	{ " rate shape bandwidth qos ", "'weir limit PORT RATE' does" },
	{ " capture tcpdump dump sniff ",
	  "a capture is a port of the topology, see weir.conf(5)" },
};

const char *hint_for(const char *word, bool *shown)
{
	size_t len = strlen(word);

	*shown = false;
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++) {
		const char *at = strstr(hints[i].words, word);

		if (!len || strchr(word, ' '))
			return NULL;
		while (at && (at[-1] != ' ' || at[len] != ' '))
			at = strstr(at + 1, word);
		if (!at)
			continue;
		*shown = !hints[i].hint;
		return hints[i].hint;
	}
	return NULL;
}
