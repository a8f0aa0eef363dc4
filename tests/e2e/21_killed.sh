#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# SIGKILL: of the monitor, which leaves nothing behind; of a domain, which is
# started again while the others go on.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

host a 10.0.0.1/24
host b 10.0.0.2/24
host c 10.0.0.3/24
host d 10.0.0.4/24

cat >both.conf <<END
switch sw0 {
	port a   { tap "a0" netns "a" }
	port b   { tap "b0" netns "b" }
	port app { attach "$W/app.sock" }
	port out { socket listen "$W/out.sock" }
	port pcap { capture "x.pcapng" of a }
}
switch sw1 {
	port c { tap "c0" netns "c" }
	port d { tap "d0" netns "d" }
}
allow a <-> b
allow c <-> d
END
weir_start both.conf
ok "a pings b" reach a 10.0.0.2

# --- a domain --------------------------------------------------------------

pid_of()
{
	"$WEIR" show -j system | jq --arg pd "$1" \
		'.pds[] | select(.name == $pd).pid'
}
again()
{
	local now
	now=$(pid_of "$1")
	[ "$now" != "$2" ] && [ "$now" -gt 0 ] &&
		[ "$("$WEIR" show -j system | jq -r --arg pd "$1" \
			'.pds[] | select(.name == $pd).state')" = running ]
}
# restarted NAME: kill it, and see it come back.
restarted()
{
	local pid
	pid=$(pid_of "$1")

	kill -KILL "$pid"
	ok "$1 is killed and started again" wait_for 20 again "$1" "$pid"
}

steady c 10.0.0.4
restarted sw0.a
ok "traffic through it goes on" wait_for 20 reach a 10.0.0.2
restarted sw0
ok "traffic through the switch goes on" wait_for 20 reach a 10.0.0.2
restarted sw0.b
restarted sw0.pcap
restarted sw0.out
ok "and after the others" wait_for 20 reach b 10.0.0.1
is "its interface is the same, with its address" \
	"$(on a ip -o -4 addr show dev a0 | grep -c 10.0.0.1/24)" 1
steady_lost "the other switch's ping lost nothing"
system=$("$WEIR" show -j system)
is "the restarts were counted" "$(jq -r '.pds[] |
	select(.restarts > 0 and (.name | startswith("sw0"))).name' \
	<<<"$system" | sort | paste -sd ' ')" "sw0 sw0.a sw0.b sw0.out sw0.pcap"
is "the other switch and its ports had none" "$(jq '[.pds[] |
	select(.name | startswith("sw1")).restarts] | add' <<<"$system")" 0
like "and logged" "$(cat "$WEIR_LOG")" 'sw0\.a'
captured()
{
	tcpdump -n -r x.pcapng icmp 2>/dev/null | grep -q .
}
ok "the capture goes on in the same file" wait_for 5 captured

# --- the monitor -----------------------------------------------------------

pids=$("$WEIR" show -j system | jq '.pds[].pid')
kill -KILL "$WEIR_PID"
wait "$WEIR_PID" 2>/dev/null
WEIR_PID=
nothing_left()
{
	[ -z "$(_left; find "$W" -type s)" ]
}
ok "the monitor is killed: no process, interface or socket is left" \
	wait_for 10 nothing_left
for pid in $pids; do
	[ ! -e "/proc/$pid/exe" ] || _result 1 "domain $pid is gone"
done
ok "the capture can be read" tcpdump -n -r x.pcapng -c 1

weir_start both.conf
ok "it can be started again at once" reach a 10.0.0.2

# --- before it runs --------------------------------------------------------

weir_stop
for delay in 0.00 0.02 0.05 0.1 0.2; do
	"$WEIR" run both.conf 2>early.log &
	early=$!
	sleep "$delay"
	kill -KILL $early
	wait $early 2>/dev/null
	ok "killed $delay s after its start, nothing is left" \
		wait_for 10 nothing_left
done
finish
