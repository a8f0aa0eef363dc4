/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The table of commands; help.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/options.h"
#include "cli/text.h"
#include "vmm/linux/pd/main.h"

/* A change is compiled first, and all switches must answer. */
#define TIMEOUT_CHANGE 10u

static const struct cli_command commands[] = {
	{ "check", "v", 1, 1, "[-v] FILE", "check a topology",
	  "Compiles the topology FILE (\"-\": standard input) and reports all "
	  "its errors as\nfile:line:column: message. With -v it prints the "
	  "system that would be built:\ndomains, memory regions, who maps "
	  "them, channels.\n",
	  cli_check, 0 },
	{ "run", "n", 1, 1, "[-n NAME] FILE", "run a topology",
	  "Runs the topology FILE in the foreground until Ctrl-C, SIGTERM or "
	  "'weir stop'.\nThe instance is called NAME, or like the file "
	  "without folder and suffix.\n",
	  cli_run, 0 },
	{ "compile", "kno", 1, 1, "--microkit [-n NAME] -o DIR FILE",
	  "make a system for another platform",
	  "With --microkit: writes to the folder DIR what Microkit's tool "
	  "makes an image for\nseL4 of: the topology FILE as NAME.system, the "
	  "configurations of its protection\ndomains, and NAME.mk, which lists "
	  "the programs. Says everything in the topology\nthat Microkit does "
	  "not have, and then writes nothing.\n",
	  cli_compile, 0 },
	{ "show", "jntT", 1, 1,
	  "[-j|--table] [-n NAME] [-t SECONDS] "
	  "ports|fdb|policy|flows|groups|drops|system|vms|disks",
	  "show the state of an instance",
	  "ports    every port: what it is attached to, its state, its "
	  "counters\n"
	  "fdb      the forwarding database: which address is behind which "
	  "port\n"
	  "policy   the rules, with how many frames each has decided; locks "
	  "and limits\n"
	  "flows    tracked connections of rules with reply\n"
	  "groups   multicast groups and the ports that joined them\n"
	  "drops    dropped frames, by port and reason\n"
	  "system   the domains (processes) and the memory each maps\n"
	  "vms      VMs: their state and their counters\n"
	  "disks    disks of guests: where they are, what was read and "
	  "written\n"
	  "On a terminal, and with --table, these are tables with headings; "
	  "in a pipe a\nline per row, with tabs between columns. For example: "
	  "watch weir show --table ports\n",
	  cli_show, 0 },
	{ "top", "nt", 0, 0, "[-n NAME] [-t SECONDS]",
	  "watch rates of ports and rules",
	  "Shows once a second what ports receive, send and drop, for which "
	  "reason most; or,\nafter the key 'r', what rules decide. The last "
	  "line says which keys sort; 'q' ends it.\n",
	  cli_top, 0 },
	{ "metrics", "nOt", 0, 0, "[-O] [-n NAME] [-t SECONDS]",
	  "print counters and states for Prometheus",
	  "Prints what 'weir show' knows of ports, drops, rules, domains and "
	  "VMs in\nPrometheus's text format, or, with -O, in that of "
	  "OpenMetrics. The names are in\nweir(1). For example, for "
	  "node_exporter's textfile collector:\n"
	  "weir metrics >weir.prom.new && mv weir.prom.new weir.prom\n",
	  cli_metrics, 0 },
	{ "graph", "nt", 0, 0, "[-n NAME] [-t SECONDS]",
	  "draw who may send to whom",
	  "Prints switches, ports, links and what the rules allow as a graph "
	  "in Graphviz's\nlanguage, with how many frames the rules have "
	  "decided. For example:\nweir graph | dot -Tsvg >home.svg\n",
	  cli_graph, 0 },
	{ "trace", "jntT", 2, 4096,
	  "[-j|--table] [-n NAME] [-t SECONDS] PORT FRAME...",
	  "explain what would happen to a frame",
	  "Has the running switch decide on a frame from PORT, step by step, "
	  "without\nsending anything. FRAME is one of\n"
	  "  020000000002 02:00:00:00:00:01 0800 ...   bytes in hex\n"
	  "  -                  the same, from standard input\n"
	  "  @FILE              a file with the bytes themselves\n"
	  "  [src|dst] ADDRESS, tcp|udp [src|dst] port N, icmp, arp, vlan N, "
	  "...\n"
	  "                     a packet in words, as 'bob tcp dst port 443'\n"
	  "  dst=ADDRESS [src=ADDRESS] [vlan=ID] [type=TYPE] [len=BYTES]\n"
	  "                     a header and a payload of zeros\n"
	  "'segment BYTES' makes a segment of it, which may be cut into "
	  "frames.\n"
	  "ADDRESS is an IP address, six bytes in hex, 'broadcast', or a port, "
	  "for the\naddress known behind it. The rest is filled in from what "
	  "the switches know; see weir(1).\n",
	  cli_trace, 0 },
	{ "allow", "bjnt", 2, 4096,
	  "[-bj] [-n NAME] [-t SECONDS] FROM TO [when FILTER] [reply]",
	  "let frames through",
	  "Lets frames pass from FROM to TO (with -b, or '<->' between them, "
	  "both ways):\nall of them, or those that match FILTER. With reply "
	  "the rule is stateful: answers\npass too. FROM and TO are ports or "
	  "groups. The rule comes before the topology's\nrules and holds "
	  "until 'weir undo' or the next 'weir reload'.\n",
	  cli_allow, TIMEOUT_CHANGE },
	{ "deny", "bjnt", 2, 4096,
	  "[-bj] [-n NAME] [-t SECONDS] FROM TO [when FILTER]", "stop frames",
	  "The opposite of 'weir allow', and otherwise like it.\n", cli_deny,
	  TIMEOUT_CHANGE },
	{ "limit", "jnt", 2, 5,
	  "[-j] [-n NAME] [-t SECONDS] PORT [in|out] RATE|off [burst SIZE]",
	  "limit what a port sends or receives",
	  "Limits what comes from PORT (in), what goes to it (out), or both, "
	  "each to RATE,\nsuch as 10mbit. The limit holds until 'weir undo' "
	  "or the next 'weir reload'.\n",
	  cli_limit, TIMEOUT_CHANGE },
	{ "storm", "jnt", 2, 5,
	  "[-j] [-n NAME] [-t SECONDS] PORT broadcast|multicast|unknown "
	  "RATE|off [burst N], or PORT none",
	  "limit what a port floods",
	  "Limits how many broadcasts, multicasts or frames to unknown "
	  "addresses the switch\nfloods for PORT, such as 100/s; with none, "
	  "there is no limit. The limit holds until\n'weir undo' or the next "
	  "'weir reload'.\n",
	  cli_storm, TIMEOUT_CHANGE },
	{ "lock", "jnt", 3, 4096,
	  "[-j] [-n NAME] [-t SECONDS] PORT mac ADDRESS...|off, or "
	  "PORT ip ADDRESS...|off",
	  "restrict a port's source addresses",
	  "Lets PORT send only from these Ethernet addresses, or only from "
	  "these IPv4 and IPv6\naddresses and networks; off removes the lock. "
	  "It holds until 'weir undo' or the\nnext 'weir reload'.\n",
	  cli_lock, TIMEOUT_CHANGE },
	{ "undo", "jnt", 0, 1, "[-j] [-n NAME] [-t SECONDS] [NUMBER]",
	  "take a change back",
	  "Takes back the last 'weir allow', 'deny', 'limit', 'storm' or "
	  "'lock', or the change\nwith that NUMBER in 'weir show policy', and "
	  "prints it. What it had replaced holds\nagain. Nothing else "
	  "changes.\n",
	  cli_undo, TIMEOUT_CHANGE },
	{ "reload", "jnt", 0, 1, "[-j] [-n NAME] [-t SECONDS] [FILE]",
	  "apply the topology file's current policy",
	  "Has an instance apply the policy of the topology FILE, or of the "
	  "file it was\nstarted from. Changes made by command are dropped. If "
	  "the topology has errors,\nor differs in more than policy, it is "
	  "refused and nothing changes.\n",
	  cli_reload, TIMEOUT_CHANGE },
	{ "vm", "nt", 2, 2, "[-n NAME] [-t SECONDS] start|stop|restart VM",
	  "turn a VM on or off",
	  "Turns a VM off, on, or off and on again, as by its mains switch: "
	  "what the guest\nhas not written anywhere is lost. A guest that "
	  "turns itself off stays off until\n'weir vm start'; one that reboots "
	  "needs no command.\n",
	  cli_vm, 0 },
	{ "console", "nt", 1, 1, "[-n NAME] [-t SECONDS] VM",
	  "talk to a VM's console",
	  "Connects this terminal with the console of a VM that is the client "
	  "of a port;\nCtrl-] leaves it. First comes what the guest has "
	  "written last. A reboot does not\nend it. Several people can be "
	  "connected at once.\n",
	  cli_console, 0 },
	{ "stop", "nt", 0, 1, "[-t SECONDS] [NAME]", "stop an instance",
	  "Stops the instance NAME, or the only one that runs, and returns "
	  "when it has ended.\n",
	  cli_stop, 0 },
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct cli_command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* --- help --------------------------------------------------------------- */

/* Words of other tools, and the command that does it here. */
static const struct {
	const char *words; /* between blanks, with one at each end */
	const char *hint;
} hints[] = {
	{ " status state list ls stat stats info summary ",
	  "'weir show ports' shows ports, their states and counters, 'weir "
	  "show system' the processes" },
	{ " prometheus openmetrics exporter stats-export ",
	  "'weir metrics' prints counters for Prometheus" },
	{ " watch monitor rates htop iftop ",
	  "'weir top' shows what ports and rules do" },
	{ " draw picture dot svg topology diagram ",
	  "'weir graph' draws who may send to whom" },
	{ " port interfaces links if counters ", "'weir show ports' does" },
	{ " ports fdb policy flows groups drops system vms disks ", NULL },
	{ " mac macs arp neigh stations addresses table ",
	  "'weir show fdb' shows which address is behind which port" },
	{ " rules rule acl policies ", "'weir show policy' shows the rules" },
	{ " conntrack sessions connections flow ",
	  "'weir show flows' shows tracked connections" },
	{ " serial tty terminal attach-console ",
	  "'weir console VM' connects with a VM's console" },
	{ " reboot reset poweroff boot destroy ",
	  "'weir vm start', 'stop' and 'restart' turn VMs on and off" },
	{ " start up launch create open ",
	  "'weir run FILE' starts a topology" },
	{ " restart ",
	  "'weir reload' applies changes of the policy; for others use "
	  "'weir stop', then 'weir run FILE'" },
	{ " log logs journal dmesg messages ",
	  "'weir run' writes its log to standard error; for a service see "
	  "'journalctl -u SERVICE'" },
	{ " remove delete del rm revert revoke unallow undeny unset clear "
	  "cancel ",
	  "'weir undo' takes back the last change, 'weir undo N' change N of "
	  "'weir show policy'" },
	{ " block drop refuse reject ", "'weir deny FROM TO' does" },
	{ " permit accept pass ", "'weir allow FROM TO' does" },
	{ " down kill quit end exit halt shutdown ", "'weir stop' does" },
	{ " explain why test ping packet frame ",
	  "'weir trace PORT FRAME' says what becomes of a frame" },
	{ " validate verify lint ", "'weir check FILE' does" },
	{ " rate shape bandwidth qos ", "'weir limit PORT RATE' does" },
	{ " capture tcpdump dump sniff ",
	  "a capture is a port of the topology, see weir.conf(5)" },
};

/* @shown: out: `weir show` shows it. Return: a sentence, or NULL. */
static const char *hint_for(const char *word, bool *shown)
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

/* There is no such command: say which one it might have been. */
static enum cli_exit unknown_command(const char *name)
{
	const char *known[N_COMMANDS + 1];
	const char *meant;
	bool shown;
	const char *hint = hint_for(name, &shown);

	for (size_t i = 0; i < N_COMMANDS; i++)
		known[i] = commands[i].name;
	known[N_COMMANDS] = "help";
	meant = text_suggest(name, known, N_COMMANDS + 1);
	if (shown)
		cli_error("there is no command '%s'; did you mean 'weir show "
			  "%s'?",
			  name, name);
	else if (hint)
		cli_error("there is no command '%s'; %s", name, hint);
	else if (meant)
		cli_error("there is no command '%s'; did you mean '%s'?", name,
			  meant);
	else
		cli_error("there is no command '%s'; 'weir help' lists them",
			  name);
	return CLI_USAGE;
}

/* On standard error if it was not asked for. */
static void overview(FILE *out)
{
	fputs("weir: a learning switch between isolated protection domains\n\n",
	      out);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  weir %-6s %s\n", commands[i].name,
			commands[i].summary);
	fputs("  weir help   [COMMAND]\n\nManual: weir(1); topologies: "
	      "weir.conf(5)\n",
	      out);
}

/* One command: how it is written, what it does, its options. */
static void describe(const struct cli_command *c)
{
	printf("usage: weir %s %s\n\n%s\n", c->name, c->usage, c->help);
	options_describe(c);
}

static enum cli_exit help(const char *name)
{
	const struct cli_command *c;

	if (!name || !strcmp(name, "help")) {
		overview(stdout);
		return CLI_OK;
	}
	c = find_command(name);
	if (!c)
		return unknown_command(name);
	describe(c);
	return CLI_OK;
}

/* Parse, check, run. */
static enum cli_exit run_command(const struct cli_command *c, struct words *w)
{
	struct cli_options opt;
	enum cli_exit result = options_parse(c, w, &opt);
	int operands = w->operands - 1;

	if (result)
		return result;
	if (w->help) {
		describe(c);
		return CLI_OK;
	}
	if (operands < c->min || operands > c->max) {
		cli_error("too %s words; usage: weir %s %s",
			  operands < c->min ? "few" : "many", c->name,
			  c->usage);
		return CLI_USAGE;
	}
	if (opt.table && opt.json) {
		cli_error("--table is for people and --json for programs; "
			  "choose one");
		return CLI_USAGE;
	}
	opt.table |= isatty(STDOUT_FILENO) == 1;
	return c->run(&opt, operands, w->argv + 2);
}

/* A full disk is a failure. */
static enum cli_exit flushed(enum cli_exit result)
{
	if ((fflush(stdout) || ferror(stdout)) && !result) {
		cli_error("cannot write to standard output");
		return CLI_FAILED;
	}
	return result;
}

static bool is_one_of(const char *word, const char *a, const char *b,
		      const char *c)
{
	return !strcmp(word, a) || !strcmp(word, b) || !strcmp(word, c);
}

/* There is no command, or no such command. */
static enum cli_exit no_command(const char *word)
{
	if (is_one_of(word, "--version", "-V", "version")) {
		puts("weir " WEIR_VERSION);
		return CLI_OK;
	}
	if (is_one_of(word, "help", "--help", "-h"))
		return help(NULL);
	if (word[0] != '-')
		return unknown_command(word);
	cli_error("which command? 'weir help' lists them");
	return CLI_USAGE;
}

int cli_main(int argc, char **argv)
{
	struct words w = { .argc = argc, .argv = argv };
	const struct cli_command *c;
	const char *name;

	if (argc > 1 && !strcmp(argv[1], "--pd"))
		pd_main();
	if (argc < 2) {
		overview(stderr);
		return CLI_USAGE;
	}
	name = options_command(&w);
	c = name ? find_command(name) : NULL;
	if (c)
		return flushed(run_command(c, &w));
	if (name && !strcmp(name, "help") && argv[argc - 1] != name)
		return flushed(help(argv[argc - 1]));
	return flushed(no_command(name ? name : argv[1]));
}
