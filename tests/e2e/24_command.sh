#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# The command against a running instance: tables on a terminal, tabs in a pipe,
# JSON with the keys of the protocol, names, stopping.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

quiet_host a 10.0.0.1/24
quiet_host b 10.0.0.2/24
weir_start - <<END
switch sw0 {
	port a { tap "a0" netns "a"; mac lock 02:00:00:00:00:0a }
	port b { tap "b0" netns "b" }
	port app { attach "$W/app.sock" }
}
allow a <-> b
allow b -> app
END
on a ip link set a0 address 02:00:00:00:00:0a
ok "a pings b" reach a 10.0.0.2
send a "$(frame 02:00:00:00:00:0b 02:00:00:00:00:66 x)"
locked()
{
	[ "$(dropped sw0.a mac_lock)" = 1 ]
}
ok "a drop" wait_for 5 locked

# --- JSON: the keys the protocol promises ----------------------------------

# keys WHAT FILTER: of the objects the filter selects
keys()
{
	"$WEIR" show -j "$1" |
		jq -r "[$2 | keys_unsorted] | unique[] | join(\" \")"
}
want="port number kind attached interface state in_frames in_bytes"
want="$want out_frames out_bytes drops faults restarts mirror_missed again_ms path"
is "ports" "$(keys ports '.[]')" "$want"
is "fdb" "$(keys fdb '.[]')" "switch mac vlan port age flags"
is "policy: rules" "$("$WEIR" show -j policy |
	jq -c 'map(select(.action == "allow") | {from, to, filter, reply}) |
		sort[]')" \
	'{"from":"sw0.a","to":"sw0.b","filter":"","reply":false}
{"from":"sw0.b","to":"sw0.a","filter":"","reply":false}
{"from":"sw0.b","to":"sw0.app","filter":"","reply":false}'
is "policy: keys of rules" \
	"$(keys policy '.[] | select(.action == "allow")')" \
	"from to action filter reply where hits"
mac=02:00:00:00:00:0a
is "policy: what a port is held to" "$("$WEIR" show -j policy |
	jq -c '.[] | select(.action == "mac-lock") | del(.mac)')" \
	'{"from":"sw0.a","action":"mac-lock","value":"'$mac'"}'
is "policy: the lock's address" "$("$WEIR" show -j policy |
	jq -r '.[] | select(.action == "mac-lock") | .mac')" $mac
is "drops" "$(keys drops '.[]')" "port reason side count text"
is "system" "$(keys system .)" "name pid pds regions channels"
is "domains" "$(keys system '.pds[]')" \
	"name pid state restarts again_ms poll_us cpus components maps channels"
is "maps" "$(keys system '.pds[].maps[]')" "region size perms"
is "decision" "$("$WEIR" trace -j a dst=b |
	jq -r 'keys_unsorted | join(" ")')" \
	"port length steps verdict reason text deliver refused left_out hops arrives"
is "the locked address is static" "$("$WEIR" show -j fdb |
	jq -r '.[] | select(.port == "sw0.a").flags')" static
is "a port nobody has attached to is down" "$("$WEIR" show -j ports |
	jq -r '.[] | select(.port == "sw0.app").state')" down

# --- in a pipe, on a terminal ----------------------------------------------

for what in ports fdb policy drops system; do
	"$WEIR" show $what >piped
	like "$what: in a pipe, tabs" "$(head -n 1 piped)" $'\t'
	unlike "and no heading" "$(head -n 1 piped)" '^[A-Z]+'
	is "and no empty column" "$(grep -cE $'^\t|\t\t|\t$' piped)" 0
	script -qec "$WEIR show $what" /dev/null </dev/null >shown
	like "$what: on a terminal, a heading" "$(cat shown)" '^[A-Z]{4,}'
	unlike "and no tab" "$(cat shown)" $'\t'
	"$WEIR" show --table $what >forced
	is "$what: --table gives the same in a pipe" \
		"$(sed 's/ *[0-9]*//g' forced)" \
		"$(tr -d '\r' <shown | sed 's/ *[0-9]*//g')"
done
like "show policy says what a column is" "$("$WEIR" show --table policy)" \
	'FROM PORT +TO PORT +ACTION .* DECIDED ON +WRITTEN AT'
like "show policy says that a rule is about all frames" \
	"$("$WEIR" show --table policy)" 'allow +all +no'
like "and has a table of its own for what ports are held to" \
	"$("$WEIR" show --table policy | head -n 1)" '^PORT +SETTING +VALUE'
is "no flow: said to a person" "$("$WEIR" show --table flows)" "no flow"
like "trace: --table" "$("$WEIR" --table trace a dst=b | head -n 1)" \
	'^WHAT +WHICH +RESULT'
is "one line per port" "$("$WEIR" show ports | wc -l)" 3
is "thirteen columns of ports" \
	"$("$WEIR" show ports | awk -F '\t' '{ print NF }' |
	sort -u)" 13

# --- metrics ---------------------------------------------------------------

# counted METRIC: its samples, as "PORT VALUE"
counted()
{
	"$WEIR" metrics | sed -nE "s/^$1"'\{.*port="([^"]*)".*\} /\1 /p'
}
for what in frames bytes; do
	is "metrics are the values of show -j" \
		"$(counted weir_port_${what}_total)" \
		"$("$WEIR" show -j ports | jq -r --arg what $what \
			'map("\(.port) \(.["in_" + $what])"),
			map("\(.port) \(.["out_" + $what])") | .[]')"
done
is "and of drops" "$(counted weir_port_drops_total)" \
	"$("$WEIR" show -j drops | jq -r '.[] | "\(.port) \(.count)"')"
if command -v promtool >/dev/null; then
	ok "promtool accepts them" eval '"$WEIR" metrics | promtool check metrics'
else
	skip "promtool accepts them" "no promtool (Debian's prometheus)"
fi

# --- top -------------------------------------------------------------------

# typed KEYS: what `weir top` draws, and then its exit status
typed()
{
	printf %s "$1" |
		script -qec "$WEIR top; echo \"ended \$?\"" /dev/null
}
like "top draws ports" "$(typed q)" 'PORT .*STATE .*IN/s'
like "and rules" "$(typed rq)" 'FROM .*DECIDED/s'
like "and ends when told to" "$(typed q)" 'ended 0'
is "it needs a terminal" "$("$WEIR" top 2>&1 </dev/null)" \
	"weir: 'weir top' needs a terminal; 'weir metrics' prints counters for programs"

# --- words -----------------------------------------------------------------

like "the version" "$("$WEIR" --version)" '^weir [0-9]+\.[0-9]+$'
# said STATUS ARGS...: what it says on standard error, if the status is right.
said()
{
	local want=$1
	shift

	{ "$WEIR" "$@" >said.out; } 2>&1
	set -- $?
	[ "$1" = "$want" ] || echo "status $1, not $want"
	[ ! -s said.out ] || echo "and on standard output: $(cat said.out)"
}
is "a command that is misspelt" "$(said 2 stpo)" \
	"weir: there is no command 'stpo'; did you mean 'stop'?"
want="weir: there is no port sw0.appp; did you mean sw0.app?"
is "a port that is misspelt" "$(said 1 trace sw0.appp dst=b)" \
	"$want ('weir show ports' lists them)"
is "an option in front of the command" "$("$WEIR" -n topology show ports |
	wc -l)" 3
is "a name that is misspelt" "$(said 1 show ports -n topolgy)" \
	"weir: topolgy does not run; did you mean topology? (running: topology)"
is "a full disk is not success" "$("$WEIR" show ports 2>&1 >/dev/full)" \
	"weir: cannot write to standard output"

# --- several instances, stopping -------------------------------------------

sed -e 's/"a0" netns "a"/"other0"/; s/"b0" netns "b"/"other1"/' \
	-e 's/app.sock/x.sock/' topology.weir >second.conf
"$WEIR" run -n 2nd second.conf 2>second.log &
second=$!
ok "another instance, with a name of its own" \
	wait_for 20 grep -q 'weir: 2nd: running$' second.log
is "now it must be said which is meant" "$(said 1 show ports)" \
	"weir: several instances run: 2nd, topology; choose one with -n"
is "-n says it" "$("$WEIR" show -j system -n 2nd | jq -r .name)" 2nd
ok "stop NAME" "$WEIR" stop 2nd
nok "when it returns, the process has ended" \
	grep '^State:.*[^Z] ' "/proc/$second/status"
wait $second
is "well" $? 0
ok "the first is still there, and the only one" "$WEIR" show ports

kill -STOP "$WEIR_PID"
is "an instance that does not answer" "$(said 1 show ports -t 1)" \
	"weir: topology did not answer within 1 s; try again with a longer -t"
kill -CONT "$WEIR_PID"
ok "and does again" "$WEIR" show ports
"$WEIR" check -v topology.weir >dump.txt
ok "check -v prints every domain" grep -q sw0.app dump.txt
ok "check prints one line" test "$("$WEIR" check topology.weir | wc -l)" = 1
finish
