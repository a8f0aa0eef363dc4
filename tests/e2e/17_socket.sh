#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# socket: QEMU's stream framing, each frame behind four octets of length. Two
# instances talk through it, over a Unix socket and over TCP; then peers that
# come, go, and send what they should not, while a ping between others goes on.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

host alice 10.0.0.1/24 fd00::1/64
host bob
host carol
quiet_host dave 10.0.0.4/24

cat >far.conf <<END
switch far {
	port bob  { tap "bob0" netns "bob" }
	port unix { socket connect "$W/trunk.sock" }
}
switch farther {
	port carol { tap "carol0" netns "carol" }
	port net  { socket connect tcp "127.0.0.1:7000" }
}
allow bob <-> unix
allow carol <-> net
END
weir_start - <<END
switch near {
	port alice { tap "alice0" netns "alice" }
	port dave  { tap "dave0" netns "dave" }
	port unix  { socket listen "$W/trunk.sock" }
	port net   { socket listen tcp "127.0.0.1:7000" }
	port bad   { socket listen "$W/bad.sock" }
}
allow alice <-> unix
allow alice <-> net
allow alice <-> dave
allow bad -> dave
END

# --- two instances ---------------------------------------------------------

# peers WHAT N: the log has said N times that near.unix has gained or lost one.
peers()
{
	[ "$(grep -c "near.unix: .*$1" "$WEIR_LOG")" = "$2" ]
}
port_is()
{
	[ "$("$WEIR" show -j -n topology ports | jq -r --arg port "$1" \
		'.[] | select(.port == $port).state')" = "$2" ]
}
"$WEIR" run far.conf >far.out 2>far.log &
far=$!
ok "another instance starts" wait_for 20 grep -q ': running$' far.log
ok "the peer is noticed" wait_for 10 peers 'peer has connected' 1
on bob ip addr add 10.0.0.2/24 dev bob0
on bob ip addr add fd00::2/64 dev bob0
on carol ip addr add 10.0.0.3/24 dev carol0
on carol ip addr add fd00::3/64 dev carol0
can_talk alice 1 bob 2
can_talk alice 1 carol 3
ok "bob does not reach carol" no_reach bob 10.0.0.3
nok "a command without -n does not guess" "$WEIR" show ports

ok "the other instance stops" "$WEIR" stop far
wait $far
is "and ends well" $? 0
ok "its end is noticed" wait_for 10 peers 'closed the connection' 1
ok "the port has no peer now" port_is near.unix "no peer"
"$WEIR" run far.conf >far.out 2>far.log &
far=$!
ok "the other instance comes back" wait_for 20 grep -q ': running$' far.log
ok "so does the connection" wait_for 10 peers 'peer has connected' 2
on bob ip addr add 10.0.0.2/24 dev bob0
ok "and traffic" reach alice 10.0.0.2
"$WEIR" stop far
wait $far

# --- peers that send what they should not ----------------------------------

# The ping that must not notice.
steady alice 10.0.0.4
ear dave ether proto 0x$TEST
peer=02:00:00:00:00:77
dave=$(mac dave)

# say HEX...: connect to the port, send this, wait to be hung up on or end.
say()
{
	local hex

	for hex; do
		bytes "$hex"
	done | timeout 10 socat -t 2 - "UNIX-CONNECT:$W/bad.sock"
}
# framed HEX: with its length in front.
framed()
{
	printf '%08x%s' $((${#1} / 2)) "$1"
}
good=$(framed "$(frame "$dave" $peer good)")
runt=$(framed "${peer//:/}")
long=$(framed "$(frame "$dave" $peer long)$(printf '%04000d' 0)")

# came N: so many good frames have arrived at dave.
came()
{
	[ "$(heard dave ether src "$peer")" = "$1" ]
}
say "$good"
ok "a well-behaved peer's frame arrives" wait_for 5 came 1
say "$good$good" 
ok "two frames in one write are two frames" wait_for 5 came 3
say "${good:0:40}" "${good:40}"
ok "a frame in two pieces is one frame" wait_for 5 came 4
say "$runt$good"
ok "a runt does not stop the frame behind it" wait_for 5 came 5
say "$long$good"
ok "nor does one that is too long" wait_for 5 came 6
for garbage in ffffffff 00000000 7fffffff00 deadbeef0102030405 \
	"$(printf 'GET / HTTP/1.1\r\n\r\n' | od -An -v -tx1 | tr -d ' \n')"; do
	say "$garbage" >/dev/null
	say "$good"
done
ok "after each piece of garbage a new peer is served" wait_for 10 came 11
head -c 300000 /dev/urandom | timeout 10 socat -t 1 -u - \
	"UNIX-CONNECT:$W/bad.sock" 2>/dev/null
say "$good"
ok "and after much of it" wait_for 10 came 12
say "${good:0:50}"
say "$good"
ok "a frame that was cut off does not reach into the next peer's" \
	wait_for 5 came 13
is "dave heard nothing else" "$(heard dave)" 13
socat -u OPEN:/dev/null,ignoreeof UNIX-CONNECT:trunk.sock &
one=$!
ok "a port with a peer is up" wait_for 5 port_is near.unix up
for _ in 1 2 3; do
	ok "a second peer is closed at once" \
		timeout 5 socat -u UNIX-CONNECT:trunk.sock OPEN:/dev/null
done
like "which is logged" "$(cat "$WEIR_LOG")" \
	'near\.unix: a second peer connected and was turned away \(1 so far\)'
is "not each time" "$(grep -c 'turned away' "$WEIR_LOG")" 1
ok "the first is still there" port_is near.unix up
kill "$one"
wait "$one" 2>/dev/null
ok "it goes: the port has no peer" wait_for 5 port_is near.unix "no peer"

steady_lost "meanwhile the ping between others lost nothing"
like "runts and long frames are in the log" "$(cat "$WEIR_LOG")" 'near\.bad'
is "no PD was restarted" \
	"$("$WEIR" show -j ports | jq 'map(.restarts) | add')" 0
weir_stop
is "the sockets are gone" "$(find "$W" -name '*.sock')" ""

# --- who connects waits for its peer ---------------------------------------

cat >early.conf <<END
switch early {
	port bob   { tap "bob0" netns "bob" }
	port trunk { socket connect "$W/late.sock" }
}
allow bob <-> trunk
END
cat >late.conf <<END
switch late {
	port alice { tap "alice0" netns "alice" }
	port trunk { socket listen "$W/late.sock" }
}
allow alice <-> trunk
END
"$WEIR" run early.conf >early.out 2>early.log &
early=$!
ok "it starts without its peer" wait_for 20 grep -q ': running$' early.log
is "and says so, once" "$(grep -c 'early\.trunk: ' early.log)" 1
trunk_is()
{
	[ "$("$WEIR" show -j -n early ports | jq -r \
		'.[] | select(.port == "early.trunk").state')" = "$1" ]
}
ok "the port has no peer" trunk_is "no peer"
on bob ip addr add 10.0.0.2/24 dev bob0
for round in 1 2; do
	"$WEIR" run late.conf >late.out 2>late.log &
	late=$!
	wait_for 20 grep -q ': running$' late.log
	ok "round $round: the peer is there: it connects" \
		wait_for 20 trunk_is up
	on alice ip addr add 10.0.0.1/24 dev alice0
	ok "round $round: frames flow" wait_for 10 reach alice 10.0.0.2
	"$WEIR" stop -n late
	wait $late
	ok "round $round: the peer has gone" wait_for 10 trunk_is "no peer"
done
is "each is said once: it goes, it comes" \
	"$(grep -c 'early\.trunk: ' early.log)" 5
ok "it stops while it looks for its peer" "$WEIR" stop -n early
wait $early
is "and ends well" $? 0
finish
