#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
#
# A loop outside: two ports of the switch end in one Linux bridge that does not
# know of spanning trees. The switch finds it by addresses that come back, and
# isolates a port; where nobody shows it that, storm limits hold what goes round.
# All of it is bounded: the loop is opened when the test is over.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/tools.bash"
. "$(dirname "$0")/packets.bash"

quiet_host a 10.0.0.1/24
quiet_host b 10.0.0.2/24
quiet_host ring
topology()
{
	cat <<END
switch sw0 {
	port a { tap "a0" netns "a" }
	port b { tap "b0" netns "b" }
	port r1 { tap "r1" netns "ring"; $1 }
	port r2 { tap "r2" netns "ring"; $1 }
}
group everybody { a, b, r1, r2 }
allow everybody <-> everybody
END
}
topology "" >plain.conf
storm="storm broadcast 20/s burst 20; storm multicast 20/s burst 20"
topology "mac moves off" >open.conf
topology "$storm; storm unknown 20/s burst 20" >storm.conf
topology "mac moves off; $storm; storm unknown 20/s burst 20" >blind.conf

on ring ip link add ring type bridge stp_state 0 forward_delay 0 mcast_snooping 0 ||
	skip_all "no Linux bridge here"
on ring ip link set ring addrgenmode none up 2>/dev/null
close_loop()
{
	local port
	for port in r1 r2; do
		on ring ip link set $port master ring
		on ring ip link set $port up
	done
}
open_loop()
{
	on ring ip link set r2 down
}

isolated()
{
	"$WEIR" show -j ports | jq -r '[.[] | select(.state == "isolated").port] |
		join(" ")'
}
one_is_isolated()
{
	[[ "$(isolated)" =~ ^sw0\.r[12]$ ]]
}
nobody_is() { [ -z "$(isolated)" ]; }
# The frames that have come in from the loop.
rounds()
{
	"$WEIR" show -j ports | jq '[.[] | select(.port == "sw0.r1" or
		.port == "sw0.r2").in_frames] | add'
}
# still: nothing comes from the loop between two looks at it, with a ping between
still()
{
	local before
	before=$(rounds)
	on a ping -n -c 3 -i 0.2 -W 1 10.0.0.2 >/dev/null
	[ "$(rounds)" -le $((before + 3)) ]
}

# --- found ------------------------------------------------------------------

weir_start plain.conf
ok "a reaches b" reach a 10.0.0.2
steady a 10.0.0.2
A=$(mac a)
close_loop
# A loop of which no frame is known does no harm, and cannot be known.
speak()
{
	send a "$(frame "$ALL" "$A" hello)"
	one_is_isolated
}
ok "a speaks to all: one port of the loop is isolated" wait_for 20 speak
like "shown with the policy" "$("$WEIR" show policy)" '^sw0.r[12]	isolated	'
ok "what goes round has stopped" wait_for 10 still
is "neither of those in front of it is isolated" "$(isolated | grep -c '\.[ab]')" 0
ok "a still reaches b" reach a 10.0.0.2
ok "b still reaches a" reach b 10.0.0.1
is "a is known to be where it is" "$("$WEIR" show -j fdb | jq -r --arg mac "$A" \
	'.[] | select(.mac == $mac).port')" sw0.a
cut=$(isolated)
is "trace says it" "$(trace_says "$cut" \
	"$(frame "$ALL" 02:00:00:00:00:77 x)")" "drop isolated"
# What goes round is flooded to b as well, until it is found: it may cost b a frame.
steady_lost "meanwhile, a's pings to b have been answered" \
	'1?[0-9](\.[0-9]+)?'
open_loop
tried_again()
{
	on a ping -n -c 1 -W 1 10.0.0.2
	nobody_is
}
ok "it is tried again, and stays" wait_for 30 tried_again
is "and works" "$(trace_says "$cut" "$(frame "$ALL" 02:00:00:00:00:77 x)")" \
	"deliver none"
ok "nothing goes round" still

# --- storm limits -----------------------------------------------------------

# Where nobody looks for moves, one frame goes round for ever, as fast as it can.
ok "nobody looks for loops" "$WEIR" reload open.conf
close_loop
from=$(rounds)
circles()
{
	send a "$(frame "$ALL" "$A" hello)"
	[ "$(rounds)" -ge $((from + 2000)) ]
}
ok "one frame is thousands" wait_for 20 circles
ok "nobody is isolated" nobody_is
ok "storm limits" "$WEIR" reload blind.conf
refusing()
{
	[ "$(($(dropped sw0.r1 storm) + $(dropped sw0.r2 storm)))" -gt 0 ]
}
ok "what goes round is more than the limits" wait_for 10 refusing
# What the two let through, in all: their bursts, and 20 a second each.
let_through()
{
	echo $(($(rounds) - $(dropped sw0.r1 storm) - $(dropped sw0.r2 storm)))
}
start=${EPOCHREALTIME/./} from=$(let_through)
on a ping -n -c 20 -i 0.1 -W 2 10.0.0.2 >ping.txt &
pings=$!
for word in one two three four five six; do
	send a "$(frame "$ALL" "$A" $word)"
done
wait $pings
to=$(let_through) elapsed=$((${EPOCHREALTIME/./} - start))
like "a and b talk as if there was none" "$(cat ping.txt)" ' 0% packet loss'
ok "$((to - from)) frames were let round in $elapsed us" \
	[ $((to - from)) -le $((40 + 40 * elapsed / 1000000 + 10)) ]
quiet()
{
	local before
	before=$(rounds)
	on a ping -n -c 3 -i 0.2 -W 1 10.0.0.2 >/dev/null
	[ $(($(rounds) - before)) -le 40 ]
}
ok "and then nothing goes round: a frame that is refused is gone" \
	wait_for 10 quiet

# A bridge that is a host, whose own frames come back to it: nobody in front of
# the loop speaks, so there is nothing that could be seen to move.
ok "limits, and looking for loops" "$WEIR" reload storm.conf
on ring ip addr add 10.0.0.8/24 dev ring
start=${EPOCHREALTIME/./} from=$(counter sw0.b out_frames)
on ring ping -n -q -c 3 -i 0.2 -W 1 10.0.0.77 >/dev/null 2>&1
to=$(counter sw0.b out_frames) elapsed=$((${EPOCHREALTIME/./} - start))
ok "b got $((to - from)) frames in $elapsed us" \
	[ $((to - from)) -le $((40 + 40 * elapsed / 1000000 + 10)) ]
ok "a reaches b meanwhile" reach a 10.0.0.2
open_loop
finish
