#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A loop through a Linux bridge: two ports of the switch are ports of one bridge
# outside. Where others speak, the switch finds it by their addresses, cuts one of
# the two ports off, and the others go on; where nobody else does, a storm limit
# holds it.
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

isolated()
{
	"$WEIR" show -j ports | jq -r '[.[] | select(.state == "isolated").port] |
		join(" ")'
}
is_isolated()
{
	[ -n "$(isolated)" ]
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

# --- before ------------------------------------------------------------------

ok "c reaches d" reach c 10.0.0.4
is "no port is isolated" "$(isolated)" ""

# --- the loop is closed -------------------------------------------------------

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
ok "a port of the loop is isolated" wait_for 20 is_isolated
cut=$(isolated)
like "it is one of the two" "$cut" '^sw0\.(left|right)$'
ok "nothing goes round any more" wait_for 20 calm
steady c 10.0.0.4
wait $speaker
steady_lost "c and d went on talking" "[1-4]?[0-9](\\.[0-9]+)?"
like "the other ports were not isolated" "$("$WEIR" show -j policy | jq -r '
	[.[] | select(.action == "isolated").from] | unique | join(" ")')" \
	'^(sw0\.(left|right))?( sw0\.(left|right))?$'
like "frames from it are refused for that" "$("$WEIR" show drops)" \
	$'sw0\\.(left|right)\t(isolated|moves)'
on box ip link set br0 down
on box ip link set left down
on box ip link set right down
weir_stop

# --- nobody else speaks: a storm limit ---------------------------------------------

# A bridge that is a host: its own frames come back to it, and nobody else's
# address moves.
sed -e 's/port left {/port left { storm broadcast 200\/s burst 20; storm multicast 200\/s burst 20;/' \
	-e 's/port right {/port right { storm broadcast 200\/s burst 20; storm multicast 200\/s burst 20;/' \
	loop.conf >storm.conf
on box ip link del br0
weir_start storm.conf
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
ok "what goes round reaches d at no more than the limit" held
on box ip link set br0 down
weir_stop
finish
