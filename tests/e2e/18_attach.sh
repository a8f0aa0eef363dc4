#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# attach: programs at a port, by libweir. They come and go, one at a time, are
# killed, and lie; the switch and the other ports do not notice.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

quiet_host a 10.0.0.1/24
quiet_host b 10.0.0.2/24
weir_start - <<END
switch sw0 {
	port a    { tap "a0" netns "a" }
	port b    { tap "b0" netns "b" }
	port app  { attach "$W/app.sock" }
	port team { attach "$W/team.sock"; mode 0660; group $(id -g) }
	# The sink never says who it is.
	port from { attach "$W/from.sock"; storm unknown off }
	port to   { attach "$W/to.sock" }
}
allow a <-> b
allow a <-> app
allow from <-> to
END
A=$(mac a) E=02:00:00:00:00:ee

state()
{
	"$WEIR" show -j ports | jq -r --arg port "sw0.$1" \
		'.[] | select(.port == $port).state'
}
in_state()
{
	[ "$(state "$1")" = "$2" ]
}

is "by default only its owner may connect" "$(stat -c %a app.sock)" 600
is "unless mode and group say who may" "$(stat -c '%a %g' team.sock)" \
	"660 $(id -g)"

# --- one program -----------------------------------------------------------

is "a port nobody has attached to is down" "$(state app)" down
"$EXAMPLES/echo" "$W/app.sock" $E 2>echo.log &
echo=$!
ok "a program attaches: the port is up" wait_for 5 in_state app up
ear a ether proto 0x$TEST
send a "$(frame $E "$A" hello)"
ok "a frame comes back from it" wait_for 5 heard_some a ether src $E
is "with what was in it" "$(tcpdump -r a.pcap -X 2>/dev/null | grep -c hello)" 1
is "the switch has learned where the program is" "$("$WEIR" show -j fdb |
	jq -r --arg mac $E '.[] | select(.mac == $mac).port')" sw0.app

nok "a second program is refused" timeout 5 "$EXAMPLES/hexdump" "$W/app.sock"
like "and told that there is one" "$(cat "$W/.out")" 'attached'
send a "$(frame $E "$A" again)"
twice()
{
	[ "$(heard a ether src "$E")" = "$1" ]
}
ok "the first one did not notice" wait_for 5 twice 2

# --- it goes, and another comes --------------------------------------------

kill -KILL $echo
wait $echo 2>/dev/null
ok "killed: the port goes down" wait_for 5 in_state app down
is "its addresses are forgotten" "$("$WEIR" show -j fdb |
	jq --arg mac $E '[.[] | select(.mac == $mac)] | length')" 0
for i in 1 2 3; do
	"$EXAMPLES/echo" "$W/app.sock" $E 2>echo.log &
	echo=$!
	wait_for 5 in_state app up
	send a "$(frame $E "$A" "round $i")"
	ok "round $i: the next program is served" wait_for 5 twice $((2 + i))
	kill $echo
	wait $echo 2>/dev/null
	wait_for 5 in_state app down
done

# --- many frames -----------------------------------------------------------

steady a 10.0.0.2
timeout 240 "$EXAMPLES/sink" "$W/to.sock" 100000 >sink.txt 2>&1 &
sink=$!
wait_for 5 in_state to up
# Sent as fast as it goes, frames are lost where the receiver is slow; so it is
# sent until the sink has its hundred thousand.
generate_until_done()
{
	while kill -0 "$sink" 2>/dev/null; do
		"$EXAMPLES/generate" "$W/from.sock" "$E" \
			02:00:00:00:00:11 64 50000 || return
	done
}
ok "frames are generated" generate_until_done
wait $sink
is "a hundred thousand of them arrive" $? 0
note "$(tail -n 1 sink.txt)"
is "none was lost without being counted" "$("$WEIR" show -j ports | jq '
	(.[] | select(.port == "sw0.from").in_frames) -
	(.[] | select(.port == "sw0.to").out_frames)')" \
	"$("$WEIR" show -j drops | jq '[.[] | select(.port == "sw0.from" or
		.port == "sw0.to").count] | add // 0')"
steady_lost "meanwhile the ping between others lost nothing"

# --- what is said when it cannot be ----------------------------------------

nok "no such socket" "$EXAMPLES/hexdump" "$W/nowhere.sock"
like "is explained" "$(cat "$W/.out")" 'nowhere\.sock'
"$EXAMPLES/echo" "$W/app.sock" 2>echo.log &
echo=$!
wait_for 5 in_state app up
weir_stop
ok "weir ends: its program is told" wait_for 5 \
	grep -q 'weir has gone' echo.log
wait $echo
is "and no socket is left" "$(find "$W" -type s)" ""
finish
