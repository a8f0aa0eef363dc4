#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A loop through a Linux bridge: two ports of the switch are ports of one bridge
# outside. Where others speak, the switch finds it by their addresses, cuts one
# of the two ports off, and the others go on; where nobody else does, a storm
# limit holds it.
#
# tests/run: takes long
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"

quiet_host c 10.0.0.3/24
quiet_host d 10.0.0.4/24
quiet_host box
cat >loop.conf <<-'END'
	switch sw0 {
		port left { tap "left" netns "box" }
		port right { tap "right" netns "box" }
		port c { tap "c0" netns "c" }
		port d { tap "d0" netns "d" }
	}
	group us { left, right, c, d }
	allow us <-> us
END
# `host` would give each host's one interface its addresses; box has two.
weir_start loop.conf
on box ip link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
on box ip link set left master br0
on box ip link set right master br0

blocked()
{
	"$WEIR" show -j ports | jq -r '[.[] | select(.state == "blocked").port] |
		join(" ")'
}
is_blocked()
{
	[ -n "$(blocked)" ]
}
frames()
{
	"$WEIR" show -j ports | jq '[.[].in_frames] | add'
}
# Counters stand still but for what somebody sends: at most 50 in a second.
calm()
{
	local before
	before=$(frames)

	sleep 1
	[ $(($(frames) - before)) -le 50 ]
}

# --- before ----------------------------------------------------------------

ok "c reaches d" reach c 10.0.0.4
is "no port is blocked" "$(blocked)" ""

# --- the loop is closed ----------------------------------------------------

# Each of these is broadcast: nobody knows 10.0.0.200 to 10.0.0.219.
speak()
{
	local n
	for n in {200..219}; do
		on c ping -q -c 1 -W 1 "10.0.0.$n" >/dev/null 2>&1
	done
}
for port in left right br0; do
	on box ip link set $port up
done
speak &
speaker=$!
ok "a port of the loop is blocked" wait_for 20 is_blocked
cut=$(blocked)
like "it is one of the two" "$cut" '^sw0\.(left|right)$'
ok "no frame circulates any more" wait_for 20 calm
steady c 10.0.0.4
wait $speaker
steady_lost "c and d went on talking" "[1-4]?[0-9](\\.[0-9]+)?"
like "the other ports were not blocked" "$("$WEIR" show -j policy | jq -r '
	[.[] | select(.action == "blocked").from] | unique | join(" ")')" \
	'^(sw0\.(left|right))?( sw0\.(left|right))?$'
like "frames from it are refused for that" "$("$WEIR" show drops)" \
	$'sw0\\.(left|right)\t(blocked|moves)'
on box ip link set br0 down
on box ip link set left down
on box ip link set right down
weir_stop

# --- storm limits alone ----------------------------------------------------

# The ports of the loop are told not to look for moves: nothing is cut off, and
# what holds the loop is what they may flood.
loop_with()
{
	sed "/left\|right/s/netns \"box\"/& ; mac moves off; $1/" loop.conf >"$2"
	on box ip link del br0
	weir_start "$2"
	on box ip link add br0 type bridge stp_state 0 forward_delay 0 \
		mcast_snooping 0
	for port in left right; do
		on box ip link set $port master br0
		on box ip link set $port up
	done
	on box ip link set br0 up
	C=$(mac c)
}
open_loop()
{
	on box ip link set br0 down
	weir_stop
}
# What has come in from the loop.
rounds()
{
	"$WEIR" show -j ports | jq '[.[] | select(.port == "sw0.left" or
		.port == "sw0.right").in_frames] | add'
}
shout()
{
	send c "$(frame ff:ff:ff:ff:ff:ff "$C" all)" \
		"$(frame 01:00:5e:00:00:77 "$C" some)" \
		"$(frame 02:00:00:00:00:77 "$C" nobody)"
}
# Twenty pings, with frames that go round in between, of every kind.
pings()
{
	on c ping -n -q -c 20 -i 0.1 -W 10 10.0.0.4 >ping.txt &
	for _ in {1..10}; do
		shout
	done
	wait $!
	sed -n 's/.*, \([0-9]*\) received.*/\1/p' ping.txt
}
refused()
{
	[ $(($(dropped sw0.left storm) + $(dropped sw0.right storm))) -gt 0 ]
}

few="burst 20"
loop_with "storm broadcast 5\/s $few; storm multicast 5\/s $few; \
storm unknown 5\/s $few" storm.conf
ok "c reaches d" reach c 10.0.0.4
from=$(rounds)
is "c and d talk beside the loop: all of 20 pings are answered" "$(pings)" 20
ok "the loop is there: its ports have flooded too much" wait_for 10 refused
round=$(($(rounds) - from))
ok "circulating frames were dropped soon: $round frames" [ "$round" -le 2000 ]
is "d's address is where d is" "$("$WEIR" show -j fdb | jq -r \
	--arg mac "$(mac d)" '.[] | select(.mac == $mac).port')" sw0.d
is "nobody was blocked" "$(blocked)" ""
open_loop

# What every port has that is told nothing.
loop_with "" usual.conf
ok "c reaches d" reach c 10.0.0.4
from=$(rounds) began=$SECONDS
is "with the usual limits they talk as well" "$(pings)" 20
round=$(($(rounds) - from))
# 7000 a second for each of the two ports, after a burst of as many.
most=$((14000 * (SECONDS - began + 2)))
ok "and circulating frames are limited: $round frames of $most" \
	[ "$round" -le $most ]
open_loop

loop_with "storm none" none.conf
from=$(rounds)
circles()
{
	shout
	[ $(($(rounds) - from)) -ge 60000 ]
}
ok "without limits more frames circulate" wait_for 60 circles
open_loop

# --- nobody else speaks ----------------------------------------------------

# A bridge that is a host: its own frames come back to it, and nobody else's
# address moves.
sed "/left\|right/s/netns \"box\"/& ; storm broadcast 200\/s burst 20; \
storm multicast 200\/s burst 20/" loop.conf >host.conf
on box ip link del br0
weir_start host.conf
on box ip link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0
for port in left right; do
	on box ip link set $port master br0
	on box ip link set $port up
done
on box ip addr add 10.0.0.8/24 dev br0
on box ip link set br0 up
on box ping -q -c 3 -i 0.2 -W 1 10.0.0.77 >/dev/null 2>&1
# 200 a second from either port, with what was spared before.
held()
{
	local before
	before=$(counter sw0.d out_frames)

	sleep 1
	[ $(($(counter sw0.d out_frames) - before)) -le 600 ]
}
ok "circulating frames reach d at no more than the limit" held
on box ip link set br0 down
weir_stop
finish
